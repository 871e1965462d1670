"""Reads one post of a thread: who wrote it, when, its votes, whether it is the accepted answer, and its words.

What tells is what authors of pages everywhere write: microdata, ``rel``, ``time``, links to people, and the
words of the trade in class names. No rule names a site.
"""

from __future__ import annotations

import re
from collections.abc import Container, Iterator
from dataclasses import dataclass

from factory.seeds.html.dates import iso_date
from factory.seeds.html.tree import GONE, Node
from factory.seeds.html.words import JOINED, names

POST = "#post"

_AUTHOR = names(
    """author username user poster creator nickname nick member commenter postedby byline displayname
    screenname usercard postleft op"""
)
_SURE = names("author username poster creator nickname nick commenter displayname screenname name login")
_DATE = names(
    "date time timestamp datetime posted published created ago age relativetime timeago dateline postdate when"
)
# Of an address behind a slash. Each alternative begins with its own sign: a search passes over all else in one go.
_PERSON = re.compile(
    r"/(?:(?:users?|u|members?|profiles?|people|space|home)(?:/|\.php\b|\?|-(?:uid-)?\d)|(?<=./)[~@][\w.-]+/?$)"
    r"|[?&](?:action=profile|mode=viewprofile|u(?:id|serid)?=\d|user(?:name)?=\w)"
)
_AUTHOR_CARRIERS = ("data-author", "data-username", "data-user-name", "author")
_AUTHOR_ATTRIBUTES = frozenset({"itemprop", "rel", *_AUTHOR_CARRIERS})
_DATE_PROPERTIES = ("datePublished", "dateCreated", "datepublished")
_DATE_CARRIERS = (
    "datetime",
    "data-datetime",
    "data-created",
    "created-timestamp",
    "data-date",
    "content",
    "title",
)
_BODY = names(
    """body content text message prose post comment entry description markdown answer reply postbody posttext
    messagebody bbwrapper postmsg postmessage postcontent usertext inner msg"""
)
_NO_BODY = names(
    """user author profile signature sig quote meta footer foot header head actions controls info avatar vote
    votes votecell title subject poster attribution userinfo userdetails extras postleft postsignature postfootleft"""
)
_EXTRAS = names(
    """signature sig postsignature lastedit lastedited postedit reactions reaction actions controls toolbar share avatar
    tools editor vote votes votecell menu button buttons icons"""
)
_UNFOLD = names("expand shrink")
_VOTES = names("vote votes score upvotes upvoted points votecount likes")
_NOT_PEOPLE = re.compile(
    r"/(?:login|signup|sign-up|register|signin|search|home/?$)|action=(?:login|register)", re.I
)
_NO_NAME = re.compile(
    r"^(?:sign ?(?:up|in)|log ?in|register|by|from|author|op|user|posted|written|asked|answered|edited|modified"
    r"|commented|reply|share|follow|edit|more|guest|community wiki|(?:original|topic|thread) (?:poster|starter))$",
    re.I,
)
_JOINED = re.compile(rf"^\W*(?:{'|'.join(JOINED)})", re.I)
_COUNT = re.compile(
    r"^\s*(?:score|votes|points)?[:\s]*([+\-−–]?\d[\d,.]*)\s*(k)?\s*(?:points?|votes?|upvotes?)?\s*$", re.I
)
_EDITED = re.compile(r"^\s*(?:last\s+)?(?:edited|modified|updated)\b", re.I)
_LAST_EDITED = re.compile(r"^\s*last (?:edited|modified|updated)(?: by\b|\s*:|.{0,60}\d)", re.I)
_BEFORE_NAME = re.compile(
    r"^[\s@»•·|,:-]*(?:(?:originally\s+)?(?:posted|asked|answered|written|started|created|replied|commented)\s+)?(?:by\s+|von\s+|par\s+|por\s+)?",
    re.I,
)
_AFTER_NAME = re.compile(
    r"(?:\s+(?:says|said|wrote|writes|replied|commented|posted|on|at))?[\s:,»•·|-]*$", re.I
)
_LONGEST_NAME = 40
_LONGEST_DATE = 60
_LONGEST_EDIT = 120
_NUMBER = re.compile(r"\d")
_DIGITS_DATE = re.compile(
    r"\d{1,4}\s*[-/.年]\s*\d{1,2}\s*[-/.月]\s*\d{1,4}|\d{1,2}:\d{2}|\b\d+\s*\w*\s+ago\b"
    r"|\b(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]*\b|\b(?:yesterday|today)\b|[前昨今]",
    re.I,
)


