"""Where a case of a Python program may be decided: by the host, from the value it gives, or in the judge's process.

The host knows what was expected and the program does not. But what compares, counts or chooses *inside* an
expression does so where the program runs, with objects that may agree to anything: such an expression is for the judge.
"""

from __future__ import annotations

import ast
import builtins
from collections.abc import Iterable

from factory.records import Case, Tests
from validators.sandbox.values import ABSOLUTE, RELATIVE, LiteralError, read_literal
from validators.syntax import expression, parsed, written

_DECIDING = (
    "all",
    "any",
    "isinstance",
    "issubclass",
    "hasattr",
    "isclose",
    "allclose",
    "array_equal",
    "divmod",
    "hash",
)
_TAKING = (ast.Name, ast.Attribute, ast.Call, ast.Await)


def told_by_value(case: Case) -> Case:
    """``f(2) == 4`` that must be True as ``f(2)`` that must be 4; any other case as it is."""
    if case.expected != "True" or case.raises is not None:
        return case
    called = expression(case.call)
    return (_equation(called) if called else None) or case


def equations(asserts: str) -> tuple[Case, ...]:
    """Asserts as cases, where all are plain ones, ``assert f(2) == 4``: these need no process of their own."""
    tree = parsed(asserts)
    statements = tree.body if tree else []
    found = [_equation(one.test) if isinstance(one, ast.Assert) else None for one in statements]
    cases = tuple(case for case in found if case is not None)
    return cases if len(cases) == len(found) else ()


def assert_of(case: Case) -> str:
    """The assert of a case that decides something itself, ``abs(f(2) - 4) < 1e-6``, or that expects what no literal
    writes, ``Fraction(1, 2)``; empty for any other."""
    called = expression(case.call) if case.raises is None else None
    text = written(called) if called else None
    if called is None or text is None:
        return ""
    if not _is_literal(case.expected):
        return f"assert ({text}) == ({case.expected.strip()})" if expression(case.expected) else ""
    if not _decides(called):
        return ""
    if case.expected in ("True", "False"):
        return f"assert {text}" if case.expected == "True" else f"assert not ({text})"
    return f"assert ({text}) == approx({case.expected}, rel={RELATIVE}, abs={ABSOLUTE}, nan_ok=True)"


def as_functions(asserts: Iterable[str]) -> str:
    """Asserts as the source of test functions, one for each, so that each has a result of its own."""
    return "\n".join(f"def test_of_case_{place}_():\n    {one}" for place, one in enumerate(asserts))


def shared_out(cases: Iterable[Case]) -> tuple[list[Case], dict[Case, str]]:
    """The cases that the host decides from values, and the others with what the judge is to assert."""
    told = [told_by_value(case) for case in cases]
    judged = {case: asserted for case in told if (asserted := assert_of(case))}
    return [case for case in told if case not in judged], judged


def with_functions(tests: Tests) -> Tests:
    """The tests with every case that the host cannot decide as a test function."""
    by_value, judged = shared_out(tests.cases)
    asserts = f"{tests.asserts}\n{as_functions(judged.values())}" if judged else tests.asserts
    return tests.model_copy(update={"cases": tuple(by_value), "asserts": asserts})


def _equation(test: ast.expr) -> Case | None:
    """The case of an expression ``CALL == LITERAL``, or None."""
    if not isinstance(test, ast.Compare) or len(test.ops) != 1 or not isinstance(test.ops[0], ast.Eq):
        return None
    call, expected = written(test.left), written(test.comparators[0])
    if call is None or expected is None or not _is_literal(expected) or _decides(test.left):
        return None
    return Case(call=call, expected=expected)


def _is_literal(text: str) -> bool:
    try:
        read_literal(text)
    except LiteralError:
        return False
    return True


def _decides(node: ast.AST) -> bool:
    """Whether an expression does more with what the program gives than to name, call, collect and convert it.
    What is handed to a function of the program's does not count, nor a function that is handed on."""
    if isinstance(node, ast.Lambda):
        return False
    if isinstance(node, ast.Call):
        return _call_decides(node)
    if isinstance(node, ast.BinOp | ast.Subscript):
        return any(isinstance(part, _TAKING) for part in ast.walk(node)) and (
            isinstance(node, ast.BinOp) or _decides(node.value)
        )
    if isinstance(node, ast.UnaryOp):
        return isinstance(node.op, ast.Not) or _decides(node.operand)
    if isinstance(node, ast.Compare | ast.BoolOp | ast.IfExp) or getattr(node, "ifs", None):
        return True
    return any(map(_decides, ast.iter_child_nodes(node)))


def _call_decides(node: ast.Call) -> bool:
    called = node.func
    named = isinstance(called, ast.Name)
    name = getattr(called, "id", "") or getattr(called, "attr", "")
    if name in _DECIDING or isinstance(called, ast.Lambda) or (name.startswith("__") and not named):
        return True
    if named and not hasattr(builtins, name):
        return False
    given = [*node.args, *(keyword.value for keyword in node.keywords)]
    return _decides(called) or any(map(_decides, given))
