"""How a query reaches the build that holds the store: SQL out, rows back, over a Unix socket.

A request is one line of JSON, ``{"sql": ..., "keep": ...}``. The reply is one line of JSON, ``{"rows": ...}``
followed by an Arrow IPC stream until the end, or ``{"error": ...}``.

``{"hold": true}`` instead keeps the store's files as they are: the reply is ``{"held": true}``, a byte from the asker
ends it, and ``{"kept": true}`` says that nothing was written meanwhile.
"""

from __future__ import annotations

import asyncio
import hashlib
import shutil
import socket
import tempfile
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any, BinaryIO, cast

import orjson
import pyarrow as pa

from factory.errors import StoreError
from factory.store.statement import Answer

_LONGEST_PATH = 100
"""Bytes that every system grants to the path of a socket."""

_LONGEST_LINE = 1 << 20
_LONGEST_HOLD = 120.0
"""Seconds that a build waits with its commits for somebody who copies its files."""


def socket_path(store: Path) -> Path:
    """Where a build that holds this store listens: beside it, or in the temporary folder if too long."""
    beside = store.resolve().with_name(store.name + ".sock")
    if len(bytes(beside)) <= _LONGEST_PATH:
        return beside
    name = hashlib.blake2b(bytes(beside), digest_size=12).hexdigest()
    return Path(tempfile.gettempdir()) / f"factory-{name}.sock"


@asynccontextmanager
async def serve(
    read: Callable[[str, int | None], Answer],
    store: Path,
    *,
    interrupt: Callable[[], None],
    still: threading.Lock | None = None,
    seconds: float = 30.0,
    longest_hold: float = _LONGEST_HOLD,
) -> AsyncIterator[None]:
    """Answers queries as long as the block runs, one at a time, each in a thread.

    `read` takes the SQL and the number of rows to keep; `interrupt` cancels it. A query that takes longer
    than `seconds`, or whose asker has gone, is cancelled. `still` is held for somebody who copies the files, at most
    `longest_hold` seconds.
    """
    path = socket_path(store)
    # Whoever serves holds the store's file, so a socket that lies there is a dead build's.
    path.unlink(missing_ok=True)
    desk = _Desk(read, interrupt, seconds, still or threading.Lock(), longest_hold)

    try:
        server = await asyncio.start_unix_server(desk.accept, str(path), limit=_LONGEST_LINE)
    except OSError as error:
        raise StoreError(f"cannot listen for queries at {path}: {error}") from error
    path.chmod(0o600)
    try:
        yield
    finally:
        server.close()
        path.unlink(missing_ok=True)
        await desk.close()


