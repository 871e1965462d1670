"""How alike two programs are to look at, 0 to 1, whatever they are called and however they are set.

Python is compared by its syntax trees, as bags of pq-grams (a node with its parent, and three of its children side
by side), which approach the edit distance of trees in linear time (Augsten, Boehlen, Gamper, 2005). Names that a
program binds itself count as one, documentation and annotations not at all. Anything else is compared by triples of
tokens.
"""

from __future__ import annotations

import ast
import re
from collections import Counter
from collections.abc import Iterator

from validators.syntax import parsed

_TOKENS = re.compile(r"\w+|[^\w\s]")
_OWN = "own"
_NONE = ""


def likeness(one: str, other: str) -> tuple[float, str]:
    """How alike two programs are, and by what they were compared: "syntax trees" or "tokens"."""
    trees = parsed(one), parsed(other)
    if trees[0] is not None and trees[1] is not None:
        return _overlap(_grams_of(trees[0]), _grams_of(trees[1])), "syntax trees"
    return _overlap(_triples(one), _triples(other)), "tokens"


def _overlap(one: Counter[tuple[str, ...]], other: Counter[tuple[str, ...]]) -> float:
    total = one.total() + other.total()
    return round(2 * (one & other).total() / total, 4) if total else 1.0


def _triples(text: str) -> Counter[tuple[str, ...]]:
    tokens = [_NONE, _NONE, *_TOKENS.findall(text), _NONE, _NONE]
    return Counter(zip(tokens, tokens[1:], tokens[2:], strict=False))


def _grams_of(tree: ast.Module) -> Counter[tuple[str, ...]]:
    bound = {name for node in ast.walk(tree) for name in _binds(node)}
    grams: Counter[tuple[str, ...]] = Counter()
    waiting = [(_NONE, node) for node in _children(tree)]
    while waiting:
        parent, node = waiting.pop()
        label, children = _label(node, bound), list(_children(node))
        below = [_label(child, bound) for child in children] or [_NONE]
        padded = [_NONE, *below, _NONE]
        grams.update((parent, label, *padded[start : start + 3]) for start in range(len(padded) - 2))
        waiting += [(label, child) for child in children]
    return grams


def _binds(node: ast.AST) -> Iterator[str]:
    """The names that a node binds; imported ones mean the same in every program."""
    if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
        yield node.name
    elif isinstance(node, ast.arg):
        yield node.arg
    elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
        yield node.id
    elif isinstance(node, ast.ExceptHandler) and node.name:
        yield node.name


def _label(node: ast.AST, bound: set[str]) -> str:
    """What a node is, with the names and constants it holds itself."""
    held = []
    for field, value in ast.iter_fields(node):
        if field in ("kind", "type_comment", "annotation", "returns", "simple") or isinstance(
            value, (ast.AST, list)
        ):
            continue
        own = isinstance(value, str) and field != "value" and value in bound
        held.append(_OWN if own else hex(value) if type(value) is int else repr(value))
    return f"{type(node).__name__}({', '.join(held)})"


def _children(node: ast.AST) -> Iterator[ast.AST]:
    documented = (ast.Module, ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
    said = node.body[0] if isinstance(node, documented) and ast.get_docstring(node, clean=False) else None
    for field, value in ast.iter_fields(node):
        if field in ("annotation", "returns"):
            continue
        for child in value if isinstance(value, list) else [value]:
            if isinstance(child, ast.AST) and child is not said and not isinstance(child, ast.expr_context):
                yield child
