"""What the executors of all languages share: sandboxes that serve one job after another.

The start of a sandbox is paid once and a job costs one fork. Each job has an empty scratch space, limits of CPU
and memory, and a wall-clock limit wide enough that a busy machine does not change what is found. A sandbox that
dies, or that cannot be swept after a job, is replaced.
"""

from __future__ import annotations

import asyncio
import marshal
import os
import secrets
import signal
from typing import Any, Literal, TypeAlias

from factory.errors import SandboxError
from factory.plugins import Isolation
from factory.records import Outcome, Program
from validators.sandbox.channel import Report
from validators.sandbox.inside.protocol import MAX_VALUES
from validators.sandbox.inside.scratch import MAX_FILES
from validators.sandbox.keeper import Job, Keeper, SandboxDied, Traces
from validators.sandbox.runtimes import Runtime

OUTPUT = 64 << 10
WHOLE_OUTPUT = 16 << 20
"""How many bytes of output are kept: of a program whose calls count, and of one whose output does."""

_LARGE = 1 << 18
_TRIES = 2

Status: TypeAlias = Literal["ok", "error", "timeout", "memory", "crashed"]


class SandboxExecutor:
    """Runs programs of one language with bubblewrap, rlimits and seccomp; `workers` at a time (default: the
    cores). The wall-clock limit is `wall_factor` x the CPU limit + `wall_slack` seconds. `isolation='unsafe'`
    goes without bubblewrap. One executor belongs to one event loop.
    """

    runtime: Runtime
    forms: frozenset[str] = frozenset({"calls"})
    """How a program may be judged: by calls, tests, stdin."""

    def __init__(
        self,
        *,
        workers: int | None = None,
        wall_factor: float = 4.0,
        wall_slack: float = 5.0,
        isolation: Isolation = "bubblewrap",
    ) -> None:
        self._wall_factor = wall_factor
        self._wall_slack = wall_slack
        self._isolation = isolation
        self._slots = asyncio.Semaphore(workers or len(os.sched_getaffinity(0)))
        self._idle: list[Keeper] = []
        self._busy: set[Keeper] = set()
        self._closed = False

    def bodies(self, program: Program, nonce: bytes) -> tuple[dict[str, Any], dict[str, Any] | None]:
        """What the program's process is told, and what its judge is, where it has one."""
        raise NotImplementedError

    def about(self) -> str:
        """What programs may use, for `factory doctor`."""
        return self.runtime.about()

    async def run(self, program: Program) -> Outcome:
        """Runs one program. Raises SandboxError where isolation cannot be had; never for a bad program."""
        if program.language != self.runtime.language:
            raise SandboxError(
                f"the executor of {self.runtime.language} was given a program in '{program.language}'"
            )
        form = "tests" if program.tests else "calls" if program.stdin is None else "stdin"
        if form not in self.forms:
            return Outcome(status="error", error=f"no program in {program.language} is judged by {form}")
        nonce = secrets.token_bytes(16)
        body, judge = self.bodies(program, nonce)
        job = Job(
            body=marshal.dumps(body),
            judge=marshal.dumps(judge) if judge else b"",
            cpu_seconds=program.cpu_seconds,
            wall_seconds=self._wall_factor * program.cpu_seconds + self._wall_slack,
            memory_mb=program.memory_mb,
            output=OUTPUT if program.stdin is None else WHOLE_OUTPUT,
            bounded=program.stdin is not None,
        )
        async with self._slots:
            traces = await self._traces(job)
        if traces is None:
            return Outcome(status="crashed", error="the sandbox died while it ran, twice")
        if len(traces.values) > _LARGE:
            return await asyncio.to_thread(_outcome, traces, nonce, program)
        return _outcome(traces, nonce, program)

    async def _traces(self, job: Job) -> Traces | None:
        """What the job left, or None where sandbox after sandbox died of it."""
        for _ in range(_TRIES):
            if self._closed:
                raise SandboxError("the executor is closed")
            keeper = self._idle.pop() if self._idle else await Keeper.start(self.runtime, self._isolation)
            self._busy.add(keeper)
            try:
                traces = await keeper.serve(job)
            except SandboxDied:
                await keeper.end()
                continue
            except BaseException:
                keeper.kill()
                raise
            finally:
                self._busy.discard(keeper)
            if traces.clean and not self._closed:
                self._idle.append(keeper)
            else:
                await keeper.end()
            return traces
        return None

    async def close(self) -> None:
        """Ends every process it started; programs that still run end as crashed, later ones are refused."""
        self._closed = True
        keepers, self._idle = [*self._idle, *self._busy], []
        await asyncio.gather(*(keeper.end() for keeper in keepers))


def _outcome(traces: Traces, nonce: bytes, program: Program) -> Outcome:
    report = Report(traces.values, nonce, None if program.tests else len(program.calls))
    status, error = _status(report, traces, program)
    return Outcome(
        status=status,
        results=tuple(report.results),
        output=traces.output.decode("utf-8", "replace"),
        error=error,
    )


def _status(report: Report, traces: Traces, program: Program) -> tuple[Status, str]:
    """How it ended, and why in words. The kernel's word on a limit goes before the program's own."""
    killed = os.WTERMSIG(traces.status) if os.WIFSIGNALED(traces.status) else 0
    if traces.why == "cpu" or killed == signal.SIGXCPU:
        return "timeout", f"used more than {program.cpu_seconds:g} s of CPU"
    if traces.why == "wall":
        return "timeout", f"still waiting long after its {program.cpu_seconds:g} s of CPU time"
    if traces.why == "values":
        return (
            "crashed",
            f"it gave more than {MAX_VALUES >> 20} MB, or printed more than {WHOLE_OUTPUT >> 20}",
        )
    if traces.why == "files":
        return "crashed", f"it made more than {MAX_FILES:,} files"
    if report.forged:
        return "crashed", report.forged
    if report.error is not None:
        return ("memory" if report.memory else "error"), report.error
    if traces.status == 0 if program.stdin is not None else report.ended:
        return "ok", ""
    if killed:
        names = {int(known): known.name for known in signal.Signals}
        return "crashed", f"ended by {names.get(killed, f'signal {killed}')}"  # real-time ones have no name
    return "crashed", f"ended by itself with exit code {os.WEXITSTATUS(traces.status)} before its end"
