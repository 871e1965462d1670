"""Seeds from Parquet: one record a row, its columns by name."""

from __future__ import annotations

import datetime
import decimal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from factory.errors import FactoryError, did_you_mean
from factory.plugins import Broken, Found, Span, source
from factory.records import Origin, Seed
from factory.seeds.mapping import KINDS, checked, seed_of

BATCH = 1024


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

    names = checked(kind, fields or {})
    with path.open("rb") as stream:
        file = files.ParquetFile(stream)
        there = file.schema_arrow.names
        columns = sorted({at if at in there else at.partition(".")[0] for at in names.values()} & set(there))
        for field, at in (fields or {}).items():
            if at not in there and at.partition(".")[0] not in there:
                raise FactoryError(
                    f"fields: {field} is said to be in '{at}', which is no column{did_you_mean(at, there)}"
                )
        groups = list(range(span.start, span.end) if span else range(file.num_row_groups))
        number = sum(file.metadata.row_group(group).num_rows for group in range(groups[0])) if groups else 0
        for batch in file.iter_batches(BATCH, row_groups=groups, columns=columns):
            for row in batch.to_pylist():
                number += 1
                yield seed_of(_plain(row), kind, names, Origin(address=str(path), place=f"row {number}"))


def _plain(value: Any) -> Any:
    """A value as JSON would hold it: dates as ISO 8601, decimals as text."""
    if isinstance(value, dict):
        return {name: _plain(inner) for name, inner in value.items()}
    if isinstance(value, list):
        return [_plain(inner) for inner in value]
    if isinstance(value, datetime.date | datetime.time):
        return value.isoformat()
    return str(value) if isinstance(value, decimal.Decimal) else value
