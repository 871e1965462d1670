"""The language of a page before its main content is known: cheap, so that other pages need not be read."""

from __future__ import annotations

import functools
import re
from html import unescape
from typing import Any

from factory.seeds.cleaners.language import PART, PARTS, sample
from factory.seeds.fasttext import language_model, load_model, probabilities
from factory.seeds.html.encoding import decode
from factory.seeds.html.words import names

READ = 400_000
"""Bytes of a page that are looked at."""

SURE, LEAST = 0.8, 200
"""The probability from which on a language is believed, and the characters that it takes to tell one."""

_NAME = re.compile(r"/?([a-zA-Z][a-zA-Z0-9]*)")
_NOT_WORDS = names("script style noscript template svg head code pre math textarea select")


def surely_not(raw: bytes, wanted: tuple[str, ...]) -> bool:
    """Whether the words of a page, menus and all, are surely in a language that is not wanted."""
    words = words_of(decode(raw[:READ]).text)
    if len(words) < LEAST:
        return False
    parts = unescape(sample(words) if len(words) > PARTS * PART else words)
    found = probabilities(_model(), parts, 1)
    name, score = next(iter(found.items()), ("", 0.0))
    return score >= SURE and name not in wanted


@functools.cache
def _model() -> Any:
    return load_model(language_model())


def words_of(html: str) -> str:
    """The words of a page without its tags, scripts and code, in time that grows with the page."""
    first, *pieces = html.split("<")
    parts = [first]
    inside = ""
    for piece in pieces:
        tag, closed, text = piece.partition(">")
        named = _NAME.match(tag)
        name = named[1].lower() if named else ""
        if inside:
            if name != inside or not tag.startswith("/"):
                continue
            inside = ""
        elif name in _NOT_WORDS and not tag.startswith("/"):
            inside = name
            continue
        if closed:
            parts.append(text)
    return " ".join(" ".join(parts).split())
