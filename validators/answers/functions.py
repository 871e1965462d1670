"""Exact values of functions: sines of known angles, logarithms by primes, powers of e, floors, divisors."""

from __future__ import annotations

import functools
import math
from collections.abc import Hashable, Mapping, Sequence
from fractions import Fraction

from validators.answers.algebra import (
    IMAGINARY,
    ONE,
    UNIT,
    Algebra,
    Atom,
    Monomial,
    NoValue,
    Value,
    atom_value,
    number_value,
    prime_factors,
)

ANGLES = frozenset(("sin", "cos", "tan", "cot", "sec", "csc"))
ARCS = frozenset(("arcsin", "arccos", "arctan", "arccot"))
OF_SEVERAL = frozenset(("gcd", "lcm", "max", "min"))

_PI: Atom = ("constant", "π")
_E: Atom = ("constant", "e")
_HALF = Fraction(1, 2)
_COSINES = {  # turns of π: the terms of the cosine, as numbers with what stands under the root
    Fraction(0): ((Fraction(1), 1),),
    Fraction(1, 12): ((Fraction(1, 4), 6), (Fraction(1, 4), 2)),
    Fraction(1, 6): ((_HALF, 3),),
    Fraction(1, 5): ((Fraction(1, 4), 1), (Fraction(1, 4), 5)),
    Fraction(1, 4): ((_HALF, 2),),
    Fraction(1, 3): ((_HALF, 1),),
    Fraction(2, 5): ((Fraction(1, 4), 5), (Fraction(-1, 4), 1)),
    Fraction(5, 12): ((Fraction(1, 4), 6), (Fraction(-1, 4), 2)),
    _HALF: (),
}


def in_degrees(value: Value, algebra: Algebra) -> Value:
    """An angle in degrees as one in radians."""
    return algebra.multiply(value, algebra.multiply(number_value(Fraction(1, 180)), atom_value(*_PI)))


def of_angle(name: str, value: Value, algebra: Algebra) -> Value | None:
    """The sine, cosine, ... of a multiple of π; None for any other angle. Raises NoValue for the tangent of π/2."""
    turn = _turn(value)
    if turn is None:
        return None
    sine, cosine = _cosine(turn - _HALF), _cosine(turn)
    above, below = {
        "sin": (sine, None),
        "cos": (cosine, None),
        "tan": (sine, cosine),
        "cot": (cosine, sine),
        "sec": (None, cosine),
        "csc": (None, sine),
    }[name]
    return algebra.divide(above or _number(1), below or _number(1))


def of_arc(name: str, value: Value, algebra: Algebra) -> Value | None:
    """The angle whose sine, cosine or tangent is an exactly known one."""
    turns = _arcs("tan" if name in ("arctan", "arccot") else "cos")
    turn = turns.get(value.form)
    if turn is None:
        return None
    if name in ("arcsin", "arccot"):
        turn = _HALF - turn
    return algebra.multiply(number_value(turn), atom_value(*_PI))


def logarithm(value: Value, algebra: Algebra) -> Value | None:
    """The natural logarithm as a sum over primes, which is one form for ln 8 and 3 ln 2; None for what is no
    positive product of numbers, roots and constants."""
    if value.below != ONE or len(value.above) != 1:
        return None
    ((product, factor),) = value.above.items()
    primes = prime_factors(factor) if factor > 0 else None
    if primes is None or any(atom[0] not in ("root", "constant") for atom, _ in product):
        return None
    terms = [(_log_of(prime), times) for prime, times in primes.items()]
    terms += [(_log_of(atom[1]), times) for atom, times in product]
    total = number_value(Fraction(0))
    for one, times in terms:
        total = algebra.add(total, algebra.multiply(number_value(times), one))
    return total


def power(base: Value, exponent: Value, algebra: Algebra) -> Value:
    """A power. That of e or of a positive number is taken apart by the terms of its exponent, so that 4^(x + 1)
    and 4 * 2^(2x) have one form; logarithms above e come down, and e to a known angle is a complex number."""
    if exponent.rational is not None or exponent.below != ONE:
        return algebra.power(base, exponent)
    primes = _taken_apart(base)
    if primes is None:
        return algebra.power(base, exponent)
    result = _number(1)
    for product, factor in exponent.above.items():
        result = algebra.multiply(result, _raised(base, primes, product, factor, algebra))
    return result


