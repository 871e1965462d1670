"""Marks every block tag of a page with its place in the source, before the parser sees it.

Lexbor keeps no source positions. A mark is an attribute whose value is a number into a list of spans, so
a node that the parser moves, closes early or repeats still knows where it stands in the file. The page is read as the
bytes that the parser takes: searches in them are faster than in a text, and there is no second copy. The same pass
drops tags that nest deeper than any page needs, for the parser takes quadratic time on those, and what scripts, styles
and drawings hold, which is half of a page and none of its words.
"""

from __future__ import annotations

import functools
import re
from collections import defaultdict
from dataclasses import dataclass
from typing import NamedTuple

from factory.seeds.html.words import names

MARK = "data-at"
_MARK, _SLASH = MARK.encode(), ord("/")
DEEPEST = 256
LONG_TAG = 8192
MOST_ATTRIBUTES = 1000

# An element that holds no other is one match; what follows its start tag is a group.
_TAG = re.compile(
    rb"""<(?:
        (?P<start>[a-zA-Z][^\s/>]*+) [^>=]*+(?:=\s*+(?:"[^"]*+"|'[^']*+')?+[^>=]*+)*+
            (?:>(?P<leaf>[^<]*+</(?P=start)>)?+|\Z)
      | /(?P<end>[a-zA-Z][^\s/>]*+) [^>=]*+(?:=\s*+(?:"[^"]*+"|'[^']*+')?+[^>=]*+)*+ (?:>|\Z)
      | !--.*?(?:-->|\Z)
    )""",
    re.S | re.X,
)
_START, _LEAF, _END = (_TAG.groupindex[name] for name in ("start", "leaf", "end"))
# What a drawing consists of, up to its end. One that holds anything else is read tag by tag.
_DRAWN = re.compile(
    rb"""(?:[^<]++|</?(?:path|g|use|circle|ellipse|rect|line|poly\w+|defs|symbol|clippath|mask|stop|\w+gradient|pattern
    |marker|title|desc|filter|fe\w+|animate\w*|text|tspan|style)\b[^>]*+>)*+(?=</svg\s*+>)""",
    re.X | re.I,
)
_READ = re.compile(rb"math|ld\S{1,9}json", re.I)  # in the tags of scripts whose words are read
# Never text of the page.
SKIPPED = names(
    """style template head iframe object embed canvas audio video map svg
    input select textarea datalist dialog"""
)


def _tags(text: str) -> frozenset[bytes]:
    """Names of tags, as they stand in a page."""
    return frozenset(text.encode().split())


_RAW_TEXT = _tags("script style textarea title xmp iframe noembed noframes")
_SKIPPED = _tags(" ".join(SKIPPED))
_VOID = _tags("area base br col embed hr img input link meta param source track wbr")
# Unmarked: the parser reopens these across blocks and counts equal ones, so they must stay equal.
_FORMATTING = _tags(
    "a b big code em font i nobr s small strike strong tt u span abbr sup sub label path wbr br"
)
_CLOSES_ITSELF = {
    b"li": _tags("li"),
    b"p": _tags("p"),
    b"dt": _tags("dt dd"),
    b"dd": _tags("dt dd"),
    b"option": _tags("option"),
    b"tr": _tags("td th tr"),
    b"td": _tags("td th"),
    b"th": _tags("td th"),
}
_PARAGRAPH = _tags("p")
_ENDS_PARAGRAPH = _tags(
    """address article aside blockquote center details div dl fieldset figure footer form h1 h2 h3 h4 h5 h6
    header hr main nav ol p pre section table ul"""
)


@dataclass(frozen=True)
class Marked:
    """The marked page, and for each mark where its start tag begins and where its end tag ends."""

    html: bytes
    starts: list[int]
    ends: list[int]


def mark(html: bytes) -> Marked:
    """Marks a page in UTF-8. Takes time linear in its length, whatever its nesting."""
    return _Marker(html).run()


class _Sort(NamedTuple):
    """What a start tag says by its name: what it ends by starting, whether it is marked, whether text in it is raw,
    whether it is ever closed, whether it is read with its end tag."""

    name: bytes
    ends: frozenset[bytes]
    marked: bool
    raw: bool
    closed: bool
    whole: bool


@functools.lru_cache(maxsize=2048)
def _sort(written: bytes) -> _Sort:
    name = written.lower()
    ends = _CLOSES_ITSELF.get(name, _PARAGRAPH if name in _ENDS_PARAGRAPH else frozenset())
    marked = name not in _FORMATTING and name not in _SKIPPED
    raw, closed = name in _RAW_TEXT, name not in _VOID
    return _Sort(name, ends, marked, raw, closed, closed and not raw and name != b"svg")


@functools.cache
def _closing(name: bytes) -> re.Pattern[bytes]:
    """The end tag of an element of raw text, in letters of either case: a search for "</" is fast, one that ignores
    case is not."""
    letters = "".join(f"[{letter}{letter.upper()}]" for letter in name.decode())
    return re.compile(rf"</{letters}\b[^>]*>?".encode())


