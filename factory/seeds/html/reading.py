"""Chooses what of a page to read, between a strict and a relaxed reading of it."""

from __future__ import annotations

from collections.abc import Container
from dataclasses import dataclass

from factory.seeds.html.prune import LEAST, RELAXED, STRICT, Rules, prune
from factory.seeds.html.tree import Node
from factory.seeds.html.words import CONTENT

SHORT = 200
_ENOUGH = 0.55
_LOST = 0.25


@dataclass(frozen=True)
class Reading:
    """The part of a page to read, and what below it to leave out; sizes in characters without white space."""

    part: Node
    dropped: set[Node]
    size: int
    prose: int


def choose(root: Node) -> Reading:
    """The strict reading, unless it lost most of the page's prose or is short where a relaxed one is not."""
    strict = _reading(root, STRICT)
    relaxed = _reading(root, RELAXED)
    if strict.size >= SHORT and strict.prose >= _LOST * relaxed.prose:
        return strict
    if relaxed.size >= SHORT:
        return relaxed
    return max(strict, relaxed, _reading(root, LEAST), key=lambda reading: reading.size)


def _reading(root: Node, rules: Rules) -> Reading:
    dropped = prune(root, rules)
    part = _main_part(root, dropped)
    return Reading(part, dropped, part.size, part.prose)


def _main_part(root: Node, dropped: Container[Node]) -> Node:
    """The main content where a node that says it is that holds enough of the text left, else the root."""
    for candidate in _candidates(root, dropped):
        if candidate.size >= _ENOUGH * root.size:
            return candidate
    return root


def _candidates(root: Node, dropped: Container[Node]) -> list[Node]:
    """Nodes that say they are the content: by tag or role first, then by name, each sort by size."""
    explicit: list[Node] = []
    named: list[Node] = []
    for node in root.walk():
        if node in dropped:
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
