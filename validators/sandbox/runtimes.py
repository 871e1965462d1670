"""What each language's sandbox holds besides the interpreter, and where it was found on this machine."""

from __future__ import annotations

import functools
import importlib.util
import os
import shutil
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from factory.errors import SandboxError

PACKAGES = "/packages"
_OLDEST_NODE = 18


@dataclass(frozen=True)
class Bind:
    """A file or folder of the host, and where it is seen inside, read-only."""

    source: Path
    target: str


@dataclass(frozen=True)
class Runtime:
    """One language. `binds` finds what it needs on this machine, or raises SandboxError with the mend;
    `about` is a few words on what programs may use."""

    language: str
    binds: Callable[[], list[Bind]]
    about: Callable[[], str]


def _package(name: str) -> list[Bind]:
    """A package of this environment with its extension modules, shared libraries and metadata, or nothing."""
    found = importlib.util.find_spec(name)
    if found is None or not found.submodule_search_locations:
        return []
    folder = Path(os.path.realpath(found.submodule_search_locations[0]))
    beside = [folder.with_name(f"{name}.libs"), *sorted(folder.parent.glob(f"_{name}.*.so"))]
    beside += sorted(folder.parent.glob(f"{name}-*.dist-info"))
    return [Bind(path, f"{PACKAGES}/{path.name}") for path in (folder, *beside) if path.exists()]


def _python() -> list[Bind]:
    return _package("numpy")


def _about_python() -> str:
    return (
        "the standard library and numpy"
        if _package("numpy")
        else "the standard library (numpy is not installed)"
    )


def _sql() -> list[Bind]:
    found = _package("duckdb")
    if not found:
        raise SandboxError("DuckDB, which runs SQL, is not installed: pip install duckdb")
    return found


@functools.cache
def _node() -> Path:
    program = shutil.which("node", path=os.environ.get("PATH", "") + ":/usr/bin:/usr/local/bin")
    if program is None:
        raise SandboxError(
            "node, which runs JavaScript, is not installed; install it with: apt-get install nodejs"
        )
    version = subprocess.run([program, "--version"], capture_output=True, text=True, check=False).stdout
    if int("0" + version.strip().removeprefix("v").partition(".")[0]) < _OLDEST_NODE:
        raise SandboxError(f"{program} is '{version.strip()}', too old: node {_OLDEST_NODE} is needed")
    return Path(os.path.realpath(program))


def _javascript() -> list[Bind]:
    return [Bind(_node(), "/node")]


PYTHON = Runtime("python", _python, _about_python)
SQL = Runtime("sql", _sql, lambda: "DuckDB in memory, without files and extensions")
JAVASCRIPT = Runtime("javascript", _javascript, lambda: f"the language itself, run by {_node()}")
