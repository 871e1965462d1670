"""The teacher: everything that a generator or a validator sees of models, programs and chance."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Coroutine, Mapping, Sequence
from contextvars import ContextVar, copy_context
from dataclasses import dataclass, field, replace
from typing import Any, TypeVar, overload

from pydantic import BaseModel

from factory.errors import TeacherError, did_you_mean
from factory.judges import Judges
from factory.plugins import Executor, Generator, Judge, Policy, Validator
from factory.records import Outcome, Program, content_hash
from factory.teacher.journal import Answered, Asked, Journal, Place, Recorded, Stopped
from factory.teacher.model import Client, Hint, Model, ReplySchema, Request, entry_of
from factory.teacher.policies import Policies, PolicyClient, RecordedPolicy
from factory.teacher.prompts import Prompts
from factory.teacher.replies import Misfit, parse, repair_messages
from factory.teacher.streams import Mark, Stream, attempt_at

SchemaT = TypeVar("SchemaT", bound=BaseModel)
ResultT = TypeVar("ResultT")
Extra = Mapping[str, Any] | None

REPAIRS = 2
"""How often a reply that does not fit its schema is asked again with the error."""

_BRANCH: ContextVar[tuple[Teacher, Stream] | None] = ContextVar("branch", default=None)
"""The branch of `gather` that the running code is in: each branch has a context of its own."""


@dataclass(frozen=True)
class Resources:
    """What all teachers of a build share. Clients go by role, executors by language."""

    models: Mapping[str, Model]
    clients: Mapping[str, Client]
    executors: Mapping[str, Executor]
    policies: Policies
    judges: Judges

    def stand_in(self, role: str) -> str:
        """The role whose model serves: itself, or `writer` where the catalogue does not name it."""
        return entry_of(role, self.models)


@dataclass
class Used:
    """What a teacher handed out: for the run's lineage, the sample's model and the seed's cost."""

    calls: list[str] = field(default_factory=list)
    executions: list[str] = field(default_factory=list)
    models: set[str] = field(default_factory=set)
    cost: float = 0.0


@dataclass(frozen=True)
class Subject:
    """What a teacher serves: a seed in a dataset, its stream, and where earlier attempts failed."""

    dataset: str
    seed_id: str
    seed_number: int
    stream: str = ""
    marks: Sequence[Mark] = ()


