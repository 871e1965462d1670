"""Finds what stands around the content of a page where no name or tag tells: links above its title, and whose it is."""

from __future__ import annotations

from collections.abc import Container, Sequence

from factory.seeds.html.tree import Index, Node

_RIGHTS = (
    "©",
    "opyright",
    "OPYRIGHT",
    "ights reserved",
    "IGHTS RESERVED",
    "vorbehalten",
    "réservés",
    "reservados",
)
_LONGEST_NOTICE = 300
_MOST_PROSE = 400
_MOST_OF_PAGE = 0.25
_SHORT_FOOT, _HALF = 200, 0.5
_LAST = 0.25  # of a page's nodes, among which its copyright is looked for
_LINKED = 0.5
_LINKS = 3


def edges(index: Index, title: str, unseen: Container[Node]) -> dict[Node, str]:
    """The parts of a page of that title, its nodes measured, that stand above the title and mostly link, and the part
    that says whose the page is, and why they go."""
    found: dict[Node, str] = {}
    inner = heading = _titling(index, title)
    for above in heading.above() if heading is not None else ():
        for child in above.elements:
            if child is inner:
                break
            if child.links >= _LINKS and child.linked >= _LINKED * child.size and child not in unseen:
                found[child] = "links above the title"
        inner = above
    if (foot := _foot(index.order, heading, unseen)) is not None:
        found[foot] = "says whose the page is"
    return found


def _titling(index: Index, title: str) -> Node | None:
    """The main heading of a page that says its title, or else the first; without one, what says the title."""
    tops = [node for node in index.tags["h1"] if node.size]
    said = _plain(title)
    told = (node for node in tops or index.order if 0 < node.size <= len(said))
    return next((node for node in told if _plain(node.text(" ")) == said), tops[0] if tops else None)


def _plain(text: str) -> str:
    return " ".join(text.split()).lower()


def _foot(order: Sequence[Node], heading: Node | None, unseen: Container[Node]) -> Node | None:
    """The largest part around the last notice of rights that has little prose, and not the title."""
    last = reversed(order[int(len(order) * (1 - _LAST)) :])
    notice = next((node for node in last if 0 < node.own <= _LONGEST_NOTICE and _is_notice(node)), None)
    if notice is None or any(above in unseen for above in notice.above()):
        return None
    foot = None
    most = max(_MOST_OF_PAGE * order[0].size, min(_SHORT_FOOT, _HALF * order[0].size))
    for node in (notice, *notice.above()):
        titled = heading is not None and node.number <= heading.number <= node.last
        if titled or node.size > most or node.prose > _MOST_PROSE:
            break
        foot = node
    return foot


def _is_notice(node: Node) -> bool:
    return any(sign in child for child in node.children if isinstance(child, str) for sign in _RIGHTS)
