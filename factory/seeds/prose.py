"""Reads Markdown and plain text into the blocks that pages are read into."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from factory.fences import closes, opening
from factory.seeds.html import Block
from factory.seeds.html.blocks import BlockKind

_HEADING = re.compile(r"(#{1,6})\s+(.*?)\s*#*\s*$")
_ITEM = re.compile(r"(\s*)([-*+]|\d{1,9}[.)])\s+(.*)")
_UNDERLINE = re.compile(r"(=+|-+)\s*$")
_FORMULA_ENDS = re.compile(r"^[^$\n]*\$\$[ \t]*$", re.MULTILINE)
FORMULA = 4_000
"""Characters within which a formula of several lines is closed; where it is not, "$$" opened none."""

_TABLE_RULE = re.compile(r"\s*\|?\s*:?-{2,}:?\s*(\|\s*:?-{2,}:?\s*)*\|?\s*$")


@dataclass
class _Reader:
    """Gathers lines until a block is whole. Spans are bytes of the UTF-8 text."""

    headings: list[tuple[int, str]] = field(default_factory=list)
    lines: list[str] = field(default_factory=list)
    start: int = 0
    end: int = 0
    last: int = 0
    fence: str = ""
    indent: int = 0
    language: str = ""
    whole: BlockKind | None = None

    def add(self, line: str, start: int, end: int) -> None:
        """Adds a line to the block being read."""
        if not self.lines:
            self.start = start
        self.lines.append(line)
        self.last, self.end = start, end

    def take(self, kind: BlockKind, text: str, *, level: int = 0, language: str = "") -> Block:
        """Ends the block being read."""
        self.lines = []
        section = tuple(words for _, words in self.headings)
        return Block(kind, text, self.start, self.end, level=level, language=language, section=section)

    def head(self, level: int, text: str) -> Block:
        """Ends a heading: later blocks stand below it."""
        while self.headings and self.headings[-1][0] >= level:
            self.headings.pop()
        made = self.take("heading", text, level=level)
        self.headings.append((level, text))
        return made

    def rest(self) -> Iterator[Block]:
        """What the gathered lines are, if there are any."""
        if not self.lines:
            return
        text = "\n".join(self.lines).strip("\n")
        if self.fence:
            inside = re.compile(f" {{0,{self.indent}}}")
            code = "\n".join(line[inside.match(line).end() :] for line in self.lines[1:])  # type: ignore[union-attr]
            yield self.take("code", code, language=self.language)
            self.fence = ""
        elif self.whole == "table":
            yield self.take("table", text)
            self.whole = None
        elif self.whole or (text.startswith("$$") and text.endswith("$$") and len(text) > 4):
            yield self.take("math", text[2:-2].strip())
            self.whole = None
        elif len(self.lines) > 1 and "|" in self.lines[0] and _TABLE_RULE.match(self.lines[1]):
            yield self.take("table", text)
        else:
            yield self.take("paragraph", text)


def blocks_of_text(text: str, *, markdown: bool = True) -> Iterator[Block]:
    """The blocks of a text: paragraphs are parted by empty lines; `markdown` adds headings, fences and lists, and
    formulas and HTML tables with empty lines in them.

    A list is one block, as it is one thought; so is a table. A fence that never closes ends with the file.
    """
    reader = _Reader()
    offset = character = until = 0
    last_table = text.rfind("</table>")
    for raw in text.splitlines(keepends=True):
        start, offset = offset, offset + len(raw.encode("utf-8", "surrogateescape"))
        character += len(raw)
        line = raw.rstrip("\r\n")
        if not markdown:
            yield from _plain(reader, line, start, offset)
            continue
        if not reader.whole and not reader.fence and (opened := _whole(text, line, character, last_table)):
            yield from reader.rest()
            reader.whole, until = opened
        if not reader.whole:
            yield from _line(reader, line, start, offset)
            continue
        reader.add(line.rstrip(), start, offset)
        if character >= until:
            yield from reader.rest()
    yield from reader.rest()


def _whole(text: str, line: str, behind: int, last_table: int) -> tuple[BlockKind, int] | None:
    """What a line opens that empty lines do not end, and the character where that ends. `behind`: the line's end;
    `last_table`: where the last table is closed."""
    begins = line.lstrip()
    if begins.startswith("$$") and begins.count("$$") == 1:
        closed = _FORMULA_ENDS.search(text, behind, behind + FORMULA)
        return ("math", closed.end()) if closed else None
    if begins[:6].lower() == "<table" and "</table>" not in begins and behind <= last_table:
        return "table", text.find("</table>", behind) + len("</table>")
    return None


def _plain(reader: _Reader, line: str, start: int, end: int) -> Iterator[Block]:
    if line.strip():
        reader.add(line.rstrip(), start, end)
    else:
        yield from reader.rest()


def _line(reader: _Reader, line: str, start: int, end: int) -> Iterator[Block]:
    if reader.fence:
        if closes(line, reader.fence):
            reader.end = end
            yield from reader.rest()
        else:
            reader.add(line, start, end)
        return
    fence = opening(line)
    heading = _HEADING.match(line)
    if fence:
        yield from reader.rest()
        reader.fence, reader.language = fence
        reader.indent = len(line) - len(line.lstrip(" "))
        reader.add(line, start, end)
    elif heading and heading[2]:
        yield from reader.rest()
        reader.add(line, start, end)
        yield reader.head(len(heading[1]), heading[2])
    elif len(reader.lines) == 1 and _UNDERLINE.match(line) and not _ITEM.match(reader.lines[0]):
        words = reader.lines[0].strip()
        reader.add(line, start, end)
        yield reader.head(1 if line.startswith("=") else 2, words)
    elif len(reader.lines) > 1 and "|" in reader.lines[-1] and _TABLE_RULE.match(line) and "|" in line:
        head, begins = reader.lines.pop(), reader.last  # of a table right below a paragraph
        if "|" not in reader.lines[0]:
            stop, reader.end = reader.end, begins
            yield from reader.rest()
            reader.add(head, begins, stop)
        else:
            reader.lines.append(head)
        reader.add(line.rstrip(), start, end)
    else:
        yield from _plain(reader, line, start, end)
