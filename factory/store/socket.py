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
from contextlib import asynccontextmanager
from pathlib import Path

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
    turn = asyncio.Lock()
    tasks: set[asyncio.Task[None]] = set()

    async def accept(asker: asyncio.StreamReader, wire: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        tasks.add(task)
        try:
            await _serve_one(asker, wire, read, interrupt, seconds, turn)
        except ConnectionError:
            pass  # The asker has gone, and with it whoever wanted to know.
        finally:
            tasks.discard(task)
            wire.close()

    try:
        server = await asyncio.start_unix_server(accept, str(path), limit=_LONGEST_LINE)
    except OSError as error:
        raise StoreError(f"cannot listen for queries at {path}: {error}") from error
    path.chmod(0o600)
    try:
        yield
    finally:
        server.close()
        path.unlink(missing_ok=True)
        for task in tuple(tasks):
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def _serve_one(
    asker: asyncio.StreamReader,
    wire: asyncio.StreamWriter,
    read: Callable[[str, int | None], Answer],
    interrupt: Callable[[], None],
    seconds: float,
    turn: asyncio.Lock,
) -> None:
    try:
        request = orjson.loads(await asker.readline())
        sql, keep = str(request["sql"]), request["keep"]
    except (ValueError, KeyError, TypeError) as error:
        wire.write(orjson.dumps({"error": f"not a request: {error}"}) + b"\n")
        return await wire.drain()
    async with turn:
        work = asyncio.create_task(asyncio.to_thread(read, sql, keep))
        gone = asyncio.create_task(asker.read(1))
        late = False
        try:
            done, _ = await asyncio.wait({work, gone}, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
            late = not done
        finally:
            gone.cancel()
            if not work.done():
                await _stop(work, interrupt)
    await _reply(wire, work, late, seconds)
    return None


async def _stop(work: asyncio.Task[Answer], interrupt: Callable[[], None]) -> None:
    """Interrupts until the thread has ended: an interrupt that comes before the query starts is lost."""
    while not work.done():
        interrupt()
        await asyncio.wait({work}, timeout=0.05)


async def _reply(wire: asyncio.StreamWriter, work: asyncio.Task[Answer], late: bool, seconds: float) -> None:
    try:
        found = work.result()
    except StoreError as error:
        text = f"the build cancelled the query after {seconds:g} s; ask for less" if late else str(error)
        wire.write(orjson.dumps({"error": text}) + b"\n")
    else:
        wire.write(orjson.dumps({"rows": found.rows}) + b"\n")
        sink = pa.BufferOutputStream()
        with pa.ipc.new_stream(sink, found.table.schema) as stream:
            stream.write_table(found.table)
        wire.write(sink.getvalue())
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
