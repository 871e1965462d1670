"""Intervals, inequalities and unions of them, read into one form: x < 5 is (-∞, 5)."""

from __future__ import annotations

import re
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import TypeAlias

End: TypeAlias = tuple[Fraction | None, Hashable]
"""Its number where it is rational (or an infinity, as sign), and its form."""

LOWEST: End = (None, "-∞")
HIGHEST: End = (None, "∞")

_RELATION = re.compile(r"(<|>|≤|≥|≠)")
_NAME = re.compile(r"[A-Za-zα-ωθ](?:_\w|\([a-z]\))?")
_TURNED = {"<": ">", ">": "<", "≤": "≥", "≥": "≤", "≠": "≠"}
_MEMBER = re.compile(r"[A-Za-zα-ω] ?∈ ?(.+)")
_BUILDER = re.compile(r"\{ ?[A-Za-zα-ω](?: ?∈ ?(?:\\mathbb ?\{ ?R ?\}|R))? ?[|:] ?(.+)\}")
_REALS = re.compile(
    r"\\mathbb ?\{ ?R ?\}|(?:the )?(?:set of )?(?:all )?real numbers|all reals", re.IGNORECASE
)
_BUT = re.compile(
    rf"(?:{_REALS.pattern}|\(-∞, ?∞\))"
    r"(?: ?(?:\\setminus|\\backslash|∖|-) ?\{(.+)\}|,? (?:except|but|excluding)(?: for| not)? (?:x ?= ?)?(.+))",
    re.IGNORECASE,
)
_DISTANCE = re.compile(r"\| ?([A-Za-z])(?: ?([+-]) ?([^|]+))? ?\|")
_JOINED = re.compile(r"∪|\bor\b|\bU\b")


@dataclass(frozen=True)
class Interval:
    """From `low` to `high`; `has_low` and `has_high` say whether the ends belong to it."""

    low: End
    has_low: bool
    high: End
    has_high: bool

    @property
    def empty(self) -> bool:
        """Whether nothing lies in it. Ends that are not rational are taken to be in order."""
        if self.low[0] is None or self.high[0] is None:
            return self.low == self.high and not (self.has_low and self.has_high)
        beyond = self.low[0] > self.high[0]
        return beyond or (self.low[0] == self.high[0] and not (self.has_low and self.has_high))


Region: TypeAlias = tuple[Interval, ...]
ReadEnd: TypeAlias = Callable[[str], End | None]

REALS: Region = (Interval(LOWEST, False, HIGHEST, False),)


def region(text: str, end: ReadEnd) -> Region | None:
    """What an inequality, an interval or a union says, or None. `end` reads the number at an end.

    A pair in equal brackets with finite ends is none: (1, 2) may be a point and [1, 2] a list. After "x ∈"
    it is one.
    """
    if _REALS.fullmatch(text):
        return REALS
    if found := _BUT.fullmatch(text):
        return _without((found[1] or found[2]).replace(" and ", ", ").split(", "), end)
    if found := _BUILDER.fullmatch(text):
        return _inequalities(found[1].strip(), end)
    if found := _MEMBER.fullmatch(text):
        return _union(found[1], end, sure=True) or (REALS if _REALS.fullmatch(found[1]) else None)
    if _RELATION.search(text):
        return _inequalities(text, end)
    return _union(text, end, sure=False)


def _union(text: str, end: ReadEnd, sure: bool) -> Region | None:
    pieces = [piece.strip() for piece in _JOINED.split(text)]
    if len(pieces) > 30:
        return None
    several = sure or len(pieces) > 1
    found = [interval(piece, end, sure=several) for piece in pieces]
    return None if None in found else merged([one for one in found if one])


def interval(text: str, end: ReadEnd, sure: bool) -> Interval | None:
    """A pair of ends in brackets, round for one that does not belong; `sure`: it can be nothing else."""
    if len(text) < 5 or text[0] not in "([" or text[-1] not in ")]":
        return None
    parts = re.split(r"[,;]", text[1:-1])
    if len(parts) != 2:
        return None
    low, high = (end(part.strip()) for part in parts)
    if low is None or high is None or high == LOWEST or low == HIGHEST:
        return None
    equal_brackets = (text[0] == "(") == (text[-1] == ")")
    if not sure and equal_brackets and low != LOWEST and high != HIGHEST:
        return None
    read = Interval(low, text[0] == "[" and low != LOWEST, high, text[-1] == "]" and high != HIGHEST)
    return None if read.empty else read


def _inequalities(text: str, end: ReadEnd) -> Region | None:
    alternatives = _JOINED.split(text)
    if len(alternatives) > 30:
        return None
    parts: list[Interval] = []
    names: set[str] = set()
    for alternative in alternatives:
        both: Region | None = REALS
        for clause in re.split(r"\band\b|&", alternative):
            name, read = _inequality(clause.strip(), end)
            names.add(name)
            if both is None or read is None or len(names) > 1:
                return None
            both = _met(both, read)
        if both is None:
            return None
        parts += both
    return merged(parts)


