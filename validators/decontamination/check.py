"""The hybrid of 13-grams and 7-grams (phi-4 report, appendix B.1)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from validators.decontamination.grams import Hashes, Numbers, gram_hashes, running_sums
from validators.decontamination.index import OVERLAP, Index
from validators.decontamination.tokens import tokenize


@dataclass(frozen=True)
class LongMatch:
    """The first words of a text that a benchmark holds: 13 tokens or more, or a whole item of 8 to 12.
    `token`: where they start; `grams`: how many n-grams of the text are in benchmarks."""

    text: str
    item: str
    token: int
    grams: int


@dataclass(frozen=True)
class Overlap:
    """The item that shares the largest part of its or the text's 7-grams; of several, the first indexed."""

    ratio: float
    shared: int
    text_grams: int
    item_grams: int
    item: str


@dataclass(frozen=True)
class Finding:
    """What the comparison of one text found. Both details are there whichever of them decided."""

    status: Literal["clean", "partial", "contaminated"]
    by: Literal[13, 7] | None = None
    long: LongMatch | None = None
    overlap: Overlap | None = None

    @property
    def ratio(self) -> float:
        """The largest share of 7-grams, 0 to 1."""
        return self.overlap.ratio if self.overlap else 0.0

    def details(self) -> dict[str, Any]:
        """The finding as JSON."""
        return {
            "status": self.status,
            "by": self.by,
            "long": None if self.long is None else vars(self.long),
            "overlap": None if self.overlap is None else vars(self.overlap),
        }


def check(index: Index, text: str, info_threshold: float, contaminated_threshold: float) -> Finding:
    """Compares a text with every item of the index. Both thresholds are shares of 7-grams, 0 to 1."""
    tokens = tokenize(text)
    numbers = index.numbered(tokens)
    sums = running_sums(numbers)
    shared = np.unique(index.overlap.find(gram_hashes(sums, OVERLAP))[1])
    if not shared.size:  # a longer n-gram of an item is made of its 7-grams
        return Finding("clean")
    # Both are looked for whichever decides, so that a reader sees how large a leak is.
    long = _long_match(index, tokens, numbers, sums)
    overlap = _overlap(index, tokens, shared)
    if long is not None:
        return Finding("contaminated", 13, long, overlap)
    if overlap.ratio <= info_threshold:
        return Finding("clean", None, None, overlap)
    if overlap.ratio >= contaminated_threshold:
        return Finding("contaminated", 7, None, overlap)
    return Finding("partial", 7, None, overlap)


def _long_match(index: Index, tokens: Sequence[str], numbers: Numbers, sums: Hashes) -> LongMatch | None:
    for n, grams in index.long.items():
        if len(tokens) < n:
            continue
        starts, keys = grams.find(gram_hashes(sums, n))
        hits = {
            start: place
            for start, place in zip(starts.tolist(), grams.places[keys].tolist(), strict=True)
            if np.array_equal(numbers[start : start + n], index.tokens[place : place + n])
        }
        if hits:
            first = last = min(hits)
            while last + 1 in hits:
                last += 1
            return LongMatch(" ".join(tokens[first : last + n]), index.item_at(hits[first]), first, len(hits))
    return None


def _overlap(index: Index, tokens: Sequence[str], keys: Numbers) -> Overlap:
    lists = [index.postings[index.starts[key] : index.starts[key + 1]] for key in keys.tolist()]
    found, shared = np.unique(np.concatenate(lists), return_counts=True)
    text_grams = len(set(zip(*(tokens[at:] for at in range(OVERLAP)), strict=False)))
    ratios = shared / np.minimum(text_grams, index.sizes[found])
    best = int(ratios.argmax())
    item = int(found[best])
    return Overlap(
        ratio=float(ratios[best]),
        shared=int(shared[best]),
        text_grams=text_grams,
        item_grams=int(index.sizes[item]),
        item=index.names[item],
    )
