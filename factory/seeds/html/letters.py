"""Letters of mailing lists: a page that shows one, and words that an archive sets as they came, as code is set."""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import groupby

from factory.seeds.html.code import LISTING, Listing
from factory.seeds.html.groups import HEADINGS
from factory.seeds.html.tables import Grid
from factory.seeds.html.tree import Index, Node

_ANSWERS = re.compile(r"mailto:[^?]*\?(?:.*&)?(?:amp;)?(?:subject|in-reply-to)=", re.I)
_FIELD = re.compile(
    r"\s*(from|to|cc|date|subject|message-id|in-reply-to|von|an|datum|betreff|de|à|para|objet|asunto|fecha|autor|auteur"
    r"|autore|data|oggetto|van|aan|onderwerp|от|кому|дата|тема)\s*:?\s*",
    re.I,
)
_FEWEST_FIELDS = 3
_MUCH_OF_PAGE = 0.3
_ALL_OF_POST = 0.9
_AS_TYPED = re.compile(r"(?m)^(?: {2,}|\t|[-+@]{2,3} )\S")  # a line that is set apart: code, a patch, a table
_SIGNED = re.compile(r"\n--[^\S\n]*\n[\s\S]{0,400}\Z")


def writes_letter(unit: Node) -> bool:
    """Whether a post links to the address of who wrote it."""
    return any(
        node.tag == "a" and node.attributes.get("href", "").startswith("mailto:") for node in unit.walk()
    )


def letter_of(index: Index) -> tuple[list[Node], Node] | None:
    """The head and the words of the letter that a page shows, where it shows one: the nodes between the last heading
    before the words and these, and the nodes around them; None where it is no letter."""
    root = index.order[0]
    listings = index.tagged(LISTING)
    body = max(listings, key=lambda node: node.size, default=None)
    if body is None or body.size < _MUCH_OF_PAGE * (root.size - root.linked):
        return None
    before = index.order[: body.number]
    start = max((node.last for node in before if node.tag in HEADINGS), default=0)
    head = [node for node in before[start + 1 :] if node.size]
    texts = (text for node in head for text in _texts(node))
    fields = {found[1].lower() for text in texts if (found := _FIELD.fullmatch(text))}
    answered = any(_ANSWERS.match(node.attributes.get("href", "")) for node in head if node.tag == "a")
    if not answered and len(fields) < _FEWEST_FIELDS:
        return None
    region = [node for node in before if node.number > start or body.number <= node.last]
    return [*region, *(cell for node in region for cell in _opened(node))], body


def _texts(node: Node) -> list[str]:
    if isinstance(node.value, Grid):
        return [cell.text for row in node.value.rows for cell in row]
    return [child for child in node.children if isinstance(child, str)]


def _opened(node: Node) -> list[Node]:
    """The cells of a table as nodes below it, for fields of a letter may stand in them."""
    if not isinstance(node.value, Grid):
        return []
    cells = []
    for text in _texts(node):
        cells.append(Node("p", {}, node.start, node.end, node))
        cells[-1].children.append(text)
    node.become("div")
    node.children = list(cells)
    return cells


def set_as_words(bodies: Sequence[Node]) -> None:
    """Makes paragraphs and quotes of posts that are set as listings, where most of these are, each in one."""
    sole = [one for body in bodies if (one := _sole_listing(body)) is not None]
    if 2 * len(sole) > len(bodies):
        for node in sole:
            _unset(node)


def _sole_listing(body: Node) -> Node | None:
    listings = (node for node in body.walk() if node.tag == LISTING)
    return next((node for node in listings if node.size >= _ALL_OF_POST * body.size), None)


def _unset(node: Node) -> None:
    text = _SIGNED.sub("", str(node.value))
    node.become("div")
    for paragraph in re.split(r"\n\s*\n", text):
        lines = paragraph.strip("\n").split("\n")
        for quoted, run in groupby(lines, lambda line: line.startswith(">")):
            said = "\n".join(line.lstrip("> ") if quoted else line for line in run)
            if said.strip():
                _add(node, said, quoted=quoted)


def _add(node: Node, said: str, *, quoted: bool) -> None:
    above = Node("blockquote", {}, node.start, node.end, node) if quoted else node
    words = Node("p", {}, node.start, node.end, above)
    if not quoted and _AS_TYPED.search(said):
        words.become(LISTING, Listing(said, ""))
    else:
        words.children = [said]
    above.children.append(words)
    if quoted:
        node.children.append(above)
