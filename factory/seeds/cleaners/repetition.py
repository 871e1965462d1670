"""`repetition`: text that says the same again and again."""

from __future__ import annotations

import re
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from factory.fences import unfenced
from factory.plugins import Drop, Found, cleaner
from factory.records import Document, Passage, Question
from factory.seeds.plain import DISPLAYED, LINK, UNSPACED

READ, WORDS = 150_000, 20_000
"""Characters and words of a text that are looked at."""

LEAST, LINES = 40, 8
"""Words, and lines, below which shares say little."""

LINE = 20
"""Characters of a line that is no scrap: "Reply" and "Share" stand below every post. (A character of a script without
spaces counts three times: it is parted from the others.)"""

SHORT, PHRASE, PASSAGE = 3, 6, 18
"""Words of what may come too often, and of what is not to come again."""

TIMES, OFTEN = 6, 100
"""A short phrase comes often when it comes so many times, and once in so many words."""

VERSE, STANZA, REFRAINS = 60, 2, 0.6
"""Characters of a line of verse, lines of a stanza, and the share of a text that refrains may be."""

_STANZAS = re.compile(r"\n\s*\n")
_LISTED = re.compile(r"\s*(?:[-*+•·#]|\d{1,3}[.)])\s")
# What others said before stands in threads again, behind ">".
_SET_APART = re.compile(r"^ *[|>].*\n?", re.MULTILINE)
_DISPLAYED = re.compile(DISPLAYED)
_WORD = re.compile(r"[^\s!-/:-@\[-`{-~¡-¿‐-⁯、-〿！-／：-＠।॥؟،؛።]+")


class Repeated(NamedTuple):
    """How much of a text repeats, each a share from 0 to 1, of characters unless said otherwise."""

    lines: float  # of lines that are no scraps, those that stood before
    passages: float  # in 18 words that stood before
    phrases: float  # in 6 words that stood before
    often: float  # in 3 words that come once in 100 words, or more often


@cleaner(takes=(Document, Passage, Question))
def repetition(
    item: Found,
    *,
    max_lines: float = 0.45,
    max_passages: float = 0.15,
    max_phrases: float = 0.3,
    max_often: float = 0.15,
) -> Found | Drop:
    """Leaves out texts that repeat themselves: paragraphs, loops, a phrase between all sentences, stuffed keywords.

    The greatest share of lines that stood before (`max_lines`), of the text in 18 and in 6 words that stood before
    (`max_passages`, `max_phrases`), and in 3 words that come at least six times and once in 100 words (`max_often`).
    In scripts without spaces two characters are a word. Scraps of lines, code in fences, tables, quotations, displayed
    formulas and addresses do not count; of verse, 0.6 may be refrains. Scores: the four shares. After Gopher (arXiv
    2112.11446, table A1), whose thirteen figures take many clean pages for repetition; these and the cut-offs are ours.
    """
    text: str = item.seed.text  # type: ignore[attr-defined]
    seen = repeated(text)
    told = {f"repeated_{name}": round(share, 3) for name, share in seen._asdict().items()}
    for reason, share, most in (
        ("the same lines again", seen.lines, max_lines),
        ("the same passages again", seen.passages, max_passages),
        ("the same phrases again", seen.phrases, max_phrases),
        ("the same phrases too often", seen.often, max_often),
    ):
        if share > most and (share > REFRAINS or not _is_verse(text)):
            return Drop(reason, told)
    return item.scored(**told)


def repeated(text: str) -> Repeated:
    """How much of a text repeats, code, tables, formulas and addresses aside; 0 where it is too short to say."""
    text = unfenced(text[:READ])
    if "|" in text or ">" in text:
        text = _SET_APART.sub("", text)
    if "$$" in text or "\\" in text:
        text = _DISPLAYED.sub(" ", text)
    if "](" in text or "://" in text:
        text = LINK.sub(r" \1 ", text)
    text, each = text.lower(), 1
    if not text.isascii() and len(UNSPACED.findall(text)) > len(text.split()):
        text, each = UNSPACED.sub(r" \g<0> ", text), 2
    lines = [line for line in map(str.strip, text.splitlines()) if len(line) >= LINE]
    again = 1 - len(set(lines)) / len(lines) if len(lines) >= LINES else 0.0
    words = _WORD.findall("\n".join(lines))[:WORDS]
    if len(words) < LEAST * each:
        return Repeated(again, 0.0, 0.0, 0.0)
    ids = {word: number for number, word in enumerate(dict.fromkeys(words))}
    units = np.fromiter(map(ids.__getitem__, words), np.uint64, len(words))
    lengths = np.fromiter(map(len, words), np.int64, len(words))
    short = _joined(units, SHORT * each)
    phrase = _joined(short, 2, SHORT * each)
    passage = _joined(phrase, PASSAGE // PHRASE, PHRASE * each)
    often = _counted(short)[0] >= max(TIMES, len(words) / each / OFTEN)
    return Repeated(
        again,
        _covered(_counted(passage)[1], PASSAGE * each, lengths),
        _covered(_counted(phrase)[1], PHRASE * each, lengths),
        _covered(often, SHORT * each, lengths),
    )


def _is_verse(text: str) -> bool:
    """Whether most of a text is in stanzas: short lines below each other that are no list."""
    stanzas = [stanza.splitlines() for stanza in _STANZAS.split(text[:READ])]
    verse = sum(
        sum(map(len, lines))
        for lines in stanzas
        if len(lines) >= STANZA and not any(len(line) > VERSE or _LISTED.match(line) for line in lines)
    )
    return 2 * verse > sum(sum(map(len, lines)) for lines in stanzas)


def _joined(units: NDArray[np.uint64], count: int, apart: int = 1) -> NDArray[np.uint64]:
    """The hashes of so many units behind each other, where each is as long as what lies between their beginnings."""
    size = max(len(units) - (count - 1) * apart, 0)
    hashes = np.zeros(size, np.uint64)
    for number in range(count):
        start = number * apart
        hashes = (hashes ^ units[start : start + size]) * np.uint64(0x9E3779B97F4A7C15) + np.uint64(1)
        hashes ^= hashes >> np.uint64(29)
    return hashes


def _counted(hashes: NDArray[np.uint64]) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """How often each stands there, and whether it stood there before."""
    order = np.argsort(hashes, kind="stable")
    ordered = hashes[order]
    first = np.concatenate(([True], ordered[1:] != ordered[:-1]))[: len(ordered)]
    starts = np.flatnonzero(first)
    counts = np.diff(np.append(starts, len(ordered)))
    times, before = np.empty(len(order), np.int64), np.empty(len(order), np.bool_)
    times[order], before[order] = np.repeat(counts, counts), ~first
    return times, before


def _covered(begins: NDArray[np.bool_], size: int, lengths: NDArray[np.int64]) -> float:
    """The share of characters in runs of `size` words that begin where `begins` says."""
    edges = np.zeros(len(lengths) + 1, np.int64)
    edges[: len(begins)] += begins
    edges[size : size + len(begins)] -= begins
    return float(lengths[np.cumsum(edges[:-1]) > 0].sum() / lengths.sum())
