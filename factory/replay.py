"""Replay: a dataset's generator run again on recorded replies alone, to show that nothing else decides."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass

from factory.build import open_resources
from factory.catalog import Catalog
from factory.errors import TeacherError
from factory.line import Item, generate, teacher_for
from factory.plan import Prepared, done_work, prepare
from factory.store.reader import must_exist
from factory.store.writer import Writer
from factory.teacher.journal import Journal


@dataclass(frozen=True)
class Replayed:
    """How many seeds were replayed, and what differed: (seed number, in what)."""

    seeds: int
    differences: tuple[tuple[int, str], ...]


async def replay(catalog: Catalog, name: str) -> Replayed:
    """Replays every current run of a dataset, with calls and executions forbidden; writes nothing.
    Raises StoreError where there is no store.

    The same sample ids in the same order are the promise kept; anything else is a difference.
    """
    must_exist(catalog.store)
    seeds, differences = 0, []
    async with AsyncExitStack() as stack:
        writer = stack.enter_context(Writer(catalog.store))
        resources = await open_resources(catalog, stack)
        prepared = await prepare(catalog.dataset(name), catalog.models, resources.judges)
        journal = Journal(writer, "replay", replay_only=True)
        async for item, expected in _items(writer, prepared, journal):
            seeds += 1
            try:
                made = await generate(prepared.dataset, item.work, teacher_for(item, resources, journal))
            except TeacherError as error:
                differences.append((item.work.seed_number, str(error)))
                continue
            if list(made.samples) != expected:
                told = f"gives {list(made.samples)} where {expected} are stored"
                differences.append((item.work.seed_number, told))
    return Replayed(seeds, tuple(differences))


async def _items(
    writer: Writer, prepared: Prepared, journal: Journal
) -> AsyncIterator[tuple[Item, list[str]]]:
    async for chunk in done_work(writer, prepared.dataset.name):
        memory = await journal.recorded(chunk[0][0].seed_number, chunk[-1][0].seed_number)
        for work, sample_ids in chunk:
            yield Item(prepared, work, memory), sample_ids
