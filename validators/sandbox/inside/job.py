"""One job, in a child that the warden forked for it: locks itself in, and runs what it was given.

Everything here shares its process with the program, so nothing here is trusted: it sends what each call gave,
and the host, which alone knows what was expected, compares.
"""

from __future__ import annotations

import functools
import marshal
import os
import resource
import struct
import sys
from collections.abc import Callable
from os import closerange, dup2, write
from resource import RLIMIT_CPU, setrlimit
from typing import Any

from .seccomp import Filter

FRAME = struct.Struct("!16scI")
"""Head of a frame: the job's nonce, the kind (e: the source raised; v, r: a call gave a value or raised; z: the
end), and the length of the payload."""

CHANNEL = 3
PRELOADED = {
    "python": (
        "abc array bisect collections collections.abc contextlib copy dataclasses datetime decimal enum fractions"
        " functools heapq io itertools json math operator re string textwrap time"
        " typing inside.program"
    ),
    "sql": "inside.database duckdb",
    "javascript": "inside.script",
}
"""What a warden imports before it forks, by language. Not what does work in every fork, as `threading` does."""

MORE_CALLS = {"javascript": ("execve", "arch_prctl", "capget")}
"""System calls that a language's runtime needs besides those that every program may make."""

BY_DATA = frozenset({"javascript"})
"""Languages whose runtime reserves more addresses than it uses: the memory that counts is what it may write to."""

LEAST_DESCRIPTOR = 5
"""A warden's descriptors are no lower, but for its three of the host: a child's own take these places."""

_RUNNERS = {
    "calls": "inside.program",
    "whole": "inside.program",
    "serve": "inside.service",
    "judge": "inside.judge",
    "sql": "inside.database",
    "javascript": "inside.script",
}
_FILE_BYTES = 64 << 20
_OPEN_FILES = 128
_ENVIRONMENT = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
_OVERHEAD_MB = {"sql": 512, "javascript": 128}


class Channel:
    """Writes frames. Its writes go by a reference of this module, so that a program may patch `os` freely."""

    def __init__(self, nonce: bytes) -> None:
        self._nonce = nonce

    def send(self, kind: bytes, payload: bytes = b"") -> None:
        """Writes one frame as a whole."""
        frame = self._nonce + kind + len(payload).to_bytes(4, "big") + payload
        written = write(CHANNEL, frame)
        while written < len(frame):
            written += write(CHANNEL, memoryview(frame)[written:])


def settle(processes: int) -> None:
    """Sets, on a warden, the limits and the environment that all its children inherit. `processes` 0: their
    number is not limited."""
    amounts = [
        (resource.RLIMIT_NOFILE, _OPEN_FILES),
        (resource.RLIMIT_FSIZE, _FILE_BYTES),
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_MEMLOCK, 0),
        (resource.RLIMIT_MSGQUEUE, 0),
    ]
    if processes:
        amounts.append((resource.RLIMIT_NPROC, processes))
    for limit, amount in amounts:
        resource.setrlimit(limit, (amount, amount))
    os.environ.clear()
    os.environ.update(_ENVIRONMENT)


def run(body: bytes, memory_mb: int, lock: Callable[[], None], leave: Callable[[int], object]) -> None:
    """Runs the job of `body` (its mode and what that needs) in a process whose descriptors are taken: closes the
    last doors with `lock`, and ends with `leave`."""
    request: dict[str, Any] = marshal.loads(body)  # from the host, whose interpreter is the same
    streams = (sys.stdout, sys.stderr)
    runner = sys.modules[_RUNNERS[request["mode"]]]
    runner.prepare(request)
    lock()
    code = 0
    try:
        code = runner.run(request, memory_mb)
    finally:
        for stream in streams:
            try:
                stream.flush()
            except (OSError, ValueError):
                continue
        leave(code)


def take(nothing: int, output: int, channels: tuple[int, ...]) -> None:
    """Keeps few descriptors: nothing to read, output and errors to write to, and from 3 on the channels."""
    dup2(nothing, 0)
    dup2(output, 1)
    dup2(output, 2)
    place = 3
    for channel in channels:
        dup2(channel, place, False)
        place += 1
    closerange(place, _OPEN_FILES)


class Doors:
    """The limits and the filter of the jobs in one language. The memory that counts is the address space; for a
    runtime that reserves more than it uses, what it may write to."""

    def __init__(self, language: str, filter_: Filter | None) -> None:
        self._space = resource.RLIMIT_DATA if language in BY_DATA else resource.RLIMIT_AS
        self._more = _OVERHEAD_MB.get(language, 0)
        self._install = filter_.install if filter_ else None

    def lock(self, cpu_seconds: float, memory_mb: int) -> Callable[[], None]:
        """What closes them on the process that calls it."""
        backstop = int(cpu_seconds) + 2  # the warden counts precisely; this is for the day it cannot
        return functools.partial(_close, backstop, self._space, (memory_mb + self._more) << 20, self._install)


def _close(seconds: int, space: int, size: int, install: Callable[[], None] | None) -> None:
    setrlimit(RLIMIT_CPU, (seconds, seconds))
    setrlimit(space, (size, size))
    if install:
        install()
