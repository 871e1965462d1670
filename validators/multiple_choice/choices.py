"""Multiple-choice questions read from their text: the lettered options, and their order drawn anew."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from random import Random
from string import ascii_uppercase

from validators.answers import final_answer, key, same
from validators.answers.plain import plain

_MARK = re.compile(
    r"(?:(?<=\n)|(?<=\A)|(?<=\s))(?:[-*] +)?\**(?:(?:Option|Choice) )?[(\[（]?([A-J])(?:[).:\]]|\*\*[).:]?)\**(?=\s)"
    r"|(?<![^\n])[(（]?([A-J])[）、．]"
)
_OF_ALL = re.compile(
    r"\b(?:all|none|any|both|neither|each|two)\b.{0,20}\b(?:above|these|them)\b", re.IGNORECASE
)
_OF_LETTERS = re.compile(
    r"\(?\b[A-J]\b\)? ?(?:and|or|,|&) ?\(?\b[A-J]\b\)?|\b(?:options?|choices?) \(?[A-J]\b"
)
_PARAGRAPH = re.compile(r"\n\s*\n")


@dataclass(frozen=True)
class Choices:
    """A question with its options in the order of their letters; `after` is what follows them."""

    stem: str
    options: tuple[str, ...]
    after: str = ""

    @classmethod
    def read(cls, text: str) -> Choices | None:
        """The last run of options A, B, ... in a text, each on a line or in a row; None where there is none."""
        marks = list(_MARK.finditer(text))
        second = max((at for at, mark in enumerate(marks) if _letter(mark) == "B"), default=0)
        first = max((at for at, mark in enumerate(marks[:second]) if _letter(mark) == "A"), default=None)
        if first is None:
            return None
        run: list[re.Match[str]] = []
        for mark in marks[first:]:
            if _letter(mark) == ascii_uppercase[len(run)]:
                run.append(mark)
        return cls._cut(text, run)

    @classmethod
    def _cut(cls, text: str, run: Sequence[re.Match[str]]) -> Choices | None:
        ends = [*(mark.start() for mark in run[1:]), len(text)]
        bodies = [text[mark.end() : end].strip() for mark, end in zip(run, ends, strict=True)]
        if not all(bodies):
            return None
        last, *rest = _PARAGRAPH.split(bodies[-1], maxsplit=1)
        return cls(text[: run[0].start()].strip(), (*bodies[:-1], last.strip()), "".join(rest).strip())

    @property
    def repeated(self) -> tuple[str, str] | None:
        """The letters of two options that are empty or say the same."""
        for at, option in enumerate(self.options):
            for other in range(at):
                if _say_the_same(option, self.options[other]) or not option:
                    return ascii_uppercase[other], ascii_uppercase[at]
        return None

    def letter_of(self, answer: str) -> str | None:
        """The option that an answer names, by its letter or by what it says."""
        named = key(answer)
        if named is not None and named.kind == "choice":
            letter = str(named.value)
            return letter if letter in ascii_uppercase[: len(self.options)] else None
        said = [
            letter
            for letter, option in zip(ascii_uppercase, self.options, strict=False)
            if same(option, answer)
        ]
        return said[0] if len(said) == 1 else None

    def chosen(self, reply: str) -> str | None:
        """The option that a reply ends with."""
        answer = final_answer(reply)
        return None if answer is None else self.letter_of(answer)

    def order(self, chance: Random) -> tuple[int, ...]:
        """Places of the options in an order drawn by chance. One that speaks of all the others stays last;
        where one names letters, all stay."""
        places = list(range(len(self.options)))
        if any(_OF_LETTERS.search(option) for option in self.options):
            return tuple(places)
        free = [place for place in places if not _OF_ALL.search(self.options[place])]
        drawn = chance.sample(free, len(free))
        return tuple(drawn + [place for place in places if place not in free])

    def ordered(self, order: Sequence[int]) -> Choices:
        """The same with its options in that order."""
        return Choices(self.stem, tuple(self.options[place] for place in order), self.after)

    def posed(self) -> str:
        """The question as it is asked."""
        lettered = "\n".join(
            f"{letter}. {text}" for letter, text in zip(ascii_uppercase, self.options, strict=False)
        )
        return "\n\n".join(part for part in (self.stem, lettered, self.after) if part)


def _say_the_same(one: str, other: str) -> bool:
    """As options, P(A) = 1/2 and P(B) = 1/2 are two, whatever an answer may call its value."""
    names = {plain(text).rpartition("=")[0].strip() for text in (one, other)}
    return same(one, other) and len(names - {""}) < 2


def _letter(mark: re.Match[str]) -> str:
    return mark[1] or mark[2]
