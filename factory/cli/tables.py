"""Tables of figures for people, whatever the width of their terminal."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import IO

from rich.console import Console
from rich.table import Table

_NO_TERMINAL = 160
_REMARK = 28


def wide_console(stream: IO[str] | None = None, *, whole_lines: bool = False) -> Console:
    """A console for a stream, or standard output; where that is no terminal, lines are not cut at 80 characters.

    `whole_lines`: a line is one line wherever it goes, so that what it names can be copied and searched for."""
    width = None if (stream or sys.stdout).isatty() else _NO_TERMINAL
    return Console(file=stream, highlight=False, markup=False, width=width, soft_wrap=whole_lines)


def summary(*headings: str, words: Sequence[str] = (), remark: str = "") -> Table:
    """A table without lines. Columns named in `words` and the last, `remark`, stand to the left, figures to the
    right; only `remark` may take several lines, and nothing is ever cut."""
    table = Table(box=None, padding=(0, 2, 0, 0), header_style="bold")
    for heading in headings:
        table.add_column(heading, justify="left" if heading in words else "right", no_wrap=True)
    if remark:
        table.add_column(remark, min_width=_REMARK, overflow="fold")
    return table


def show(table: Table) -> None:
    """Prints it. On a terminal too narrow for it, the terminal breaks its lines."""
    console = wide_console()
    asked = Console(width=10_000).measure(table).minimum
    console.width = max(console.width, asked)
    console.print(table)
