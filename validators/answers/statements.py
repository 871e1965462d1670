"""What an answer states: a value for a name, an equation, a ratio."""

from __future__ import annotations

import re
from collections.abc import Hashable
from fractions import Fraction
from typing import Literal

from validators.answers.algebra import Algebra, NoValue, Unwieldy, Value, stable
from validators.answers.formula import formula
from validators.answers.numbers import number

_NAMED = re.compile(
    r"(?:[A-Za-zα-ωθ](?:_\w|_\{\w+\})?'*(?:\([\w,|∩∪ ]{1,12}\))?|[A-Za-z]{2,12}|(?:m ?)?(?:\\angle|∠) ?[A-Z]{1,3}"
    r"|\\overline *\{[A-Z]{2}\}|\|[A-Z]{2}\||d[a-z]/d[a-z]|\\frac *\{d[a-z]\} *\{d[a-z]\}"
    r"|\\?(?:sin|cos|tan) ?\\?(?:[A-Za-z]|theta|alpha|beta)) ?= ?([^=,;<>≤≥≠]+)"
)
_NAME_LAST = re.compile(r"([^=,;<>≤≥≠A-Za-zα-ω]+) ?= ?[A-Za-zα-ωθ]")
_NAMED_POINT = re.compile(r"\( ?[A-Za-zα-ω](?: ?, ?[A-Za-zα-ω])+ ?\) ?= ?(\(.+\))")
_PART = r"(\d+(?:\.\d+|/\d+)?)"
_RATIO = re.compile(rf"{_PART} ?: ?{_PART}(?: ?: ?{_PART})?")
_MIXED_OR_LESS = re.compile(r"\d+-\d+/\d+")
_RANGE = re.compile(r"(\d+(?:\.\d+)?) ?(?:-|to) ?(\d+(?:\.\d+)?)")

_BASED = re.compile(r"([0-9A-Z]*\d[0-9A-Z]*)(?:_\{?(\d+|[a-z]+)\}?| \(?(?:in )?base[- ]([0-9]+|[a-z]+)\)?)")
_LONGEST_NUMERAL = 200
_RESIDUE = re.compile(r"(?:[A-Za-z] ?≡ ?)?(-?\d{1,100}) ?\(? ?mod(?:ulo)? ?\{?(\d{1,100})\}?\)?")


def named_value(text: str) -> str | None:
    """The right side of "x = 12", "f(x) = 2x", "Area = 5"; None for anything else."""
    found = _NAMED.fullmatch(text) or _NAME_LAST.fullmatch(text) or _NAMED_POINT.fullmatch(text)
    return found[1].strip() if found else None


def ratio(text: str) -> tuple[Literal["ratio", "range"], Hashable] | None:
    """A ratio in lowest terms, or a range such as 3-5, which is no difference; None for anything else.

    "3 to 5" is a range, which goes up, and "2 to 1" a ratio; 1-2/3 may be 1 2/3 or 1 less 2/3: it is kept as written.
    """
    if found := _RATIO.fullmatch(text):
        parts = [value for part in found.groups() if part and (value := number(part)) is not None]
        if not all(parts) or len(parts) < 2:
            return "ratio", tuple(parts) or text
        return "ratio", tuple(part / parts[-1] for part in parts)
    if _MIXED_OR_LESS.fullmatch(text):
        return "range", text
    if found := _RANGE.fullmatch(text):
        first, last = Fraction(found[1]), Fraction(found[2])
        if "to" in text and first > last > 0:
            return "ratio", (first / last, Fraction(1))
        return "range", (first, last)
    return None


def equation(text: str) -> tuple[Hashable, bool, Value | None] | None:
    """An equation up to a factor: its form, whether that is open, and y where it is solved for y.

    2x - y + 1 = 0 is y = 2x + 1, whose value is the right side. None for what is no equation.
    """
    sides = text.split("=")
    if len(sides) != 2 or number(text) is not None:
        return None
    left, right = formula(sides[0].strip()), formula(sides[1].strip())
    if left is None or right is None:
        return None
    algebra = Algebra()
    try:
        difference = algebra.add(left, algebra.negated(right))
        if solved := _solved(difference, algebra):
            return "", False, solved
    except (NoValue, Unwieldy):
        return None
    if not difference.above:
        return None
    leading = difference.above[max(difference.above, key=stable)]
    return (
        frozenset((one, factor / leading) for one, factor in difference.above.items()),
        difference.open,
        None,
    )


def _solved(difference: Value, algebra: Algebra) -> Value | None:
    """The other side of y = ..., where y occurs once, to the first power, with a number as factor."""
    y = ("variable", "y")
    of_y = [one for one in difference.above if any(atom == y for atom, _ in one)]
    if difference.open or len(of_y) != 1 or of_y[0] != frozenset({(y, Fraction(1))}):
        return None
    factor = difference.above[of_y[0]]
    rest = {one: -given / factor for one, given in difference.above.items() if one != of_y[0]}
    return Value(rest, difference.below) if rest and ("variable", "x") in difference.atoms else None


def based(text: str) -> tuple[int, int] | None:
    """A numeral of another base, "1011_2" or "1011 (base two)": its value and the base."""
    found = _BASED.fullmatch(text) if len(text) < _LONGEST_NUMERAL else None
    base = number(found[2] or found[3]) if found else None
    if found is None or base is None or base.denominator > 1 or not 2 <= base <= 36:
        return None
    try:
        return int(found[1], int(base)), int(base)
    except ValueError:  # a digit that the base does not have
        return None


def residue(text: str) -> tuple[Fraction, Fraction] | None:
    """A class of remainders, "3 mod 7" or "x ≡ 3 (mod 7)", by its least member and the modulus."""
    found = _RESIDUE.fullmatch(text)
    if found is None:
        return None
    value, modulus = number(found[1]), Fraction(found[2])
    return None if value is None or value.denominator != 1 or not modulus else (value % modulus, modulus)
