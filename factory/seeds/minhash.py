"""MinHash over word n-grams, compiled: from UTF-8 to shingles, signatures, band keys and exact Jaccard.

Words are runs of letters and digits in any script; in scripts that are written without spaces (Chinese,
Japanese, Thai and others) each character counts as a word. Texts are lower-cased before.
"""

from __future__ import annotations

import functools
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numba import njit
from numpy.typing import NDArray

PERMUTATIONS = 128
RECALL = 0.99
"""The share of pairs at the threshold that the bands are to find, at least."""
ALL_PAIRS = 32
"""Texts of a group that are compared each with each."""

_MARK, _WORD, _ALONE = 0, 1, 2
_TABLE = 0x20000
_UNSPACED = (
    (0x0E00, 0x0EFF),  # Thai, Lao
    (0x1000, 0x109F),  # Burmese
    (0x1780, 0x17FF),  # Khmer
    (0x3040, 0x30FF),  # Hiragana, Katakana
    (0x3400, 0x9FFF),  # Han
    (0xF900, 0xFAFF),
)

Texts = Sequence[str]
Words32 = NDArray[np.uint32]
Words64 = NDArray[np.uint64]
Numbers = NDArray[np.int64]


@dataclass(frozen=True)
class Bands:
    """How a signature is cut: `bands` of `rows` values; two texts are candidates where a band is equal."""

    bands: int
    rows: int

    def recall(self, jaccard: float) -> float:
        """The chance that a pair of that similarity becomes a candidate: 1 - (1 - s^rows)^bands."""
        return float(1 - (1 - jaccard**self.rows) ** self.bands)


