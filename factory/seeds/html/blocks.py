"""From the tree to blocks: headings, paragraphs, list items, code, tables, formulas and quotes, in order.

The blocks are a tree in document order: `section` holds the headings above a block, `depth` how many list
items and `quoted` how many quotations it stands in.
"""

from __future__ import annotations

import re
from collections.abc import Container
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

from factory.seeds.html.code import Listing
from factory.seeds.html.heads import Head
from factory.seeds.html.mathematics import Formula, delimited
from factory.seeds.html.notes import NOTE
from factory.seeds.html.scripts import scripted
from factory.seeds.html.tables import Grid
from factory.seeds.html.tree import GONE, Child, Node
from factory.seeds.html.words import names

BlockKind: TypeAlias = Literal[
    "heading", "paragraph", "item", "code", "table", "math", "quote", "post", "raw"
]

BLOCK_TAGS = names(
    """
    address article aside blockquote body button caption center dd details dir div dl dt fieldset figcaption figure
    footer form h1 h2 h3 h4 h5 h6 header hgroup hr legend li main menu nav ol p search section summary table
    tbody td tfoot th thead tr ul
    """
)
_HEADINGS = {"h1": 1, "h2": 2, "h3": 3, "h4": 4, "h5": 5, "h6": 6}
_SCOPES = frozenset({*_HEADINGS, "li", "dd", "blockquote"})  # what says how to read the words in it
_SCRIPTS = frozenset({"sup", "sub"})
_CODE_SPANS = frozenset({"code", "tt", "kbd", "samp"})
_PERMALINKS = frozenset("¶§#")
_SOURCE = re.compile(r"(?P<bracket>\[)?\s*(?:(?:view )?source(?: code)?|src|edit)\s*\]?", re.I)
_BUTTON = names("button btn")
_TO_SOURCE = names("src srclink seesrc viewcode viewsource source edit")
_OF_SOURCES = re.compile(r"(?:^|/)(?:src|_modules)/")  # where generators put listings
_ANCHOR = re.compile(r"^\W{0,2}$|^\[?\s*edit\s*\]?$|^permalink$", re.I)
_DISPLAYED = re.compile(r"\$\$(.+?)\$\$", re.S)
# All but the single space, which stays as it is. It begins with one set of signs, for which a search looks fast.
_SPACE = re.compile(r"[ \t\n\r\f\v](?:(?<! )[ \t\n\r\f\v]*+|[ \t\n\r\f\v]++)")
_PARTED = re.compile(r"\n{2,}")
_BREAK = "\0"  # of a line; the parser leaves none in a text
_AROUND_BREAK = re.compile(f" *{_BREAK} *")


@dataclass(frozen=True)
class Block:
    """A piece of a page. `text` is Markdown for words, the bare code or TeX otherwise; of "raw" blocks, HTML and TeX as
    they stand in a text.

    `start` and `end` are the span in bytes: of the page in UTF-8 while extracting, else of the file.
    """

    kind: BlockKind
    text: str
    start: int
    end: int
    level: int = 0
    depth: int = 0
    quoted: int = 0
    marker: str = ""
    language: str = ""
    section: tuple[str, ...] = ()
    grid: Grid | None = None
    post: Head | None = None


def inline_text(node: Node, dropped: Container[Node] = ()) -> str:
    """The text of a node as one line of Markdown: formulas between dollars, code between backticks."""
    parts: list[str] = []
    stack: list[Child] = [node]
    while stack:
        item = stack.pop()
        if isinstance(item, str):
            parts.append(item)
        elif item in dropped:
            parts.append(" ")
        elif isinstance(item.value, Formula):
            parts.append(_apart(parts, Formula(item.value.tex, display=False)))
        elif item.value is not None:
            parts.append(f" {item.value} ")
        elif item.tag in _CODE_SPANS:
            parts.append(_code_span(item))
        elif item.tag in _SCRIPTS and (script := scripted(item, parts)):
            parts.append(script)
        elif item.tag in BLOCK_TAGS or item.tag == "br":
            stack.extend([" ", *reversed(item.children), " "])
        else:
            stack.extend(reversed(item.children))
    return delimited(" ".join("".join(parts).split()))


