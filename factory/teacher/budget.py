"""A cap on money: the most a call can cost is set aside, durably, before it is sent, and settled after.

Setting aside is written down in blocks of many calls, so that it costs no call a commit of its own. What a
build that was killed had set aside stays written down, and counts as spent.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from contextvars import ContextVar
from itertools import islice

from factory.errors import TeacherError
from factory.teacher.model import Model, Request

HEADROOM = 0.01
"""The share of the cap that a block holds beyond what is waiting: so much, at most twice, a crash adds to what its
calls in flight could cost."""


class OverBudget(Exception):
    """The next call could go over the budget: nothing more may be sent."""


class Budget:
    """The budget of one entry of the catalogue's models, over all builds of a store.

    A call may cost at most as many prompt tokens as its request has bytes, and its `most_tokens` of reply. As many
    as `Model.concurrency` allows are let through at once. While others are in flight a call waits for them to
    settle; when none is left to wait for, OverBudget. `write` makes a block durable; `spent` is what counts as
    spent so far, of which `unsettled` has no recorded reply to show for it.
    """

    def __init__(
        self,
        model: Model,
        write: Callable[[float], Awaitable[None]],
        spent: float = 0.0,
        unsettled: float = 0.0,
    ) -> None:
        self.cap = model.budget or 0.0
        self.spent = spent
        self.reserved = 0.0
        self.granted = spent
        """What is written down as spent or set aside: never less than `spent + reserved`."""
        self._model = model
        self._write = write
        self._unsettled = unsettled
        self._in_flight = 0
        self._crest = 0.0
        """The most that was ever set aside at once."""
        self._waiting: deque[tuple[float, asyncio.Future[None]]] = deque()
        self._writing: asyncio.Task[None] | None = None
        self._over: Exception | None = None

    @asynccontextmanager
    async def reserve(self, request: Request, text: bytes) -> AsyncIterator[Reservation]:
        """Holds the most that a request, `text` in its canonical form, can cost while the block runs.

        A block that ends without `settle` counts as charged, but for a TeacherError: then nothing came of it.
        """
        price = self._model.price
        held = Reservation(self, price.cost(len(text), request.most_tokens) if price else 0.0)
        await self.take(held.most)
        token = _HELD.set(held)
        try:
            yield held
        except TeacherError:
            held.settle(0.0)
            raise
        finally:
            _HELD.reset(token)
            held.settle(held.most)

    async def take(self, most: float) -> None:
        """Sets `most` aside, durably. Raises OverBudget, or the error of `write`."""
        ticket = asyncio.get_running_loop().create_future()
        self._waiting.append((most, ticket))
        self._advance()
        try:
            await ticket
        except asyncio.CancelledError:
            if ticket.done() and not ticket.cancelled():
                self.give_back(most, 0.0)  # it was let through at the very moment of the cancellation
            raise

    def give_back(self, most: float, cost: float) -> None:
        """Ends what `take` began: of the `most` set aside, `cost` is spent."""
        self._in_flight -= 1
        self.spent += cost
        # Sums of fractions drift; nothing in flight holds nothing.
        self.reserved = max(0.0, self.reserved - most) if self._in_flight else 0.0
        self._advance()

    @property
    def begun(self) -> bool:
        """Whether anything was ever asked to be set aside."""
        return self._crest > 0

    async def close(self) -> float:
        """What is written down and neither spent nor at risk: to be struck out, once nothing more is sent."""
        if self._writing is not None:
            await asyncio.wait([self._writing])
        free, self.granted = self.granted - self.spent - self.reserved, self.spent + self.reserved
        return max(0.0, free)

    def _advance(self) -> None:
        """Lets through, in turn, whoever may go."""
        while self._waiting:
            most, ticket = self._waiting[0]
            if ticket.done():
                self._waiting.popleft()
                continue
            if self._over is None and self._in_flight >= self._model.concurrency:
                break
            goal = self.spent + self.reserved + most
            if self._over is None and goal > self.cap and not self._in_flight:
                self._over = OverBudget(self._told(most))
            if self._over is not None:
                self._waiting.popleft()
                ticket.set_exception(self._over)
                continue
            if goal > min(self.granted, self.cap):
                break
            self._waiting.popleft()
            self._in_flight += 1
            self.reserved += most
            ticket.set_result(None)
        self._look_ahead()

    def _look_ahead(self) -> None:
        """Writes the next block before this one is used up, so that calls seldom wait for it."""
        slots = max(0, self._model.concurrency - self._in_flight)
        wanted = self.reserved + sum(most for most, _ in islice(self._waiting, slots))
        # Calls come in waves, since commits end many at once: a block that fits the trough would stop the next crest.
        self._crest = max(self._crest, wanted)
        low = self.granted < self.spent + self._crest + HEADROOM * self.cap / 2
        if wanted and low and self.granted < self.cap and self._writing is None and self._over is None:
            self._writing = asyncio.ensure_future(self._grant())

    async def _grant(self) -> None:
        # Reckoned here, not where it was decided: calls that came in the meantime share the block.
        goal = min(self.cap, self.spent + self._crest + HEADROOM * self.cap)
        try:
            await self._write(goal - self.granted)
        except Exception as error:  # whatever it is, the calls that wait for the block must hear of it
            self._over = error
        else:
            self.granted = goal
        self._writing = None
        self._advance()

    def _told(self, most: float) -> str:
        told = (
            f"the budget of {self.cap:g} for {self._model.model} is used up: {self.spent:.4f} counts as spent"
        )
        if self._unsettled >= 0.0001:
            told += (
                f" ({self._unsettled:.4f} of it by builds that were cut off, and for replies that were lost)"
            )
        return f"{told}, and the next call may cost {most:.4f}; raise 'budget:' and build again"


class Reservation:
    """What is set aside for one call under way."""

    def __init__(self, budget: Budget, most: float) -> None:
        self.most = most
        self._budget = budget
        self._open = True

    def settle(self, cost: float) -> None:
        """Counts what the call cost, and lets go of the rest; once settled, nothing more."""
        if self._open:
            self._open = False
            self._budget.give_back(self.most, cost)

    async def lost(self, *, again: bool) -> None:
        """An attempt without a reply may be charged all the same: its most counts as spent."""
        self.settle(self.most)
        if again:
            await self._budget.take(self.most)
            self._open = True


_HELD: ContextVar[Reservation | None] = ContextVar("reservation", default=None)


async def lost_attempt(*, again: bool) -> None:
    """A client says that what it sent got no reply, and may be charged all the same; with `again` it will send once
    more, for which as much is set aside. Raises OverBudget. Does nothing where the model has no budget."""
    if held := _HELD.get():
        await held.lost(again=again)
