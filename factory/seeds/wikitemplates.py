"""Templates of wikis that stand for words: without them a sentence loses its numbers."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

from factory.seeds.html.words import names

_ARGUMENT = re.compile(r"<([\w-]+)>")
_WORDS = names(
    """nowrap nobr math small big em strong smallcaps sc abbr ill mono serif gaps formatnum format_number flag
    flagcountry dts date interlanguage_link hebrew center longitem overline"""
)
_SHOWN = {
    **{name.replace("_", " "): "<1>" for name in _WORDS},
    "lang": "<2>",
    "langx": "<2>",
    "script": "<2>",
    "transl": "<2>",
    "transliteration": "<2>",
    "mvar": "*<1>*",
    "tmath": "$<1>$",
    "code": "`<1>`",
    "sup": "$^{<1>}$",
    "sub": "$_{<1>}$",
    "e": "×10$^{<1>}$",
    "chem2": r"$\ce{<1>}$",
    "co2": "CO$_{2}$",
    "h2o": "H$_{2}$O",
    "sqrt": r"$\sqrt{<1>}$",
    "radic": r"$\sqrt{<1>}$",
    "nihongo": "<1> (<2>, <3>)",
    "plainlist": "\n\n<1>\n\n",
    "flatlist": "\n\n<1>\n\n",
    "circa": "c. <1>",
    "c.": "c. <1>",
    **{sign: f"{sign.upper()}<1>" for sign in ("us$", "a$", "£", "€", "¥", "₹")},
    "inr": "₹<1>",
    "gbp": "£<1>",
    "eur": "€<1>",
    "usd": "US$<1>",
    "sort": "<2>",
    "pi": "π",
    "=": "=",
    "nbsp": " ",
    "ndash": "–",
    "spaced ndash": " – ",
    "snd": " – ",
    "mdash": "—",
    "quote": "\n\n<1>\n\n",
    "blockquote": "\n\n<1>\n\n",
    "cquote": "\n\n<1>\n\n",
}
_RANGES = {name: name for name in ("-", "–", "to", "and", "or", "x", "by", "+/-", "±")} | {
    "to(-)": "to", "and(-)": "and"}  # fmt: skip
_UNITS = {
    "c": "°C",
    "f": "°F",
    "sqmi": "sq mi",
    "sqft": "sq ft",
    "cuft": "cu ft",
    "cumi": "cu mi",
    "mph": "mph",
}
_POWER = re.compile(r"(?<=[a-z])([23])$")
_DATES = frozenset(
    f"{what} date{more}" for what in ("birth", "death", "start", "end", "film", "release") for more in ("", " and age")
)  # fmt: skip
_MONTHS = ("January", "February", "March", "April", "May", "June", "July", "August", "September", "October",
           "November", "December")  # fmt: skip
_LISTS = frozenset({"hlist", "ubl", "unbulleted list", "comma separated entries", "cslist"})
_FUNCTIONS: Mapping[str, Callable[[str], str]] = {"formatnum": str, "lc": str.lower, "uc": str.upper}


def shown_of(name: str, given: Mapping[str, str]) -> str:
    """What is shown of a template, by its name and arguments; nothing where it does not stand for words."""
    name = " ".join(name.lower().replace("_", " ").split())
    function, colon, word = name.partition(":")
    if colon:
        return _FUNCTIONS[function](word.strip()) if function in _FUNCTIONS else ""
    pattern = _SHOWN.get(name, "<1>" if name.startswith("lang-") else "")
    if name in _DATES:
        return _date(given)
    if name == "as of":
        return f"{'as' if given.get('lc') else 'As'} of {_date(given)}"
    parts = [given[place] for place in sorted(given, key=_number) if place.isdecimal() and given[place]]
    if name in _LISTS:
        return ", ".join(parts)
    if name in ("chem", "chemf"):
        return rf"$\ce{{{''.join(parts)}}}$"
    if name == "gaps":
        return "".join(parts)
    if name == "zh":
        return next((given[script] for script in "cst" if given.get(script)), "")
    if name == "val":
        error = given.get("2", "")
        told = error if error.startswith("(") or not error else f"±{error}"
        power = "×10$^{<e>}$" if given.get("e") else ""
        unit = given.get("u") or given.get("ul")
        pattern = f"<1>{told}{power}{f' {unit}' if unit else ''}"
    elif name in ("convert", "cvt"):
        return _measured(given)
    elif name in ("frac", "sfrac"):
        count = sum(place in given for place in "123")
        pattern = {1: "1/<1>", 2: "<1>/<2>", 3: "<1> <2>/<3>"}.get(count, "")
    elif pattern == "\n\n<1>\n\n" and "1" not in given:
        pattern = "\n\n<text>\n\n"
    return _ARGUMENT.sub(lambda found: given.get(found[1], ""), pattern)


def _number(place: str) -> int:
    return int(place) if place.isdecimal() else 0


def _measured(given: Mapping[str, str]) -> str:
    """The measure that a conversion begins with: a number or a range, or two numbers of two units, as they are."""
    first, second, third, fourth = (given.get(place, "") for place in "1234")
    if second in _RANGES:
        return f"{first} {_RANGES[second]} {third} {_unit(fourth)}"
    if third[:1].isdigit() and fourth and given.get("5"):
        return f"{first} {_unit(second)} {third} {_unit(fourth)}"
    return f"{first} {_unit(second)}"


def _unit(name: str) -> str:
    powers = {"2": "²", "3": "³"}
    return _UNITS.get(name.lower(), _POWER.sub(lambda found: powers[found[1]], name))


def _date(given: Mapping[str, str]) -> str:
    """A date of year, month and day, as far as they are given."""
    year, month, day = (given.get(place, "") for place in "123")
    named = _MONTHS[int(month) - 1] if month.isdecimal() and 1 <= int(month) <= 12 else ""
    return " ".join(filter(None, (day if named and day.isdecimal() else "", named, year)))
