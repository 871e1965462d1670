"""Seeds from tables of text: CSV and its kin."""

from __future__ import annotations

import codecs
import csv as standard
import io
import itertools
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from factory.plugins import Broken, Found, source
from factory.records import Origin, Seed
from factory.seeds.files import open_bytes
from factory.seeds.mapping import KINDS, checked, refuse_columns, seed_of

_SNIFFED = 1 << 16
_DELIMITERS = ",;\t|"
_NONE = "\x1f"
"""The delimiter of a table of one column."""
MAX_CELL = 16 << 20
_QUOTED = re.compile(r'"[^"]*"')
_STRAY = re.compile("[\ud800-\udfff]")
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
) -> Iterator[Found | Broken]:
    """CSV, packed or not: each row a seed whose fields have the names of its kind; other columns are ignored.

    `fields` says where the names differ: ``{text: Question, answer: "Best Answer"}``. `delimiter`: told from
    the first lines where it is not given. `header`: the columns' names where the file does not begin with
    them. `encoding`: UTF-8, or UTF-16 where the file says so, unless it is given. A row with more cells than
    columns, with bytes of another encoding, or that is no such seed, is kept as broken; an empty cell is no value.
    """
    names = checked(kind, fields or {})
    standard.field_size_limit(MAX_CELL)
    with open_bytes(path) as stream:
        told = encoding or _encoding(path)
        # A byte that is not of the encoding breaks its row: a strict reader would lose all rows behind it.
        lines = io.TextIOWrapper(stream, told, errors="surrogateescape", newline="")
        first = list(itertools.islice(lines, 20))
        between = delimiter or _delimiter("".join(first)[:_SNIFFED], bool(header))
        reader = standard.reader(itertools.chain(first, lines), delimiter=between, strict=False)
        columns = list(header) or [name.strip() for name in next(reader, [])]
        if first:
            refuse_columns(kind, fields or {}, {name: {} for name in columns})
        yield from _rows(reader, columns, kind, names, path)


def _rows(
    reader: Any, columns: list[str], kind: type[Seed], names: dict[str, str], path: Path
) -> Iterator[Found | Broken]:
    before = reader.line_num
    while True:
        try:
            row = next(reader)
        except StopIteration:
            return
        except standard.Error as error:
            yield Broken(Origin(address=str(path), place=f"line {reader.line_num}"), f"no CSV: {error}")
            continue
        first, before = before + 1, reader.line_num
        place = f"line {first}" if first == before else f"lines {first}-{before}"
        origin = Origin(address=str(path), place=place)
        if len(row) > len(columns):
            yield Broken(origin, f"{len(row)} cells in a row of {len(columns)} columns")
        elif len(row) < len(columns) and first < before:
            yield Broken(
                origin, f"{len(row)} cells of {len(columns)} over many lines: a quote that never closes"
            )
        elif any(map(_STRAY.search, row)):
            yield Broken(origin, "bytes that are not of the encoding; say which it is: encoding: ...")
        elif any(row):
            filled = {name: cell for name, cell in zip(columns, row, strict=False) if cell}
            yield seed_of({**dict.fromkeys(columns), **filled}, kind, names, origin)


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
