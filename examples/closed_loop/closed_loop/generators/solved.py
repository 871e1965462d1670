"""loop.solved: a problem and a solution of it, now and then by a wrong method. Asks no model."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Annotated, Literal

from pydantic import Field

from closed_loop.problems import WRONG, problems
from factory.plugins import generator
from factory.records import Chat, Text, Topic
from factory.teacher import Teacher


@generator(seeds=Topic, gives=(Chat, Text))
async def solved(
    topic: Topic,
    teacher: Teacher,
    *,
    form: Literal["chat", "text", "sums"] = "chat",
    each: Annotated[int, Field(ge=1)] = 50,
    wrong: Annotated[float, Field(ge=0, le=1)] = WRONG,
) -> AsyncIterator[Chat | Text]:
    """`each` problems of training with a solution each, of whose choices a share `wrong` is wrong.

    `form`: as conversations, as plain texts for pretraining, or of eight at a time the sums alone, in a text.
    The topic's name only tells batches apart.
    """
    drawn = problems("train", each, seed=teacher.random.getrandbits(31))
    if form == "sums":
        for start in range(0, each, 8):
            some = drawn[start : start + 8]
            yield Text.of(" ".join(told for problem in some for told in problem.sums(teacher.random)))
        return
    for problem in drawn:
        solution = problem.solution(teacher.random, wrong)
        if form == "chat":
            yield Chat.of(problem.question, solution)
        else:
            yield Text.of(f"{problem.question}\n{solution}")
