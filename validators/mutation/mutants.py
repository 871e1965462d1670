"""Mutants of a Python program: copies with one small fault each, as a slip of the pen would make it.

A mutant changes the text of one node of the syntax tree and leaves the rest as it is, so that a reader sees the
fault as a line or two. Nothing is changed that tests cannot notice: documentation, annotations, what an exception
says, what is printed, and what runs only as a script.
"""

from __future__ import annotations

import ast
import random
import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from validators.syntax import FAULTS

_COMPARED: dict[type[ast.cmpop], tuple[str, str]] = {
    ast.Lt: ("<", "<="),
    ast.LtE: ("<=", "<"),
    ast.Gt: (">", ">="),
    ast.GtE: (">=", ">"),
    ast.Eq: ("==", "!="),
    ast.NotEq: ("!=", "=="),
    ast.In: ("in", "not in"),
    ast.NotIn: ("not in", "in"),
    ast.Is: ("is", "is not"),
    ast.IsNot: ("is not", "is"),
}
_WORKED: dict[type[ast.operator], tuple[str, str]] = {
    ast.Add: ("+", "-"),
    ast.Sub: ("-", "+"),
    ast.Mult: ("*", "+"),
    ast.Div: ("/", "*"),
    ast.FloorDiv: ("//", "*"),
    ast.Mod: ("%", "*"),
    ast.Pow: ("**", "*"),
    ast.BitAnd: ("&", "|"),
    ast.BitOr: ("|", "&"),
    ast.BitXor: ("^", "&"),
    ast.LShift: ("<<", ">>"),
    ast.RShift: (">>", "<<"),
}
_LINES = re.compile(r"(?<=\n)|(?<=\r)(?!\n)")
"""Where lines end for Python; `str.splitlines` knows more ends, which a string may hold."""

_REMOVED = (ast.Expr, ast.AugAssign, ast.Delete, ast.Break, ast.Continue, ast.Raise)
_SAID = ("print", "log", "debug", "info", "warning", "warn", "error", "exception", "critical")


@dataclass(frozen=True)
class Mutant:
    """A program with one fault. `kind` names the fault, `line` is its place in the original."""

    kind: str
    line: int
    source: str
    diff: str


@dataclass(frozen=True)
class _Edit:
    """Another text for the characters from `start` up to `end`."""

    kind: str
    line: int
    start: int
    end: int
    text: str


def mutants(program: str, most: int, chance: random.Random, *, script: bool = False) -> list[Mutant]:
    """At most `most` mutants, of every kind as many as of any other as far as there are, in the program's
    order. `script`: what it prints is its result. None of a program that is no Python, or nested too deeply."""
    try:
        tree = ast.parse(program)
        seen = {ast.dump(tree)}
        edits = list(_Editor(program, script).edits(tree))
    except FAULTS:
        return []
    chosen: list[Mutant] = []
    for edit in _spread(edits, chance):
        if len(chosen) == most:
            break
        source = program[: edit.start] + edit.text + program[edit.end :]
        try:
            shape = ast.dump(ast.parse(source))
        except FAULTS:
            continue
        if shape not in seen:
            seen.add(shape)
            chosen.append(Mutant(edit.kind, edit.line, source, _diff(program, edit)))
    return sorted(chosen, key=lambda mutant: (mutant.line, mutant.kind, mutant.source))


def _spread(edits: Iterable[_Edit], chance: random.Random) -> Iterator[_Edit]:
    """Turn by turn one of each kind, drawn."""
    kinds: defaultdict[str, list[_Edit]] = defaultdict(list)
    for edit in edits:
        kinds[edit.kind].append(edit)
    piles = [chance.sample(pile, len(pile)) for _, pile in sorted(kinds.items())]
    for turn in range(max(map(len, piles), default=0)):
        yield from (pile[turn] for pile in piles if turn < len(pile))


