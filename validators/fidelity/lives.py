"""Lives of objects, by which two classes are compared: ``[it := Stack(), it.push(3), it.pop()]``."""

from __future__ import annotations

import ast
import random
from collections.abc import Sequence

from validators.fidelity.arguments import Unsupported
from validators.fidelity.inputs import Drawer, literal_calls

_LONGEST = 6  # things asked of one object
_SPOKEN = {"__len__": "len(it)", "__str__": "str(it)", "__bool__": "bool(it)"}


def lives_of(source: str, name: str, known: Sequence[str], most: int, chance: random.Random) -> list[str]:
    """At most `most` different lives of a top-level class, as expressions. Names of attributes are not compared,
    what methods and properties give is. Raises Unsupported where a parameter's type is none that a literal can
    stand for, or where there is nothing to ask."""
    tree = ast.parse(source)
    node = next(one for one in tree.body if isinstance(one, ast.ClassDef) and one.name == name)
    methods = {one.name: one for one in node.body if isinstance(one, ast.FunctionDef)}
    made = [call for text in known for call in literal_calls(text, name)]
    maker = Drawer(tree, _constructor(node, methods, name), made, chance)
    spoken = [asked for special, asked in _SPOKEN.items() if special in methods]
    public = [one for one in methods.values() if not one.name.startswith("_") and not _marked(one, "setter")]
    properties = [f"it.{one.name}" for one in public if _marked(one, "property")]
    drawers = [Drawer(tree, _without_self(one), [], chance) for one in public if not _marked(one, "property")]
    askable: list[Drawer | str] = [*drawers, *properties, *spoken]
    if not askable:
        raise Unsupported("the class has no public method to call")
    lives: list[str] = []
    for _ in range(4 * most):
        if len(lives) >= most:
            break
        steps = [f"it := {maker.call()}"]
        for _ in range(chance.randint(1, _LONGEST)):
            asked = chance.choice(askable)
            steps.append(asked if isinstance(asked, str) else f"it.{asked.call()}")
        life = f"[{', '.join([*steps, *properties, *spoken])}]"
        if life not in lives:
            lives.append(life)
    return lives


def _constructor(node: ast.ClassDef, methods: dict[str, ast.FunctionDef], name: str) -> ast.FunctionDef:
    """What makes an object, under the class's name: its __init__, or the fields of a dataclass or named tuple."""
    if "__init__" in methods:
        bare = _without_self(methods["__init__"])
        return _function(name, bare.args, bare.body)
    fields = [one for one in node.body if isinstance(one, ast.AnnAssign) and isinstance(one.target, ast.Name)]
    with_fields = "dataclass" in ast.unparse(ast.Module([*map(ast.Expr, node.decorator_list)], [])) or any(
        "NamedTuple" in ast.unparse(base) for base in node.bases
    )
    listed = fields if with_fields else []
    arguments = ast.arguments(
        posonlyargs=[],
        args=[ast.arg(ast.unparse(one.target), one.annotation) for one in listed],
        kwonlyargs=[],
        kw_defaults=[],
        defaults=[one.value for one in listed if one.value is not None],
    )
    return _function(name, arguments, [])


def _without_self(method: ast.FunctionDef) -> ast.FunctionDef:
    listed = method.args
    given = 0 if _marked(method, "staticmethod") else 1
    in_place = len(listed.posonlyargs)
    arguments = ast.arguments(
        posonlyargs=listed.posonlyargs[given:],
        args=listed.args[max(given - in_place, 0) :],
        vararg=listed.vararg,
        kwonlyargs=listed.kwonlyargs,
        kw_defaults=listed.kw_defaults,
        kwarg=listed.kwarg,
        defaults=listed.defaults,
    )
    return _function(method.name, arguments, method.body)


def _function(name: str, arguments: ast.arguments, body: list[ast.stmt]) -> ast.FunctionDef:
    return ast.FunctionDef(name=name, args=arguments, body=body, decorator_list=[])


def _marked(method: ast.FunctionDef, name: str) -> bool:
    return any(ast.unparse(one).endswith(name) for one in method.decorator_list)
