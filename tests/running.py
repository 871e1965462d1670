"""An executor in an event loop of its own, as test files share it: what one program does to it, the next would feel."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any, Self

from factory.plugins import Executor
from factory.records import Outcome, Program


class Running:
    """Runs programs one after another; `defaults` are what each is, unless a test says otherwise."""

    def __init__(self, executor: Executor, **defaults: Any) -> None:
        self.executor, self.defaults = executor, {"memory_mb": 256, **defaults}
        self.loop = asyncio.Runner()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self.loop.run(self.executor.close())
        self.loop.close()

    async def started(self, source: str, calls: Sequence[str] = (), **more: Any) -> Outcome:
        return await self.executor.run(Program(source=source, calls=tuple(calls), **self.defaults | more))

    def run(self, source: str, *calls: str, **more: Any) -> Outcome:
        return self.loop.run(self.started(source, calls, **more))
