"""Rejects samples that are badly formed: cut, repeated, garbled, in the wrong language, or a refusal."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import pairwise
from typing import Any

from factory.errors import FactoryError, did_you_mean
from factory.fences import fences, unfenced
from factory.plugins import validator
from factory.records import Chat, Message, Preference, Sample, TokenPreference, Verdict
from factory.refusals import refusal
from validators.format.languages import LANGUAGES, other_language
from validators.settings import Amount, Count, Share
from validators.turns import answers, turns

Fault = tuple[str, dict[str, Any]]


@validator()
class Format:
    """Rejects samples that are badly formed.

    Of the whole sample: `min_words`, `max_words`, `min_characters`, `max_characters`. Of each text: at most
    `max_repeated_lines` of its lines and `max_repeated_ngrams` of its n-grams of `ngram` words seen before
    in it (code apart); in `language` as far as common words and scripts tell (languages.py beside it);
    no open code fence, control or replacement character, leftover mark of a template; unless
    `allow_refusals`, no assistant that only says what it cannot do. Of a conversation: no empty turn, roles
    in turn, an assistant's turn at the end. The limits are ours: the reports name none.
    """

    def __init__(
        self,
        *,
        min_words: Amount = 1,
        max_words: Amount | None = None,
        min_characters: Amount = 1,
        max_characters: Amount | None = None,
        ngram: Count = 8,
        max_repeated_ngrams: Share = 0.2,
        max_repeated_lines: Share = 0.3,
        language: str | None = None,
        allow_refusals: bool = False,
    ) -> None:
        if language is not None and language not in LANGUAGES:
            near = did_you_mean(language, LANGUAGES) or f"; there are: {', '.join(LANGUAGES)}"
            raise FactoryError(f"format: no table for the language '{language}'{near}")
        for unit, least, most in (
            ("words", min_words, max_words),
            ("characters", min_characters, max_characters),
        ):
            if most is not None and least > most:
                raise FactoryError(
                    f"format: min_{unit} {least} is above max_{unit} {most}: no sample could pass"
                )
        self._words = (min_words, max_words)
        self._characters = (min_characters, max_characters)
        self._ngram = ngram
        self._repeated = (max_repeated_lines, max_repeated_ngrams)
        self._language = language
        self._allow_refusals = allow_refusals

    async def check(self, sample: Sample, teacher: Any) -> Verdict:
        """Judges by the first fault found, in a fixed order."""
        for reason, details in self._faults(sample):
            return Verdict.reject(reason, **details)
        return Verdict.accept()

    def _faults(self, sample: Sample) -> Iterator[Fault]:
        texts = sample.texts()
        if not texts or isinstance(sample, TokenPreference):  # no text, or one for people only
            return
        yield from _turn_faults(sample)
        whole = "\n".join(texts)
        yield from _outside(len(whole.split()), "words", *self._words)
        yield from _outside(len(whole), "characters", *self._characters)
        for number, text in enumerate(texts):
            for reason, details in self._text_faults(text):
                yield reason, {"text": number, **details}
        for number, reply in enumerate(() if self._allow_refusals else _replies(sample)):
            if found := refusal(reply):
                yield "a refusal", {"reply": number, "found": found}

    def _text_faults(self, text: str) -> Iterator[Fault]:
        for reason, pattern in _GARBLED.items():
            if found := pattern.search(text):
                yield reason, {"found": repr(found[0]), "character": found.start()}
        if any(not fence.closed for fence in fences(text)):
            yield "code fence left open", {}
        prose = without_code(text)
        for reason, pattern in _LEFT_OVER.items():
            if found := pattern.search(prose):
                yield reason, {"found": found[0]}
        lines, ngrams = repetition(prose, self._ngram)
        if lines > self._repeated[0]:
            yield "lines repeat", {"share": lines}
        if ngrams > self._repeated[1]:
            yield "phrases repeat", {"share": ngrams, "ngram": self._ngram}
        if self._language and (other := other_language(prose, self._language)):
            yield "not in the expected language", {"expected": self._language, "found": other}


def repetition(text: str, ngram: int) -> tuple[float, float]:
    """Shares of the lines and of the n-grams of words that were there before, 0 to 1. Lines of under three
    words, and texts of under four lines or twice the n-gram's words, are too short to mean anything."""
    lines = [line for line in map(str.strip, text.splitlines()) if len(line.split()) >= 3]
    words = text.lower().split()
    grams = list(zip(*(words[at:] for at in range(ngram)), strict=False)) if len(words) >= 2 * ngram else []
    return _repeated(lines) if len(lines) >= 4 else 0.0, _repeated(grams)


