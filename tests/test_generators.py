"""What the six generators promise: prompts whose every example fits, and whole procedures against real HTTP."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any, NamedTuple

import pytest
from pydantic import BaseModel

from factory.discovery import GENERATORS, SOURCES, discover, load
from factory.plugins import Generator
from factory.records import Code, Grounding, Passage, Question, Topic
from factory.teacher.filters import plain, quotes_in
from factory.teacher.prompts import Prompts
from factory.teacher.replies import parse
from generators.code.exercise import Derivations, Probes, Problem
from generators.extract.qa import Chains, Groundedness, Steps
from generators.functions import function_in, parameters, signature
from generators.question.plurality import Assessments
from generators.quotes import source_of
from generators.reverse.code import Calls
from generators.revise import self_revision
from generators.rewrite import textbook
from tests.conftest import ROOT, Project

SIX = (
    "code.exercise",
    "extract.qa",
    "question.plurality",
    "reverse.code",
    "revise.self_revision",
    "rewrite.textbook",
)
EXAMPLES = ROOT / "examples"


class Asked(NamedTuple):
    """One ask of a generator: what the prompt sees, what only its examples see, and what a reply must fit."""

    section: str
    variables: dict[str, Any]
    schema: type[BaseModel] | None = None
    rehearsal: Mapping[str, Any] = MappingProxyType({})


def _passages() -> list[Passage]:
    read = load(SOURCES, "html")
    pages = sorted((EXAMPLES / "pages").glob("*/**/*.html"))[::9]
    found = [seed.seed for page in pages for seed in list(read(page, Passage))[:3]]
    bare = Passage(text="Apples\n\nPears | Plums\n\n```\nx = 1\n```")
    return [*found, bare]


def _lines(name: str, kind: type[Question] | type[Topic]) -> list[Any]:
    lines = (EXAMPLES / "seeds" / name).read_text(encoding="utf-8").splitlines()
    return [kind.model_validate_json(line) for line in lines]


def _functions() -> list[Code]:
    read = load(SOURCES, "python")
    files = sorted((EXAMPLES / "seeds/python").glob("*.py"))
    return [found.seed for file in files for found in read(file, Code)]


def _replies(prompts: Prompts, asked: Asked, as_json: bool = False) -> Iterator[Any]:
    """Every example of a section as the generator would receive it."""
    variables = {**asked.variables, **asked.rehearsal}
    if as_json:  # as the rehearsal server gets them
        variables = json.loads(json.dumps(variables, default=plain))
    for number in range(len(prompts.section(asked.section).examples)):
        yield parse(prompts.example(asked.section, variables, number), "stop", asked.schema)


# Each of these follows a procedure down every branch that its examples open, from one seed.


def _textbook(passage: Passage, prompts: Prompts, axes: dict[str, str]) -> Iterator[Asked]:
    source = source_of(passage)
    audience = axes["audience"]
    first = Asked("outline", {"source": source, "passage": passage, "audience": audience}, textbook.Outline)
    yield first
    for outline in _replies(prompts, first):
        told = {"source": source, "outline": outline, "audience": audience}
        section = Asked("section", {**told, "opening": axes["opening"], "setting": axes["setting"]})
        yield section
        for text in _replies(prompts, section):
            for turn in range(3):
                look = Asked("critique", {**told, "text": text}, textbook.Critique, {"round": turn})
                yield look
                for critique in _replies(prompts, look):
                    yield Asked("revise", {**told, "text": text, "low": critique.below(4)})


def _self_revision(passage: Passage, prompts: Prompts, axes: dict[str, str]) -> Iterator[Asked]:
    source, challenge = source_of(passage), axes["challenge"]
    first = Asked("plan", {"source": source, "passage": passage, **axes}, self_revision.Plan)
    yield first
    for plan in _replies(prompts, first):
        write = Asked("exercise", {"source": source, "plan": plan, **axes}, self_revision.Exercise)
        yield write
        for exercise in _replies(prompts, write):
            for turn in range(3):
                told = {"exercise": exercise, "challenge": challenge}
                look = Asked("critique", told, self_revision.Critique, {"round": turn})
                yield look
                for critique in _replies(prompts, look):
                    more = {"low": critique.below(4), "source": source, "plan": plan}
                    yield Asked("revise", told | more, self_revision.Exercise)


def _qa(passage: Passage, prompts: Prompts, axes: dict[str, str]) -> Iterator[Asked]:
    source = source_of(passage)
    first = Asked("chains", {"source": source, "passage": passage, "most": 3}, Chains)
    yield first
    for chains in _replies(prompts, first):
        for chain in chains.chains:
            asked = Asked("steps", {"source": source, "passage": passage, "chain": chain, **axes}, Steps)
            yield asked
            for steps in _replies(prompts, asked):
                for step in steps.steps:
                    yield Asked("groundedness", {"source": source, "step": step}, Groundedness)


def _plurality(question: Question, prompts: Prompts, axes: dict[str, str]) -> Iterator[Asked]:
    solve = Asked("solve", {"question": question}, None, {"reference": question.answer or ""})
    yield solve
    yield Asked("rank", {"question": question, "solutions": list(_replies(prompts, solve))}, Assessments)


def _exercise(topic: Topic, prompts: Prompts, axes: dict[str, str]) -> Iterator[Asked]:
    first = Asked("problem", {"topic": topic, **axes}, Problem)
    yield first
    for problem in _replies(prompts, first):
        task = f"{problem.statement}\n\n```python\n{problem.signature}\n```"
        solve = Asked("solution", {"task": task})
        tests = Asked("cases", {"task": task, "name": problem.name, "most": 6}, Probes)
        yield from (solve, tests)
        for probes in _replies(prompts, tests):
            cases = [probe.case() for probe in probes.cases]
            told = {"task": task, "calls": [case.call for case in cases]}
            yield Asked("derive", told, Derivations, {"tests": cases})
        for program in _replies(prompts, solve):
            for turn in range(2):
                told = {"task": task, "program": program, "report": "a call: expected 1, found 2"}
                yield Asked("repair", told, None, {"repairs": turn})


def _reverse(code: Code, prompts: Prompts, axes: dict[str, str]) -> Iterator[Asked]:
    function = function_in(code.text, code.name)
    assert function is not None
    told = {"code": code, "name": code.name}
    yield Asked(
        "calls",
        {**told, "signature": signature(function), "most": 8},
        Calls,
        {"parameters": parameters(function)},
    )
    wish = Asked("instruction", {**told, **axes})
    yield wish
    for instruction in _replies(prompts, wish):
        yield Asked("program", {"instruction": instruction}, None, {"original": code.text, "name": code.name})


WALKS = {
    "rewrite.textbook": (_textbook, _passages),
    "revise.self_revision": (_self_revision, _passages),
    "extract.qa": (_qa, _passages),
    "question.plurality": (_plurality, lambda: _lines("questions.jsonl", Question)),
    "code.exercise": (_exercise, lambda: _lines("topics.jsonl", Topic)[:8]),
    "reverse.code": (_reverse, _functions),
}


def test_six_are_found_without_importing_and_described() -> None:
    assert set(SIX) <= set(discover(GENERATORS))
    for name in SIX:
        plugin: Generator = load(GENERATORS, name)
        assert plugin.summary.endswith("."), name
        assert all(len(set(values)) == len(values) >= 4 for values in plugin.axes.values()), name


@pytest.mark.parametrize("name", SIX)
def test_every_example_fits_what_the_generator_asks_for(name: str) -> None:
    plugin: Generator = load(GENERATORS, name)
    prompts = Prompts.read(plugin.prompts)
    walk, seeds = WALKS[name]
    seen = set()
    for number, seed in enumerate(seeds()):
        axes = {axis: values[number % len(values)] for axis, values in plugin.axes.items()}
        for asked in walk(seed, prompts, axes):  # type: ignore[operator]
            seen.add(asked.section)
            here = list(_replies(prompts, asked))
            assert here, f"{name}, {asked.section}: no example"
            assert here == list(_replies(prompts, asked, as_json=True))
    assert seen == set(prompts.sections)


@pytest.mark.parametrize("name", SIX)
def test_a_prompt_shows_its_seed_as_data(name: str) -> None:
    plugin: Generator = load(GENERATORS, name)
    prompts = Prompts.read(plugin.prompts)
    walk, seeds = WALKS[name]
    seed = seeds()[0]
    axes = {axis: values[0] for axis, values in plugin.axes.items()}
    for asked in walk(seed, prompts, axes):  # type: ignore[operator]
        user = prompts.messages(asked.section, asked.variables)[-1]["content"]
        assert quotes_in(user), f"{name}, {asked.section}: nothing is quoted"


CATALOG = """
    models:
      writer: {model: rehearsal}
    seeds:
      passages: {source: html, path: EXAMPLES/pages/debian_handbook/**/*.html, as: passage}
      questions: {source: jsonl, path: EXAMPLES/seeds/questions.jsonl, as: question}
      topics: {source: jsonl, path: EXAMPLES/seeds/topics.jsonl, as: topic}
      functions: {source: python, path: EXAMPLES/seeds/python/*.py, as: code}
    datasets:
      textbook: {seeds: passages, generator: rewrite.textbook, limit: 12}
      revised: {seeds: passages, generator: revise.self_revision, limit: 12}
      qa: {seeds: passages, generator: extract.qa, limit: 12}
      voted: {seeds: questions, generator: question.plurality, validators: [majority_vote]}
      exercises: {seeds: topics, generator: code.exercise, validators: [code_execution]}
      reversed: {seeds: functions, generator: reverse.code, validators: [code_execution]}
"""


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """All six, built over the example seeds."""
    folder: Path = tmp_path_factory.mktemp("six")
    project = Project(folder, folder / "site")
    project.write("catalog.yaml", CATALOG.replace("EXAMPLES", str(EXAMPLES)))
    project.factory("build")
    return project


def test_no_seed_fails_and_no_reply_is_asked_twice(built: Project) -> None:
    assert built.query("select * from failures") == []
    assert built.query("select * from calls where stream like '%repair:%'") == []
    done = dict(built.query("select dataset, count(*) from samples group by dataset"))
    assert done["voted"] == 44
    assert min(done.values()) >= 10


def test_every_section_of_every_procedure_is_asked(built: Project) -> None:
    asked = set(built.query("select distinct plugin, section from calls"))
    for name in SIX:
        for section in Prompts.read(load(GENERATORS, name).prompts).sections:
            assert (name, section) in asked


@pytest.mark.parametrize("dataset", ["textbook", "revised"])
def test_a_first_critique_fails_and_a_revision_passes(built: Project, dataset: str) -> None:
    critiques = built.query(
        f"select seed_number, reply from calls where dataset = '{dataset}' and section = 'critique'"
        " order by seed_number, ordinal"
    )
    lowest: dict[int, list[int]] = {}
    for seed, reply in critiques:
        scores = [item["score"] for item in json.loads(reply).values()]
        lowest.setdefault(seed, []).append(min(scores))
    assert all(scores[-1] >= 4 for scores in lowest.values())
    assert any(scores[0] < 4 for scores in lowest.values())


def test_every_quote_of_a_row_occurs_in_its_source(built: Project) -> None:
    rows = built.query("select evidence from samples where dataset in ('textbook', 'qa')")
    for (evidence,) in rows:
        grounding = Grounding.untagged(json.loads(evidence)[0])
        text = " ".join(grounding.source.split())
        assert grounding.quotes
        assert all(" ".join(quote.split()) in text for quote in grounding.quotes)


def test_answers_that_go_beyond_the_source_are_left_out(built: Project) -> None:
    judged = dict(
        built.query(
            "select reply->>'verdict', count(*) from (select reply::json as reply from calls"
            " where section = 'groundedness') group by all"
        )
    )
    kept = built.query("select count(*) from samples where dataset = 'qa'")[0][0]
    assert judged["ungrounded"] > 0
    assert kept == judged["grounded"]


def test_the_right_choice_stands_in_no_fixed_place(built: Project) -> None:
    letters = built.query("select distinct (evidence->0)->>'value' from samples where dataset = 'revised'")
    assert len(letters) >= 3


def test_a_vote_may_go_against_the_reference(built: Project) -> None:
    rows = built.query(
        "select (evidence->0)->>'value', (evidence->0)->>'reference' from accepted where dataset = 'voted'"
    )
    assert any(value != reference for value, reference in rows)
    assert any(value == reference for value, reference in rows)
    rejected = built.query("select distinct reason from rejected where dataset = 'voted'")
    assert any("easy" in reason for (reason,) in rejected)


def test_a_program_that_fails_is_mended_and_one_that_never_passes_is_kept_as_rejected(built: Project) -> None:
    repaired = built.query(
        "select (select count(*) from accepted a where a.dataset = 'exercises' and a.seed_number = c.seed_number)"
        " from calls c where c.section = 'repair'"
    )
    assert (1,) in repaired
    assert (0,) in repaired
    assert built.query("select count(*) from rejected where dataset = 'exercises'")[0][0] > 0


def test_a_wrong_expected_value_is_put_right(built: Project) -> None:
    """The example tests of two exercises hold one; no accepted row does."""
    accepted = built.query("select evidence::varchar from accepted where dataset = 'exercises'")
    wrong = 'longest_calm([0, 4, 5, 6, 6], 1.5)","expected":"(1, 5)'
    assert all(wrong not in evidence for (evidence,) in accepted)
    assert any("longest_calm" in evidence for (evidence,) in accepted)


def test_a_function_made_again_is_held_against_its_original(built: Project) -> None:
    rows = built.query(
        "select ((evidence->1)->>'agreement')::double, ((evidence->1)->>'similarity')::double,"
        " sample_id in (select sample_id from accepted) from samples where dataset = 'reversed'"
    )
    assert len(rows) > 20
    assert all(accepted == (agreement == 1.0) for agreement, _, accepted in rows)
    assert any(agreement < 1.0 for agreement, _, _ in rows)
    assert all(0.5 < similarity <= 1.0 for _, similarity, _ in rows)


def test_replays_give_the_same_rows_without_a_call(built: Project) -> None:
    built.factory("replay")
