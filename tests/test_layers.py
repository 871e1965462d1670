"""The house: imports only go down, nobody reaches for a neighbour's private module, the core stays light."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
LAYERS = ("factory", "validators", "generators", "trainer")
MAY_USE = {
    "factory": {"factory"},
    "validators": {"factory", "validators"},
    "generators": {"factory", "validators", "generators"},
    "trainer": {"factory", "validators", "trainer"},
}


def _imports() -> Iterator[tuple[Path, str]]:
    for layer in LAYERS:
        for path in sorted((ROOT / layer).rglob("*.py")):
            for node in ast.walk(ast.parse(path.read_bytes())):
                if isinstance(node, ast.Import):
                    yield from ((path, alias.name) for alias in node.names)
                elif isinstance(node, ast.ImportFrom) and node.module:
                    yield from ((path, f"{node.module}.{alias.name}") for alias in node.names)


def test_imports_only_go_down() -> None:
    upward = [
        f"{path.relative_to(ROOT)} imports {name}"
        for path, name in _imports()
        if name.partition(".")[0] in LAYERS
        and name.partition(".")[0] not in MAY_USE[path.relative_to(ROOT).parts[0]]
    ]
    assert upward == []


def test_no_modules_import_one_another() -> None:
    files = {_module(path) for layer in LAYERS for path in (ROOT / layer).rglob("*.py")}
    below: dict[str, set[str]] = {name: set() for name in files}
    for path, name in _imports():
        below[_module(path)].update({name if name in files else name.rpartition(".")[0]} & files)
    TopologicalSorter(below).prepare()  # Raises CycleError, which names them.


def _module(path: Path) -> str:
    return ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")


def test_private_modules_are_used_by_their_own_folder_alone() -> None:
    reached = [
        f"{path.relative_to(ROOT)} imports {name}"
        for path, name in _imports()
        if name.partition(".")[0] in LAYERS
        for part in [name.split(".")]
        if any(piece.startswith("_") for piece in part[1:-1])
        and path.parent.relative_to(ROOT).parts != tuple(part[:-2])
    ]
    assert reached == []


@pytest.mark.parametrize("module", ["factory", "factory.plugins", "factory.cli.main"])
def test_start_up_imports_nothing_heavy(module: str) -> None:
    heavy = ("torch", "litellm", "ray", "trafilatura", "transformers", "duckdb", "pyarrow", "rich")
    code = f"import sys, {module}; print([name for name in {heavy!r} if name in sys.modules])"
    shown = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert shown.stdout.strip() == "[]"


def test_no_file_has_grown_into_two() -> None:
    long = [
        f"{path.relative_to(ROOT)}: {count} lines"
        for layer in LAYERS
        for path in (ROOT / layer).rglob("*.py")
        if (count := len(path.read_text().splitlines())) > 450
    ]
    assert long == []


def test_help_imports_no_command() -> None:
    shown = subprocess.run(
        [sys.executable, "-X", "importtime", "-m", "factory", "--help"],
        capture_output=True,
        text=True,
        check=True,
    )
    assert "evaluate" in shown.stdout
    imported = {line.rpartition("|")[2].strip() for line in shown.stderr.splitlines()}
    assert "factory.cli.main" in imported
    assert not {"pydantic", "duckdb", "torch", "validators", "trainer", "factory.cli.build"} & imported
