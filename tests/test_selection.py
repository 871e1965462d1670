"""Selection: which datasets and seed sets are meant, in the language of dbt, with near misses told."""

from __future__ import annotations

from collections.abc import Mapping, Sequence, Set
from pathlib import Path

import pytest
from conftest import Project

from factory.catalog import Catalog, load_catalog
from factory.errors import CatalogError
from factory.selection import select_datasets, select_seed_sets

CATALOG = """\
seeds:
  web: {source: html, path: '*.html', as: document}
  passages: {from: web, as: passage}
  questions: {source: jsonl, path: questions.jsonl, as: question}
  spare: {source: jsonl, path: spare.jsonl, as: question}
datasets:
  docs_qa: {seeds: passages, generator: extract.qa, tags: [sft, pretrain]}
  rewritten: {seeds: passages, generator: rewrite.exercise, tags: pretrain}
  voted: {seeds: questions, generator: question.plurality, tags: [sft, math]}
"""


@pytest.fixture
def catalog(tmp_path: Path) -> Catalog:
    path = tmp_path / "catalog.yaml"
    path.write_text(CATALOG)
    return load_catalog(path, {})


def _states(names: Sequence[str]) -> Mapping[str, Set[str]]:
    return {"modified": {"rewritten", "voted"} & set(names), "new": {"voted"} & set(names)}


@pytest.mark.parametrize(
    ("wanted", "names"),
    [
        ([], ["docs_qa", "rewritten", "voted"]),
        (["voted", "docs_qa"], ["docs_qa", "voted"]),
        (["*r*"], ["rewritten"]),
        (["tag:math"], ["voted"]),
        (["generator:rewrite.*"], ["rewritten"]),
        (["web+"], ["docs_qa", "rewritten"]),
        (["passages+", "voted"], ["docs_qa", "rewritten", "voted"]),
        (["+docs_qa"], ["docs_qa"]),
        (["+tag:math"], ["voted"]),
        (["docs_qa+"], ["docs_qa"]),
        (["tag:pretrain,tag:sft"], ["docs_qa"]),
        (["state:modified"], ["rewritten", "voted"]),
        (["state:new"], ["voted"]),
        (["tag:pretrain,state:modified"], ["rewritten"]),
        (["tag:pretrain,state:new"], []),
    ],
)
def test_a_selector_means_what_it_means_in_dbt(catalog: Catalog, wanted: list[str], names: list[str]) -> None:
    assert select_datasets(catalog, wanted, (), _states) == names


def test_what_is_excluded_is_selected_in_the_same_words(catalog: Catalog) -> None:
    assert select_datasets(catalog, ["tag:sft"], ["v*"]) == ["docs_qa"]
    assert select_datasets(catalog, [], ["state:new"], _states) == ["docs_qa", "rewritten"]


@pytest.mark.parametrize(
    ("selector", "told"),
    [
        ("votd", "'votd' selects no dataset; did you mean 'voted'?"),
        ("tag:stf", "did you mean 'sft'?"),
        ("generator:extract.qb", "did you mean 'extract.qa'?"),
        ("passage+", "did you mean 'passages'?"),
        ("tga:sft", "unknown selector 'tga:sft'; did you mean 'tag'?"),
        ("state:modifed", "'state:modifed' names no state; did you mean 'modified'?"),
        ("+votd", "did you mean 'voted'?"),
        ("web", "'web' is a seed set; 'web+' selects the datasets that stand on it"),
        ("+web", "'factory seeds +web' reads it"),
        ("tag:math,tag:pretrain", "no dataset is in all of 'tag:math,tag:pretrain'"),
    ],
)
def test_what_selects_nothing_is_told_with_what_may_have_been_meant(
    catalog: Catalog, selector: str, told: str
) -> None:
    with pytest.raises(CatalogError) as caught:
        select_datasets(catalog, [selector], (), _states)
    assert told in str(caught.value)


def test_state_is_told_to_need_a_store_where_none_is_at_hand(catalog: Catalog) -> None:
    with pytest.raises(CatalogError, match="'state:modified' depends on what the store holds"):
        select_datasets(catalog, ["state:modified"])


@pytest.mark.parametrize(
    ("wanted", "names"),
    [
        ([], ["web", "passages", "questions", "spare"]),
        (["passages"], ["passages"]),
        (["s*"], ["spare"]),
        (["+docs_qa"], ["web", "passages"]),
        (["+voted", "spare"], ["questions", "spare"]),
        (["+passages"], ["web", "passages"]),
        (["+tag:pretrain"], ["web", "passages"]),
        (["+state:new"], ["questions"]),
    ],
)
def test_seed_sets_are_selected_by_name_or_by_what_stands_on_them(
    catalog: Catalog, wanted: list[str], names: list[str]
) -> None:
    assert select_seed_sets(catalog, wanted, _states) == names


@pytest.mark.parametrize(
    ("selector", "told"),
    [
        ("passage", "no seed set is called 'passage'; did you mean 'passages'?"),
        ("voted", "it is a dataset; '+voted' names the seed sets that it stands on"),
        ("+doc_qa", "no dataset and no seed set is called 'doc_qa'; did you mean 'docs_qa'?"),
    ],
)
def test_a_seed_set_that_is_not_there_is_told(catalog: Catalog, selector: str, told: str) -> None:
    with pytest.raises(CatalogError) as caught:
        select_seed_sets(catalog, [selector])
    assert told in str(caught.value)


# ------------------------------------------------------------------------------- with a real store

STEPS = "  steps: {seeds: questions, generator: lab.steps}"
ANSWERS = "  answers: {seeds: questions, generator: lab.answer, validators: [lab.short]}"


def _calls(project: Project) -> list[tuple[str, int]]:
    return project.query("select dataset, count(*) from calls group by all order by all")


def test_state_modified_builds_what_was_never_built_or_has_changed_and_nothing_else(project: Project) -> None:
    project.questions("one?", "two?")
    project.catalog(ANSWERS)
    project.factory("build", "--select", "state:modified")
    assert _calls(project) == [("answers", 2)]
    assert "nothing to do" in project.factory("build", "-s", "state:modified")
    assert "no dataset" in project.factory("plan", "-s", "state:modified")

    project.questions("one?", "two?", "three?")
    project.catalog(STEPS + "\n" + ANSWERS)
    told = project.factory("plan", "-s", "state:modified")
    assert "steps" in told
    assert "answers" not in told
    project.factory("build", "-s", "state:modified")
    # A new seed changes nothing of what was built: the other dataset is left as it was.
    assert _calls(project) == [("answers", 2), ("steps", 18)]

    project.catalog(STEPS + "\n" + ANSWERS.replace("[lab.short]", "[{lab.short: {most: 50}}]"))
    assert "answers" in project.factory("plan", "-s", "state:modified", "-x", "steps")
    project.factory("build", "-s", "state:modified")
    assert project.query("select done, unjudged from progress where dataset = 'answers'") == [(3, 0)]


def test_seeds_reads_what_a_dataset_stands_on_and_asks_nothing(project: Project) -> None:
    project.questions("one?", "two?")
    project.catalog(ANSWERS)
    assert "questions: 2 seeds" in project.factory("seeds", "+answers")
    assert project.query("select count(*) from calls") == [(0,)]
    assert "did you mean 'answers'" in project.factory("seeds", "+answer", code=1)
