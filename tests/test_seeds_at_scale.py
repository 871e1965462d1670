"""Seed sets beyond memory: long texts, readings killed in any phase, the same seeds in any order on any machine."""

from __future__ import annotations

import asyncio
import json
import random
import re
import resource
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import duckdb
import pytest
from conftest import ROOT, Project

from factory.catalog import load_catalog
from factory.errors import FactoryError
from factory.ingest import Intake, Reading
from factory.seeds.intake import refuse_long
from factory.seeds.members import laid_down
from factory.seeds.workers import Workers
from factory.store.texts import streaming, texts
from factory.store.writer import Writer

FATAL = '''
    """Leaves out every third text, shortens every fifth; dies once, with the whole build, where a file says so."""
    import multiprocessing
    import os
    import signal
    from collections.abc import Iterator
    from functools import partial
    from pathlib import Path
    from factory.plugins import Drop, Rewritten, SeedsInOrder, SomeSeeds, cleaner
    from factory.records import Document

    def die(at: str) -> None:
        if (here := Path(at)).exists():
            here.unlink()
            parent = multiprocessing.parent_process()
            os.kill(parent.pid if parent else os.getpid(), signal.SIGKILL)

    def look(part: SomeSeeds) -> list[tuple[str, int]]:
        die("in a part")
        return [(member.seed_id, len(member.text)) for member in part]

    @cleaner(takes=Document)
    class fatal:
        """Leaves out every third text, shortens every fifth."""

        def choose(self, seeds: SeedsInOrder) -> Iterator[tuple[str, Drop | Rewritten]]:
            die("before")
            for part in seeds.map(look):
                for seed_id, length in part:
                    if length % 3 == 0:
                        yield seed_id, Drop("three")
                    elif length % 5 == 0:
                        yield seed_id, Rewritten(f"once {length} letters")
                die("in its choices")
'''


@pytest.fixture
def long(project: Project) -> Project:
    """A project with twelve million letters of text in six files, and a step that can be killed."""
    project.plugin("labsteps/__init__.py", "")
    project.plugin("labsteps/fatal.py", FATAL)
    entry = project.site / "lab-1.0.dist-info/entry_points.txt"
    entry.write_text(entry.read_text() + "\n[factory.cleaners]\nlab = labsteps\n")
    for file in range(6):
        lengths = range(file * 7, 2000 * 7, 6 * 7)
        lines = (json.dumps({"text": f"{length} " + "letters " * 750 + "x" * length}) for length in lengths)
        project.write(f"pages/{file}.jsonl", "\n".join(lines) + "\n")
    return project


STEPS = "lab.fatal, repeated_paragraphs"


def read(project: Project, keep: str, workers: str, *, build: str = "build", steps: str = STEPS) -> None:
    """Reads the pages; a build that is killed is no fault of this."""
    pages = f"  pages: {{source: jsonl, path: pages/*.jsonl, as: document, keep: {keep}, clean: [{steps}]}}"
    project.write("catalog.yaml", f"seeds:\n{pages}\nstore: {build}/factory.duckdb\n")
    reading = project.start("seeds", "-w", workers)
    out, err = reading.communicate(timeout=120)
    assert reading.returncode in (0, -signal.SIGKILL), out + err


def state(project: Project, build: str = "build") -> list[Any]:
    """What a store holds of seeds, and where they went."""
    with duckdb.connect(str(project.folder / build / "factory.duckdb"), read_only=True) as store:
        return [
            store.execute(f"select {columns} order by all").fetchall()
            for columns in (
                "seed_id, address, place, md5(content::varchar) from sets.pages",
                "seed_id, step, reason, address, place, excerpt from drops",
                "* from seed_funnel",
            )
        ]


