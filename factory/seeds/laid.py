"""Rows of the store laid down in files for other processes: a file is small, and in order once it is read.

Texts are never sorted in SQL: of long ones, a few thousand rows are more than memory holds, and they are sorted by
no less.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path

HELD = 16 << 20
"""Bytes of lines that wait to be written."""


def scatter(lines: Iterable[tuple[Path, bytes]]) -> None:
    """Adds each line to its file. However many files there are, none stays open, and `HELD` bytes wait at most."""
    waiting: defaultdict[Path, list[bytes]] = defaultdict(list)
    held = 0
    for path, line in lines:
        waiting[path].append(line)
        held += len(line)
        if held >= HELD:
            _append(waiting)
            held = 0
    _append(waiting)


def in_order(*paths: Path) -> list[bytes]:
    """The lines of some files, sorted: by what each begins with."""
    lines: list[bytes] = []
    for path in paths:
        with path.open("rb") as some:
            lines += some
    lines.sort()
    return lines


def _append(waiting: defaultdict[Path, list[bytes]]) -> None:
    for path, lines in waiting.items():
        with path.open("ab") as out:
            out.writelines(lines)
    waiting.clear()
