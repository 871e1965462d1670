"""`outliers`: what stands far from the rest of its seed set, by n-gram statistics and compression ratio."""

from __future__ import annotations

import math
import pickle
import re
import sys
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from functools import cache, partial
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from factory.plugins import Drop, SeedsInOrder, SomeSeeds, cleaner
from factory.records import Document, Passage
from factory.seeds.cleaners.corruption import compression_ratio
from factory.seeds.plain import UNSPACED_CODES, prose

Numbers = NDArray[np.float64]
Whole = NDArray[np.int64]
FIGURES = ("surprise", "strange", "compression", "order", "common")
LOW, SOONER = {3: 0.0, 4: 0.22}, 1.5
"""Of these figures only what is below a bound is told (words that follow each other no more often than by chance;
hardly any common ones), so that where most texts are copies the others stay; and sooner, since hardly a text is."""

READ = 20_000
"""Characters of a text that are looked at."""

SPREAD = (3.0, 0.1, 0.0, 6.0, 1.0)
"""How much single letters differ in each figure: of few letters, their mean is that much less sure."""

NARROWEST = (0.05, 0.004, 0.03, 0.05, 0.01)
"""Deviations (bits; shares) below which texts are alike, and none stands out."""

STRANGE = 9.0
"""Bits from which on a letter hardly ever follows the two before it, as misread ones do."""

BLOCKS, BLOCK = 8, 1000
"""So many parts of a text are compressed, each of so many characters: a longer one would seem to repeat itself more."""

PAIR, THIRD = 14, 8
"""Bits of the hashes of two letters, and of the one behind them."""

UNSEEN = 0.05
"""How often a triple that never stood there counts as having stood there."""

WORD = 11
"""Bits of the hash of a word: pairs of words are no more than triples of letters."""

EXPECTED, ADDED, PAIRS = 0.5, 0.5, 20
"""How often chance alone would put two words behind each other, at least, for their order to tell something; what is
added to that and to how often they did; and how many such pairs it takes."""

WORDS = 1 << (PAIR + THIRD)
"""Keys of pairs of words begin here, those of letters end."""

COMMON = 0.002
"""The share of a language's words from which on one is common, as small words are."""

_ODD = np.uint64(0x9E3779B97F4A7C15)
_WORD = re.compile(r"[^\W\d_]+")


@cleaner(takes=(Document, Passage))
class outliers:
    """Leaves out texts whose letters and words are unlike those of their language in this very seed set.

    Five figures a text: the mean surprise of each letter after the two before it, as the other texts of its language
    have them (bits; language as `language` scored it before; of the prose, without code, formulas, digits and marks),
    the share of letters that hardly ever follow these two (`strange`), the compression ratio of 1,000 characters
    (of shorter texts it is not told), by how many bits likelier words follow each other than by chance (`order`), and
    the share of words that are common. A text goes when one of them lies more than `sigmas` robust deviations (1.4826 x
    median absolute deviation; more for short texts) from the median: misread scans, other encodings, letters apart or
    run together; of the last two only what is too low, from two thirds of that on: shuffled words, lists of words,
    texts without their small words. Languages of fewer than `least` texts are judged together. Source: phi-4 report,
    section 2.3.
    """

    def __init__(self, *, sigmas: float = 6.0, least: int = 50) -> None:
        self.sigmas, self.least = sigmas, least

    def choose(self, seeds: SeedsInOrder) -> Iterator[tuple[str, Drop]]:
        """First time through: what is usual. Second time: how far each text is from it."""
        usual: defaultdict[str, list[_Counted]] = defaultdict(list)
        sizes: Counter[str] = Counter()
        for counted, count in seeds.map(_usual):
            sizes.update(count)
            for name, one in counted.items():
                usual[name] = _gathered([*usual[name], one])
        groups = {name: name if size >= self.least else "" for name, size in sizes.items()}
        merged: defaultdict[str, list[_Counted]] = defaultdict(list)
        for name, counted_texts in usual.items():
            merged[groups[name]] += counted_texts
        known = seeds.scratch / "usual"
        together = {name: _together(some) for name, some in merged.items()}
        known.write_bytes(
            pickle.dumps((groups, {name: _Known(*one.parted()) for name, one in together.items()}))
        )
        figures: defaultdict[str, list[Numbers]] = defaultdict(list)
        for measured in seeds.map(partial(_measure, usual=known)):
            for name, values in measured.items():
                figures[name].append(values)
        middles = {name: _middles(np.concatenate(values)) for name, values in figures.items()}
        for far in seeds.map(partial(_far, middles=middles, sigmas=self.sigmas)):
            yield from far


class _Middle(NamedTuple):
    """The median of a figure, and the robust deviation from it."""

    median: float
    deviation: float


