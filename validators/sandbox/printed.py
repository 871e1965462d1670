"""Whether a program printed what it should, as programming contests compare output."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Literal, TypeAlias

Comparison: TypeAlias = Literal["tokens", "lines"]

_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d{1,4})?")
_SHOWN = 60


def misprint(expected: str, found: str, comparison: Comparison, tolerance: float) -> str | None:
    """None where the output agrees; otherwise what differs first.

    'tokens': what stands between spaces and line breaks, in order. 'lines': line by line, without spaces at the
    ends of lines and empty lines at the end. Two numbers of which one has a point or an exponent agree within
    `tolerance`, relative or absolute (absolute alone where a whole number is expected); all else agrees as text.
    """
    unit = "line" if comparison == "lines" else "token"
    wanted, given = (_parts(text, comparison) for text in (expected, found))
    for place, (left, right) in enumerate(zip(wanted, given, strict=False), start=1):
        if not _agree(left, right, tolerance):
            return f"{unit} {place}: expected {left[:_SHOWN]!r}, got {right[:_SHOWN]!r}"
    if len(wanted) != len(given):
        return f"expected {len(wanted)} {unit}s, got {len(given)}"
    return None


def _parts(text: str, comparison: Comparison) -> list[str]:
    if comparison == "tokens":
        return text.split()
    return [line.rstrip() for line in text.rstrip().splitlines()]


def _agree(expected: str, found: str, tolerance: float) -> bool:
    if expected == found:
        return True
    pairs = list(zip(expected.split(" "), found.split(" "), strict=False))
    return len(expected.split(" ")) == len(found.split(" ")) and all(
        _near(*pair, tolerance) for pair in pairs
    )


def _near(expected: str, found: str, tolerance: float) -> bool:
    if expected == found:
        return True
    if not _NUMBER.fullmatch(expected) or not _NUMBER.fullmatch(found):
        return False
    if not set(expected + found) & set(".eE"):
        return False
    wanted, given = Decimal(expected), Decimal(found)  # as floats, all numbers of 309 digits would be one
    allowed = Decimal(tolerance)
    if set(expected) & set(".eE"):
        allowed *= max(Decimal(1), abs(wanted), abs(given))
    return wanted == given or abs(wanted - given) <= allowed
