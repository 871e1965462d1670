"""What finders of personal data give, and what tells an example from the real thing."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TypeAlias


@dataclass(frozen=True)
class Span:
    """A stretch of a text that looks like personal data; `example`: made to be shown, nobody's own."""

    start: int
    end: int
    example: bool = False


Finder: TypeAlias = Callable[[str], Iterator[Span]]

_COUNTING = "01234567890123456789"


_EVEN = str.maketrans(
    {chr(code): chr(code - 0xFEE0) for code in range(0xFF01, 0xFF5F)}  # full width
    | dict.fromkeys("\u00a0\u2007\u2008\u2009\u200a\u202f\u3000", " ")
    | dict.fromkeys("\u2010\u2011\u2012\u2013\u2212", "-")
)


def evened(text: str) -> str:
    """The text, sign for sign, with the plain ones in the place of typographic spaces, hyphens and wide forms."""
    return text.translate(_EVEN)


def counts_up(digits: str) -> bool:
    """Whether digits are plainly made up: 12345678, 98765432, 11111111, 12121212."""
    plain = re.sub(r"\D", "", digits)
    runs = plain[:8] in _COUNTING or plain[:8] in _COUNTING[::-1]
    return len(plain) >= 6 and (runs or len(set(plain)) <= 2)


def near(
    pattern: re.Pattern[str], text: str, span: tuple[int, int], before: int = 40, after: int = 0
) -> bool:
    """Whether a word that says what a number is stands close to it."""
    start, end = span
    return pattern.search(text[max(0, start - before) : end + after]) is not None


def entropy(text: str) -> float:
    """Bits for each character, by the text's own frequencies."""
    counts = Counter(text)
    return (
        -sum(count / len(text) * math.log2(count / len(text)) for count in counts.values()) if text else 0.0
    )


def masked(value: str) -> str:
    """The shape of a value: its marks, and a star for each letter and digit; at most 24 characters of it."""
    shape = "".join("*" if char.isalnum() else char for char in value)
    return shape if len(shape) <= 24 else shape[:23] + "…"
