"""Nothing paid is lost, nothing is done twice: a build killed at any instant, and one that is interrupted."""

from __future__ import annotations

import json
import random
import signal
import time
from collections.abc import Callable

import pytest
from conftest import Project, Server

from factory.records import content_hash

SEEDS, KILLS = 500, 20
STEPS = "  steps: {seeds: questions, generator: lab.steps}"


def _prepare(project: Project, server: Server) -> None:
    project.questions(*(f"question {number}?" for number in range(SEEDS)))
    project.catalog(STEPS, f"{{writer: {{model: rehearsal, api_base: '{server.address}', concurrency: 16}}}}")


def _recorded(project: Project) -> set[str]:
    """What the store says was answered, each as the server tells asks apart."""
    if not (project.folder / "build/factory.duckdb").exists() or not project.query("from duckdb_tables()"):
        return set()  # killed before it had made its store
    project.factory("sql", "select 1")  # a reader finds the store whole, whenever its writer was killed
    rows = project.query("select seed_id, stream, draw, request from calls join seeds using (seed_number)")
    return {
        content_hash(seed, stream, draw, json.loads(request)["messages"])
        for seed, stream, draw, request in rows
    }


def _is_complete(project: Project) -> None:
    progress = project.query("select seeds, done, failed, stale, waiting, unjudged from progress")
    assert progress == [(SEEDS, SEEDS, 0, 0, 0, 0)]
    assert project.query("select count(*), count(distinct sample_id) from accepted") == [(2 * SEEDS,) * 2]
    runs = "select count(*), count(distinct (dataset, seed_number)) from runs"
    assert project.query(runs) == [(SEEDS, SEEDS)]
    assert project.query("select count(*), count(distinct key) from calls") == [(6 * SEEDS,) * 2]


@pytest.mark.timeout(600)
def test_a_build_killed_at_any_instant_goes_on_with_every_row_once(
    project: Project, serve: Callable[..., Server]
) -> None:
    server = serve("--delay", "0.05")
    _prepare(project, server)
    chance = random.Random(20)
    kept: dict[str, int] = {}
    for kill in range(KILLS):
        build = project.start("build", "--quiet")
        if kill % 4 == 0:
            time.sleep(chance.uniform(0.1, 1.0))  # before it asks anything, or soon after
        else:
            wanted = server.stats()["requests"] + chance.randrange(1, 200)
            while server.stats()["requests"] < wanted and build.poll() is None:
                time.sleep(chance.uniform(0.0, 0.02))
        build.send_signal(signal.SIGKILL)
        build.communicate(timeout=20)
        answered = server.stats()["keys"]
        # What the store holds was asked for the last time: its count at the server never grows again.
        assert {key: answered[key] for key in kept} == kept
        kept |= {key: answered[key] for key in _recorded(project) - kept.keys()}
    assert kept
    project.factory("build", "--quiet")
    answered = server.stats()["keys"]
    assert {key: answered[key] for key in kept} == kept
    _is_complete(project)


def test_ctrl_c_keeps_what_is_in_flight_and_the_same_command_goes_on(
    project: Project, serve: Callable[..., Server]
) -> None:
    server = serve("--delay", "0.2")
    _prepare(project, server)
    build = project.start("build")
    while server.stats()["requests"] < 100:
        time.sleep(0.05)
    build.send_signal(signal.SIGINT)
    out, err = build.communicate(timeout=60)
    assert build.returncode == 130, out + err
    assert "the same command goes on" in out
    assert project.query("select status from builds") == [("interrupted",)]
    stats = server.stats()
    assert stats["answered"] == stats["requests"] == project.query("select count(*) from calls")[0][0]
    project.factory("build")
    stats = server.stats()
    assert stats["answered"] == len(stats["keys"]) == 6 * SEEDS  # nothing was asked twice
    _is_complete(project)


def test_seeds_that_were_not_read_yet_are_not_taken_for_none_and_an_interrupted_reading_goes_on(
    project: Project,
) -> None:
    for number in range(40):
        project.write(
            f"web/{number}.txt",
            ("The tide of bay " + f"{number} runs in twice a day, and so it goes on. ") * 30,
        )
    project.write(
        "catalog.yaml",
        """
        seeds:
          web: {source: text, path: web/*.txt, as: document, keep: shards}
          cut: {from: web, as: passage, with: {min_words: 1}}
        """,
    )
    reading = project.start("seeds", "--workers", "1")
    while reading.poll() is None:
        if (project.folder / "build/factory.duckdb.sock").exists():
            reading.send_signal(signal.SIGINT)
            break
        time.sleep(0.005)
    _, err = reading.communicate(timeout=60)
    assert reading.returncode in (0, 130)
    assert "Traceback" not in err, err
    assert "web: 40 seeds" in project.factory("seeds")
    assert len(project.query("select * from sets.cut")) == 40
