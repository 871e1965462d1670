"""The letters of a PDF page as runs: what stands on one line without a gap, in one size."""

from __future__ import annotations

import ctypes
import math
import unicodedata
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

MAX_CHARACTERS = 200_000
"""Of a page: more is a plot, or a trap."""
MAX_SHAPES = 20_000
"""Drawn lines of a page that are looked at: more is a plot."""
GAP = 0.8
"""Of a letter's size: what is farther apart stands in two cells, or two columns."""

_FIXED, _BOLD = 1, 600
_HYPHENS = frozenset({0x02, 0xFFFE})
"""What PDFium gives for the hyphen of a word that a line's end cuts."""
_SPACES = frozenset({0x09, 0x20, 0xA0, 0x2002, 0x2003, 0x2009})
_LINE = 3.0
"""Points: a drawn shape that is thinner is a line."""


class Box(NamedTuple):
    """Points from the lower left corner, turned so that its text is upright."""

    left: float
    low: float
    right: float
    high: float

    @property
    def middle(self) -> float:
        return (self.low + self.high) / 2

    @property
    def centre(self) -> float:
        return (self.left + self.right) / 2

    def with_(self, other: Box) -> Box:
        """The box around two."""
        return Box(
            min(self.left, other.left),
            min(self.low, other.low),
            max(self.right, other.right),
            max(self.high, other.high),
        )


@dataclass(frozen=True, slots=True)
class Run:
    """Letters of a line. `size`: the font's, in points; `bold` and `fixed` (width) where all of them are."""

    text: str
    box: Box
    size: float
    bold: bool = False
    fixed: bool = False


class Sheet(NamedTuple):
    """A page: its runs, the lines drawn on it, and the runs that stand at another angle than most."""

    runs: list[Run]
    rules: list[Box]
    turned: list[Run]


def sheet_of(page: Any) -> Sheet:
    """What stands on a page of pypdfium2's."""
    text = page.get_textpage()
    try:
        found = [(way, run) for way, run in _runs(text) if run.text.strip()]
    finally:
        text.close()
    said = Counter[int]()
    for way, run in found:
        said[way] += len(run.text) if way else 0
    upright = sum(len(run.text) for way, run in found if not way)
    main = 0
    if said and said.most_common(1)[0][1] > upright:
        main = said.most_common(1)[0][0]
    # A letter alone shows no direction: it goes with the page.
    here = [
        replace(run, box=_upright(run.box, main))
        for way, run in found
        if way == main or (len(run.text) == 1 and not way)
    ]
    turned = [run for way, run in found if way != main and not (len(run.text) == 1 and not way)]
    return Sheet(here, [_upright(rule, main) for rule in _rules(page)], turned)


def _upright(box: Box, way: int) -> Box:
    if way > 0:  # written upwards
        return Box(box.low, -box.right, box.high, -box.left)
    if way < 0:  # downwards, the next line to the left
        return Box(-box.high, box.left, -box.low, box.right)
    return box


def _runs(text: Any) -> Iterator[tuple[int, Run]]:
    """The runs of a page in the order of its file, each with where it goes: 0 along the page, 1 up, -1 down."""
    import pypdfium2.raw as pdfium

    raw, rect = text.raw, pdfium.FS_RECTF()
    style = _Style(raw)
    letters: list[str] = []
    boxes: list[Box] = []
    first, spaced = 0, False

    def made(last: int) -> Iterator[tuple[int, Run]]:
        if letters:
            yield _way(boxes), style.run("".join(letters), _around(boxes), first, last)
        letters.clear()
        boxes.clear()

    before = 0
    for at in range(min(text.count_chars(), MAX_CHARACTERS)):
        code = pdfium.FPDFText_GetUnicode(raw, at)
        if code in _SPACES:
            spaced = True
            continue
        if code < 0x20 and code not in _HYPHENS:
            yield from made(before)
            spaced = False
            continue
        pdfium.FPDFText_GetLooseCharBox(raw, at, rect)
        box = Box(rect.left, rect.bottom, rect.right, rect.top)
        if boxes and _apart(boxes[-1], box):
            yield from made(before)
        if not boxes:
            first, spaced = at, False
        letters.append((" " if spaced else "") + ("-" if code in _HYPHENS else _letter(code)))
        boxes.append(box)
        before, spaced = at, False
    yield from made(before)


def _letter(code: int) -> str:
    letter = chr(code)
    return unicodedata.normalize("NFKC", letter) if 0xFB00 <= code <= 0xFB06 else letter


def _apart(one: Box, other: Box) -> bool:
    """Whether two letters that follow each other in the file stand in two runs: another size, line or cell."""
    high, higher = one.high - one.low, other.high - other.low
    if abs(other.low - one.low) <= 0.1 * high and abs(higher - high) <= 0.1 * high:
        return not -0.5 * high < other.left - one.right < GAP * high
    wide = max(one.right - one.left, other.right - other.left)
    if abs(other.left - one.left) <= 0.1 * wide + 0.1:  # above one another: written along a side
        return min(abs(other.low - one.high), abs(one.low - other.high)) > GAP * wide
    return True


def _way(boxes: Sequence[Box]) -> int:
    across = abs(boxes[-1].left - boxes[0].left)
    up = boxes[-1].low - boxes[0].low
    return 0 if across >= abs(up) else 1 if up > 0 else -1


def _around(boxes: Sequence[Box]) -> Box:
    return Box(
        min(box.left for box in boxes),
        min(box.low for box in boxes),
        max(box.right for box in boxes),
        max(box.high for box in boxes),
    )


class _Style:
    """Asks the file for the font of a letter."""

    def __init__(self, raw: Any) -> None:
        import pypdfium2.raw as pdfium

        self.pdfium, self.raw = pdfium, raw
        self.name, self.flags = ctypes.create_string_buffer(128), ctypes.c_int()
        self.matrix = pdfium.FS_MATRIX()

    def run(self, text: str, box: Box, first: int, last: int) -> Run:
        self.pdfium.FPDFText_GetMatrix(self.raw, first, self.matrix)
        scale = math.hypot(self.matrix.c, self.matrix.d) or 1.0
        size = self.pdfium.FPDFText_GetFontSize(self.raw, first) * scale
        (bold, fixed), (bold_too, fixed_too) = self._font(first), self._font(last)
        return Run(text, box, abs(size) or box.high - box.low, bold and bold_too, fixed and fixed_too)

    def _font(self, at: int) -> tuple[bool, bool]:
        self.pdfium.FPDFText_GetFontInfo(self.raw, at, self.name, len(self.name), self.flags)
        name = self.name.value.decode("utf-8", "replace").lower()
        heavy = self.pdfium.FPDFText_GetFontWeight(self.raw, at) >= _BOLD
        fixed = bool(self.flags.value & _FIXED) or any(part in name for part in ("mono", "courier", "cmtt"))
        return heavy or any(part in name for part in ("bold", "black", "cmbx")), fixed


def _rules(page: Any) -> Iterator[Box]:
    """The lines that are drawn on a page, and the sides of boxes."""
    import pypdfium2.raw as pdfium

    for number, shape in enumerate(page.get_objects(filter=(pdfium.FPDF_PAGEOBJ_PATH,), max_depth=3)):
        if number == MAX_SHAPES:
            return
        left, low, right, high = shape.get_bounds()
        if right - left < _LINE or high - low < _LINE:
            yield Box(left, low, right, high)
        else:
            yield Box(left, low, right, low)
            yield Box(left, high, right, high)
            yield Box(left, low, left, high)
            yield Box(right, low, right, high)
