"""What was begun ends, and who waits for the store hears from it, whatever goes wrong."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from factory.engines import local
from factory.errors import RowError
from factory.store.writer import Writer


def test_what_was_begun_ends_where_the_work_to_come_cannot_be_read() -> None:
    ended = []

    async def items() -> AsyncIterator[int]:
        yield 1
        yield 2
        raise OSError("the store is gone")

    async def work(item: int) -> None:
        await asyncio.sleep(0.01 * item)
        ended.append(item)

    with pytest.raises(OSError, match="the store is gone"):
        asyncio.run(local.run(items(), work, window=4, stopped=lambda: False))
    assert ended == [1, 2]


def test_rows_of_a_table_that_is_not_there_are_told_and_the_next_are_taken(tmp_path: Path) -> None:
    async def write() -> None:
        with Writer(tmp_path / "factory.duckdb") as writer:
            with pytest.raises(RowError, match="nowhere"):
                await writer.commit(nowhere=[{"name": "a"}])
            await writer.commit(reservations=[])

    asyncio.run(write())
