"""The parent in the sandbox: for each job it forks a child, waits, kills what is left, and cleans up.

It reads from descriptor 0 and writes to 1. A job arrives as a head and a body; the child itself reads the body.
What the child sends goes to the host in chunks, spliced through the kernel: nothing that a program says, and
nothing of its source, ever lies in this process, so the next child cannot inherit it. A job with tests has two
children: the program, and the judge that runs the tests and reaches the program through a socket pair alone.
"""

from __future__ import annotations

import contextlib
import fcntl
import importlib
import json
import os
import select
import signal
import sys
import time
from dataclasses import dataclass

from . import job, memory
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
    environment, first = dict(os.environ), len(sys.argv) == 2
    warden = Warden(order, first)
    for _ in range(_RENEWED_AFTER):
        head = _read(JOB.size)
        if not head:
            return
        warden.serve(head)
    # Forked children share the parent's hash seed: a fresh interpreter draws a fresh one.
    os.execve(sys.executable, [*sys.orig_argv, *(["again"] if first else [])], environment)


class Warden:
    """Serves one job after another."""

    def __init__(self, order: Order, first: bool) -> None:
        self._order = order
        self._scratch = Scratch(order.scratch, own=order.isolated)
        filter_ = _filter(order)
        self._doors = job.Doors(order.language, filter_)
        for module in job.PRELOADED[order.language].split():
            importlib.import_module(module)
        if order.language == "python":
            importlib.import_module("inside.rehearsal").of_calls()
        sys.path.remove(order.home)  # a program has the standard library and packages, not our modules
        job.settle(order.processes)
        if first:
            if filter_:
                _lock_in(filter_, self._doors)
            _send(b"r", sys.version.encode())
        self._judging = False
        self._filling = memory.settle()

    def serve(self, head: bytes) -> None:
        """One job, from its bodies on descriptor 0 to its report on 1."""
        length, judge_length, cpu_seconds, wall_seconds, memory_mb, kept, ends = JOB.unpack(head)
        if judge_length and not self._judging:  # what a parent holds each job pays for, and not all need this
            importlib.import_module("inside.rehearsal").of_tests()
            self._filling += memory.settle()
            self._judging = True
        values, values_in = os.pipe()
        output, output_in = os.pipe()
        room = {values: MAX_VALUES, output: kept}
        bounded = (values, output) if ends else (values,)
        limits = (cpu_seconds, memory_mb)
        wall_end = time.monotonic() + wall_seconds
        poll = select.poll()
        poll.register(0, select.POLLRDHUP)
        # As long as a child lives the kernel copies each page that is written to here: what can wait comes after.
        if judge_length:
            pids = self._pair(length, judge_length, limits, output_in, values_in)
        else:
            pids = [self._child(length, limits, output_in, (values_in,))]
        ended = os.pidfd_open(pids[0])
        poll.register(ended, select.POLLIN)
        early = dict(poll.poll(_BRIEF * 1000))
        os.close(values_in)
        os.close(output_in)
        why = "" if ended in early else self._watch(pids, poll, ended, room, bounded, cpu_seconds, wall_end)
        self._kill(pids)
        status, *_ = (os.waitpid(pid, 0)[1] for pid in pids)
        _relay(values, b"v", room)
        _relay(output, b"o", room)
        if min(room[descriptor] for descriptor in bounded) < 0:
            why = why or "values"
        for descriptor in (ended, values, output):
            os.close(descriptor)
        clean = self._scratch.sweep()
        _send(b"z", END.pack(WHYS.index(why), status, clean))
        if not clean:
            raise SystemExit("a job left more behind than can be swept")

    def _pair(
        self, length: int, judge_length: int, limits: tuple[float, int], output: int, values: int
    ) -> list[int]:
        """Forks a judge and its program, which have a socket pair between them."""
        import socket  # which is there since a judge was rehearsed

        ours, theirs = socket.socketpair()
        program = self._child(length, limits, output, (theirs.fileno(),), ready=theirs.fileno())
        theirs.close()
        judge = self._child(judge_length, limits, output, (values, ours.fileno()), wait=ours.fileno())
        ours.close()
        return [judge, program]

    def _child(
        self,
        length: int,
        limits: tuple[float, int],
        output: int,
        channels: tuple[int, ...],
        ready: int | None = None,
        wait: int | None = None,
    ) -> int:
        """Forks a process that reads its body and runs it. Of two, the second reads when the first has."""
        lock = self._doors.lock(*limits)
        nothing = os.open("/dev/null", os.O_RDONLY)  # one of its own: flags that a program sets stay on it
        pid = os.fork()
        if pid:
            os.close(nothing)
            return pid
        try:
            if wait is not None:
                os.read(wait, 1)
            body = _read(length)
            if ready is not None:
                os.write(ready, b"!")
            if not self._order.isolated:
                os.setsid()
            job.take(nothing, output, channels)
            job.run(body, limits[1], lock, os._exit)
        finally:
            os._exit(70)

    def _watch(
        self,
        pids: list[int],
        poll: select.poll,
        ended: int,
        room: dict[int, int],
        bounded: tuple[int, ...],
        cpu_limit: float,
        wall_end: float,
    ) -> str:
        """Relays what the children send until the first of them ends or a limit is passed. Gives why it is to be
        ended, one of WHYS."""
        kinds = dict(zip(room, (b"v", b"o"), strict=True))
        for descriptor in kinds:
            poll.register(descriptor, select.POLLIN)
        while True:
            cpu = sum(map(_cpu_seconds, pids))
            left = min(cpu_limit - cpu, wall_end - time.monotonic(), _TICK)
            ready = dict(poll.poll(max(1, left * 1000)))
            if 0 in ready:
                self._kill(pids)
                raise SystemExit("the host is gone")
            for descriptor in kinds.keys() & ready.keys():
                if not _relay(descriptor, kinds[descriptor], room):
                    poll.unregister(descriptor)
            if min(room[descriptor] for descriptor in bounded) < 0:
                return "values"
            if left <= 0:
                return "cpu" if cpu >= cpu_limit else "wall"
            if self._scratch.flooded():
                return "files"
            if ended in ready:
                return ""

    def _kill(self, pids: list[int]) -> None:
        """Ends every process but this one and the sandbox's first; none of `pids` has been waited for."""
        if self._order.isolated:
            os.kill(-1, signal.SIGKILL)
            return
        for pid in pids:
            for end in (os.killpg, os.kill):  # before a child has a group of its own there is the child alone
                with contextlib.suppress(ProcessLookupError, PermissionError):
                    end(pid, signal.SIGKILL)


def _filter(order: Order) -> Filter | None:
    try:
        more = job.MORE_CALLS.get(order.language, ())
        return Filter(os.uname().machine, more, counted=order.language in job.BY_DATA)
    except OSError:
        if order.isolated:
            raise
        return None


def _lock_in(filter_: Filter, doors: job.Doors) -> None:
    """Locks itself in, and a child once, so that a kernel which refuses is found before a program runs."""
    try:
        filter_.widen()
        pid = os.fork()
        if pid == 0:
            doors.lock(10, 1024)()
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
    if size > passed:
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
