"""Reading seed sets into the store: each content once, each place it was found, each broken record kept."""

from __future__ import annotations

import asyncio
import fnmatch
import itertools
import traceback
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from factory.catalog import Catalog, SeedSet
from factory.errors import CatalogError, did_you_mean
from factory.fingerprint import seed_set_fingerprint
from factory.plugins import Broken, Found
from factory.records import Origin
from factory.store.rows import json_text
from factory.store.writer import Writer
from factory.teacher.journal import now
from factory.yamlfile import read_yaml

BATCH = 512
"""Seeds a transaction: what bounds memory while a file of any size is read."""


@dataclass
class Intake:
    """What reading a seed set came to."""

    files: int = 0
    unchanged: int = 0
    seeds: int = 0
    new: int = 0
    broken: int = 0


def files_of(seeds: SeedSet, root: Path) -> list[Path]:
    """The files of a seed set, sorted, each once. Raises CatalogError where a path matches nothing."""
    found: dict[Path, None] = {}
    for pattern in seeds.paths:
        base = Path(pattern).expanduser()
        if base.is_absolute():
            matches = Path(base.anchor).glob(str(base.relative_to(base.anchor)))
        else:
            matches = root.glob(pattern)
        files = sorted(path for path in matches if path.is_file())
        if not files:
            near = did_you_mean(base.name, (path.name for path in (root / base).parent.glob("*")))
            raise CatalogError(f"seed set '{seeds.name}': no file matches {pattern} below {root}{near}")
        found.update(dict.fromkeys(files))
    return list(found)


def signature(path: Path) -> str:
    """What changes when a file changes: its size and time of change."""
    status = path.stat()
    return f"{status.st_size}-{status.st_mtime_ns}"


def fingerprint_of(seeds: SeedSet) -> str:
    """Hash of what decides the seeds of a file, beside the file itself."""
    settings = seeds.settings.model_dump(mode="json")
    return seed_set_fingerprint(seeds.source, settings, seeds.kind.kind, seeds.licence)


async def ingest(
    writer: Writer, catalog: Catalog, seeds: SeedSet, build_id: str, tick: Callable[[int, int], None]
) -> Intake:
    """Brings a seed set up to date: reads new and changed files, withdraws what vanished.

    `tick(files done, files in all)` is called after every file.
    """
    intake = Intake()
    fingerprint = fingerprint_of(seeds)
    licences = _Licences(seeds, catalog.root)
    known = {
        address: (old, sign, count)
        for address, old, sign, count in await writer.query(
            "select address, fingerprint, signature, seeds from files where seed_set = ?", [seeds.name]
        )
    }
    paths = files_of(seeds, catalog.root)
    for place, path in enumerate(paths, start=1):
        address = _address(path, catalog.root)
        intake.files += 1
        before = known.pop(address, None)
        if before is not None and before[:2] == (fingerprint, signature(path)):
            intake.unchanged += 1
            intake.seeds += before[2]
        else:
            reading = _Reading(writer, seeds, path, address, build_id, licences.of(path), intake)
            await reading.run(fingerprint)
        tick(place, len(paths))
    for address in known:
        await _withdraw(writer, seeds.name, address)
    return intake


async def _withdraw(writer: Writer, seed_set: str, address: str) -> None:
    """A file that is gone: its seeds leave the seed set, and stay in the store."""
    where = [seed_set, address]
    await writer.transact(
        {},
        [
            ("update origins set withdrawn = true where seed_set = ? and address = ?", where),
            ("delete from files where seed_set = ? and address = ?", where),
        ],
    )


