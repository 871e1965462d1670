"""Reads the head of a post: who wrote it, and when.

What tells is what authors of pages everywhere write: microdata, ``rel``, ``time``, links to people, and the
words of the trade in class names. No rule names a site.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice, pairwise

from factory.seeds.dates import iso_date
from factory.seeds.html.tree import Index, Node, in_document_order, words_in
from factory.seeds.html.votes import is_accepted, score_of
from factory.seeds.html.words import EDITED, JOINED, LATELY, names

_AUTHOR = names(
    """author username user poster creator nickname nick member commenter postedby byline displayname
    screenname usercard postleft op bigusername normalname postauthor postername postusername
    userid autor auteur usuario writer replyer replier uname sender authorname authorinfo posterinfo person"""
)
_SURE = names(
    """author username poster creator nickname nick commenter displayname screenname name login bigusername normalname
    postauthor postername autor auteur usuario writer uname authorname"""
)
_CALLED = names("name handle owner")
_HEADINGS = names("h1 h2 h3")
_OF_AUTHOR = names("rank posts level title group status points")
_DATE = names(
    "date time timestamp datetime posted published created ago age relativetime timeago dateline postdate when"
)
# Of an address behind a slash, or of several, parted by NUL. Each alternative begins with its own sign: a search passes
# over all else in one go.
_PERSON = re.compile(
    r"/(?:(?:users?|u|member(?:s|info)?|profil[eo]?s?|people|space|home|perfil|profiel|membre|miembro|mitglied|benutzer|utente|usuario)"
    r"(?:/|\.(?:php|aspx?|jsp)\b|\?|-(?:uid-)?\d)|u\d+(?:\0|$)|(?<=./)[~@][\w.-]+/?(?:\0|$))"
    r"|[?&](?:(?:action|mode|act|mod|do|kind)=(?:(?:view)?profile|member|space)\b|u(?:id|serid)?=\d|(?:show)?user(?:name)?=\w)"
)
_AFTER_MARK = re.compile(r"(?<=[~@]).*")
_AUTHOR_CARRIERS = ("data-author", "data-username", "data-user-name", "data-nick", "author", "uname")
_AUTHOR_ATTRIBUTES = frozenset({"itemprop", "rel", *_AUTHOR_CARRIERS})
_DATE_ATTRIBUTES = ("created-timestamp", "itemprop", "title")
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
_NOT_PEOPLE = re.compile(
    r"/(?:login|signup|sign-up|register|signin|search|home/?$)|action=(?:login|register)", re.I
)
_NO_NAME = re.compile(
    r"^(?:true|false|sign ?(?:up|in)|log ?in|register|by|from|author|op|user|posted|written|asked|answered|edited"
    r"|modified|commented|reply|share|follow|edit|more|guest|community wiki"
    r"|(?:original|topic|thread) (?:poster|starter)"
    r"|\d+ (?:repl|answer|comment|post|view|vote|like|point)\w*|\d[\d ]*[.,][\d., ]*|#\d+|lv\.?\s?\d+)$",
    re.I,
)
_JOINED = re.compile(rf"^\W*(?:{'|'.join(JOINED)})|(?:{'|'.join(JOINED)})[^\W\d]*\s*[:：]\s*\d", re.I)
_EDITED = re.compile(rf"\W*(?:(?:edited|modified|updated)\b|{'|'.join(EDITED)})", re.I)
_BEFORE_NAME = re.compile(
    r"^[\s@»•·|,:-]*(?:(?:originally\s+)?(?:posted|asked|answered|written|started|created|replied|commented)\s+)?(?:by\s+|von\s+|par\s+|por\s+)?",
    re.I,
)
_AFTER_NAME = re.compile(
    r"(?:\s+(?:says|said|wrote|writes|replied|commented|posted|on|at)|(?<=\S)(?:(?<!名無し)さん|님))?"
    r"[\s:：,»•·|<-]*$",
    re.I,
)
_LONGEST_NAME = 40
_LONGEST_DATE = 60
_LONGEST_DAY = 32  # with its hour
_LABELLED = re.compile(r"[:：]\s*[^\s/]")
_FIRST_TEXTS = 40
_LABEL = re.compile(
    r"(?:author|from|name|by|von|de|posted by|autor|auteur|autore|автор|от|作者|楼主|樓主|發文者|投稿者|名前"
    r"|おなまえ|글쓴이|작성자)\s*[:：]?",
    re.I,
)
_SIGNED = re.compile(r"\d\W*\b(?:by|von|par|por|da|od|от|από|av|af|door|przez)\s+(\S.{0,40})$", re.I)
_PHRASE = re.compile(r"[。！？，]|[\u3040-\u30ff\u3400-\u9fff]{17}")
_LETTER = re.compile(r"[^\W\d_]")
_DIGIT = re.compile(r"\d")
# Of this year, or of one in two digits: which number is the day is not told, but that they are one.
_MOMENT = re.compile(
    r"(?<![\d/.-])\d{1,2}([-/.])\d{1,2}(?:\1\d{1,2})?(?:\s?\([^\W\d_]{1,3}\)|,)?\s*\d{1,2}:\d{2}(?!\d)"
)
_BRACKETED = re.compile(r"[(（]([^()（）]{6,60})[)）]")
_YEAR = re.compile(r"(?<!\d)(?:19|20)\d\d(?!\d)")
_TELLS_TIME = re.compile(
    r"\d{1,4}\s*[-/.年]\s*\d{1,2}\s*[-/.月]\s*\d{1,4}|\d{1,2}:\d{2}|\d\s?[月월]\s?\d{1,2}\s?[日일]"
    r"|\b(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]*\b"
    rf"|(?<![a-z])(?:{'|'.join(LATELY)})(?![a-z])",
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
        votes = "" if not self.score else f"{self.score} votes" if self.score != 1 else "1 vote"
        parts = [f"**{self.author}**" if self.author else "", self.shown or self.date, votes]
        return " · ".join(part for part in [*parts, "accepted answer" if self.accepted else ""] if part)


def names_author(node: Node) -> bool:
    """Whether a node seems to say who wrote something."""
    attributes = node.attributes
    if _is_called(node, _AUTHOR) or _is_person(node):
        return True
    return not _AUTHOR_ATTRIBUTES.isdisjoint(attributes) and (
        attributes.get("itemprop") in ("author", "creator")
        or "author" in attributes.get("rel", "").split()
        or any(attributes.get(name) for name in _AUTHOR_CARRIERS)
    )


def authors_in(index: Index) -> list[Node]:
    """The nodes of a page that seem to say who wrote something, in order."""
    people = _people(index.tags["a"])
    told = (node for node in index.having(*_AUTHOR_ATTRIBUTES) if names_author(node))
    return in_document_order([*_called(index, _AUTHOR), *people, *told])


def _people(links: Sequence[Node]) -> list[Node]:
    """Those of some links that lead to people. Their addresses are searched as one text, in a third of the time."""
    addresses = "/" + "\0/".join([link.attributes.get("href", "") for link in links])
    likely: set[int] = set()
    number = reached = 0
    for found in _PERSON.finditer(addresses):
        number += addresses.count("\0", reached, found.start())
        reached = found.start()
        likely.add(number)
    return [links[number] for number in sorted(likely) if _is_person(links[number])]


def _called(index: Index, words: frozenset[str]) -> list[Node]:
    """The nodes with one of those words in a class, or in the id that numbers them ("postdate12")."""
    numbered = (
        node for node in index.attributes["id"] if "class" not in node.attributes and _is_called(node, words)
    )
    return [*(node for node in index.named(words) if _is_called(node, words)), *numbered]


def _is_called(node: Node, words: frozenset[str]) -> bool:
    if words.isdisjoint(node.words) or "select" in node.words:  # a menu, or a style: "userSelect"
        return False
    return "class" in node.attributes or _DIGIT.search(node.attributes.get("id", "")) is not None


def _is_person(link: Node) -> bool:
    return bool(person_kind(link))


def person_kind(link: Node) -> str:
    """The part of a link's address that says that it leads to a person ("/user/", "/~"); empty where none does."""
    address = link.attributes.get("href", "")
    found = _PERSON.search(f"/{address}") if link.tag == "a" else None
    if not found or _NOT_PEOPLE.search(address):
        return ""
    return _AFTER_MARK.sub("", found[0])


