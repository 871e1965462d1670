"""Brings seed sets up to date: reads new and changed files, cleans, withdraws what vanished.

Shards are read by one process or many and taken into the store in their order, those of a moment in one
transaction, so that a build that is killed goes on behind the last shard taken and any number of processes gives
the same store. Then the steps that look at the whole seed set run over what is left.
"""

from __future__ import annotations

import asyncio
import fnmatch
import math
import shutil
import time
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import TypeAlias

import duckdb

from factory.catalog import SeedSet
from factory.errors import CatalogError, FactoryError, MissingPackage
from factory.fingerprint import seed_set_fingerprint
from factory.plugins import Span
from factory.seeds import intake
from factory.seeds.choosing import choose_whole
from factory.seeds.files import address, files_of, signature
from factory.seeds.remote import asked
from factory.seeds.shards import Done, Recipe, Shard, Unit, enough, given_up, grouped, reached, read_shard
from factory.seeds.workers import TOO_MANY, Died, Workers, alone
from factory.store.sets import folder
from factory.store.writer import Writer
from factory.yamlfile import read_yaml

MOMENT = 2.0
"""Seconds of reading that one transaction takes in: many small ones cost more, and a kill loses one at most."""

AHEAD, TIMES = 64, 16
"""Shards whose documents are laid down together: so many at least, and each time one of so many parts of them all,
since each time all documents of the seed set are gone through."""


@dataclass
class Intake:
    """What reading a seed set came to."""

    files: int = 0
    unchanged: int = 0
    seeds: int = 0
    new: int = 0
    broken: int = 0
    dropped: int = 0


IDLE = 3
"""So often processes may die that read nothing: one may be killed while it waits."""

Running: TypeAlias = tuple[Shard, "asyncio.Future[Done | None]"]

