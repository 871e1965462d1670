"""What Markdown says of itself above its text: YAML between lines of three dashes, TOML between three plus signs."""

from __future__ import annotations

import datetime
import re
import tomllib
from typing import Any

import yaml

_FRONT = re.compile(
    r"---[ \t]*\r?\n(?P<yaml>.{0,20000}?)\r?\n(?:---|\.\.\.)[ \t]*(?:\r?\n|\Z)"
    r"|\+\+\+[ \t]*\r?\n(?P<toml>.{0,20000}?)\r?\n\+\+\+[ \t]*(?:\r?\n|\Z)",
    re.DOTALL,
)
_KEYS = {"title": ("title",), "author": ("author", "authors"), "date": ("date", "published", "created"),
         "licence": ("license", "licence"), "url": ("canonical_url", "canonical", "source_url"),
         "language": ("lang", "language")}  # fmt: skip


def front_matter(text: str) -> tuple[dict[str, str], int]:
    """Title, author, date, licence, url and language as far as they are told, and the character at which the
    text begins. What is no YAML or TOML of names and values is text."""
    found = _FRONT.match(text)
    # An alias may stand for any amount of text, and honest front matter has none.
    if not found or (found["yaml"] and re.search(r"(?m)[:\s-]\s[&*]\w", found["yaml"])):
        return {}, 0
    try:
        told = tomllib.loads(found["toml"]) if found["yaml"] is None else yaml.safe_load(found["yaml"])
    except (yaml.YAMLError, ValueError, RecursionError):
        return {}, 0
    if not isinstance(told, dict):
        return {}, 0
    lower = {str(key).lower(): value for key, value in told.items()}
    said = {
        name: next((words for key in keys if (words := _words(lower.get(key)))), "")
        for name, keys in _KEYS.items()
    }
    return {name: words for name, words in said.items() if words}, found.end()


def _words(value: Any) -> str:
    if isinstance(value, list):
        return "; ".join(filter(None, map(_words, value)))
    if isinstance(value, dict):
        return _words(value.get("name"))
    if isinstance(value, datetime.date):
        return value.isoformat()[:10]
    return value.strip() if isinstance(value, str) else ""
