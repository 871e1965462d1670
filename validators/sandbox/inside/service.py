"""The program's side of its tests: loads it, then does what the judge asks, one operation at a time.

The judge may call, read attributes, iterate and so on; what it gets back is plain data by value, all else by
reference. The program may do as it likes in here: no test and no expected value is in this process.
"""

from __future__ import annotations

import ast
import builtins
import contextlib
import copy
import io
import operator
import sys
from collections.abc import Callable
from typing import Any

from .plain import CONTENTS, MAX_DEPTH, NotPlainData, content, decode, text, tree
from .program import load, message
from .wire import Gone, Wire, by_name, is_standard, make_shared, shared

SOCKET = 3
_MUTABLE = (list, dict, set, bytearray)


def prepare(request: dict[str, Any]) -> None:
    """Nothing: a program that is judged reads no input."""


def run(request: dict[str, Any], memory_mb: int) -> int:
    """Loads the program and serves the judge until it has ended."""
    wire = Wire(SOCKET)
    wire.send({"imports": _imports(request["source"])})
    service = Service(wire)
    namespace, report = load(request["source"])
    service.namespace = namespace
    wire.send({"error": report, "names": [name for name in namespace if type(name) is str]})
    with contextlib.suppress(Gone):
        while not report:
            service.answer(wire.receive())
    return 0


def _imports(source: str) -> dict[str, list[str]]:
    """What a source imports from the standard library at its top: alias -> module and name in it."""
    found: dict[str, list[str]] = {}
    try:
        body = ast.parse(source).body
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return found
    for node in body:
        if isinstance(node, ast.ImportFrom) and node.module and not node.level and is_standard(node.module):
            found |= {one.asname or one.name: [node.module, one.name] for one in node.names}
        elif isinstance(node, ast.Import):
            for one in node.names:
                if is_standard(one.name):
                    found[one.asname or one.name.partition(".")[0]] = [
                        one.name if one.asname else one.name.partition(".")[0],
                        "",
                    ]
    return found


class Foreign:
    """An object of the judge's, as the program sees it: to be called, iterated, its attributes read and set."""

    def __init__(self, service: Service, number: int) -> None:
        object.__setattr__(self, "_ask", service.ask)
        object.__setattr__(self, "_number", number)

    def __call__(self, *arguments: Any, **named: Any) -> Any:
        return self._ask("call", self, *arguments, **named)

    def __getattr__(self, name: str) -> Any:
        return self._ask("getattr", self, name)

    def __setattr__(self, name: str, value: Any) -> None:
        self._ask("setattr", self, name, value)

    def __next__(self) -> Any:
        return self._ask("next", self)


def _operation(name: str) -> Callable[..., Any]:
    return lambda self, *arguments: self._ask(name, self, *arguments)


for _name in (
    "iter",
    "len",
    "getitem",
    "setitem",
    "contains",
    "eq",
    "lt",
    "le",
    "gt",
    "ge",
    "str",
    "hash",
    "bool",
):
    setattr(Foreign, f"__{_name}__", _operation(_name))
for _name in ("add", "sub", "mul", "truediv", "floordiv", "mod"):
    setattr(Foreign, f"__{_name}__", _operation(_name))


_OPERATORS = (
    "getitem setitem delitem contains eq ne lt le gt ge add sub mul matmul truediv floordiv mod pow lshift rshift"
    " and_ or_ xor neg pos invert abs index iadd isub imul"
)

_OPERATIONS: dict[str, Callable[..., Any]] = {
    name: getattr(operator, name) for name in _OPERATORS.split()
} | {
    "call": lambda function, *arguments, **named: function(*arguments, **named),
    "getattr": getattr,
    "setattr": setattr,
    "delattr": delattr,
    "iter": iter,
    "next": next,
    "len": len,
    "str": str,
    "repr": repr,
    "format": format,
    "hash": hash,
    "bool": bool,
    "int": int,
    "float": float,
    "complex": complex,
    "bytes": bytes,
    "round": round,
    "divmod": divmod,
    "reversed": reversed,
    "dir": dir,
    "isinstance": isinstance,
    "issubclass": issubclass,
    "enter": lambda manager: type(manager).__enter__(manager),
    "aiter": aiter,
    "copy": copy.copy,
    "deepcopy": copy.deepcopy,
    "content": content,
}


class _Missing:
    """Equal to nothing: shows which objects say that they equal anything."""


