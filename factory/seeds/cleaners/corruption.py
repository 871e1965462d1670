"""`corruption`: text that is broken, repeated, or no text at all."""

from __future__ import annotations

import re
import zlib
from collections.abc import Iterator
from typing import TypeAlias

from factory.fences import unfenced
from factory.plugins import Drop, Found, cleaner
from factory.records import Document, Passage, Question

Reason: TypeAlias = tuple[str, dict[str, float | int]]

LEAST = 200
"""Characters below which statistics of a text say little; only control characters are looked for then."""

VARIETY = 8
"""Different characters that a run of base64 or hexadecimal digits has at least."""

_CONTROLS = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ufffd\ufffe\uffff]")
_BLOB = re.compile(r"[A-Za-z0-9+/=_-]{80,}|(?:[0-9a-fA-F]{2}[ :,]?){60,}|(?:\\x[0-9a-fA-F]{2}){20,}")
# Nearly no text has a word this long or so many hexadecimal digits, and most of it needs no closer look.
_LONG_WORD, _DIGITS = 80, re.compile(r"[0-9a-fA-F :,]{120}")
_LETTERS = re.compile(r"[^\W_]+")


@cleaner(takes=(Document, Passage, Question))
def corruption(
    item: Found,
    *,
    max_controls: float = 0.002,
    max_blobs: float = 0.25,
    min_letters: float = 0.3,
    compression: tuple[float, float] = (0.08, 0.8),
    max_repeated: float = 0.3,
) -> Found | Drop:
    """Leaves out broken text by n-gram statistics and compression ratio, in any language.

    `max_controls`: share of control and replacement characters. `max_blobs`: share of base64, hexadecimal and
    escaped bytes. `min_letters`: least share of letters and digits among what is no space, code aside.
    `compression`: least and greatest size of the text when zlib has compressed it, as a share: below, it
    repeats itself; above, it is noise. `max_repeated`: share of the text in word 6-grams that were there
    before. Scores: `compression`, `repeated`. Source: phi-4 report, section 2.3, "Cleaning": corrupted text
    and binary files are outliers of n-gram statistics and compression ratio; its cut-offs are unpublished,
    these are ours.
    """
    text: str = item.seed.text  # type: ignore[attr-defined]
    ratio, repeated = compression_ratio(text), repeated_share(text)
    told = {"compression": round(ratio, 3), "repeated": round(repeated, 3)}
    for reason, figures in _faults(text, max_controls, max_blobs, min_letters):
        return Drop(reason, {**told, **figures})
    if len(text) >= LEAST:
        if ratio < compression[0] or repeated > max_repeated:
            return Drop("repeats itself", told)
        if ratio > compression[1]:
            return Drop("noise", told)
    return item.scored(**told)


def _faults(text: str, max_controls: float, max_blobs: float, min_letters: float) -> Iterator[Reason]:
    size = max(len(text), 1)
    controls = len(_CONTROLS.findall(text)) / size
    if controls > max_controls:
        yield "control characters", {"controls": round(controls, 4)}
    if size < LEAST:
        return
    if max(map(len, text.split()), default=0) >= _LONG_WORD or _DIGITS.search(text):
        # A rule of dashes is a long run of such characters too, but of few different ones.
        found = (match.group() for match in _BLOB.finditer(text))
        blobs = sum(len(blob) for blob in found if len(set(blob)) >= VARIETY) / size
        if blobs > max_blobs:
            yield "binary in disguise", {"blobs": round(blobs, 3)}
    visible = "".join(unfenced(text).split())
    letters = sum(map(len, _LETTERS.findall(visible))) / max(len(visible), 1)
    if len(visible) >= LEAST and letters < min_letters:
        yield "few letters", {"letters": round(letters, 3)}


def compression_ratio(text: str) -> float:
    """The size of a text when zlib has compressed it, as a share of its UTF-8; long texts by 64 KB of it."""
    data = text.encode("utf-8", "replace")[: 1 << 16]
    return len(zlib.compress(data, 6)) / max(len(data), 1)


def repeated_share(text: str, size: int = 6) -> float:
    """The share of a text's word 6-grams that stood in it before."""
    words = text.lower().split()[:20_000]
    grams = set(zip(*(words[at:] for at in range(size)), strict=False))
    total = max(len(words) - size + 1, 0)
    return (total - len(grams)) / total if total else 0.0