def names_date(node: Node) -> bool:
    """Whether a node seems to say when something was written."""
    attributes = node.attributes
    if node.tag == "time" or _is_called(node, _DATE):
        return True
    return (
        "created-timestamp" in attributes
        or ("itemprop" in attributes and attributes["itemprop"] in _DATE_PROPERTIES)
        or ("title" in attributes and _is_day(attributes["title"]))
    )


def _is_day(text: str) -> bool:
    """Whether a text is a day, with an hour or without, and says no more."""
    return (
        len(text) <= _LONGEST_DAY and _YEAR.search(text) is not None and iso_date(text, day_first=True) != ""
    )


def dates_in(index: Index) -> list[Node]:
    """The nodes of a page that seem to say when something was written, in order."""
    told = (node for node in index.having(*_DATE_ATTRIBUTES) if names_date(node))
    return in_document_order([*index.tagged("time"), *_called(index, _DATE), *told])


def writes_day(node: Node) -> bool:
    """Whether a short text in a node tells a day, which no markup says, other than that on which somebody joined."""
    if node.own <= 5:
        return False
    for child in node.children:
        if child.__class__ is str and _names_day(child):
            return not _of_profile(node)
    return False


def _names_day(text: str) -> bool:
    text = text.strip()
    if not 5 < len(text) < 80 or not _DIGIT.search(text):
        return False
    return iso_date(text, day_first=True) != "" or _MOMENT.search(text) is not None


