"""The judge's side of the program: its functions, classes and objects as things that a test can use.

What a test compares with plain data is plain data that came by value; an object of the program's never gets to
say that it equals a number, is less than one, or how far it is from one. Such an object is told what the test
expects by nothing but the calls that the test makes. Two objects of the program's are compared by their class's
own equality, unless that holds for anything.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Generator, Iterator
from typing import Any

from .lent import done, restore
from .plain import MAX_DEPTH, NotData, NotPlainData, decode, tree
from .wire import Gone, Wire, is_standard, make_shared, shared

_FIXED: tuple[type, ...] = (int, float, complex, str, bytes)
"""Types whose content never changes: where it is that content which counts, its methods are the type's own."""

_DIFFERENCES = ("sub", "mod", "floordiv", "xor")


class Handle:
    """An object of the program's."""

    _far_link: Link
    _far_number: int
    _far_holds: bool  # it is of a subclass of a built-in type, and its content counts where it is compared
    _far_told: bool  # made with an operator that told it plain data of the test's
    _far_apart: bool  # the difference from such data, or drawn from it: a test often needs no more than zero

    def __call__(self, *arguments: Any, **named: Any) -> Any:
        return _drawn(self, self._far_link.ask("call", self, *arguments, **named))

    def __getattr__(self, name: str) -> Any:
        if self._far_holds and self.__class__ in _FIXED and hasattr(self.__class__, name):
            return getattr(content(self), name)
        return _drawn(self, self._far_link.ask("getattr", self, name))

    def __setattr__(self, name: str, value: Any) -> None:
        self._far_link.ask("setattr", self, name, value)

    def __delattr__(self, name: str) -> None:
        self._far_link.ask("delattr", self, name)

    def __eq__(self, other: object) -> bool:
        if isinstance(other, Handle) and not (self._far_holds and other._far_holds):
            return bool(self._far_link.ask("same", self, other))
        return bool(self._far_holds and content(self) == content(other))

    def __ne__(self, other: object) -> bool:
        return not self == other

    def __hash__(self) -> int:
        return int(self._far_link.ask("hash", self))

    def __iter__(self) -> Iterator[Any]:
        return iter(content(self)) if self._far_holds else _Iterator(self._far_link.ask("iter", self))

    def __next__(self) -> Any:
        return self._far_link.ask("next", self)

    def __contains__(self, item: object) -> bool:
        if isinstance(item, Handle) and not self._far_holds:
            return bool(self._far_link.ask("contains", self, item))
        return any(item is other or item == other for other in self)

    def __enter__(self) -> Any:
        return self._far_link.ask("enter", self)

    def __exit__(self, *told: object) -> None:
        self._far_link.ask("exit", self)

    def __await__(self) -> Generator[None, None, Any]:
        yield from ()
        return self._far_link.ask("await", self)

    def __dir__(self) -> list[str]:
        return list(self._far_link.ask("dir", self))


class _Iterator:
    """Steps through an iterator of the program's, whatever it is made of."""

    def __init__(self, handle: Any) -> None:
        self._handle = handle

    def __iter__(self) -> _Iterator:
        return self

    def __next__(self) -> Any:
        return next(self._handle)


def content(value: Any) -> Any:
    """The plain content of a handle that holds some, and anything else as it is."""
    return value._far_link.ask("content", value) if isinstance(value, Handle) and value._far_holds else value


def _refused(name: str) -> TypeError:
    return TypeError(f"'{name}' between an object of the program and plain data: only the program could say")


def _told(result: Any, name: str) -> Handle:
    """What an object makes of plain data that it was told: another object, which is told as well. Whatever holds
    data could hold just what passes."""
    if not isinstance(result, Handle) or result._far_holds:
        raise _refused(name)
    object.__setattr__(result, "_far_told", True)
    return result


def _drawn(source: Handle, found: Any) -> Any:
    """What a test draws from an object of the program's: of a difference from plain data, anything but zero."""
    if not source._far_apart:
        return found
    if isinstance(found, Handle):
        object.__setattr__(found, "_far_apart", True)
        return found
    try:
        nothing = float(found) == 0
    except (TypeError, ValueError, OverflowError):
        return found
    if nothing:
        raise _refused("-")
    return found


def _ordering(name: str) -> Callable[[Handle, Any], Any]:
    def compare(self: Handle, other: Any) -> Any:
        if self._far_holds:
            mine, theirs = content(self), content(other)
            return getattr(mine, f"__{name}__")(theirs)
        if not isinstance(other, Handle):
            raise _refused(name)
        return bool(self._far_link.ask(name, self, other))

    return compare


def _arithmetic(name: str, *, turned: bool = False) -> Callable[[Handle, Any], Any]:
    operation = {"and": "and_", "or": "or_"}.get(name, name)

    def combine(self: Handle, other: Any) -> Any:
        if self._far_holds and not (isinstance(other, Handle) and not other._far_holds):
            # Never asked there: an object that learns what it is compared with could then hold just that.
            return getattr(content(self), f"__{'r' if turned else ''}{name}__")(content(other))
        result = self._far_link.ask(operation, *((other, self) if turned else (self, other)))
        if isinstance(other, Handle) and not (self._far_told or other._far_told):
            return result
        result = _told(result, name)
        object.__setattr__(result, "_far_apart", name in _DIFFERENCES)
        return result

    return combine


