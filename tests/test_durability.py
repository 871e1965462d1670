"""Nothing paid is lost, nothing is done twice: a build killed at any instant, and one that is interrupted."""

from __future__ import annotations

import random
import signal
import time
from collections import Counter
from collections.abc import Callable

import duckdb
import pytest
from conftest import Project, Server

SEEDS, KILLS = 500, 20


def _prepare(project: Project, server: Server, datasets: str) -> None:
    project.questions(*(f"question {number}?" for number in range(SEEDS)))
    project.catalog(datasets, f"{{writer: {{model: rehearsal, api_base: '{server.address}', concurrency: 32}}}}")


def _recorded(project: Project) -> set[str]:
    """Keys of the replies that the store holds; none while it does not exist."""
    try:
        return {key for (key,) in project.query("select key from calls")}
    except duckdb.Error:
        return set()


@pytest.mark.timeout(900)
def test_a_build_killed_at_any_instant_goes_on_with_every_row_once(
    project: Project, serve: Callable[..., Server]
) -> None:
    server = serve("--delay", "0.05")
    _prepare(project, server, "  steps: {seeds: questions, generator: lab.steps}")
    chance = random.Random(20)
    answered_before_a_kill: Counter[str] = Counter()
    for _ in range(KILLS):
        build = project.start("build", "--quiet")
        time.sleep(chance.uniform(0.3, 2.5))
        build.send_signal(signal.SIGKILL)
        build.communicate(timeout=20)
        asked = Counter(server.stats()["keys"])
        for key in _recorded(project):
            # A reply that is in the store was asked for the last time: its count must not grow again.
            assert answered_before_a_kill.setdefault(key, asked_of(asked, project, key)) >= 0
    project.factory("build", "--quiet")
    assert project.query("select seeds, done, failed, stale, waiting from progress") == [(SEEDS, SEEDS, 0, 0, 0)]
    assert project.query("select count(*), count(distinct sample_id) from accepted") == [(2 * SEEDS,) * 2]
    assert project.query("select max(n) from (select count(*) n from runs group by dataset, seed_number)") == [(1,)]
    assert project.query("select count(*), count(distinct key) from calls") == [(6 * SEEDS,) * 2]
