"""The judge's end of the line to the program: asks, and makes handles of what comes back by reference."""

from __future__ import annotations

import builtins
import sys
import traceback
from collections.abc import Callable
from types import TracebackType
from typing import Any

from .lent import done, restore
from .plain import MAX_DEPTH, NotData, NotPlainData, decode, tree
from .remote import Coroutine, Handle, RemoteClass
from .wire import Gone, Wire, is_standard, make_shared, shared

TESTS = "<tests>"
"""The name of the tests' file, in tracebacks."""

_AWAITED = ("coroutine", "Task", "Future", "_GatheringFuture")


class Link:
    """Asks the program, and makes handles of what it gives by reference."""

    def __init__(self, wire: Wire) -> None:
        self._wire = wire
        self._classes: dict[int, type] = {}
        self._handles: dict[int, Handle] = {}
        self._given: list[Any] = []
        self._known: dict[str, Any] = {}
        self._first: dict[str, Any] = {}
        self._input, self._stdin = builtins.input, sys.stdin
        self.gone = ""
        self.raises: frozenset[int] = frozenset()
        """Lines of the tests that raise and do nothing else, in the body of a `with`."""

    def begin(self) -> dict[str, Any]:
        """What the program says when it has loaded: its error, if it raised, the names it defines, and
        what it imports from the standard library."""
        imports = self._receive()["imports"]  # sent before a line of the program has run
        told = self._receive()
        try:
            return {"error": told["error"], "names": list(map(str, told["names"])), "imports": imports}
        except (KeyError, TypeError):
            raise Gone("the program does not say how it loaded") from None

    def named(self, name: str) -> Any:
        """What the program calls by a name: functions and classes are asked for once, data each time."""
        if name in self._known:
            return self._known[name]
        value = self.ask("name", name)
        if isinstance(value, (Handle, RemoteClass)):
            self._known[name] = value
        return value

    def rename(self, name: str, *value: Any) -> None:
        """Gives a name of the program's another value, as patches do, or back the one it had at first."""
        if name not in self._first:
            self._first[name] = self.named(name)
        self._known.pop(name, None)
        self.ask("rename", name, *value or [self._first[name]])

    def raised_by_test(self, trace: TracebackType | None) -> bool:
        """Whether an error comes from a line that raises and no more: any other could be the test's verdict, which
        the program may not swallow."""
        frames = list(traceback.walk_tb(trace))
        return bool(frames) and frames[-1][0].f_code.co_filename == TESTS and frames[-1][1] in self.raises

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
            **self._reading(),
        }
        self._send(request)
        reply = self._receive()
        while "ask" in reply:
            self._send(self._answer(reply))
            reply = self._receive()
        return self._result(reply, operation, [*arguments, *named.values()])

    def _reading(self) -> dict[str, Any]:
        """What the program is to read, where a test has put something in the place of `input` or of `sys.stdin`."""
        told: dict[str, Any] = {}
        if builtins.input is not self._input:
            told["input"] = self._encoded(builtins.input)
        if sys.stdin is not self._stdin:
            self._stdin = sys.stdin
            told["stdin"] = sys.stdin.read() if hasattr(sys.stdin, "getvalue") else ""
        return told

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
        is_class = isinstance(kind, RemoteClass) and kind.__name__ not in _AWAITED
        above = kind if is_class else Coroutine if kind.__name__ in _AWAITED else Handle
        made = self._made(-1, kind.__name__, (above,), known)
        handle: Handle = object.__new__(made if holds or not is_class else kind)
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
