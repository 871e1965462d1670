"""Seeds from Word documents."""

from __future__ import annotations

import io
from collections.abc import Iterator
from pathlib import Path

from factory.errors import FactoryError
from factory.plugins import Found, source
from factory.records import Code, Document, Origin, Passage, Seed, Table
from factory.seeds.archives import HostileError, parse_xml, unpack
from factory.seeds.html.metadata import iso_date
from factory.seeds.pages import Wanted, seeds_of_page
from factory.seeds.segment import MAX_WORDS, MIN_WORDS


@source(gives=(Document, Passage, Table, Code))
def docx(
    path: Path, kind: type[Seed], *, min_words: int = MIN_WORDS, max_words: int = MAX_WORDS
) -> Iterator[Found]:
    """Word documents (.docx): headings, paragraphs, lists and tables by their styles, through mammoth.

    Places are in bytes of the HTML that mammoth makes. Pictures and comments are left out.
    """
    try:
        import mammoth
    except ImportError as error:
        raise FactoryError("Word documents need: pip install 'seedfactory[seeds]'") from error
    members = unpack(path, lambda name: name.endswith((".xml", ".rels")))
    if "word/document.xml" not in members:
        raise HostileError(f"{path.name}: is no Word document: it has no word/document.xml")
    for name, content in members.items():
        parse_xml(content, name)  # mammoth's own parser would expand entities
    data = path.read_bytes()
    made = mammoth.convert_to_html(
        io.BytesIO(data), convert_image=mammoth.images.img_element(lambda image: {})
    )
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
    page = f"<html><head><title>{said.get('title', '')}</title></head><body>{made.value}</body></html>"
    yield from seeds_of_page(page.encode(), Wanted(kind, min_words, max_words), origin, whole=True)