def read_head(unit: Node, region: Sequence[Node], depth: int) -> tuple[Head, frozenset[Node]]:
    """The head of the post that a node holds, of its region in order, and the nodes that say who and when."""
    who, author = _author(unit, region)
    when, shown, date = _date(unit, region)
    beside = frozenset(node for node in (who, when) if node is not None and node is not unit)
    return Head(author, date, shown, score_of(region), is_accepted(unit, region), depth), beside


def is_dated(node: Node) -> bool:
    """Whether a node tells a time, in its words or by its names."""
    return bool(_TELLS_TIME.search(words_in(node))) or any(names_date(below) for below in node.walk())


# ------------------------------------------------------------------------------------------- author


def _author(unit: Node, region: Sequence[Node]) -> tuple[Node | None, str]:
    """The node that names the author, and the name. One beside "edited" names an editor and comes last."""
    best: tuple[int, Node | None, str] = (0, None, "")
    for node in region:
        if not names_author(node) or any(above.tag == "blockquote" for above in upto(node, unit)):
            continue
        for rank, holder, name in _named(node):
            if node is not unit and _of_editor(node, unit):
                rank -= 4
            if best[1] is None or rank > best[0]:
                best = (rank, holder, name)
    return best[1:] if best[1] is not None else _written_author(unit, region)


def _written_author(unit: Node, region: Sequence[Node]) -> tuple[Node | None, str]:
    """The author of a post whom no markup tells: the name behind a label ("Author:"), else the first before the day,
    else the first words, where they look like a name and stand alone."""
    texts = list(islice(_texts(unit, frozenset(region)), _FIRST_TEXTS))
    for (_, label), (holder, text) in pairwise(texts):
        if _LABEL.fullmatch(label) and (name := _name(text)):
            return holder, name
    days = (place for place, (holder, text) in enumerate(texts) if _names_day(text) or names_date(holder))
    day = next(days, 0)
    for holder, text in sorted(texts[:day], key=lambda told: _CALLED.isdisjoint(told[0].words)):
        if _LETTER.search(text) and (name := _name(text)) and not _LABEL.fullmatch(text):
            return holder if holder is not unit else None, name
    if day or (texts and _names_day(texts[0][1])):
        found = _SIGNED.search(texts[day][1])
        return None, _name(found[1]) if found else ""
    first, text = texts[0] if texts else (unit, "")
    alone = (
        first is not unit and first.tag not in _HEADINGS and text == words_in(first) and not is_dated(first)
    )
    return (first, name) if alone and (name := _name(text)) else (None, "")


