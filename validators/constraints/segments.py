"""Words, sentences, paragraphs and the parts of Markdown, counted alike in every script.

A word is a run of letters, their marks and digits, with an apostrophe, hyphen, point or comma inside it
("don't", "well-known", "3.14"). Scripts without spaces: each Han and hiragana letter is a word and a run of
katakana one (Unicode Standard Annex 29, without a dictionary); Thai, Lao, Khmer and Burmese runs count one
word for every four base letters, the mean length of theirs.
A sentence ends at a mark of its script; a line without one ends at its end. Code is no prose.
"""

from __future__ import annotations

import functools
import re
import unicodedata
from dataclasses import dataclass
from functools import cached_property
from typing import Literal, TypeAlias

from factory.fences import fences

Kind: TypeAlias = Literal["blank", "code", "heading", "rule", "table", "bullet", "step", "text"]

HAN = "\u3005-\u3007\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"
HIRAGANA = "\u3041-\u3096\u309d-\u309f"
KATAKANA = "\u30a1-\u30fa\u30fc-\u30ff\u31f0-\u31ff\uff66-\uff9f"
SOUTH_EAST = "\u0e01-\u0e3a\u0e40-\u0e4e\u0e81-\u0ece\u1000-\u103f\u1050-\u109f\u1780-\u17d3"
UNSPACED = HAN + HIRAGANA + KATAKANA + SOUTH_EAST
"""Scripts that set no spaces between words, as a character class."""

_LETTERS_A_WORD = 4


@dataclass(frozen=True)
class Line:
    """A line of Markdown: what it is, its words without marks, the level of a heading, the number of a step
    or the columns of the table it is in, and how many characters it is set in."""

    kind: Kind
    content: str
    level: int = 0
    indent: int = 0


@dataclass(frozen=True)
class Response:
    """A response as instructions look at it: thoughts in think tags are not part of it."""

    raw: str

    @cached_property
    def text(self) -> str:
        """What the reader is given, without space around it, letters and their marks composed (NFC)."""
        return unicodedata.normalize("NFC", _THOUGHT.sub("", self.raw)).strip()

    @cached_property
    def _parsed(self) -> tuple[list[Line], list[tuple[str, str]]]:
        return _parse(self.text)

    @property
    def lines(self) -> list[Line]:
        """The lines outside of fenced code; a whole fence is one line of the kind "code"."""
        return self._parsed[0]

    @property
    def fences(self) -> list[tuple[str, str]]:
        """Language and content of each block of fenced code."""
        return self._parsed[1]

    @cached_property
    def prose(self) -> str:
        """The text outside of fenced code, line by line, without the marks of headings, lists and quotes."""
        return "\n".join(line.content for line in self.lines if line.kind != "code").strip()

    @cached_property
    def words(self) -> list[str]:
        """The words outside of code."""
        return words(self.prose)

    @cached_property
    def blocks(self) -> list[list[Line]]:
        """Lines that stand together, between blank lines, headings, rules and code."""
        found: list[list[Line]] = [[]]
        for line in self.lines:
            if line.kind in ("bullet", "step", "table", "text"):
                found[-1].append(line)
            elif found[-1]:
                found.append([])
        return [block for block in found if block]

    @cached_property
    def paragraphs(self) -> list[str]:
        """Blocks that begin as running text; lists, tables, headings, rules and code are none."""
        return ["\n".join(line.content for line in block) for block in self.blocks if block[0].kind == "text"]

    @cached_property
    def sentences(self) -> list[str]:
        """The sentences of paragraphs and list items; headings, tables and code hold none."""
        found: list[str] = []
        for block in self.blocks:
            unit: list[str] = []
            for line in (*block, Line("blank", "")):
                if unit and line.kind != "text":
                    found += sentences(" ".join(unit))
                    unit = []
                if line.kind in ("text", "bullet", "step"):
                    unit.append(line.content)
        return found

    def of_kind(self, kind: Kind) -> list[Line]:
        """The lines of one kind."""
        return [line for line in self.lines if line.kind == kind]


