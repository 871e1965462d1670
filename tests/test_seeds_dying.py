"""Processes that die over a record, once or each time; what the store keeps of very many seeds that were left out."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import duckdb
import pytest
from conftest import Project

DEADLY = '''
    """Kills the process that reads what is deadly; what is deadly once, kills once."""
    import os
    import signal
    from pathlib import Path
    from factory.plugins import Drop, Found, cleaner
    from factory.records import Document

    @cleaner(takes=Document)
    def deadly(item: Found) -> Found | Drop:
        """Kills the process that reads what is deadly; what is deadly once, kills once."""
        word = item.seed.text.split()[0]
        if word == "dull":
            return Drop("dull")
        if word == "deadly" and (mark := Path("deadly")).exists():
            if mark.read_text() == "once":
                mark.unlink()
            os.kill(os.getpid(), signal.SIGKILL)
        return item
'''
LINES = 120


@pytest.fixture
def lab(project: Project) -> Project:
    """A project with a step that may kill, and four files, each a shard of its own."""
    project.plugin("labsteps/__init__.py", "")
    project.plugin("labsteps/deadly.py", DEADLY)
    entry = project.site / "lab-1.0.dist-info/entry_points.txt"
    entry.write_text(entry.read_text() + "\n[factory.cleaners]\nlab = labsteps\n")
    for file in range(4):
        words = ["deadly" if (file, line) == (2, 50) else "tame" for line in range(LINES)]
        texts = (f"{word} {file} {line} " + "letters " * 750 for line, word in enumerate(words))
        project.write(f"pages/{file}.jsonl", "".join(json.dumps({"text": text}) + "\n" for text in texts))
    return project


def catalog(project: Project, keep: str, store: str = "build") -> None:
    about = f"path: pages/*.jsonl, as: document, keep: {keep}, shard_mb: 1, clean: [lab.deadly]"
    seeds = f"pages: {{source: jsonl, {about}}}"
    project.write("catalog.yaml", f"store: {store}/factory.duckdb\nseeds:\n  {seeds}\n")


def state(store: Path) -> list[Any]:
    with duckdb.connect(str(store / "factory.duckdb"), read_only=True) as connection:
        tables = ("seed_id, address, place from sets.pages", "* from seed_funnel", "* from failures")
        return [connection.execute(f"select {columns} order by all").fetchall() for columns in tables]


@pytest.mark.parametrize("keep", ["store", "shards"])
def test_a_record_that_kills_whoever_reads_it_costs_its_shard_and_no_other(keep: str, lab: Project) -> None:
    catalog(lab, keep)
    mark = lab.write("deadly", "always")
    told = lab.factory("seeds", "-w", "2", code=1)
    assert "a process died (SIGKILL)" in told
    assert lab.query("select address, count(*) from sets.pages group by all order by all") == [
        (f"pages/{file}.jsonl", LINES) for file in (0, 1, 3)
    ]
    ((stage, error, address),) = lab.query("select stage, error, address from failures")
    assert (stage, address) == ("source", "pages/2.jsonl")
    assert "behind pages/2.jsonl line 50," in error  # the last that is done with
    funnel = "select step, seen, kept, broken from seed_funnel order by position"
    assert lab.query(funnel) == [
        ("source", 3 * LINES + 1, 3 * LINES, 1),
        ("lab.deadly", 3 * LINES, 3 * LINES, 0),
    ]
    mark.unlink()
    assert "3 of 4 files unchanged" in lab.factory("seeds", "-w", "2")
    assert lab.query("select count(*) from sets.pages") == [(4 * LINES,)]


def test_a_process_that_is_killed_once_costs_nothing(lab: Project) -> None:
    catalog(lab, "store", "whole")
    lab.factory("seeds", "-w", "2")
    catalog(lab, "store")
    mark = lab.write("deadly", "once")
    lab.factory("seeds", "-w", "2")
    assert not mark.exists()
    assert state(lab.folder / "build") == state(lab.folder / "whole")


def test_of_a_set_kept_as_shards_the_store_holds_some_of_what_was_left_out_and_counts_all(
    lab: Project,
) -> None:
    for path in (lab.folder / "pages").iterdir():
        path.unlink()
    texts = [f"dull {number}" for number in range(50)] + ["tame"] * 31
    for name in ("a", "b"):
        lab.write(f"pages/{name}.jsonl", "".join(json.dumps({"text": text}) + "\n" for text in texts))
    funnel, reasons, rows = [], [], []
    for keep in ("store", "shards"):
        catalog(lab, keep)
        for _ in range(2):  # what is decided anew is not counted twice
            lab.write("pages/c.jsonl", json.dumps({"text": f"tame {keep}"}))
            lab.factory("seeds")
            (lab.folder / "pages/c.jsonl").unlink()
            lab.factory("seeds")
        funnel.append(lab.query("from seed_funnel order by all"))
        reasons.append(lab.query("select step, reason, seeds from drop_reasons order by all"))
        rows.append(lab.query("select step, count(*) from drops group by all order by all"))
    assert funnel[0] == funnel[1]
    assert (
        reasons[0]
        == reasons[1]
        == [
            ("exact_duplicates", "the same text was found before", 61),
            ("lab.deadly", "dull", 100),
        ]
    )
    assert rows == [
        [("exact_duplicates", 61), ("lab.deadly", 100)],
        [("exact_duplicates", 40), ("lab.deadly", 40)],
    ]
    copies = lab.query(
        "select any_value(scores ->> 'at'), any_value(excerpt) from drops where step = 'exact_duplicates'"
    )
    assert copies == [("pages/a.jsonl", "tame")]
