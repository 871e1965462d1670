"""The parent in the sandbox: for each job it forks a child, waits, kills what is left, and cleans up.

It reads from descriptor 0 and writes to 1. A job arrives as a head and a body; the child itself reads the body.
What the child sends goes to the host in chunks, spliced through the kernel: nothing that a program says, and
nothing of its source, ever lies in this process, so the next child cannot inherit it. A job with tests has two
children: the program, and the judge that runs the tests and reaches the program through a socket pair alone.
"""

from __future__ import annotations

import contextlib
import fcntl
import gc
import importlib
import json
import os
import platform
import select
import signal
import socket
import struct
import sys
import termios
import time
from dataclasses import dataclass

from . import job
from .scratch import Scratch
from .seccomp import Filter

JOB = struct.Struct("!IIddIII?")
"""Head of a job: length of the program's body and of the judge's (0: there is none), CPU seconds of both
together, wall seconds, megabytes, processes (0: not limited), how many bytes of output are kept, and whether a
program that prints more is ended."""

CHUNK = struct.Struct("!cI")
"""Head of a chunk: v (values), o (output), z (the end: a JSON report), r (ready); and its length."""

MAX_VALUES = 32 << 20
_RENEWED_AFTER = 256
_TICK = 0.1


@dataclass(frozen=True)
class Order:
    """What this sandbox is for: `home` holds our modules, `packages` what programs may import besides the
    standard library. `isolated` is false where the machine's user accepted a sandbox without walls."""

    language: str
    home: str
    packages: str
    scratch: str
    isolated: bool


def main() -> None:
    """Serves jobs until the host closes descriptor 0, beginning anew with fresh hashes every 256 jobs.

    Arguments: the order as JSON, and 'again' where this is not the first beginning.
    """
    order = Order(**json.loads(sys.argv[1]))
    os.chdir(order.scratch)
    sys.path.append(order.packages)
    warden = Warden(order, first=len(sys.argv) == 2)
    for _ in range(_RENEWED_AFTER):
        head = _read(JOB.size)
        if not head:
            return
        warden.serve(head)
    # Forked children share the parent's hash seed: a fresh interpreter draws a fresh one.
    again = [] if len(sys.argv) > 2 else ["again"]
    os.execv(sys.executable, [*sys.orig_argv, *again])


