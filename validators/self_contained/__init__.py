"""Rejects samples that lean on a text, code or picture that their reader does not see."""

from __future__ import annotations

import functools
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from factory.fences import fences
from factory.plugins import validator
from factory.records import Chat, Preference, Sample, Verdict, content_hash
from validators.settings import Count
from validators.turns import turns

REASONS = {
    "text": "leans on a text that is not there",
    "information": "leans on information that is not there",
    "code": "leans on code that is not there",
    "table": "leans on a table that is not there",
    "figure": "leans on a figure that is not there",
    "author": "leans on an author whom nobody named",
    "earlier": "refers to what was not said before",
}

_PHRASES = Path(__file__).with_name("leaning.yaml")
_PASSAGE = 40  # a paragraph of so many words in a user's turn is a text that the turn brings along


@validator()
class SelfContained:
    """Rejects samples that lean on what their reader cannot see ("according to the passage").

    `shown_words`: a block quote, a quotation or a part under a label ("Passage:") of so many words is a text
    that the sample shows; `earlier_words`: how many words "as mentioned above" needs before it. Knows the
    usual phrases of nine languages (leaning.yaml); what leans in other words passes.
    """

    def __init__(self, *, shown_words: Count = 12, earlier_words: Count = 80) -> None:
        self._shown_words = shown_words
        self._earlier_words = earlier_words

    @property
    def fingerprint(self) -> str:
        """Hash of the phrases."""
        return content_hash(_PHRASES.read_text(encoding="utf-8"))

    async def check(self, sample: Sample, teacher: Any) -> Verdict:
        """Judges by the first phrase found that leans on nothing in the sample."""
        said = _said(sample)
        coded = any(_has_code(text) for _, text in said)
        for number, (role, text) in enumerate(said):
            earlier = "\n\n".join(content for _, content in said[:number])
            shown: set[tuple[str, str]] = (
                set()
            )  # what stood there for a phrase stands there for its repetitions
            for phrase, found in _leanings(_masked(text)):
                leaning = phrase.thing, found[0].lower()
                if leaning in shown and not _FOLLOWING.search(leaning[1]):
                    continue
                place = _Place(*leaning, earlier, role, text, found.start(), found.end())
                operand = coded and _OPERAND.match(found[0])
                if operand or place.shown(self._shown_words, self._earlier_words):
                    shown.add(leaning)
                    continue
                return Verdict.reject(
                    REASONS[phrase.thing],
                    phrase=found[0],
                    text=number,
                    character=found.start(),
                    language=phrase.language,
                    around=text[max(0, found.start() - 60) : found.end() + 60],
                )
        return Verdict.accept()


def _said(sample: Sample) -> list[tuple[str, str]]:
    """Roles and texts; a text that belongs to no conversation has no role."""
    if not isinstance(sample, Chat | Preference):
        return [("", text) for text in sample.texts()]
    said: list[tuple[str, str]] = [(turn.role, turn.content) for turn in turns(sample)]
    return [*said, ("assistant", sample.rejected)] if isinstance(sample, Preference) else said


# --------------------------------------------------------------------------------------- the phrases


@dataclass(frozen=True)
class _Phrase:
    language: str
    thing: str
    pattern: re.Pattern[str]


@functools.cache
def _phrases() -> tuple[_Phrase, ...]:
    """Every phrase of leaning.yaml, the names in braces replaced by their words."""
    table = yaml.safe_load(_PHRASES.read_text(encoding="utf-8"))
    phrases = []
    for language, things in table.items():
        words = things.pop("words", {})
        for thing, patterns in things.items():
            for pattern in patterns:
                for name, expression in words.items():
                    pattern = pattern.replace(f"{{{name}}}", expression)
                phrases.append(_Phrase(language, thing, re.compile(pattern, re.IGNORECASE | re.MULTILINE)))
    return tuple(phrases)


def _leanings(text: str) -> Iterator[tuple[_Phrase, re.Match[str]]]:
    for phrase in _phrases():
        for found in phrase.pattern.finditer(text):
            yield phrase, found


# ------------------------------------------------------------------------------ what a sample shows

