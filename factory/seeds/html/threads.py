"""Finds the posts of forum and question pages: siblings that each say who wrote them, when, and what.

Every node that seems to name an author hands that evidence up to the nodes above it. Nodes with a class, a
numbered id or a schema in common are groups; the group that covers most of the page's unlinked words with one
post a member wins. A group is a thread where the page says that it is one, or where the posts are all there
is: what readers wrote below an article is none. On a forum whose markup tells no authors the days serve. What
most posts of a page have in common tells where their words stand, and what is said by none. No rule names a
site.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from factory.seeds.dates import is_day_first, iso_date
from factory.seeds.html.blocks import Block
from factory.seeds.html.groups import (
    HEADINGS,
    LEAST_WORDS,
    Evidence,
    Place,
    best_group,
    group_of,
    places_of,
    ways_alike,
)
from factory.seeds.html.heads import Head, read_head, upto
from factory.seeds.html.letters import letter_of, set_as_words
from factory.seeds.html.markdown import markdown
from factory.seeds.html.metadata import Head as PageHead
from factory.seeds.html.nesting import DEEPEST, depths_of
from factory.seeds.html.openings import asked_before, named_above, signed_opening, title_above, title_of
from factory.seeds.html.posts import POST, Read, read_post, usual_in
from factory.seeds.html.purpose import Purpose, is_of_board, is_thread
from factory.seeds.html.runs import join_runs
from factory.seeds.html.tree import Index, Node, in_document_order, weigh
from factory.seeds.html.words import names

_REPLIES = names("comment comments reply replies answer")
_FEWEST_ALIKE = 3  # posts whose words stand in nodes alike
_KINDS: tuple[dict[str, bool], ...] = ({}, {"written": True}, {"signed": False, "written": True})
_LOOSE = 30
_LISTS = frozenset({"ul", "ol", "li", "dl", "dt", "dd"})


@dataclass(frozen=True)
class Post:
    """A post of a thread: its words as Markdown, its span in bytes of the source. `date` is ISO 8601, empty where
    the page does not tell the day; `depth` counts the posts above the one that it is nested in."""

    text: str
    author: str
    date: str
    score: int | None
    accepted: bool
    depth: int
    start: int
    end: int


@dataclass(frozen=True)
class Thread:
    """The posts of a page in its order, and what of the page is no part of them, with why."""

    posts: tuple[Read, ...]
    part: Node
    dropped: dict[Node, str]
    name: str = "thread"


def find_thread(index: Index, head: PageHead, purpose: Purpose) -> Thread | None:
    """The thread of a page, indexed and measured, that may say it is one; None where it is none, as where it says that
    it is an article. The posts' heads become nodes of the tree."""
    forum = purpose.thread
    board = forum or is_of_board(index, head)
    told = Evidence(index)
    for kind in () if purpose.article and not forum else _KINDS:
        if (thread := _among(told, head, forum, board, **kind)) is not None:
            return thread
    return _letter(index, head)


def _letter(index: Index, head: PageHead) -> Thread | None:
    """The thread of a page that shows one letter, signed."""
    found = letter_of(index)
    if found is None:
        return None
    region, body = found
    read = Read(read_head(index.order[0], region, 0)[0], (body,), frozenset())
    return (
        _thread(index.order[0], [(body, read)], title_of(index.order[0], head.title))
        if read.head.author
        else None
    )


def _among(told: Evidence, head: PageHead, forum: bool, board: bool, **kind: bool) -> Thread | None:
    root, places = told.order[0], places_of(told, **kind)
    if places is None:
        return None
    says = {"forum": forum, "board": board, "signed": kind.get("signed", True)}
    thread = _found(root, head, places, **says)
    if thread is not None or (runs := join_runs(places)) is None:
        return thread
    joined = Index(root.preorder())
    weigh(joined.order)
    again = places_of(Evidence(joined), **kind)
    if again is None or (thread := _found(root, head, again, **says)) is None:
        runs.part()
    return thread


def _found(
    root: Node, head: PageHead, places: Mapping[Node, Place], *, forum: bool, board: bool, signed: bool
) -> Thread | None:
    group = best_group(places)
    if group is None:
        return None
    units = [place.node for place in group.members]
    opening = signed_opening(units, places)
    units = ([opening] if opening else []) + units
    if not is_thread(root, units, group, opening, forum=forum, board=board, signed=signed):
        return None
    title = title_of(root, head.title)
    asked = asked_before(title, units[0], places) if opening is None else None
    if asked is not None:
        units.insert(0, asked)
    depths = depths_of(units)
    replies = _replies(units, places)
    for reply, above in replies.items():
        depths[reply] = min(depths[above] + 1, DEEPEST)
    told = _dated(_read(in_document_order(depths), depths))
    if told and told[0][0] is asked and not told[0][1].head.author:
        told[0] = told[0][0], _signed_above(*told[0], places)
    if told and told[0][1].head.accepted:  # what is accepted is an answer
        told[0] = told[0][0], replace(told[0][1], head=replace(told[0][1].head, accepted=False))
    if not told or (len(told) < 2 and not forum):
        return None
    return _thread(root, told, title)


def _signed_above(opening: Node, read: Read, places: Mapping[Node, Place]) -> Read:
    """The post that opens a thread with who wrote it and when, where that stands above it."""
    beside = named_above(opening, places)
    if beside is None:
        return read
    head, _ = read_head(beside, list(beside.walk()), read.head.depth)
    return replace(
        read, head=replace(head, shown=head.shown or read.head.shown, date=head.date or read.head.date)
    )


