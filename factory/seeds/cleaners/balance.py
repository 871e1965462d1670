"""`balance`: the mix of topics in a seed set is a setting."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterator
from functools import partial

from factory.errors import FactoryError, did_you_mean
from factory.plugins import Drop, SeedsInOrder, SomeSeeds, cleaner
from factory.records import Document, Passage


@cleaner(takes=(Document, Passage))
class balance:
    """Thins out topics of which there is too much, so that the others have their share.

    `shares`: topic -> wanted share of what stays, by the score `by` that an earlier step gave; topics that
    are not named share what is left, as they come. As many seeds stay as the shares allow; which ones is
    decided by hashes of their ids, so that a new seed changes little. `least`: a topic with fewer seeds than
    this bounds nobody else. The view `topic_mix` shows the mix before and after. Source: phi-4 report, section
    2.3: classifiers over-select STEM; the rest is amplified.
    """

    def __init__(self, *, shares: dict[str, float], by: str = "topic", least: int = 10) -> None:
        if not shares or min(shares.values()) <= 0 or sum(shares.values()) > 1 + 1e-9:
            raise FactoryError(f"balance: shares {shares} are to be positive, and at most 1 together")
        self.shares, self.by, self.least = shares, by, least

    def choose(self, seeds: SeedsInOrder) -> Iterator[tuple[str, Drop]]:
        """The seeds of topics that are over their share."""
        told: Counter[str] = Counter()
        for some in seeds.map(partial(_told, by=self.by)):
            told.update(some)
        self._check(told)
        counts: Counter[str] = Counter()
        for name, count in told.items():
            counts[self._topic(name)] += count
        kept = {topic: self._kept(topic, counts) / count for topic, count in counts.items()}
        shares = {name: kept[self._topic(name)] for name in told}
        for gone in seeds.map(partial(_over, by=self.by, shares=shares)):
            yield from gone

    def _check(self, told: Counter[str]) -> None:
        """Raises FactoryError for topics that no seed has: where another is meant, or none is there at all."""
        there = sorted(told.keys() - {""})
        missing = [topic for topic in self.shares if not told[topic]]
        for topic in missing:
            near = did_you_mean(topic, set(there) - self.shares.keys())
            if told and ("did you mean" in near or missing == [*self.shares]):
                raise FactoryError(
                    f"balance: no seed has the {self.by} '{topic}'{near}; a step before gives it (quality with"
                    f" score: {self.by})"
                )

    def _topic(self, name: str) -> str:
        return name if name in self.shares else ""

    def _kept(self, topic: str, counts: Counter[str]) -> float:
        """How many seeds of a topic stay: what the scarcest topic allows for the whole, times its share."""
        wanted = {**self.shares, "": max(0.0, 1 - sum(self.shares.values()))}
        bounds = [counts[one] / share for one, share in wanted.items() if share and counts[one] >= self.least]
        whole = min(bounds, default=float(sum(counts.values())))
        return min(float(counts[topic]), whole * wanted[topic])


def _told(part: SomeSeeds, by: str) -> Counter[str]:
    """How many seeds of a part each topic has."""
    return Counter(str(member.scores.get(by, "")) for member in part)


def _over(part: SomeSeeds, by: str, shares: dict[str, float]) -> list[tuple[str, Drop]]:
    """The seeds of a part that go. `shares`: how much of each topic stays."""
    gone = []
    for member in part:
        if _chance(member.seed_id) >= shares[str(member.scores.get(by, ""))]:
            about = {one: member.scores[one] for one in (by, "language") if one in member.scores}
            gone.append((member.seed_id, Drop(f"{by} over its share", about)))
    return gone


def _chance(seed_id: str) -> float:
    """A number from 0 to 1 that a seed always gets. (The id itself decides `take:`: it must not decide here.)"""
    digest = hashlib.blake2b(f"balance {seed_id}".encode(), digest_size=8).digest()
    return int.from_bytes(digest, "big") / 2**64
