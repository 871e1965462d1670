"""Tests that a faulty program passes test nothing: they must kill mutants of the solution.

Cases of many mutants go into one run of the sandbox. Asserts and exchanges of input and output each need a process
of their own, so they are run for those mutants alone that the cases leave alive.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any

from pydantic import Field

from factory.plugins import validator
from factory.records import Case, Outcome, Result, Sample, Tests, Verdict
from factory.teacher import Teacher
from validators.cases import with_functions
from validators.mutation.mutants import Mutant, mutants
from validators.sandbox.printed import misprint
from validators.sandbox.values import disagreement
from validators.settings import Megabytes, Seconds, Share

_SHOWN = 10
_MOST_RUNS = 8
_TOLERANCE = 1e-6

# What runs in the sandbox: the original as number 0, then the mutants, each a module of its own, imported rather
# than run as a script, since what a script does is no test. Steps are counted
# rather than seconds, so that a mutant which loops for ever is ended at the same place on any machine.
_HARNESS = """
import sys as _sys
import types as _types

_SOURCES = {sources}
_modules, _steps, _gone = {{}}, {{}}, set()


class _TooManySteps(BaseException):
    pass


def _counted(work, place, first):
    taken, most = 0, float("inf") if first else {factor} * _steps.get(place, 0) + {floor}

    def step(frame, event, argument):
        nonlocal taken
        taken += 1
        if taken > most:
            raise _TooManySteps("more than {factor} times the steps of the original")
        return step

    _sys.settrace(lambda frame, event, argument: step if frame.f_code.co_filename[:2] == "<m" else None)
    try:
        return work()
    finally:
        _sys.settrace(None)
        if first:
            _steps[place] = taken


def _load(number):
    module = _types.ModuleType("program")
    _sys.modules["program"] = module
    exec(compile(_SOURCES[number], "<mutant>", "exec", dont_inherit=True), vars(module))
    return module


def _try(number, place, call):
    if number in _gone:
        raise _TooManySteps("in an earlier case")
    try:
        if number not in _modules:
            _modules[number] = _counted(lambda: _load(number), -1, number == 0)
        module = _sys.modules["program"] = _modules[number]
        code = compile(call.strip(), "<mutant call>", "eval", dont_inherit=True)
        return _counted(lambda: eval(code, vars(module)), place, number == 0)
    except _TooManySteps:
        _gone.add(number)
        raise
