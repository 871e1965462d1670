"""Seeds from Parquet: one record a row, its columns by name."""

from __future__ import annotations

import datetime
import decimal
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from factory.plugins import Broken, Item, Span, source
from factory.records import Origin, Seed
from factory.seeds.archives import LIMITS
from factory.seeds.files import UnreadableError, opened, ungiven
from factory.seeds.mapping import KINDS, checked, refuse_columns, seed_of

LEAST, MOST, BATCH_BYTES = 32, 1024, 32 << 20
"""The least and most rows that are read at once, and about how many bytes of them."""

WORST = 256 << 20
"""The bytes that rows read at once may come to where each holds the longest value that their group has room for: what
a file holds once may stand in every row."""

RATIO, RATIO_FROM = LIMITS.ratio, 8 << 20
"""The most bytes that may come out for each that is read, and the bytes from which on it is asked."""


def spans(path: Path, size: int) -> Iterator[Span]:
    """Row groups, so many together that they are about `size` bytes unpacked."""
    import pyarrow.parquet as parquet

    with opened(path) as stream:
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
) -> Iterator[Item]:
    """Parquet: each row a seed whose fields have the names of its kind; other columns are not read.

    `fields` says where the names differ, dots lead into structs: ``{text: content, title: meta.title}``.
    """
    import pyarrow.parquet as files
    from pyarrow.lib import ArrowException

    names = checked(kind, fields or {})
    with opened(path) as stream:
        try:
            file = files.ParquetFile(stream)
        except ArrowException as error:
            raise UnreadableError(f"{path.name}: is no Parquet file, or was cut off: {error}") from error
        there = file.schema_arrow.names
        columns = sorted({at if at in there else at.partition(".")[0] for at in names.values()} & set(there))
        known = {field.name: _inside(field.type) for field in file.schema_arrow}
        refuse_columns(kind, fields or {}, known, there)
        groups = [file.metadata.row_group(group) for group in range(file.num_row_groups)]
        for group in range(span.start, span.end) if span else range(len(groups)):
            number = sum(before.num_rows for before in groups[:group])
            if _swells(groups[group], columns):
                place = f"rows {number + 1}-{number + groups[group].num_rows}"
                why = f"row group {group} unpacks to more than {RATIO} times its size; refused"
                yield Broken(Origin(address=str(path), place=place), why)
                continue
            held = max(groups[group].total_byte_size, 1)
            size = min(MOST, BATCH_BYTES * groups[group].num_rows // held, max(LEAST, WORST // held)) or 1
            try:
                for batch in file.iter_batches(size, row_groups=[group], columns=columns):
                    for row in _rows(batch):
                        number += 1
                        origin = Origin(address=str(path), place=f"row {number}")
                        yield (
                            Broken(origin, row) if isinstance(row, str) else seed_of(row, kind, names, origin)
                        )
            except (OSError, ArrowException) as error:  # the other groups may be whole
                if ungiven(error):
                    raise
                place = f"row {number + 1} and those behind it in row group {group}"
                yield Broken(Origin(address=str(path), place=place), f"cannot be read: {error}")


def _swells(group: Any, columns: Sequence[str]) -> bool:
    """Whether a column that is read is a bomb."""
    chunks = (group.column(place) for place in range(group.num_columns))
    return any(
        chunk.total_uncompressed_size > max(RATIO_FROM, RATIO * chunk.total_compressed_size)
        for chunk in chunks
        if chunk.path_in_schema.partition(".")[0] in columns or chunk.path_in_schema in columns
    )


def _rows(batch: Any) -> Iterator[dict[str, Any] | str]:
    """The rows of a batch as JSON would hold them; of one with a value that no text can be, why."""
    try:
        yield from [_plain(row) for row in batch.to_pylist()]
    except (ValueError, OverflowError) as error:
        if batch.num_rows == 1:
            yield f"a value that is no text or date: {error}"
            return
        for place in range(batch.num_rows):
            yield from _rows(batch.slice(place, 1))


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
        return value.decode()
    return str(value) if isinstance(value, decimal.Decimal) else value