_CODE = re.compile(r"`[^`\n]+`|(?:\n|\A)(?:(?: {4}|\t)\S.*(?:\n|\Z)){2,}")
_QUOTE = re.compile(r"\"[^\"\n]{1,2000}\"|“[^”]{1,2000}”|«[^»]{1,2000}»|„[^“”]{1,2000}[“”]|「[^」]{1,2000}」")
_BLOCK_QUOTE = re.compile(r"(?:^[ \t]*>.*\n?)+", re.MULTILINE)
_LABELLED = re.compile(
    r"^[ \t#*_<]*(?:passage|text|excerpt|extract|article|document|paragraph|context|source|snippet|story"
    r"|abstract|abschnitt|auszug|artikel|texte?|extrait|texto|pasaje|testo|brano|trecho|текст|отрывок|文章|短文|段落|原文)"
    r"(?: \w{1,2})?[ \t*_]*(?:[:>：]|\n)([\s\S]+)",
    re.IGNORECASE | re.MULTILINE,
)
_TABLE = re.compile(r"^[ \t]*\|.+\|[ \t]*$|<table|^[^|\n]+\|[^|\n]+\|", re.MULTILINE)
_FIGURE = re.compile(
    r"!\[|<(?:img|svg)|^[*_ \t]*(?:figure|fig\.|diagram)\b[^\n]{0,12}[:.]", re.IGNORECASE | re.MULTILINE
)
# "the words in the given text" is a parameter where the sample is about a program.
_OPERAND = re.compile(
    r"the (?:given|provided|supplied) (?:text|document|paragraph|source|material)", re.IGNORECASE
)
_INDEFINITE = r"\b(?:an?|another|eine?[nmrs]?|une?|un[ao]|uma?) (?:[\w-]+ ){0,2}"
_FOLLOWING = re.compile(r"follow|folgend")


@dataclass(frozen=True)
class _Place:
    """A phrase in a turn, with all that its reader has seen."""

    thing: str
    phrase: str
    earlier: str
    role: str
    text: str
    start: int
    end: int

    def shown(self, shown_words: int, earlier_words: int) -> bool:
        """Whether the sample itself holds what the phrase leans on."""
        before = f"{self.earlier}\n\n{self.text[: self.start]}"
        seen = f"{self.earlier}\n\n{self.text}"
        if self.thing == "earlier":
            return _words(before) >= earlier_words
        if self._introduced(before) or (_FOLLOWING.search(self.phrase) and self._follows()):
            return True
        if self.thing == "information":
            return _words(before) >= shown_words
        if self.thing == "table":
            return _TABLE.search(seen) is not None
        if self.thing == "figure":
            return _FIGURE.search(seen) is not None or _has_code(seen)
        if self.thing == "code":
            return _has_code(seen)
        return self._text_shown(seen, shown_words)

    def _introduced(self, before: str) -> bool:
        """ "An article on bees ..." and then "the article": the sample made it up itself."""
        nouns = "|".join(re.findall(r"[^\W\d_]{4,}", self.phrase))
        return bool(nouns) and re.search(rf"{_INDEFINITE}(?:{nouns})\b", before, re.IGNORECASE) is not None

    def _follows(self) -> bool:
        """ "the following sentence: ..." and the sentence."""
        rest = re.match(r"[^.?!:\n]*(?::|\n)([\s\S]*)", self.text[self.end :])
        return self.thing != "code" and rest is not None and _words(rest[1]) >= 2

    def _text_shown(self, seen: str, shown_words: int) -> bool:
        quoted = [found[0] for pattern in (_QUOTE, _BLOCK_QUOTE) for found in pattern.finditer(seen)]
        labelled = [found[1] for found in _LABELLED.finditer(seen)]
        if any(_words(part) >= shown_words for part in (*quoted, *labelled)):
            return True
        # A user may put a passage into a paragraph of its own; an assistant's paragraphs are its own words.
        others = [self.earlier]
        if self.role == "user":
            others += [
                self.text[: self.start].rpartition("\n\n")[0],
                self.text[self.end :].partition("\n\n")[2],
            ]
        return any(_words(part) >= _PASSAGE for other in others for part in other.split("\n\n"))


def _has_code(text: str) -> bool:
    """Whether it shows code: fenced, indented, or within a line."""
    return bool(fences(text)) or _CODE.search(text) is not None


def _masked(text: str) -> str:
    """The text with code, quotations and block quotes blanked: what they say is not said by the sample."""
    lines = text.split("\n")
    for number in (number for fence in fences(text) for number in fence.lines):
        lines[number] = " " * len(lines[number])
    text = "\n".join(lines)
    for pattern in (_CODE, _BLOCK_QUOTE, _QUOTE):
        text = pattern.sub(lambda found: re.sub(r"[^\n]", " ", found[0]), text)
    return text


def _words(text: str) -> int:
    """Words, or letters where a script sets no spaces."""
    return len(re.findall(r"[\u3041-\u30ff\u3400-\u9fff]|[^\W\u3041-\u30ff\u3400-\u9fff]+", text))
