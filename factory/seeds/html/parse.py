"""Parses a page with Lexbor into the tree that the extraction works on."""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import islice
from typing import Any

from selectolax.lexbor import LexborHTMLParser, LexborNode

from factory.seeds.html.marking import MARK, SKIPPED, Marked, mark
from factory.seeds.html.metadata import Head
from factory.seeds.html.tree import Index, Node
from factory.seeds.html.words import names

_TEMPLATE = re.compile(rb"<(/?)(template)(?=[\s/>])[^<>]*>", re.I)
_SHADOW = b"x-shadow"  # as long as "template"
_LANGUAGE = re.compile(r"([a-z]{2,3})(?:[-_][\w-]*)?$")
_TEXT, _COMMENT = "-text", "-comment"
_SELDOM_READ = names("meta link script button")
_PASSED = SKIPPED | {_COMMENT}
_VERBATIM = names("pre listing xmp code")  # where blanks count
_HEADINGS = names("h1 h2 h3 h4 h5 h6")
_LETTER = re.compile(r"[^\W\d_]")
_SHORTEST_QUESTION = 15
_LOOKED_AT, _LONG = 20, 200  # pieces and characters of a heading, for it may be endless


@dataclass(frozen=True)
class Parsed:
    """A parsed page: its tree, the nodes of it, what its head says, and the language that it declares ("en")."""

    root: Node
    index: Index
    head: Head
    language: str


def parse(html: bytes) -> Parsed:
    """Parses a page in UTF-8. An empty page gives an empty tree."""
    if b"shadowrootmode" in html:
        html = _unfolded(html)
    marked = mark(html)
    parser = LexborHTMLParser(marked.html)
    body = parser.body
    given = body.attributes if body is not None else {}
    root = Node("body", {name: value or "" for name, value in given.items()}, 0, len(html))
    order = [root]
    if body is not None:
        _convert(body, order, marked)
    whole = parser.root
    declared = ((whole.attributes.get("lang") if whole is not None else None) or "").strip().lower()
    language = _LANGUAGE.match(declared)
    return Parsed(root, Index(order), _head(parser), language[1] if language else "")


def _unfolded(html: bytes) -> bytes:
    """A page whose templates that browsers show at once (declarative shadow DOM) are elements like any other, their
    names as long as before, so that all keeps its place."""
    parts, copied = [], 0
    shown: list[bool] = []
    for found in _TEMPLATE.finditer(html):
        if not found[1]:
            shown.append(b"shadowrootmode" in found[0])
        if shown and (shown.pop() if found[1] else shown[-1]):
            parts += [html[copied : found.start(2)], _SHADOW]
            copied = found.end(2)
    return b"".join([*parts, html[copied:]])


def _head(parser: LexborHTMLParser) -> Head:
    """What pages say of themselves to machines, the first of each name."""
    title = parser.css_first("title")
    meta: dict[str, str] = {}
    links: dict[str, str] = {}
    for node in parser.css("meta[content]"):
        attributes = node.attributes
        name = attributes.get("property") or attributes.get("name") or attributes.get("itemprop") or ""
        if content := (attributes.get("content") or "").strip():
            meta.setdefault(name.lower(), content)
    for node in parser.css("link[rel][href]"):
        for relation in (node.attributes.get("rel") or "").lower().split():
            links.setdefault(relation, node.attributes.get("href") or "")
    scripts = parser.css('script[type="application/ld+json"]')
    words = title.text(deep=True).split() if title is not None else []
    return Head(" ".join(words), meta, links, tuple(script.text(deep=True) for script in scripts))


def _convert(body: LexborNode, order: list[Node], marked: Marked) -> None:
    """Copies what can hold text below `body` below the one node of `order`, and adds it there."""
    root = into = order[0]
    children = into.children
    starts, ends = marked.starts, marked.ends
    node = body.first_child
    verbatim: Node | None = None  # the outermost element around whose blanks count
    entered: list[LexborNode] = []
    classed: dict[str, dict[str, str]] = {}
    tags: dict[int, str] = {}  # the parser makes the name of a tag anew each time that it is asked for
    while node is not None:
        number = node.tag_id
        tag = tags.get(number) or tags.setdefault(number, node.tag or _COMMENT)
        if tag == _TEXT:
            text = node.text_content or ""
            blank = verbatim is None and text.isspace() and text.isascii()
            children.append(" " if blank else text)
        elif tag not in _PASSED:
            attributes: dict[str, Any] = node.attributes
            if None in attributes.values():
                attributes = {name: value or "" for name, value in attributes.items()}
            place = attributes.pop(MARK, "")
            if len(attributes) == 1 and "class" in attributes:  # most have no other: equal ones are one
                attributes = classed.setdefault(attributes["class"], attributes)
            if tag not in _SELDOM_READ or _is_read(tag, attributes, node, into):
                if place.isdecimal() and len(place) < 10 and (at := int(place)) < len(starts):
                    made = Node(tag, attributes, starts[at], ends[at], into)
                else:
                    made = Node(tag, attributes, into.start, into.end, into)
                children.append(made)
                order.append(made)
                if (first := node.first_child) is not None:
                    entered.append(node)
                    if verbatim is None and (tag in _VERBATIM or attributes.get("class") == "fragment"):
                        verbatim = made
                    into, children, node = made, made.children, first
                    continue
        node = node.next
        while node is None and entered:
            node = entered.pop().next
            if verbatim is into:
                verbatim = None
            into = into.parent or root
            children = into.children


def _is_read(tag: str, attributes: dict[str, str], node: LexborNode, into: Node) -> bool:
    """Whether an element that seldom says anything is one that does: a formula's script, told by its type, microdata,
    a button that is the heading of what it opens."""
    if tag == "script":
        return attributes.get("type", "").startswith("math/")
    if tag == "button":
        return _is_heading(node, into)
    return "itemprop" in attributes


def _is_heading(button: LexborNode, into: Node) -> bool:
    """Whether a button is what a heading says, or asks a question that what it opens answers. One behind the words of a
    heading does something with them: "Copy link"."""
    for above in (into, into.parent):
        if above is not None and above.tag in _HEADINGS:
            said = (child for node in islice(above.walk(), _LOOKED_AT) for child in node.children)
            return not any(
                isinstance(one, str) and _LETTER.search(one, 0, _LONG) for one in islice(said, _LOOKED_AT)
            )
    words = button.text(deep=True).strip()
    return len(words) >= _SHORTEST_QUESTION and words.endswith(("?", "？"))
