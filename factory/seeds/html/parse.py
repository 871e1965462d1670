"""Parses a page with Lexbor into the tree that the extraction works on."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from selectolax.lexbor import LexborHTMLParser, LexborNode

from factory.seeds.html.encoding import Source
from factory.seeds.html.marking import MARK, mark
from factory.seeds.html.metadata import Head
from factory.seeds.html.tree import Node
from factory.seeds.html.words import names

_LANGUAGE = re.compile(r"([a-z]{2,3})(?:[-_][\w-]*)?$")
# Never text of the page. A formula's script is, and is told by its type.
_SKIPPED = names(
    """style template head link meta iframe object embed canvas audio video map svg
    input select textarea button datalist dialog"""
)
_VERBATIM = names("pre listing xmp code")


@dataclass(frozen=True)
class Parsed:
    """A parsed page: its tree, the tree's nodes in document order, what its head says, and the language that it
    declares ("en")."""

    root: Node
    order: list[Node]
    head: Head
    language: str


def parse(source: Source) -> Parsed:
    """Parses a page. An empty page gives an empty tree."""
    marked = mark(source.text)
    parser = LexborHTMLParser(marked.html)
    body = parser.body
    given = body.attributes if body is not None else {}
    root = Node("body", {name: value or "" for name, value in given.items()}, 0, len(source.text))
    order = [root]
    if body is not None:
        _convert(body, order, marked.spans)
    whole = parser.root
    declared = ((whole.attributes.get("lang") if whole is not None else None) or "").strip().lower()
    language = _LANGUAGE.match(declared)
    return Parsed(root, order, _head(parser), language[1] if language else "")


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


def _convert(body: LexborNode, order: list[Node], spans: list[tuple[int, int]]) -> None:
    """Copies what can hold text below `body` below the one node of `order`, and adds it there."""
    root = into = order[0]
    node, verbatim = body.first_child, 0  # `verbatim`: in how many elements whose blanks count
    entered: list[LexborNode] = []
    while node is not None:
        if node.is_text_node:
            text = node.text_content or ""
            blank = not verbatim and text.isspace() and text.isascii()
            into.children.append(" " if blank else text)
        elif node.is_element_node and (made := _element(node, into, spans)) is not None:
            made.parent = into
            into.children.append(made)
            order.append(made)
            if (first := node.first_child) is not None:
                entered.append(node)
                verbatim += made.tag in _VERBATIM
                into, node = made, first
                continue
        node = node.next
        while node is None and entered:
            node = entered.pop().next
            verbatim -= into.tag in _VERBATIM
            into = into.parent or root


def _element(node: LexborNode, into: Node, spans: list[tuple[int, int]]) -> Node | None:
    tag = node.tag or ""
    if tag in _SKIPPED and tag not in ("meta", "link"):
        return None
    given: dict[str, Any] = node.attributes
    number = given.pop(MARK, None) or ""
    attributes: dict[str, str] = given
    if None in given.values():
        attributes = {name: value or "" for name, value in given.items()}
    if tag in _SKIPPED and "itemprop" not in attributes:
        return None
    if tag == "script" and not attributes.get("type", "").startswith("math/"):
        return None
    start, end = into.start, into.end
    if number.isdecimal() and len(number) < 10 and int(number) < len(spans):
        start, end = spans[int(number)]
    return Node(tag, attributes, start, end)
