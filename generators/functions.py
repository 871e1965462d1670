"""What can be read off a Python function without running it."""

from __future__ import annotations

import ast

from validators.syntax import expression, is_literal, parsed


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


def raised_by(function: ast.FunctionDef) -> set[str]:
    """The names of the exceptions that it raises in so many words."""
    names = set()
    for node in ast.walk(function):
        if isinstance(node, ast.Raise) and node.exc is not None:
            error = node.exc.func if isinstance(node.exc, ast.Call) else node.exc
            names.add(ast.unparse(error).rpartition(".")[2])
    return names


def is_call_of(text: str, name: str) -> bool:
    """Whether the text is one call of that function with literals alone for arguments."""
    call = expression(text)
    return (
        isinstance(call, ast.Call)
        and isinstance(call.func, ast.Name)
        and call.func.id == name
        and all(keyword.arg is not None for keyword in call.keywords)
        and all(is_literal(node) for node in [*call.args, *(keyword.value for keyword in call.keywords)])
    )
