"""`factory plan`: what a build would do, what it would take, and on what that estimate rests."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from conftest import Project, Server

STEPS = "  steps: {seeds: questions, generator: lab.steps}"
ANSWERS = "  answers: {seeds: questions, generator: lab.answer, validators: [lab.short]}"
ASKED = {
    "labchecks/asked.py": '''
        """Asks a model twice about each sample that it has not rejected by its length."""
        from factory.plugins import validator
        from factory.records import Sample, Verdict
        from factory.teacher import Teacher

        @validator(roles="critic")
        async def asked(sample: Sample, teacher: Teacher, *, which: str = "a") -> Verdict:
            """Asks a model twice."""
            await teacher.ask("opinion", n=2, role="critic", text=sample.texts()[-1], which=which)
            return Verdict.accept()
    ''',
    "labchecks/asked.md": """
        # lab.asked
        ## opinion
        Is this fine ({{ which }})? {{ text }}
        ### example
        fine
    """,
}


def _row(told: str, dataset: str) -> list[str]:
    """The cells of a dataset's row: seeds, done, failed, to do, calls, tokens, cost, state."""
    row = next(line for line in told.splitlines() if re.match(rf"\s*{dataset} ", line))
    return re.split(r"\s{2,}", row.strip())[1:]


def _models(price: str = "{input: 2, output: 10}") -> str:
    return f"{{writer: {{model: rehearsal, price: {price}}}, critic: {{model: rehearsal, price: {price}}}}}"


@pytest.fixture
def built(project: Project) -> Project:
    """Ten seeds of a dataset whose validator asks a model, finished; and ten more seeds."""
    for name, text in ASKED.items():
        project.plugin(name, text)
    project.questions(*(f"question {number}?" for number in range(10)))
    project.catalog(ANSWERS.replace("[lab.short]", "[lab.short, lab.asked]"), _models())
    project.factory("build")
    project.questions(*(f"question {number}?" for number in range(20)))
    project.factory("seeds")
    return project


def test_calls_tokens_and_money_follow_from_the_finished_seeds_validators_counted_in(built: Project) -> None:
    calls, tokens, cost = built.query(
        "select count(*), sum(prompt_tokens + completion_tokens), sum(cost) from calls"
    )[0]
    assert calls == 30
    told = built.factory("plan")
    row = _row(told, "answers")
    assert row[:5] == ["20", "10", "0", "10", "30"]
    assert int(row[5].replace(",", "")) == pytest.approx(tokens, abs=1)
    assert float(row[6]) == pytest.approx(cost, abs=1e-4)
    assert "answers: estimated from 10 finished seeds, answered by the rehearsal model" in told
    assert "lab.asked: 10 judged samples" in told
    built.factory("build")
    assert built.query("select count(*) from calls") == [(60,)]
    assert _row(built.factory("plan"), "answers")[3:] == ["0", "0", "0", "0.0000", "finished"]


def test_money_is_reckoned_at_the_prices_of_today(built: Project) -> None:
    before = float(_row(built.factory("plan"), "answers")[6])
    catalog = built.folder / "catalog.yaml"
    catalog.write_text(catalog.read_text().replace("input: 2, output: 10", "input: 20, output: 100"))
    assert float(_row(built.factory("plan"), "answers")[6]) == pytest.approx(10 * before, rel=0.05)


def test_a_changed_validator_is_counted_alone(built: Project) -> None:
    built.questions(*(f"question {number}?" for number in range(10)))
    built.factory("seeds")
    catalog = built.folder / "catalog.yaml"
    catalog.write_text(catalog.read_text().replace("lab.asked]", "{lab.asked: {which: b}}]"))
    row = _row(built.factory("plan"), "answers")
    assert (row[3], row[4], row[7]) == ("10", "20", "validators changed")
    built.factory("build")
    assert built.query("select count(*) from calls") == [(50,)]


def test_a_new_dataset_is_estimated_from_others_of_its_generator_or_said_to_have_no_basis(
    built: Project,
) -> None:
    catalog = built.folder / "catalog.yaml"
    twin = "  twin: {seeds: questions, generator: lab.answer, limit: 4, with: {role: critic}}"
    catalog.write_text(catalog.read_text() + twin + "\n" + STEPS + "\n")
    told = built.factory("plan")
    assert _row(told, "twin")[:5] == ["4", "0", "0", "4", "4"]
    assert "twin: estimated from 10 finished seeds of answers" in told
    assert _row(told, "steps")[3:] == ["20", "?", "?", "?", "never built"]
    assert "steps: no basis for an estimate of lab.steps" in told
    assert _row(told, "in all")[0].endswith("+")


def test_a_validator_that_judged_nothing_yet_is_said_to_have_no_basis(project: Project) -> None:
    for name, text in ASKED.items():
        project.plugin(name, text)
    project.questions("one?", "two?")
    project.catalog(ANSWERS, _models())
    project.factory("build")
    project.catalog(ANSWERS.replace("[lab.short]", "[lab.short, lab.asked]"), _models())
    told = project.factory("plan")
    assert "answers: no basis for an estimate of lab.asked" in told
    assert _row(told, "answers")[3:5] == ["2", "0+"]


def test_seeds_that_were_never_read_are_not_taken_for_none(project: Project) -> None:
    project.questions("one?")
    project.catalog(ANSWERS)
    assert "no basis for an estimate" in project.factory("plan")  # there is no store yet
    project.factory("build")
    catalog = project.folder / "catalog.yaml"
    text = catalog.read_text().replace(
        "seeds: {questions:", "seeds: {more: {source: jsonl, path: m, as: question}, questions:"
    )
    catalog.write_text(text + STEPS.replace("seeds: questions", "seeds: more") + "\n")
    told = project.factory("plan")
    assert _row(told, "steps")[0] == "?"
    assert "steps: 'more' was never read; to count its seeds: factory seeds +steps" in told


def test_a_changed_limit_or_seed_set_is_work_to_do(project: Project) -> None:
    project.questions("one?", "two?", "three?")
    project.catalog(ANSWERS.replace("{seeds", "{limit: 1, seeds"))
    project.factory("build")
    project.catalog(ANSWERS)
    row = _row(project.factory("plan"), "answers")
    assert (row[0], row[3], row[7]) == ("3", "2", "seed set or limit changed")
    project.factory("build", "-s", "state:modified")
    assert project.query("select done from progress") == [(3,)]


def test_settings_that_were_had_before_are_no_work(project: Project) -> None:
    project.questions("one?", "two?")
    for change in ("", ", with: {role: critic}"):
        project.catalog(ANSWERS.replace("lab.answer", f"lab.answer{change}"))
        project.factory("build")
    project.catalog(ANSWERS)
    assert _row(project.factory("plan"), "answers")[3] == "0"


def test_a_model_without_a_price_and_a_budget_that_is_too_small_are_said(
    project: Project, serve: Callable[..., Server]
) -> None:
    server = serve()
    project.questions(*(f"question {number}?" for number in range(10)))
    project.catalog(ANSWERS)
    project.factory("build")
    model = f"model: openai/some, api_base: '{server.address}', api_key: x"
    project.catalog(ANSWERS, f"{{writer: {{{model}}}}}")
    told = project.factory("plan")
    assert _row(told, "answers")[6] == "no price"
    assert "the model 'writer' has no price" in told
    project.catalog(ANSWERS, f"{{writer: {{{model}, price: {{input: 1, output: 1000}}, budget: 0.05}}}}")
    told = project.factory("plan")
    assert "budget of writer: 0.0500 of 0.05 left" in told
    assert "the build would stop at the cap" in told