class Service:
    """Answers the judge, and asks it where the program uses an object of the judge's."""

    def __init__(self, wire: Wire) -> None:
        self._wire = wire
        self.namespace: dict[str, Any] = {}
        self._objects: list[Any] = []
        self._numbers: dict[int, int] = {}
        self._foreign: dict[int, Foreign] = {}
        self._input = builtins.input
        self._loop: Any = None
        self._operations = _OPERATIONS | {
            "name": self._name,
            "rename": self._rename,
            "same": self._same,
            "exit": self._exit,
            "await": self._awaited,
            "anext": lambda value: self._awaited(anext(value)),
            "aenter": lambda manager: self._awaited(type(manager).__aenter__(manager)),
            "aexit": lambda manager: self._awaited(type(manager).__aexit__(manager, None, None, None)),
        }

    def answer(self, request: dict[str, Any]) -> None:
        """Does one operation and sends what came of it."""
        arguments = [decode(item, MAX_DEPTH, self._take) for item in request["arguments"]]
        named = {name: decode(item, MAX_DEPTH, self._take) for name, item in request["named"].items()}
        places: list[Any] = [*arguments, *named.values()]
        self._read(request)
        before = [text(self._encoded(value)) if type(value) in _MUTABLE else None for value in places]
        printed = io.StringIO()
        redirected = contextlib.redirect_stdout(printed) if request["capture"] else contextlib.nullcontext()
        try:
            with redirected:
                value = self._operations[request["do"]](*arguments, **named)
            same = [place for place, given in enumerate(places) if given is value and type(given) in _MUTABLE]
            reply = {"argument": same[0]} if same else {"value": self._encoded(value)}
        except Gone:
            raise
        except BaseException as error:
            reply = {"raised": self._raised(error)}
        changed = []
        for place, (given, old) in enumerate(zip(places, before, strict=True)):
            if old is not None and text(new := self._encoded(given)) != old:
                changed.append([place, new])
        self._wire.send({**reply, "changed": changed, "printed": printed.getvalue()})

    def ask(self, operation: str, *arguments: Any, **named: Any) -> Any:
        """Lets the judge do something with an object of its own; meanwhile it may ask in turn."""
        self._wire.send(
            {
                "ask": operation,
                "arguments": [self._encoded(item) for item in arguments],
                "named": {name: self._encoded(item) for name, item in named.items()},
            }
        )
        while True:
            reply = self._wire.receive()
            if "do" not in reply:
                break
            self.answer(reply)
        if "raised" in reply:
            name, words = reply["raised"]
            raise getattr(builtins, name, RuntimeError)(words)
        return decode(reply["value"], MAX_DEPTH, self._take)

    def _name(self, name: str) -> Any:
        return self.namespace[name]

    def _rename(self, name: str, value: Any) -> None:
        self.namespace[name] = value

    def _exit(self, manager: Any, name: str = "", words: str = "") -> bool:
        """Leaves a context; where an error leaves it, with one of that name."""
        kind = self.namespace.get(name, getattr(builtins, name, RuntimeError)) if name else None
        error = kind(words) if kind else None
        return bool(type(manager).__exit__(manager, kind, error, None))

    def _awaited(self, value: Any) -> Any:
        """What an awaitable gives, in the one loop that all of the program's run in."""
        import asyncio

        if self._loop is None:
            self._loop = asyncio.new_event_loop()

        async def wait() -> Any:
            return await value

        return self._loop.run_until_complete(wait())

    def _read(self, request: dict[str, Any]) -> None:
        """Puts what the judge has in the place of `input` or of `sys.stdin` there as well."""
        patched = request.get("input")
        if patched is not None or self._input is not builtins.input:
            builtins.input = decode(patched, MAX_DEPTH, self._take) if patched else self._input
        if "stdin" in request:
            sys.stdin = io.StringIO(request["stdin"])

    def _same(self, left: Any, right: Any) -> bool:
        """Whether two objects are equal, by an equality that does not hold for anything at all."""
        if not left == right:  # noqa: SIM201 - `!=` is another method, and may say something else
            return False
        try:
            return not (left == _Missing() and right == _Missing())
        except Exception:  # an equality that only knows its own kind
            return True

    def _raised(self, error: BaseException) -> dict[str, Any]:
        own = getattr(error, "__dict__", {})
        shown = {name: value for name, value in own.items() if not name.startswith("_")}
        return {
            "class": self._class(type(error)),
            "text": message(error).partition(": ")[2],
            "arguments": self._encoded(list(error.args)),
            "vars": self._encoded(shown),
        }

    def _encoded(self, value: Any) -> Any:
        try:
            return tree(value, MAX_DEPTH, self._give)
        except (NotPlainData, RecursionError):
            return {"h": [self._number(value), self._class(type(value)), None]}

    def _give(self, value: Any, depth: int) -> Any:
        if type(value) is Foreign:
            return {"j": value.__dict__["_number"]}
        if isinstance(value, type):
            return self._class(value)
        tag = None if callable(value) else shared(value, depth, self._give)
        if tag is not None and "m" not in tag:
            return tag
        base = next((base.__name__ for base, _ in CONTENTS if isinstance(value, base)), None)
        return {"h": [self._number(value), self._class(type(value)), base]}

    def _class(self, kind: type) -> Any:
        tag = by_name(kind)
        if tag is not None and (kind.__module__ == "builtins" or issubclass(kind, BaseException)):
            return tag
        bases = [self._class(base) for base in kind.__bases__]
        return {"k": [self._number(kind), kind.__name__, bases]}

    def _number(self, value: Any) -> int:
        if id(value) not in self._numbers:
            self._numbers[id(value)] = len(self._objects)
            self._objects.append(value)
        return self._numbers[id(value)]

    def _take(self, encoded: dict[str, Any], depth: int) -> Any:
        ((tag, number),) = encoded.items()
        if tag == "r":
            return self._objects[number]
        if tag == "j":
            return self._foreign.setdefault(number, Foreign(self, number))
        return make_shared(encoded, depth, self._take)
