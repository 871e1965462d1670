"""Chooses what of a page to read, between a strict and a relaxed reading of it."""

from __future__ import annotations

from collections.abc import Container, Sequence
from dataclasses import dataclass

from factory.seeds.html.prune import LEAST, RELAXED, STRICT, Rules, prune
from factory.seeds.html.tree import Node, in_order
from factory.seeds.html.words import CONTENT

SHORT = 200
_ENOUGH = 0.55
_LOST = 0.25


@dataclass(frozen=True)
class Reading:
    """The part of a page to read, what below it to leave out and why, and under which rules; sizes in
    characters without white space."""

    part: Node
    dropped: dict[Node, str]
    size: int
    prose: int
    name: str = "strict"


def choose(root: Node, *, product: bool = False) -> Reading:
    """The strict reading, unless it lost most of the page's prose or is short where a relaxed one is not."""
    order = in_order(root)
    strict = _reading(order, STRICT, "strict", product)
    relaxed = _reading(order, RELAXED, "relaxed", product)
    if strict.size >= SHORT and strict.prose >= _LOST * relaxed.prose:
        return strict
    if relaxed.size >= SHORT:
        return relaxed
    return max(strict, relaxed, _reading(order, LEAST, "least", product), key=lambda reading: reading.size)


def _reading(order: Sequence[Node], rules: Rules, name: str, product: bool) -> Reading:
    dropped = prune(order, rules, product=product)
    part = _main_part(order, dropped)
    return Reading(part, dropped, part.size, part.prose, name)


def _main_part(order: Sequence[Node], dropped: Container[Node]) -> Node:
    """The main content where a node that says it is that holds enough of the text left, else the root."""
    return next(iter(_candidates(order, dropped)), order[0])


def _candidates(order: Sequence[Node], dropped: Container[Node]) -> list[Node]:
    """Nodes that say they are the content and hold enough text: by tag or role first, then by name."""
    explicit: list[Node] = []
    named: list[Node] = []
    enough = _ENOUGH * order[0].size
    for node in order:
        if node.size < enough or node in dropped:
            continue
        attributes = node.attributes
        if (
            node.tag in ("article", "main")
            or attributes.get("role") == "main"
            or attributes.get("itemprop") == "articleBody"
        ):
            explicit.append(node)
        elif node.tag in ("div", "section", "td") and not CONTENT.isdisjoint(node.words):
            named.append(node)
    explicit.sort(key=lambda node: -node.size)
    named.sort(key=lambda node: -node.size)
    return explicit + named
