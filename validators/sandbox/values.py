"""Whether what a call gave is what a case expects. On the host alone: expected values never enter the sandbox.

Types count: True is not 1, a list is not a tuple, text is not bytes. The one exception: an int and a float that
are equal as numbers agree, since whoever writes down a number rarely means its type. Floats agree within a
relative 1e-9 or an absolute 1e-12, and nan agrees with nan. Containers are compared deeply, sets and the keys of
dicts by value, without order. An exception agrees by its name, or by the name of a built-in class above it.
"""

from __future__ import annotations

import ast
import builtins
import itertools
import json
import math
import re
from collections.abc import Callable, Collection, Sequence
from typing import Any

from factory.records import Case, Result
from validators.syntax import written

RELATIVE, ABSOLUTE = 1e-9, 1e-12
_WHOLE = 1e-3  # most that a float may differ from an int
MAX_LITERAL = 4 << 20
MAX_PARTS = 500_000
MAX_DEPTH = 100
_MAX_UNORDERED = 2000
_SHOWN = 80


class LiteralError(ValueError):
    """The text is not a literal of plain data."""


def disagreement(case: Case, result: Result) -> str | None:
    """None where the result is what the case expects; otherwise what differs, in a few words and where.

    An expected value that is not a literal is a disagreement too, since nothing can pass it.
    """
    if case.raises is not None:
        return _raised(case.raises, result)
    if result.value is None:
        return f"expected {_cut(case.expected)}, it raised {_cut(result.error or 'nothing known')}"
    if result.value == case.expected:
        return None
    try:
        expected = read_literal(case.expected)
    except LiteralError as error:
        return f"the expected value cannot be read: {error}"
    try:
        return _differs(expected, read_literal(result.value), "")
    except LiteralError as error:
        return f"the value cannot be read: {error}"


def repeated(
    calls: Sequence[str], first: Sequence[Result], second: Sequence[Result], raised: Collection[str]
) -> list[Case]:
    """What a program does, as cases: the calls that came out the same in two runs of it. An exception counts
    where it is one of `raised`, those it raises in so many words; any other shows an input it is not for."""
    cases = []
    for call, one, other in zip(calls, first, second, strict=False):
        name = (one.error or "").partition(":")[0].partition("(")[0]
        if one.value is not None:
            case = Case(call=call, expected=one.value)
        elif name in raised:
            case = Case(call=call, raises=name)
        else:
            continue
        if disagreement(case, other) is None:
            cases.append(case)
    return cases


def _raised(name: str, result: Result) -> str | None:
    if result.error is None:
        return f"expected {name}, it gave {_cut(result.value or '')}"
    found, _, above = result.error.partition(":")[0].strip().removesuffix(")").partition("(")
    wanted, given = (getattr(builtins, part.rpartition(".")[2], None) for part in (name, above or found))
    is_below = isinstance(wanted, type) and isinstance(given, type) and issubclass(given, wanted)
    same = found.rpartition(".")[2] == name.rpartition(".")[2]
    return None if same or is_below else f"expected {name}, it raised {_cut(result.error)}"


# ------------------------------------------------------------------------------------------ reading


def read_literal(text: str) -> Any:
    """The value of a Python literal, nan, inf, set() and frozenset({...}) included; nothing is evaluated.

    Raises LiteralError for anything else, for what is nested more than 100 deep, and, but for lists of numbers,
    for a text over 4 MB or of more than half a million parts.
    """
    if _NUMBERS.fullmatch(text) and _depth(text) <= MAX_DEPTH:
        try:
            return json.loads(text)  # a syntax tree of so many numbers would take gigabytes
        except ValueError:
            pass  # a literal that is no JSON, such as "[1,]"
    if len(text) > MAX_LITERAL:
        raise LiteralError(f"it is longer than {MAX_LITERAL >> 20} MB")
    if text.count(",") + text.count("[") + text.count("(") > MAX_PARTS:
        raise LiteralError(f"it has more than {MAX_PARTS:,} parts")
    try:
        tree = ast.parse(text.strip(), mode="eval")
    except (SyntaxError, ValueError, MemoryError, RecursionError) as error:
        raise LiteralError(f"'{_cut(text)}' is not a literal ({type(error).__name__})") from None
    return _value(tree.body, MAX_DEPTH)


