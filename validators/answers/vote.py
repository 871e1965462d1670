"""What independent answers to one question agree on (phi-4 report, question seeds: the plurality filter)."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from factory.records import Vote
from validators.answers.key import Key, key

LOW, HIGH = 0.25, 1.0
"""The band of agreement between too hard and too easy. Unpublished: these are ours."""


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
    (no two agree, or less than `low`: too hard or ambiguous), "tie" (several answers lead).
    """

    verdict: Literal["plurality", "unanimous", "scattered", "tie"]
    winner: str | None
    agreement: float
    classes: tuple[AnswerClass, ...]

    @property
    def supporters(self) -> tuple[int, ...]:
        """The numbers of the votes for the winner."""
        return self.classes[0].votes if self.winner is not None else ()


def vote(votes: Sequence[Vote], low: float = LOW, high: float = HIGH) -> Tally:
    """Counts votes by exact canonical key; the largest class first, of equal ones the one voted for first.

    `agreement` is the largest class's share of all votes; a vote without an answer agrees with none.
    """
    members: dict[Key, list[int]] = defaultdict(list)
    for number, given in enumerate(votes):
        if (found := key(given.answer)) is not None:
            members[found].append(number)
    ordered = sorted(members.values(), key=lambda numbers: (-len(numbers), numbers[0]))
    classes = tuple(AnswerClass(_wording(votes, numbers), tuple(numbers)) for numbers in ordered)
    first = classes[0].count if classes else 0
    agreement = first / len(votes) if votes else 0.0
    if agreement < low or first == 0 or (first == 1 and len(votes) > 1):
        return Tally("scattered", None, agreement, classes)
    if len(classes) > 1 and classes[1].count == first:
        return Tally("tie", None, agreement, classes)
    return Tally("unanimous" if agreement >= high else "plurality", classes[0].answer, agreement, classes)


def _wording(votes: Sequence[Vote], numbers: Sequence[int]) -> str:
    return Counter(votes[number].answer.strip() for number in numbers).most_common(1)[0][0]
