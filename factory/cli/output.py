"""Showing rows: as a table for people, as CSV, JSON lines or Parquet for programs."""

from __future__ import annotations

import csv
import sys
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from factory.errors import StoreError

if TYPE_CHECKING:
    import pyarrow as pa

    from factory.store.reader import Answer

FORMATS = ("table", "csv", "json", "parquet")
SHOWN_ROWS = 40
_WIDEST_CELL = 200


def write(answer: Answer, form: str, output: Path | None) -> None:
    """Writes a result to a file or to standard output. Raises StoreError for Parquet without a file."""
    if form == "parquet":
        if output is None:
            raise StoreError("Parquet is binary: name a file with --output")
        import pyarrow.parquet as parquet

        parquet.write_table(answer.table, output)
        return
    if output is None:
        _text(answer, form, sys.stdout)
        return
    with output.open("w", encoding="utf-8", newline="") as stream:
        _text(answer, form, stream)


def _text(answer: Answer, form: str, stream: IO[str]) -> None:
    if form == "csv":
        rows = csv.writer(stream, lineterminator="\n")
        rows.writerow(answer.table.column_names)
        rows.writerows([_plain(value) for value in row] for row in _rows(answer.table))
    elif form == "json":
        import orjson

        for record in answer.table.to_pylist():
            stream.write(orjson.dumps(record, default=str).decode() + "\n")
    else:
        _table(answer, stream)


def _rows(table: pa.Table) -> list[tuple[Any, ...]]:
    columns = [column.to_pylist() for column in table.columns]
    return list(zip(*columns, strict=True)) if columns else []


def _plain(value: Any) -> Any:
    """A cell of CSV: nested values as JSON, nothing for NULL."""
    if isinstance(value, list | dict):
        import orjson

        return orjson.dumps(value, default=str).decode()
    return "" if value is None else value


def _table(answer: Answer, stream: IO[str]) -> None:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(header_style="bold", show_lines=_is_long(answer.table))
    numeric = {"int", "uint", "float", "double", "decimal"}
    for field in answer.table.schema:
        right = any(str(field.type).startswith(name) for name in numeric)
        table.add_column(field.name, justify="right" if right else "left", overflow="fold")
    for row in _rows(answer.table):
        table.add_row(*(Text(_cell(value)) for value in row))
    console = Console(file=stream, highlight=False, width=None if stream.isatty() else 160)
    console.print(table)
    hidden = answer.rows - answer.table.num_rows
    more = f", {hidden} more not shown (--all shows them)" if hidden else ""
    console.print(f"{answer.rows} row{'' if answer.rows == 1 else 's'}{more}", style="dim")


def _is_long(table: pa.Table) -> bool:
    """Whether cells run over several lines, so that rows need a line between them."""
    return any(len(_cell(value)) > 60 for row in _rows(table.slice(0, 5)) for value in row)


def _cell(value: Any) -> str:
    text = "NULL" if value is None else str(_plain(value))
    return text if len(text) <= _WIDEST_CELL else f"{text[:_WIDEST_CELL]}... ({len(text)} characters)"
