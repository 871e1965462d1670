"""A budget is a hard cap: what counts as spent is never less than what a provider could charge for."""

from __future__ import annotations

import asyncio
import random
import signal
import time
from collections import Counter
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from conftest import Project, Server

from factory.errors import TeacherError
from factory.teacher.budget import Budget, OverBudget, lost_attempt
from factory.teacher.model import Model, Price, Request

STEPS = "  steps: {seeds: questions, generator: lab.steps}"
ANSWERS = "  answers: {seeds: questions, generator: lab.answer}"
INPUT, OUTPUT = 3.0, 11.0
"""Prices for a million tokens."""
SEEDS, KILLS = 120, 5


def _models(server: Server, budget: float, **settings: Any) -> str:
    more = "".join(f", {name}: {value}" for name, value in settings.items())
    price = f"price: {{input: {INPUT}, output: {OUTPUT}}}"
    return f"{{writer: {{model: rehearsal, api_base: '{server.address}', budget: {budget}, {price}{more}}}}}"


def _charged(server: Server) -> float:
    """What a provider would charge for all that this server was asked, once nothing is under way there."""
    while (stats := server.stats())["requests"] != sum(stats["statuses"].values()):
        time.sleep(0.05)
    tokens = Counter(stats["tokens"])
    return float(tokens["prompt_tokens"] * INPUT + tokens["completion_tokens"] * OUTPUT) / 1e6


def _counted(project: Project) -> float:
    """What the store counts as spent."""
    if not (project.folder / "build/factory.duckdb").exists():
        return 0.0
    project.factory("sql", "select 1")
    return float(project.query("select coalesce(sum(amount), 0) from set_aside")[0][0])


# ------------------------------------------------------------------------------------- in builds


@pytest.mark.timeout(300)
def test_a_build_killed_at_any_instant_never_counts_less_than_was_charged(
    project: Project, serve: Callable[..., Server]
) -> None:
    server = serve("--delay", "0.1", "--drop", "0.02")
    project.questions(*(f"question {number}?" for number in range(SEEDS)))
    cap = 5.0
    project.catalog(STEPS, _models(server, cap, concurrency=16, max_tokens=200))
    chance = random.Random(6)
    for _ in range(KILLS):
        asked = server.stats()["requests"] + chance.randint(1, 100)
        build = project.start("build", "--quiet")
        while server.stats()["requests"] < asked and build.poll() is None:
            time.sleep(0.01)
        build.send_signal(signal.SIGKILL)
        build.communicate(timeout=20)
        charged = _charged(server)
        assert charged - 1e-9 <= _counted(project) <= cap + 1e-9
    lost = _counted(project)
    project.factory("build", "--quiet")
    assert _charged(server) - 1e-9 <= _counted(project) <= cap + 1e-9
    assert project.query("select done from progress") == [(SEEDS,)]
    # What was cut off is estimated by what replies took, and counts: once, and less than it could have been.
    assert project.query("select count(*) filter (settled), count(*) from set_aside") == [(KILLS + 1,) * 2]
    cost = project.query("select sum(cost) from calls")[0][0]
    cut_off = _counted(project) - cost
    at_most = (
        lost
        - project.query(
            "select sum(cost) from calls where build_id != (select max_by(build_id, started_at) from builds)"
        )[0][0]
    )
    assert 0 < cut_off < at_most
    told = project.factory("plan")
    assert "of what counts as spent is for calls whose replies were lost, or cut off with a build" in told
    project.questions(*(f"question {number}?" for number in range(SEEDS + 1)))
    project.factory("build", "--quiet")
    assert _counted(project) - project.query("select sum(cost) from calls")[0][0] == pytest.approx(cut_off)


def test_what_was_cut_off_counts_whole_while_few_replies_tell_what_it_may_have_cost(
    project: Project, serve: Callable[..., Server]
) -> None:
    server = serve("--delay", "0.3")
    project.questions(*(f"question {number}?" for number in range(40)))
    project.catalog(ANSWERS, _models(server, 5.0, concurrency=4, max_tokens=200))
    build = project.start("build", "--quiet")
    while server.stats()["requests"] < 12 and build.poll() is None:
        time.sleep(0.01)
    build.send_signal(signal.SIGKILL)
    build.communicate(timeout=20)
    dead = _counted(project)
    project.factory("build", "--quiet")
    assert project.query("select settled, amount from set_aside order by started_at")[0] == (False, dead)


def test_a_build_stops_at_its_cap_and_goes_on_when_it_is_raised(
    project: Project, serve: Callable[..., Server]
) -> None:
    server = serve()
    project.questions(*(f"question {number}?" for number in range(300)))
    project.catalog(ANSWERS, _models(server, 0.02, max_tokens=50))
    assert "the budget of 0.02 for rehearsal is used up" in project.factory("build", code=3)
    assert 0.01 < _charged(server) <= _counted(project) + 1e-9 <= 0.02 + 1e-9
    assert project.query("select status from builds") == [("capped",)]
    requests = server.stats()["requests"]
    project.factory("build", code=3)
    assert server.stats()["requests"] <= requests + 1  # nothing is left, and nothing more is asked
    project.catalog(ANSWERS, _models(server, 1.0, max_tokens=50))
    project.factory("build")
    assert project.query("select done from progress") == [(300,)]
    assert _counted(project) == pytest.approx(project.query("select sum(cost) from calls")[0][0])


