"""Canonical keys of answers: two are the same when their keys are equal, so sameness is transitive."""

from __future__ import annotations

import functools
import re
from collections.abc import Hashable
from dataclasses import dataclass
from typing import Literal

from validators.answers.numbers import number, quantity
from validators.answers.plain import plain

Kind = Literal[
    "number",
    "quantity",
    "choice",
    "boolean",
    "date",
    "infinity",
    "set",
    "tuple",
    "list",
    "interval",
    "union",
    "sequence",
    "expression",
    "text",
]
_DEPTH = 8  # brackets in brackets beyond this are read as text
_LONGEST = 2000  # characters: beyond this an answer is an essay, and compared as it stands


@dataclass(frozen=True)
class Key:
    """The type of an answer and its exact value. Keys of different types are never equal."""

    kind: Kind
    value: Hashable


@functools.lru_cache(maxsize=4096)
def key(text: str) -> Key | None:
    """The key of an answer, or None where there is none (an empty text).

    Numbers are exact: 0.5, 1/2, ½ and 50% are one, 0.333 and 1/3 are two, and 50 is not 50%. Units are kept,
    not converted. (1, 2), [1, 2], {1, 2}, [1, 2) and the bare "1, 2" are five things. Letters A to J are
    choices. What is none of these is compared as an expression (case counts, spaces do not) or as text.
    """
    if len(text) > _LONGEST:
        return Key("text", " ".join(text.split()))
    return _key(plain(text), _DEPTH, alone=True)


def same(a: str, b: str) -> bool:
    """Whether two answers have equal keys. An empty answer is the same as nothing."""
    first = key(a)
    return first is not None and first == key(b)


def _key(text: str, depth: int, alone: bool = False) -> Key | None:
    if not text:
        return None
    if alone and (found := _choice(text)):
        return found
    if text.lower() in _BOOLEANS:
        return Key("boolean", _BOOLEANS[text.lower()])
    if alone and (given := _ASSIGNED.fullmatch(text)):
        text = given[1]
    if (value := number(text)) is not None:
        return Key("number", value)
    if (measured := quantity(text)) is not None:
        return Key("quantity", measured)
    found = _date(text) or _infinity(text)
    if found is None and depth:
        found = _collection(text, depth - 1) or _sequence(text, depth - 1)
    return found or _wording(text)


# ------------------------------------------------------------------------------- choices and dates

_BOOLEANS = {"yes": True, "true": True, "no": False, "false": False}
_ASSIGNED = re.compile(r"[A-Za-zα-ωθ](?:\([a-z]\))? ?= ?([^=,<>]+)")
_BARE_CHOICE = re.compile(r"\(?([A-J])[).:]?|\(([a-j])\)|([a-j])\)")
_NAMED_CHOICE = re.compile(r"(?:option|choice|answer):? \(?([A-J])\)?[.:]?", re.IGNORECASE)
_CHOICE_AND_TEXT = re.compile(r"(?:(?:option|choice) )?(?:\(([A-Ja-j])\)|([A-J])\)) ?(.+)", re.IGNORECASE)
_ANOTHER_PART = re.compile(r"(?<![A-Za-z])[A-Ja-j]\)")

_MONTHS = (
    *("january", "february", "march", "april", "may", "june"),
    *("july", "august", "september", "october", "november", "december"),
)
_MONTH = "(" + "|".join(f"{month[:3]}(?:{month[3:]})?\\.?" for month in _MONTHS) + ")"
_ISO = re.compile(r"(\d{4})-(\d{2})-(\d{2})")
_DAY_FIRST = re.compile(rf"(\d{{1,2}})(?:st|nd|rd|th)?(?: of)? {_MONTH},? (\d{{4}})", re.IGNORECASE)
_MONTH_FIRST = re.compile(rf"{_MONTH} (?:the )?(\d{{1,2}})(?:st|nd|rd|th)?,? (\d{{4}})", re.IGNORECASE)
_MONTH_ONLY = re.compile(rf"{_MONTH},? (\d{{4}})", re.IGNORECASE)


def _choice(text: str) -> Key | None:
    found = _BARE_CHOICE.fullmatch(text) or _NAMED_CHOICE.fullmatch(text)
    if found is None:
        found = _CHOICE_AND_TEXT.fullmatch(text)
        # "(a) 5 (b) 7" answers two parts and chooses neither.
        if found is None or _ANOTHER_PART.search(found[3]):
            return None
        return Key("choice", (found[1] or found[2]).upper())
    return Key("choice", next(filter(None, found.groups())).upper())


def _date(text: str) -> Key | None:
    if found := _ISO.fullmatch(text):
        return _day(*map(int, found.groups()))
    if found := _DAY_FIRST.fullmatch(text):
        return _day(int(found[3]), _month(found[2]), int(found[1]))
    if found := _MONTH_FIRST.fullmatch(text):
        return _day(int(found[3]), _month(found[1]), int(found[2]))
    if found := _MONTH_ONLY.fullmatch(text):
        return Key("date", (int(found[2]), _month(found[1])))
    return None


