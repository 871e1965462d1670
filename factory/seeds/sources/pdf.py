"""Seeds from PDF files."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from factory.errors import FactoryError
from factory.extras import need
from factory.plugins import Broken, Item, Skipped, source
from factory.records import Document, Origin, Passage, Seed
from factory.seeds.dates import iso_date
from factory.seeds.files import opened
from factory.seeds.pages import Wanted, seeds_of_parts
from factory.seeds.pdf.columns import cells_of, lines_of
from factory.seeds.pdf.edges import without_contents, without_edges
from factory.seeds.pdf.glyphs import Run, sheet_of
from factory.seeds.pdf.paragraphs import parts_of
from factory.seeds.pdf.tables import with_grids
from factory.seeds.segment import MAX_WORDS, MIN_WORDS

MAX_PAGES = 50_000
MAX_ALL, MAX_CELLS = 64 << 20, 4_000_000
"""Characters of all pages, and pieces of text with gaps between: they are held in memory."""
UNSAID = frozenset({"untitled", "anonymous", "unspecified", "(untitled)", "(anonymous)", "unknown"})
"""Titles and authors that programs put in where nobody gave one."""


class _Read(NamedTuple):
    """Of a file: the cells of each page, those that stand at an angle, what it says of itself, and its outline."""

    pages: list[list[Run]]
    turned: list[tuple[int, str]]
    about: dict[str, str]
    outline: frozenset[str]


@source(gives=(Document, Passage))
def pdf(
    path: Path, kind: type[Seed], *, min_words: int = MIN_WORDS, max_words: int = MAX_WORDS
) -> Iterator[Item]:
    """PDF files: columns in reading order, headings, paragraphs put together from lines with their hyphens mended,
    tables, lists and code.

    Running heads, feet and page numbers are told by their repetition and left out; so are lines of tables of contents,
    by their dots. Formulas come as the text that they are drawn with. Places are pages of the file. Encrypted and
    damaged files, and scans, are broken records; pages without text, and text at another angle than its page's, are
    counted as left out.
    """
    origin = Origin(address=str(path), place="")
    try:
        pages, turned, about, outline = _read(path)
    except (FactoryError, OSError):
        raise
    except Exception as error:  # whatever a stranger's file makes of the parser
        locked = "password" in str(error).lower()
        why = "encrypted: save it without its password first" if locked else f"cannot be read: {error}"
        yield Broken(origin, why)
        return
    kept = [without_contents(page) for page in without_edges(pages)]
    if not any(kept):
        yield Broken(origin, f"{len(pages)} pages without text: a scan, which needs OCR first")
        return
    if bare := [number for number, page in enumerate(kept, start=1) if not page]:
        yield Skipped(_at(origin, bare[0]), "a page without text", records=len(bare))
    if turned:
        page, example = turned[0]
        yield Skipped(_at(origin, page), "text at another angle than its page's", example, len(turned))
    lines = [line for number, page in enumerate(kept, start=1) for line in lines_of(page, number)]
    told = {
        "title": about.get("Title", ""),
        "author": about.get("Author", ""),
        "date": _date(about.get("CreationDate", "")),
    }
    said = {name: text if text.strip().lower() not in UNSAID else "" for name, text in told.items()}
    origin = origin.model_copy(update={name: text or None for name, text in said.items()})
    yield from seeds_of_parts(parts_of(lines, outline), "page", Wanted(kind, min_words, max_words), origin)


def _read(path: Path) -> _Read:
    need("seeds", "pypdfium2", by=path.name)
    import pypdfium2

    # A file on this machine is read as its pages are; it need not fit into memory.
    document: Any = pypdfium2.PdfDocument(str(path) if type(path) is type(Path()) else opened(path).read())
    try:
        if len(document) > MAX_PAGES:
            raise ValueError(f"{len(document)} pages, more than {MAX_PAGES}: split it first")
        pages: list[list[Run]] = []
        turned: list[tuple[int, str]] = []
        characters = cells = 0
        for number, page in enumerate(document, start=1):
            sheet = sheet_of(page)
            page.close()
            pages.append(cells_of(with_grids(sheet.runs, sheet.rules)))
            turned += [(number, run.text) for run in sheet.turned]
            characters += sum(len(run.text) for run in (*pages[-1], *sheet.turned))
            cells += len(pages[-1]) + len(sheet.turned)
            if characters > MAX_ALL or cells > MAX_CELLS:
                most = f"{MAX_ALL} characters or {MAX_CELLS} pieces of text"
                raise ValueError(f"more than {most} up to page {number}: split it first")
        outline = frozenset(str(mark.get_title()) for mark in document.get_toc(max_depth=6))
        return _Read(pages, turned, dict(document.get_metadata_dict()), outline)
    finally:
        document.close()


def _at(origin: Origin, page: int) -> Origin:
    return origin.model_copy(update={"place": f"page {page}"})


def _date(text: str) -> str:
    digits = text.removeprefix("D:")[:8]
    return iso_date(f"{digits[:4]}-{digits[4:6]}-{digits[6:8]}") if len(digits) == 8 else ""
