"""Seeds from Word documents."""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Iterator, Mapping
from html import escape
from pathlib import Path
from xml.etree.ElementTree import Element, tostring

from factory.extras import need
from factory.plugins import Item, source
from factory.records import Code, Document, Origin, Passage, Seed, Table
from factory.seeds.archives import HostileError, parse_xml, unpack
from factory.seeds.files import opened
from factory.seeds.html.dates import iso_date
from factory.seeds.omml import SPACE, tex_of_formula
from factory.seeds.pages import Wanted, seeds_of_page
from factory.seeds.segment import MAX_WORDS, MIN_WORDS

_WORD = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
# Characters for private use stand for formulas while mammoth reads the rest.
_HELD = re.compile("\ue000(\\d+)\ue001")
_FIRST_ROW = re.compile(r"(?<=<table><tr>)((?:(?!<table|</tr>).)*)(?=</tr><tr>)", re.DOTALL)
# What mammoth does not know of itself: the title, code, quotations; a table of contents is none of the text.
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
    ]
)  # fmt: skip


@source(gives=(Document, Passage, Table, Code))
def docx(
    path: Path, kind: type[Seed], *, min_words: int = MIN_WORDS, max_words: int = MAX_WORDS
) -> Iterator[Item]:
    """Word documents (.docx): headings, paragraphs, lists and tables by their styles, through mammoth; formulas as
    TeX, footnotes at the end.

    Places are in bytes of the HTML that mammoth makes. Pictures and comments are left out.
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
    # mammoth's own parser would expand entities: it sees what was read here, and nothing else of the file.
    checked = {name: _without_formulas(content, name, formulas) for name, content in members.items()}
    made = mammoth.convert_to_html(
        _zipped(checked), style_map=_STYLES, convert_image=mammoth.images.img_element(lambda image: {})
    ).value
    # Few authors mark the first row as what it is.
    made = _FIRST_ROW.sub(lambda found: re.sub(r"(</?)td\b", r"\1th", found[1]), made)
    made = _HELD.sub(lambda found: formulas[int(found[1])], made)
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
    page = f"<html><head><title>{escape(said.get('title', ''))}</title></head><body>{made}</body></html>"
    yield from seeds_of_page(page.encode(), Wanted(kind, min_words, max_words), origin, whole=True)


def _without_formulas(content: bytes, name: str, formulas: list[str]) -> bytes:
    """A member with a mark in the place of each formula, which goes to `formulas` as a page would hold it."""
    root = parse_xml(content, name)
    if b"oMath" not in content:
        return content
    for parent in list(root.iter()):
        for place, child in enumerate(parent):
            if child.tag in (f"{SPACE}oMath", f"{SPACE}oMathPara"):
                parent[place] = _held(child, formulas)
    made: bytes = tostring(root, "utf-8", xml_declaration=True)
    return made


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
