"""Inputs for a Python function, read off the function itself: annotations, defaults, documented calls, literals.

Each input is a call as text. First come the calls that are known (of its documentation, of its evidence), then
calls drawn: an argument of a known call, one of these with a small change, or one made by the parameter's type.
"""

from __future__ import annotations

import ast
import doctest
import random
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import TypeAlias

from validators.fidelity.arguments import Maker, Unsupported, annotation, as_text
from validators.syntax import is_literal, is_literal_call, parsed, written

_TEXT_METHODS = frozenset(dir(str)) - frozenset(dir(list)) - frozenset(dir(dict))
_LIST_METHODS = frozenset({"append", "extend", "insert", "sort", "reverse", "remove"})
_DICT_METHODS = frozenset({"items", "keys", "values", "get", "setdefault"})
_FUNCTION = (ast.FunctionDef, ast.AsyncFunctionDef)
_INT = annotation("int")
_FEW = (0, 1, 2, 3, 3, 4)
_NAMES = ("a", "width", "key")
Function: TypeAlias = ast.FunctionDef | ast.AsyncFunctionDef
_OF_MANY = frozenset(
    {"len", "sorted", "sum", "min", "max", "enumerate", "reversed", "list", "set", "any", "all"}
)


def calls_of(source: str, name: str, known: Sequence[str], most: int, chance: random.Random) -> list[str]:
    """At most `most` different calls of a top-level function, the known ones first.

    Raises Unsupported where a parameter's type is none that a literal can stand for.
    """
    tree = ast.parse(source)
    function = next(node for node in tree.body if isinstance(node, _FUNCTION) and node.name == name)
    try:
        documented = doctest.DocTestParser().get_examples(ast.get_docstring(function) or "")
    except ValueError:  # examples that are badly indented
        documented = []
    sources = [*known, *(one.source for one in documented)]
    calls = {written(call): call for text in sources for call in literal_calls(text, name)}
    shown = [call for text, call in calls.items() if text]
    made = list(filter(None, calls))[:most]
    drawer = Drawer(tree, function, shown, chance)
    for _ in range(4 * most):
        if len(made) >= most:
            break
        call = drawer.call()
        if call not in made:
            made.append(call)
    return made


def literal_calls(text: str, name: str) -> list[ast.Call]:
    """The calls of a function in a text of which every argument is a literal."""
    tree = parsed(text.strip())
    return [node for node in ast.walk(tree) if is_literal_call(node, name)] if tree else []