def _texts(unit: Node, region: frozenset[Node]) -> Iterator[tuple[Node, str]]:
    """The texts of a post in its order, each with the node that it stands in."""
    stack: list[tuple[Node, Node | str]] = [(unit, unit)]
    while stack:
        holder, item = stack.pop()
        if isinstance(item, str):
            if text := " ".join(item.split()):
                yield holder, text
        elif item in region:
            stack.extend((item, child) for child in reversed(item.children))


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
            if is_name and (name := _name(below.attributes.get("content", "") or words_in(below))):
                whole = _name(words_in(node))  # the name of an account, and a person's behind it in brackets
                told = whole.startswith(f"{name} (") and whole != f"{name} ({name})"
                yield 12, below, whole if told else name
                return
    sure = not _SURE.isdisjoint(node.words) and _OF_AUTHOR.isdisjoint(node.words)
    person = _is_person(node)
    for holder, text in _pieces(node):
        if name := _name(text):
            yield (
                (8 if is_item else 0)
                + (3 if sure else 0)
                + (2 if person or _is_person(holder) else 0)
                + (1 if holder is node else 0),
                holder,
                name,
            )
            return


def _pieces(node: Node) -> Iterator[tuple[Node, str]]:
    """The texts in which a name may stand: that of a node without others, else of its links to people, else the first
    words."""
    if not node.elements:
        yield node, words_in(node)
        return
    below = [one for one in node.walk() if one is not node][:40]
    yield from ((one, words_in(one)) for one in below if _is_person(one))
    for one in (node, *below):
        yield from ((one, child) for child in one.children if isinstance(child, str) and child.strip())


def _of_editor(node: Node, unit: Node) -> bool:
    """Whether the smallest part of a post around a name or a date begins with "edited"."""
    for above in (node, *upto(node, unit)):
        if above.size > 200 or len(text := words_in(above)) > 200:
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
    if not fits or _NO_NAME.match(text) or _PHRASE.search(text) or _LABELLED.search(text) or iso_date(text):
        return ""
    return text.rstrip("♦ ")


def upto(node: Node, unit: Node) -> Iterator[Node]:
    """The nodes above this one, below the unit."""
    for above in node.above():
        if above is unit:
            return
        yield above


# ------------------------------------------------------------------------------------------- date


def _date(unit: Node, region: Sequence[Node]) -> tuple[Node | None, str, str]:
    """The node that says when, the words in which it does, and the day as ISO 8601."""
    first: tuple[Node | None, str] = (None, "")
    for node in region:
        if not names_date(node) or any(above.tag == "blockquote" for above in upto(node, unit)):
            continue
        if node is not unit and (_of_editor(node, unit) or _of_profile(node, unit)):
            continue
        shown = words_in(node)
        shown = (
            shown if len(shown) <= _LONGEST_DATE and (_TELLS_TIME.search(shown) or iso_date(shown)) else ""
        )
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


def _of_profile(node: Node, unit: Node | None = None) -> bool:
    """Whether a date is that on which its author joined, as a small part of the page, or of the unit, begins."""
    near = [one for one in (node, *(upto(node, unit) if unit else node.above())) if one.size < 60]
    if node.tag == "dd" and node.parent is not None:
        near += node.parent.elements[: node.parent.elements.index(node)][-1:]
    return any(_JOINED.match(words_in(one)[:40]) for one in near)


def _written_date(unit: Node, region: Sequence[Node]) -> tuple[Node | None, str, str]:
    """A date in the short lines of a post that no markup tells."""
    for node in region:
        for child in node.children:
            if isinstance(child, str) and _names_day(child):
                if (
                    _JOINED.match(child)
                    or _of_profile(node, unit)
                    or (node is not unit and _of_editor(node, unit))
                ):
                    break
                holder = node if node is not unit and node.size < _LONGEST_DATE else None
                shown = next(filter(iso_date, _BRACKETED.findall(child)), child)
                return holder, " ".join(shown.split()).strip(" »«·|,-[("), iso_date(child)
    return None, "", ""
