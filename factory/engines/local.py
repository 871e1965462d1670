"""The local engine: one event loop, a bounded number of seeds at work, the others waiting in the store."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import TypeVar

Item = TypeVar("Item")


async def run(
    items: AsyncIterator[Item],
    work: Callable[[Item], Awaitable[None]],
    *,
    window: int,
    stopped: Callable[[], bool],
) -> None:
    """Works on items as they come, at most `window` at once, until they end or `stopped()` says so.

    What has begun is always ended. The first error, of `work` or of the feed, ends the feed and is raised at the end.
    """
    free = asyncio.Semaphore(window)
    errors: list[BaseException] = []
    tasks: set[asyncio.Task[None]] = set()

    async def one(item: Item) -> None:
        try:
            await work(item)
        except BaseException as error:  # raised again below, once all that is at work has ended
            errors.append(error)
        finally:
            free.release()

    try:
        async for item in items:
            await free.acquire()
            if stopped() or errors:
                break
            task = asyncio.create_task(one(item))
            tasks.add(task)
            task.add_done_callback(tasks.discard)
    except Exception as error:
        errors.append(error)
    while tasks:
        await asyncio.wait(tasks)
    if errors:
        raise errors[0]
