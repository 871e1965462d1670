"""Joins posts that a page lays out in several nodes side by side: a row for who and when, the next for the words."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Container, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

from factory.seeds.html.groups import Place
from factory.seeds.html.heads import names_date, writes_day
from factory.seeds.html.tree import Child, Node

_LEAST = 3  # posts that make a run
_LONGEST = 6  # nodes that make a post
_LONGEST_HEAD = 120  # characters of a node that says no more than who and when
_ALIKE = 0.6  # of the posts of a run have as many nodes as most
_WORDS = frozenset({"post"})
_LETTERS = re.compile(r"[A-Za-z]+")


@dataclass(frozen=True)
class Runs:
    """Nodes of one parent that were joined, and its children as they were before."""

    parent: Node
    children: list[Child]

    def part(self) -> None:
        """Puts the nodes back where they were."""
        self.parent.children = self.children
        for child in self.parent.elements:
            child.parent = self.parent


def join_runs(places: Mapping[Node, Place]) -> Runs | None:
    """Joins the nodes of each post of the longest run of a page in a node named as a post; `places` are the nodes with
    an author at or below them. None where there is no run."""
    signed: defaultdict[Node, set[Node]] = defaultdict(set)
    for node in places:
        if node.parent is not None:
            signed[node.parent].add(node)
    runs = [
        (parent, _run(parent, children)) for parent, children in signed.items() if len(children) >= _LEAST
    ]
    parent, posts = max(
        runs, key=lambda run: sum(node.size for post in run[1] for node in post), default=(None, [])
    )
    return _join(parent, posts) if parent is not None and posts else None


def _run(parent: Node, signed: Container[Node]) -> list[list[Node]]:
    """The nodes of each post below a parent, some of whose children name authors; empty where these are no run."""
    children = parent.elements
    if sum(child not in signed for child in children) < _LEAST:
        return []
    shapes = [_shape(child) if child in signed or _is_dated(child) else "" for child in children]
    first, often = Counter(filter(None, shapes)).most_common(1)[0]
    if often < _LEAST:
        return []
    starts = [at for at, shape in enumerate(shapes) if shape == first]
    lengths = Counter(after - before for before, after in pairwise(starts))
    length, times = lengths.most_common(1)[0]
    if not 2 <= length <= _LONGEST or times < _ALIKE * (often - 1):
        if not all(children[at] in signed and children[at].size <= _LONGEST_HEAD for at in starts):
            return []
        length = _last_length(children, starts)  # each a head, and what was said, in any number of nodes
        posts = [
            children[at:after] for at, after in zip(starts, [*starts[1:], starts[-1] + length], strict=True)
        ]
    else:
        posts = [
            children[start : min(start + length, after)]
            for start, after in zip(starts, [*starts, len(children)][1:], strict=True)
        ]
    loose = _loose(parent)
    return posts if sum(_is_parted(post, signed, loose) for post in posts) >= _ALIKE * len(posts) else []


def _last_length(children: Sequence[Node], starts: Sequence[int]) -> int:
    """Of how many nodes the last post is: up to one with a tag that stands in none of the others."""
    tags = {child.tag for child in children[starts[0] : starts[-1]]}
    rest = children[starts[-1] :]
    return next((at for at, child in enumerate(rest) if child.tag not in tags), len(rest))


def _loose(parent: Node) -> Counter[Node]:
    """The characters of text that stand loose behind each child of a node."""
    loose: Counter[Node] = Counter()
    before: Node | None = None
    for child in parent.children:
        if isinstance(child, Node):
            before = child
        elif before is not None:
            loose[before] += len("".join(child.split()))
    return loose


def _is_dated(node: Node) -> bool:
    return any(names_date(below) or writes_day(below) for below in node.walk())


def _is_parted(post: Sequence[Node], signed: Container[Node], loose: Mapping[Node, int]) -> bool:
    """Whether the first node of a post is not all of it: the author stands in another, or most of the words do."""
    rest = sum(node.size - node.linked for node in post[1:]) + sum(loose[node] for node in post)
    return post[0] not in signed or rest > post[0].size - post[0].linked


def _shape(node: Node) -> str:
    """The tags and the first classes of a node, of the first below it, and of the first below that."""
    steps: list[str] = []
    one: Node | None = node
    while one is not None and len(steps) < 3:
        name = _LETTERS.match(one.attributes.get("class", ""))
        steps.append(one.tag + (f".{name[0]}" if name else ""))
        one = next(iter(one.elements), None)
    return ">".join(steps)


def _join(parent: Node, posts: Sequence[Sequence[Node]]) -> Runs:
    before = parent.children
    first = {post[0]: post for post in posts}
    inside = {node for post in posts for node in post}
    parent.children = []
    post: Node | None = None
    for child in before:
        if isinstance(child, Node):
            if child in first:
                post = Node("div", {"class": "post"}, child.start, first[child][-1].end)
                post.words, post.number, post.parent = _WORDS, child.number, parent
                parent.children.append(post)
            elif child not in inside:
                post = None
            if post is not None:
                child.parent = post
        (parent if post is None else post).children.append(child)
    return Runs(parent, before)
