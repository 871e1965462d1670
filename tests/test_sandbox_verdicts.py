"""The verdicts of code: no lie passes, whatever the form of the test and whoever decides it; no honest value fails."""

from __future__ import annotations

import functools
from collections.abc import Iterator

import pytest
from hostile.lying import FORMS, IMPORTS, LIARS
from running import Running

from factory.records import Case, Exchange, Result, Tests, Verdict
from validators.cases import equations
from validators.code_execution import passes
from validators.sandbox.printed import misprint
from validators.sandbox.python import PythonExecutor
from validators.sandbox.values import disagreement, repeated
from validators.syntax import parsed, raised_in


class Court(Running):
    """Judges programs as `code_execution` does."""

    def judge(self, source: str, *cases: tuple[str, str], asserts: str = "", printed: str = "") -> Verdict:
        tests = Tests(
            program=source,
            cases=tuple(Case(call=call, expected=expected) for call, expected in cases),
            asserts=asserts,
            exchanges=(Exchange(stdout=printed),) if printed else (),
        )
        return self.loop.run(passes(tests, functools.partial(self.started, source)))


@pytest.fixture(scope="module")
def court() -> Iterator[Court]:
    with Court(PythonExecutor(workers=1), cpu_seconds=5.0) as made:
        yield made


@pytest.mark.parametrize("name", LIARS)
def test_a_liar_passes_no_test_function(name: str, court: Court) -> None:
    tests = IMPORTS + "\n".join(f"def test_{n}(): assert {form}" for n, form in enumerate(FORMS))
    outcome = court.run(LIARS[name], tests=tests)
    assert outcome.ok, outcome
    passed = [form for form, result in zip(FORMS, outcome.results[1:], strict=True) if not result.error]
    assert passed == []


def test_a_liar_passes_no_assert_and_no_case(court: Court) -> None:
    liar = LIARS["an object"]
    assert [form for form in FORMS if court.judge(liar, asserts=f"assert {form}").passed] == []
    assert [form for form in FORMS if court.judge(liar, (form, "True")).passed] == []


HELPED = "class E:\n    __init__ = lambda s, *a, **k: None\n    __eq__ = lambda s, o: type(o) is E\n"


@pytest.mark.parametrize(
    ("source", "tests"),
    [
        (
            f"{HELPED}Counter = E\ndef f(): return E()",
            "from collections import Counter\n{}assert f() == Counter('a')",
        ),
        (
            "def expected(n): return 0\ndef f(n): return 0",
            "def expected(n): return n\n{}assert f(4) == expected(4)",
        ),
        ("wanted = 0\ndef f(): return 0", "wanted = 4\n{}assert f() == wanted"),
    ],
)
def test_what_the_tests_name_stays_theirs_when_they_import_everything(
    source: str, tests: str, court: Court
) -> None:
    assert not court.judge(source, asserts=tests.format("from solution import *\n")).passed


@pytest.mark.parametrize(
    ("call", "expected"),
    [
        ("f(1) + f(2)", "0.3"),
        ("[f(n) for n in range(10) if n > 8]", "[0.9]"),
        ("'yes' if f(1) else 'no'", "'yes'"),
        ("sum(f(n) == n * 0.1 for n in range(5))", "5"),
        ("(lambda x: round(x, 3))(f(1))", "0.1"),
        ("{'a': f(1) * 2}", "{'a': 0.2}"),
        ("Fraction(1, 2)", "Fraction(1, 2)"),
        ("datetime.date(2024, 2, 28)", "datetime.date(2024, 2, 28)"),
        ("counted('aab')", "{'a': 2, 'b': 1}"),
        ("counted('aab')", "Counter({'a': 2, 'b': 1})"),
        ("nested()", "{'a': {'b': [1]}}"),
        ("Pair(1, 'x')", "(1, 'x')"),
        ("[Level.LOW, Name.ANN]", "[1, 'ann']"),
        ("asyncio.run(later(2))", "3"),
    ],
)
def test_a_case_may_count_choose_and_expect_what_python_calls_equal(
    call: str, expected: str, court: Court
) -> None:
    source = (
        "import asyncio, datetime\nfrom collections import Counter, OrderedDict, defaultdict, namedtuple\n"
        "from enum import IntEnum, StrEnum\nfrom fractions import Fraction\nPair = namedtuple('Pair', 'x y')\n"
        "class Level(IntEnum):\n    LOW = 1\nclass Name(StrEnum):\n    ANN = 'ann'\ndef f(x): return x * 0.1\n"
        "def counted(s): return Counter(s)\nasync def later(n): return n + 1\ndef nested():\n"
        "    d = defaultdict(lambda: defaultdict(list))\n    d['a']['b'].append(1)\n    return OrderedDict(d)"
    )
    verdict = court.judge(source, (call, expected))
    assert verdict.passed, verdict
    assert not court.judge(source, (call, "'another'")).passed


