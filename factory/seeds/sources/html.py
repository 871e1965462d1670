"""Seeds from pages of HTML: whole documents, passages, tables of data, blocks of code, threads of posts."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from factory.plugins import Item, source
from factory.records import Code, Document, Origin, Passage, Seed, Table, Thread
from factory.seeds.archives import Limits, read
from factory.seeds.pages import MAX_PAGE, Wanted, seeds_of_page
from factory.seeds.segment import MAX_WORDS, MIN_WORDS


@source(gives=(Document, Passage, Table, Code, Thread))
def html(
    path: Path,
    kind: type[Seed],
    *,
    min_words: int = MIN_WORDS,
    max_words: int = MAX_WORDS,
    min_lines: int = 2,
    languages: tuple[str, ...] = (),
    max_bytes: int = MAX_PAGE,
) -> Iterator[Item]:
    """Pages of HTML, packed or not: their main content as Markdown, with the bytes that each seed came from.

    `min_words`, `max_words`: the budget of a passage; a document or a thread is left out below `min_words`.
    `min_lines`, `languages`: the least lines of a block of code, and the languages wanted (none: all).
    `max_bytes`: of a page, unpacked; a longer one is a broken record.
    """
    wanted = Wanted(kind, min_words, max_words, min_lines, languages)
    yield from seeds_of_page(read(path, Limits(member=max_bytes)), wanted, Origin(address=str(path)))
