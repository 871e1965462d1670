"""The host's side of one sandbox: starts it, hands it one job at a time, and ends it."""

from __future__ import annotations

import asyncio
import contextlib
import os
import shutil
import socket
import subprocess
import tempfile
from dataclasses import dataclass

from factory.errors import SandboxError
from factory.plugins import Isolation
from validators.sandbox import bubblewrap
from validators.sandbox.inside.protocol import CHUNK, END, JOB, MAX_VALUES, WHYS
from validators.sandbox.runtimes import Runtime

_START_SECONDS = 60.0
_GRACE_SECONDS = 20.0


class SandboxDied(Exception):
    """The sandbox ended while it was spoken to; the text is what it left on its error stream."""


@dataclass(frozen=True)
class Job:
    """What a warden is told. `body` is for the program's process alone, `judge` for the judge's, if any;
    `output` is how many bytes of what is printed are kept; with `bounded` a program that prints more is ended."""

    body: bytes
    judge: bytes
    cpu_seconds: float
    wall_seconds: float
    memory_mb: int
    output: int
    bounded: bool


@dataclass(frozen=True)
class Traces:
    """What a job left: bytes on its channel, its output, and how it ended."""

    values: bytes
    output: bytes
    why: str
    status: int
    clean: bool


class Keeper:
    """One running sandbox. It serves one job at a time and belongs to the event loop that started it."""

    def __init__(self, runtime: Runtime, isolation: Isolation) -> None:
        self._scratch = tempfile.mkdtemp(prefix="factory-") if isolation == "unsafe" else ""
        command = (
            bubblewrap.bare_command(runtime, self._scratch) if self._scratch else bubblewrap.command(runtime)
        )
        # Started from the loop's own thread: the kernel ends bubblewrap with the thread that started it.
        ours, theirs = socket.socketpair()
        ours.setblocking(False)
        with theirs:
            self._process = subprocess.Popen(
                command,
                stdin=theirs.fileno(),
                stdout=theirs.fileno(),
                stderr=subprocess.PIPE,
                env={},
                start_new_session=True,
            )
        self._socket = ours
        self._read = bytearray()
        self._parts: dict[bytes, bytearray] = {}
        self._loop = asyncio.get_running_loop()
        # The chunk that ends what is waited for; nothing where the sandbox has ended before.
        self._last: asyncio.Future[bytes] = self._loop.create_future()
        self._loop.add_reader(
            ours, self._arrived
        )  # for good: to come and go with each job would cost it more

    @classmethod
    async def start(cls, runtime: Runtime, isolation: Isolation = "bubblewrap") -> Keeper:
        """A sandbox that has said it is ready. Raises SandboxError with what the machine refused."""
        keeper = cls(runtime, isolation)
        try:
            async with asyncio.timeout(_START_SECONDS):
                if not await keeper._last:
                    raise SandboxDied(keeper._last_words())
        except BaseException as error:
            await keeper.end()
            if isinstance(error, TimeoutError):
                raise SandboxError(f"the sandbox did not start within {_START_SECONDS:.0f} s") from None
            if isinstance(error, SandboxDied):
                mend = "" if isolation == "unsafe" else f"; {bubblewrap.mend()}"
                raise SandboxError(f"the sandbox does not start: {error}{mend}") from None
            raise
        return keeper

    async def serve(self, job: Job) -> Traces:
        """Runs one job. Raises SandboxDied where the sandbox ends or falls silent; it is then of no more use."""
        head = JOB.pack(
            len(job.body),
            len(job.judge),
            job.cpu_seconds,
            job.wall_seconds,
            job.memory_mb,
            job.output,
            job.bounded,
        )
        parts = self._parts = {b"v": bytearray(), b"o": bytearray()}
        self._last = self._loop.create_future()
        try:
            async with asyncio.timeout(job.wall_seconds + _GRACE_SECONDS):
                await self._loop.sock_sendall(self._socket, head + job.body + job.judge)
                told = await self._last
        except TimeoutError:
            raise SandboxDied("it no longer answers") from None
        except OSError:
            told = b""
        if not told:
            raise SandboxDied(self._last_words())
        why, status, clean = END.unpack(told)
        return Traces(bytes(parts[b"v"]), bytes(parts[b"o"][: job.output]), WHYS[why], status, clean)

    async def end(self) -> None:
        """Ends every process of the sandbox, and waits for it."""
        self._hang_up()
        try:
            await asyncio.shield(asyncio.to_thread(self._process.wait, 2.0))
        except subprocess.TimeoutExpired:
            self.kill()
        self._tidy()

    def kill(self) -> None:
        """The same at once, where nothing can be awaited."""
        self._hang_up()
        self._process.kill()
        self._process.wait()
        self._tidy()

    def _tidy(self) -> None:
        if self._process.stderr:
            self._process.stderr.close()
        if self._scratch:
            shutil.rmtree(self._scratch, ignore_errors=True)

    def _arrived(self) -> None:
        """Takes what the warden has sent: what a job left is laid aside, all else ends what is waited for."""
        try:
            part = self._socket.recv(1 << 18)
        except BlockingIOError:
            return
        except OSError:
            part = b""
        self._read += part
        at = 0
        while part and len(self._read) - at >= CHUNK.size:
            kind, length = CHUNK.unpack_from(self._read, at)
            start, end = at + CHUNK.size, at + CHUNK.size + length
            if length > MAX_VALUES:
                part = b""  # no warden announces so much
            elif end > len(self._read):
                break
            elif kind in self._parts:
                self._parts[kind] += self._read[start:end]
            else:
                self._tell(bytes(self._read[start:end]))
            at = end
        del self._read[:at]
        if not part:
            self._loop.remove_reader(self._socket)
            self._tell(b"")

    def _tell(self, payload: bytes) -> None:
        if not self._last.done():
            self._last.set_result(payload)

    def _hang_up(self) -> None:
        """Closes the socket, on which the warden ends what runs, and itself."""
        if self._socket.fileno() >= 0:
            self._loop.remove_reader(self._socket)
            self._socket.close()
        self._tell(b"")

    def _last_words(self) -> str:
        """What it wrote to its error stream, its end if it is long."""
        words = b""
        if self._process.stderr:
            with contextlib.suppress(OSError, subprocess.TimeoutExpired):
                self._process.wait(1.0)
                os.set_blocking(self._process.stderr.fileno(), False)
                words = self._process.stderr.read() or b""
        lines = words.decode("utf-8", "replace").strip().splitlines()
        return "; ".join(lines[-3:])[:600] or "it ended without a word"
