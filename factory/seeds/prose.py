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
_TABLE_RULE = re.compile(r"\s*\|?\s*:?-{2,}:?\s*(\|\s*:?-{2,}:?\s*)*\|?\s*$")


@dataclass
class _Reader:
    """Gathers lines until a block is whole. Spans are bytes of the UTF-8 text."""

    headings: list[tuple[int, str]] = field(default_factory=list)
    lines: list[str] = field(default_factory=list)
    start: int = 0
    end: int = 0
    fence: str = ""
    language: str = ""

    def add(self, line: str, start: int, end: int) -> None:
        """Adds a line to the block being read."""
        if not self.lines:
            self.start = start
        self.lines.append(line)
        self.end = end

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
            yield self.take("code", "\n".join(self.lines[1:]), language=self.language)
            self.fence = ""
        elif text.startswith("$$") and text.endswith("$$") and len(text) > 4:
            yield self.take("math", text[2:-2].strip())
        elif len(self.lines) > 1 and "|" in self.lines[0] and _TABLE_RULE.match(self.lines[1]):
            yield self.take("table", text)
        else:
            yield self.take("paragraph", text)


def blocks_of_text(text: str, *, markdown: bool = True) -> Iterator[Block]:
    """The blocks of a text: paragraphs are parted by empty lines; `markdown` adds headings, fences and lists.

    A list is one block, as it is one thought; so is a table. A fence that never closes ends with the file.
    """
    reader = _Reader()
    offset = 0
    for raw in text.splitlines(keepends=True):
        start, offset = offset, offset + len(raw.encode("utf-8", "surrogateescape"))
        line = raw.rstrip("\r\n")
        yield from _line(reader, line, start, offset) if markdown else _plain(reader, line, start, offset)
    yield from reader.rest()


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
        reader.add(line, start, end)
    elif heading and heading[2]:
        yield from reader.rest()
        reader.add(line, start, end)
        yield reader.head(len(heading[1]), heading[2])
    elif len(reader.lines) == 1 and _UNDERLINE.match(line) and not _ITEM.match(reader.lines[0]):
        words = reader.lines[0].strip()
        reader.add(line, start, end)
        yield reader.head(1 if line.startswith("=") else 2, words)
    else:
        yield from _plain(reader, line, start, end)
