"""Tables of a PDF page: by the lines that are drawn around their cells, or by cells that stand below one another."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from factory.seeds.pdf.columns import Line
from factory.seeds.pdf.glyphs import Box, Run

ROWS = 3
"""Of a table without drawn lines, at least."""
CELL = 40
"""Letters of a cell without drawn lines, on average at most: more are columns of prose."""

_MARK = re.compile(r"(?:[-*•▪◦–\uf0b7\uf0a7]|[(\[]?(?:\d{1,3}|[a-z])[.)\]])$")
_NEAR = 3.0
"""Points within which drawn lines meet."""


def grids(rules: Sequence[Box], runs: Sequence[Run]) -> Iterator[tuple[Box, list[list[str]]]]:
    """The tables whose cells have lines drawn around them: where each stands, and the text of its cells."""
    for shapes in _connected(rules):
        across = [rule for rule in shapes if rule.right - rule.left > rule.high - rule.low]
        tops = _places([rule.middle for rule in across])[::-1]
        sides = _places([rule.centre for rule in shapes if rule.right - rule.left <= rule.high - rule.low])
        if len(tops) < 3 or len(sides) < 3:
            continue
        around = Box(sides[0] - 1, tops[-1] - 1, sides[-1] + 1, tops[0] + 1)
        there = [run for run in runs if _within(run.box, around)]
        rows = [["" for _ in sides[1:]] for _ in tops[1:]]
        for run in sorted(there, key=lambda run: (-round(run.box.middle / 3), run.box.left)):
            row = sum(top > run.box.middle for top in tops) - 1
            column = sum(side < run.box.left + 1 for side in sides) - 1
            at = rows[min(max(row, 0), len(rows) - 1)]
            column = min(max(column, 0), len(at) - 1)
            at[column] = f"{at[column]} {run.text}".strip()
        full = [row for row in rows if any(row)]
        # A frame around prose, or the axes of a plot, is no table.
        if len(full) > 1 and sum(map(bool, (cell for row in full for cell in row))) * 2 >= len(full) * len(
            full[0]
        ):
            yield around, full


def _within(box: Box, around: Box) -> bool:
    return around.left < box.centre < around.right and around.low < box.middle < around.high


def _connected(rules: Sequence[Box]) -> list[list[Box]]:
    """Drawn lines by what they hang together with."""
    groups: list[tuple[Box, list[Box]]] = []
    for rule in sorted(rules, key=lambda rule: (-rule.high, rule.left)):
        around, shapes = rule, [rule]
        apart = []
        for other in groups:
            if _touch(other[0], around):
                around, shapes = around.with_(other[0]), shapes + other[1]
            else:
                apart.append(other)
        groups = [*apart, (around, shapes)]
        if len(groups) > 200:  # a drawing
            return []
    return [shapes for _, shapes in groups]


def _touch(one: Box, other: Box) -> bool:
    return (
        one.left - _NEAR < other.right
        and other.left - _NEAR < one.right
        and one.low - _NEAR < other.high
        and other.low - _NEAR < one.high
    )


def _places(values: Sequence[float]) -> list[float]:
    """Ascending, those that are nearly the same once."""
    places: list[float] = []
    for value in sorted(values):
        if not places or value - places[-1] > _NEAR:
            places.append(value)
    return places


def aligned(lines: Sequence[Line], start: int) -> tuple[int, list[list[str]]] | None:
    """The table that begins with a line, told by cells that stand below one another: where it ends, and its rows."""
    stop = start
    columns: list[tuple[float, float]] = []
    while stop < len(lines) and _goes_on(lines, start, stop):
        spans = _merged([*columns, *((cell.box.left, cell.box.right) for cell in lines[stop].cells)])
        if len(spans) < len(columns):  # a line over several columns would make one of them
            break
        columns, stop = spans, stop + 1
    while stop > start and len(lines[stop - 1].cells) < 2:
        stop -= 1
    there = lines[start:stop]
    if len(there) < ROWS or not _table(there, columns):
        return None
    rows = _narrowed([_placed(line, columns) for line in there])
    if sum(not row[0] for row in rows) > 0.3 * len(rows):
        rows = _unwrapped(rows)
    return (stop, rows) if len(rows) > 1 else None


def _goes_on(lines: Sequence[Line], start: int, at: int) -> bool:
    line = lines[at]
    if at == start:
        return len(line.cells) > 1
    before = lines[at - 1]
    near = 0 < before.box.middle - line.box.middle < 3.5 * line.size
    return line.page == before.page and near and (len(line.cells) > 1 or len(line.text) < CELL)


def _table(lines: Sequence[Line], columns: Sequence[tuple[float, float]]) -> bool:
    cells = [cell for line in lines for cell in line.cells]
    marks = sum(bool(_MARK.match(line.cells[0].text.strip())) for line in lines)
    several = sum(len(line.cells) > 1 for line in lines)
    return (
        len(columns) > 1
        and sum(len(cell.text) for cell in cells) <= CELL * len(cells)
        and 2 * marks < len(lines)
        and several >= 0.6 * len(lines)
        and several >= ROWS
        and not all(line.fixed for line in lines)
    )


def _merged(spans: Sequence[tuple[float, float]]) -> list[tuple[float, float]]:
    made: list[tuple[float, float]] = []
    for left, right in sorted(spans):
        if made and left <= made[-1][1]:
            made[-1] = made[-1][0], max(made[-1][1], right)
        else:
            made.append((left, right))
    return made


def _placed(line: Line, columns: Sequence[tuple[float, float]]) -> list[str]:
    row = ["" for _ in columns]
    for cell in line.cells:
        at = next(at for at, (left, right) in enumerate(columns) if left <= cell.box.left <= right)
        row[at] = f"{row[at]} {cell.text}".strip()
    return row


def _narrowed(rows: list[list[str]]) -> list[list[str]]:
    """Columns beside each other of which no row has both are one: its head stands left, its numbers right."""
    at = 1
    while at < len(rows[0]) and len(rows[0]) > 2:
        if any(row[at - 1] and row[at] for row in rows):
            at += 1
        else:
            rows = [[*row[: at - 1], row[at - 1] or row[at], *row[at + 1 :]] for row in rows]
    return rows


def _unwrapped(rows: Sequence[list[str]]) -> list[list[str]]:
    """Rows whose first cell is empty go on where the row above ends."""
    made: list[list[str]] = []
    for row in rows:
        if made and not row[0]:
            made[-1] = [f"{above} {here}".strip() for above, here in zip(made[-1], row, strict=True)]
        else:
            made.append(row)
    return made


def markdown(rows: Sequence[Sequence[str]]) -> str:
    """Rows as a table of Markdown; the first is taken as its header."""
    lines = ["| " + " | ".join(cell.replace("|", "\\|") for cell in row) + " |" for row in rows]
    return "\n".join([lines[0], "|" + " --- |" * len(rows[0]), *lines[1:]])