class Drawer:
    """Draws calls of one function."""

    def __init__(
        self, tree: ast.Module, function: Function, shown: Iterable[ast.Call], chance: random.Random
    ) -> None:
        self._name = function.name
        self._chance = chance
        self._maker = Maker(tree, chance)
        listed = function.args
        positional = [*listed.posonlyargs, *listed.args]
        self._needed = len(positional) - len(listed.defaults)
        self._positional = positional
        self._named = [
            (argument, default is None)
            for argument, default in zip(listed.kwonlyargs, listed.kw_defaults, strict=True)
        ]
        defaults = dict(zip((one.arg for one in positional[self._needed :]), listed.defaults, strict=True))
        defaults |= {
            one.arg: value
            for one, value in zip(listed.kwonlyargs, listed.kw_defaults, strict=True)
            if value is not None
        }
        self._examples: defaultdict[str, list[object]] = defaultdict(list)
        for call in shown:
            self._learn(call)
        self._spread, self._marked = listed.vararg, listed.kwarg
        every = [*positional, *listed.kwonlyargs]
        self._types = {one.arg: self._type(function, one, defaults) for one in every}

    def call(self) -> str:
        """A call as text."""
        given = self._needed + sum(self._chance.random() < 0.5 for _ in self._positional[self._needed :])
        arguments = [self._argument(one.arg) for one in self._positional[:given]]
        for one, needed in self._named:
            if needed or self._chance.random() < 0.5:
                arguments.append(f"{one.arg}={self._argument(one.arg)}")
        if self._spread and given == len(self._positional):
            more = [
                self._maker.text(self._spread.annotation or _INT) for _ in range(self._chance.choice(_FEW))
            ]
            arguments[given:given] = more
        if self._marked:
            names = self._chance.sample(_NAMES, self._chance.choice((0, 1, 2)))
            arguments += [f"{name}={self._maker.text(self._marked.annotation or _INT)}" for name in names]
        return f"{self._name}({', '.join(arguments)})"

    def _learn(self, call: ast.Call) -> None:
        for argument, value in zip(self._positional, call.args, strict=False):
            self._examples[argument.arg].append(ast.literal_eval(value))
        for keyword in call.keywords:
            self._examples[str(keyword.arg)].append(ast.literal_eval(keyword.value))

    def _argument(self, name: str) -> str:
        examples, turn = self._examples[name], self._chance.random()
        kind = self._types[name]
        if examples and turn < 0.65 and not ast.unparse(kind).startswith(("Literal", "typing.Literal")):
            example = self._chance.choice(examples)
            return as_text(example if turn < 0.15 else self._maker.changed(example))
        return self._maker.text(kind)

    def _type(self, function: Function, one: ast.arg, defaults: Mapping[str, ast.expr]) -> ast.expr:
        """The annotation; without one, what examples, the default or the function's own use of it tell."""
        if one.annotation is not None:
            found = one.annotation
        elif self._examples[one.arg]:
            found = _type_of(self._examples[one.arg][0])
        elif (
            one.arg in defaults
            and is_literal(defaults[one.arg])
            and written(defaults[one.arg]) not in (None, "None")
        ):
            found = _type_of(ast.literal_eval(defaults[one.arg]))
        else:
            found = _used_as(function, one.arg)
        try:
            self._maker.text(found)
        except Unsupported as fault:
            raise Unsupported(f"parameter '{one.arg}': {fault}") from None
        return found


def _type_of(value: object) -> ast.expr:
    """An annotation for a literal."""
    kind = type(value).__name__
    if isinstance(value, dict) and value:
        key, item = next(iter(value.items()))
        return annotation(f"dict[{ast.unparse(_type_of(key))}, {ast.unparse(_type_of(item))}]")
    if isinstance(value, tuple) and value:
        return annotation(f"tuple[{', '.join(ast.unparse(_type_of(item)) for item in value)}]")
    if isinstance(value, (list, set, frozenset)):
        item = ast.unparse(_type_of(next(iter(value)))) if value else "int"
        return annotation(f"{kind}[{item}]")
    return annotation("None" if value is None else kind)


def _used_as(function: Function, name: str) -> ast.expr:
    """A guess at a parameter's type from what the function does with it."""
    found = "int"
    for node in ast.walk(function):
        if (
            isinstance(node, ast.Compare)
            and _called(node.left, name)
            and any(map(_is_text, node.comparators))
        ):
            return annotation("str")
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == name:
            if node.attr in _TEXT_METHODS:
                return annotation("str")
            if node.attr in _DICT_METHODS:
                return annotation("dict[str, int]")
            if node.attr in _LIST_METHODS:
                return annotation("list[int]")
        many = (
            (isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in _OF_MANY)
            and any(isinstance(given, ast.Name) and given.id == name for given in node.args)
        ) or (
            isinstance(node, (ast.For, ast.comprehension))
            and isinstance(node.iter, ast.Name)
            and node.iter.id == name
        )
        subscripted = (
            isinstance(node, ast.Subscript) and isinstance(node.value, ast.Name) and node.value.id == name
        )
        if many or subscripted:
            found = "list[int]"
    return annotation(found)


def _called(node: ast.expr, name: str) -> bool:
    return isinstance(node, ast.Name) and node.id == name


def _is_text(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and isinstance(node.value, str)