class _Marker:
    """One pass over the tags with a stack of what is open."""

    def __init__(self, html: bytes) -> None:
        self.html = html
        self.parts: list[bytes] = []
        self.copied = 0
        self.starts: list[int] = []
        self.ends: list[int] = []
        self.open: list[tuple[bytes, int]] = []  # name, number of its mark or -1
        self.count: defaultdict[bytes, int] = defaultdict(int)
        self.sorts: dict[bytes, _Sort] = {}

    def run(self) -> Marked:
        position = 0
        while position >= 0:
            position = self._tags(position)
        self.parts.append(self.html[self.copied :])
        while self.open:
            self._close(len(self.html))
        return Marked(b"".join(self.parts), self.starts, self.ends)

    def _tags(self, position: int) -> int:
        """Handles the tags up to the next element that is passed over; returns the end of that, -1 at the end of the
        page."""
        html, parts, starts, ends = self.html, self.parts, self.starts, self.ends
        opened, count, sorts = self.open, self.count, self.sorts
        for found in _TAG.finditer(html, position):
            which = found.lastindex
            if which == _END:
                name = found[_END]
                if opened and opened[-1][0] == name and len(opened) <= DEEPEST:
                    number = opened.pop()[1]
                    count[name] -= 1
                    if number >= 0:
                        ends[number] = found.end()
                else:
                    self._end(name.lower(), *found.span())
                continue
            if which is None:
                continue
            written = found[_START]
            sort = sorts.get(written) or sorts.setdefault(written, _sort(written))
            name, closing, marked, raw, closed, whole = sort
            begin, end = found.span()
            if closing:
                while opened and opened[-1][0] in closing:
                    self._close(begin)
            deep = len(opened) >= DEEPEST
            leaf = which == _LEAF and whole and not deep
            tag_end = found.start(_LEAF) if which == _LEAF else end
            number = -1
            if deep:
                self._drop(begin, tag_end)
            elif marked:
                number = len(starts)
                starts.append(begin)
                ends.append(end if leaf else tag_end)
                upto = found.end(_START)
                parts.append(b'%b %b="%d"' % (html[self.copied : upto], _MARK, number))
                self.copied = upto
            if tag_end - begin > LONG_TAG:
                self._shorten(found.end(_START), tag_end)
            if leaf:
                continue
            if raw:
                return self._skip(name, html[begin:tag_end], tag_end, number)
            if closed:
                opened.append((name, number))
                count[name] += 1
            if name == b"svg" and html[tag_end - 2] != _SLASH and (drawn := _DRAWN.match(html, tag_end)):
                self._leave_out(tag_end, drawn.end())
                return drawn.end()
            if which == _LEAF:
                return tag_end
        return -1

    def _shorten(self, named: int, end: int) -> None:
        """Takes away a flood of attributes, which follow the name of a tag: the parser compares each with all before
        it, and would take minutes."""
        if len(self.html[named:end].split()) > MOST_ATTRIBUTES:
            self._copy(max(self.copied, named))
            self.copied = end - 1

    def _skip(self, name: bytes, tag: bytes, begin: int, number: int) -> int:
        """Passes over an element of raw text, behind its start tag; returns where it ends."""
        close = _closing(name).search(self.html, begin)
        inner, end = close.span() if close else (len(self.html), len(self.html))
        if len(self.open) >= DEEPEST:
            self.copied = max(self.copied, end)
            return end
        if number >= 0:
            self.ends[number] = end
        unread = name == b"style" or (name == b"script" and not _READ.search(tag))
        if unread and self.html.find(b"<!--", begin, inner) < 0:
            self._leave_out(begin, inner)  # behind "<!--" the parser may see the end of a script elsewhere
        return end

    def _end(self, name: bytes, begin: int, end: int) -> None:
        """Handles an end tag: closes what it closes, unless that is inline and a block stands in between."""
        if not self.count.get(name):
            if len(self.open) >= DEEPEST:
                self._drop(begin, end)
            return
        if name in _FORMATTING and self.open[-1][0] != name:
            return
        deep = len(self.open) > DEEPEST
        while self.open:
            last = self.open[-1][0]
            self._close(end)
            if last == name:
                break
        if deep:
            self._drop(begin, end)

    def _close(self, end: int) -> None:
        name, number = self.open.pop()
        self.count[name] -= 1
        if number >= 0:
            self.ends[number] = end

    def _copy(self, upto: int) -> None:
        self.parts.append(self.html[self.copied : upto])
        self.copied = upto

    def _drop(self, begin: int, end: int) -> None:
        self._leave_out(begin, end)
        self.parts.append(b" ")

    def _leave_out(self, begin: int, end: int) -> None:
        self._copy(begin)
        self.copied = end
