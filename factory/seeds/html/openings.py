"""Finds the post that opens a thread, where it is marked up in another way than those below it, and the title."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from factory.seeds.html.groups import HEADINGS, Place
from factory.seeds.html.heads import person_kind
from factory.seeds.html.tables import GRID
from factory.seeds.html.tree import Node
from factory.seeds.html.words import BOILERPLATE, NAVIGATION, names

_BODIES = names("content body text question description post message article")
_NO_QUESTION = (
    BOILERPLATE | NAVIGATION | names("notice notices alert warning announcement announcements rules form")
)
_ANSWERS = names("comment comments reply replies answer answers")
_SHORTEST_TITLE = 4
_LONGEST_LABEL = 8
_LONGEST_HEAD = 300  # characters that say who and when, without white space
_LOOSE_WORDS = 20
_NO_KINDS = frozenset({"", "/@"})  # whole platforms of blogs call all people "/@"
_UNSPACED = re.compile(r"[\u0e00-\u0e7f\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]")
_UNSPACED_SENTENCE = 30  # characters of such a script beside a post that are more than its head


def signed_opening(units: Sequence[Node], places: Mapping[Node, Place]) -> Node | None:
    """The post before the first of a group, where it is marked up in another way."""
    members, kinds = set(units), _kinds(units[0])
    inside: Node = units[0]
    for above in units[0].above():
        before = above.elements[: above.elements.index(inside)]
        fits = [
            node for node in before if node in places and _is_signed(places[node], kinds) and _speaks(node)
        ]
        if fits:
            best = max(fits, key=lambda node: places[node].unlinked)
            return best if best not in members else None
        inside = above
    return None


def _is_signed(place: Place, kinds: frozenset[str]) -> bool:
    """Whether a node tells an author and a day, or links to the author as the posts do: the day may stand beside the
    title."""
    return place.authors > 0 and (place.dates > 0 or not kinds.isdisjoint(_kinds(place.node)))


def _kinds(node: Node) -> frozenset[str]:
    """The parts of addresses by which a node links to people."""
    return frozenset(person_kind(below) for below in node.walk()) - _NO_KINDS


def asked_before(title: Node | None, unit: Node, places: Mapping[Node, Place]) -> Node | None:
    """What is asked before the first post of a group, below the title of the page, by nobody or by somebody who is
    named apart from the words. Posts that are named as answers have such a question above them."""
    inside, number = unit, -1 if title is None else title.number
    answers = not _ANSWERS.isdisjoint(unit.words)
    for above in unit.above():
        before = above.elements[: above.elements.index(inside)]
        if _speaks_loose(above, inside):
            return above
        holding = next((node for node in before if node.number <= number <= node.last), None)
        after = [node for node in before if node.number > number]
        told = [node for node in after if _tells(node, places) or (answers and not _is_table(node))]
        fits = [
            node
            for node in ([holding] if holding else []) + told
            if _NO_QUESTION.isdisjoint(node.words) and _speaks(node)
        ]
        if fits:
            return max(fits, key=lambda node: node.size - node.linked)
        if inside is unit and _opens(before, places):
            return above
        if holding is not None:
            return None
        inside = above
    return None


def named_above(opening: Node, places: Mapping[Node, Place]) -> Node | None:
    """What names the author of an opening a little above it."""
    for one in (opening, *opening.above()):
        siblings = one.parent.elements if one.parent is not None else [one]
        for node in reversed(siblings[: siblings.index(one)]):
            if node in places and places[node].authors and node.size <= _LONGEST_HEAD:
                return node
        if one.parent is None or one.parent.tag in ("main", "body"):
            break
    return None


def _tells(node: Node, places: Mapping[Node, Place]) -> bool:
    return (node in places and places[node].authors > 0) or not _BODIES.isdisjoint(node.words)


def _opens(nodes: Sequence[Node], places: Mapping[Node, Place]) -> bool:
    """Whether nodes side by side are a post: one says who or when, and a later one speaks."""
    head = next((node for node in nodes if node in places and 0 < node.size <= _LONGEST_HEAD), None)
    return head is not None and any(node.number > head.number and _speaks(node) for node in nodes)


def _is_table(node: Node) -> bool:
    return any(below.tag == GRID for below in node.walk())


def _speaks_loose(above: Node, inside: Node) -> bool:
    """Whether words stand loose in a node, before the one that is the first post or holds it."""
    if not above.own:
        return False
    before = above.children[: above.children.index(inside)]
    text = " ".join(child for child in before if isinstance(child, str))
    return len(_UNSPACED.findall(text)) >= _UNSPACED_SENTENCE or len(text.split()) >= _LOOSE_WORDS


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
    return max(named, key=lambda node: node.size, default=first or _named_line(root, said))


def _named_line(root: Node, said: str) -> Node | None:
    """A line that the name of a page begins with, where no heading does, as a heading; what labels it is gone."""
    for node in root.walk():
        if node.elements or node.value is not None or node.size < _SHORTEST_TITLE:
            continue
        if said.startswith(_flat(node.text())) and all(one.tag != "a" for one in (node, *node.above())):
            node.tag = "h1"
            for label in node.parent.elements if node.parent is not None else ():
                if label is not node and label.size <= _LONGEST_LABEL:
                    label.remove()
            return node
    return None


def title_above(title: Node | None, bodies: Sequence[Node]) -> Node | None:
    """The title of a page, where it stands before the words of its posts and in none of them."""
    if title is None or not bodies:
        return title
    within = set(bodies)
    inside = any(node in within for node in (title, *title.above()))
    return None if inside or title.number > bodies[0].number else title


def _flat(text: str) -> str:
    return " ".join(text.lower().split())
