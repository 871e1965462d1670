"""What can be read off a Python function without running it."""

from __future__ import annotations

import ast

from validators.syntax import parsed


def function_in(source: str, name: str = "") -> ast.FunctionDef | None:
    """The top-level function of that name (the last one of any name without it), or None where the source
    has none or is no Python."""
    tree = parsed(source)
    body = tree.body if tree else []
    found = [node for node in body if isinstance(node, ast.FunctionDef) and name in ("", node.name)]
    return found[-1] if found else None


def signature(function: ast.FunctionDef) -> str:
    """The line that declares it, such as ``def area(width: float, height: float = 1.0) -> float:``."""
    bare = ast.FunctionDef(
        name=function.name,
        args=function.args,
        body=[ast.Pass()],
        decorator_list=[],
        returns=function.returns,
        lineno=1,
    )
    return ast.unparse(bare).rpartition("\n")[0]


def parameters(function: ast.FunctionDef) -> list[dict[str, str | bool]]:
    """Its parameters in order: name, annotation as text, and whether a call must give them."""
    arguments = function.args
    positional = [*arguments.posonlyargs, *arguments.args]
    needed = len(positional) - len(arguments.defaults)
    listed = [(argument, place < needed) for place, argument in enumerate(positional)]
    named = zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True)
    listed += [(argument, default is None) for argument, default in named]
    return [
        {
            "name": argument.arg,
            "annotation": ast.unparse(argument.annotation) if argument.annotation else "",
            "required": required,
        }
        for argument, required in listed
    ]
