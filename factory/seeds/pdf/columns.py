"""The reading order of a page: its runs as lines, column by column."""

from __future__ import annotations

import itertools
from bisect import bisect_left
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from statistics import median

from factory.seeds.pdf.glyphs import GAP, Box, Run

PARALLEL = 4
"""Rows that have text on both sides of a gutter, at least."""
COLUMN = 18
"""Letters of a line of a column, mostly: shorter ones are cells."""
MOST_CELLS, MOST_PLACES = 5000, 250
"""Of a page that is looked at for columns: more cells are a plot, or a trap. And of places for a gutter on it."""

_RAISED = 0.85
"""Of the size beside it: a smaller number above the line is a note's, or an exponent."""


@dataclass(slots=True)
class Line:
    """A line of a column: `cells` are its parts with gaps between. `left`, `right`: where its column's text ends."""

    cells: list[Run]
    page: int = 0
    left: float = 0.0
    right: float = 0.0
    text: str = field(init=False)
    box: Box = field(init=False)

    def __post_init__(self) -> None:
        self.text = " ".join(cell.text for cell in self.cells)
        self.box = self.cells[0].box
        for cell in self.cells[1:]:
            self.box = self.box.with_(cell.box)

    @property
    def size(self) -> float:
        """That of most of its letters."""
        return max(self.cells, key=lambda cell: len(cell.text)).size

    @property
    def bold(self) -> bool:
        return all(cell.bold for cell in self.cells)

    @property
    def fixed(self) -> bool:
        return all(cell.fixed for cell in self.cells)


def rows_of(runs: Sequence[Run]) -> list[list[Run]]:
    """Runs that stand beside one another, from the top down, each row from the left."""
    rows: list[list[Run]] = []
    tallest: Run | None = None
    for run in sorted(runs, key=lambda run: -run.box.middle):
        if tallest and _beside(tallest.box, run.box):
            rows[-1].append(run)
            tallest = max(tallest, run, key=lambda one: one.size)
        else:
            rows.append([run])
            tallest = run
    return [sorted(row, key=lambda run: run.box.left) for row in rows]


def _beside(one: Box, other: Box) -> bool:
    return one.low < other.middle < one.high or other.low < one.middle < other.high


def cells_of(runs: Sequence[Run]) -> list[Run]:
    """The runs of a page, those of a row put together that have no gap between."""
    return [cell for row in rows_of(runs) for cell in _cells(row)]


def _cells(row: Sequence[Run]) -> list[Run]:
    cells = [row[0]]
    for run in row[1:]:
        last = cells[-1]
        gap = run.box.left - last.box.right
        if gap < GAP * max(last.size, run.size):
            cells[-1] = _joined(last, run, gap)
        else:
            cells.append(run)
    return cells


def _joined(one: Run, other: Run, gap: float) -> Run:
    """Two runs as one; a raised number is a note's behind a word, in brackets, and else an exponent."""
    between = " " if gap > 0.15 * max(one.size, other.size) else ""
    text = other.text
    if other.size < _RAISED * one.size and other.box.middle > one.box.middle and text.strip("*").isdigit():
        word = one.text.rstrip().rsplit(" ", 1)[-1]
        note = len(word) > 2 or not word[-1:].isalnum()
        text, between = (f"[{text}]", between) if note and word[-1:] not in "=)" else (f"^{text}", "")
    elif one.size < _RAISED * other.size and one.box.middle > other.box.middle and one.text.isdigit():
        one = Run(f"[{one.text}]", one.box, other.size)  # the number of a note, before it
        between = " "
    longer = max(one, other, key=lambda run: len(run.text))
    return Run(
        f"{one.text}{between}{text}",
        one.box.with_(other.box),
        longer.size,
        one.bold and other.bold,
        one.fixed and other.fixed,
    )


def lines_of(cells: Sequence[Run], page: int) -> list[Line]:
    """The lines of a page in the order in which they are read."""
    return [line for column in _read(cells, 0) for line in _column(column, page)]


def _column(cells: Sequence[Run], page: int) -> list[Line]:
    lines = [Line(row, page) for row in rows_of(cells)]
    lefts = sorted(line.box.left for line in lines)
    rights = sorted(line.box.right for line in lines)
    for line in lines:
        # A few lines that hang out do not move the edge.
        line.left, line.right = lefts[len(lefts) // 10], rights[-1 - len(rights) // 10]
    return lines


def _read(cells: Sequence[Run], depth: int) -> Iterator[Sequence[Run]]:
    """Cells as columns, in order: what crosses a gutter parts what is above it from what is below."""
    gutter = _gutter(cells) if 2 * PARALLEL <= len(cells) <= MOST_CELLS and depth < 4 else None
    if gutter is None:
        if cells:
            yield cells
        return
    across = sorted((cell for cell in cells if _crosses(cell, gutter)), key=lambda cell: -cell.box.middle)
    heights = [-cell.box.middle for cell in across]
    bands: list[tuple[list[Run], list[Run]]] = [([], []) for _ in range(len(across) + 1)]
    for cell in cells:
        if not _crosses(cell, gutter):
            above = bisect_left(heights, -cell.box.middle)
            bands[above][cell.box.centre > gutter].append(cell)
    wide: list[Run] = []
    for number, (left, right) in enumerate(bands):
        # A centred line between wide ones belongs to them; columns have lines beside each other.
        if (left and right) or len(left) + len(right) > 2:
            if wide:
                yield wide
            wide = []
            yield from _read(left, depth + 1)
            yield from _read(right, depth + 1)
        else:
            wide += left + right
        if number < len(across):
            wide.append(across[number])
    if wide:
        yield wide


def _crosses(cell: Run, gutter: float) -> bool:
    return cell.box.left < gutter < cell.box.right


def _gutter(cells: Sequence[Run]) -> float | None:
    """Where the empty strip between two columns lies; cells of a table are no columns, being short."""
    rows = rows_of(cells)
    left, right = min(cell.box.left for cell in cells), max(cell.box.right for cell in cells)
    places = Counter(
        round((one.box.right + other.box.left) / 8) * 4
        for row in rows
        for one, other in itertools.pairwise(row)
        if left + 0.15 * (right - left) < one.box.right and other.box.left < right - 0.15 * (right - left)
    )
    best: tuple[int, float] | None = None
    for place, _ in sorted(places.most_common(MOST_PLACES)):
        both = [row for row in rows if _parted(row, place)]
        if len(both) >= PARALLEL and (best is None or len(both) > best[0]) and _columns(both, cells, place):
            best = len(both), float(place)
    return best[1] if best else None


def _parted(row: Sequence[Run], place: float) -> bool:
    beside = row[0].box.right <= place <= row[-1].box.left
    return beside and not any(_crosses(cell, place) for cell in row)


def _columns(both: Sequence[Sequence[Run]], cells: Sequence[Run], place: float) -> bool:
    """Whether what stands on both sides of a place is lines of prose: mostly as wide as their side, of some length,
    and not fewer than what crosses the place among them."""
    high, low = both[0][0].box.high, both[-1][0].box.low
    crossing = sum(_crosses(cell, place) and low < cell.box.middle < high for cell in cells)
    if crossing > len(both):
        return False
    for side in (False, True):
        rows = [[cell for cell in row if (cell.box.centre > place) == side] for row in both]
        widths = [row[-1].box.right - row[0].box.left for row in rows]
        letters = [sum(len(cell.text) for cell in row) for row in rows]
        parts = median(len(row) for row in rows)
        if median(letters) < COLUMN or median(widths) < 0.6 * max(widths) or parts > 2:
            return False
    return True