_THOUGHT = re.compile(r"<think>.*?(?:</think>|\Z)", re.DOTALL)
_QUOTE = re.compile(r"\A(?:[ \t]*+>)+")
_UNDERLINE = re.compile(r"(?:={2,}+|-{3,}+)$")
_GOES_ON = tuple(".,:;…。，：；।")
"""What no title ends with: a line of dashes below it is a rule."""
_CELLS = re.compile(r"(?<!\\)\|")
_DELIMITER = re.compile(r"\s*+:?-++:?\s*+")
_SHAPES: tuple[tuple[Kind, re.Pattern[str]], ...] = (
    ("heading", re.compile(r"(#{1,6})[ \t]++(.*?)(?:[ \t]++#++)?[ \t]*+$")),
    ("rule", re.compile(r"()((?:\*[ \t]*+){3,}+|(?:-[ \t]*+){3,}+|(?:_[ \t]*+){3,}+)$")),
    ("table", re.compile(r"()(\|.*\|)[ \t]*+$")),
    ("bullet", re.compile(r"([-*+•‣◦])[ \t]++(\S.*)$")),
    ("step", re.compile(r"(\d{1,3})[.)][ \t]++(\S.*)$")),
)


def _parse(text: str) -> tuple[list[Line], list[tuple[str, str]]]:
    """The lines outside of fences, and the fences. A fence that never closes was none."""
    lines: list[Line] = []
    closed = {fence.lines.start: fence for fence in fences(text) if fence.closed}
    source = enumerate(text.split("\n"))
    for number, raw in source:
        if fence := closed.get(number):
            lines.append(Line("code", fence.language))
            for _ in fence.lines[1:]:
                next(source)
        else:
            _read(lines, raw)
    return lines, [(fence.language, fence.content) for fence in closed.values()]


def _read(lines: list[Line], raw: str) -> None:
    """Adds a line, which may tell what the line above it is: the header of a table, or a heading."""
    bare = _QUOTE.sub("", raw, count=1).strip()
    line = _line(raw, bare)
    above = lines[-1] if lines else Line("blank", "")
    row = cells(bare) if _CELLS.search(bare) else []
    in_table = above.kind == "table" and above.level > 0
    if above.kind in ("text", "table") and not in_table and _delimits(row, above.content):
        lines[-1] = Line("table", above.content, len(row), above.indent)
        line = Line("table", bare, len(row), line.indent)
    elif in_table and line.kind in ("text", "table") and row:
        line = Line("table", bare, above.level, line.indent)
    elif _UNDERLINE.match(bare) and _is_title(lines, bare):
        line = Line("heading", lines.pop().content, 1 if bare[0] == "=" else 2, above.indent)
    lines.append(line)


def cells(row: str) -> list[str]:
    """The cells of a row of a table, with or without bars at its ends."""
    return _CELLS.split(row.strip().removeprefix("|").removesuffix("|"))


def _delimits(row: list[str], header: str) -> bool:
    """Whether a row is the one of dashes below the header of a table, of as many cells."""
    wide = len(row) == len(cells(header)) and _CELLS.search(header)
    return bool(wide) and all(map(_DELIMITER.fullmatch, row))


def _is_title(lines: list[Line], underline: str) -> bool:
    """Whether the last line stands alone, as a heading does, above its underline."""
    if not lines or lines[-1].kind != "text":
        return False
    alone = len(lines) == 1 or lines[-2].kind not in ("text", "bullet", "step")
    return alone and (underline[0] == "=" or not lines[-1].content.endswith(_GOES_ON))


def _line(raw: str, bare: str) -> Line:
    indent = len(raw) - len(raw.lstrip())
    if not bare:
        return Line("blank", "")
    for kind, shape in _SHAPES:
        if found := shape.match(bare):
            level = len(found[1]) if kind == "heading" else int(found[1]) if kind == "step" else 0
            return Line(kind, "" if kind == "rule" else found[2], level, indent)
    return Line("text", bare, 0, indent)


# ------------------------------------------------------------------------------------------- words


@functools.cache
def _word() -> re.Pattern[str]:
    """Python's ``\\w`` knows no combining marks, which many scripts set inside words: they are added."""
    marks = _marks()
    letter = rf"(?:[^\W_{UNSPACED}]|[{marks}])"
    single = r"(?<=\b[^\W\d_])\.(?=[^\W\d_]\b)"  # "e.g", "U.S"
    inside = rf"['’ʼ‐‑·-]|(?<=\d)[.,:](?=\d)|{single}"
    return re.compile(
        rf"[{HAN}{HIRAGANA}][{marks}]*+|[{KATAKANA}]++|(?:[{SOUTH_EAST}]|[\u200b-\u200d])++"
        rf"|{letter}++(?:(?:{inside}){letter}++)*+"
    )


