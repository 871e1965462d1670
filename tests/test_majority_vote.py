"""majority_vote: an answer passes only as the plurality of its votes, neither too easy nor too hard."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from pydantic import ValidationError

from factory.plugins import instantiate
from factory.records import Answer, Chat, Verdict, Vote
from validators.majority_vote import majority_vote


def judged(value: str, *answers: str, **settings: Any) -> Verdict:
    sample = Chat.of(
        "How many?", value, Answer(value=value, votes=tuple(Vote(answer=one) for one in answers))
    )
    judge = instantiate(majority_vote, majority_vote.settings(**settings))
    return asyncio.run(judge.check(sample, None))


def test_the_plurality_passes_and_another_answer_does_not() -> None:
    clean = judged("3/4", "0.75", "¾", "4", "75%")
    assert clean.passed and clean.score == 0.75
    assert clean.details["counts"] == {"0.75": 3, "4": 1}
    planted = judged("4", "0.75", "¾", "4", "75%")
    assert not planted.passed and planted.reason == "not the answer that the votes chose"


@pytest.mark.parametrize(
    ("answers", "reason"),
    [
        (("7", "7", "7.0"), "too easy: all votes agree"),
        (("7", "8", "9"), "too hard: the votes scatter"),
        (("7", "7", "8", "8"), "no plurality: several answers lead"),
        (("7", "7"), "too few votes"),
        ((), "too few votes"),
    ],
)
def test_votes_outside_the_band_are_rejected(answers: tuple[str, ...], reason: str) -> None:
    assert judged("7", *answers).reason == reason


def test_the_band_is_a_setting_and_a_dataset_may_allow_unanimity() -> None:
    assert judged("7", "7", "7", "7", allow_unanimous=True).passed
    assert judged("8", "7", "7", "7", allow_unanimous=True).reason == "not the answer that the votes chose"
    assert judged("7", "7", "7", "8", "9", low=0.6).reason == "too hard: the votes scatter"
    assert judged("7", "7", "7", "7", "9", high=0.7).reason == "too easy: all votes agree"
    assert judged("7", "7", "7", min_votes=2, allow_unanimous=True).passed
    with pytest.raises(ValidationError):
        majority_vote.settings(low=1.5)


def test_it_needs_an_answer() -> None:
    assert majority_vote.needs == (Answer,)