def posts_of(blocks: Sequence[Block]) -> tuple[Post, ...]:
    """The posts in the blocks of a page: each from its head to the next."""
    starts = [number for number, block in enumerate(blocks) if block.post is not None]
    posts: list[Post] = []
    for start, end in zip(starts, [*starts, len(blocks)][1:], strict=True):
        head, block = blocks[start].post or Head(), blocks[start]
        text = markdown(blocks[start + 1 : end])
        posts.append(
            Post(text, head.author, head.date, head.score, head.accepted, head.depth, block.start, block.end)
        )
    return tuple(posts)


def _read(units: Sequence[Node], depths: Mapping[Node, int]) -> list[tuple[Node, Read]]:
    """The posts that the units hold. One whose words were not found where most posts have theirs is read again: beside
    a few words a panel is long."""
    usual = usual_in(units, depths)
    reads = {unit: read_post(unit, depths, depths[unit], usual) for unit in units}
    way, often = Counter(read.way for read in reads.values()).most_common(1)[0]
    if way and often >= max(_FEWEST_ALIKE, 0.5 * len(units)):
        for unit in units:
            if reads[unit].way != way:
                reads[unit] = read_post(unit, depths, depths[unit], usual, way)
    return [(unit, read) for unit, read in reads.items() if read.bodies]


def _dated(told: Sequence[tuple[Node, Read]]) -> list[tuple[Node, Read]]:
    """The posts with the days that their numbers alone do not tell, but those of the other posts do."""
    day_first = is_day_first(read.head.shown for _, read in told)
    return [
        (unit, replace(read, head=replace(read.head, date=iso_date(read.head.shown, day_first))))
        if read.head.shown and not read.head.date
        else (unit, read)
        for unit, read in told
    ]


def _thread(root: Node, told: Sequence[tuple[Node, Read]], title: Node | None) -> Thread:
    """What to read of the page: the posts' words, each below its head, and the heading above the first."""
    kept = {body for _, read in told for body in read.bodies}
    set_as_words([read.bodies[0] for _, read in told])
    for unit, read in told:
        _mark_quotes(unit, read)
    for unit, read in told:
        kept.add(_headed(unit, read))
    title = title_above(title, [body for _, read in told for body in read.bodies])
    if title is not None:
        kept.add(title)
    dropped = dict.fromkeys(_repeated(title, told), "repeats the title of the thread")
    for _, read in told:
        dropped.update(dict.fromkeys(read.extras, "beside a post: who, when, signature, buttons"))
    within = {above for node in kept for above in node.above()}
    for node in within:
        if node.tag in _LISTS:
            node.tag = "div"  # a list of posts is no list of words
    stack = [root]
    while stack:
        node = stack.pop()
        if node in kept and node not in within:
            continue
        if node not in kept and node.own <= _LOOSE:
            node.children = list(node.elements)  # labels and signs between who, when and what
        for child in node.elements:
            if child in kept or child in within:
                stack.append(child)
            elif node not in kept:
                dropped[child] = "no part of a post of the thread"
    return Thread(tuple(read for _, read in told), root, dropped)


def _headed(unit: Node, read: Read) -> Node:
    """Puts the head of a post before its words, and gives the node of it."""
    first, head = read.bodies[0], Node(POST, {}, unit.start, unit.end)
    head.value = read.head
    if first.value is None or first.parent is None:
        head.parent, place = first, 0
    else:  # the words are set as a listing, which has no children
        head.parent, place = first.parent, first.parent.children.index(first)
    head.parent.children.insert(place, head)
    return head


def _mark_quotes(unit: Node, read: Read) -> None:
    """Makes what a post quotes a quote, and what holds the post's own words none."""
    for body in read.bodies:
        for node in (body, *upto(body, unit)):
            node.tag = "div" if node.tag == "blockquote" else node.tag
    for node in read.quotes:
        node.tag = "blockquote"


# ------------------------------------------------------------------------------------------- nesting


def _replies(units: Sequence[Node], places: Mapping[Node, Place]) -> dict[Node, Node]:
    """Comments inside posts that are marked up in another way than these, and the post of each."""
    members = set(units)
    groups: dict[str, list[Place]] = defaultdict(list)
    for place in places.values():
        node = place.node
        if node in members or place.unlinked < LEAST_WORDS or _REPLIES.isdisjoint(node.words):
            continue
        if any(above in members for above in node.above()):
            for name in ways_alike(node):
                groups[name].append(place)
    found = [made for name, each in groups.items() if (made := group_of(name, each)) is not None]
    if not found:
        return {}
    best = max(found, key=lambda group: group.score)
    replies = {place.node for place in best.members}
    held: dict[Node, list[Node]] = defaultdict(list)
    for node in (*replies, *units):
        above = next((one for one in node.above() if one in members or one in replies), None)
        if above is not None:
            held[above].append(node)
    left = {unit for unit in units if unit in places and _left(unit, held[unit], places)}
    return {node: unit for unit in units if unit in left for node in held[unit] if node in replies}


def _left(unit: Node, below: Sequence[Node], places: Mapping[Node, Place]) -> bool:
    """Whether a post is one still, with an author and words, when those below it are taken away."""
    authors = places[unit].authors - sum(places[node].authors for node in below)
    return (
        authors >= 1 and places[unit].unlinked - sum(places[node].unlinked for node in below) >= LEAST_WORDS
    )


def _repeated(title: Node | None, told: Sequence[tuple[Node, Read]]) -> Iterator[Node]:
    """Headings of posts that say again what the thread, or its first post, is headed with."""
    said = _subject(title) if title is not None else ""
    for _, read in told:
        for node in (below for body in read.bodies for below in body.walk()):
            if node.tag in HEADINGS and node.value is None:
                if said and _subject(node) == said:
                    yield node
                said = said or _subject(node)


def _subject(heading: Node) -> str:
    return re.sub(r"^(?:re|aw|sv)\s*:\s*", "", " ".join(heading.text().lower().split()))
