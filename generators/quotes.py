"""Whether what a model quotes is there: the part of groundedness that needs no model."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable

from factory.records import Passage

MIN_WORDS = 3
"""A shorter quote carries no claim: it would occur almost anywhere."""

_PLAIN = str.maketrans({"‘": "'", "’": "'", "“": '"', "”": '"', "–": "-", "—": "-", "\u00ad": None})


def source_of(passage: Passage) -> str:
    """What a model is shown of a passage: the document's title, the headings above it, and its text."""
    titled = passage.section.startswith(passage.title)
    headings = passage.section if titled else f"{passage.title}\n\n{passage.section}"
    return "\n\n".join(part for part in (headings.strip(), passage.text) if part)


def occurs(quote: str, source: str) -> bool:
    """Whether the source says the quote word for word, however lines, spaces, quotation marks and dashes
    are set in either. A quote under `MIN_WORDS` words does not count."""
    needle = _plain(quote)
    return len(needle.split()) >= MIN_WORDS and needle in _plain(source)


def all_occur(quotes: Iterable[str], source: str) -> bool:
    """Whether there are quotes and the source says each of them."""
    found = [occurs(quote, source) for quote in quotes]
    return bool(found) and all(found)


def _plain(text: str) -> str:
    return " ".join(unicodedata.normalize("NFKC", text).translate(_PLAIN).split())
