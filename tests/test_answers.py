"""Answers: ways of writing the same are one key, different things never are, and a vote decides by keys."""

from __future__ import annotations

from fractions import Fraction
from itertools import combinations, permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from factory.records import Vote
from validators.answers import Key, final_answer, key, same, vote

# One class a line. Everything in a line is the same, nothing is the same as anything in another line.
CLASSES = [
    [
        "12",
        "12.0",
        "+12",
        "$12$",
        r"\boxed{12}",
        "**12**",
        "twelve",
        "24/2",
        "x = 12",
        "12.",
        r"\(12\)",
        "(12)",
    ],
    [
        "1200",
        "1,200",
        "1{,}200",
        "1 200",
        r"1\,200",
        "1.2e3",
        r"1.2 \times 10^{3}",
        "1.2×10³",
        "1.2 thousand",
    ],
    ["-3", "−3", "- 3", "minus three", r"\(-3\)", "-6/2", "f(x) = -3"],
    ["1/2", "0.5", ".5", "½", r"\frac{1}{2}", r"\dfrac12", "50%", r"50\%", "50 percent", "one half", "3/6"],
    ["3/2", "1.5", "1½", "1 1/2", r"1\frac{1}{2}", "150%", "one and a half"],
    ["50"],
    ["1/3", r"\frac{1}{3}", r"0.\overline{3}", "one third"],
    ["0.333"],
    ["2^10", "1024", r"2^{10}", "2¹⁰"],
    ["2004!"],
    ["2006!"],
    ["5 km", "5km", "5 kilometers", "five kilometres", r"5\text{ km}", r"5~\mathrm{km}"],
    ["5000 m"],
    ["60 km/h", "60 kilometers per hour", "60 km per hour"],
    ["9.8 m/s^2", "9.8 m/s²", r"9.8\ \text{m/s}^2"],
    ["7 m^2", "7 square meters", "7 m²", "7 meters squared"],
    ["$5", r"\$5", "5 dollars", "$5.00", "5 USD"],
    ["€5", "5 euros"],
    ["45°", r"45^\circ", "45 degrees", r"45^{\circ}"],
    ["12 apples", "12 apple", "twelve apples"],
    ["(1, 2)", "(1,2)", r"\left(1, 2\right)", "(1; 2)"],
    ["(2, 1)"],
    ["[1, 2]"],
    ["{1, 2}", r"\{2, 1\}", "{2,1,1}"],
    ["[1, 2)"],
    ["1, 2", "1,2", "1 and 2"],
    ["(-∞, 5)", r"(-\infty, 5)", "(-infinity, 5)"],
    [r"(-\infty, 1) \cup (2, 3]", "(2,3] ∪ (-∞,1)"],
    ["{1, 2,000}", "{2000; 1}"],
    ["∅", r"\emptyset", "{}", "empty set"],
    ["B", "(B)", "B.", "b)", "(b)", "option B", "Choice (B)", r"\text{(B)}", "B) Paris", "(B) 62"],
    ["b"],
    ["(a) 5 (b) 7"],
    ["(a) 5 (b) 8"],
    ["yes", "Yes.", "TRUE", "**true**", "Yes!"],
    ["no", "False"],
    ["2024-05-01", "1 May 2024", "May 1, 2024", "1st of May 2024", "may 1st 2024"],
    ["May 2024"],
    ["Paris", "paris.", '"Paris"', r"\text{Paris}"],
    ["Paris, France"],
    ["the second law", "Second law"],
    ["A and B"],
    ["CO"],
    ["Co"],
    ["x^2 + 1", "x^2+1", "x² + 1", "$x^{2}+1$"],
    ["X^2 + 1"],
    ["2π", r"2\pi"],
    ["x<5", "x < 5"],
    ["3:2"],
]


@pytest.mark.parametrize("one", CLASSES, ids=lambda one: one[0])
def test_ways_of_writing_the_same_are_one_key(one: list[str]) -> None:
    assert {key(text) for text in one} == {key(one[0])}
    assert key(one[0]) is not None


def test_different_things_are_never_the_same() -> None:
    for first, second in combinations(CLASSES, 2):
        assert not same(first[0], second[0]), (first[0], second[0])


def test_nothing_is_the_same_as_an_empty_answer() -> None:
    assert key("") is key(" \n") is None
    assert not same("", "")


answers = st.sampled_from([text for one in CLASSES for text in one]) | st.text(max_size=20)


@given(answers, answers, answers)
def test_sameness_is_an_equivalence(a: str, b: str, c: str) -> None:
    assert same(a, a) == (key(a) is not None)
    assert same(a, b) == same(b, a)
    if same(a, b) and same(b, c):
        assert same(a, c)


@given(st.integers(-(10**9), 10**9), st.integers(1, 10**6))
def test_numbers_are_exact(above: int, below: int) -> None:
    value = Fraction(above, below)
    for text in (f"{above}/{below}", f"\\frac{{{above}}}{{{below}}}", f"${value}$"):
        assert key(text) == Key("number", value)
    assert key(f"{above:,}") == Key("number", Fraction(above))
    assert not same(f"{above}/{below}", f"{above * 10**9 + 1}/{below * 10**9}")


@given(st.decimals(allow_nan=False, allow_infinity=False, places=4, min_value=-(10**9), max_value=10**9))
def test_decimals_and_percentages_are_exact(value: object) -> None:
    assert key(f"{value:,}") == Key("number", Fraction(str(value)))
    assert key(f"{value}%") == Key("number", Fraction(str(value)) / 100)


@given(st.text(max_size=60) | st.text("(){}[],;$\\frac 12.%^/*e-+", max_size=60))
def test_any_text_has_a_key_or_none(text: str) -> None:
    key(text)
    final_answer(text)


@pytest.mark.parametrize("text", ["9" * 5000, "1e999999999", "9^9999999", "(" * 5000, "1," * 3000, "{" * 500])
def test_answers_made_to_exhaust_the_machine_are_only_text(text: str) -> None:
    found = key(text)
    assert found is not None and found.kind in ("text", "expression", "sequence")


# ------------------------------------------------------------------------------------ final answers


@pytest.mark.parametrize(
    ("reply", "answer"),
    [
        ("First \\boxed{3}, so\n\\boxed{\\frac{1}{2}}.", r"\frac{1}{2}"),
        ("We add.\n**Answer:** 42.", "42"),
        ("We add.\n\n## Answer\n\n**12 km**\n", "12 km"),
        ("Final answer: (B)", "(B)"),
        ("Hence the answer is $5$.", "$5$"),
        ("The answer is 4. No, wait.\nThe correct answer is 5.", "5"),
        ("6 + 12 = 18\n#### 18", "18"),
        ("#### Step 1\nWe add.\n- 18.", "18"),
        ("Answers vary.\nIn all, 18", "In all, 18"),
        ("<think>The answer is 3.</think>\n\nThe answer is 4.", "4"),
        ("<think>The answer is 3.", "3"),
        ("```\n7\n```", "7"),
        (" \n", None),
    ],
)
def test_the_final_answer_of_a_reply_is_found(reply: str, answer: str | None) -> None:
    assert final_answer(reply) == answer


# -------------------------------------------------------------------------------------------- votes


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
