"""Asking for votes in rounds, and stopping once more of them would change nothing.

Two rules, both about the outcome that all `most` votes would have:

- It is certain: whatever the votes to come say, verdict and winner stay.
- It is settled: the chance that they change is at most `error`. The model of votes to come is a Pitman-Yor
  process (discount and strength one half: a few answers take most of the votes, many take one), the same
  before every question. Since it is the chance given the votes at hand, looking at it after every round costs
  nothing: under the model at most `error` of all decisions differ from those by all votes.

The votes at hand must have the same outcome by themselves, so whoever counts them needs not know how many
were planned.
"""

from __future__ import annotations

import asyncio
import functools
import math
from collections.abc import Sequence
from dataclasses import dataclass

from factory.records import Vote
from validators.answers.mathverify import math_verify
from validators.answers.vote import HIGH, LOW, Tally, outcome, vote

ERROR = 0.05
"""How often a decision may differ from the one by all votes. Ours."""

_FEWEST = 3  # votes before which nothing is decided by chance
_DISCOUNT = _STRENGTH = 0.5


@dataclass(frozen=True)
class Poll:
    """Up to `most` votes on one question, the band, and how sure to be before stopping.

    `error`: 0 asks until the outcome is certain. `allow_unanimous`: full agreement is no reason to reject,
    so there is no upper end of the band. `math_verify`: it decides what keys leave open (an extra).
    """

    most: int
    low: float = LOW
    high: float = HIGH
    error: float = ERROR
    allow_unanimous: bool = False
    math_verify: bool = False

    async def more(self, votes: Sequence[Vote]) -> int:
        """How many votes to ask for next, so few that stopping sooner is never missed; 0 to stop."""
        if not votes:
            return min(self.most, _FEWEST)
        # Wordings that are one answer now may be torn apart by a vote to come: both counts must be settled.
        joined = await self.tally(votes)
        apart = vote(votes, self.low, self.high, exact=True)
        waits = [_wait(_state(self, tally, len(votes))) for tally in (joined, apart)]
        same_winner = set(apart.supporters) <= set(joined.supporters) and joined.verdict == apart.verdict
        return max(*waits, 0 if same_winner else min(1, self.most - len(votes)))

    async def tally(self, votes: Sequence[Vote]) -> Tally:
        """What the votes come to."""
        if not self.math_verify:
            return vote(votes, self.low, self.high)
        equal = math_verify().equal
        return await asyncio.to_thread(vote, votes, self.low, self.high, equal)


@dataclass(frozen=True)
class State:
    """Counts by answer, the largest first, among `asked` of `most` votes."""

    counts: tuple[int, ...]
    asked: int
    most: int
    low: float
    high: float
    error: float

    @property
    def left(self) -> int:
        """How many votes may still be asked for."""
        return self.most - self.asked

    def after(self, leading: int, new: int) -> State:
        """With so many more votes for the leader and for one new answer."""
        counts = (*self.counts, 0)
        counts = (counts[0] + leading, *counts[1:], new)
        ordered = tuple(sorted((count for count in counts if count), reverse=True))
        return State(ordered, self.asked + leading + new, self.most, self.low, self.high, self.error)


def _state(poll: Poll, tally: Tally, asked: int) -> State:
    high = math.inf if poll.allow_unanimous else poll.high
    counts = tuple(one.count for one in tally.classes)
    return State(counts, asked, poll.most, poll.low, high, poll.error)


@functools.lru_cache(maxsize=16_384)
def settled(state: State) -> bool:
    """Whether to stop here."""
    if state.left <= 0 or certain(state):
        return True
    return state.error > 0 and state.asked >= _FEWEST and doubt(state) <= state.error


@functools.lru_cache(maxsize=16_384)
def _wait(state: State) -> int:
    """The fewest further votes after which it may be time to stop; 0 where it is now."""
    if settled(state):
        return 0
    for more in range(1, state.left):
        if any(settled(state.after(more - new, new)) for new in range(more + 1)):
            return more
    return state.left


def certain(state: State) -> bool:
    """Whether the votes to come cannot change the outcome."""
    first, second = (*state.counts, 0, 0)[:2]
    most_first = first + state.left
    match outcome(state.counts, state.asked, state.low, state.high):
        case "plurality":
            stays = first > 1 and first / state.most >= state.low and most_first / state.most < state.high
            return stays and first - second > state.left
        case "unanimous":
            return first > 1 and first - second > state.left and first / state.most >= state.high
        case "scattered":
            return most_first / state.most < state.low or most_first < 2 <= state.most
    return False


def doubt(state: State) -> float:
    """At most this is the chance that the votes to come change the outcome: a sum over all ways to."""
    first, second, left = *(*state.counts, 0, 0)[:2], state.left
    verdict = outcome(state.counts, state.asked, state.low, state.high)
    everything = state.asked + _STRENGTH
    weights = [count - _DISCOUNT for count in state.counts]
    needed = [count for count in range(state.most + 1) if count / state.most >= state.low]
    least = max(needed[0] if needed else state.most + 1, 2)
    if verdict == "scattered":
        fresh = everything - sum(weights)
        reach = zip([*state.counts, 0], [*weights, fresh], strict=True)
        return sum(_at_least(least - count, left, weight, everything) for count, weight in reach)
    if verdict == "tie" or first == second:
        return 1.0
    chance = _below(least - first, left, weights[0], everything)
    easy = next((count for count in range(state.most + 1) if count / state.most >= state.high), None)
    if easy is not None and verdict == "plurality":
        chance += _at_least(easy - first, left, weights[0], everything)
    if easy is not None and verdict == "unanimous":
        chance += _below(easy - first, left, weights[0], everything)
    rivals = zip([*state.counts[1:], 0], [*weights[1:], everything - sum(weights)], strict=True)
    for count, weight in rivals:
        chance += _overtaken(first - count, left, weights[0], weight, everything)
    return chance


@functools.lru_cache(maxsize=65_536)
def _exactly(hits: int, draws: int, weight: float, everything: float) -> float:
    """The chance of so many hits in draws from an urn where each draw adds its like (beta-binomial)."""
    other = everything - weight
    if weight <= 0 or other <= 0:
        return float(hits == (draws if other <= 0 else 0))
    ways = math.lgamma(draws + 1) - math.lgamma(hits + 1) - math.lgamma(draws - hits + 1)
    drawn = math.lgamma(hits + weight) - math.lgamma(weight)
    missed = math.lgamma(draws - hits + other) - math.lgamma(other)
    return math.exp(ways + drawn + missed + math.lgamma(everything) - math.lgamma(draws + everything))


def _at_least(hits: int, draws: int, weight: float, everything: float) -> float:
    return math.fsum(_exactly(one, draws, weight, everything) for one in range(max(hits, 0), draws + 1))


def _below(hits: int, draws: int, weight: float, everything: float) -> float:
    return math.fsum(_exactly(one, draws, weight, everything) for one in range(min(hits, draws + 1)))


@functools.lru_cache(maxsize=65_536)
def _overtaken(ahead: int, draws: int, weight: float, rival: float, everything: float) -> float:
    """The chance that a rival that is so far behind ends level or in front."""
    chance = 0.0
    for both in range(ahead, draws + 1):
        share = _exactly(both, draws, weight + rival, everything)
        # Of `both` votes for either, the leader gets so few that the rival makes up the distance.
        most = (both - ahead) // 2
        chance += share * _below(most + 1, both, weight, weight + rival)
    return chance
