"""Tables of a PDF page: by the lines that are drawn around their cells, or by cells that stand below one another."""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence

from factory.seeds.pdf.columns import Line
from factory.seeds.pdf.glyphs import Box, Run

ROWS = 3
"""Of a table without drawn lines, at least."""
LOOKED = 40
"""Lines by which it is told that they are none, however many follow: each of them is asked for a table anew."""
MOST_ROWS, MOST_COLUMNS = 300, 100
"""Of a table on one page: more is a drawing, or a trap."""
CELL = 40
"""Letters of a cell without drawn lines, on average at most: more are columns of prose."""

_MARK = re.compile(r"(?:[-*•▪◦–\uf0b7\uf0a7]|[(\[]?(?:\d{1,3}|[a-z])[.)\]])$")
_NEAR = 3.0
"""Points within which drawn lines meet."""


def with_grids(runs: list[Run], rules: Sequence[Box]) -> list[Run]:
    """The runs of a page, those of a table whose cells have lines drawn around them as one that is the table."""
    for across, along in _grids(rules):
        around = Box(along[0] - 1, across[0] - 1, along[-1] + 1, across[-1] + 1)
        there: list[Run] = []
        rest: list[Run] = []
        for run in runs:
            (there if _within(run.box, around) else rest).append(run)
        if rows := _filled(there, across, along):
            size = there[0].size
            # As high as a line, at its top: what stands beside the rest of it is in other rows.
            place = Box(around.left, around.high - size, around.right, around.high)
            runs = [*rest, Run(markdown(rows), place, size)]
    return runs


def _grids(rules: Sequence[Box]) -> Iterator[tuple[list[float], list[float]]]:
    """Where the lines of each grid are drawn: those that go across, from below, and those that go along, from the
    left."""
    for shapes in _connected(rules):
        lying = [rule.right - rule.left > rule.high - rule.low for rule in shapes]
        across = _places([rule.middle for rule, lies in zip(shapes, lying, strict=True) if lies])
        along = _places([rule.centre for rule, lies in zip(shapes, lying, strict=True) if not lies])
        if 2 < len(across) <= MOST_ROWS and 2 < len(along) <= MOST_COLUMNS:
            yield across, along


def _filled(runs: Sequence[Run], across: Sequence[float], along: Sequence[float]) -> list[list[str]]:
    """The text of the cells of a grid, without rows that have none; nothing for what is no table: a frame around
    prose, or the axes of a plot."""
    cells: list[list[list[str]]] = [[[] for _ in along[1:]] for _ in across[1:]]
    for run in sorted(runs, key=lambda run: (-round(run.box.middle / 3), run.box.left)):
        row = len(across) - 1 - bisect_right(across, run.box.middle)
        column = bisect_left(along, run.box.left + 1) - 1
        cells[min(max(row, 0), len(cells) - 1)][min(max(column, 0), len(along) - 2)].append(run.text)
    rows = [[" ".join(texts).strip() for texts in row] for row in cells]
    full = [row for row in rows if any(row)]
    said = sum(bool(cell) for row in full for cell in row)
    return full if len(full) > 1 and 2 * said >= len(full) * len(full[0]) else []


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
                around = around.with_(other[0])
                few, shapes = sorted((shapes, other[1]), key=len)
                shapes += few
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
    while stop < min(len(lines), start + MOST_ROWS) and _goes_on(lines, start, stop):
        spans = _merged([*columns, *((cell.box.left, cell.box.right) for cell in lines[stop].cells)])
        # A line over several columns would make one of them.
        if len(spans) < len(columns) or len(spans) > MOST_COLUMNS:
            break
        columns, stop = spans, stop + 1
        if stop - start == LOOKED and not _table(lines[start:stop], columns):
            return None
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