def _repeated(items: list[Any]) -> float:
    return 1 - len(set(items)) / len(items) if items else 0.0


def without_code(text: str) -> str:
    """The text with fenced code and code in lines cut out."""
    return _INLINE.sub(" ", unfenced(text))


_INLINE = re.compile(r"`[^`\n]+`")

# Tab, line feed and carriage return are text; every other control character is an accident.
_GARBLED = {
    "control character": re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ufffe\uffff]"),
    "replacement character": re.compile("\ufffd"),
    "letters read in another encoding": re.compile("â€[™œ\u009d“”˜¦]|Ã[©¨¤¶¼±³¡\u00ad]"),
}
_LEFT_OVER = {
    "mark of a chat template": re.compile(
        r"<\|[a-z_]{2,30}\|>|\[/?INST\]|<</?SYS>>|\A\s*</?s>|</?s>\s*\Z|</?(?:start|end)_of_turn>|<(?:bos|eos)>"
        r"|^### ?(?:Instruction|Response|Assistant|Human):|\A(?:Human|Assistant): ",
        re.MULTILINE,
    ),
    "mark of a template": re.compile(
        r"(?<![\w^_}\\])\{\{ ?[A-Za-z_][\w .|()]{0,60}\}\}|\{% ?\w[^%\n]{0,80}%\}"
    ),
    "placeholder": re.compile(
        r"\[(?:insert|your|add|placeholder)[^\]\n]{0,60}\](?!\()|<(?:insert|your)[ _][^>\n]{1,60}>"
        r"|\blorem ipsum\b",
        re.IGNORECASE,
    ),
}


def _outside(count: int, unit: str, least: int, most: int | None) -> Iterator[Fault]:
    if count < least:
        yield "too short", {unit: count, "least": least}
    if most is not None and count > most:
        yield "too long", {unit: count, "most": most}


def _turn_faults(sample: Sample) -> Iterator[Fault]:
    """Faults of a conversation: empty turns, roles out of turn, an end that is not the assistant's."""
    for number, text in enumerate(sample.texts()):
        if not text.strip():
            yield (
                "an empty turn" if isinstance(sample, Chat | Preference) else "an empty text",
                {"text": number},
            )
    if isinstance(sample, Preference):
        yield from _order_faults(turns(sample))
        if sample.chosen.strip() == sample.rejected.strip():
            yield "chosen and rejected are the same", {}
    elif isinstance(sample, Chat):
        yield from _order_faults(sample.messages)


def _order_faults(messages: tuple[Message, ...]) -> Iterator[Fault]:
    roles = [message.role for message in messages]
    talk = [role for role in roles if role in ("user", "assistant")]
    # Between two turns of an assistant there may be a tool's, never nothing.
    doubled = any(first == second and first != "tool" for first, second in pairwise(roles))
    if doubled or roles[:1] == ["assistant"] or "system" in roles[1:] or not talk or talk[0] != "user":
        yield "roles not in turn", {"roles": roles}
    elif roles[-1] != "assistant":
        yield "no reply at the end", {"roles": roles}


def _replies(sample: Sample) -> list[str]:
    """What is learnt: all answers of a conversation, the chosen one of a preference."""
    if isinstance(sample, Chat):
        return answers(sample)
    return [sample.chosen] if isinstance(sample, Preference) else []
