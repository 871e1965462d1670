"""How hard a model may be driven: calls at once, requests and tokens a minute, and pauses it asks for.

Calls at once follow additive increase and multiplicative decrease (Chiu and Jain 1989), a round at a time,
in proportion to the share of calls that were refused (as in DCTCP, Alizadeh et al. 2010): where one call in
ten is refused whatever we do, fewer calls at once would only cost time.
"""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Awaitable, Callable

Clock = Callable[[], float]
Sleep = Callable[[float], Awaitable[None]]

SLOWED = 0.8
"""What a round of replies that were far slower leaves of the calls at once."""
SLOW = 5.0
"""Far slower: so many times the best pace of a round seen..."""
SLOW_FROM = 1.0
"""...and replies take at least so many seconds: below that a queue hurts nobody."""
SHORT = 32
"""Tokens: a shorter reply counts as one of this length, since most of its time is not writing."""
STEPS = 16
"""Rounds from no calls at once to the most."""
LOOK = 0.05
"""Seconds between looks at whether a pause is over early."""


class Bucket:
    """A token bucket that may go into debt: a large withdrawal waits until the bucket is full, no longer."""

    def __init__(self, per_minute: float, clock: Clock) -> None:
        self._rate = per_minute / 60
        self._capacity = max(1.0, self._rate)
        self._level = self._capacity
        self._clock = clock
        self._at = clock()

    def wait(self, amount: float) -> float:
        """Seconds until that much may be taken."""
        now = self._clock()
        self._level = min(self._capacity, self._level + (now - self._at) * self._rate)
        self._at = now
        return max(0.0, (min(amount, self._capacity) - self._level) / self._rate)

    def take(self, amount: float) -> None:
        """Takes it; a negative amount gives back what was not used."""
        self._level -= amount


class Limiter:
    """Lets the callers of one model through. `concurrency` is the most calls at once; it starts there.

    Use: ``turn = await limiter.enter(tokens)``, call, then one of ``answered``, ``refused`` and ``failed``.
    """

    def __init__(
        self,
        concurrency: int,
        rpm: float | None = None,
        tpm: float | None = None,
        *,
        clock: Clock = time.monotonic,
        sleep: Sleep = asyncio.sleep,
    ) -> None:
        self._most = concurrency
        self._limit = float(concurrency)
        self._active = 0
        self._waiting: deque[asyncio.Future[None]] = deque()
        self._requests = Bucket(rpm, clock) if rpm else None
        self._tokens = Bucket(tpm, clock) if tpm else None
        self._gate = asyncio.Lock()
        self._clock = clock
        self._sleep = sleep
        self._turn = 0
        self._resume_at = 0.0
        self._refused_turn = 0
        self._round = _Round()
        self._best_pace = float("inf")

    @property
    def limit(self) -> int:
        """How many calls may be under way now."""
        return int(self._limit)

    async def enter(self, tokens: int = 0) -> int:
        """Waits for a slot, the end of a pause, and the rates; gives the number of this turn.

        `tokens`: the most that this call may use.
        """
        await self._take_slot()
        try:
            if self._gate.locked() or self._delay(tokens) > 0:
                async with self._gate:  # in turn: a late caller must not overtake one that waits
                    while (delay := self._delay(tokens)) > 0:
                        await self._sleep(min(delay, LOOK) if self._resume_at else delay)
        except BaseException:
            self._free_slot()
            raise
        if self._requests:
            self._requests.take(1)
        if self._tokens:
            self._tokens.take(tokens)
        self._turn += 1
        return self._turn

    def answered(self, turn: int, *, seconds: float, written: int, unused: int = 0) -> None:
        """Ends a call that got its reply of `written` tokens; `unused`: those announced and not used."""
        if self._tokens:
            self._tokens.take(-unused)
        if turn > self._refused_turn:
            self._resume_at = 0.0  # a later call than the one refused came through: not everybody must wait
        self._round.add(seconds, written)
        self._end_turn()

    def refused(self, turn: int, *, pause: float = 0.0, unused: int = 0) -> None:
        """Ends a call that the model was too busy for. `pause`: the seconds it asks to stay away, which
        holds for every caller until a call sent later than this one comes through."""
        if self._tokens:
            self._tokens.take(-unused)
        if pause:
            self._resume_at = max(self._resume_at, self._clock() + pause)
            self._refused_turn = max(self._refused_turn, turn)
        self._round.refused += 1
        self._end_turn()

    def failed(self, *, unused: int = 0) -> None:
        """Ends a call that failed for a reason which says nothing of how busy the model is."""
        if self._tokens:
            self._tokens.take(-unused)
        self._free_slot()

    def _delay(self, tokens: int) -> float:
        delay = self._resume_at - self._clock() if self._resume_at else 0.0
        if self._requests:
            delay = max(delay, self._requests.wait(1))
        if self._tokens:
            delay = max(delay, self._tokens.wait(tokens))
        return delay

    def _end_turn(self) -> None:
        done = self._round
        if done.answered + done.refused >= self._limit:
            self._adapt(done)
            self._round = _Round()
        self._free_slot()

    def _adapt(self, done: _Round) -> None:
        share = done.refused / (done.answered + done.refused)
        slow = False
        if done.answered:
            pace = done.seconds / done.written
            self._best_pace = min(self._best_pace, pace)
            slow = pace > SLOW * self._best_pace and done.seconds >= SLOW_FROM * done.answered
        if slow and not share:
            self._limit *= SLOWED
        else:
            self._limit = self._limit * (1 - share / 2) + max(1.0, self._most / STEPS) * (1 - share)
        self._limit = min(float(self._most), max(1.0, self._limit))

    async def _take_slot(self) -> None:
        if self._active < int(self._limit) and not self._waiting:
            self._active += 1
            return
        ticket = asyncio.get_running_loop().create_future()
        self._waiting.append(ticket)
        try:
            await ticket
        except asyncio.CancelledError:
            if ticket.done() and not ticket.cancelled():
                self._free_slot()  # the slot came at the very moment of the cancellation
            raise

    def _free_slot(self) -> None:
        self._active -= 1
        while self._waiting and self._active < int(self._limit):
            ticket = self._waiting.popleft()
            if not ticket.done():
                self._active += 1
                ticket.set_result(None)


class _Round:
    """What happened to as many calls as may be under way at once."""

    __slots__ = ("answered", "refused", "seconds", "written")

    def __init__(self) -> None:
        self.answered = 0
        self.refused = 0
        self.seconds = 0.0
        self.written = 0

    def add(self, seconds: float, written: int) -> None:
        self.answered += 1
        self.seconds += seconds
        self.written += max(written, SHORT)
