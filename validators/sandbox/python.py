"""The executor of Python programs: each runs in a sandbox of its own while it runs.

A sandbox serves one job after another, so its start is paid once and a job costs one fork. Each job has an
empty scratch space, limits of CPU and memory, and a wall-clock limit wide enough that a busy machine does not
change what is found. A sandbox that dies, or that cannot be swept after a job, is replaced.
"""

from __future__ import annotations

import asyncio
import json
import os
import secrets
import signal
from dataclasses import dataclass
from typing import Literal, TypeAlias

from factory.errors import FactoryError, SandboxError
from factory.records import Outcome, Program
from validators.sandbox.channel import Report
from validators.sandbox.inside.warden import MAX_VALUES
from validators.sandbox.keeper import Job, Keeper, SandboxDied, Traces

_LARGE = 1 << 18
_TRIES = 2

Status: TypeAlias = Literal["ok", "error", "timeout", "memory", "crashed"]


class PythonExecutor:
    """Runs Python programs with bubblewrap, rlimits and seccomp; `workers` at a time (default: the cores).

    A program computes, uses files in its working directory (64 MB), and starts threads. It has no network,
    environment, other processes, nor any file but the standard library. The wall-clock limit is
    `wall_factor` x its CPU limit + `wall_slack` seconds. One executor belongs to one event loop.
    """

    def __init__(
        self, *, workers: int | None = None, wall_factor: float = 4.0, wall_slack: float = 5.0
    ) -> None:
        self._wall_factor = wall_factor
        self._wall_slack = wall_slack
        self._slots = asyncio.Semaphore(workers or len(os.sched_getaffinity(0)))
        self._idle: list[Keeper] = []
        self._busy: set[Keeper] = set()
        self._closed = False

    async def run(self, program: Program) -> Outcome:
        """Runs one program. Raises SandboxError where isolation cannot be had; never for a bad program."""
        if program.language != "python":
            raise SandboxError(f"the executor of Python was given a program in '{program.language}'")
        nonce = secrets.token_bytes(16)
        request = {"nonce": nonce.hex(), "source": program.source, "calls": program.calls}
        job = Job(
            body=json.dumps(request).encode(),
            cpu_seconds=program.cpu_seconds,
            wall_seconds=self._wall_factor * program.cpu_seconds + self._wall_slack,
            memory_mb=program.memory_mb,
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
            keeper = self._idle.pop() if self._idle else await Keeper.start()
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
    report = Report(traces.values, nonce, len(program.calls))
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
        return "crashed", f"its calls gave more than {MAX_VALUES >> 20} MB"
    if report.forged:
        return "crashed", report.forged
    if report.error is not None:
        return ("memory" if report.memory else "error"), report.error
    if report.ended:
        return "ok", ""
    if killed:
        return "crashed", f"ended by {signal.Signals(killed).name}"
    return "crashed", f"ended by itself with exit code {os.WEXITSTATUS(traces.status)} before its end"


@dataclass(frozen=True)
class Probe:
    """What this machine offers for running untrusted code."""

    available: bool
    found: str


def probe() -> Probe:
    """Runs one small program and says what was found. For the command line: it runs an event loop."""
    return asyncio.run(_probe())


async def _probe() -> Probe:
    executor = PythonExecutor(workers=1)
    try:
        source = "import sys\nversion = '.'.join(map(str, sys.version_info[:3]))"
        outcome = await executor.run(Program(source=source, calls=("version",)))
    except FactoryError as error:
        return Probe(False, str(error))
    finally:
        await executor.close()
    if not outcome.ok:
        return Probe(False, f"the sandbox starts, but a program in it fails: {outcome.error[-300:]}")
    return Probe(True, f"Python {outcome.results[0].value} runs in bubblewrap with seccomp and limits")
