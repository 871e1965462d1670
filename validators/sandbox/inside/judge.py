"""Runs a test text in a process of its own, and says how each test ended.

The program is in another process: whatever the tests import or name that Python itself does not know is asked for
there. Nothing that the program does can end this process, patch what it uses, or read what it expects.
"""

from __future__ import annotations

import ast
import builtins
import functools
import importlib.machinery
import linecache
import math
import sys
import traceback
import types
from collections.abc import Callable, Iterable, Sequence
from typing import Any, cast

from . import minipytest
from .job import Channel
from .link import TESTS, Link
from .program import message, told
from .wire import Gone, Wire, is_standard

SOCKET = 4
_MAX_MESSAGE = 500
_HELPERS = {"isclose": math.isclose, "approx": minipytest.approx, "raises": minipytest.raises, "math": math}
_MODULES = {"np": "numpy", "numpy": "numpy", "pytest": "pytest", "unittest": "unittest", "allclose": "numpy"}
"""Names that decide what passes: never the program's, unless the tests import them from it."""

_LENDING = (
    "math cmath statistics collections itertools functools operator fractions decimal datetime re string json copy"
    " random heapq bisect typing enum calendar"
)
_LENT = frozenset(_LENDING.split())
"""Modules that tests may name without importing them, and what the program imports from them: nothing in these
equals all, or acts."""


def prepare(request: dict[str, Any]) -> None:
    """Nothing: tests read no input."""


def run(request: dict[str, Any], memory_mb: int) -> int:
    """Waits for the program to load, runs the tests, and reports them."""
    channel, link = Channel(request["nonce"]), Link(Wire(SOCKET))
    try:
        begun = link.begin()
    except Gone as gone:
        begun = {"error": {"error": f"{gone} before its tests", "memory": False}}
    if begun["error"]:
        channel.send(b"e", told(begun["error"]))
        return 0
    judge = Judge(link, begun["names"], begun["imports"])
    for name, error, asserted in judge.results(request["tests"]):
        if error:
            channel.send(b"r", told(f"{name}: {error}"[:_MAX_MESSAGE]))
        else:
            channel.send(b"v", str(asserted).encode())
    channel.send(b"z")
    return 0


Ended = tuple[str, str, int]
"""One test: its name, its error or nothing, and how many things it asserted."""


class Judge:
    """Runs the tests of one text against the program behind a link."""

    def __init__(self, link: Link, names: Sequence[str], imports: dict[str, list[str]]) -> None:
        self._link = link
        self._names = set(names)
        self._imports = imports

    def results(self, text: str) -> Iterable[Ended]:
        """Each test as it ends: the text's own asserts first, then its functions and classes."""
        try:
            tree = ast.parse(text, TESTS)
        except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
            yield "tests", message(error), 0
            return
        unclear = _used(tree) & self._names & set(dir(builtins)) - _explicit(tree)
        shadowed = sorted(name for name in unclear if not name.startswith("__"))
        if shadowed:
            word = shadowed[0]
            yield (
                "tests",
                f"NameError: both Python and the program define '{word}': the tests must import it",
                0,
            )
            return
        linecache.cache[TESTS] = (len(text), None, text.splitlines(keepends=True), TESTS)
        namespace = self._namespace(tree)
        self._link.raises = _raising(tree)
        code = compile(_counting(tree), TESTS, "exec", dont_inherit=True)
        yield self._ended("tests", lambda: exec(code, namespace))
        for name, test in minipytest.collected(namespace):
            yield self._ended(name, test)
            if self._link.gone:
                return

    def _ended(self, name: str, test: Callable[[], object]) -> Ended:
        minipytest.COUNT.clear()
        error = ""
        try:
            test()
        except minipytest.Skipped:
            minipytest.COUNT.clear()
        except Gone:
            pass
        except BaseException as raised:
            error = message(raised) + _place(raised)
        if self._link.gone:
            error = f"the program is gone: {self._link.gone}"
        return name, error, sum(minipytest.COUNT)

    def _namespace(self, tree: ast.Module) -> dict[str, Any]:
        """The globals of the tests. What they do not define is Python's, then the program's."""
        own = types.ModuleType("tests")
        sys.modules["pytest"] = minipytest.module()
        sys.meta_path.append(_Finder(self._link, self._names, _explicit(tree)))
        # A script's asserts may stand below 'if __name__ ...'; beside test functions that line starts a runner.
        has_tests = any(
            isinstance(node, ast.ClassDef) or getattr(node, "name", "").startswith("test")
            for node in tree.body
        )
        name = "tests" if has_tests else "__main__"
        sys.modules[name] = own
        namespace = vars(own)
        known = _Names(vars(builtins) | _HELPERS | self._imported())
        known.resolve, known.names = self._link.named, self._names
        namespace.update(
            {
                "__name__": name,
                "__builtins__": known,
                "__count__": functools.partial(minipytest.COUNT.append, 1),
            }
        )
        return namespace

    def _imported(self) -> dict[str, Any]:
        """What the program imports from the standard library, from there: names of tests that rely on it."""
        found: dict[str, Any] = {}
        for alias, (module, name) in self._imports.items():
            if module not in _LENT:
                continue
            try:
                loaded = importlib.import_module(module)
                found[alias] = getattr(loaded, name) if name else loaded
            except (ImportError, AttributeError):
                continue
        return found


