"""Reading a store: versions, files, and the build that holds one."""

from __future__ import annotations

import asyncio
import functools
import gc
import shutil
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pytest
from store_rows import small_store

from factory.errors import StoreError
from factory.store.migrate import HERE, open_writer_schema
from factory.store.reader import answer, open_reader, query
from factory.store.socket import ask, serve, socket_path
from factory.store.statement import Answer
from factory.store.writer import Writer


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return small_store(tmp_path_factory.mktemp("store") / "store.duckdb")


# ------------------------------------------------------------------------------------- versions

NEWEST = 1 + len(list(HERE.glob("[0-9]*.sql")))


def _migrations(folder: Path) -> Path:
    """A copy of the migrations that there are, for others to be added."""
    folder.mkdir()
    for path in HERE.glob("[0-9]*.sql"):
        shutil.copy(path, folder)
    return folder


def test_an_empty_file_becomes_the_newest_version(tmp_path: Path) -> None:
    with duckdb.connect(str(tmp_path / "new.duckdb")) as connection:
        open_writer_schema(connection)
        assert connection.execute("select version from meta").fetchall() == [(NEWEST,)]
        assert connection.execute("select count(*) from accepted").fetchall() == [(0,)]


def test_an_older_store_is_migrated_and_keeps_its_rows(tmp_path: Path) -> None:
    store = small_store(tmp_path / "old.duckdb")
    migrations = _migrations(tmp_path / "migrations")
    (migrations / f"{NEWEST + 1:04}_stars.sql").write_text(
        "alter table samples add column stars integer default 5;"
    )
    (migrations / f"{NEWEST + 2:04}_names.sql").write_text("create table names (name varchar);")
    with duckdb.connect(str(store)) as connection:
        open_writer_schema(connection, migrations)
        open_writer_schema(connection, migrations)
        assert connection.execute("select version from meta").fetchall() == [(NEWEST + 2,)]
        assert connection.execute("select count(*), min(stars) from accepted").fetchall() == [(35, 5)]


def test_a_migration_that_fails_leaves_the_store_as_it_was(tmp_path: Path) -> None:
    store = small_store(tmp_path / "old.duckdb")
    broken = _migrations(tmp_path / "migrations") / f"{NEWEST + 1:04}_broken.sql"
    broken.write_text("create table names (name varchar); select nothing;")
    with duckdb.connect(str(store)) as connection:
        with pytest.raises(StoreError, match=rf"version {NEWEST + 1} by {broken.name}, and stays as it was"):
            open_writer_schema(connection, broken.parent)
        assert connection.execute("select version from meta").fetchall() == [(NEWEST,)]
        assert connection.execute("select count(*) from accepted").fetchall() == [(35,)]


def test_a_newer_store_is_refused(tmp_path: Path) -> None:
    store = small_store(tmp_path / "newer.duckdb")
    with duckdb.connect(str(store)) as connection:
        connection.execute("update meta set version = 97")
        with pytest.raises(StoreError, match=rf"version 97 .* up to {NEWEST}; upgrade"):
            open_writer_schema(connection)


def test_a_reader_that_refuses_a_store_lets_go_of_it(tmp_path: Path) -> None:
    store = small_store(tmp_path / "newer.duckdb")
    with duckdb.connect(str(store)) as connection:
        connection.execute("update meta set version = 97")
    with pytest.raises(StoreError, match=r"version 97 .* upgrade") as refused:
        open_reader(store)
    with duckdb.connect(str(store)) as connection:  # while what was raised still holds its frames
        connection.execute(f"update meta set version = {NEWEST}")
    assert refused.value and query(store, "from meta").num_rows == 1


def test_a_duckdb_file_of_something_else_is_refused(tmp_path: Path) -> None:
    with duckdb.connect(str(tmp_path / "other.duckdb")) as connection:
        connection.execute("create table mine (a integer)")
        with pytest.raises(StoreError, match=r"other\.duckdb is a DuckDB file but not a store"):
            open_writer_schema(connection)


# ---------------------------------------------------------------------------------- from the file


def test_a_query_gives_arrow(store: Path) -> None:
    table = query(store, "select dataset, count(*) as samples from accepted group by all order by all;")
    assert table.to_pydict() == {"dataset": ["pairs", "talks", "texts"], "samples": [12, 11, 12]}