def _diff(program: str, edit: _Edit) -> str:
    """The lines that the edit touches, before and after."""
    before, after = program[: edit.start].rpartition("\n")[2], program[edit.end :].partition("\n")[0]
    old, new = (f"{before}{text}{after}" for text in (program[edit.start : edit.end], edit.text))
    return "\n".join([*(f"-{line}" for line in old.splitlines()), *(f"+{line}" for line in new.splitlines())])


class _Editor:
    """Finds what can be changed in a program. Places of the syntax tree count bytes; edits count characters."""

    def __init__(self, program: str, script: bool) -> None:
        self._program, self._script = program, script
        self._lines = _LINES.split(program)
        self._starts = [0]
        for line in self._lines:
            self._starts.append(self._starts[-1] + len(line))

    def edits(self, node: ast.AST) -> Iterator[_Edit]:
        """Every edit at a node and below it."""
        for kind, find in _FINDERS:
            if isinstance(node, kind) and not _is_script(node):
                yield from find(self, node)
        for child in _children(node, self._script):
            yield from self.edits(child)

    def comparisons(self, node: ast.Compare) -> Iterator[_Edit]:
        """``<`` becomes ``<=``, ``==`` becomes ``!=``, and so on."""
        sides = [node.left, *node.comparators]
        for place, operator in enumerate(node.ops):
            yield from self._between("comparison", sides[place], sides[place + 1], *_COMPARED[type(operator)])

    def arithmetic(self, node: ast.BinOp) -> Iterator[_Edit]:
        """``+`` becomes ``-``, and so on; not where texts or lists are joined, which any test would notice."""
        joined = (ast.JoinedStr, ast.List, ast.ListComp, ast.Tuple)
        for side in (node.left, node.right):
            if isinstance(side, joined) or (isinstance(side, ast.Constant) and isinstance(side.value, str)):
                return
        if type(node.op) in _WORKED:
            yield from self._between("arithmetic", node.left, node.right, *_WORKED[type(node.op)])

    def assigned_arithmetic(self, node: ast.AugAssign) -> Iterator[_Edit]:
        """``+=`` becomes ``-=``, and so on."""
        if type(node.op) in _WORKED:
            old, new = _WORKED[type(node.op)]
            yield from self._between("arithmetic", node.target, node.value, f"{old}=", f"{new}=")

    def conjunctions(self, node: ast.BoolOp) -> Iterator[_Edit]:
        """``and`` becomes ``or`` and the other way round."""
        words = ("and", "or") if isinstance(node.op, ast.And) else ("or", "and")
        for left, right in zip(node.values, node.values[1:], strict=False):
            yield from self._between("boolean", left, right, *words)

    def denials(self, node: ast.UnaryOp) -> Iterator[_Edit]:
        """``not x`` becomes ``x``."""
        if isinstance(node.op, ast.Not):
            yield self._instead("boolean", node, f"({self._text(node.operand)})")

    def constants(self, node: ast.Constant) -> Iterator[_Edit]:
        """A number one higher, a truth value turned, a text emptied."""
        value = node.value
        if isinstance(value, bool):
            yield self._instead("constant", node, repr(not value))
        elif isinstance(value, (int, float)):
            yield self._instead("constant", node, repr(value + 1))
        elif isinstance(value, str):
            yield self._instead("constant", node, "''" if value else "'x'")

    def bounds(self, node: ast.Call) -> Iterator[_Edit]:
        """The bounds of a range, one off."""
        if isinstance(node.func, ast.Name) and node.func.id == "range":
            for bound in node.args[:2]:
                yield from self._one_off(bound)

    def places(self, node: ast.Subscript) -> Iterator[_Edit]:
        """The bounds of a slice, one off."""
        if isinstance(node.slice, ast.Slice):
            for bound in (node.slice.lower, node.slice.upper):
                if bound is not None:
                    yield from self._one_off(bound)

    def returns(self, node: ast.Return) -> Iterator[_Edit]:
        """The value is not returned."""
        if node.value is not None and not (isinstance(node.value, ast.Constant) and node.value.value is None):
            yield self._instead("return", node.value, "None")

    def conditions(self, node: ast.If | ast.IfExp) -> Iterator[_Edit]:
        """A condition that always holds, or never."""
        yield self._instead("condition", node.test, "True")
        yield self._instead("condition", node.test, "False")

    def statements(self, node: ast.stmt) -> Iterator[_Edit]:
        """The statement is left out."""
        if not (
            isinstance(node, ast.Expr) and isinstance(node.value, (ast.Constant, ast.Yield, ast.YieldFrom))
        ):
            yield self._instead("statement left out", node, "pass")

    def _one_off(self, bound: ast.expr) -> Iterator[_Edit]:
        if not isinstance(bound, ast.Constant):  # of constants there is such a mutant anyway
            yield self._instead("off by one", bound, f"({self._text(bound)}) + 1")

    def _between(self, kind: str, left: ast.expr, right: ast.expr, old: str, new: str) -> Iterator[_Edit]:
        """Another operator between two operands; brackets and line breaks stay."""
        start, end = self._at(left)[1], self._at(right)[0]
        pattern = r"\s+".join(map(re.escape, old.split()))
        found = re.search(rf"\b{pattern}\b" if old[0].isalpha() else pattern, self._program[start:end])
        if found:
            place = start + found.start()
            yield _Edit(kind, left.end_lineno or left.lineno, place, start + found.end(), new)

    def _instead(self, kind: str, node: ast.stmt | ast.expr, text: str) -> _Edit:
        return _Edit(kind, node.lineno, *self._at(node), text)

    def _text(self, node: ast.expr) -> str:
        start, end = self._at(node)
        return self._program[start:end]

    def _at(self, node: ast.stmt | ast.expr) -> tuple[int, int]:
        last, end = node.end_lineno or node.lineno, node.end_col_offset or node.col_offset
        return self._offset(node.lineno, node.col_offset), self._offset(last, end)

    def _offset(self, line: int, column: int) -> int:
        return self._starts[line - 1] + len(self._lines[line - 1].encode()[:column].decode())


