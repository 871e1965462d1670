"""`code_execution` through a build: a wrong program is caught with the case that shows it, its clean twin passes."""

from __future__ import annotations

import pytest
from conftest import Project

from factory.records import Case
from validators.cases import equations, told_by_value

PLUGIN = '''
    """A program with its tests, right or wrong as the question says."""
    from collections.abc import AsyncIterator
    from factory.plugins import generator
    from factory.records import Case, Chat, Question, Tests
    from factory.teacher import Teacher

    PROGRAMS = {
        "right": "def double(n):\\n    return 2 * n",
        "wrong": "def double(n):\\n    return n ** 2",
        "raises": "def double(n):\\n    return n / 0",
        "slow": "def double(n):\\n    while True: pass",
        "broken": "def double(n:",
        "sly": "class Any:\\n    __eq__ = lambda s, o: True\\ndef double(n):\\n    return Any()",
        "leaves": "import sys\\nsys.exit(0)",
    }
    CASES = (Case(call="double(2)", expected="4"), Case(call="double(5)", expected="10"),
             Case(call="double(None)", raises="TypeError"))

    @generator(seeds=Question, gives=Chat, evidence=Tests)
    async def programs(question: Question, teacher: Teacher) -> AsyncIterator[Chat]:
        """A program with its tests, right or wrong as the question says."""
        program = PROGRAMS[question.text]
        yield Chat.of(question.text, program, Tests(program=program, cases=CASES))
'''
DATASET = "  p: {seeds: questions, generator: lab.programs, validators: [{code_execution: {cpu_seconds: 1}}]}"


def test_only_the_right_program_is_accepted_and_each_fault_has_its_reason(project: Project) -> None:
    project.plugin("lab/programs.py", PLUGIN)
    project.questions("right", "wrong", "raises", "slow", "broken", "sly", "leaves")
    project.catalog(DATASET)
    project.factory("build")
    assert project.query("select messages[1].content from accepted") == [("right",)]
    reasons = dict(project.query("select messages[1].content, reason from rejected"))
    assert reasons["wrong"] == "a case gave another value"
    assert reasons["slow"] == "the program ran out of time"
    assert set(reasons) == {"wrong", "raises", "slow", "broken", "sly", "leaves"}
    shown = project.query(
        "select v.details->>'$.failed[0].call' from verdicts v join rejected r using (sample_id)"
        " where r.messages[1].content = 'wrong'"
    )
    assert shown == [("double(5)",)]


def test_a_program_is_run_once_and_its_outcome_is_kept(project: Project) -> None:
    project.plugin("lab/programs.py", PLUGIN)
    project.questions("right")
    project.catalog(DATASET)
    project.factory("build")
    project.catalog(DATASET.replace("validators: [", "validators: [lab.short, "))
    project.factory("build")
    assert project.query("select count(*) from executions") == [(1,)]
    assert "expected" not in project.query("select program::varchar from executions")[0][0]


