"""Canonical keys of answers: two are the same when their keys are equal, so sameness is transitive."""

from __future__ import annotations

import functools
import re
from collections.abc import Hashable
from dataclasses import dataclass, field, replace
from fractions import Fraction
from typing import Literal

from validators.answers.algebra import Algebra, Value, number_value
from validators.answers.dates import clock, date
from validators.answers.formula import formula
from validators.answers.lists import alternatives, enclosed, listed, rows, split
from validators.answers.numbers import number
from validators.answers.plain import plain
from validators.answers.regions import HIGHEST, LOWEST, End, Region, interval, region
from validators.answers.statements import based, equation, named_value, ratio, residue
from validators.answers.units import measured_in, quantity
from validators.answers.wording import choice, formal, said, words

Kind = Literal[
    "number",
    "quantity",
    "expression",
    "equation",
    "infinity",
    "set",
    "tuple",
    "list",
    "sequence",
    "interval",
    "union",
    "assignments",
    "matrix",
    "residue",
    "based",
    "about",
    "choice",
    "boolean",
    "date",
    "time",
    "ratio",
    "range",
    "formula",
    "text",
]
_DEPTH = 8  # brackets in brackets beyond this are read as text
_LONGEST = 2000  # characters: beyond this an answer is an essay, and compared as it stands


@dataclass(frozen=True)
class Key:
    """The type of an answer and its exact value. Keys of different types are never equal.

    `open`: a formula whose form does not decide; another one may still have the same value. `of`: the coordinate
    that it is a value of, x, y or z: two such keys are equal, and yet x = 2 and y = 2 are two lines (`same`, `vote`).
    """

    kind: Kind
    value: Hashable
    open: bool = field(default=False, compare=False)
    of: str = field(default="", compare=False)


def key(text: str) -> Key | None:
    """The key of an answer, or None where there is none (an empty text). docs/answers.md has the table.

    Numbers are exact: 0.5, 1/2, ½ and 50% are one, 0.333 and 1/3 are two, and 50 is not 50%. Units are
    converted where that is exact. (1, 2), [1, 2], {1, 2}, [1, 2) and the bare "1, 2" are five things; x < 5
    is (-∞, 5). Letters A to J are choices. What is none of these is a formula as written, or text.
    """
    if len(text) > _LONGEST:
        return Key("text", " ".join(text.split()) or None) if text.strip() else None
    return short_key(text)


@functools.lru_cache(maxsize=4096)
def short_key(text: str) -> Key | None:
    """The key of an answer that is no essay; cached, since votes repeat each other."""
    return _key(_asked(text), _DEPTH, alone=True)


def same(a: str, b: str) -> bool:
    """Whether two answers have equal keys, of no two coordinates. An empty answer is the same as nothing."""
    first, second = key(a), key(b)
    return first is not None and first == second and len({first.of, second.of} - {""}) < 2


_DECIMAL_COMMA = re.compile(r"[+-]?\d+,\d+")
_RIGHT_SIDE = re.compile(r"[A-Za-z][A-Za-z ()+*-]* ?= ?([^=]+)")


def also(text: str) -> Key | None:
    """Another reading that an answer allows: the bare number of a quantity, the interval that a pair may be, the
    number behind "about", the set of "2, 3", the point of "x = 1, y = 2", 3.14 for 3,14, 25 for "m + n = 25".

    It makes nothing the same by itself; a vote uses it where all votes leave one such reading.
    """
    text = _asked(text) if len(text) <= _LONGEST else ""
    text = named_value(text) or text
    if other := _other_kind(text, short_key(text)):
        return other
    if number(text) is None and (measured := quantity(text)):
        return Key("number", measured[2])
    if split_off := measured_in(text):
        return short_key(split_off[0])
    if based(text):
        return short_key(re.split("[_ ]", text)[0])
    if read := interval(text, _end, sure=True):
        return _of_region((read,))
    if _DECIMAL_COMMA.fullmatch(text):
        return short_key(text.replace(",", "."))
    found = _RIGHT_SIDE.fullmatch(text)
    return short_key(found[1]) if found and number(found[1]) is not None else None


