"""What a test lends to the program: arguments that come back changed, and objects that the program may use.

Lists and dicts go as copies, and are changed here as the copies were there. Functions and objects of the tests'
own stay here; the program may call them and read their public attributes, and no way leads on to the tests.
"""

from __future__ import annotations

import builtins
import operator
from typing import Any

_COMPARING = ("contains", "eq", "lt", "le", "gt", "ge", "hash", "bool")
_STEPPING = ("iter", "next", "len", "getitem", "setitem", "str")
_COUNTING = ("add", "sub", "mul", "truediv", "floordiv", "mod")
_OPERATIONS = frozenset((*_COMPARING, *_STEPPING, *_COUNTING))
_NAMES = ("__name__", "__qualname__", "__module__")
"""What `functools.wraps` reads of a function."""


def restore(given: Any, changed: Any) -> None:
    """Makes an argument of the test's what the program made of its copy, inner lists and dicts included."""
    if type(given) is list and type(changed) is list:
        for place, (old, new) in enumerate(zip(given, changed, strict=False)):
            if type(old) is type(new) and type(old) in (list, dict, set):
                restore(old, new)
                changed[place] = old
        given[:] = changed
    elif type(given) is dict and type(changed) is dict:
        for key, new in changed.items():
            if type(new) in (list, dict, set) and type(given.get(key)) is type(new):
                restore(given[key], new)
                changed[key] = given[key]
        given.clear()
        given.update(changed)
    elif type(given) is set and type(changed) is set:
        given.clear()
        given.update(changed)
    elif type(given) is bytearray and type(changed) is bytearray:
        given[:] = changed


def done(operation: str, arguments: list[Any], named: dict[str, Any]) -> Any:
    """One operation of the program's on an object that a test gave it: no way leads on to the test itself."""
    target, *rest = arguments
    if operation == "call":
        return target(*rest, **named)
    if operation in ("getattr", "setattr"):
        name = rest[0]
        if name in _NAMES and operation == "getattr":
            return str(getattr(target, name))
        plain_object = not callable(target) and type(type(target)) is type and hasattr(target, "__dict__")
        if type(name) is not str or name.startswith("_") or not plain_object:
            raise AttributeError(name)
        return getattr(target, name) if operation == "getattr" else setattr(target, name, rest[1])
    if operation not in _OPERATIONS:
        raise AttributeError(operation)
    function = getattr(operator, operation, None) or getattr(builtins, operation)
    return function(*arguments)
