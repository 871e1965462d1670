"""`outliers`: what stands far from the rest of its seed set, by n-gram statistics and compression ratio."""

from __future__ import annotations

import math
import pickle
from collections import Counter, defaultdict
from collections.abc import Iterator
from functools import partial
from itertools import pairwise
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from factory.plugins import Drop, SeedsInOrder, SomeSeeds, cleaner
from factory.records import Document, Passage
from factory.seeds.cleaners.corruption import compression_ratio

Numbers = NDArray[np.float64]
FIGURES = ("surprise", "compression")


@cleaner(takes=(Document, Passage))
class outliers:
    """Leaves out texts whose characters are unlike those of their language in this very seed set.

    Two figures a text: the mean surprise of its character pairs under the pairs of all texts of its language
    (bits; language as `language` scored it before), and its compression ratio. A text goes when one of them
    lies more than `sigmas` robust deviations (1.4826 x median absolute deviation) from the median. Languages
    of fewer than `least` texts are judged together. Source: phi-4 report, section 2.3.
    """

    def __init__(self, *, sigmas: float = 6.0, least: int = 50) -> None:
        self.sigmas, self.least = sigmas, least

    def choose(self, seeds: SeedsInOrder) -> Iterator[tuple[str, Drop]]:
        """First time through: what is usual. Second time: what is far from it."""
        pairs: defaultdict[str, Counter[str]] = defaultdict(Counter)
        sizes: Counter[str] = Counter()
        for counted, count in seeds.map(_usual):
            sizes.update(count)
            for name, one in counted.items():
                pairs[name].update(one)
        groups = {name: name if size >= self.least else "" for name, size in sizes.items()}
        merged: defaultdict[str, Counter[str]] = defaultdict(Counter)
        for name, one in pairs.items():
            merged[groups[name]].update(one)
        usual = seeds.scratch / "usual"
        usual.write_bytes(pickle.dumps((groups, {name: _costs(one) for name, one in merged.items()})))
        figures: defaultdict[str, list[Numbers]] = defaultdict(list)
        ids: defaultdict[str, list[str]] = defaultdict(list)
        for measured in seeds.map(partial(_measure, usual=usual)):
            for name, (some, values) in measured.items():
                ids[name] += some
                figures[name].append(values)
        for name in sorted(figures):
            yield from self._far(ids[name], list(np.concatenate(figures[name]).T))

    def _far(self, ids: list[str], columns: list[Numbers]) -> Iterator[tuple[str, Drop]]:
        if len(ids) < 3:
            return
        distances = []
        for values in columns:
            middle = np.median(values)
            deviation = 1.4826 * np.median(np.abs(values - middle))
            distances.append(np.abs(values - middle) / max(float(deviation), 1e-9))
        for place, seed_id in enumerate(ids):
            far = [float(distance[place]) for distance in distances]
            if max(far) > self.sigmas:
                which = FIGURES[far.index(max(far))]
                yield (
                    seed_id,
                    Drop(
                        f"outlier: {which}",
                        {
                            which: round(float(columns[far.index(max(far))][place]), 3),
                            "sigmas": round(max(far), 1),
                        },
                    ),
                )


def _usual(part: SomeSeeds) -> tuple[dict[str, Counter[str]], Counter[str]]:
    """Character pairs of a part by language, and how many texts each language has."""
    pairs: defaultdict[str, Counter[str]] = defaultdict(Counter)
    sizes: Counter[str] = Counter()
    for member in part:
        name = str(member.scores.get("language", ""))
        sizes[name] += 1
        pairs[name].update(_pairs(member.text))
    return dict(pairs), sizes


def _measure(part: SomeSeeds, usual: Path) -> dict[str, tuple[list[str], Numbers]]:
    """The ids of a part by language, and a row of figures for each."""
    groups, costs = pickle.loads(usual.read_bytes())
    found: defaultdict[str, tuple[list[str], list[tuple[float, float]]]] = defaultdict(lambda: ([], []))
    for member in part:
        name = groups[str(member.scores.get("language", ""))]
        found[name][0].append(member.seed_id)
        found[name][1].append(_figures(member.text, costs[name]))
    return {name: (ids, np.array(figures)) for name, (ids, figures) in found.items()}


def _pairs(text: str) -> Counter[str]:
    part = text[:20_000].lower()
    return Counter(map("".join, pairwise(part)))


def _costs(counted: Counter[str]) -> dict[str, float]:
    """Bits of each pair, smoothed; the empty pair stands for those never seen."""
    total = sum(counted.values()) + len(counted) + 1
    costs = {pair: -math.log2((count + 1) / total) for pair, count in counted.items()}
    return {**costs, "": -math.log2(1 / total)}


def _figures(text: str, costs: dict[str, float]) -> tuple[float, float]:
    """Mean surprise of a text's pairs without those that the text itself brought in alone, and compression."""
    counted = _pairs(text)
    total = sum(counted.values()) or 1
    surprise = sum(costs.get(pair, costs[""]) * count for pair, count in counted.items()) / total
    return surprise, compression_ratio(text)
