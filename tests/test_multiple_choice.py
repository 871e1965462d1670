"""multiple_choice: a key that solvers do not choose is caught, whatever letter it stands under."""

from __future__ import annotations

from random import Random

import pytest
from judge_bench import Bench, judged

from factory.records import Answer, Chat, Text
from validators.multiple_choice import NO_KEY, NO_OPTIONS, OTHER, REPEATED, TWO_KEYS
from validators.multiple_choice.choices import Choices

STEM = "A train leaves at 9:40 and takes 75 minutes. It waits 10 minutes on the way. When does it arrive?"
OPTIONS = ("at five to eleven, without the wait", "at 11:05", "at 10:55, and waits there", "at 11:15")
SOLUTION = "75 minutes and 10 minutes of waiting are 85 minutes, so it arrives at 11:05."


def posed(key: str, solution: str = SOLUTION, options: tuple[str, ...] = OPTIONS) -> Chat:
    lettered = "\n".join(f"{letter}. {text}" for letter, text in zip("ABCDEFG", options, strict=False))
    return Chat.of(f"{STEM}\n\n{lettered}", f"{solution}\n\nAnswer: {key}", Answer(value=key))


def test_the_clean_twin_passes_and_a_wrong_key_is_caught() -> None:
    clean, planted = Bench("multiple_choice", n=9).judge(posed("B"), posed("D"))
    assert clean.passed and clean.details["key"] == "B", clean.details
    assert (planted.passed, planted.reason) == (False, OTHER)
    assert planted.details["counts"]["B"] > planted.details["counts"].get("D", 0)


def test_votes_are_kept_with_the_order_that_each_saw_and_stop_early() -> None:
    bench = Bench("multiple_choice", n=15)
    [verdict] = bench.judge(posed("B"))
    assert len(verdict.details["votes"]) == len(verdict.details["orders"]) == bench.calls < 15
    assert len(set(verdict.details["orders"])) > 1
    assert all(sorted(order) == list("ABCD") for order in verdict.details["orders"])
    assert "Answer:" in verdict.details["votes"][0]["solution"]


@pytest.mark.parametrize(
    ("sample", "reason"),
    [
        (Chat.of(STEM, "B", Answer(value="B")), NO_OPTIONS),
        (Text.of("no question", Answer(value="B")), NO_OPTIONS),
        (Chat.of("Which?\nA) \nB) two", "B", Answer(value="B")), NO_OPTIONS),
        (posed("B", options=("1/2", "2", "0.5", "3")), REPEATED),
        (posed("B", options=("yes", "no", "True")), REPEATED),
        (posed("F"), NO_KEY),
        (posed("at noon"), NO_KEY),
        (Chat.of(posed("B").messages[0].content, f"{SOLUTION}\nAnswer: C", Answer(value="B")), TWO_KEYS),
    ],
)
def test_what_needs_no_vote_is_rejected_without_a_call(sample: Chat, reason: str) -> None:
    bench = Bench("multiple_choice")
    [verdict] = bench.judge(sample)
    assert (verdict.passed, verdict.reason, bench.calls) == (False, reason, 0)


def test_a_key_may_be_the_words_of_an_option() -> None:
    assert judged("multiple_choice", posed("at 11:05"), n=9).details["key"] == "B"


@pytest.mark.parametrize(
    ("text", "options"),
    [
        ("Which?\n\nA. one\nB. two\nC. three", ("one", "two", "three")),
        ("Which?\n(A) one\n(B) two", ("one", "two")),
        ("Which?\n- A) one\n- B) two", ("one", "two")),
        ("Which?\nOption A: one\nOption B: two", ("one", "two")),
        ("Which?\n[A] one\n[B] two", ("one", "two")),
        ("哪个？\nA）一\nB）二", ("一", "二")),
        ("哪个？\nA、一\nB、二", ("一", "二")),
        ("Which?\n**A.** one\n**B.** two", ("one", "two")),
        ("Find the weight. A. 71 B. 62 C. 43 D. 67 E. 40", ("71", "62", "43", "67", "40")),
        ("Which?\nA. x = 1\n   or 2\nB. none", ("x = 1\n   or 2", "none")),
    ],
)
def test_options_are_found_however_they_are_lettered(text: str, options: tuple[str, ...]) -> None:
    found = Choices.read(text)
    assert found is not None and found.options == options


def test_what_follows_the_options_stays_behind_them() -> None:
    found = Choices.read("Which?\n\nA. one\nB. two\n\nGive a reason.")
    assert found == Choices("Which?", ("one", "two"), "Give a reason.")
    assert found.ordered((1, 0)).posed() == "Which?\n\nA. two\nB. one\n\nGive a reason."


def test_an_option_about_the_others_keeps_its_place() -> None:
    chance = Random(1)
    last = Choices("Which?", ("1", "2", "3", "none of the above"))
    assert {last.order(chance)[-1] for _ in range(20)} == {3}
    assert len({last.order(chance) for _ in range(60)}) == 6
    assert Choices("Which?", ("1", "2", "both A and B")).order(chance) == (0, 1, 2)


def test_a_sentence_that_begins_with_a_letter_is_no_option() -> None:
    assert Choices.read("A train leaves. B is late.") is None


def test_a_text_full_of_first_options_is_read_in_proportion_to_its_length() -> None:
    assert Choices.read("A) x " * 100_000) is None
    read = Choices.read("B) y A) x " * 50_000 + "B) z C) w")
    assert read is not None
    assert read.options == ("x", "z", "w")


@pytest.mark.parametrize(
    "pair", [("x = 2", "y = 2"), ("P(A) = 1/2", "P(B) = 1/2"), ("5 m", "5 cm"), ("2, 3", "3, 2")]
)
def test_options_that_differ_in_what_they_name_are_two(pair: tuple[str, str]) -> None:
    found = Choices.read(f"Which is it?\nA. {pair[0]}\nB. {pair[1]}")
    assert found and found.options == pair and found.repeated is None
    twice = Choices.read(f"Which is it?\nA. {pair[0]}\nB. 7\nC. ${pair[0]}$")
    assert twice and twice.repeated == ("A", "C")
