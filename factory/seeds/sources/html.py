"""Seeds from pages of HTML: whole documents, passages, tables of data, blocks of code."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from factory.plugins import Found, source
from factory.records import Code, Document, Origin, Passage, Seed, Table
from factory.seeds.html import Block, Page, extract
from factory.seeds.segment import MAX_WORDS, MIN_WORDS, segment


@source(gives=(Document, Passage, Table, Code))
def html(
    path: Path,
    kind: type[Seed],
    *,
    min_words: int = MIN_WORDS,
    max_words: int = MAX_WORDS,
    min_lines: int = 2,
    languages: tuple[str, ...] = (),
) -> Iterator[Found]:
    """Pages of HTML: their main content as Markdown, with the bytes that each seed came from.

    `min_words`, `max_words`: the budget of a passage; a document is left out below `min_words`.
    `min_lines`, `languages`: the least lines of a block of code, and the languages wanted (none: all).
    """
    page = extract(path.read_bytes(), metadata=True)
    document = Document(text=page.markdown, title=page.metadata.title, language=page.language)
    if kind is Document:
        if page.blocks and len(document.text.split()) >= min_words:
            ends = (min(block.start for block in page.blocks), max(block.end for block in page.blocks))
            yield Found(document, _origin(path, page, *ends, parent=None))
    elif kind is Passage:
        for part in segment(page.blocks, min_words=min_words, max_words=max_words):
            passage = Passage(
                text=part.text, title=document.title, section=part.section, language=page.language
            )
            yield Found(passage, _origin(path, page, part.start, part.end, document.id))
    elif kind is Table:
        for block in page.blocks:
            if table := _table(block):
                yield Found(table, _origin(path, page, block.start, block.end, document.id))
    else:
        for block in page.blocks:
            if block.kind != "code" or block.text.count("\n") + 1 < min_lines:
                continue
            if not languages or block.language in languages:
                code = Code(text=block.text, language=block.language)
                yield Found(code, _origin(path, page, block.start, block.end, document.id))


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


def _origin(path: Path, page: Page, start: int, end: int, parent: str | None) -> Origin:
    about = page.metadata
    return Origin(
        address=str(path),
        place=f"bytes {start}-{end}",
        parent=parent,
        title=about.title or None,
        author=about.author or None,
        date=about.date or None,
    )