class _Desk:
    """Takes askers in turn."""

    def __init__(
        self,
        read: Callable[[str, int | None], Answer],
        interrupt: Callable[[], None],
        seconds: float,
        still: threading.Lock,
        longest_hold: float,
    ) -> None:
        self._read = read
        self._interrupt = interrupt
        self._seconds = seconds
        self._still = still
        self._longest_hold = longest_hold
        self._turn = asyncio.Lock()
        self._tasks: set[asyncio.Task[None]] = set()
        self._closing = False
        # A thread of its own: the loop's own threads may all be busy with the build.
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="store-guests")

    async def accept(self, asker: asyncio.StreamReader, wire: asyncio.StreamWriter) -> None:
        """One connection: a request and its reply."""
        task = asyncio.current_task()
        try:
            if task is not None and not self._closing:
                self._tasks.add(task)
                await self._serve(asker, wire)
        except (ConnectionError, asyncio.CancelledError):
            pass  # The asker has gone, or the build ends: nobody is left to answer, or to be told.
        finally:
            self._tasks.discard(cast("asyncio.Task[None]", task))
            wire.close()

    async def close(self) -> None:
        """Cancels the query that runs and turns the others away."""
        self._closing = True
        for task in tuple(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._thread.shutdown()

    async def _serve(self, asker: asyncio.StreamReader, wire: asyncio.StreamWriter) -> None:
        try:
            request = orjson.loads(await asker.readline())
            if request.get("hold"):
                return await self._hold(asker, wire)
            sql, keep = str(request["sql"]), request["keep"]
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            wire.write(orjson.dumps({"error": f"not a request: {error}"}) + b"\n")
            return await wire.drain()
        async with self._turn:
            work = asyncio.get_running_loop().run_in_executor(self._thread, self._read, sql, keep)
            gone = asyncio.ensure_future(asker.read(1))
            watched: set[asyncio.Future[Any]] = {work, gone}
            try:
                done, _ = await asyncio.wait(
                    watched, timeout=self._seconds, return_when=asyncio.FIRST_COMPLETED
                )
            finally:
                gone.cancel()
                await self._stop(work)
        late = None if done else f"the build cancelled the query after {self._seconds:g} s; ask for less"
        return await _reply(wire, work, late)

    async def _hold(self, asker: asyncio.StreamReader, wire: asyncio.StreamWriter) -> None:
        """Keeps the files as they are until the asker has copied them, has gone, or takes too long."""
        async with self._turn:
            # Looked at now and then: a thread that waits for it could not be cancelled, and would keep it.
            while not self._still.acquire(blocking=False):  # noqa: ASYNC110
                await asyncio.sleep(0.001)
            try:
                wire.write(orjson.dumps({"held": True}) + b"\n")
                await wire.drain()
                done = await asyncio.wait_for(asker.read(1), self._longest_hold)
            except TimeoutError:
                done = b""
            finally:
                self._still.release()
        if done:
            wire.write(orjson.dumps({"kept": True}) + b"\n")
            await wire.drain()

    async def _stop(self, work: asyncio.Future[Answer]) -> None:
        """Interrupts until the thread has ended: an interrupt that comes before the query starts is lost."""
        while not work.done():
            self._interrupt()
            await asyncio.wait({work}, timeout=0.05)
        work.exception()  # Looked at, so that asyncio does not complain where no reply follows.


async def _reply(wire: asyncio.StreamWriter, work: asyncio.Future[Answer], late: str | None) -> None:
    try:
        found = work.result()
    except StoreError as error:
        wire.write(orjson.dumps({"error": late or str(error)}) + b"\n")
    else:
        wire.write(orjson.dumps({"rows": found.rows}) + b"\n")
        sink = pa.BufferOutputStream()
        with pa.ipc.new_stream(sink, found.table.schema) as stream:
            stream.write_table(found.table)
        wire.write(sink.getvalue().to_pybytes())
    await wire.drain()


def copy(store: Path, folder: Path, *, seconds: float = _LONGEST_HOLD) -> Path | None:
    """Copies a store that a build holds, as it is at one instant, into a folder; None when no build listens.

    It is what a kill at that instant would have left. The copying is the asker's: a process that opens a file and
    closes it loses its locks on it. Raises StoreError when the build did not wait for it.
    """
    try:
        with _asked(store, {"hold": True}, seconds) as (head, lines, wire):
            if not head:
                return None
            for file in store.parent.glob(f"{store.name}*"):
                if file.name == store.name or file.name.startswith(f"{store.name}.wal"):
                    shutil.copyfile(file, folder / file.name)
            wire.sendall(b".")
            if not lines.readline():
                raise StoreError(
                    f"the build that holds {store} went on before it was copied; try again, or wait for its end"
                )
    except OSError as error:
        raise StoreError(f"the store {store} could not be copied: {error}") from error
    return folder / store.name


def ask(store: Path, sql: str, *, keep: int | None = None, seconds: float = 120.0) -> Answer | None:
    """Asks the build that holds a store; None when no build listens. Raises StoreError with its error."""
    try:
        with _asked(store, {"sql": sql, "keep": keep}, seconds) as (head, lines, _):
            if not head:
                return None
            reply = orjson.loads(head)
            if "error" in reply:
                raise StoreError(reply["error"])
            return Answer(pa.ipc.open_stream(lines).read_all(), reply["rows"])
    except (OSError, pa.ArrowInvalid) as error:
        raise StoreError(f"the build that holds {store} broke off its answer: {error}") from error


@contextmanager
def _asked(
    store: Path, request: dict[str, Any], seconds: float
) -> Iterator[tuple[bytes, BinaryIO, socket.socket]]:
    """The first line of the reply to a request, the rest of it, and the wire; no line when no build listens."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as wire, wire.makefile("rb") as lines:
        wire.settimeout(seconds)
        try:
            wire.connect(str(socket_path(store)))
        except OSError:
            yield b"", lines, wire
            return
        wire.sendall(orjson.dumps(request) + b"\n")
        yield lines.readline(), lines, wire
