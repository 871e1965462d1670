"""Seeds from web archives: pages of WARC files, texts of WET files."""

from __future__ import annotations

import codecs
import contextlib
import io
import re
import zlib
from collections.abc import Iterator, Mapping
from itertools import takewhile
from pathlib import Path
from typing import Any, BinaryIO

from factory.extras import need
from factory.plugins import Broken, Found, Item, Skipped, Span, source
from factory.records import Code, Document, Origin, Passage, Seed, Table, Thread
from factory.seeds.cleaners.language import checked
from factory.seeds.cutoff import GZIP, WINDOW, ZSTD, cut_off, frames, is_whole
from factory.seeds.files import opened, ungiven
from factory.seeds.html.encoding import decode
from factory.seeds.pages import EMPTY, MAX_PAGE, Wanted, guarded, long_enough, seeds_of_page
from factory.seeds.prose import blocks_of_text
from factory.seeds.segment import MAX_WORDS, MIN_WORDS, SHORT, stretches
from factory.seeds.spoken import surely_not

PAGE, TEXT = "page", "text"
"""What a record may be."""

_STATUS = re.compile(r"[1-9]\d\d\Z")
_CUT = "the archive ends inside of this record: it was not received to its end"
_NONE = ", nor anywhere in the file"
_HTML = frozenset({"text/html", "application/xhtml+xml"})
_UNTOLD = frozenset(
    {"", "text/plain", "application/octet-stream", "application/xml", "text/xml", "unk", "unknown"}
)
"""Types that say nothing of what servers send under them."""
_PAGE = re.compile(
    rb"(?:\xef\xbb\xbf)?\s*+(?:<\?xml[^>]{0,200}+>\s*+)?(?:(?><!--.{0,2000}?-->)\s*+){0,20}+<(?:!doctype\s+html|html|head|body)\b",
    re.IGNORECASE | re.DOTALL,
)
_BINARY = re.compile(
    rb"%PDF-|\x89PNG|GIF8|\xff\xd8\xff|PK\x03\x04|\x1f\x8b|RIFF|\x28\xb5\x2f\xfd|\x00\x00\x00"
)
_RECORD = re.compile(rb"\s*[\[{]\s*(?:[\"{\[\]}]|-?\d)")
_CHARSET = re.compile(r"charset\s*=\s*[\"']?\s*([\w.:-]{2,40})", re.IGNORECASE)
_BY_DEFAULT = frozenset({"utf-8", "ascii", "iso8859-1", "cp1252"})
_BEGINNING = b"\r\n\r\nWARC/1."
_BEHIND = re.compile(re.escape(_BEGINNING) + rb"[01]\r\nWARC-[\w-]+: ")
_CHUNK = re.compile(rb"([0-9a-fA-F]{1,8})[ \t]*(?:;[^\r\n]*)?\r\n")


def spans(path: Path, size: int) -> Iterator[Span]:
    """Parts of an archive of about `size` bytes; zstd, whose frames share a dictionary, is read as a whole."""
    total = path.stat().st_size
    if path.suffix in (".zst", ".zstd"):
        return
    yield from (Span(start, min(start + size, total)) for start in range(0, total, size))


@source(gives=(Document, Passage, Table, Code, Thread), split=spans)
def warc(
    path: Path,
    kind: type[Seed],
    span: Span | None = None,
    *,
    min_words: int = MIN_WORDS,
    max_words: int = MAX_WORDS,
    min_lines: int = 2,
    languages: tuple[str, ...] = (),
    spoken: tuple[str, ...] = (),
    max_bytes: int = MAX_PAGE,
) -> Iterator[Item]:
    """Web archives: pages (WARC response and resource records) and texts (WET conversion records).

    gzip, zstd or plain, here or through fsspec. A seed's place is its record's first byte in the archive; its
    `url` the page's own address. Settings as those of `html`; `max_bytes` bounds a page, decompressed.
    `spoken`: languages that are wanted (en, de): a page whose words, menus and all, are surely in another is not
    extracted, nor counted. It costs an eighth of what extraction does; the step `language` still decides.
    """
    checked("warc: spoken", spoken)
    wanted = Wanted(kind, min_words, max_words, min_lines, languages)
    with opened(path) as stream:
        start = _first_record(stream, span.start) if span else 0
        told = -1
        for at, record in _records(stream, start):
            if span and at >= span.end:
                return  # a record belongs to the span that its first byte lies in
            if not isinstance(record, OSError):
                for item in _seeds(record, path, at, wanted, spoken, max_bytes):
                    told = at if isinstance(item, Broken) else told
                    yield item
            elif at != told:
                yield Broken(Origin(address=str(path), place=f"record at byte {at}"), str(record))