@dataclass(frozen=True)
class Head:
    """What stands beside a post. `date` is ISO 8601 or empty, `shown` the date as the page writes it; `depth`
    counts the posts that it answers, 0 for one that stands on the page itself."""

    author: str = ""
    date: str = ""
    shown: str = ""
    score: int | None = None
    accepted: bool = False
    depth: int = 0

    def __str__(self) -> str:
        votes = "" if self.score is None else f"{self.score} votes" if self.score != 1 else "1 vote"
        parts = [f"**{self.author}**" if self.author else "", self.shown or self.date, votes]
        return " · ".join(part for part in [*parts, "accepted answer" if self.accepted else ""] if part)


@dataclass(frozen=True)
class Read:
    """A post as it was read: its head, the nodes that hold its words, and what in them is no part of it."""

    head: Head
    bodies: tuple[Node, ...]
    extras: frozenset[Node]


def names_author(node: Node) -> bool:
    """Whether a node seems to say who wrote something."""
    attributes = node.attributes
    if "class" in attributes and not _AUTHOR.isdisjoint(node.words):
        return True
    if node.tag == "a" and _is_person(node):
        return True
    return not _AUTHOR_ATTRIBUTES.isdisjoint(attributes) and (
        attributes.get("itemprop") in ("author", "creator")
        or "author" in attributes.get("rel", "").split()
        or any(attributes.get(name) for name in _AUTHOR_CARRIERS)
    )


def _is_person(link: Node) -> bool:
    address = link.attributes.get("href", "")
    return bool(_PERSON.search(f"/{address}")) and not _NOT_PEOPLE.search(address)


def names_date(node: Node) -> bool:
    """Whether a node seems to say when something was written."""
    attributes = node.attributes
    if node.tag == "time" or ("class" in attributes and not _DATE.isdisjoint(node.words)):
        return True
    return "created-timestamp" in attributes or (
        "itemprop" in attributes and attributes["itemprop"] in _DATE_PROPERTIES
    )


def read_post(unit: Node, others: Container[Node], depth: int = 0) -> Read:
    """Reads the post that a node holds, without the posts among `others` below it."""
    region = list(_region(unit, others))
    who, author = _author(unit, region)
    when, shown, date = _date(unit, region)
    beside = frozenset(node for node in (who, when) if node is not None and node is not unit)
    bodies = _bodies(unit, region, beside)
    inside = {below for body in bodies for below in body.walk()}
    extras = frozenset(
        node
        for node in region
        if node not in bodies and (node in beside or (node in inside and _is_extra(node, author)))
    )
    head = Head(author, date, shown, _score(region), _accepted(unit, region), depth)
    return Read(head, bodies, extras)


def _region(unit: Node, others: Container[Node]) -> Iterator[Node]:
    stack = [unit]
    while stack:
        node = stack.pop()
        yield node
        stack.extend(child for child in reversed(node.elements) if child not in others)


def _is_extra(node: Node, author: str) -> bool:
    """Whether a part of a post's body is none of its words: a signature, buttons, its author again, an edit."""
    if node.value is not None:
        return False
    if 0 < node.size < _LONGEST_EDIT and _LAST_EDITED.match(node.text(" ")):
        return True
    if "class" not in node.attributes:
        return False
    words = node.words
    if not _EXTRAS.isdisjoint(words) or ("link" in words and not words.isdisjoint(_UNFOLD)):
        return True
    return (
        bool(author)
        and node.size < 100
        and author in node.text(" ")
        and names_author(node)
        and _is_dated(node)
    )


def _is_dated(node: Node) -> bool:
    text = _words(node)
    return bool(_DIGITS_DATE.search(text)) or any(names_date(below) for below in node.walk())


# ------------------------------------------------------------------------------------------- author


def _author(unit: Node, region: list[Node]) -> tuple[Node | None, str]:
    """The node that names the author, and the name. One beside "edited" names an editor and comes last."""
    best: tuple[int, Node | None, str] = (0, None, "")
    for node in region:
        if not names_author(node) or any(above.tag == "blockquote" for above in _upto(node, unit)):
            continue
        for rank, holder, name in _named(node):
            if node is not unit and _of_editor(node, unit):
                rank -= 4
            if best[1] is None or rank > best[0]:
                best = (rank, holder, name)
    return best[1], best[2]