def test_an_answer_holds_the_first_rows_and_counts_the_others(store: Path) -> None:
    found = answer(store, "select * from accepted", keep=4)
    assert (found.table.num_rows, found.rows) == (4, 35)


def test_columns_of_json_say_so(store: Path) -> None:
    schema = query(store, "select evidence, dataset from samples").schema
    assert schema.field("evidence").metadata == {b"type": b"JSON"}
    assert schema.field("dataset").metadata is None


@pytest.mark.parametrize(
    "sql",
    ["describe samples", "explain select 1", "pivot progress on dataset using sum(seeds)", "from meta"],
)
def test_whatever_only_reads_may_be_asked(store: Path, sql: str) -> None:
    assert query(store, sql).num_rows


@pytest.mark.parametrize(
    ("sql", "words"),
    [
        ("insert into meta values (2)", "INSERT is not a query"),
        ("with x as (insert into meta values (2) returning *) from x", "read-only"),
        ("select 1; select 2", "one statement at a time"),
        ("", "there is no statement: give a SELECT"),
        ("select * from read_csv('/etc/passwd')", "disabled by configuration"),
        ("copy samples to 'samples.csv'", "COPY is not a query"),
        ("set threads = 1", "SET is not a query"),
        ("selct 1", "syntax error"),
        ("select datset from accepted", 'Candidate bindings: "dataset"'),
        ("select * from acepted", 'Did you mean "accepted"'),
    ],
)
def test_what_does_not_read_the_store_is_refused_in_words(store: Path, sql: str, words: str) -> None:
    with pytest.raises(StoreError, match=words):
        query(store, sql)


def test_a_store_whose_first_build_was_cut_off_at_once_says_what_to_run(tmp_path: Path) -> None:
    duckdb.connect(str(tmp_path / "cut.duckdb")).close()
    with pytest.raises(StoreError, match=r"cut\.duckdb is empty.*run 'factory build'"):
        query(tmp_path / "cut.duckdb", "select 1")


def test_a_missing_store_says_what_to_run(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="run 'factory build' first"):
        query(tmp_path / "none.duckdb", "select 1")


