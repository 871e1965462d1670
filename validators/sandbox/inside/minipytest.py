"""As much of pytest as tests of small programs use: raises, approx, parametrize, fixtures, skips.

Test functions and classes are collected as pytest does, `unittest.TestCase` included.
"""

from __future__ import annotations

import contextlib
import functools
import inspect
import io
import itertools
import math
import re
import sys
import types
from collections.abc import Callable, Iterator
from typing import Any, NoReturn

from .patching import patching

COUNT: list[int] = []
"""One entry for each thing that the running test has asserted."""

_ROWS, _FIXTURE, _AUTO, _SKIP = "__rows__", "__fixture__", "__auto__", "__skip__"


class Skipped(BaseException):
    """A test asked not to be run."""


class Raised:
    """What `raises` caught: its `value` is the exception."""

    value: BaseException

    @property
    def type(self) -> type[BaseException]:
        """The exception's class."""
        return type(self.value)

    def match(self, pattern: str) -> bool:
        """Fails where the message does not match."""
        assert re.search(pattern, str(self.value)), f"{pattern!r} does not match {str(self.value)!r}"
        return True


@contextlib.contextmanager
def _raising(kinds: Any, match: str | None) -> Iterator[Raised]:
    caught = Raised()
    try:
        yield caught
    except kinds as error:
        caught.value = error
    else:
        names = kinds if isinstance(kinds, tuple) else (kinds,)
        raise AssertionError(f"did not raise {' or '.join(kind.__name__ for kind in names)}")
    if match is not None:
        caught.match(match)
    COUNT.append(1)


def raises(kinds: Any, *call: Any, match: str | None = None, **named: Any) -> Any:
    """A context that must raise one of the kinds; or, with a function, calls it at once."""
    manager = _raising(kinds, match)
    if not call:
        return manager
    with manager as caught:
        call[0](*call[1:], **named)
    return caught


class approx:
    """Equal to numbers within a tolerance, and to lists, tuples and dicts of them."""

    def __init__(
        self, expected: Any, rel: float | None = None, abs: float | None = None, nan_ok: bool = False
    ):
        self._expected, self._rel, self._abs, self._nan = expected, rel, abs, nan_ok

    def __eq__(self, found: object) -> bool:
        return self._near(self._expected, found)

    def _near(self, expected: Any, found: Any) -> bool:
        if isinstance(expected, dict):
            same = isinstance(found, dict) and expected.keys() == found.keys()
            return same and all(self._near(value, found[key]) for key, value in expected.items())
        if isinstance(expected, (list, tuple)):
            same = isinstance(found, type(expected)) and len(found) == len(expected)
            return same and all(map(self._near, expected, found))
        if hasattr(expected, "tolist"):
            return hasattr(found, "tolist") and self._near(expected.tolist(), found.tolist())
        if isinstance(expected, (int, float)) and isinstance(found, (int, float)):
            if math.isnan(expected) or math.isnan(found):
                return self._nan and math.isnan(expected) and math.isnan(found)
            relative = self._rel if self._rel is not None else (0.0 if self._abs is not None else 1e-6)
            absolute = self._abs if self._abs is not None else 1e-12
            return expected == found or abs(expected - found) <= max(relative * abs(expected), absolute)
        return bool(expected == found)

    def __repr__(self) -> str:
        return f"approx({self._expected!r})"

    __hash__ = None  # type: ignore[assignment]


def fail(reason: str = "", **_: Any) -> NoReturn:
    """Fails the test."""
    raise AssertionError(reason or "the test failed itself")


def skip(reason: str = "", **_: Any) -> NoReturn:
    """Leaves the test."""
    raise Skipped(reason)


def _parametrize(names: str | list[str] | tuple[str, ...], rows: Any, **_: Any) -> Callable[[Any], Any]:
    listed = [name.strip() for name in names.split(",")] if isinstance(names, str) else list(names)
    made = []
    for row in rows:
        values = row.values if isinstance(row, _Param) else row if len(listed) > 1 else (row,)
        made.append(dict(zip(listed, values, strict=True)))

    def mark(test: Any) -> Any:
        setattr(test, _ROWS, [made, *getattr(test, _ROWS, [])])
        return test

    return mark


class _Param:
    def __init__(self, *values: Any, **_: Any) -> None:
        self.values: tuple[Any, ...] = values


def _fixture(function: Any = None, *, autouse: bool = False, **_: Any) -> Any:
    def mark(made: Any) -> Any:
        setattr(made, _FIXTURE, True)
        setattr(made, _AUTO, autouse)
        return made

    return mark(function) if function else mark


def _skipping(condition: Any = True, *_: Any, **__: Any) -> Any:
    def mark(test: Any) -> Any:
        setattr(test, _SKIP, True)
        return test

    if callable(condition) and hasattr(condition, "__name__"):
        return mark(condition)
    return mark if condition is True or isinstance(condition, str) or condition else lambda test: test


class _Marks:
    """``pytest.mark``: marks of no meaning here change nothing."""

    parametrize = staticmethod(_parametrize)
    skip = skipif = xfail = staticmethod(_skipping)

    def __getattr__(self, name: str) -> Any:
        return lambda *given, **_: given[0] if given and callable(given[0]) else lambda test: test


def module() -> types.ModuleType:
    """What ``import pytest`` gives the tests."""
    made = types.ModuleType("pytest")
    offered = {"raises": raises, "approx": approx, "fixture": _fixture, "mark": _Marks(), "param": _Param}
    vars(made).update(offered | {"fail": fail, "skip": skip, "main": lambda *_, **__: 0})
    return made


# ---------------------------------------------------------------------------------------- collecting


