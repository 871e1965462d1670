"""Runs a sample's queries on its database and compares the rows with those that are expected."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from factory.plugins import validator
from factory.records import Case, Outcome, Result, Sample, Tests, Verdict
from factory.teacher import Teacher
from validators.sandbox.values import disagreement, read_literal
from validators.settings import Megabytes, Seconds, Tolerance

_SHOWN = 5
_MOST_UNMATCHED = 2000
_ENDINGS = {
    "error": "the database could not be set up",
    "timeout": "the queries ran out of time",
    "memory": "the queries ran out of memory",
    "crashed": "the database crashed",
}
_QUERY = re.compile(r"\s*(\(|(select|with|from|values|table|pivot|show|describe)\b)", re.IGNORECASE)
_ASIDE = re.compile(
    r"--[^\n]*|/\*.*?(?:\*/|\Z)|'(?:[^']|'')*+(?:'|\Z)|\"(?:[^\"]|\"\")*+(?:\"|\Z)", re.DOTALL
)
_NUMBERS = re.compile(r"(U?(TINY|SMALL|BIG|HUGE)?INT(EGER)?|DECIMAL\b.*|FLOAT|DOUBLE|BIGNUM)$", re.IGNORECASE)


@validator(needs=Tests)
async def sql_result(
    sample: Sample,
    teacher: Teacher,
    *,
    tolerance: Tolerance = 1e-6,
    names: bool = False,
    cpu_seconds: Seconds = 5.0,
    memory_mb: Megabytes = 512,
) -> Verdict:
    """Rejects queries whose rows are not those expected.

    The tests' program is the script that makes the database; each case's call is a query, and what it expects a
    literal, ``[(1, 'a'), (2, None)]``, or a query of its own, run on a database of its own. Rows are compared as a
    bag, or in order where the expected query ends in ORDER BY (of written rows: the query itself); numbers within
    `tolerance`, relative; with `names` the columns' names count too.
    """
    tests = sample.find(Tests)
    if tests is None or tests.language != "sql" or not tests.cases:
        return Verdict.reject("no SQL tests")
    limits: dict[str, Any] = {"language": "sql", "cpu_seconds": cpu_seconds, "memory_mb": memory_mb}
    outcome = await teacher.run(tests.program, [case.call for case in tests.cases], **limits)
    wanted = [case.expected for case in tests.cases if _is_query(case)]
    reference = (
        await teacher.run(tests.program, wanted, **limits) if wanted and outcome.ok else Outcome(status="ok")
    )
    for run, words in ((outcome, ""), (reference, " of what is expected")):
        if not run.ok:
            return Verdict.reject(_ENDINGS[run.status] + words, error=run.error[-1000:])
    expected = iter(reference.results)
    failed = []
    for case, result in zip(tests.cases, outcome.results, strict=True):
        fault = _fault(case, result, next(expected) if _is_query(case) else None, tolerance, names)
        if fault:
            failed.append({"query": case.call, "fault": fault})
    score = 1 - len(failed) / len(tests.cases)
    if failed:
        reason = "a query failed" if "it raised" in failed[0]["fault"] else "a query gave other rows"
        return Verdict.reject(reason, score, failed=failed[:_SHOWN], queries=len(tests.cases))
    return Verdict.accept(score, queries=len(tests.cases))


def _is_query(case: Case) -> bool:
    is_rows = case.expected.lstrip().startswith("(") and not re.match(
        r"[(\s]*(select|with|from)\b", case.expected, re.I
    )
    return case.raises is None and not is_rows and _QUERY.match(case.expected) is not None


@dataclass(frozen=True)
class Table:
    """What a query gave: column names, their types (empty where rows were written down), and the rows."""

    columns: tuple[str, ...]
    types: tuple[str, ...]
    rows: tuple[tuple[Any, ...], ...]


def _fault(case: Case, result: Result, reference: Result | None, tolerance: float, names: bool) -> str | None:
    if case.raises is not None:
        return disagreement(case, result)
    if result.value is None:
        return f"it raised {(result.error or '')[:300]}"
    if reference is not None and reference.value is None:
        return f"what is expected cannot be had: {(reference.error or '')[:300]}"
    try:
        expected = table(reference.value) if reference and reference.value else _written(case.expected)
    except (ValueError, TypeError) as error:
        return f"the expected rows cannot be read: {error}"
    try:
        asked = (
            case.expected if reference else case.call
        )  # an order that the expected query sets is asked for
        return unlike(expected, table(result.value), is_ordered(asked), tolerance, names)
    except (ValueError, OverflowError) as error:
        return f"the rows cannot be compared: {error}"


def _written(expected: str) -> Table:
    """Rows that were written down as a literal."""
    rows = (tuple(row) if isinstance(row, (list, tuple)) else (row,) for row in read_literal(expected))
    return Table((), (), tuple(rows))


def table(value: str) -> Table:
    """A query's value as the executor of SQL gives it, its decimals as numbers."""
    told = read_literal(value)
    types = tuple(told["types"])
    rows = (tuple(map(_cell, row, types)) for row in told["rows"])
    return Table(tuple(told["columns"]), types, tuple(rows))


