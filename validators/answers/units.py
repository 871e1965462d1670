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
kph: kmh ; 5/18 ; m s^-1
mph: ; 1397/3125 ; m s^-1
nm: nanometer nanometre ; 1/1000000000 ; m
ha: hectare ; 10000 ; m^2
mg: milligram milligramme ; 1/1000 ; g
g: gram gramme
kg: kilogram kilogramme kilo kilos ; 1000 ; g
t: tonne ; 1000000 ; g
lb: pound lbs
oz: ounce ; 1/16 ; lb
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
gal: gallon
qt: quart ; 1/4 ; gal
pt: pint ; 1/8 ; gal
N: newton
Nm: ; 1 ; N m
J: joule
Wh: watthour ; 3600 ; J
cal: calorie
kcal: kilocalorie ; 1000 ; cal
W: watt
V: volt
A: ampere amp
Ω: ohm
Hz: hertz
K: kelvin
Pa: pascal
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
cent: ¢ ; 1/100 ; USD
unit:
"""

_PREFIXES = (
    "k kilo 1000, M mega 1000000, G giga 1000000000, m milli 1/1000, μ micro 1/1000000, n nano 1/1000000000"
)
_PREFIXED = (
    *("Hz hertz", "Pa pascal", "A ampere", "A amp", "V volt", "W watt", "Wh watthour", "J joule", "N newton"),
    *("Ω ohm", "mol mole", "s second", "g gram", "m meter", "m metre", "l liter", "L litre"),
)
_CASED = ("M", "G", "S", "H", "D", "T", "Mm", "Mg", "Ml", "Ms", "ML", "NM", "Cal")
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
    for prefix in _PREFIXES.split(", "):
        sign, word, factor = prefix.split()
        for symbol, name in map(str.split, _PREFIXED):
            scale, base = units[symbol]
            measure = scale * Fraction(factor), base
            units |= {f"{word}{name}": measure, f"{word}{name}s": measure}
            units.setdefault(f"{sign}{symbol}", measure)
    units |= {name: (Fraction(1), ((name, 1),)) for name in _CASED}
    words = ("day", "week", "month", "year", "bit", "cent", "unit")
    return units | {f"{word}s": units[word] for word in words}


_UNITS = _read(_TABLE)
_CURRENCY = re.compile(r"([+-]?) ?(US ?\$|[$€£¥₹]|Rs\.?(?= ?\d)|(?:USD|EUR|GBP|JPY|INR)(?= ?\d)) ?(.+)")
_CODES = {"US$": "$", "US $": "$", "Rs": "₹", "Rs.": "₹"}
_CURRENCY_LAST = re.compile(r"([+-]?[\d., ]*\d) ?([$€£¥₹]|euros?|EUR|USD|GBP)")
_CENTS = re.compile(r"(\d+|\d{1,3}(?:[. ]\d{3})+),(\d\d)")
_AMOUNT = re.compile(r"(.+?) ?(?:([kK])|([mM])|(bn|[bB]))")
_HOURS_AND_MINUTES = re.compile(r"(\d+) ?h(?:rs?)? ?(\d+) ?m(?:in)?")
_QUANTITY = re.compile(
    r"([+-]?[\d.(][\d., /()^*+-]*?(?:[eE][+-]?\d+)?(?: (?:hundred|thousand|[mbtr]+illion))?)( ?)"
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
        return _money(found[1] + found[3], _CODES.get(found[2], found[2]))
    if found := _CURRENCY_LAST.fullmatch(text):
        return _money(found[1], found[2])
    if found := _HOURS_AND_MINUTES.fullmatch(text):
        seconds = Fraction(int(found[1]) * 3600 + int(found[2]) * 60)
        return seconds, "s", seconds
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


def _money(amount: str, currency: str) -> tuple[Fraction, str, Fraction] | None:
    """ "5,50", "3M" and "2 million" are amounts where a currency stands beside them."""
    cents = _CENTS.fullmatch(amount)
    value = number(f"{re.sub('[. ]', '', cents[1])}.{cents[2]}" if cents else amount)
    if value is None and (found := _AMOUNT.fullmatch(amount)):
        value = number(found[1])
        value = None if value is None else value * 1000 ** (1 if found[2] else 2 if found[3] else 3)
    return None if value is None else (value, _UNITS[currency][1][0][0], value)


def measured_in(text: str) -> tuple[str, Fraction, str] | None:
    """ "12π cm^2" as what stands before its unit, the unit's factor and its base units; None where none ends it."""
    words = text.split(" ")
    for place in range(max(1, len(words) - 2), len(words)):
        measure = _compound(_powers(" ".join(words[place:])))
        if measure:
            return " ".join(words[:place]), *measure
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
    text = _powers(text)
    text = re.sub(r"degrees? (?=[cCfF])", "°", text).replace(" per ", "/").replace("° ", "°")
    if measure := _compound(text):
        factor, bases = measure
        return value * factor, bases, value
    words = text.lower().split()
    if noun and _NOUN.fullmatch(text) and not _NO_NOUNS.intersection(words) and not any(map(in_words, words)):
        return value, " ".join(words).removesuffix("s"), value
    return None


def _powers(text: str) -> str:
    text = re.sub(r"\b(square|sq\.?|cubic) (\w+)", lambda m: f"{m[2]}^{3 if m[1] == 'cubic' else 2}", text)
    return re.sub(r"(\w+) (squared|cubed)", lambda m: f"{m[1]}^{3 if m[2] == 'cubed' else 2}", text)


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
