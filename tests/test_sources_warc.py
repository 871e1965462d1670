"""Web archives: every page with its address and place, whole or in spans, and what strangers put into them."""

from __future__ import annotations

import contextlib
import gzip
import io
import re
import zlib
from itertools import pairwise
from pathlib import Path

import pytest
import zstandard
from conftest import ROOT
from seed_items import left_out, rows
from warcio.statusandheaders import StatusAndHeaders
from warcio.warcwriter import WARCWriter

from factory.errors import FactoryError
from factory.plugins import Broken, Found
from factory.records import Document, Passage, Table
from factory.seeds.sources.html import html
from factory.seeds.sources.warc import spans, warc
from factory.seeds.spoken import surely_not

PAGES = sorted((ROOT / "examples/pages").rglob("*.html"))[:12]
TEXT = "A line of text that was taken from a page by someone else, with words enough to count.\n" * 12


def archive(path: Path, *, compressed: bool = True) -> Path:
    """A WARC of the example pages, among records that are no pages."""
    with path.open("wb") as out:
        writer = WARCWriter(out, gzip=compressed)
        writer.write_record(writer.create_warcinfo_record("info", {"software": "test"}))
        for number, page in enumerate(PAGES):
            url = f"https://docs.example.org/{number}"
            body, headers = page.read_bytes(), [("Content-Type", "text/html; charset=utf-8")]
            if number % 3 == 1:
                body, headers = gzip.compress(body), [*headers, ("Content-Encoding", "gzip")]
            if number % 3 == 2:
                chunks = [body[at : at + 900] for at in range(0, len(body), 900)]
                body = b"".join(b"%x\r\n%s\r\n" % (len(chunk), chunk) for chunk in chunks) + b"0\r\n\r\n"
                headers = [*headers, ("Transfer-Encoding", "chunked")]
            response(writer, url, body, headers)
            writer.write_record(
                writer.create_warc_record(url, "request", io.BytesIO(b"GET / HTTP/1.1\r\n\r\n"))
            )
        response(
            writer,
            "https://docs.example.org/gone",
            b"<html>gone</html>",
            [("Content-Type", "text/html")],
            "404 Not Found",
        )
        response(writer, "https://docs.example.org/i.png", b"\x89PNG" * 99, [("Content-Type", "image/png")])
        writer.write_record(
            writer.create_revisit_record(
                "https://docs.example.org/0", "sha1:A", "https://a", "2026-01-01T00:00:00Z"
            )
        )
    return path


def response(
    writer: WARCWriter, url: str, body: bytes, headers: list[tuple[str, str]], status: str = "200 OK"
) -> None:
    made = StatusAndHeaders(status, headers, protocol="HTTP/1.1")
    record = writer.create_warc_record(
        url,
        "response",
        payload=io.BytesIO(body),
        http_headers=made,
        warc_headers_dict={"WARC-Date": "2026-03-04T05:06:07Z"},
    )
    writer.write_record(record)


def read(path: Path, **options: object) -> list[Found | Broken]:
    return rows(warc.target(path, Document, **options))


@pytest.mark.parametrize("compressed", [True, False])
def test_each_page_gives_what_it_gives_as_a_file_with_its_address_and_place(
    compressed: bool, tmp_path: Path
) -> None:
    path = archive(tmp_path / "a.warc.gz", compressed=compressed)
    items = read(path)
    expected = [item.seed.id for page in PAGES for item in html(page, Document) if isinstance(item, Found)]
    assert [item.seed.id for item in items if isinstance(item, Found)] == expected
    first = items[0].origin
    assert (first.url, first.date) == ("https://docs.example.org/0", "2026-03-04")
    raw = path.read_bytes()
    for item in items:
        at = int(item.origin.place.split("byte ")[1].split(":")[0])
        assert raw[at : at + 3] == (b"\x1f\x8b\x08" if compressed else b"WAR")


def test_records_that_are_no_pages_are_counted_by_what_they_are(tmp_path: Path) -> None:
    assert left_out(warc(archive(tmp_path / "a.warc.gz"), Document)) == {
        "HTTP status 404": 1,
        "neither HTML nor text": 1,
        "a revisit of what another record holds": 1,
    }


