"""The one writer of a store: rows from many tasks, committed in groups, durable before anyone goes on."""

from __future__ import annotations

import asyncio
import threading
import time
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import duckdb
import orjson

from factory.errors import RowError, StoreError
from factory.store.migrate import open_writer_schema
from factory.store.sets import cut_off
from factory.store.statement import Answer, select
from factory.store.texts import streaming

Row = Mapping[str, Any]
Parameters = Sequence[Any] | Mapping[str, Any]

_MOST_FOR_A_GUEST = 64 << 20
"""Bytes of a result that a build holds for somebody else's query."""


@dataclass(frozen=True)
class _Pending:
    """What one task wants committed: rows by table, then statements, all in one transaction."""

    rows: Mapping[str, Sequence[Row]]
    statements: Sequence[tuple[str, Sequence[Any]]]
    loop: asyncio.AbstractEventLoop
    done: asyncio.Future[None]


class Writer:
    """Opens a store for writing, making or migrating it first.

    Commits of many tasks that arrive within `interval` seconds of the last share one transaction: a group
    of 64 rows costs as much as one. Raises StoreError when another process holds the file; a row that the
    store does not take is a RowError for the task that brought it.
    """

    def __init__(self, path: Path, *, memory_limit: str = "1GB", interval: float = 0.03) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self.path = path
        self._connection = _open(path, memory_limit)
        open_writer_schema(self._connection)
        self._inserts = _insert_statements(self._connection)
        self._reader = self._connection.cursor()
        self._reading = threading.Lock()
        self._guests = self._connection.cursor()
        self.still = threading.Lock()
        """Held while a transaction is under way: to whoever holds it the files are a store at rest."""
        self._interval = interval
        self._queue: list[_Pending] = []
        self._wake = threading.Condition()
        self._closing = False
        self._broken: StoreError | None = None
        self._thread = threading.Thread(target=self._work, name="store-writer", daemon=True)
        self._thread.start()

    async def commit(self, **rows: Sequence[Row]) -> None:
        """Adds rows, by table, in one transaction; returns once they are durable."""
        await self.transact(rows, ())

    async def transact(
        self, rows: Mapping[str, Sequence[Row]], statements: Sequence[tuple[str, Sequence[Any]]]
    ) -> None:
        """Runs statements, then adds rows, in one transaction; returns once it is durable."""
        loop = asyncio.get_running_loop()
        pending = _Pending(rows, statements, loop, loop.create_future())
        with self._wake:
            if self._broken or self._closing:
                raise self._broken or StoreError(f"the store {self.path} is closed: the build has ended")
            self._queue.append(pending)
            self._wake.notify()
        # A cancelled task must not take its rows with it: what is queued is committed all the same.
        await asyncio.shield(pending.done)

    async def query(self, sql: str, parameters: Parameters = ()) -> list[tuple[Any, ...]]:
        """Rows of a query, read beside the commits on a cursor of its own."""
        return await asyncio.to_thread(self.read, sql, parameters)

    def read(self, sql: str, parameters: Parameters = ()) -> list[tuple[Any, ...]]:
        """As `query`, without an event loop."""
        with self._reading:
            return self._reader.execute(sql, parameters).fetchall()

    def stream(self, sql: str) -> Iterator[tuple[Any, ...]]:
        """Rows of a query as they come, on a cursor of their own: memory holds a few of them."""
        return streaming(self._connection)(sql)

    def answer(self, sql: str, keep: int | None = None) -> Answer:
        """What `factory sql` gets from a running build: the first `keep` rows of one SELECT, on a cursor of
        its own, so that it delays no read of the build's."""
        return select(self._guests, sql, keep=keep, max_bytes=_MOST_FOR_A_GUEST)

    def interrupt(self) -> None:
        """Cancels the query that `answer` runs, if there is one."""
        self._guests.interrupt()

    def close(self) -> None:
        """Commits what is queued and closes the file."""
        with self._wake:
            self._closing = True
            self._wake.notify()
        self._thread.join()
        self._guests.close()
        self._reader.close()
        self._connection.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _work(self) -> None:
        """The writer thread: takes all that waits, commits it, tells those who wait."""
        last = 0.0
        while True:
            with self._wake:
                while not self._queue and not self._closing:
                    self._wake.wait()
                if not self._queue:
                    return
                urgent = self._closing
            if not urgent:
                time.sleep(max(0.0, last + self._interval - time.monotonic()))
            last = time.monotonic()
            with self._wake:
                group, self._queue = self._queue, []
            with self.still:
                self._settle(group)

    def _settle(self, group: Sequence[_Pending]) -> None:
        error = self._attempt(group)
        if error is not None and len(group) > 1:
            # One bad row must fail its own task and nobody else's.
            for pending in group:
                _tell([pending], self._attempt([pending]))
            return
        _tell(group, error)

    def _attempt(self, group: Sequence[_Pending]) -> Exception | None:
        """One transaction for a whole group. Returns what went wrong, after rolling back."""
        try:
            self._connection.begin()
            for pending in group:
                for sql, parameters in pending.statements:
                    self._connection.execute(sql, parameters)
            merged: dict[str, list[Row]] = defaultdict(list)
            for pending in group:
                for table, rows in pending.rows.items():
                    merged[table].extend(rows)
            for table, rows in merged.items():
                self._insert(table, rows)
            self._connection.commit()
        except Exception as error:  # whatever it is, those who wait must hear of it
            return self._roll_back(error)
        return None

    def _roll_back(self, error: Exception) -> Exception:
        fatal = isinstance(error, duckdb.IOException | duckdb.FatalException)
        try:
            self._connection.rollback()
        except duckdb.Error:
            fatal = True
        if fatal:
            # No row is to blame, and the next would fare no better.
            self._broken = StoreError(
                f"the store {self.path} cannot be written any more: {error}\nwhat was committed is kept;"
                " mend that, and the same command goes on from there"
            )
            return self._broken
        return RowError(f"the store {self.path} did not take a row: {type(error).__name__}: {error}")

    def _insert(self, table: str, rows: Sequence[Row]) -> None:
        if rows:
            text = orjson.dumps(rows, option=orjson.OPT_NAIVE_UTC).decode()
            self._connection.execute(self._inserts[table], [text])


