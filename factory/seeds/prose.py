"""Reads Markdown and plain text into the blocks that pages are read into."""

from __future__ import annotations

import re
from array import array
from collections.abc import Generator, Iterator, Mapping
from dataclasses import dataclass, field
from typing import TypeAlias

from factory.fences import Opening, closes, opening
from factory.seeds.html import Block
from factory.seeds.html.blocks import BlockKind
from factory.seeds.plain import DISPLAYED, ENVIRONMENT
from factory.seeds.segment import count_words

_HEADING = re.compile(r"(#{1,6})\s+(.*?)\s*#*\s*$")
_ITEM = re.compile(r"(?:[-*+]|\d{1,9}[.)])\s+(?=\S)")
_NOTE = re.compile(r"\[\^[^\]\s]+\]:")
_UNDERLINE = re.compile(r"(=+|-+)\s*$")
_TABLE_RULE = re.compile(r"\s*\|?\s*:?-+:?\s*(\|\s*:?-+:?\s*)*\|?\s*$")
_DISPLAYED = re.compile(rf"(?:{DISPLAYED})[.,;]?")
_ELEMENT = re.compile(r"\s*<(!--|(?:table|pre|math|script|style|textarea)\b)", re.IGNORECASE)
_OPENED = re.compile(rf"(?<!\\)\\\[|\\begin\{{({ENVIRONMENT})\}}")

FORMULA, LONGEST = 4_000, 40_000
"""Bytes within which a formula, or an environment of TeX, is closed; where it is not, nothing was opened."""

_AT_ONCE = 1 << 16
"""Characters, about, that are parted into lines at once."""

INDENT = 4
"""Columns by which code is indented, and what belongs to a footnote."""

_WORDS, _SENTENCE = 4, 8
# What hardly stands in prose: brackets, operators, calls, comments.
_SAID = re.compile(r"[.!?:,;。！？，、।؟]")
_CODE = re.compile(r"[{}=<>\\|_$#@`]|\w[(\[]\S|;$|//|::|--")

_Taken: TypeAlias = tuple[BlockKind, int, str]
"""What is read at once: its kind, the line behind it, its text."""


def blocks_of_text(text: str, *, markdown: bool = True) -> Iterator[Block]:
    """The blocks of a text: paragraphs are parted by empty lines; `markdown` adds headings and lists, and code,
    formulas, tables and HTML with empty lines in them.

    A list is one block, as it is one thought; so is a table. A fence that never closes ends with the quotation that it
    stands in, where sentences go on, or with the file; whatever else is not closed opened nothing.
    """
    lines: list[str] = []
    ends = array("q")
    for line in _lines(text):
        lines.append(line.rstrip("\r\n"))
        ends.append((ends[-1] if ends else 0) + len(line.encode("utf-8", "surrogateescape")))
    reader = _Reader(lines, ends)
    at = 0
    while at < len(lines):
        line, stop = reader.lines[at], at + 1
        if not line.strip():
            yield from reader.rest(at)
        elif not markdown:
            reader.begin(at)
        elif fence := opening(line):
            yield from reader.rest(at)
            stop = yield from _fenced(reader, at, fence)
        elif found := _element(reader, at) or _displayed(reader, at) or _indented(reader, at):
            yield from reader.rest(at)
            kind, stop, text = found
            yield reader.made(kind, text, at, stop)
        else:
            yield from _line(reader, at)
            stop = _opened(reader, at)
        at = stop
    yield from reader.rest(at)


def _lines(text: str) -> Iterator[str]:
    """The lines of a text with their ends, some at a time: a list of all would hold the text once more."""
    start = 0
    while start < len(text):
        end = text.find("\n", start + _AT_ONCE) + 1 or len(text)
        yield from text[start:end].splitlines(keepends=True)
        start = end


