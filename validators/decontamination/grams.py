"""N-grams as 64-bit hashes, and sets of them that are quick to look up.

An n-gram is a polynomial over pseudo-random values of its tokens, so that all n-grams of a text are
differences of one running sum. A map of occupied slots stands in front of each set: nearly all n-grams of
clean text end there.
"""

from __future__ import annotations

import functools
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

Hashes = npt.NDArray[np.uint64]
Numbers = npt.NDArray[np.int64]

_BASE = 0x9E3779B97F4A7C15
_INVERSE = pow(_BASE, -1, 1 << 64)


@dataclass(frozen=True)
class Grams:
    """A set of n-grams: sorted hashes, and for each the place of one occurrence in `Index.tokens`."""

    keys: Hashes
    places: Numbers
    slots: npt.NDArray[np.bool_] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        bits = max(8, min(26, 4 + int(self.keys.size).bit_length()))
        slots = np.zeros(1 << bits, np.bool_)
        slots[self.keys >> np.uint64(64 - bits)] = True
        object.__setattr__(self, "slots", slots)

    def find(self, hashes: Hashes) -> tuple[Numbers, Numbers]:
        """Where hashes of the set stand in `hashes`, and which keys they are."""
        shift = np.uint64(65 - self.slots.size.bit_length())
        likely = np.flatnonzero(self.slots[hashes >> shift])
        if not likely.size or not self.keys.size:
            return likely[:0], likely[:0]
        wanted = hashes[likely]
        found = np.minimum(np.searchsorted(self.keys, wanted), self.keys.size - 1)
        same = self.keys[found] == wanted
        return likely[same], found[same]


def running_sums(numbers: Numbers) -> Hashes:
    """Sums of value[i] * base**i before each token, modulo 2**64; one longer than the tokens."""
    sums = np.zeros(numbers.size + 1, np.uint64)
    np.cumsum(_values(numbers) * _powers(_room(numbers.size), _BASE)[: numbers.size], out=sums[1:])
    return sums


def gram_hashes(sums: Hashes, n: int) -> Hashes:
    """The hash of the n-gram that starts at each token."""
    differences = sums[n:] - sums[:-n]
    differences *= _powers(_room(sums.size), _INVERSE)[: differences.size]
    return differences


def _values(numbers: Numbers) -> Hashes:
    """A well-mixed 64-bit value for each token number (the finaliser of splitmix64)."""
    mixed = (numbers.astype(np.uint64) + np.uint64(1)) * np.uint64(_BASE)
    mixed = (mixed ^ (mixed >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    mixed = (mixed ^ (mixed >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return mixed ^ (mixed >> np.uint64(31))


def _room(size: int) -> int:
    return 1 << max(12, size.bit_length())


@functools.lru_cache(maxsize=16)
def _powers(count: int, base: int) -> Hashes:
    powers = np.full(count, base, np.uint64)
    powers[0] = 1
    return np.cumprod(powers, dtype=np.uint64)
