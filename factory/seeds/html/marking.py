"""Marks every block tag of a page with its place in the source, before the parser sees it.

Lexbor keeps no source positions. A mark is an attribute whose value is a number into a list of spans, so
a node that the parser moves, closes early or repeats still knows where it stands in the file. The same
pass drops tags that nest deeper than any page needs: the parser takes quadratic time on those.
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass

from factory.seeds.html.words import names

MARK = "data-at"
DEEPEST = 256
LONG_TAG = 8192
MOST_ATTRIBUTES = 1000

_TAG = re.compile(
    r"""<(?:
        !--.*?(?:-->|\Z)
      | /(?P<end>[a-zA-Z][^\s/>]*+)[^>]*+(?:>|\Z)
      | (?P<start>[a-zA-Z][^\s/>]*+)(?:[^>=]++|=\s*+(?:"[^"]*+"|'[^']*+')?+)*+(?:>|\Z)
    )""",
    re.S | re.X,
)
_RAW_TEXT = names("script style textarea title xmp iframe noembed noframes")
_VOID = names("area base br col embed hr img input link meta param source track wbr")
# Unmarked: the parser reopens these across blocks and counts equal ones, so they must stay equal.
_FORMATTING = names(
    "a b big code em font i nobr s small strike strong tt u span abbr sup sub label path wbr br"
)
_CLOSES_ITSELF = {
    "li": ("li",),
    "p": ("p",),
    "dt": ("dt", "dd"),
    "dd": ("dt", "dd"),
    "option": ("option",),
    "tr": ("td", "th", "tr"),
    "td": ("td", "th"),
    "th": ("td", "th"),
}
_ENDS_PARAGRAPH = names(
    """address article aside blockquote center details div dl fieldset figure footer form h1 h2 h3 h4 h5 h6
    header hr main nav ol p pre section table ul"""
)


@dataclass(frozen=True)
class Marked:
    """The marked page, and for each mark the span of text from its start tag to behind its end tag."""

    html: str
    spans: list[tuple[int, int]]


def mark(text: str) -> Marked:
    """Marks a page. Takes time linear in its length, whatever its nesting."""
    return _Marker(text).run()


class _Marker:
    """One pass over the tags with a stack of what is open."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.parts: list[str] = []
        self.copied = 0
        self.starts: list[int] = []
        self.ends: list[int] = []
        self.open: list[tuple[str, int]] = []  # name, number of its mark or -1
        self.count: Counter[str] = Counter()

    def run(self) -> Marked:
        position = 0
        while found := _TAG.search(self.text, position):
            position = found.end()
            if name := found["start"]:
                position = self._start(name.lower(), found)
            elif name := found["end"]:
                self._end(name.lower(), found)
        self.parts.append(self.text[self.copied :])
        while self.open:
            self._close(len(self.text))
        return Marked("".join(self.parts), list(zip(self.starts, self.ends, strict=True)))

    def _start(self, name: str, found: re.Match[str]) -> int:
        """Handles a start tag; returns where to go on."""
        if self.open:
            closed = _CLOSES_ITSELF.get(name, ())
            while self.open and self.open[-1][0] in closed:
                self._close(found.start())
            if name in _ENDS_PARAGRAPH and self.open and self.open[-1][0] == "p":
                self._close(found.start())
        number = -1
        if len(self.open) >= DEEPEST:
            self._drop(found)
        elif name not in _FORMATTING:
            number = len(self.starts)
            self.starts.append(found.start())
            self.ends.append(found.end())
            self._copy(found.end("start"))
            self.parts.append(f' {MARK}="{number}"')
        if found.end() - found.start() > LONG_TAG and len(found[0].split()) > MOST_ATTRIBUTES:
            # The parser compares each attribute with all before it: a flood of them takes minutes.
            self._copy(max(self.copied, found.end("start")))
            self.copied = found.end() - 1
        if name in _RAW_TEXT:
            close = re.compile(rf"</{re.escape(name)}\b[^>]*>?", re.I).search(self.text, found.end())
            end = close.end() if close else len(self.text)
            if number >= 0:
                self.ends[number] = end
            else:
                self.copied = max(self.copied, end)
            return end
        if name not in _VOID:
            self.open.append((name, number))
            self.count[name] += 1
        return found.end()

    def _end(self, name: str, found: re.Match[str]) -> None:
        """Handles an end tag: closes what it closes, unless that is inline and a block stands in between."""
        if not self.count[name]:
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
        self._copy(found.start())
        self.parts.append(" ")
        self.copied = found.end()
