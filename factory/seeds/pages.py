"""From a page of HTML to seeds, whatever it came out of: a file, a web archive, a book."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from factory.plugins import Found
from factory.records import Code, Document, Origin, Passage, Seed, Table
from factory.seeds.html import Block, Page, extract
from factory.seeds.segment import MAX_WORDS, MIN_WORDS, segment


@dataclass(frozen=True)
class Wanted:
    """What is wanted of a page. `min_words`, `max_words`: the budget of a passage; a document is left out below
    `min_words`. `min_lines`, `languages`: the least lines of a block of code, and its languages (none: all)."""

    kind: type[Seed]
    min_words: int = MIN_WORDS
    max_words: int = MAX_WORDS
    min_lines: int = 2
    languages: tuple[str, ...] = ()


def seeds_of_page(raw: bytes, wanted: Wanted, origin: Origin) -> Iterator[Found]:
    """The seeds of a page. `origin` says where the page stands; places within it are in bytes of `raw`."""
    page = extract(raw)
    document = Document(text=page.markdown, title=page.metadata.title, language=page.language)
    about = _about(page, origin)
    if wanted.kind is Document:
        if page.blocks and len(document.text.split()) >= wanted.min_words:
            ends = min(block.start for block in page.blocks), max(block.end for block in page.blocks)
            yield Found(document, _within(about, *ends))
    elif wanted.kind is Passage:
        for part in segment(page.blocks, min_words=wanted.min_words, max_words=wanted.max_words):
            passage = Passage(
                text=part.text, title=document.title, section=part.section, language=page.language
            )
            yield Found(passage, _within(about, part.start, part.end, document.id))
    elif wanted.kind is Table:
        for block in page.blocks:
            if table := _table(block):
                yield Found(table, _within(about, block.start, block.end, document.id))
    else:
        for block in page.blocks:
            if block.kind != "code" or block.text.count("\n") + 1 < wanted.min_lines:
                continue
            if not wanted.languages or block.language in wanted.languages:
                code = Code(text=block.text, language=block.language)
                yield Found(code, _within(about, block.start, block.end, document.id))


def _about(page: Page, origin: Origin) -> Origin:
    """What a page says of itself, where the origin does not know better."""
    about = page.metadata
    said = {
        "title": about.title or None,
        "author": about.author or None,
        "date": origin.date or about.date or None,
        "licence": origin.licence or about.licence or None,
        "url": origin.url or about.url or None,
    }
    return origin.model_copy(update=said)


def _within(origin: Origin, start: int, end: int, parent: str | None = None) -> Origin:
    place = f"{origin.place}: " if origin.place else ""
    return origin.model_copy(update={"place": f"{place}bytes {start}-{end}", "parent": parent})


def _table(block: Block) -> Table | None:
    """A table as a seed: it has a header and rows; a cell that spans rows stands in each of them."""
    grid = block.grid
    if grid is None or not grid.headers:
        return None
    header = tuple(
        _stacked([row[column].text for row in grid.rows[: grid.headers]]) for column in range(grid.width)
    )
    rows = tuple(tuple(cell.text for cell in row) for row in grid.rows[grid.headers :])
    return Table(header=header, rows=rows, title=grid.caption, section=" > ".join(block.section))


def _stacked(names: list[str]) -> str:
    """The name of a column below several rows of headers."""
    return " / ".join(dict.fromkeys(name for name in names if name))
