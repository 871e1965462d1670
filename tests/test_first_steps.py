"""First steps: a starter catalogue that builds as it stands, and samples shown with all that made them."""

from __future__ import annotations

from importlib import metadata

import pytest
from conftest import Project
from packaging.requirements import Requirement

STEPS = "  steps: {seeds: questions, generator: lab.steps, validators: [lab.short]}"


def test_a_starter_builds_and_exports_as_it_stands(project: Project) -> None:
    out = project.factory("init", "mine")
    assert "wrote mine/catalog.yaml" in out and "next: cd mine && factory build" in out
    project.folder /= "mine"
    project.factory("build")
    assert project.query("select done, failed from progress") == [(8, 0)]
    assert "written by rehearsal" in project.factory("show", "answers", "-n", "1")
    project.factory("export", "sft")


CORE_ALONE = """
import sys
from importlib.machinery import PathFinder

class Alone(PathFinder):
    @classmethod
    def find_spec(cls, name, path=None, target=None):
        return None if name.partition(".")[0] in BEYOND else super().find_spec(name, path, target)

sys.meta_path[:] = [Alone if finder is PathFinder else finder for finder in sys.meta_path]
"""


@pytest.fixture
def core_alone(project: Project) -> Project:
    """A project where only what the core depends on can be imported."""
    core, found = {"seedfactory"}, ["seedfactory"]
    while found:
        for line in metadata.requires(found.pop()) or ():
            needed = Requirement(line)
            if (needed.marker is None or needed.marker.evaluate({"extra": ""})) and needed.name not in core:
                core.add(needed.name)
                found.append(needed.name)
    modules = metadata.packages_distributions()
    core = {name.lower().replace("_", "-") for name in core}
    beyond = [
        module
        for module, owners in modules.items()
        if not core & {owner.lower().replace("_", "-") for owner in owners}
    ]
    assert {"torch", "numba", "fastwarc", "fasttext"} <= set(beyond)
    project.plugin("sitecustomize.py", CORE_ALONE + f"BEYOND = {set(beyond)}\n")
    return project


def test_a_starter_builds_with_the_core_alone(core_alone: Project) -> None:
    core_alone.factory("init", ".")
    core_alone.factory("build")
    assert core_alone.query("select done, failed from progress") == [(8, 0)]
    core_alone.factory("export", "sft")
    assert "lacks" in core_alone.factory("doctor")


def test_a_missing_package_is_named_with_what_needs_it_before_any_work(core_alone: Project) -> None:
    core_alone.questions("one?", "two?")
    core_alone.catalog("  steps: {seeds: questions, generator: lab.steps, validators: [near_duplicate]}")
    mend = "numba, which is not installed: pip install 'seedfactory[seeds]'"
    for command in (["build"], ["plan"], ["decontaminate", "index", "questions.jsonl", "--output", "index"]):
        assert mend in core_alone.factory(*command, code=1)
    assert core_alone.query("select count(*) from samples") == [(0,)]
    for command in (["train", "recipe.yaml"], ["tune", "tuning.yaml"], ["evaluate", "model", "tasks"]):
        assert "pip install 'seedfactory[train]'" in core_alone.factory(*command, code=1)
    pages = core_alone.write("pages.warc", "WARC/1.0")
    assert "web archive needs fastwarc" in core_alone.factory("extract", pages.name, code=1)


@pytest.mark.parametrize(("model", "extra"), [("mistral/small", "litellm"), ("local/weights", "train")])
def test_a_model_whose_packages_are_missing_stops_the_build_with_what_to_install(
    core_alone: Project, model: str, extra: str
) -> None:
    core_alone.write("weights/config.json", "{}")
    core_alone.questions(*(f"question {number}?" for number in range(20)))
    core_alone.catalog("  rows: {seeds: questions, generator: lab.answer}", f"{{writer: {{model: {model}}}}}")
    out = core_alone.factory("build", code=1)
    assert f"{model} needs" in out and f"pip install 'seedfactory[{extra}]'" in out
    assert core_alone.query("select status from builds") == [("stopped",)]


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
