"""`quality`: scores by a classifier that was trained on a model's annotations."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from factory.plugins import Drop, Found, Score, cleaner
from factory.records import Document, Passage
from factory.seeds.fasttext import file_hash, load_model, probabilities


@cleaner(takes=(Document, Passage))
class quality:
    """Scores a text with a classifier of `factory classifier train`, and leaves out what is below `min_score`.

    `model`: its file. `score`: the name that the score gets (`education`, `factual`, `reasoning`, `topic`).
    Labels that are numbers give their expected value; others give the likeliest label. Without a classifier
    `heuristics` serves. Source: phi-4 report, section 2.3: small classifiers trained on a model's annotations.
    """

    def __init__(self, *, model: str, score: str = "education", min_score: float | None = None) -> None:
        self.path, self.score, self.min_score = Path(model), score, min_score
        self.fingerprint = file_hash(self.path)
        self._model: Any = None

    def clean(self, item: Found) -> Found | Drop:
        """Scores the text; drops it below the threshold."""
        self._model = self._model or load_model(self.path)
        value = judged(probabilities(self._model, item.seed.text))  # type: ignore[attr-defined]
        scores: dict[str, Score] = {self.score: value, f"{self.score}_by": self.path.stem}
        if self.min_score is not None and isinstance(value, float) and value < self.min_score:
            return Drop(f"low {self.score}", scores)
        return item.scored(**scores)


def judged(labels: dict[str, float]) -> Score:
    """The expected value of labels that are numbers, else the likeliest label."""
    if not labels:
        return ""
    try:
        total = sum(labels.values())
        return round(sum(float(label) * share for label, share in labels.items()) / total, 3)
    except ValueError:
        return max(labels, key=lambda label: labels[label])