def blocks_of(root: Node, dropped: Container[Node] = ()) -> list[Block]:
    """The blocks below a node, in document order, without those below dropped nodes."""
    return _Reader(dropped).read(root)


def _apart(parts: list[str], formula: Formula) -> str:
    """A formula behind what was gathered; a space keeps the dollars of two formulas apart."""
    return f" {formula}" if parts and parts[-1].endswith("$") else str(formula)


def _code_span(node: Node) -> str:
    text = _SPACE.sub(" ", node.text(" "))
    bare = text.strip()
    if not bare or "`" in bare:
        return text
    before, after = " " * text.startswith(" "), " " * text.endswith(" ")
    return f"{before}`{bare}`{after}"


def _is_button(node: Node) -> bool:
    """Whether a link looks like a button, which is no part of what stands before it."""
    return node.tag == "a" and not _BUTTON.isdisjoint(node.words)


def _is_mark(link: Node, in_heading: bool) -> bool:
    """Whether a link stands for the place where it is, or for the source of what is declared there."""
    text = link.text().strip()
    if text in _PERMALINKS or (in_heading and _ANCHOR.match(text)):
        return text != "#" or link.attributes.get("href", "").startswith("#")
    found = _SOURCE.fullmatch(text)
    if found is None:
        return False
    named = not _TO_SOURCE.isdisjoint(link.words) or _OF_SOURCES.search(link.attributes.get("href", ""))
    return bool(found["bracket"] or named)


@dataclass
class _Item:
    """A list item being read; its marker goes to its first block."""

    marker: str


@dataclass
class _Leaving:
    """A block whose children were read."""

    node: Node