@pytest.mark.parametrize("keep", ["shards", "store"])
def test_a_reading_killed_in_any_phase_of_a_step_goes_on_as_if_it_had_not_been(
    long: Project, keep: str
) -> None:
    read(long, keep, "1", build="whole")
    phases = [long.folder / phase for phase in ("before", "in a part", "in its choices")]
    for phase in phases:
        phase.touch()
    for phase in phases:
        read(long, keep, "2")  # returns when its processes have closed what they write to: none outlives it
        assert not phase.exists()
        assert list((long.folder / "build/factory.seeds").glob(".*"))  # it died amid its work
    read(long, keep, "2")
    assert state(long) == state(long, "whole")
    there = [path for path in (long.folder / "build").rglob("*") if path.is_file()]
    assert {path.suffix for path in there} <= {".duckdb", ".parquet"}
    assert not list((long.folder / "build/factory.seeds").glob(".*"))


@pytest.mark.parametrize("keep", ["shards", "store"])
def test_what_the_first_steps_decided_stands_when_a_later_one_is_killed_or_is_new(
    long: Project, keep: str
) -> None:
    def made_by() -> dict[str, str]:
        return dict(long.query("select step, build_id from cleaning where address = ''"))

    steps = "repeated_paragraphs, lab.fatal"
    (long.folder / "in its choices").touch()
    read(long, keep, "2", steps=steps)
    first = made_by()
    assert first.keys() == {"repeated_paragraphs"}
    read(long, keep, "2", steps=f"{steps}, outliers")
    then = made_by()
    assert then.keys() == {"repeated_paragraphs", "lab.fatal", "outliers"}
    assert then["repeated_paragraphs"] == first["repeated_paragraphs"] != then["lab.fatal"]
    read(long, keep, "1", build="whole", steps=f"{steps}, outliers")
    assert state(long) == state(long, "whole")


def test_a_reading_told_to_stop_begins_no_shard_more_and_keeps_all_that_it_read(long: Project) -> None:
    pages = "  pages: {source: jsonl, path: pages/*.jsonl, as: document, shard_mb: 1}"
    long.write("catalog.yaml", f"seeds:\n{pages}\n")
    catalog = load_catalog(long.folder / "catalog.yaml")
    told: list[str] = []

    async def some(stop_after: int) -> Intake:
        told.clear()
        with Writer(long.folder / "some.duckdb") as writer:
            intakes: dict[str, Intake] = {}
            stopping = lambda: len(told) >= stop_after  # noqa: E731
            reading = Reading(writer, long.folder, f"b{stop_after}", told.append, stopping=stopping)
            await reading.bring_up_to_date([catalog.seed_set("pages")], intakes)
            return intakes["pages"]

    stopped = asyncio.run(some(2))
    assert 0 < stopped.new < 2000
    again = asyncio.run(some(1000))
    assert 0 < again.unchanged <= 4 < again.files  # the one that was told, and those that were in flight
    assert stopped.new + again.new == again.seeds == 2000
    assert told[0] == f"pages: file {again.unchanged} of {again.files}"
    assert any(re.fullmatch(r"pages: file \d+ of \d+, about \d+ min left", words) for words in told)


def test_where_the_disk_is_full_the_error_says_so_and_the_same_command_goes_on(long: Project) -> None:
    pages = "  pages: {source: jsonl, path: pages/*.jsonl, as: document, keep: shards, clean: [repeated_paragraphs]}"
    long.write("catalog.yaml", f"seeds:\n{pages}\n")
    reading = long.start("seeds", "-w", "2")
    resource.prlimit(reading.pid, resource.RLIMIT_FSIZE, (1 << 20, 1 << 20))  # its processes inherit it
    _, err = reading.communicate(timeout=120)
    assert reading.returncode == 1, err
    assert "seed set 'pages' cannot be written below" in err
    assert "File too large" in err
    assert "the same command goes on from there" in err
    assert "Traceback" not in err
    assert "pages: 2,000 seeds" in long.factory("seeds")
    assert not list((long.folder / "build/factory.seeds").glob(".*"))


