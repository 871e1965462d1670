"""Plain data between processes: values as JSON that keeps every type apart, and back, read strictly.

JSON's own null, true, false, numbers, strings and arrays stand for None, bool, int, finite float, str and list.
All else is an object with one key: t tuple, d dict ([keys, values]), S set, F frozenset, b bytes (hexadecimal),
i large int (hexadecimal), f nan and infinities, c complex, s str that is no valid Unicode. Only exact
built-in types are data: what is of a subclass (a Counter, a named tuple) goes as what it holds, read by the
built-in type's own methods, whatever it says of itself. Scalars and arrays of numpy go as their lists.
"""

from __future__ import annotations

import json
import math
import re
import sys
from collections import Counter
from collections.abc import Callable
from typing import Any

MAX_DEPTH = 64
_MOST_ALIKE = 64  # members with one hash
_SMALL = 2**53
_json = json.encoder.c_make_encoder(  # type: ignore[attr-defined]  # which json.dumps would make for each value
    None, None, json.encoder.encode_basestring, None, ":", ",", False, False, True
)
_ASIS = ({int}, {float}, {str}, {bool}, {type(None)}, set[type]())

Other = Callable[[Any, int], Any]
"""What is to become of a value (or a tag) that is not plain data, at a depth."""


class NotPlainData(Exception):
    """The value holds something that is not plain data, or is nested too deeply."""


class NotData(ValueError):
    """The bytes are not what `encode` writes."""


def encode(value: object) -> bytes:
    """The value as UTF-8 JSON. Raises NotPlainData naming the type that cannot be sent."""
    return text(tree(value))


def text(encoded: Any) -> bytes:
    """A tree as JSON."""
    return "".join(_json(encoded, 0)).encode()


def _refuse(value: Any, depth: int) -> Any:
    kind = type(value)
    numpy = sys.modules.get("numpy")
    if numpy is not None and isinstance(value, (numpy.generic, numpy.ndarray)):
        return tree(value.tolist(), depth - 1) if depth else None
    if any(issubclass(kind, base) for base, _ in CONTENTS):
        return tree(content(value), depth)
    raise NotPlainData(f"a value of type '{kind.__qualname__}' is not plain data")


def content(value: Any) -> Any:
    """What a value of a subclass of a built-in type holds, as that type."""
    for base, take in CONTENTS:
        if isinstance(value, base):
            return take(value)
    raise TypeError(f"{type(value).__name__} holds no plain data")


CONTENTS: tuple[tuple[type, Callable[[Any], Any]], ...] = (
    (int, int.__int__),
    (float, float.__float__),
    (complex, complex.__pos__),
    (str, str.__str__),
    (bytes, lambda value: bytes.__getitem__(value, slice(None))),
    (list, lambda value: list(list.__iter__(value))),
    (tuple, lambda value: tuple(tuple.__iter__(value))),
    (set, lambda value: set(set.__iter__(value))),
    (frozenset, lambda value: frozenset(frozenset.__iter__(value))),
    (dict, lambda value: dict(dict.items(value))),
)


def tree(value: Any, depth: int = MAX_DEPTH, other: Other = _refuse) -> Any:
    """The value as what JSON can hold; `other` says what becomes of what is not plain."""
    kind = type(value)
    if kind is list:
        return _list(value, depth, other)
    if kind in _WRITERS:
        return _WRITERS[kind](value, depth, other)
    return other(value, depth)


def _list(items: list[Any], depth: int, other: Other) -> list[Any]:
    if depth <= 0:
        raise NotPlainData(f"the value is nested more than {MAX_DEPTH} deep")
    kinds = set(map(type, items))
    if kinds in _ASIS and _goes_as_it_is(items, kinds):
        return items
    return [tree(item, depth - 1, other) for item in items]


def _goes_as_it_is(items: list[Any], kinds: set[type]) -> bool:
    """Whether JSON can hold these items of one type unmarked: decided without a step of Python for each."""
    if kinds == {int}:
        return bool(min(items) >= -_SMALL and max(items) <= _SMALL)
    if kinds == {float}:
        return all(map(math.isfinite, items))
    if kinds == {str}:
        return _is_unicode("".join(items))
    return True


def _is_unicode(content: str) -> bool:
    try:
        content.encode()
    except UnicodeEncodeError:
        return False
    return True


