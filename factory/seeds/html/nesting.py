"""How deep the posts of a thread are nested."""

from __future__ import annotations

import re
from collections.abc import Sequence

from factory.seeds.html.tree import Node
from factory.seeds.html.words import names

DEEPEST = 50

_NESTING = names("children replies nested subcomments childlist answers thread responses")
_LEVEL = re.compile(r"^(?:depth|level|indent|lvl)[-_]?(\d{1,3})$", re.I)
_LEVELS = ("depth", "data-depth", "data-level", "indent", "aria-level")
_MARGIN = re.compile(r"(?:margin|padding)-left\s*:\s*(\d{1,4})", re.I)


def depths_of(units: Sequence[Node]) -> dict[Node, int]:
    """How deep each post is nested: as the page says, else by its indentation, else by where it stands."""
    said = [_said_depth(unit) for unit in units]
    if len({depth for depth in said if depth is not None}) > 1:
        least = min(depth for depth in said if depth is not None)
        return {unit: 0 if depth is None else depth - least for unit, depth in zip(units, said, strict=True)}
    members = set(units)
    first = units[0]
    raw: dict[Node, int] = {}
    for unit in units:
        above = [node for node in unit.above() if node in members and node is not first]
        lists = [
            node
            for node in unit.above()
            if "class" in node.attributes and not _NESTING.isdisjoint(node.words)
        ]
        raw[unit] = len(above) if above else len(lists) if not _nested(units, members) else 0
        if first in unit.above() and _is_item(first, "Question") and _is_item(unit, "Comment"):
            raw[unit] = max(raw[unit], 1)  # a remark on the question, not an answer to it
    least = min(raw.values(), default=0)
    return {unit: min(depth - least, DEEPEST) for unit, depth in raw.items()}


def _nested(units: Sequence[Node], members: set[Node]) -> bool:
    return any(above in members and above is not units[0] for unit in units[1:30] for above in unit.above())


def _is_item(node: Node, kind: str) -> bool:
    return node.attributes.get("itemtype", "").endswith(f"/{kind}")


def _said_depth(unit: Node) -> int | None:
    for node in (unit, *unit.elements[:3]):
        for name in _LEVELS:
            value = node.attributes.get(name, "")
            if value.isascii() and value.isdecimal() and len(value) < 4:
                return min(int(value), DEEPEST)
        for name in node.attributes.get("class", "").split():
            if found := _LEVEL.match(name):
                return min(int(found[1]), DEEPEST)
    found = _MARGIN.search(unit.attributes.get("style", ""))
    return None if found is None else min(int(found[1]) // 10, DEEPEST)
