"""Cuts the blocks of a document into passages at headings and paragraphs, within a budget of words or tokens.

Code, tables and formulas are never cut, and blocks that belong together stay together (a heading and what
follows it, a lead-in and what it leads to, code or a table and the words before it, a formula and the words
around it). Only a paragraph or a list that is longer than a whole passage is cut: between items, at the ends of
sentences, and where there are none between words.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TypeAlias

from factory.seeds.html import Block, block_markdown, markdown
from factory.seeds.plain import UNSPACED

MIN_WORDS = 120
MAX_WORDS = 400

Count: TypeAlias = Callable[[str], int]
"""How long a text is: in words unless a tokenizer counts."""

# Marks that end sentences, in many scripts; never inside of a formula or of code in a line.
_SENTENCE = re.compile(
    r"(?:\$\$.+?\$\$|`[^`\n]+`|.)+?(?:[.!?…।؟۔።]+[\"'”’»)\]]*(?=\s)|[。！？។။]+[」』”）]*|\Z)\s*", re.DOTALL
)
_ITEM = re.compile(r"^(?= {0,3}(?:[-*+]|\d{1,9}[.)])\s)", re.MULTILINE)
_CLAUSE = re.compile(r"(?:\$\$.+?\$\$|\$[^$\n]+\$|`[^`\n]+`|\S)+?(?:[,;:，、；：]+\s*|\s+|\Z)", re.DOTALL)
_CHARACTERS = re.compile(rf"{UNSPACED.pattern}{{1,20}}|(?:(?!{UNSPACED.pattern}).)+", re.DOTALL)


def count_words(text: str) -> int:
    """Words between spaces; in scripts without spaces, two characters are a word."""
    if text.isascii():
        return len(text.split())
    return len(UNSPACED.sub(" ", text).split()) + (len(UNSPACED.findall(text)) + 1) // 2


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
    blocks: Sequence[Block],
    *,
    min_words: int = MIN_WORDS,
    max_words: int = MAX_WORDS,
    count: Count = count_words,
    overlap: int = 0,
) -> Iterator[Segment]:
    """The passages of a document, in order. Budgets are in what `count` counts.

    A passage ends before a heading once it has `min_words`, and before what would take it over `max_words`;
    only a single block, or blocks that belong together, may be longer. What is left over below `min_words`
    joins the passage before it where the two fit, and is left out otherwise: no passage is a mere heading.
    With `overlap` a passage begins with the last blocks of the one before it, up to so much.
    """
    pieces = [piece for block in blocks for piece in _cut(block, max_words, count)]
    passages: list[list[_Unit]] = []
    for unit in _units(pieces, count):
        if not passages or _starts_anew(passages[-1], unit, min_words, max_words):
            passages.append([])
        passages[-1].append(unit)
    before: list[Block] = []
    for passage in _joined(passages, min_words, max_words):
        own = [block for unit in passage for block in unit.blocks]
        yield _segment([*_tail(before, overlap, count), *own])
        before = own


def _cut(block: Block, most: int, count: Count) -> Iterator[Block]:
    """A block, or, where it is a paragraph that no passage could hold, its items or sentences in parts that fit.

    The parts keep the block's span: where in the source a sentence stands, the markup between may hide.
    """
    if block.kind not in ("paragraph", "quote") or count(block.text) <= 1.25 * most:
        yield block
        return
    quoted = "> " if block.text.startswith(">") else ""
    part = ""
    for piece in _pieces(block.text, most, count):
        if part and count(part + piece) > most:
            yield replace(block, text=part.strip())
            part = quoted if not piece.startswith(">") else ""
        part += piece
    if part.strip():
        yield replace(block, text=part.strip())


def _pieces(text: str, most: int, count: Count) -> Iterator[str]:
    """What a text may be cut into: the items of a list; of what is too long for that, the sentences; of these, the
    clauses and words; of these, a few characters of scripts without spaces."""
    items = _ITEM.split(text)
    for finer in (_SENTENCE, _CLAUSE, _CHARACTERS):
        if all(count(item) <= most for item in items):
            break
        items = [
            piece for item in items for piece in ([item] if count(item) <= most else finer.findall(item))
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


def _units(blocks: Sequence[Block], count: Count) -> Iterator[_Unit]:
    unit: list[Block] = []
    for block in blocks:
        if unit and not _belong(unit[-1], block):
            yield _Unit(unit, _count(unit, count))
            unit = []
        unit.append(block)
    if unit:
        yield _Unit(unit, _count(unit, count))


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


def _count(blocks: Sequence[Block], count: Count) -> int:
    return sum(count(block_markdown(block)) for block in blocks if block.kind != "heading")


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