def test_a_file_that_is_no_database_is_named(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("hello " * 1000)
    with pytest.raises(StoreError, match=r"notes\.txt cannot be read"):
        query(tmp_path / "notes.txt", "select 1")


# -------------------------------------------------------------------------- from a running build


BUILD = """
import asyncio, sys
from pathlib import Path
from factory.store.socket import serve
from factory.store.writer import Writer

async def hold(store):
    with Writer(store) as writer:
        async with serve(writer.answer, store, interrupt=writer.interrupt, seconds=2):
            print("ready", flush=True)
            await asyncio.to_thread(sys.stdin.read)

asyncio.run(hold(Path(sys.argv[1])))
"""


def test_while_a_build_holds_the_store_the_same_query_reaches_the_build(tmp_path: Path) -> None:
    store = small_store(tmp_path / "store.duckdb")
    sql = "select sample_id, messages, evidence from accepted order by all"
    before = query(store, sql)
    with subprocess.Popen(
        [sys.executable, "-c", BUILD, str(store)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as build:
        assert build.stdout and build.stdout.readline() == "ready\n"
        with pytest.raises(StoreError, match="a build holds the store"):
            open_reader(store)
        assert query(store, sql).equals(before, check_metadata=True)
        assert answer(store, "from accepted", keep=4).rows == 35
        with pytest.raises(StoreError, match='Candidate bindings: "dataset"'):
            query(store, "select datset from accepted")
        with pytest.raises(StoreError, match="read-only"):
            query(store, "with x as (insert into meta values (2) returning *) from x")
        with pytest.raises(StoreError, match="disabled by configuration"):
            query(store, "select * from read_csv('/etc/passwd')")
        with pytest.raises(StoreError, match="larger than 64 MB"):
            query(store, "select repeat('x', 1000) from range(100000)")
        with pytest.raises(StoreError, match="cancelled the query after 2 s"):
            query(store, "select count(*) from range(10000000) a, range(10000000) b where a.range % 7 = 3")
        assert query(store, sql).num_rows == before.num_rows
        build.communicate("")
    assert build.returncode == 0
    assert not socket_path(store).exists()
    assert query(store, sql).equals(before, check_metadata=True)


def in_a_loop(test: Callable[..., Coroutine[Any, Any, None]]) -> Callable[..., None]:
    @functools.wraps(test)
    def run(*arguments: Any, **named: Any) -> None:
        asyncio.run(test(*arguments, **named))

    return run


@asynccontextmanager
async def build(store: Path) -> AsyncIterator[Writer]:
    """A build in this process."""
    with Writer(store) as writer:
        async with serve(writer.answer, store, interrupt=writer.interrupt):
            yield writer


@in_a_loop
async def test_queries_see_what_is_committed_while_the_build_goes_on(tmp_path: Path) -> None:
    path = tmp_path / "store.duckdb"
    async with build(path) as writer:
        for number in range(3):
            row = {"seed_number": number, "seed_id": "x", "kind": "topic", "content": "{}"}
            await writer.commit(seeds=[row | {"characters": 1, "build_id": "b1"}])
            found = await asyncio.to_thread(ask, path, "select count(*) as n from seeds")
            assert found is not None
            assert found.table.to_pylist() == [{"n": number + 1}]


@in_a_loop
async def test_many_askers_are_answered_one_after_the_other(tmp_path: Path) -> None:
    path = tmp_path / "store.duckdb"
    async with build(path):
        found = await asyncio.gather(
            *(asyncio.to_thread(ask, path, f"select {number} as n") for number in range(20))
        )
    assert [one.table["n"][0].as_py() for one in found if one] == list(range(20))


@in_a_loop
async def test_a_query_whose_asker_has_gone_is_cancelled(tmp_path: Path) -> None:
    path = tmp_path / "store.duckdb"
    cancelled = asyncio.Event()
    loop = asyncio.get_running_loop()
    ending = False

    def read(sql: str, keep: int | None) -> Answer:
        while not ending:
            time.sleep(0.01)
        raise StoreError("the query was cancelled")

    def interrupt() -> None:
        nonlocal ending
        ending = True
        loop.call_soon_threadsafe(cancelled.set)

    async with serve(read, path, interrupt=interrupt):
        _, wire = await asyncio.open_unix_connection(str(socket_path(path)))
        wire.write(b'{"sql": "select 1", "keep": null}\n')
        await wire.drain()
        wire.close()
        await asyncio.wait_for(cancelled.wait(), 10)


@in_a_loop
async def test_a_build_that_ends_drops_what_is_still_asked_without_a_word(tmp_path: Path) -> None:
    path = tmp_path / "store.duckdb"
    complaints: list[Any] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: complaints.append(context))
    endless = "select count(*) from range(10000000) a, range(10000000) b where a.range * b.range % 7 = 3"
    async with build(path):
        asked = [asyncio.create_task(asyncio.to_thread(ask, path, endless)) for _ in range(2)]
        await asyncio.sleep(0.3)
    assert await asyncio.gather(*asked) == [None, None]
    gc.collect()
    await asyncio.sleep(0.05)
    assert complaints == []


@in_a_loop
async def test_a_request_that_is_none_is_answered_with_an_error(tmp_path: Path) -> None:
    path = tmp_path / "store.duckdb"
    async with build(path):
        lines, wire = await asyncio.open_unix_connection(str(socket_path(path)))
        wire.write(b"select 1\n")
        assert b"not a request" in await lines.readline()
        wire.close()


def test_the_socket_of_a_deep_folder_is_one_the_system_takes(tmp_path: Path) -> None:
    deep = tmp_path / ("deep" * 40) / "store.duckdb"
    assert len(bytes(socket_path(deep))) <= 100
    assert socket_path(deep) != socket_path(deep.with_name("other.duckdb"))


@in_a_loop
async def test_a_dead_builds_socket_does_not_stand_in_the_way(tmp_path: Path) -> None:
    path = tmp_path / "store.duckdb"
    socket_path(path).touch()
    async with build(path):
        found = await asyncio.to_thread(ask, path, "select 1 as n")
    assert found is not None
    assert found.table.equals(pa.table({"n": pa.array([1], pa.int32())}))


def test_a_store_of_an_earlier_version_says_how_it_is_brought_up_to_date(tmp_path: Path) -> None:
    path = tmp_path / "old.duckdb"
    with Writer(path):
        pass
    with duckdb.connect(str(path)) as connection:
        connection.execute("update meta set version = 1")
    with pytest.raises(StoreError, match=r"written by an earlier seedfactory .*'factory build'"):
        query(path, "select 1")
