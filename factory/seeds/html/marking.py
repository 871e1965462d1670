"""Marks every block tag of a page with its place in the source, before the parser sees it.

Lexbor keeps no source positions. A mark is an attribute whose value is a number into a list of spans, so
a node that the parser moves, closes early or repeats still knows where it stands in the file. The same
pass drops tags that nest deeper than any page needs, for the parser takes quadratic time on those, and what
scripts, styles and drawings hold, which is half of a page and none of its words.
"""

from __future__ import annotations

import functools
import re
from collections import defaultdict
from dataclasses import dataclass
from typing import NamedTuple

from factory.seeds.html.words import names

MARK = "data-at"
DEEPEST = 256
LONG_TAG = 8192
MOST_ATTRIBUTES = 1000

_TAG = re.compile(
    r"""<(?:
        (/?[a-zA-Z][^\s/>]*+)(?:[^>=]++|=\s*+(?:"[^"]*+"|'[^']*+')?+)*+(?:>|\Z)
      | !--.*?(?:-->|\Z)
    )""",
    re.S | re.X,
)
# What a drawing consists of, up to its end. One that holds anything else is read tag by tag.
_DRAWN = re.compile(
    r"""(?:[^<]++|</?(?:path|g|use|circle|ellipse|rect|line|poly\w+|defs|symbol|clippath|mask|stop|\w+gradient|pattern
    |marker|title|desc|filter|fe\w+|animate\w*|text|tspan|style)\b[^>]*+>)*+(?=</svg\s*+>)""",
    re.X | re.I,
)
_READ = re.compile(r"math|ld\S{1,9}json", re.I)  # in the tags of scripts whose words are read
_RAW_TEXT = names("script style textarea title xmp iframe noembed noframes")
# Never text of the page.
SKIPPED = names(
    """style template head iframe object embed canvas audio video map svg
    input select textarea datalist dialog"""
)
_VOID = names("area base br col embed hr img input link meta param source track wbr")
# Unmarked: the parser reopens these across blocks and counts equal ones, so they must stay equal.
_FORMATTING = names(
    "a b big code em font i nobr s small strike strong tt u span abbr sup sub label path wbr br"
)
_CLOSES_ITSELF = {
    "li": names("li"),
    "p": names("p"),
    "dt": names("dt dd"),
    "dd": names("dt dd"),
    "option": names("option"),
    "tr": names("td th tr"),
    "td": names("td th"),
    "th": names("td th"),
}
_PARAGRAPH = names("p")
_ENDS_PARAGRAPH = names(
    """address article aside blockquote center details div dl fieldset figure footer form h1 h2 h3 h4 h5 h6
    header hr main nav ol p pre section table ul"""
)


@dataclass(frozen=True)
class Marked:
    """The marked page, and for each mark where its start tag begins and where its end tag ends."""

    html: str
    starts: list[int]
    ends: list[int]


def mark(text: str) -> Marked:
    """Marks a page. Takes time linear in its length, whatever its nesting."""
    return _Marker(text).run()


class _Sort(NamedTuple):
    """What a tag says by its name: whether it ends an element, what it ends by starting one, whether it is marked,
    whether text in it is raw, whether it is ever closed."""

    name: str
    ending: bool
    ends: frozenset[str]
    marked: bool
    raw: bool
    closed: bool


@functools.lru_cache(maxsize=2048)
def _sort(written: str) -> _Sort:
    name = written.lower().removeprefix("/")
    ends = _CLOSES_ITSELF.get(name, _PARAGRAPH if name in _ENDS_PARAGRAPH else frozenset())
    marked = name not in _FORMATTING and name not in SKIPPED
    return _Sort(name, written[0] == "/", ends, marked, name in _RAW_TEXT, name not in _VOID)


@functools.cache
def _closing(name: str) -> re.Pattern[str]:
    """The end tag of an element of raw text."""
    return re.compile(rf"</{re.escape(name)}\b[^>]*>?", re.I)


