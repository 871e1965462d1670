"""Seeds from Word documents."""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Iterator, Mapping, Set
from html import escape
from pathlib import Path
from xml.etree.ElementTree import Element, tostring

from factory.extras import need
from factory.plugins import Item, Skipped, source
from factory.records import Code, Document, Origin, Passage, Seed, Table
from factory.seeds.archives import HostileError, parse_xml, unpack
from factory.seeds.dates import iso_date
from factory.seeds.files import opened
from factory.seeds.omml import SPACE, tex_of_formula
from factory.seeds.pages import Wanted, seeds_of_page
from factory.seeds.segment import MAX_WORDS, MIN_WORDS

_WORD = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
# Characters for private use stand for formulas while mammoth reads the rest.
_HELD = re.compile("\ue000(\\d+)\ue001")
_FIRST_ROW = re.compile(r"(?<=<table><tr>)((?:(?!<table|</tr>).)*)(?=</tr><tr>)", re.DOTALL)
# What mammoth does not know of itself: the title, code, quotations; a table of contents is none of the text.
_CODE = "written-in-a-font-of-one-width"
_STYLES = "\n".join(
    [
        "p[style-name='Title'] => h1:fresh",
        "p[style-name^='toc '] => !",
        "p[style-name='TOC Heading'] => !",
        *(f"p[style-name='{name}'] => blockquote > p:fresh" for name in ("Quote", "Intense Quote", "Block Text")),
        *(
            f"p[style-name='{name}'] => pre:separator('\\n')"
            for name in ("Code", "Code Block", "Source Code", "Listing", "Macro Text", "HTML Preformatted",
                         "Preformatted Text")
        ),
        f"p.{_CODE} => pre:separator('\\n')",
        *(
            f"p[style-name='{name}'] => {'ul|ol > li > ' * depth}{tag} > li:fresh"
            for kind, tag in (("List Bullet", "ul"), ("List Number", "ol"))
            for depth, name in enumerate((kind, f"{kind} 2", f"{kind} 3"))
        ),
    ]
)  # fmt: skip
# Styles that a style may be based on, one on another: more go round in a circle.
_DEEPEST = 50
_FIXED = re.compile(r"courier|consolas|\bmono\b|monaco|menlo|lucida console|source code", re.IGNORECASE)


@source(gives=(Document, Passage, Table, Code))
def docx(
    path: Path, kind: type[Seed], *, min_words: int = MIN_WORDS, max_words: int = MAX_WORDS
) -> Iterator[Item]:
    """Word documents (.docx): headings, paragraphs, lists and tables by their styles, through mammoth; formulas as
    TeX, footnotes at the end, tracked changes as if accepted.

    Places are in bytes of the HTML that mammoth makes. Pictures, comments and running heads are left out; so is hidden
    text, which is counted.
    """
    need("seeds", "mammoth", by=path.name)
    import mammoth

    with opened(path) as stream:
        if stream.read(4) == b"\xd0\xcf\x11\xe0":
            raise HostileError(
                f"{path.name}: an encrypted document, or one of Word 97; save it as .docx first"
            )
    members = unpack(path, lambda name: name.endswith((".xml", ".rels")))
    if "word/document.xml" not in members:
        raise HostileError(f"{path.name}: is no Word document: it has no word/document.xml")
    formulas: list[str] = []
    hidden: list[str] = []
    secret = _hidden_styles(members.get("word/styles.xml"))
    # mammoth's own parser would expand entities: it sees what was read here, and nothing else of the file.
    checked = {name: _readable(content, name, formulas, secret, hidden) for name, content in members.items()}
    made = mammoth.convert_to_html(
        _zipped(checked), style_map=_STYLES, convert_image=mammoth.images.img_element(lambda image: {})
    ).value
    # Few authors mark the first row as what it is.
    made = _FIRST_ROW.sub(lambda found: re.sub(r"(</?)td\b", r"\1th", found[1]), made)
    made = _HELD.sub(lambda found: formulas[int(found[1])], made).replace("\u00ad", "")
    core = (
        parse_xml(members["docProps/core.xml"], "docProps/core.xml") if "docProps/core.xml" in members else ()
    )
    said = {str(one.tag).rpartition("}")[2]: (one.text or "").strip() for one in core}
    origin = Origin(
        address=str(path),
        author=said.get("creator") or None,
        date=iso_date(said.get("created", "")) or None,
        place="",
    )
    if hidden:
        yield Skipped(origin, "hidden text", hidden[0], len(hidden))
    page = f"<html><head><title>{escape(said.get('title', ''))}</title></head><body>{made}</body></html>"
    yield from seeds_of_page(page.encode(), Wanted(kind, min_words, max_words), origin, whole=True)


