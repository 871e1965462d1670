"""The rows of a seed set with their texts, however long these are.

DuckDB gathers what comes out of a join until there are 2,048 rows, which of books are a gigabyte. So of seeds kept as
shards SQL says only which rows count, and their texts come from scans of the files alone.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import groupby
from operator import itemgetter
from pathlib import Path
from typing import Any, TypeAlias

import duckdb

from factory.store.sets import folder, identifier, literal, live_rows

_ROWS = 64

Stream: TypeAlias = Callable[[str], Iterator[tuple[Any, ...]]]
"""Reads a store: the rows of SQL as they come."""


def streaming(connection: duckdb.DuckDBPyConnection) -> Stream:
    """Streams of an open store, each on a cursor of its own, so that several may be read at once."""

    def stream(sql: str) -> Iterator[tuple[Any, ...]]:
        with connection.cursor() as cursor:
            cursor.execute(sql)
            while rows := cursor.fetchmany(_ROWS):
                yield from rows

    return stream


def seed_rows(
    stream: Stream, store: Path, name: str, columns: str, chosen: str = ""
) -> Iterator[tuple[Any, ...]]:
    """Columns of a seed set's view, a row for each place where a live seed was found, in no order to rely on.

    `chosen`: SQL for `part`, `address`, `place` and `seed_id` of the rows wanted; each has its part in front.
    """
    part, narrow = ("part, ", f" join ({chosen}) using (address, place, seed_id)") if chosen else ("", "")
    [(keep,)] = stream(f"select keep from seed_sets where seed_set = {literal(name)}")
    if keep == "store":
        yield from stream(f"select {part}{columns} from sets.{identifier(name)}{narrow}")
        return
    shards = folder(store) / name
    if not any(shards.glob("*.parquet")):
        return
    live = stream(
        f"select {part}filename, file_row_number from ({live_rows(name, shards)}){narrow}"
        " order by filename, file_row_number"
    )
    for file, rows in groupby(live, key=itemgetter(-2)):
        scanned = enumerate(stream(f"select {columns} from read_parquet({literal(file)})"))
        for *first, _, wanted in rows:
            yield (*first, *next(values for number, values in scanned if number == wanted))


def live_files(stream: Stream, store: Path, name: str, chosen: str = "") -> Iterator[tuple[Path, list[int]]]:
    """The Parquet files of a seed set kept as shards, each with the numbers of its rows that count, for any process to
    read (`rows_in`). `chosen`: as that of `seed_rows`."""
    shards = folder(store) / name
    if not any(shards.glob("*.parquet")):
        return
    narrow = f" join ({chosen}) using (address, place, seed_id)" if chosen else ""
    rows = stream(f"select filename, file_row_number from ({live_rows(name, shards)}){narrow} order by all")
    for file, numbered in groupby(rows, key=itemgetter(0)):
        yield Path(file), [number for _, number in numbered]


def rows_in(files: Iterable[tuple[Path, Sequence[int]]], columns: str) -> Iterator[tuple[Any, ...]]:
    """Columns of some rows of Parquet files, told by their numbers."""
    with duckdb.connect(config={"memory_limit": "1GB", "threads": 1}) as connection:
        stream = streaming(connection)
        for file, numbers in files:
            wanted = frozenset(numbers)
            scanned = enumerate(stream(f"select {columns} from read_parquet({literal(file)})"))
            yield from (values for number, values in scanned if number in wanted)


def texts(stream: Stream, store: Path, name: str) -> Iterator[tuple[str, str]]:
    """The id and the text of each seed of a set, in no order to rely on."""
    first = (
        "select 0 as part, seed_id, unnest(first) from (select seed_id, min({address: address, place: place}) as first"
        f" from sets.{identifier(name)} group by seed_id)"
    )
    for _, seed_id, text in seed_rows(stream, store, name, "seed_id, content::json ->> 'text'", first):
        yield seed_id, text or ""
