"""Seeds from books: EPUB, chapter by chapter."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from posixpath import dirname, join, normpath
from urllib.parse import unquote
from xml.etree.ElementTree import Element

from factory.plugins import Broken, Found, source
from factory.records import Code, Document, Origin, Passage, Seed, Table
from factory.seeds.archives import HostileError, parse_xml, unpack
from factory.seeds.html.dates import iso_date
from factory.seeds.html.metadata import spdx
from factory.seeds.pages import Wanted, seeds_of_page
from factory.seeds.segment import MAX_WORDS, MIN_WORDS

_PAGES = (".xhtml", ".html", ".htm", ".xml", ".opf")


@source(gives=(Document, Passage, Table, Code))
def epub(
    path: Path, kind: type[Seed], *, min_words: int = MIN_WORDS, max_words: int = MAX_WORDS
) -> Iterator[Found | Broken]:
    """Books (EPUB 2 and 3): each chapter a document, in reading order; all of a chapter is content.

    Title, author, date, language and rights are the book's; its table of contents is none of its chapters. A
    chapter that is missing, locked or broken is told of, and the next is read.
    """
    members = unpack(path, lambda name: name.lower().endswith(_PAGES) or name == "mimetype")
    container = parse_xml(_member(members, "META-INF/container.xml", path), "META-INF/container.xml")
    package = next((one.get("full-path", "") for one in container.iter() if _tag(one) == "rootfile"), "")
    opf = parse_xml(_member(members, package, path), package)
    said = {_tag(one): " ".join("".join(one.itertext()).split()) for one in reversed(list(opf.iter()))}
    authors = [" ".join("".join(one.itertext()).split()) for one in opf.iter() if _tag(one) == "creator"]
    locked = _locked(members)
    for number, name in enumerate(_chapters(opf, dirname(package)), start=1):
        origin = Origin(
            address=str(path),
            place=f"chapter {number}, {name}",
            title=said.get("title") or None,
            author="; ".join(filter(None, authors)) or None,
            date=iso_date(said.get("date", "")) or None,
            licence=spdx(said.get("rights", "")) or None,
        )
        if name not in members:
            yield Broken(origin, f"the book lists {name}, which is not in it")
            continue
        if name in locked:
            yield Broken(origin, "encrypted: the book is under digital rights management")
            continue
        wanted = Wanted(kind, min_words, max_words)
        for item in seeds_of_page(members[name], wanted, origin, whole=True):
            language = said.get("language", "")[:2].lower()
            kept = Found(
                item.seed, item.origin.model_copy(update={"title": origin.title, "author": origin.author})
            )
            has_language = "language" in type(item.seed).model_fields and not isinstance(item.seed, Code)
            yield kept.changed(language=language) if has_language and language else kept


def _chapters(opf: Element, folder: str) -> list[str]:
    """The names of the pages of a book in reading order, each once, without its table of contents."""
    items = {one.get("id"): one for one in opf.iter() if _tag(one) == "item"}
    contents = {
        one.get("href", "") for one in opf.iter() if _tag(one) == "reference" and one.get("type") == "toc"
    }
    spine = [items.get(one.get("idref")) for one in opf.iter() if _tag(one) == "itemref"]
    pages = [
        one.get("href", "").partition("#")[0]
        for one in spine
        if one is not None
        and "nav" not in one.get("properties", "").split()
        and "html" in one.get("media-type", "html")
    ]
    names = [normpath(join(folder, unquote(href))) for href in pages if href not in contents]
    return list(dict.fromkeys(names))


def _locked(members: dict[str, bytes]) -> frozenset[str]:
    """The names of what is encrypted; of pages, since fonts are so in many honest books."""
    listed = members.get("META-INF/encryption.xml")
    root = parse_xml(listed, "META-INF/encryption.xml") if listed else ()
    links = [one.get("URI", "") for part in root for one in part.iter() if _tag(one) == "CipherReference"]
    return frozenset(unquote(link) for link in links)


def _member(members: dict[str, bytes], name: str, path: Path) -> bytes:
    if name not in members:
        raise HostileError(f"{path.name}: is no EPUB: it has no {name or 'package file'}")
    return members[name]


def _tag(element: Element) -> str:
    """The name of an element without its namespace."""
    return str(element.tag).rpartition("}")[2]
