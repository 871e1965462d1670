"""Chooses what of a page to read, between a strict and a relaxed reading of it."""

from __future__ import annotations

from collections.abc import Container, Sequence
from dataclasses import dataclass

from factory.seeds.html.prune import LEAST, RELAXED, STRICT, Rules, Survey, prune, survey
from factory.seeds.html.tree import Node
from factory.seeds.html.words import CONTENT

SHORT = 200
_ENOUGH = 0.55
_LOST = 0.25
_HOLDERS = frozenset({"div", "section", "td"})


@dataclass(frozen=True)
class Reading:
    """The part of a page to read, what below it to leave out and why, and under which rules; sizes in
    characters without white space."""

    part: Node
    dropped: dict[Node, str]
    size: int
    prose: int
    name: str = "strict"


def choose(order: Sequence[Node], *, product: bool = False) -> Reading:
    """The strict reading of a page, given in order and measured, unless it lost most of the page's prose or is
    short where a relaxed one is not."""
    page = survey(order)
    strict = _reading(page, STRICT, "strict", product)
    if strict.size >= SHORT and strict.prose >= _LOST * page.prose:
        return strict  # no reading has more prose than the page
    relaxed = _reading(page, RELAXED, "relaxed", product)
    if strict.size >= SHORT and strict.prose >= _LOST * relaxed.prose:
        return strict
    if relaxed.size >= SHORT:
        return relaxed
    return max(strict, relaxed, _reading(page, LEAST, "least", product), key=lambda reading: reading.size)


def _reading(page: Survey, rules: Rules, name: str, product: bool) -> Reading:
    dropped = prune(page, rules, product=product)
    part = _main_part(page.order, dropped)
    return Reading(part, dropped, part.size, part.prose, name)


def _main_part(order: Sequence[Node], dropped: Container[Node]) -> Node:
    """The largest node that says it is the content, by tag or role, else by name, where it holds enough of the
    text left; else the root."""
    enough = _ENOUGH * order[0].size
    large = [node for node in order if node.size >= enough and node not in dropped]
    explicit = [node for node in large if _is_content(node)]
    named = [node for node in large if node.tag in _HOLDERS and not CONTENT.isdisjoint(node.words)]
    return max(explicit or named, key=lambda node: node.size, default=order[0])


def _is_content(node: Node) -> bool:
    attributes = node.attributes
    return (
        node.tag in ("article", "main")
        or attributes.get("role") == "main"
        or attributes.get("itemprop") == "articleBody"
    )