_NUMBERS = re.compile(r"[][0-9 .,e+-]++")


def _depth(text: str) -> int:
    steps = (1 if bracket == "[" else -1 for bracket in re.findall(r"[][]", text))
    return max(itertools.accumulate(steps), default=0)


_CONSTANTS = (int, float, complex, str, bytes, bool, type(None))
_NAMES = {"nan": math.nan, "inf": math.inf, "nanj": complex(0, math.nan), "infj": complex(0, math.inf)}
_SEQUENCES: tuple[tuple[type, Callable[[list[Any]], Any]], ...] = (
    (ast.List, list),
    (ast.Tuple, tuple),
    (ast.Set, set),
)


def _value(node: ast.expr, depth: int) -> Any:
    if depth == 0:
        raise LiteralError(f"it is nested more than {MAX_DEPTH} deep")
    if isinstance(node, ast.Constant) and isinstance(node.value, _CONSTANTS):
        return node.value
    if isinstance(node, ast.Name) and node.id in _NAMES:
        return _NAMES[node.id]
    for kind, build in _SEQUENCES:
        if isinstance(node, kind):
            return _hashing(build, [_value(item, depth - 1) for item in node.elts])  # type: ignore[attr-defined]
    if isinstance(node, ast.Dict):
        keys = [_value(key, depth - 1) if key else _refused(node) for key in node.keys]
        values = [_value(value, depth - 1) for value in node.values]
        return _hashing(lambda pairs: dict(pairs), list(zip(keys, values, strict=True)))
    if isinstance(node, ast.UnaryOp):
        return _signed(node, depth)
    if isinstance(node, ast.BinOp):
        return _complex(node, depth)
    if isinstance(node, ast.Call):
        return _called(node, depth)
    return _refused(node)


def _hashing(build: Callable[[list[Any]], Any], items: list[Any]) -> Any:
    try:
        return build(items)
    except TypeError as error:
        raise LiteralError(str(error)) from None


def _signed(node: ast.UnaryOp, depth: int) -> Any:
    value = _value(node.operand, depth - 1)
    if type(value) not in (int, float, complex) or not isinstance(node.op, (ast.USub, ast.UAdd)):
        return _refused(node)
    return -value if isinstance(node.op, ast.USub) else value


def _complex(node: ast.BinOp, depth: int) -> complex:
    """``1+2j``: a real part, a sign, an imaginary part."""
    left, right = _value(node.left, depth - 1), _value(node.right, depth - 1)
    fits = type(left) in (int, float) and type(right) is complex and isinstance(node.op, (ast.Add, ast.Sub))
    if not fits:
        _refused(node)
    sign = -1 if isinstance(node.op, ast.Sub) else 1
    return complex(left, sign * right.imag)


def _called(node: ast.Call, depth: int) -> Any:
    """``set()``, ``frozenset()``, ``frozenset({1})``, ``float('nan')``: as they are printed or written."""
    name = node.func.id if isinstance(node.func, ast.Name) else ""
    if name not in ("set", "frozenset", "float") or node.keywords or len(node.args) > 1:
        return _refused(node)
    arguments = [_value(argument, depth - 1) for argument in node.args]
    if name == "float":
        if not arguments or arguments[0] not in ("nan", "inf", "-inf"):
            return _refused(node)
        return float(arguments[0])
    build = set if name == "set" else frozenset
    return _hashing(lambda items: build(*items), arguments)


def _refused(node: ast.AST) -> Any:
    raise LiteralError(f"'{_cut(written(node) or type(node).__name__)}' is not a literal of plain data")


# ---------------------------------------------------------------------------------------- comparing


def _differs(expected: Any, found: Any, place: str) -> str | None:
    """What differs first, or None."""
    if type(expected) in (int, float) and type(found) in (int, float):
        return None if _same_number(expected, found) else _unlike(expected, found, place)
    if type(expected) is not type(found):
        return f"expected {_typed(expected)}, got {_typed(found)}{_at(place)}"
    if isinstance(expected, (list, tuple)):
        return _sequences_differ(expected, found, place)
    if isinstance(expected, (set, frozenset)):
        return _members_differ(expected, found, place)
    if isinstance(expected, dict):
        return _dicts_differ(expected, found, place)
    if isinstance(expected, complex):
        same = _same_number(expected.real, found.real) and _same_number(expected.imag, found.imag)
        return None if same else _unlike(expected, found, place)
    return None if expected == found else _unlike(expected, found, place)


