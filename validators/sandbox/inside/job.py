"""One job, in a child that the warden forked for it: locks itself in, and runs what it was given.

Everything here shares its process with the program, so nothing here is trusted: it sends what each call gave,
and the host, which alone knows what was expected, compares.
"""

from __future__ import annotations

import marshal
import os
import resource
import struct
import sys
from dataclasses import dataclass
from typing import Any, NoReturn

from .seccomp import Filter

FRAME = struct.Struct("!16scI")
"""Head of a frame: the job's nonce, the kind (s, e: the source ended or raised; v, r: a call gave a value or
raised; z: the end), and the length of the payload."""

CHANNEL = 3
PRELOADED = {
    "python": (
        "abc array bisect collections collections.abc contextlib copy dataclasses datetime decimal enum fractions"
        " functools heapq io itertools json math operator re string textwrap time"
        " typing inside.program inside.service inside.judge"
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


@dataclass(frozen=True)
class Limits:
    """What one job may use."""

    cpu_seconds: float
    memory_mb: int


class Channel:
    """Writes frames. Its writes go by a reference of its own, so that a program may patch `os` freely."""

    def __init__(self, nonce: bytes) -> None:
        self._nonce = nonce
        self._write = os.write

    def send(self, kind: bytes, payload: bytes = b"") -> None:
        """Writes one frame as a whole."""
        rest = memoryview(FRAME.pack(self._nonce, kind, len(payload)) + payload)
        while rest:
            rest = rest[self._write(CHANNEL, rest) :]


def settle(processes: int) -> None:
    """Sets, on a warden, the limits and the environment that all its children inherit. `processes` 0: their
    number is not limited."""
    amounts = [
        (resource.RLIMIT_NOFILE, _OPEN_FILES),
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


def run(body: bytes, language: str, limits: Limits, filter_: Filter | None) -> NoReturn:
    """Runs the job of `body` (its mode and what that needs) in a process whose descriptors are taken."""
    request: dict[str, Any] = marshal.loads(body)  # from the host, whose interpreter is the same
    streams = (sys.stdout, sys.stderr)
    exit_now = os._exit
    runner = sys.modules[_RUNNERS[request["mode"]]]
    runner.prepare(request)
    lock_in(language, limits, filter_)
    code = 0
    try:
        code = runner.run(request, limits.memory_mb)
    finally:
        for stream in streams:
            try:
                stream.flush()
            except (OSError, ValueError):
                continue
        exit_now(code)


def take(output: int, channels: tuple[int, ...]) -> None:
    """Keeps few descriptors: nothing to read, output and errors to write to, and from 3 on the channels."""
    nothing = os.open("/dev/null", os.O_RDONLY)
    for target, descriptor in enumerate((nothing, output, output, *channels)):
        os.dup2(descriptor, target, inheritable=target < 3)
    os.closerange(3 + len(channels), _OPEN_FILES)


def lock_in(language: str, limits: Limits, filter_: Filter | None) -> None:
    """Sets the limits and the filter on this process. The memory that counts is the address space; for a
    runtime that reserves more than it uses, what it may write to."""
    backstop = int(limits.cpu_seconds) + 2  # the warden counts precisely; this is for the day it cannot
    memory = (limits.memory_mb + _OVERHEAD_MB.get(language, 0)) << 20
    space = resource.RLIMIT_DATA if language in BY_DATA else resource.RLIMIT_AS
    resource.setrlimit(resource.RLIMIT_CPU, (backstop, backstop))
    resource.setrlimit(resource.RLIMIT_FSIZE, (_FILE_BYTES, _FILE_BYTES))
    resource.setrlimit(space, (memory, memory))
    if filter_:
        filter_.install()
