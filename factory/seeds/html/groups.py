"""Groups the nodes of a page that are alike and may be its posts: each has an author and words of its own."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from factory.seeds.html.heads import authors_in, dates_in, names_author, writes_day
from factory.seeds.html.tree import Index, Node, in_document_order
from factory.seeds.html.words import names

UNITS = names(
    """post posts message msg comment answer reply question topic thread posting postcontainer postbit blockpost postbox
    viewthread status tweet answeritem commentitem replyitem postitem"""
)
_PARTS = names("author user userinfo meta header head footer title avatar")
_ITEM = re.compile(
    r"schema\.org/(?:Question|Answer|Comment|DiscussionForumPosting|SocialMediaPosting|UserComments)$", re.I
)
HEADINGS = ("h1", "h2", "h3", "h4", "h5")
_NO_UNITS = names("a span time body h1 h2 h3 h4 b strong i em small img address dt")
FLOOR = re.compile(
    r"\s*(?:(?:#|No\.|[BF]|第)\s?(\d{1,5})(?:[楼樓層层]|\b)|(\d{1,5})\s?(?:[#楼樓層层番층]|번))\s*"
)
NUMBERED = re.compile(r"\d+")
_EVIDENCE = 20_000
_FEWEST_DATES = 2  # that markup tells: where there are fewer, the words are searched for days
_TRIED = 8
_WORD = re.compile(r"[A-Z]?[a-z]+")
LEAST_WORDS = 12  # characters without white space and links below which a member is no post
_FEWEST_WORDS = 2  # those below which it is none where most others like it are posts


@dataclass
class Place:
    """What is known of a node that has evidence of an author at or below it."""

    node: Node
    number: int
    last: int
    authors: int = 0
    dates: int = 0
    unlinked: int = 0


@dataclass
class Group:
    """Nodes alike, in document order, and the share that each has apart from those below it."""

    name: str
    members: list[Place]
    score: float
    named: bool


# ------------------------------------------------------------------------------------------- evidence


class Evidence:
    """What of a page, indexed and measured, names authors and days: each is looked for once, when it is asked for."""

    def __init__(self, index: Index) -> None:
        self.order = index.order
        self._index = index

    @cached_property
    def authors(self) -> Sequence[Node]:
        """The nodes that seem to say who wrote something."""
        return authors_in(self._index)[:_EVIDENCE]

    @cached_property
    def dates(self) -> Sequence[Node]:
        """The nodes whose markup says when something was written."""
        return dates_in(self._index)[:_EVIDENCE]

    @cached_property
    def days(self) -> Sequence[Node]:
        """Those, and the nodes whose words alone do."""
        written = (node for node in self.order if writes_day(node))
        return in_document_order([*self.dates, *written][:_EVIDENCE])


def places_of(told: Evidence, *, signed: bool = True, written: bool = False) -> dict[Node, Place] | None:
    """The nodes with an author at or below them, in document order; None where there is no evidence of posts. Few days
    that markup tells are not all: some, `written` in words alone, may be wanted too. On a board whose markup tells no
    authors, posts not `signed` are told by their days."""
    if signed and len(told.authors) < 2:
        return None
    if signed and written and not _FEWEST_DATES <= len(told.dates) < 0.5 * len(told.authors):
        return None  # as without them
    dates = told.days if written or len(told.dates) < _FEWEST_DATES else told.dates
    authors = told.authors if signed else dates
    order, above = told.order, {told.order[0]}
    for node in authors:
        one: Node | None = node
        while one is not None and one not in above:
            above.add(one)
            one = one.parent
    places: dict[Node, Place] = {}
    for node in order:
        if node in above:
            places[node] = Place(node, len(places), len(places), unlinked=node.size - node.linked)
    for place in reversed(places.values()):
        if place.node.parent in places:
            parent = places[place.node.parent]
            parent.last = max(parent.last, place.last)
    for node in authors:
        _count(node, places, "authors")
    for node in dates:
        _count(node, places, "dates")
    return places


def _count(node: Node, places: Mapping[Node, Place], what: str) -> None:
    for one in (node, *node.above()):
        if one in places:
            setattr(places[one], what, getattr(places[one], what) + 1)


# ------------------------------------------------------------------------------------------- groups


def best_group(places: Mapping[Node, Place]) -> Group | None:
    """The group whose members are most like posts and cover most of the page."""
    groups: dict[str, list[Place]] = defaultdict(list)
    for place in places.values():
        for name in ways_alike(place.node):
            groups[name].append(place)
    found = [made for name, members in groups.items() if (made := group_of(name, members)) is not None]
    found.sort(key=lambda group: -group.score)
    for group in found[:_TRIED]:
        if not _are_cards(group.members):
            return group
    return None


def ways_alike(node: Node) -> Iterable[str]:
    """By what a node may be like others: its schema, each of its classes, the letters of a numbered id; where it has no
    name, the node that it stands in."""
    if _ITEM.search(node.attributes.get("itemtype", "")):
        yield "schema"
    if "-" in node.tag or node.tag == "article":
        yield node.tag
    if node.tag in _NO_UNITS:
        return
    for name in node.attributes.get("class", "").split()[:12]:
        yield f"{node.tag}.{NUMBERED.sub('#', name)}"
    mark = node.attributes.get("id", "")
    if NUMBERED.search(mark):
        yield f"{node.tag}#{NUMBERED.sub('#', mark)}"
    if not mark and not node.attributes.get("class") and node.parent is not None:
        yield f"{node.parent.number}>{node.tag}"


def group_of(name: str, places: Sequence[Place]) -> Group | None:
    """A group of posts: most of its members have an author and words of their own."""
    if len(places) < 2:
        return None
    own = {place.number: [place.authors, place.dates, place.unlinked] for place in places}
    stack: list[Place] = []
    for place in places:
        while stack and stack[-1].last < place.number:
            stack.pop()
        if stack:
            for index, value in enumerate((place.authors, place.dates, place.unlinked)):
                own[stack[-1].number][index] -= value
        stack.append(place)
    worded = [place for place in places if own[place.number][2] >= LEAST_WORDS]
    members = [place for place in worded if own[place.number][0] >= 1]
    if len(members) < 2 or len(members) < 0.6 * len(worded):
        return None
    dated = sum(own[place.number][1] > 0 for place in members) / len(members)
    covered = sum(own[place.number][2] for place in members)
    words = {word.lower() for word in _WORD.findall(name)}
    named = name == "schema" or (not UNITS.isdisjoint(words) and _PARTS.isdisjoint(words))
    if not named and (
        len(members) < 3
        or (dated < 0.8 and name != "article")
        or 2 * max(own[place.number][2] for place in members) > covered
    ):
        return None
    score = covered * (1 - 1 / len(members) ** 2) * (0.4 + 0.6 * dated) * (1.5 if named else 0.7)
    members = [
        place for place in places if own[place.number][0] >= 1 and own[place.number][2] >= _FEWEST_WORDS
    ]
    return Group(name, members, score * (1.2 if name == "schema" else 1.0), named)


def _are_cards(members: Sequence[Place]) -> bool:
    """Whether the members are teasers of other pages: each has a heading that is a link of its own."""
    titles = []
    for place in members[:30]:
        heading = next((node for node in place.node.walk() if node.tag in HEADINGS), None)
        links = [] if heading is None else [node for node in heading.walk() if node.tag == "a"]
        if heading is not None and heading.parent is not None and heading.parent.tag == "a":
            links.append(heading.parent)
        address = next((link.attributes.get("href", "") for link in links), "")
        if heading is not None and address and not names_author(links[0]) and "#" not in address:
            titles.append(" ".join(links[0].text().split()).lower().removeprefix("re:").strip())
    return len(titles) > 0.6 * min(len(members), 30) and len(set(titles)) > 0.5 * len(titles)
