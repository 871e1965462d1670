"""The parent in the sandbox: for each job it forks a child, waits, kills what is left, and cleans up.

It reads from descriptor 0 and writes to 1. A job arrives as a head and a body; the child itself reads the body.
What the child sends goes to the host in chunks, spliced through the kernel: nothing that a program says, and
nothing of its source, ever lies in this process, so the next child cannot inherit it. A job with tests has two
children: the program, and the judge that runs the tests and reaches the program through a socket pair alone.
"""

from __future__ import annotations

import contextlib
import ctypes
import fcntl
import gc
import importlib
import json
import os
import select
import signal
import sys
import time
from dataclasses import dataclass

from . import job
from .protocol import CHUNK, END, JOB, MAX_VALUES, WHYS
from .scratch import Scratch
from .seccomp import FIONREAD, Filter

_RENEWED_AFTER = 1024
_TICK = 0.1
_BRIEF = 0.003  # a job that ends before leaves its traces in the pipes: to wake for each would cost more


@dataclass(frozen=True)
class Order:
    """What this sandbox is for: `home` holds our modules, `packages` what programs may import besides the
    standard library, `processes` is how many a job may have, threads included (0: any number). `isolated` is false
    where the machine's user accepted a sandbox without walls."""

    language: str
    home: str
    packages: str
    scratch: str
    isolated: bool
    processes: int


def main() -> None:
    """Serves jobs until the host closes descriptor 0, beginning anew with fresh hashes every 1024 jobs.

    Arguments: the order as JSON, and 'again' where this is not the first beginning.
    """
    order = Order(**json.loads(sys.argv[1]))
    os.chdir(order.scratch)
    sys.path.append(order.packages)
    environment = dict(os.environ)
    warden = Warden(order, first=len(sys.argv) == 2)
    for _ in range(_RENEWED_AFTER):
        head = _read(JOB.size)
        if not head:
            return
        warden.serve(head)
    # Forked children share the parent's hash seed: a fresh interpreter draws a fresh one.
    again = [] if len(sys.argv) > 2 else ["again"]
    os.execve(sys.executable, [*sys.orig_argv, *again], environment)


class Warden:
    """Serves one job after another."""

    def __init__(self, order: Order, first: bool) -> None:
        self._order = order
        self._scratch = Scratch(order.scratch, own=order.isolated)
        self._filter = _filter(order)
        for module in job.PRELOADED[order.language].split():
            importlib.import_module(module)
        if order.language == "python":
            importlib.import_module("inside.program").rehearse()
        sys.path.remove(order.home)  # a program has the standard library and packages, not our modules
        job.settle(order.processes)
        if first:
            if self._filter:
                _lock_in(order.language, self._filter)
            _send(b"r", sys.version.encode())
        gc.collect()
        with contextlib.suppress(AttributeError):  # of glibc's alone
            ctypes.CDLL(None).malloc_trim(0)  # free memory that is the kernel's again costs a fork nothing
        gc.freeze()

    def serve(self, head: bytes) -> None:
        """One job, from its bodies on descriptor 0 to its report on 1."""
        length, judge_length, cpu_seconds, wall_seconds, memory_mb, kept, ends = JOB.unpack(head)
        limits = job.Limits(cpu_seconds, memory_mb)
        values, values_in = os.pipe()
        output, output_in = os.pipe()
        if judge_length:
            import socket  # what a warden holds each job pays for, and this only judges need

            ours, theirs = socket.socketpair()
            program = self._child(length, limits, output_in, (theirs.fileno(),), ready=theirs.fileno())
            theirs.close()
            judge = self._child(
                judge_length, limits, output_in, (values_in, ours.fileno()), wait=ours.fileno()
            )
            ours.close()
            pids = [judge, program]
        else:
            pids = [self._child(length, limits, output_in, (values_in,))]
        os.close(values_in)
        os.close(output_in)
        room = {values: MAX_VALUES, output: kept}
        bounded = (values, output) if ends else (values,)
        why, status = self._watch(pids, values, output, room, bounded, cpu_seconds, wall_seconds)
        clean = self._sweep(pids)
        _send(b"z", END.pack(WHYS.index(why), status, clean))
        if not clean:
            raise SystemExit("a job left more behind than can be swept")

    def _child(
        self,
        length: int,
        limits: job.Limits,
        output: int,
        channels: tuple[int, ...],
        ready: int | None = None,
        wait: int | None = None,
    ) -> int:
        """Forks a process that reads its body and runs it. Of two, the second reads when the first has."""
        pid = os.fork()
        if pid:
            return pid
        try:
            if wait is not None:
                os.read(wait, 1)
            body = _read(length)
            if ready is not None:
                os.write(ready, b"!")
            if not self._order.isolated:
                os.setsid()
            job.take(output, channels)
            job.run(body, self._order.language, limits, self._filter)
        finally:
            os._exit(70)

    def _watch(
        self,
        pids: list[int],
        values: int,
        output: int,
        room: dict[int, int],
        bounded: tuple[int, ...],
        cpu_limit: float,
        wall_limit: float,
    ) -> tuple[str, int]:
        """Relays what the children send until the first of them ends or a limit is passed. Gives why it was
        ended, one of WHYS, and the first one's exit status as of waitpid."""
        ended = os.pidfd_open(pids[0])
        poll = select.poll()
        poll.register(ended, select.POLLIN)
        poll.register(0, select.POLLRDHUP)
        wall_end = time.monotonic() + wall_limit
        ready = dict(poll.poll(_BRIEF * 1000))
        if not ready:
            poll.register(values, select.POLLIN)
            poll.register(output, select.POLLIN)
        why = ""
        while not why and ended not in ready:
            cpu = sum(map(_cpu_seconds, pids))
            left = min(cpu_limit - cpu, wall_end - time.monotonic(), _TICK)
            ready = dict(poll.poll(max(1, left * 1000)))
            if 0 in ready:
                self._kill(pids)
                raise SystemExit("the host is gone")
            for descriptor, kind in ((values, b"v"), (output, b"o")):
                if descriptor in ready and not _relay(descriptor, kind, room):
                    poll.unregister(descriptor)
            if min(room[descriptor] for descriptor in bounded) < 0:
                why = "values"
            elif left <= 0:
                why = "cpu" if cpu >= cpu_limit else "wall"
            elif self._scratch.flooded():
                why = "files"
        self._kill(pids)
        statuses = [os.waitpid(pid, 0)[1] for pid in pids]
        for descriptor, kind in ((values, b"v"), (output, b"o")):
            while room[descriptor] >= 0 and _relay(descriptor, kind, room):
                continue
        if min(room[descriptor] for descriptor in bounded) < 0:
            why = why or "values"
        for descriptor in (ended, values, output):
            os.close(descriptor)
        return why, statuses[0]

    def _kill(self, pids: list[int]) -> None:
        for pid in pids:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)

    def _sweep(self, pids: list[int]) -> bool:
        """Ends every process that is left and empties the scratch space. False where that is better left to
        a fresh sandbox: nothing of one job may be seen by the next."""
        with contextlib.suppress(ProcessLookupError, PermissionError):
            if self._order.isolated:
                os.kill(-1, signal.SIGKILL)
            else:
                for pid in pids:
                    os.killpg(pid, signal.SIGKILL)
        return self._scratch.sweep()