def bands_for(threshold: float, permutations: int = PERMUTATIONS, recall: float = RECALL) -> Bands:
    """The longest bands that still find `recall` of the pairs at the threshold, so that few others are."""
    options = [Bands(permutations // rows, rows) for rows in range(permutations, 0, -1)]
    return next((one for one in options if one.recall(threshold) >= recall), options[-1])


@dataclass(frozen=True)
class Hashed:
    """Texts as hashes of their shingles: those of text i are ``hashes[ends[i]:ends[i + 1]]``."""

    hashes: Words64
    ends: Numbers


def hash_texts(texts: Texts, ngram: int = 5, *, distinct: bool = False) -> Hashed:
    """The shingles of each text: its word n-grams; all its words as one where it has fewer than `ngram`.

    `distinct`: sorted and each once, as `jaccard` needs them and signatures do not: it costs most of the time.
    """
    encoded = [text.lower().encode("utf-8", "replace") for text in texts]
    starts = np.zeros(len(encoded) + 1, np.int64)
    np.cumsum([len(text) for text in encoded], out=starts[1:])
    buffer = np.frombuffer(b"".join(encoded) or b"\0", np.uint8)
    hashes, ends = _hash(buffer, starts, _classes(), ngram, distinct)
    return Hashed(hashes, ends)


def signatures(hashed: Hashed, permutations: int = PERMUTATIONS) -> Words32:
    """One row of `permutations` values a text. Equal values estimate Jaccard similarity."""
    multipliers, offsets = _permutations(permutations)
    made: Words32 = _sign(hashed.hashes, hashed.ends, multipliers, offsets)
    return made


def band_keys(signed: Words32, bands: Bands) -> Words64:
    """One row of keys a text, one a band: equal where all values of the band are."""
    keys: Words64 = _keys(signed, bands.bands, bands.rows)
    return keys


def jaccard(one: Words64, other: Words64) -> float:
    """The exact similarity of two texts by their sorted shingles."""
    return float(_jaccard(one, other))


@functools.cache
def _permutations(count: int) -> tuple[Words32, Words32]:
    """Affine maps modulo 2**32 with odd multipliers: cheap, and each a permutation of the hashes."""
    random = np.random.Generator(np.random.PCG64(20241212))
    multipliers = random.integers(0, 2**32, count, dtype=np.uint32) | np.uint32(1)
    return multipliers, random.integers(0, 2**32, count, dtype=np.uint32)


@functools.cache
def _classes() -> NDArray[np.uint8]:
    """What each character is: of a word, a word by itself, or neither."""
    table = np.zeros(_TABLE, np.uint8)
    for code in range(_TABLE):
        if unicodedata.category(chr(code))[0] in "LMN":
            table[code] = _WORD
    for first, last in _UNSPACED:
        part = table[first : last + 1]
        part[part == _WORD] = _ALONE
    return table


@njit(cache=True)
def _mix(value):  # type: ignore[no-untyped-def]
    """The finaliser of splitmix64: every bit of the input changes half of the output's."""
    value = np.uint64(value)
    value ^= value >> np.uint64(30)
    value *= np.uint64(0xBF58476D1CE4E5B9)
    value ^= value >> np.uint64(27)
    value *= np.uint64(0x94D049BB133111EB)
    return value ^ (value >> np.uint64(31))


@njit(cache=True)
def _words(buffer, start, end, classes, out):  # type: ignore[no-untyped-def]
    """Writes the hash of each word of a text to `out`; returns how many there are."""
    prime, basis = np.uint64(0x100000001B3), np.uint64(0xCBF29CE484222325)
    count, inside, value = 0, False, basis
    at = start
    while at < end:
        byte = np.int64(buffer[at])
        if byte < 0x80:
            size, code = 1, byte
        elif byte < 0xE0:
            size, code = 2, byte & 0x1F
        elif byte < 0xF0:
            size, code = 3, byte & 0x0F
        else:
            size, code = 4, byte & 0x07
        for step in range(1, size):
            code = (code << 6) | (np.int64(buffer[at + step]) & 0x3F)
        # Beyond the table lie rarer Han characters, and little else that is text.
        kind = classes[code] if code < len(classes) else 2
        if kind != 1 and inside:
            out[count] = value
            count += 1
            inside, value = False, basis
        if kind != 0:
            for step in range(size):
                value = (value ^ np.uint64(buffer[at + step])) * prime
            inside = kind == 1
            if kind == 2:
                out[count] = value
                count += 1
                value = basis
        at += size
    if inside:
        out[count] = value
        count += 1
    return count


@njit(cache=True)
def _hash(buffer, starts, classes, ngram, distinct):  # type: ignore[no-untyped-def]
    texts = len(starts) - 1
    ends = np.zeros(texts + 1, np.int64)
    hashes = np.empty(starts[texts] + texts, np.uint64)
    longest = 1
    for text in range(texts):
        longest = max(longest, starts[text + 1] - starts[text])
    words = np.empty(longest, np.uint64)
    filled = 0
    for text in range(texts):
        count = _words(buffer, starts[text], starts[text + 1], classes, words)
        first = filled
        size = min(ngram, count)
        if size > 0:
            for at in range(count - size + 1):
                value = np.uint64(size)
                for step in range(size):
                    value = value * np.uint64(0x9E3779B97F4A7C15) + words[at + step]
                hashes[filled] = _mix(value)
                filled += 1
        if distinct and filled > first:
            hashes[first:filled].sort()
            last = first
            for at in range(first + 1, filled):
                if hashes[at] != hashes[last]:
                    last += 1
                    hashes[last] = hashes[at]
            filled = last + 1
        ends[text + 1] = filled
    return hashes[:filled].copy(), ends


@njit(cache=True)
def _sign(hashes, ends, multipliers, offsets):  # type: ignore[no-untyped-def]
    texts, count = len(ends) - 1, len(multipliers)
    signed = np.full((texts, count), np.uint32(0xFFFFFFFF), np.uint32)
    for text in range(texts):
        row = signed[text]
        for at in range(ends[text], ends[text + 1]):
            shingle = np.uint32(hashes[at] >> np.uint64(32))
            for place in range(count):
                value = np.uint32(multipliers[place] * shingle + offsets[place])
                row[place] = min(row[place], value)
    return signed


@njit(cache=True)
def _keys(signed, bands, rows):  # type: ignore[no-untyped-def]
    texts = signed.shape[0]
    keys = np.empty((texts, bands), np.uint64)
    for text in range(texts):
        for band in range(bands):
            value = np.uint64(band)
            for row in range(rows):
                value = _mix(value + np.uint64(signed[text, band * rows + row]))
            keys[text, band] = value
    return keys


@njit(cache=True)
def _jaccard(one, other):  # type: ignore[no-untyped-def]
    first, second, common = 0, 0, 0
    while first < len(one) and second < len(other):
        if one[first] == other[second]:
            common += 1
            first += 1
            second += 1
        elif one[first] < other[second]:
            first += 1
        else:
            second += 1
    union = len(one) + len(other) - common
    return common / union if union else 1.0


class Groups:
    """Pairs the texts of one band that have a key in common, from blocks of rows sorted by key and rank.

    The first `ALL_PAIRS` texts of a group are paired each with each; a later one with the group's first and with
    the one before it, so that a page that was copied a million times makes two million pairs. What a group held
    is carried from block to block: where blocks end changes nothing.
    """

    def __init__(self) -> None:
        self._members = np.empty(ALL_PAIRS + 1, np.int64)
        self._state = np.zeros(1, np.uint64), np.zeros(1, np.int64)

    def pairs(self, keys: Words64, ranks: Numbers) -> tuple[Numbers, Numbers]:
        """The pairs that the rows complete: in each, the text of the lower rank first."""
        first, second = _pair(keys, ranks, *self._state, self._members)
        return first, second


@njit(cache=True)
def _pair(keys, ranks, group, size, members):  # type: ignore[no-untyped-def]
    most = len(members) - 1
    first = np.empty(len(keys) * most, np.int64)
    second = np.empty(len(keys) * most, np.int64)
    filled = 0
    for row in range(len(keys)):
        if size[0] == 0 or keys[row] != group[0]:
            group[0], size[0] = keys[row], 0
        rank, before = ranks[row], size[0]
        if before < most:
            for place in range(before):
                first[filled], second[filled] = members[place], rank
                filled += 1
            members[before] = rank
        else:
            first[filled], second[filled] = members[0], rank
            first[filled + 1], second[filled + 1] = members[most], rank
            filled += 2
        members[most] = rank
        size[0] = before + 1
    return first[:filled].copy(), second[:filled].copy()


@njit(cache=True)
def settle(  # type: ignore[no-untyped-def]
    first, second, hashes, ends, threshold, kept_by, similarity
):
    """Decides pairs in the order of the second's rank: a text goes where one that stays, and ranks before it, is
    like it. Where the first of a pair went already, the text that stands for it is compared in its place.

    The shingles of text i are ``hashes[ends[i]:ends[i + 1]]``. `kept_by` holds -1 for texts that stay, else the
    text that stands for it; `similarity` the Jaccard of the two.
    """
    last, against = -1, -1
    for pair in range(len(first)):
        a, b = first[pair], second[pair]
        if kept_by[b] >= 0:
            continue
        if kept_by[a] >= 0:
            a = kept_by[a]
        if a == against and b == last:
            continue
        last, against = b, a
        one, other = hashes[ends[a] : ends[a + 1]], hashes[ends[b] : ends[b + 1]]
        if min(len(one), len(other)) < threshold * max(len(one), len(other)):
            continue  # even if the one held all of the other
        value = _jaccard(one, other)
        if value >= threshold:
            kept_by[b] = a
            similarity[b] = value
