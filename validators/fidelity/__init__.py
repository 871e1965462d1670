"""Whether code made again from an instruction is what the instruction was drawn from (phi-4 report, instruction
reversal): by what both do on generated inputs first, then by how alike they look."""

from __future__ import annotations

import ast
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated

from pydantic import Field

from factory.plugins import validator
from factory.records import Case, Json, Outcome, Result, Reversal, Sample, Verdict
from factory.teacher import Teacher
from validators.fidelity.arguments import Unsupported
from validators.fidelity.inputs import calls_of
from validators.fidelity.lives import lives_of
from validators.fidelity.trees import likeness
from validators.fidelity.watching import NOTHING_DONE, WATCHING, watched
from validators.sandbox.values import disagreement, repeated
from validators.settings import Megabytes, Seconds, Share
from validators.syntax import parsed, raised_in

BEHAVES = "the regenerated program behaves otherwise"
RUNS = "the regenerated program does not run"
LACKS = "the regenerated program lacks the function"
LACKS_CLASS = "the regenerated program lacks the class"
LOOKS = "the regenerated program is put together otherwise"
UNLIKE = "too unlike the original, and it could not be run"
_SHOWN = 5
_TELLING = 3  # fewer comparisons than that say nothing


@dataclass(frozen=True)
class _Compared:
    """What two programs did on the same inputs. `why_not`: what kept them from being compared by running."""

    calls: int = 0
    alike: int = 0
    differing: tuple[dict[str, Json], ...] = ()
    fault: str = ""
    why_not: str = ""


@validator(needs=Reversal)
async def fidelity(
    sample: Sample,
    teacher: Teacher,
    *,
    inputs: Annotated[int, Field(ge=1, le=500)] = 40,
    agreement: Share = 1.0,
    similarity: Share = 0.1,
    similarity_alone: Share = 0.6,
    cpu_seconds: Seconds = 5.0,
    memory_mb: Megabytes = 512,
) -> Verdict:
    """Rejects a regenerated program that is not faithful to its original.

    Both are run on `inputs` generated calls (inputs.py beside it; of a class, lives.py): `agreement` is the share
    on which they must do the same, `similarity` the likeness of their syntax trees (trees.py) that is asked besides.
    What cannot be run, is no Python function or class, or does the same whatever it is given, needs
    `similarity_alone`.
    The phi-4 report publishes neither measure nor thresholds; these are ours.
    """
    reversal = sample.find(Reversal)
    if reversal is None:
        return Verdict.reject("no reversal to check")
    alike, by = likeness(reversal.original, reversal.regenerated)
    compared = await _compared(reversal, teacher, inputs, cpu_seconds, memory_mb)
    details: dict[str, Json] = {"similarity": alike, "compared_by": by}
    if compared.why_not:
        details["not_run_because"] = compared.why_not
        if alike < similarity_alone:
            return Verdict.reject(UNLIKE, alike, **details)
        return Verdict.accept(alike, **details)
    share = compared.alike / compared.calls if compared.calls else 0.0
    details |= {"calls": compared.calls, "agreement": share, "differing": list(compared.differing[:_SHOWN])}
    if compared.fault:
        return Verdict.reject(compared.fault, share, **details)
    if share < agreement:
        return Verdict.reject(BEHAVES, share, **details)
    if alike < similarity:
        return Verdict.reject(LOOKS, share, **details)
    return Verdict.accept(share, **details)


async def _compared(
    reversal: Reversal, teacher: Teacher, inputs: int, cpu_seconds: float, memory_mb: int
) -> _Compared:
    tree = parsed(reversal.original)
    if tree is None:
        return _Compared(why_not="the original is no Python")
    name = _name(tree, reversal.calls)
    if not name:
        return _Compared(why_not="the original has no function or class of its own to call")
    of_class = name in _classes(tree)
    drawn = lives_of if of_class else calls_of
    try:
        calls = drawn(reversal.original, name, reversal.calls, inputs, teacher.random)
    except Unsupported as fault:
        return _Compared(why_not=str(fault))
    again = parsed(reversal.regenerated)
    if again is None:
        return _Compared(fault=RUNS, differing=({"fault": "it is no Python"},))
    if name not in (_classes(again) if of_class else _functions(again)):
        lacking, kind = (LACKS_CLASS, "class") if of_class else (LACKS, "function")
        return _Compared(fault=lacking, differing=({"fault": f"it has no {kind} '{name}'"},))

    async def run(source: str, some: Sequence[str]) -> Outcome:
        seen = [watched(name, call) for call in some]
        return await teacher.run(source + WATCHING, seen, cpu_seconds=cpu_seconds, memory_mb=memory_mb)

    first, second = await run(reversal.original, calls), await run(reversal.original, calls)
    expected = repeated(calls, first.results, second.results, raised_in(tree))
    told = {case.model_dump_json(exclude={"call"}) for case in expected}
    alone = len(calls) == 1 and told and told != {NOTHING_DONE}  # without parameters one call is all there is
    if len(expected) < _TELLING and not alone:
        return _Compared(why_not=first.error[-300:] or "hardly a generated input fits the original")
    if len(told) < 2 and not alone:
        return _Compared(why_not="the original does the same on every generated input")
    given = await run(reversal.regenerated, [case.call for case in expected])
    return _held_against(expected, given)


def _held_against(expected: Sequence[Case], given: Outcome) -> _Compared:
    if given.status == "error":
        return _Compared(len(expected), 0, ({"fault": given.error[-500:]},), RUNS)
    unreached = Result(error=f"nothing: {given.error}")
    results = [*given.results, *([unreached] * (len(expected) - len(given.results)))]
    told = [(case.call, disagreement(case, result)) for case, result in zip(expected, results, strict=True)]
    differing = tuple({"call": call, "fault": fault} for call, fault in told if fault)
    return _Compared(len(expected), len(expected) - len(differing), differing)


def _functions(tree: ast.Module) -> list[str]:
    return [node.name for node in tree.body if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef))]


def _classes(tree: ast.Module) -> list[str]:
    return [node.name for node in tree.body if isinstance(node, ast.ClassDef)]


def _name(tree: ast.Module, calls: Sequence[str]) -> str:
    """What to call: the one that the evidence calls, or else the last function, or class, that is not private."""
    functions, classes = _functions(tree), _classes(tree)
    called = [call.partition("(")[0].strip() for call in calls]
    public = [name for names in (classes, functions) for name in names if not name.startswith("_")]
    return next(
        (name for name in called if name in (*functions, *classes)), (public or functions or [""])[-1]
    )