def _filter(order: Order) -> Filter | None:
    try:
        more = job.MORE_CALLS.get(order.language, ())
        return Filter(os.uname().machine, more, counted=order.language in job.BY_DATA)
    except OSError:
        if order.isolated:
            raise
        return None


def _lock_in(language: str, filter_: Filter) -> None:
    """Locks itself in, and a child once, so that a kernel which refuses is found before a program runs."""
    try:
        filter_.widen()
        pid = os.fork()
        if pid == 0:
            job.lock_in(language, job.Limits(10, 1024), filter_)
            os._exit(0)
    except OSError as error:
        raise SystemExit(f"this kernel does not lock a process in: {error}") from None
    if os.waitpid(pid, 0)[1] != 0:
        raise SystemExit("this kernel does not lock a child in")


def _cpu_seconds(pid: int) -> float:
    clock = (~pid << 3) | 2  # the CPU clock of another process: clock_getcpuclockid(3)
    return time.clock_gettime(clock)


def _relay(source: int, kind: bytes, room: dict[int, int]) -> bool:
    """Passes on what lies in a pipe, or throws away what is over its bound. False at the end of the pipe."""
    size = _waiting(source)
    if size == 0:
        return False
    passed = min(size, max(0, room[source]))
    room[source] -= size
    if passed:
        os.write(1, CHUNK.pack(kind, passed))
        _splice(source, 1, passed)
    _splice(source, _NOTHING, size - passed)
    return True


def _waiting(source: int) -> int:
    answer = fcntl.ioctl(source, FIONREAD, b"\0\0\0\0")
    return int.from_bytes(answer, sys.byteorder)


def _splice(source: int, target: int, count: int) -> None:
    while count:
        count -= os.splice(source, target, count)


_NOTHING = os.open("/dev/null", os.O_WRONLY)
while _NOTHING < job.LEAST_DESCRIPTOR:
    _NOTHING = os.open("/dev/null", os.O_WRONLY)


def _send(kind: bytes, payload: bytes) -> None:
    rest = CHUNK.pack(kind, len(payload)) + payload
    while rest:
        rest = rest[os.write(1, rest) :]


def _read(count: int) -> bytes:
    """Exactly so many bytes, or nothing where the host has closed."""
    found = part = os.read(0, count)
    while part and len(found) < count:
        part = os.read(0, count - len(found))
        found += part
    return found if part else b""
