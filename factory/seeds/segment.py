"""Cuts the blocks of a document into passages at headings and paragraphs, within a budget of words.

A block is never cut: code, tables and formulas stay whole, and so do the blocks that belong together (a
heading and what follows it, a lead-in and what it leads to, code or a table and the words before it, a
formula and the words around it).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from factory.seeds.html import Block, block_markdown, markdown

MIN_WORDS = 120
MAX_WORDS = 400


@dataclass(frozen=True)
class Segment:
    """A passage: its Markdown, the headings above it (outermost first), its span in bytes of the file."""

    text: str
    section: str
    start: int
    end: int


@dataclass
class _Unit:
    """Blocks that stay together."""

    blocks: list[Block]
    words: int

    @property
    def level(self) -> int:
        """The level of the heading that it begins with, or 0."""
        return self.blocks[0].level


def segment(
    blocks: Sequence[Block], *, min_words: int = MIN_WORDS, max_words: int = MAX_WORDS
) -> Iterator[Segment]:
    """The passages of a document, in order.

    A passage ends before a heading once it has `min_words`, and before what would take it over `max_words`;
    only a single block, or blocks that belong together, may be longer. What is left over below `min_words`
    joins the passage before it where the two fit, and is left out otherwise: no passage is a mere heading.
    """
    passages: list[list[_Unit]] = []
    for unit in _units(blocks):
        if not passages or _starts_anew(passages[-1], unit, min_words, max_words):
            passages.append([])
        passages[-1].append(unit)
    for passage in _joined(passages, min_words, max_words):
        yield _segment([block for unit in passage for block in unit.blocks])


def _units(blocks: Sequence[Block]) -> Iterator[_Unit]:
    unit: list[Block] = []
    for block in blocks:
        if unit and not _belong(unit[-1], block):
            yield _Unit(unit, _count(unit))
            unit = []
        unit.append(block)
    if unit:
        yield _Unit(unit, _count(unit))


def _belong(before: Block, after: Block) -> bool:
    """Whether a cut between two blocks would tear what is read as one."""
    if before.kind == "heading":
        return True
    if after.kind == "heading":
        return False
    if after.kind in ("math", "code", "table"):
        return True  # what they are about stands before them
    if before.kind == "math":
        return after.text[:1].islower()  # the sentence goes on behind the formula
    return before.text.endswith(":") or (after.depth > 0 and after.kind != "item")


def _count(blocks: Sequence[Block]) -> int:
    return sum(len(block_markdown(block).split()) for block in blocks if block.kind != "heading")


def _words(passage: Sequence[_Unit]) -> int:
    return sum(unit.words for unit in passage)


def _starts_anew(passage: Sequence[_Unit], unit: _Unit, min_words: int, max_words: int) -> bool:
    words = _words(passage)
    if unit.level and words >= min_words:
        return True
    if unit.level and 0 < unit.level < max(other.level for other in passage):
        return True  # a section of a higher level: what came before is another matter
    return words >= min_words and words + unit.words > max_words


def _joined(passages: Sequence[list[_Unit]], min_words: int, max_words: int) -> Iterator[Sequence[_Unit]]:
    """The passages that are long enough; a short one goes to the end of the one before where both fit."""
    held: list[_Unit] = []
    for passage in passages:
        short = _words(passage) < min_words
        if held and short and not passage[0].level and _words(held) + _words(passage) <= 1.25 * max_words:
            held = [*held, *passage]
            continue
        if held and _words(held) >= min_words:
            yield held
        held = passage
    if held and _words(held) >= max(min_words, 1):
        yield held


def _segment(blocks: Sequence[Block]) -> Segment:
    paths = [block.section for block in blocks if block.kind != "heading"]
    common = 0
    while all(len(path) > common and path[common] == paths[0][common] for path in paths):
        common += 1
    start, end = min(block.start for block in blocks), max(block.end for block in blocks)
    return Segment(markdown(blocks), " > ".join(paths[0][:common]), start, end)
