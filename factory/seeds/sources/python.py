"""Seeds from Python files: functions and classes, found by the syntax tree."""

from __future__ import annotations

import ast
import io
import textwrap
import tokenize
import warnings
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TypeAlias

from factory.plugins import Broken, Found, Item, Skipped, source
from factory.records import Code, Origin, Seed
from factory.seeds.files import opened
from factory.seeds.licences import licence_of
from factory.seeds.repositories import VENDORED, vendored

_Definition: TypeAlias = "ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef"
_Import: TypeAlias = "ast.Import | ast.ImportFrom"

FEW_LINES = "fewer lines than min_lines"
MANY_LINES = "more lines than max_lines"
UNTOLD = "without a docstring or a comment above (docstring)"
"""Why a definition is left out."""


@source(gives=Code)
def python(
    path: Path,
    kind: type[Seed],
    *,
    min_lines: int = 4,
    max_lines: int = 80,
    docstring: bool = False,
    imports: bool = True,
) -> Iterator[Item]:
    """Python files: each function and class at the top of a module, of `min_lines` to `max_lines` lines; of a class
    that is longer, its methods and classes.

    `docstring`: only those with one. `imports`: puts the module's imports that it uses above it, so that it
    runs alone. A file that does not parse is kept as broken; one in a folder of vendored code (`.venv`, `build`,
    `node_modules` and the like) is left out. The licence is the file's own (SPDX) or that of the nearest file of one.
    """
    if vendored(path):
        yield Skipped(Origin(address=str(path), place=""), VENDORED)
        return
    with opened(path) as stream:
        raw = stream.read()
    about = Origin(address=str(path), licence=licence_of(path, raw), place="")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", SyntaxWarning)  # of a stranger's escapes
            tree = ast.parse(raw, filename=str(path))
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        line = getattr(error, "lineno", None)
        place = f"line {line}" if line else ""
        yield Broken(about.model_copy(update={"place": place}), f"no Python: {error}")
        return
    # Bytes, as lines end for the parser: str.splitlines also ends them at form feeds and the like.
    lines = raw.decode(_encoding(raw), "replace").replace("\r\n", "\n").replace("\r", "\n").split("\n")
    imported = [node for node in tree.body if isinstance(node, ast.Import | ast.ImportFrom)]
    for name, node in _definitions(tree.body, max_lines):
        first, last = _span(node)
        origin = about.model_copy(update={"place": f"lines {first}-{last}"})
        if why := _why_not(node, min_lines, max_lines, docstring):
            yield Skipped(origin, why, name)
            continue
        text = "\n".join(lines[first - 1 : last])
        if node.col_offset:
            text = textwrap.dedent(text)
        if imports and (used := _used_imports(node, imported)):
            text = f"{used}\n\n\n{text}"
        yield Found(Code(text=text, language="python", name=name), origin)


def _why_not(node: _Definition, min_lines: int, max_lines: int, docstring: bool) -> str:
    """Why a definition is left out; empty where it is not."""
    first, last = _span(node)
    if not min_lines <= last - first + 1 <= max_lines:
        return FEW_LINES if last - first < max_lines else MANY_LINES
    return UNTOLD if docstring and not ast.get_docstring(node) else ""


def _definitions(body: Sequence[ast.stmt], most: int, above: str = "") -> Iterator[tuple[str, _Definition]]:
    """Functions and classes with their names; behind a class of more than `most` lines, those in it."""
    for node in body:
        if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            continue
        first, last = _span(node)
        yield f"{above}{node.name}", node
        if isinstance(node, ast.ClassDef) and last - first + 1 > most:
            yield from _definitions(node.body, most, f"{above}{node.name}.")


def _encoding(raw: bytes) -> str:
    """The encoding that the file declares, as Python reads it."""
    return tokenize.detect_encoding(io.BytesIO(raw).readline)[0]


def _span(node: _Definition) -> tuple[int, int]:
    """First and last line, decorators included."""
    first = min([node.lineno, *(decorator.lineno for decorator in node.decorator_list)])
    return first, node.end_lineno or node.lineno


def _used_imports(node: _Definition, imported: Sequence[_Import]) -> str:
    """The import lines of the names that a definition uses."""
    used = {name.id for name in ast.walk(node) if isinstance(name, ast.Name)}
    lines = []
    for statement in imported:
        kept = [alias for alias in statement.names if (alias.asname or alias.name.partition(".")[0]) in used]
        if isinstance(statement, ast.ImportFrom):
            if statement.level == 0 and kept:
                lines.append(ast.unparse(ast.ImportFrom(statement.module, kept, 0)))
        elif kept:
            lines.append(ast.unparse(ast.Import(kept)))
    return "\n".join(lines)