FORMS = '''
    """Programs with tests of every form, right or wrong as the question says."""
    from collections.abc import AsyncIterator
    from factory.plugins import generator
    from factory.records import Case, Chat, Exchange, Question, Tests
    from factory.teacher import Teacher

    SUM = "print(sum(map(float, input().split())))"
    ALWAYS = "class A:\\n    __eq__ = lambda s, o: True\\ndef double(n):\\n    return A()"
    DOUBLE = "def double(n):\\n    return 2 * n"
    NEARBY = ("import builtins\\nbuiltins.abs = lambda n: 0\\n"
              "class A:\\n    __sub__ = lambda s, o: 0\\n    __lt__ = lambda s, o: True\\n"
              "def double(n):\\n    return A()")
    NEAR = Case(call="abs(double(2) - 4) < 1e-6", expected="True")
    APART = Case(call="double(2) == double(3)", expected="False")
    HOLDS = Case(call="'a' in double('a') and not double('')", expected="True")
    KINDS = Case(call="isinstance(double(2), int)", expected="True")
    ASSERTS = "assert double(2) == 4\\ndef test_text():\\n    assert double('a') == 'aa'"
    FORMS = {
        "asserts": Tests(program=DOUBLE, asserts=ASSERTS),
        "plain asserts": Tests(program=DOUBLE, asserts="assert double(2) == 4\\nassert double('a') == 'aa'"),
        "plain asserts of a liar": Tests(program=ALWAYS, asserts="assert double(2) == 4"),
        "asserts that fail": Tests(program="def double(n):\\n    return n ** 2", asserts=ASSERTS),
        "asserts of a liar": Tests(program=ALWAYS, asserts=ASSERTS),
        "asserts of one who leaves": Tests(program="import sys\\ndef double(n):\\n    sys.exit(0)", asserts=ASSERTS),
        "asserts of nothing": Tests(program=DOUBLE, asserts="def test_it():\\n    double(2)"),
        "a comparison": Tests(program=DOUBLE, cases=(Case(call="double(2) == 4", expected="True"),)),
        "a comparison by a liar": Tests(program=ALWAYS, cases=(Case(call="double(2) == 4", expected="True"),)),
        "a distance": Tests(program=DOUBLE, cases=(NEAR, Case(call="double(3)", expected="6"), APART)),
        "a distance that is too far": Tests(program="def double(n):\\n    return n ** 2.1", cases=(NEAR,)),
        "a distance by a liar": Tests(program=NEARBY, cases=(NEAR,)),
        "kinds": Tests(program=DOUBLE, cases=(KINDS, HOLDS)),
        "exchanges": Tests(
            program=SUM, exchanges=(Exchange(stdin="1 2", stdout="3"), Exchange(stdin=".1 .2", stdout=".3"))
        ),
        "exchanges that fail": Tests(program=SUM, exchanges=(Exchange(stdin="1 2", stdout="4"),)),
        "exchanges that raise": Tests(program=SUM, exchanges=(Exchange(stdin="a", stdout="4"),)),
        "nothing": Tests(program=SUM),
    }

    @generator(seeds=Question, gives=Chat, evidence=Tests)
    async def forms(question: Question, teacher: Teacher) -> AsyncIterator[Chat]:
        """Programs with tests of every form, right or wrong as the question says."""
        yield Chat.of(question.text, "a program", FORMS[question.text])
'''


def test_cases_asserts_and_exchanges_are_judged_alike(project: Project) -> None:
    names = [
        *(
            "asserts",
            "asserts that fail",
            "asserts of a liar",
            "asserts of one who leaves",
            "asserts of nothing",
        ),
        *("plain asserts", "plain asserts of a liar", "a comparison", "a comparison by a liar"),
        *("a distance", "a distance that is too far", "a distance by a liar", "kinds"),
        *("exchanges", "exchanges that fail", "exchanges that raise", "nothing"),
    ]
    project.plugin("lab/forms.py", FORMS)
    project.questions(*names)
    project.catalog("  p: {seeds: questions, generator: lab.forms, validators: [code_execution]}")
    project.factory("build")
    accepted = project.query("select messages[1].content from accepted order by 1")
    assert [name for (name,) in accepted] == [
        *("a comparison", "a distance", "asserts", "exchanges", "kinds", "plain asserts")
    ]
    assert dict(project.query("select messages[1].content, reason from rejected")) == {
        "asserts that fail": "a test failed",
        "asserts of a liar": "a test failed",
        "asserts of one who leaves": "a test failed",
        "asserts of nothing": "the tests assert nothing",
        "a comparison by a liar": "a case raised",
        "a distance that is too far": "a case gave another value",
        "a distance by a liar": "a case raised",
        "plain asserts of a liar": "a case raised",
        "exchanges that fail": "it printed something else",
        "exchanges that raise": "the program raised before its cases",
        "nothing": "no test cases",
    }


@pytest.mark.parametrize(
    "text",
    [
        f"f(1) == 0x{'f' * 8000}",
        f"f(0x{'f' * 8000}) == 1",
        f"f{'()' * 2000} == 1",
        "(" + "lambda: " * 1500 + "1) == 2",
        "f(1) == \ud800",
    ],
)
def test_a_case_that_cannot_be_taken_apart_is_run_as_it_is(text: str) -> None:
    case = Case(call=text, expected="True")
    assert told_by_value(case) == case
    assert equations(f"assert {text}") == ()
