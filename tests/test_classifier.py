"""Classifiers out of annotations: learnt, measured on what they have not seen, used in a seed set."""

from __future__ import annotations

import json
import random
import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from conftest import ROOT, Project

from factory.errors import FactoryError
from factory.plugins import Drop, Found, Score
from factory.records import Document, Origin
from factory.seeds import agreement
from factory.seeds.classifier import Classifier
from factory.seeds.cleaners.quality import quality
from factory.seeds.learning import SETTINGS, Example, Wanted, annotators, evaluate, examples_of, train, unseen

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


def found(words: str, **scores: Score) -> Found:
    return Found(Document(text=words), Origin(address="a"), scores)


def examples(count: int = 400) -> list[Example]:
    """Texts whose label follows from their words, half of them said to be German."""
    made = []
    for seed in range(count):
        grade = seed % 3  # 0, 2 or 4
        words = (POOR, POOR[:6] + GOOD[:6], GOOD)[grade]
        made.append(Example(text(words, seed), str(2 * grade), ("en", "de")[seed % 2]))
    return made


def test_a_classifier_agrees_with_annotations_that_it_has_not_seen_by_language(tmp_path: Path) -> None:
    card = train(examples(), tmp_path / "education.bin", wanted=Wanted(good=3))
    assert 250 < card["trained_on"] < 400
    assert card["evaluated_on"] == 400 - card["trained_on"]
    for language in ("all", "en", "de"):
        scores = card["scores"][language]
        assert scores["f1"] > 0.9
        assert scores["quadratic_kappa"] > 0.8
        assert scores["spearman"] > 0.8
    assert json.loads((tmp_path / "education.json").read_text()) == card


