"""Seeds from books: EPUB, chapter by chapter."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from posixpath import dirname, join, normpath
from urllib.parse import unquote
from xml.etree.ElementTree import Element

from factory.plugins import Broken, Found, Item, source
from factory.records import Code, Document, Origin, Passage, Seed, Table
from factory.seeds.archives import HostileError, parse_xml, unpack
from factory.seeds.dates import iso_date
from factory.seeds.html.metadata import spdx
from factory.seeds.pages import Wanted, guarded, seeds_of_page
from factory.seeds.segment import MAX_WORDS, MIN_WORDS

_ABOUT = ("META-INF/container.xml", "META-INF/encryption.xml")
_OPF = "{http://www.idpf.org/2007/opf}"
_PUBLISHED = ("", "publication", "original-publication", "issued")

# What XHTML closes at once and HTML does not: a reader of HTML would take what follows for a title, a script, a link.
_CLOSED = re.compile(
    rb"<(?:title|script|style|textarea|iframe|noscript|a|span|div|i|b|em|strong|u|s|sup|sub|small|big|code|cite|font)"
    rb"(?:\s[^<>]*)?/>",
    re.IGNORECASE,
)
_PREFIX = re.compile(
    rb"""xmlns:([\w.-]+)\s*=\s*["']http://www\.w3\.org/(?:1999/xhtml|1998/Math/MathML|2000/svg)["']"""
)
# The number of the printed page that begins here.
_PAGE = re.compile(
    rb"<(span|div|a|p|hr)\b(?=[^<>]{0,1000}\b(?:doc-)?pagebreak\b)[^<>]{0,1000}>[^<>]{0,20}</\1>",
    re.IGNORECASE,
)
_READING = re.compile(rb"(<rt\b[^<>]{0,1000}>)([^<>]{0,1000})</rt>", re.IGNORECASE)
_MOST_PREFIXES = 9
_MOST_TOLD = 9
# The mark of a note that stands in another file of the book.
_LINK = rb"<a\b[^<>]{0,1000}?\shref\s*=\s*[\"'][^\"'#<>]{1,500}#[^<>]{0,1000}>"
_MARK = re.compile(
    rb"<sup\b[^<>]{0,1000}>\s*%(link)s[^<>]{1,8}</a>\s*</sup>"
    rb"|%(link)s\s*<sup\b[^<>]{0,1000}>[^<>]{1,8}</sup>\s*</a>"
    rb"|(?=<a\b[^<>]{0,1000}\b(?:noteref|backlink)\b)%(link)s[^<>]{1,8}</a>" % {b"link": _LINK},
    re.IGNORECASE,
)


@source(gives=(Document, Passage, Table, Code))
def epub(
    path: Path, kind: type[Seed], *, min_words: int = MIN_WORDS, max_words: int = MAX_WORDS
) -> Iterator[Item]:
    """Books (EPUB 2 and 3): each chapter a document, in reading order; all of a chapter is content.

    Title, author, date, language and rights are the book's; its table of contents is none of its chapters. A
    chapter that is missing, locked or broken is told of, and the next is read.
    """
    about = unpack(path, _ABOUT.__contains__)
    container = parse_xml(_member(about, _ABOUT[0], path), _ABOUT[0])
    package = next((one.get("full-path", "") for one in container.iter() if _tag(one) == "rootfile"), "")
    opf = parse_xml(_member(unpack(path, package.__eq__), package, path), package)
    said = _said(opf)
    language = said.pop("language", "").partition("-")[0].lower()
    origin = Origin(address=str(path), place="", **said)
    chapters, locked = _chapters(opf, dirname(package)), _locked(about)
    pages = unpack(path, frozenset(chapters).__contains__)
    if not chapters:
        yield Broken(origin, "the book lists no chapters: its spine is empty, or names nothing that is there")
    if lost := _unlisted(opf):
        yield Broken(origin, f"its reading order names what the book does not list: {', '.join(lost)}")
    wanted = Wanted(kind, min_words, max_words)
    for number, name in enumerate(chapters, start=1):
        at = origin.model_copy(update={"place": f"chapter {number}, {name}"})
        if name in locked:
            yield Broken(at, "encrypted: the book is under digital rights management")
        elif name not in pages:
            yield Broken(at, f"the book lists {name}, which is not in it")
        else:
            yield from guarded(_of_chapter(pages[name], wanted, at, language), at)