def _conversion(name: str, *, honest: bool = False) -> Callable[..., Any]:
    def convert(self: Handle, *arguments: Any) -> Any:
        if self._far_holds and name not in ("setitem", "delitem"):
            return getattr(content(self), f"__{name}__")(*arguments)
        result = self._far_link.ask(name, self, *arguments)
        return _told(result, name) if self._far_told and not honest else _drawn(self, result)

    return convert


for _name in ("lt", "le", "gt", "ge"):
    setattr(Handle, f"__{_name}__", _ordering(_name))
for _name in (
    "add",
    "sub",
    "mul",
    "matmul",
    "truediv",
    "floordiv",
    "mod",
    "pow",
    "lshift",
    "rshift",
    "and",
    "or",
    "xor",
):
    setattr(Handle, f"__{_name}__", _arithmetic(_name))
    setattr(Handle, f"__r{_name}__", _arithmetic(_name, turned=True))
for _name in ("neg", "pos", "abs", "invert", "round", "int", "float", "complex", "index", "bool", "len"):
    setattr(Handle, f"__{_name}__", _conversion(_name))
for _name in ("str", "repr", "format", "bytes", "getitem", "setitem", "delitem", "reversed"):
    setattr(Handle, f"__{_name}__", _conversion(_name, honest=True))


class RemoteClass(type):
    """A class of the program's: calling it makes an object there; `isinstance` works as it does there."""

    _far_link: Link
    _far_number: int

    def __call__(cls, *arguments: Any, **named: Any) -> Any:
        return cls._far_link.ask("call", cls, *arguments, **named)

    def __getattr__(cls, name: str) -> Any:
        if name.startswith("__") and name not in ("__doc__", "__members__"):
            raise AttributeError(name)
        return cls._far_link.ask("getattr", cls, name)

    def __setattr__(cls, name: str, value: Any) -> None:
        cls._far_link.ask("setattr", cls, name, value)

    def __iter__(cls) -> Iterator[Any]:
        return _Iterator(cls._far_link.ask("iter", cls))

    def __len__(cls) -> int:
        return int(cls._far_link.ask("len", cls))

    def __bool__(cls) -> bool:
        return True

    def __getitem__(cls, key: Any) -> Any:
        return cls._far_link.ask("getitem", cls, key)

    def __contains__(cls, item: object) -> bool:
        return any(item is other or item == other for other in cls)