def _other_kind(text: str, read: Key | None) -> Key | None:
    """What several answers, or an approximate one, may be besides."""
    match read:
        case Key("about", Key() as near):
            return near
        case Key("assignments"):
            keys = _keys(listed(text) or [], _DEPTH, named=True)
            return _collected("tuple", keys) if keys else None
        case Key("set", frozenset() as values) if len(values) == 1:
            element: Key = next(iter(values))
            return element
        case Key("sequence", tuple() as values) if len(set(values)) == len(values):
            return None if _DECIMAL_COMMA.fullmatch(text) else _collected("set", frozenset(values))
    return None


def _asked(text: str) -> str:
    """The answer itself, undressed."""
    bare = plain(text)
    inner = enclosed(bare.removeprefix("\\boxed").lstrip()) if bare.startswith("\\boxed") else said(bare)
    return plain(inner) if inner and inner != bare else bare


def _key(text: str, depth: int, alone: bool = False) -> Key | None:
    if not text:
        return None
    if alone and (letter := choice(text)):
        return Key("choice", letter)
    if text.lower() in _BOOLEANS:
        return Key("boolean", _BOOLEANS[text.lower()])
    if alone and (value := named_value(text)):
        found = _key(value, depth)
        coordinate = _COORDINATE.fullmatch(text)
        return replace(found, of=coordinate[1] or coordinate[2]) if found and coordinate else found
    return _simple(text) or (_composed(text, depth - 1) if depth else None) or _as_formula(text)


_COORDINATE = re.compile(r"([xyz]) ?=.*|.*= ?([xyz])")
_NOTHING = re.compile(r"∅|(?:the )?empty set|(?:there (?:is|are) )?no solutions?(?: exists?)?")
_BOOLEANS = {"yes": True, "true": True, "no": False, "false": False}
_ABOUT = re.compile(
    r"(?:[A-Za-z]\w{0,11} ?)?≈ ?(.+)|(?:about|around|roughly|approximately|approx\.?|circa|ca\.) (.+)",
    re.IGNORECASE,
)
_INFINITIES = {"∞": 1, "+∞": 1, "-∞": -1, "infinity": 1, "+infinity": 1, "-infinity": -1, "- ∞": -1}


def _simple(text: str) -> Key | None:
    """Numbers, quantities, dates, times, ratios and infinities."""
    if (value := number(text)) is not None:
        return Key("number", value)
    if day := date(text):
        return Key("date", day)
    if time := clock(text):
        return Key("time", time)
    if measured := quantity(text):
        return Key("quantity", measured[:2])
    if compared := ratio(text):
        return Key(*compared)
    sign = _INFINITIES.get(text.lower())
    return None if sign is None else Key("infinity", sign)


def _composed(text: str, depth: int) -> Key | None:
    """Regions, sets, tuples, lists, and several answers in a row."""
    if (found := region(text, _end)) is not None:
        return _of_region(found)
    if cells := rows(text):
        lines = [_keys(line, depth) for line in cells]
        alike = len(set(map(len, cells))) == 1 and all(lines)
        return (
            _collected("matrix", tuple(_collected("list", line) for line in lines if line)) if alike else None
        )
    if left := residue(text):
        return Key("residue", left)
    if numeral := based(text):
        return Key("based", numeral) if numeral[1] != 10 else Key("number", Fraction(numeral[0]))
    if said_near := _ABOUT.fullmatch(text):
        near = _key(said_near[1] or said_near[2], depth)
        return Key("about", near) if near and near.kind in ("number", "quantity", "expression") else None
    if _NOTHING.fullmatch(text.lower()):
        return Key("set", frozenset())
    if (inner := enclosed(text)) is not None:
        return _in_brackets(text[0], inner, text[-1], depth)
    if several := alternatives(text):
        keys = _keys(several, depth, named=True)
        if keys and not any(one.kind in ("text", "choice") for one in keys):
            return _collected("set", frozenset(keys))
    if pieces := listed(text):
        named = [(split(piece, "=")[0].strip(), named_value(piece.strip())) for piece in pieces]
        keys = _keys(pieces, depth, named=True)
        if keys is None or any(one.kind in ("text", "formula", "equation") for one in keys):
            return None
        if all(value for _, value in named):
            return _assigned([name for name, _ in named], keys)
        if named[0][1] and not any(value for _, value in named[1:]):
            return _collected("set", frozenset(keys))  # x = 2, 3
        return None if any(value for _, value in named) else _collected("sequence", keys)
    return None