def modulus(value: Value, algebra: Algebra) -> Value | None:
    """How far a complex number with rational parts lies from 0; of a rational one, its size."""
    parts = {frozenset({(IMAGINARY, Fraction(1))}), UNIT}
    if value.below != ONE or not parts >= value.above.keys():
        return None
    squared = sum((factor**2 for factor in value.above.values()), Fraction(0))
    return algebra.power(number_value(squared), number_value(_HALF))


def rounded(value: Value, up: bool) -> Value:
    """The next whole number below or above."""
    of = value.rational
    if of is None:
        return atom_value("call", "ceil" if up else "floor", value.form)
    return number_value(Fraction(math.ceil(of) if up else math.floor(of)))


def of_several(name: str, values: Sequence[Value]) -> Value:
    """The greatest common divisor, the largest, ... of numbers."""
    numbers = [value.rational for value in values]
    known = [number for number in numbers if number is not None]
    if len(known) < len(values):
        return atom_value("call", name, frozenset(value.form for value in values))
    if name in ("max", "min"):
        return number_value(max(known) if name == "max" else min(known))
    if any(number.denominator > 1 for number in known):
        raise NoValue("a divisor of what is no whole number")
    whole = [int(number) for number in known]
    return _number(math.gcd(*whole) if name == "gcd" else math.lcm(*whole))


def _taken_apart(base: Value) -> dict[Hashable, Fraction] | None:
    """e as itself, a positive number as its primes."""
    if base.form == atom_value(*_E).form:
        return {_E[1]: Fraction(1)}
    number = base.rational
    primes = prime_factors(number) if number is not None and number > 0 else None
    return None if primes is None else dict(primes.items())


def _raised(
    base: Value, primes: Mapping[Hashable, Fraction], product: Monomial, factor: Fraction, algebra: Algebra
) -> Value:
    """A base to one term of its exponent."""
    if product == UNIT:
        return algebra.power(base, number_value(factor))
    known = _e_raised(product, factor, algebra) if _E[1] in primes else None
    if known is not None:
        return known
    atoms: list[tuple[Atom, Fraction]] = [
        (("power", prime, product), factor * times) for prime, times in primes.items()
    ]
    return Value({frozenset(atoms): Fraction(1)}, ONE)


def _e_raised(product: Monomial, factor: Fraction, algebra: Algebra) -> Value | None:
    """e to q i π for a known angle, and to q ln p."""
    if product == frozenset({(IMAGINARY, Fraction(1)), (_PI, Fraction(1))}):
        sine, cosine = _cosine(factor - _HALF), _cosine(factor)
        if sine.open or cosine.open:
            return None
        return algebra.add(cosine, algebra.multiply(sine, atom_value(*IMAGINARY)))
    for atom, times in product:
        if len(product) == times == 1 and atom[:2] == ("call", "ln") and isinstance(atom[2], int):
            return algebra.power(_number(atom[2]), number_value(factor))
    return None


def _log_of(prime_or_constant: Hashable) -> Value:
    return _number(1) if prime_or_constant == _E[1] else atom_value("call", "ln", prime_or_constant)


def _turn(value: Value) -> Fraction | None:
    """How often π an angle is, where that is a rational number."""
    if not value.above:
        return Fraction(0)
    known = value.below == ONE and value.above.keys() == {frozenset({(_PI, Fraction(1))})}
    return next(iter(value.above.values())) if known else None


@functools.lru_cache(maxsize=256)
def _cosine(turn: Fraction) -> Value:
    """The cosine of so many π; one that is not in the table is known by its angle in the first quadrant."""
    turn %= 2
    turn = min(turn, 2 - turn)
    sign = 1 if turn <= _HALF else -1
    turn = min(turn, 1 - turn)
    if turn not in _COSINES:
        value = atom_value("call", "cos", turn)
        return value if sign > 0 else Algebra().negated(value)
    algebra, total = Algebra(), number_value(Fraction(0))
    for factor, under in _COSINES[turn]:
        root = algebra.power(_number(under), number_value(_HALF))
        total = algebra.add(total, algebra.multiply(number_value(sign * factor), root))
    return total


@functools.cache
def _arcs(name: str) -> dict[object, Fraction]:
    """The turn for each known cosine (from 0 to 1) or tangent (between -1/2 and 1/2)."""
    turns = [*_COSINES, *(1 - turn for turn in _COSINES)]
    if name == "cos":
        return {_cosine(turn).form: turn for turn in turns}
    algebra, slopes = Algebra(), {}
    for turn in (Fraction(twelfths, 12) for twelfths in range(-5, 6)):
        slopes[algebra.divide(_cosine(turn - _HALF), _cosine(turn)).form] = turn
    return slopes


def _number(value: int) -> Value:
    return number_value(Fraction(value))
