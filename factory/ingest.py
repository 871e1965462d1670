"""Brings seed sets up to date: reads new and changed files, cleans, withdraws what vanished.

Shards are read by one process or many and taken into the store in their order, each in one transaction, so
that a build that is killed goes on behind the last whole shard and any number of processes gives the same
store. Then the steps that look at the whole seed set run over what is left.
"""

from __future__ import annotations

import asyncio
import fnmatch
import multiprocessing
import shutil
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from concurrent.futures import Executor as Pool
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from pathlib import Path

from factory.catalog import SeedSet
from factory.errors import CatalogError, FactoryError
from factory.fingerprint import seed_set_fingerprint
from factory.plugins import Span
from factory.seeds import intake
from factory.seeds.choosing import choose_whole
from factory.seeds.files import address, files_of, signature
from factory.seeds.shards import Done, Recipe, Shard, Unit, grouped, read_shard
from factory.store.sets import folder
from factory.store.writer import Writer
from factory.yamlfile import read_yaml


@dataclass
class Intake:
    """What reading a seed set came to."""

    files: int = 0
    unchanged: int = 0
    seeds: int = 0
    new: int = 0
    broken: int = 0
    dropped: int = 0


Tick = Callable[[str, int, int], None]
"""Called with a seed set's name, its units (files, spans of large ones) that are done, and all of them."""


@dataclass(frozen=True)
class Reading:
    """What reading seed sets needs: the store, the folder that paths start in, and processes to read with."""

    writer: Writer
    root: Path
    build_id: str
    tick: Tick
    workers: int = 1
    stopping: Callable[[], bool] = lambda: False

    async def bring_up_to_date(self, wanted: Sequence[SeedSet], intakes: dict[str, Intake]) -> None:
        """Reads seed sets, each once, and before it what it is cut from.

        Raises CatalogError where a path matches nothing, FactoryError for a missing package or a dead process.
        """
        for seeds in wanted:
            if seeds.name in intakes or self.stopping():
                continue
            if seeds.parent:
                await self.bring_up_to_date([seeds.parent], intakes)
            one = _SeedSet(self, seeds)
            try:
                intakes[seeds.name] = await one.read()
            finally:
                shutil.rmtree(one.scratch, ignore_errors=True)


