"""Showing rows: as a table or as records for people, as CSV, JSON lines or Parquet for programs."""

from __future__ import annotations

import csv
import sys
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from factory.errors import StoreError

if TYPE_CHECKING:
    import pyarrow as pa
    from rich.console import Console

    from factory.store.statement import Answer

FORMATS = ("table", "csv", "json", "parquet")
SHOWN_ROWS = 40
_SHOWN_RECORDS = 5
_WIDEST_CELL = 200
_LONGEST_VALUE = 1200
_NARROWEST = 20
"""Characters that a column with that much to say must have; else rows are shown as records."""


def write(answer: Answer, form: str, output: Path | None, *, everything: bool = False) -> None:
    """Writes a result to a file or to standard output. Raises StoreError for Parquet without a file."""
    if output is not None:
        output.parent.mkdir(parents=True, exist_ok=True)
    if form == "parquet":
        if output is None:
            raise StoreError("Parquet is binary: name a file with --output")
        import pyarrow.parquet as parquet

        parquet.write_table(answer.table, output)
        return
    if output is None:
        _text(answer, form, sys.stdout, everything)
        return
    with output.open("w", encoding="utf-8", newline="") as stream:
        _text(answer, form, stream, everything)


def _text(answer: Answer, form: str, stream: IO[str], everything: bool) -> None:
    if form == "csv":
        rows = csv.writer(stream, lineterminator="\n")
        rows.writerow(answer.table.column_names)
        rows.writerows([_plain(value) for value in row] for row in _rows(answer.table))
    elif form == "json":
        _json_lines(answer.table, stream)
    else:
        _show(answer, stream, everything)


def _json_lines(table: pa.Table, stream: IO[str]) -> None:
    import orjson

    nested = [field.name for field in table.schema if (field.metadata or {}).get(b"type") == b"JSON"]
    for record in table.to_pylist():
        for name in nested:
            record[name] = orjson.loads(record[name]) if record[name] is not None else None
        stream.write(orjson.dumps(record, default=str).decode() + "\n")


def _rows(table: pa.Table) -> list[tuple[Any, ...]]:
    columns = [column.to_pylist() for column in table.columns]
    return list(zip(*columns, strict=True)) if columns else []


def _plain(value: Any) -> Any:
    """A cell of CSV: nested values as JSON, nothing for NULL."""
    if isinstance(value, list | dict):
        import orjson

        return orjson.dumps(value, default=str).decode()
    return "" if value is None else value


def _show(answer: Answer, stream: IO[str], everything: bool) -> None:
    from factory.cli.tables import wide_console

    console = wide_console(stream)
    if _fits(answer.table, console.width):
        shown = answer.table.num_rows
        _table(answer.table, console)
    else:
        shown = answer.table.num_rows if everything else min(_SHOWN_RECORDS, answer.table.num_rows)
        _records(answer.table.slice(0, shown), console)
    hidden = answer.rows - shown
    more = f", {hidden:,} more not shown (--all shows them)" if hidden else ""
    console.print(f"{answer.rows:,} row{'' if answer.rows == 1 else 's'}{more}", style="dim")


def _fits(table: pa.Table, width: int) -> bool:
    """Whether every column can be wide enough to be read."""
    rows = _rows(table.slice(0, SHOWN_ROWS))
    widths = [len(name) for name in table.column_names]
    for row in rows:
        widths = [max(before, len(_cell(value))) for before, value in zip(widths, row, strict=True)]
    return sum(min(one, _NARROWEST) + 3 for one in widths) < width


def _table(table: pa.Table, console: Console) -> None:
    from rich.table import Table
    from rich.text import Text

    shown = Table(header_style="bold", show_lines=_is_long(table))
    numeric = {"int", "uint", "float", "double", "decimal"}
    for field in table.schema:
        right = any(str(field.type).startswith(name) for name in numeric)
        shown.add_column(Text(field.name), justify="right" if right else "left", overflow="fold")
    for row in _rows(table):
        shown.add_row(*(Text(_cell(value)) for value in row))
    console.print(shown)


def _records(table: pa.Table, console: Console) -> None:
    """Each row as lines of names and values, which is how rows of many columns can be read."""
    from rich.rule import Rule
    from rich.table import Table
    from rich.text import Text

    for number, row in enumerate(_rows(table), 1):
        console.print(Rule(f"row {number}", align="left", style="dim"))
        lines = Table.grid(padding=(0, 2))
        for name, value in zip(table.column_names, row, strict=True):
            lines.add_row(Text(name, style="bold"), Text(cut(told(value), _LONGEST_VALUE), overflow="fold"))
        console.print(lines)


def told(value: Any) -> str:
    """A value of a record; a conversation as its turns."""
    turns = value if isinstance(value, list) else []
    if turns and all(isinstance(turn, dict) and turn.keys() == {"role", "content"} for turn in turns):
        return "\n".join(f"{turn['role']}: {turn['content']}" for turn in turns)
    return "NULL" if value is None else str(_plain(value))


def _is_long(table: pa.Table) -> bool:
    """Whether cells run over several lines, so that rows need a line between them."""
    return any(len(_cell(value)) > 60 for row in _rows(table.slice(0, 5)) for value in row)


def _cell(value: Any) -> str:
    return cut("NULL" if value is None else str(_plain(value)), _WIDEST_CELL)


def cut(text: str, most: int) -> str:
    # A model's words must not steer the terminal.
    harmless = text.replace("\x1b", "\N{SYMBOL FOR ESCAPE}")
    return harmless if len(text) <= most else f"{harmless[:most]}... ({len(text):,} characters)"
