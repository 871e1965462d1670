"""Lines as the paragraphs, headings, lists, tables and code of a document in Markdown."""

from __future__ import annotations

import itertools
import re
from collections import Counter
from collections.abc import Sequence, Set
from dataclasses import dataclass, field
from statistics import median

from factory.seeds.pages import Part
from factory.seeds.pdf.columns import Line
from factory.seeds.pdf.tables import aligned, markdown

LARGE, LARGER = 1.12, 1.3
"""Times the size of the text: of a heading in bold, and of any."""
SMALL = 0.92
"""Times the size of the text: of notes and captions."""
LEADING = 1.4
"""Times the usual distance of lines: more parts paragraphs."""
LONGEST = 200_000
"""Letters of a paragraph, or a table: what goes on longer is several."""
DEEPEST = 200
"""Letters of a gap in a line of code, at most."""

_HYPHEN = re.compile(r"(\w)[-\u00ad\u2010]$")
_CUT = re.compile(r"([\w-]*\w)[-\u00ad\u2010]$")
_COMPOUND = re.compile(r"\w-\w+-$")
_ENDS = re.compile(r"[.!?:;。！？][\"'”’)\]]*(?:\[\d+\])?$")
_BULLET = re.compile(r"^[-*•▪◦–\uf0b7\uf0a7]\s+")
_ITEM = re.compile(r"^(?:[-*•▪◦–\uf0b7\uf0a7]|\(?\d{1,3}[.)]|\[\d{1,3}\]|\(?[a-z][.)])\s+")
_NUMBERED = re.compile(r"^\d{1,2}(?:\.\d{1,2})+\.?\s+[A-Z]")
_UNSPACED = re.compile("[\u3000-\u30ff\u3400-\u9fff\uf900-\ufaff\uff00-\uffef]")
_END, _LATEST = 100, 4
"""Letters of the end of a paragraph, and of its lines the latest, by which it is told whether it goes on."""
_WORDS = re.compile(r"\w+(?:-\w+)*")


@dataclass(slots=True)
class _Open:
    """A paragraph being put together: its lines, and what it is."""

    lines: list[Line]
    text: str
    level: int = 0
    made: str = ""
    """Of a table, or code: its Markdown."""

    @property
    def part(self) -> Part:
        text = self.made or (f"{'#' * self.level} {self.text}" if self.level else _escaped(self.text))
        return Part(text, self.lines[0].page, self.lines[-1].page)


@dataclass
class _Document:
    """What is known of all lines: the size of the text, whether it is bold, distances, headings, words."""

    lines: Sequence[Line]
    outline: Set[str]
    size: float = field(init=False)
    bold: bool = field(init=False)
    leading: float = field(init=False)
    levels: dict[tuple[float, bool], int] = field(init=False)
    words: Counter[str] = field(init=False)

    def __post_init__(self) -> None:
        sizes, heavy = Counter[float](), Counter[bool]()
        self.words = Counter()
        for line in self.lines:
            sizes[_rounded(line.size)] += len(line.text)
            heavy[line.bold] += len(line.text)
            self.words.update(word.lower() for word in _WORDS.findall(line.text))
        self.size = sizes.most_common(1)[0][0] if sizes else 10.0
        self.bold = heavy[True] > heavy[False]
        steps = [
            one.box.middle - other.box.middle
            for one, other in zip(self.lines, self.lines[1:], strict=False)
            if one.page == other.page and _rounded(one.size) == _rounded(other.size) == self.size
        ]
        usual = median([step for step in steps if 0 < step < 4 * self.size] or [1.2 * self.size])
        self.leading = min(usual, 2 * self.size)
        classes = {self.kind(line) for line in self.lines if self.is_heading(line)}
        ranked = sorted(classes, reverse=True)
        self.levels = {one: min(place, 6) for place, one in enumerate(ranked, start=1)}

    def kind(self, line: Line) -> tuple[float, bool]:
        return _rounded(line.size), line.bold

    def is_heading(self, line: Line) -> bool:
        """By its size, its weight, or the outline that the file has of itself."""
        text = line.text.strip()
        if sum(map(str.isalpha, text)) < 2 or len(text) > 200 or line.fixed or "\n" in text:
            return False
        times = line.size / self.size
        if times >= LARGER or (times >= LARGE and line.bold) or (times >= 1 and _told(text) in self.outline):
            return True
        short = line.box.right < line.left + 0.9 * (line.right - line.left) or line.right - line.left < 1
        heavy = line.bold and not self.bold and times > SMALL and len(line.cells) == 1
        return heavy and short and (text[0].isupper() or text[0].isdigit()) and text[-1] not in ".,;:-"