class _SeedSet:
    """One seed set on its way into the store."""

    def __init__(self, reading: Reading, seeds: SeedSet) -> None:
        self.reading, self.seeds = reading, seeds
        self.writer, self.build_id = reading.writer, reading.build_id
        self.scratch = folder(self.writer.path) / f".{seeds.name}.{self.build_id}"
        self.parquet = folder(self.writer.path) / seeds.name if seeds.keep == "shards" else None
        made = [(step, step.plugin.bind(**dict(step.settings))) for step in seeds.steps]
        self.items = [(step, one) for step, one in made if not step.plugin.whole]
        self.whole = [(step, one) for step, one in made if step.plugin.whole]
        self.fingerprint = seed_set_fingerprint(seeds, self.items)
        self.most = seeds.shard_mb << 20
        self.intake = Intake()

    async def read(self) -> Intake:
        """Reads what is new, withdraws what is gone, and runs the steps over the whole set."""
        self.scratch.mkdir(parents=True, exist_ok=True)
        await intake.describe(self.writer, self.seeds, self.build_id)
        units = await self._units()
        waiting = await self._waiting(units)
        self.intake.files, self.intake.unchanged = len(units), len(units) - len(waiting)
        ended = len(units) - len(waiting)
        self.reading.tick(self.seeds.name, ended, len(units))
        async for shard, done in self._read(waiting):
            added = await intake.take(self.writer, self.seeds, shard, done, self.fingerprint, self.build_id)
            self.intake.new += added
            self.intake.broken += done.broken
            self.intake.dropped += done.dropped
            ended += len(shard.units)
            self.reading.tick(self.seeds.name, ended, len(units))
        if self.parquet:
            await intake.describe(self.writer, self.seeds, self.build_id)  # its view needs a file to stand on
            await intake.sweep(self.writer, self.seeds.name, self.parquet)
        if not self.reading.stopping():
            self.intake.dropped += await choose_whole(
                self.writer, self.seeds, self.whole, self.scratch, self.build_id
            )
        self.intake.seeds = await intake.count(self.writer, self.seeds)
        return self.intake

    async def _units(self) -> list[Unit]:
        if self.seeds.parent:
            return await intake.documents(self.writer, self.seeds.parent, self.seeds.take)
        return await asyncio.to_thread(self._files)

    def _files(self) -> list[Unit]:
        root, units = self.reading.root, []
        licences = _Licences(self.seeds, root)
        for path in files_of(self.seeds.paths, root, self.seeds.name):
            size = path.stat().st_size
            at, signed, licence = address(path, root), signature(path), licences.of(path)
            split = self.seeds.source.split
            spans = list(split(path, self.most)) if split and size > self.most else []
            parts: list[Span | None] = [*spans] or [None]
            for span in parts:
                cut = size // max(len(spans), 1)
                units.append(Unit(at, signed, str(path), span, licence, cut))
        return units

    async def _waiting(self, units: Sequence[Unit]) -> list[Unit]:
        """The units to read. What changed or is gone is withdrawn at once; what it held stays in the store."""
        known = await intake.known(self.writer, self.seeds.name)
        current = {
            (unit.address, unit.span_text)
            for unit in units
            if known.get((unit.address, unit.span_text)) == (self.fingerprint, unit.signature)
        }
        gone = {at for at, span in known if (at, span) not in current}
        if gone:
            await intake.withdraw(self.writer, self.seeds.name, gone)
        return [
            unit for unit in units if (unit.address, unit.span_text) not in current or unit.address in gone
        ]

    def _shards(self, waiting: Sequence[Unit]) -> Iterator[Shard]:
        recipe = Recipe(
            self.seeds.source.name,
            self.seeds.kind.kind,
            self.seeds.settings.model_dump(mode="json"),
            tuple((step.plugin.name, step.settings.model_dump(mode="json")) for step, _ in self.items),
        )
        for number, units in enumerate(grouped(waiting, self.most)):
            name = f"{self.build_id}-{number:06}"
            parquet = self.parquet / f"{name}.parquet" if self.parquet else None
            documents = self.scratch / f"{name}.documents.jsonl" if self.seeds.parent else None
            yield Shard(name, units, recipe, self.scratch, documents, parquet)

    async def _read(self, waiting: Sequence[Unit]) -> AsyncIterator[tuple[Shard, Done]]:
        """Shards and what they came to, in their order; as many as there are workers are read at once."""
        shards = list(self._shards(waiting))
        workers = max(1, min(self.reading.workers, len(shards)))
        loop = asyncio.get_running_loop()
        with _pool(workers) as pool:
            running: list[tuple[Shard, asyncio.Future[Done]]] = []
            following = iter(shards)
            while True:
                while len(running) < 2 * workers and not self.reading.stopping():
                    shard = next(following, None)
                    if shard is None:
                        break
                    if shard.documents and self.seeds.parent:
                        await intake.lay_down(self.writer, self.seeds.parent, shard, self.seeds.take)
                    running.append((shard, loop.run_in_executor(pool, read_shard, shard)))
                if not running:
                    return
                shard, future = running.pop(0)
                try:
                    done = await future
                except BrokenProcessPool as error:
                    at = ", ".join(unit.address for unit in shard.units[:3])
                    raise FactoryError(
                        f"seed set '{self.seeds.name}': a process died while it read {at}"
                        f"{' ...' if len(shard.units) > 3 else ''}; out of memory? Try fewer --workers"
                    ) from error
                yield shard, done
                for file in shard.folder.glob(f"{shard.name}.*"):
                    file.unlink()


def _pool(workers: int) -> Pool:
    """One worker is a thread: nothing needs to start, and the event loop has little else to do."""
    if workers == 1:
        return ThreadPoolExecutor(1, thread_name_prefix="seeds")
    return ProcessPoolExecutor(workers, mp_context=multiprocessing.get_context("spawn"))


class _Licences:
    """The licence of each file: one for all, or by glob from a YAML file whose folder the globs start in."""

    def __init__(self, seeds: SeedSet, root: Path) -> None:
        self.single: str | None = seeds.licence
        self.globs: dict[str, str] = {}
        self.folder = root
        if seeds.licence and seeds.licence.endswith((".yaml", ".yml")):
            path = root / seeds.licence
            content = read_yaml(path).content
            if not isinstance(content, dict):
                raise CatalogError(f"{path}: expected 'glob: SPDX identifier' entries")
            self.single, self.globs, self.folder = None, content, path.parent

    def of(self, path: Path) -> str | None:
        """The licence of a file, or None."""
        if self.single is not None or not isinstance(path, Path) or not path.is_relative_to(self.folder):
            return self.single
        inside = path.relative_to(self.folder).as_posix()
        return next((value for glob, value in self.globs.items() if fnmatch.fnmatchcase(inside, glob)), None)
