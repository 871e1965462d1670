"""What independent answers to one question agree on (phi-4 report, question seeds: the plurality filter)."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Literal

from factory.records import Vote
from validators.answers.key import Key, also, key
from validators.answers.mathverify import undecided

LOW, HIGH = 0.25, 1.0
"""The band of agreement between too hard and too easy. Unpublished: these are ours."""

Outcome = Literal["plurality", "unanimous", "scattered", "tie", "inconsistent"]
Equal = Callable[[str, str], bool]
"""Whether two wordings that keys cannot decide have the same value."""


@dataclass(frozen=True)
class AnswerClass:
    """Votes with one answer. `answer`: its most frequent wording; `votes`: their numbers, ascending."""

    answer: str
    votes: tuple[int, ...]

    @property
    def count(self) -> int:
        """How many votes it has."""
        return len(self.votes)


@dataclass(frozen=True)
class Tally:
    """The outcome of a vote. `winner` is the answer that the votes decide for, or None.

    `verdict`: "plurality" (within the band), "unanimous" (agreement of `high` or more: too easy), "scattered"
    (no two agree, or less than `low`: too hard or ambiguous), "tie" (several answers lead), "inconsistent"
    (a equals b and b equals c, but a does not equal c, among the answers that lead).
    """

    verdict: Outcome
    winner: str | None
    agreement: float
    classes: tuple[AnswerClass, ...]

    @property
    def supporters(self) -> tuple[int, ...]:
        """The numbers of the votes for the winner."""
        return self.classes[0].votes if self.winner is not None else ()


def vote(
    votes: Sequence[Vote],
    low: float = LOW,
    high: float = HIGH,
    equal: Equal | None = None,
    *,
    exact: bool = False,
) -> Tally:
    """Counts votes by exact canonical key; the largest class first, of equal ones the one voted for first.

    Classes are joined where all votes leave one reading of the shorter wording (5 and 5 km, [1, 2] and
    1 ≤ x ≤ 2), and, with `equal`, where it says so of every two of them; `exact` joins none. `agreement` is
    the largest class's share of all votes; a vote without an answer agrees with none.
    """
    members: dict[Key, dict[str, list[int]]] = defaultdict(lambda: defaultdict(list))
    for number, given in enumerate(votes):
        if (found := key(given.answer)) is not None:
            members[found][found.of].append(number)
    groups = [numbers for by_name in members.values() for numbers in _of_one_name(by_name, exact)]
    torn: list[list[int]] = []
    if not exact:
        groups = _with_one_reading(groups, votes)
        if equal is not None:
            groups, torn = _joined(groups, votes, equal)
    groups.sort(key=lambda numbers: (-len(numbers), numbers[0]))
    classes = tuple(AnswerClass(_wording(votes, numbers), tuple(numbers)) for numbers in groups)
    counts = [one.count for one in classes]
    verdict = outcome(counts, len(votes), low, high)
    if torn and verdict != "scattered" and max(map(len, torn)) >= counts[0]:
        verdict = "inconsistent"
    winner = classes[0].answer if verdict in ("plurality", "unanimous") else None
    return Tally(verdict, winner, counts[0] / len(votes) if counts else 0.0, classes)


def outcome(counts: Sequence[int], total: int, low: float, high: float) -> Outcome:
    """What counts, the largest first, come to among `total` votes."""
    first, second = (*counts, 0, 0)[:2]
    if first == 0 or first / total < low or (first == 1 and total > 1):
        return "scattered"
    if first == second:
        return "tie"
    return "unanimous" if first / total >= high else "plurality"


def _of_one_name(by_name: Mapping[str, list[int]], exact: bool) -> list[list[int]]:
    """x = 2 and y = 2 are two answers, and a bare 2 beside both may be either; else a name makes no difference."""
    if exact or len(by_name.keys() - {""}) > 1:
        return list(by_name.values())
    return [sorted(number for numbers in by_name.values() for number in numbers)]


def _with_one_reading(groups: list[list[int]], votes: Sequence[Vote]) -> list[list[int]]:
    """Joins two classes where one is the other's second reading, and nothing else could be either."""
    keys = [key(votes[numbers[0]].answer) for numbers in groups]
    place = {one: at for at, one in enumerate(keys) if keys.count(one) == 1}
    links = set()
    for at, numbers in enumerate(groups):
        readings = {also(answer) for answer in {votes[number].answer for number in numbers}}
        links |= {(at, place[reading]) for reading in readings if reading in place and place[reading] != at}
    times = Counter(at for link in links for at in link)
    for one, other in links:
        if times[one] == times[other] == 1:
            groups[other] = sorted(groups[one] + groups[other])
            groups[one] = []
    return [numbers for numbers in groups if numbers]


def _joined(
    groups: list[list[int]], votes: Sequence[Vote], equal: Equal
) -> tuple[list[list[int]], list[list[int]]]:
    """Joins classes of which every two are equal; also gives those that are chained but not all equal."""
    wordings = [_wording(votes, numbers) for numbers in groups]
    linked = {
        (a, b)
        for a, b in combinations(range(len(groups)), 2)
        if undecided(wordings[a], wordings[b]) and equal(wordings[a], wordings[b])
    }
    joined, torn = [], []
    for chain in _chains(len(groups), linked):
        numbers = sorted(number for at in chain for number in groups[at])
        if all(pair in linked for pair in combinations(chain, 2)):
            joined.append(numbers)
        else:
            joined += [groups[at] for at in chain]
            torn.append(numbers)
    return joined, torn


def _chains(size: int, linked: set[tuple[int, int]]) -> list[list[int]]:
    """The connected parts, each in ascending order."""
    part = list(range(size))
    for a, b in sorted(linked):
        part = [part[a] if one == part[b] else one for one in part]
    return [[at for at in range(size) if part[at] == one] for one in dict.fromkeys(part)]


def _wording(votes: Sequence[Vote], numbers: Sequence[int]) -> str:
    return Counter(votes[number].answer.strip() for number in numbers).most_common(1)[0][0]
