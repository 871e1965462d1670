"""reverse.code: an instruction drawn from a function, and the function made again from it alone."""

from __future__ import annotations

import ast
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from typing import Annotated

from pydantic import BaseModel, Field

from factory.fences import fenced
from factory.plugins import generator
from factory.records import Case, Chat, Code, Reversal, Tests
from factory.teacher import Teacher
from generators.functions import function_in, parameters, signature
from validators.fidelity.trees import likeness
from validators.sandbox.values import disagreement, repeated
from validators.syntax import expression, is_literal_call, program_in, raised_in


class ProposedCall(BaseModel):
    """A call that is worth making, and what it would show."""

    shows: str
    call: str


class Calls(BaseModel):
    """Calls that together tell one behaviour from another."""

    reasoning: str
    calls: list[ProposedCall] = Field(min_length=1, max_length=24)


@dataclass(frozen=True)
class Attempt:
    """One program made from the instruction, compared with the original."""

    reply: str
    program: str
    agreement: float
    similarity: float


@generator(
    seeds=Code,
    gives=Chat,
    evidence=(Tests, Reversal),
    roles=("writer", "coder"),
    axes={
        "register": [
            "a colleague who explains over lunch what they need, in flowing sentences",
            "a precise specification: behaviour first, then every special case",
            "a ticket with the need, the expected behaviour, and two examples in words",
            "a teacher who sets a task and says what a right solution must get right",
            "somebody who knows the subject well but writes little code themselves",
        ]
    },
)
async def code(
    code: Code,
    teacher: Teacher,
    *,
    calls: Annotated[int, Field(ge=1, le=24)] = 8,
    attempts: Annotated[int, Field(ge=1, le=8)] = 2,
) -> AsyncIterator[Chat]:
    """An instruction drawn from a function, with the program made again from the instruction alone.

    `calls`: how many calls are asked for; `attempts`: programs made from one instruction, of which the one
    that agrees most is taken, of equals the most similar. The tests expect what the original gave, so
    `code_execution` rejects whatever differs. Code without a top-level function, or of which no call with
    literal arguments runs alone and twice alike, gives no row. Source: phi-4 report, "Instruction reversal";
    its measure of fidelity is unpublished.
    """
    function = function_in(code.text, code.name) if code.language == "python" else None
    if function is None:
        return
    cases = await _cases(code, function, calls, teacher)
    if not cases:
        return
    wish = await teacher.ask("instruction", code=code, name=function.name, register=teacher.draw("register"))
    instruction = f"{wish}\n\n{fenced(signature(function), 'python')}"
    replies = await teacher.ask(
        "program",
        role="coder",
        n=attempts,
        instruction=instruction,
        rehearsal={"original": code.text, "name": function.name},
    )
    tried = await teacher.gather(*(_compared(reply, code.text, cases, teacher) for reply in replies))
    best = max(tried, key=lambda attempt: (attempt.agreement, attempt.similarity))
    yield Chat.of(
        instruction,
        best.reply,
        Tests(program=best.program, cases=tuple(cases)),
        Reversal(
            original=code.text,
            instruction=instruction,
            regenerated=best.program,
            calls=tuple(case.call for case in cases),
            agreement=best.agreement,
            similarity=best.similarity,
        ),
    )


async def _cases(code: Code, function: ast.FunctionDef, calls: int, teacher: Teacher) -> list[Case]:
    """Calls of the original with what they gave: literal arguments alone, and the same in two runs."""
    proposed = await teacher.ask(
        "calls",
        Calls,
        code=code,
        name=function.name,
        signature=signature(function),
        most=calls,
        rehearsal={"parameters": parameters(function)},
    )
    fitting = [
        given.call.strip()
        for given in proposed.calls
        if is_literal_call(expression(given.call), function.name)
    ]
    chosen = list(dict.fromkeys(fitting))[:calls]
    if not chosen:
        return []
    runs = [await teacher.run(code.text, chosen) for _ in range(2)]
    cases = repeated(chosen, runs[0].results, runs[1].results, raised_in(function))
    return cases if any(case.raises is None for case in cases) else []


async def _compared(reply: str, original: str, cases: Sequence[Case], teacher: Teacher) -> Attempt:
    """A reply's program, run on the same calls as the original and held against it."""
    program = program_in(reply)
    outcome = await teacher.run(program, [case.call for case in cases])
    agreeing = sum(
        disagreement(case, result) is None for case, result in zip(cases, outcome.results, strict=False)
    )
    return Attempt(reply, program, round(agreeing / len(cases), 4), likeness(original, program)[0])
