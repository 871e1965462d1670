"""Tells tables of data from tables that only lay out a page; reads the former, dissolves the latter.

Code in the cells of a table of data stays there, as code in a line; where a table is mostly code, or sets one block of
it beside the other, it is dissolved, and each block stands by itself.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, replace

from factory.seeds.html.code import Listing
from factory.seeds.html.heads import person_kind
from factory.seeds.html.mathematics import FORMULA
from factory.seeds.html.tree import Index, Node
from factory.seeds.html.words import names

GRID = "#table"

_SPACE = "\0"  # of code in a cell, which keeps all of them; the parser leaves none in a text

_BLOCKS_IN_LAYOUT = frozenset({"table", "form", "h1", "h2", "article", "section"})
_BLOCKS_IN_CELLS = frozenset({"table", "form", "h2"})  # that a table with a header may hold
_HEADINGS = frozenset({"h3", "h4"})
_POSTS = names("post postbody postdetails postcontent postmessage postauthor postinfo posttext")
_POST_ROWS = names("message messagetable comment reply")
_LONGEST_NUMBER_OF = 30  # characters: no more, named "posts", are a number of them, or the head of its column
_SHORT_CELL, _COLUMNS = 100, 3
_POST_NUMBER = re.compile(r"(?:post|msg|message|comment|reply|pid)[-_]?\d{2,}$")
_PARAGRAPHS = 4
_CELLS_OF_POST = 8
_MANY_CELLS = 2000  # no page is laid out in so many
_LONGEST_CELL = 600
_LONGEST_HEADED = 3000
_WIDEST = 100
_LONGEST_NUMBER = 12
_NUMBER = re.compile(r"\(?[\w.*'-]+\)?")
_TABLE_PARTS = frozenset({"tbody", "thead", "tfoot", "tr", "td", "th", "caption", "colgroup", "col"})


@dataclass(frozen=True)
class Cell:
    """A cell's text; `repeated` where a span of an earlier cell reaches here."""

    text: str
    repeated: bool = False


@dataclass(frozen=True)
class Grid:
    """A table with its spans resolved: every row has as many cells; `linked` characters of it are inside links."""

    rows: tuple[tuple[Cell, ...], ...]
    headers: int
    caption: str
    linked: int = 0

    @property
    def width(self) -> int:
        """The number of columns."""
        return len(self.rows[0])

    def __str__(self) -> str:
        return " ".join(cell.text for row in self.rows for cell in row if not cell.repeated)


def protect_tables(index: Index, inline: Callable[[Node], str]) -> bool:
    """Replaces tables of data with nodes that hold their cells; says whether there was any. `inline` gives the text of
    a cell.

    A layout table's parts become plain containers, so that its content is read like any other.
    """
    protected = False
    for node in index.tags["table"]:
        if _is_equation(node):
            _dissolve(node, cell="span")
            continue
        grid = None if _is_layout(node) else _grid(node, inline)
        if grid is None:
            _dissolve(node)
        else:
            node.become(GRID, replace(grid, linked=_linked(node)))
            protected = True
    return protected


def _linked(table: Node) -> int:
    """The characters of a table inside links, without white space."""
    return sum(len("".join(link.text().split())) for link in table.find("a"))


def _is_layout(table: Node) -> bool:
    if table.attributes.get("role") in ("presentation", "none"):
        return True
    below = list(table.walk())[1:]
    headed = _is_headed(table)
    if (_is_post(table) or any(_is_post(node) for node in below)) and not (headed and _is_narrow(table)):
        return True
    if _is_of_code(table, headed):
        return True
    for node in below:
        fits = (headed and node.tag in _BLOCKS_IN_CELLS and _is_small(node)) or _heads_rows(node)
        if node.tag in _BLOCKS_IN_LAYOUT and not fits:
            return True
    cells = [node for node in below if node.tag in ("td", "th")]
    if headed:
        return False
    if len(cells) <= _CELLS_OF_POST and any(person_kind(node) for node in below):
        return True  # a post: its author, and what was said
    return len(cells) < _MANY_CELLS and any(_is_page(cell) for cell in cells)


def _is_headed(table: Node) -> bool:
    """Whether the first row names the columns, and there are rows below it: nobody lays out a page so."""
    rows = _rows(table)
    cells = _cells(rows[0]) if len(rows) > 2 else []
    return len(cells) > 1 and all(cell.tag == "th" for cell in cells)


def _is_narrow(table: Node) -> bool:
    """Whether each row has three cells or more, all of them short, as no post has."""
    rows = [_cells(row) for row in _rows(table)]
    return all(len(row) >= _COLUMNS and all(len(cell.text()) <= _SHORT_CELL for cell in row) for row in rows)


def _is_of_code(table: Node, headed: bool) -> bool:
    """Whether code is what a table is made of: blocks of several lines that are most of it, or that stand where nothing
    names the columns; or any code in a row alone, or a column."""
    listings = [node.value for node in table.walk() if isinstance(node.value, Listing)]
    if not listings:
        return False
    long = sum(len(listing.text) for listing in listings if "\n" in listing.text)
    if headed:
        return 2 * long > len(table.text()) + sum(len(listing.text) for listing in listings)
    widths = {len(_cells(row)) for row in _rows(table)}
    return long > 0 or len(_rows(table)) < 2 or len(widths) > 1 or widths == {1}


def _cells(row: Node) -> list[Node]:
    return [child for child in row.elements if child.tag in ("td", "th")]


def _rows(table: Node) -> list[Node]:
    """The rows of a table, without those of tables inside it."""
    return [row for row in table.find("tr") if _belongs(row, table)]


