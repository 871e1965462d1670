"""Seeds from tables of text: CSV and its kin."""

from __future__ import annotations

import csv as standard
import io
import itertools
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from factory.errors import FactoryError, did_you_mean
from factory.plugins import Broken, Found, source
from factory.records import Origin, Seed
from factory.seeds.files import MAX_LINE, open_bytes
from factory.seeds.mapping import KINDS, checked, seed_of

_SNIFFED = 1 << 16
_DELIMITERS = ",;\t|"


@source(gives=KINDS)
def csv(
    path: Path,
    kind: type[Seed],
    *,
    fields: dict[str, str] | None = None,
    delimiter: str = "",
    header: tuple[str, ...] = (),
    encoding: str = "utf-8-sig",
) -> Iterator[Found | Broken]:
    """CSV, packed or not: each row a seed whose fields have the names of its kind; other columns are ignored.

    `fields` says where the names differ: ``{text: Question, answer: "Best Answer"}``. `delimiter`: told from
    the first lines where it is not given. `header`: the columns' names where the file does not begin with
    them. A row with more cells than columns, or that is no such seed, is kept as broken.
    """
    names = checked(kind, fields or {})
    standard.field_size_limit(MAX_LINE)
    with open_bytes(path) as stream:
        # A byte that is not of the encoding is shown as such: a strict reader would lose all rows behind it.
        lines = io.TextIOWrapper(stream, encoding, errors="replace", newline="")
        first = list(itertools.islice(lines, 20))
        between = delimiter or _delimiter("".join(first)[:_SNIFFED])
        reader = standard.reader(itertools.chain(first, lines), delimiter=between, strict=False)
        columns = list(header) or [name.strip() for name in next(reader, [])]
        for field, at in (fields or {}).items():
            if at not in columns:
                raise FactoryError(
                    f"fields: {field} is said to be in '{at}', which is no column{did_you_mean(at, columns)}"
                )
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
        elif row:
            yield seed_of(dict(zip(columns, row, strict=False)), kind, names, origin)


def _delimiter(text: str) -> str:
    try:
        return standard.Sniffer().sniff(text, _DELIMITERS).delimiter
    except standard.Error:
        first = text.partition("\n")[0]
        return max(_DELIMITERS, key=first.count)