class _Names(dict[str, Any]):
    """Python's names, and behind them the program's."""

    resolve: Callable[[str], Any]
    names: set[str]

    def __missing__(self, name: str) -> Any:
        if name in _MODULES:
            module = importlib.import_module(_MODULES[name])
            return getattr(module, name, module)
        if name in self.names:
            return self.resolve(name)
        if name in _LENT:
            return importlib.import_module(name)
        raise KeyError(name)


class _Program(types.ModuleType):
    """The program as a module: what a test sets in it, `mock.patch` and `monkeypatch` too, is set there."""

    _link: Link | None = None
    _names: frozenset[str] = frozenset()

    def __setattr__(self, name: str, value: Any) -> None:
        if self._link and name in self._names:
            self._link.rename(name, value)
        else:
            super().__setattr__(name, value)

    def __delattr__(self, name: str) -> None:
        if self._link and name in self._names:
            self._link.rename(name)
        else:
            super().__delattr__(name)


class _Finder:
    """Any module that is not found is the program, whatever the tests call it."""

    def __init__(self, link: Link, names: set[str], of_tests: set[str]) -> None:
        self._link = link
        self._names = names
        self._kept = {*dir(builtins), *_HELPERS, *_MODULES, *of_tests}

    def find_spec(
        self, name: str, path: object = None, target: object = None
    ) -> importlib.machinery.ModuleSpec | None:
        """A spec for any name but those of the standard library, which may lack parts on this system."""
        if is_standard(name) or name.startswith(("_", "numpy")):
            return None
        return importlib.machinery.ModuleSpec(name, cast("Any", self), is_package=True)

    def create_module(self, spec: importlib.machinery.ModuleSpec) -> types.ModuleType:
        """A module that is the program."""
        return _Program(spec.name)

    def exec_module(self, module: types.ModuleType) -> None:
        """Gives the module the program's names."""

        def get(name: str) -> Any:
            if name not in self._names:
                raise AttributeError(f"the program defines no '{name}'")
            return self._link.named(name)

        vars(module)["__getattr__"] = get
        public = [name for name in self._names - self._kept if not name.startswith("_")]
        vars(module)["__all__"] = public  # for 'import *', which names nothing itself
        vars(module).update({"_link": self._link, "_names": frozenset(self._names)})


def _used(tree: ast.Module) -> set[str]:
    return {
        node.id for node in ast.walk(tree) if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load)
    }


def _explicit(tree: ast.Module) -> set[str]:
    """Names that the tests themselves define or import."""
    found: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, (ast.Import, ast.ImportFrom)):
            found |= {alias.asname or alias.name for alias in node.names}
        elif isinstance(node, (ast.FunctionDef, ast.ClassDef)):
            found.add(node.name)
        elif isinstance(node, ast.arg):
            found.add(node.arg)
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            found.add(node.id)
    return found


def _raising(tree: ast.Module) -> frozenset[int]:
    """The lines of what raises in the body of a `with`, whatever came before it."""
    bodies = [node.body for node in ast.walk(tree) if isinstance(node, ast.With)]
    return frozenset(one.lineno for body in bodies for one in body if isinstance(one, ast.Raise))


def _counting(tree: ast.Module) -> ast.Module:
    """The same tests, where each assert that holds is counted, and each call such as ``np.testing.assert_equal``."""

    class Counting(ast.NodeTransformer):
        def visit_Assert(self, node: ast.Assert) -> list[ast.stmt]:
            return self._counted(node)

        def visit_Expr(self, node: ast.Expr) -> list[ast.stmt]:
            called = node.value.func if isinstance(node.value, ast.Call) else None
            name = getattr(called, "attr", getattr(called, "id", ""))
            return self._counted(node) if name.startswith("assert_") else [node]

        def _counted(self, node: ast.stmt) -> list[ast.stmt]:
            count = ast.Call(_name("__count__"), [], [])
            return [node, ast.copy_location(ast.Expr(count), node)]

    counted: ast.Module = ast.fix_missing_locations(Counting().visit(tree))
    return counted


def _name(name: str) -> ast.Name:
    return ast.Name(name, ast.Load())


def _place(error: BaseException) -> str:
    """Where in the tests, and, where an assert has no message, what it says."""
    lines = [frame.lineno for frame in traceback.extract_tb(error.__traceback__) if frame.filename == TESTS]
    if not lines or not lines[-1]:
        return ""
    said = linecache.getline(TESTS, lines[-1]).strip()[:300] if not str(error) else ""
    return f"{said} (line {lines[-1]} of the tests)"