def pages_of(path: Path) -> Iterator[tuple[str, bytes]]:
    """Address and HTML of each page of an archive that can be read."""
    with opened(path) as stream:
        for at, record in _records(stream, 0):
            if isinstance(record, OSError):
                continue
            with contextlib.suppress(ValueError, OSError, EOFError, RuntimeError, zlib.error):
                content, kind = _content(record, MAX_PAGE)
                if kind == PAGE:
                    yield record.headers.get("WARC-Target-URI") or f"{path} byte {at}", content


def _records(stream: BinaryIO, start: int) -> Iterator[tuple[int, Any]]:
    """Records with their first bytes; where one is damaged its error, and then those behind it."""
    need("seeds", "fastwarc", by="a web archive")
    from fastwarc.warc import ArchiveIterator, WarcRecordType

    kinds = (
        WarcRecordType.response | WarcRecordType.resource | WarcRecordType.conversion | WarcRecordType.revisit
    )
    size = stream.seek(0, io.SEEK_END)
    start = start or _behind_notes(stream)
    is_zstd = next(frames(stream, 0), None)  # whose first block is unpacked as a whole
    if not (start or is_zstd or not size or _begins_record(stream, 0)):
        start = _first_record(stream, 1)
        yield 0, OSError("no record of a web archive (WARC) begins here" + (_NONE if start >= size else ""))
    while start < size:
        stream.seek(start)
        at = start
        try:
            for record in ArchiveIterator(stream, record_types=kinds, parse_http=False, quirks_mode=True):
                at = record.stream_pos
                yield at, record
            if (cut := cut_off(stream, at, size)) is not None:
                yield cut, OSError(_CUT)
            return
        except OSError as error:
            if ungiven(error):
                raise
            at, start, told = _behind_damage(stream, at, size, str(error))
            yield at, OSError(told)


def _behind_notes(stream: BinaryIO) -> int:
    """The first byte behind frames of zstd that hold no data, but for a dictionary, which the reader knows."""
    notes = takewhile(lambda frame: frame.is_skippable and not frame.is_dictionary, frames(stream, 0))
    return max((frame.end for frame in notes), default=0)


def _behind_damage(stream: BinaryIO, at: int, size: int, error: str) -> tuple[int, int, str]:
    """Where the damage is, where to go on, and what to say. `at`: the last record that was whole, or the damaged."""
    cut, known = cut_off(stream, at, size), list(frames(stream, 0))
    shared = bool(known) and known[0].is_dictionary
    if known and not shared:
        # Records that are no pages were whole and are not told of: the frames themselves say which is not.
        at = next((frame.start for frame in known if frame.start >= at and not is_whole(stream, frame)), at)
    behind = size if shared else _first_record(stream, at + 1)
    if cut is not None and behind >= size:
        return cut, size, _CUT
    why = "; nor is what lies behind it read, since its frames share a dictionary" if shared else ""
    return at, behind, error + why


def _seeds(
    record: Any, path: Path, at: int, wanted: Wanted, spoken: tuple[str, ...], max_bytes: int
) -> Iterator[Item]:
    url = record.headers.get("WARC-Target-URI") or ""
    origin = Origin(address=str(path), place=f"record at byte {at}", url=url or None, date=_date(record))
    try:
        content, kind = _content(record, max_bytes)
    except (ValueError, OSError, EOFError, RuntimeError, zlib.error) as error:
        if ungiven(error):
            raise
        yield Broken(origin, str(error) if type(error) is ValueError else f"{type(error).__name__}: {error}")
        return
    if kind == PAGE and spoken and surely_not(content, spoken):
        yield Skipped(origin, "surely in none of the languages (spoken)")
    elif kind == PAGE:
        yield from guarded(seeds_of_page(content, wanted, origin), origin)
    elif kind == TEXT:
        yield from _texts(decode(content).text, wanted, origin)
    else:
        yield Skipped(origin, kind)


