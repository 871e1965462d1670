"""Numbers as exact fractions, in digits and in words."""

from __future__ import annotations

import re
from fractions import Fraction

_WHOLE = r"(?:\d{1,3}(?:,\d{3})+|\d{1,3}(?: \d{3})+|\d{1,3}(?:'\d{3})+|\d+)"
_DECIMAL = rf"(?:{_WHOLE}(?:\.\d*)?|\.\d+)"
_SIMPLE = re.compile(_DECIMAL)
_CONTINENTAL = re.compile(r"\d{1,3}(?:[. ]\d{3})+,\d+|\d{1,3}(?:\.\d{3}){2,}")
_RATIO = re.compile(rf"\(?([+-]?{_DECIMAL})\)? ?/ ?\(?([+-]?{_DECIMAL})\)?")
_MIXED = re.compile(rf"({_WHOLE}) (?:and )?(\d+)/(\d+)")
_SCIENTIFIC = re.compile(rf"({_DECIMAL})(?:[eE]|(?: ?\* ?| x |x)10 ?\^ ?)([+-]?\d+)")
_POWER = re.compile(rf"({_WHOLE}) ?\^ ?([+-]?\d+)")
_RECURRING = re.compile(r"(\d*)\.(\d*)(?:\\overline *\{(\d+)\}|\((\d+)\))")
_GOING_ON = re.compile(r"(\d*)\.(\d*?)(\d{1,6}?)\3\3+ ?⋯")
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
_PARTS = {"half": 2, "halve": 2, "third": 3, "quarter": 4, "fourth": 4, "fifth": 5, "sixth": 6}
_PARTS |= {"seventh": 7, "eighth": 8, "ninth": 9, "tenth": 10, "twelfth": 12, "hundredth": 100}
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
    return _composed(text) if text[:1].isdigit() or text[:1] in (".", "(") else in_words(text.lower())


def _composed(text: str) -> Fraction | None:
    """Fractions, mixed numbers, powers, recurring decimals and numbers with a word of scale."""
    if _CONTINENTAL.fullmatch(text):  # 1.234,56 and 1.234.567 can be nothing else; 1.234 and 1,5 can
        return Fraction(re.sub("[. ]", "", text).replace(",", "."))
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
        return _recurring(found[1], found[2], found[3] or found[4])
    if text.endswith("⋯") and (found := _GOING_ON.fullmatch(text)):
        return _recurring(found[1], found[2], found[3])
    if found := _SCALED.fullmatch(text.lower()):
        value = number(found[1])
        return None if value is None else value * _SCALES[found[2]]
    return None


def _recurring(whole: str, fixed: str, repeated: str) -> Fraction:
    tail = Fraction(int(repeated), (10 ** len(repeated) - 1) * 10 ** len(fixed))
    return Fraction(f"{whole or 0}.{fixed or 0}") + tail


def _decimal(text: str) -> Fraction:
    return Fraction(re.sub("[, ']", "", text).removesuffix(".") or "0")


def _signed(text: str) -> Fraction:
    return -_decimal(text[1:]) if text[0] == "-" else _decimal(text.removeprefix("+"))


def in_words(text: str) -> Fraction | None:
    """The number that words write: "seven", "two hundred and five", "two thirds", "three and a half"."""
    words = text.replace("-", " ").split()
    if not 0 < len(words) <= 30:
        return None
    if words[0] in ("minus", "negative"):
        value = in_words(" ".join(words[1:]))
        return None if value is None else -value
    if "point" in words:
        return _pointed(words)
    if "and" in words and words[-1] not in _WORDS and (part := _part(words[_last_and(words) + 1 :])):
        units = _cardinal(words[: _last_and(words)])
        return None if units is None else units + part
    count = _part(words)
    if count is None:
        whole = _cardinal(words)
        return None if whole is None else Fraction(whole)
    return count


def _last_and(words: list[str]) -> int:
    return len(words) - 1 - words[::-1].index("and")


def _part(words: list[str]) -> Fraction | None:
    """ "half", "a third", "two thirds", "three quarters"."""
    of = _PARTS.get(words[-1]) or _PARTS.get(words[-1].removesuffix("s")) if words else None
    if of is None:
        return None
    if len(words) == 1:
        return Fraction(1, 2) if words == ["half"] else None
    count = _cardinal(words[:-1])
    return None if count is None else Fraction(count, of)


def _pointed(words: list[str]) -> Fraction | None:
    """ "three point one four"."""
    at = words.index("point")
    whole, digits = _cardinal(words[:at]), [_WORDS.get(word, 10) for word in words[at + 1 :]]
    if whole is None or not digits or max(digits) > 9:
        return None
    return Fraction(f"{whole}.{''.join(map(str, digits))}")


def _cardinal(words: list[str]) -> int | None:
    """A whole number in words; None where they do not follow each other as in one."""
    total, group, last = 0, 0, 10**15
    if len(words) > 1 and words[0] in ("a", "an"):
        words = ["one", *words[1:]]
    if words == ["zero"]:
        return 0
    for place, word in enumerate(words):
        value, scale = _WORDS.get(word), _SCALES.get(word)
        if word == "and" and 0 < place < len(words) - 1 and (total or group):
            continue
        if scale == 100 and 0 < group < 100:
            group *= 100
        elif scale is not None and scale != 100 and group and scale < last:
            total, group, last = total + group * scale, 0, scale
        elif value and group % (10 if value < 10 else 100) == 0 and group % 100 != 10:
            group += value
        else:
            return None
    return total + group if words and (total or group) else None
