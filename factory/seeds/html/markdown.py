"""Blocks as Markdown."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from factory.fences import fenced
from factory.seeds.html.blocks import Block
from factory.seeds.html.tables import Grid

_DEEPEST = 8  # a page that nests its lists deeper does so by mistake


def markdown(blocks: Iterable[Block]) -> str:
    """The blocks as Markdown, one blank line between them; items of a list stand close."""
    parts: list[str] = []
    before: Block | None = None
    for block in blocks:
        if before is not None:
            close = before.kind == block.kind == "item" and before.quoted == block.quoted
            parts.append("\n" if close else "\n\n")
        parts.append(block_markdown(block))
        before = block
    return "".join(parts)


def block_markdown(block: Block) -> str:
    """One block as Markdown, indented below its list item and marked as quoted where it is.

    Code is not marked: the marks would stand in its lines.
    """
    text = _bare(block)
    if block.kind == "item":
        indent = "  " * max(min(block.depth, _DEEPEST) - 1, 0)
        hanging = "\n" + indent + " " * (len(block.marker) + 1)
        text = f"{indent}{block.marker} " + text.replace("\n", hanging)
    elif block.depth:
        text = _prefixed(text, "  " * min(block.depth, _DEEPEST))
    return (
        _prefixed(text, "> " * min(block.quoted, _DEEPEST)) if block.quoted and block.kind != "code" else text
    )


def table_markdown(grid: Grid) -> str:
    """A table with one line a row. Without a header row the header line is empty, as Markdown wants one.

    A cell that spans several columns or rows is written once; the places it reaches stay empty.
    """
    rows = [["" if cell.repeated else _cell(cell.text) for cell in row] for row in grid.rows]
    header, body = (rows[0], rows[1:]) if grid.headers else ([""] * len(rows[0]), rows)
    rule = ["---"] * len(header)
    lines = "\n".join(_line(row) for row in [header, rule, *body])
    return f"{grid.caption}\n\n{lines}" if grid.caption else lines


def _bare(block: Block) -> str:
    if block.kind == "heading":
        return f"{'#' * block.level} {block.text}"
    if block.kind == "math":
        if "$" in block.text:
            return rf"\[{block.text}\]"
        return f"$$\n{block.text}\n$$" if "\n" in block.text else f"$${block.text}$$"
    if block.kind == "code":
        return fenced(block.text, block.language)
    if block.kind == "table" and block.grid is not None:
        return table_markdown(block.grid)
    return block.text


def _prefixed(text: str, prefix: str) -> str:
    return "\n".join((prefix + line).rstrip() for line in text.split("\n"))


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


def _line(cells: Sequence[str]) -> str:
    return "| " + " | ".join(cells) + " |"
