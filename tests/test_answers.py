"""Answers: ways of writing the same are one key, different things never are, and a vote decides by keys."""

from __future__ import annotations

import math
from fractions import Fraction
from itertools import combinations, pairwise
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from validators.answers import Key, also, final_answer, key, same

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
    ["-3", "−3", "- 3", "minus three", r"\(-3\)", "-6/2", "f(x) = -3", "2*1 - 5", r"\sqrt[3]{-27}"],
    ["1/2", "0.5", ".5", "½", r"\frac{1}{2}", r"\dfrac12", "50%", r"50\%", "50 percent", "one half", "3/6"],
    ["3/2", "1.5", "1½", "1 1/2", r"1\frac{1}{2}", "150%", "one and a half", "three halves"],
    ["-3/2", "-1.5", "-1½", "-1 1/2", r"-\frac{3}{2}"],
    ["50"],
    ["0.5%", "1/200", "0.005"],
    ["1/3", r"\frac{1}{3}", r"0.\overline{3}", "one third", "0.333...", "0.(3)", "0.3̅", "0.333…"],
    ["0.333"],
    ["0.333333"],
    ["3.14"],
    ["3.14..."],
    ["π", r"\pi", "pi", "x = π"],
    ["2^10", "1024", r"2^{10}", "2¹⁰", "one thousand and twenty-four"],
    ["120", "5!", r"\binom{10}{3}", "one hundred twenty"],
    ["2004!"],
    ["2006!"],
    ["1/2004!", r"\frac{1}{2004!}"],
    ["1/2006!"],
    ["10^10^10", "10^{10^{10}}", "10^(10000000000)"],
    ["10^10^11"],
    ["2√3", r"2\sqrt{3}", "2 times root 3", "2 root 3", "√12", r"\sqrt{12}", "2 * sqrt(3)", "6/√3", "2·√3"],
    ["two times the cube root of 3", r"2\sqrt[3]{3}", "2∛3"],
    ["2√3 + 1", r"1+2\sqrt{3}", "1 + √12", r"\frac{11}{2\sqrt3-1}"],
    ["√2/2", r"\frac{\sqrt{2}}{2}", "1/√2", r"\frac{1}{\sqrt2}", "√(1/2)", "2^{-1/2}"],
    ["2π", r"2\pi", "2 pi", "π + π", "two pi"],
    ["π/6", r"\frac{\pi}{6}", "1/6 π"],
    ["3 + 4i", "4i+3", r"3+4i", "(3+4i)", "25/(3-4i)", "3 + 4√(-1)"],
    ["3 - 4i"],
    ["i", r"\sqrt{-1}", "-1/i"],
    ["5 km", "5km", "5 kilometers", "five kilometres", r"5\text{ km}", r"5~\mathrm{km}", "5000 m"],
    [
        "90 min",
        "1.5 hours",
        "90 minutes",
        "one and a half hours",
        "5400 s",
        "1 hour 30 minutes",
        "1 h and 30 min",
    ],
    ["60 km/h", "60 kilometers per hour", "60 km per hour", "60 km h^-1"],
    ["9.8 m/s^2", "9.8 m/s²", r"9.8\ \text{m/s}^2"],
    ["7 m^2", "7 square meters", "7 m²", "7 meters squared", "70000 cm^2"],
    ["$5", r"\$5", "5 dollars", "$5.00", "5 USD"],
    ["€5", "5 euros"],
    ["45°", r"45^\circ", "45 degrees", r"45^{\circ}"],
    ["12 apples", "12 apple", "twelve apples"],
    ["12 oranges"],
    ["(1, 2)", "(1,2)", r"\left(1, 2\right)", "(1; 2)", "(0.5*2, √4)"],
    ["(2, 1)", "(x, y) = (2, 1)"],
    ["1-2/3"],
    ["5/3", "1 2/3"],
    ["5"],
    ["~5", "≈5"],
    ["[1, 2]"],
    ["{1, 2}", r"\{2, 1\}", "{2,1,1}", "x = 1 or x = 2", "2 or 1", "x = 1, x = 2"],
    ["[1, 2)", "1 ≤ x < 2", r"1 \le x \lt 2", "2 > x >= 1", "x ≥ 1 and x < 2", r"x \in [1, 2)"],
    ["1 < x < 2", "x ∈ (1,2)", "{x | 1 < x < 2}", "{x ∈ ℝ : 1 < x < 2}"],
    ["1, 2", "1,2", "1 and 2"],
    ["x = 1, y = 2", "y=2, x=1", "x = 1 and y = 2"],
    ["±2", r"\pm 2", "{2, -2}", "x = ±2", "x = 2 or x = -2"],
    ["1 ± √2", "{1+√2, 1-√2}", "1 + √2 or 1 - √2"],
    ["(-∞, 5)", r"(-\infty, 5)", "(-infinity, 5)", "x<5", "x < 5", "5 > x", "(-∞, 4) ∪ (3, 5)"],
    ["x ≤ 5", "x <= 5", r"x \leq 5", "(-∞, 5]"],
    ["x > √2", "(√2, ∞)", r"(\sqrt{2}, \infty)"],
    [r"(-\infty, 1) \cup (2, 3]", "(2,3] ∪ (-∞,1)", "x < 1 or 2 < x ≤ 3"],
    ["x ≠ 3", r"x \neq 3", "x < 3 or x > 3", r"(-\infty,3)\cup(3,\infty)"],
    ["ℝ", r"\mathbb{R}", "(-∞, ∞)", "all real numbers"],
    ["{1, 2,000}", "{2000; 1}"],
    ["∅", r"\emptyset", "{}", "empty set", "no solution", "There are no solutions."],
    ["B", "(B)", "B.", "b)", "(b)", "option B", "Choice (B)", r"\text{(B)}", "B) Paris", "(B) 62", "B. 62"],
    ["b"],
    ["(a) 5 (b) 7"],
    ["(a) 5 (b) 8"],
    ["yes", "Yes.", "TRUE", "**true**", "Yes!"],
    ["no", "False"],
    ["2024-05-01", "1 May 2024", "May 1, 2024", "1st of May 2024", "may 1st 2024", "Wednesday, May 1, 2024"],
    ["May 2024"],
    ["1 May", "May 1st"],
    ["4/5/2024"],
    ["2024-04-13", "13/4/2024", "4/13/2024"],
    ["3:30 pm", "15:30", "3:30 p.m."],
    ["3:30"],
    ["Paris", "paris.", '"Paris"', r"\text{Paris}"],
    ["Paris, France"],
    ["the second law", "Second law"],
    ["A and B"],
    ["CO"],
    ["Co"],
    ["H2O"],
    ["x^2 + 1", "x^2+1", "x² + 1", "$x^{2}+1$", "1 + x*x", "x squared plus 1", "y = x^2 + 1", "(x^3+x)/x"],
    ["X^2 + 1"],
    ["(x+1)^2", "x^2+2x+1", "(x+1)(x+1)", "1+2x+x²", r"\frac{(x+1)^3}{x+1}"],
    ["x + y", "y+x", "2(x+y)/2"],
    ["2xy", "2x*y", "2yx"],
    ["2x + 1", "y = 2x + 1", "2x - y + 1 = 0", "4x + 2 = 2y", "1+2x"],
    ["x^2 + y^2 = 4", "4 = y^2 + x^2", "2x²+2y²=8"],
    ["n!"],
    ["n"],
    ["ln(2)", r"\ln 2", "ln 2"],
    ["3", "log_2(8)", r"\log_2 8", r"\log_{2}{8}", "|-3|"],
    ["ln x", "ln(x)"],
    ["sin(2x)", r"\sin 2x", r"\sin(2x)"],
    ["3:2", "6:4", "3 : 2"],
    ["2:3"],
    ["3-5", "3 to 5", "3–5"],
    ["-2"],
    ["10^-3", "0.001", "1/1000", "1e-3", r"10^{-3}"],
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