def parts_of(lines: Sequence[Line], outline: Set[str] = frozenset()) -> list[Part]:
    """The lines of a document, in reading order, as parts of Markdown with the pages that they stand on. `outline`:
    the headings that the file lists of itself."""
    document = _Document(lines, {_told(title) for title in outline})
    made: list[_Open] = []
    at = 0
    while at < len(lines):
        if "\n" in lines[at].text:
            _take_grid(made, lines[at])
            at += 1
        elif (stop := _code_ends(lines, at)) > at + 1:
            made.append(_Open(list(lines[at:stop]), "", made=_code(lines[at:stop])))
            at = stop
        elif table := aligned(lines, at):
            made.append(_Open(list(lines[at : table[0]]), "", made=markdown(table[1])))
            at = table[0]
        else:
            _take(made, lines[at], lines[at - 1], document)
            at += 1
    return [one.part for one in made]


def _take_grid(made: list[_Open], line: Line) -> None:
    """A table with drawn lines; one that goes on in the next column, or on the next page, as one."""
    last = made[-1] if made else None
    rows = line.text.split("\n")
    if last and last.made[:1] == "|" and len(last.made) < LONGEST and not _follows(last.lines[-1], line, 1e9):
        head, rule = last.made.split("\n", 2)[:2]
        if rule == rows[1]:
            more = rows[2:] if rows[0] == head else [rows[0], *rows[2:]]
            last.made = "\n".join([last.made, *more])
            last.lines.append(line)
            return
    made.append(_Open([line], "", made=line.text))


def _take(made: list[_Open], line: Line, before: Line, document: _Document) -> None:
    """A line into the paragraph that it goes on with, or as the beginning of another."""
    level = document.levels[document.kind(line)] if document.is_heading(line) else 0
    last = made[-1] if made else None
    if last and level and last.level == level and _follows(last.lines[-1], line, 1.8 * line.size):
        _append(last, line, document)
        return
    if not level:
        for one in reversed(made[-6:]):
            if (
                not one.level
                and not one.made
                and _goes_on(one, line, document, beside=one.lines[-1] is before)
            ):
                _append(one, line, document)
                return
            if one.level or not (one.made or _small(one.lines[0], document)):
                break  # behind the last of the text itself there are only notes, captions and tables
    made.append(_Open([line], line.text.strip(), level))


def _small(line: Line, document: _Document) -> bool:
    return line.size < SMALL * document.size


def _follows(before: Line, line: Line, most: float) -> bool:
    return before.page == line.page and -0.2 * line.size < before.box.middle - line.box.middle <= most


def _goes_on(paragraph: _Open, line: Line, document: _Document, *, beside: bool) -> bool:
    """Whether a line goes on with a paragraph: in size, in place, and by how the paragraph stands so far."""
    before = paragraph.lines[-1]
    alike = abs(before.size - line.size) <= 0.08 * document.size and before.fixed == line.fixed
    if not alike or len(paragraph.text) > LONGEST:
        return False
    text, begins = paragraph.text[-_END:], paragraph.text[:_END]
    if _ITEM.match(line.text) and not (_HYPHEN.search(text) or _indent(paragraph, line) > 0.5 * line.size):
        return False
    if _NUMBERED.match(line.text) and _ENDS.search(text):
        return False
    if not beside or before.page != line.page or line.box.middle > before.box.middle:
        return not _ended(before, line.text) and (
            line.text[:1].islower() or (beside and not _ENDS.search(text))
        )
    step = before.box.middle - line.box.middle
    if step > LEADING * document.leading * max(1.0, line.size / document.size):
        return False
    if _indent(paragraph, line) > 0.8 * line.size and not _ITEM.match(begins):
        return False
    if len(paragraph.lines) > 1 and _indent(paragraph, line) < -0.8 * line.size:
        return False
    return not _ended(before, line.text)


