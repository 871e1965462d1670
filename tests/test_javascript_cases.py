"""What of a JavaScript case is decided by the host, and what is refused since the program could decide it."""

from __future__ import annotations

import shutil

import pytest
from conftest import Project

from factory.records import Case, Result
from validators.javascript_cases import compares, distance, told_by_value


@pytest.mark.parametrize(
    ("call", "alone", "expected"),
    [
        ("f(2) === 4", "f(2)", "4"),
        ("(f(2)==-1_000n)", "f(2)", "- 1_000"),
        ("f('a === b') === `it's`", "f('a === b')", '"it\'s"'),
        ("JSON.stringify(f(2)) === '[1,2]'", "JSON.stringify(f(2))", "'[1,2]'"),
        ("f(2) == null // none", "f(2)", "None"),
        ("typeof f(2) === 'number'", "typeof f(2)", "'number'"),
        ("f(x => x === 2) === true", "f(x => x === 2)", "True"),
        ("deepEqual(f(2), [{a: 1, 2: NaN}])", "f(2)", "[ { 'a' : 1 , '2' : nan } ]"),
    ],
)
def test_an_equation_is_a_call_with_an_expected_value(call: str, alone: str, expected: str) -> None:
    told = told_by_value(Case(call=call, expected="True"))
    assert told == Case(call=alone, expected=expected)
    assert not compares(told)


@pytest.mark.parametrize(
    "call",
    [
        "Math.abs(f(2) - g(2)) < 1e-6",
        "Math.abs(f(2) - 4) < 1e-6 || true",
        "Math.abs(f(2) - 4) > 1e-6",
        "Math.max(f(2) - 4) < 1e-6",
        "Math.abs(f(2) - 4, 0) < 1e-6",
        "f(1) === 1 && f(2) === 4",
        "f(2) !== 5",
        "f(2) === [4]",  # never holds: no two arrays are one
        "f(2) === NaN",
        "f(2) === g(2)",
        "deepEqual(f(2), g(2))",
        "Object.is(f(2), 4)",
        "f(2).every(x => x > 1)",
        "f(2).then(x => x === 4)",
        "(() => { return f(2) === 4; })()",
        "f(2) instanceof Map",
        "f(`${2}`) === 4",
        "f(/'/) === 4",
    ],
)
def test_what_compares_where_the_program_runs_is_told_apart(call: str) -> None:
    case = Case(call=call, expected="True")
    assert told_by_value(case) == case
    assert compares(case)


@pytest.mark.parametrize(
    "call",
    [
        "isPrime(7)",
        "f(x > 3, [1].filter(x => x < 2))",
        "new Stack([1]).filter(x => x > 2)",
        "trie.startsWith(' in ')",
        "deepEqual({a: 1}, {a: 1})",
        "range.in(2)",
    ],
)
def test_a_call_is_left_as_it_is(call: str) -> None:
    case = Case(call=call, expected="True")
    assert told_by_value(case) == case
    assert not compares(case)


@pytest.mark.parametrize(
    ("call", "alone", "expected", "within"),
    [
        ("Math.abs(f(2) - 0.5) < 1e-6", "f(2)", "0.5", 1e-6),
        ("Math.abs(-4 - f(2, 'a - b')) <= .25", "f(2, 'a - b')", "-4", 0.25),
        ("Math.abs(f(2).x - -1) < Number.EPSILON", "f(2).x", "-1", 2**-52),
        ("Math.abs(2 * f(3) - 6) < 0.1", "2 * f(3)", "6", 0.1),
    ],
)
def test_a_distance_is_measured_by_the_host(call: str, alone: str, expected: str, within: float) -> None:
    near = distance(Case(call=call, expected="True"))
    assert near and near.case == Case(call=alone, expected=expected)
    for gap, passes in ((0.0, True), (within / 2, True), (2 * within, False), (-2 * within, False)):
        assert (near.fault(Result(value=repr(float(expected) + gap))) is None) is passes
    for other in ("True", "'0.5'", "nan", "[0.5]", "None"):
        assert near.fault(Result(value=other))
    assert near.fault(Result(error="Error: no"))


@pytest.mark.parametrize(
    "case",
    [
        Case(call="Math.abs(f(2) - g(2)) < 1e-6", expected="True"),
        Case(call="Math.abs(f(2) - 4) < 1e-6", expected="False"),
        Case(call="Math.abs(f(2) - 4 - 1) < 1e-6", expected="True"),
        Case(call="Math.abs(f(2) - 4) < f(1)", expected="True"),
        Case(call="Math.abs(x - 4) < 1", expected="True"),
        Case(call="Math.abs(", expected="True"),
    ],
)
def test_what_is_no_distance_of_a_call_from_a_number_is_left(case: Case) -> None:
    assert distance(case) is None


@pytest.mark.parametrize("unit", ["(", "f(", "a.b(", "[", "f(2)===", "deepEqual(f(", "'", "`", "/*", "x=>"])
def test_a_long_case_is_read_in_proportion_to_its_length(unit: str) -> None:
    closing = "".join({"(": ")", "[": "]"}.get(char, "") for char in reversed(unit))
    case = Case(call=unit * 20_000 + closing * 20_000, expected="True")
    compares(told_by_value(case))
    distance(case)
    distance(Case(call=f"Math.abs({case.call}) < 1", expected="True"))


FORMS = '''
    """JavaScript programs, right ones and liars."""
    from collections.abc import AsyncIterator
    from factory.plugins import generator
    from factory.records import Case, Chat, Question, Tests
    from factory.teacher import Teacher

    LIAR = "const double = () => ({valueOf: () => 4, equals: () => true}); Math.abs = () => 0;"
    RIGHT = "const double = (x) => 2 * x + 1e-9;"
    PROGRAMS = {"right": "const double = (x) => 2 * x;", "liar": LIAR, "near": RIGHT, "near liar": LIAR, "any": LIAR}
    NEAR = "Math.abs(double(2) - 4) < 1e-6"
    CALLS = {"near": NEAR, "near liar": NEAR, "any": "double(2) - 4 < 1e-6"}

    @generator(seeds=Question, gives=Chat, evidence=Tests)
    async def forms(question: Question, teacher: Teacher) -> AsyncIterator[Chat]:
        """A program that doubles."""
        call = CALLS.get(question.text, "double(2) == 4")
        tests = Tests(
            program=PROGRAMS[question.text], cases=(Case(call=call, expected="True"),), language="javascript"
        )
        yield Chat.of(question.text, "a program", tests)
'''


@pytest.mark.skipif(shutil.which("node") is None, reason="node is not installed")
def test_a_javascript_program_cannot_say_that_it_is_right(project: Project) -> None:
    project.plugin("lab/forms.py", FORMS)
    project.questions("right", "liar", "near", "near liar", "any")
    project.catalog("  p: {seeds: questions, generator: lab.forms, validators: [code_execution]}")
    project.factory("build")
    assert project.query("select messages[1].content from accepted order by 1") == [("near",), ("right",)]
    assert dict(project.query("select messages[1].content, reason from rejected")) == {
        "liar": "a case raised",
        "near liar": "a case raised",
        "any": "a case compares where the program runs",
    }