# A formula as a tree: a number, a variable, or a sign with its operands. Written out in several ways.

leaves = st.integers(0, 12) | st.sampled_from(["x", "y", "π", "i"])
trees = st.recursive(
    leaves,
    lambda part: (
        st.tuples(st.sampled_from("+-*"), part, part)
        | st.tuples(st.just("/"), part, st.integers(1, 9))
        | st.tuples(st.just("^"), part, st.integers(1, 3))
        | st.tuples(st.just("√"), st.integers(1, 50))
    ),
    max_leaves=6,
)


def written(tree: Any) -> str:
    """In plain signs."""
    match tree:
        case ("√", of):
            return f"sqrt({of})"
        case (sign, left, right):
            return f"({written(left)}) {sign} ({written(right)})"
    return str(tree)


def turned(tree: Any) -> str:
    """In LaTeX, with sums and products the other way round."""
    match tree:
        case ("√", of):
            return rf"\sqrt{{{of}}}"
        case ("/", left, right):
            return rf"\frac{{{turned(left)}}}{{{right}}}"
        case ("^", left, right):
            return rf"\left({turned(left)}\right)^{{{right}}}"
        case ("-", left, right):
            return rf"-\left({turned(right)}\right)+\left({turned(left)}\right)"
        case (sign, left, right):
            between = "+" if sign == "+" else r"\cdot "
            return rf"\left({turned(right)}\right){between}\left({turned(left)}\right)"
    return {"π": r"\pi"}.get(tree, str(tree))


