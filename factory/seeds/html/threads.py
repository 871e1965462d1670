"""Finds the posts of forum and question pages: siblings that each say who wrote them, when, and what.

Every node that seems to name an author hands that evidence up to the nodes above it. Nodes with a class, a
numbered id or a schema in common are groups; the group that covers most of the page's unlinked words with one
post a member wins. A group is a thread where the page says that it is one, or where the posts are all there
is: what readers wrote below an article is none. No rule names a site.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from factory.seeds.html.blocks import Block
from factory.seeds.html.markdown import markdown
from factory.seeds.html.metadata import Head as PageHead
from factory.seeds.html.nesting import DEEPEST, depths_of
from factory.seeds.html.posts import POST, Head, Read, names_author, names_date, read_post
from factory.seeds.html.tree import Node
from factory.seeds.html.words import names

_UNITS = names(
    "post posts message msg comment answer reply question topic thread posting postcontainer postbit blockpost"
)
_REPLIES = names("comment comments reply replies answer")
_ITEM = re.compile(
    r"schema\.org/(?:Question|Answer|Comment|DiscussionForumPosting|SocialMediaPosting|UserComments)$", re.I
)
_FORUM_ITEM = re.compile(r"schema\.org/(?:QAPage|Question|DiscussionForumPosting)", re.I)
_FORUM_WORDS = names("forum forums thread topic viewtopic showthread question qa discussion")
_FORUM_ADDRESS = re.compile(
    r"//(?:[\w-]+\.)*(?:forums?|discuss\w*|community|bbs|board)\.|/(?:forums?|threads?|topics?|t|questions?|discussions?|boards?|bbs|talk"
    r"|viewtopic\w*|showthread\w*|viewthread\w*)(?=[/.?-]|$)|[?&](?:topic|tid|thread)=?\d",
    re.I,
)
_REMARKS = names("comment comments review reviews comentario commentaire kommentar")
_HEADINGS = ("h1", "h2", "h3", "h4", "h5")
_NUMBERED = re.compile(r"\d+")
_EVIDENCE = 20_000
_TRIED = 8
_WORD = re.compile(r"[A-Z]?[a-z]+")
_LEAST_WORDS = 12  # characters without white space and links below which a member is no post


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


@dataclass
class _Place:
    """What is known of a node that has evidence of an author at or below it."""

    node: Node
    number: int
    last: int
    authors: int = 0
    dates: int = 0
    unlinked: int = 0


@dataclass
class _Group:
    """Nodes alike, in document order, and the share that each has apart from those below it."""

    name: str
    members: list[_Place]
    score: float
    named: bool


def find_thread(order: Sequence[Node], head: PageHead) -> Thread | None:
    """The thread of a page, given in order and measured, or None where it is none. The posts' heads become nodes of
    the tree."""
    root = order[0]
    places = _places(order)
    if places is None:
        return None
    group = _best(places)
    if group is None:
        return None
    units = [place.node for place in group.members]
    opening = _opening(units, places)
    units = ([opening] if opening else []) + units
    if not _is_thread(root, head, units, group, opening):
        return None
    depths = depths_of(units)
    replies = _replies(units, places)
    for reply, above in replies.items():
        depths[reply] = min(depths[above] + 1, DEEPEST)
    found = [place.node for place in places.values() if place.node in depths]
    told = [(unit, read) for unit in found if (read := read_post(unit, depths, depths[unit])).bodies]
    if told and told[0][1].head.accepted:  # what is accepted is an answer
        told[0] = told[0][0], replace(told[0][1], head=replace(told[0][1].head, accepted=False))
    if len(told) < 2 and not _says_forum(root, head):
        return None
    return _thread(root, told)


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


def _thread(root: Node, told: Sequence[tuple[Node, Read]]) -> Thread:
    """What to read of the page: the posts' words, each below its head, and the heading above the first."""
    kept = {body for _, read in told for body in read.bodies}
    for unit, read in told:
        first = read.bodies[0]
        node = Node(POST, {}, unit.start, unit.end)
        node.value = read.head
        if unit.tag in ("li", "dd", "dt"):
            unit.tag = "div"  # a list of posts is no list of words
        node.parent = first
        first.children.insert(0, node)
    title = _title(root, [unit for unit, _ in told])
    if title is not None:
        kept.add(title)
    dropped = dict.fromkeys(_repeated(title, told), "repeats the title of the thread")
    for _, read in told:
        dropped.update(dict.fromkeys(read.extras, "beside a post: who, when, signature, buttons"))
    within = {above for node in kept for above in node.above()}
    stack = [root]
    while stack:
        node = stack.pop()
        if node in kept and node not in within:
            continue
        for child in node.elements:
            if child in kept or child in within:
                stack.append(child)
            elif node not in kept:
                dropped[child] = "no part of a post of the thread"
    return Thread(tuple(read for _, read in told), root, dropped)


