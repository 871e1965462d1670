"""Numbers as exact fractions, and quantities with their unit."""

from __future__ import annotations

import re
from fractions import Fraction

_WHOLE = r"(?:\d{1,3}(?:,\d{3})+|\d{1,3}(?: \d{3})+|\d+)"
_DECIMAL = rf"(?:{_WHOLE}(?:\.\d*)?|\.\d+)"
_SIMPLE = re.compile(_DECIMAL)
_RATIO = re.compile(rf"\(?([+-]?{_DECIMAL})\)? ?/ ?\(?([+-]?{_DECIMAL})\)?")
_MIXED = re.compile(rf"({_WHOLE})[ -](?:and )?(\d+)/(\d+)")
_SCIENTIFIC = re.compile(rf"({_DECIMAL})(?:[eE]| ?\* ?10 ?\^ ?)([+-]?\d+)")
_POWER = re.compile(rf"({_WHOLE}) ?\^ ?([+-]?\d+)")
_RECURRING = re.compile(r"(\d*)\.(\d*)\\overline *\{(\d+)\}")
_SCALED = re.compile(r"(.+?) (hundred|thousand|million|billion|trillion)")
_AND_A_HALF = re.compile(r"(.+?) and (?:a|one) half")
_PERCENT = re.compile(r"(.+?) ?(?:%|percent|per cent)")
_LARGEST = 1000  # digits or exponent: more is no answer but an attack on the machine

_ONES = (
    *("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"),
    *("ten", "eleven", "twelve", "thirteen", "fourteen", "fifteen", "sixteen", "seventeen"),
    *("eighteen", "nineteen"),
)
_TENS = ("twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety")
_WORDS = {word: value for value, word in enumerate(_ONES)} | {
    word: 10 * value for value, word in enumerate(_TENS, start=2)
}
_PARTS = {"half": 2, "third": 3, "quarter": 4, "fourth": 4, "fifth": 5, "sixth": 6, "eighth": 8, "tenth": 10}
_SCALES = {"hundred": 10**2, "thousand": 10**3, "million": 10**6, "billion": 10**9, "trillion": 10**12}


def number(text: str) -> Fraction | None:
    """The exact value that a plain text writes, or None. A percentage is its value: 50% is 1/2."""
    if len(text) > _LARGEST:
        return None
    if text[:1] in ("-", "+") and text[1:2] not in ("-", "+"):
        value = number(text[1:].lstrip())
        return -value if value is not None and text[0] == "-" else value
    if found := _PERCENT.fullmatch(text):
        value = number(found[1])
        return None if value is None else value / 100
    if found := _AND_A_HALF.fullmatch(text):
        value = number(found[1])
        return None if value is None else value + Fraction(1, 2)
    if _SIMPLE.fullmatch(text):
        return _decimal(text)
    return _composed(text) if text[:1].isdigit() or text[:1] in (".", "(") else _in_words(text.lower())


def _composed(text: str) -> Fraction | None:
    """Fractions, mixed numbers, powers, recurring decimals and numbers with a word of scale."""
    if found := _MIXED.fullmatch(text):
        units, parts, of = map(_decimal, found.groups())
        return units + parts / of if of else None
    if found := _RATIO.fullmatch(text):
        above, below = (_signed(part) for part in found.groups())
        return above / below if below else None
    if found := _SCIENTIFIC.fullmatch(text):
        exponent = int(found[2])
        return _decimal(found[1]) * Fraction(10) ** exponent if abs(exponent) <= _LARGEST else None
    if found := _POWER.fullmatch(text):
        base, exponent = _decimal(found[1]), int(found[2])
        small = abs(exponent) * max(1, len(found[1])) <= _LARGEST and (base or exponent > 0)
        return base**exponent if small else None
    if found := _RECURRING.fullmatch(text):
        whole, fixed, repeated = found.groups()
        tail = Fraction(int(repeated), (10 ** len(repeated) - 1) * 10 ** len(fixed))
        return Fraction(f"{whole or 0}.{fixed or 0}") + tail
    if found := _SCALED.fullmatch(text.lower()):
        value = number(found[1])
        return None if value is None else value * _SCALES[found[2]]
    return None


def _decimal(text: str) -> Fraction:
    return Fraction(text.replace(",", "").replace(" ", "").removesuffix(".") or "0")


def _signed(text: str) -> Fraction:
    return -_decimal(text[1:]) if text[0] == "-" else _decimal(text.removeprefix("+"))


def _in_words(text: str) -> Fraction | None:
    """ "seven", "twenty-one", "three hundred", "two thirds", "a half"."""
    words = text.replace("-", " ").split()
    if not 0 < len(words) <= 4:
        return None
    if words[0] in ("minus", "negative"):
        value = _in_words(" ".join(words[1:]))
        return None if value is None else -value
    part = _PARTS.get(words[-1].removesuffix("s"))
    if words[-1] in ("half", "halves"):
        part = 2
    if part and len(words) <= 2:
        count = (
            1 if words[0] in ("a", "one") or len(words) == 1 == words.count("half") else _WORDS.get(words[0])
        )
        return Fraction(count, part) if count and len(words) + words.count("half") > 1 else None
    if len(words) > 1 and words[-1] in _SCALES:
        below = Fraction(1) if words[:-1] == ["a"] else _in_words(" ".join(words[:-1]))
        return None if below is None else below * _SCALES[words[-1]]
    values = [_WORDS.get(word) for word in words]
    if len(values) == 1 and values[0] is not None:
        return Fraction(values[0])
    if len(values) == 2 and words[0] in _TENS and words[1] in _ONES[1:10]:
        return Fraction(_WORDS[words[0]] + _WORDS[words[1]])
    return None


