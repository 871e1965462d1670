"""code.exercise: a programming exercise on a concept, with a solution that has passed its tests."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Annotated, Self

from pydantic import BaseModel, Field, field_validator, model_validator

from factory.fences import fenced
from factory.plugins import generator
from factory.records import Case, Chat, Outcome, Result, Tests, Topic
from factory.teacher import Teacher
from generators.functions import function_in
from generators.rubric import Rounds
from validators.sandbox.values import LiteralError, disagreement, read_literal
from validators.syntax import expression, is_literal_call, program_in


class Problem(BaseModel):
    """What is to be programmed: a statement, and the line that declares the function."""

    reasoning: str
    statement: str
    signature: str = Field(
        description="the line that declares it, such as 'def area(width: float) -> float:'"
    )

    @field_validator("signature")
    @classmethod
    def _declares(cls, text: str) -> str:
        line = text.strip().rstrip(":") + ":"
        if function_in(f"{line}\n    pass") is None:
            raise ValueError(
                "not the line that declares one function, such as 'def area(width: float) -> float:'"
            )
        return line

    @property
    def name(self) -> str:
        """The function's name."""
        function = function_in(f"{self.signature}\n    pass")
        assert function is not None  # the validator has seen it
        return function.name


class Value(BaseModel):
    """What a call must give: a Python literal, or the exception it must raise instead."""

    call: str
    expected: str = Field(description="the value as a Python literal; 'None' where an exception is raised")
    raises: str | None = Field(description="name of the exception that must be raised, else null")

    @model_validator(mode="after")
    def _reads(self) -> Self:
        try:
            read_literal(self.expected)
        except LiteralError as error:
            raise ValueError(f"expected value of {self.call}: {error}; write the value itself") from None
        return self

    def case(self) -> Case:
        """The value as a test."""
        return Case(call=self.call.strip(), expected=self.expected.strip(), raises=self.raises or None)

    def result(self) -> Result:
        """The value as if a call had given it."""
        return Result(error=f"{self.raises}:") if self.raises else Result(value=self.expected)


class Probe(Value):
    """A test, and what it is there to find out."""

    probes: str


class Probes(BaseModel):
    """The tests of a problem."""

    reasoning: str
    cases: list[Probe] = Field(min_length=3, max_length=24)


class Derivation(Value):
    """A value worked out by hand from a statement."""

    derivation: str


class Derivations(BaseModel):
    """One derivation for each call."""

    derivations: list[Derivation]


@generator(
    seeds=Topic,
    gives=Chat,
    evidence=Tests,
    roles=("writer", "tester"),
    axes={
        "difficulty": [
            "a first exercise: one idea, applied once, and one special case",
            "a routine exercise: the idea applied under a condition that changes as the input is read",
            "a demanding exercise: two conditions that act on each other and mislead",
            "a hard exercise: the idea must be found behind a task that does not look like it",
        ],
        "angle": [
            "an invariant that has to hold after every step",
            "ties and equal elements, and which of them counts",
            "input that may be malformed, and how it is refused",
            "the smallest and the largest input that make sense",
            "the order of the result, and what it depends on",
            "nested data, taken apart and put together again",
            "a quantity that is carried along from one element to the next",
        ],
        "setting": [
            "seat reservations",
            "readings of a river gauge",
            "the stock of a seed bank",
            "results of a sports league",
            "the lending desk of a library",
            "opening hours",
            "entries of a travel expense report",
            "plain data without a story",
        ],
    },
)
async def exercise(
    topic: Topic, teacher: Teacher, *, cases: Annotated[int, Field(ge=3, le=24)] = 6, rounds: Rounds = 2
) -> AsyncIterator[Chat]:
    """A programming exercise on a concept, with a solution that has passed its tests.

    `cases`: how many tests are asked for; `rounds`: how often at most a failing program is repaired. One that
    fails to the end is given with its tests all the same, so that `code_execution` says why it is rejected.
    Source: phi-4 report, validation of code by execution loops; the rounds are unpublished.
    """
    problem = await teacher.ask(
        "problem",
        Problem,
        topic=topic,
        difficulty=teacher.draw("difficulty"),
        angle=teacher.draw("angle"),
        setting=teacher.draw("setting"),
    )
    task = f"{problem.statement.strip()}\n\n{fenced(problem.signature, 'python')}"
    solution = await teacher.ask("solution", task=task)
    probes = await teacher.ask("cases", Probes, role="tester", task=task, name=problem.name, most=cases)
    tests = _distinct(probes, problem.name)[:cases]
    settled: set[str] = set()
    for repairs in range(rounds + 1):
        outcome = await teacher.run(program_in(solution), [case.call for case in tests])
        doubtful = [case for case in _failing(tests, outcome) if case.call not in settled]
        if outcome.ok and doubtful:
            tests, outcome = await _settle(task, tests, doubtful, outcome, teacher)
            settled |= {case.call for case in doubtful}
        if (outcome.ok and not _failing(tests, outcome)) or repairs == rounds:
            break
        solution = await teacher.ask(
            "repair",
            task=task,
            program=program_in(solution),
            report=_report(tests, outcome),
            rehearsal={"repairs": repairs},
        )
    yield Chat.of(task, solution, Tests(program=program_in(solution), cases=tuple(tests)))


async def _settle(
    task: str, tests: Sequence[Case], doubtful: Sequence[Case], outcome: Outcome, teacher: Teacher
) -> tuple[list[Case], Outcome]:
    """The tests, and their results, after each failing one has been worked out again by somebody who sees
    neither program nor expected value. Two of three opinions decide: where the derivation agrees with the
    test the program is wrong, where it agrees with the program the test is, and where it agrees with neither
    the statement is not clear on that call and the test is dropped."""
    derived = await teacher.ask(
        "derive", Derivations, role="tester", task=task, calls=[case.call for case in doubtful],
        rehearsal={"tests": doubtful},
    )  # fmt: skip
    by_call: Mapping[str, Derivation] = {given.call.strip(): given for given in derived.derivations}
    kept: list[tuple[Case, Result]] = []
    for case, result in zip(tests, outcome.results, strict=True):
        given = by_call.get(case.call)
        if case not in doubtful or (given is not None and disagreement(case, given.result()) is None):
            kept.append((case, result))
        elif given is not None and disagreement(given.case(), result) is None:
            kept.append((given.case(), result))
    results = tuple(result for _, result in kept)
    return [case for case, _ in kept], outcome.model_copy(update={"results": results})


def _distinct(probes: Probes, name: str) -> list[Case]:
    """The tests that call the function with literals alone, each call once."""
    cases = [probe.case() for probe in probes.cases if is_literal_call(expression(probe.call), name)]
    return list({case.call: case for case in cases}.values())


def _failing(tests: Sequence[Case], outcome: Outcome) -> list[Case]:
    """The tests that a run did not pass, those that it did not reach among them."""
    results = outcome.results
    reached = {
        case.call for case, result in zip(tests, results, strict=False) if not disagreement(case, result)
    }
    return [case for case in tests if case.call not in reached]


def _report(tests: Sequence[Case], outcome: Outcome) -> str:
    """What went wrong in a run, for whoever repairs the program."""
    told = zip(tests, outcome.results, strict=False)
    lines = [f"{case.call}: {fault}" for case, result in told if (fault := disagreement(case, result))]
    if not outcome.ok:
        lines.append(f"The run ended with '{outcome.status}'.\n{outcome.error.strip()[-1500:]}")
    return "\n".join(lines)