@dataclass
class _Reader:
    """Gathers lines until a block is whole. Spans are bytes of the UTF-8 text; `ends`: where each line ends."""

    lines: list[str]
    ends: array[int]
    headings: list[tuple[int, str]] = field(default_factory=list)
    begun: int | None = None
    """The first line of the paragraph or table being read."""
    within: list[int] = field(default_factory=list)
    """The columns at which the content of the list items and footnotes stands that are open."""
    prose_to: int = 0
    """Up to this line it is prose that is indented, and no code."""
    unclosed: set[str] = field(default_factory=set)
    """Marks of fences that nothing closed up to the end: nothing will close one that opens later with as many."""
    pairs: dict[str, Mapping[int, int]] = field(default_factory=dict)
    """By what opens and closes: the line that closes what a line opens."""

    def begin(self, at: int) -> None:
        """Begins a block with a line, unless one is being read, to which it belongs then."""
        self.begun = at if self.begun is None else self.begun

    def made(
        self, kind: BlockKind, text: str, at: int, stop: int, level: int = 0, language: str = ""
    ) -> Block:
        """A block of the lines from `at` up to `stop`."""
        start = self.ends[at - 1] if at else 0
        section = tuple(words for _, words in self.headings)
        end = self.ends[stop - 1]
        return Block(kind, text, start, end, level=level, language=language, section=section)

    def head(self, level: int, text: str, at: int, stop: int) -> Block:
        """A heading: later blocks stand below it."""
        self.begun, self.within = None, []
        while self.headings and self.headings[-1][0] >= level:
            self.headings.pop()
        made = self.made("heading", text, at, stop, level=level)
        self.headings.append((level, text))
        return made

    def rest(self, stop: int) -> Iterator[Block]:
        """What the lines up to `stop` are that were gathered, if there are any."""
        if self.begun is None:
            return
        first, self.begun = self.begun, None
        text = self.text(first, stop)
        if text.startswith(("$$", "\\")) and _DISPLAYED.fullmatch(text):
            dollars = text.startswith("$$") and text.endswith("$$")
            yield self.made(
                "math" if dollars else "raw", text[2:-2].strip() if dollars else text, first, stop
            )
        elif "|" in self.lines[first] and stop > first + 1 and _TABLE_RULE.match(self.lines[first + 1]):
            yield self.made("table", text, first, stop)
        else:
            yield self.made("paragraph", text, first, stop)

    def text(self, first: int, stop: int) -> str:
        """The lines up to `stop`, without the spaces at their ends."""
        return "\n".join(line.rstrip() for line in self.lines[first:stop])

    def closed(self, name: str, opens: str, closes: str, at: int, most: int | None = None) -> int | None:
        """The line behind the one that closes what a line opens, where one does within `most` bytes."""
        if name not in self.pairs:
            self.pairs[name] = _pairs(self.lines, opens, closes)
        last = self.pairs[name].get(at)
        return None if last is None or (most and self.ends[last] - self.ends[at] > most) else last + 1


def _pairs(lines: list[str], opens: str, closes: str) -> dict[int, int]:
    """The line that closes what a line opens, by lines that open more than they close."""
    opening, closing = re.compile(opens, re.IGNORECASE), re.compile(closes, re.IGNORECASE)
    found: dict[int, int] = {}
    waiting: list[int] = []
    for number, line in enumerate(lines):
        more = len(opening.findall(line)) - len(closing.findall(line))
        waiting += [number] * more
        for _ in range(min(-more, len(waiting))):
            found[waiting.pop()] = number
    return found


def _fenced(reader: _Reader, at: int, fence: Opening) -> Generator[Block, None, int]:
    """Code in a fence, without its first line's marks of quotation and indentation. Gives the line behind it."""
    free = ">" not in fence.before
    stop = len(reader.lines) if free and any(map(fence.run.startswith, reader.unclosed)) else at + 1
    while (
        stop < len(reader.lines) and fence.holds(line := reader.lines[stop]) and not closes(line, fence.run)
    ):
        stop += 1
    behind = stop + (stop < len(reader.lines) and fence.holds(reader.lines[stop]))
    if stop == len(reader.lines) and free:
        reader.unclosed.add(fence.run)
        stop = behind = _goes_on(reader.lines, at)
    marks = re.compile(rf"(?:[ \t]*> ?){{0,{fence.before.count('>')}}}")
    before = fence.before[_length(marks, fence.before) :]
    indent = re.compile(rf" {{0,{len(before)}}}")
    if before.strip():  # an item that begins with code
        yield reader.made("paragraph", before.rstrip(), at, at + 1)
    code = [line[_length(marks, line) :] for line in reader.lines[at + 1 : stop]]
    text = "\n".join(line[_length(indent, line) :] for line in code).rstrip("\n")
    yield reader.made("code", text, at, behind, language=fence.language)
    return behind


def _goes_on(lines: list[str], at: int) -> int:
    """Where the text goes on behind a fence that never closes: at the first sentence below an empty line, if there is
    one, that is not indented and holds nothing of code."""
    for number in range(at + 2, len(lines)):
        line = lines[number]
        if (
            not lines[number - 1].strip()
            and line[:1].isalpha()
            and not line[:1].islower()
            and _SAID.search(line)
            and count_words(line) >= _SENTENCE
            and not _CODE.search(line)
        ):
            return number
    return len(lines)


def _length(beginning: re.Pattern[str], line: str) -> int:
    found = beginning.match(line)
    return found.end() if found else 0


def _element(reader: _Reader, at: int) -> _Taken | None:
    """An element of HTML, or a comment, whose content is no Markdown, as it stands."""
    found = _ELEMENT.match(reader.lines[at])
    if not found:
        return None
    name = found[1].lower()
    marks = ("<!--", "-->") if name == "!--" else (rf"<{name}\b", f"</{name}\\s*>")
    stop = reader.closed(name, *marks, at)
    if stop is None:
        return None
    return "table" if name == "table" else "raw", stop, reader.text(at, stop)


