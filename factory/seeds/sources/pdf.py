"""Seeds from PDF files."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from statistics import median
from typing import Any

from factory.errors import FactoryError
from factory.extras import need
from factory.plugins import Broken, Item, Skipped, source
from factory.records import Document, Origin, Passage, Seed
from factory.seeds.files import opened
from factory.seeds.html.dates import iso_date
from factory.seeds.pages import Part, Wanted, seeds_of_parts
from factory.seeds.segment import MAX_WORDS, MIN_WORDS

MAX_PAGES = 50_000
MAX_CHARACTERS = 200_000
"""Of a page: more is a plot, or a trap."""
MAX_ALL = 64 << 20
"""Characters of all pages."""

EDGE = 2
"""Lines at the top and the bottom of a page among which running heads are looked for."""

_NUMBER = re.compile(r"^\W*(?:page\s*)?(?:\d{1,4}|[ivxlc]{1,7})(?:\s*(?:/|of)\s*\d+)?\W*$", re.I)
_JOINED = re.compile("[\x02\ufffe]\r?\n?")
_HYPHEN = re.compile(r"(\w)[-\u00ad\u2010]$")
_COMPOUND = re.compile(r"\w-\w+-$")
_LIGATURE = re.compile("[\ufb00-\ufb06]")
_ENDS = re.compile(r"[.!?:;。！？][\"'”’)\]]*$")
_ITEM = re.compile(r"^(?:[-*•▪◦–]|\(?\d{1,3}[.)]|\(?[a-z][.)])\s+")
_NUMBERED = re.compile(r"^\d{1,2}(?:\.\d{1,2})+\.?\s+[A-Z]")
_UNSPACED = re.compile("[\u3000-\u30ff\u3400-\u9fff\uf900-\ufaff\uff00-\uffef]")
_LEADER = re.compile(r"[^.\s]\s*+(?:\.\s?){6,}+(?:\d{1,4}|[ivxlc]{1,7})\s*$", re.IGNORECASE)
"""The dots that lead to a page in a table of contents, or an index."""
_DIGITS = re.compile(r"\d+")


@source(gives=(Document, Passage))
def pdf(
    path: Path, kind: type[Seed], *, min_words: int = MIN_WORDS, max_words: int = MAX_WORDS
) -> Iterator[Item]:
    """PDF files: text in reading order, paragraphs put together from lines, hyphens mended.

    Running heads, feet and page numbers are told by their repetition and left out; so are lines of tables of contents,
    by their dots. Formulas and tables come
    as the text that they are drawn with. Places are pages of the file. Encrypted and damaged files, and pages
    without text (scans), are broken records.
    """
    origin = Origin(address=str(path), place="")
    try:
        pages, about = _read(path)
    except (FactoryError, OSError):
        raise
    except Exception as error:  # whatever a stranger's file makes of the parser
        locked = "password" in str(error).lower()
        why = "encrypted: save it without its password first" if locked else f"cannot be read: {error}"
        yield Broken(origin, why)
        return
    if not any(pages):
        yield Broken(origin, f"{len(pages)} pages without text: a scan, which needs OCR first")
        return
    if bare := [number for number, page in enumerate(pages, start=1) if not page]:
        yield Skipped(
            origin.model_copy(update={"place": f"page {bare[0]}"}), "a page without text", records=len(bare)
        )
    paragraphs = paragraphs_of(pages)
    told = {
        "title": about.get("Title"),
        "author": about.get("Author"),
        "date": _date(about.get("CreationDate", "")),
    }
    origin = origin.model_copy(update={name: said or None for name, said in told.items()})
    yield from seeds_of_parts(paragraphs, "page", Wanted(kind, min_words, max_words), origin)


def _read(path: Path) -> tuple[list[list[str]], dict[str, str]]:
    """The lines of each page, and what the file says of itself."""
    need("seeds", "pypdfium2", by=path.name)
    import pypdfium2

    # A file on this machine is read as its pages are; it need not fit into memory.
    document: Any = pypdfium2.PdfDocument(str(path) if type(path) is type(Path()) else opened(path).read())
    try:
        if len(document) > MAX_PAGES:
            raise ValueError(f"{len(document)} pages, more than {MAX_PAGES}: split it first")
        pages, total = [], 0
        for page in document:
            text = page.get_textpage()
            size = min(text.count_chars(), MAX_CHARACTERS)
            total += size
            if total > MAX_ALL:
                raise ValueError(f"more than {MAX_ALL} characters: split it first")
            # PDFium joins the lines of a word that a hyphen cut, with one of these between.
            content = _JOINED.sub("-\n", text.get_text_range(0, size)) if size else ""
            pages.append([line.strip() for line in content.splitlines() if line.strip()])
            text.close()
            page.close()
        return pages, dict(document.get_metadata_dict())
    finally:
        document.close()


def paragraphs_of(pages: Sequence[Sequence[str]]) -> list[Part]:
    """The lines of pages as paragraphs."""
    heads = _running(pages)
    lines = [(line, number) for number, page in enumerate(pages, start=1) for line in _without(page, heads)]
    usual = median([len(line) for line, _ in lines if len(line) > 20] or [80])
    paragraphs: list[Part] = []
    open_ = False
    for line, number in lines:
        before = paragraphs[-1].text if open_ else ""
        begins = _ITEM.match(line) or (_NUMBERED.match(line) and _ENDS.search(before))
        if open_ and not begins:
            joined = _HYPHEN.search(before) and line[:1].islower()
            if _COMPOUND.search(before):
                text = before + line  # "state-of-the-" has hyphens of its own
            else:
                between = "" if _UNSPACED.match(before[-1]) and _UNSPACED.match(line) else " "
                text = before.rstrip("-\u00ad\u2010") + line if joined else before + between + line
            paragraphs[-1] = Part(text, paragraphs[-1].first, number)
        else:
            paragraphs.append(Part(line, number, number))
        # A paragraph ends with a short line, or a sentence that ends before the line does.
        open_ = len(line) > 0.75 * usual and not (_ENDS.search(line) and len(line) < 0.9 * usual)
    return [replace(paragraph, text=_escaped(_plain(paragraph.text))) for paragraph in paragraphs]


def _running(pages: Sequence[Sequence[str]]) -> frozenset[str]:
    """Lines that stand at the edges of many pages, but for their numbers."""
    seen = Counter(
        key
        for page in pages
        for key in {_key(line) for line in [*page[:EDGE], *page[-EDGE:]] if len(line) < 120}
    )
    return frozenset(key for key, count in seen.items() if count >= max(3, len(pages) // 3))


def _without(page: Sequence[str], heads: frozenset[str]) -> list[str]:
    last = len(page) - EDGE
    return [
        line
        for place, line in enumerate(page)
        if not ((place < EDGE or place >= last) and (_key(line) in heads or _NUMBER.match(line)))
        and not _LEADER.search(line)
    ]


def _key(line: str) -> str:
    return _DIGITS.sub("#", line.lower())


def _plain(text: str) -> str:
    """A text with the letters that its ligatures are made of, and plain spaces."""
    parted = _LIGATURE.sub(lambda found: unicodedata.normalize("NFKC", found[0]), text)
    return parted.replace("\u00a0", " ")


def _escaped(paragraph: str) -> str:
    """A line of a PDF is no Markdown, whatever it begins with."""
    return "\\" + paragraph if paragraph.startswith(("#", "```", "~~~", ">")) else paragraph


def _date(text: str) -> str:
    digits = text.removeprefix("D:")[:8]
    return iso_date(f"{digits[:4]}-{digits[4:6]}-{digits[6:8]}") if len(digits) == 8 else ""