def _content(record: Any, max_bytes: int) -> tuple[bytes, str]:
    """The body of a record, and what it is: a `PAGE`, a `TEXT`, or why it is neither."""
    kind = record.headers.get("WARC-Type")
    if kind == "revisit":
        return b"", "a revisit of what another record holds"
    said = record.headers.get("Content-Length") or ""
    if said.strip() != str(record.content_length):
        raise ValueError(f"its Content-Length is '{said[:40]}', which is the length of no record")
    body: bytes = record.reader.read(max_bytes + 1)
    if _BEGINNING in body and _BEHIND.search(body):  # the first is told much sooner
        raise ValueError(f"its Content-Length, {said}, reaches over the records behind it, which are lost")
    if len(body) < min(record.content_length, max_bytes):
        raise ValueError(_CUT)
    if len(body) > max_bytes:
        raise ValueError(f"the record is larger than {max_bytes} bytes (max_bytes)")
    if kind == "conversion":
        return body, TEXT
    media = (record.headers.get("Content-Type") or "").partition(";")[0]
    if kind == "response":
        if not body.startswith(b"HTTP/"):
            return b"", "no answer of HTTP"
        headers, body = _http(body)
        if (status := headers[""]) != "200":
            return b"", f"HTTP status {status if _STATUS.match(status) else 'unknown'}"
        media = headers.get("content-type", "").partition(";")[0].strip().lower()
        body = _decoded(body, headers, max_bytes, whole="WARC-Truncated" not in record.headers)
    if _is_page(body, media, record.headers.get("WARC-Identified-Payload-Type") or ""):
        return _as_utf8(body, headers.get("content-type", "") if kind == "response" else ""), PAGE
    if media != "text/plain" or _BINARY.match(body) or b"\0" in body[:1024]:
        return b"", "neither HTML nor text"
    return _as_utf8(body, headers.get("content-type", "") if kind == "response" else ""), TEXT


def _is_page(body: bytes, media: str, identified: str) -> bool:
    """Whether a body is HTML: by what it begins with, where a server says nothing or what cannot be."""
    if _BINARY.match(body):
        return False
    if media in _HTML:
        return not (_RECORD.match(body) or (identified == "application/json"))
    return identified in _HTML or (media in _UNTOLD and bool(_PAGE.match(body)))


def _as_utf8(body: bytes, content_type: str) -> bytes:
    """A page in UTF-8, where its server names another encoding. What servers name by default is no evidence
    against what the page says of itself."""
    named = _CHARSET.search(content_type)
    try:
        codec = codecs.lookup(named[1]).name if named else ""
        if codec and codec not in _BY_DEFAULT:
            body.decode("utf-8")
    except LookupError:
        return body
    except UnicodeDecodeError:
        with contextlib.suppress(LookupError, UnicodeError):  # some codecs give no text
            meant = {"gb2312": "gb18030", "gbk": "gb18030", "shift_jis": "cp932", "euc_kr": "cp949"}
            return body.decode(meant.get(codec, codec), "replace").encode()
    return body


def _http(message: bytes) -> tuple[dict[str, str], bytes]:
    """Headers by lower-case name, the status under no name, and the body of an HTTP response."""
    cut = re.search(rb"\r?\n\r?\n", message)
    if cut is None:
        raise ValueError("its HTTP headers have no end: the record was cut off, or says a wrong length")
    body = message[cut.end() :]
    first, *lines = message[: cut.start()].decode("latin-1").splitlines()
    headers = {"": [*first.split(" "), ""][1]}
    for line in lines:
        name, _, value = line.partition(":")
        headers[name.strip().lower()] = value.strip()
    return headers, body


def _decoded(body: bytes, headers: Mapping[str, str], max_bytes: int, *, whole: bool) -> bytes:
    """A body without its encodings. Crawlers leave the headers of what they have already decoded. `whole`: nothing
    says that it was cut off, so that it is an error where it was."""
    if "chunked" in headers.get("transfer-encoding", "").lower() and _CHUNK.match(body):
        body = _unchunked(body)
    names = [name.strip() for name in headers.get("content-encoding", "").lower().split(",")]
    for encoding in reversed(names):
        if body.lstrip()[:1] != b"<":
            body = _unpacked(body, encoding, max_bytes + 1, whole=whole)
        if len(body) > max_bytes:
            raise ValueError(f"the page is larger than {max_bytes} bytes when decompressed (max_bytes)")
    return body


