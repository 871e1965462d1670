"""`outliers`: what stands far from the rest of its seed set, by n-gram statistics and compression ratio."""

from __future__ import annotations

import math
import pickle
import re
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from factory.plugins import Drop, SeedsInOrder, SomeSeeds, cleaner
from factory.records import Document, Passage
from factory.seeds.cleaners.corruption import compression_ratio
from factory.seeds.plain import prose

Numbers = NDArray[np.float64]
Whole = NDArray[np.int64]
FIGURES = ("surprise", "compression")
READ = 20_000
"""Characters of a text that are looked at."""

SPREAD = 3.0
"""Bits by which single letters surprise more or less: of few letters, the mean is that much less sure."""

NARROWEST = (0.05, 0.03)
"""Deviations (bits; share) below which texts are alike, and none stands out."""

BLOCKS, BLOCK = 8, 1000
"""So many parts of a text are compressed, each of so many characters: a longer one would seem to repeat itself more."""

PAIR, THIRD = 14, 8
"""Bits of the hashes of two letters, and of the one behind them."""

UNSEEN = 0.05
"""How often a triple that never stood there counts as having stood there."""

_WORD = re.compile(r"[^\W\d_]+")


@cleaner(takes=(Document, Passage))
class outliers:
    """Leaves out texts whose letters are unlike those of their language in this very seed set.

    Two figures a text: the mean surprise of each letter after the two before it, as the other texts of its language
    have them (bits; language as `language` scored it before; of the prose, without code, formulas, digits and
    marks), and the compression ratio of 1,000 characters (of shorter texts it is not told). A text goes when one of
    them lies more than `sigmas` robust deviations (1.4826 x median absolute deviation; more for short texts) from
    the median: misread scans, other encodings, letters apart or run together. Languages of fewer than `least` texts
    are judged together. Source: phi-4 report, section 2.3.
    """

    def __init__(self, *, sigmas: float = 6.0, least: int = 50) -> None:
        self.sigmas, self.least = sigmas, least

    def choose(self, seeds: SeedsInOrder) -> Iterator[tuple[str, Drop]]:
        """First time through: what is usual. Second time: what is far from it."""
        usual: defaultdict[str, list[_Counted]] = defaultdict(list)
        sizes: Counter[str] = Counter()
        for counted, count in seeds.map(_usual):
            sizes.update(count)
            for name, one in counted.items():
                usual[name] = [_together([*usual[name], one])]
        groups = {name: name if size >= self.least else "" for name, size in sizes.items()}
        merged: defaultdict[str, list[_Counted]] = defaultdict(list)
        for name, counted_texts in usual.items():
            merged[groups[name]] += counted_texts
        known = seeds.scratch / "usual"
        known.write_bytes(pickle.dumps((groups, {name: _together(some) for name, some in merged.items()})))
        figures: defaultdict[str, list[Numbers]] = defaultdict(list)
        ids: defaultdict[str, list[str]] = defaultdict(list)
        for measured in seeds.map(partial(_measure, usual=known)):
            for name, (some, values) in measured.items():
                ids[name] += some
                figures[name].append(values)
        for name in sorted(figures):
            yield from self._far(ids[name], np.concatenate(figures[name]))

    def _far(self, ids: list[str], rows: Numbers) -> Iterator[tuple[str, Drop]]:
        """`rows`: surprise, compression and letters of each text."""
        if len(ids) < 3:
            return
        surprise, compression, letters = rows.T
        distances = (
            _distances(surprise, NARROWEST[0], SPREAD / np.sqrt(np.maximum(letters, 1))),
            _distances(compression, NARROWEST[1], 0.0),
        )
        far = np.maximum(*distances)
        for place in np.flatnonzero(far > self.sigmas).tolist():
            which = int(distances[1][place] > distances[0][place])
            told = {
                FIGURES[which]: round(float(rows[place, which]), 3),
                "sigmas": round(float(far[place]), 1),
            }
            yield ids[place], Drop(f"outlier: {FIGURES[which]}", told)


