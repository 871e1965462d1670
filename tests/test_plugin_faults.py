"""Faults of a plugin's author: told with the plugin, the line and the mend; other datasets are built all the same."""

from __future__ import annotations

import pytest
from conftest import Project

GENERATOR = """
from factory.plugins import generator
from factory.records import Chat, Question
from factory.teacher import Teacher

"""
VALIDATOR = """
from factory.plugins import validator
from factory.records import Verdict

"""


@pytest.mark.parametrize(
    ("code", "told"),
    [
        (
            "@generator\nasync def mine(seed, teacher):\n    yield",
            "@generator is written with parentheses: @gen",
        ),
        ("@generator()\nasync def mine(seed, teacher):\n    yield", "'seeds' and 'gives'"),
        (
            "@generator(seeds=Question, gives=Chat)\nasync def mine(seed):\n    yield",
            "must be (seed, teacher)",
        ),
        (
            "raise ValueError('no')\n@generator(seeds=Question, gives=Chat)",
            "ValueError: no (mine.py, line 5)",
        ),
        ("mine = generator(seeds=Question, gives=Chat)", "mine.py begins with @generator(...)"),
    ],
    ids=["no parentheses", "no declarations", "no teacher", "raises at import", "no decorator"],
)
def test_a_generator_that_is_badly_declared_is_told_before_anything_is_asked(
    project: Project, code: str, told: str
) -> None:
    if "raise" in code:
        code += "\nasync def mine(seed, teacher):\n    yield"
    project.plugin("lab/mine.py", GENERATOR + code)
    project.questions("one?")
    project.catalog(
        "  mine: {seeds: questions, generator: lab.mine}\n  good: {seeds: questions, generator: lab.answer}"
    )
    out = project.factory("build", code=1)
    assert told in out and out.count("mine.py") <= 2
    assert project.query("select dataset, done from progress where done > 0") == [("good", 1)]


@pytest.mark.parametrize(
    ("body", "told"),
    [
        ("yield Chat.of(seed.text, seed.wrong)", "no attribute 'wrong' (mine.py, line 7)"),
        ("yield Chat.of(seed.text, 3)", "ValidationError: Message.content: Input should be a valid string"),
        ("yield seed.text", "lab.mine gave str, and declares gives=Chat"),
        ("yield Chat.of('a', await teacher.ask('any'))", "lab/mine.md, which is not there"),
    ],
    ids=["an attribute", "a type", "no sample", "no prompts"],
)
def test_a_generator_that_fails_says_in_one_line_what_and_where(
    project: Project, body: str, told: str
) -> None:
    declared = "@generator(seeds=Question, gives=Chat)\nasync def mine(seed, teacher):\n    "
    project.plugin("lab/mine.py", GENERATOR + declared + body)
    project.questions("one?")
    project.catalog("  mine: {seeds: questions, generator: lab.mine}")
    last = next(
        line for line in project.factory("build", code=1).splitlines() if "last error of mine" in line
    )
    assert told in last
    assert project.query("select error from failures")[0][0] in last


@pytest.mark.parametrize(
    ("body", "told"),
    [
        ("return True", "returned True: return Verdict.accept() or Verdict.reject('why')"),
        ("pass", "returned None: return Verdict.accept()"),
        ("return Verdict.reject('')", "rejected a sample without a reason"),
        ("return Verdict.accept(it=object())", "Type is not JSON serializable: object"),
        ("raise KeyError('x')", "KeyError: 'x' (mine.py, line 6)"),
    ],
    ids=["a truth", "nothing", "no reason", "details that are no JSON", "an error"],
)
def test_a_validator_that_gives_no_verdict_fails_the_seed_by_its_name(
    project: Project, body: str, told: str
) -> None:
    declared = "@validator()\nasync def mine(sample, teacher):\n    "
    project.plugin("labchecks/mine.py", VALIDATOR + declared + body)
    project.questions("one?")
    project.catalog("  rows: {seeds: questions, generator: lab.answer, validators: [lab.mine]}")
    last = next(
        line for line in project.factory("build", code=1).splitlines() if "last error of rows" in line
    )
    assert "lab.mine: " in last and told in last
    assert project.query("select stage from failures") == [("validator:lab.mine",)]


def test_a_dataset_check_that_gives_no_verdict_is_told_and_what_was_built_is_kept(project: Project) -> None:
    body = "def choose(self, samples):\n        yield next(iter(samples)).sample_id, False"
    code = f"@validator()\nclass mine:\n    {body}"
    project.plugin("labchecks/mine.py", VALIDATOR + code)
    project.questions("one?")
    project.catalog("  rows: {seeds: questions, generator: lab.answer, validators: [lab.mine]}")
    assert "the check lab.mine failed: PluginError: returned False" in project.factory("build", code=1)
    assert project.query("select count(*) from samples") == [(1,)]
