"""loop.sampled: whole answers that the policy samples, for the controls. No search: every token is chance."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Annotated, Literal

from pydantic import Field

from factory.plugins import generator
from factory.records import Chat, Message, Preference, Question
from factory.teacher import Teacher
from validators.answers import final_answer, same


@generator(seeds=Question, gives=(Chat, Preference), roles="policy")
async def sampled(
    question: Question,
    teacher: Teacher,
    *,
    give: Literal["accepted", "pairs"] = "accepted",
    n: Annotated[int, Field(ge=2)] = 16,
    max_tokens: Annotated[int, Field(ge=1)] = 120,
) -> AsyncIterator[Chat | Preference]:
    """`n` answers of the policy. ``accepted``: each different right one, for rejection sampling; ``pairs``: right
    and wrong ones side by side, as many as there are of the rarer, for DPO over whole answers.

    Two datasets, one of each, pay for one sampling: the replies are the same.
    """
    policy = teacher.policy("policy")
    turns = [{"role": "user", "content": question.text}]
    (rollouts,) = await policy.sample(
        [policy.prompt(turns)], n=n, max_tokens=max_tokens, temperature=1.0, seed=0
    )
    right: dict[str, None] = {}
    wrong: dict[str, None] = {}
    for rollout in rollouts:
        text = policy.decode(rollout.ids)
        is_right = rollout.finished and same(final_answer(text) or "", question.answer or "")
        (right if is_right else wrong)[text] = None
    if give == "accepted":
        for text in right:
            yield Chat.of(question.text, text)
        return
    prompt = (Message(role="user", content=question.text),)
    for good, bad in zip(right, wrong, strict=False):
        yield Preference(prompt=prompt, chosen=good, rejected=bad)
