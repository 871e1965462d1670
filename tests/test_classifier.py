"""Classifiers out of annotations: learnt, measured on what they have not seen, used in a seed set."""

from __future__ import annotations

import json
import random
from pathlib import Path

import pytest
from conftest import ROOT, Project

from factory.errors import FactoryError
from factory.plugins import Drop, Found
from factory.records import Document, Origin
from factory.seeds.classifier import Example, evaluate, examples_of, train
from factory.seeds.cleaners.quality import quality

GOOD = [
    "because",
    "therefore",
    "example",
    "theorem",
    "explains",
    "consists",
    "defined",
    "follows",
    "gravity",
    "energy",
    "proof",
]
POOR = [
    "buy",
    "cart",
    "subscribe",
    "click",
    "offer",
    "cookies",
    "shipping",
    "price",
    "login",
    "deal",
    "menu",
    "share",
]
PLAIN = [f"word{number}" for number in range(40)]


def text(words: list[str], seed: int) -> str:
    source = random.Random(seed)
    return " ".join(source.choice(words if source.random() < 0.4 else PLAIN) for _ in range(60))


def examples(count: int = 400) -> list[Example]:
    """Texts whose label follows from their words, half of them said to be German."""
    made = []
    for seed in range(count):
        grade = seed % 3  # 0, 2 or 4
        words = (POOR, POOR[:6] + GOOD[:6], GOOD)[grade]
        made.append(Example(text(words, seed), str(2 * grade), ("en", "de")[seed % 2]))
    return made


def test_a_classifier_agrees_with_annotations_that_it_has_not_seen_by_language(tmp_path: Path) -> None:
    card = train(examples(), tmp_path / "education.bin", threshold=3)
    assert 250 < card["trained_on"] < 400
    assert card["evaluated_on"] == 400 - card["trained_on"]
    for language in ("all", "en", "de"):
        scores = card["scores"][language]
        assert scores["f1"] > 0.9
        assert scores["quadratic_kappa"] > 0.8
        assert scores["spearman"] > 0.8
    assert json.loads((tmp_path / "education.json").read_text()) == card
    again = train(list(reversed(examples())), tmp_path / "again.bin", threshold=3)
    for language, scores in card["scores"].items():
        assert again["scores"][language] == pytest.approx(
            scores, abs=0.02
        )  # sums may be rounded in another order


def test_labels_that_lie_give_no_agreement(tmp_path: Path) -> None:
    source = random.Random(4)
    labels = [one.label for one in examples()]
    source.shuffle(labels)
    lying = [Example(one.text, label) for one, label in zip(examples(), labels, strict=True)]
    card = train(lying, tmp_path / "a.bin", threshold=3)
    assert abs(card["scores"]["all"]["spearman"]) < 0.35


def test_what_a_single_label_cannot_show_is_not_measured_and_a_wrong_field_is_told(tmp_path: Path) -> None:
    train(examples(), tmp_path / "a.bin")
    alike = [Example(text(GOOD, seed), "5", "fr") for seed in range(5)]
    scores = evaluate(tmp_path / "a.bin", alike)["scores"]["fr"]
    assert scores["annotations"] == 5 and scores["spearman"] is None
    rows = [{"text": "a", "labels": {"education": 3, "topic": "art"}}]
    with pytest.raises(FactoryError, match="there are: education, topic; did you mean 'education'"):
        examples_of(rows, "educaton")


def test_topics_are_labels_without_an_order(tmp_path: Path) -> None:
    topics = [
        Example(text((GOOD, POOR)[seed % 2], seed), ("natural science", "business")[seed % 2])
        for seed in range(300)
    ]
    card = train(topics, tmp_path / "topic.bin")
    assert card["scores"]["all"]["accuracy"] > 0.9
    assert evaluate(tmp_path / "topic.bin", topics)["scores"]["all"]["kappa"] > 0.8


@pytest.mark.parametrize("few", [examples(10), [Example(f"text {n}", "1") for n in range(200)]])
def test_too_few_annotations_are_refused(few: list[Example], tmp_path: Path) -> None:
    with pytest.raises(FactoryError, match="annotate more documents"):
        train(few, tmp_path / "a.bin")


def test_the_step_scores_and_leaves_out_and_its_fingerprint_is_the_model(tmp_path: Path) -> None:
    train(examples(), tmp_path / "education.bin")
    step = quality.bind(model=str(tmp_path / "education.bin"), min_score=3)
    good, poor = (Found(Document(text=text(words, 9999)), Origin(address="a")) for words in (GOOD, POOR))
    kept = step.clean(good)
    assert isinstance(kept, Found) and float(kept.scores["education"]) > 3
    left = step.clean(poor)
    assert isinstance(left, Drop) and left.reason == "low education"
    other = train(examples(300), tmp_path / "other.bin")
    assert quality.bind(model=str(tmp_path / "other.bin")).fingerprint != step.fingerprint
    assert other["hash"] == quality.bind(model=str(tmp_path / "other.bin")).fingerprint
    with pytest.raises(FactoryError, match="factory classifier train"):
        quality.bind(model=str(tmp_path / "nowhere.bin")).clean(good)


def test_annotations_become_a_classifier_that_cleans_a_seed_set(project: Project) -> None:
    """From pages to labels (by the rehearsal model), to a classifier, to scored seeds, by the commands alone."""
    shop = "Buy now and subscribe to our cart. Add it to your cart and buy more. Subscribe for a deal. " * 3
    for number in range(14):
        project.write(f"pages/shop{number}.txt", f"{shop} Offer {number} of the week.")
    pages = f"{ROOT}/examples/pages/**/*.html"
    seeds = f"""
seeds:
  shops: {{source: text, path: pages/*.txt, as: passage, with: {{min_words: 20}}, clean: [language]}}
  docs: {{source: html, path: "{pages}", as: passage, clean: [language]}}
"""
    datasets = """
datasets:
  shop_labels: {seeds: shops, generator: annotate.education}
  labels: {seeds: docs, generator: annotate.education, limit: 120}
  metadata: {seeds: docs, generator: annotate.passage, limit: 10}
"""
    project.write("catalog.yaml", seeds + datasets)
    project.factory("build")
    assert project.query("select count(*) from accepted where dataset = 'metadata'") == [(10,)]
    told = project.factory("classifier", "train", "labels", "-f", "education", "-o", "education.bin")
    assert "quadratic kappa" in told and "en" in told
    assert "spearman" in project.factory(
        "classifier", "evaluate", "education.bin", "labels", "-f", "education"
    )
    scored = project.factory("classifier", "apply", "education.bin", "shops").splitlines()
    assert {"id", "score"} == set(json.loads(scored[0]))
    project.write(
        "catalog.yaml", seeds.replace("[language]", "[language, {quality: {model: education.bin}}]")
    )
    project.factory("seeds", "docs")
    assert project.query("select seeds > 100, most > least from seed_scores where score = 'education'") == [
        (True, True)
    ]