def _of_chapter(page: bytes, wanted: Wanted, origin: Origin, language: str) -> Iterator[Item]:
    """The seeds of a chapter, under what the book says of itself: a date in a chapter's text is not the book's."""
    told = {name: getattr(origin, name) for name in ("title", "author", "date", "licence")}
    for item in seeds_of_page(_as_html(page), wanted, origin, whole=True):
        if not isinstance(item, Found):
            yield item
            continue
        kept = Found(item.seed, item.origin.model_copy(update=told))
        has_language = "language" in type(item.seed).model_fields and not isinstance(item.seed, Code)
        yield kept.changed(language=language) if has_language and language else kept


def _as_html(page: bytes) -> bytes:
    """A chapter of XHTML as readers of HTML understand it, every byte of its text in its place."""
    for prefix in [*dict.fromkeys(_PREFIX.findall(page))][:_MOST_PREFIXES]:
        name = re.compile(rb"(</?)%s:([\w-]+)" % re.escape(prefix))
        page = name.sub(
            lambda found: found[1] + found[2] + b" " * (len(found[0]) - len(found[1] + found[2])), page
        )
    for pattern in (_CLOSED, _MARK, _PAGE):
        # A comment, however short: a space would part the word that it stands in.
        page = pattern.sub(lambda found: b"<!" + b" " * (len(found[0]) - 3) + b">", page)
    if b"<rp" not in page:
        page = _READING.sub(_in_brackets, page)
    return page


def _in_brackets(found: re.Match[bytes]) -> bytes:
    """The reading of a character in brackets, in as many bytes: without them it runs into the text."""
    return b"<u" + b" " * (len(found[1]) - 4) + b">(" + found[2] + b")</u>"


def _said(opf: Element) -> dict[str, str]:
    """What a book says of itself, as an origin has it; and its language."""
    told: dict[str, list[str]] = {}
    for one in opf.iter():
        other = one.get(f"{_OPF}role", "aut") != "aut" or one.get(f"{_OPF}event", "") not in _PUBLISHED
        if not other and (words := " ".join("".join(one.itertext()).split())):
            told.setdefault(_tag(one), []).append(words)
    first = {name: texts[0] for name, texts in told.items()}
    said = {
        "title": first.get("title", ""),
        "author": "; ".join(told.get("creator", ())),
        "date": iso_date(first.get("date", "")),
        "licence": spdx(first.get("rights", "")),
        "language": first.get("language", ""),
    }
    return {name: words for name, words in said.items() if words}


def _chapters(opf: Element, folder: str) -> list[str]:
    """The names of the pages of a book in reading order, each once, without its table of contents."""
    items = {one.get("id"): one for one in opf.iter() if _tag(one) == "item"}
    contents = {
        _name(one.get("href", ""), folder)
        for one in opf.iter()
        if _tag(one) == "reference" and one.get("type") == "toc"
    }
    spine = [items.get(one.get("idref")) for one in opf.iter() if _tag(one) == "itemref"]
    names = [
        _name(one.get("href", ""), folder)
        for one in spine
        if one is not None
        and "nav" not in one.get("properties", "").split()
        and any(kind in one.get("media-type", "html") for kind in ("html", "dtbook"))
    ]
    return [name for name in dict.fromkeys(names) if name not in contents]


def _unlisted(opf: Element) -> list[str]:
    """The first of the marks in the reading order that no item of the book has."""
    listed = {one.get("id") for one in opf.iter() if _tag(one) == "item"}
    named = (one.get("idref") or "" for one in opf.iter() if _tag(one) == "itemref")
    return list(islice((name for name in named if name not in listed), _MOST_TOLD))


def _name(href: str, folder: str) -> str:
    """The member that a link of the package means."""
    path = unquote(href.partition("#")[0]).replace("\\", "/")
    return normpath(join("/", folder, path)).lstrip("/")


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
