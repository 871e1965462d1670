"""One job, in the child that the warden forked for it: locks itself in, runs the program, sends values out.

Everything here shares its process with the program, so nothing here is trusted: it sends what each call gave,
and the host, which alone knows what was expected, compares.
"""

from __future__ import annotations

import json
import linecache
import os
import resource
import struct
import sys
import traceback
import types
from typing import Any, NoReturn

from .plain import NotPlainData, encode
from .seccomp import Filter

FRAME = struct.Struct("!16scI")
"""Head of a frame: the job's nonce, the kind (s, e: the source ended or raised; v, r: a call gave a value or
raised; z: the end), and the length of the payload."""

_CHANNEL = 3
_SOURCE = "<program>"
_MAX_MESSAGE, _MAX_TRACEBACK = 500, 4000
_FILE_BYTES = 64 << 20
_OPEN_FILES = 128
_ENVIRONMENT = {"OMP_NUM_THREADS": "1"}


class _Channel:
    """Writes frames. Its writes go by a reference of its own, so that a program may patch `os` freely."""

    def __init__(self, nonce: bytes) -> None:
        self._nonce = nonce
        self._write = os.write

    def send(self, kind: bytes, payload: bytes = b"") -> None:
        rest = memoryview(FRAME.pack(self._nonce, kind, len(payload)) + payload)
        while rest:
            rest = rest[self._write(_CHANNEL, rest) :]


def run(body: bytes, cpu_seconds: float, memory_mb: int, processes: int, filter_: Filter) -> NoReturn:
    """Runs the job of `body` (JSON: nonce, source, calls) in a process whose descriptors are `take`n; ends it."""
    request = json.loads(body)
    channel = _Channel(bytes.fromhex(request["nonce"]))
    streams = (sys.stdout, sys.stderr)
    exit_now = os._exit
    lock_in(cpu_seconds, memory_mb, processes, filter_)
    try:
        _evaluate(request["source"], request["calls"], channel)
    finally:
        for stream in streams:
            try:
                stream.flush()
            except (OSError, ValueError):
                continue
        exit_now(0)


def take(values: int, output: int) -> None:
    """Keeps four descriptors: nothing to read, output and errors to write to, and the channel for values."""
    nothing = os.open("/dev/null", os.O_RDONLY)
    for target, descriptor in ((0, nothing), (1, output), (2, output), (_CHANNEL, values)):
        os.dup2(descriptor, target, inheritable=False)
    os.closerange(_CHANNEL + 1, 1024)


def lock_in(cpu_seconds: float, memory_mb: int, processes: int, filter_: Filter) -> None:
    """Sets the limits and the filter on this process. `processes` 0: no limit of their number."""
    backstop = int(cpu_seconds) + 2  # the warden counts precisely; this is for the day it cannot
    memory = memory_mb << 20
    limits = [
        (resource.RLIMIT_CPU, backstop),
        (resource.RLIMIT_AS, memory),
        (resource.RLIMIT_FSIZE, _FILE_BYTES),
        (resource.RLIMIT_NOFILE, _OPEN_FILES),
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_MEMLOCK, 0),
        (resource.RLIMIT_MSGQUEUE, 0),
    ]
    if processes:
        limits.append((resource.RLIMIT_NPROC, processes))
    for limit, amount in limits:
        resource.setrlimit(limit, (amount, amount))
    os.environ.clear()
    os.environ.update(_ENVIRONMENT)
    filter_.install()


def _evaluate(source: str, calls: list[str], channel: _Channel) -> None:
    main = types.ModuleType("__main__")
    sys.modules["__main__"] = main
    sys.argv = [_SOURCE]
    sys.path = [path for path in sys.path if path != "/sandbox"]
    linecache.cache[_SOURCE] = (len(source), None, source.splitlines(keepends=True), _SOURCE)
    namespace = vars(main)
    try:
        exec(compile(source, _SOURCE, "exec", dont_inherit=True), namespace)
    except BaseException as error:
        report = {"error": _trace(error), "memory": isinstance(error, MemoryError)}
        channel.send(b"e", json.dumps(report).encode())
        return
    channel.send(b"s")
    for call in calls:
        channel.send(*_call(call, namespace))
    channel.send(b"z")


def _call(call: str, namespace: dict[str, Any]) -> tuple[bytes, bytes]:
    """Kind and payload of the frame that says what one expression gave."""
    try:
        value = eval(compile(call.strip(), "<call>", "eval", dont_inherit=True), namespace)
        return b"v", encode(value)
    except NotPlainData as error:
        message = f"NotPlainData: {error}"
    except BaseException as error:
        message = _message(error)
    return b"r", json.dumps(message[:_MAX_MESSAGE]).encode()


def _message(error: BaseException) -> str:
    try:
        text = str(error)
    except BaseException:
        text = "(its message cannot be read)"
    return f"{type(error).__name__}: {text}"


def _trace(error: BaseException) -> str:
    """The traceback without the frames of this module, its end kept where it is long."""
    inner = error.__traceback__.tb_next if error.__traceback__ else None
    try:
        text = "".join(traceback.format_exception(type(error), error, inner))
    except BaseException:
        text = _message(error)
    return text[-_MAX_TRACEBACK:]
