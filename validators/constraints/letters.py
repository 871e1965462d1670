"""Instructions about single letters and marks, and about case."""

from __future__ import annotations

import unicodedata
from collections import Counter
from typing import Annotated

from pydantic import AfterValidator

from validators.constraints.instruction import Counted, Instruction
from validators.constraints.segments import Response

COMMAS = ",،、，﹐﹑､߸፣᠂᠈꓾"


def _letter(letter: str) -> str:
    composed = unicodedata.normalize("NFC", letter)
    if len(composed) != 1 or not composed.isalpha():
        raise ValueError(f"'{letter}' is not one letter")
    return composed


def _letters(letters: str) -> str:
    if not letters:
        raise ValueError("no letter is named")
    return "".join(dict.fromkeys(_letter(letter) for letter in unicodedata.normalize("NFC", letters)))


Letter = Annotated[str, AfterValidator(_letter)]
Letters = Annotated[str, AfterValidator(_letters)]


class LetterCount(Counted, name="letter_count", touches="letters"):
    """How often a letter is used outside of code, in either case; "é" is another letter than "e"."""

    letter: Letter
    unit, units = "time", "times"

    def describe(self) -> str:
        return f'Use the letter "{self.letter}" {self.span()}, capital and small ones together.'

    def amount(self, response: Response) -> int:
        return Counter(response.prose.casefold())[self.letter.casefold()]


class ForbiddenLetters(Instruction, name="forbidden_letters", touches="letters"):
    """Letters that are not used outside of code, in either case; "é" is another letter than "e"."""

    letters: Letters

    def describe(self) -> str:
        named = ", ".join(f'"{letter}"' for letter in self.letters)
        return f"Do not use {'any of the letters' if len(self.letters) > 1 else 'the letter'} {named}."

    def fault(self, response: Response) -> str | None:
        found = sorted(set(self.letters.casefold()) & set(response.prose.casefold()))
        return f"with the letter '{found[0]}'" if found else None


class UpperCase(Instruction, name="upper_case", touches="case", rules_out="case"):
    """No small letter outside of code; letters of scripts without case are as they are."""

    def describe(self) -> str:
        return "Write the whole response in capital letters."

    def fault(self, response: Response) -> str | None:
        return _other(response, "Ll", "small")


class LowerCase(Instruction, name="lower_case", touches="case", rules_out="case"):
    """No capital letter outside of code; letters of scripts without case are as they are."""

    def describe(self) -> str:
        return "Write the whole response in small letters, without any capital."

    def fault(self, response: Response) -> str | None:
        return _other(response, "Lu", "capital")


class Capitals(Counted, name="capitals", touches="case", rules_out="case"):
    """Words of two letters or more that are all in capitals."""

    unit, units = "word in capitals", "words in capitals"

    def describe(self) -> str:
        return f"Write {self.span()} (every letter of the word)."

    def amount(self, response: Response) -> int:
        return sum(_capitals(word) for word in response.words)


class Ascii(Instruction, name="ascii", touches="letters", rules_out="language"):
    """ASCII characters alone."""

    def describe(self) -> str:
        return "Use ASCII characters only: no accents, curly quotation marks, long dashes or emoji."

    def fault(self, response: Response) -> str | None:
        return next((f"with '{char}'" for char in response.text if not char.isascii()), None)


class NoCommas(Instruction, name="no_commas", touches="letters"):
    """No comma of any script outside of code."""

    def describe(self) -> str:
        return "Do not use any commas."

    def fault(self, response: Response) -> str | None:
        found = sum(response.prose.count(comma) for comma in COMMAS)
        return f"{found} {'comma' if found == 1 else 'commas'}" if found else None


def _other(response: Response, category: str, named: str) -> str | None:
    for char in response.prose:
        if _case(char) in (category, "Lt"):
            return f"with the {named} letter '{char}'"
    return None


def _case(char: str) -> str:
    """The category of a letter. Georgian has capitals in Unicode, which nobody writes with."""
    return "" if "\u10d0" <= char <= "\u10ff" else unicodedata.category(char)


def _capitals(word: str) -> bool:
    cases = [_case(char) for char in word]
    return cases.count("Lu") >= 2 and "Ll" not in cases and "Lt" not in cases
