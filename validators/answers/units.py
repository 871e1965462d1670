"""Quantities: a number with a unit, in units that it is exactly a multiple of.

Converted are units of one kind whose ratio is exact and beyond doubt (km and m, hours and seconds, inches and
centimetres). Kept apart are those that need a rate, an offset or a convention: currencies, temperatures,
degrees and radians, kilobytes, months, joules and newton metres.
"""

from __future__ import annotations

import re
from collections import Counter
from fractions import Fraction
from itertools import pairwise

from validators.answers.numbers import in_words, number

# symbol: names ; factor ; base units with exponents. Without a factor the symbol is a base of its own.
_TABLE = """
mm: millimeter millimetre ; 1/1000 ; m
cm: centimeter centimetre ; 1/100 ; m
dm: decimeter decimetre ; 1/10 ; m
m: meter metre
km: kilometer kilometre ; 1000 ; m
in: inch inches ; 127/5000 ; m
ft: foot feet ; 381/1250 ; m
yd: yard ; 1143/1250 ; m
mi: mile ; 201168/125 ; m
mph: ; 1397/3125 ; m s^-1
ha: hectare ; 10000 ; m^2
mg: milligram milligramme ; 1/1000 ; g
g: gram gramme
kg: kilogram kilogramme kilo kilos ; 1000 ; g
lb: pound lbs
oz: ounce
ms: millisecond ; 1/1000 ; s
s: second sec secs
min: minute mins ; 60 ; s
h: hour hr hrs ; 3600 ; s
day: d ; 86400 ; s
week: ; 604800 ; s
month:
year: yr yrs
ml: milliliter millilitre mL ; 1/1000000 ; m^3
cl: centiliter centilitre cL ; 1/100000 ; m^3
l: liter litre L ; 1/1000 ; m^3
N: newton
kN: kilonewton ; 1000 ; N
J: joule
kJ: kilojoule ; 1000 ; J
cal: calorie
kcal: kilocalorie ; 1000 ; cal
W: watt
kW: kilowatt ; 1000 ; W
V: volt
A: ampere amp
Ω: ohm
Hz: hertz
kHz: kilohertz ; 1000 ; Hz
K: kelvin
Pa: pascal
kPa: kilopascal ; 1000 ; Pa
mol: mole
bit:
B: byte
KB: kilobyte kB
MB: megabyte
GB: gigabyte
rad: radian
°: degree deg
°C: celsius
°F: fahrenheit
USD: $ dollar
EUR: € euro
GBP: £
JPY: ¥ yen
INR: ₹ rupee
cent: ¢
"""

_CASED = ("M", "G", "S", "H", "D", "Mm", "Mg", "Ml", "Ms", "Cal")
"""Not the units that the same letters are when they are small: each is one of its own."""

Measure = tuple[Fraction, tuple[tuple[str, int], ...]]
"""A factor, and base units with their exponents in order."""


def _read(table: str) -> dict[str, Measure]:
    units: dict[str, Measure] = {}
    for line in table.strip().splitlines():
        symbol, _, rest = line.partition(":")
        names, _, scaled = rest.partition(" ; ")
        factor, _, bases = scaled.partition(" ; ")
        parts = [part.partition("^") for part in bases.split()] or [(symbol, "", "")]
        measure = Fraction(factor or 1), tuple((base, int(power or 1)) for base, _, power in parts)
        units |= {name: measure for given in names.split() for name in (given, f"{given}s")}
        units[symbol] = measure
    units |= {name: (Fraction(1), ((name, 1),)) for name in _CASED}
    return units | {f"{word}s": units[word] for word in ("day", "week", "month", "year", "bit", "cent")}


