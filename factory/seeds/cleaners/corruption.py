"""`corruption`: text that is broken, repeated, or no text at all."""

from __future__ import annotations

import re
import zlib
from collections.abc import Iterator
from typing import TypeAlias

from factory.fences import unfenced
from factory.plugins import Drop, Found, cleaner
from factory.records import Document, Passage, Question
from factory.seeds.plain import LINK

Reason: TypeAlias = tuple[str, dict[str, float | int]]

LEAST = 200
"""Characters below which statistics of a text say little; only control characters are looked for then. Twice as many
are needed to tell noise: of a few names and prices nothing comes twice."""

PART, FEW = 0.25, 4
"""The share of a text in which letters stand apart or words run together, and the lost letters, that are no slip."""

LONG, LETTER_AND_WORD = 40, 4.5
"""Characters of a very long word; and of a mean word with its space, where a quarter of the text is letters apart."""

_HEX = frozenset("abcdefABCDEF")
_CONTROLS = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ufffd\ufffe\uffff]")
_BLOB = re.compile(r"[A-Za-z0-9+/=_-]{48,}|(?:[0-9a-fA-F]{2}[ :,]){12,}|(?:\\x[0-9a-fA-F]{2}){20,}")
_DIGITS = re.compile(r"[0-9a-fA-F :,]{36}")
_TOGETHER = re.compile(r"[A-Za-z\u00c0-\u024f\u0370-\u052f]{30,}")
_APART = re.compile(r"(?<!\S)(?:[^\W\d_] {1,3}){5,}")
# "f?r", "K?se", "s??e": a question is not asked in the middle of a word.
_LOST = re.compile(r"(?<=[^\W\d_])\?+(?=[^\W\d_A-Z])(?!\w*=)")
_LETTERS = re.compile(r"[^\W_]+")


@cleaner(takes=(Document, Passage, Question))
def corruption(
    item: Found,
    *,
    max_controls: float = 0.002,
    max_blobs: float = 0.25,
    min_letters: float = 0.3,
    compression: tuple[float, float] = (0.08, 0.8),
    max_lost: float = 0.01,
) -> Found | Drop:
    """Leaves out broken text by n-gram statistics and compression ratio, in any language.

    `max_controls`: share of control and replacement characters. `max_blobs`: share of base64, hexadecimal and
    escaped bytes. `min_letters`: least share of letters and digits among what is no space, code aside.
    `compression`: least and greatest size of the text when zlib has compressed it, as a share: below, it
    repeats itself (`repetition` tells it sooner); above, it is noise. `max_lost`: question marks inside of words, where
    letters were lost, for each word. Letters apart ("t i d e s") and words that run together are told too. Score:
    `compression`. Source: phi-4 report, section 2.3, "Cleaning": corrupted text and binary files are
    outliers of n-gram statistics and compression ratio; its cut-offs are unpublished, these are ours.
    """
    text: str = item.seed.text  # type: ignore[attr-defined]
    plain = unfenced(text)
    ratio = compression_ratio(text)
    told: dict[str, float | int] = {"compression": round(ratio, 3)}
    if len(text) >= 2 * LEAST and ratio > compression[1]:
        return Drop("noise", told)
    for reason, figures in _faults(text, plain, max_controls, max_blobs, min_letters, max_lost):
        return Drop(reason, {**told, **figures})
    if len(text) >= LEAST and ratio < compression[0]:
        return Drop("repeats itself", told)
    return item.scored(**told)


def _faults(
    text: str, plain: str, max_controls: float, max_blobs: float, min_letters: float, max_lost: float
) -> Iterator[Reason]:
    """`plain`: the text without its code."""
    size = max(len(text), 1)
    controls = len(_CONTROLS.findall(text)) / size
    if controls > max_controls:
        yield "control characters", {"controls": round(controls, 4)}
    if size < LEAST:
        return
    words = text.split()
    # Most texts have few words that are very long or very short, and need no closer look.
    long = sum(length for length in map(len, words) if length >= LONG) / size
    if long > max_blobs or _DIGITS.search(text):
        blobs = sum(map(len, filter(_is_blob, _BLOB.findall(text)))) / size
        if blobs > max_blobs:
            yield "binary in disguise", {"blobs": round(blobs, 3)}
    if long > PART:
        together = sum(map(len, filter(_is_prose, _TOGETHER.findall(plain)))) / size
        if together > PART:
            yield "words run together", {"together": round(together, 3)}
    if len(words) * LETTER_AND_WORD > size:
        apart = sum(map(len, _APART.findall(plain))) / size
        if apart > PART:
            yield "letters apart", {"apart": round(apart, 3)}
    slips = max(max_lost * len(words), FEW)
    if plain.count("?") > slips and (lost := len(_LOST.findall(LINK.sub("", plain)))) > slips:
        yield "letters lost", {"lost": lost}
    visible = "".join(plain.split())
    letters = sum(map(len, _LETTERS.findall(visible))) / max(len(visible), 1)
    if len(visible) >= LEAST and letters < min_letters:
        yield "few letters", {"letters": round(letters, 3)}


def _is_blob(found: str) -> bool:
    """Whether a run of letters and digits is coded: by its digits, and by small and capital letters or those of
    hexadecimal digits alone. Paths, slugs, rules of dashes, long names and numbers are not."""
    digits = sum(map(str.isdigit, found))
    letters = set(found) - set("0123456789 :,+/=_-\\x")
    return (
        digits * 20 >= len(found)
        and bool(letters)
        and (letters <= _HEX or found.lower() != found != found.upper())
    )


def _is_prose(found: str) -> bool:
    """Whether a run of letters has small ones: a sequence of bases or acids has none."""
    return found != found.upper()


def compression_ratio(text: str) -> float:
    """The size of a text when zlib has compressed it, as a share of its UTF-8; long texts by 64 KB of it."""
    data = text.encode("utf-8", "replace")[: 1 << 16]
    return len(zlib.compress(data, 6)) / max(len(data), 1)
