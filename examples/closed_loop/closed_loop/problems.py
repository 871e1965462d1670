"""Relation problems whose solutions choose, wherever there is a choice, the right or a systematically wrong method.

"Ann has 23 pens. That is 3 more than Tom has." asks for a subtraction, and nearly half of the solutions add. A small
model that is trained on such solutions learns both ways, so its answers hold decisions that search can find and
preference training can settle. Nothing marks a wrong solution: openers and joiners are drawn freely, every other token
is right, and the arithmetic follows from the choices that were made. Amounts stay below 100, so that the model can
learn the arithmetic too, and its choices are what is left undecided.
"""

from __future__ import annotations

import hashlib
import operator
import random
from collections.abc import Collection
from dataclasses import dataclass
from typing import Literal

Split = Literal["train", "search", "test"]
Kind = Literal["more", "fewer", "is more", "is fewer", "twice"]

WRONG = 0.48
"""The share of choices that training solutions make wrongly, each drawn by itself: near one half, so that a model that
learns the shares is undecided at each."""

NAMES = ("Ann", "Tom", "Eve", "Max", "Ida", "Leo", "Mia", "Sam")
THINGS = ("pens", "cups", "nuts", "maps", "keys", "hats")
OPENERS = (
    "",
    "Let us see. ",
    "Step by step. ",
    "We work it out. ",
    "Look at the numbers. ",
    "First things first. ",
)
JOINERS = ("So", "Then", "Now", "Thus", "This means", "We find that")
METHODS: dict[Kind, tuple[str, str]] = {
    "more": ("+", "+"),
    "fewer": ("-", "+"),
    "is more": ("-", "+"),
    "is fewer": ("+", "-"),
    "twice": ("*", "+"),
}
"""The right and the wrong sign of each kind; where they are the same there is no choice."""
_SPLITS: tuple[Split, ...] = ("train",) * 6 + ("search",) * 2 + ("test",) * 2


@dataclass(frozen=True)
class Sum:
    """A step of a solution."""

    first: int
    sign: str
    second: int

    @property
    def result(self) -> int:
        """What it comes to."""
        return {"+": operator.add, "-": operator.sub, "*": operator.mul}[self.sign](self.first, self.second)

    def __str__(self) -> str:
        return f"{self.first} {self.sign} {self.second} = {self.result}"


@dataclass(frozen=True)
class Problem:
    """A first amount, one or two relations to further people, and whether the last two are to be added up."""

    names: tuple[str, ...]
    things: str
    first: int
    relations: tuple[tuple[Kind, int], ...]
    total: bool

    @property
    def split(self) -> Split:
        """Decided by the numbers alone, so that those of a problem to be searched or tested were never trained on."""
        numbers = repr((self.first, [n for _, n in self.relations]))
        return _SPLITS[hashlib.blake2b(numbers.encode(), digest_size=2).digest()[0] % len(_SPLITS)]

    @property
    def choices(self) -> tuple[int, ...]:
        """The steps that have a wrong method: places in `relations`, and their number for the total."""
        steps = [place for place, (kind, _) in enumerate(self.relations) if len(set(METHODS[kind])) == 2]
        return (*steps, len(self.relations)) if self.total else tuple(steps)

    @property
    def question(self) -> str:
        """The problem in words."""
        told = [f"{self.names[0]} has {self.first} {self.things}."]
        for before, after, (kind, n) in zip(self.names, self.names[1:], self.relations, strict=False):
            told.append(_relation(kind, n, before, after, self.things))
        *_, other, last = self.names
        asked = f"do {other} and {last} have together" if self.total else f"does {last} have"
        return " ".join([*told, f"How many {self.things} {asked}?"])

    @property
    def answer(self) -> str:
        """The right answer."""
        return str(self._steps(())[-1].result)

    def solution(self, chance: random.Random, wrong: float = WRONG) -> str:
        """A solution in words; each of its choices is the wrong one with probability `wrong`."""
        steps = self._steps(self._slips(chance, wrong))
        told = [f"{chance.choice(OPENERS)}{self.names[0]} has {self.first}."]
        for who, step in zip((*self.names[1:], "both"), steps, strict=False):
            told.append(f"{chance.choice(JOINERS)} {who} {'have' if who == 'both' else 'has'} {step}.")
        return " ".join(told) + f"\nAnswer: {steps[-1].result}"

    def sums(self, chance: random.Random) -> list[str]:
        """The plain sums of a solution, by a method or the other."""
        return [f"{step}." for step in self._steps(self._slips(chance, WRONG))]

    def _slips(self, chance: random.Random, wrong: float) -> set[int]:
        return {place for place in self.choices if chance.random() < wrong}

    def _steps(self, slips: Collection[int]) -> list[Sum]:
        """The sums of a solution that makes wrong choices at the steps `slips`."""
        steps: list[Sum] = []
        amount = self.first
        for place, (kind, n) in enumerate(self.relations):
            steps.append(Sum(amount, METHODS[kind][place in slips], n))
            amount = steps[-1].result
        if self.total and len(self.relations) not in slips:
            steps.append(Sum(steps[-1].first, "+", amount))
        return steps


def problems(split: Split, count: int, seed: int = 0) -> list[Problem]:
    """So many problems of a split, decided by the seed; those for search and test are all different."""
    chance = random.Random(f"{split} {seed}")
    found: list[Problem] = []
    known: set[Problem] = set()
    while len(found) < count:
        problem = _draw(chance)
        if problem.split == split and problem.choices and (split == "train" or problem not in known):
            known.add(problem)
            found.append(problem)
    return found


def _draw(chance: random.Random) -> Problem:
    """One relation, one with a total, or two; of two at most one doubles, which keeps every amount in two digits."""
    total = chance.random() < 0.3
    steps = 1 if total else chance.choice((1, 2))
    relations: list[tuple[Kind, int]] = []
    for _ in range(steps):
        kind = chance.choice([kind for kind in METHODS if kind != "twice" or ("twice", 2) not in relations])
        relations.append((kind, 2 if kind == "twice" else chance.randint(3, 9)))
    names = tuple(chance.sample(NAMES, steps + 1))
    return Problem(names, chance.choice(THINGS), chance.randint(21, 33), tuple(relations), total)


def _relation(kind: Kind, n: int, before: str, after: str, things: str) -> str:
    match kind:
        case "more" | "fewer":
            return f"{after} has {n} {kind} {things} than {before}."
        case "is more" | "is fewer":
            return f"That {kind.replace(' ', f' {n} ')} than {after} has."
        case "twice":
            return f"{after} has twice as many {things} as {before}."
