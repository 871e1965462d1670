"""Messages between the judge and the program: JSON of known shapes over a socket, and the types both can make.

Besides plain data travel: values of some types of the standard library (o), its classes and functions by name
(m), paths and the like as text (p), arrays of numpy (n), and references to what must stay where it is: r (an
object of the program's, told by the judge), h and k (an object or class of the program's, told by the program),
j (an object of the judge's).
"""

from __future__ import annotations

import importlib
import json
import os
import re
import struct
import sys
import types
from collections import Counter, OrderedDict, defaultdict, deque
from collections.abc import Callable
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from fractions import Fraction
from typing import Any

from .plain import MAX_DEPTH, NotData, decode, text, tree

_HEAD = struct.Struct("!I")
_MAX_MESSAGE = 32 << 20


class Gone(BaseException):
    """The other side has ended, or does not speak as agreed."""


class Wire:
    """One end of the socket."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self._read, self._write = os.read, os.write

    def send(self, message: Any) -> None:
        """Sends a message whose values are trees already. Raises Gone."""
        payload = text(message)
        rest = memoryview(_HEAD.pack(len(payload)) + payload)
        try:
            while rest:
                rest = rest[self._write(self._descriptor, rest) :]
        except OSError:
            raise Gone("the other process has ended") from None

    def receive(self) -> Any:
        """The next message. Raises Gone."""
        (length,) = _HEAD.unpack(self._exactly(_HEAD.size))
        if length > _MAX_MESSAGE:
            raise Gone(f"a message of more than {_MAX_MESSAGE >> 20} MB")
        try:
            return json.loads(self._exactly(length))
        except (ValueError, RecursionError):
            raise Gone("a message that is no JSON") from None

    def _exactly(self, count: int) -> bytes:
        parts = bytearray()
        while len(parts) < count:
            try:
                part = self._read(self._descriptor, min(count - len(parts), 1 << 20))
            except OSError:
                part = b""
            if not part:
                raise Gone("the other process has ended")
            parts += part
        return bytes(parts)


# ------------------------------------------------------------------------- values both sides can make

_BY_VALUE: dict[type, tuple[Callable[[Any], list[Any]], Callable[..., Any]]] = {
    Decimal: (lambda value: [str(value)], Decimal),
    Fraction: (lambda value: [value.numerator, value.denominator], Fraction),
    date: (lambda value: [value.isoformat()], date.fromisoformat),
    datetime: (lambda value: [value.isoformat()], datetime.fromisoformat),
    time: (lambda value: [value.isoformat()], time.fromisoformat),
    timedelta: (lambda value: [value.days, value.seconds, value.microseconds], timedelta),
    range: (lambda value: [value.start, value.stop, value.step], range),
    slice: (lambda value: [value.start, value.stop, value.step], slice),
    deque: (lambda value: [list(value), value.maxlen], deque),
    bytearray: (lambda value: [bytes(value)], bytearray),
    Counter: (lambda value: [dict(value)], Counter),
    OrderedDict: (lambda value: [list(value.items())], OrderedDict),
    defaultdict: (lambda value: [None, dict(value)], defaultdict),
    types.SimpleNamespace: (lambda value: [vars(value)], lambda values: types.SimpleNamespace(**values)),
}
_AS_TEXT = {("pathlib", "PosixPath"), ("pathlib", "PurePosixPath"), ("uuid", "UUID")}
"""Types of modules that are not loaded unless a program or its tests do."""

_NAMED = {kind.__name__: make for kind, (_, make) in _BY_VALUE.items()}
_FUNCTIONS = (type, types.FunctionType, types.BuiltinFunctionType, types.ModuleType)
_FORM = re.compile(r"[<>|=][biufcSU]\d+")


def shared(value: Any, depth: int, other: Callable[[Any, int], Any]) -> Any:
    """The tag of a value that both sides can make, or None. `other` goes on with what lies in it."""
    kind = type(value)
    if kind in _BY_VALUE:
        return {"o": [kind.__name__, tree(_BY_VALUE[kind][0](value), depth - 1, other)]}
    if isinstance(value, _FUNCTIONS):
        return by_name(value)
    place = (kind.__module__, kind.__name__)
    if place in _AS_TEXT and getattr(sys.modules.get(place[0]), place[1], None) is kind:
        return {"p": [*place, str(value)]}
    numpy = sys.modules.get("numpy")
    if numpy is not None and kind in (numpy.ndarray, getattr(numpy, kind.__name__, None)):
        form = value.dtype.str
        if _FORM.fullmatch(form):
            return {"n": [form, list(value.shape), tree(value.ravel().tolist(), depth - 1)]}
    return None


def by_name(value: Any) -> Any:
    """The tag of a class, function or module of the standard library, or None."""
    if isinstance(value, types.ModuleType):
        return {"m": [value.__name__, ""]} if is_standard(value.__name__) else None
    module, name = getattr(value, "__module__", None), getattr(value, "__qualname__", None)
    if type(module) is not str or type(name) is not str or not is_standard(module):
        return None
    return {"m": [module, name]} if getattr(sys.modules.get(module), name, None) is value else None


def is_standard(module: str) -> bool:
    """Whether a module is of the standard library, by its name."""
    return module.partition(".")[0] in sys.stdlib_module_names and module != "__main__"


def make_shared(encoded: dict[str, Any], depth: int, other: Callable[[Any, int], Any]) -> Any:
    """The value of a tag that `shared` wrote. Raises NotData for all else."""
    ((tag, content),) = encoded.items()
    try:
        if tag == "o":
            name, arguments = content
            return _NAMED[name](*decode(arguments, depth - 1, other))
        if tag == "m":
            return _standard(*content)
        if tag == "p" and tuple(content[:2]) in _AS_TEXT:
            return _standard(*content[:2])(str(content[2]))
        if tag == "n":
            return _array(*content)
    except (KeyError, TypeError, ValueError, ArithmeticError, ImportError) as error:
        raise NotData(f"a value that cannot be made: {error}") from None
    raise NotData("a value has a tag that no type has")


def _standard(module: str, name: str) -> Any:
    """A class, function or module of the standard library; no other object, since some equal anything."""
    if not is_standard(module):
        raise NotData(f"'{module}' is not of the standard library")
    found = importlib.import_module(module)
    value = getattr(found, name) if name else found
    if not isinstance(value, _FUNCTIONS):
        raise NotData(f"'{module}.{name}' is no class or function")
    return value


def _array(kind: str, shape: list[int], items: Any) -> Any:
    numpy = importlib.import_module("numpy")
    if not _FORM.fullmatch(kind):
        raise NotData(f"an array of '{kind[:20]}'")
    array = numpy.array(decode(items, MAX_DEPTH), dtype=numpy.dtype(kind)).reshape(shape)
    return array if shape else array[()]
