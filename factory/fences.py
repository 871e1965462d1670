"""Fenced code of Markdown: found, left out and written in one way everywhere.

By CommonMark 0.31 (4.5), except that a fence may be indented freely, and stand in a quotation or behind the mark of an
item, as in lists and replies. Takes time in proportion to the text, whatever the text.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import NamedTuple

_MARK = re.compile(r"((?:[ \t>]|(?:[-*+]|\d{1,9}[.)])[ \t])*+)(`{3,}+(?=[^`]*+$)|~{3,}+)(.*)")
_LANGUAGE = re.compile(r"\s*+([\w+#.-]*+)")


class Opening(NamedTuple):
    """The line that opens a fence: its run of marks, the language that it names, in lower case, and what stands
    before: indentation, marks of quotations and items."""

    run: str
    language: str
    before: str = ""

    def holds(self, line: str) -> bool:
        """Whether a line stands in the quotation that the fence was opened in, if it was in one: no fence goes on
        behind it."""
        return ">" not in self.before or line.lstrip().startswith(">")


@dataclass(frozen=True)
class Fence:
    """A block of fenced code. `lines`: its place among the lines of the text, from the line that opens it up to
    the one behind the last; `closed`: whether a line closes it, and not the end of the text."""

    lines: range
    language: str
    content: str
    closed: bool


def opening(line: str) -> Opening | None:
    """The fence that a line opens, where no other is open."""
    found = _MARK.match(line)
    language = found and _LANGUAGE.match(found[3])
    return Opening(found[2], language[1].lower(), found[1]) if found and language else None


def closes(line: str, run: str) -> bool:
    """Whether a line closes the fence that `run` opened: nothing but as many of its marks, or more."""
    found = _MARK.match(line)
    return bool(found and found[2].startswith(run) and not (found[1].strip(" \t>") or found[3].strip()))


def fences(text: str) -> list[Fence]:
    """The blocks of fenced code. One that is never closed goes on to the end of its quotation, or of the text."""
    if "```" not in text and "~~~" not in text:
        return []
    lines = text.split("\n")
    found: list[Fence] = []
    opened: Opening | None = None
    first = 0
    for number, line in enumerate(lines):
        if opened is None:
            opened, first = opening(line), number
        elif closes(line, opened.run):
            found.append(_fence(lines, first, number + 1, opened, closed=True))
            opened = None
        elif not opened.holds(line):
            found.append(_fence(lines, first, number, opened, closed=False))
            opened, first = opening(line), number
    if opened:
        found.append(_fence(lines, first, len(lines), opened, closed=False))
    return found


def unfenced(text: str, instead: str = "") -> str:
    """The text with a line `instead` of each block of fenced code. A fence that never closes was none: or else
    one mark would hide the rest of a text from whoever looks at its words."""
    lines = text.split("\n")
    for fence in reversed(fences(text)):
        if fence.closed:
            lines[fence.lines.start : fence.lines.stop] = [instead]
    return "\n".join(lines)


def fenced(code: str, language: str = "") -> str:
    """Code as a block of Markdown, between marks that no line of it can close."""
    runs = (found[2] for line in code.split("\n") if (found := _MARK.match(line)))
    longest = max((len(run) for run in runs if run[0] == "`"), default=2)
    marks = "`" * max(3, longest + 1)
    return f"{marks}{language}\n{code}\n{marks}"


def _fence(lines: list[str], first: int, end: int, opened: Opening, *, closed: bool) -> Fence:
    content = lines[first + 1 : end - closed]
    return Fence(range(first, end), opened.language, "\n".join(content), closed)