def test_money_is_set_aside_in_blocks_of_many_calls(project: Project, serve: Callable[..., Server]) -> None:
    server = serve()
    project.questions(*(f"question {number}?" for number in range(600)))
    project.catalog(ANSWERS, _models(server, 50, max_tokens=50))
    project.factory("build")
    blocks, settled = project.query("select blocks, settled from set_aside")[0]
    assert settled
    assert blocks <= 3
    assert "nothing to do" in project.factory("build")
    assert project.query("select count(*) from set_aside") == [(1,)]
    assert _counted(project) == pytest.approx(project.query("select sum(cost) from calls")[0][0])


def test_replies_of_builds_without_a_budget_count_once_there_is_one(
    project: Project, serve: Callable[..., Server]
) -> None:
    server = serve()
    project.questions(*(f"question {number}?" for number in range(40)))
    project.catalog(ANSWERS, _models(server, 9).replace("budget: 9, ", ""))
    project.factory("build")
    spent = project.query("select sum(cost) from calls")[0][0]
    project.catalog(STEPS, _models(server, spent))
    assert f"{spent:.4f} counts as spent" in project.factory("build", code=3)
    assert server.stats()["requests"] == 40


def test_a_server_that_is_down_costs_nothing(project: Project, serve: Callable[..., Server]) -> None:
    server = serve()
    project.questions("one?", "two?")
    project.catalog(ANSWERS, _models(server, 5, retries=1))
    server.process.send_signal(signal.SIGTERM)
    server.process.wait(timeout=20)
    project.factory("build", code=1)
    assert _counted(project) == pytest.approx(0.0)


# --------------------------------------------------------------------------------- the budget alone

MODEL = Model(model="rehearsal", budget=1.0, price=Price(input=0.0, output=1e6 / 100), concurrency=4)
"""A cent a token."""


def _request(tokens: int) -> Request:
    return Request([], {"max_tokens": tokens})


class _Book:
    """What was made durable, slowly."""

    def __init__(self) -> None:
        self.written: list[float] = []

    async def write(self, amount: float) -> None:
        await asyncio.sleep(0.01)
        self.written.append(amount)


def _run(use: Callable[[Budget, _Book], Awaitable[None]], model: Model = MODEL) -> _Book:
    async def run() -> _Book:
        book = _Book()
        await use(Budget(model, book.write), book)
        return book

    return asyncio.run(run())


def test_a_call_starts_only_when_the_most_it_can_cost_is_written_down() -> None:
    async def use(budget: Budget, book: _Book) -> None:
        at_risk = 0.0

        async def call() -> None:
            nonlocal at_risk
            async with budget.reserve(_request(5), b"") as held:
                at_risk += 0.05
                assert at_risk <= sum(book.written) + 1e-9
                await asyncio.sleep(0.002)
                at_risk -= 0.05 - 0.01
                held.settle(0.01)

        await asyncio.gather(*(call() for _ in range(60)))
        assert budget.spent == pytest.approx(0.6)
        assert await budget.close() == pytest.approx(sum(book.written) - 0.6)

    assert len(_run(use).written) < 60


def test_no_more_calls_are_at_risk_than_run_at_once() -> None:
    async def use(budget: Budget, book: _Book) -> None:
        under_way, most = 0, 0

        async def call() -> None:
            nonlocal under_way, most
            async with budget.reserve(_request(1), b"") as held:
                under_way += 1
                most = max(most, under_way)
                await asyncio.sleep(0.001)
                under_way -= 1
                held.settle(0.0)

        await asyncio.gather(*(call() for _ in range(50)))
        assert most == MODEL.concurrency

    _run(use)


def test_the_cap_is_never_passed_and_whoever_waits_is_told() -> None:
    async def use(budget: Budget, book: _Book) -> None:
        async def call() -> None:
            async with budget.reserve(_request(10), b"") as held:
                await asyncio.sleep(0.001)
                held.settle(0.1)

        ended = await asyncio.gather(*(call() for _ in range(20)), return_exceptions=True)
        over = [error for error in ended if isinstance(error, OverBudget)]
        assert len(over) in (10, 11)  # ten tenths may or may not come to a whole
        assert "1.0000 counts as spent" in str(over[0]) or "0.9000 counts as spent" in str(over[0])
        assert sum(book.written) <= 1.0 + 1e-9

    _run(use)


@pytest.mark.parametrize(
    ("error", "spent"), [(TeacherError("refused"), 0.0), (RuntimeError("broke off"), 0.2)]
)
def test_a_call_that_was_refused_costs_nothing_and_one_that_broke_off_its_most(
    error: Exception, spent: float
) -> None:
    async def use(budget: Budget, book: _Book) -> None:
        with pytest.raises(type(error)):
            async with budget.reserve(_request(20), b""):
                raise error
        assert budget.spent == spent

    _run(use)


def test_an_attempt_whose_reply_was_lost_counts_and_the_next_is_set_aside_anew() -> None:
    async def use(budget: Budget, book: _Book) -> None:
        async with budget.reserve(_request(30), b"") as held:
            await lost_attempt(again=True)
            await lost_attempt(again=True)
            held.settle(0.05)
        assert budget.spent == pytest.approx(0.65)
        with pytest.raises(OverBudget):
            async with budget.reserve(_request(30), b""):
                await lost_attempt(again=True)
        assert budget.spent == pytest.approx(0.95)
        assert sum(book.written) <= 1.0 + 1e-9

    _run(use)


def test_a_store_that_takes_no_block_lets_no_call_through() -> None:
    async def use(budget: Budget, book: _Book) -> None:
        async def broken(amount: float) -> None:
            raise OSError("disk full")

        with pytest.raises(OSError, match="disk full"):
            async with Budget(MODEL, broken).reserve(_request(1), b""):
                pytest.fail("it was let through")

    _run(use)
