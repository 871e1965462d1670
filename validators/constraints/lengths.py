"""Instructions about how much is written."""

from __future__ import annotations

import unicodedata

from pydantic import Field

from validators.constraints.instruction import Counted, Instruction
from validators.constraints.segments import Response, count, words


class Words(Counted, name="words", touches="length"):
    """Words of the prose, code left out."""

    unit, units = "word", "words"

    def describe(self) -> str:
        return f"Write {self.span()}."

    def amount(self, response: Response) -> int:
        return count(response.words)


class Sentences(Counted, name="sentences", touches="length"):
    """Sentences of paragraphs and list items."""

    unit, units = "sentence", "sentences"

    def describe(self) -> str:
        return f"Write {self.span()}."

    def amount(self, response: Response) -> int:
        return len(response.sentences)


class Paragraphs(Counted, name="paragraphs", touches="length"):
    """Blocks of running text between blank lines; lists, tables, headings and code are none."""

    unit, units = "paragraph", "paragraphs"

    def describe(self) -> str:
        return f"Write {self.span()} of running text, with a blank line between paragraphs."

    def amount(self, response: Response) -> int:
        return len(response.paragraphs)


class Characters(Counted, name="characters", touches="length"):
    """Characters of the whole response, spaces included; a letter with its marks is one."""

    unit, units = "character", "characters"

    def describe(self) -> str:
        return f"Write {self.span()}, spaces included."

    def amount(self, response: Response) -> int:
        return sum(unicodedata.category(char) not in ("Mn", "Me", "Cf") for char in response.text)


class SentenceLength(Instruction, name="sentence_length", touches="length"):
    """No sentence of more words than `most`."""

    most: int = Field(ge=1)

    def describe(self) -> str:
        return f"Let no sentence have more than {self.most} {'word' if self.most == 1 else 'words'}."

    def fault(self, response: Response) -> str | None:
        longest = max((count(words(sentence)) for sentence in response.sentences), default=0)
        return f"a sentence of {longest} words" if longest > self.most else None


class WordLength(Instruction, name="word_length", touches="length wording"):
    """No word of more letters than `most`, where the script sets spaces: a bound on how hard reading is."""

    most: int = Field(ge=3)

    def describe(self) -> str:
        return f"Use no word of more than {self.most} letters."

    def fault(self, response: Response) -> str | None:
        spaced = (word for word in response.words if count([word]) == 1)
        longest = max(spaced, key=_letters, default="")
        return f"the word '{longest}'" if _letters(longest) > self.most else None


def _letters(word: str) -> int:
    """Letters of the longest part of a compound: "well-known" is as hard as its parts."""
    parts = word.replace("‐", "-").replace("‑", "-").split("-")
    return max(sum(char.isalpha() for char in part) for part in parts)
