"""Votes: counted by what they say, decided within a band, and no more of them asked for than it takes."""

from __future__ import annotations

import asyncio
import random
from itertools import permutations
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from factory.records import Vote
from validators.answers import Poll, Tally, key, vote
from validators.answers.mathverify import MathVerify, undecided


def votes(*answers: str) -> list[Vote]:
    return [Vote(answer=answer) for answer in answers]


def test_the_plurality_wins_whatever_its_wording() -> None:
    tally = vote(votes("0.5", "2", "1/2", "½", "3", "1/2"))
    assert (tally.verdict, tally.winner, tally.agreement) == ("plurality", "1/2", 4 / 6)
    assert tally.supporters == (0, 2, 3, 5)
    assert [(one.answer, one.count) for one in tally.classes] == [("1/2", 4), ("2", 1), ("3", 1)]


def test_agreement_of_all_is_unanimous_and_of_none_scattered() -> None:
    assert vote(votes("7", "7.0", "seven")).verdict == "unanimous"
    assert vote(votes("7", "8", "9")).verdict == "scattered"
    assert vote([]).verdict == "scattered"
    assert vote(votes("", " ")).winner is None


def test_equal_leaders_are_a_tie_and_no_plurality() -> None:
    tally = vote(votes("7", "8", "8", "7", "9"))
    assert (tally.verdict, tally.winner, tally.supporters) == ("tie", None, ())


def test_the_band_is_an_argument() -> None:
    given = votes("7", "7", "8", "9")
    assert vote(given, low=0.5).verdict == "plurality"
    assert vote(given, low=0.51).verdict == "scattered"
    assert vote(given, high=0.5).verdict == "unanimous"


def test_an_empty_vote_agrees_with_none() -> None:
    tally = vote(votes("7", "7", ""))
    assert (tally.verdict, tally.agreement) == ("plurality", 2 / 3)


@given(st.lists(st.sampled_from(["1", "1.0", "2", "3", ""]), max_size=5))
def test_the_order_of_votes_changes_no_decision(given: list[str]) -> None:
    decided = {
        (tally.verdict, tally.winner and key(tally.winner), tally.agreement)
        for tally in (vote(votes(*order)) for order in permutations(given))
    }
    assert len(decided) == 1


def test_a_bare_number_has_the_one_unit_that_other_votes_give_it() -> None:
    tally = vote(votes("5 km", "5", "5", "7"))
    assert [(one.answer, one.count) for one in tally.classes] == [("5", 3), ("7", 1)]
    assert [one.count for one in vote(votes("5 km", "5", "5", "5 m")).classes] == [2, 1, 1]


def test_brackets_are_the_interval_that_another_vote_says_they_are() -> None:
    assert vote(votes("[1, 2]", "1 ≤ x ≤ 2", "3")).supporters == (0, 1)
    assert vote(votes("(1, 2)", "1 ≤ x ≤ 2", "3")).verdict == "scattered"


@pytest.mark.parametrize(
    ("loose", "clear"),
    [
        ("2, 3", "x = 2 or x = 3"),
        ("a = 3, b = 4", "(a, b) = (3, 4)"),
        (r"12\pi\text{ cm}^2", r"12\pi"),
        ("m + n = 25", "25"),
        ("{2}", "x = 2"),
        ("3,14", "3.14"),
        ("≈ 3.14", "3.14"),
        ("about 5 km", "5 km"),
        ("101_2", "101"),
    ],
)
def test_a_loose_wording_joins_the_answer_that_it_may_be_in_a_vote_and_only_there(
    loose: str, clear: str
) -> None:
    assert key(loose) != key(clear)
    assert len(vote(votes(loose, clear, clear)).classes) == 1


def test_two_lines_are_two_answers_and_a_bare_number_beside_both_joins_neither() -> None:
    assert [one.count for one in vote(votes("x = 2", "2", "x = 2.0")).classes] == [3]
    assert [one.count for one in vote(votes("x = 2", "2", "y = 2", "x=2")).classes] == [2, 1, 1]
    assert [one.count for one in vote(votes("n = 2", "k = 2")).classes] == [2]


def test_a_wording_that_may_be_either_of_two_answers_joins_neither() -> None:
    assert len(vote(votes("2, 3", "3, 2", "{2, 3}")).classes) == 3


# ---------------------------------------------------------------------------------------- stopping early


def polled(poll: Poll, answers: list[str]) -> list[Vote]:
    """The votes that a poll asks for, given what they would be."""

    async def ask() -> list[Vote]:
        given: list[Vote] = []
        while more := await poll.more(given):
            given += votes(*answers[len(given) : len(given) + more])
        return given

    return asyncio.run(ask())