def _indent(paragraph: _Open, line: Line) -> float:
    """How much farther in a line begins than the lines of a paragraph; its first one may stand in or out alone."""
    lines = [*paragraph.lines[:2], *paragraph.lines[-_LATEST:]]
    return (line.box.left - line.left) - min(one.box.left - one.left for one in lines[1:] or lines)


def _ended(line: Line, after: str) -> bool:
    """Whether a paragraph ends with a line: a short one, or a sentence that ends before the line does."""
    filled = (line.box.right - line.left) / ((line.right - line.left) or 1.0)
    return filled < (0.93 if _ENDS.search(line.text) else 0.5 if after[:1].islower() else 0.75)


def _append(paragraph: _Open, line: Line, document: _Document) -> None:
    before, after = paragraph.text[-_END:], line.text.strip()
    paragraph.lines.append(line)
    if _HYPHEN.search(before) and after[:1].islower():
        if not _keeps_hyphen(before, after, document.words):
            paragraph.text = paragraph.text.rstrip("-\u00ad\u2010")
        paragraph.text += after
    else:
        unspaced = _UNSPACED.match(before[-1:]) and _UNSPACED.match(after)
        paragraph.text += ("" if unspaced or _COMPOUND.search(before) else " ") + after


def _keeps_hyphen(before: str, after: str, words: Counter[str]) -> bool:
    """Whether a word cut at a hyphen has it anyway: as "state-of-the-" has others, or as the text writes it."""
    if _COMPOUND.search(before):
        return True
    cut, rest = _CUT.search(before), _WORDS.match(after)
    if not cut or not rest:
        return False
    first, second = cut[1].lower(), rest[0].lower()
    return words[f"{first}-{second}"] > 0 and not words[first + second]


def _code_ends(lines: Sequence[Line], at: int) -> int:
    stop = at
    while stop < len(lines) and lines[stop].fixed:
        stop += 1
    return stop


def _code(lines: Sequence[Line]) -> str:
    """Lines of one width as code, each letter in its column; a gap between lines is an empty one."""
    widths = [(cell.box.right - cell.box.left) / len(cell.text) for line in lines for cell in line.cells]
    steps = [one.box.middle - other.box.middle for one, other in itertools.pairwise(lines)]
    step = min((step for step in steps if step > 0.5 * lines[0].size), default=0.0)
    left, wide = min(line.box.left - line.left for line in lines), median(widths) or 1.0
    rows = []
    for line, above in zip(lines, [0.0, *steps], strict=True):
        row = ""
        for cell in line.cells:
            row = (
                row.ljust(min(round((cell.box.left - line.left - left) / wide), len(row) + DEEPEST))
                + cell.text
            )
        rows += [""] * (above > 1.6 * step) + [row]
    return "```\n" + "\n".join(rows).replace("```", "` ` `") + "\n```"


def _escaped(paragraph: str) -> str:
    """A paragraph as Markdown: bullets as such; what a line begins with by chance is no markup."""
    if bullet := _BULLET.match(paragraph):
        return "- " + paragraph[bullet.end() :]
    return "\\" + paragraph if paragraph.startswith(("#", "```", "~~~", ">")) else paragraph


def _rounded(size: float) -> float:
    return round(2 * size) / 2


def _told(title: str) -> str:
    """A heading as it is compared: its letters, without its number."""
    return re.sub(r"[\W\d_]+", "", title).lower()