class _Marker:
    """One pass over the tags with a stack of what is open."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.parts: list[str] = []
        self.copied = 0
        self.starts: list[int] = []
        self.ends: list[int] = []
        self.open: list[tuple[str, int]] = []  # name, number of its mark or -1
        self.count: defaultdict[str, int] = defaultdict(int)
        self.sorts: dict[str, _Sort] = {}

    def run(self) -> Marked:
        position = 0
        while position >= 0:
            position = self._tags(position)
        self.parts.append(self.text[self.copied :])
        while self.open:
            self._close(len(self.text))
        return Marked("".join(self.parts), self.starts, self.ends)

    def _tags(self, position: int) -> int:
        """Handles the tags up to the next element that is passed over; returns the end of that, -1 at the end of the
        page."""
        text, parts, starts, ends = self.text, self.parts, self.starts, self.ends
        opened, count, sorts = self.open, self.count, self.sorts
        for found in _TAG.finditer(text, position):
            if (written := found[1]) is None:
                continue
            sort = sorts.get(written) or sorts.setdefault(written, _sort(written))
            name, ending, closing, marked, raw, closed = sort
            if ending:
                if opened and opened[-1][0] == name and len(opened) <= DEEPEST:
                    number = opened.pop()[1]
                    count[name] -= 1
                    if number >= 0:
                        ends[number] = found.end()
                else:
                    self._end(name, found)
                continue
            begin, end = found.span()
            number = -1
            if closing:
                while opened and opened[-1][0] in closing:
                    self._close(begin)
            if len(opened) >= DEEPEST:
                self._drop(found)
            elif marked:
                number = len(starts)
                starts.append(begin)
                ends.append(end)
                upto = found.end(1)
                parts.append(f'{text[self.copied : upto]} {MARK}="{number}"')
                self.copied = upto
            if end - begin > LONG_TAG:
                self._shorten(found)
            if raw:
                return self._skip(name, found, number)
            if closed:
                opened.append((name, number))
                count[name] += 1
            if name == "svg" and text[end - 2] != "/" and (drawn := _DRAWN.match(text, end)):
                self._leave_out(end, drawn.end())
                return drawn.end()
        return -1

    def _shorten(self, found: re.Match[str]) -> None:
        """Takes away a flood of attributes: the parser compares each with all before it, and would take minutes."""
        if len(found[0].split()) > MOST_ATTRIBUTES:
            self._copy(max(self.copied, found.end(1)))
            self.copied = found.end() - 1

    def _skip(self, name: str, found: re.Match[str], number: int) -> int:
        """Passes over an element of raw text; returns where it ends."""
        begin = found.end()
        close = _closing(name).search(self.text, begin)
        inner, end = close.span() if close else (len(self.text), len(self.text))
        if len(self.open) >= DEEPEST:
            self.copied = max(self.copied, end)
            return end
        if number >= 0:
            self.ends[number] = end
        unread = name == "style" or (name == "script" and not _READ.search(found[0]))
        if unread and self.text.find("<!--", begin, inner) < 0:
            self._leave_out(begin, inner)  # behind "<!--" the parser may see the end of a script elsewhere
        return end

    def _end(self, name: str, found: re.Match[str]) -> None:
        """Handles an end tag: closes what it closes, unless that is inline and a block stands in between."""
        if not self.count.get(name):
            if len(self.open) >= DEEPEST:
                self._drop(found)
            return
        if name in _FORMATTING and self.open[-1][0] != name:
            return
        deep = len(self.open) > DEEPEST
        while self.open:
            last = self.open[-1][0]
            self._close(found.end())
            if last == name:
                break
        if deep:
            self._drop(found)

    def _close(self, end: int) -> None:
        name, number = self.open.pop()
        self.count[name] -= 1
        if number >= 0:
            self.ends[number] = end

    def _copy(self, upto: int) -> None:
        self.parts.append(self.text[self.copied : upto])
        self.copied = upto

    def _drop(self, found: re.Match[str]) -> None:
        self._leave_out(found.start(), found.end())
        self.parts.append(" ")

    def _leave_out(self, begin: int, end: int) -> None:
        self._copy(begin)
        self.copied = end
