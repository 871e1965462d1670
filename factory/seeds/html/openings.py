"""Finds the post that opens a thread, where it is marked up in another way than those below it, and the title."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from factory.seeds.html.groups import HEADINGS, Place
from factory.seeds.html.tree import Node
from factory.seeds.html.words import BOILERPLATE, NAVIGATION, names

_BODIES = names("content body text question description post message")
_NO_QUESTION = (
    BOILERPLATE | NAVIGATION | names("notice notices alert warning announcement announcements rules form")
)
_SHORTEST_TITLE = 4
_UNSPACED = re.compile(r"[\u0e00-\u0e7f\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]")
_UNSPACED_SENTENCE = 30  # characters of such a script beside a post that are more than its head


def signed_opening(units: Sequence[Node], places: Mapping[Node, Place]) -> Node | None:
    """The post before the first of a group, where it is marked up in another way."""
    members = set(units)
    inside: Node = units[0]
    for above in units[0].above():
        before = above.elements[: above.elements.index(inside)]
        fits = [
            node
            for node in before
            if node in places and places[node].authors and places[node].dates and _speaks(node)
        ]
        if fits:
            best = max(fits, key=lambda node: places[node].unlinked)
            return best if best not in members else None
        inside = above
    return None


def asked_before(title: Node | None, unit: Node, places: Mapping[Node, Place]) -> Node | None:
    """What is asked before the first post of a group, below the title of the page, by nobody or by somebody who is
    named apart from the words."""
    inside, number = unit, -1 if title is None else title.number
    for above in unit.above():
        before = above.elements[: above.elements.index(inside)]
        holding = next((node for node in before if node.number <= number <= node.last), None)
        after = [node for node in before if node.number > number]
        fits = [
            node for node in ([holding] if holding else []) + after if _asks(node, node is holding, places)
        ]
        if fits:
            return max(fits, key=lambda node: node.size - node.linked)
        if holding is not None:
            return None
        inside = above
    return None


def _asks(node: Node, titled: bool, places: Mapping[Node, Place]) -> bool:
    if not (titled or (node in places and places[node].authors) or not _BODIES.isdisjoint(node.words)):
        return False
    return _NO_QUESTION.isdisjoint(node.words) and _speaks(node)


def _speaks(node: Node) -> bool:
    """Whether there are sentences below a node, apart from its headings, in scripts with and without spaces."""
    walked = list(node.walk())
    headings = [below for below in walked if below.tag in HEADINGS]
    if node.prose > sum(heading.prose for heading in headings):
        return True
    if node.linked > 0.5 * node.size:
        return False
    unspaced = len(_UNSPACED.findall(node.text())) - sum(
        len(_UNSPACED.findall(each.text())) for each in headings
    )
    return unspaced >= _UNSPACED_SENTENCE


def title_of(root: Node, name: str) -> Node | None:
    """The heading of a page that goes by a name: its first ``h1``, unless another heading alone stands in the name."""
    headings = [node for node in root.walk() if node.tag in HEADINGS and node.size]
    first = next((node for node in headings if node.tag == "h1"), None)
    said = _flat(name)
    if first is not None and _flat(first.text()) in said:
        return first
    named = [
        node for node in headings if len(words := _flat(node.text())) >= _SHORTEST_TITLE and words in said
    ]
    return max(named, key=lambda node: node.size, default=first)


def title_above(title: Node | None, units: Sequence[Node]) -> Node | None:
    """The title of a page, where it stands before its posts and in none of them."""
    if title is None or not units:
        return title
    within = set(units)
    inside = any(node in within for node in (title, *title.above()))
    return None if inside or title.number > units[0].number else title


def _flat(text: str) -> str:
    return " ".join(text.lower().split())
