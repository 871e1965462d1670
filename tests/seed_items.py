"""What tests of sources share: files to read, and what they give, sorted into rows and what is left out."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from pathlib import Path

from factory.plugins import Broken, Found, Item, Skipped
from factory.records import Document

FILL = (
    "Words that fill a paragraph, so that there is something for a reader to read and to keep in mind. " * 4
)


def write(path: Path, text: str | bytes) -> Path:
    """A file of that content, in folders that are made for it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def rows(items: Iterable[Item]) -> list[Found | Broken]:
    """Seeds and broken records, in order."""
    return [item for item in items if not isinstance(item, Skipped)]


def text_of(items: Iterable[Item]) -> str:
    """The text of the one document that they are."""
    (item,) = items
    assert isinstance(item, Found), item
    assert isinstance(item.seed, Document)
    return item.seed.text


def left_out(items: Iterable[Item]) -> Counter[str]:
    """Records that were left out, by reason."""
    counts: Counter[str] = Counter()
    for item in items:
        if isinstance(item, Skipped):
            counts[item.reason] += item.records
    return counts
