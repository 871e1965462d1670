"""From the bytes of a page to its blocks and their Markdown."""

from __future__ import annotations

import re
from bisect import bisect
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

from factory.seeds.html.blocks import Block, blocks_of, inline_text
from factory.seeds.html.clicks import without_clicks
from factory.seeds.html.code import protect_code
from factory.seeds.html.encoding import Utf8, as_utf8
from factory.seeds.html.markdown import markdown
from factory.seeds.html.mathematics import protect_formulas
from factory.seeds.html.metadata import Metadata, describe
from factory.seeds.html.notes import mark_notes
from factory.seeds.html.parse import Parsed, parse
from factory.seeds.html.places import placed
from factory.seeds.html.purpose import purpose_of
from factory.seeds.html.reading import Reading, choose
from factory.seeds.html.repeats import without_repeats, without_requoted
from factory.seeds.html.signed import without_signatures
from factory.seeds.html.tables import protect_tables
from factory.seeds.html.threads import Post, Thread, find_thread, posts_of
from factory.seeds.html.told import told
from factory.seeds.html.tree import Index, Node, uncollected, weigh
from factory.seeds.html.typed import as_said

_PERMALINK = re.compile(r"\s*[¶#§]\s*$")


@dataclass(frozen=True)
class Decision:
    """What became of a part of a page: kept or dropped, by which rule; `path` in tags, classes and ids from the
    page's body, `start` and `end` in bytes of the page in UTF-8."""

    kept: bool
    why: str
    path: str
    text: str
    start: int
    end: int


@dataclass(frozen=True)
class Page:
    """What was read from a page. Spans of blocks and posts are bytes of the source; `language` as declared ("en");
    `posts` those of a forum or question page, in its order."""

    blocks: tuple[Block, ...]
    metadata: Metadata
    language: str = ""
    posts: tuple[Post, ...] = ()

    @property
    def markdown(self) -> str:
        """The page as Markdown."""
        return markdown(self.blocks)

    @property
    def text(self) -> str:
        """The page as plain text: a block a paragraph, without marks."""
        return "\n\n".join(block.text for block in self.blocks)

    def tree(self) -> list[dict[str, Any]]:
        """The blocks as JSON: kind, text, span in bytes, and what else the kind has: the rows of a table with
        the number of header rows among them, who wrote a post and when."""
        return [_json(block) for block in self.blocks]


def _json(block: Block) -> dict[str, Any]:
    row = {name: value for name, value in vars(block).items() if value not in (0, "", (), None)}
    row["start"] = block.start
    if block.grid is not None:
        row.pop("grid")
        row["headers"] = block.grid.headers
        row["rows"] = [[cell.text for cell in line] for line in block.grid.rows]
    if block.post is not None:
        row["post"] = {name: value for name, value in vars(block.post).items() if value not in ("", None)}
    return row


def extract(raw: bytes | str, *, whole: bool = False) -> Page:
    """Reads the main content of a page, or the `whole` of it where all is content (a chapter of a book).

    No page is an error; one without text gives no blocks.
    """
    page = as_utf8(raw)
    with uncollected():
        return _read(page, whole)


def _read(page: Utf8, whole: bool) -> Page:
    parsed = parse(page.html)
    about = describe(parsed.head, parsed.index)
    index = _protect(parsed)
    purpose = purpose_of(index, parsed.head)
    thread = None if whole else find_thread(index, parsed.head, purpose)
    reading = thread if thread or whole else choose(index, purpose, about.title)
    blocks = blocks_of(reading.part, reading.dropped) if reading else blocks_of(parsed.root)
    for node in parsed.index.order:
        node.parent = None  # without cycles the tree is gone when this returns
    about = replace(about, title=_PERMALINK.sub("", about.title))
    if thread:
        blocks = without_requoted(as_said(blocks))
    elif reading:
        blocks = without_clicks(without_repeats(blocks, product=purpose.product))
        if not whole and purpose.published:
            blocks = without_signatures(blocks, about)
    if reading:
        blocks = _without_ends(blocks, reading)
    if not whole:
        blocks = told(blocks, parsed.head, page.html, product=purpose.product, forum=purpose.thread)
    there = tuple(placed(blocks, page))
    return Page(there, about, parsed.language, posts_of(there))


def _without_ends(blocks: list[Block], reading: Reading | Thread) -> list[Block]:
    """The blocks up to the last heading with something below it; headings alike, with nothing left out below the
    last, name what has no more words, and stay."""
    left_out = sorted(node.start for node in reading.dropped if node.size)
    end = reading.part.end
    while len(blocks) > 1 and (last := blocks[-1]).kind == "heading":
        whole = bisect(left_out, last.start) == bisect(left_out, end)
        if whole and (blocks[-2].kind, blocks[-2].level) == ("heading", last.level):
            break
        end, blocks = last.start, blocks[:-1]
    return blocks


def _protect(parsed: Parsed) -> Index:
    """Puts what must not be cut, or is written in a way of its own, out of reach of what comes after; gives the nodes
    left, measured."""
    index = parsed.index
    formulas, code = protect_formulas(index), protect_code(index)
    if formulas or code:
        index = Index(parsed.root.preorder(), index.said)
    notes, tables = mark_notes(index), protect_tables(index, inline_text)
    if notes or tables:
        index = Index(parsed.root.preorder(), index.said)
    weigh(index.order)
    return index


def explain(raw: bytes | str) -> Iterator[Decision]:
    """Why each part of a page was kept or dropped, in the order of the page; each dropped part once, whole."""
    parsed = parse(as_utf8(raw).html)
    index = _protect(parsed)
    purpose, title = purpose_of(index, parsed.head), describe(parsed.head, parsed.index).title
    reading = find_thread(index, parsed.head, purpose) or choose(index, purpose, title)
    stack: list[tuple[Node, bool]] = [(parsed.root, reading.part is parsed.root)]
    while stack:
        node, inside = stack.pop()
        if node in reading.dropped:
            yield _decision(node, False, reading.dropped[node])
        elif not inside and node is not reading.part and not _above(node, reading.part):
            yield _decision(node, False, f"outside of {_path(reading.part)}, which holds the main content")
        elif inside and not any(child in reading.dropped for child in node.walk()):
            yield _decision(node, True, f"the {reading.name} reading drops nothing in it")
        else:
            within = inside or node is reading.part
            stack.extend((child, within) for child in reversed(node.elements))


def _above(node: Node, part: Node) -> bool:
    return any(above is node for above in part.above())


def _decision(node: Node, kept: bool, why: str) -> Decision:
    return Decision(kept, why, _path(node), " ".join(node.text(" ").split()), node.start, node.end)


def _path(node: Node) -> str:
    """Where a node stands, as a stylesheet would name it, the last three steps."""
    steps = []
    for one in [node, *node.above()][:3]:
        name = one.attributes.get("id", "")
        classes = one.attributes.get("class", "").split()[:2]
        steps.append(one.tag + (f"#{name}" if name else "") + "".join(f".{each}" for each in classes))
    return " > ".join(reversed(steps))
