"""mutation: tests that let faults through are caught, each fault as a line to read; good tests pass."""

from __future__ import annotations

import random

import pytest
from judge_bench import Bench, judged

from factory.records import Case, Chat, Exchange, Tests
from validators.mutation.mutants import mutants

MEDIAN = '''
"""Statistics of lists."""

def median(values: list[float]) -> float:
    """The middle one, or the mean of the two in the middle; 0 is fine."""
    if not values:
        raise ValueError("no values of 1 kind")
    ordered = sorted(values)
    half = len(ordered) // 2
    if len(ordered) % 2 == 1:
        return ordered[half]
    return (ordered[half - 1] + ordered[half]) / 2

if __name__ == "__main__":
    print(median([1, 2]) + 7)
'''
GOOD = (
    Case(call="median([3, 1, 2])", expected="2"),
    Case(call="median([4, 1])", expected="2.5"),
    Case(call="median([9, 1, 5, 2])", expected="3.5"),
    Case(call="median([7])", expected="7"),
    Case(call="median([])", raises="ValueError"),
)
WEAK = (Case(call="median([5])", expected="5"), Case(call="median([2, 2, 2])", expected="2"))


def program_with(program: str, cases: tuple[Case, ...], language: str = "python") -> Chat:
    return Chat.of("Write it.", program, Tests(program=program, cases=cases, language=language))


def test_weak_tests_are_caught_with_the_faults_they_let_through_and_good_ones_pass() -> None:
    bench = Bench("mutation")
    clean, planted = bench.judge(program_with(MEDIAN, GOOD), program_with(MEDIAN, WEAK))
    assert clean.passed and clean.score is not None and clean.score >= 0.9, clean.details
    assert (planted.passed, planted.reason) == (False, "the tests let faults through")
    diffs = [one["diff"] for one in planted.details["survivors"]]
    assert any(
        "+" in diff and "-    return (ordered[half - 1] + ordered[half]) / 2" in diff for diff in diffs
    )
    assert all(len(diff.splitlines()) == 2 for diff in diffs)
    assert planted.details["killed"] + len(diffs) <= planted.details["mutants"]
    assert bench.executions == 2  # one run a sample, whatever the number of mutants


def test_the_share_to_be_killed_is_a_setting_since_some_faults_cannot_be_seen() -> None:
    assert judged("mutation", program_with(MEDIAN, WEAK), killed=0.1).passed
    # `n > 0` and `n >= 0` are one here: no test could tell them apart.
    equal = "def larger(n):\n    return n if n > 0 else 0\n"
    cases = tuple(Case(call=f"larger({n})", expected=str(max(n, 0))) for n in (-2, 0, 1, 3))
    verdict = judged("mutation", program_with(equal, cases), killed=0.6)
    assert verdict.passed and "n >= 0" in verdict.details["survivors"][0]["diff"]
    assert not judged("mutation", program_with(equal, cases), killed=1.0).passed


def test_a_mutant_that_never_ends_or_ends_the_run_is_killed_and_the_others_are_judged() -> None:
    loops = "def count(n):\n    steps = 0\n    while n > 0:\n        n -= 1\n        steps += 1\n    return steps\n"
    cases = tuple(Case(call=f"count({n})", expected=str(n)) for n in (0, 1, 4))
    bench = Bench("mutation")
    [verdict] = bench.judge(program_with(loops, cases))
    assert verdict.passed and verdict.details["not_run"] == 0
    assert bench.executions == 1
    leaves = (
        "import os\n\ndef sign(n):\n    if n > 100:\n        os._exit(0)\n"
        "    if n < 0:\n        return -1\n    return 1\n"
    )
    cases = tuple(Case(call=f"sign({n})", expected=str(1 if n >= 0 else -1)) for n in (-5, -1, 0, 3))
    verdict = judged("mutation", program_with(leaves, cases), killed=0.5)
    assert verdict.passed and verdict.details["not_run"] == 0, verdict.details


def test_asserts_and_whole_programs_are_tests_as_well() -> None:
    weak = "def test_one():\n    assert median([5]) == 5\n"
    good = "".join(
        f"assert median({values}) == {expected}\n"
        for values, expected in (([3, 1, 2], 2), ([4, 1], 2.5), ([9, 1, 5, 2], 3.5))
    )
    both = Tests(program=MEDIAN, cases=GOOD[-1:], asserts=good)
    planted, clean, with_cases = Bench("mutation", most=8).judge(
        Chat.of("Write it.", MEDIAN, Tests(program=MEDIAN, asserts=weak)),
        Chat.of("Write it.", MEDIAN, Tests(program=MEDIAN, asserts=good)),
        Chat.of("Write it.", MEDIAN, both),
    )
    assert planted.reason == "the tests let faults through" and planted.details["mutants"] == 8
    assert clean.passed and with_cases.passed and (with_cases.score or 0) >= (clean.score or 0)

    script = "if __name__ == '__main__':\n    a, b = map(int, input().split())\n    print(a * b + 1)\n"
    telling = (Exchange(stdin="3 4", stdout="13"), Exchange(stdin="0 5", stdout="1"))
    planted, clean = Bench("mutation").judge(
        Chat.of("Write it.", script, Tests(program=script, exchanges=(Exchange(stdin="2 2", stdout="5"),))),
        Chat.of("Write it.", script, Tests(program=script, exchanges=telling)),
    )
    assert clean.score == 1.0 and [one["diff"].splitlines()[1] for one in planted.details["survivors"]] == [
        "+    print(a + b + 1)"
    ]