def _named(node: Node) -> Iterator[tuple[int, Node, str]]:
    """The names that a node gives, with how far each is to be trusted."""
    attributes = node.attributes
    for carrier in _AUTHOR_CARRIERS:
        if name := _name(attributes.get(carrier, "")):
            yield 7, node, name
    is_item = attributes.get("itemprop") in ("author", "creator")
    if is_item:
        for below in node.walk():
            is_name = below.attributes.get("itemprop") == "name"
            if is_name and (name := _name(below.attributes.get("content", "") or _words(below))):
                whole = _name(_words(node))  # the name of an account, and a person's behind it in brackets
                yield 12, below, whole if whole.startswith(f"{name} (") else name
                return
    sure = not _SURE.isdisjoint(node.words)
    person = node.tag == "a" and _is_person(node)
    for holder, text in _pieces(node):
        if name := _name(text):
            yield (
                (8 if is_item else 0)
                + (3 if sure else 0)
                + (2 if person else 0)
                + (1 if holder is node else 0),
                holder,
                name,
            )
            return


def _pieces(node: Node) -> Iterator[tuple[Node, str]]:
    """The texts in which a name may stand: that of a node without others, else of its links to people, else the first
    words."""
    if not node.elements:
        yield node, _words(node)
        return
    below = [one for one in node.walk() if one is not node][:40]
    yield from ((one, _words(one)) for one in below if one.tag == "a" and _is_person(one))
    for one in (node, *below):
        yield from ((one, child) for child in one.children if isinstance(child, str) and child.strip())


def _of_editor(node: Node, unit: Node) -> bool:
    """Whether the smallest part of a post around a name or a date begins with "edited"."""
    for above in (node, *_upto(node, unit)):
        if above.size > 200 or len(text := _words(above)) > 200:
            return False
        if _EDITED.match(text):
            return True
    return False


def _name(text: str) -> str:
    text = " ".join(text.split())
    if not text or len(text) > 3 * _LONGEST_NAME:
        return ""
    text = _AFTER_NAME.sub("", _BEFORE_NAME.sub("", text))
    fits = 0 < len(text) <= _LONGEST_NAME and len(text.split()) <= 5 and re.search(r"\w", text)
    return "" if not fits or _NO_NAME.match(text) or iso_date(text) else text.rstrip("♦ ")


def _upto(node: Node, unit: Node) -> Iterator[Node]:
    """The nodes above this one, below the unit."""
    for above in node.above():
        if above is unit:
            return
        yield above


def _words(node: Node) -> str:
    return " ".join(node.text(" ").split())


# ------------------------------------------------------------------------------------------- date


def _date(unit: Node, region: list[Node]) -> tuple[Node | None, str, str]:
    """The node that says when, the words in which it does, and the day as ISO 8601."""
    first: tuple[Node | None, str] = (None, "")
    for node in region:
        if not names_date(node) or any(above.tag == "blockquote" for above in _upto(node, unit)):
            continue
        if node is not unit and (_of_editor(node, unit) or _of_profile(node, unit)):
            continue
        shown = _words(node)
        shown = shown if len(shown) <= _LONGEST_DATE and _DIGITS_DATE.search(shown) else ""
        given = next(
            (node.attributes[name] for name in _DATE_CARRIERS if iso_date(node.attributes.get(name, ""))), ""
        )
        day = iso_date(given) or iso_date(shown)
        if day:
            return node, shown or first[1] or day, day
        if shown and first[0] is None:
            first = (node, shown)
    if first[0] is not None:
        return first[0], first[1], ""
    return _written_date(unit, region)


def _of_profile(node: Node, unit: Node) -> bool:
    """Whether a date is that on which its author joined."""
    near = [one for one in (node, *_upto(node, unit)) if one.size < 60]
    if node.tag == "dd" and node.parent is not None:
        near += node.parent.elements[: node.parent.elements.index(node)][-1:]
    return any(_JOINED.match(_words(one)[:40]) for one in near)


def _written_date(unit: Node, region: list[Node]) -> tuple[Node | None, str, str]:
    """A date in the short lines of a post that no markup tells."""
    for node in region:
        for child in node.children:
            if isinstance(child, str) and 5 < len(child) < 80 and (day := iso_date(child)):
                if _of_profile(node, unit):
                    break
                holder = node if node is not unit and node.size < _LONGEST_DATE else None
                return holder, " ".join(child.split()).strip(" »«·|,-"), day
    return None, "", ""