class Link:
    """Asks the program, and makes handles of what it gives by reference."""

    def __init__(self, wire: Wire) -> None:
        self._wire = wire
        self._classes: dict[int, type] = {}
        self._handles: dict[int, Handle] = {}
        self._given: list[Any] = []
        self.gone = ""

    def begin(self) -> dict[str, Any]:
        """What the program says when it has loaded: its error, if it raised, the names it defines, and
        what it imports from the standard library."""
        imports = self._receive()["imports"]  # sent before a line of the program has run
        told = self._receive()
        try:
            return {"error": told["error"], "names": list(map(str, told["names"])), "imports": imports}
        except (KeyError, TypeError):
            raise Gone("the program does not say how it loaded") from None

    def ask(self, operation: str, *arguments: Any, **named: Any) -> Any:
        """Has the program do something; gives the value, or raises what it raised."""
        if self.gone:
            raise Gone(self.gone)
        capture = sys.stdout is not sys.__stdout__
        request = {
            "do": operation,
            "arguments": [self._encoded(item) for item in arguments],
            "named": {name: self._encoded(item) for name, item in named.items()},
            "capture": capture,
        }
        self._send(request)
        reply = self._receive()
        while "ask" in reply:
            self._send(self._answer(reply))
            reply = self._receive()
        return self._result(reply, operation, [*arguments, *named.values()])

    def _result(self, reply: dict[str, Any], operation: str, places: list[Any]) -> Any:
        try:
            for place, new in reply["changed"]:
                restore(places[place], self._decoded(new))
            if reply["printed"]:
                sys.stdout.write(str(reply["printed"]))
            if "raised" in reply:
                error = self._error(reply["raised"], operation)
            elif "argument" in reply:
                return places[reply["argument"]]
            else:
                return self._decoded(reply["value"])
        except (NotData, KeyError, IndexError, TypeError, ValueError, AttributeError) as fault:
            self.gone = f"the program's answer cannot be read: {fault}"
            raise Gone(self.gone) from None
        raise error

    def _send(self, message: Any) -> None:
        try:
            self._wire.send(message)
        except Gone as error:
            self.gone = str(error)
            raise

    def _receive(self) -> dict[str, Any]:
        try:
            message = self._wire.receive()
            if type(message) is not dict:
                raise Gone("a message of no known shape")
        except Gone as error:
            self.gone = str(error)
            raise
        return message

    def _answer(self, request: dict[str, Any]) -> dict[str, Any]:
        """Does what the program wants done with an object of the judge's."""
        try:
            if set(request["arguments"][0]) != {"j"}:
                raise AttributeError("an object that is not a test's")
            arguments = [self._decoded(item) for item in request["arguments"]]
            named = {str(name): self._decoded(item) for name, item in request["named"].items()}
            return {"value": self._encoded(done(request["ask"], arguments, named))}
        except Exception as error:
            return {"raised": [type(error).__name__, str(error)]}

    def _encoded(self, value: Any) -> Any:
        try:
            return tree(value, MAX_DEPTH, self._give)
        except NotPlainData:
            return self._give(value, 1)

    def _give(self, value: Any, depth: int) -> Any:
        if isinstance(value, Handle):
            return {"r": object.__getattribute__(value, "_far_number")}
        if isinstance(value, RemoteClass):
            return {"r": type.__getattribute__(value, "_far_number")}
        tag = shared(value, depth, self._give)
        if tag is None:
            self._given.append(value)
            tag = {"j": len(self._given) - 1}
        return tag

    def _decoded(self, encoded: Any) -> Any:
        return decode(encoded, MAX_DEPTH, self._take)

    def _take(self, encoded: dict[str, Any], depth: int) -> Any:
        ((tag, told),) = encoded.items()
        if tag == "h":
            number, kind, base = told
            if number not in self._handles:
                self._handles[number] = self._handle(int(number), self._class(kind, depth), base)
            return self._handles[number]
        if tag == "k":
            return self._class(encoded, depth)
        if tag == "j":
            return self._given[int(told)]
        return _received(encoded, depth, self._take)

    def _handle(self, number: int, kind: type, base: Any) -> Handle:
        holds = base is not None
        known = {"__class__": property(lambda _: _PLAIN[base])} if holds else {}
        made = self._made(-1, kind.__name__, (kind if isinstance(kind, RemoteClass) else Handle,), known)
        handle: Handle = object.__new__(made if holds or not isinstance(kind, RemoteClass) else kind)
        for name, value in (
            ("link", self),
            ("number", number),
            ("holds", holds),
            ("told", False),
            ("apart", False),
        ):
            object.__setattr__(handle, f"_far_{name}", value)
        return handle

    def _class(self, encoded: dict[str, Any], depth: int) -> type:
        ((tag, told),) = encoded.items()
        if tag == "m":
            return _known_class(*told) or self._made(-1, str(told[1]), (Handle,))
        if tag != "k":
            raise NotData("what should be a class is none")
        number, name, bases = told
        if depth <= 0 or type(name) is not str:
            raise NotData("a class is not told as one")
        if number not in self._classes:
            above = [self._class(base, depth - 1) for base in bases]
            errors = tuple(base for base in above if issubclass(base, BaseException))
            remote = tuple(base for base in above if isinstance(base, RemoteClass))
            if errors:
                self._classes[number] = type(name, errors, {"__module__": "program"})
            else:
                self._classes[number] = self._made(int(number), name, remote or (Handle,))
        return self._classes[number]

    def _made(
        self, number: int, name: str, bases: tuple[type, ...], more: dict[str, Any] | None = None
    ) -> type:
        own = {"_far_link": self, "_far_number": number, "__module__": "program"}
        return RemoteClass(name, bases, own | (more or {}))

    def _error(self, told: dict[str, Any], operation: str) -> BaseException:
        kind = self._class(told["class"], MAX_DEPTH)
        if not issubclass(kind, BaseException) or (kind is StopIteration and operation != "next"):
            return RuntimeError(f"the program raised {kind.__name__}: {told['text']}")
        try:
            arguments = self._decoded(told["arguments"])
        except NotData:
            arguments = [str(told["text"])]
        error: BaseException = kind.__new__(kind, *arguments)
        error.args = tuple(arguments)
        for name, value in self._decoded(told["vars"]).items():
            if not str(name).startswith("_"):
                setattr(error, str(name), value)
        return error


_PLAIN: dict[str, type] = {
    kind.__name__: kind
    for kind in (int, float, complex, str, bytes, bytearray, list, tuple, set, frozenset, dict, bool, range)
}


def _known_class(module: Any, name: Any) -> type | None:
    """A built-in type of data, or an exception that this process has; no other class or function of the
    judge's is for the program to name."""
    if module == "builtins" and name in (*_PLAIN, "object", "NoneType"):
        return _PLAIN.get(name, object if name == "object" else type(None))
    found = getattr(sys.modules.get(str(module)), str(name), None)
    if not (isinstance(found, type) and issubclass(found, BaseException) and is_standard(str(module))):
        return None
    return None if found.__module__ == "unittest.case" else found  # a skip would be believed, by any name


def _received(encoded: dict[str, Any], depth: int, other: Callable[[Any, int], Any]) -> Any:
    if "m" in encoded:
        found = _known_class(*encoded["m"])
        if found is None:
            raise NotData("a class or function that is not for the program to name")
        return found
    return make_shared(encoded, depth, other)
