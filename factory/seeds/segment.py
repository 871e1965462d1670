"""Cuts the blocks of a document into passages at headings and paragraphs, within a budget of words or tokens.

Code, tables and formulas are never cut, and blocks that belong together stay together (a heading and what
follows it, a lead-in and what it leads to, code or a table and the words before it, a formula and the words
around it), as long as a passage holds them. Only a paragraph or a list that is longer than a whole passage is cut:
between items, at the ends of sentences, and where there are none between words.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TypeAlias

from factory.seeds.html import Block, block_markdown, markdown
from factory.seeds.plain import DISPLAYED, INLINE, UNSPACED

MIN_WORDS = 120
MAX_WORDS = 400
LEEWAY = 1.25
"""How much longer than its budget a passage may be where that saves a cut."""
SHORT = "fewer words than min_words"
"""Why a document, or what is left over of one, is left out."""
_A_WORD = 64
"""Characters among which there is a word in any honest text."""

Count: TypeAlias = Callable[[str], int]
"""How long a text is: in words unless a tokenizer counts."""

_PROTECTED = frozenset({"code", "table", "math", "raw"})
_CUT = frozenset({"paragraph", "quote", "item"})

# Marks that end sentences, in many scripts; never inside of a formula or of code in a line.
_SENTENCE = re.compile(
    rf"(?:{DISPLAYED}|{INLINE}|.)+?(?:[.!?…।؟۔።]+[\"'”’»)\]]*(?=\s)|[。！？។။]+[」』”）]*|\Z)\s*", re.DOTALL
)
_ITEM = re.compile(r"^(?= {0,3}(?:[-*+]|\d{1,9}[.)])\s)", re.MULTILINE)
_CLAUSE = re.compile(rf"(?:{DISPLAYED}|{INLINE}|\S)+?(?:[,;:，、；：]+\s*|\s+|\Z)", re.DOTALL)
_CHARACTERS = re.compile(rf"{UNSPACED.pattern}{{1,20}}|(?:(?!{UNSPACED.pattern}).)+", re.DOTALL)


def count_words(text: str) -> int:
    """Words between spaces; in scripts without spaces, two characters are a word."""
    if text.isascii():
        return len(text.split())
    return len(UNSPACED.sub(" ", text).split()) + (len(UNSPACED.findall(text)) + 1) // 2


def has_words(text: str, least: int) -> bool:
    """Whether a text has so many words. Of a long one, only the beginning is counted where that is enough."""
    return count_words(text[: _A_WORD * least]) >= least or count_words(text) >= least


@functools.cache
def token_counter(tokenizer: str) -> Count:
    """Counts the tokens of a tokenizer.json, or of a folder that holds one."""
    from factory.seeds.cleaners.tokens import read_tokenizer

    path = Path(tokenizer)
    read = read_tokenizer(path / "tokenizer.json" if path.is_dir() else path)
    return lambda text: len(read.encode(text, add_special_tokens=False))


@dataclass(frozen=True)
class Segment:
    """A passage: its Markdown, the headings above it (outermost first), its span in bytes of the file."""

    text: str
    section: str
    start: int
    end: int
    short: bool = False
    """Whether it is what was left over, below `min_words`."""


@dataclass(slots=True)
class _Stretch:
    """Blocks that follow each other: a unit of those that stay together, or the units of a passage."""

    blocks: list[Block] = field(default_factory=list)
    words: int = 0
    size: int = 0
    """How long they are, and how long with their headings."""
    deepest: int = 0
    """The greatest level of a heading that a unit begins with."""

    @property
    def level(self) -> int:
        """The level of the heading that it begins with, or 0."""
        return self.blocks[0].level

    def add(self, block: Block, size: int) -> None:
        """Adds a block to a unit."""
        self.blocks.append(block)
        self.words += 0 if block.level else size
        self.size += size
        self.deepest = self.level

    def join(self, other: _Stretch) -> None:
        """Adds a unit, or a passage, to a passage."""
        self.blocks += other.blocks
        self.words += other.words
        self.size += other.size
        self.deepest = max(self.deepest, other.deepest)


def stretches(
    blocks: Sequence[Block],
    *,
    min_words: int = MIN_WORDS,
    max_words: int = MAX_WORDS,
    count: Count = count_words,
    overlap: int = 0,
) -> Iterator[Segment]:
    """The passages of a document and what is left over, in order. Budgets are in what `count` counts.

    A passage ends before a heading once it has `min_words`, and before what would take it over `max_words`; it may be
    a quarter longer where that saves a cut, and longer still only by code, a table or a formula with the words and
    headings before it. What is left over below `min_words` joins the passage before it where the two fit, and is marked
    `short` otherwise: no passage is a mere heading. With `overlap` a passage begins with the last blocks of the one
    before it, up to so much.
    """
    pieces = [piece for block in blocks for piece in _cut(block, max_words, count)]
    waiting = list(_units(pieces, max_words, count))[::-1]
    passages: list[_Stretch] = []
    while waiting:
        unit = waiting.pop()
        if not passages or _starts_anew(passages[-1], unit, min_words, max_words):
            passages.append(unit)
        elif parts := _divided(unit, passages[-1].size, min_words, max_words, count):
            waiting += parts[::-1]
        else:
            passages[-1].join(unit)
    before: list[Block] = []
    for passage in _joined(passages, min_words, max_words):
        if passage.words < max(min_words, 1):
            yield replace(_segment(passage.blocks), short=True)
        else:
            yield _segment([*_tail(before, overlap, count), *passage.blocks])
            before = passage.blocks


def _cut(block: Block, most: int, count: Count) -> Iterator[Block]:
    """A block, or, where it is a paragraph that no passage could hold, its items or sentences in parts that fit.

    The parts keep the block's span: where in the source a sentence stands, the markup between may hide.
    """
    if block.kind not in _CUT or count(block.text) <= LEEWAY * most:
        yield block
        return
    yield from _parts(block, most, most, count)


def _parts(block: Block, first: int, most: int, count: Count) -> Iterator[Block]:
    """The parts of a block: no longer than `first` the first, than `most` the others."""
    quoted = "> " if block.text.startswith(">") else ""
    part = ""
    for piece in _pieces(block.text, first, count):
        if part and count(part + piece) > first:
            yield replace(block, text=part.strip())
            first = most
            if block.kind == "item":  # one mark for all its parts
                block = replace(block, kind="paragraph")
            part = quoted if not piece.startswith(">") else ""
        part += piece
    if part.strip():
        yield replace(block, text=part.strip())


def _divided(unit: _Stretch, before: int, least: int, most: int, count: Count) -> list[_Stretch]:
    """A unit in two, the second no shorter than `least`, where a passage with so much `before` cannot take it as it is,
    and its words can be cut."""
    *lead, last = unit.blocks
    if before + unit.size <= LEEWAY * most or last.kind not in _CUT:
        return []
    size = count(block_markdown(last))
    room = min(most - before - (unit.size - size), size - least)
    if room > 0:
        head, *tail = _parts(last, room, size, count)
        return [_unit([*lead, head], count), _unit(tail, count)] if tail else []
    return [_unit(lead, count), _unit([last], count)] if any(not one.level for one in lead) else []


def _pieces(text: str, most: int, count: Count) -> Iterator[str]:
    """What a text may be cut into: the items of a list; of what is too long for that, the sentences; of these, the
    clauses and words; of these, a few characters of scripts without spaces."""
    items = _ITEM.split(text)
    for finer in (_SENTENCE, _CLAUSE, _CHARACTERS):
        if all(count(item) <= most for item in items):
            break
        items = [
            piece
            for item in items
            for piece in ([item] if count(item) <= most else (found[0] for found in finer.finditer(item)))
        ]
    yield from items


def _tail(blocks: Sequence[Block], most: int, count: Count) -> list[Block]:
    """The last blocks that are together no longer than `most`."""
    kept: list[Block] = []
    for block in reversed(blocks):
        most -= count(block_markdown(block))
        if most < 0:
            break
        kept.insert(0, block)
    return kept


def _units(blocks: Sequence[Block], most: int, count: Count) -> Iterator[_Stretch]:
    unit = _Stretch()
    for block in blocks:
        size = count(block_markdown(block))
        if first := _bound(unit.blocks, block, unit.size + size <= LEEWAY * most):
            yield unit if first == len(unit.blocks) else _unit(unit.blocks[:first], count)
            unit = _unit(unit.blocks[first:], count)
        unit.add(block, size)
    if unit.blocks:
        yield unit


def _unit(blocks: Iterable[Block], count: Count) -> _Stretch:
    unit = _Stretch()
    for block in blocks:
        unit.add(block, count(block_markdown(block)))
    return unit


def _bound(unit: list[Block], after: Block, fits: bool) -> int:
    """From which block of a unit on it stays together with the block behind it: all of it where they fit, else what
    leads to that block."""
    first = len(unit)
    if not unit or not _belong(unit[-1], after):
        return first
    if fits:
        return 0
    if (unit[-1].kind not in _PROTECTED and after.kind in _PROTECTED) or unit[-1].text.endswith(":"):
        first -= 1
    while first and unit[first - 1].kind == "heading":
        first -= 1
    return first


def _belong(before: Block, after: Block) -> bool:
    """Whether a cut between two blocks would tear what is read as one."""
    if before.kind == "heading":
        return True
    if after.kind == "heading":
        return False
    if after.kind in _PROTECTED:
        return True  # what they are about stands before them
    if before.kind in ("math", "raw"):
        return after.text[:1].islower()  # the sentence goes on behind the formula
    return before.text.endswith(":") or (after.depth > 0 and after.kind != "item")


def _starts_anew(passage: _Stretch, unit: _Stretch, min_words: int, max_words: int) -> bool:
    if unit.level and passage.words >= min_words:
        return True
    if 0 < unit.level < passage.deepest:
        return True  # a section of a higher level: what came before is another matter
    return passage.words >= min_words and passage.size + unit.size > max_words


def _joined(passages: Sequence[_Stretch], min_words: int, max_words: int) -> Iterator[_Stretch]:
    """The passages, of which a short one goes to the end of the one before where both fit."""
    held = _Stretch()
    for passage in passages:
        fits = held.size + passage.size <= LEEWAY * max_words
        if held.blocks and passage.words < min_words and not passage.level and fits:
            held.join(passage)
            continue
        if held.blocks:
            yield held
        held = passage
    if held.blocks:
        yield held


def _segment(blocks: Sequence[Block]) -> Segment:
    paths = [block.section for block in blocks if block.kind != "heading"] or [()]
    common = 0
    while all(len(path) > common and path[common] == paths[0][common] for path in paths):
        common += 1
    start, end = min(block.start for block in blocks), max(block.end for block in blocks)
    return Segment(markdown(blocks), " > ".join(paths[0][:common]), start, end)
