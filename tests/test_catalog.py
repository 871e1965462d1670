"""The catalogue: every fault is told with file, line and key, and mended by its message."""

from __future__ import annotations

from pathlib import Path

import pytest

from factory.catalog import Catalog, load_catalog
from factory.errors import CatalogError, PluginError

GOOD = """\
models:
  writer: {model: rehearsal, temperature: 0.7}
seeds:
  questions: {source: jsonl, path: questions.jsonl, as: question}
  topics: {source: jsonl, path: topics.jsonl, as: topic}
datasets:
  voted: {seeds: questions, generator: question.plurality, validators: [majority_vote], tags: [sft, math]}
  exercises:
    seeds: topics
    generator: code.exercise
    validators: [code_execution, {format: {max_words: 900}}]
    tags: sft
mixtures:
  all: {chat: {select: tag:sft, share: 1.0}}
"""


def _catalog(folder: Path, text: str = GOOD, **environment: str) -> Catalog:
    path = folder / "catalog.yaml"
    path.write_text(text)
    return load_catalog(path, environment)


def _fault(folder: Path, text: str, **environment: str) -> str:
    with pytest.raises((CatalogError, PluginError)) as caught:
        catalog = _catalog(folder, text, **environment)
        for name in catalog.datasets:
            catalog.dataset(name)
    return str(caught.value)


def test_a_good_catalogue_gives_checked_datasets(tmp_path: Path) -> None:
    dataset = _catalog(tmp_path).dataset("exercises")
    assert dataset.generator.name == "code.exercise"
    assert [check.plugin.name for check in dataset.checks] == ["code_execution", "format"]
    assert dataset.tags == ("sft",)


@pytest.mark.parametrize(
    ("before", "after", "told"),
    [
        ("datasets:", "dataset:", "catalog.yaml:6: dataset: unknown key 'dataset'; did you mean 'datasets'?"),
        ("generator: question", "generatr: question", "catalog.yaml:7: datasets.voted.generatr: unknown key"),
        ("question.plurality", "question.plurallity", "did you mean 'question.plurality'?"),
        ("seeds: questions,", "seeds: question,", "did you mean 'questions'?"),
        ("as: question}", "as: questoin}", "catalog.yaml:4: seeds.questions.as"),
        ("source: jsonl, path: questions", "source: jsonlines, path: questions", "did you mean 'jsonl'?"),
        ("[code_execution,", "[code_execution, code_execution,", "code_execution is named twice"),
        ("max_words: 900", "max_word: 900", "did you mean 'max_words'?"),
        ("max_words: 900", "max_words: many", "catalog.yaml:11"),
        ("temperature: 0.7", "temprature: 0.7", "did you mean 'temperature'?"),
        ("temperature: 0.7", "temperature: hot", "catalog.yaml:2: models.writer.temperature"),
        ("seeds: topics", "seeds: questions", "code.exercise takes topic, and 'questions' gives question"),
        ("[code_execution,", "[majority_vote,", "majority_vote needs evidence 'answer'"),
        ("share: 1.0", "share: 2.0", "catalog.yaml:14: mixtures.all.chat.share"),
        ("{model: rehearsal,", "{model: ${WRITER},", "the environment variable WRITER is not set"),
        ("tags: sft", "tags: [no]", "must be text: put it in quotes, since YAML takes yes, no, on and off"),
        ("tags: sft", "tags: [1.0]", "must be text: put it in quotes (it is 1.0)"),
        ("tags: sft", "limit: many", "must be a whole number (it is 'many')"),
        (
            "[code_execution,",
            "code_execution #",
            "validators: must be a list: [...] (it is 'code_execution')",
        ),
        ("temperature: 0.7", "price: 3", "price: must be a mapping with the keys input, output (it is 3)"),
        ("temperature: 0.7", "prompt_price: 3", "did you mean 'price'?"),
        ("tags: sft", "<<: [1]", "'<<' merges a mapping, or a list of them"),
    ],
)
def test_a_fault_is_told_with_its_place(tmp_path: Path, before: str, after: str, told: str) -> None:
    assert before in GOOD
    assert told in _fault(tmp_path, GOOD.replace(before, after, 1))