def collected(namespace: dict[str, Any]) -> Iterator[tuple[str, Callable[[], object]]]:
    """Name and body of each test that the namespace defines, in its order."""
    fixtures = {name: made for name, made in namespace.items() if getattr(made, _FIXTURE, False) is True}
    for name, value in list(namespace.items()):
        if name.startswith("test") and inspect.isfunction(value):
            yield from _rows(name, value, fixtures, None)
        elif inspect.isclass(value) and type(value) is type:
            if "unittest" in sys.modules and issubclass(value, sys.modules["unittest"].TestCase):
                yield from _unittests(value)
            elif name.startswith("Test"):
                yield from _methods(value, fixtures)


def _methods(kind: type, fixtures: dict[str, Any]) -> Iterator[tuple[str, Callable[[], object]]]:
    own = {name: made for name, made in vars(kind).items() if getattr(made, _FIXTURE, False) is True}
    for name in [name for name in dir(kind) if name.startswith("test")]:
        yield from _rows(f"{kind.__name__}.{name}", getattr(kind, name), fixtures | own, kind)


def _rows(
    name: str, test: Any, fixtures: dict[str, Any], kind: type | None
) -> Iterator[tuple[str, Callable[[], object]]]:
    for number, row in enumerate(itertools.product(*getattr(test, _ROWS, []))):
        values = {key: value for part in row for key, value in part.items()}
        shown = f"{name}[{number}]" if values else name
        yield shown, functools.partial(_call, test, values, fixtures, kind)


def _call(test: Any, values: dict[str, Any], fixtures: dict[str, Any], kind: type | None) -> None:
    if getattr(test, _SKIP, False):
        raise Skipped
    target = kind() if kind else None
    with contextlib.ExitStack() as stack:
        if target is not None and hasattr(target, "setup_method"):
            _fitting(target.setup_method, test)
        given = _Given(fixtures, target, values, stack)
        given.make_those_of_all()
        result = test(*([target] if kind else []), **given.arguments(test, skip_first=kind is not None))
        if inspect.iscoroutine(result):
            import asyncio

            asyncio.run(result)
        if target is not None and hasattr(target, "teardown_method"):
            _fitting(target.teardown_method, test)


def _fitting(method: Any, test: Any) -> None:
    method(*([test] if inspect.signature(method).parameters else []))


class _Given:
    """The fixtures of one test, each made once."""

    def __init__(
        self, fixtures: dict[str, Any], target: Any, values: dict[str, Any], stack: contextlib.ExitStack
    ) -> None:
        self._fixtures, self._target, self._made, self._stack = fixtures, target, dict(values), stack

    def make_those_of_all(self) -> None:
        """Makes the fixtures that every test uses."""
        for name, made in self._fixtures.items():
            if getattr(made, _AUTO, False):
                self._value(name)

    def arguments(self, function: Any, skip_first: bool = False) -> dict[str, Any]:
        """What a function's parameters ask for."""
        parameters = list(inspect.signature(function).parameters.values())[int(skip_first) :]
        return {
            one.name: self._value(one.name)
            for one in parameters
            if one.default is one.empty or one.name in self._made
        }

    def _value(self, name: str) -> Any:
        if name not in self._made:
            self._made[name] = self._new(name)
        return self._made[name]

    def _new(self, name: str) -> Any:
        if name in _BUILT_IN:
            return self._stack.enter_context(_BUILT_IN[name]())
        if name not in self._fixtures:
            raise LookupError(f"there is no fixture '{name}'")
        function = self._fixtures[name]
        bound = "self" in inspect.signature(function).parameters
        given = self.arguments(function, skip_first=bound)
        result = function(*([self._target] if bound else []), **given)
        if inspect.isgenerator(result):
            value = next(result)
            self._stack.callback(next, result, None)
            return value
        return result


class _Captured:
    def __init__(self) -> None:
        self.stream = io.StringIO()

    def readouterr(self) -> Any:
        """What was printed since it was last asked."""
        text = self.stream.getvalue()
        self.stream.seek(0)
        self.stream.truncate()
        found = types.SimpleNamespace(out=text, err="")
        return _Pair((found.out, found.err))


class _Pair(tuple[str, str]):
    out = property(lambda self: self[0])
    err = property(lambda self: self[1])


@contextlib.contextmanager
def _capsys() -> Iterator[_Captured]:
    captured = _Captured()
    with contextlib.redirect_stdout(captured.stream):
        yield captured


@contextlib.contextmanager
def _tmp_path() -> Iterator[Any]:
    import tempfile
    from pathlib import Path

    with tempfile.TemporaryDirectory() as folder:
        yield Path(folder)


_BUILT_IN: dict[str, Callable[[], Any]] = {
    "capsys": _capsys,
    "tmp_path": _tmp_path,
    "monkeypatch": patching,
}


def _unittests(kind: Any) -> Iterator[tuple[str, Callable[[], object]]]:
    names = [name for name in dir(kind) if name.startswith("test")]
    for name in names:
        yield f"{kind.__name__}.{name}", functools.partial(_unittest, kind, name, names)


def _unittest(kind: Any, name: str, names: list[str]) -> None:
    """One test of a TestCase. Each of its assert methods that returns counts."""
    if name == names[0]:
        kind.setUpClass()
    case = kind(name)
    for method in [method for method in dir(case) if method.startswith("assert")]:
        setattr(case, method, _counted(getattr(case, method)))
    result = case.run()
    if name == names[-1]:
        kind.tearDownClass()
    for _, text in [*result.errors, *result.failures]:
        raise AssertionError(text.strip().splitlines()[-1][:300])
    if result.skipped or result.expectedFailures or result.unexpectedSuccesses:
        raise Skipped


def _counted(method: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(method)
    def call(*arguments: Any, **named: Any) -> Any:
        result = method(*arguments, **named)
        COUNT.append(1)
        return result

    return call
