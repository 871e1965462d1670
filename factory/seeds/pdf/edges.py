"""What guides through a PDF: running heads and page numbers, which stand at the edge of one page as they do of others
near it, and tables of contents."""

from __future__ import annotations

import itertools
import re
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Sequence
from operator import itemgetter
from typing import TypeAlias

from factory.seeds.pdf.columns import rows_of
from factory.seeds.pdf.glyphs import Run

EDGE = 2
"""Rows at the top and the bottom of a page among which running heads are looked for."""
PARTS = 50
"""Of such a row at most: more are a table, or a trap."""
NEAR = 4
"""Pages before and behind: a head may be that of a chapter, and of every other page."""
LONGEST = 120

_NUMBER = re.compile(r"^\W*(?:page\s*)?(?:\d{1,4}|[ivxlc]{1,7})(?:\s*(?:/|of)\s*\d+)?\W*$", re.IGNORECASE)
_DIGITS = re.compile(r"\d+")
_Found: TypeAlias = dict[str, list[tuple[int, Run]]]
"""By what is told of them: the runs at edges with their pages, in the pages' order."""
_LEADER = re.compile(r"(?:\.\s?){6,}+(?:\d{1,4}|[ivxlc]{1,7})\s*$", re.IGNORECASE)
"""The dots that lead to a page in a table of contents, or an index."""


def without_edges(pages: Sequence[Sequence[Run]]) -> list[list[Run]]:
    """The runs of each page but for running heads, feet and page numbers."""
    edges = [_edges(page) for page in pages]
    found: _Found = defaultdict(list)
    for number, (top, bottom) in enumerate(edges):
        for row in (*top, *bottom):
            for run in row:
                found[_key(run)].append((number, run))
    return [_kept(page, edges[number], number, found) for number, page in enumerate(pages)]


def without_contents(page: Sequence[Run]) -> list[Run]:
    """The runs of a page but for rows of a table of contents, told by their dots."""
    rows = rows_of(page)
    return [run for row in rows if not _LEADER.search(" ".join(run.text for run in row)) for run in row]


def _edges(page: Sequence[Run]) -> list[list[list[Run]]]:
    """The rows at the top and at the bottom of a page, from outside in."""
    rows = rows_of(page)
    edges = rows[:EDGE], rows[EDGE:][::-1][:EDGE]
    return [list(itertools.takewhile(lambda row: len(row) <= PARTS, edge)) for edge in edges]


def _kept(
    page: Sequence[Run], edges: Sequence[Sequence[Sequence[Run]]], number: int, found: _Found
) -> list[Run]:
    gone: set[int] = set()
    for edge in edges:
        for row in edge:
            rest = [run for run in row if not _repeated(run, number, found[_key(run)], row is edge[0])]
            if all(_NUMBER.match(run.text) for run in rest):
                rest = []
            gone |= {id(run) for run in row} - {id(run) for run in rest}
            if rest:
                break  # what stands farther in is text
    return [run for run in page if id(run) not in gone]


def _repeated(run: Run, number: int, like: Sequence[tuple[int, Run]], outermost: bool) -> bool:
    """Whether pages near by have the same at their edge: three of them, or two at one place."""
    if len(run.text) > LONGEST or not any(map(str.isalpha, run.text)):
        return False
    first, last = (bisect_left(like, page, key=itemgetter(0)) for page in (number - NEAR, number + NEAR + 1))
    near = like[first:last]
    if len({page for page, _ in near}) >= 3:
        return True
    return outermost and any(
        page != number and abs(other.box.middle - run.box.middle) < 2 for page, other in near
    )


def _key(run: Run) -> str:
    return _DIGITS.sub("#", run.text.lower())