_UNITS = _read(_TABLE)
_CURRENCY = re.compile(r"([+-]?) ?([$€£¥₹]) ?(.+)")
_QUANTITY = re.compile(
    r"([+-]?[\d.(][\d., /()^*+-]*?(?:[eE]\d+)?(?: (?:hundred|thousand|[mbtr]+illion))?)( ?)"
    r"([^\W\d_°].*|[°$€£¥₹¢].*)"
)
_PART = re.compile(r"(\d[\d.,]*(?: \d+/\d+)? ?[^\W\d_][^\d,]*?)(?:,? and |, | |$)(?=\d|$)")
_NOUN = re.compile(r"[^\W\d_]{3,}(?: [^\W\d_]{3,})?")
_NO_NOUNS = frozenset(
    (
        *("and", "but", "for", "from", "into", "nor", "not", "out", "over", "per", "than", "the", "with"),
        *("choose", "cubed", "divided", "equals", "factorial", "minus", "mod", "modulo", "plus", "remainder"),
        *("times", "cos", "exp", "inf", "log", "root", "roots", "sin", "sqrt", "square", "squared", "tan"),
        *("hundred", "thousand", "million", "billion", "trillion", "more", "less", "percent", "point"),
    )
)


def quantity(text: str) -> tuple[Fraction, str, Fraction] | None:
    """The value in base units, these, and the number as written ("5 km/h", "$3.50", "12 apples"), or None."""
    if found := _CURRENCY.fullmatch(text):
        value = number(found[1] + found[3])
        return None if value is None else (value, _UNITS[found[2]][1][0][0], value)
    parts = _PART.findall(text) if len(text) < 100 else []
    if len(parts) > 1 and not _PART.sub("", text):
        return _together(parts)
    found = _QUANTITY.fullmatch(text)
    if found and (value := number(found[1].strip())) is not None:
        return _measured(value, found[3], noun=bool(found[2]))
    words = text.split()
    for count in range(1, min(6, len(words) - 1) + 1):
        value = number(" ".join(words[:count]))
        measured = None if value is None else _measured(value, " ".join(words[count:]), noun=True)
        if measured:
            return measured
    return None


def _together(parts: list[str]) -> tuple[Fraction, str, Fraction] | None:
    """ "2 hours 30 minutes", "5 ft 3 in": parts of one kind, each in a smaller unit than the one before."""
    read = [quantity(part) for part in parts]
    known = [one for one in read if one]
    sizes = [value / written for value, _, written in known if written]
    falling = all(larger > smaller for larger, smaller in pairwise(sizes))
    if len(sizes) < len(parts) or len({bases for _, bases, _ in known}) > 1 or not falling:
        return None
    total = sum((value for value, _, _ in known), Fraction(0))
    return total, known[0][1], total


def _measured(value: Fraction, text: str, noun: bool) -> tuple[Fraction, str, Fraction] | None:
    """With a unit, simple or made of others; with a noun in the singular; None for anything else."""
    text = re.sub(r"\b(square|sq\.?|cubic) (\w+)", lambda m: f"{m[2]}^{3 if m[1] == 'cubic' else 2}", text)
    text = re.sub(r"(\w+) (squared|cubed)", lambda m: f"{m[1]}^{3 if m[2] == 'cubed' else 2}", text)
    text = re.sub(r"degrees? (?=[cCfF])", "°", text).replace(" per ", "/").replace("° ", "°")
    if measure := _compound(text):
        factor, bases = measure
        return value * factor, bases, value
    words = text.lower().split()
    if noun and _NOUN.fullmatch(text) and not _NO_NOUNS.intersection(words) and not any(map(in_words, words)):
        return value, " ".join(words).removesuffix("s"), value
    return None


def _compound(text: str) -> tuple[Fraction, str] | None:
    """The factor and the base units of "km/h", "kg m/s^2", "N m"."""
    factor, bases = Fraction(1), Counter[str]()
    inverse = False
    for part in re.split(r" ?([/*]) ?| ", text):
        if part in ("/", "*", None):
            inverse = part == "/"
            continue
        name, caret, power = part.partition("^")
        measure = _unit(name)
        if measure is None or (caret and not re.fullmatch(r"-?\d", power)):
            return None
        times = int(power or 1) * (-1 if inverse else 1)
        factor *= measure[0] ** times
        for base, exponent in measure[1]:
            bases[base] += exponent * times
    powers = sorted((base, power) for base, power in bases.items() if power)
    return factor, " ".join(base if power == 1 else f"{base}^{power}" for base, power in powers)


def _unit(name: str) -> Measure | None:
    small = name.lower()
    plain = small.removeprefix("°") if small.startswith("°") and len(small) > 1 else small
    temperature = {"°c": "°C", "°f": "°F"}.get(small)
    return _UNITS.get(name) or _UNITS.get(temperature or (plain if len(plain) > 2 else small))
