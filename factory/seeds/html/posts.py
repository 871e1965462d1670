"""Reads one post of a thread: its head, its words, and what stands among these and is none of them."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Container, Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass

from factory.seeds.html.groups import FLOOR, HEADINGS, NUMBERED
from factory.seeds.html.heads import Head, is_dated, names_author, read_head, upto
from factory.seeds.html.tree import GONE, Node
from factory.seeds.html.words import EDITED, names

POST = "#post"

_BODY = names(
    """body content contents text message prose post comment entry description markdown answer reply postbody posttext
    messagebody bbwrapper postmsg postmessage postcontent usertext inner msg story commtext article"""
)
_WORDS = names(
    """body content contents text message prose markdown postbody posttext messagebody bbwrapper postmsg postmessage
    postcontent story commtext"""
)
_NO_BODY = names(
    """user author profile signature sig quote meta footer foot header head actions controls info avatar vote
    votes votecell title subject poster attribution userinfo userdetails extras postleft postsignature postfootleft
    number count floor permalink timestamp statistics rank operation"""
)
_EXTRAS = names(
    """signature signatures sig sign postsignature lastedit lastedited postedit reactions reaction actions controls
    toolbar share avatar tools vote votes votecell menu button buttons icons"""
)
_UNFOLD = names("expand shrink")
_NOTES = names("edit edited edition modified pstatus")
_ANSWERING = names("reply report quote permalink more")
_QUOTES = names("quote quoted citation quotemain quotebox bbcodequote")
_QUOTING = frozenset({"div", "table", "p", "section", "aside", "figure", "li"})
_EDITED = re.compile(rf"\W*(?:{'|'.join(EDITED)})", re.I)
_UNDERLINED = re.compile(r"\s*(?:_{5,}|-{8,}|—{5,})\s")
_BY = re.compile(r"\W*(?:posted|asked|answered|written|submitted|started) by\b", re.I)
_DIGIT = re.compile(r"\d")
_COUNT = re.compile(r"^(?=.*[^\W\d_])(\D*(?<![a-z_]))\d+((?![a-z_])\D*)$", re.I)  # and no "ann3"
_LONGEST_COUNT = 30
_HEADERS = names("header head attribution")
_LONGEST_NOTE = 160
_LONGEST_HEAD = 100
_FEWEST_USUAL = 4  # posts from which on it is told what stands in most of them
_USUAL = 0.7
_LITTLE = 0.1  # of the words of a post, and what stands beside these is looked into
_LONGEST_SIGNATURE = 600
_LONGEST_ANSWERING = 40
_LONGEST_SUBJECT = 60


@dataclass(frozen=True)
class Read:
    """A post as it was read: its head, the nodes that hold its words, what in them is no part of it, what in them is
    quoted, and how they are marked up."""

    head: Head
    bodies: tuple[Node, ...]
    extras: frozenset[Node]
    quotes: tuple[Node, ...] = ()
    way: tuple[str, int] | None = None


def read_post(
    unit: Node,
    others: Container[Node],
    depth: int = 0,
    usual: Set[Node] = frozenset(),
    way: tuple[str, int] | None = None,
) -> Read:
    """Reads the post that a node holds, without the posts among `others` below it. `usual`: what says the same in most
    posts of the page; `way`: how the words of most are marked up, where that is known."""
    region = list(_region(unit, others))
    head, beside = read_head(unit, region, depth)
    alike = [node for node in region if _mark(node) == way[0]] if way else []
    if way and len(alike) > way[1] and alike[way[1]].size:
        bodies: tuple[Node, ...] = (alike[way[1]],)
    else:
        bodies = _bodies(unit, region, beside, usual)
    held, inside = frozenset(bodies), {below for body in bodies for below in body.walk()}
    holders = {above for body in bodies for above in upto(body, unit)}
    beside -= holders  # what names the author may be a box around the whole post
    extras = frozenset(
        node
        for node in region
        if node not in held
        and (node in beside or (node in inside and (node in usual or _is_extra(node, head.author))))
    )
    return Read(head, bodies, extras, tuple(_quotes(bodies, extras)), _way(bodies, region))


def _way(bodies: Sequence[Node], region: Sequence[Node]) -> tuple[str, int] | None:
    """How the words of a post are marked up, and as which of its parts that are marked up so."""
    if not bodies or not (mark := _mark(bodies[0])):
        return None
    return mark, [node for node in region if _mark(node) == mark].index(bodies[0])


def _mark(node: Node) -> str:
    """How a node is marked up: its tag with its classes, or with its numbered id; empty where it has neither."""
    name = node.attributes.get("class", "").strip() or node.attributes.get("id", "")
    return f"{node.tag}.{NUMBERED.sub('#', name)}" if name else ""


def usual_in(units: Sequence[Node], others: Container[Node]) -> frozenset[Node]:
    """The parts of posts, without those among `others`, whose texts stand in most of them: buttons, ranks, notices."""
    if len(units) < _FEWEST_USUAL:
        return frozenset()
    regions = [list(_region(unit, others)) for unit in units]
    counts = Counter(
        text for region in regions for text in {text for node in region for text in _own_texts(node)}
    )
    often = _USUAL * len(units)
    most = frozenset(text for text, times in counts.items() if times >= often and not text.startswith("@"))
    usual: set[Node] = set()
    for node in (node for region in regions for node in reversed(region)):
        said = node.value is None and node.size and most.issuperset(_own_texts(node))
        if said and all(below in usual or not below.size for below in node.elements):
            usual.add(node)
    in_line = {
        node for node in usual if node.parent is not None and not most.issuperset(_own_texts(node.parent))
    }
    return frozenset(usual - in_line)


def _own_texts(node: Node) -> list[str]:
    """The texts in a node, with any number for the only one that stands beside a few words ("31 posts")."""
    texts = (" ".join(child.split()) for child in node.children if isinstance(child, str))
    return [_COUNT.sub(r"\1#\2", text) if len(text) <= _LONGEST_COUNT else text for text in texts if text]


def _region(unit: Node, others: Container[Node]) -> Iterator[Node]:
    stack = [unit]
    while stack:
        node = stack.pop()
        yield node
        stack.extend(child for child in reversed(node.elements) if child not in others)


# ------------------------------------------------------------------------------------------- beside the words


def _is_extra(node: Node, author: str) -> bool:
    """Whether a part of a post's body is none of its words: a signature, buttons, its author again, an edit."""
    if node.value is not None:
        return False
    if _is_note(node) or _is_signature(node):
        return True
    if "class" not in node.attributes:
        return False
    words = node.words
    if not _EXTRAS.isdisjoint(words) or ("link" in words and not words.isdisjoint(_UNFOLD)):
        return True
    if node.size <= _LONGEST_ANSWERING and node.size == node.linked and not _ANSWERING.isdisjoint(words):
        return True
    if not author or node.size >= _LONGEST_HEAD or author not in node.text(" "):
        return False
    if _BY.match(node.text(" ")):
        return True
    return not words.isdisjoint(_HEADERS) or (names_author(node) and is_dated(node))