# ------------------------------------------------------------------------------------------- evidence


def _places(order: Sequence[Node]) -> dict[Node, _Place] | None:
    """The nodes with an author at or below them, in document order; None where there is no evidence of posts."""
    authors = [node for node in order if node.attributes and names_author(node)][:_EVIDENCE]
    if len(authors) < 2:
        return None
    dates = [node for node in order if names_date(node)][:_EVIDENCE]
    above = {order[0]}
    for node in authors:
        one: Node | None = node
        while one is not None and one not in above:
            above.add(one)
            one = one.parent
    places: dict[Node, _Place] = {}
    for node in order:
        if node in above:
            places[node] = _Place(node, len(places), len(places), unlinked=node.size - node.linked)
    for place in reversed(places.values()):
        if place.node.parent in places:
            parent = places[place.node.parent]
            parent.last = max(parent.last, place.last)
    for node in authors:
        _count(node, places, "authors")
    for node in dates:
        _count(node, places, "dates")
    return places


def _count(node: Node, places: Mapping[Node, _Place], what: str) -> None:
    for one in (node, *node.above()):
        if one in places:
            setattr(places[one], what, getattr(places[one], what) + 1)


# ------------------------------------------------------------------------------------------- groups


def _best(places: Mapping[Node, _Place]) -> _Group | None:
    """The group whose members are most like posts and cover most of the page."""
    groups: dict[str, list[_Place]] = defaultdict(list)
    for place in places.values():
        for name in _names(place.node):
            groups[name].append(place)
    found = [made for name, members in groups.items() if (made := _group(name, members)) is not None]
    found.sort(key=lambda group: -group.score)
    for group in found[:_TRIED]:
        if not _are_cards(group.members):
            return group
    return None


def _names(node: Node) -> Iterable[str]:
    """By what a node may be like others: its schema, each of its classes, the letters of a numbered id."""
    if _ITEM.search(node.attributes.get("itemtype", "")):
        yield "schema"
    if "-" in node.tag or node.tag == "article":
        yield node.tag
    if node.tag in (
        "a",
        "span",
        "time",
        "body",
        "h1",
        "h2",
        "h3",
        "h4",
        "b",
        "strong",
        "i",
        "em",
        "small",
        "img",
        "address",
    ):
        return
    for name in node.attributes.get("class", "").split()[:12]:
        yield f"{node.tag}.{_NUMBERED.sub('#', name)}"
    mark = node.attributes.get("id", "")
    if _NUMBERED.search(mark):
        yield f"{node.tag}#{_NUMBERED.sub('#', mark)}"


def _group(name: str, places: Sequence[_Place]) -> _Group | None:
    """A group of posts: most of its members have an author and words of their own."""
    if len(places) < 2:
        return None
    own = {place.number: [place.authors, place.dates, place.unlinked] for place in places}
    stack: list[_Place] = []
    for place in places:
        while stack and stack[-1].last < place.number:
            stack.pop()
        if stack:
            for index, value in enumerate((place.authors, place.dates, place.unlinked)):
                own[stack[-1].number][index] -= value
        stack.append(place)
    worded = [place for place in places if own[place.number][2] >= _LEAST_WORDS]
    members = [place for place in worded if own[place.number][0] >= 1]
    if len(members) < 2 or len(members) < 0.6 * len(worded):
        return None
    dated = sum(own[place.number][1] > 0 for place in members) / len(members)
    covered = sum(own[place.number][2] for place in members)
    named = name == "schema" or not _UNITS.isdisjoint(word.lower() for word in _WORD.findall(name))
    if not named and (
        len(members) < 3
        or (dated < 0.8 and name != "article")
        or 2 * max(own[place.number][2] for place in members) > covered
    ):
        return None
    score = covered * (1 - 1 / len(members) ** 2) * (0.4 + 0.6 * dated) * (1.5 if named else 0.7)
    return _Group(name, members, score * (1.2 if name == "schema" else 1.0), named)


def _are_cards(members: Sequence[_Place]) -> bool:
    """Whether the members are teasers of other pages: each has a heading that is a link of its own."""
    titles = []
    for place in members[:30]:
        heading = next((node for node in place.node.walk() if node.tag in _HEADINGS), None)
        links = [] if heading is None else [node for node in heading.walk() if node.tag == "a"]
        if heading is not None and heading.parent is not None and heading.parent.tag == "a":
            links.append(heading.parent)
        address = next((link.attributes.get("href", "") for link in links), "")
        if heading is not None and address and not names_author(links[0]) and "#" not in address:
            titles.append(" ".join(heading.text().split()).lower().removeprefix("re:").strip())
    return len(titles) > 0.6 * min(len(members), 30) and len(set(titles)) > 0.5 * len(titles)