@functools.cache
def _marks() -> str:
    """The combining marks outside of the scripts without spaces, as ranges of a character class."""
    unspaced = re.compile(f"[{UNSPACED}]")
    found: list[list[int]] = []
    for code in (*range(0x300, 0x1F000), *range(0xE0100, 0xE01F0)):
        char = chr(code)
        if unicodedata.category(char)[0] == "M" and not unspaced.match(char):
            if found and found[-1][1] == code - 1:
                found[-1][1] = code
            else:
                found.append([code, code])
    return "".join(f"{chr(first)}-{chr(last)}" for first, last in found)


def words(text: str) -> list[str]:
    """The words of a text in order; a run of a South-East Asian script is one entry (`count` knows more)."""
    return _word().findall(text)


def count(found: list[str]) -> int:
    """How many words a list of words stands for: runs of South-East Asian scripts by their letters."""
    return sum(_weight(word) for word in found)


def _weight(word: str) -> int:
    if not re.match(f"[{SOUTH_EAST}]", word):
        return 1
    letters = sum(unicodedata.category(char)[0] == "L" for char in word)
    return -(-letters // _LETTERS_A_WORD)


# --------------------------------------------------------------------------------------- sentences

_CLOSING = "\"'”’»›)\\]」』】）*_"
_END = re.compile(
    rf"[.!?…‽]++[{_CLOSING}]*+(?=\s|$)"  # with a space after it
    rf"|[。！？｡．]++[{_CLOSING}]*+"  # without one
    rf"|[।॥؟۔։።፧።။។᠃᠉།\u037e][{_CLOSING}]*+"
    r"|(?<=[\u0370-\u03ff\u1f00-\u1fff]);(?=\s|$)"  # the question mark of Greek
)
_ABBREVIATIONS = """
mr mrs ms dr prof st vs e.g i.e cf fig eq no vol pp approx dept jr sr gen col rev hon
z.b d.h bzw ca nr abb bspw u.a m mme sra ud p.ej г ул см т.е
"""
_NEVER = frozenset(_ABBREVIATIONS.split())
"""Abbreviations that a sentence does not end with."""


def sentences(text: str) -> list[str]:
    """The sentences of one paragraph. Thai and Lao set no marks: there a paragraph is one sentence."""
    cased = any(char.isupper() for char in text)
    found: list[str] = []
    start = 0
    for end in _END.finditer(text):
        if _ends(text, end, cased):
            found.append(text[start : end.end()].strip())
            start = end.end()
    found.append(text[start:].strip())
    return [one for one in found if any(char.isalnum() for char in one)]


def _ends(text: str, end: re.Match[str], cased: bool) -> bool:
    after = text[end.end() : end.end() + 40].lstrip()
    if end[0][0] in "。！？｡．":  # a quotation goes on in its sentence: 「…。」と言った
        return not (end[0][-1] in _CLOSING and text[end.end() : end.end() + 1].isalnum())
    if end[0][0] not in ".!?…‽":
        return True
    if cased and after[:1].islower():  # "approx. five", "Why?" he asked
        return False
    if end[0] != ".":
        return True
    last = text[max(0, end.start() - 20) : end.start()].rpartition(" ")[2].lstrip("(\"'“„«[")
    initial = len(last) == 1 and last.isupper() and last not in "IÍЯ"
    return last.lower() not in _NEVER and not initial


# ---------------------------------------------------------------------------------------- keywords


def places(keyword: str, text: str) -> list[int]:
    """Where a word or phrase stands in a text, as a whole word, whatever its case.

    Scripts without spaces have no edges of words; Korean particles follow a word and Arabic and Hebrew
    articles stand before it without a space.
    """
    return [found.start() for found in _keyword(keyword).finditer(_even(text))]


@functools.lru_cache(maxsize=512)
def _keyword(keyword: str) -> re.Pattern[str]:
    words = _even(keyword).split()
    first, last = words[0][0], words[-1][-1]
    letter = rf"[^\W_{UNSPACED}]"
    before = rf"(?<!{letter})" if _spaced(first) and not _ABJAD.match(first) else ""
    after = rf"(?!{letter}|[{_marks()}])" if _spaced(last) and not _HANGUL.match(last) else ""
    return re.compile(before + r"\s+".join(map(re.escape, words)) + after)


_ABJAD = re.compile("[\u0590-\u06ff]")
_HANGUL = re.compile("[\uac00-\ud7a3]")


def _spaced(char: str) -> bool:
    return char.isalnum() and not re.match(f"[{UNSPACED}]", char)


def _even(text: str) -> str:
    """Without regard to case, and to how apostrophes and composed letters are written."""
    return unicodedata.normalize("NFC", text).casefold().replace("’", "'")
