"""First steps: a starter catalogue that builds as it stands, and samples shown with all that made them."""

from __future__ import annotations

import pytest
from conftest import Project

STEPS = "  steps: {seeds: questions, generator: lab.steps, validators: [lab.short]}"


def test_a_starter_builds_and_exports_as_it_stands(project: Project) -> None:
    out = project.factory("init", "mine")
    assert "wrote mine/catalog.yaml" in out and "next: cd mine && factory build" in out
    project.folder /= "mine"
    project.factory("build")
    assert project.query("select done, failed from progress") == [(8, 0)]
    assert "written by rehearsal" in project.factory("show", "answers", "-n", "1")
    project.factory("export", "sft")


def test_a_starter_overwrites_nothing(project: Project) -> None:
    mine = project.write("catalog.yaml", "datasets: {}")
    assert "catalog.yaml: there already" in project.factory("init", code=1)
    assert mine.read_text() == "datasets: {}"
    assert not (project.folder / "seeds").exists()


@pytest.fixture
def built(project: Project) -> Project:
    """Three questions, two samples of each."""
    project.questions("one?", "two?", "three?")
    project.catalog(STEPS)
    project.factory("build")
    return project


def test_a_sample_is_shown_with_its_seed_prompts_replies_and_verdicts(built: Project) -> None:
    sample_id = built.query("select min(sample_id) from accepted")[0][0]
    out = built.factory("show", sample_id[:12], "--full")
    assert out.startswith(f"steps  {sample_id}  accepted, written by rehearsal\n")
    for part in (
        "questions.jsonl, line",
        "asked lab.steps plan (writer, rehearsal)",
        "asked lab.steps vote (writer, rehearsal, draw 3)",
        "answered\n    branch 2 of ",
        "passed lab.short",
        'evidence [{"kind":"answer"',
    ):
        assert part in out
    assert "\x1b" not in out  # no colour where the output is no terminal


def test_a_dataset_is_shown_by_samples_in_the_order_of_their_ids(built: Project) -> None:
    ids = [row[0] for row in built.query("select sample_id from accepted order by 1")]
    shown = [
        line.split()[1]
        for line in built.factory("show", "steps", "-n", "4").splitlines()
        if "written by" in line
    ]
    assert shown == ids[:4]
    assert "'steps' has no rejected sample" in built.factory("show", "steps", "--rejected", code=1)


def test_rejected_samples_are_shown_with_who_rejected_them_and_why(built: Project) -> None:
    built.catalog(STEPS.replace("[lab.short]", "[{lab.short: {most: 1}}]"))
    built.factory("build")
    out = built.factory("show", "steps", "--rejected", "-n", "1")
    assert "rejected by lab.short: too long  {" in out
