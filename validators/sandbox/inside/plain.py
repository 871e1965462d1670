"""Values on their way out: plain data as JSON that keeps every type apart.

JSON's own null, true, false, numbers, strings and arrays stand for None, bool, int, finite float, str and list.
All else is an object with one key: t tuple, d dict ([keys, values]), S set, F frozenset, b bytes (hexadecimal),
i large int (hexadecimal), f nan and infinities, c complex, s str that is no valid Unicode. Only exact
built-in types are data: a subclass may lie about what it equals.
"""

from __future__ import annotations

import json
import math
from typing import Any

MAX_DEPTH = 64
_SMALL = 2**53
_ASIS = ({int}, {float}, {str}, {bool}, {type(None)}, set[type]())


class NotPlainData(Exception):
    """The value holds something that is not plain data, or is nested too deeply."""


def encode(value: object) -> bytes:
    """The value as UTF-8 JSON. Raises NotPlainData naming the type that cannot be sent."""
    return json.dumps(_tree(value, MAX_DEPTH), separators=(",", ":"), ensure_ascii=False).encode()


def _tree(value: Any, depth: int) -> Any:
    kind = type(value)
    if kind is list:
        return _list(value, depth)
    if kind in _WRITERS:
        return _WRITERS[kind](value, depth)
    raise NotPlainData(f"a value of type '{kind.__qualname__}' is not plain data")


def _list(items: list[Any], depth: int) -> list[Any]:
    if depth == 0:
        raise NotPlainData(f"the value is nested more than {MAX_DEPTH} deep")
    kinds = set(map(type, items))
    if kinds in _ASIS and _goes_as_it_is(items, kinds):
        return items
    return [_tree(item, depth - 1) for item in items]


def _goes_as_it_is(items: list[Any], kinds: set[type]) -> bool:
    """Whether JSON can hold these items of one type unmarked: decided without a step of Python for each."""
    if kinds == {int}:
        return bool(min(items) >= -_SMALL and max(items) <= _SMALL)
    if kinds == {float}:
        return all(map(math.isfinite, items))
    if kinds == {str}:
        return _is_unicode("".join(items))
    return True


def _is_unicode(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _float(value: float) -> Any:
    return value if math.isfinite(value) else {"f": repr(value)}


def _string(value: str) -> Any:
    return value if _is_unicode(value) else {"s": value.encode("utf-8", "surrogatepass").hex()}


_WRITERS: dict[type, Any] = {
    type(None): lambda value, depth: value,
    bool: lambda value, depth: value,
    int: lambda value, depth: value if -_SMALL <= value <= _SMALL else {"i": hex(value)},
    float: lambda value, depth: _float(value),
    str: lambda value, depth: _string(value),
    complex: lambda value, depth: {"c": [_float(value.real), _float(value.imag)]},
    bytes: lambda value, depth: {"b": value.hex()},
    tuple: lambda value, depth: {"t": _list(list(value), depth)},
    set: lambda value, depth: {"S": _list(list(value), depth)},
    frozenset: lambda value, depth: {"F": _list(list(value), depth)},
    dict: lambda value, depth: {"d": [_list(list(value), depth), _list(list(value.values()), depth)]},
}