def _readable(content: bytes, name: str, formulas: list[str], secret: Set[str], hidden: list[str]) -> bytes:
    """A member as mammoth is given it: a mark in the place of each formula, which goes to `formulas` as a page would
    hold it; no hidden text, which goes to `hidden`; what is written in a font of one width with a style that says so.
    """
    root = parse_xml(content, name)
    if root.tag.removeprefix(_WORD) not in ("document", "footnotes", "endnotes"):
        return content
    for paragraph in root.iter(f"{_WORD}p"):
        _without_hidden(paragraph, secret, hidden)
        _told_as_code(paragraph)
    for parent in list(root.iter()):
        for place, child in enumerate(parent):
            if child.tag in (f"{SPACE}oMath", f"{SPACE}oMathPara"):
                parent[place] = _held(child, formulas)
    made: bytes = tostring(root, "utf-8", xml_declaration=True)
    return made


def _hidden_styles(styles: bytes | None) -> Set[str]:
    """The styles whose text is hidden, themselves or by those that they are based on."""
    if styles is None:
        return frozenset()
    by_name = {
        style.get(f"{_WORD}styleId", ""): style
        for style in parse_xml(styles, "styles.xml").iter(f"{_WORD}style")
    }

    def hides(name: str, depth: int = 0) -> bool:
        style = by_name.get(name)
        if style is None or depth > _DEEPEST:
            return False
        said = _vanishes(style)
        return hides(_value(style, "basedOn"), depth + 1) if said is None else said

    return {name for name in by_name if hides(name)}


def _vanishes(element: Element) -> bool | None:
    """Whether an element's own properties hide its text; None where they do not say."""
    said = element.find(f"{_WORD}rPr/{_WORD}vanish")
    return None if said is None else said.get(f"{_WORD}val", "1") not in ("0", "false", "off")


def _value(element: Element, path: str) -> str:
    found = element.find("/".join(f"{_WORD}{name}" for name in path.split("/")))
    return "" if found is None else found.get(f"{_WORD}val", "")


def _without_hidden(paragraph: Element, secret: Set[str], hidden: list[str]) -> None:
    whole = _value(paragraph, "pPr/pStyle") in secret

    def hides(run: Element) -> bool:
        own = _vanishes(run)
        return own if own is not None else whole or _value(run, "rPr/rStyle") in secret

    for parent in list(paragraph.iter()):
        if gone := set(filter(hides, parent.findall(f"{_WORD}r"))):
            texts = (_text(run) for run in parent if run in gone)
            hidden += [text for text in texts if text.strip()]
            parent[:] = [child for child in parent if child not in gone]


def _text(run: Element) -> str:
    return "".join(part.text or "" for part in run.iter(f"{_WORD}t"))


def _told_as_code(paragraph: Element) -> None:
    """Gives a paragraph a style of code, where all that it says is in a font of one width."""
    runs = [run for run in paragraph.iter(f"{_WORD}r") if run.find(f"{_WORD}t") is not None]
    fonts = [run.find(f"{_WORD}rPr/{_WORD}rFonts") for run in runs]
    if _value(paragraph, "pPr/pStyle") or paragraph.find(f"{_WORD}pPr/{_WORD}numPr") is not None or not runs:
        return
    if all(font is not None and _FIXED.search(font.get(f"{_WORD}ascii", "")) for font in fonts):
        properties = paragraph.find(f"{_WORD}pPr")
        if properties is None:
            properties = paragraph.makeelement(f"{_WORD}pPr", {})
            paragraph.insert(0, properties)
        properties.insert(0, properties.makeelement(f"{_WORD}pStyle", {f"{_WORD}val": _CODE}))


def _held(element: Element, formulas: list[str]) -> Element:
    run = element.makeelement(f"{_WORD}r", {})
    text = element.makeelement(f"{_WORD}t", {})
    run.append(text)
    display = element.tag == f"{SPACE}oMathPara"
    for formula in element.iter(f"{SPACE}oMath"):
        if tex := tex_of_formula(formula):
            shown = ' display="block"' if display else ""
            annotation = f'<annotation encoding="application/x-tex">{escape(tex)}</annotation>'
            text.text = f"{text.text or ''}\ue000{len(formulas)}\ue001"
            formulas.append(f"<math{shown}><semantics><mrow></mrow>{annotation}</semantics></math>")
    return run


def _zipped(members: Mapping[str, bytes]) -> io.BytesIO:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return packed