def _is_small(node: Node) -> bool:
    return len(node.text()) <= _LONGEST_CELL


def _heads_rows(node: Node) -> bool:
    """Whether this is a heading and all that its row of a table holds: it is about the rows below."""
    cell = node.parent if node.tag == "h2" else None
    row = cell.parent if cell is not None and cell.tag in ("td", "th") else None
    return row is not None and len(row.elements) == 1 and _is_small(row)


def _is_post(node: Node) -> bool:
    """Whether a part of a table is named as a post, or a part of one, on a board that is laid out in tables."""
    attributes = node.attributes
    if "id" in attributes and _POST_NUMBER.match(attributes["id"]):
        return True
    if "class" not in attributes:
        return False
    if node.tag in ("table", "tr") and not _POST_ROWS.isdisjoint(node.words):
        return True
    return not _POSTS.isdisjoint(node.words) or (
        "posts" in node.words and len(node.text()) > _LONGEST_NUMBER_OF
    )


def _is_equation(table: Node) -> bool:
    """Whether a table only sets formulas in line: no cell holds words, but for the number of an equation."""
    formulas = 0
    for cell in table.walk():
        if cell.tag not in ("td", "th"):
            continue
        held = [node for node in cell.walk() if node.tag == FORMULA]
        words = "".join(cell.text().split())
        if not held and (len(words) > _LONGEST_NUMBER or (words and not _NUMBER.fullmatch(words))):
            return False
        if held and words.strip(".,;"):
            return False
        formulas += len(held)
    return formulas > 0 and not any(node.tag == "th" for node in table.walk())


def _is_page(cell: Node) -> bool:
    """Whether a cell holds a part of a page: a heading with words below it, or paragraphs."""
    paragraphs = heads = size = 0
    for node in cell.walk():
        paragraphs += node.tag in ("p", "li")
        heads += node.tag in _HEADINGS
        size += sum(len(child) for child in node.children if isinstance(child, str))
    return (heads > 0 and size > 200) or (paragraphs >= _PARAGRAPHS and size > 400)


def _grid(table: Node, inline: Callable[[Node], str]) -> Grid | None:
    """The cells of a table of at least two rows and columns, or None where it is no such table."""
    rows, longest = _rows(table), _LONGEST_HEADED if _is_headed(table) else _LONGEST_CELL
    filled: list[list[Cell]] = []
    hanging: dict[int, tuple[int, str]] = {}  # column -> rows still to fill, text
    headers = 0
    for row in rows:
        cells = _cells(row)
        if not cells:
            continue
        in_head = row.parent is not None and row.parent.tag == "thead"
        if headers == len(filled) and (in_head or all(cell.tag == "th" for cell in cells)):
            headers += 1
        line = _row(cells, hanging, inline, longest)
        if line is None:
            return None
        filled.append(line)
    filled, headers = _without_empty(filled, headers)
    width = max((len(line) for line in filled), default=0)
    if len(filled) < 2 or width < 2:
        return None
    padded = tuple(tuple(line + [Cell("")] * (width - len(line))) for line in filled)
    caption = next((inline(node) for node in table.elements if node.tag == "caption"), "")
    return Grid(padded, min(headers, len(padded) - 1), caption)


def _row(
    cells: list[Node], hanging: dict[int, tuple[int, str]], inline: Callable[[Node], str], longest: int
) -> list[Cell] | None:
    """One row with its spans; `hanging` carries spans of rows from one to the next."""
    line: list[Cell] = []

    def hang() -> None:
        while len(line) in hanging:
            left, text = hanging.pop(column := len(line))
            if left > 1:
                hanging[column] = (left - 1, text)
            line.append(Cell(text, repeated=True))

    for cell in cells:
        hang()
        text = _text(cell, inline)
        if len(text) > longest:
            return None
        down = _span(cell, "rowspan")
        for repeat in range(_span(cell, "colspan")):
            if len(line) >= _WIDEST:
                break
            if down > 1:
                hanging[len(line)] = (down - 1, text)
            line.append(Cell(text, repeated=repeat > 0))
    hang()
    return line


def _text(cell: Node, inline: Callable[[Node], str]) -> str:
    """The text of a cell: code in a line each, and a line of several behind a mark for its end."""
    listings = [(node, node.value) for node in cell.walk() if isinstance(node.value, Listing)]
    for node, listing in listings:
        node.value = "<br>".join(map(_code_span, filter(None, listing.text.split("\n")))).replace(" ", _SPACE)
    text = inline(cell).replace(_SPACE, " ")
    for node, listing in listings:
        node.value = listing
    return text


def _code_span(line: str) -> str:
    return f"`` {line} ``" if "`" in line else f"`{line}`"


def _span(cell: Node, name: str) -> int:
    value = cell.attributes.get(name, "1").strip()
    return min(int(value), _WIDEST) if value.isascii() and value.isdecimal() and int(value) > 0 else 1


def _without_empty(filled: list[list[Cell]], headers: int) -> tuple[list[list[Cell]], int]:
    """Drops rows without a word."""
    kept = [any(cell.text for cell in line) for line in filled]
    lines = [line for line, keep in zip(filled, kept, strict=True) if keep]
    return lines, sum(kept[:headers])


def _dissolve(table: Node, cell: str = "div") -> None:
    for node in table.walk():
        if node is table or (node.tag in _TABLE_PARTS and _belongs(node, table)):
            node.tag = cell if node.tag in ("td", "th") else "div"


def _belongs(node: Node, table: Node) -> bool:
    """Whether a part belongs to this table and to none inside it."""
    return next((above for above in node.above() if above is table or above.tag == "table"), None) is table