class Teacher:
    """Asks models, runs programs and draws, for one seed (or one sample, where a validator asks).

    Whatever it returns is recorded before it is returned, and returned again by a replay.
    """

    def __init__(
        self,
        plugin: Generator | Validator,
        prompts: Prompts | None,
        subject: Subject,
        resources: Resources,
        journal: Journal,
        memory: Recorded,
    ) -> None:
        self.used = Used()
        self.draws: dict[str, Any] = {}
        self._plugin = plugin
        self._prompts = prompts
        self._subject = subject
        self._resources = resources
        self._journal = journal
        self._memory = memory
        self._root = Stream.start(subject.seed_id, subject.stream)
        self._failed_branch: Mark | None = None

    @property
    def random(self) -> random.Random:
        """The only randomness there is: decided by seed and stream, the same in every replay."""
        return self._stream.random

    @overload
    async def ask(
        self, section: str, *, n: int, role: str = ..., rehearsal: Extra = ..., **variables: Any
    ) -> list[str]: ...
    @overload
    async def ask(
        self,
        section: str,
        schema: type[SchemaT],
        *,
        n: int,
        role: str = ...,
        rehearsal: Extra = ...,
        **variables: Any,
    ) -> list[SchemaT]: ...
    @overload
    async def ask(
        self, section: str, *, role: str = ..., rehearsal: Extra = ..., **variables: Any
    ) -> str: ...
    @overload
    async def ask(
        self,
        section: str,
        schema: type[SchemaT],
        *,
        role: str = ...,
        rehearsal: Extra = ...,
        **variables: Any,
    ) -> SchemaT: ...
    async def ask(
        self,
        section: str,
        schema: type[BaseModel] | None = None,
        *,
        role: str = "writer",
        n: int | None = None,
        rehearsal: Extra = None,
        **variables: Any,
    ) -> Any:
        """Renders a section of the plugin's prompts, asks the model of that role, and returns its reply.

        Text, or an instance of `schema`; with `n`, a list of n independent replies. A reply that does not
        fit is asked again with the error, at most `REPAIRS` times. Raises TeacherError, which fails the seed.
        """
        self._check_declared(role)
        messages = self._prompts_of(section).messages(section, variables)
        model = self._resources.models[self._resources.stand_in(role)]
        request = Request(messages, model.sampling(), None if schema is None else ReplySchema.of(schema))
        stream, ordinal = self._stream, self._stream.next_ordinal()
        draws = stream.take_draws(content_hash(request.canonical().decode()), 1 if n is None else n)

        async def one(draw: int) -> Any:
            hint = self._hint(section, {**variables, **(rehearsal or {})}, draw, stream.name)
            return await self._fitting(request, schema, role, stream, ordinal, draw, hint)

        if n is None:
            return await one(draws[0])
        tasks = [asyncio.ensure_future(one(draw)) for draw in draws]
        if tasks:
            await asyncio.wait(tasks)
        return _results(tasks)

    async def gather(self, *branches: Coroutine[Any, Any, ResultT]) -> list[ResultT]:
        """Runs branches at once, each with its own stream, draws and randomness; returns their results.

        When one fails the others still end, since their replies are paid for; then the first error is raised.
        """
        loop = asyncio.get_running_loop()
        streams = self._stream.branches(self._subject.seed_id, len(branches))
        tasks = []
        for branch, stream in zip(branches, streams, strict=True):
            context = copy_context()
            context.run(_BRANCH.set, (self, stream))
            tasks.append(loop.create_task(branch, context=context))
        if tasks:
            await asyncio.wait(tasks)
        for task, stream in zip(tasks, streams, strict=True):
            if self._failed_branch is None and task.exception() is not None:
                self._failed_branch = Mark(stream.name, stream.ordinal - 1)
        return _results(tasks)

    async def run(
        self,
        source: str,
        calls: Sequence[str] = (),
        *,
        language: str = "python",
        cpu_seconds: float = 5.0,
        memory_mb: int = 512,
        tests: str = "",
        stdin: str | None = None,
    ) -> Outcome:
        """Runs a program in the sandbox, then evaluates each call in it. Recorded as replies are.

        With `tests` (asserts, test functions) these judge it instead, from a process of their own; with `stdin`
        it runs as a whole program, and its output is what counts.
        Raises TeacherError for a language without an executor, SandboxError where isolation cannot be had.
        """
        executor = self._resources.executors.get(language)
        if executor is None:
            raise TeacherError(
                f"no executor for '{language}'{did_you_mean(language, self._resources.executors)}"
            )
        program = Program(
            source=source,
            calls=tuple(calls),
            tests=tests,
            stdin=stdin,
            language=language,
            cpu_seconds=cpu_seconds,
            memory_mb=memory_mb,
        )
        stream, ordinal = self._stream, self._stream.next_ordinal()
        request = program.model_dump_json()
        draw = stream.take_draws(content_hash("run", request), 1)[0]
        place = self._place(stream.name, ordinal, draw, self._attempt(stream, ordinal, draw), "run", request)
        outcome = await self._journal.outcome(place, self._memory, program, executor.run)
        self.used.executions.append(place.key)
        return outcome

    def policy(self, role: str) -> Policy:
        """The policy of a role: a model that samples token ids, its rollouts recorded as replies are.

        Raises TeacherError for a model that cannot sample ids, or a role that the plugin does not declare.
        """
        self._check_declared(role)
        policy = self._resources.policies.of(self._resources.stand_in(role))
        client = PolicyClient(policy)

        async def recorded(request: Request) -> str:
            stream, ordinal = self._stream, self._stream.next_ordinal()
            asked = request.canonical().decode()
            draw = stream.take_draws(content_hash(asked), 1)[0]
            place = self._place(stream.name, ordinal, draw, self._attempt(stream, ordinal, draw), asked)
            answered = await self._answered(place, request, role, self._hint("sample", {}), client)
            return answered.text

        return RecordedPolicy(policy, recorded)

    async def judge(self, plugin: Validator, settings: BaseModel) -> Judge:
        """A validator that a generator asks itself: one for the whole build, set up when it is first asked for."""
        return await self._resources.judges.of(plugin, settings)

    @overload
    def draw(self, axis: str) -> str: ...
    @overload
    def draw(self, axis: str, n: int) -> list[str]: ...
    def draw(self, axis: str, n: int | None = None) -> Any:
        """One value of a declared axis, or `n` different ones (all where it has fewer); recorded with the samples that
        follow. Raises TeacherError for an axis that is not declared."""
        axes = self._plugin.axes if isinstance(self._plugin, Generator) else {}
        if axis not in axes:
            raise TeacherError(f"{self._plugin.name} declares no axis '{axis}'{did_you_mean(axis, axes)}")
        drawn = self.random.sample(list(axes[axis]), 1 if n is None else min(n, len(axes[axis])))
        result = drawn[0] if n is None else drawn
        self.draws[axis] = result
        return result

    def mark(self, error: BaseException) -> Mark:
        """Where a retry must ask anew after this error."""
        if isinstance(error, Misfit):
            return error.mark
        if isinstance(error, TeacherError):
            return Mark()
        return self._failed_branch or Mark(self._root.name, self._root.ordinal - 1)

    @property
    def _stream(self) -> Stream:
        branch = _BRANCH.get()
        return branch[1] if branch is not None and branch[0] is self else self._root

    def _check_declared(self, role: str) -> None:
        if role not in self._plugin.roles:
            raise TeacherError(
                f"{self._plugin.name} asks the role '{role}' without declaring it"
                f"{did_you_mean(role, self._plugin.roles)}; add it to roles=(...)"
            )

    def _hint(self, section: str, variables: Mapping[str, Any], draw: int = 0, stream: str = "") -> Hint:
        kind = "generator" if isinstance(self._plugin, Generator) else "validator"
        return Hint(kind, self._plugin.name, section, variables, self._subject.seed_id, draw, stream)

    def _prompts_of(self, section: str) -> Prompts:
        if self._prompts is None:
            raise TeacherError(
                f"{self._plugin.name} asks section '{section}' of {self._plugin.prompts}, which is not there;"
                " where it was left out of a package, setuptools wants: package-data = {'*' = ['*.md']}"
            )
        return self._prompts

    def _attempt(self, stream: Stream, ordinal: int, draw: int) -> int:
        return attempt_at(self._subject.marks, stream.name, ordinal, draw)

    def _place(self, stream: str, ordinal: int, draw: int, attempt: int, *request: str) -> Place:
        subject = self._subject
        key = content_hash(subject.seed_id, stream, request, draw, attempt)
        return Place(
            key, subject.seed_number, stream, ordinal, draw, attempt, subject.dataset, self._plugin.name
        )

    async def _fitting(
        self,
        request: Request,
        schema: type[BaseModel] | None,
        role: str,
        stream: Stream,
        ordinal: int,
        draw: int,
        hint: Hint,
    ) -> Any:
        """One reply that fits, asked again with the error at most `REPAIRS` times."""
        attempt = self._attempt(stream, ordinal, draw)
        name = stream.name
        for repair in range(1, REPAIRS + 2):
            place = self._place(name, ordinal, draw, attempt, request.canonical().decode())
            answered = await self._answered(place, request, role, hint)
            try:
                return parse(answered.text, answered.finish_reason, schema)
            except Misfit as fault:
                if repair > REPAIRS:
                    error = Misfit(
                        f"{self._plugin.name}, section '{hint.section}', model {answered.model}: {fault}"
                    )
                    error.mark = Mark(stream.name, ordinal, draw)
                    raise error from fault
                request = replace(
                    request, messages=[*request.messages, *repair_messages(answered.text, str(fault))]
                )
                # A stream of its own for each repair: draws there never depend on how siblings are timed.
                name = f"{stream.name}/repair:{ordinal}.{repair}"
        raise AssertionError("unreachable")

    async def _answered(
        self, place: Place, request: Request, role: str, hint: Hint, client: Client | None = None
    ) -> Answered:
        entry = self._resources.stand_in(role)
        client = client or self._resources.clients[entry]
        asked = Asked(role, entry, self._resources.models[entry], client, hint)
        answered = await self._journal.reply(place, self._memory, asked, request)
        self.used.calls.append(place.key)
        self.used.models.add(answered.model)
        self.used.cost += answered.cost
        return answered


def _results(tasks: Sequence[asyncio.Task[ResultT]]) -> list[ResultT]:
    """The results of ended tasks, or the first error; a stop goes first, since the seed then waits."""
    errors = [error for task in tasks if (error := task.exception()) is not None]
    errors.sort(key=lambda error: not isinstance(error, Stopped))
    if errors:
        raise errors[0]
    return [task.result() for task in tasks]