def test_passages_of_one_document_tell_less_than_as_many_of_several() -> None:
    found = np.array([True, True, True, True, False] * 40)
    among = np.ones(200, bool)
    alone = agreement.interval_of(found, among, [str(number) for number in range(200)])
    assert alone == agreement.interval_of(found, among) == agreement.interval(160, 200)
    mixed = agreement.interval_of(found, among, [str(number // 5) for number in range(200)])
    assert mixed == alone  # each document is as the whole: nothing is more exact than independent texts
    apart = agreement.interval_of(np.sort(found), among, [str(number // 5) for number in range(200)])
    assert apart[0] < alone[0] < 0.8 < alone[1] < apart[1]
    assert agreement.interval_of(
        among, among, [str(number // 5) for number in range(200)]
    ) == agreement.interval(40, 40)
    assert agreement.interval_of(found, among, [""] * 200) == alone


def test_an_interval_holds_the_share_as_often_as_it_says_where_documents_differ() -> None:
    source = np.random.default_rng(5)
    held = naive = 0
    for _ in range(300):
        shares = source.beta(2, 1, 30)  # 2/3 of the texts are hits, and of some documents all or none
        found = source.random((30, 6)) < shares[:, None]
        whence = [str(number // 6) for number in range(180)]
        low, high = agreement.interval_of(found.ravel(), np.ones(180, bool), whence)
        held += low <= 2 / 3 <= high
        low, high = agreement.interval(int(found.sum()), 180)
        naive += low <= 2 / 3 <= high
    assert held >= 0.92 * 300 > naive


def test_a_share_is_told_with_its_interval_and_how_many_annotations_it_takes_to_know_it() -> None:
    few, many = agreement.interval(8, 10), agreement.interval(800, 1000)
    assert few == pytest.approx([0.4902, 0.9433]) and many == pytest.approx([0.7741, 0.8236])
    assert agreement.interval(0, 0) == [0.0, 1.0]
    assert agreement.times_more([0.7, 0.9], 0.05) == pytest.approx(4.0)
    gold, found = np.array([0.0, 5.0] * 50), np.array([0.2, 4.5, 0.1, 1.0] * 25)
    scores = agreement.of_scores(gold, found, good=3, least=3)
    assert scores["precision"] == 1.0 and 0.8 < scores["precision_interval"][0] < 0.9
    assert scores["recall_interval"] == agreement.interval(25, 50)


def test_two_annotations_of_the_same_texts_say_how_far_a_classifier_can_agree(tmp_path: Path) -> None:
    true = examples(600)
    source = random.Random(4)

    def annotated() -> list[Example]:
        return [replace(one, label=source.choice("024")) if source.random() < 0.3 else one for one in true]

    first, second = annotated(), annotated()
    again = annotators(first, second, wanted=Wanted(good=3))
    assert again["all"]["annotations"] == 600 and set(again) == {"all", "en", "de"}
    assert annotators(first, first)["all"]["quadratic_kappa"] == 1.0
    card = train(first, tmp_path / "a.bin", wanted=Wanted(good=3))
    truth = evaluate(tmp_path / "a.bin", unseen(true), wanted=Wanted(good=3))
    told, so = card["scores"]["all"], truth["scores"]["all"]
    assert again["all"]["quadratic_kappa"] < told["quadratic_kappa"] + 0.1 < so["quadratic_kappa"]
    with pytest.raises(FactoryError, match="no text in common"):
        annotators(first, [Example("another", "2")])


@pytest.mark.parametrize("fill", ["1", "90"])
def test_the_same_annotations_give_the_same_model_whatever_memory_held(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fill: str
) -> None:
    card = train(examples(), tmp_path / "a.bin")
    monkeypatch.setenv("MALLOC_PERTURB_", fill)  # new memory of the C library holds this byte's complement
    assert train(list(reversed(examples())), tmp_path / "b.bin")["hash"] == card["hash"]


def test_labels_that_lie_give_no_agreement(tmp_path: Path) -> None:
    source = random.Random(4)
    labels = [one.label for one in examples()]
    source.shuffle(labels)
    lying = [Example(one.text, label) for one, label in zip(examples(), labels, strict=True)]
    card = train(lying, tmp_path / "a.bin", wanted=Wanted(good=3))
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


def test_topics_keep_their_names(tmp_path: Path) -> None:
    topics = [
        Example(text((GOOD, POOR)[seed % 2], seed), ("natural science", "home and hobbies")[seed % 2])
        for seed in range(100)
    ]
    card = train(topics, tmp_path / "topic.bin")
    assert set(card["labels"]) == {"natural science", "home and hobbies"}
    step = quality.bind(model=str(tmp_path / "topic.bin"), score="topic")
    assert step.clean(found(text(GOOD, 9999))).scores["topic"] == "natural science"
    bounded = quality.bind(model=str(tmp_path / "topic.bin"), score="topic", min_score=2)
    with pytest.raises(FactoryError, match="gives labels such as 'natural science'; leave it out"):
        bounded.clean(found(text(GOOD, 9999)))


def test_scripts_without_spaces_are_learnt_character_by_character(tmp_path: Path) -> None:
    """The same few characters tell the label, in sentences none of which ever comes again."""
    filling = [chr(0x4E00 + 37 * number) for number in range(300)]

    def sentence(seed: int) -> str:
        source = random.Random(seed)
        sure = ("因为所以", "购买优惠")[seed % 2]
        return "".join(source.choice(sure if source.random() < 0.3 else filling) for _ in range(40)) + "。"

    made = [Example(sentence(seed), ("4", "0")[seed % 2], "zh") for seed in range(200)]
    assert train(made, tmp_path / "zh.bin")["scores"]["zh"]["f1"] > 0.9


def test_a_label_inside_of_a_text_is_a_word_like_others(tmp_path: Path) -> None:
    lying = [Example(f"{one.text} __label__9 </s>", one.label) for one in examples(200)]
    card = train(lying, tmp_path / "a.bin")
    assert set(card["labels"]) == {"0", "2", "4"}
    assert float(Classifier(tmp_path / "a.bin").judge(lying[0].text)) < 1


def test_passages_of_a_document_stand_on_one_side_and_so_do_pages_of_a_site(tmp_path: Path) -> None:
    rows = [
        {
            "text": text(GOOD, seed),
            "education": 3,
            "document": f"page {seed // 5}",
            "url": f"https://{seed // 50}.org/{seed}",
        }
        for seed in range(500)
    ]
    for apart, size in (("document", 5), ("site", 50)):
        made = examples_of(rows, "education", apart=apart)
        sides = [{one.held_out for one in made[start : start + size]} for start in range(0, 500, size)]
        assert all(len(side) == 1 for side in sides) and {True, False} == set.union(*sides)


def test_copies_of_what_was_learnt_measure_nothing() -> None:
    made = examples(200)
    learnt = next(one for one in made if not one.held_out)
    copies = [Example(f"{learnt.text} word{number}", "0") for number in range(200)]
    held = [one for one in made if one.held_out]
    assert unseen([*made, *copies]) == held


def test_the_cut_may_be_named_by_what_it_keeps_or_by_its_precision_and_is_one_for_all_languages(
    tmp_path: Path,
) -> None:
    made = [
        Example(
            text((POOR, POOR[:6] + GOOD[:6], GOOD)[seed % 3], seed),
            str(2 * ((seed + seed % 7 // 6) % 3)),
            spoken,
        )
        for seed in range(600)
        for spoken in ("en" if seed % 2 else "de",)
    ]
    path = tmp_path / "a.bin"
    plain = train(made, path, wanted=Wanted(good=3))
    held = unseen(made)
    kept = evaluate(path, held, wanted=Wanted(good=3, keep=0.2))
    assert kept["scores"]["all"]["keeps"] == pytest.approx(0.2, abs=0.02)
    assert kept["min_score"] > plain["min_score"] == 3
    sure = evaluate(path, held, wanted=Wanted(good=3, precision=0.8))
    assert sure["scores"]["all"]["precision"] >= 0.8
    assert sure["min_score"] <= kept["min_score"] or kept["scores"]["all"]["precision"] < 0.8
    assert [cut["keeps"] for cut in sure["cuts"]] == sorted((c["keeps"] for c in sure["cuts"]), reverse=True)
    poor = [Example(one.text, "0") for one in held]
    with pytest.raises(FactoryError, match="no score keeps texts of which 50% are good: at best 0% are"):
        evaluate(path, poor, wanted=Wanted(good=3, precision=0.5))
    with pytest.raises(FactoryError, match="precision 80 is not above 0 and at most 1"):
        Wanted(precision=80)


def test_a_language_that_was_not_learnt_is_told_in_score_and_reason(tmp_path: Path) -> None:
    train(examples(), tmp_path / "a.bin")
    step = quality.bind(model=str(tmp_path / "a.bin"), min_score=2)
    for spoken, said in (("de", "a"), ("sw", "a, which learnt no sw")):
        assert step.clean(found(text(GOOD, 9), language=spoken)).scores["education_by"] == said
    assert step.clean(found(text(POOR, 9), language="sw")).reason == "low education, in a language not learnt"


def test_a_card_of_another_model_is_refused_and_a_model_without_one_reads_plain_text(tmp_path: Path) -> None:
    import fasttext

    train(examples(), tmp_path / "a.bin")
    lines = tmp_path / "lines.txt"
    lines.write_text(
        "".join(f"__label__{one.label} {one.text.upper()}\n" for one in examples()), encoding="utf-8"
    )
    foreign = fasttext.train_supervised(str(lines), thread=1, seed=0, verbose=0, **SETTINGS)
    foreign.save_model(str(tmp_path / "a.bin"))
    with pytest.raises(FactoryError, match=r"a\.json is the card of another model"):
        Classifier(tmp_path / "a.bin")
    (tmp_path / "a.json").unlink()
    judge = Classifier(tmp_path / "a.bin").judge
    assert float(judge(text(GOOD, 9).upper())) > 3 > 1 > float(judge(text(POOR, 9).upper()))
    assert float(judge(text(GOOD, 9))) == pytest.approx(float(judge(text(POOR, 9))), abs=0.2)


def test_what_is_no_label_is_refused(tmp_path: Path) -> None:
    rows = [
        {"text": f"{number}", "labels": {"description": f"About {number}.", "steps": []}}
        for number in range(99)
    ]
    with pytest.raises(FactoryError, match="are no labels, but texts of their own"):
        train(examples_of(rows, "description"), tmp_path / "a.bin")
    with pytest.raises(FactoryError, match="'steps' is no label but a list"):
        examples_of(rows, "steps")
    train(examples(), tmp_path / "a.bin")
    with pytest.raises(FactoryError, match="are numbers, those of the annotations are not"):
        evaluate(tmp_path / "a.bin", [Example("a", "good")])
    train(
        [Example(one.text, f"label {one.label}") for one in examples()],
        tmp_path / "b.bin",
    )
    with pytest.raises(FactoryError, match="and the annotations such as '4': they are of another field"):
        evaluate(tmp_path / "b.bin", [Example("a", "4")])


def test_a_hundred_annotations_are_gone_through_until_they_are_learnt(tmp_path: Path) -> None:
    scores = train(examples(100), tmp_path / "a.bin", wanted=Wanted(good=3))["scores"]["all"]
    assert scores["f1"] > 0.9 and scores["quadratic_kappa"] > 0.6


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
    told = project.factory(
        "classifier", "evaluate", "education.bin", "labels", "-f", "education", "--again", "labels"
    )
    assert "spearman" in told and "times as many annotations" in told
    assert re.search(r"annotated twice.*\n.*all +120 .* 1\.00 \(0\.8\d to 1\.00\)", told)
    scored = project.factory("classifier", "apply", "education.bin", "shops").splitlines()
    assert {"id", "score"} == set(json.loads(scored[0]))
    project.write(
        "catalog.yaml", seeds.replace("[language]", "[language, {quality: {model: education.bin}}]")
    )
    project.factory("seeds", "docs")
    assert project.query("select seeds > 100, most > least from seed_scores where score = 'education'") == [
        (True, True)
    ]


def test_the_mix_of_topics_is_a_setting_and_a_view_shows_it_before_and_after(project: Project) -> None:
    topics = [
        Example(text((GOOD, POOR)[n % 2], n), ("natural science", "business")[n % 2]) for n in range(100)
    ]
    train(topics, project.folder / "topic.bin")
    for number in range(80):
        project.write(f"pages/{number}.txt", text(POOR if number % 4 == 0 else GOOD, 1000 + number))
    steps = "{quality: {model: topic.bin, score: topic}}, {balance: {shares: {natural science: 0.5}}}"
    project.write(
        "catalog.yaml",
        "seeds:\n  web: {source: text, path: pages/*.txt, as: document, with: {min_words: 20},"
        f" clean: [{steps}]}}\n",
    )
    project.factory("seeds")
    mix = project.query(
        "select topic, seeds + left_out, share_before, left_out > 0 from topic_mix order by topic"
    )
    assert mix == [("business", 20, 0.25, False), ("natural science", 60, 0.75, True)]
    ((share,),) = project.query("select share from topic_mix where topic = 'natural science'")
    assert share == pytest.approx(0.5, abs=0.1)


def test_passages_do_not_inherit_the_length_of_their_document(project: Project) -> None:
    from tokenizers import Tokenizer, models, pre_tokenizers

    made = Tokenizer(models.WordLevel({"[UNK]": 0}, unk_token="[UNK]"))
    made.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    (project.folder / "words").mkdir()
    made.save(str(project.folder / "words/tokenizer.json"))
    project.write("pages/a.txt", "\n\n".join(text(GOOD, number) for number in range(10)))
    project.write(
        "catalog.yaml",
        "seeds:\n  web: {source: text, path: pages/*.txt, as: document, clean: [language: {min_score: 0},"
        " tokens: {tokenizer: words/tokenizer.json}]}\n  cut: {from: web, as: passage}\n",
    )
    project.factory("seeds")
    assert project.query("select scores ->> 'tokens', scores ->> 'tokenizer' from sets.web") == [
        ("600", "words")
    ]
    scores = project.query("select distinct json_keys(scores) from sets.cut")
    assert scores == [(["language", "language_score"],)]
