"""Finds headings that announce what is not the content of a page: other pages, and what its readers or buyers wrote."""

from __future__ import annotations

import re
from collections.abc import Container, Iterator, Sequence
from dataclasses import dataclass

from factory.seeds.html.tables import GRID
from factory.seeds.html.tree import Index, Node, Siblings
from factory.seeds.html.words import ENDINGS, names

HEADINGS = ("h1", "h2", "h3", "h4", "h5", "h6")
_ENDINGS = tuple(f"{ending} " for ending in ENDINGS)
_COMMENTS = re.compile(
    r"(?:\d[\d.,]*|one|no) (?:comments?|responses?|replies|thoughts?|kommentare?|commentaires?|comentarios?"
    r"|comentários?|commenti|reacties|komentarz[ey]|yorum|комментари\w+)(?: (?:on|to|for|zu|sur|en|em|su|op)\b.*)?"
    r"|comments? \(?\d[\d.,]*\)?",
)
_REVIEWS = re.compile(
    r"(?:\d[\d.,]* )?(?:(?:customer|product|user|verified|google|guest) )?(?:reviews?|ratings?)"
    r"(?: (?:&|and) (?:reviews?|ratings?))?(?: \(?\d[\d.,]*\)?)?(?: (?:for|of|from) .*)?"
    r"|what (?:others|(?:our )?(?:customers|clients|buyers)) (?:are saying|say|have to say)"
    r"|(?:kunden)?(?:bewertungen|rezensionen)|avis(?: clients)?|opiniones|reseñas|recensioni|beoordelingen|отзывы"
)
_MOST_ENDING = 0.2
_UNANNOUNCED = 400
_HARDLY = 0.03
_LONGEST_ENDING = 60
_LONGEST_BESIDE = 20
_FEW_LINKS = 0.2
_SHORTEST_LINE, _LONGEST_LINE = 7, 40
_MOST_OPINIONS = 0.7  # of a page
_LINES = names("div p strong b span")


@dataclass(frozen=True)
class Announcement:
    """A heading that may announce what is not the content of a page, and its words, lower case."""

    node: Node
    words: str


def announcements(index: Index, *, product: bool) -> list[Announcement]:
    """The short headings of a page, its nodes measured; on the page of a `product` also lines that announce as much as
    headings do, and are none by their tags."""
    found = [node for node in index.tagged(*HEADINGS) if 0 < node.size <= _LONGEST_ENDING]
    headings = [Announcement(node, _words(node)) for node in found]
    if not product:
        return headings
    short = (
        node
        for node in index.order
        if _SHORTEST_LINE <= node.own <= _LONGEST_LINE and node.own == node.size and node.tag in _LINES
    )
    lines = (Announcement(node, _words(node)) for node in short)
    headings += [line for line in lines if line.words in ENDINGS or _REVIEWS.fullmatch(line.words)]
    return sorted(headings, key=lambda heading: heading.node.number)


def endings(headings: Sequence[Announcement], root: Node, dropped: Container[Node]) -> dict[Node, str]:
    """Headings, of those not `dropped`, that announce other content, with what follows them up to the next heading like
    them, and why they go."""
    found: dict[Node, str] = {}
    siblings = Siblings()
    for heading in headings:
        words = heading.words
        if not f"{words} ".startswith(_ENDINGS) or heading.node in dropped or heading.node in found:
            continue
        announced = max(end for end in _ENDINGS if f"{words} ".startswith(end))
        whole = _alone(heading.node, root)
        if announced.count(" ") == 1 and announced.strip() != words and _speaks(siblings.after(whole)):
            continue  # "Share state between components", and how
        why = f'below the heading "{words}"'
        found[whole] = why
        for sibling in siblings.after(whole):
            if sibling in found:
                break  # it went with an earlier heading, and so did what follows it
            if sibling.tag in (*HEADINGS, GRID) or sibling.size > _MOST_ENDING * root.size:
                break
            if sibling.prose > _UNANNOUNCED and sibling.linked < _HARDLY * sibling.size:
                break  # prose without links to what the heading announces
            found[sibling] = why
    return found


def opinions(
    headings: Sequence[Announcement], root: Node, dropped: Container[Node], *, product: bool
) -> dict[Node, str]:
    """Headings that count comments, or on the page of a `product` announce what buyers say of it, with the part that
    follows, and why they go."""
    found: dict[Node, str] = {}
    siblings = Siblings()
    passed = 0
    for heading in headings:
        words, node = heading.words, heading.node
        if not (_COMMENTS.fullmatch(words) or (product and _REVIEWS.fullmatch(words))):
            continue
        if node.tag == "h1" or node in dropped or node.number <= passed:
            continue
        whole = _alone(node, root)
        after = next((one for one in siblings.after(whole) if one.size), None)
        if after is None or after.tag in (*HEADINGS, GRID) or after.size > _MOST_OPINIONS * root.size:
            continue
        passed = after.last
        if all(one.tag != "blockquote" for one in after.walk()):  # a shop's own choice stands in quotes
            found[whole] = found[after] = f'opinions, below "{words}"'
    return found


def _words(node: Node) -> str:
    return " ".join(node.text(" ").split()).lower().strip(" :.!?…")


def _speaks(after: Iterator[Node]) -> bool:
    """Whether what follows a heading begins with sentences, few of whose words are links."""
    first = next((node for node in after if node.size), None)
    return first is not None and first.prose > 0 and first.linked <= _FEW_LINKS * first.size


def _alone(node: Node, root: Node) -> Node:
    """The outermost node that holds this heading and no other text but that of a short link ("View all")."""
    heading = node
    while node.parent is not None and node.parent is not root and node.parent.tag not in ("article", "main"):
        beside = node.parent.size - heading.size
        if beside > _LONGEST_BESIDE or beside > node.parent.linked - heading.linked:
            break
        node = node.parent
    return node