def _distances(values: Numbers, least: float, more: Numbers | float) -> Numbers:
    """How many robust deviations each value lies from the median; none where there is no value."""
    there = values[~np.isnan(values)]
    if not len(there):
        return np.zeros(len(values))
    away = np.abs(values - np.median(there))
    deviation = max(1.4826 * float(np.median(np.abs(there - np.median(there)))), least)
    return np.nan_to_num(away / np.hypot(deviation, more))


class _Counted(NamedTuple):
    """How often each triple of letters stood there: keys, sorted, and counts. A key is a hash of the first two letters
    and one of the third behind it, of so few bits that there are at most four million, however much text there is."""

    keys: Whole
    counts: Whole

    def plus(self, other: _Counted) -> _Counted:
        """Both together."""
        keys, places = np.unique(np.concatenate([self.keys, other.keys]), return_inverse=True)
        counts = np.bincount(places, np.concatenate([self.counts, other.counts]))
        return _Counted(keys, counts.astype(np.int64))

    def pairs(self, keys: Whole) -> Whole:
        """How often the pair stood there that each of some keys begins with."""
        below = np.concatenate([[0], np.cumsum(self.counts)])
        first, end = (np.searchsorted(self.keys, (keys >> THIRD) + more << THIRD) for more in (0, 1))
        counted: Whole = below[end] - below[first]
        return counted

    def surprise(self, own: _Counted) -> float:
        """The mean surprise, in bits of a letter, of a text that is counted here too, by all the others."""
        if not len(own.keys):
            return 0.0
        there = self.counts[np.searchsorted(self.keys, own.keys)] - own.counts
        before = self.pairs(own.keys) - own.pairs(own.keys)
        bits = -np.log2((there + UNSEEN) / (before + UNSEEN * 2**THIRD))
        return float((bits * own.counts).sum() / own.counts.sum())


def _counted(text: str) -> _Counted:
    words = f" {' '.join(_WORD.findall(prose(text[:READ]).lower()))} "
    codes = np.frombuffer(words.encode("utf-32-le", "replace"), np.uint32).astype(np.uint64)
    pairs = (codes[:-2] * np.uint64(0x9E3779B1) + codes[1:-1]) * np.uint64(0x9E3779B97F4A7C15)
    keys = (pairs >> np.uint64(64 - PAIR)) << np.uint64(THIRD) | codes[2:] * np.uint64(
        0x9E3779B1
    ) % np.uint64(2**THIRD)
    found, counts = np.unique(keys.astype(np.int64), return_counts=True)
    return _Counted(found, counts)


def _usual(part: SomeSeeds) -> tuple[dict[str, _Counted], Counter[str]]:
    """The letters of a part by language, and how many texts each language has."""
    texts: defaultdict[str, list[_Counted]] = defaultdict(list)
    for member in part:
        texts[str(member.scores.get("language", ""))].append(_counted(member.text))
    sizes = Counter({name: len(some) for name, some in texts.items()})
    return {name: _together(some) for name, some in texts.items()}, sizes


def _together(some: Sequence[_Counted]) -> _Counted:
    keys, counts = (np.concatenate(columns) for columns in zip(*some, strict=True))
    return _Counted(keys, counts).plus(_NOTHING)


def _measure(part: SomeSeeds, usual: Path) -> dict[str, tuple[list[str], Numbers]]:
    """The ids of a part by language, and a row for each: its surprise, its compression ratio and its letters."""
    groups, known = pickle.loads(usual.read_bytes())
    found: defaultdict[str, tuple[list[str], list[tuple[float, ...]]]] = defaultdict(lambda: ([], []))
    for member in part:
        name = groups[str(member.scores.get("language", ""))]
        own = _counted(member.text)
        figures = known[name].surprise(own), _compression(member.text), float(own.counts.sum())
        found[name][0].append(member.seed_id)
        found[name][1].append(figures)
    return {name: (ids, np.array(figures)) for name, (ids, figures) in found.items()}


def _compression(text: str) -> float:
    """The mean compression ratio of parts that are equally long; not a number where there is none."""
    starts = np.linspace(0, len(text) - BLOCK, min(BLOCKS, len(text) // BLOCK)).astype(int)
    ratios = [compression_ratio(text[start : start + BLOCK]) for start in starts]
    return sum(ratios) / len(ratios) if ratios else math.nan


_NOTHING = _Counted(np.zeros(0, np.int64), np.zeros(0, np.int64))