def test_however_records_are_spread_over_files_and_workers_the_same_seeds_stay(long: Project) -> None:
    lines = [line for path in (long.folder / "pages").iterdir() for line in path.read_text().splitlines()]
    found = []
    for workers in ("1", "3"):
        random.Random(int(workers)).shuffle(lines)
        for path in (long.folder / "pages").iterdir():
            path.unlink()
        for file in range(int(workers) + 1):
            some = lines[file :: int(workers) + 1]
            long.write(f"pages/{file}.jsonl", "\n".join(some) + "\n")
        read(long, "shards", workers, build=workers)
        seeds, drops, funnel = state(long, workers)
        found.append(
            (
                [(seed_id, content) for seed_id, _, _, content in seeds],
                [drop[:3] for drop in drops],
                funnel,
            )
        )
    assert found[0] == found[1]


def test_long_texts_are_gone_through_in_memory_for_a_few_of_them(project: Project, tmp_path: Path) -> None:
    books = [f"book {number} " + f"{number} words and words " * 20_000 for number in range(300)]
    project.write("books.jsonl", "".join(json.dumps({"text": book}) + "\n" for book in books))
    project.write(
        "catalog.yaml",
        "seeds:\n  books: {source: jsonl, path: books.jsonl, as: document, keep: shards}\n",
    )
    project.factory("seeds")
    store = project.folder / "build/factory.duckdb"
    # 130 MB of text: read through the view of the set, they do not pass in 300 MB.
    with duckdb.connect(str(store), read_only=True, config={"memory_limit": "200MB"}) as connection:
        stream = streaming(connection)
        assert sorted(text for _, text in texts(stream, store, "books")) == sorted(books)
        scratch = tmp_path / "parts"
        scratch.mkdir()
        members = laid_down(stream, store, "books", scratch, Workers(1))
        assert len(members.parts) > 10
        assert sorted(member.text for member in members) == sorted(books)
    exported = project.factory("export", "seeds:books")
    assert "300 rows" in exported


HELD = """
import sys
from pathlib import Path
from factory.discovery import SOURCES, load
from factory.seeds.shards import Recipe, Shard, Unit, read_shard

def most() -> int:
    line = next(line for line in open("/proc/self/status") if line.startswith("VmHWM"))
    return int(line.split()[1]) << 10

load(SOURCES, "text")
path, before = Path(sys.argv[1]), most()
done = read_shard(Shard("a", (Unit("a", "", str(path)),), Recipe("text", sys.argv[2], {}), path.parent))
assert sum(done.found.values())
print((most() - before) / path.stat().st_size)
"""


@pytest.mark.parametrize("kind", ["document", "passage"])
def test_a_long_text_is_read_in_memory_for_a_few_of_it(kind: str, tmp_path: Path) -> None:
    path = tmp_path / "book.md"
    paragraph = "The tide comes twice a day, since the moon pulls the water, and falls again. " * 8
    path.write_text("".join(f"{paragraph} {number}.\n\n" for number in range(60_000)))
    done = subprocess.run(
        [sys.executable, "-c", HELD, str(path), kind], capture_output=True, text=True, check=True, cwd=ROOT
    )
    assert float(done.stdout) < 7


def test_seeds_too_long_for_the_store_are_told_to_be_kept_as_shards(tmp_path: Path) -> None:
    async def take(characters: int) -> None:
        about = {"kind": "document", "content": "{}", "characters": characters, "build_id": "b"}
        seeds = [{"seed_number": number, "seed_id": f"{number:032x}", **about} for number in range(1, 2100)]
        with Writer(tmp_path / f"{characters}.duckdb") as writer:
            await writer.commit(seeds=seeds)
            await refuse_long(writer, "books")

    asyncio.run(take(60_000))
    with pytest.raises(FactoryError, match="write 'keep: shards', and cut them by a seed set 'from: books'"):
        asyncio.run(take(120_000))