def _float(value: float) -> Any:
    return value if value - value == 0.0 else {"f": repr(value)}  # not so for nan and the infinities


def _string(value: str) -> Any:
    return value if _is_unicode(value) else {"s": value.encode("utf-8", "surrogatepass").hex()}


_WRITERS: dict[type, Callable[[Any, int, Other], Any]] = {
    type(None): lambda value, depth, other: value,
    bool: lambda value, depth, other: value,
    int: lambda value, depth, other: value if -_SMALL <= value <= _SMALL else {"i": hex(value)},
    float: lambda value, depth, other: _float(value),
    str: lambda value, depth, other: _string(value),
    complex: lambda value, depth, other: {"c": [_float(value.real), _float(value.imag)]},
    bytes: lambda value, depth, other: {"b": value.hex()},
    tuple: lambda value, depth, other: {"t": _list(list(value), depth, other)},
    set: lambda value, depth, other: {"S": _list(list(value), depth, other)},
    frozenset: lambda value, depth, other: {"F": _list(list(value), depth, other)},
    dict: lambda value, depth, other: {
        "d": [_list(list(value), depth, other), _list(list(value.values()), depth, other)]
    },
}

# ------------------------------------------------------------------------------------------- reading


def _no_other(content: Any, depth: int) -> Any:
    raise NotData("a value has a tag that no type has")


def decode(encoded: Any, depth: int = MAX_DEPTH, other: Other = _no_other) -> Any:
    """The value of a tree; `other` is given what has a tag of no plain type. Raises NotData for all else."""
    if type(encoded) is list:
        return _items(encoded, depth, other)
    if type(encoded) is not dict:
        return encoded
    if len(encoded) != 1 or depth <= 0:
        raise NotData("a value is not encoded as data is")
    ((tag, content),) = encoded.items()
    return _READERS[tag](content, depth, other) if tag in _READERS else other(encoded, depth)


def _items(encoded: Any, depth: int, other: Other) -> list[Any]:
    if type(encoded) is not list or depth <= 0:
        raise NotData("a container is not encoded as one, or lies too deep")
    if {list, dict}.isdisjoint(map(type, encoded)):
        return encoded
    return [decode(item, depth - 1, other) for item in encoded]


def _number(content: Any, depth: int, other: Other) -> float:
    value = decode(content, depth, other)
    if type(value) is not float:
        raise NotData("part of a complex number is not a float")
    return value


def _dict(content: Any, depth: int, other: Other) -> dict[Any, Any]:
    keys, values = (_items(part, depth, other) for part in content)
    return dict(zip(_spread(keys), values, strict=True))


def _members(content: Any, depth: int, other: Other) -> list[Any]:
    return _spread(_items(content, depth, other))


def _spread(members: list[Any]) -> list[Any]:
    """What goes into a set or dict, unless many share a hash: to enter these takes the square of their number."""
    if len(members) > _MOST_ALIKE and max(Counter(map(hash, members)).values()) > _MOST_ALIKE:
        raise NotData(f"more than {_MOST_ALIKE} members have one hash")
    return members


def _text(content: Any) -> str:
    if type(content) is not str:
        raise NotData("what should be text is none")
    return content


def _large(content: Any) -> int:
    if not re.fullmatch(r"-?0x[0-9a-f]+", _text(content)):
        raise NotData("a large integer is not hexadecimal")
    return int(content, 16)


def _not_finite(content: Any) -> float:
    if content not in ("nan", "inf", "-inf"):
        raise NotData(f"'{_text(content)[:20]}' is no float that needs a tag")
    return float(content)


_READERS: dict[str, Callable[[Any, int, Other], Any]] = {
    "t": lambda content, depth, other: tuple(_items(content, depth, other)),
    "d": _dict,
    "S": lambda content, depth, other: set(_members(content, depth, other)),
    "F": lambda content, depth, other: frozenset(_members(content, depth, other)),
    "b": lambda content, depth, other: bytes.fromhex(_text(content)),
    "i": lambda content, depth, other: _large(content),
    "f": lambda content, depth, other: _not_finite(content),
    "c": lambda content, depth, other: complex(*(_number(part, depth, other) for part in content)),
    "s": lambda content, depth, other: bytes.fromhex(_text(content)).decode("utf-8", "surrogatepass"),
}
