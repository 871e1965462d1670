"""Chooses what of a page to read, between a strict and a relaxed reading of it."""

from __future__ import annotations

from collections.abc import Container, Sequence
from dataclasses import dataclass, replace

from factory.seeds.html.code import LISTING
from factory.seeds.html.prune import (
    LEAST,
    LINKED,
    OFFER,
    RELAXED,
    STRICT,
    Rules,
    Survey,
    is_main,
    is_out,
    prune,
    survey,
)
from factory.seeds.html.purpose import Purpose
from factory.seeds.html.tables import GRID
from factory.seeds.html.tree import Index, Node
from factory.seeds.html.words import CONTENT, names

SHORT = 200
_ENOUGH = 0.55
_LOST = 0.25
_LITTLE_PROSE = 1500
_FEW = 0.7
_MAIN_PROSE = 600
_MAIN_SHARE = 0.02
_HOLDERS = frozenset({"div", "section", "td"})
_INNER = _HOLDERS | {"article", "main", "body", "center", "span", "form"}
_BODY_SHARE = 0.75
_TEXT_SHARE = 0.3
_HALF = 0.5
_NEARLY_ALL = 0.9
_ALL = 0.95
_INTRODUCED = 100
_ALIKE_PROSE = 100
_LEAD = 500
_OF_ARTICLE = names("article entry post story blog news")
_WRITTEN = names("body content contents text")
_FEW_LINKS = 0.1
_BEGINNINGS = names("intro introduction lede")


@dataclass(frozen=True)
class Reading:
    """The part of a page to read, what below it to leave out and why, and under which rules; sizes in
    characters without white space; the node in the part that is named as the text of an article, where it is one."""

    part: Node
    dropped: dict[Node, str]
    size: int
    prose: int
    name: str = "strict"
    text: Node | None = None


def choose(index: Index, purpose: Purpose, title: str) -> Reading:
    """The strict reading of a page, its nodes measured, unless it lost most of the page's prose, is short where a
    relaxed one is not, or has little prose and lost what links to other pages, and does not say that it is an
    article. Of a page of prose, its body alone; its `title` tells where the content begins."""
    page = survey(index, purpose, title)
    reading = _among(page)
    if reading.name == "linked":
        return reading
    part = reading.text or _article(index, reading) or reading.part
    if reading.prose >= SHORT:
        part = _body(part, reading.dropped)
    return replace(reading, part=part)


def _article(index: Index, reading: Reading) -> Node | None:
    """The only article of a page, where it holds half of the part to read: lists of files, and of versions, stand
    beside it."""
    articles, part = index.tags["article"], reading.part
    if len(articles) != 1 or not part.number < articles[0].number <= part.last:
        return None
    return (
        articles[0] if _holds(articles[0], part, _HALF) and not is_out(articles[0], reading.dropped) else None
    )


def _among(page: Survey) -> Reading:
    strict = _reading(page, STRICT, "strict")
    if strict.prose < _LITTLE_PROSE and not _is_told(strict.text, page):
        linked = _reading(page, OFFER if page.purpose.product else LINKED, "linked")
        if strict.size < _FEW * linked.size:
            return linked  # a page of links to others: they are its content, but for what a product's page offers too
    if strict.size >= SHORT and strict.prose >= _LOST * page.prose:
        return strict  # no reading has more prose than the page
    relaxed = _reading(page, RELAXED, "relaxed")
    if strict.size >= SHORT and strict.prose >= _LOST * relaxed.prose:
        return strict
    if relaxed.size >= SHORT:
        return relaxed
    return max(strict, relaxed, _reading(page, LEAST, "least"), key=lambda reading: reading.size)


def _reading(page: Survey, rules: Rules, name: str) -> Reading:
    dropped = prune(page, rules)
    part = _main_part(page, dropped)
    return Reading(part, dropped, part.size, part.prose, name, _text(part, dropped))