def _same_number(expected: float, found: float) -> bool:
    if type(expected) is int and type(found) is int:
        return expected == found
    if expected == found or (expected != expected and found != found):
        return True
    if type(expected) is int or type(found) is int:
        return _same_whole(expected, found)
    return math.isclose(expected, found, rel_tol=RELATIVE, abs_tol=ABSOLUTE)


def _same_whole(expected: float, found: float) -> bool:
    """Whether a float is an int but for the error of its sum: the next int, however large, is another number."""
    if max(abs(expected), abs(found)) >= 2**53:
        return False
    return abs(expected - found) <= min(max(ABSOLUTE, RELATIVE * abs(found)), _WHOLE)


def _sequences_differ(expected: Any, found: Any, place: str) -> str | None:
    if len(expected) != len(found):
        return f"expected {len(expected)} items, got {len(found)}{_at(place)}"
    for index, (left, right) in enumerate(zip(expected, found, strict=True)):
        difference = _differs(left, right, f"{place}[{index}]")
        if difference is not None:
            return difference
    return None


def _members_differ(expected: Collection[Any], found: Collection[Any], place: str) -> str | None:
    if len(expected) != len(found):
        return f"expected {len(expected)} members, got {len(found)}{_at(place)}"
    matched = _matched(expected, found)
    if isinstance(matched, str):
        return f"{matched}{_at(place)}"
    return None


def _dicts_differ(expected: dict[Any, Any], found: dict[Any, Any], place: str) -> str | None:
    if len(expected) != len(found):
        return f"expected {len(expected)} keys, got {len(found)}{_at(place)}"
    matched = _matched(expected, found)
    if isinstance(matched, str):
        return f"{matched}{_at(place)}"
    for key, other in matched:
        difference = _differs(expected[key], found[other], f"{place}[{_cut(_shown(key), 20)}]")
        if difference is not None:
            return difference
    return None


def _matched(expected: Collection[Any], found: Collection[Any]) -> list[tuple[Any, Any]] | str:
    """Pairs of members that agree, each used once, or what has no partner.

    Members that are the same to the last bit pair at once; the rest, which only a tolerance can pair, one by
    one, and no more than 2,000 of them.
    """
    exact = {_exact(member): member for member in found}
    pairs, rest = [], []
    for member in expected:
        key = _exact(member)
        if key in exact:
            pairs.append((member, exact.pop(key)))
        else:
            rest.append(member)
    others = list(exact.values())
    if len(rest) > _MAX_UNORDERED:
        return f"{len(rest)} members are missing, such as {_shown(rest[0])}"
    for member in rest:
        partner = next((at for at, other in enumerate(others) if _differs(member, other, "") is None), None)
        if partner is None:
            return f"{_shown(member)} is missing"
        pairs.append((member, others.pop(partner)))
    return pairs


def _exact(member: Any) -> Any:
    """A key that is equal only for members equal in type and value, all the way down; nan equals nan."""
    if isinstance(member, tuple):
        return (tuple, *map(_exact, member))
    if isinstance(member, frozenset):
        return (frozenset, frozenset(map(_exact, member)))
    if isinstance(member, (float, complex)):
        return (type(member), repr(member))
    return (type(member), member)


def _unlike(expected: Any, found: Any, place: str) -> str:
    return f"expected {_shown(expected)}, got {_shown(found)}{_at(place)}"


def _typed(value: Any) -> str:
    return f"{type(value).__name__} {_shown(value)}"


def _shown(value: Any) -> str:
    if isinstance(value, int) and value.bit_length() > 1000:
        return f"an integer of {value.bit_length()} bits"
    if isinstance(value, (str, bytes)):
        return _cut(repr(value[:_SHOWN]))
    try:
        return _cut(repr(value))
    except ValueError:  # an integer in it has more digits than Python prints
        return f"a {type(value).__name__} of {len(value)}"


def _at(place: str) -> str:
    return f" at {_cut(place)}" if place else ""


def _cut(text: str, size: int = _SHOWN) -> str:
    return text if len(text) <= size else text[: size - 1] + "…"
