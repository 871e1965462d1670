"""Runs a sample's program on its tests in the sandbox (phi-4 report, validation of code)."""

from __future__ import annotations

import functools
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, TypeAlias

from factory.plugins import validator
from factory.records import Case, Outcome, Result, Sample, Tests, Verdict
from factory.teacher import Teacher
from validators import javascript_cases
from validators.cases import as_functions, equations, shared_out
from validators.sandbox.printed import Comparison, misprint
from validators.sandbox.values import disagreement
from validators.settings import Megabytes, Seconds, Tolerance

_SHOWN = 5
_ENDINGS = {
    "error": "the program raised before its cases",
    "timeout": "the program ran out of time",
    "memory": "the program ran out of memory",
    "crashed": "the program crashed",
}


Run: TypeAlias = Callable[..., Awaitable[Outcome]]
"""Runs the program in the sandbox with what it is given: calls, or `tests=`, or `stdin=`."""


@validator(needs=Tests)
async def code_execution(
    sample: Sample,
    teacher: Teacher,
    *,
    cpu_seconds: Seconds = 5.0,
    memory_mb: Megabytes = 512,
    output: Comparison = "tokens",
    tolerance: Tolerance = 1e-6,
) -> Verdict:
    """Rejects programs that fail a case, an assert or an exchange of their tests.

    Only calls and input reach the program; expected values stay here, or in the process that runs the asserts, and
    are compared with what comes back, so that a program cannot forge a pass. `cpu_seconds` and `memory_mb` bound
    each run. What a whole program prints is compared by `output`, its numbers within `tolerance`.
    """
    tests = sample.find(Tests)
    if tests is None:
        return Verdict.reject("no test cases")
    run = functools.partial(
        teacher.run, tests.program, language=tests.language, cpu_seconds=cpu_seconds, memory_mb=memory_mb
    )
    return await passes(tests, run, output, tolerance)


async def passes(tests: Tests, run: Run, output: Comparison = "tokens", tolerance: float = 1e-6) -> Verdict:
    """Whether a program passes its tests, as `code_execution` judges it."""
    if not (tests.cases or tests.asserts.strip() or tests.exchanges):
        return Verdict.reject("no test cases")
    verdict = Verdict.accept(1.0)
    if tests.language == "javascript":
        measured = [(case, javascript_cases.distance(case)) for case in tests.cases]
        near = [found for _, found in measured if found]
        if near and not (verdict := await _by_value([(one.case, one.fault) for one in near], run)).passed:
            return verdict
        others = tuple(javascript_cases.told_by_value(case) for case, found in measured if not found)
        tests = tests.model_copy(update={"cases": others})
        if comparing := [case.call for case in tests.cases if javascript_cases.compares(case)]:
            mend = "write the call alone and the value that it must give, or Math.abs(call - number) < number"
            return Verdict.reject(
                "a case compares where the program runs", calls=comparing[:_SHOWN], mend=mend
            )
    python = tests.language == "python"
    asserted = equations(tests.asserts) if python else ()
    given, decided = shared_out(tests.cases) if python else (list(tests.cases), {})
    if cases := [*given, *asserted]:
        verdict = await _by_value([(case, functools.partial(disagreement, case)) for case in cases], run)
    if verdict.passed and decided:
        verdict = await _decided(decided, run)
    if verdict.passed and tests.asserts.strip() and not asserted:
        verdict = await _asserts(tests, run)
    if verdict.passed and tests.exchanges:
        verdict = await _exchanges(tests, run, output, tolerance)
    return verdict


async def _by_value(cases: Sequence[tuple[Case, Callable[[Result], str | None]]], run: Run) -> Verdict:
    """Cases that the host decides: each with what says what is wrong with the value that its call gives."""
    outcome = await run([case.call for case, _ in cases])
    if not outcome.ok:
        return _ended(outcome, reached=len(outcome.results), cases=len(cases))
    faults = [fault(result) for (_, fault), result in zip(cases, outcome.results, strict=True)]
    return _told(
        [case for case, _ in cases], faults, [result.error is not None for result in outcome.results]
    )


async def _decided(decided: dict[Case, str], run: Run) -> Verdict:
    """Cases that compare, as test functions: the process that compares is not the program's."""
    outcome = await run(tests=as_functions(decided.values()))
    if not outcome.ok:
        return _ended(outcome, cases=len(decided))
    # The first result is that of the text itself, which only fails where its functions cannot be reached.
    whole, *each = [result.error or "" for result in outcome.results] or [""]
    errors = [*each, *[whole or "it was not reached"] * (len(decided) - len(each))]
    raised = [bool(error) and "AssertionError" not in error for error in errors]
    told = [
        f"raised {error}" if by_error else "it does not hold" if error else ""
        for error, by_error in zip(errors, raised, strict=True)
    ]
    return _told(list(decided), told, raised)


def _told(cases: Sequence[Case], faults: Sequence[str | None], raised: Sequence[bool]) -> Verdict:
    failed = [{"call": case.call, "fault": fault} for case, fault in zip(cases, faults, strict=True) if fault]
    score = 1 - len(failed) / len(cases)
    if failed:
        first = next(place for place, fault in enumerate(faults) if fault)
        reason = "a case raised" if raised[first] else "a case gave another value"
        return Verdict.reject(reason, score, failed=failed[:_SHOWN], cases=len(cases))
    return Verdict.accept(score, cases=len(cases))


async def _asserts(tests: Tests, run: Run) -> Verdict:
    outcome = await run(tests=tests.asserts)
    if not outcome.ok:
        return _ended(outcome)
    failed = [result.error for result in outcome.results if result.error is not None]
    count = len(outcome.results)
    if failed:
        return Verdict.reject("a test failed", 1 - len(failed) / count, failed=failed[:_SHOWN], tests=count)
    asserted = sum(int(result.value or 0) for result in outcome.results)
    if not asserted:
        return Verdict.reject("the tests assert nothing", tests=count)
    return Verdict.accept(1.0, tests=count, asserted=asserted)


async def _exchanges(tests: Tests, run: Run, comparison: Comparison, tolerance: float) -> Verdict:
    """Each exchange is a run of its own; the first that fails decides, and the rest is not run."""
    count = len(tests.exchanges)
    for place, exchange in enumerate(tests.exchanges):
        outcome = await run(stdin=exchange.stdin)
        if not outcome.ok:
            return _ended(outcome, reached=place, exchanges=count)
        fault = misprint(exchange.stdout, outcome.output, comparison, tolerance)
        if fault:
            shown = {"stdin": exchange.stdin[:200], "fault": fault}
            return Verdict.reject("it printed something else", place / count, failed=[shown], exchanges=count)
    return Verdict.accept(1.0, exchanges=count)


def _ended(outcome: Outcome, **details: Any) -> Verdict:
    return Verdict.reject(_ENDINGS[outcome.status], error=outcome.error[-1000:], **details)
