"""Reading a store: from the file, or through the build that holds it. One SELECT at a time."""

from __future__ import annotations

import shutil
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa

from factory.errors import StoreError
from factory.store import socket
from factory.store.migrate import check_version
from factory.store.sets import cut_off, folder
from factory.store.statement import Answer, select

_TRIES = 5
_PAUSE = 0.2


Query = Callable[[str, Any], list[tuple[Any, ...]]]
"""Reads a store: SQL and its parameters."""


def must_exist(path: Path) -> None:
    """Raises StoreError where no build has made the store yet."""
    if not path.exists():
        raise StoreError(f"there is no store {path} yet; run 'factory build' first")


def open_reader(path: Path, *, own_sql: bool = False) -> duckdb.DuckDBPyConnection:
    """Opens a store for reading, cut off from every other file but seed shards unless the SQL is our own.

    Raises StoreError when there is no such file, a build holds it, or its version is not this program's.
    """
    must_exist(path)
    try:
        with ExitStack() as stack:
            connection = duckdb.connect(str(path), read_only=True, config={"memory_limit": "1GB"})
            stack.enter_context(connection)
            check_version(connection)
            if not own_sql:
                cut_off(connection, path)
            stack.pop_all()
            return connection
    except duckdb.Error as error:
        if "lock on file" in str(error):
            raise _Held(
                f"a build holds the store {path} and answers no queries; wait for it to end: {error}"
            ) from error
        raise StoreError(f"the store {path} cannot be read: {error}") from error


@contextmanager
def querying(path: Path) -> Iterator[Query]:
    """Our own SQL on a store that nobody writes. Raises StoreError as `open_reader` does."""
    with open_reader(path, own_sql=True) as connection:
        yield lambda sql, parameters: connection.execute(sql, parameters).fetchall()


def query(store: Path, sql: str) -> pa.Table:
    """The rows of one SELECT, from the file or, while a build holds it, from the build.

    Raises StoreError for SQL that does not run, with DuckDB's own hint.
    """
    return answer(store, sql).table


def answer(store: Path, sql: str, *, keep: int | None = None) -> Answer:
    """As `query`, but only the first `keep` rows are held; the others are counted. Raises StoreError as it does."""
    for _ in range(_TRIES):
        try:
            with open_reader(store) as connection:
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
            beside = tempfile.TemporaryDirectory(prefix=f".{store.name}.", dir=store.parent)
            aside = Path(stack.enter_context(beside))
            (aside / folder(store).name).symlink_to(folder(store))
            found = socket.copy(store, aside)
            if found is not None:
                return found
            time.sleep(_PAUSE)
    raise StoreError(str(held))


class _Held(StoreError):
    """Another process holds the file."""
