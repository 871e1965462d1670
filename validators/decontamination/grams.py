"""Tokens and n-grams as 64-bit hashes, and sets of n-grams that are quick to look up."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from validators.decontamination import compiled
from validators.decontamination.characters import Characters, characters, folded_characters
from validators.decontamination.compiled import (
    EMPTY,
    Hashes,
    Numbers,
    Table,
    hash_tokens,
    mask,
    numbers_among,
)
from validators.decontamination.tokens import folded, split, tokenize

_BITS = 16
"""Bits of the map for each n-gram: so few of the others pass."""


@dataclass(frozen=True)
class Tokens:
    """A text as hashes of its tokens. `ends`: where they end in `buffer`, which is the text in UTF-8, folded already
    where `folds`."""

    hashes: Hashes
    ends: Numbers
    buffer: NDArray[np.uint8]
    folds: bool

    @property
    def numbers(self) -> NDArray[np.bool_]:
        """Which of them are digits alone."""
        return numbers_among(self.hashes)

    def words(self, start: int, end: int) -> list[str]:
        """The tokens from one up to another, as words."""
        read = split if self.folds else tokenize
        first, last = int(self.ends[start - 1]) if start else 0, int(self.ends[end - 1])
        if first < 0 or last < 0:  # a character that is several tokens
            return read(self._said(0, self.buffer.size))[start:end]
        words = [word for word in read(self._said(first, last)) if word]
        if len(words) < end - start:  # the empty tokens at the ends of a text
            words = [""] * bool(self.hashes[start] == EMPTY) + words
            words += [""] * (end - start - len(words))
        return words

    def _said(self, first: int, last: int) -> str:
        return self.buffer[first:last].tobytes().decode("utf-8", "surrogatepass")

    @functools.cached_property
    def masked(self) -> tuple[Hashes, Numbers]:
        """The tokens with each run of numbers as one, and where each of these stood."""
        hashes, origins = mask(self.hashes)
        return hashes, origins


@dataclass(frozen=True)
class Grams:
    """A set of n-grams: hashes, each once, and for each the place of one occurrence or the number of a list.
    `table`: the set as compiled code takes it."""

    keys: Hashes
    places: Numbers
    table: Table = field(init=False, repr=False)

    def __post_init__(self) -> None:
        room = 1 << max(6, int(self.keys.size).bit_length())
        table = self.keys, np.zeros(room * _BITS // 64, np.uint64), np.zeros(room * 2, np.int32)
        compiled.enter(*table)
        object.__setattr__(self, "table", table)

    def find(self, grams: Hashes) -> tuple[Numbers, Numbers]:
        """Which of a text's n-grams are of the set, and which keys they are."""
        found, keys = compiled.find(grams, self.table)
        return found, keys


@dataclass(frozen=True)
class Seen:
    """What a first look found in a text: its n-grams, and which of them are of which keys of `Sought.overlap`; whether
    it has something of `masked`, and of `asked`."""

    tokens: Tokens
    grams: Hashes
    starts: Numbers
    keys: Numbers
    altered: bool
    asks: bool


@dataclass(frozen=True)
class Sought:
    """What a first look at a text is for: `overlap` and `masked`, n-grams of items as they are and with numbers
    masked; `asked`, the ends of questions, of as many tokens as `sizes` say."""

    n: int
    overlap: Grams
    masked: Grams
    asked: Grams
    sizes: Numbers

    def look(self, text: str) -> Seen | None:
        """What of it may be in a text."""
        seen = self._look(text, folds=False)
        return self._look(folded(text), folds=True) if seen and not seen.tokens.hashes.size else seen

    def _look(self, text: str, *, folds: bool) -> Seen | None:
        buffer, table = _encoded(text), _table(folds)
        sets = self.overlap.table, self.masked.table, self.sizes, self.asked.table
        seen = compiled.look(buffer, *table, self.n, *sets)
        if seen is None:
            return None
        hashes, ends, *found = seen
        return Seen(Tokens(hashes, ends, buffer, folds), *found)


def hash_text(text: str) -> Tokens:
    """The tokens of `tokens.tokenize`, as hashes."""
    found = _hashed(text, folds=False)
    return _hashed(folded(text), folds=True) if not found.hashes.size else found


def hash_words(words: Sequence[str]) -> Hashes:
    """Tokens that `tokens.tokenize` gave, as hashes."""
    made = np.full(len(words), EMPTY)
    if any(words):
        there = np.array([bool(word) for word in words])
        made[there] = _hashed(" ".join(filter(None, words)), folds=True).hashes
    return made


def _hashed(text: str, *, folds: bool) -> Tokens:
    """No token where a character depends on its neighbours: the text must be folded first."""
    buffer = _encoded(text)
    hashes, ends = hash_tokens(buffer, *_table(folds))
    return Tokens(hashes, ends, buffer, folds)


def _encoded(text: str) -> NDArray[np.uint8]:
    return np.frombuffer(text.encode("utf-8", "surrogatepass"), np.uint8)


def _table(folds: bool) -> Characters:
    return folded_characters() if folds else characters()
