"""Rejects texts that go round in circles."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, TypeAlias

import numpy as np
from pydantic import Field

from factory.plugins import validator
from factory.records import Chat, Preference, Sample, Verdict
from factory.seeds.cleaners.corruption import compression_ratio
from factory.seeds.plain import prose as plain
from validators.constraints.segments import UNSPACED, Line, Response
from validators.settings import Share
from validators.turns import turns

Times = Annotated[int, Field(ge=2)]
Fault: TypeAlias = tuple[str, dict[str, Any]]

LEAST_WORDS, LEAST_LINES, LEAST_BYTES = 150, 12, 2000
"""Below so much a share or a ratio says little: a poem of one refrain would be half repetition."""

LOOP_WORDS = 24
"""A phrase that follows itself takes up so many words before it is a loop: "no, no, no, no" is none."""

LONGEST_PHRASE = 300
VERSE_WORDS = 9
"""Lines of so few words that stand together are verse: refrains are no fault, and only loops are looked for."""

CODE_TIMES = 5
"""Lines of code and tables, and figures, are alike by nature: they may follow themselves so many times as often."""

_WORD = re.compile(
    rf"\d++|[{UNSPACED}\U0001f300-\U0001faff]|[^\W\d_{UNSPACED}]{{1,40}}+(?![^\W\d_{UNSPACED}])|[^\W\d_{UNSPACED}]"
)
_THOUGHT = re.compile(r"</?think>")
_RUN = re.compile(r"(\S)\1{249,}+")


@dataclass(frozen=True)
class Loop:
    """A phrase that follows itself: the phrase, and how many times it stands there."""

    phrase: str
    times: int


@validator()
class Repetition:
    """Rejects texts that repeat themselves: loops, and texts that say little in many words.

    `max_times`: how often a phrase may stand directly after itself, once it takes up 24 words; five times as
    often for figures and for lines of code and tables. Formulas are left out. Of what is no verse, if long enough:
    `max_lines`, the share of lines that were there before; `max_ngrams`, the share of 8-grams of words that
    were; `max_often`, what phi-4-reasoning's reward takes off for repetition (the larger of the share of
    5-grams seen more than five times and the highest count of one by a fifth of the words);
    `min_compression`, the least size when zlib has compressed it. The cut-offs are ours: the report names
    none. System and tool turns and rejected responses are not judged.
    """

    def __init__(
        self,
        *,
        max_times: Times = 6,
        max_lines: Share = 0.5,
        max_ngrams: Share = 0.5,
        max_often: Share = 0.5,
        min_compression: Share = 0.1,
    ) -> None:
        self._times = max_times
        self._lines = max_lines
        self._ngrams = max_ngrams
        self._often = max_often
        self._compression = min_compression

    async def check(self, sample: Sample, teacher: Any) -> Verdict:
        """Judges by the first fault of the first text that has one."""
        for number, text in enumerate(_texts(sample)):
            for reason, details in self._faults(text):
                return Verdict.reject(reason, text=number, **details)
        return Verdict.accept()

    def _faults(self, text: str) -> Iterator[Fault]:
        response = Response(_THOUGHT.sub("\n", text))  # thoughts loop more often than what follows them
        prose = plain(
            "\n".join(line.content for line in response.lines if line.kind not in ("code", "table"))
        )
        if run := _RUN.search(text):
            yield "loops", {"phrase": run[1], "times": len(run[0])}
        found = words_of(prose)
        if loop := longest_loop(found, LOOP_WORDS):
            figures = not any(map(str.isalpha, loop.phrase))  # a row of zeros
            if loop.times > self._times * (CODE_TIMES if figures else 1):
                yield "loops", {"phrase": loop.phrase[:200], "times": loop.times}
        for lines in _laid_out(response):
            loop = longest_loop([line for line in lines if any(map(str.isalpha, line))], 1)
            if loop and loop.times > CODE_TIMES * self._times:
                yield "lines of code or a table loop", {"line": loop.phrase[:200], "times": loop.times}
        running = plain("\n".join(line.content for block in response.blocks for line in _running(block)))
        said = words_of(running)
        for reason, share, most in (
            ("the same lines again", repeated_lines(running), self._lines),
            ("the same phrases again", repeated_ngrams(said), self._ngrams),
            ("the same phrases too often", often(said), self._often),
        ):
            if share > most:
                yield reason, {"share": round(share, 3)}
        if len(prose.encode("utf-8", "replace")) >= LEAST_BYTES:
            ratio = compression_ratio(prose)
            if ratio < self._compression:
                yield "says little for its length", {"compression": round(ratio, 3)}


def words_of(text: str) -> list[str]:
    """Words, case folded; a letter each of scripts without spaces, and of what is longer than a word."""
    return _WORD.findall(text.casefold())


def longest_loop(items: list[str], least: int) -> Loop | None:
    """The phrase that stands the most times directly after itself, taking up at least `least` items."""
    numbers: dict[str, int] = {}
    ids = np.fromiter((numbers.setdefault(item, len(numbers)) for item in items), np.int32, len(items))
    best: Loop | None = None
    for period in range(1, min(LONGEST_PHRASE, len(ids) // 2) + 1):
        same = ids[period:] == ids[:-period]
        if np.count_nonzero(same) < period:
            continue
        edges = np.flatnonzero(np.diff(np.concatenate(([0], same.view(np.int8), [0]))))
        lengths = edges[1::2] - edges[::2]
        place = int(lengths.argmax())
        length = int(lengths[place]) + period
        if length >= least and length // period > (best.times if best else 1):
            start = int(edges[2 * place])
            best = Loop(" ".join(items[start : start + period]), length // period)
    return best


def repeated_lines(text: str) -> float:
    """The share of the lines of three words or more that were there before, 0 where there are few lines."""
    lines = [line.strip() for line in text.split("\n") if len(words_of(line)) >= 3]
    return 1 - len(set(lines)) / len(lines) if len(lines) >= LEAST_LINES else 0.0


def repeated_ngrams(found: list[str]) -> float:
    """The share of 8-grams of words that were there before, 0 where there are few words."""
    grams = _grams(found, 8)
    return 1 - len(grams) / grams.total() if len(found) >= LEAST_WORDS else 0.0


def often(found: list[str]) -> float:
    """The penalty for repetition of phi-4-reasoning's reward, on words: 0 where there are few of them."""
    if len(found) < LEAST_WORDS:
        return 0.0
    grams = _grams(found, 5)
    many = sum(number for number in grams.values() if number > 5)
    return max(many / grams.total(), max(grams.values()) / (len(found) / 5))


def _grams(found: list[str], size: int) -> Counter[tuple[str, ...]]:
    return Counter(zip(*(found[at:] for at in range(size)), strict=False))


def _running(block: list[Line]) -> list[Line]:
    """The lines of a block that are neither verse nor a table."""
    lines = [line for line in block if line.kind != "table"]
    verse = len(lines) > 1 and all(line.kind == "text" for line in lines)
    few = sum(len(words_of(line.content)) for line in lines) <= VERSE_WORDS * len(lines)
    return [] if verse and few else lines


def _laid_out(response: Response) -> Iterator[list[str]]:
    """The lines of each block of code, and of all tables."""
    for _, code in response.fences:
        yield [line.strip() for line in code.split("\n")]
    yield [line.content for line in response.of_kind("table")]


def _texts(sample: Sample) -> Sequence[str]:
    if isinstance(sample, Chat | Preference):
        return [turn.content for turn in turns(sample) if turn.role in ("user", "assistant")]
    return sample.texts()