def _assigned(names: list[str], keys: tuple[Key, ...]) -> Key:
    """ "x = 1, x = 2" are the two values of x; "x = 1, y = 2" is one point."""
    if len(set(names)) == 1:
        return _collected("set", frozenset(keys))
    given = frozenset(zip(names, keys, strict=True))
    return Key("assignments", given, open=any(one.open for one in keys))


def _in_brackets(left: str, inner: str, right: str, depth: int) -> Key | None:
    if not inner.strip():
        return Key("set", frozenset()) if left == "{" else None
    pieces = listed(inner) or [inner]
    keys = _keys(pieces, depth)
    if keys is None:
        return None
    match left, right:
        case "{", "}":
            return _collected("set", frozenset(keys))
        case "(", ")" if len(keys) == 1:
            return keys[0]
        case "(", ")":
            return _collected("tuple", keys)
        case "[", "]":
            return _collected("list", keys)
    return None


def _keys(pieces: list[str], depth: int, named: bool = False) -> tuple[Key, ...] | None:
    """The keys of several answers; None where one has none."""
    texts = (piece.strip() for piece in pieces)
    keys = [_key((named and named_value(text)) or text, depth) for text in texts]
    return tuple(one for one in keys if one is not None) if all(keys) else None


def _collected(kind: Kind, keys: tuple[Key, ...] | frozenset[Key]) -> Key:
    return Key(kind, keys, open=any(one.open for one in keys))


def _of_region(found: Region) -> Key:
    """A region by its ends; one of single points is a set."""
    if all(one.low == one.high for one in found):
        return Key("set", frozenset(_of_end(one.low) for one in found))
    parts = tuple((one.low[1], one.has_low, one.high[1], one.has_high) for one in found)
    return Key("interval", parts[0]) if len(parts) == 1 else Key("union", frozenset(parts))


def _of_end(end: End) -> Key:
    return Key("number", end[0]) if end[0] is not None else Key("expression", end[1])


def _end(text: str) -> End | None:
    """A number, a constant formula or an infinity at the end of an interval."""
    if sign := _INFINITIES.get(text.lower()):
        return HIGHEST if sign > 0 else LOWEST
    if (value := number(text)) is not None:
        return value, value
    read = formula(text)
    if read is None or not read.constant:
        return None
    return (read.rational, read.rational) if read.rational is not None else (None, read.form)


def _as_formula(text: str) -> Key | None:
    """Formulas by their value, equations by their sides, anything else as it is written."""
    if "±" in text and text.count("±") == 1:
        both = [formula(text.replace("±", sign)) for sign in "+-"]
        if None not in both:
            return _collected("set", frozenset(_of_value(one) for one in both if one))
    if (value := formula(text)) is not None:
        return _of_value(value)
    if (measured := measured_in(text)) and (value := formula(measured[0])) is not None and value.constant:
        return Key("quantity", (Algebra().multiply(value, number_value(measured[1])).form, measured[2]))
    if stated := equation(text):
        form, is_open, solved = stated
        return _of_value(solved) if solved else Key("equation", form, open=is_open)
    if formal(text):
        return Key("formula", "".join(text.split()), open=True)
    return Key("text", words(text))


def _of_value(value: Value) -> Key:
    if value.rational is not None:
        return Key("number", value.rational)
    return Key("expression", value.form, open=value.open)
