"""Seeds cut from the documents of another seed set (``from:`` in the catalogue)."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import orjson

from factory.plugins import Found, Item, Skipped, source
from factory.records import Code, Document, Origin, Passage, Seed
from factory.seeds.files import UnreadableError
from factory.seeds.laid import in_order
from factory.seeds.pages import EMPTY, NO_CODE, code_of
from factory.seeds.prose import blocks_of_text
from factory.seeds.segment import MAX_WORDS, MIN_WORDS, SHORT, count_words, stretches, token_counter

OF_ALL = ("tokens", "tokenizer")
"""Scores that say how long a document is: of no passage."""


@source(gives=(Passage, Code, Document))
def passages(
    path: Path,
    kind: type[Seed],
    *,
    min_words: int = MIN_WORDS,
    max_words: int = MAX_WORDS,
    tokenizer: str = "",
    overlap: int = 0,
    min_lines: int = 2,
    languages: tuple[str, ...] = (),
) -> Iterator[Item]:
    """The passages, blocks of code, or whole documents of a seed set of documents.

    `path` is what the engine wrote of them: a JSON line a document, with its content and where it was found.
    A passage keeps its document's scores, but for its size; its place is in bytes of the document's Markdown.
    `min_words`, `max_words`: the budget of a passage, in tokens where a `tokenizer` (a tokenizer.json) is named;
    `overlap`: how much of the passage before a passage begins with. `min_lines`, `languages`: the least lines of
    a block of code, and the languages wanted (none: all).
    """
    for line in in_order(path):
        try:
            row = orjson.loads(line)
            document = Document.model_validate(row["content"])
        except (ValueError, KeyError, TypeError) as error:
            raise UnreadableError(
                "the source 'passages' reads the documents of another seed set: name it by 'from:' instead of"
                " 'path:'"
            ) from error
        scores = row["scores"] or {}
        if kind is Document:
            yield Found(document, _origin(row, row["place"], row["parent"]), scores)
            continue
        blocks = list(blocks_of_text(document.text))
        if kind is Code:
            for block, why in code_of(blocks, min_lines, languages):
                at = _within(row, block.start, block.end)
                code = Code(text=block.text, language=block.language)
                yield Skipped(at, why, block.text) if why else Found(code, at)
        if not blocks or (kind is Code and not any(block.kind == "code" for block in blocks)):
            at = _origin(row, row["place"], row["parent"])
            yield Skipped(at, NO_CODE if blocks else EMPTY, document.text)
        if kind is Code:
            continue
        count = token_counter(tokenizer) if tokenizer else count_words
        parts = stretches(blocks, min_words=min_words, max_words=max_words, count=count, overlap=overlap)
        for part in parts:
            passage = Passage(
                text=part.text, title=document.title, section=part.section, language=document.language
            )
            inherited = {name: score for name, score in scores.items() if name not in OF_ALL}
            at = _within(row, part.start, part.end)
            yield Skipped(at, SHORT, part.text) if part.short else Found(passage, at, inherited)


def _within(row: dict[str, Any], start: int, end: int) -> Origin:
    """A place inside a document: behind the document's own."""
    return _origin(row, f"{row['place']}: bytes {start}-{end} of its Markdown", row["seed_id"])


def _origin(row: dict[str, Any], place: str, parent: str | None) -> Origin:
    about = {name: row[name] for name in ("address", "url", "licence", "title", "author", "date")}
    return Origin(**about, place=place, parent=parent)
