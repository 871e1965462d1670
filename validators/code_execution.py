"""Runs a sample's program on its test cases in the sandbox (phi-4 report, validation of code)."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from factory.plugins import validator
from factory.records import Case, Outcome, Sample, Tests, Verdict
from factory.teacher import Teacher
from validators.sandbox.values import disagreement

_SHOWN = 5
_ENDINGS = {
    "error": "the program raised before its cases",
    "timeout": "the program ran out of time",
    "memory": "the program ran out of memory",
    "crashed": "the program crashed",
}


@validator(needs=Tests)
async def code_execution(
    sample: Sample,
    teacher: Teacher,
    *,
    cpu_seconds: Annotated[float, Field(gt=0)] = 5.0,
    memory_mb: Annotated[int, Field(gt=0)] = 512,
) -> Verdict:
    """Rejects programs that fail a case of their tests.

    Only the calls enter the sandbox; expected values stay here and are compared with what comes back, by type
    and value, so that a program cannot forge a pass. `cpu_seconds` and `memory_mb` bound the whole run.
    """
    tests = sample.find(Tests)
    if tests is None or not tests.cases:
        return Verdict.reject("no test cases")
    outcome = await teacher.run(
        tests.program,
        [case.call for case in tests.cases],
        language=tests.language,
        cpu_seconds=cpu_seconds,
        memory_mb=memory_mb,
    )
    if not outcome.ok:
        reached = {"reached": len(outcome.results), "cases": len(tests.cases)}
        return Verdict.reject(_ENDINGS[outcome.status], error=outcome.error[-1000:], **reached)
    failed = _failed(tests.cases, outcome)
    score = 1 - len(failed) / len(tests.cases)
    if failed:
        raised = any(result.error for result in outcome.results)
        reason = "a case raised" if raised and "raised" in failed[0]["fault"] else "a case gave another value"
        return Verdict.reject(reason, score, failed=failed[:_SHOWN], cases=len(tests.cases))
    return Verdict.accept(score, cases=len(tests.cases))


def _failed(cases: tuple[Case, ...], outcome: Outcome) -> list[dict[str, str]]:
    """The cases that do not hold, each with what differs."""
    told = [disagreement(case, result) for case, result in zip(cases, outcome.results, strict=True)]
    return [{"call": case.call, "fault": fault} for case, fault in zip(cases, told, strict=True) if fault]
