"""Seeds from articles in JATS XML (PubMed Central and many publishers)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from xml.etree.ElementTree import Element

from factory.fences import fenced
from factory.plugins import Broken, Item, source
from factory.records import Document, Origin, Passage, Seed
from factory.seeds.archives import BULK, members, parse_xml, read
from factory.seeds.html.mathml import of_element, tex_of
from factory.seeds.html.metadata import spdx
from factory.seeds.html.words import names
from factory.seeds.pages import Wanted, guarded, seeds_of_markdown
from factory.seeds.segment import MAX_WORDS, MIN_WORDS

_LEFT_OUT = names(
    """ref-list fn-group fn xref-group graphic inline-graphic media supplementary-material label object-id ack
    glossary app-group permissions"""
)
_BLOCKS = names(
    """p sec title list disp-quote disp-formula disp-formula-group table-wrap table-wrap-group fig fig-group
    boxed-text def-list code preformat verse-group statement"""
)
_NO_ABSTRACT = names("graphical teaser toc web-summary key-points highlights")
_ARCHIVES = (".tar", ".tar.gz", ".tgz", ".zip")
# What is left of the brackets that citations stood in.
_EMPTY = re.compile(
    r"(?<![ \t])[ \t]*+(?:\[[\s,;–-]*\]|\((?=[\s,;–-]*\))[\s,;–-]*\))|(?<=\w)\$\^\{[\s,;–-]*\}\$"
)
_IN_SENTENCE = re.compile(r"[^\W\d].*\(\d{4}\w?\)")
"""A citation that is a part of its sentence: authors, and their year in brackets."""
_RAISED = re.compile(r"[+−-]?\w*[+−-]?")
_BOTH = re.compile(r"(?<=\})\$\$(?=[_^]\{)")
_ALIGNED = re.compile(r"\\(begin|end)\{(align|gather|eqnarray|multline|equation)\*?\}")


@source(gives=(Document, Passage))
def jats(
    path: Path, kind: type[Seed], *, min_words: int = MIN_WORDS, max_words: int = MAX_WORDS
) -> Iterator[Item]:
    """Articles in JATS XML, packed or not, one or many in a file, or a .tar.gz or .zip of them (as PubMed Central
    gives them in bulk): abstract and body as Markdown, formulas as TeX, tables as tables.

    References, footnotes and pictures are left out, captions are kept; so are abstracts in other languages
    left out. Title, authors, date and licence are the article's. Places are in bytes of the Markdown, behind
    the member of an archive and the number of the article where there are many.
    """
    wanted = Wanted(kind, min_words, max_words)
    if not path.name.lower().endswith(_ARCHIVES):
        yield from _articles(read(path), path.name, Origin(address=str(path), place=""), wanted)
        return
    for name, content in members(path, lambda name: name.lower().endswith((".xml", ".nxml")), BULK):
        origin = Origin(address=str(path), place=name)
        yield from guarded(_articles(content, name, origin, wanted), origin)


def _articles(data: bytes, name: str, origin: Origin, wanted: Wanted) -> Iterator[Item]:
    """The articles of a document: itself, or those of a set."""
    root = parse_xml(data, name)
    for element in root.iter():
        element.tag = str(element.tag).rpartition("}")[2]
    if root.tag == "article":
        yield from guarded(_article(root, origin, wanted), origin)
        return
    if root.find(".//article") is None:
        yield Broken(origin, f"no article in JATS: its root is <{root.tag}>")
    for number, article in enumerate(root.iter("article"), start=1):
        place = f"{origin.place}: article {number}".removeprefix(": ")
        about = origin.model_copy(update={"place": place})
        yield from guarded(_article(article, about, wanted), about)


def _article(root: Element, place: Origin, wanted: Wanted) -> Iterator[Item]:
    front = root.find("front")
    meta = front if front is not None else root
    heading = meta.find(".//title-group/article-title")
    parts = [f"# {_words(heading)}"] if heading is not None else []
    for abstract in meta.iterfind(".//abstract"):
        blocks = _blocks(abstract, 2)
        if blocks and abstract.get("abstract-type") not in _NO_ABSTRACT:
            parts += ["## Abstract", *blocks]
    for part in (root.find("body"), root.find("floats-group")):
        parts += _blocks(part, 1) if part is not None else []
    for appendix in root.iterfind("back/app-group/app"):
        parts += _blocks(appendix, 2)
    title = "" if heading is None else _plain(heading)
    origin = Origin(
        address=place.address,
        title=title or None,
        author="; ".join(_authors(meta)) or None,
        date=_date(meta),
        licence=_licence(meta) or None,
        url=next(
            (
                f"https://doi.org/{one.text}"
                for one in meta.iter("article-id")
                if one.get("pub-id-type") == "doi"
            ),
            None,
        ),
        place=place.place,
    )
    # What is lowered and raised at one letter is one formula, as SO_4^2-.
    text = _BOTH.sub("", "\n\n".join(parts))
    language = root.get("{http://www.w3.org/XML/1998/namespace}lang", "")[:2].lower()
    yield from seeds_of_markdown(text, wanted, origin, language)


def _blocks(element: Element, level: int) -> list[str]:
    """The paragraphs of Markdown below an element, headings at `level` + 1 and deeper."""
    parts: list[str] = []
    inline: list[str] = [element.text or ""]

    def close() -> None:
        if text := _EMPTY.sub("", " ".join("".join(inline).split())):
            parts.append(text)
        inline.clear()

    for child in element:
        if child.tag in _BLOCKS:
            close()
            parts += _block(child, level)
        elif child.tag not in _LEFT_OUT:
            inline.append(_inline(child))
        inline.append(child.tail or "")
    close()
    return parts


def _block(element: Element, level: int) -> list[str]:
    match element.tag:
        case "title":
            words = _words(element)
            return [f"{'#' * min(level, 6)} {words}"] if words else []
        case "sec" | "boxed-text":
            parts = _blocks(element, level + 1)
            return [] if len(parts) == 1 and parts[0].startswith("#") else parts
        case "statement":
            label = _words(element.find("label")).rstrip(".")
            return [*([f"**{label}.**"] if label else []), *_blocks(element, level)]
        case "verse-group":
            return ["\n".join(f"> {_words(line)}" for line in element.iter("verse-line"))]
        case "list":
            ordered = element.get("list-type", "") in ("order", "number")
            return [
                "\n".join(
                    _item(item, f"{number}." if ordered else "-")
                    for number, item in enumerate(element.iterfind("list-item"), start=1)
                )
            ]
        case "def-list":
            pairs = element.iterfind("def-item")
            return [f"{_words(pair.find('term'))}: {_words(pair.find('def'))}" for pair in pairs]
        case "disp-formula":
            tex = formula(element)
            return [f"$$\n{tex}\n$$"] if tex else []
        case "disp-quote":
            return [f"> {part}" for part in _blocks(element, level)]
        case "code" | "preformat":
            return [fenced("".join(element.itertext()).strip(), element.get("language", ""))]
        case "fig":
            caption = (
                " ".join(_blocks(caption_, level))
                if (caption_ := element.find("caption")) is not None
                else ""
            )
            return [caption.lstrip("# ")] if caption else []
        case "table-wrap":
            above = element.find("caption")
            told = [" ".join(_words(part) for part in above)] if above is not None else []
            return [part for part in [*told, *(_table(table) for table in element.iter("table"))] if part]
    return _blocks(element, level)


def _item(item: Element, marker: str) -> str:
    return f"{marker} " + "\n  ".join("\n".join(_blocks(item, 6)).splitlines())


def _inline(element: Element) -> str:
    """An inline element as Markdown."""
    if element.tag in ("inline-formula", "tex-math", "math") and (tex := formula(element)):
        return f"${tex}$"
    if element.tag == "xref" and element.get("ref-type") in ("bibr", "fn", "table-fn"):
        said = " ".join("".join(element.itertext()).split())
        return said if _IN_SENTENCE.fullmatch(said) else ""
    if element.tag == "break":
        return " "
    inner = (element.text or "") + "".join(
        (_inline(child) if child.tag not in _LEFT_OUT else "") + (child.tail or "") for child in element
    )
    if element.tag == "sup" and not inner.strip(" ,;–-\n") and element.find(".//xref") is not None:
        return ""  # what stood between citations
    if element.tag in ("sub", "sup") and (raised := inner.strip()):
        mark = "_" if element.tag == "sub" else "^"
        return f"${mark}{{{raised.replace('−', '-')}}}$" if _RAISED.fullmatch(raised) else inner
    marks = {"bold": "**", "italic": "*", "monospace": "`"}
    mark = marks.get(str(element.tag), "")
    return f"{mark}{inner}{mark}" if mark and inner.strip() == inner and inner else inner


def formula(element: Element) -> str:
    """The TeX of a formula: as its authors wrote it, else what its MathML says."""
    for written in element.iter("tex-math"):
        text = written.text or ""
        for begin, end in ((r"\begin{document}", r"\end{document}"), ("$$", "$$"), ("$", "$")):
            if begin in text and end in text.partition(begin)[2]:
                text = text.partition(begin)[2].rpartition(end)[0]
        return _ALIGNED.sub(_inner, text).strip()
    for markup in element.iter("math"):
        return tex_of(of_element(markup))
    return ""


def _inner(found: re.Match[str]) -> str:
    """An environment that makes its own display as the one that stands inside of dollars."""
    names = {"align": "aligned", "eqnarray": "aligned", "equation": ""}
    name = names.get(found[2], "gathered")
    return f"\\{found[1]}{{{name}}}" if name else ""


def _table(table: Element) -> str:
    """A table as Markdown; cells that span stand in each place that they span, up to sane bounds."""
    grid: dict[tuple[int, int], str] = {}
    height = 0
    for place, row in enumerate(table.iter("tr")):
        column = 0
        for cell in row:
            while (place, column) in grid:
                column += 1
            down, right = _span(cell.get("rowspan")), _span(cell.get("colspan"))
            text = _inline(cell).replace("|", "\\|")
            for one in range(down):
                for other in range(right):
                    grid[place + one, column + other] = " ".join(text.split())
            column += right
        height = place + 1
    width = 1 + max((column for _, column in grid), default=-1)
    rows = [[grid.get((row, column), "") for column in range(width)] for row in range(height)]
    if not rows or not width:
        return ""
    lines = [f"| {' | '.join(row)} |" for row in rows]
    return "\n".join([lines[0], f"|{' --- |' * width}", *lines[1:]])


def _span(text: str | None) -> int:
    return max(1, min(int(text), 100)) if text and text.isdecimal() else 1


def _words(element: Element | None) -> str:
    return "" if element is None else " ".join(_inline(element).split())


def _plain(element: Element) -> str:
    """The words of an element without marks and footnotes."""
    inner = (element.text or "") + "".join(
        ("" if child.tag in ("xref", "fn") else _plain(child)) + (child.tail or "") for child in element
    )
    return " ".join(inner.split())


def _authors(meta: Element) -> Iterator[str]:
    for one in meta.iterfind(".//contrib-group/contrib"):
        if one.get("contrib-type", "author") == "author":
            given, family = _words(one.find(".//given-names")), _words(one.find(".//surname"))
            if name := f"{given} {family}".strip() or _words(one.find(".//collab")):
                yield name


def _date(meta: Element) -> str | None:
    """The earliest day of publication; a month or a year counts as its first day, where no day is told."""
    found = []
    for date in meta.iterfind(".//pub-date"):
        year, month, day = (_words(date.find(part)) for part in ("year", "month", "day"))
        if year.isdecimal():
            said = f"{int(year):04}-{_number(month):02}-{_number(day):02}"
            found.append((-(month.isdecimal() + day.isdecimal()), said))
    return min(found, default=(0, None))[1]


def _number(text: str) -> int:
    return int(text) if text.isdecimal() and 1 <= int(text) <= 31 else 1


def _licence(meta: Element) -> str:
    for one in meta.iter("license"):
        said = [one.get("{http://www.w3.org/1999/xlink}href", ""), *(
            link.get("{http://www.w3.org/1999/xlink}href", "") for link in one.iter("ext-link")
        ), *(inner.text or "" for inner in one.iter() if inner.tag == "license_ref")]  # fmt: skip
        for text in said:
            if (found := spdx(text)) != text and found:
                return found
    return ""
