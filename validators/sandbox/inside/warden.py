"""The parent in the sandbox: for each job it forks a child, waits, kills what is left, and cleans up.

It reads from descriptor 0 and writes to 1. A job arrives as a head and a body; the child itself reads the body.
What the child sends goes to the host in chunks, spliced through the kernel: nothing that a program says, and
nothing of its source, ever lies in this process, so the next child cannot inherit it.
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
import shutil
import signal
import stat
import struct
import sys
import termios
import time

from . import job
from .seccomp import Filter

JOB = struct.Struct("!IddII")
"""Head of a job: length of the body, CPU seconds, wall seconds, megabytes, processes (0: not limited)."""

CHUNK = struct.Struct("!cI")
"""Head of a chunk: v (values), o (output), z (the end: a JSON report), r (ready); and its length."""

MAX_VALUES = 32 << 20
MAX_OUTPUT = 64 << 10
_RENEWED_AFTER = 64
_SCRATCH = "/tmp"
_PRELOADED = (
    "abc array bisect collections collections.abc contextlib copy dataclasses datetime decimal enum fractions"
    " functools heapq io itertools json math operator random re statistics string textwrap threading time typing"
)


def main() -> None:
    """Serves jobs until the host closes descriptor 0, beginning anew with fresh hashes every 64 jobs."""
    filter_ = Filter(platform.machine())
    for module in _PRELOADED.split():
        importlib.import_module(module)
    if sys.argv[1:] != ["again"]:
        _rehearse(filter_)
        _send(b"r", sys.version.encode())
    gc.collect()
    gc.freeze()
    for _ in range(_RENEWED_AFTER):
        head = _read(JOB.size)
        if not head:
            return
        _serve(head, filter_)
    # Forked children share the parent's hash seed: a fresh interpreter draws a fresh one.
    os.execv(sys.executable, [*sys.orig_argv, *([] if sys.argv[1:] else ["again"])])


def _rehearse(filter_: Filter) -> None:
    """Locks a child in once, so that a kernel which refuses the filter is found before a program runs."""
    pid = os.fork()
    if pid == 0:
        try:
            job.lock_in(10, 1024, 0, filter_)
            os._exit(0)
        except OSError as error:
            os.write(2, f"seccomp: {error}\n".encode())
            os._exit(1)
    if os.waitpid(pid, 0)[1] != 0:
        raise SystemExit("this kernel does not lock a process in")


def _serve(head: bytes, filter_: Filter) -> None:
    length, cpu_seconds, wall_seconds, memory_mb, processes = JOB.unpack(head)
    values, values_in = os.pipe()
    output, output_in = os.pipe()
    pid = os.fork()
    if pid == 0:
        try:
            body = _read(length)
            job.take(values_in, output_in)
            job.run(body, cpu_seconds, memory_mb, processes, filter_)
        finally:
            os._exit(70)
    os.close(values_in)
    os.close(output_in)
    why, cpu, status = _watch(pid, values, output, cpu_seconds, wall_seconds)
    clean = _sweep()
    report = {"why": why, "status": status, "cpu": cpu, "clean": clean}
    _send(b"z", json.dumps(report).encode())
    if not clean:
        raise SystemExit("a job left more behind than can be swept")


def _watch(pid: int, values: int, output: int, cpu_limit: float, wall_limit: float) -> tuple[str, float, int]:
    """Relays what the child sends until it ends or passes a limit. Gives why it was ended ('cpu', 'wall',
    'values', or '' where it ended by itself), its CPU seconds, and its exit status as of waitpid."""
    ended = os.pidfd_open(pid)
    poll = select.poll()
    for descriptor, events in ((ended, select.POLLIN), (values, select.POLLIN), (output, select.POLLIN)):
        poll.register(descriptor, events)
    poll.register(0, select.POLLRDHUP)
    room = {values: MAX_VALUES, output: MAX_OUTPUT}
    clock = (~pid << 3) | 2  # the CPU clock of another process: clock_getcpuclockid(3)
    wall_end = time.monotonic() + wall_limit
    why, cpu = "", 0.0
    while not why:
        left = min(cpu_limit - cpu, wall_end - time.monotonic())
        ready = dict(poll.poll(max(1, left * 1000)))
        if 0 in ready:
            os.kill(pid, signal.SIGKILL)
            raise SystemExit("the host is gone")
        for descriptor in (values, output):
            if descriptor in ready and not _relay(descriptor, b"v" if descriptor == values else b"o", room):
                poll.unregister(descriptor)
        if ended in ready:
            break
        cpu = time.clock_gettime(clock)
        if room[values] < 0:
            why = "values"
        elif cpu >= cpu_limit:
            why = "cpu"
        elif time.monotonic() >= wall_end:
            why = "wall"
    os.kill(pid, signal.SIGKILL)
    _, status, usage = os.wait4(pid, 0)
    for descriptor, kind in ((values, b"v"), (output, b"o")):
        while room[descriptor] >= 0 and _relay(descriptor, kind, room):
            continue
    for descriptor in (ended, values, output):
        os.close(descriptor)
    return why, usage.ru_utime + usage.ru_stime, status


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


def _sweep() -> bool:
    """Ends every process that is left and empties the scratch space. False where that is better left to a
    fresh sandbox: nothing of one job may be seen by the next."""
    with contextlib.suppress(ProcessLookupError):
        os.kill(-1, signal.SIGKILL)
    try:
        entries = os.listdir(_SCRATCH)
        if len(entries) > 1000:
            return False
        for name in entries:
            path = f"{_SCRATCH}/{name}"
            if stat.S_ISDIR(os.lstat(path).st_mode):
                shutil.rmtree(path)
            else:
                os.unlink(path)
        os.chmod(_SCRATCH, 0o700)
        return not os.listdir(_SCRATCH)
    except (OSError, RecursionError):
        return False


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
