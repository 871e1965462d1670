"""Instructions about which words stand where."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated

from pydantic import AfterValidator, Field

from validators.constraints.instruction import Counted, Instruction
from validators.constraints.segments import Response, places, words


def _something(phrase: str) -> str:
    if not any(char.isalnum() for char in phrase):
        raise ValueError(f"'{phrase}' holds no letter or digit")
    return phrase.strip()


def _one_word(word: str) -> str:
    if len(words(word)) != 1 or words(word)[0] != word:
        raise ValueError(f"'{word}' is not one word; 'starts_with' and 'ends_with' take a phrase")
    return word


Phrase = Annotated[str, AfterValidator(_something)]
Phrases = Annotated[tuple[Phrase, ...], Field(min_length=1)]
Word = Annotated[str, AfterValidator(_one_word)]


def quoted(phrases: Iterable[str]) -> str:
    """ "a", "b" and "c" """
    marked = [f'"{phrase}"' for phrase in phrases]
    return " and ".join(filter(None, [", ".join(marked[:-1]), marked[-1]]))


class Include(Instruction, name="include", touches="wording"):
    """Each of `keywords` at least once, as a whole word or phrase, in any case."""

    keywords: Phrases

    def describe(self) -> str:
        return f"Use {quoted(self.keywords)} in the response."

    def fault(self, response: Response) -> str | None:
        missing = [keyword for keyword in self.keywords if not places(keyword, response.text)]
        return f"without {quoted(missing)}" if missing else None


class Exclude(Instruction, name="exclude", touches="wording"):
    """None of `keywords`, as a whole word or phrase, in any case."""

    keywords: Phrases

    def describe(self) -> str:
        return f"Do not use {quoted(self.keywords)} anywhere in the response."

    def fault(self, response: Response) -> str | None:
        found = [keyword for keyword in self.keywords if places(keyword, response.text)]
        return f"with {quoted(found)}" if found else None


class KeywordCount(Counted, name="keyword_count", touches="wording"):
    """How often a word or phrase is used."""

    keyword: Phrase
    unit, units = "time", "times"

    def describe(self) -> str:
        return f'Use "{self.keyword}" {self.span()}.'

    def amount(self, response: Response) -> int:
        return len(places(self.keyword, response.text))


class InOrder(Instruction, name="in_order", touches="wording"):
    """All of `keywords`, each first used after the one before it."""

    keywords: Annotated[tuple[Phrase, ...], Field(min_length=2)]

    def describe(self) -> str:
        return f"Mention {quoted(self.keywords)}, each for the first time in this order."

    def fault(self, response: Response) -> str | None:
        firsts = [next(iter(places(keyword, response.text)), -1) for keyword in self.keywords]
        if -1 in firsts:
            return f'without "{self.keywords[firsts.index(-1)]}"'
        return None if firsts == sorted(set(firsts)) else "in another order"


class FirstWord(Instruction, name="first_word", touches="opening", rules_out="opening"):
    """The first word, in any case."""

    word: Word

    def describe(self) -> str:
        return f'Begin the response with the word "{self.word}".'

    def fault(self, response: Response) -> str | None:
        first = next(iter(words(response.text)), "")
        return None if first.casefold() == self.word.casefold() else f"begins with '{first}'"


class LastWord(Instruction, name="last_word", touches="ending", rules_out="ending"):
    """The last word, in any case; a mark may follow it."""

    word: Word

    def describe(self) -> str:
        return f'End the response with the word "{self.word}"; only a punctuation mark may follow it.'

    def fault(self, response: Response) -> str | None:
        last = next(reversed(words(response.text)), "")
        return None if last.casefold() == self.word.casefold() else f"ends with '{last}'"


class StartsWith(Instruction, name="starts_with", touches="opening", rules_out="opening"):
    """A phrase or sentence that the response begins with, in any case."""

    phrase: Phrase

    def describe(self) -> str:
        return f'Begin the response with exactly this: "{self.phrase}"'

    def fault(self, response: Response) -> str | None:
        start = _plain(response.text)[: len(_plain(self.phrase))]
        return None if start == _plain(self.phrase) else f"begins with '{start}'"


class EndsWith(Instruction, name="ends_with", touches="ending", rules_out="ending"):
    """A phrase or sentence that the response ends with, in any case; nothing may follow it."""

    phrase: Phrase

    def describe(self) -> str:
        return f'End the response with exactly this, and nothing after it: "{self.phrase}"'

    def fault(self, response: Response) -> str | None:
        end = _plain(response.text)[-len(_plain(self.phrase)) :]
        return None if end == _plain(self.phrase) else f"ends with '{end}'"


class ParagraphStart(Instruction, name="paragraph_start", touches="wording"):
    """The first word of one paragraph, counted from 1."""

    paragraph: int = Field(ge=1)
    word: Word

    def describe(self) -> str:
        return f'Begin paragraph {self.paragraph} with the word "{self.word}".'

    def fault(self, response: Response) -> str | None:
        paragraphs = response.paragraphs
        if len(paragraphs) < self.paragraph:
            return f"only {len(paragraphs)} paragraphs"
        first = next(iter(words(paragraphs[self.paragraph - 1])), "")
        return None if first.casefold() == self.word.casefold() else f"begins with '{first}'"


def _plain(text: str) -> str:
    """White space evened out and case folded: what of a phrase a reader takes for the same."""
    return " ".join(text.split()).casefold().replace("’", "'")
