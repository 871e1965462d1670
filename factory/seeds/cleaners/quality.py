"""`quality`: scores by a classifier that was trained on a model's annotations."""

from __future__ import annotations

from pathlib import Path

from factory.errors import FactoryError
from factory.plugins import Drop, Found, Score, cleaner
from factory.records import Document, Passage
from factory.seeds.classifier import Classifier


@cleaner(takes=(Document, Passage))
class quality:
    """Scores a text with a classifier of `factory classifier train`, and leaves out what is below `min_score`.

    `model`: its file. `score`: the name that the score gets (`education`, `factual`, `reasoning`, `topic`).
    Labels that are numbers give their expected value; others give the likeliest label. Of a text in a language (as the
    step `language` told it) that no annotation was in, score and reason say so. Without a classifier
    `heuristics` serves. Source: phi-4 report, section 2.3: small classifiers trained on a model's annotations.
    """

    def __init__(self, *, model: str, score: str = "education", min_score: float | None = None) -> None:
        self.score, self.min_score = score, min_score
        self._classifier = Classifier(Path(model))
        self.fingerprint = self._classifier.hash

    def clean(self, item: Found) -> Found | Drop:
        """Scores the text; drops it below the threshold."""
        value = self._classifier.judge(item.seed.text)  # type: ignore[attr-defined]
        language = str(item.scores.get("language", ""))
        unknown = "" if self._classifier.knows(language) else f", which learnt no {language}"
        scores: dict[str, Score] = {
            self.score: value,
            f"{self.score}_by": f"{self._classifier.path.stem}{unknown}",
        }
        if self.min_score is None:
            return item.scored(**scores)
        if not isinstance(value, float):
            raise FactoryError(
                f"quality: min_score {self.min_score:g} bounds a number, and {self._classifier.path} gives labels such"
                f" as '{value}'; leave it out (the step 'balance' chooses among labels)"
            )
        if value < self.min_score:
            return Drop(f"low {self.score}{', in a language not learnt' if unknown else ''}", scores)
        return item.scored(**scores)