# ------------------------------------------------------------------------------------------- votes


def _score(region: list[Node]) -> int | None:
    for node in region:
        attributes = node.attributes
        if attributes.get("itemprop") == "upvoteCount" or "score" in attributes or "data-score" in attributes:
            given = attributes.get("data-value") or attributes.get("content") or attributes.get("score")
            value = _count(given or attributes.get("data-score") or _words(node))
            if value is not None:
                return value
        if "class" in attributes and not _VOTES.isdisjoint(node.words) and len(node.children) < 4:
            value = _count(_words(node))
            if value is not None and "like" not in " ".join(node.words):
                return value
    return None


def _count(text: str) -> int | None:
    found = _COUNT.match(text[:40])
    if not found:
        return None
    digits = found[1].replace("−", "-").replace("–", "-")
    try:
        if found[2]:
            return round(float(digits.replace(",", "")) * 1000)
        return int(digits.replace(",", "").replace(".", ""))
    except ValueError:
        return None


def _accepted(unit: Node, region: list[Node]) -> bool:
    if "acceptedAnswer" in unit.attributes.get("itemprop", "") or _says_accepted(unit):
        return True
    for node in region:
        if "class" in node.attributes and _says_accepted(node):
            hidden = "hidden" in node.attributes or "d-none" in node.attributes["class"]
            if not hidden and "none" not in node.attributes.get("style", ""):
                return True
    return False


def _says_accepted(node: Node) -> bool:
    words = node.words
    return bool(
        ("accepted" in words and not words.isdisjoint({"answer", "on", "is", "solution"}))
        or {"best", "answer"} <= words
        or {"is", "solution"} <= words
    )


# ------------------------------------------------------------------------------------------- words


def _bodies(unit: Node, region: list[Node], beside: frozenset[Node]) -> tuple[Node, ...]:
    """The nodes that hold the words of a post: what microdata or names say, else all that is neither author
    nor date nor decoration."""
    told = [
        node for node in region if node.attributes.get("itemprop") in ("text", "articleBody", "commentText")
    ]
    if told and (best := max(told, key=_unlinked)).size:
        return (best,)
    around = {above for node in beside for above in [node, *_upto(node, unit)]} | {unit}
    parts = [child for node in region if node in around for child in node.elements if child not in around]
    parts = [part for part in parts if part.size and part.tag != GONE and part in set(region)]
    free: list[Node] = []
    stack = list(reversed(parts))
    members = set(region)
    while stack:
        node = stack.pop()
        free.append(node)
        stack.extend(child for child in reversed(node.elements) if child in members)
    named = [node for node in free if _is_named_body(node)]
    most = max((_unlinked(part) for part in parts if not _is_decoration(part)), default=0)
    if named:
        best = max(named, key=_unlinked)
        if _unlinked(best) >= 0.3 * most:
            return (_deepest(best, named),)
    kept = [
        part for part in parts if not _is_decoration(part) and (_unlinked(part) >= 0.2 * most or part.prose)
    ]
    if not kept and (loose := _loose(unit)):
        return (loose,)
    return tuple(kept) if not _own_words(unit, around) else (unit,)


def _unlinked(node: Node) -> int:
    return node.size - node.linked


def _is_named_body(node: Node) -> bool:
    if "class" not in node.attributes and "id" not in node.attributes:
        return False
    words = node.words
    return not _BODY.isdisjoint(words) and _NO_BODY.isdisjoint(words) and bool(node.size)


def _is_decoration(node: Node) -> bool:
    if node.tag in ("nav", "footer", "form", "menu") or (node.value is None and node.size == node.linked):
        return True
    return "class" in node.attributes and not (_EXTRAS | _NO_BODY).isdisjoint(node.words)


def _deepest(best: Node, named: list[Node]) -> Node:
    """The smallest node within the best that holds nearly all its words."""
    inside = [node for node in named if best in node.above() and _unlinked(node) >= 0.9 * _unlinked(best)]
    return inside[-1] if inside else best


def _own_words(unit: Node, around: set[Node]) -> bool:
    """Whether words of the post stand loose between the nodes that hold author and date."""
    return any(node.own > 40 for node in around)


def _loose(unit: Node) -> Node | None:
    return unit if unit.own else None
