"""What a page says to machines of its main entity, where a script puts the page together and its body says little."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from html import unescape
from typing import Any

import orjson

from factory.seeds.html.blocks import Block, blocks_of
from factory.seeds.html.metadata import Head, json_ld_items
from factory.seeds.html.parse import parse
from factory.seeds.html.words import names

_DESCRIPTIONS = ("description", "og:description", "twitter:description")
_TITLES = ("headline", "name", "title")
_TEXTS = ("articleBody", "text", "reviewBody", "description")
_LISTS = ("recipeIngredient", "recipeInstructions", "step", "itemListElement")
_ANSWERS = ("acceptedAnswer", "suggestedAnswer", "comment")
_AROUND = names(
    "website breadcrumblist person imageobject videoobject searchaction itemlist sitenavigationelement brand offer"
    " aggregaterating rating corporation"
)
_AROUND_ENDS = (
    "organization",
    "webpage",
    "collectionpage",
    "profilepage",
    "itempage",
    "aboutpage",
    "contactpage",
)
_OF_PROGRAM = names(
    "messages translations locale locales i18n config env theme flags experiments query styles"
)
_LEAST_SAID = 100  # characters below which a page says nothing
_SHORT = 400  # below which the page of a product lacks its description
_SHARE = 0.3  # of the text of an article, below which a page only begins it
_LONGEST_TAG = 300
_MOST_VALUES = 50_000
_SENTENCE = 80
_LONGEST_WORDS = 12  # characters of a word and a space, on average, in prose
_TAG = re.compile(r"<(?:p|div|br|li|ul|h\d|span|strong|b|em|a)\b[^<>]*>", re.I)
_PROGRAM = re.compile(r"[{};]\s*$|^\s*[{\[]|\bfunction\b|=>")


def told(blocks: list[Block], head: Head, html: bytes, *, product: bool, forum: bool) -> list[Block]:
    """The blocks of a page, or what it says to machines where they say nothing, or only begin its article: the text or
    description of its main entity in JSON-LD, how a thread of a `forum` begins, or the prose in its scripts' data. The
    description of a `product` follows short blocks that lack it."""
    size = sum(len(block.text) for block in blocks)
    little = size < _LEAST_SAID
    if product and size < _SHORT and not (little and all(block.kind != "heading" for block in blocks)):
        seen = " ".join(block.text for block in blocks)
        return blocks + [block for block in _entity(head)[1:] if block.text not in seen]
    if little:
        return _entity(head) or (_beginning(head) if forum else []) or list(_data(html)) or blocks
    if sum(len(text) for text in head.json_ld if '"articleBody"' in text) > size / _SHARE:
        said = _entity(head)
        return said if _SHARE * sum(len(block.text) for block in said) > size else blocks
    return blocks


def _beginning(head: Head) -> list[Block]:
    said = max((head.meta.get(name, "") for name in _DESCRIPTIONS), key=len)
    return [Block("paragraph", " ".join(said.split()), 0, 0)] if len(said) >= _LEAST_SAID else []


def _entity(head: Head) -> list[Block]:
    """What JSON-LD says of that of its items that it says most of, but for the site and its people."""
    items = (item for item in json_ld_items(head.json_ld) if not _is_around(item))
    found = max((_item(item) for item in items), key=_size, default=[])
    return found if _size(found) else []


def _size(blocks: Sequence[Block]) -> int:
    return sum(len(block.text) for block in blocks if block.kind != "heading")


def _is_around(item: Mapping[str, Any]) -> bool:
    kinds = item.get("@type")
    written = [str(kind).lower() for kind in (kinds if isinstance(kinds, list) else [kinds])]
    return any(kind in _AROUND or kind.endswith(_AROUND_ENDS) for kind in written)


def _item(item: Mapping[str, Any], level: int = 1) -> list[Block]:
    """An item of JSON-LD: its name, its text, its steps, and the answers to it."""
    title = next((item[name] for name in _TITLES if isinstance(item.get(name), str)), "")
    text = max((value for name in _TEXTS if isinstance(value := item.get(name), str)), key=len, default="")
    blocks = [Block("heading", " ".join(unescape(title).split()), 0, 0, level=level)] if title.strip() else []
    blocks += _prose(text)
    if level > 2:
        return blocks
    for name in _LISTS:
        steps = item.get(name) if isinstance(item.get(name), list) else []
        lines = (step.get("text") if isinstance(step, dict) else step for step in steps or ())
        said = (" ".join(unescape(line).split()) for line in lines if isinstance(line, str))
        blocks += [Block("item", line, 0, 0, marker="-") for line in said if line]
    for name in (*_ANSWERS, *(("mainEntity",) if level == 1 else ())):
        inner = item.get(name)
        for one in inner if isinstance(inner, list) else [inner]:
            blocks += _item(one, level + 1) if isinstance(one, dict) else []
    return blocks


def _prose(text: str) -> list[Block]:
    """A text of JSON, HTML or not, as blocks without a place on the page."""
    text = unescape(text)
    if _TAG.search(text):
        return [
            replace(block, start=0, end=0) for block in blocks_of(parse(text.encode("utf-8", "replace")).root)
        ]
    lines = (" ".join(line.split()) for line in unescape(text).split("\n"))
    return [Block("paragraph", line, 0, 0) for line in lines if line]


def _data(html: bytes) -> Iterator[Block]:
    """The sentences in the data that a page hands to its scripts, each once, below the titles beside them."""
    seen: set[str] = set()
    for text in _scripts(html):
        try:
            stack: list[tuple[str, Any]] = [("", orjson.loads(text))]
        except orjson.JSONDecodeError:
            continue
        for _ in range(_MOST_VALUES):
            if not stack:
                break
            name, value = stack.pop()
            if isinstance(value, dict):
                stack += [
                    (key, one) for key, one in reversed(value.items()) if key.lower() not in _OF_PROGRAM
                ]
            elif isinstance(value, list):
                stack += [(name, one) for one in reversed(value)]
            elif isinstance(value, str) and value not in seen and _is_prose(value):
                seen.add(value)
                yield from _prose(value)


def _scripts(html: bytes) -> Iterator[bytes]:
    end = 0
    while (start := html.find(b"<script", end)) >= 0:
        begin = html.find(b">", start, start + _LONGEST_TAG) + 1
        end = html.find(b"</script", start)
        if end < 0:
            return
        if begin and b"application/json" in html[start:begin]:
            yield html[begin:end]


def _is_prose(text: str) -> bool:
    if len(text) < _SENTENCE or text.count(" ") * _LONGEST_WORDS < len(text):
        return False
    return _TAG.search(text) is not None or _PROGRAM.search(text) is None
