"""Faults of a plugin's author: told with the plugin, the line and the mend; other datasets are built all the same."""

from __future__ import annotations

import asyncio
import signal
import time

import pytest
from conftest import Project

from factory.cli.held import watched

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


def test_a_plugin_that_holds_everything_else_is_told_by_its_line() -> None:
    told: list[str] = []

    async def plugin() -> None:
        with watched(told.append, seconds=0.1):
            until = time.monotonic() + 10
            while not told and time.monotonic() < until:
                time.sleep(0.01)  # noqa: ASYNC251 (that is the fault)
            await asyncio.sleep(0.05)

    asyncio.run(plugin())
    (line,) = told
    assert f"by {__file__}, line " in line and "in plugin: nothing else goes on" in line


def test_a_build_that_a_plugin_holds_ends_with_the_second_ctrl_c(project: Project) -> None:
    declared = "@generator(seeds=Question, gives=Chat)\nasync def mine(seed, teacher):\n    "
    body = "print('in', flush=True)\n    while True: pass\n    yield"
    project.plugin("lab/mine.py", GENERATOR + declared + body)
    project.questions("one?")
    project.catalog("  mine: {seeds: questions, generator: lab.mine}")
    process = project.start("build", "--quiet")
    assert process.stdout is not None and process.stderr is not None
    assert process.stdout.readline() == "in\n"
    process.send_signal(signal.SIGINT)
    assert "ending" in process.stderr.readline() + process.stderr.readline()
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=60)
    assert process.returncode == 130


SEEDS = """
from factory.plugins import Broken, Drop, Found, Skipped, cleaner, source
from factory.records import Document, Origin, Question

"""
HERE = "Origin(address=str(path), place='1')"


def of_seeds(project: Project, code: str, entry: str) -> str:
    """What `factory seeds` says of a set that this source or cleaner is on the way of."""
    made = "labsrc" if entry == "source" else "labcln"
    project.plugin(f"{made}/__init__.py", "")
    project.plugin(f"{made}/mine.py", SEEDS + code)
    entries = project.site / "lab-1.0.dist-info/entry_points.txt"
    entries.write_text(f"{entries.read_text()}\n[factory.{entry}s]\nlab = {made}\n")
    for number in range(3):
        project.write(f"pages/{number}.txt", f"Words of page {number}. " * 30)
    by = "source: lab.mine" if entry == "source" else "source: text"
    clean = ", clean: [lab.mine]" if entry == "cleaner" else ""
    project.write(
        "catalog.yaml", f"seeds: {{docs: {{{by}, path: pages/*.txt, as: document{clean}}}}}\ndatasets: {{}}\n"
    )
    return project.factory("seeds", "docs", code=1)


@pytest.mark.parametrize(
    ("body", "told"),
    [
        ("yield 'text'", "yields a str; it is to give Found(seed, origin)"),
        ("yield Document(text='a')", "yields a Document; it is to give Found(seed, origin)"),
        ("yield Found(Document(text='a'), str(path))", "gives a str as the origin"),
        (f"yield Found(Question(text='a'), {HERE})", "yields a Question, and was asked for seeds of Document"),
        ("yield Found(Document(text='a'))", "missing 1 required positional argument: 'origin' (mine.py, line 6)"),
        (f"yield Found(Document(text='a'), {HERE})\n    raise KeyError('b')", "KeyError: 'b' (mine.py, line 7)"),
    ],
    ids=["a text", "a seed alone", "no origin", "another kind", "no argument", "an error"],
)  # fmt: skip
def test_a_source_that_gives_what_is_no_seed_is_told_by_its_name_and_line(
    project: Project, body: str, told: str
) -> None:
    out = of_seeds(project, f"@source(gives=Document)\ndef mine(path, kind):\n    {body}", "source")
    assert told in out and "Traceback" not in out
    assert "mine.py:4)" in out or "line" in told


CLASS = "@cleaner(takes=Document)\nclass mine:\n    "


@pytest.mark.parametrize(
    ("code", "told"),
    [
        ("pass", "mine.py:4) returns None; it is to give the item, item.scored"),
        ("return True", "returns a bool; it is to give the item"),
        ("return item.seed", "returns a Document; it is to give the item"),
        ("return Drop('')", "leaves a seed out without a reason"),
        ("return Drop('short', {'of': object()})", "gives a object as the score 'of'"),
        ("return item.changed(txt='a')", "Document.txt: Extra inputs are not permitted (mine.py, line 6)"),
        ("raise ValueError('no')", "ValueError: no (mine.py, line 6)"),
        (CLASS + "def __init__(self):\n        raise OSError('no model')\n    def clean(self, item): ...",
         "cannot be set up: OSError: no model (mine.py, line 7)"),
        (CLASS + "async def clean(self, item): ...", "a cleaner is a plain 'def'"),
        (CLASS + "def choose(self, seeds):\n        yield from seeds", "chooses by a Member; it is to give pairs"),
        (CLASS + "def choose(self, seeds):\n        yield 'none', Drop('x')",
         "chooses 'none', which is no seed of the set"),
    ],
    ids=["nothing", "a truth", "a seed", "no reason", "a score that is none", "a field that is none", "an error",
         "a constructor", "async", "no pairs", "no seed"],
)  # fmt: skip
def test_a_cleaner_that_gives_no_seed_is_told_by_its_name_and_line(
    project: Project, code: str, told: str
) -> None:
    plain = f"@cleaner(takes=Document)\ndef mine(item):\n    {code}"
    out = of_seeds(project, code if "class" in code else plain, "cleaner")
    assert told in out and "Traceback" not in out
