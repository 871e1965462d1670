"""The judge's side of the program: its functions, classes and objects as things that a test can use.

What a test compares with plain data is plain data that came by value; an object of the program's never gets to
say that it equals a number, is less than one, or how far it is from one. Such an object is told what the test
expects by nothing but the calls that the test makes. Two objects of the program's are compared by their class's
own equality, unless that holds for anything.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator
from types import TracebackType
from typing import TYPE_CHECKING, Any, NoReturn

if TYPE_CHECKING:
    from typing import Protocol

    class Link(Protocol):
        """The judge's end of the line, as handles need it."""

        def ask(self, operation: str, *arguments: Any, **named: Any) -> Any: ...

        def raised_by_test(self, trace: TracebackType | None) -> bool: ...


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

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> bool:
        done = self._far_link.ask("exit", self, *([kind.__name__, str(error)] if kind else []))
        return bool(done) and self._far_link.raised_by_test(trace)

    async def __aenter__(self) -> Any:
        return self._far_link.ask("aenter", self)

    async def __aexit__(self, *told: object) -> None:
        self._far_link.ask("aexit", self)

    def __aiter__(self) -> Any:
        return self._far_link.ask("aiter", self)

    async def __anext__(self) -> Any:
        return self._far_link.ask("anext", self)

    def __copy__(self) -> Any:
        return self._far_link.ask("copy", self)

    def __deepcopy__(self, known: object) -> Any:
        return self._far_link.ask("deepcopy", self)

    def __dir__(self) -> list[str]:
        return list(self._far_link.ask("dir", self))


class Coroutine(Handle):
    """A coroutine, task or future of the program's: it is done there, in one step."""

    def __await__(self) -> Generator[None, None, Any]:
        yield from ()
        return self._far_link.ask("await", self)

    def send(self, _: object) -> NoReturn:
        """Has it done, and ends with its value."""
        raise StopIteration(self._far_link.ask("await", self))

    def __next__(self) -> NoReturn:
        self.send(None)

    def throw(self, error: BaseException, *_: object) -> NoReturn:
        """Ends with an error of the test's."""
        raise error

    def close(self) -> None:
        """Nothing: one that was never awaited is left as it is."""


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
