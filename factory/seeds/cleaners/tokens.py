"""`tokens`: how long a text is, by a named tokenizer."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from factory.errors import FactoryError
from factory.extras import need
from factory.plugins import Drop, Found, cleaner
from factory.records import Code, Document, Passage
from factory.seeds.fasttext import file_hash


@cleaner(takes=(Document, Passage, Code))
class tokens:
    """Counts a text's tokens, so that mixtures of whole documents know their size; and bounds them, if asked.

    `tokenizer`: a tokenizer.json, or a folder that holds one; it is called as the folder is. Scores: `tokens`,
    `tokenizer`.
    """

    def __init__(self, *, tokenizer: str, least: int = 0, most: int | None = None) -> None:
        path = Path(tokenizer)
        self.path = path / "tokenizer.json" if path.is_dir() else path
        named = self.path.parent.resolve().name if self.path.name == "tokenizer.json" else path.stem
        self.name, self.least, self.most = named, least, most
        self.fingerprint = file_hash(self.path)
        self._tokenizer: Any = None

    def clean(self, item: Found) -> Found | Drop:
        """Counts; drops what is too short or too long."""
        self._tokenizer = self._tokenizer or read_tokenizer(self.path)
        count = len(self._tokenizer.encode(item.seed.text, add_special_tokens=False))  # type: ignore[attr-defined]
        if count < self.least:
            return Drop("too few tokens", {"tokens": count})
        if self.most is not None and count > self.most:
            return Drop("too many tokens", {"tokens": count})
        return item.scored(tokens=count, tokenizer=self.name)


def read_tokenizer(path: Path) -> Any:
    """A tokenizer.json. Raises FactoryError for a missing file or package."""
    if not path.is_file():
        raise FactoryError(f"there is no tokenizer {path}; name a tokenizer.json, or a folder that holds one")
    need("train", "tokenizers", by=path.name)
    from tokenizers import Tokenizer

    return Tokenizer.from_file(str(path))