def _is_note(node: Node) -> bool:
    """Whether a part of a post says that it was changed, and when, and holds no smaller part that does."""
    return _says_edited(node) and not any(_says_edited(below) for below in node.walk() if below is not node)


def _says_edited(node: Node) -> bool:
    if not 0 < node.size < _LONGEST_NOTE or node.value is not None:
        return False
    text = node.text(" ")
    named = "class" in node.attributes and not _NOTES.isdisjoint(node.words) and not _is_named_body(node)
    return (named or _EDITED.match(text) is not None) and _DIGIT.search(text) is not None


def _is_signature(node: Node) -> bool:
    """Whether a part of a post is its author's signature, by its role or a line of dashes that begins it."""
    if "signature" in node.attributes.get("data-role", "").lower():
        return True
    return 0 < node.size < _LONGEST_SIGNATURE and bool(_UNDERLINED.match(node.text(" ")))


def _quotes(bodies: Iterable[Node], extras: Container[Node]) -> Iterator[Node]:
    """The outermost parts of a post's words that are named as quotes and are no ``blockquote``."""
    stack = [child for body in bodies for child in body.elements]
    while stack:
        node = stack.pop()
        if node in extras or node.tag == "blockquote":
            continue
        if node.tag in _QUOTING and "class" in node.attributes and not _QUOTES.isdisjoint(node.words):
            if not node.find("blockquote"):
                yield node
            continue
        stack += node.elements


# ------------------------------------------------------------------------------------------- words


def _bodies(
    unit: Node, region: Sequence[Node], beside: frozenset[Node], usual: Set[Node]
) -> tuple[Node, ...]:
    """The nodes that hold the words of a post: what microdata or names say, else all that is neither author
    nor date nor decoration."""
    told = [
        node for node in region if node.attributes.get("itemprop") in ("text", "articleBody", "commentText")
    ]
    if told and (best := max(told, key=_unlinked)).size:
        return (best,)
    around = {above for node in beside for above in [node, *upto(node, unit)]} | {unit}
    members = set(region)
    parts = [
        child
        for node in region
        if node in around
        for child in node.elements
        if child not in around and child.size and child.tag != GONE and child in members
    ]
    panels = {node for node in around if _is_beside(node) and not any(map(_is_named_body, node.walk()))}
    parts = [part for part in parts if part.prose or panels.isdisjoint(part.above())] or parts
    said = _said(region, usual)
    if max((said[part] for part in parts), default=0) < _LITTLE * _unlinked(unit):
        said = _said(region, usual, within=True)
    most = max((said[part] for part in parts), default=0)
    named = [node for node in _below(parts, members, said) if _is_named_body(node)]
    if named and said[best := max(named, key=lambda node: said[node])] >= 0.3 * most:
        return _whole(_deepest(best, named, said), named, around)
    kept = [
        part
        for part in parts
        if part not in usual and not _is_beside(part) and (_unlinked(part) >= 0.2 * most or part.prose)
    ]
    if not kept and unit.own:
        return (unit,)
    if not kept and (left := [part for part in parts if part not in usual and _unlinked(part) > 0]):
        return (max(left, key=_unlinked),)  # its names are of a look ("badge-info")
    return tuple(kept) if not _own_words(unit, around) else (unit,)


