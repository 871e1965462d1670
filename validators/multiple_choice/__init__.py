"""Keeps a multiple-choice question whose key a blind vote confirms, and whose options differ."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from string import ascii_uppercase
from typing import Annotated

from pydantic import Field

from factory.plugins import validator
from factory.records import Answer, Sample, Verdict, Vote
from factory.teacher import Teacher
from validators.answers import Poll
from validators.answers.poll import ERROR
from validators.multiple_choice.choices import Choices
from validators.settings import ErrorRate, Share
from validators.turns import turns

NO_OPTIONS = "the question has no options"
REPEATED = "two options say the same"
NO_KEY = "the key is none of the options"
TWO_KEYS = "the solution ends with another option than the key"
OTHER = "a blind vote chose another option than the key"
OPEN = "a blind vote singles out no option"


@validator(needs=Answer, roles="solver")
async def multiple_choice(
    sample: Sample,
    teacher: Teacher,
    *,
    n: Annotated[int, Field(ge=1, le=64)] = 5,
    low: Share = 0.5,
    error: ErrorRate = ERROR,
) -> Verdict:
    """Rejects multiple-choice questions whose key is missing or not what solvers choose.

    The options are read from the question (A to J); no two may say the same. The key must be one of them, and
    what the solution ends with. Then the model of the role "solver" answers at most `n` times without the key,
    the options in an order drawn anew each time, until the outcome would most likely stay (`error`: how often
    it may not). The key must lead, with a share of `low` of the votes or more. The numbers are ours.
    """
    claimed, question, solution = sample.find(Answer), *_asked(sample)
    choices = Choices.read(question)
    if claimed is None or choices is None:
        return Verdict.reject(NO_OPTIONS)
    if repeated := choices.repeated:
        return Verdict.reject(REPEATED, letters=list(repeated))
    right = choices.letter_of(claimed.value)
    if right is None:
        return Verdict.reject(NO_KEY, key=claimed.value, options=list(choices.options))
    stated = choices.chosen(solution)
    if stated not in (None, right):
        return Verdict.reject(TWO_KEYS, key=right, stated=stated)
    poll = Poll(n, low, error=error, allow_unanimous=True)
    votes: list[Vote] = []
    orders: list[str] = []
    while more := await poll.more(votes):
        drawn = [choices.order(teacher.random) for _ in range(more)]
        votes += await teacher.gather(*(_vote(choices, order, right, solution, teacher) for order in drawn))
        orders += ("".join(ascii_uppercase[place] for place in order) for order in drawn)
    counts = Counter(vote.answer for vote in votes)
    details = {
        "key": right,
        "counts": dict(counts),
        "orders": orders,
        "votes": [dict(vote) for vote in votes],
    }
    share = counts[right] / len(votes)
    winner = (await poll.tally(votes)).winner
    if winner != right:
        return Verdict.reject(OPEN if winner is None else OTHER, share, **details)
    return Verdict.accept(share, **details)


async def _vote(choices: Choices, order: Sequence[int], right: str, solution: str, teacher: Teacher) -> Vote:
    """One blind answer, as the letter that the option has in the sample; empty where it chose none."""
    shown = choices.ordered(order)
    reply = await teacher.ask(
        "solve",
        role="solver",
        posed=shown.posed(),
        options=shown.options,
        rehearsal={"solution": solution, "right": ascii_uppercase[order.index(ascii_uppercase.index(right))]},
    )
    letter = shown.chosen(reply)
    original = "" if letter is None else ascii_uppercase[order[ascii_uppercase.index(letter)]]
    return Vote(answer=original, solution=reply)


def _asked(sample: Sample) -> tuple[str, str]:
    """The question that was asked last, and the answer to it."""
    said: dict[str, str] = {turn.role: turn.content for turn in turns(sample)}
    if not said:
        return "\n\n".join(sample.texts()), ""
    return said.get("user", ""), said.get("assistant", "")