def _unpacked(body: bytes, encoding: str, most: int, *, whole: bool) -> bytes:
    """A body without one encoding, up to so many bytes."""
    match encoding:
        case "" | "identity" | "none" | "utf-8" | "utf8" | "8bit" | "binary":
            return body
        case "gzip" | "x-gzip":
            return _inflated(body, 47, most, whole) if body[:2] == GZIP[:2] else body
        case "deflate":
            return _inflated(body, 47 if body[:1] == b"x" else -15, most, whole)
        case "br":
            from fastwarc.stream_io import BrotliReader

            return bytes(BrotliReader(io.BytesIO(body)).read(most))
        case "zstd":
            import zstandard

            try:
                with zstandard.ZstdDecompressor().stream_reader(io.BytesIO(body)) as stream:
                    return stream.read(most)
            except zstandard.ZstdError as error:
                raise ValueError(str(error)) from error
    raise ValueError(f"its encoding is '{encoding}', which no crawler asks for")


def _inflated(body: bytes, window: int, most: int, whole: bool) -> bytes:
    """A body without gzip or zlib. Some servers leave out the end of it, behind the end of the page."""
    unpack = zlib.decompressobj(window)
    page = unpack.decompress(body, most)
    if whole and not unpack.eof and len(page) < most and b"</html" not in page[-4096:].lower():
        raise ValueError("what is packed in it was cut off before the end of the page")
    return page


def _unchunked(body: bytes) -> bytes:
    parts: list[bytes] = []
    at = 0
    while found := _CHUNK.match(body, at):
        size = int(found[1], 16)
        if not size:
            break
        parts.append(body[found.end() : found.end() + size])
        at = found.end() + size + 2
    return b"".join(parts)


def _date(record: Any) -> str | None:
    date = record.headers.get("WARC-Date") or ""
    return date[:10] or None


def _texts(text: str, wanted: Wanted, origin: Origin) -> Iterator[Item]:
    """A text without markup; its lines are its paragraphs, as WET files have them."""
    title = text.strip().partition("\n")[0][:200]
    document = Document(text=text.strip(), title=title)
    about = origin.model_copy(update={"title": title or None})
    if not title:
        yield Skipped(about, EMPTY)
    elif wanted.kind is Document:
        yield long_enough(document, about, wanted.min_words)
    elif wanted.kind is Passage:
        blocks = list(blocks_of_text(text.replace("\n", "\n\n"), markdown=False))
        at = about.model_copy(update={"parent": document.id})
        for part in stretches(blocks, min_words=wanted.min_words, max_words=wanted.max_words):
            passage = Passage(text=part.text, title=title)
            yield Skipped(at, SHORT, part.text) if part.short else Found(passage, at)
    else:
        yield Skipped(about, "a text without markup, which has no such seeds", document.text)


def _first_record(stream: BinaryIO, start: int) -> int:
    """The first byte from `start` on at which a record begins; the end of the file where none does."""
    if start == 0:
        return 0
    stream.seek(start)
    held, base = stream.read(WINDOW), start
    while held:
        for place in _candidates(held):
            if _begins_record(stream, base + place):
                return base + place
        if len(held) < WINDOW:
            break
        base += len(held) - 16  # a mark may lie across the border
        stream.seek(base)
        held = stream.read(WINDOW)
    return stream.seek(0, io.SEEK_END)


def _candidates(held: bytes) -> Iterator[int]:
    for mark, behind in ((GZIP, 0), (ZSTD, 0), (b"\nWARC/1.", 1)):
        at = held.find(mark)
        while at >= 0:
            yield at + behind
            at = held.find(mark, at + 1)


def _begins_record(stream: BinaryIO, at: int) -> bool:
    """Whether a record begins here: the first bytes of gzip are found by chance too."""
    stream.seek(at)
    head = stream.read(4096)
    if head.startswith(GZIP):
        try:
            head = zlib.decompressobj(31).decompress(head, 16)
        except zlib.error:
            return False
    elif head.startswith(ZSTD):
        import zstandard

        try:
            with zstandard.ZstdDecompressor().stream_reader(io.BytesIO(head)) as packed:
                head = packed.read(16)
        except zstandard.ZstdError:
            return False
    return head.lstrip().startswith(b"WARC/1.")
