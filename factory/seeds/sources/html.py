"""Seeds from pages of HTML: whole documents, passages, tables of data, blocks of code, threads of posts."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from factory.plugins import Broken, Item, source
from factory.records import Code, Document, Origin, Passage, Seed, Table, Thread
from factory.seeds.archives import Limits, read
from factory.seeds.pages import MAX_PAGE, Wanted, seeds_of_page
from factory.seeds.segment import MAX_WORDS, MIN_WORDS

_OTHERS = {
    rb"%PDF-": "a PDF file: 'source: pdf' reads it",
    rb"PK\x03\x04": "a zip archive: 'source: docx' or 'source: epub' reads books and Word files",
    rb"\x89PNG|GIF8|\xff\xd8\xff|RIFF": "an image or a recording",
    rb"\s*\{\s*\"|\s*\[\s*\{": "JSON: 'source: notebooks', 'source: jsonl' or 'source: chats' reads it",
}
"""What lies beside pages in a folder, by how it begins."""


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
    raw, origin = read(path, Limits(member=max_bytes)), Origin(address=str(path))
    if other := next((told for begins, told in _OTHERS.items() if re.match(begins, raw)), None):
        yield Broken(origin, f"is no page of HTML but {other}")
        return
    yield from seeds_of_page(raw, wanted, origin)