# ------------------------------------------------------------------------------------------- units

_ALIASES = {
    "mm": "millimeter millimetre",
    "cm": "centimeter centimetre",
    "m": "meter metre",
    "km": "kilometer kilometre",
    "in": "inch inches",
    "ft": "foot feet",
    "yd": "yard",
    "mi": "mile",
    "mg": "milligram milligramme",
    "g": "gram gramme",
    "kg": "kilogram kilogramme kilo",
    "lb": "pound lbs",
    "oz": "ounce",
    "ms": "millisecond",
    "s": "second sec secs",
    "min": "minute mins",
    "h": "hour hr hrs",
    "day": "",
    "ml": "milliliter millilitre mL",
    "l": "liter litre L",
    "N": "newton",
    "J": "joule",
    "kJ": "kilojoule",
    "W": "watt",
    "kW": "kilowatt",
    "V": "volt",
    "A": "ampere amp",
    "Ω": "ohm",
    "Hz": "hertz",
    "K": "kelvin",
    "Pa": "pascal",
    "mol": "mole",
    "B": "byte",
    "KB": "kilobyte",
    "MB": "megabyte",
    "GB": "gigabyte",
    "mph": "",
    "rad": "radian",
    "°": "degree deg",
    "°C": "celsius",
    "°F": "fahrenheit",
    "USD": "$ dollar",
    "EUR": "€ euro",
    "GBP": "£",
    "JPY": "¥ yen",
    "INR": "₹ rupee",
    "cent": "¢",
}
_UNITS = {symbol: symbol for symbol in _ALIASES}
for _symbol, _names in _ALIASES.items():
    _UNITS |= {form: _symbol for name in _names.split() for form in (name, f"{name}s")}

_CURRENCY = re.compile(r"([+-]?) ?([$€£¥₹]) ?(.+)")
_QUANTITY = re.compile(
    r"([+-]?[\d.(][\d., /()^*+-]*?(?:[eE]\d+)?(?: (?:hundred|thousand|[mbtr]+illion))?) ?"
    r"([^\W\d_°].*|[°$€£¥₹¢].*)"
)
_NOUN = re.compile(r"[^\W\d_]{3,}(?: [^\W\d_]{3,})?")
_NO_NOUNS = frozenset(
    (
        *("and", "but", "for", "from", "into", "nor", "not", "out", "over", "per", "than", "the", "with"),
        *("choose", "cubed", "equals", "factorial", "minus", "mod", "modulo", "plus", "remainder", "times"),
        *("cos", "exp", "inf", "log", "root", "roots", "sin", "sqrt", "squared", "tan"),
    )
)


def quantity(text: str) -> tuple[Fraction, str] | None:
    """A number and its unit ("5 km/h", "$3.50", "12 apples"), or None. Units are named alike, never
    converted."""
    if found := _CURRENCY.fullmatch(text):
        value = number(found[1] + found[3])
        return None if value is None else (value, _UNITS[found[2]])
    found = _QUANTITY.fullmatch(text)
    if found:
        value, unit = number(found[1].strip()), _unit(found[2])
        return (value, unit) if value is not None and unit else None
    words = text.split()
    for count in range(1, min(3, len(words) - 1) + 1):
        value, unit = number(" ".join(words[:count])), _unit(" ".join(words[count:]))
        if value is not None and unit:
            return value, unit
    return None


def _unit(text: str) -> str | None:
    """The symbol of a unit, simple or made of others; a noun in the singular; None for anything else."""
    text = re.sub(r"\b(square|sq\.?|cubic) (\w+)", lambda m: f"{m[2]}^{3 if m[1] == 'cubic' else 2}", text)
    text = re.sub(r"(\w+) (squared|cubed)", lambda m: f"{m[1]}^{3 if m[2] == 'cubed' else 2}", text)
    text = text.replace("degrees ", "°").replace("degree ", "°").replace(" per ", "/").replace("° ", "°")
    known = [_atom(part) for part in re.split(r"([/* ])", text)]
    if all(known):
        return "".join(atom for atom in known if atom)
    words = text.lower().split()
    if _NOUN.fullmatch(text) and not _NO_NOUNS.intersection(words) and not any(map(_in_words, words)):
        return " ".join(words).removesuffix("s")
    return None


def _atom(text: str) -> str | None:
    if text in ("/", "*", " "):
        return "*" if text == " " else text
    name, caret, power = text.partition("^")
    if caret and not re.fullmatch(r"-?\d", power):
        return None
    symbol = _UNITS.get(name) or _UNITS.get({"°c": "°C", "°f": "°F"}.get(name.lower(), name.lower()))
    if symbol is None and name.lower().startswith("°"):
        symbol = _UNITS.get(name[1:].lower())
    return symbol and f"{symbol}{caret}{power}"
