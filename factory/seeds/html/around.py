"""What stands around a published article: offers, teasers of others, what readers wrote.

Pages of other kinds are made of such boxes, so that they are told by their names and links on articles alone.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from factory.seeds.html.tree import Index, Node
from factory.seeds.html.words import BOILERPLATE, OFFERS

_SET_APART = ("div", "section", "figure", "ul", "p")
_LEAST_TEASER = 12
_MOST_OFFERED = 0.2
_ALL_LINKED = 0.95
_REST = 400  # characters of prose that an article must have beside what is surely none of it


def teasers(index: Index) -> Iterator[Node]:
    """The blocks with no more than a link or two, and no sentence: such a paragraph is in capitals, or in brackets."""
    return (node for node in index.tagged(*_SET_APART) if 0 < node.links <= 2 and _is_teaser(node))


def _is_teaser(node: Node) -> bool:
    if node.size < _LEAST_TEASER or 2 * node.linked < node.size:
        return False
    text = node.text().strip() if node.tag == "p" else ""
    return node.tag != "p" or text.isupper() or (text[:1] == "[" and text[-1:] == "]")


def boilerplate(suspects: Sequence[Node], root: Node) -> frozenset[str]:
    """The names of boilerplate on the page of an article: offers too, but where it is built of boxes named so."""
    passed = size = 0
    for node in suspects:
        if node.number > passed and not OFFERS.isdisjoint(node.words):
            passed = node.last
            size += node.size
    return BOILERPLATE | OFFERS if size <= _MOST_OFFERED * root.size else BOILERPLATE


def is_remarks(node: Node, root: Node, comments: frozenset[str]) -> bool:
    """Whether this is what readers wrote below an article: it may be longer than that."""
    return not comments.isdisjoint(node.words) and root.prose - node.prose >= _REST


def is_links(node: Node, root: Node) -> bool:
    """Whether this is a list of links beside an article, however long."""
    return node.linked >= _ALL_LINKED * node.size and root.prose >= _REST