class Warden:
    """Serves one job after another."""

    def __init__(self, order: Order, first: bool) -> None:
        self._order = order
        self._scratch = Scratch(order.scratch, own=order.isolated)
        self._filter = _filter(order)
        for module in job.PRELOADED[order.language].split():
            importlib.import_module(module)
        if first:
            if self._filter:
                _rehearse(order.language, self._filter)
            _send(b"r", sys.version.encode())
        gc.collect()
        gc.freeze()

    def serve(self, head: bytes) -> None:
        """One job, from its bodies on descriptor 0 to its report on 1."""
        length, judge_length, cpu_seconds, wall_seconds, memory_mb, processes, kept, ends = JOB.unpack(head)
        limits = job.Limits(cpu_seconds, memory_mb, processes)
        values, values_in = os.pipe()
        output, output_in = os.pipe()
        if judge_length:
            ours, theirs = socket.socketpair()
            program = self._child(length, limits, output_in, (theirs.fileno(),), ready=theirs)
            theirs.close()
            judge = self._child(judge_length, limits, output_in, (values_in, ours.fileno()), wait=ours)
            ours.close()
            pids = [judge, program]
        else:
            pids = [self._child(length, limits, output_in, (values_in,))]
        os.close(values_in)
        os.close(output_in)
        room = {values: MAX_VALUES, output: kept}
        bounded = (values, output) if ends else (values,)
        why, cpu, status = self._watch(pids, values, output, room, bounded, cpu_seconds, wall_seconds)
        clean = self._sweep(pids)
        report = {"why": why, "status": status, "cpu": cpu, "clean": clean}
        _send(b"z", json.dumps(report).encode())
        if not clean:
            raise SystemExit("a job left more behind than can be swept")

    def _child(
        self,
        length: int,
        limits: job.Limits,
        output: int,
        channels: tuple[int, ...],
        ready: socket.socket | None = None,
        wait: socket.socket | None = None,
    ) -> int:
        """Forks a process that reads its body and runs it. Of two, the second reads when the first has."""
        pid = os.fork()
        if pid:
            return pid
        try:
            if wait:
                wait.recv(1)
            body = _read(length)
            if ready:
                ready.send(b"!")
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
    ) -> tuple[str, float, int]:
        """Relays what the children send until the first of them ends or a limit is passed. Gives why it was
        ended ('cpu', 'wall', 'values', 'files', or '' where it ended by itself), the CPU seconds of all, and
        the first one's exit status as of waitpid."""
        ended = os.pidfd_open(pids[0])
        poll = select.poll()
        for descriptor in (ended, values, output):
            poll.register(descriptor, select.POLLIN)
        poll.register(0, select.POLLRDHUP)
        wall_end = time.monotonic() + wall_limit
        why, cpu = "", 0.0
        while not why:
            left = min(cpu_limit - cpu, wall_end - time.monotonic(), _TICK)
            ready = dict(poll.poll(max(1, left * 1000)))
            if 0 in ready:
                self._kill(pids)
                raise SystemExit("the host is gone")
            for descriptor in (values, output):
                if descriptor in ready and not _relay(
                    descriptor, b"v" if descriptor == values else b"o", room
                ):
                    poll.unregister(descriptor)
            if ended in ready:
                break
            cpu = sum(map(_cpu_seconds, pids))
            if min(room[descriptor] for descriptor in bounded) < 0:
                why = "values"
            elif cpu >= cpu_limit:
                why = "cpu"
            elif time.monotonic() >= wall_end:
                why = "wall"
            elif self._scratch.flooded():
                why = "files"
        self._kill(pids)
        ends = [os.wait4(pid, 0) for pid in pids]
        for descriptor, kind in ((values, b"v"), (output, b"o")):
            while room[descriptor] >= 0 and _relay(descriptor, kind, room):
                continue
        if min(room[descriptor] for descriptor in bounded) < 0:
            why = why or "values"
        for descriptor in (ended, values, output):
            os.close(descriptor)
        return why, sum(usage.ru_utime + usage.ru_stime for _, _, usage in ends), ends[0][1]

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
            for pid in pids:
                os.killpg(pid, signal.SIGKILL)
        return self._scratch.sweep()


def _filter(order: Order) -> Filter | None:
    try:
        more = job.MORE_CALLS.get(order.language, ())
        return Filter(platform.machine(), more, counted=order.language in job.BY_DATA)
    except OSError:
        if order.isolated:
            raise
        return None


def _rehearse(language: str, filter_: Filter) -> None:
    """Locks a child in once, so that a kernel which refuses the filter is found before a program runs."""
    pid = os.fork()
    if pid == 0:
        try:
            job.lock_in(language, job.Limits(10, 1024, 0), filter_)
            os._exit(0)
        except OSError as error:
            os.write(2, f"seccomp: {error}\n".encode())
            os._exit(1)
    if os.waitpid(pid, 0)[1] != 0:
        raise SystemExit("this kernel does not lock a process in")


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
    answer = fcntl.ioctl(source, termios.FIONREAD, b"\0\0\0\0")
    return int.from_bytes(answer, sys.byteorder)


def _splice(source: int, target: int, count: int) -> None:
    while count:
        count -= os.splice(source, target, count)


_NOTHING = os.open("/dev/null", os.O_WRONLY)


def _send(kind: bytes, payload: bytes) -> None:
    rest = CHUNK.pack(kind, len(payload)) + payload
    while rest:
        rest = rest[os.write(1, rest) :]


def _read(count: int) -> bytes:
    """Exactly so many bytes, or nothing where the host has closed."""
    parts = []
    while count:
        part = os.read(0, count)
        if not part:
            return b""
        parts.append(part)
        count -= len(part)
    return b"".join(parts)
