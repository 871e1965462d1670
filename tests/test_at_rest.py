"""A store that a build holds is read whole, as it is at one instant, and the build goes on."""

from __future__ import annotations

import asyncio
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import orjson
import pytest
from conftest import Project, Server

from factory.errors import StoreError
from factory.store.reader import at_rest, open_reader, query
from factory.store.socket import copy, serve, socket_path
from factory.store.writer import Writer

BUILD = """
import asyncio, os, sys
from pathlib import Path
from factory.store.socket import serve
from factory.store.writer import Writer

async def build(store):
    with Writer(store, interval=0.001) as writer:
        async with serve(writer.answer, store, interrupt=writer.interrupt, still=writer.still):
            print("ready", flush=True)
            for number in range(10**6):
                seed = {"seed_id": "x", "kind": "topic", "characters": number, "build_id": "b"}
                text = '"' + os.urandom(20_000).hex() + '"'
                seeds = [seed | {"seed_number": 2 * number + one, "content": text} for one in (0, 1)]
                file = {"seed_set": "s", "fingerprint": "f", "address": "a", "signature": "s", "seeds": number}
                gone = ("delete from files where seeds < ?", [number])
                await writer.transact({"seeds": seeds, "files": [file | {"build_id": "b"}]}, [gone])

asyncio.run(build(Path(sys.argv[1])))
"""
"""Two seeds and one file in each transaction, with the last file's number; large enough that the store's own file is
written again and again."""


def test_every_copy_is_the_store_as_some_transaction_left_it(tmp_path: Path) -> None:
    store = tmp_path / "store.duckdb"
    with subprocess.Popen(
        [sys.executable, "-c", BUILD, str(store)], stdout=subprocess.PIPE, text=True
    ) as build:
        assert build.stdout and build.stdout.readline() == "ready\n"
        counts = []
        for _ in range(25):
            time.sleep(0.1)
            with at_rest(store) as copied:
                assert copied != store
                with open_reader(copied, own_sql=True) as connection:
                    rows = connection.execute(
                        "select (select count(*) from seeds), (select count(distinct characters) from seeds),"
                        " (select count(*) from files), (select max(seeds) from files)"
                    ).fetchall()
            seeds, numbers, files, last = rows[0]
            assert (seeds, files, last) == (2 * numbers, 1, numbers - 1)
            counts.append(seeds)
            assert not copied.exists()
        assert counts == sorted(counts)
        assert counts[0] < counts[-1]
        build.kill()
    # The build was never disturbed: what it wrote opens as ever.
    with Writer(store):
        pass
    assert query(store, "select count(*) as n from seeds").to_pylist()[0]["n"] >= counts[-1]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["store.duckdb", socket_path(store).name]


def test_a_store_that_nobody_holds_is_its_own_copy(tmp_path: Path) -> None:
    store = tmp_path / "store.duckdb"
    with pytest.raises(StoreError, match="there is no store"), at_rest(store):
        pass
    with Writer(store):
        pass
    with at_rest(store) as found:
        assert found == store


def test_nothing_is_committed_while_somebody_copies_and_all_of_it_after(tmp_path: Path) -> None:
    async def run() -> None:
        store = tmp_path / "store.duckdb"
        with Writer(store) as writer:
            async with serve(writer.answer, store, interrupt=writer.interrupt, still=writer.still):
                lines, wire = await asyncio.open_unix_connection(str(socket_path(store)))
                wire.write(b'{"hold": true}\n')
                assert orjson.loads(await lines.readline()) == {"held": True}
                row = {"seed_number": 1, "seed_id": "x", "kind": "topic", "content": "{}", "characters": 1}
                commit = asyncio.create_task(writer.commit(seeds=[row | {"build_id": "b"}]))
                await asyncio.sleep(0.2)
                assert not commit.done()
                wire.write(b".")
                assert orjson.loads(await lines.readline()) == {"kept": True}
                await commit
                wire.close()

    asyncio.run(run())


@pytest.mark.parametrize("leave", [True, False])
def test_a_build_waits_neither_for_a_copier_that_has_gone_nor_for_ever(tmp_path: Path, leave: bool) -> None:
    async def run() -> None:
        still = threading.Lock()
        store = tmp_path / "store.duckdb"
        store.write_bytes(b"")

        def read(sql: str, keep: int | None) -> None: ...

        async with serve(read, store, interrupt=lambda: None, still=still, longest_hold=0.3):  # type: ignore[arg-type]
            lines, wire = await asyncio.open_unix_connection(str(socket_path(store)))
            wire.write(b'{"hold": true}\n')
            assert orjson.loads(await lines.readline()) == {"held": True}
            assert still.locked()
            if leave:
                wire.close()
            else:
                assert await lines.readline() == b""  # and so the copier knows that its copy is worth nothing
                wire.close()
            while still.locked():  # noqa: ASYNC110
                await asyncio.sleep(0.001)

    asyncio.run(run())


def test_nobody_listening_is_told_apart_from_a_copy(tmp_path: Path) -> None:
    (tmp_path / "store.duckdb").write_bytes(b"")
    assert copy(tmp_path / "store.duckdb", tmp_path) is None


def test_finished_datasets_are_exported_and_the_rest_is_planned_while_others_are_built(
    project: Project, serve: Callable[..., Server]
) -> None:
    server = serve("--delay", "0.5")
    project.questions(*(f"question {number}?" for number in range(600)))
    critic = f"{{model: rehearsal, temperature: 0.1, api_base: '{server.address}', concurrency: 2}}"
    models = f"{{writer: {{model: rehearsal}}, critic: {critic}}}"
    answers = "  answers: {seeds: questions, generator: lab.answer, tags: done}"
    project.catalog(answers, models)
    project.factory("build")
    slow = "  slow: {seeds: questions, generator: lab.answer, with: {role: critic}}"
    project.catalog(answers + "\n" + slow, models)
    build = project.start("build", "--select", "slow")
    while server.stats()["requests"] < 4 and build.poll() is None:
        time.sleep(0.05)
    told = project.factory("export", "tag:done")
    assert "600 rows of 1 dataset in" in told
    assert "this is the store as it was when the export began" in told
    assert "slow: " in project.factory("export", "slow", code=1)  # it is not finished
    assert "nothing to do" in project.factory("plan", "--select", "state:modified")
    told = project.factory("plan")
    assert "slow " in told
    assert "a build is running: this is the store as it was a moment ago" in told
    assert build.poll() is None
    build.send_signal(signal.SIGINT)
    out, err = build.communicate(timeout=120)
    assert build.returncode == 130, out + err
    # At another address the same model answers at once: nothing of what was recorded is stale.
    project.catalog(answers + "\n" + slow, models.replace(server.address, serve().address))
    project.factory("build")
    assert project.query("select dataset, done from progress") == [("answers", 600), ("slow", 600)]
    assert (project.folder / "build/snapshots/tag-done/manifest.json").exists()
