"""One SELECT on an open store: read only, its rows as they come, the first of them held."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import duckdb
import pyarrow as pa

from factory.errors import StoreError

_QUERIES = {"SELECT", "EXPLAIN", "MULTI"}
"""The types of statement that only read; PIVOT is a MULTI. What hides an INSERT fails its transaction."""

_BATCH = 8_192


@dataclass(frozen=True)
class Answer:
    """The first rows of a query's result, and how many it has in all.

    A column that holds JSON carries ``{"type": "JSON"}`` as metadata of its field.
    """

    table: pa.Table
    rows: int


def select(
    connection: duckdb.DuckDBPyConnection, sql: str, *, keep: int | None = None, max_bytes: int | None = None
) -> Answer:
    """Runs one SELECT in a read-only transaction of its own.

    Raises StoreError when it is something else, fails, is interrupted, or gives more than `max_bytes`.
    """
    _check(connection, sql)
    connection.execute("begin transaction read only")
    try:
        # `sql` streams where `execute` would hold the whole result first.
        relation = connection.sql(sql)
        with relation.to_arrow_reader(_BATCH) as reader:
            schema = _noted(reader.schema, [str(kind) for kind in relation.types])
            batches, rows = _first(reader, keep, max_bytes)
            return Answer(pa.Table.from_batches(batches, reader.schema).cast(schema), rows)
    except (duckdb.Error, OSError) as error:
        raise StoreError(_plainly(error)) from error
    finally:
        connection.rollback()


def _noted(schema: pa.Schema, kinds: Sequence[str]) -> pa.Schema:
    """The schema with a note on every column that holds JSON: to Arrow it is a string like any other."""
    return pa.schema(
        field.with_metadata({"type": "JSON"}) if kind == "JSON" else field
        for field, kind in zip(schema, kinds, strict=True)
    )


def _first(
    reader: pa.RecordBatchReader, keep: int | None, max_bytes: int | None
) -> tuple[list[pa.RecordBatch], int]:
    """The batches that hold the first `keep` rows, and the number of all rows."""
    kept: list[pa.RecordBatch] = []
    rows = held = 0
    for batch in reader:
        wanted = batch.num_rows if keep is None else max(0, min(batch.num_rows, keep - rows))
        rows += batch.num_rows
        if wanted:
            kept.append(batch.slice(0, wanted))
            held += batch.nbytes * wanted // batch.num_rows
        if max_bytes is not None and held > max_bytes:
            raise StoreError(
                f"the result is larger than {max_bytes >> 20} MB, which a running build does not hold;"
                " add a 'limit', or ask again when the build has ended"
            )
    return kept, rows


def _check(connection: duckdb.DuckDBPyConnection, sql: str) -> None:
    try:
        statements = connection.extract_statements(sql)
    except duckdb.Error as error:
        raise StoreError(_plainly(error)) from error
    if len(statements) != 1:
        more = f"one statement at a time, please; there are {len(statements)}"
        raise StoreError(more if statements else "there is no statement: give a SELECT")
    kind = statements[0].type.name
    if kind not in _QUERIES:
        raise StoreError(f"{kind} is not a query; a store is read with SELECT and written by builds alone")


def _plainly(error: Exception) -> str:
    """DuckDB's message on as few lines as it has content, its place in the SQL included."""
    if isinstance(error, duckdb.InterruptException) or "INTERRUPT" in str(error):
        return "the query was cancelled"
    return "\n".join(line for line in str(error).splitlines() if line.strip())
