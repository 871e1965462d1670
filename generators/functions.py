"""What can be read off a Python function without running it, and off a reply that holds one."""

from __future__ import annotations

import ast
import difflib
import re
from collections.abc import Iterator

_BLOCK = re.compile(r"^(`{3,})[ \t]*(?:python|py)?[ \t]*\n(.*?)\n\1[ \t]*$", re.DOTALL | re.MULTILINE)


def fenced(reply: str) -> str:
    """The program in a reply: its longest Python code block, or all of it where it has none."""
    blocks = [match.group(2) for match in _BLOCK.finditer(reply)]
    return max(blocks, key=len) if blocks else reply


def function_in(source: str, name: str = "") -> ast.FunctionDef | None:
    """The top-level function of that name (the last one of any name without it), or None where the source
    has none or is no Python."""
    try:
        body = ast.parse(source).body
    except (SyntaxError, ValueError, RecursionError):
        return None
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
    try:
        call = ast.parse(text.strip(), mode="eval").body
    except (SyntaxError, ValueError, MemoryError, RecursionError):
        return False
    return (
        isinstance(call, ast.Call)
        and isinstance(call.func, ast.Name)
        and call.func.id == name
        and all(keyword.arg is not None for keyword in call.keywords)
        and all(_is_literal(node) for node in [*call.args, *(keyword.value for keyword in call.keywords)])
    )


def similarity(left: str, right: str) -> float:
    """Likeness of two programs' syntax trees, 0 to 1, blind to layout, comments, docstrings, annotations and
    the names of arguments and local variables. 0 where either is no Python."""
    try:
        one, other = (list(_shape(_Normal().visit(ast.parse(source)))) for source in (left, right))
    except (SyntaxError, ValueError, RecursionError):
        return 0.0
    return round(difflib.SequenceMatcher(None, one, other, autojunk=False).ratio(), 4)


def _is_literal(node: ast.expr) -> bool:
    try:
        ast.literal_eval(node)
    except (ValueError, TypeError, SyntaxError, MemoryError, RecursionError):
        return False
    return True


class _Normal(ast.NodeTransformer):
    """Takes away what does not change what a function does, and numbers the names it binds."""

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.AST:
        numbers: dict[str, str] = {}
        for inner in ast.walk(node):
            if isinstance(inner, ast.arg):
                numbers.setdefault(inner.arg, f"v{len(numbers)}")
            elif isinstance(inner, ast.Name) and isinstance(inner.ctx, ast.Store):
                numbers.setdefault(inner.id, f"v{len(numbers)}")
        for inner in ast.walk(node):
            if isinstance(inner, ast.arg):
                inner.arg, inner.annotation = numbers[inner.arg], None
            elif isinstance(inner, ast.Name):
                inner.id = numbers.get(inner.id, inner.id)
        node.returns = None
        if ast.get_docstring(node) is not None:
            node.body = node.body[1:] or [ast.Pass()]
        return self.generic_visit(node)

    def visit_AnnAssign(self, node: ast.AnnAssign) -> ast.AST:
        if node.value is None:
            return ast.Pass()
        return self.generic_visit(ast.Assign(targets=[node.target], value=node.value))


def _shape(node: ast.AST) -> Iterator[str]:
    """The tree's nodes in the order they are read, each with the names and constants it holds."""
    leaves = [repr(value) for _, value in ast.iter_fields(node) if not isinstance(value, (ast.AST, list))]
    yield f"{type(node).__name__}({', '.join(leaves)})"
    for child in ast.iter_child_nodes(node):
        if not isinstance(child, ast.expr_context):
            yield from _shape(child)
