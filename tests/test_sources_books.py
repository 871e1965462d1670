"""Books: their chapters come out as they are, and what a book lacks or locks is said."""

from __future__ import annotations

import zipfile
from pathlib import Path

from seed_items import FILL, text_of

from factory.plugins import Broken, Found
from factory.records import Document
from factory.seeds.sources.epub import epub


def book(path: Path, **more: bytes) -> Path:
    chapter = "<html xmlns='http://www.w3.org/1999/xhtml'><head><title>x</title></head><body><h1>Chapter {0}</h1><p>{1}</p></body></html>"
    opf = """<package xmlns="http://www.idpf.org/2007/opf" xmlns:dc="http://purl.org/dc/elements/1.1/"><metadata>
    <dc:title>The Book of Bays</dc:title><dc:creator>Ada Lund</dc:creator><dc:language>en-GB</dc:language>
    <dc:date>2019-05-06</dc:date><dc:rights>https://creativecommons.org/publicdomain/zero/1.0/</dc:rights></metadata><manifest>
    <item id="b" href="two.xhtml"/><item id="a" href="one%20.xhtml"/><item id="c" href="gone.xhtml"/></manifest>
    <spine><itemref idref="a"/><itemref idref="b"/><itemref idref="c"/></spine></package>"""
    container = """<container xmlns="urn:oasis:names:tc:opendocument:xmlns:container"><rootfiles>
    <rootfile full-path="OEBPS/content.opf"/></rootfiles></container>"""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("mimetype", "application/epub+zip")
        archive.writestr("META-INF/container.xml", container)
        archive.writestr("OEBPS/content.opf", opf)
        archive.writestr("OEBPS/one .xhtml", chapter.format("One", FILL))
        archive.writestr("OEBPS/two.xhtml", chapter.format("Two", FILL + "End."))
        for name, content in more.items():
            archive.writestr(name, content)
    return path


def test_a_book_is_read_chapter_by_chapter_in_its_order(tmp_path: Path) -> None:
    one, two, gone = epub(book(tmp_path / "a.epub"), Document, min_words=10)
    assert isinstance(one, Found) and isinstance(two, Found) and isinstance(gone, Broken)
    assert one.seed.text.startswith("# Chapter One\n\nWords that fill")  # type: ignore[attr-defined]
    assert two.seed.language == "en"  # type: ignore[attr-defined]
    assert (one.origin.title, one.origin.author, one.origin.licence) == (
        "The Book of Bays",
        "Ada Lund",
        "CC0-1.0",
    )
    assert one.origin.place.startswith("chapter 1, OEBPS/one .xhtml")
    assert "lists OEBPS/gone.xhtml" in gone.error


def test_a_book_of_today_gives_its_chapters_and_says_what_is_locked(tmp_path: Path) -> None:
    """EPUB 3 as publishers make it: a navigation page, fragments, pictures, several authors, one locked chapter."""
    items = [("nav.xhtml", "application/xhtml+xml", "nav"), ("cover.svg", "image/svg+xml", ""),
             ("one.xhtml", "application/xhtml+xml", ""), ("two.xhtml#begin", "application/xhtml+xml", ""),
             ("locked.xhtml", "application/xhtml+xml", "")]  # fmt: skip
    listed = "".join(
        f'<item id="i{place}" href="{href}" media-type="{media}" properties="{about}"/>'
        for place, (href, media, about) in enumerate(items)
    )
    order = "".join(f'<itemref idref="i{place}"/>' for place in range(len(items)))
    opf = (
        '<package xmlns="http://www.idpf.org/2007/opf" xmlns:dc="http://purl.org/dc/elements/1.1/" version="3.0">'
        "<metadata><dc:title>Bays</dc:title><dc:creator>Ada</dc:creator><dc:creator>Bo</dc:creator></metadata>"
        f"<manifest>{listed}</manifest><spine>{order}</spine></package>"
    )
    locks = '<encryption><EncryptedData><CipherData><CipherReference URI="OEBPS/locked.xhtml"/></CipherData></EncryptedData></encryption>'
    path = tmp_path / "a.epub"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("META-INF/container.xml", '<c><rootfile full-path="OEBPS/a.opf"/></c>')
        archive.writestr("META-INF/encryption.xml", locks)
        archive.writestr("OEBPS/a.opf", opf)
        archive.writestr("OEBPS/nav.xhtml", f"<html><body><nav>{FILL}</nav></body></html>")
        archive.writestr("OEBPS/locked.xhtml", bytes(range(256)))
        for name in ("one", "two"):
            archive.writestr(f"OEBPS/{name}.xhtml", f"<html><body><h1>{name}</h1><p>{FILL}</p></body></html>")
    one, two, locked = epub(path, Document, min_words=10)
    assert isinstance(one, Found) and isinstance(two, Found) and isinstance(locked, Broken)
    assert [item.seed.text.partition("\n")[0] for item in (one, two)] == ["# one", "# two"]  # type: ignore[attr-defined]
    assert one.origin.author == "Ada; Bo"
    assert "digital rights management" in locked.error