_FINDERS: tuple[tuple[type[ast.AST] | tuple[type[ast.AST], ...], Callable[..., Iterator[_Edit]]], ...] = (
    (ast.Compare, _Editor.comparisons),
    (ast.BinOp, _Editor.arithmetic),
    (ast.AugAssign, _Editor.assigned_arithmetic),
    (ast.BoolOp, _Editor.conjunctions),
    (ast.UnaryOp, _Editor.denials),
    (ast.Constant, _Editor.constants),
    (ast.Call, _Editor.bounds),
    (ast.Subscript, _Editor.places),
    (ast.Return, _Editor.returns),
    ((ast.If, ast.IfExp), _Editor.conditions),
    (_REMOVED, _Editor.statements),
)


def _children(node: ast.AST, script: bool) -> Iterator[ast.AST]:
    """The nodes below one that tests can notice."""
    if isinstance(node, (ast.Raise, ast.Assert, ast.JoinedStr, ast.Import, ast.ImportFrom)):
        return  # a message, or, in a format string, places that the tree does not tell
    if isinstance(node, ast.Expr) and (
        isinstance(node.value, ast.Constant) or (_is_said(node.value) and not script)
    ):
        return
    hidden: set[ast.AST | None] = set()
    if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
        hidden = {node.returns, *node.decorator_list}
    elif isinstance(node, (ast.arg, ast.AnnAssign)):
        hidden = {node.annotation}
    elif _is_script(node):
        hidden = {child for child in ast.iter_child_nodes(node) if isinstance(child, ast.expr) or not script}
    yield from (child for child in ast.iter_child_nodes(node) if child not in hidden)


def _is_said(node: ast.expr) -> bool:
    """``print(...)``, ``logging.info(...)``."""
    if not isinstance(node, ast.Call):
        return False
    name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
    return name in _SAID


def _is_script(node: ast.AST) -> bool:
    """``if __name__ == "__main__": ...``"""
    return isinstance(node, ast.If) and "__name__" in ast.unparse(node.test)
