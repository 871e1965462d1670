"""Reads what readers gave a post: its votes, and whether it is the accepted answer."""

from __future__ import annotations

import re
from collections.abc import Sequence

from factory.seeds.html.tree import Node, words_in
from factory.seeds.html.words import names

_VOTES = names("vote votes score upvotes upvoted points votecount likes")
_COUNT = re.compile(
    r"^\s*(?:score|votes|points)?[:\s]*([+\-−–]?\d[\d,.]*)\s*(k)?\s*(?:points?|votes?|upvotes?)?\s*$", re.I
)


def score_of(region: Sequence[Node]) -> int | None:
    """The votes for a post, given its nodes in order; None where the page shows none."""
    for node in region:
        attributes = node.attributes
        if attributes.get("itemprop") == "upvoteCount" or "score" in attributes or "data-score" in attributes:
            given = attributes.get("data-value") or attributes.get("content") or attributes.get("score")
            value = _count(given or attributes.get("data-score") or words_in(node))
            if value is not None:
                return value
        if "class" in attributes and not _VOTES.isdisjoint(node.words) and len(node.children) < 4:
            value = _count(words_in(node))
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


def is_accepted(unit: Node, region: Sequence[Node]) -> bool:
    """Whether a post, in a node and those of its region, is marked as the accepted answer."""
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
