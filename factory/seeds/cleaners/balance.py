"""`balance`: the mix of topics in a seed set is a setting."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterator

from factory.errors import FactoryError
from factory.plugins import Drop, SeedsInOrder, cleaner
from factory.records import Document, Passage


@cleaner(takes=(Document, Passage))
class balance:
    """Thins out topics of which there is too much, so that the others have their share.

    `shares`: topic -> wanted share of what stays, by the score `by` that an earlier step gave; topics that
    are not named share what is left, as they come. As many seeds stay as the shares allow; which ones is
    decided by hashes of their ids, so that a new seed changes little. `least`: a topic with fewer seeds than
    this bounds nobody else. Source: phi-4 report, section 2.3: classifiers over-select STEM; the rest is
    amplified.
    """

    def __init__(self, *, shares: dict[str, float], by: str = "topic", least: int = 10) -> None:
        if not shares or min(shares.values()) <= 0 or sum(shares.values()) > 1 + 1e-9:
            raise FactoryError(f"balance: shares {shares} are to be positive, and at most 1 together")
        self.shares, self.by, self.least = shares, by, least

    def choose(self, seeds: SeedsInOrder) -> Iterator[tuple[str, Drop]]:
        """The seeds of topics that are over their share."""
        counts = Counter(self._topic(str(member.scores.get(self.by, ""))) for member in seeds)
        if not any(counts[topic] for topic in self.shares):
            raise FactoryError(
                f"balance: no seed has a score '{self.by}' among {', '.join(self.shares)};"
                " put a step before that gives it (quality with score: topic)"
            )
        kept = {topic: self._kept(topic, counts) / count for topic, count in counts.items()}
        for member in seeds:
            topic = self._topic(str(member.scores.get(self.by, "")))
            if _chance(member.seed_id) >= kept[topic]:
                yield member.seed_id, Drop(f"{self.by} over its share", {self.by: topic or "other"})

    def _topic(self, name: str) -> str:
        return name if name in self.shares else ""

    def _kept(self, topic: str, counts: Counter[str]) -> float:
        """How many seeds of a topic stay: what the scarcest topic allows for the whole, times its share."""
        wanted = {**self.shares, "": max(0.0, 1 - sum(self.shares.values()))}
        bounds = [counts[one] / share for one, share in wanted.items() if share and counts[one] >= self.least]
        whole = min(bounds, default=float(sum(counts.values())))
        return min(float(counts[topic]), whole * wanted[topic])


def _chance(seed_id: str) -> float:
    """A number from 0 to 1 that a seed always gets. (The id itself decides `take:`: it must not decide here.)"""
    digest = hashlib.blake2b(f"balance {seed_id}".encode(), digest_size=8).digest()
    return int.from_bytes(digest, "big") / 2**64