def computed(tree: Any) -> complex:
    """Its value in floating point, for some x and y."""
    match tree:
        case ("√", of):
            return of**0.5
        case ("+", left, right):
            return computed(left) + computed(right)
        case ("-", left, right):
            return computed(left) - computed(right)
        case ("*", left, right):
            return computed(left) * computed(right)
        case ("/", left, right):
            return computed(left) / right
        case ("^", left, right):
            return computed(left) ** right
    return complex({"x": 0.7318, "y": 1.2091, "π": math.pi, "i": 1j}.get(tree, tree))


@example(("+", 0, "i"))
@given(trees)
def test_a_formula_has_one_key_however_it_is_written(tree: Any) -> None:
    assert key(f"${turned(tree)}$ ") == key(written(tree))


@given(trees, trees)
def test_formulas_of_different_value_never_share_a_key(one: Any, other: Any) -> None:
    if key(written(one)) == key(written(other)):
        assert computed(one) == pytest.approx(computed(other))
    elif not (key(written(one)).open or key(written(other)).open):
        larger = max(abs(computed(one)), abs(computed(other)), 1)
        assert abs(computed(one) - computed(other)) > 1e-12 * larger or one != other


ends = st.fractions(-9, 9, max_denominator=4)


@given(ends, ends, ends, ends)
def test_inequalities_are_the_regions_that_they_name(
    a: Fraction, b: Fraction, c: Fraction, d: Fraction
) -> None:
    """Two unions have one key just when no point between or at their ends lies in one of them alone."""

    def text(low: Fraction, high: Fraction) -> str:
        return f"{low} < x ≤ {high}"

    points = sorted({a, b, c, d})
    points += [(low + high) / 2 for low, high in pairwise(points)]
    inside = {point for point in points if a < point <= b or c < point <= d}
    both, first = key(f"{text(a, b)} or {text(c, d)}"), key(text(a, b))
    assert (both == first) == (inside == {point for point in points if a < point <= b})
    assert both == key(f"{text(c, d)} or {text(a, b)}")


@given(st.integers(0, 10**15 - 1))
def test_numbers_in_words_are_numbers(value: int) -> None:
    assert key(in_english(value)) == Key("number", Fraction(value))
    assert key(f"minus {in_english(value)}") == Key("number", Fraction(-value))


ONES = "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen"
ONES_UP_TO_19 = f"{ONES} sixteen seventeen eighteen nineteen".split()
TENS = ["twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"]


def in_english(value: int) -> str:
    """As it is read out."""
    for scale, name in ((10**12, "trillion"), (10**9, "billion"), (10**6, "million"), (1000, "thousand")):
        if value >= scale:
            rest = f" {in_english(value % scale)}" if value % scale else ""
            return f"{in_english(value // scale)} {name}{rest}"
    if value >= 100:
        rest = f" and {in_english(value % 100)}" if value % 100 else ""
        return f"{ONES_UP_TO_19[value // 100]} hundred{rest}"
    if value >= 20:
        rest = f"-{ONES_UP_TO_19[value % 10]}" if value % 10 else ""
        return f"{TENS[value // 10 - 2]}{rest}"
    return ONES_UP_TO_19[value]


@given(st.text(max_size=60) | st.text("(){}[],;$\\frac 12.%^/*e-+<≤=√±or", max_size=60))
def test_any_text_has_a_key_or_none(text: str) -> None:
    key(text)
    also(text)
    final_answer(text)


@pytest.mark.parametrize(
    "text",
    [
        *(
            "9" * 5000,
            "1e999999999",
            "9^9999999",
            "(" * 5000,
            "1," * 3000,
            "{" * 500,
            "10^10^10^10",
            "999999!",
        ),
        *("2^" * 600 + "2", "(a+b+c+d+e+f)^24", "(x+1)^1000", "√" * 900 + "2", "√(99999989*99999971*10^40)"),
        *("≈" * 1900 + "5", "boxed{" * 300, "e^(i pi/7)" * 150, "gcd(" + "9" * 1000 + ",6)+x", "|" * 1900),
        *("x" * 100_000, "1+" * 50_000, r"\frac{" * 10_000, "a or " * 300, "300!^300", "i^" + "9" * 900),
    ],
)
def test_answers_made_to_exhaust_the_machine_have_a_key_at_once(text: str) -> None:
    found = key(text)
    assert found is not None and found.kind not in ("number", "boolean", "choice")


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
        ("Wir rechnen.\nAntwort: 12 km", "12 km"),
        ("**Respuesta:** 5", "5"),
        ("Ответ: 17.", "17"),
        ("所以答案是 12。", "12"),
        ("答案:C", "C"),
        (" \n", None),
    ],
)
def test_the_final_answer_of_a_reply_is_found(reply: str, answer: str | None) -> None:
    assert final_answer(reply) == answer