def test_a_program_that_fails_its_own_tests_is_not_tried_further() -> None:
    wrong = (Case(call="median([1, 2])", expected="2"),)
    verdict = judged("mutation", program_with(MEDIAN, wrong))
    assert verdict.reason == "the program itself fails its tests"
    assert verdict.details["fault"] == "median([1, 2]): expected 2, got 1.5"
    assert judged("mutation", program_with("def f(:", wrong)).reason == "the program itself fails its tests"
    assert judged("mutation", program_with(MEDIAN, ())).reason == "no test cases"
    assert judged("mutation", program_with("select 1", wrong, "sql")).details["language"] == "sql"


def test_a_program_with_nothing_to_change_passes() -> None:
    verdict = judged(
        "mutation", program_with("def same(x): yield x\n", (Case(call="list(same('a'))", expected="['a']"),))
    )
    assert verdict.passed and verdict.details["mutants"] == 0


def test_a_fault_is_one_small_change_and_nothing_that_tests_cannot_notice() -> None:
    made = mutants(MEDIAN, 1000, random.Random(0))
    changed = "\n".join(one.diff for one in made)
    for unseen in ("The middle one", "no values", "list[float]", "__main__", "+ 7"):
        assert unseen not in changed.replace('raise ValueError("no values of 1 kind")', "")
    assert {one.kind for one in made} >= {
        "comparison",
        "arithmetic",
        "boolean",
        "constant",
        "return",
        "condition",
    }
    assert {one.kind for one in made} >= {"statement left out"}
    assert len({one.source for one in made}) == len(made)


@pytest.mark.parametrize(
    ("line", "kind", "mutated"),
    [
        ("return a <= b < c", "comparison", "return a < b < c"),
        ("return a not in b", "comparison", "return a in b"),
        ("return (a) is   not (b)", "comparison", "return (a) is (b)"),
        ("return 'ü' * (a) // b", "arithmetic", "return 'ü' * (a) * b"),
        ("return a and b", "boolean", "return a or b"),
        ("return not a", "boolean", "return (a)"),
        ("return a[b:c]", "off by one", "return a[b:(c) + 1]"),
        ("return list(range(a))", "off by one", "return list(range((a) + 1))"),
        ("return [True, 3, 'ä', '']", "constant", "return [True, 3, 'ä', 'x']"),
        ("a += b", "arithmetic", "a -= b"),
        ("a.append(b)", "statement left out", "pass"),
        ("return a if b else c", "condition", "return a if False else c"),
    ],
)
def test_the_kinds_of_fault(line: str, kind: str, mutated: str) -> None:
    made = mutants(f"def f(a, b, c):\n    {line}\n", 1000, random.Random(0))
    assert (kind, f"-    {line}\n+    {mutated}") in [(one.kind, one.diff) for one in made]


def test_few_mutants_are_of_all_kinds_and_the_same_for_the_same_chance() -> None:
    few = mutants(MEDIAN, 7, random.Random(3))
    assert len({one.kind for one in few}) == 7
    assert few == mutants(MEDIAN, 7, random.Random(3)) != mutants(MEDIAN, 7, random.Random(4))


@pytest.mark.parametrize(
    "text",
    [
        "x = 1\x0c\ndef f(a):\n    return a + 1 < 2\n",
        "s = '\u2028\x85\x1c'\ndef f(a):\n    return a + 1 < 2\n",
        "def f(a):\r\n    return a + 1\r\n",
        "s = 'ü'; y = s < 'é'\n",
    ],
)
def test_only_what_ends_a_line_for_python_ends_one(text: str) -> None:
    for mutant in mutants(text, 50, random.Random(1)):
        compile(mutant.source, "<mutant>", "exec")
        assert abs(len(mutant.source) - len(text)) < 12, mutant


@pytest.mark.parametrize(
    "text",
    [
        f"x = 0x{'f' * 8000} + 1",
        f"x = {'1+' * 900}1",
        "f = " + "lambda: " * 2000 + "1",
        "if x: pass\n" + "elif x == 1: pass\n" * 2000,
        "x\0 = 1",
    ],
)
def test_any_program_is_tried_or_left_alone(text: str) -> None:
    assert isinstance(mutants(text, 5, random.Random(1)), list)


def test_cases_that_compare_or_expect_what_no_literal_writes_kill_mutants_too() -> None:
    program = "from fractions import Fraction\n\ndef half(n):\n    return Fraction(n, 2) if n > 0 else 0\n"
    good = (
        Case(call="half(3)", expected="Fraction(3, 2)"),
        Case(call="half(1) < 1", expected="True"),
        Case(call="half(0) == 0", expected="True"),
        Case(call="half(-4)", expected="0"),
    )
    bench = Bench("mutation", killed=0.6)
    clean, planted = bench.judge(program_with(program, good), program_with(program, good[1:2]))
    assert clean.passed, clean.details
    assert (planted.passed, planted.reason) == (False, "the tests let faults through")
    assert not judged("mutation", program_with(program, (Case(call="half(1) > 1", expected="True"),))).passed
