"""Exact algebra of answers: sums of products of numbers, radicals, constants and variables, in one form.

Products of distinct radicals of primes are linearly independent over the rationals, and so are powers of pi,
of i up to the first, and of variables: among these, two forms are equal just when their values are. What is
beyond them (a sine, a power with a variable in it) is an atom known by its own form, and makes it `open`.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Hashable, Iterable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import TypeAlias

Atom: TypeAlias = tuple[Hashable, ...]
Monomial: TypeAlias = frozenset[tuple[Atom, Fraction]]
Terms: TypeAlias = Mapping[Monomial, Fraction]

_WORK = 20_000  # products of two terms in one answer
_BITS = 4000  # of a numerator or denominator: about 1,200 digits
_POWER = 24  # the highest power to which a sum is expanded
_TRIALS = 100_000  # divisors tried before a number under a root is left as it stands

UNIT: Monomial = frozenset()
IMAGINARY: Atom = ("i",)
ONE: Terms = {UNIT: Fraction(1)}


class NoValue(ValueError):
    """What is written has no value: a division by zero."""


class Unwieldy(ValueError):
    """Too much work for an answer; it is compared as it is written."""


@dataclass(frozen=True)
class Value:
    """A quotient of two sums of terms. Made by `Algebra`, which keeps it in its one form."""

    above: Terms
    below: Terms

    @property
    def rational(self) -> Fraction | None:
        """The number, where it is a rational one."""
        if not self.above:
            return Fraction(0)
        return self.above[UNIT] if self.below == ONE and self.above.keys() == {UNIT} else None

    @property
    def form(self) -> Hashable:
        """The one form: equal for equal values of atoms that are independent of each other."""
        above = frozenset(self.above.items())
        return above if self.below == ONE else (above, frozenset(self.below.items()))

    @property
    def atoms(self) -> frozenset[Atom]:
        """Everything but numbers that occurs in it."""
        return frozenset(atom for terms in (self.above, self.below) for one in terms for atom, _ in one)

    @property
    def open(self) -> bool:
        """Whether two different forms could still be equal."""
        whole = self.below == ONE or len(self.atoms) == 1
        return not whole or any(atom[0] in ("power", "call") for atom in self.atoms)

    @property
    def constant(self) -> bool:
        """Whether it holds no variable."""
        return all(atom[0] in ("root", "constant", "i") for atom in self.atoms)


def number_value(number: Fraction) -> Value:
    """A rational number as a value."""
    return Value({UNIT: number} if number else {}, ONE)


def atom_value(*atom: Hashable) -> Value:
    """One atom as a value."""
    return Value({frozenset({(atom, Fraction(1))}): Fraction(1)}, ONE)


class Algebra:
    """Arithmetic on values with a bound on the work. Raises NoValue, and Unwieldy beyond the bound."""

    def __init__(self) -> None:
        self._left = _WORK

    def add(self, a: Value, b: Value) -> Value:
        """The sum."""
        if a.below == b.below:
            return self._quotient(self._sum(a.above, b.above), a.below)
        above = self._sum(self._product(a.above, b.below), self._product(b.above, a.below))
        return self._quotient(above, self._product(a.below, b.below))

    def negated(self, a: Value) -> Value:
        """The opposite."""
        return Value({one: -factor for one, factor in a.above.items()}, a.below)

    def multiply(self, a: Value, b: Value) -> Value:
        """The product."""
        return self._quotient(self._product(a.above, b.above), self._product(a.below, b.below))

    def divide(self, a: Value, b: Value) -> Value:
        """The quotient. Raises NoValue for a divisor of 0."""
        return self._quotient(self._product(a.above, b.below), self._product(a.below, b.above))

    def power(self, base: Value, exponent: Value) -> Value:
        """The power; one that is too large to write out, or has no closed form, is an atom of its own."""
        to = exponent.rational
        if to is None:
            return atom_value("power", base.form, exponent.form)
        if base.rational == 0:
            if to <= 0:
                raise NoValue("zero to a power that is not positive")
            return base
        if to.denominator > 1:
            return self._root(base, to)
        if len(base.above) == len(base.below) == 1:
            return self._power_of_one(base, to)
        if abs(to) > _POWER:
            return atom_value("power", base.form, to)
        result = number_value(Fraction(1))
        for _ in range(abs(int(to))):
            result = self.multiply(result, base)
        return result if to > 0 else self.divide(number_value(Fraction(1)), result)

    def _power_of_one(self, base: Value, to: Fraction) -> Value:
        """A power of a single term."""
        ((one, factor),) = base.above.items()
        if abs(to) * max(map(_bits, (factor.numerator, factor.denominator))) > _BITS and abs(factor) != 1:
            return atom_value("giant", base.form, to)
        scale, atoms = factor ** int(to) if abs(factor) != 1 else factor ** int(to % 2), {}
        for atom, exponent in one:
            atoms[atom] = exponent * to
        factor, product = _reduced(atoms)
        return Value({product: factor * scale}, ONE)

    def _root(self, base: Value, to: Fraction) -> Value:
        """A power with a broken exponent: exact for positive products of numbers, radicals and constants."""
        if to.denominator == 2 and (denested := self._denested(base)):
            return self.power(denested, number_value(to * 2))
        if len(base.above) == 1 and base.below == ONE:
            ((one, factor),) = base.above.items()
            if factor < 0 and to.denominator == 2 and one == UNIT:
                scale, product = _reduced({IMAGINARY: to * 2})
                turned = Value({product: scale}, ONE)
                return self.multiply(turned, self._root(number_value(-factor), to))
            positive = factor > 0 and all(atom[0] in ("root", "constant") for atom, _ in one)
            primes = prime_factors(factor) if positive else None
            if primes is not None:
                atoms: dict[Atom, Fraction] = {("root", prime): times * to for prime, times in primes.items()}
                for atom, exponent in one:
                    atoms[atom] = atoms.get(atom, Fraction(0)) + exponent * to
                scale, product = _reduced(atoms)
                return Value({product: scale}, ONE)
        return atom_value("power", base.form, to)

    def _denested(self, base: Value) -> Value | None:
        """The square root of a + b√c as a sum of two roots, where a² - b²c is a square: √(3 + 2√2) = 1 + √2."""
        whole = base.above.get(UNIT, Fraction(0))
        if len(base.above) != 2 or base.below != ONE or whole <= 0:
            return None
        ((surd, factor),) = ((one, given) for one, given in base.above.items() if one != UNIT)
        if any(atom[0] != "root" for atom, _ in surd):
            return None
        squared = self._product({surd: factor}, {surd: factor})
        inner = _square_root(whole**2 - squared[UNIT]) if squared.keys() == {UNIT} else None
        if inner is None:
            return None
        roots = [self._root(number_value((whole + sign * inner) / 2), Fraction(1, 2)) for sign in (1, -1)]
        return self.add(roots[0], roots[1] if factor > 0 else self.negated(roots[1]))

    # -------------------------------------------------------------------------------- sums of terms

    def _sum(self, a: Terms, b: Terms) -> Terms:
        total = dict(a)
        for one, factor in b.items():
            total[one] = total.get(one, Fraction(0)) + factor
        return {one: factor for one, factor in total.items() if factor}

    def _product(self, a: Terms, b: Terms) -> Terms:
        if a == ONE or b == ONE:
            return b if a == ONE else a
        self._left -= len(a) * len(b)
        if self._left < 0:
            raise Unwieldy("too many terms")
        total: dict[Monomial, Fraction] = {}
        for left, one in a.items():
            for right, other in b.items():
                scale, product = _joined(left, right)
                factor = total.get(product, Fraction(0)) + one * other * scale
                if max(_bits(factor.numerator), _bits(factor.denominator)) > 2 * _BITS:
                    raise Unwieldy("too many digits")
                total[product] = factor
        return {one: factor for one, factor in total.items() if factor}

    def _quotient(self, above: Terms, below: Terms) -> Value:
        """The quotient in its one form."""
        if below == ONE:
            return Value(above, below)
        if not below:
            raise NoValue("division by zero")
        if not above:
            return Value(above, ONE)
        if len(below) > 1:
            above, below = self._rationalised(above, below)
        if len(below) > 1:
            above, below = _without_common_powers(above, below)
            one = next(iter(below))
            if above == _scaled(below, times := above.get(one, Fraction(0)) / below[one]):
                return number_value(times)
            above, below = self._without_common_factor(above, below)
        if len(below) == 1:
            ((one, factor),) = below.items()
            scale, inverse = _reduced({atom: -exponent for atom, exponent in one})
            return Value(self._product(above, {inverse: scale / factor}), ONE)
        leading = below[max(below, key=_order)]
        return Value(_scaled(above, 1 / leading), _scaled(below, 1 / leading))

    def _rationalised(self, above: Terms, below: Terms) -> tuple[Terms, Terms]:
        """Square roots and i out of the divisor, by multiplying both with its conjugates."""
        half = Fraction(1, 2)
        atoms = {(atom, exponent) for one in below for atom, exponent in one}
        surds = [one for one in atoms if one[0] == IMAGINARY or (one[0][0] == "root" and one[1] == half)]
        if len(surds) > 3 or any(atom[0] == "root" and exponent != half for atom, exponent in atoms):
            return above, below
        for surd in sorted(surds, key=repr):
            conjugate = {one: -factor if surd in one else factor for one, factor in below.items()}
            above, below = self._product(above, conjugate), self._product(below, conjugate)
        return above, below

    def _without_common_factor(self, above: Terms, below: Terms) -> tuple[Terms, Terms]:
        """Both over their greatest common divisor, where they are polynomials in one and the same variable."""
        atoms = {atom for terms in (above, below) for one in terms for atom, _ in one}
        if len(atoms) != 1:
            return above, below
        (atom,) = atoms
        a, b = _dense(above), _dense(below)
        if a is None or b is None:
            return above, below
        self._left -= len(a) * len(b)
        if self._left < 0:
            raise Unwieldy("too many terms")
        common = a
        rest = b
        while rest:
            common, rest = rest, _divided(common, rest)[1]
            if rest and max(_bits(factor.numerator) for factor in rest) > _BITS:
                raise Unwieldy("too many digits")
        return _sparse(_divided(a, common)[0], atom), _sparse(_divided(b, common)[0], atom)


def _reduced(atoms: Mapping[Atom, Fraction]) -> tuple[Fraction, Monomial]:
    """A product with radicals under the first power and i at most once; and the number that this leaves."""
    scale, kept = Fraction(1), []
    for atom, exponent in atoms.items():
        if atom == IMAGINARY:
            turns = int(exponent) % 4
            scale *= -1 if turns >= 2 else 1
            exponent = Fraction(turns % 2)
        elif atom[0] == "root":
            whole = math.floor(exponent)
            if abs(whole) * _bits(int(str(atom[1]))) > _BITS:
                raise Unwieldy("too many digits")
            scale *= Fraction(int(str(atom[1]))) ** whole
            exponent -= whole
        if exponent:
            kept.append((atom, exponent))
    return scale, frozenset(kept)


def _joined(a: Monomial, b: Monomial) -> tuple[Fraction, Monomial]:
    if not a or not b:
        return Fraction(1), a or b
    atoms = dict(a)
    for atom, exponent in b:
        atoms[atom] = atoms.get(atom, Fraction(0)) + exponent
    return _reduced(atoms)


def _scaled(terms: Terms, factor: Fraction) -> Terms:
    return {one: factor * given for one, given in terms.items()}


def _order(one: Monomial) -> tuple[Fraction, str]:
    """An order of monomials that is the same in every process."""
    return sum((exponent for _, exponent in one), Fraction(0)), stable(one)


def stable(form: Hashable) -> str:
    """A form as text, the same in every process whatever the order of its sets."""
    if isinstance(form, frozenset):
        return "{" + ",".join(sorted(map(stable, form))) + "}"
    if isinstance(form, tuple):
        return "(" + ",".join(map(stable, form)) + ")"
    return str(form)


def _without_common_powers(above: Terms, below: Terms) -> tuple[Terms, Terms]:
    """Both divided by the powers of variables that all terms of the divisor share."""
    shared = {atom for one in below for atom, _ in one if atom[0] != "root" and atom != IMAGINARY}
    least = {atom: min(dict(one).get(atom, Fraction(0)) for one in below) for atom in shared}
    inverse = frozenset((atom, -exponent) for atom, exponent in least.items() if exponent)
    if not inverse:
        return above, below
    return _times_one(above, inverse), _times_one(below, inverse)


def _times_one(terms: Terms, one: Monomial) -> Terms:
    return {_joined(each, one)[1]: factor * _joined(each, one)[0] for each, factor in terms.items()}


# ---------------------------------------------------------------- polynomials in one variable, by degree


def _dense(terms: Terms) -> list[Fraction] | None:
    """The coefficients from the lowest; None where a power is broken, negative or very high."""
    degrees = [next((exponent for _, exponent in one), Fraction(0)) for one in terms]
    if any(degree.denominator > 1 or not 0 <= degree <= 100 for degree in degrees):
        return None
    coefficients = [Fraction(0)] * (int(max(degrees)) + 1)
    for degree, factor in zip(degrees, terms.values(), strict=True):
        coefficients[int(degree)] = factor
    return coefficients


def _sparse(coefficients: Iterable[Fraction], atom: Atom) -> Terms:
    return {
        frozenset({(atom, Fraction(degree))}) if degree else UNIT: factor
        for degree, factor in enumerate(coefficients)
        if factor
    }


def _divided(a: list[Fraction], b: list[Fraction]) -> tuple[list[Fraction], list[Fraction]]:
    """Quotient and remainder."""
    rest, quotient = list(a), [Fraction(0)] * max(0, len(a) - len(b) + 1)
    while len(rest) >= len(b):
        factor, shift = rest[-1] / b[-1], len(rest) - len(b)
        quotient[shift] = factor
        for place, given in enumerate(b):
            rest[shift + place] -= factor * given
        while rest and not rest[-1]:
            rest.pop()
    return quotient, rest


# ------------------------------------------------------------------------------------------- numbers


def _bits(number: int) -> int:
    return abs(number).bit_length()


def prime_factors(number: Fraction) -> dict[int, Fraction] | None:
    """The prime factors of a positive number with their exponents; None where they are hard to find."""
    above, below = _factors(number.numerator), _factors(number.denominator)
    if above is None or below is None:
        return None
    return {prime: Fraction(above.get(prime, 0) - below.get(prime, 0)) for prime in above | below}


def _square_root(number: Fraction) -> Fraction | None:
    """The exact square root of a number that is a square."""
    if number < 0:
        return None
    above, below = math.isqrt(number.numerator), math.isqrt(number.denominator)
    return Fraction(above, below) if Fraction(above, below) ** 2 == number else None


@functools.lru_cache(maxsize=1024)
def _factors(number: int) -> dict[int, int] | None:
    if _bits(number) > 200:
        return None
    found: dict[int, int] = {}
    divisor = 2
    while divisor * divisor <= number and divisor <= _TRIALS:
        while number % divisor == 0:
            found[divisor] = found.get(divisor, 0) + 1
            number //= divisor
        divisor += 1 + (divisor > 2)
    if number == 1 or number <= _TRIALS**2:
        return found | {number: found.get(number, 0) + 1} if number > 1 else found
    side = math.isqrt(number)
    if side * side == number and side <= _TRIALS**2:
        return found | {side: 2}
    return None
