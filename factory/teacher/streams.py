"""Streams: what makes the asks of one seed repeatable, however its branches are timed."""

from __future__ import annotations

import hashlib
import random
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field


@dataclass
class Stream:
    """One line of asks: a generator's own, a validator's, or a branch of `gather`.

    Counts its asks (`ordinal`), how often each request was made (the draw), and its gathers; holds the only
    randomness that its code may use. Two streams share nothing, so concurrency changes nothing.
    """

    name: str
    random: random.Random
    ordinal: int = 0
    gathers: int = 0
    drawn: Counter[str] = field(default_factory=Counter)

    @classmethod
    def start(cls, seed_id: str, name: str) -> Stream:
        """A stream at its beginning, its randomness decided by seed and name."""
        digest = hashlib.blake2b(f"{seed_id}/{name}".encode(), digest_size=16).digest()
        return cls(name, random.Random(int.from_bytes(digest)))

    def next_ordinal(self) -> int:
        """The place of the next ask in this stream, from 0."""
        self.ordinal += 1
        return self.ordinal - 1

    def take_draws(self, request: str, n: int) -> range:
        """Numbers `n` draws of a request, after those that this stream took of it before."""
        first = self.drawn[request]
        self.drawn[request] += n
        return range(first, first + n)

    def branches(self, seed_id: str, count: int) -> list[Stream]:
        """Streams for the branches of the next gather."""
        self.gathers += 1
        prefix = f"{self.name}/{self.gathers - 1}"
        return [Stream.start(seed_id, f"{prefix}.{number}") for number in range(count)]


@dataclass(frozen=True)
class Mark:
    """Where an attempt failed: a retry asks anew from this ask of its stream on, and reuses the rest.

    `draw` is the one draw at fault among several of that ask, or -1 for all of them. An `ordinal` of -1 says
    that no recorded reply is at fault (a server was down, say): a retry then reuses everything.
    """

    stream: str = ""
    ordinal: int = -1
    draw: int = -1

    def covers(self, stream: str, ordinal: int, draw: int) -> bool:
        """Whether a retry must ask this anew."""
        if self.ordinal < 0 or stream != self.stream:
            return False
        return ordinal > self.ordinal or (ordinal == self.ordinal and self.draw in (-1, draw))


def attempt_at(marks: Sequence[Mark], stream: str, ordinal: int, draw: int) -> int:
    """Which attempt an ask belongs to: the number of failures at or before it in its stream."""
    return sum(mark.covers(stream, ordinal, draw) for mark in marks)
