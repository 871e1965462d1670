"""Seeds from tables of text: CSV and its kin."""

from __future__ import annotations

import codecs
import csv as standard
import io
import itertools
import re
from collections import deque
from collections.abc import Iterator
from pathlib import Path

from factory.errors import FactoryError
from factory.plugins import Broken, Item, Skipped, source
from factory.records import Origin, Seed
from factory.seeds.files import UnreadableError, open_bytes
from factory.seeds.mapping import KINDS, checked, refuse_columns, seed_of

_SNIFFED, _FIRST = 1 << 16, 20
_DELIMITERS = ",;\t|"
_NONE = "\x1f"
"""The delimiter of a table of one column."""
MAX_CELL = 16 << 20
MAX_ROW = 64 << 20
"""Characters of the longest cell, and of the longest row, that is read."""
_QUOTED = re.compile(r'"[^"]*"')
_TOLD = re.compile(r"sep=(.)\s*\Z")
_STRAY = re.compile("[\0\ud800-\udfff]")
_WIDE = {codecs.BOM_UTF16_LE: "utf-16", codecs.BOM_UTF16_BE: "utf-16"}


@source(gives=KINDS)
def csv(
    path: Path,
    kind: type[Seed],
    *,
    fields: dict[str, str] | None = None,
    delimiter: str = "",
    header: tuple[str, ...] = (),
    encoding: str = "",
    quote: str = '"',
    escape: str = "",
) -> Iterator[Item]:
    """CSV, packed or not: each row a seed whose fields have the names of its kind; other columns are ignored.

    `fields` says where the names differ: ``{text: Question, answer: "Best Answer"}``. `delimiter`: told from
    the first lines where it is not given. `header`: the columns' names where the file does not begin with
    them. `encoding`: UTF-8, or UTF-16 where the file says so, unless it is given. `quote`: none where it is empty, as
    in many tables with tabs; `escape`: what stands before a quote in a cell where quotes are not doubled. A row with
    more cells than columns, with bytes of another encoding, or that is no such seed, is kept as broken; an empty
    cell is no value.
    """
    names = checked(kind, fields or {})
    for name, sign in {"delimiter": delimiter, "quote": quote, "escape": escape}.items():
        if len(sign) > 1:
            raise FactoryError(f"{name}: '{sign}' is more than one character")
    standard.field_size_limit(MAX_CELL)
    with open_bytes(path) as stream:
        # A byte that is not of the encoding breaks its row: a strict reader would lose all rows behind it.
        told = encoding or _encoding(path)
        lines = _Lines(io.TextIOWrapper(stream, told, errors="surrogateescape", newline=""))
        first = lines.peek()
        if first and (said := _TOLD.match(first[0])):  # as Excel writes it
            delimiter = delimiter or said[1]
            next(lines)
        tabs = ".tsv" in path.suffixes or ".tab" in path.suffixes
        between = delimiter or (
            "\t" if tabs else _delimiter("".join(first).lstrip()[:_SNIFFED], bool(header))
        )
        reader = standard.reader(
            lines,
            delimiter=between,
            quotechar=quote or None,
            escapechar=escape or None,
            quoting=standard.QUOTE_MINIMAL if quote else standard.QUOTE_NONE,
        )
        columns = list(header) or [name.strip() for name in next(filter(any, reader), [])]
        if any(map(_STRAY.search, columns)):
            raise UnreadableError(
                f"{path.name}: no table in {told}: its header is binary; say what it is: encoding: utf-16-le"
            )
        if first:
            refuse_columns(kind, fields or {}, {name: {} for name in columns}, columns)
        yield from _rows(reader, lines, columns, kind, names, path)


def _rows(
    reader: Iterator[list[str]],
    lines: _Lines,
    columns: list[str],
    kind: type[Seed],
    names: dict[str, str],
    path: Path,
) -> Iterator[Item]:
    while True:
        lines.taken.clear()
        start, row, why = lines.number + 1, [], ""
        try:
            row = next(reader)
        except StopIteration:
            return
        except standard.Error as error:
            why = f"no CSV: {error}"
        never_closed = lines.ended or (why and len(lines.taken) > 1)
        if never_closed:
            why = "a quote that never closes; the lines behind it are read as rows of their own"
            lines.again()
        end = lines.number
        place = f"line {start}" if start == end else f"lines {start}-{end}"
        origin = Origin(address=str(path), place=place)
        if why := why or _fault(row, len(columns), end > start):
            yield Broken(origin, why)
        elif any(row):
            filled = {name: cell for name, cell in zip(columns, row, strict=False) if cell}
            yield seed_of({**dict.fromkeys(columns), **filled}, kind, names, origin)
        elif row:
            yield Skipped(origin, "a row of empty cells")


def _fault(row: list[str], columns: int, long: bool) -> str:
    """Why a row is none of the table; empty where it is one."""
    if len(row) > columns:
        return f"{len(row)} cells in a row of {columns} columns"
    if len(row) < columns and long:
        return f"{len(row)} cells of {columns} over many lines: a quote too many"
    if any(map(_STRAY.search, row)):
        return "NUL bytes, or bytes that are not of the encoding; say which it is: encoding: ..."
    return ""


class _Lines:
    """The lines of a table, of which those that a row took can be read once more."""

    def __init__(self, stream: io.TextIOWrapper) -> None:
        self._stream = stream
        self._ahead: deque[str] = deque()
        self._held = 0
        self.number = 0
        """Of the last line that was given."""
        self.taken: list[str] = []
        """The lines of the row that is being read."""
        self.ended = False
        """Whether a row was to go on behind the last line."""

    def __iter__(self) -> _Lines:
        return self

    def __next__(self) -> str:
        line = self._ahead.popleft() if self._ahead else self._read()
        self.ended = not line and bool(self.taken)
        if not line:
            raise StopIteration
        self.number += 1
        self.taken.append(line)
        self._held = len(line) + (self._held if len(self.taken) > 1 else 0)
        if self._held > MAX_ROW:
            raise standard.Error(f"a row of more than {MAX_ROW} characters")
        return line

    def peek(self) -> list[str]:
        """The first lines, which are given all the same."""
        self._ahead.extend(itertools.takewhile(bool, (self._read() for _ in range(_FIRST))))
        return list(self._ahead)

    def again(self) -> None:
        """Gives the lines of the row once more, but for its first."""
        self._ahead.extendleft(reversed(self.taken[1:]))
        self.number -= len(self.taken) - 1
        self.ended = False

    def _read(self) -> str:
        """A line, of which no more than the longest row is held."""
        line = piece = self._stream.readline(MAX_ROW + 1)
        while len(piece) > MAX_ROW and not piece.endswith(("\n", "\r")):
            piece = self._stream.readline(MAX_ROW + 1)
        return line


def _encoding(path: Path) -> str:
    with open_bytes(path) as stream:
        return _WIDE.get(stream.read(2), "utf-8-sig")


def _delimiter(text: str, without_header: bool) -> str:
    """What parts the cells: of the signs that the header has outside of quotes, the one that the rows show."""
    head = _QUOTED.sub("", text.partition("\n")[0])
    there = "".join(sign for sign in _DELIMITERS if sign in head)
    if len(there) < 2:
        return there or _NONE
    if not without_header:
        return max(there, key=head.count)
    try:
        return standard.Sniffer().sniff(text, there).delimiter
    except standard.Error:
        return max(there, key=head.count)
