"""The limiter: how hard a model is driven, and how it gives way to what the model asks for."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest

from factory.teacher.limits import Bucket, Limiter


class Time:
    """A clock that moves only when somebody sleeps."""

    def __init__(self) -> None:
        self.now = 100.0

    def clock(self) -> float:
        return self.now

    async def sleep(self, seconds: float) -> None:
        self.now += seconds
        await asyncio.sleep(0)


def _limiter(concurrency: int, **settings: Any) -> tuple[Limiter, Time]:
    time = Time()
    return Limiter(concurrency, clock=time.clock, sleep=time.sleep, **settings), time


def test_no_more_calls_at_once_than_allowed_and_nobody_is_forgotten() -> None:
    limiter, _ = _limiter(3)
    seen: Counter[str] = Counter()

    async def call(number: int) -> None:
        turn = await limiter.enter()
        seen["active"] += 1
        seen["most"] = max(seen["most"], seen["active"])
        await asyncio.sleep(0)
        seen["active"] -= 1
        limiter.answered(turn, seconds=0.1, written=10)
        seen["done"] += 1

    async def run() -> None:
        tasks = [asyncio.create_task(call(number)) for number in range(40)]
        await asyncio.sleep(0)
        for task in tasks[10:20]:
            task.cancel()  # callers that give up while they wait leave no slot behind
        await asyncio.gather(*tasks, return_exceptions=True)
        assert seen["done"] == 30
        for _ in range(3):
            await asyncio.wait_for(limiter.enter(), 1)

    asyncio.run(run())
    assert seen["most"] == 3


def test_requests_and_tokens_a_minute_are_kept() -> None:
    async def elapsed(calls: int, tokens: int, **rates: float) -> float:
        limiter, time = _limiter(8, **rates)
        for _ in range(calls):
            turn = await limiter.enter(tokens)
            limiter.answered(turn, seconds=0.1, written=10)
        return time.now - 100.0

    assert asyncio.run(elapsed(121, 0, rpm=60)) == pytest.approx(120)
    assert asyncio.run(elapsed(11, 1000, tpm=6000)) == pytest.approx(100, rel=0.02)
    assert asyncio.run(elapsed(50, 1000)) == 0


def test_tokens_that_were_announced_and_not_used_are_given_back() -> None:
    time = Time()
    bucket = Bucket(6000, time.clock)
    bucket.take(1000)
    assert bucket.wait(1000) == pytest.approx(10)
    bucket.take(-900)
    assert bucket.wait(100) == pytest.approx(1)


def test_a_pause_holds_for_every_caller_until_it_is_over() -> None:
    async def run() -> float:
        limiter, time = _limiter(8)
        limiter.refused(await limiter.enter(), pause=30)
        await asyncio.gather(*(limiter.enter() for _ in range(5)))
        return time.now - 100.0

    assert asyncio.run(run()) == pytest.approx(30)


def test_a_pause_ends_when_a_later_call_comes_through() -> None:
    async def run() -> float:
        limiter, time = _limiter(8)
        refused, later = await limiter.enter(), await limiter.enter()
        limiter.refused(refused, pause=30)
        limiter.answered(later, seconds=0.1, written=10)
        await limiter.enter()
        return time.now - 100.0

    assert asyncio.run(run()) == 0


def test_calls_at_once_fall_with_refusals_and_rise_again() -> None:
    async def run() -> None:
        limiter, _ = _limiter(64)

        async def rounds(number: int, refused: Callable[[int], bool]) -> None:
            for place in range(number):
                turn = await limiter.enter()
                if refused(place):
                    limiter.refused(turn)
                else:
                    limiter.answered(turn, seconds=0.5, written=50)

        await rounds(64 + 32, lambda place: True)
        assert limiter.limit == 16  # halved by each round in which all were refused
        await rounds(500, lambda place: True)
        assert limiter.limit == 1
        await rounds(2000, lambda place: False)
        assert limiter.limit == 64
        await rounds(2000, lambda place: place % 10 == 0)
        assert limiter.limit > 48  # one in ten is refused whatever we do: fewer at once would not help
        limiter, _ = _limiter(64)
        for seconds in [1.0] * 64 + [20.0] * 400:
            limiter.answered(await limiter.enter(), seconds=seconds, written=50)
        assert limiter.limit < 32  # replies became twenty times slower
        limiter, _ = _limiter(64)
        for seconds in [0.001] * 64 + [0.4] * 400:
            limiter.answered(await limiter.enter(), seconds=seconds, written=50)
        assert limiter.limit == 64  # slower too, and still faster than anybody would notice

    asyncio.run(run())