def _inequality(text: str, end: ReadEnd) -> tuple[str, Region | None]:
    """The variable and the region of "x < 5", "5 > x", "1 < x ≤ 5", "x ≠ 3"."""
    pieces = [piece.strip() for piece in _RELATION.split(text)]
    if len(pieces) == 3:
        left, sign, right = pieces
        if not _NAME.fullmatch(left) and not _DISTANCE.fullmatch(left):
            left, sign, right = right, _TURNED[sign], left
        value = end(right)
        if value and (place := _DISTANCE.fullmatch(left)):
            return place[1], _distance(place, sign, value, end)
        if _NAME.fullmatch(left) and value and not _NAME.fullmatch(right):
            return left, _half(sign, value)
    if len(pieces) == 5 and _NAME.fullmatch(pieces[2]):
        low, high = end(pieces[0]), end(pieces[4])
        signs = pieces[1] + pieces[3]
        if low and high and (set(signs) <= set("<≤") or set(signs) <= set(">≥")):
            return pieces[2], _met(_half(_TURNED[signs[0]], low), _half(signs[1], high))
    return "", None


def _distance(place: re.Match[str], sign: str, value: End, end: ReadEnd) -> Region | None:
    """What |x - 2| < 1 says, where its ends are rational."""
    shift = end(place[3].strip()) if place[3] else (Fraction(0), None)
    if shift is None or shift[0] is None or value[0] is None or value[0] <= 0 or sign == "≠":
        return None
    middle = -shift[0] if place[2] == "+" else shift[0]
    low, high = ((middle + size, middle + size) for size in (-value[0], value[0]))
    if sign in "<≤":
        return _met(_half(_TURNED[sign], low), _half(sign, high))
    return merged([*_half(_TURNED[sign], low), *_half(sign, high)])


def _without(points: Sequence[str], end: ReadEnd) -> Region | None:
    """All real numbers but a few."""
    left: Region | None = REALS
    for point in points:
        value = end(point.strip())
        left = _met(left, _half("≠", value)) if left and value else None
    return left


def _half(sign: str, value: End) -> Region:
    below = Interval(LOWEST, False, value, sign == "≤")
    above = Interval(value, sign == "≥", HIGHEST, False)
    return (below, above) if sign == "≠" else (below,) if sign in "<≤" else (above,)


def _met(a: Region, b: Region) -> Region | None:
    """What lies in both, where the ends can be compared."""
    met: list[Interval] = []
    for one in a:
        for other in b:
            low, high = _later(one, other), _sooner(one, other)
            if low is None or high is None:
                return None
            both = Interval(*low, *high)
            if not both.empty:
                met.append(both)
    return merged(met)


def _later(one: Interval, other: Interval) -> tuple[End, bool] | None:
    first, second = (one.low, one.has_low), (other.low, other.has_low)
    if LOWEST in (first[0], second[0]):
        return second if first[0] == LOWEST else first
    if first[0] == second[0]:
        return first[0], first[1] and second[1]
    if first[0][0] is None or second[0][0] is None:
        return None
    return first if first[0][0] > second[0][0] else second


def _sooner(one: Interval, other: Interval) -> tuple[End, bool] | None:
    first, second = (one.high, one.has_high), (other.high, other.has_high)
    if HIGHEST in (first[0], second[0]):
        return second if first[0] == HIGHEST else first
    if first[0] == second[0]:
        return first[0], first[1] and second[1]
    if first[0][0] is None or second[0][0] is None:
        return None
    return first if first[0][0] < second[0][0] else second


def merged(intervals: Sequence[Interval]) -> Region:
    """In order and without overlaps. Where an end is no rational number they stay as they are, each once."""
    kept = list(dict.fromkeys(intervals))
    if any(end[0] is None and end not in (LOWEST, HIGHEST) for one in kept for end in (one.low, one.high)):
        return tuple(sorted(kept, key=repr))
    kept.sort(key=lambda one: (one.low != LOWEST, one.low[0] or Fraction(0), not one.has_low))
    joined: list[Interval] = []
    for one in kept:
        if joined and _touch(joined[-1], one):
            last = joined[-1]
            high, has_high = _farther(last, one)
            joined[-1] = Interval(last.low, last.has_low, high, has_high)
        else:
            joined.append(one)
    return tuple(joined)


def _touch(left: Interval, right: Interval) -> bool:
    if left.high == HIGHEST or right.low == LOWEST:
        return True
    high, low = left.high[0] or Fraction(0), right.low[0] or Fraction(0)
    return low < high or (low == high and (left.has_high or right.has_low))


def _farther(left: Interval, right: Interval) -> tuple[End, bool]:
    if HIGHEST in (left.high, right.high):
        return HIGHEST, False
    if left.high == right.high:
        return left.high, left.has_high or right.has_high
    a, b = left.high[0] or Fraction(0), right.high[0] or Fraction(0)
    return (left.high, left.has_high) if a > b else (right.high, right.has_high)
