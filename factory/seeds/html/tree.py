"""The tree that an extraction works on: plain nodes, walked without recursion."""

from __future__ import annotations

import gc
import re
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence, Set
from contextlib import contextmanager
from operator import attrgetter
from typing import TypeAlias

from factory.seeds.html.words import names

Child: TypeAlias = "Node | str"

GONE = "#gone"
_SENTENCE = 50
_NO_WORDS: frozenset[str] = frozenset()
_NO_ATTRIBUTES: Mapping[str, str] = {}
_DECLARES = names(
    "h1 h2 h3 h4 h5 h6 code tt dt signature sig declaration prototype proto memproto synopsis grammar production"
)
_ALL_LINKED = 0.95
_number = attrgetter("number")
_LOOKS = re.compile(
    r"(?<![^\s\0])(?:"
    r"(?:overflow|user-content|no|has|with|without|is|m[trblxy]?|p[trblxy]?|col|row|bg|border|font|rounded|page-id)-"
    r"|[^\s\0:\[\]]*+[:\[\]])[^\s\0]*+"
)
_BESIDE = re.compile(r"[hHwW](?<=[-_].|[a-z][HW])(?:as|ith(?:out)?)(?=[-_A-Z])[^\s\0]*+")
_CAPITAL = re.compile("[A-Z](?:(?<=[a-z][A-Z])|(?<=[A-Z][A-Z])(?=[a-z]))")  # that begins a word within a name
_PLAIN = "".join(sign if sign.isalpha() or sign == "\0" else " " for sign in map(chr, range(128)))