def _middles(rows: Numbers) -> tuple[_Middle, ...]:
    """The middle of each figure. `rows`: the figures of each text, and its letters."""
    middles = []
    for values, least in zip(rows.T, NARROWEST, strict=False):
        there = values[~np.isnan(values)]
        median = float(np.median(there)) if len(there) else 0.0
        away = 1.4826 * float(np.median(np.abs(there - median))) if len(there) else 0.0
        middles.append(_Middle(median, max(away, least)))
    return tuple(middles) if len(rows) >= 3 else ()


def _far(part: SomeSeeds, middles: dict[str, tuple[_Middle, ...]], sigmas: float) -> list[tuple[str, Drop]]:
    """The seeds of a part that lie too far from the middle of their language."""
    gone = []
    for name, (ids, rows) in pickle.loads(_figures(part).read_bytes()).items():
        if not middles[name]:
            continue
        root = np.sqrt(np.maximum(rows[:, -1], 1))
        distances = np.array(
            [
                _distance(number, values, middle, more / root)
                for number, (values, middle, more) in enumerate(
                    zip(rows.T, middles[name], SPREAD, strict=False)
                )
            ]
        )
        for place in np.flatnonzero(distances.max(axis=0) > sigmas).tolist():
            which = int((distances[:, place] > sigmas).argmax())
            told = {
                FIGURES[which]: round(float(rows[place, which]), 3),
                "sigmas": round(float(distances[which, place]), 1),
            }
            gone.append((ids[place], Drop(f"outlier: {FIGURES[which]}", told)))
    return gone


def _distance(number: int, values: Numbers, middle: _Middle, spread: Numbers) -> Numbers:
    """How many deviations the values of a figure lie from its middle; 0 where there is no value."""
    away = np.nan_to_num((values - middle.median) / np.hypot(middle.deviation, spread))
    return np.where(values < LOW[number], -SOONER * away, 0.0) if number in LOW else np.abs(away)


class _Counted(NamedTuple):
    """How often each triple of letters stood there, and each pair of words: keys, sorted, and counts. A key is a hash
    of the first two letters and one of the third behind it, or, from `WORDS` on, a hash of each word; of so few bits
    that there are at most four million of each, however much text there is."""

    keys: Whole
    counts: Whole

    def plus(self, other: _Counted) -> _Counted:
        """Both together."""
        keys, places = np.unique(np.concatenate([self.keys, other.keys]), return_inverse=True)
        counts = np.bincount(places, np.concatenate([self.counts, other.counts]))
        return _Counted(keys, counts.astype(np.int64))

    def parted(self) -> tuple[_Part, _Part]:
        """The triples of letters, and the pairs of words."""
        at = int(np.searchsorted(self.keys, WORDS))
        letters, words = self.keys[:at], self.keys[at:] - WORDS
        return (
            _Part(letters, self.counts[:at], _begins(letters >> THIRD, self.counts[:at], PAIR)),
            _Part(words, self.counts[at:], _begins(words >> WORD, self.counts[at:], WORD)),
        )


class _Part(NamedTuple):
    """Triples of letters, or pairs of words: keys, sorted, counts, and how often each beginning stood there."""

    keys: Whole
    counts: Whole
    begins: Whole

    def others(self, own: _Part) -> Whole:
        """How often what a text holds, that is counted here too, stands in all the others."""
        return self.counts[np.searchsorted(self.keys, own.keys)] - own.counts


def _begins(beginnings: Whole, counts: Whole, bits: int) -> Whole:
    return np.bincount(beginnings, counts, 1 << bits).astype(np.int64)


class _Known(NamedTuple):
    """What is usual in a language."""

    letters: _Part
    words: _Part

    def figures(self, own: _Counted, compression: float) -> tuple[float, ...]:
        """Of a text that is counted here too, by all the others: `FIGURES`, and how many letters it has."""
        letters, words = own.parted()
        return *self._surprise(letters), compression, *self._order(words), float(letters.counts.sum())

    def _surprise(self, own: _Part) -> tuple[float, float]:
        """The mean surprise, in bits of a letter, and the share of letters that are strange."""
        if not len(own.keys):
            return 0.0, 0.0
        before = (self.letters.begins - own.begins)[own.keys >> THIRD]
        bits = -np.log2((self.letters.others(own) + UNSEEN) / (before + UNSEEN * 2**THIRD))
        mean, strange = (np.average(values, weights=own.counts) for values in (bits, bits > STRANGE))
        return float(mean), float(strange)

    def _order(self, own: _Part) -> tuple[float, float]:
        """By how many bits likelier words follow each other than by chance, on average, and the share of words that are
        common; not a number where there is too little to tell."""
        each = self.words.begins - own.begins
        total = max(int(each.sum()), 1)
        first, second = own.keys >> WORD, own.keys & (2**WORD - 1)
        expected = each[first] * each[second] / total
        told = expected >= EXPECTED
        bits = np.log2((self.words.others(own) + ADDED) / (expected + ADDED))
        size, pairs = int(own.counts.sum()), int(own.counts[told].sum())
        order = np.average(bits[told], weights=own.counts[told]) if pairs >= PAIRS else math.nan
        common = np.average(each[first] > COMMON * total, weights=own.counts) if size >= PAIRS else math.nan
        return float(order), float(common)