def of_chapters(path: Path, *chapters: str, about: str = "", spine: str = "") -> Path:
    """A book of some chapters, of which its package says no more than is told."""
    items = "".join(f'<item id="c{number}" href="c{number}.xhtml"/>' for number in range(len(chapters)))
    order = spine or "".join(f'<itemref idref="c{number}"/>' for number in range(len(chapters)))
    opf = f"<package xmlns:opf='http://www.idpf.org/2007/opf'><metadata>{about}</metadata><manifest>{items}</manifest><spine>{order}</spine></package>"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("META-INF/container.xml", '<c><rootfile full-path="a.opf"/></c>')
        archive.writestr("a.opf", opf)
        for number, chapter in enumerate(chapters):
            archive.writestr(f"c{number}.xhtml", chapter)
    return path


def test_chapters_are_read_as_the_xhtml_that_they_are(tmp_path: Path) -> None:
    """Elements that close themselves, prefixes, marks of notes in another file: none of it spoils the text."""
    chapter = (
        '<html xmlns="http://www.w3.org/1999/xhtml" xmlns:m="http://www.w3.org/1998/Math/MathML"><head><title/><script src="a.js"/></head>'
        '<body><a id="p1"/><h1>One</h1><p>Bays <i/>are wide.<sup><a href="notes.xhtml#n1">12</a></sup> So is'
        " <m:math><m:msup><m:mi>x</m:mi><m:mn>2</m:mn></m:msup></m:math>.</p><p>The end.</p></body></html>"
    )
    prefixed = '<h:html xmlns:h="http://www.w3.org/1999/xhtml"><h:body><h:h1>Two</h:h1><h:p>Tides.</h:p></h:body></h:html>'
    path = of_chapters(tmp_path / "a.epub", chapter, prefixed)
    one, two = epub(path, Document, min_words=1)
    assert isinstance(one, Found) and isinstance(one.seed, Document)
    assert one.seed.text == "# One\n\nBays are wide. So is $x^{2}$.\n\nThe end."
    assert isinstance(two, Found) and isinstance(two.seed, Document) and two.seed.text == "# Two\n\nTides."
    start, end = map(int, one.origin.place.rpartition("bytes ")[2].split("-"))
    assert chapter.encode()[start:end].startswith(b"<h1>One") and chapter.encode()[start:end].endswith(
        b"end.</p>"
    )


def test_a_book_says_its_own_date_and_language_and_names_writers_alone(tmp_path: Path) -> None:
    chapter = f"<html><body><h1>One</h1><p>Written on 16 August 1993.</p><p>{FILL}</p></body></html>"
    about = (
        "<language>fil-PH</language><creator opf:role='aut'>Ada</creator><creator opf:role='ill'>Bo</creator>"
        "<date opf:event='modification'>2021-05-05</date>"
    )
    (item,) = epub(of_chapters(tmp_path / "a.epub", chapter, about=about), Document, min_words=1)
    assert isinstance(item, Found) and isinstance(item.seed, Document)
    assert (item.origin.date, item.seed.language, item.origin.author) == (None, "fil", "Ada")


def test_a_book_without_chapters_says_so(tmp_path: Path) -> None:
    path = of_chapters(tmp_path / "a.epub", FILL, spine='<itemref idref="unknown"/>')
    item, unlisted = epub(path, Document)
    assert isinstance(item, Broken) and "lists no chapters" in item.error
    assert isinstance(unlisted, Broken) and "does not list: unknown" in unlisted.error


def test_readings_stand_in_brackets_and_marks_leave_no_trace_in_a_books_words(tmp_path: Path) -> None:
    chapter = (
        '<html xmlns:epub="http://www.idpf.org/2007/ops"><body><p>The <ruby>潮<rt class="a">しお</rt></ruby> rises'
        '<sup><a href="notes.xhtml#n2">2</a></sup>, inun<span epub:type="pagebreak" title="12">12</span>dates and'
        ' eb<a id="x"/>bs.</p></body></html>'
    )
    text = text_of(list(epub(of_chapters(tmp_path / "a.epub", chapter), Document, min_words=1)))
    assert text == "The 潮(しお) rises, inundates and ebbs."
