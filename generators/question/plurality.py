"""question.plurality: a question answered by vote, with the best solution that reached the winner."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from typing import Annotated

from pydantic import BaseModel, Field

from factory.plugins import generator
from factory.records import Answer, Chat, Question, Vote
from factory.teacher import Teacher
from generators.rubric import Score
from validators.answers import Poll, final_answer
from validators.answers.poll import ERROR
from validators.answers.vote import HIGH, LOW
from validators.settings import ErrorRate, Share


class Assessment(BaseModel):
    """What a judge says of one solution."""

    number: int
    reasoning: str
    soundness: Score
    clarity: Score


class Assessments(BaseModel):
    """One assessment for each solution."""

    assessments: list[Assessment] = Field(min_length=1)


@generator(seeds=Question, gives=Chat, evidence=Answer, roles=("writer", "judge"))
async def plurality(
    question: Question,
    teacher: Teacher,
    *,
    n: Annotated[int, Field(ge=3, le=64)] = 8,
    low: Share = LOW,
    high: Share = HIGH,
    error: ErrorRate = ERROR,
    allow_unanimous: bool = False,
    math_verify: bool = False,
) -> AsyncIterator[Chat]:
    """A question answered by vote, with the best solution that reached the winning answer.

    `n`: at most so many independent answers to a question, asked for in rounds until all of them would most
    likely decide the same (`error`: how often they may not; 0 waits until it is certain). Give `majority_vote`
    the same `low`, `high`, `allow_unanimous` and `math_verify`: it rejects what agrees too much or too little,
    so that every question gives one sample and the reason stands in the verdicts. Source: phi-4 report,
    "Question datasets" and plurality filter; number of answers and band unpublished.
    """
    poll = Poll(n, low, high, error, allow_unanimous, math_verify)
    votes: list[Vote] = []
    while more := await poll.more(votes):
        replies = await teacher.ask(
            "solve", n=more, question=question, rehearsal={"reference": question.answer or ""}
        )
        votes += (Vote(answer=final_answer(reply) or "", solution=reply) for reply in replies)
    tally = await poll.tally(votes)
    leading = tally.classes[0] if tally.classes else None
    value = leading.answer if leading else ""
    supporters = [votes[number].solution for number in leading.votes] if leading else [votes[0].solution]
    # Without a winner the sample is rejected: no judge is paid to rank its solutions.
    solution = supporters[0] if tally.winner is None else await _best(question, supporters, teacher)
    yield Chat.of(question.text, solution, Answer(value=value, votes=tuple(votes), reference=question.answer))


async def _best(question: Question, solutions: Sequence[str], teacher: Teacher) -> str:
    """The solution that a judge scores highest, of equals the earlier; no call where there is no choice."""
    different = list(dict.fromkeys(solutions))
    if len(different) == 1:
        return different[0]
    judged = await teacher.ask("rank", Assessments, role="judge", question=question, solutions=different)
    scores = {given.number: (given.soundness, given.clarity) for given in judged.assessments}
    best = max(range(len(different)), key=lambda place: scores.get(place + 1, (0, 0)))
    return different[best]
