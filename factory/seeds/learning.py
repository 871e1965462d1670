"""Trains small classifiers on a model's annotations, and measures them on annotations that they have not seen."""

from __future__ import annotations

import hashlib
import json
import os
import random
import subprocess
import sys
import tempfile
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import numpy as np
import orjson

from factory.errors import FactoryError, did_you_mean
from factory.extras import need
from factory.seeds import agreement
from factory.seeds.classifier import Classifier, words_of
from factory.seeds.fasttext import file_hash, line_of, marked

HELD_OUT = 0.2
LEAST = 20
"""Annotations below which nothing is trained: what came out would be chance."""
SETTINGS = {"lr": 0.5, "wordNgrams": 2, "dim": 64, "minCount": 1, "bucket": 200_000}
# On one thread fastText draws the first tenth of its matrix and leaves the rest as memory was: a training could end in
# "Encountered NaN", or in another model each time. So each has a process of its own, told to begin with zeros (glibc
# fills what it gives with the complement of this; elsewhere so large a piece is fresh memory, and zeros too).
_ZEROS = {"MALLOC_PERTURB_": "255"}
_TRAINING = (
    "import json, sys, fasttext;"
    " fasttext.train_supervised(sys.argv[1], **json.loads(sys.argv[3])).save_model(sys.argv[2])"
)
EPOCHS, STEPS = 25, 50_000
"""So often are the annotations gone through, or until so many steps are made: with a hundred of them, 25 times is a
start, from which every text has nearly one score."""
ALIKE = 0.7
"""The similarity of word 5-grams from which on a held-out text is a copy of one that was learnt."""


@dataclass(frozen=True)
class Example:
    """A text with its label; the language it is in and the document or site it is from, where they are known."""

    text: str
    label: str
    language: str = ""
    whence: str = ""

    @property
    def held_out(self) -> bool:
        """Whether it is kept for evaluation: decided by a hash of where it is from, else of the text, so that it
        never changes sides, and that no document stands on both."""
        digest = hashlib.blake2b(
            (self.whence or self.text).encode("utf-8", "replace"), digest_size=8
        ).digest()
        return int.from_bytes(digest, "big") / 2**64 < HELD_OUT


@dataclass(frozen=True)
class Wanted:
    """What the choice among texts is to be like. `good`: the annotation from which on a text is good (mid-scale unless
    given); the cut is there too, or where so many of the kept texts are good (`precision`), or where it keeps this
    share of them (`keep`)."""

    good: float | None = None
    precision: float | None = None
    keep: float | None = None

    def __post_init__(self) -> None:
        for name, share in (("precision", self.precision), ("keep", self.keep)):
            if share is not None and not 0 < share <= 1:
                raise FactoryError(f"{name} {share:g} is not above 0 and at most 1")
        if self.precision is not None and self.keep is not None:
            raise FactoryError("a cut has a precision or keeps a share: name one of them")


def train(
    examples: Sequence[Example], output: Path, *, wanted: Wanted = Wanted(), apart: str = ""
) -> dict[str, Any]:
    """Trains a classifier on the examples that are not held out, evaluates it on those that are, and writes the model
    with its card (``.json`` beside it). The same examples, in any order, give the same model.

    `apart`: what the two parts have no common one of, told in the card.
    Raises FactoryError for too few examples, a single label, or nearly as many labels as examples.
    """
    learnt = [one for one in examples if not one.held_out]
    counts = Counter(one.label for one in learnt)
    if len(learnt) < LEAST or len(counts) < 2:
        raise FactoryError(
            f"{len(learnt)} annotations with {len(counts)} labels are too few to learn from; at least {LEAST} with"
            " two labels are needed: annotate more documents"
        )
    if len(counts) > len(learnt) // 2:
        raise FactoryError(
            f"{len(counts)} different labels in {len(learnt)} annotations are no labels, but texts of their own;"
            " name a field whose values repeat"
        )
    need("quality", "fasttext", "numba", by="a classifier")
    output.parent.mkdir(parents=True, exist_ok=True)
    # A model and its card are put in place when both are whole: what is cut short leaves the earlier ones.
    with tempfile.TemporaryDirectory(dir=output.parent, prefix=f".{output.stem}.") as folder:
        made = Path(folder) / output.name
        _learn(learnt, made)
        card = {
            "model": output.name,
            "hash": file_hash(made),
            "trained_on": len(learnt),
            "labels": dict(sorted(counts.items())),
            "languages": dict(sorted(Counter(one.language for one in learnt if one.language).items())),
            "apart": apart,
            "settings": _settings(len(learnt)),
        }
        written = made.with_suffix(".json")
        written.write_bytes(orjson.dumps(card))
        card |= evaluate(made, unseen(examples), wanted=wanted)
        written.write_bytes(orjson.dumps(card, option=orjson.OPT_INDENT_2))
        made.replace(output)
        written.replace(output.with_suffix(".json"))
    return card


