"""`code_execution` through a build: a wrong program is caught with the case that shows it, its clean twin passes."""

from __future__ import annotations

from conftest import Project

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
