"""Small fastText classifiers out of a model's annotations: trained, evaluated, kept with a card."""

from __future__ import annotations

import hashlib
import random
import tempfile
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import orjson

from factory.errors import FactoryError, did_you_mean
from factory.extras import need
from factory.seeds.cleaners.quality import judged
from factory.seeds.fasttext import file_hash, line_of, load_model, probabilities

HELD_OUT = 0.2
LEAST = 20
"""Annotations below which nothing is trained: what came out would be chance."""


@dataclass(frozen=True)
class Example:
    """A text with its label, and the language it is in where that is known."""

    text: str
    label: str
    language: str = ""

    @property
    def held_out(self) -> bool:
        """Whether it is kept for evaluation: decided by a hash of the text, so it never changes sides."""
        digest = hashlib.blake2b(self.text.encode("utf-8", "replace"), digest_size=8).digest()
        return int.from_bytes(digest, "big") / 2**64 < HELD_OUT


def train(
    examples: Sequence[Example], output: Path, *, threshold: float | None = None, **options: Any
) -> dict[str, Any]:
    """Trains a classifier on the examples that are not held out, evaluates it on those that are, and writes the
    model with its card (``.json`` beside it). The same examples, in any order, give the same model
    up to rounding.

    `options`: of fastText's train_supervised. Raises FactoryError for too few examples or a single label.
    """
    learnt = [one for one in examples if not one.held_out]
    counts = Counter(one.label for one in learnt)
    if len(learnt) < LEAST or len(counts) < 2:
        raise FactoryError(
            f"{len(learnt)} annotations with {len(counts)} labels are too few to learn from; at least {LEAST} with"
            " two labels are needed: annotate more documents"
        )
    need("quality", "fasttext", by="a classifier")
    import fasttext

    settings = {
        "lr": 0.5,
        "epoch": 25,
        "wordNgrams": 2,
        "dim": 64,
        "minCount": 1,
        "bucket": 200_000,
        **options,
    }
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "train.txt"
        shuffled = sorted(learnt, key=lambda one: (one.text, one.label))
        random.Random(0).shuffle(shuffled)
        file.write_text(
            "".join(f"__label__{one.label.replace(' ', '_')} {line_of(one.text)}\n" for one in shuffled),
            encoding="utf-8",
        )
        model = fasttext.train_supervised(str(file), thread=1, seed=0, verbose=0, **settings)
        output.parent.mkdir(parents=True, exist_ok=True)
        model.save_model(str(output))
    card = {
        "model": output.name,
        "hash": file_hash.__wrapped__(output),
        "trained_on": len(learnt),
        "labels": dict(sorted(counts.items())),
        "settings": settings,
        **evaluate(output, [one for one in examples if one.held_out], threshold=threshold),
    }
    output.with_suffix(".json").write_bytes(orjson.dumps(card, option=orjson.OPT_INDENT_2))
    return card


def evaluate(path: Path, examples: Sequence[Example], *, threshold: float | None = None) -> dict[str, Any]:
    """How a classifier agrees with annotations that it has not seen, in all and by language.

    Where labels are numbers: precision, recall and F1 of "at least `threshold`" (the middle of the scale unless
    given), quadratic kappa of the rounded score, Spearman's rank correlation. Else: accuracy, macro F1, kappa.
    What cannot be measured on so few or so equal labels is None.
    """
    model = load_model(path)
    by_language: defaultdict[str, list[tuple[str, Any]]] = defaultdict(list)
    for one in examples:
        answer = judged(probabilities(model, one.text))
        by_language["all"].append((one.label.replace(" ", "_"), answer))
        if one.language:
            by_language[one.language].append((one.label.replace(" ", "_"), answer))
    measured = {name: _measured(pairs, threshold) for name, pairs in sorted(by_language.items())}
    return {"evaluated_on": len(examples), "scores": measured}


def _measured(pairs: Sequence[tuple[str, Any]], threshold: float | None) -> dict[str, Any]:
    if all(isinstance(answer, float) for _, answer in pairs):
        gold = np.array([float(label) for label, _ in pairs])
        found = np.array([answer for _, answer in pairs])
        bar = threshold if threshold is not None else float((gold.min() + gold.max()) / 2)
        return {
            "annotations": len(pairs),
            "threshold": bar,
            **_hits(gold >= bar, found >= bar),
            "quadratic_kappa": _kappa(gold.round().astype(int), found.round().astype(int), quadratic=True),
            "spearman": _spearman(gold, found),
        }
    labels = sorted({label for label, _ in pairs} | {str(answer) for _, answer in pairs})
    gold = np.array([labels.index(label) for label, _ in pairs])
    found = np.array([labels.index(str(answer)) for _, answer in pairs])
    each = [_hits(gold == place, found == place)["f1"] for place in sorted(set(gold.tolist()))]
    return {
        "annotations": len(pairs),
        "accuracy": round(float((gold == found).mean()), 4),
        "macro_f1": round(sum(each) / len(each), 4),
        "kappa": _kappa(gold, found, quadratic=False),
    }


def _hits(gold: Any, found: Any) -> dict[str, float]:
    both = int((gold & found).sum())
    precision = both / int(found.sum()) if found.any() else 0.0
    recall = both / int(gold.sum()) if gold.any() else 0.0
    total = precision + recall
    return {
        "precision": round(precision, 4),
        "recall": round(recall, 4),
        "f1": round(2 * precision * recall / total, 4) if total else 0.0,
    }


def _kappa(gold: Any, found: Any, *, quadratic: bool) -> float | None:
    """Cohen's kappa; with squared distances as weights where labels are steps of a scale. None where chance alone
    would agree as well: with a single label there is nothing to agree on."""
    low = min(int(gold.min()), int(found.min()))
    size = max(int(gold.max()), int(found.max())) - low + 1
    seen = np.zeros((size, size))
    np.add.at(seen, (gold - low, found - low), 1)
    steps = np.arange(size)
    weights = (
        (steps[:, None] - steps[None, :]) ** 2
        if quadratic
        else (steps[:, None] != steps[None, :]).astype(float)
    )
    expected = np.outer(seen.sum(1), seen.sum(0)) / seen.sum()
    chance = float((weights * expected).sum())
    return round(1 - float((weights * seen).sum()) / chance, 4) if chance else None


def _spearman(gold: Any, found: Any) -> float | None:
    """The correlation of ranks; None where there is none to speak of, since all are equal or there are too few."""
    if len(gold) < 3 or gold.std() == 0 or found.std() == 0:
        return None
    return round(float(np.corrcoef(_ranks(gold), _ranks(found))[0, 1]), 4)


def _ranks(values: Any) -> Any:
    """Ranks, equal values sharing the mean of theirs."""
    order = np.argsort(values, kind="stable")
    ranks = np.empty(len(values))
    ranks[order] = np.arange(len(values))
    for value in np.unique(values):
        same = values == value
        ranks[same] = ranks[same].mean()
    return ranks


def examples_of(rows: Sequence[Mapping[str, Any]], field: str) -> list[Example]:
    """Annotations as examples: rows of ``text``, ``labels`` (or the field itself) and, if known, ``language``."""
    found = []
    for row in rows:
        value = (row.get("labels") or row).get(field)
        if value is not None and row.get("text"):
            found.append(Example(str(row["text"]), str(value), str(row.get("language") or "")))
    if not found:
        there = sorted({name for row in rows for name in (row.get("labels") or row)} - {"text", "language"})
        raise FactoryError(
            f"no annotation has the field '{field}'; there are: {', '.join(there)}{did_you_mean(field, there)}"
        )
    return found