def test_all_faults_are_told_at_once(tmp_path: Path) -> None:
    told = _fault(tmp_path, GOOD.replace("temperature", "temp").replace("tags: sft", "tag: sft"))
    assert "models.writer.temp" in told
    assert "datasets.exercises.tag" in told


def test_a_key_given_twice_and_broken_yaml_are_errors(tmp_path: Path) -> None:
    assert "given twice" in _fault(tmp_path, "models: {a: {model: rehearsal}, a: {model: rehearsal}}")
    assert "is not YAML" in _fault(tmp_path, "models: {a: ")


@pytest.mark.parametrize("value", ["2020-13-45", "!include other.yaml", "=", "&all [*all]"])
def test_a_value_that_yaml_cannot_make_is_told_with_its_place(tmp_path: Path, value: str) -> None:
    told = _fault(tmp_path, GOOD.replace("tags: sft", f"tags: {value}"))
    assert "catalog.yaml" in told
    assert "put it in quotes" in told or "stands within" in told


def test_a_merge_lends_keys_that_an_entry_does_not_have_itself(tmp_path: Path) -> None:
    lent = "&all {seeds: questions, generator: question.plurality, tags: [one]}"
    text = GOOD.replace("datasets:", f"datasets:\n  a: {lent}\n  b: {{tags: [two], <<: *all}}", 1)
    catalog = _catalog(tmp_path, text)
    assert catalog.dataset("b").generator is catalog.dataset("a").generator
    assert (catalog.datasets["a"].tags, catalog.datasets["b"].tags) == (("one",), ("two",))


def test_how_an_editor_saved_the_file_does_not_matter_but_for_its_encoding(tmp_path: Path) -> None:
    path = tmp_path / "catalog.yaml"
    path.write_bytes(b"\xef\xbb\xbf" + GOOD.replace("\n", "\r\n").encode())
    assert load_catalog(path).dataset("exercises").tags == ("sft",)
    path.write_bytes(b"# one\n# caf\xe9\n" + GOOD.encode())
    with pytest.raises(CatalogError, match=r"catalog.yaml:2: is not UTF-8 \(byte 0xe9\)"):
        load_catalog(path)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(CatalogError, match=r"there is no catalogue .*nowhere\.yaml"):
        load_catalog(tmp_path / "nowhere.yaml")


def test_variables_come_from_the_environment_or_their_default(tmp_path: Path) -> None:
    text = GOOD.replace("model: rehearsal", "model: ${WRITER:-rehearsal}, concurrency: ${AT_ONCE:-8}")
    assert _catalog(tmp_path, text).models["writer"].model == "rehearsal"
    changed = _catalog(tmp_path, text, WRITER="openai/x", AT_ONCE="3").models["writer"]
    assert (changed.model, changed.concurrency) == ("openai/x", 3)
    marked = _catalog(tmp_path, GOOD.replace("temperature: 0.7", "api_key: ${KEY}"), KEY="*se@same")
    assert marked.models["writer"].api_key is not None


def test_a_key_is_never_shown(tmp_path: Path) -> None:
    text = GOOD.replace("temperature: 0.7", "api_key: ${KEY}, temperature: hot")
    assert "sesame" not in _fault(tmp_path, text, KEY="sesame")
    for wrong in ("{model: bare, api_key: sesame}", "{model: openai/x, api_key: [sesame]}"):
        assert "sesame" not in _fault(tmp_path, GOOD.replace("{model: rehearsal, temperature: 0.7}", wrong))
    shown = repr(_catalog(tmp_path, text.replace("hot", "1"), KEY="sesame").models["writer"])
    assert "sesame" not in shown
