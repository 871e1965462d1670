"""A small fastText classifier as it is used: a model, and the card that says how it came about."""

from __future__ import annotations

import functools
import re
from pathlib import Path
from typing import Any

import orjson

from factory.errors import FactoryError
from factory.plugins import Score
from factory.seeds.fasttext import file_hash, load_model, probabilities
from factory.seeds.plain import UNSPACED

# Marks stand apart from words, so that a word is the same at the end of a sentence; a run of one mark (a fence, a rule)
# is one word. fastText itself parts words at spaces alone: to it, a sentence of Chinese would be a single word, and
# a "__label__" inside of a text would be its label.
_APART = re.compile(
    r"([!-/:-@\[-`{-~¡-¿‐-⁯、-〿！-／：-＠।॥؟،؛።])\1*+|" + UNSPACED.pattern
)  # fmt: skip


@functools.lru_cache(maxsize=1)  # the steps of a chain ask for the same text, one after another
def words_of(text: str) -> str:
    """A text as our classifiers read it: in lower case, words and marks between spaces, and each character a word in
    scripts without spaces."""
    return _APART.sub(r" \g<0> ", text.lower())


class Classifier:
    """A model file, asked for scores. One with a card beside it was trained here and reads words as `words_of` gives
    them; any other fastText model is given the text as it stands.

    Raises FactoryError for a card that belongs to another model.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.hash = file_hash(path)
        self.card = _card(path.with_suffix(".json"))
        if self.card and self.hash not in (self.card.get("hash"), "missing"):
            raise FactoryError(
                f"{path.with_suffix('.json')} is the card of another model than {path}: train it again, or remove the"
                " card where the model was not trained here"
            )

    def judge(self, text: str) -> Score:
        """The expected value of labels that are numbers, else the likeliest label."""
        words = words_of(text) if self.card else text
        return judged(probabilities(load_model(self.path), words))

    def knows(self, language: str) -> bool:
        """Whether it learnt from texts in a language, as far as both are known."""
        learnt = (self.card or {}).get("languages")
        return not learnt or not language or language in learnt


def judged(labels: dict[str, float]) -> Score:
    """The expected value of labels that are numbers, else the likeliest label."""
    if not labels:
        return ""
    try:
        total = sum(labels.values())
        return round(sum(float(label) * share for label, share in labels.items()) / total, 3)
    except ValueError:
        return max(labels, key=lambda label: labels[label])


def _card(path: Path) -> dict[str, Any] | None:
    try:
        card = orjson.loads(path.read_bytes())
    except FileNotFoundError:
        return None
    except orjson.JSONDecodeError as error:
        raise FactoryError(f"{path} is no card of a classifier: {error}; train it again") from error
    return card if isinstance(card, dict) else None
