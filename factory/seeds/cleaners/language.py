"""`language`: which of 176 languages a text is written in, and whether that is wanted."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from factory.errors import FactoryError
from factory.plugins import Drop, Found, Score, cleaner
from factory.records import Document, Passage, Question
from factory.seeds.fasttext import file_hash, language_model, load_model, probabilities
from factory.seeds.plain import prose

_CODE = re.compile(r"[a-z]{2,3}")
PARTS, PART = 5, 400
"""A long text is judged by so many parts of so many characters, spread over it: enough, and quick."""


@cleaner(takes=(Document, Passage, Question))
class language:
    """Tells the language of a text (fastText, 176 languages), and leaves out what is not wanted.

    `keep`: ISO 639-1 codes that are wanted; none: all. `min_score`: the least probability of the language.
    `model`: another fastText model of languages. Code and formulas are not judged. Scores: `language`,
    `language_score`. Source: phi-4 report, section 2.3, "Multilingual data".
    """

    def __init__(self, *, keep: tuple[str, ...] = (), min_score: float = 0.5, model: str = "") -> None:
        self.keep, self.min_score = frozenset(checked("language: keep", keep)), min_score
        self.path = Path(model) if model else language_model()
        self.fingerprint = file_hash(self.path)
        self._model: Any = None

    def clean(self, item: Found) -> Found | Drop:
        """Scores the text; drops it where its language is unsure or not wanted."""
        self._model = self._model or load_model(self.path)
        found = probabilities(self._model, sample(prose(item.seed.text)), 1)  # type: ignore[attr-defined]
        name, score = next(iter(found.items()), ("", 0.0))
        scores: dict[str, Score] = {"language": name, "language_score": round(min(score, 1.0), 3)}
        if score < self.min_score:
            return Drop("language unsure", scores)
        if self.keep and name not in self.keep:
            return Drop("language not wanted", scores)
        return item.scored(**scores)


def checked(where: str, codes: tuple[str, ...]) -> tuple[str, ...]:
    """Codes of languages. Raises FactoryError for what cannot be one: it would leave out everything."""
    for code in codes:
        if not _CODE.fullmatch(code):
            raise FactoryError(f"{where}: '{code}' is no code of ISO 639, such as en, de, zh, or ceb")
    return codes


def sample(text: str) -> str:
    """Parts of a long text from its beginning to its end; a short one as it is."""
    if len(text) <= PARTS * PART:
        return text
    step = (len(text) - PART) // (PARTS - 1)
    return " ".join(text[at : at + PART] for at in range(0, step * PARTS, step))