"""
_FACTOR, _FLOOR = 20, 5000


class _Unfit(Exception):
    """The program itself does not pass its tests."""


@validator(needs=Tests)
async def mutation(
    sample: Sample,
    teacher: Teacher,
    *,
    killed: Share = 0.7,
    most: Annotated[int, Field(ge=1, le=200)] = 24,
    cpu_seconds: Seconds = 20.0,
    memory_mb: Megabytes = 512,
) -> Verdict:
    """Rejects programs whose tests let small faults through.

    At most `most` copies of the program with one fault each (mutants.py beside it) are run on its tests;
    `killed` is the share of them that some test must tell from the original. Below 1, since some faults change
    nothing that can be seen. A program that offers nothing to change passes. `cpu_seconds` and `memory_mb`
    bound a run of many mutants; one that runs by itself has a quarter of the time.
    """
    tests = sample.find(Tests)
    if tests is None or not (tests.cases or tests.asserts.strip() or tests.exchanges):
        return Verdict.reject("no test cases")
    if tests.language != "python":
        return Verdict.reject("mutants can be made of Python alone", language=tests.language)
    tests = with_functions(tests)
    made = mutants(tests.program, most, teacher.random, script=bool(tests.exchanges))
    alive, not_run = made, 0
    try:
        if tests.cases:
            alive, not_run = await _alive(tests, made, teacher, cpu_seconds, memory_mb)
        if tests.asserts.strip() or tests.exchanges:
            limits = {"cpu_seconds": cpu_seconds / 4, "memory_mb": memory_mb}
            alive = await _alive_apart(tests, alive, teacher, limits)
    except _Unfit as fault:
        return Verdict.reject("the program itself fails its tests", fault=str(fault))
    count = len(made) - not_run
    share = 1 - len(alive) / count if count else 1.0
    shown = [{"line": one.line, "fault": one.kind, "diff": one.diff} for one in alive[:_SHOWN]]
    details = {"mutants": count, "killed": count - len(alive), "survivors": shown, "not_run": not_run}
    if share < killed:
        return Verdict.reject("the tests let faults through", share, **details)
    return Verdict.accept(share, **details)


async def _alive(
    tests: Tests, made: Sequence[Mutant], teacher: Teacher, cpu_seconds: float, memory_mb: int
) -> tuple[list[Mutant], int]:
    """The mutants that pass all cases, and how many were not run. One that ends the whole run is killed by
    that, and the others are run again without it: first it is tried by itself, since others may have used up
    its time.

    Raises _Unfit where the original does not pass every case.
    """
    waiting, alive, runs = list(made), list[Mutant](), 0
    alone = False
    while (waiting or runs == 0) and runs < _MOST_RUNS:
        now = waiting[:1] if alone else list(waiting)
        outcome = await teacher.run(
            _HARNESS.format(
                sources=[tests.program, *(mutant.source for mutant in now)], factor=_FACTOR, floor=_FLOOR
            ),
            [
                f"_try({number}, {place}, {case.call!r})"
                for number in range(len(now) + 1)
                for place, case in enumerate(tests.cases)
            ],
            cpu_seconds=cpu_seconds,
            memory_mb=memory_mb,
        )
        runs += 1
        by_number = _by_number(outcome, len(tests.cases))
        _check_original(tests.cases, by_number[0] if by_number else (), outcome)
        for mutant, results in zip(now, by_number[1:], strict=False):
            if len(results) < len(tests.cases):
                break
            alive += [mutant] * _passes(tests.cases, results)
            waiting.remove(mutant)
        if not outcome.ok and waiting and waiting[0] is now[0]:  # it alone came after the original
            waiting.pop(0)
            alone = False
        else:
            alone = not outcome.ok
    return alive, len(waiting)


async def _alive_apart(
    tests: Tests, made: Sequence[Mutant], teacher: Teacher, limits: dict[str, Any]
) -> list[Mutant]:
    """The mutants that pass asserts and exchanges. Raises _Unfit where the original does not."""
    fault = await _fault(tests.program, tests, teacher, limits)
    if fault:
        raise _Unfit(fault)
    return [mutant for mutant in made if not await _fault(mutant.source, tests, teacher, limits)]


async def _fault(program: str, tests: Tests, teacher: Teacher, limits: dict[str, Any]) -> str:
    """What keeps a program from passing asserts and exchanges, or nothing."""
    if tests.asserts.strip():
        outcome = await teacher.run(program, tests=tests.asserts, **limits)
        failed = [result.error for result in outcome.results if result.error is not None]
        if failed or not outcome.ok:
            return failed[0] if failed else f"{outcome.status}: {outcome.error[-500:]}"
    for exchange in tests.exchanges:
        outcome = await teacher.run(program, stdin=exchange.stdin, **limits)
        if not outcome.ok:
            return f"{outcome.status}: {outcome.error[-500:]}"
        if fault := misprint(exchange.stdout, outcome.output, "tokens", _TOLERANCE):
            return fault
    return ""


def _by_number(outcome: Outcome, cases: int) -> list[tuple[Result, ...]]:
    """The results of each program; the last one's may be cut off."""
    return [outcome.results[start : start + cases] for start in range(0, len(outcome.results), cases)]


def _passes(cases: Sequence[Case], results: Sequence[Result]) -> bool:
    return all(disagreement(case, result) is None for case, result in zip(cases, results, strict=True))


def _check_original(cases: Sequence[Case], results: Sequence[Result], outcome: Outcome) -> None:
    for case, result in zip(cases, results, strict=False):
        if (fault := disagreement(case, result)) is not None:
            raise _Unfit(f"{case.call}: {fault}")
    if len(results) < len(cases):
        raise _Unfit(f"{outcome.status}: {outcome.error[-500:]}")