@dataclass
class _Reader:
    """One walk over the tree that gathers inline text until a block begins or ends."""

    dropped: Container[Node]
    blocks: list[Block] = field(default_factory=list)
    parts: list[str] = field(default_factory=list)
    begun: int = 0  # where the gathered text begins in the source
    cursor: int = 0  # the last boundary of a block that was passed
    around: tuple[int, int] = (0, 0)
    items: list[_Item] = field(default_factory=list)
    counts: dict[Node, int] = field(default_factory=dict)  # of ordered lists: the last number given
    quoted: int = 0
    headings: list[tuple[int, str]] = field(default_factory=list)
    section: tuple[str, ...] = ()  # the words of the headings
    heading: int = 0
    defines: bool = False  # whether what follows is the first of a definition

    def read(self, root: Node) -> list[Block]:
        self.cursor, self.around = root.start, (root.start, root.end)
        stack: list[Child | _Leaving] = [root]
        while stack:
            item = stack.pop()
            if isinstance(item, str):
                if item != " ":
                    self._add(item)
                elif self.parts:
                    self.parts.append(" ")
            elif isinstance(item, _Leaving):
                self._leave(item.node)
            elif item in self.dropped or item.tag == GONE:
                self._add(" ")
            elif self._enter(item):
                if item.tag in BLOCK_TAGS or (_is_button(item) and not self.heading):
                    stack.append(_Leaving(item))
                stack += reversed(item.children)
        self._flush(root.end)
        return self.blocks

    def _add(self, text: str) -> None:
        if not self.parts:
            if text == " ":
                return
            self.begun = self.cursor
        elif text[:1].isupper() and (end := self.parts[-1][-2:]).isalpha() and end[1:].islower():
            self.parts.append(" ")  # labels side by side, which a style sheet sets apart
        self.parts.append(text)

    def _enter(self, node: Node) -> bool:
        """Handles what begins; returns whether to read its children."""
        if node.value is not None:
            self._hold(node)
            return False
        if node.tag in BLOCK_TAGS or (_is_button(node) and not self.heading):
            self._boundary(node.start)
            self.cursor, self.around = node.start, (node.start, node.end)
            if node.tag in _SCOPES:
                self._open(node)
            return True
        if node.tag == "br":
            self._add(_BREAK)
            return False
        if node.tag == "wbr" and self.parts:
            self.parts.append("")  # within a word
        if node.tag in _CODE_SPANS:
            self._add(_code_span(node))
            return False
        if node.tag in _SCRIPTS and (script := scripted(node, self.parts)):
            self._add(script)
            return False
        return not (node.tag == "a" and _is_mark(node, bool(self.heading)))

    def _hold(self, node: Node) -> None:
        """Handles a protected node: a formula, a listing, a table, the head of a post."""
        value = node.value
        if isinstance(value, Formula):
            if value.display and not self.heading:
                self._boundary(node.start)
                self._block("math", value.tex, node.start, node.end)
                self.cursor = node.end
            else:
                self._add(_apart(self.parts, Formula(value.tex, display=False)))
            return
        self._boundary(node.start)
        self.cursor = node.end
        if isinstance(value, Listing):
            self._block("code", value.text, node.start, node.end, language=value.language)
        elif isinstance(value, Head):
            self._block("post", str(value), node.start, node.end, post=value)
            self.cursor = node.start
        elif isinstance(value, Grid):
            self._block("table", value.caption, node.start, node.end, grid=value)

    def _open(self, node: Node) -> None:
        if node.tag in _HEADINGS:
            self.heading = _HEADINGS[node.tag]
        elif node.tag == "li":
            self.items.append(_Item(self._marker(node)))
        elif node.tag == "dd":
            self.defines = True
        elif node.tag == "blockquote":
            self.quoted += 1

    def _marker(self, node: Node) -> str:
        """What stands before a list item: its number in an ordered list, else a dash."""
        parent = node.parent
        if NOTE in node.attributes:
            return f"[^{node.attributes[NOTE]}]:"
        if parent is None or parent.tag != "ol":
            return "-"
        if parent not in self.counts:
            first = parent.attributes.get("start", "1").strip()
            short = first.isascii() and first.isdecimal() and len(first) < 9
            self.counts[parent] = int(first) - 1 if short else 0
        self.counts[parent] += 1
        return f"{self.counts[parent]}."

    def _leave(self, node: Node) -> None:
        self._boundary(node.end)
        self.cursor = node.end
        parent = node.parent
        if parent is not None:
            self.around = (parent.start, parent.end)
        if node.tag in _HEADINGS:
            self.heading = 0
        elif node.tag == "li":
            self.items.pop()
        elif node.tag == "blockquote":
            self.quoted -= 1

    def _boundary(self, position: int) -> None:
        if self.parts:
            self._flush(position)

    def _flush(self, end: int) -> None:
        """Ends the gathered text: one block, or several where two line breaks divide it."""
        gathered, self.parts = "".join(self.parts), []
        pieces = [_SPACE.sub(" ", gathered)]
        if _BREAK in gathered:
            pieces = _PARTED.split(_AROUND_BREAK.sub("\n", pieces[0]))
        for piece in pieces:
            text = delimited(piece.strip())
            if not text:
                continue
            start = self.begun if self.begun < end else self.around[0]
            stop = max(end, start)
            if self.heading:
                self._head(" ".join(text.split()), start, stop)
            else:
                self._words(text, start, stop)

    def _head(self, text: str, start: int, end: int) -> None:
        while self.headings and self.headings[-1][0] >= self.heading:
            self.headings.pop()
        self.section = tuple(words for _, words in self.headings)
        self._block("heading", text, start, end, level=self.heading)
        self.headings.append((self.heading, text))
        self.section += (text,)

    def _words(self, text: str, start: int, end: int) -> None:
        """A paragraph; displayed formulas in it are blocks of their own."""
        for place, piece in enumerate(_DISPLAYED.split(text)):
            if not piece.strip():
                continue
            if place % 2:
                self._block("math", piece.strip(), start, end)
            elif self.defines or (self.items and self.items[-1].marker):
                self._block("item", piece.strip(), start, end)
            else:
                self._block("quote" if self.quoted else "paragraph", piece.strip(), start, end)

    def _block(
        self,
        kind: BlockKind,
        text: str,
        start: int,
        end: int,
        *,
        level: int = 0,
        language: str = "",
        grid: Grid | None = None,
        post: Head | None = None,
    ) -> None:
        marker = ""
        if self.defines and kind == "item":
            marker = ":"
        elif self.items and kind == "item":
            marker, self.items[-1].marker = self.items[-1].marker, ""
        self.defines = False
        depth, quoted = len(self.items), self.quoted
        self.blocks.append(
            Block(kind, text, start, end, level, depth, quoted, marker, language, self.section, grid, post)
        )