@pytest.mark.parametrize(
    ("text", "plain"),
    [
        ("assert f(2) == 4", True),
        ("assert sorted(f([n * 2 for n in range(3)])) == [0, 2, 4]", True),
        ("assert S().push(-3).top == -3", True),
        ("assert sorted(f(2), key=lambda x: x > 3)[0] == 4", True),
        ("assert (f(2) == 4) == True", False),
        ("assert [f(2) != 4] == [False]", False),
        ("assert str(f(2) - 4) == '0'", False),
        ("assert [x for x in f(2) if x == 4] == [4]", False),
    ],
)
def test_only_what_decides_nothing_is_run_beside_the_program(text: str, plain: bool) -> None:
    assert bool(equations(text)) == plain


@pytest.mark.parametrize(
    ("expected", "value", "agrees"),
    [
        ("3", "2.9999999999999996", True),
        ("123456789", "123456789.00000001", True),
        ("1e22", str(10**22), True),
        ("1000000007", "1000000007.4", False),
        (str(10**15), "1000000000000001.0", False),
        ("9007199254740993", "9007199254740992.0", False),
        (str(10**400), "inf", False),
    ],
)
def test_a_float_near_a_large_integer_is_another_number(expected: str, value: str, agrees: bool) -> None:
    assert (disagreement(Case(call="x", expected=expected), Result(value=value)) is None) == agrees


@pytest.mark.parametrize(
    ("expected", "found", "agrees"),
    [
        ("1" * 400, "1e999", False),
        ("1e400", "2e400", False),
        ("1e400", "10e399", True),
        ("1000000007", "1000000007.4", False),
        ("9007199254740993", "9007199254740992.0", False),
        ("3", "3.0000000001", True),
        ("1234567.891", "1234567.89", True),
        ("1e-7", "0.0000001", True),
        ("1e9999999", "1e9999998", False),
    ],
)
def test_printed_numbers_are_compared_at_any_size(expected: str, found: str, agrees: bool) -> None:
    assert (misprint(expected, found, "tokens", 1e-6) is None) == agrees


def test_an_error_of_the_programs_own_is_also_what_it_stands_below(court: Court) -> None:
    source = "class Broke(ValueError): pass\nclass ValueErrors(Exception): pass\ndef f(kind): raise kind('no: (x)')"
    outcome = court.run(source, "f(Broke)", "f(ValueErrors)")
    first, second = outcome.results
    for name, agrees in (("Broke", True), ("ValueError", True), ("Exception", True), ("KeyError", False)):
        assert (disagreement(Case(call="f(Broke)", raises=name), first) is None) == agrees
    assert disagreement(Case(call="f(ValueErrors)", raises="ValueError"), second)


def test_what_a_program_does_twice_is_its_behaviour_with_errors_of_its_own_where_it_raises_them(
    court: Court,
) -> None:
    source = (
        "import random\nclass Broke(ValueError): pass\n"
        "def f(x):\n    if x == 0: raise Broke('none')\n    return [1 / (x - 1), random.random()][x - 3]\n"
    )
    tree = parsed(source)
    assert tree is not None and raised_in(tree) == {"Broke"}
    calls = ("f(0)", "f(1)", "f(3)", "f(4)")
    first, second = (court.run(source, *calls).results for _ in range(2))
    kept = repeated(calls, first, second, raised_in(tree))
    assert kept == [Case(call="f(0)", raises="Broke"), Case(call="f(3)", expected="0.5")]


def test_an_error_in_half_a_character_is_an_error_like_any_other(court: Court) -> None:
    outcome = court.run("def f(): raise ValueError('\\ud800 is bad')", "f()")
    assert [result.error for result in outcome.results] == ["ValueError: ? is bad"]
    tested = court.run("def f(): return 1", tests="def test_a():\n    assert f() == 2, 'no \\ud800'")
    assert [bool(result.error) for result in tested.results] == [False, True]


def test_a_program_that_ends_itself_by_a_signal_without_a_name_has_crashed(court: Court) -> None:
    outcome = court.run("import os\nos.kill(os.getpid(), 40)")
    assert (outcome.status, outcome.error) == ("crashed", "ended by signal 40")
