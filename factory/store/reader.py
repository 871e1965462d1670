"""Reading a store: from the file, or through the build that holds it. One SELECT at a time."""

from __future__ import annotations

import shutil
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import duckdb
import pyarrow as pa

from factory.errors import StoreError
from factory.store.migrate import check_version
from factory.store.sets import cut_off

_QUERIES = {"SELECT", "EXPLAIN", "MULTI"}
"""The types of statement that only read; PIVOT is a MULTI. What hides an INSERT fails its transaction."""

_BATCH = 8_192
_TRIES = 5
_PAUSE = 0.2


@dataclass(frozen=True)
class Answer:
    """The first rows of a query's result, and how many it has in all.

    A column that holds JSON carries ``{"type": "JSON"}`` as metadata of its field.
    """

    table: pa.Table
    rows: int


def open_reader(path: Path, *, own_sql: bool = False) -> duckdb.DuckDBPyConnection:
    """Opens a store for reading, cut off from every other file but seed shards unless the SQL is our own.

    Raises StoreError when there is no such file, a build holds it, or its version is not this program's.
    """
    if not path.exists():
        raise StoreError(f"there is no store {path} yet; run 'factory build' first")
    try:
        connection = duckdb.connect(str(path), read_only=True, config={"memory_limit": "1GB"})
        check_version(connection)
        if not own_sql:
            cut_off(connection, path)
        return connection
    except duckdb.Error as error:
        if "lock on file" in str(error):
            raise _Held(
                f"a build holds the store {path} and answers no queries; wait for it to end: {error}"
            ) from error
        raise StoreError(f"the store {path} cannot be read: {error}") from error


def query(store: Path, sql: str) -> pa.Table:
    """The rows of one SELECT, from the file or, while a build holds it, from the build.

    Raises StoreError for SQL that does not run, with DuckDB's own hint.
    """
    return answer(store, sql).table


def answer(store: Path, sql: str, *, keep: int | None = None) -> Answer:
    """As `query`, but only the first `keep` rows are held; the others are counted."""
    from factory.store import socket

    for _ in range(_TRIES):
        try:
            with _opened(store) as connection:
                return select(connection, sql, keep=keep)
        except _Held as error:
            held = error
            found = socket.ask(store, sql, keep=keep)
            if found is not None:
                return found
            # A build that is just starting or ending holds the file for a moment without answering.
            time.sleep(_PAUSE)
    raise StoreError(str(held))


@contextmanager
def at_rest(store: Path) -> Iterator[Path]:
    """The path of a store that nobody writes: itself or, while a build holds it, a copy of it as it is at one instant,
    which is gone afterwards. The build waits with its commits while it is copied.

    Raises StoreError when there is none, or no room for a copy.
    """
    with ExitStack() as stack:
        yield _at_rest(store, stack)


def _at_rest(store: Path, stack: ExitStack) -> Path:
    from factory.store import socket

    for _ in range(_TRIES):
        try:
            open_reader(store, own_sql=True).close()
            return store
        except _Held as error:
            held = error
            size, free = store.stat().st_size, shutil.disk_usage(store.parent).free
            if size > 0.9 * free:
                raise StoreError(
                    f"a build holds the store {store}, and there is no room for a copy of {size >> 20} MB;"
                    " wait for its end"
                ) from error
            folder = tempfile.TemporaryDirectory(prefix=f".{store.name}.", dir=store.parent)
            found = socket.copy(store, Path(stack.enter_context(folder)))
            if found is not None:
                return found
            time.sleep(_PAUSE)
    raise StoreError(str(held))


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


class _Held(StoreError):
    """Another process holds the file."""


@contextmanager
def _opened(store: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    connection = open_reader(store)
    try:
        yield connection
    finally:
        connection.close()


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
        raise StoreError(f"one statement at a time, please; there are {len(statements)}")
    kind = statements[0].type.name
    if kind not in _QUERIES:
        raise StoreError(f"{kind} is not a query; a store is read with SELECT and written by builds alone")


def _plainly(error: Exception) -> str:
    """DuckDB's message on as few lines as it has content, its place in the SQL included."""
    if isinstance(error, duckdb.InterruptException) or "INTERRUPT" in str(error):
        return "the query was cancelled"
    return "\n".join(line for line in str(error).splitlines() if line.strip())
