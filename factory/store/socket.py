"""How a query reaches the build that holds the store: SQL out, rows back, over a Unix socket.

A request is one line of JSON, ``{"sql": ..., "keep": ...}``. The reply is one line of JSON, ``{"rows": ...}``
followed by an Arrow IPC stream until the end, or ``{"error": ...}``.
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import socket
import tempfile
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, cast

import orjson
import pyarrow as pa

from factory.errors import StoreError
from factory.store.reader import Answer

_LONGEST_PATH = 100
"""Bytes that every system grants to the path of a socket."""

_LONGEST_LINE = 1 << 20


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
    seconds: float = 30.0,
) -> AsyncIterator[None]:
    """Answers queries as long as the block runs, one at a time, each in a thread.

    `read` takes the SQL and the number of rows to keep; `interrupt` cancels it. A query that takes longer
    than `seconds`, or whose asker has gone, is cancelled.
    """
    path = socket_path(store)
    # Whoever serves holds the store's file, so a socket that lies there is a dead build's.
    path.unlink(missing_ok=True)
    desk = _Desk(read, interrupt, seconds)

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
        self, read: Callable[[str, int | None], Answer], interrupt: Callable[[], None], seconds: float
    ) -> None:
        self._read = read
        self._interrupt = interrupt
        self._seconds = seconds
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
            sql, keep = str(request["sql"]), request["keep"]
        except (ValueError, KeyError, TypeError) as error:
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


def ask(store: Path, sql: str, *, keep: int | None = None, seconds: float = 120.0) -> Answer | None:
    """Asks the build that holds a store; None when no build listens. Raises StoreError with its error."""
    with contextlib.closing(socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)) as wire:
        wire.settimeout(seconds)
        try:
            wire.connect(str(socket_path(store)))
        except OSError:
            return None
        try:
            wire.sendall(orjson.dumps({"sql": sql, "keep": keep}) + b"\n")
            with wire.makefile("rb") as lines:
                head = lines.readline()
                if not head:
                    return None
                reply = orjson.loads(head)
                if "error" in reply:
                    raise StoreError(reply["error"])
                return Answer(pa.ipc.open_stream(lines).read_all(), reply["rows"])
        except (OSError, pa.ArrowInvalid) as error:
            raise StoreError(f"the build that holds {store} broke off its answer: {error}") from error