@contextmanager
def uncollected() -> Iterator[None]:
    """Keeps the collector of cycles from looking, again and again, through a tree that is all alive."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()


class Node:
    """An element. `start` and `end`: its span in the page as it was parsed; `value`: what a protected node holds."""

    __slots__ = (
        "attributes",
        "children",
        "end",
        "last",
        "linked",
        "links",
        "number",
        "own",
        "own_prose",
        "parent",
        "prose",
        "size",
        "start",
        "tag",
        "value",
        "words",
    )

    def __init__(
        self, tag: str, attributes: Mapping[str, str], start: int, end: int, parent: Node | None = None
    ) -> None:
        self.tag = tag
        self.attributes = attributes or _NO_ATTRIBUTES  # one for all nodes without: most of a large page
        self.children: list[Child] = []
        self.parent = parent
        self.start = start
        self.end = end
        self.value: object = None
        self.number = self.last = 0  # its place in document order, and that of the last node below
        # The words of class and id, lower case, split at case and punctuation: an index of the page sets them.
        self.words = _NO_WORDS
        self.own = 0  # characters of text in this very node, without white space
        self.own_prose = 0  # those of them in runs of text long enough to be sentences
        self.size = 0  # characters of text here and below, without white space
        self.linked = 0  # those of them inside links
        self.prose = 0  # those of them in sentences, outside links
        self.links = 0  # links here and below

    def become(self, tag: str, value: object = None) -> None:
        """Turns this node, in its place, into one that holds a value and no children.

        In place, for taking a child out of a list of thousands would cost as many steps.
        """
        self.tag = tag
        self.value = value
        self.children = []

    def remove(self) -> None:
        """Empties this node. A space stays, so that the words around it do not grow together."""
        self.become(GONE)
        self.children = [" "]

    @property
    def elements(self) -> list[Node]:
        """The children that are nodes."""
        return [child for child in self.children if isinstance(child, Node)]

    def walk(self) -> Iterator[Node]:
        """This node and those below it, in document order. A node emptied on the way is not entered."""
        stack = [self]
        while stack:
            node = stack.pop()
            yield node
            for child in reversed(node.children):
                if isinstance(child, str):
                    continue
                stack.append(child)

    def preorder(self) -> list[Node]:
        """This node and those below it, in document order: a `walk` all at once, in half the time."""
        order: list[Node] = []
        stack = [self]
        while stack:
            node = stack.pop()
            order.append(node)
            for child in reversed(node.children):
                if isinstance(child, str):
                    continue
                stack.append(child)
        return order

    def find(self, *tags: str) -> list[Node]:
        """The nodes below this one with one of those tags."""
        return [node for node in self.preorder() if node.tag in tags and node is not self]

    def above(self) -> Iterator[Node]:
        """The nodes above this one, nearest first."""
        node = self.parent
        while node is not None:
            yield node
            node = node.parent

    def text(self, line_break: str = "\n", keep: Callable[[Node], bool] | None = None) -> str:
        """The text below, in order; ``br`` gives `line_break`; nodes that `keep` refuses are left out."""
        if len(self.children) == 1 and isinstance(only := self.children[0], str) and keep is None:
            return only
        parts: list[str] = []
        stack: list[Child] = [self]
        while stack:
            item = stack.pop()
            if isinstance(item, str):
                parts.append(item)
            elif item.tag == "br":
                parts.append(line_break)
            elif keep is None or keep(item):
                stack.extend(reversed(item.children))
        return "".join(parts)


class Index:
    """The nodes of a page, in document order, and those with each tag, with each attribute, and of each class as it
    is written."""

    def __init__(self, order: list[Node], said: dict[str, frozenset[str]] | None = None) -> None:
        """`said`: the words of classes and ids, where they are known."""
        self.order = order
        self.tags: defaultdict[str, list[Node]] = defaultdict(list)
        self.attributes: defaultdict[str, list[Node]] = defaultdict(list)
        self.classes: defaultdict[str, list[Node]] = defaultdict(list)
        tags, attributes, classes = self.tags, self.attributes, self.classes
        for number, node in enumerate(order):
            node.number = number
            tags[node.tag].append(node)
            for name in node.attributes:
                attributes[name].append(node)
        for node in attributes["class"]:
            classes[node.attributes["class"]].append(node)
        if said is None:
            names = [*classes, *(node.attributes["id"] for node in attributes["id"])]
            said = dict(zip(names, words_of(names), strict=False))
        self.said = said
        self._holding: defaultdict[str, list[str]] = defaultdict(list)  # the classes with each word
        for written, nodes in classes.items():
            words = said[written]
            for word in words:
                self._holding[word].append(written)
            for node in nodes:
                node.words = words
        self._with_both = [node for node in attributes["id"] if "class" in node.attributes]
        for node in attributes["id"]:
            if node.tag != "dt" and "." not in node.attributes["id"]:  # it is that of a name defined here
                node.words |= said[node.attributes["id"]]

    def tagged(self, *tags: str) -> list[Node]:
        """The nodes with one of those tags."""
        return in_document_order(node for tag in tags for node in self.tags[tag])

    def having(self, *names: str) -> list[Node]:
        """The nodes with one of those attributes."""
        return in_document_order(node for name in names for node in self.attributes[name])

    def named(self, words: Set[str]) -> list[Node]:
        """The nodes with a class that have one of those words in their class or id."""
        found = [
            node
            for word in words & self._holding.keys()
            for written in self._holding[word]
            for node in self.classes[written]
        ]
        found += [node for node in self._with_both if not words.isdisjoint(node.words)]
        return in_document_order(found)


def words_in(node: Node) -> str:
    """The text of a node on one line."""
    return " ".join(node.text(" ").split())


def in_document_order(nodes: Iterable[Node]) -> list[Node]:
    """Each of the nodes of a page once, as they stand there."""
    return sorted(set(nodes), key=_number)


def words_of(names: Sequence[str]) -> list[frozenset[str]]:
    """The words of each of some names, lower case, split at case and punctuation. Utility classes ("overflow-hidden",
    "md:flex-col", "w-[3px]") say how a node looks, not what it is, and so does what a name has beside it
    ("page-with-sidebar", "pageHasRail")."""
    told = _BESIDE.sub("", _LOOKS.sub("", "\0".join(names)))  # no attribute holds a NUL
    parted = _CAPITAL.sub(lambda found: f" {found[0]}", told).encode("ascii", "replace").decode()
    return [frozenset(said.split()) for said in parted.translate(_PLAIN).lower().split("\0")]


def weigh(order: Sequence[Node]) -> None:
    """Measures the nodes of a tree that no longer changes, given in order, with all their text."""
    for node in order:
        own = prose = 0
        for child in node.children:
            if child.__class__ is str and child != " ":
                length = len(child) - child.count(" ") - child.count("\n") - child.count("\t")
                own += length
                if length >= _SENTENCE:
                    prose += length
        if node.value is not None:
            own = prose = len(str(node.value))
        node.own = node.size = own
        node.own_prose = node.prose = prose
        node.linked = 0
        node.links = 1 if node.tag == "a" else 0
        node.last = node.number
    for node in reversed(order):
        if (parent := node.parent) is not None:
            parent.links += node.links
            if parent.last < node.last:
                parent.last = node.last
    _add_up(order)


def measure(order: Sequence[Node]) -> None:
    """Takes `size`, `linked` and `prose` of nodes in order anew, with all their text."""
    for node in order:
        node.size, node.linked, node.prose = node.own, 0, node.own_prose
    _add_up(order)


def _add_up(order: Sequence[Node]) -> None:
    """Adds what nodes measure to those above them, bottom up."""
    for node in reversed(order):
        size = node.size
        if not size:
            continue
        if node.tag == "a":
            node.linked, node.prose = size, 0
        elif node.value is not None:
            node.linked = getattr(node.value, "linked", 0)
        elif node.links > 1 and node.linked < _ALL_LINKED * size and _declares(node):
            node.linked = 0
        if (parent := node.parent) is not None:
            parent.size += size
            if node.linked:
                parent.linked += node.linked
            if node.prose:
                parent.prose += node.prose


def _declares(node: Node) -> bool:
    """Whether this is a heading, code, or the declaration of a function, whose types are links: no links to follow."""
    return node.tag in _DECLARES or not _DECLARES.isdisjoint(node.words)


def discount(dropped: Sequence[Node], known: int = 0) -> None:
    """Takes what dropped nodes measure off the nodes above them. The first `known` of them were taken off before."""
    gone = set(dropped[:known])
    for node in dropped[known:]:
        size, linked, prose = node.size, node.linked, node.prose
        above = node.parent if size else None
        while above is not None:
            above.size -= size
            if above.tag == "a":
                linked, prose = size, 0
            linked = min(linked, above.linked)
            above.linked -= linked
            above.prose -= prose
            above = above.parent if above not in gone else None
        gone.add(node)


class Siblings:
    """What nodes of an index stand beside. The elements of a parent are listed once: for each of thousands of children
    anew, it would take the square of them."""

    def __init__(self) -> None:
        self._of: dict[Node | None, list[Node]] = {None: []}

    def _family(self, node: Node) -> tuple[list[Node], int]:
        if (parent := node.parent) is not None and parent not in self._of:
            self._of[parent] = parent.elements
        family = self._of[parent]
        return family, bisect_left(family, node.number, key=_number)

    def before(self, node: Node) -> Node | None:
        """The node before it, if there is one."""
        family, at = self._family(node)
        return family[at - 1] if at > 0 else None

    def after(self, node: Node) -> Iterator[Node]:
        """The nodes behind it, in order."""
        family, at = self._family(node)
        return map(family.__getitem__, range(at + 1, len(family)))