def _month(name: str) -> int:
    return next(at for at, month in enumerate(_MONTHS, start=1) if month.startswith(name.lower()[:3]))


def _day(year: int, month: int, day: int) -> Key | None:
    return Key("date", (year, month, day)) if 1 <= month <= 12 and 1 <= day <= 31 else None


def _infinity(text: str) -> Key | None:
    signs = {"∞": 1, "+∞": 1, "-∞": -1, "infinity": 1, "+infinity": 1, "-infinity": -1, "- ∞": -1}
    sign = signs.get(text.lower())
    return None if sign is None else Key("infinity", sign)


# ------------------------------------------------------------------------------------- collections

_PAIRS = {"(": ")", "[": "]", "{": "}"}
_GROUPED = re.compile(r"\d{1,3}(?:,\d{3})*")


def _collection(text: str, depth: int) -> Key | None:
    """Sets, tuples, lists, intervals and unions of them; a single thing in round brackets is that thing."""
    if text == "∅" or text.lower() == "empty set":
        return Key("set", frozenset())
    pieces = _split(text, "∪")
    if len(pieces) > 1:
        parts = [_collection(piece.strip(), depth) for piece in pieces]
        return Key("union", frozenset(parts)) if all(parts) else None
    if text[0] not in "([{" or text[-1] not in ")]}" or not _encloses(text):
        return None
    inner = text[1:-1].strip()
    if not inner:
        return Key("set", frozenset()) if text[0] == "{" else None
    elements = _elements(inner, depth)
    if elements is None:
        return None
    match text[0], text[-1]:
        case "{", "}":
            return Key("set", frozenset(elements))
        case "(", ")" if len(elements) == 1:
            return elements[0]
        case (("(" | "["), (")" | "]")) if len(elements) == 2 and _is_interval(text, elements):
            return Key("interval", (text[0], *elements, text[-1]))
        case "(", ")":
            return Key("tuple", elements)
        case "[", "]":
            return Key("list", elements)
    return None


def _is_interval(text: str, ends: tuple[Key, ...]) -> bool:
    """Mixed brackets or an infinite end say so; (1, 2) alone is a pair and [1, 2] a list."""
    return _PAIRS[text[0]] != text[-1] or any(end.kind == "infinity" for end in ends)


def _sequence(text: str, depth: int) -> Key | None:
    """A bare list of numbers, quantities or collections; a list of words is left to the text."""
    text = re.sub(r",? and ", ", ", text)
    elements = _elements(text, depth) if "," in text or ";" in text else None
    if elements is None or len(elements) < 2 or any(item.kind in ("text", "expression") for item in elements):
        return None
    return Key("sequence", elements)


def _elements(text: str, depth: int) -> tuple[Key, ...] | None:
    pieces = _split(text, ";")
    if len(pieces) == 1:
        pieces = _joined(_split(text, ","))
    keys = [_key(piece.strip(), depth) for piece in pieces]
    return tuple(item for item in keys if item is not None) if all(keys) else None


def _joined(pieces: list[str]) -> list[str]:
    """Puts "2,000" together again where the list's own commas are followed by spaces."""
    if not any(piece.startswith(" ") for piece in pieces):
        return pieces
    joined = pieces[:1]
    for piece in pieces[1:]:
        if (
            re.fullmatch(r"\d{3}", piece.rstrip())
            and not piece[0].isspace()
            and _GROUPED.fullmatch(joined[-1].strip())
        ):
            joined[-1] += f",{piece}"
        else:
            joined.append(piece)
    return joined


def _split(text: str, mark: str) -> list[str]:
    """Cuts at the marks that stand in no bracket."""
    pieces, depth, start = [], 0, 0
    for at, char in enumerate(text):
        if char in "([{":
            depth += 1
        elif char in ")]}":
            depth -= 1
        elif char == mark and depth == 0:
            pieces.append(text[start:at])
            start = at + 1
    return [*pieces, text[start:]]


def _encloses(text: str) -> bool:
    """Whether the first bracket closes with the last."""
    depth = 0
    for at, char in enumerate(text):
        depth += (char in "([{") - (char in ")]}")
        if depth == 0:
            return at == len(text) - 1
    return False


# ----------------------------------------------------------------------------- expressions and text

_FORMULA = re.compile(r"[\\=^√π≤≥<>±∞∪]")
_OPERATOR = re.compile(r"[+*/()\[\]{}|!_-]")
_WORD = re.compile(r"[^\W\d_]{3,}")


def _wording(text: str) -> Key | None:
    if _FORMULA.search(text) or (_OPERATOR.search(text) and not _WORD.search(text)):
        return Key("expression", "".join(text.split()))
    words = text.strip("\"'.,;:!? ")
    if len(words) > 2 and not any(char.isdigit() for char in words):
        # Short symbols and formulas keep their case: CO is not Co.
        words = re.sub(r"^(?:the|an?) (?!and\b|or\b)(?=\w)", "", words.casefold())
    return Key("text", words or text)