# ------------------------------------------------------------------------------------------- decision


def _says_forum(root: Node, head: PageHead) -> bool:
    """Whether a page says that it is a thread: by its address, its body's names, or its microdata."""
    address = head.links.get("canonical") or head.meta.get("og:url", "")
    if _FORUM_ADDRESS.search(address) or not _FORUM_WORDS.isdisjoint(root.words):
        return True
    if any(re.search(r'"(?:QAPage|DiscussionForumPosting)"', text) for text in head.json_ld):
        return True
    return any(
        _FORUM_ITEM.search(node.attributes.get("itemtype", "")) for node in root.walk() if node.attributes
    )


def _is_thread(
    root: Node, head: PageHead, units: Sequence[Node], group: _Group, opening: Node | None
) -> bool:
    """Whether the posts are what the page is for."""
    covered = sum(place.unlinked for place in group.members if not _inside(place.node, units))
    if opening is not None:
        covered += opening.size - opening.linked
    share = covered / max(root.size - root.linked, 1)
    if _says_forum(root, head):
        return share >= (0.1 if group.named else 0.4)
    words = frozenset().union(*(place.node.words for place in group.members[:5]))
    remarks = not words.isdisjoint(_REMARKS)
    return group.named and share >= (0.75 if remarks else 0.6) and not (remarks and opening is not None)


def _inside(node: Node, units: Iterable[Node]) -> bool:
    members = set(units)
    return any(above in members for above in node.above())


def _opening(units: Sequence[Node], places: Mapping[Node, _Place]) -> Node | None:
    """The post before the first of a group, where it is marked up in another way."""
    members = set(units)
    inside: Node = units[0]
    for above in units[0].above():
        before = above.elements[: above.elements.index(inside)]
        fits = [
            node
            for node in before
            if node in places and places[node].authors and places[node].dates and _prose(node)
        ]
        if fits:
            best = max(fits, key=lambda node: places[node].unlinked)
            return best if best not in members else None
        inside = above
    return None


def _prose(node: Node) -> int:
    """Characters in sentences below a node, apart from its headings."""
    return node.prose - sum(below.prose for below in node.walk() if below.tag in _HEADINGS)


# ------------------------------------------------------------------------------------------- nesting


def _replies(units: Sequence[Node], places: Mapping[Node, _Place]) -> dict[Node, Node]:
    """Comments inside posts that are marked up in another way than these, and the post of each."""
    members = set(units)
    groups: dict[str, list[_Place]] = defaultdict(list)
    for place in places.values():
        node = place.node
        if node in members or place.unlinked < _LEAST_WORDS or _REPLIES.isdisjoint(node.words):
            continue
        if any(above in members for above in node.above()):
            for name in _names(node):
                groups[name].append(place)
    found = [made for name, each in groups.items() if (made := _group(name, each)) is not None]
    if not found:
        return {}
    best = max(found, key=lambda group: group.score)
    replies = {place.node for place in best.members}
    held: dict[Node, list[Node]] = defaultdict(list)
    for node in (*replies, *units):
        above = next((one for one in node.above() if one in members or one in replies), None)
        if above is not None:
            held[above].append(node)
    left = {unit for unit in units if _left(unit, held[unit], places)}
    return {node: unit for unit in units if unit in left for node in held[unit] if node in replies}


def _left(unit: Node, below: Sequence[Node], places: Mapping[Node, _Place]) -> bool:
    """Whether a post is one still, with an author and words, when those below it are taken away."""
    authors = places[unit].authors - sum(places[node].authors for node in below)
    return (
        authors >= 1 and places[unit].unlinked - sum(places[node].unlinked for node in below) >= _LEAST_WORDS
    )


def _repeated(title: Node | None, told: Sequence[tuple[Node, Read]]) -> Iterator[Node]:
    """Headings of posts that say again what the thread, or its first post, is headed with."""
    said = _subject(title) if title is not None else ""
    for _, read in told:
        for node in (below for body in read.bodies for below in body.walk()):
            if node.tag in _HEADINGS and node.value is None:
                if said and _subject(node) == said:
                    yield node
                said = said or _subject(node)


def _subject(heading: Node) -> str:
    return re.sub(r"^(?:re|aw|sv)\s*:\s*", "", " ".join(heading.text().lower().split()))


def _title(root: Node, units: Sequence[Node]) -> Node | None:
    """The page's first heading, where it stands before the posts or in none of them."""
    members = set(units)
    for node in root.walk():
        if node.tag == "h1" and node.size:
            return None if any(above in members for above in node.above()) else node
        if node in members:
            return None
    return None