def _said(region: Sequence[Node], usual: Set[Node], *, within: bool = False) -> Mapping[Node, int]:
    """The characters below each node of a post that are neither linked nor heading nor beside its words; `within` what
    its names say to stand beside these too, where a part of it is named as words and no quote."""
    said: dict[Node, int] = {}
    for node in reversed(region):
        children = node.elements
        if node in usual or node.tag == "a" or node.tag in HEADINGS or _is_note(node) or _is_signature(node):
            said[node] = 0
        elif not _is_beside(node):
            said[node] = node.own + sum(said.get(child, 0) for child in children)
        elif within and _QUOTES.isdisjoint(node.words):
            said[node] = sum(
                said.get(child, 0) for child in children if any(map(_is_named_body, child.walk()))
            )
        else:
            said[node] = 0
    return said


def _below(parts: Iterable[Node], members: Container[Node], said: Mapping[Node, int]) -> Iterator[Node]:
    """Parts of a post and the nodes below them, in order, as far as they say something."""
    stack = list(reversed(list(parts)))
    while stack:
        node = stack.pop()
        if said[node]:
            yield node
            stack += [child for child in reversed(node.elements) if child in members]


def _unlinked(node: Node) -> int:
    return node.size - node.linked


def _apart(parts: Sequence[Node], beside: Iterable[Node], said: Mapping[Node, int]) -> Iterator[Node]:
    """The parts of a post that share no box with who or when but the one that holds the most of the words too."""
    most = max(parts, key=lambda part: said[part], default=None)
    if most is not None:
        boxes = {above for node in beside for above in node.above()}.difference(most.above())
        for part in parts:
            if part is most or part.size > _LONGEST_SUBJECT or boxes.isdisjoint(part.above()):
                yield part


def _is_named_body(node: Node) -> bool:
    if "class" not in node.attributes and "id" not in node.attributes:
        return False
    return not _BODY.isdisjoint(node.words) and not _is_named_beside(node)


def _is_beside(node: Node) -> bool:
    """Whether a node stands beside the words of a post, as its tag or its names say, or has none but links."""
    if node.value is None and (node.size == node.linked or (node.size < 8 and FLOOR.fullmatch(node.text()))):
        return True
    if node.tag in ("nav", "footer", "form", "menu"):
        return node.tag != "form" or not _is_named_body(node)
    return "class" in node.attributes and (not _EXTRAS.isdisjoint(node.words) or _is_named_beside(node))


def _is_named_beside(node: Node) -> bool:
    words = node.words & _NO_BODY
    if words == {"user"}:
        return "content" not in node.words
    return bool(words) and not (words == {"quote"} and {"message", "text"} <= node.words)


def _deepest(best: Node, named: Sequence[Node], said: Mapping[Node, int]) -> Node:
    """The smallest node within the best that holds nearly all its words, or that is named as words where the best is
    named as a post."""
    within = [node for node in named if best in node.above()]
    inside = [node for node in within if said[node] >= 0.9 * said[best]]
    if inside:
        return inside[-1]
    if not _WORDS.isdisjoint(best.words):
        return best
    plain = [
        node
        for node in within
        if not _WORDS.isdisjoint(node.words) and said[best] - said[node] < _LONGEST_SUBJECT
    ]
    return max(plain, key=lambda node: said[node], default=best)


def _whole(body: Node, named: Sequence[Node], around: Container[Node]) -> tuple[Node, ...]:
    """A body with those beside it that are named like it: quotes part the words of a post."""
    alike = [node for node in named if node.parent is body.parent and node.words == body.words]
    if len(alike) == 1 or body.parent is None:
        return (body,)
    return tuple(alike) if body.parent in around else (body.parent,)


def _own_words(unit: Node, around: set[Node]) -> bool:
    """Whether words of the post stand loose between the nodes that hold author and date."""
    return any(node.own > 40 for node in around)
