"""Finds the posts of forum and question pages: siblings that each say who wrote them, when, and what.

Every node that seems to name an author hands that evidence up to the nodes above it. Nodes with a class, a
numbered id or a schema in common are groups; the group that covers most of the page's unlinked words with one
post a member wins. A group is a thread where the page says that it is one, or where the posts are all there
is: what readers wrote below an article is none. No rule names a site.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from factory.seeds.html.blocks import Block
from factory.seeds.html.dates import is_day_first, iso_date
from factory.seeds.html.groups import (
    HEADINGS,
    LEAST_WORDS,
    NUMBERED,
    UNITS,
    Group,
    Place,
    best_group,
    group_of,
    places_of,
    ways_alike,
)
from factory.seeds.html.heads import Head, names_author, person_kind, upto
from factory.seeds.html.markdown import markdown
from factory.seeds.html.metadata import Head as PageHead
from factory.seeds.html.nesting import DEEPEST, depths_of
from factory.seeds.html.posts import POST, Read, read_post
from factory.seeds.html.runs import join_runs
from factory.seeds.html.tree import Index, Node, weigh
from factory.seeds.html.words import names

_REPLIES = names("comment comments reply replies answer")
_FORUM_ITEM = re.compile(r"schema\.org/(?:QAPage|Question|DiscussionForumPosting)", re.I)
_FORUM_WORDS = names("forum forums thread topic viewtopic showthread question qa discussion")
_FORUM_ADDRESS = re.compile(
    r"//(?:[\w-]+\.)*(?:forums?|discuss\w*|community|bbs|board)\.|/(?:forums?|threads?|topics?|t|questions?|discussions?|boards?|bbs|talk"
    r"|viewtopic\w*|showthread\w*|viewthread\w*)(?=[/.?-]|$)|[?&](?:topic|tid|thread)=?\d",
    re.I,
)
_OF_POST = re.compile(
    r"#.*|[?&](?:p|pid|post|postid|page|authorid|msg|do|comment)=[^&#]*|[-/](?:post|p|page)?-?\d+$", re.I
)
_REMARKS = names("comment comments review reviews comentario commentaire kommentar")
_JUDGED = 10
_UNSPACED = re.compile(r"[\u0e00-\u0e7f\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]")
_UNSPACED_SENTENCE = 30  # characters of such a script beside a post that are more than its head


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


def find_thread(index: Index, head: PageHead) -> Thread | None:
    """The thread of a page, indexed and measured, or None where it is none. The posts' heads become nodes of
    the tree."""
    root, places = index.order[0], places_of(index)
    if places is None:
        return None
    if (thread := _found(root, head, places)) is not None or (runs := join_runs(places)) is None:
        return thread
    joined = Index(root.preorder())
    weigh(joined.order)
    if (places := places_of(joined)) is None or (thread := _found(root, head, places)) is None:
        runs.part()
    return thread


def _found(root: Node, head: PageHead, places: Mapping[Node, Place]) -> Thread | None:
    group = best_group(places)
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
    told = _dated(told)
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


def _dated(told: Sequence[tuple[Node, Read]]) -> list[tuple[Node, Read]]:
    """The posts with the days that their numbers alone do not tell, but those of the other posts do."""
    day_first = is_day_first(read.head.shown for _, read in told)
    return [
        (unit, replace(read, head=replace(read.head, date=iso_date(read.head.shown, day_first))))
        if read.head.shown and not read.head.date
        else (unit, read)
        for unit, read in told
    ]


def _thread(root: Node, told: Sequence[tuple[Node, Read]]) -> Thread:
    """What to read of the page: the posts' words, each below its head, and the heading above the first."""
    kept = {body for _, read in told for body in read.bodies}
    for unit, read in told:
        _mark_quotes(unit, read)
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


def _mark_quotes(unit: Node, read: Read) -> None:
    """Makes what a post quotes a quote, and what holds the post's own words none."""
    for body in read.bodies:
        for node in (body, *upto(body, unit)):
            node.tag = "div" if node.tag == "blockquote" else node.tag
    for node in read.quotes:
        node.tag = "blockquote"


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


def _is_thread(root: Node, head: PageHead, units: Sequence[Node], group: Group, opening: Node | None) -> bool:
    """Whether the posts are what the page is for."""
    within = set(units)
    covered = sum(place.unlinked for place in group.members if within.isdisjoint(place.node.above()))
    if opening is not None:
        covered += opening.size - opening.linked
    share = covered / max(root.size - root.linked, 1)
    members = [place.node for place in group.members]
    if _says_forum(root, head):
        return share >= (0.1 if group.named else 0.4)
    if head.meta.get("og:type") == "article":
        return False
    if share >= 0.4 and _link_to_thread(members):
        return True
    words = frozenset().union(*(node.words for unit in members[:5] for node in (unit, *unit.elements)))
    remarks = not words.isdisjoint(_REMARKS)
    beside_article = remarks and opening is not None and not _signed_alike(opening, members)
    named = group.named or _most(members, _holds_post)
    return named and share >= (0.75 if remarks else 0.6) and not beside_article


def _most(units: Sequence[Node], tells: Callable[[Node], bool]) -> bool:
    """Whether something is told of most of the first units."""
    first = units[:_JUDGED]
    return sum(map(tells, first)) >= 0.6 * len(first)


def _holds_post(unit: Node) -> bool:
    return any("class" in node.attributes and not UNITS.isdisjoint(node.words) for node in unit.walk())


def _link_to_thread(units: Sequence[Node]) -> bool:
    """Whether most units have a link by which boards address a thread, and all the same one: those of a list of
    threads have each its own."""
    told: Counter[str] = Counter()
    for unit in units[:_JUDGED]:
        links = (f"/{node.attributes.get('href', '')}" for node in unit.walk() if node.tag == "a")
        told.update({_topic(link) for link in links if _FORUM_ADDRESS.search(link)})
    return bool(told) and told.most_common(1)[0][1] >= 0.6 * min(len(units), _JUDGED)


def _topic(address: str) -> str:
    """An address without what tells a post in a thread from the others."""
    return _OF_POST.sub("", address)


def _signed_alike(opening: Node, units: Sequence[Node]) -> bool:
    """Whether a post before a group names its author as those of the group do: an article is signed in another way."""
    ways = _signatures(opening)
    return _most(units, lambda unit: not ways.isdisjoint(_signatures(unit)))


def _signatures(unit: Node) -> frozenset[str]:
    """The names of the nodes that tell an author, and the kinds of address by which they link to one, but for "/@":
    whole platforms of blogs call all people so."""
    told = [node for node in unit.walk() if names_author(node) and person_kind(node) != "/@"]
    ways = {NUMBERED.sub("#", node.attributes.get("class", "")) for node in told}
    return frozenset(ways | {person_kind(node) for node in told}) - {""}


def _opening(units: Sequence[Node], places: Mapping[Node, Place]) -> Node | None:
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
    left = {unit for unit in units if _left(unit, held[unit], places)}
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


def _title(root: Node, units: Sequence[Node]) -> Node | None:
    """The page's first heading, where it stands before the posts or in none of them."""
    members = set(units)
    for node in root.walk():
        if node.tag == "h1" and node.size:
            return None if any(above in members for above in node.above()) else node
        if node in members:
            return None
    return None
