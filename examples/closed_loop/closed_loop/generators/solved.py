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
    form: Literal["chat", "text"] = "chat",
    each: Annotated[int, Field(ge=1)] = 50,
    wrong: Annotated[float, Field(ge=0, le=1)] = WRONG,
) -> AsyncIterator[Chat | Text]:
    """`each` problems of training with a solution each, of which a share `wrong` makes a wrong choice.

    `form`: as conversations, or as plain texts for pretraining. The topic's name only tells batches apart.
    """
    for problem in problems("train", each, seed=teacher.random.getrandbits(31)):
        solution = problem.solution(teacher.random, wrong)
        if form == "chat":
            yield Chat.of(problem.question, solution)
        else:
            yield Text.of(f"{problem.question}\n{solution}")
