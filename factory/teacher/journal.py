"""The journal: replies and program runs are looked up first, made once, and durable before they are used."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Protocol, TypeVar

from factory.errors import ModelError, TeacherError
from factory.records import Outcome, Program
from factory.teacher.budget import Budget, OverBudget
from factory.teacher.model import Client, Hint, Model, Request

Row = Mapping[str, Any]
Made = TypeVar("Made")

IN_A_ROW = 8
"""Calls to one model that end without a reply, and none with one between, until the build stops: the seeds that wait
need not fail one by one."""


class Stopped(Exception):
    """The build is stopping: no new call may start. Not a failure; the seed waits for the next build."""


class Committer(Protocol):
    """The part of the store's writer that a journal needs."""

    async def commit(self, **rows: Sequence[Row]) -> None:
        """Returns once rows of the tables named are durable."""
        ...

    async def query(self, sql: str, parameters: Sequence[Any] | Mapping[str, Any]) -> list[tuple[Any, ...]]:
        """The rows of a SELECT."""
        ...


@dataclass(frozen=True, slots=True)
class Answered:
    """A recorded reply, as far as a generator and the accounts need it."""

    text: str
    finish_reason: str
    model: str
    cost: float


@dataclass
class Recorded:
    """The replies and outcomes of a range of seeds, by key."""

    replies: dict[str, Answered] = field(default_factory=dict)
    outcomes: dict[str, Outcome] = field(default_factory=dict)


@dataclass
class Tally:
    """What a build has asked and run so far: for the progress display and the closing table."""

    calls: int = 0
    reused: int = 0
    prompt_tokens: int = 0
    completion_tokens: int = 0
    cost: float = 0.0
    executions: int = 0
    in_flight: int = 0


@dataclass(frozen=True, slots=True)
class Place:
    """Where an ask stands, as it is stored with the reply."""

    key: str
    seed_number: int
    stream: str
    ordinal: int
    draw: int
    attempt: int
    dataset: str
    plugin: str

    def row(self, build_id: str) -> dict[str, Any]:
        """The columns that calls and executions share."""
        return {
            "key": self.key,
            "seed_number": self.seed_number,
            "stream": self.stream,
            "ordinal": self.ordinal,
            "draw": self.draw,
            "attempt": self.attempt,
            "dataset": self.dataset,
            "plugin": self.plugin,
            "build_id": build_id,
            "recorded_at": now(),
        }


@dataclass(frozen=True, slots=True)
class Asked:
    """Whom an ask goes to: the role, the entry of the catalogue that serves it, its model and client."""

    role: str
    entry: str
    model: Model
    client: Client
    hint: Hint


_last = [datetime.min]


def now() -> datetime:
    """UTC without zone, as the store keeps time; never earlier than what was told before, nor than `not_before`: of the
    rows of a seed the newest counts, also where a clock was put back."""
    _last[0] = max(_last[0], datetime.now(UTC).replace(tzinfo=None))
    return _last[0]


async def not_before(writer: Committer) -> None:
    """Lets time go on from the newest row of a store."""
    tables = ("runs", "verdicts", "dataset_checks", "failures")
    newest = " union all ".join(f"select max(recorded_at) as newest from {table}" for table in tables)
    [(at,)] = await writer.query(f"select max(newest) from ({newest})", [])
    if at:
        _last[0] = max(_last[0], at + timedelta(microseconds=1))