def _main_part(page: Survey, dropped: Container[Node]) -> Node:
    """The one ``main`` of the page that has prose; else the largest node that says it is the content, by tag or
    role, else by name, where it holds enough of the text left; else the root."""
    order = page.order
    mains = [node for node in page.mains if not is_out(node, dropped)]
    if len(mains) == 1 and mains[0].prose >= _MAIN_PROSE and mains[0].size >= _MAIN_SHARE * order[0].size:
        return mains[0]
    enough = _ENOUGH * order[0].size
    large = [node for node in order if node.size >= enough and not is_out(node, dropped)]
    explicit = [node for node in large if _is_content(node)]
    named = [node for node in large if node.tag in _HOLDERS and not CONTENT.isdisjoint(node.words)]
    return max(explicit or named, key=lambda node: node.size, default=order[0])


def _text(part: Node, dropped: Container[Node]) -> Node | None:
    """The node that is named as the text of an article, and has most sentences of those named so, where it holds enough
    of a part: around a short article more may stand than in it."""
    found: list[Node] = []
    stack = [part]
    while stack:
        node = stack.pop()
        if node.prose < _ALIKE_PROSE or node in dropped:
            continue
        if _is_text(node):
            found.append(node)
        else:
            stack += node.elements
    text = max(found, key=lambda node: node.prose, default=None)
    alone = text is not None and text.prose >= _FEW * sum(node.prose for node in found)
    if text is None or not alone or not _holds(text, part, _TEXT_SHARE):
        return None
    inner = text
    for above in text.above():
        if inner is part:
            break
        if _goes_on([child for child in above.elements if child not in dropped], inner):
            return None
        inner = above
    return text


def _is_text(node: Node) -> bool:
    """Whether a node is named as the text of an article: "entry-content", "articleBody"."""
    if node.tag not in _INNER or node.tag in ("body", "main"):
        return False
    if "articleBody" in node.attributes.get("itemprop", "") or "articlebody" in node.words:
        return True
    return not (node.words.isdisjoint(_OF_ARTICLE) or node.words.isdisjoint(_WRITTEN))


def _is_told(text: Node | None, page: Survey) -> bool:
    """Whether a page has the text of an article, of which little was left out as links to others, or none that is named
    so, and says that it is an article."""
    if text is None:
        return page.purpose.article
    return text.size >= _FEW * sum(node.own for node in page.order[text.number : text.last + 1])


def _body(part: Node, dropped: Container[Node]) -> Node:
    """The innermost node, named as content, that holds most of a part: bylines, teasers and offers stand around it;
    unnamed, the innermost that holds nearly all, and yet more where prose stands before it. Nothing is narrowed to one
    of pieces that are alike, as posts are, nor to one beside a table or a listing."""
    body = part
    inner: Node | None = part
    before = 0  # prose
    while inner is not None:
        named = _is_content(inner) or not CONTENT.isdisjoint(inner.words)
        share = _BODY_SHARE if named else _NEARLY_ALL if before < _INTRODUCED else _ALL
        if _holds(inner, part, share):
            body = inner
        left = [child for child in inner.elements if child not in dropped]
        inner = next(
            (child for child in left if child.tag in _INNER and _holds(child, part, _BODY_SHARE)), None
        )
        if inner is not None:
            if _goes_on(left, inner):
                break
            before += sum(child.prose for child in left if child.number < inner.number)
    return body


def _holds(node: Node, part: Node, share: float) -> bool:
    return node.prose >= share * part.prose and node.size >= share * part.size


def _goes_on(beside: Sequence[Node], body: Node) -> bool:
    """Whether a body goes on, or begins, in what stands beside it."""
    return any(_belongs_with(node, body) or _leads(node, body) for node in beside)


def _belongs_with(node: Node, other: Node) -> bool:
    """Whether this is another piece of the same make, with sentences, or holds a table or a listing."""
    if node is other:
        return False
    alike = node.tag == other.tag and node.attributes.get("class") == other.attributes.get("class")
    return (alike and node.prose >= _ALIKE_PROSE) or any(one.tag in (GRID, LISTING) for one in node.walk())


def _leads(node: Node, body: Node) -> bool:
    """Whether this stands before a body and begins what is told there: more sentences than a summary has."""
    unlinked = node.linked < _FEW_LINKS * node.size
    named = not _BEGINNINGS.isdisjoint(node.words) and node.prose >= _ALIKE_PROSE
    return node.number < body.number and unlinked and (named or node.prose >= _LEAD)


def _is_content(node: Node) -> bool:
    return node.tag == "article" or is_main(node) or node.attributes.get("itemprop") == "articleBody"