Tick = Callable[[str], None]
"""Called with what is going on, in words."""


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

        Raises CatalogError where a path matches nothing, FactoryError for a missing package, processes that die at
        once, or a full disk.
        """
        for seeds in wanted:
            if seeds.name in intakes:
                continue
            if seeds.parent:
                await self.bring_up_to_date([seeds.parent], intakes)
            if self.stopping():
                return
            one = _SeedSet(self, seeds)
            try:
                intakes[seeds.name] = await one.read()
            except (OSError, duckdb.IOException, duckdb.OutOfMemoryException) as error:
                # What is wrong with a source's own file is told as that file's.
                where = folder(self.writer.path)
                raise FactoryError(
                    f"seed set '{seeds.name}' cannot be written below {where}: {error}\nwhat was read is kept; make"
                    " room or mend that, and the same command goes on from there"
                ) from error
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
        self.idle = 0
        self._no_processes = f"seed set '{seeds.name}': no processes can be used"

    async def read(self) -> Intake:
        """Reads what is new, withdraws what is gone, and runs the steps over the whole set."""
        self.scratch.mkdir(parents=True)
        await intake.describe(self.writer, self.seeds, self.build_id)
        units = await self._units()
        waiting = await self._waiting(units)
        self.intake.files, self.intake.unchanged = len(units), len(units) - len(waiting)
        told = _Told(len(units), waiting)
        self._tell(told.words())
        with Workers(self.reading.workers) as workers:
            async for some in self._read(waiting, workers):
                added = await intake.take(self.writer, self.seeds, some, self.fingerprint, self.build_id)
                self.intake.new += added
                for shard, done in some:
                    self.intake.broken += done.broken
                    self.intake.dropped += done.dropped
                    told.ended(shard.units)
                self._tell(told.words())
            await intake.forget_returned(self.writer, self.seeds.name)
            if self.parquet:
                # Its view needs a file to stand on.
                await intake.describe(self.writer, self.seeds, self.build_id)
            if not self.reading.stopping():
                self.intake.dropped += await choose_whole(
                    self.writer, self.seeds, self.whole, self.scratch, self.build_id, workers, self._goes_on
                )
        if self.parquet:
            await intake.sweep(self.writer, self.seeds.name, self.parquet)
            await intake.describe(self.writer, self.seeds, self.build_id)
        self.intake.seeds = await intake.count(self.writer, self.seeds)
        return self.intake

    def _tell(self, what: str) -> None:
        self.reading.tick(f"{self.seeds.name}: {what}")

    def _goes_on(self, what: str) -> bool:
        """Tells what is going on; whether it is to go on."""
        self._tell(what)
        return not self.reading.stopping()

    async def _units(self) -> list[Unit]:
        if self.seeds.parent:
            return await intake.documents(self.writer, self.seeds.parent, self.seeds.take, self.most)
        return await asyncio.to_thread(self._files)

    def _files(self) -> list[Unit]:
        root, units = self.reading.root, []
        licences = _Licences(self.seeds, root)
        for path in files_of(self.seeds.paths, root, self.seeds.name):
            try:
                with asked(str(path)):
                    size, signed = path.stat().st_size, signature(path)
            except OSError:  # what is wrong with it is told when it is read
                size, signed = 0, ""
            at, licence = address(path, root), licences.of(path)
            spans = self._spans(path) if size > self.most else []
            parts: list[Span | None] = [*spans] or [None]
            for span in parts:
                cut = size // max(len(spans), 1)
                units.append(Unit(at, signed, str(path), span, licence, cut))
        return units

    def _spans(self, path: Path) -> list[Span]:
        """The spans of a large file; none where it is read as a whole."""
        split = self.seeds.source.split
        try:
            return list(split(path, self.most)) if split else []
        except MissingPackage:
            raise
        except Exception:  # what is wrong with the file is told when it is read
            return []

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

    async def _read(
        self, waiting: Sequence[Unit], workers: Workers
    ) -> AsyncIterator[list[tuple[Shard, Done]]]:
        """Shards and what they came to, in their order, as many together as a moment gave."""
        shards = list(self._shards(waiting))
        ahead, loop = 2 * min(workers.most, len(shards)), asyncio.get_running_loop()

        def begin(shard: Shard) -> Running:
            future: asyncio.Future[Done | None] = loop.create_future()
            try:
                future = loop.run_in_executor(workers.pool(len(shards)), read_shard, shard)
            except BrokenProcessPool as error:  # told with what was being read when the process died
                future.set_exception(error)
            except RuntimeError as error:
                raise FactoryError(f"{self._no_processes}: {error}; {TOO_MANY}") from error
            return shard, future

        running: list[Running] = []
        ended: list[tuple[Shard, Done]] = []
        following: Iterator[tuple[int, Shard]] = enumerate(shards)
        due = time.monotonic()
        while True:
            if self.reading.stopping():
                enough(self.scratch)
                following = iter(())
            for number, shard in islice(following, max(0, ahead - len(running))):
                await self._lay_down(shards, number)
                running.append(begin(shard))
            if running:
                left = max(0.0, due - time.monotonic()) if ended else MOMENT
                if (await asyncio.wait([running[0][1]], timeout=left))[0]:
                    if isinstance(running[0][1].exception(), BrokenProcessPool):
                        running = await self._again(running, begin, workers)
                        continue  # the first may have been begun anew
                    shard, future = running.pop(0)
                    if done := self._done(shard, future, running):
                        ended.append((shard, done))
                    else:
                        running = []  # nor was one behind it begun
            if ended and (not running or time.monotonic() >= due):
                yield ended
                for shard, _ in ended:
                    for file in shard.folder.glob(f"{shard.name}.*"):
                        file.unlink()
                ended, due = [], time.monotonic() + MOMENT
            elif not running:
                return

    async def _lay_down(self, shards: Sequence[Shard], number: int) -> None:
        """Lays down the documents of a shard and of those behind it, where another seed set holds them."""
        documents = shards[number].documents
        if documents and self.seeds.parent and not documents.exists():
            some = shards[number : number + max(AHEAD, len(shards) // TIMES)]
            await intake.lay_down(self.writer, self.seeds.parent, some, self.seeds.take, self.most)

    def _done(
        self, shard: Shard, future: asyncio.Future[Done | None], behind: Sequence[Running]
    ) -> Done | None:
        """What a shard came to. Where that is an error, nobody asks any more what those behind it came to."""
        try:
            return future.result()
        except Exception:
            for _, other in behind:
                other.cancel()
            raise

    async def _again(
        self, running: Sequence[Running], begin: Callable[[Shard], Running], workers: Workers
    ) -> list[Running]:
        """Shards whose processes ended since one of them died: those that had been begun are read each in a process of
        its own, and given up where that dies too. Raises FactoryError where again and again none had been begun."""
        await asyncio.wait([future for _, future in running])
        await asyncio.to_thread(workers.renew)
        ended = [isinstance(future.exception(), BrokenProcessPool) for _, future in running]
        if not any(reached(shard) for (shard, _), lost in zip(running, ended, strict=True) if lost):
            self.idle += 1
            if self.idle == IDLE:
                raise FactoryError(f"{self._no_processes}: they die before they read anything; {TOO_MANY}")
        again: list[Running] = []
        for one, lost in zip(running, ended, strict=True):
            if lost and reached(one[0]):
                made = asyncio.get_running_loop().create_future()
                made.set_result(await asyncio.to_thread(_alone, one[0]))
                again.append((one[0], made))
            else:
                again.append(begin(one[0]) if lost else one)
        return again


def _alone(shard: Shard) -> Done | None:
    """What a shard comes to in a process of its own."""
    try:
        return alone(read_shard, shard)
    except Died as error:
        why = f"a process died ({error}) that read this, {reached(shard)}, and had died before"
        return given_up(shard, f"{why}; a smaller 'shard_mb' loses less with it")


class _Told:
    """How far the reading of a seed set is, and how long it may take still: by the bytes read since it began."""

    def __init__(self, units: int, waiting: Sequence[Unit]) -> None:
        self.units, self.waiting = units, len(waiting)
        self.bytes, self.read = sum(unit.size for unit in waiting), 0
        self.began = time.monotonic()

    def ended(self, units: Sequence[Unit]) -> None:
        """These have been read."""
        self.waiting -= len(units)
        self.read += sum(unit.size for unit in units)

    def words(self) -> str:
        """As the progress display says it."""
        told = f"file {self.units - self.waiting:,} of {self.units:,}"
        if not (self.read and self.waiting):
            return told
        seconds = (time.monotonic() - self.began) * (self.bytes - self.read) / self.read
        return f"{told}, about {math.ceil(seconds / 60)} min left"


class _Licences:
    """The licence of each file: one for all, or by glob from a YAML file whose folder the globs start in."""

    def __init__(self, seeds: SeedSet, root: Path) -> None:
        self.single: str | None = seeds.licence
        self.globs: dict[str, str] = {}
        self.folder = root
        if seeds.licence and seeds.licence.endswith((".yaml", ".yml")):
            path = root / seeds.licence
            try:
                content = read_yaml(path).content
            except CatalogError as error:
                raise CatalogError(f"seed set '{seeds.name}', licence: {error}") from error
            if not isinstance(content, dict):
                raise CatalogError(f"{path}: expected 'glob: SPDX identifier' entries")
            self.single, self.globs, self.folder = None, content, path.parent

    def of(self, path: Path) -> str | None:
        """The licence of a file, or None."""
        if self.single is not None or not isinstance(path, Path) or not path.is_relative_to(self.folder):
            return self.single
        inside = path.relative_to(self.folder).as_posix()
        return next((value for glob, value in self.globs.items() if fnmatch.fnmatchcase(inside, glob)), None)
