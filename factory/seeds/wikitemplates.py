"""Templates of wikis that stand for words: without them a sentence loses its numbers."""

from __future__ import annotations

import re
from collections.abc import Mapping

from factory.seeds.html.words import names

_ARGUMENT = re.compile(r"<(\w+)>")
_WORDS = names(
    """nowrap nobr math small big em strong smallcaps sc abbr ill mono serif gaps formatnum format_number flag
    flagcountry dts date plainlist lang-de lang-fr lang-es lang-it lang-la lang-el lang-grc lang-ru lang-en"""
)
_SHOWN = {
    **{name.replace("_", " "): "<1>" for name in _WORDS},
    "lang": "<2>",
    "langx": "<2>",
    "transl": "<2>",
    "transliteration": "<2>",
    "mvar": "*<1>*",
    "tmath": "$<1>$",
    "code": "`<1>`",
    "sup": "$^{<1>}$",
    "sub": "$_{<1>}$",
    "e": "×10$^{<1>}$",
    "chem2": r"$\ce{<1>}$",
    "circa": "c. <1>",
    "c.": "c. <1>",
    "as of": "as of <1>",
    "us$": "US$<1>",
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
_RANGES = frozenset({"-", "–", "to", "and", "or", "x", "by", "to(-)", "and(-)", "+/-", "±"})


def shown_of(name: str, given: Mapping[str, str]) -> str:
    """What is shown of a template, by its name and arguments; nothing where it does not stand for words."""
    name = " ".join(name.lower().replace("_", " ").split())
    pattern = _SHOWN.get(name, "")
    if name == "val":
        power = "×10$^{<e>}$" if given.get("e") else ""
        pattern = f"<1>{power}{' <u>' if given.get('u') else ''}"
    elif name in ("convert", "cvt"):
        pattern = "<1> <2> <3> <4>" if given.get("2") in _RANGES else "<1> <2>"
    elif name in ("frac", "sfrac"):
        count = sum(place in given for place in "123")
        pattern = {1: "1/<1>", 2: "<1>/<2>", 3: "<1> <2>/<3>"}.get(count, "")
    elif pattern == "\n\n<1>\n\n" and "1" not in given:
        pattern = "\n\n<text>\n\n"
    return _ARGUMENT.sub(lambda found: given.get(found[1], ""), pattern)