def _cell(value: Any, kind: str) -> Any:
    if isinstance(value, str) and kind.startswith(("DECIMAL", "BIGNUM")):
        return float(value) if "." in value else int(value)
    return value


def is_ordered(query: str) -> bool:
    """Whether a query's own rows come in an order: ORDER BY outside of parentheses, texts and comments."""
    depth, outside = 0, []
    for sign in _ASIDE.sub(" ", query):
        depth += (sign == "(") - (sign == ")")
        outside.append(sign if depth == 0 else " ")
    return re.search(r"\border\s+by\b", "".join(outside), re.IGNORECASE) is not None


def unlike(expected: Table, found: Table, ordered: bool, tolerance: float, names: bool) -> str | None:
    """None where two tables agree; otherwise what differs first."""
    width = len(expected.columns) or len(expected.rows[0] if expected.rows else found.columns)
    if width != len(found.columns):
        return f"expected {width} columns, got {len(found.columns)}"
    if names and expected.columns and _folded(expected.columns) != _folded(found.columns):
        return f"expected the columns {', '.join(expected.columns)}, got {', '.join(found.columns)}"
    for place, (left, right) in enumerate(zip(expected.types, found.types, strict=False)):
        if _family(left) != _family(right):
            return f"column {place + 1}: expected {left}, got {right}"
    if len(expected.rows) != len(found.rows):
        return f"expected {len(expected.rows)} rows, got {len(found.rows)}"
    if ordered:
        for place, (wanted, row) in enumerate(zip(expected.rows, found.rows, strict=True), start=1):
            if not _same(wanted, row, tolerance):
                return f"row {place}: expected {_shown(wanted)}, got {_shown(row)}"
        return None
    return _bags_differ(expected.rows, found.rows, tolerance)


def _bags_differ(expected: Sequence[Any], found: Sequence[Any], tolerance: float) -> str | None:
    """Rows that are the same to the last bit pair at once, however often they come; the rest one by one."""
    left: dict[str, list[Any]] = {}
    for row in found:
        left.setdefault(_exact(row), []).append(row)
    rest = [row for row in expected if not (left.get(_exact(row)) and left[_exact(row)].pop())]
    others = [row for rows in left.values() for row in rows]
    if len(rest) > _MOST_UNMATCHED:
        return f"{len(rest)} rows are missing, such as {_shown(rest[0])}"
    for row in rest:
        partner = next((at for at, other in enumerate(others) if _same(row, other, tolerance)), None)
        if partner is None:
            return f"{_shown(row)} is missing; there is {_shown(others[0])} instead"
        others.pop(partner)
    return None


def _same(expected: Any, found: Any, tolerance: float) -> bool:
    if isinstance(expected, bool) or isinstance(found, bool) or expected is None or found is None:
        return expected is found
    if isinstance(expected, (int, float)) and isinstance(found, (int, float)):
        return _near(expected, found, tolerance)
    if isinstance(expected, (list, tuple)) and isinstance(found, (list, tuple)):
        pairs = zip(expected, found, strict=False)
        return len(expected) == len(found) and all(_same(left, right, tolerance) for left, right in pairs)
    if isinstance(expected, dict) and isinstance(found, dict):
        return expected.keys() == found.keys() and all(
            _same(value, found[key], tolerance) for key, value in expected.items()
        )
    return type(expected) is type(found) and bool(expected == found)


def _near(expected: float, found: float, tolerance: float) -> bool:
    if isinstance(expected, int) and isinstance(found, int):
        return expected == found
    if math.isnan(expected) or math.isnan(found):
        return math.isnan(expected) and math.isnan(found)
    return math.isclose(expected, found, rel_tol=tolerance, abs_tol=1e-12)


def _exact(row: Any) -> str:
    return repr([float(cell) if type(cell) is int and abs(cell) < 2**53 else cell for cell in row])


def _family(kind: str) -> str:
    """Types that mean the same: every number is a number, and all else is itself."""
    return "number" if _NUMBERS.match(kind) else kind.partition("(")[0]


def _folded(names: Sequence[str]) -> list[str]:
    return [name.casefold() for name in names]


def _shown(row: Any) -> str:
    text = repr(row)
    return text if len(text) <= 100 else text[:99] + "…"
