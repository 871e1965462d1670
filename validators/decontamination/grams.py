"""Tokens and n-grams as 64-bit hashes, and sets of n-grams that are quick to look up."""

from __future__ import annotations

import functools
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from validators.decontamination import compiled
from validators.decontamination.compiled import Hashes, Numbers
from validators.decontamination.tokens import folded, is_mark, is_unspaced, split, tokenize

_BITS = 16
"""Bits of the map for each n-gram: so few of the others pass."""

_TABLE = 0x34000
"""Characters beyond are of no word, but for variation selectors."""

Characters = tuple[NDArray[np.uint8], NDArray[np.int32], NDArray[np.int32]]
"""What each is, what it is folded to, and what is folded to several."""


@dataclass(frozen=True)
class Tokens:
    """A text as hashes of its tokens. `numbers`: which of them are digits alone; `begins`: where they begin in
    `buffer`, which is the text in UTF-8, folded already where `folds`."""

    hashes: Hashes
    numbers: NDArray[np.bool_]
    begins: Numbers
    buffer: bytes
    folds: bool

    def words(self, start: int, end: int) -> list[str]:
        """The tokens from one up to another, as words."""
        read = split if self.folds else tokenize
        if self.begins[start] < 0 or self.begins[end] < 0:  # a character that is several tokens
            return read(self.buffer.decode("utf-8", "surrogatepass"))[start:end]
        span = self.buffer[self.begins[start] : self.begins[end]].decode("utf-8", "surrogatepass")
        words = [word for word in read(span) if word]
        if len(words) < end - start:  # the empty tokens at the ends of a text
            words = [""] * bool(self.hashes[start] == compiled.EMPTY) + words
            words += [""] * (end - start - len(words))
        return words

    @functools.cached_property
    def masked(self) -> tuple[Hashes, Numbers]:
        """The tokens with each run of numbers as one, and where each of these stood."""
        hashes, origins = compiled.mask(self.hashes, self.numbers)
        return hashes, origins


@dataclass(frozen=True)
class Grams:
    """A set of n-grams: hashes, each once, and for each the place of one occurrence or the number of a list."""

    n: int
    keys: Hashes
    places: Numbers
    bits: NDArray[np.uint64] = field(init=False, repr=False)
    slots: NDArray[np.int32] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        room = 1 << max(6, int(self.keys.size).bit_length())
        object.__setattr__(self, "bits", np.zeros(room * _BITS // 64, np.uint64))
        object.__setattr__(self, "slots", np.zeros(room * 2, np.int32))
        compiled.fill(self.keys, self.bits, self.slots)

    def find(self, tokens: Hashes) -> tuple[Numbers, Numbers]:
        """Where n-grams of the set start among tokens, and which keys they are."""
        starts, found = compiled.find(tokens, self.n, self.keys, self.bits, self.slots)
        return starts, found

    def touch(self, tokens: Hashes, numbers: NDArray[np.bool_]) -> bool:
        """Whether an n-gram of the set that has a masked number is among tokens."""
        return bool(compiled.touches(tokens, numbers, self.n, self.keys, self.bits, self.slots))


def hash_text(text: str) -> Tokens:
    """The tokens of `tokens.tokenize`, as hashes."""
    found = _hashed(text, folds=False)
    return _hashed(folded(text), folds=True) if not found.hashes.size else found


def hash_words(words: Sequence[str]) -> Hashes:
    """Tokens that `tokens.tokenize` gave, as hashes."""
    made = np.full(len(words), compiled.EMPTY)
    if any(words):
        there = np.array([bool(word) for word in words])
        made[there] = _hashed(" ".join(filter(None, words)), folds=True).hashes
    return made


def _hashed(text: str, *, folds: bool) -> Tokens:
    """No token where a character depends on its neighbours: the text must be folded first."""
    buffer = text.encode("utf-8", "surrogatepass")
    characters = _folded_characters() if folds else _characters()
    hashes, numbers, begins = compiled.hash_tokens(np.frombuffer(buffer, np.uint8), *characters)
    return Tokens(hashes, numbers, begins, buffer, folds)


@functools.cache
def _folded_characters() -> Characters:
    """What each character of a folded text is: itself."""
    classes = np.fromiter(map(_class, map(chr, range(_TABLE))), np.uint8, _TABLE)
    return classes, np.arange(_TABLE, dtype=np.int32), np.zeros(1, np.int32)


@functools.cache
def _characters() -> Characters:
    """What each character of any text is, and what it is folded to."""
    known, codes, _ = _folded_characters()
    classes, codes = known.copy(), codes.copy()
    several, joined = [0], _joined()
    for code in range(_TABLE):
        if 0x3400 <= code < 0xA000 or 0xAC00 <= code < 0xD7A4 or 0x20000 <= code < 0x2F800:
            continue  # Han and Hangul, which stay as they are
        char = folded(chr(code))
        kinds = [int(known[ord(one)]) for one in char]
        if not any(kinds):
            classes[code] = compiled.SEPARATOR
        elif code in joined or any(ord(one) in joined for one in char):
            classes[code] = compiled.ASK
        elif len(char) == 1:
            classes[code], codes[code] = kinds[0], ord(char)
            if is_mark(char):
                codes[code] |= unicodedata.combining(char) << compiled.RANK
        elif any(map(is_mark, char)):
            classes[code] = compiled.ASK
        else:
            classes[code], codes[code] = compiled.SEVERAL, len(several)
            several += [len(char), *map(ord, char)]
    return classes, codes, np.array(several, np.int32)


def _joined() -> set[int]:
    """Characters that may be joined with the one before: Korean letters, and what any composed one ends with."""
    parts = (unicodedata.decomposition(chr(code)).split() for code in range(_TABLE))
    return {*range(0x1100, 0x1200), *(int(two[1], 16) for two in parts if len(two) == 2 and two[0][0] != "<")}


def _class(char: str) -> int:
    alone = is_unspaced(char)
    if is_mark(char):
        return compiled.ALONE_MARK if alone else compiled.MARK
    if not char.isalnum() and char != "_":
        return compiled.SEPARATOR
    kind = compiled.ALONE if alone else compiled.WORD
    return kind + compiled.DIGIT if unicodedata.category(char) == "Nd" else kind
