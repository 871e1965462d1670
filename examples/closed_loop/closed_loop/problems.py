"""Relation problems whose solutions choose, now and then, a systematically wrong method.

"Ann has 11 pens. That is 3 more than Tom has." asks for a subtraction, and some solutions add. A small model that
is trained on such solutions learns both ways, so its answers hold decisions that search can find and preference
training can settle. Nothing marks a wrong solution: openers and joiners are drawn freely, every other token is
right, and the arithmetic follows from the choice that was made.
"""

from __future__ import annotations

import hashlib
import random
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

Split = Literal["train", "search", "test"]
Kind = Literal["more", "fewer", "reversed", "twice"]

WRONG = 0.48
"""The share of training solutions with one wrong choice."""

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
_SPLITS: tuple[Split, ...] = ("train",) * 6 + ("search",) * 2 + ("test",) * 2


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
        steps = [place for place, (kind, _) in enumerate(self.relations) if kind != "more"]
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
        return str(list(self._amounts(None))[-1])

    def solution(self, chance: random.Random, wrong: float = WRONG) -> str:
        """A solution in words; with probability `wrong`, one of its choices is the wrong one."""
        slip = chance.choice(self.choices) if self.choices and chance.random() < wrong else None
        amounts = list(self._amounts(slip))
        lines = [f"{chance.choice(OPENERS)}{self.names[0]} has {self.first}."]
        for place, (kind, n) in enumerate(self.relations):
            sign, operand = _operation(kind, n, wrong=slip == place)
            sum_ = f"{amounts[place]} {sign} {operand} = {amounts[place + 1]}"
            lines.append(f"{chance.choice(JOINERS)} {self.names[place + 1]} has {sum_}.")
        if self.total and slip != len(self.relations):
            lines.append(f"{chance.choice(JOINERS)} both have {amounts[-3]} + {amounts[-2]} = {amounts[-1]}.")
        return " ".join(lines) + f"\nAnswer: {amounts[-1]}"

    def _amounts(self, slip: int | None) -> Iterator[int]:
        """What each person has, then the total where it is asked for, with a wrong choice at step `slip`."""
        amounts = [self.first]
        for place, (kind, n) in enumerate(self.relations):
            sign, operand = _operation(kind, n, wrong=slip == place)
            before = amounts[-1]
            amounts.append({"+": before + operand, "-": before - operand, "*": before * operand}[sign])
        if self.total and slip != len(self.relations):
            amounts.append(amounts[-2] + amounts[-1])
        yield from amounts


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
    steps = chance.choice((1, 1, 2))
    kinds: tuple[Kind, ...] = ("more", "fewer", "reversed", "twice")
    relations = []
    for _ in range(steps):
        kind = chance.choice(kinds)
        relations.append((kind, 2 if kind == "twice" else chance.randint(3, 9)))
    names = tuple(chance.sample(NAMES, steps + 1))
    return Problem(
        names, chance.choice(THINGS), chance.randint(19, 39), tuple(relations), chance.random() < 0.3
    )


def _relation(kind: Kind, n: int, before: str, after: str, things: str) -> str:
    match kind:
        case "more":
            return f"{after} has {n} more {things} than {before}."
        case "fewer":
            return f"{after} has {n} fewer {things} than {before}."
        case "reversed":
            return f"That is {n} more than {after} has."
        case "twice":
            return f"{after} has twice as many {things} as {before}."


def _operation(kind: Kind, n: int, *, wrong: bool) -> tuple[str, int]:
    """The sign and the second operand of a step."""
    if kind == "twice":
        return ("+", 2) if wrong else ("*", 2)
    return ("+", n) if kind == "more" or wrong else ("-", n)
