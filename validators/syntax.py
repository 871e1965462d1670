"""Python source and its syntax tree, where the source may be anything.

Python refuses to go down into what is nested too deeply, and to write integers of more than 4,300 digits: both are
faults of the source here, and no errors.
"""

from __future__ import annotations

import ast
from typing import TypeGuard

from factory.fences import fences

FAULTS = (SyntaxError, ValueError, MemoryError, RecursionError)
"""What reading, walking and writing a program that somebody else wrote may raise."""


def program_in(reply: str) -> str:
    """The program in a reply: its longest Python code block, cut off or not, or all of it where it has none."""
    blocks = [fence.content for fence in fences(reply) if fence.language in ("", "python", "py", "python3")]
    return max(blocks, key=len) if blocks else reply


def parsed(source: str) -> ast.Module | None:
    """The syntax tree, or None of what is no Python."""
    try:
        return ast.parse(source)
    except FAULTS:
        return None


def expression(source: str) -> ast.expr | None:
    """The syntax tree of one expression, or None of what is none."""
    try:
        return ast.parse(source.strip(), mode="eval").body
    except FAULTS:
        return None


def written(node: ast.AST) -> str | None:
    """A tree as source, or None of what cannot be written."""
    try:
        return ast.unparse(node)
    except FAULTS:
        return None


def is_literal(node: ast.expr) -> bool:
    """Whether an expression is plain data."""
    try:
        ast.literal_eval(node)
    except (TypeError, *FAULTS):
        return False
    return True


def is_literal_call(node: ast.AST | None, name: str) -> TypeGuard[ast.Call]:
    """Whether it is a call of that function with literals alone for arguments."""
    return (
        isinstance(node, ast.Call)
        and isinstance(node.func, ast.Name)
        and node.func.id == name
        and all(keyword.arg is not None for keyword in node.keywords)
        and all(is_literal(value) for value in (*node.args, *(keyword.value for keyword in node.keywords)))
    )


def raised_in(tree: ast.AST) -> set[str]:
    """The names of the exceptions that a program, or a part of one, raises in so many words."""
    errors = [node.exc for node in ast.walk(tree) if isinstance(node, ast.Raise) and node.exc is not None]
    named = [error.func if isinstance(error, ast.Call) else error for error in errors]
    return {(written(name) or "").rpartition(".")[2] for name in named}
