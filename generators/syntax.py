"""Syntax: reading functions, comparing programs and drawing arguments by the syntax tree."""

from __future__ import annotations

import ast
import difflib
from random import Random
from typing import Any

_INTEGERS = [0, 1, 2, 3, 7, 10, -1, -5, 12, 100]
_TEXTS = ["", "a", "word", "two words", "Level", "x1,y2", "  spaced  ", "one, two; three"]


def function_in(source: str) -> ast.FunctionDef | None:
    """The only top-level function of a program, or None where there is none or more than one."""
    try:
        tree = ast.parse(source)
    except SyntaxError:
        return None
    functions = [node for node in tree.body if isinstance(node, ast.FunctionDef)]
    return functions[0] if len(functions) == 1 else None


def signature(function: ast.FunctionDef) -> str:
    """``name(parameters) -> result`` as it was written."""
    returns = f" -> {ast.unparse(function.returns)}" if function.returns else ""
    return f"{function.name}({ast.unparse(function.args)}){returns}"


def summary(function: ast.FunctionDef) -> str:
    """The first paragraph of a function's docstring on one line, or nothing."""
    return " ".join((ast.get_docstring(function) or "").partition("\n\n")[0].split())


def similarity(first: str, second: str) -> float:
    """Likeness of two programs, 0 to 1, by their syntax trees: names of variables and docstrings do not count."""
    one, two = _normalised(first), _normalised(second)
    if one is None or two is None:
        return 0.0
    return difflib.SequenceMatcher(None, one, two, autojunk=False).ratio()


def _normalised(source: str) -> list[str] | None:
    """The tree's nodes in order, with local names numbered by their first use."""
    try:
        tree = ast.parse(source)
    except (SyntaxError, ValueError, RecursionError):
        return None
    names: dict[str, str] = {}
    tokens: list[str] = []
    for node in ast.walk(_without_docstrings(tree)):
        tokens.append(type(node).__name__)
        if isinstance(node, ast.Name):
            tokens.append(names.setdefault(node.id, f"v{len(names)}"))
        elif isinstance(node, ast.arg):
            tokens.append(names.setdefault(node.arg, f"v{len(names)}"))
        elif isinstance(node, ast.Constant):
            tokens.append(repr(node.value))
        elif isinstance(node, ast.Attribute):
            tokens.append(node.attr)
    return tokens


def _without_docstrings(tree: ast.Module) -> ast.Module:
    for node in ast.walk(tree):
        if isinstance(node, ast.Module | ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            first = node.body[0] if node.body else None
            if isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant):
                node.body = node.body[1:] or [ast.Pass()]
    return tree


def draft_calls(function: ast.FunctionDef, chance: Random, count: int) -> list[str]:
    """Calls of a function with arguments drawn by its annotations; none where one says too little."""
    needed = function.args.posonlyargs + function.args.args
    required = needed[: len(needed) - len(function.args.defaults)]
    if any(_drawn(parameter.annotation, chance) is None for parameter in required):
        return []
    drafts: dict[str, None] = {}
    for _ in range(count * 3):
        values = [_drawn(parameter.annotation, chance) for parameter in required]
        drafts.setdefault(f"{function.name}({', '.join(repr(value[0]) for value in values if value)})")
        if len(drafts) == count:
            break
    return list(drafts)


def _drawn(annotation: ast.expr | None, chance: Random) -> tuple[Any] | None:
    """A value of an annotated type in a tuple, since None is a value; None for a type that it cannot draw."""
    if isinstance(annotation, ast.Constant) and annotation.value is None:
        return (None,)
    if isinstance(annotation, ast.BinOp) and isinstance(annotation.op, ast.BitOr):
        return _drawn(chance.choice([annotation.left, annotation.right]), chance)
    if isinstance(annotation, ast.Name):
        simple: dict[str, Any] = {
            "int": lambda: chance.choice(_INTEGERS),
            "float": lambda: chance.choice([0.0, 0.5, 1.0, -2.25, 3.75]),
            "bool": lambda: chance.choice([True, False]),
            "str": lambda: chance.choice(_TEXTS),
        }
        return (simple[annotation.id](),) if annotation.id in simple else None
    if isinstance(annotation, ast.Subscript) and isinstance(annotation.value, ast.Name):
        return _container(annotation.value.id, annotation.slice, chance)
    return None


def _container(name: str, inner: ast.expr, chance: Random) -> tuple[Any] | None:
    parts = inner.elts if isinstance(inner, ast.Tuple) else [inner]
    if name.lower() == "tuple" and not (isinstance(parts[-1], ast.Constant) and parts[-1].value is ...):
        fixed = [_drawn(part, chance) for part in parts]
        return (tuple(value[0] for value in fixed if value),) if all(fixed) else None
    rows = [[_drawn(part, chance) for part in parts[:2]] for _ in range(chance.choice([0, 1, 2, 3, 5]))]
    try:
        if name.lower() in ("dict", "mapping"):
            return ({row[0][0]: row[1][0] for row in rows if row[0] and row[1]},)
        items = [row[0][0] for row in rows if row[0]]
        if len(items) != len(rows):
            return None
        made = {"set": set, "frozenset": set, "tuple": tuple}.get(name.lower(), list)(items)
    except TypeError:
        return None
    known = ("list", "set", "frozenset", "tuple", "sequence", "iterable", "collection")
    return (made,) if name.lower() in known else None
