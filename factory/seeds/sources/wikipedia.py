"""Seeds from Wikipedia, and any other wiki of MediaWiki: its XML dumps."""

from __future__ import annotations

import bz2
import re
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, cast
from urllib.parse import quote
from xml.etree.ElementTree import Element

from factory.plugins import Broken, Item, Skipped, Span, source
from factory.records import Code, Document, Origin, Passage, Seed
from factory.seeds.archives import HostileError
from factory.seeds.dumps import elements
from factory.seeds.files import line_spans, open_bytes, opened, ungiven
from factory.seeds.pages import Wanted, guarded, seeds_of_markdown
from factory.seeds.segment import MAX_WORDS, MIN_WORDS
from factory.seeds.wikitext import to_markdown

MAX_ARTICLE = 4 << 20
"""Characters of markup: the longest articles have two million."""

_REDIRECT = re.compile(r"\s*#\s*[^\W\d_]+\s*:?\s*\[\[", re.U)
_DISAMBIGUATION = re.compile(
    r"\{\{\s*(?:disambig|disambiguation|hndis|geodis|begriffsklärung|homonymie|desambigua)", re.I
)
_PAGE, _STREAM = b"<page>", b"BZh91AY&SY"
_WINDOW = 1 << 20
_WIKI = re.compile(r"([a-z-]{2,12})wiki")


def spans(path: Path, size: int) -> Iterator[Span]:
    """Parts of a dump of plain XML, or of a multistream dump, whose streams of a hundred pages unpack apart."""
    if _multistream(path):
        total = path.stat().st_size
        yield from (Span(start, min(start + size, total)) for start in range(0, total, size))
    else:
        yield from line_spans(path, size)


@source(gives=(Document, Passage, Code), split=spans)
def wikipedia(
    path: Path,
    kind: type[Seed],
    span: Span | None = None,
    *,
    min_words: int = MIN_WORDS,
    max_words: int = MAX_WORDS,
    language: str = "",
    licence: str = "CC-BY-SA-4.0",
) -> Iterator[Item]:
    """Dumps of MediaWiki (pages-articles, packed or not): articles as Markdown, without templates and references.

    Redirects, disambiguations and other namespaces are left out. `language`: told from the file's name
    ("dewiki-...") where it is not given. Places are the byte in the unpacked dump; in a multistream dump, whose
    parts are read apart, the byte of the stream in the file and the page's number.
    """
    named = _WIKI.match(path.name)
    spoken = language or (named[1] if named else "")
    wanted = Wanted(kind, min_words, max_words)
    for place, page in _streamed(path, span) if _multistream(path) else _pages(path, span):
        if isinstance(page, Element):
            yield from _article(page, path, place, wanted, spoken, licence)
        else:
            yield Broken(Origin(address=str(path), place=place), page)


def _pages(path: Path, span: Span | None) -> Iterator[tuple[str, Element]]:
    """The pages that begin in a span of a dump, with their places."""
    with open_bytes(path) as stream:
        base = _next(stream, _PAGE, span.start) if span and span.start else None
        if span and base is not None and not stream.seek(base) < span.end:
            return
        for at, page in elements(stream, "page", path.name, most=MAX_ARTICLE, base=base):
            if span and at >= span.end:
                return
            yield f"page at byte {at}", page


def _streamed(path: Path, span: Span | None) -> Iterator[tuple[str, Element | str]]:
    """The pages of the streams that begin in a span of a multistream dump, with their places; in the place of what a
    damaged stream still holds, why it is lost. The next stream is whole."""
    with opened(path) as stream:
        at = _next(stream, _STREAM, span.start if span else 0)
        while at < (span.end if span else path.stat().st_size):
            stream.seek(at)
            unpacked = cast("BinaryIO", _OneStream(stream))
            found = elements(unpacked, "page", path.name, most=MAX_ARTICLE, base=0, whole=False)
            try:
                for _, page in found:
                    yield f"stream at byte {at}, page {page.findtext('id')}", page
            except (OSError, HostileError) as error:
                if ungiven(error):
                    raise
                yield f"stream at byte {at}", f"damaged, and the rest of its pages lost: {error}"
            at = _next(stream, _STREAM, at + 1)


class _OneStream:
    """One of the streams of a file of bzip2, without the XML around the pages."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream, self._unpack = stream, bz2.BZ2Decompressor()
        self._begun = False

    def read(self, size: int) -> bytes:
        """So many bytes at most, of the pages; none at the end."""
        while not self._unpack.eof:
            packed = self._stream.read(size) if self._unpack.needs_input else b""
            if not packed and self._unpack.needs_input:
                raise EOFError("the last stream of the dump was cut off")
            if data := self._unpack.decompress(packed, size):
                at = 0 if self._begun else data.find(_PAGE)
                self._begun = self._begun or at >= 0
                return data[at:] if at >= 0 else b""
        return b""


def _multistream(path: Path) -> bool:
    return path.suffix == ".bz2" and "multistream" in path.name


def _next(stream: BinaryIO, mark: bytes, start: int) -> int:
    """The first byte from `start` on at which a mark stands; the end of the file where none does."""
    at, held = start, b""
    stream.seek(start)
    while block := stream.read(_WINDOW):
        held += block
        if (found := held.find(mark)) >= 0:
            return at + found
        kept = len(mark) - 1
        at, held = at + len(held) - kept, held[-kept:]
    return at + len(held)


def _article(
    page: Element, path: Path, place: str, wanted: Wanted, language: str, licence: str
) -> Iterator[Item]:
    title, text = page.findtext("title") or "", page.findtext("revision/text") or ""
    url = f"https://{language}.wikipedia.org/wiki/{quote(title.replace(' ', '_'))}" if language else None
    origin = Origin(
        address=str(path),
        place=place,
        url=url,
        title=title or None,
        date=(page.findtext("revision/timestamp") or "")[:10] or None,
        licence=licence,
    )
    if page.get("too-long"):
        yield Broken(origin, f"the article has more than {MAX_ARTICLE} characters")
        return
    if why := _no_article(page, text):
        yield Skipped(origin, why, title)
        return
    yield from guarded(_seeds(title, text, wanted, origin, language), origin)


def _no_article(page: Element, text: str) -> str:
    """Why a page is no article; empty where it is one."""
    if page.findtext("ns") != "0":
        return "a page of another namespace"
    if page.find("redirect") is not None or _REDIRECT.match(text):
        return "a redirect"
    return "a disambiguation page" if _DISAMBIGUATION.search(text) else ""


def _seeds(title: str, text: str, wanted: Wanted, origin: Origin, language: str) -> Iterator[Item]:
    yield from seeds_of_markdown(f"# {title}\n\n{to_markdown(text)}", wanted, origin, language)