def _settings(count: int) -> dict[str, float]:
    return {**SETTINGS, "epoch": max(EPOCHS, STEPS // count)}


def _learn(examples: Sequence[Example], output: Path) -> None:
    shuffled = sorted(examples, key=lambda one: (one.text, one.label))
    random.Random(0).shuffle(shuffled)
    lines = output.with_suffix(".txt")
    with lines.open("w", encoding="utf-8", errors="replace") as file:
        file.writelines(f"{marked(one.label)} {line_of(words_of(one.text))}\n" for one in shuffled)
    settings = {"thread": 1, "seed": 0, "verbose": 0, **_settings(len(examples))}
    command = [sys.executable, "-c", _TRAINING, str(lines), str(output), json.dumps(settings)]
    told = subprocess.run(
        command, stdin=subprocess.DEVNULL, capture_output=True, text=True, env={**os.environ, **_ZEROS}
    )
    if told.returncode:
        raise FactoryError(f"fastText did not learn from the annotations: {told.stderr.strip()[-500:]}")


def unseen(examples: Sequence[Example]) -> list[Example]:
    """The examples that are held out, without copies and near-copies of those that are not: a classifier has seen
    them, and would seem better than it is."""
    need("quality", "numba", by="what tells copies among annotations")
    from factory.seeds.minhash import band_keys, bands_for, hash_texts, jaccard, signatures

    held = [one for one in examples if one.held_out]
    learnt = [one for one in examples if not one.held_out]
    texts = [one.text for one in (*held, *learnt)]
    hashed = hash_texts(texts, distinct=True)
    keys = band_keys(signatures(hashed), bands_for(ALIKE))
    shingles = np.split(hashed.hashes, hashed.ends[1:-1])
    known: defaultdict[tuple[int, int], list[int]] = defaultdict(list)
    for place in range(len(held), len(texts)):
        for band, key in enumerate(keys[place].tolist()):
            known[band, key].append(place)
    found = []
    for place, one in enumerate(held):
        near = {other for at in enumerate(keys[place].tolist()) for other in known.get(at, ())}
        if not any(jaccard(shingles[place], shingles[other]) >= ALIKE for other in sorted(near)):
            found.append(one)
    return found


def evaluate(path: Path, examples: Sequence[Example], *, wanted: Wanted = Wanted()) -> dict[str, Any]:
    """How a classifier agrees with annotations, in all and by language, each by one cut for all languages.

    Labels that are numbers: `agreement.of_scores`, and what other cuts would give; else `agreement.of_labels`.
    Raises FactoryError where the annotations have other labels than the classifier.
    """
    model = Classifier(path)
    answers = [model.judge(one.text) for one in examples]
    places = _by_language(examples)
    told: dict[str, Any] = {"evaluated_on": len(examples), "scores": {}}
    if not examples:
        return told
    if not all(isinstance(answer, float) for answer in answers):
        if not {one.label for one in examples} & set(map(str, answers)):
            raise FactoryError(
                f"{path} gives labels such as '{answers[0]}', and the annotations such as '{examples[0].label}':"
                " they are of another field"
            )
        for name, some in places.items():
            pairs = [(examples[place].label, str(answers[place])) for place in some]
            told["scores"][name] = agreement.of_labels(pairs, [examples[place].whence for place in some])
        return told
    gold, found = _numbers(f"the labels of {path} are numbers", examples), np.array(answers)
    good = _good(gold, wanted)
    least = good
    if wanted.precision is not None:
        least = agreement.cut_for_precision(gold, found, good, wanted.precision)
    elif wanted.keep is not None:
        least = agreement.cut_for_share(found, wanted.keep)
    for name, some in places.items():
        whence = [examples[place].whence for place in some]
        told["scores"][name] = agreement.of_scores(
            gold[some], found[some], good=good, least=least, whence=whence
        )
    return {**told, "good": good, "min_score": least, "cuts": agreement.cuts(gold, found, good)}


def annotators(
    ones: Sequence[Example], others: Sequence[Example], *, wanted: Wanted = Wanted()
) -> dict[str, dict[str, Any]]:
    """How two annotations of the same texts agree, in all and by language: what one says is measured by the other.

    A classifier that learnt from one of them can agree with it about as far. Raises FactoryError where no text was
    annotated twice.
    """
    labels = {one.text: one.label for one in others}
    both = [(one, replace(one, label=labels[one.text])) for one in ones if one.text in labels]
    if not both:
        raise FactoryError("the two annotations have no text in common; annotate the same seed set again")
    first, second = ([pair[side] for pair in both] for side in (0, 1))
    places = _by_language(first)
    try:
        gold, found = (_numbers("the labels are numbers", side) for side in (first, second))
    except FactoryError:
        pairs = [(one.label, other.label) for one, other in both]
        return {
            name: agreement.of_labels([pairs[at] for at in some], [first[at].whence for at in some])
            for name, some in places.items()
        }
    good = _good(gold, wanted)
    return {
        name: agreement.of_scores(
            gold[some], found[some], good=good, least=good, whence=[first[at].whence for at in some]
        )
        for name, some in places.items()
    }


def _by_language(examples: Sequence[Example]) -> dict[str, list[int]]:
    """The places of all examples, and of those in each language, by name."""
    places: defaultdict[str, list[int]] = defaultdict(list)
    for place, one in enumerate(examples):
        places["all"].append(place)
        if one.language:
            places[one.language].append(place)
    return dict(sorted(places.items()))


def _good(gold: Any, wanted: Wanted) -> float:
    """The annotation from which on a text is good: mid-scale unless it is given."""
    return wanted.good if wanted.good is not None else float((gold.min() + gold.max()) / 2)


def _numbers(why: str, examples: Sequence[Example]) -> Any:
    try:
        return np.array([float(one.label) for one in examples])
    except ValueError as error:
        raise FactoryError(f"{why}, those of the annotations are not: {error}") from error


def examples_of(rows: Sequence[Mapping[str, Any]], field: str, *, apart: str = "document") -> list[Example]:
    """Annotations as examples: rows of ``text``, ``labels`` (or the field itself) and, if known, ``language``,
    ``document`` and ``url``. `apart`: whether learnt and held-out texts share no `document`, or no `site`.
    Raises FactoryError for a field that none has, or that is no single value."""
    found = []
    for row in rows:
        value = (row.get("labels") or row).get(field)
        if isinstance(value, list | dict):
            raise FactoryError(
                f"'{field}' is no label but a {type(value).__name__}; name a field with one value"
            )
        if value not in (None, "") and row.get("text"):
            site = urlsplit(str(row.get("url") or "")).hostname if apart == "site" else None
            whence = str(site or row.get("document") or "")
            found.append(Example(str(row["text"]), str(value), str(row.get("language") or ""), whence))
    if not found:
        there = sorted({name for row in rows for name in (row.get("labels") or row)} - _ABOUT)
        raise FactoryError(
            f"no annotation has the field '{field}'; there are: {', '.join(there)}{did_you_mean(field, there)}"
        )
    return found


_ABOUT = {"text", "language", "document", "url"}