class Journal:
    """Asks models and runs programs on behalf of teachers, and keeps what came back.

    A reply is handed out only once it is committed. Two tasks that need the same key at once share one
    call. With `replay_only`, anything not recorded is a TeacherError.
    """

    def __init__(self, store: Committer, build_id: str, *, replay_only: bool = False) -> None:
        self.tally = Tally()
        self._store = store
        self._build_id = build_id
        self._replay_only = replay_only
        self._under_way: dict[str, asyncio.Task[Any]] = {}
        self.stopping = False
        self.stopped_because = ""
        self.capped = False
        self._unanswered: Counter[str] = Counter()
        self._budgets: Mapping[str, Budget] = {}

    def stop(self, why: str = "") -> None:
        """From now on no new call starts; those in flight end and are kept."""
        self.stopping = True
        self.stopped_because = self.stopped_because or why

    def keep_within(self, budgets: Mapping[str, Budget]) -> None:
        """Caps what the entries of the catalogue's models may cost."""
        self._budgets = budgets

    async def recorded(self, first: int, last: int) -> Recorded:
        """Everything recorded for the seeds numbered `first` to `last`, in two range scans."""
        found = Recorded()
        replies = "select key, reply, finish_reason, model, cost from calls where seed_number between ? and ?"
        for key, *rest in await self._store.query(replies, [first, last]):
            found.replies[key] = Answered(*rest)
        outcomes = "select key, outcome from executions where seed_number between ? and ?"
        for key, outcome in await self._store.query(outcomes, [first, last]):
            found.outcomes[key] = Outcome.model_validate_json(outcome)
        return found

    async def reply(self, place: Place, memory: Recorded, asked: Asked, request: Request) -> Answered:
        """The recorded reply of a key, or a new one, committed. Raises Stopped, or the client's error."""
        if known := memory.replies.get(place.key):
            self.tally.reused += 1
            return known
        answered = await self._once(place.key, lambda: self._ask(place, asked, request))
        memory.replies[place.key] = answered
        return answered

    async def _ask(self, place: Place, asked: Asked, request: Request) -> Answered:
        model, budget = asked.model, self._budgets.get(asked.entry)
        text = request.canonical()
        try:
            async with budget.reserve(request, text) if budget else nullcontext() as held:
                self.tally.in_flight += 1
                try:
                    reply = await asked.client.complete(request, place.draw, asked.hint)
                except ModelError as error:
                    if self.stopping:
                        raise Stopped from error
                    self._unserved(asked.entry, error)
                    raise
                finally:
                    self.tally.in_flight -= 1
                self._unanswered[asked.entry] = 0
                cost = model.cost(reply.prompt_tokens, reply.completion_tokens)
                if held:
                    # Without the endpoint's own counts the cost is a guess; its bytes bound it.
                    bound = model.cost(len(text), len(reply.text.encode())) if reply.estimated else 0.0
                    held.settle(max(cost, min(held.most, bound)))
        except OverBudget as error:
            self.capped = True
            self.stop(str(error))
            raise Stopped from error
        row = place.row(self._build_id) | {
            "section": asked.hint.section,
            "role": asked.role,
            "model": model.model,
            "request": text.decode(),
            "reply": reply.text,
            "finish_reason": reply.finish_reason,
            "prompt_tokens": reply.prompt_tokens,
            "completion_tokens": reply.completion_tokens,
            "cost": cost,
            "seconds": reply.seconds,
        }
        await self._store.commit(calls=[row])
        self.tally.calls += 1
        self.tally.prompt_tokens += reply.prompt_tokens
        self.tally.completion_tokens += reply.completion_tokens
        self.tally.cost += cost
        return Answered(reply.text, reply.finish_reason, model.model, cost)

    def _unserved(self, entry: str, error: ModelError) -> None:
        """Counts a call that a model gave no reply to; stops the build at too many."""
        self._unanswered[entry] += 1
        if self._unanswered[entry] >= IN_A_ROW:
            self.stop(f"stopped: {IN_A_ROW} calls in a row to the model '{entry}' got no reply: {error}")

    async def outcome(
        self, place: Place, memory: Recorded, program: Program, run: Callable[[Program], Awaitable[Outcome]]
    ) -> Outcome:
        """The recorded outcome of a program run, or a new one, committed."""
        if known := memory.outcomes.get(place.key):
            return known

        async def execute() -> Outcome:
            started = time.monotonic()
            outcome = await run(program)
            row = place.row(self._build_id) | {
                "language": program.language,
                "program": program.model_dump_json(),
                "status": outcome.status,
                "outcome": outcome.model_dump_json(),
                "seconds": time.monotonic() - started,
            }
            await self._store.commit(executions=[row])
            self.tally.executions += 1
            return outcome

        outcome = await self._once(place.key, execute)
        memory.outcomes[place.key] = outcome
        return outcome

    async def _once(self, key: str, make: Callable[[], Awaitable[Made]]) -> Made:
        """Runs `make` unless another task already does so for this key; both get its result."""
        task: asyncio.Task[Made] | None = self._under_way.get(key)
        if task is None:
            if self._replay_only:
                raise TeacherError("a replay needs a reply or a program run that was never recorded")
            if self.stopping:
                raise Stopped
            task = asyncio.ensure_future(make())
            self._under_way[key] = task
            task.add_done_callback(lambda _: self._under_way.pop(key, None))
        # A cancelled seed must not cancel a call that is paid for, or that another seed waits for.
        return await asyncio.shield(task)