def _counted(text: str) -> _Counted:
    text = f" {prose(text[:READ]).lower()} "
    codes = np.frombuffer(text.encode("utf-32-le", "replace"), np.uint32)
    letters = _letters()[codes]
    # One space before each word and behind the last, whatever stood there.
    kept = np.append(True, letters[1:] | letters[:-1])
    codes = np.where(letters, codes, ord(" "))[kept].astype(np.uint64)
    pairs = (codes[:-2] * np.uint64(0x9E3779B1) + codes[1:-1]) * _ODD
    keys = (pairs >> np.uint64(64 - PAIR)) << np.uint64(THIRD) | codes[2:] * np.uint64(
        0x9E3779B1
    ) % np.uint64(2**THIRD)
    hashes = _words(codes, not text.isascii())
    behind = (hashes[:-1] << np.uint64(WORD) | hashes[1:]) + np.uint64(WORDS)
    found, counts = np.unique(np.concatenate([keys, behind]).astype(np.int32), return_counts=True)
    return _Counted(found.astype(np.int64), counts)


@cache
def _letters() -> NDArray[np.bool_]:
    """Which characters words are made of, by their numbers."""
    letters = np.zeros(sys.maxunicode + 1, np.bool_)
    for run in _WORD.finditer("".join(map(chr, range(len(letters))))):
        letters[run.start() : run.end()] = True
    return letters


def _words(codes: NDArray[np.uint64], foreign: bool) -> NDArray[np.uint64]:
    """A hash of each word between spaces; in scripts without spaces, each character is a word."""
    space = codes == ord(" ")
    starts = ~space[1:] & space[:-1]
    if foreign and int(codes.max()) >= UNSPACED_CODES[0][0]:
        alone = np.zeros(len(codes), np.bool_)
        for first, last in UNSPACED_CODES:
            alone |= (codes >= first) & (codes <= last)
        starts |= ~space[1:] & (alone[1:] | alone[:-1])
    at = np.flatnonzero(starts) + 1
    if not len(at):
        return np.zeros(0, np.uint64)
    inside = np.where(space, np.uint64(0), codes)[at[0] :]
    places = np.arange(at[0], len(codes)) - np.repeat(at, np.diff(np.append(at, len(codes))))
    # A letter counts by its place: each place has an odd number of its own.
    sums = np.add.reduceat(inside * ((places.astype(np.uint64) * _ODD) | np.uint64(1)), at - at[0])
    return (sums * _ODD) >> np.uint64(64 - WORD)


def _usual(part: SomeSeeds) -> tuple[dict[str, _Counted], Counter[str]]:
    """The letters of a part by language, and how many texts each language has."""
    texts: defaultdict[str, list[_Counted]] = defaultdict(list)
    for member in part:
        texts[str(member.scores.get("language", ""))].append(_counted(member.text))
    sizes = Counter({name: len(some) for name, some in texts.items()})
    return {name: _together(some) for name, some in texts.items()}, sizes


def _gathered(some: list[_Counted]) -> list[_Counted]:
    """Counts in the same order, added up once those behind the first have as many keys as it: adding up each at once
    would go through the first for every part of the set."""
    behind = sum(len(one.keys) for one in some[1:])
    return [_together(some)] if behind >= len(some[0].keys) else some


def _together(some: Sequence[_Counted]) -> _Counted:
    keys, counts = (np.concatenate(columns) for columns in zip(*some, strict=True))
    return _Counted(keys, counts).plus(_NOTHING)


def _measure(part: SomeSeeds, usual: Path) -> dict[str, Numbers]:
    """A row for each seed of a part, by language: its figures, and its letters. A file keeps
    them, with the ids, for the part."""
    groups, known = pickle.loads(usual.read_bytes())
    found: defaultdict[str, tuple[list[str], list[tuple[float, ...]]]] = defaultdict(lambda: ([], []))
    for member in part:
        name = groups[str(member.scores.get("language", ""))]
        own = _counted(member.text)
        found[name][0].append(member.seed_id)
        found[name][1].append(known[name].figures(own, _compression(member.text)))
    made = {name: (ids, np.array(figures)) for name, (ids, figures) in found.items()}
    _figures(part).write_bytes(pickle.dumps(made))
    return {name: rows for name, (_, rows) in made.items()}


def _figures(part: SomeSeeds) -> Path:
    return part.scratch / f"{part.first}.figures"


def _compression(text: str) -> float:
    """The mean compression ratio of parts that are equally long; not a number where there is none."""
    starts = np.linspace(0, len(text) - BLOCK, min(BLOCKS, len(text) // BLOCK)).astype(int)
    ratios = [compression_ratio(text[start : start + BLOCK]) for start in starts]
    return sum(ratios) / len(ratios) if ratios else math.nan


_NOTHING = _Counted(np.zeros(0, np.int64), np.zeros(0, np.int64))
