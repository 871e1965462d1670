"""pytest's `monkeypatch`: attributes, items, variables and the working directory, put back when the test has ended."""

from __future__ import annotations

import contextlib
import importlib
import os
from collections.abc import Callable, Iterator
from typing import Any

_NONE = object()


class MonkeyPatch:
    """Changes what a test needs changed. What it sets in the program as a module is set there."""

    def __init__(self) -> None:
        self._undo: list[Callable[[], Any]] = []

    def setattr(self, target: Any, name: Any, value: Any = _NONE, raising: bool = True) -> None:
        """Sets an attribute; its place may be written as one text, ``'module.name'``."""
        if value is _NONE:
            value, (module, _, name) = name, target.rpartition(".")
            target = importlib.import_module(module)
        old = getattr(target, name) if raising else getattr(target, name, _NONE)
        self._undo.append(lambda: delattr(target, name) if old is _NONE else setattr(target, name, old))
        setattr(target, name, value)

    def delattr(self, target: Any, name: str, raising: bool = True) -> None:
        """Deletes an attribute."""
        if raising or hasattr(target, name):
            old = getattr(target, name)
            self._undo.append(lambda: setattr(target, name, old))
            delattr(target, name)

    def setitem(self, items: Any, key: Any, value: Any) -> None:
        """Sets an item of a dict."""
        old = items.get(key, _NONE)
        self._undo.append(lambda: items.pop(key, None) if old is _NONE else items.update({key: old}))
        items[key] = value

    def delitem(self, items: Any, key: Any, raising: bool = True) -> None:
        """Deletes an item of a dict."""
        if raising or key in items:
            old = items.pop(key)
            self._undo.append(lambda: items.update({key: old}))

    def setenv(self, name: str, value: Any, prepend: str | None = None) -> None:
        """Sets a variable of the environment, of the tests' own process; `prepend` joins it to what is there."""
        joined = prepend is not None and name in os.environ
        self.setitem(os.environ, name, f"{value}{prepend}{os.environ[name]}" if joined else str(value))

    def delenv(self, name: str, raising: bool = True) -> None:
        """Deletes a variable of the environment."""
        self.delitem(os.environ, name, raising)

    def chdir(self, folder: Any) -> None:
        """Changes the working directory of the tests' own process."""
        old = os.getcwd()
        self._undo.append(lambda: os.chdir(old))
        os.chdir(folder)

    def undo(self) -> None:
        """Puts everything back, last first."""
        while self._undo:
            self._undo.pop()()


@contextlib.contextmanager
def patching() -> Iterator[MonkeyPatch]:
    """The fixture."""
    made = MonkeyPatch()
    try:
        yield made
    finally:
        made.undo()