def decision(tally: Tally) -> tuple[str, Any]:
    """What a tally decides, whatever the wording."""
    return tally.verdict, tally.winner and key(tally.winner)


bands = st.sampled_from([(0.25, 1.0), (0.4, 0.8), (0.0, 0.5), (0.6, 0.7), (1.0, 1.0)])


@given(
    st.lists(st.sampled_from(["1", "1.0", "2", "3 km", "3", "4", "5", ""]), min_size=12, max_size=12), bands
)
def test_stopping_when_certain_changes_no_decision(answers: list[str], band: tuple[float, float]) -> None:
    asked = polled(Poll(12, *band, error=0), answers)
    assert decision(vote(asked, *band)) == decision(vote(votes(*answers), *band))


def test_a_vote_stops_when_nobody_can_catch_up() -> None:
    assert len(polled(Poll(9, error=0), list("121111111"))) == 6
    assert len(polled(Poll(9, error=0, allow_unanimous=True), list("111111111"))) == 5


def test_a_vote_stops_when_no_answer_can_reach_the_band() -> None:
    assert len(polled(Poll(8, low=0.75, error=0), list("12345678"))) == 4


def test_a_vote_that_may_still_be_unanimous_goes_on() -> None:
    assert len(polled(Poll(9, error=0), list("111111111"))) == 9


def test_a_sequential_test_saves_calls_and_keeps_its_error_rate() -> None:
    """For questions of every difficulty: the share of decisions that all votes would have changed."""
    chance, differ, asked = random.Random(7), 0, 0
    for _ in range(300):
        right = chance.betavariate(0.7, 0.7)
        shares = [right, *((1 - right) * part for part in (0.5, 0.3, 0.1, 0.1))]
        answers = chance.choices("12345", shares, k=24)
        given = polled(Poll(24, 0.25, 0.9, error=0.05), answers)
        differ += decision(vote(given, 0.25, 0.9)) != decision(vote(votes(*answers), 0.25, 0.9))
        asked += len(given)
    assert differ <= 0.05 * 300
    assert asked < 0.7 * 24 * 300


# ------------------------------------------------------------------------------------------ math-verify


@pytest.fixture(scope="module")
def oracle() -> Any:
    pytest.importorskip("math_verify")
    oracle = MathVerify(cpu_seconds=1.0)
    yield oracle
    oracle.close()


def test_formulas_that_keys_leave_open_are_compared_by_math_verify(oracle: MathVerify) -> None:
    given = votes(r"\sin^2 x + \cos^2 x", "1", r"\sqrt{3 + 2\sqrt{2}}", r"1 + \sqrt{2}", "1")
    tally = vote(given, equal=oracle.equal)
    assert [one.votes for one in tally.classes] == [(0, 1, 4), (2, 3)]
    assert (tally.verdict, tally.winner) == ("plurality", "1")


@pytest.mark.parametrize(
    ("a", "b"),
    [
        ("0.333333", "1/3"),
        ("50%", "50"),
        ("1/2004!", "1/2006!"),
        ("(1, 2)", "{1, 2}"),
        ("5 km", "5"),
        ("B", "2"),
        ("Paris", r"\sin x"),
        (r"\{\sin x\}", r"(\sin x)^2, 1"),
    ],
)
def test_math_verify_is_never_asked_what_keys_have_decided(a: str, b: str) -> None:
    assert not undecided(a, b)


def test_a_formula_that_takes_too_long_is_different_and_the_next_is_compared(oracle: MathVerify) -> None:
    assert not oracle.equal(r"\sum_{k=1}^{10^9} k^{k}", "7")
    assert oracle.equal(r"\ln 4", r"2 \ln 2")


def test_equality_counts_only_both_ways_round(oracle: MathVerify) -> None:
    """math-verify says that x < 5 is (-inf, 5), but not that (-inf, 5) is x < 5."""
    assert not oracle.equal("x<5", r"(-\infty,5)")


def test_answers_that_are_equal_in_a_chain_only_are_no_majority() -> None:
    near = {"sin(1)", "sin(2)", "sin(3)"}

    def equal(a: str, b: str) -> bool:
        return {a, b} <= near and {a, b} != {"sin(1)", "sin(3)"}

    tally = vote(votes("sin(1)", "sin(2)", "sin(3)", "7", "7"), equal=equal)
    assert (tally.verdict, tally.winner) == ("inconsistent", None)
    assert vote(votes("sin(1)", "sin(2)", "sin(3)", *"7777"), equal=equal).winner == "7"