def _displayed(reader: _Reader, at: int) -> _Taken | None:
    """A formula of several lines between dollars that have their lines for themselves."""
    if not reader.lines[at].lstrip().startswith("$$") or not (stop := _dollars(reader, at)):
        return None
    text = reader.text(at, stop).strip()
    return ("math", stop, text[2:-2].strip()) if text.endswith("$$") else None


def _dollars(reader: _Reader, at: int) -> int | None:
    """The line behind the one that closes the formula that a line opens by two dollars."""
    if reader.lines[at].count("$$") % 2 == 0:
        return None
    for number in range(at + 1, len(reader.lines)):
        if reader.ends[number] - reader.ends[at] > FORMULA:
            return None
        if count := reader.lines[number].count("$$"):
            return number + 1 if count % 2 else None
    return None


def _indented(reader: _Reader, at: int) -> _Taken | None:
    """Code that is indented, below what it belongs to, without that indentation; no prose that is indented."""
    line = reader.lines[at]
    columns = _columns(line)
    if columns < INDENT or reader.begun is not None or at < reader.prose_to:
        return None
    least = INDENT + max((one for one in reader.within if one <= columns), default=0)
    if columns < least or (reader.within and _ITEM.match(line.lstrip())):
        return None
    stop = behind = at + 1
    while stop < len(reader.lines) and (not (line := reader.lines[stop]).strip() or _columns(line) >= least):
        stop += 1
        behind = stop if line.strip() else behind
    code = reader.lines[at:behind]
    said = [bool(line.strip()) and count_words(line) >= _WORDS and not _CODE.search(line) for line in code]
    if (stop == behind < len(reader.lines)) or 2 * sum(said) > sum(map(bool, map(str.strip, code))):
        reader.prose_to = behind
        return None
    return "code", behind, "\n".join(_without(line, least).rstrip() for line in code)


def _columns(line: str) -> int:
    """How far a line is indented."""
    return len(line[: len(line) - len(line.lstrip(" \t"))].expandtabs(INDENT))


def _without(line: str, columns: int) -> str:
    """A line without so many columns of its indentation."""
    reached = 0
    for place, mark in enumerate(line):
        if reached >= columns or mark not in " \t":
            return line[place:]
        reached += INDENT - reached % INDENT if mark == "\t" else 1
    return ""


def _line(reader: _Reader, at: int) -> Iterator[Block]:
    """A line of headings, lists, tables and paragraphs."""
    line, begun = reader.lines[at], reader.begun
    heading = _HEADING.match(line)
    if heading and heading[2]:
        yield from reader.rest(at)
        yield reader.head(len(heading[1]), heading[2], at, at + 1)
    elif begun == at - 1 and _UNDERLINE.match(line) and not _ITEM.match(reader.lines[begun].lstrip()):
        yield reader.head(1 if line.startswith("=") else 2, reader.lines[begun].strip(), begun, at + 1)
    else:
        if _begins_table(reader, at):
            yield from reader.rest(at - 1)
            reader.begun = at - 1
        _enter(reader, line)
        reader.begin(at)


def _begins_table(reader: _Reader, at: int) -> bool:
    """Whether a line rules off the head of a table, the line above, from its rows, right below a paragraph."""
    if reader.begun is None or reader.begun == at - 1 or "|" not in reader.lines[at - 1]:
        return False
    return (
        "|" in reader.lines[at]
        and _TABLE_RULE.match(reader.lines[at]) is not None
        and "|" not in reader.lines[reader.begun]
    )


def _enter(reader: _Reader, line: str) -> None:
    """Keeps in mind which items and footnotes are open: what is indented below them belongs to them."""
    columns, bare = _columns(line), line.lstrip()
    item = _ITEM.match(bare)
    if item or reader.begun is None:
        reader.within = [one for one in reader.within if one <= columns]
    if item:
        reader.within.append(columns + min(item.end(), INDENT + 1))
    elif _NOTE.match(line):
        reader.within.append(INDENT)


def _opened(reader: _Reader, at: int) -> int:
    """The line with which a paragraph goes on: behind the formulas and environments that a line of it opens."""
    if reader.begun is None:
        return at + 1
    stop = _dollars(reader, at) or at + 1
    for found in _OPENED.finditer(reader.lines[at]) if "\\" in reader.lines[at] else ():
        if name := found[1]:
            begin, end = (rf"\\{one}\{{{re.escape(name)}\}}" for one in ("begin", "end"))
            closed = reader.closed(name, begin, end, at, LONGEST)
        else:
            closed = reader.closed("[", r"(?<!\\)\\\[", r"(?<!\\)\\\]", at, FORMULA)
        stop = max(stop, closed or 0)
    return stop