@pytest.mark.parametrize("compressed", [True, False])
@pytest.mark.parametrize("size", [5_000, 60_000, 10_000_000])
def test_spans_together_give_what_the_whole_gives(compressed: bool, size: int, tmp_path: Path) -> None:
    path = archive(tmp_path / "a.warc.gz", compressed=compressed)
    parts = list(spans(path, size))
    assert len(parts) == -(-path.stat().st_size // size)
    whole = list(warc.target(path, Document))
    assert [item for span in parts for item in warc.target(path, Document, span)] == whole


def test_zstd_archives_are_read(tmp_path: Path) -> None:
    plain = archive(tmp_path / "a.warc", compressed=False)
    packed = tmp_path / "a.warc.zst"
    packed.write_bytes(zstandard.ZstdCompressor().compress(plain.read_bytes()))
    assert len(read(packed)) == len(read(plain)) == len(PAGES)
    assert list(spans(packed, 1000)) == []


def test_other_kinds_of_seed_come_out_of_the_same_pages(tmp_path: Path) -> None:
    path = archive(tmp_path / "a.warc.gz")
    passages = [item for item in warc.target(path, Passage) if isinstance(item, Found)]
    assert len(passages) > len(PAGES)
    assert {item.origin.parent for item in passages} <= {
        item.seed.id for item in read(path, min_words=0) if isinstance(item, Found)
    }
    assert all(isinstance(item.seed, Table) for item in warc.target(path, Table) if isinstance(item, Found))


def test_texts_of_wet_files_are_documents_and_passages(tmp_path: Path) -> None:
    path = tmp_path / "a.warc.wet.gz"
    with path.open("wb") as out:
        writer = WARCWriter(out, gzip=True)
        record = writer.create_warc_record(
            "https://a.example/",
            "conversion",
            payload=io.BytesIO(TEXT.encode()),
            warc_content_type="text/plain",
        )
        writer.write_record(record)
    (document,) = read(path)
    assert isinstance(document, Found) and document.seed.text == TEXT.strip()  # type: ignore[attr-defined]
    assert len(list(warc.target(path, Passage))) >= 1


def test_a_truncated_archive_gives_what_is_whole(tmp_path: Path) -> None:
    path = archive(tmp_path / "a.warc.gz")
    whole = read(path)
    path.write_bytes(path.read_bytes()[: path.stat().st_size * 2 // 3])
    items = guarded(path)
    assert 4 <= len([item for item in items if isinstance(item, Found)]) < len(whole)


def test_a_body_that_is_broken_is_a_broken_record_and_the_next_is_read(tmp_path: Path) -> None:
    path = tmp_path / "a.warc.gz"
    page, kind = PAGES[0].read_bytes(), ("Content-Type", "text/html")
    with path.open("wb") as out:
        writer = WARCWriter(out, gzip=True)
        packed = gzip.compress(page)
        broken = packed[:200] + bytes(reversed(packed[200:400])) + packed[400:]
        response(writer, "https://a.example/1", broken, [kind, ("Content-Encoding", "gzip")])
        response(writer, "https://a.example/2", page, [kind])
    items = read(path)
    assert [type(item) for item in items][-1] is Found
    assert items[-1].origin.url == "https://a.example/2"


def test_a_bomb_is_a_broken_record_within_bounds(tmp_path: Path) -> None:
    path = tmp_path / "a.warc.gz"
    with path.open("wb") as out:
        writer = WARCWriter(out, gzip=True)
        bomb = gzip.compress(b"<html>" + b"a" * 30_000_000)
        response(
            writer, "https://a.example/1", bomb, [("Content-Type", "text/html"), ("Content-Encoding", "gzip")]
        )
        response(writer, "https://a.example/2", PAGES[0].read_bytes(), [("Content-Type", "text/html")])
    bomb_, page = read(path, max_bytes=1_000_000)
    assert isinstance(bomb_, Broken) and "larger than 1000000 bytes" in bomb_.error
    assert isinstance(page, Found)


def guarded(path: Path) -> list[Found | Broken]:
    """As the engine reads: what came before an error of the source counts."""
    items: list[Found | Broken] = []
    with contextlib.suppress(OSError):
        items.extend(warc.target(path, Document))
    return items


WORDS = b"Words that make up a page of text, enough of them to count here. " * 12
HTML = (
    b"<html><head><title>Page</title></head><body><article><h1>Head</h1><p>"
    + WORDS
    + b"</p></article></body></html>"
)
CYRILLIC = "<p>" + "Слова на странице, которых хватает для счёта. " * 20 + "</p>"


def one_page(folder: Path, body: bytes, headers: dict[str, str], **about: str) -> list[Found | Broken]:
    """What an archive of one page with these headers gives."""
    path = folder / "a.warc.gz"
    with path.open("wb") as out:
        made = StatusAndHeaders("200 OK", list(headers.items()), protocol="HTTP/1.1")
        named = {name.replace("_", "-"): value for name, value in about.items()}
        writer = WARCWriter(out, gzip=True)
        writer.write_record(
            writer.create_warc_record(
                "https://a.example/",
                "response",
                payload=io.BytesIO(body),
                http_headers=made,
                warc_headers_dict=named,
            )
        )
    return read(path, min_words=5)


@pytest.mark.parametrize(
    ("body", "headers"),
    [
        (HTML, {"Content-Type": "text/plain"}),
        (b"<!-- x --> <!DOCTYPE html>" + HTML, {"Content-Type": "application/octet-stream"}),
        (HTML, {}),
        (HTML, {"CONTENT-TYPE": "Text/HTML; Charset=utf-8"}),
        (HTML, {"Content-Type": "text/html", "Transfer-Encoding": "chunked"}),
        (zlib.compress(HTML), {"Content-Type": "text/html", "Content-Encoding": "deflate"}),
        (zlib.compress(HTML)[2:-4], {"Content-Type": "text/html", "Content-Encoding": "deflate"}),
        (zstandard.compress(HTML), {"Content-Type": "text/html", "Content-Encoding": "zstd"}),
        (
            gzip.compress(gzip.compress(HTML, mtime=0), mtime=0),
            {"Content-Type": "text/html", "Content-Encoding": "gzip, gzip"},
        ),
    ],
)
def test_a_page_is_told_by_what_it_is_and_not_by_what_its_server_says(
    body: bytes, headers: dict[str, str], tmp_path: Path
) -> None:
    (item,) = one_page(tmp_path, body, headers)
    assert isinstance(item, Found), item
    assert item.seed.text.startswith("# Head\n\nWords")  # type: ignore[attr-defined]


@pytest.mark.parametrize("body", [b"%PDF-1.4 ", b"\x89PNG\r\n", b"PK\x03\x04", b'{"a": [1, 2]} '])
@pytest.mark.parametrize("kind", ["text/html", "text/plain", ""])
def test_what_is_no_page_gives_nothing_under_any_name(body: bytes, kind: str, tmp_path: Path) -> None:
    if body.startswith(b"{") and kind == "text/plain":
        return  # a text, if an odd one
    assert one_page(tmp_path, body + WORDS, {"Content-Type": kind}) == []


@pytest.mark.parametrize("body", [b"<!---->" * 9_000, b" " * 500_000, b"<!--" * 90_000])
def test_telling_a_page_ends_whatever_it_begins_with(body: bytes, tmp_path: Path) -> None:
    assert one_page(tmp_path, body + b"no page", {"Content-Type": "application/octet-stream"}) == []


@pytest.mark.parametrize("codec", ["windows-1251", "koi8-r", "utf-8", "iso-8859-5"])
def test_the_encoding_that_only_the_server_names_is_used(codec: str, tmp_path: Path) -> None:
    (item,) = one_page(tmp_path, CYRILLIC.encode(codec), {"Content-Type": f"text/html; charset={codec}"})
    assert isinstance(item, Found) and item.seed.text.startswith("Слова на странице")  # type: ignore[attr-defined]


def test_a_default_of_the_server_does_not_overrule_the_page(tmp_path: Path) -> None:
    page = f'<meta charset="windows-1251">{CYRILLIC}'.encode("cp1251")
    (item,) = one_page(tmp_path, page, {"Content-Type": "text/html; charset=ISO-8859-1"})
    assert isinstance(item, Found) and item.seed.text.startswith("Слова на странице")  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("encoding", "why"),
    [("exi", "its encoding is 'exi'"), ("zstd", "zstd decompress error"), ("deflate", "error")],
)
def test_an_encoding_that_is_unknown_or_false_is_a_broken_record(
    encoding: str, why: str, tmp_path: Path
) -> None:
    (item,) = one_page(
        tmp_path, b"\x01\x02\x03" * 500, {"Content-Type": "text/html", "Content-Encoding": encoding}
    )
    assert isinstance(item, Broken) and why in item.error


@pytest.mark.parametrize("compressed", [True, False])
def test_an_archive_that_was_cut_off_says_so_once_however_it_is_read(
    compressed: bool, tmp_path: Path
) -> None:
    path = archive(tmp_path / "a.warc.gz", compressed=compressed)
    assert not [item for item in read(path) if isinstance(item, Broken)]
    path.write_bytes(path.read_bytes()[: path.stat().st_size * 2 // 3])
    for parts in ([None], list(spans(path, 20_000))):
        broken = [item for span in parts for item in read(path, span=span) if isinstance(item, Broken)]
        (cut,) = broken
        assert cut.origin.place.startswith("record at byte ") and "not received to its end" in cut.error


def packed_by_zstd(records: list[bytes], how: str) -> bytes:
    """Records in frames of their own, or all in one; behind a dictionary that they share, or a note."""
    if how == "one frame":
        return zstandard.ZstdCompressor().compress(b"".join(records))
    if how == "dictionary":
        words = zstandard.train_dictionary(
            4000, [record[at : at + 500] for record in records for at in range(0, 9000, 500)]
        )
        about = b"\x5d\x2a\x4d\x18" + len(words.as_bytes()).to_bytes(4, "little") + words.as_bytes()
        pack = zstandard.ZstdCompressor(dict_data=words, write_checksum=True)
        return about + b"".join(map(pack.compress, records))
    note = b"\x50\x2a\x4d\x18\x04\0\0\0note" if how == "note" else b""
    packed = [zstandard.ZstdCompressor(write_content_size=False).compress(one) for one in records]
    return note + note.join(packed)


@pytest.mark.parametrize("how", ["frames", "one frame", "dictionary", "note"])
def test_a_zstd_archive_that_was_cut_off_says_where(how: str, tmp_path: Path) -> None:
    whole = archive(tmp_path / "a.warc", compressed=False).read_bytes()
    starts = [found.start() for found in re.finditer(rb"^WARC/1\.", whole, re.MULTILINE)]
    records = [whole[at:end] for at, end in pairwise([*starts, len(whole)])]
    packed = packed_by_zstd(records, how)
    path = tmp_path / "a.warc.zst"
    path.write_bytes(packed)
    assert len([item for item in read(path) if isinstance(item, Found)]) == len(PAGES)
    assert len(read(path)) == len(PAGES)
    for lost in (1, 2, 9, 500):
        path.write_bytes(packed[:-lost])
        told = [item for item in read(path) if isinstance(item, Broken)]
        # In a frame of many records, the one that is cut off is told for itself too.
        assert ["not received to its end" in item.error for item in told][how == "one frame" :] == [True]
        at = int(told[-1].origin.place.removeprefix("record at byte "))
        assert at == 0 if how == "one frame" else packed[at:].startswith(b"\x28\xb5\x2f\xfd")
        assert at < len(packed) - lost


def test_a_damaged_frame_is_told_and_those_behind_it_are_read(tmp_path: Path) -> None:
    whole = archive(tmp_path / "a.warc", compressed=False).read_bytes()
    starts = [found.start() for found in re.finditer(rb"^WARC/1\.", whole, re.MULTILINE)]
    records = [whole[at:end] for at, end in pairwise([*starts, len(whole)])]
    frames = [zstandard.ZstdCompressor(write_checksum=True).compress(one) for one in records]
    at = sum(map(len, frames[:3]))
    frames[3] = frames[3][:100] + b"\xff" * (len(frames[3]) - 100)
    path = tmp_path / "a.warc.zst"
    path.write_bytes(b"".join(frames))
    items = read(path)
    assert [item.origin.place for item in items if isinstance(item, Broken)] == [f"record at byte {at}"]
    assert len([item for item in items if isinstance(item, Found)]) == len(PAGES) - 1


GERMAN = "Die Flut steigt zweimal am Tag, weil der Mond das Wasser anzieht, und fällt danach wieder. "
ENGLISH = "The tide rises twice a day, since the moon pulls the water, and falls again after that. "


def test_pages_that_are_surely_in_another_language_need_not_be_extracted(tmp_path: Path) -> None:
    path = tmp_path / "a.warc.gz"
    pages = {
        "de": f"<script>if (a < b) {{ {ENGLISH * 9} }}</script><nav>Home</nav><p>{GERMAN * 9}</p>",
        "en": f"<!-- {GERMAN * 9} --><p>{ENGLISH * 9}</p>",
        "both": f"<p>{ENGLISH * 9}</p><p>{GERMAN * 9}</p>",
        "short": "<p>Nur ein paar Worte.</p>",
    }
    with path.open("wb") as out:
        writer = WARCWriter(out, gzip=True)
        for name, body in pages.items():
            response(writer, f"https://a.example/{name}", body.encode(), [("Content-Type", "text/html")])
    kept = [item.origin.url for item in read(path, min_words=3, spoken=("en",))]
    assert "https://a.example/de" not in kept
    assert {"https://a.example/en", "https://a.example/short"} <= set(kept)
    assert len(read(path, min_words=3, spoken=("en", "de"))) == 4
    with pytest.raises(FactoryError, match="no code of ISO 639"):
        read(path, spoken=("english",))


@pytest.mark.parametrize(
    "html", ["<" * 300_000, "<script>" * 40_000, "<!--" * 90_000, "&" * 300_000, "<p>" * 90_000]
)
def test_asking_for_the_language_ends_whatever_the_page(html: str) -> None:
    assert surely_not(html.encode(), ("xx",)) in (True, False)


def record_of(message: bytes, length: str = "") -> bytes:
    """A response as it stands in a plain archive, of the length that is told."""
    head = f"WARC/1.0\r\nWARC-Type: response\r\nWARC-Target-URI: https://a.example\r\nContent-Length: {length or len(message)}\r\n\r\n"
    return head.encode() + message + b"\r\n\r\n"


def http(body: bytes, *headers: str) -> bytes:
    return "\r\n".join(["HTTP/1.1 200 OK", *headers, "", ""]).encode() + body


PAGE = http(f"<html><body><h1>Bays</h1><p>{TEXT}</p></body></html>".encode(), "Content-Type: text/html")


@pytest.mark.parametrize("length", ["-5", "x", "99999999999999999999999", "30", "1200"])
def test_a_record_of_a_wrong_length_is_told(length: str, tmp_path: Path) -> None:
    path = tmp_path / "a.warc"
    path.write_bytes(record_of(PAGE[:900], length) + record_of(PAGE))
    broken, *others = warc(path, Document)
    assert isinstance(broken, Broken) and broken.origin.place == "record at byte 0"
    assert re.search("Content-Length|wrong length", broken.error)
    if length != "1200":  # which reaches over the record behind it
        assert [type(item) for item in others] == [Found]


@pytest.mark.parametrize("name", ["a.warc", "a.warc.gz"])
def test_what_is_no_web_archive_says_so(name: str, tmp_path: Path) -> None:
    path = tmp_path / name
    path.write_bytes(b"<html>An error page that was saved instead.</html>")
    (broken,) = warc(path, Document)
    assert isinstance(broken, Broken) and "no record of a web archive (WARC) begins here" in broken.error
    path.write_bytes(b"garbage\n" + record_of(PAGE))
    broken, found = warc(path, Document)
    assert isinstance(broken, Broken) and isinstance(found, Found)


def test_plain_text_is_read_in_the_encoding_that_its_server_names(tmp_path: Path) -> None:
    path = tmp_path / "a.warc"
    words = "Привет, мир. " * 60
    path.write_bytes(record_of(http(words.encode("koi8-r"), "Content-Type: text/plain; charset=koi8-r")))
    (item,) = warc(path, Document)
    assert isinstance(item, Found) and isinstance(item.seed, Document)
    assert item.seed.text == words.strip()


def test_a_packed_page_that_was_cut_off_is_told_unless_its_crawler_says_so(tmp_path: Path) -> None:
    path = tmp_path / "a.warc"
    body = gzip.compress(PAGE.partition(b"\r\n\r\n")[2])
    about = ("Content-Type: text/html", "Content-Encoding: gzip")
    path.write_bytes(record_of(http(body[:-8], *about)))  # all of the page, without gzip's own end
    assert isinstance(next(iter(warc(path, Document))), Found)
    cut = record_of(http(body[:-20], *about))
    path.write_bytes(cut)
    (broken,) = warc(path, Document)
    assert isinstance(broken, Broken) and "cut off before the end of the page" in broken.error
    path.write_bytes(cut.replace(b"WARC-Type", b"WARC-Truncated: length\r\nWARC-Type"))
    assert not any(isinstance(item, Broken) for item in warc(path, Document))
