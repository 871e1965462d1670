"""What a browser with scripts does not show of a page, at least until a click."""

from __future__ import annotations

import re
from collections.abc import Set
from itertools import chain

from factory.seeds.html.tree import Index, Node
from factory.seeds.html.words import UNSEEN, names

_HIDING = frozenset({"hidden", "aria-hidden", "style"})
_HIDDEN_STYLE = re.compile(r"display\s*:\s*none|visibility\s*:\s*hidden", re.I)
_FOLDED = names("accordion collapse collapsible expandable toggle faq")
_PANELS = names("pane panel content body")
_MOST_HIDDEN = 0.4
_LONGEST_QUESTION = 150


def unseen_in(index: Index) -> dict[Node, str]:
    """What a browser with scripts does not show, unless it holds the better part of the page's text.

    Pages that are put together by a script carry their text hidden, or in ``noscript``.
    """
    unseen: dict[Node, str] = {}
    named = (nodes for classes, nodes in index.classes.items() if not UNSEEN.isdisjoint(classes.split()))
    hidden = {node for node in chain(index.having(*_HIDING), *named) if _is_hidden(node)}
    hidden -= _answers(hidden)
    for found, why in ((set(index.tags["noscript"]), "shown without scripts only"), (hidden, "hidden")):
        size = sum(node.size for node in found if found.isdisjoint(node.above()))
        if size <= _MOST_HIDDEN * index.order[0].size:
            unseen |= dict.fromkeys(found, why)
    return unseen


def _is_hidden(node: Node) -> bool:
    attributes = node.attributes
    hidden = (
        "hidden" in attributes
        or attributes.get("aria-hidden") == "true"
        or _HIDDEN_STYLE.search(attributes.get("style", "")) is not None
        or not UNSEEN.isdisjoint(attributes.get("class", "").split())
    )
    return hidden and node.value is None and not _is_panel(node)


def _is_panel(node: Node) -> bool:
    """Whether a click on a tab or a heading shows this: content like what is seen at once."""
    attributes = node.attributes
    role = attributes.get("role", "")
    if role in ("tabpanel", "region") or ("aria-labelledby" in attributes and not role):
        return True
    if "class" not in attributes:
        return False
    words = node.words
    return not words.isdisjoint(_FOLDED) or ("tab" in words and not _PANELS.isdisjoint(words))


def _answers(hidden: Set[Node]) -> set[Node]:
    """Those hidden nodes that stand below a question, or a heading that is a button, and are shown by a click on it."""
    found: set[Node] = set()
    for parent in {node.parent for node in hidden}:
        above: Node | None = None
        for child in parent.elements if parent is not None else ():
            if child.size:
                if above is not None and child in hidden and _is_question(above):
                    found.add(child)
                above = child
    return found


def _is_question(node: Node) -> bool:
    if node.size > _LONGEST_QUESTION:
        return False
    return node.text().rstrip().endswith(("?", "？")) or any(one.tag == "button" for one in node.walk())