class _Reading:
    """One file on its way into the store."""

    def __init__(
        self,
        writer: Writer,
        seeds: SeedSet,
        path: Path,
        address: str,
        build_id: str,
        licence: str | None,
        intake: Intake,
    ) -> None:
        self.writer, self.seeds, self.path, self.address = writer, seeds, path, address
        self.build_id, self.licence, self.intake = build_id, licence, intake
        self.count = 0

    async def run(self, fingerprint: str) -> None:
        """Withdraws what the file gave before, adds what it gives now, and notes the file as read."""
        signed = signature(self.path)
        await _withdraw(self.writer, self.seeds.name, self.address)
        found = self._found()
        while batch := await asyncio.to_thread(lambda: list(itertools.islice(found, BATCH))):
            await self._add(batch)
        row = {
            "seed_set": self.seeds.name,
            "fingerprint": fingerprint,
            "address": self.address,
            "signature": signed,
            "seeds": self.count,
            "build_id": self.build_id,
        }
        await self.writer.commit(files=[row])
        self.intake.seeds += self.count

    def _found(self) -> Iterator[Found | Broken]:
        """What the source finds; an error of the source itself is a broken record of the file."""
        try:
            yield from self.seeds.source(self.path, self.seeds.kind, **dict(self.seeds.settings))
        except Exception:
            yield Broken(Origin(address=self.address, place=""), traceback.format_exc())

    async def _add(self, batch: Sequence[Found | Broken]) -> None:
        found = [item for item in batch if isinstance(item, Found)]
        broken = [self._failure(item) for item in batch if isinstance(item, Broken)]
        numbers, new = await self._numbers(found)
        origins = [self._origin(item, numbers[item.seed.id]) for item in found]
        # An origin that is found again replaces its withdrawn twin, so reading twice leaves one row.
        twins = (
            "delete from origins where withdrawn and seed_set = ? and address = ?"
            " and seed_number in (select unnest(?))"
        )
        again = [self.seeds.name, self.address, list(numbers.values())]
        await self.writer.transact(
            {"seeds": new, "origins": origins, "failures": broken}, [(twins, again)] if numbers else []
        )
        self.count += len(found)
        self.intake.new += len(new)
        self.intake.broken += len(broken)

    async def _numbers(self, found: Sequence[Found]) -> tuple[dict[str, int], list[dict[str, Any]]]:
        """The dense number of each seed, and rows for those that the store does not know."""
        ids = list({item.seed.id for item in found})
        rows = await self.writer.query(
            "select seed_id, seed_number from seeds where seed_id in (select unnest(?))", [ids]
        )
        numbers: dict[str, int] = dict(rows)
        following = itertools.count(
            (await self.writer.query("select coalesce(max(seed_number), 0) from seeds"))[0][0] + 1
        )
        new = []
        for item in found:
            if item.seed.id in numbers:
                continue
            numbers[item.seed.id] = next(following)
            content = item.seed.model_dump(mode="json")
            row = {
                "seed_number": numbers[item.seed.id],
                "seed_id": item.seed.id,
                "kind": item.seed.kind,
                "content": json_text(content),
                "characters": sum(len(value) for value in content.values() if isinstance(value, str)),
                "build_id": self.build_id,
            }
            new.append(row)
        return numbers, new

    def _origin(self, item: Found, number: int) -> dict[str, Any]:
        return {
            **item.origin.model_dump(),
            "address": self.address,
            "licence": self.licence or item.origin.licence,
            "seed_number": number,
            "seed_set": self.seeds.name,
            "source": self.seeds.source.name,
            "build_id": self.build_id,
            "withdrawn": False,
        }

    def _failure(self, item: Broken) -> dict[str, Any]:
        first = item.error.strip().splitlines()
        return {
            "dataset": self.seeds.name,
            "seed_number": None,
            "fingerprint": "",
            "attempt": 0,
            "stage": "source",
            "stream": "",
            "ordinal": -1,
            "draw": -1,
            "error": first[-1] if first else "unreadable",
            "traceback": item.error,
            "address": f"{self.address} {item.origin.place}".strip(),
            "cost": 0.0,
            "build_id": self.build_id,
            "recorded_at": now(),
        }


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
        if self.single is not None or not path.is_relative_to(self.folder):
            return self.single
        inside = path.relative_to(self.folder).as_posix()
        return next((value for glob, value in self.globs.items() if fnmatch.fnmatchcase(inside, glob)), None)


def _address(path: Path, root: Path) -> str:
    """The path from the project's folder, where it lies in it: the same on every machine."""
    return path.relative_to(root).as_posix() if path.is_relative_to(root) else path.as_posix()