def _tell(group: Sequence[_Pending], error: Exception | None) -> None:
    """Resolves the futures of a group, each loop woken once."""
    loops: dict[asyncio.AbstractEventLoop, list[asyncio.Future[None]]] = defaultdict(list)
    for pending in group:
        loops[pending.loop].append(pending.done)

    def resolve(futures: list[asyncio.Future[None]]) -> None:
        for future in futures:
            if not future.done():
                if error is None:
                    future.set_result(None)
                else:
                    future.set_exception(error)

    for loop, futures in loops.items():
        if not loop.is_closed():
            loop.call_soon_threadsafe(resolve, futures)


def _open(path: Path, memory_limit: str) -> duckdb.DuckDBPyConnection:
    try:
        connection = duckdb.connect(str(path), config={"memory_limit": memory_limit, "threads": 2})
    except duckdb.IOException as error:
        if "lock" in str(error).lower():
            raise StoreError(
                f"the store {path} is held by another process; one build writes at a time: {error}"
            ) from error
        raise StoreError(f"the store {path} cannot be opened: {error}") from error
    # Guests' SQL shares the connection: it reaches no other file but seed shards, and changes no setting.
    cut_off(connection, path)
    return connection


def _insert_statements(connection: duckdb.DuckDBPyConnection) -> dict[str, str]:
    """For every table, the statement that adds rows given as one JSON array.

    As fast as Arrow within a third for groups of 64 rows, and it spares the build pyarrow and, where it is
    installed, pandas, which pyarrow imports: 120 MB.
    """
    columns: dict[str, dict[str, str]] = defaultdict(dict)
    for table, column, kind in connection.execute(
        "select table_name, column_name, data_type from duckdb_columns()"
        " where schema_name = 'main' and not internal order by table_name, column_index"
    ).fetchall():
        # JSON columns arrive as text that holds JSON, not as nested values.
        columns[table][column] = "VARCHAR" if kind == "JSON" else kind
    return {
        table: f"insert into {table} by name select unnest(r) from (select unnest(from_json(?::json,"
        f" '{orjson.dumps([shape]).decode()}')) as r)"
        for table, shape in columns.items()
    }
