"""A cap on money: the most a call can cost is set aside before it is sent, and settled after."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from factory.teacher.model import Model, Request


class OverBudget(Exception):
    """The next call could go over the budget: nothing more may be sent."""


@dataclass
class Budget:
    """The budget of one entry of the catalogue's models, over all builds of a store.

    A call may cost at most as many prompt tokens as its request has bytes, and its `most_tokens` of reply. While
    others are in flight a call waits for them to settle; when none is left to wait for, OverBudget.
    """

    cap: float
    spent: float
    reserved: float = 0.0
    _settled: asyncio.Condition = field(default_factory=asyncio.Condition)

    @asynccontextmanager
    async def reserve(self, model: Model, request: Request) -> AsyncIterator[None]:
        """Holds the most that a request can cost while the block runs."""
        most = model.price.cost(len(request.canonical()), request.most_tokens) if model.price else 0.0
        async with self._settled:
            while self.spent + self.reserved + most > self.cap:
                if not self.reserved:
                    raise OverBudget(
                        f"the budget of {self.cap:g} for {model.model} is used up: {self.spent:.4f} spent,"
                        f" and the next call may cost {most:.4f}; raise 'budget:' and build again"
                    )
                await self._settled.wait()
            self.reserved += most
        try:
            yield
        finally:
            async with self._settled:
                self.reserved = max(0.0, self.reserved - most)
                self._settled.notify_all()

    def settle(self, cost: float) -> None:
        """Counts what a call really cost."""
        self.spent += cost
