"""Seeds from Parquet: one record a row, its columns by name."""

from __future__ import annotations

import datetime
import decimal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from factory.plugins import Broken, Found, Span, source
from factory.records import Origin, Seed
from factory.seeds.mapping import KINDS, checked, refuse_columns, seed_of

BATCH, BATCH_BYTES = 1024, 32 << 20
"""The most rows that are held at once, and about how many bytes of them."""


def spans(path: Path, size: int) -> Iterator[Span]:
    """Row groups, so many together that they are about `size` bytes unpacked."""
    import pyarrow.parquet as parquet

    with path.open("rb") as stream:
        about = parquet.ParquetFile(stream).metadata
        start = held = 0
        for group in range(about.num_row_groups):
            held += about.row_group(group).total_byte_size
            if held >= size:
                yield Span(start, group + 1)
                start, held = group + 1, 0
        if start < about.num_row_groups:
            yield Span(start, about.num_row_groups)


@source(gives=KINDS, split=spans)
def parquet(
    path: Path, kind: type[Seed], span: Span | None = None, *, fields: dict[str, str] | None = None
) -> Iterator[Found | Broken]:
    """Parquet: each row a seed whose fields have the names of its kind; other columns are not read.

    `fields` says where the names differ, dots lead into structs: ``{text: content, title: meta.title}``.
    """
    import pyarrow.parquet as files
    from pyarrow.lib import ArrowException

    names = checked(kind, fields or {})
    with path.open("rb") as stream:
        file = files.ParquetFile(stream)
        there = file.schema_arrow.names
        columns = sorted({at if at in there else at.partition(".")[0] for at in names.values()} & set(there))
        refuse_columns(kind, fields or {}, {field.name: _inside(field.type) for field in file.schema_arrow})
        groups = [file.metadata.row_group(group) for group in range(file.num_row_groups)]
        for group in range(span.start, span.end) if span else range(len(groups)):
            number = sum(before.num_rows for before in groups[:group])
            row_bytes = groups[group].total_byte_size // max(groups[group].num_rows, 1)
            size = max(1, min(BATCH, BATCH_BYTES // max(row_bytes, 1)))
            try:
                for batch in file.iter_batches(size, row_groups=[group], columns=columns):
                    for row in batch.to_pylist():
                        number += 1
                        place = f"row {number}"
                        yield seed_of(_plain(row), kind, names, Origin(address=str(path), place=place))
            except (OSError, ArrowException) as error:  # the other groups may be whole
                place = f"row {number + 1} and those behind it in row group {group}"
                yield Broken(Origin(address=str(path), place=place), f"cannot be read: {error}")


def _inside(kind: Any) -> dict[str, object] | None:
    """The columns inside a struct; None for a column that is none, or whose keys the data decide."""
    import pyarrow.types as types

    if types.is_struct(kind):
        return {kind.field(place).name: _inside(kind.field(place).type) for place in range(kind.num_fields)}
    return None if types.is_map(kind) else {}


def _plain(value: Any) -> Any:
    """A value as JSON would hold it: dates as ISO 8601, decimals and bytes as text."""
    if isinstance(value, dict):
        return {name: _plain(inner) for name, inner in value.items()}
    if isinstance(value, list):
        return [_plain(inner) for inner in value]
    if isinstance(value, datetime.date | datetime.time):
        return value.isoformat()
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace")
    return str(value) if isinstance(value, decimal.Decimal) else value
