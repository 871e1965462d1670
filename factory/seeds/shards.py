"""Shards: parts of a seed set that know nothing of each other, each read and cleaned by one process.

A shard is a few small files, one file, or a span of a large one. What it gives depends on nothing but the
files and the recipe, so that any number of processes, in any order, gives the same seeds.
"""

from __future__ import annotations

import re
import traceback
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, BinaryIO, TypeAlias

import duckdb
import orjson

from factory.discovery import CLEANERS, SOURCES, load
from factory.errors import FactoryError, MissingPackage, told
from factory.plugins import Broken, Cleaner, Found, Item, Skipped, Source, Span
from factory.records import Origin, Seed
from factory.seeds.clean import SOURCE, Counts, Failed, Left, Steps
from factory.seeds.files import path_of
from factory.seeds.given import items_of
from factory.seeds.remote import without_secrets
from factory.store.rows import json_text
from factory.store.sets import json_rows, literal

SHARD_FILES = 256
EXCERPT = 200
"""Characters that are kept of a seed that was left out."""

EXAMPLES = 20
"""Of a seed set kept as shards: rows of `drops` for each file, step and reason. Others are counted."""

_ENOUGH = "enough"
_AT, _AT_MOST = ".at", 300
"""The end of the name of the file that says how far a shard is read, and its bytes."""

_RAISED = re.compile(r"[A-Za-z_][\w.]*: ")

SEEDS = {
    "position": "bigint",
    "seed_id": "varchar",
    "kind": "varchar",
    "content": "varchar",
    "characters": "bigint",
    "address": "varchar",
    "span": "varchar",
    "place": "varchar",
    "url": "varchar",
    "parent": "varchar",
    "licence": "varchar",
    "title": "varchar",
    "author": "varchar",
    "date": "varchar",
    "scores": "varchar",
}
DROPS = {
    "position": "integer",
    "step": "varchar",
    "whole": "boolean",
    "reason": "varchar",
    "scores": "varchar",
    "seed_id": "varchar",
    "kind": "varchar",
    "address": "varchar",
    "place": "varchar",
    "url": "varchar",
    "title": "varchar",
    "characters": "bigint",
    "excerpt": "varchar",
}
FAILURES = {"stage": "varchar", "error": "varchar", "traceback": "varchar", "address": "varchar"}
COUNTS = {
    "position": "integer",
    "step": "varchar",
    "address": "varchar",
    "seen": "bigint",
    "kept": "bigint",
    "changed": "bigint",
    "broken": "bigint",
}
SKIPS = {
    "position": "integer",
    "step": "varchar",
    "address": "varchar",
    "reason": "varchar",
    "records": "bigint",
    "place": "varchar",
    "excerpt": "varchar",
}
TABLES: Mapping[str, Mapping[str, str]] = {
    "seeds": SEEDS,
    "drops": DROPS,
    "failures": FAILURES,
    "cleaning": COUNTS,
    "skips": SKIPS,
}
"""The columns of what a shard gives, a file each; one of which it gives nothing is not there."""

Write: TypeAlias = Callable[[str, Mapping[str, Any]], Any]
"""Takes a row of a table."""


@dataclass(frozen=True)
class Unit:
    """A file, or a span of one, as the store knows it. `documents` of another seed set have no path."""

    address: str
    signature: str
    path: str = ""
    span: Span | None = None
    licence: str | None = None
    size: int = 0

    @property
    def span_text(self) -> str:
        """The span as the store keeps it; empty for a whole file."""
        return f"{self.span.start}-{self.span.end}" if self.span else ""


@dataclass(frozen=True)
class Recipe:
    """What decides the seeds of a file, by names, so that it travels to another process."""

    source: str
    kind: str
    settings: Mapping[str, Any]
    steps: tuple[tuple[str, Mapping[str, Any]], ...] = ()


@dataclass(frozen=True)
class Shard:
    """The work of one process at a time: units to read, and the folder and name to write under."""

    name: str
    units: tuple[Unit, ...]
    recipe: Recipe
    folder: Path
    documents: Path | None = None
    """The file in which the engine laid down the documents of the units, where another seed set holds them."""
    parquet: Path | None = None
    """Where the seeds go as Parquet, where the store does not take them."""

    def output(self, table: str) -> Path:
        """The Parquet file for a table, on its way into the store unless the seed set is kept as shards."""
        if table == "seeds" and self.parquet:
            return self.parquet
        return self.folder / f"{self.name}.{table}.parquet"


@dataclass
class Done:
    """What a shard came to. `found` counts the seeds that it kept, by address and span; `unread` are those that the
    machine did not give (no permission, no network), which may be otherwise the next time."""

    found: dict[tuple[str, str], int] = field(default_factory=dict)
    unread: set[tuple[str, str]] = field(default_factory=set)
    broken: int = 0
    dropped: int = 0


def grouped(units: Sequence[Unit], most: int) -> Iterator[tuple[Unit, ...]]:
    """Units in shards of about `most` bytes, in their order; spans of one file in shards of their own."""
    group: list[Unit] = []
    size = 0
    for unit in units:
        again = group and unit.address == group[-1].address
        if group and (again or size + unit.size > most or len(group) == SHARD_FILES):
            yield tuple(group)
            group, size = [], 0
        group.append(unit)
        size += unit.size
    if group:
        yield tuple(group)


def enough(folder: Path) -> None:
    """Lets no shard of a folder be begun any more; what is being read is read to its end."""
    (folder / _ENOUGH).touch()


def read_shard(shard: Shard) -> Done | None:
    """Reads and cleans a shard, and writes what it found beside `shard.folder`; None where `enough` was said before.
    Run in any process.

    An error of a source is a broken record of its file; a missing package raises FactoryError.
    """
    if (shard.folder / _ENOUGH).exists():
        return None
    return _run(shard)


def reached(shard: Shard) -> str | None:
    """How far the process has come, or came, that reads a shard: the last place that is done with, in words. None where
    none has begun it."""
    path = shard.folder / f"{shard.name}{_AT}"
    if not path.exists():
        return None
    return f"behind {place}" if (place := path.read_text("utf-8", "replace").strip()) else "at its beginning"


def given_up(shard: Shard, why: str) -> Done:
    """Writes of a shard that it was not read, and why: each of its files is broken, and read again the next time."""
    for table in TABLES:
        shard.output(table).unlink(missing_ok=True)
    return _run(replace(shard, documents=None), why)


def _run(shard: Shard, died: str = "") -> Done:
    outputs = {table: shard.output(table) for table in TABLES}
    with (
        writing(outputs, shard.folder / shard.name, even_empty=shard.parquet) as write,
        (shard.folder / f"{shard.name}{_AT}").open("wb", buffering=0) as at,
    ):
        return _Reader(shard, write, at, died).run()


@contextmanager
def writing(outputs: Mapping[str, Path], aside: Path, *, even_empty: Path | None = None) -> Iterator[Write]:
    """Where rows of tables go to become Parquet files, one a table: `outputs` by table. Of a table without rows there
    is none, unless it is `even_empty`. Until the end rows are lines of files beside `aside`."""
    lines = {table: aside.with_name(f"{aside.name}.{table}.jsonl") for table in outputs}
    with ExitStack() as stack:
        files = {table: stack.enter_context(path.open("wb")) for table, path in lines.items()}
        yield lambda table, row: files[table].write(orjson.dumps(row, option=orjson.OPT_APPEND_NEWLINE))
    # Rows come in the order of the lines with one thread, and only so are their groups bounded by bytes.
    with duckdb.connect(config={"memory_limit": "1GB", "threads": 1}) as connection:
        connection.execute("set preserve_insertion_order = false")
        for table, path in lines.items():
            if path.stat().st_size or outputs[table] == even_empty:
                _to_parquet(connection, json_rows(path, TABLES[table]), outputs[table])
            path.unlink()


def _to_parquet(connection: duckdb.DuckDBPyConnection, rows: str, output: Path) -> None:
    """Rows as a Parquet file: written aside, then renamed, so that what is there is whole."""
    output.parent.mkdir(parents=True, exist_ok=True)
    aside = output.with_suffix(".writing")
    connection.execute(
        f"copy (select * from {rows}) to {literal(aside)}"
        " (format parquet, compression zstd, row_group_size 20000, row_group_size_bytes '16MB')"
    )
    aside.rename(output)


class _Reader:
    """One shard on its way into files."""

    def __init__(self, shard: Shard, write: Write, at: BinaryIO, died: str) -> None:
        recipe = shard.recipe
        self.shard, self._write, self._at, self._died = shard, write, at, died
        self.source: Source = load(SOURCES, recipe.source)
        self.settings = dict(self.source.settings.model_validate(dict(recipe.settings)))
        self.kind = next(kind for kind in self.source.gives if kind.kind == recipe.kind)
        self.names = ["source", *(name for name, _ in recipe.steps)]
        plugins: list[Cleaner] = [load(CLEANERS, name) for name, _ in recipe.steps]
        made = (plugin.bind(**settings) for plugin, (_, settings) in zip(plugins, recipe.steps, strict=True))
        self.steps = Steps(list(zip(plugins, made, strict=True)))
        self.done = Done()
        self.position = 0

    def run(self) -> Done:
        """Reads every unit; a unit that gives nothing is counted too."""
        self.done.found = {(unit.address, unit.span_text): 0 for unit in self.shard.units}
        if self.shard.documents:
            units = {unit.address: unit for unit in self.shard.units}
            counts: defaultdict[str, Counts] = defaultdict(Counts)
            for address, items in _by_address(self._found(self.shard.documents, None)):
                unit = units.get(address, self.shard.units[0])
                self._through(items, counts[unit.address], unit.address, unit.span_text, unit.licence)
            for address, counted in counts.items():
                self._count(units[address], counted)
            return self.done
        for unit in self.shard.units:
            counted = Counts()
            found = self._found(path_of(unit.path), unit.span, (unit.address, unit.span_text))
            self._through(found, counted, unit.address, unit.span_text, unit.licence)
            self._count(unit, counted)
        return self.done

    def _found(self, path: Path, span: Span | None, unit: tuple[str, str] | None = None) -> Iterator[Item]:
        """What the source finds; an error of the source itself is a broken record of the file."""
        if unit and self._died:
            self.done.unread.add(unit)
            yield Broken(Origin(address="", place=""), self._died)
            return
        try:
            yield from self.source(path, self.kind, span, **self.settings)
        except MissingPackage:
            raise  # no file would be read
        except Exception as error:  # a plugin may raise anything; it costs its file alone
            if isinstance(error, FactoryError) and not unit:
                raise  # of documents that were read before, it is a setting that is wrong
            if unit and isinstance(error, OSError | MemoryError):
                self.done.unread.add(unit)
            yield Broken(Origin(address="", place=""), _told(error, path, self.source.path.parent))

    def _marked(self, found: Iterator[Item], address: str) -> Iterator[Item]:
        """Writes down where what comes behind an item begins: should it end this process, somebody will ask."""
        for item in found:
            yield item
            place = f"{address} {item.origin.place}".encode("utf-8", "replace")[:_AT_MOST]
            self._at.seek(0)
            self._at.write(place.ljust(_AT_MOST))

    def _through(
        self, found: Iterator[Item], counts: Counts, address: str, span: str, licence: str | None
    ) -> None:
        checked = items_of(self.source, self.kind, found)
        for item in self.steps.run(self._marked(checked, address), counts):
            if isinstance(item, Found):
                self.done.found[address, span] += 1
                self._write("seeds", self._seed(item, address, span, licence))
            elif isinstance(item, Left):
                self._left(item, counts, address)
            else:
                self.done.broken += 1
                self._write("failures", _failure(item, address))

    def _seed(self, item: Found, address: str, span: str, licence: str | None) -> dict[str, Any]:
        self.position += 1
        about = item.origin.model_dump(exclude={"address", "licence"})
        return {
            **seed_row(item.seed),
            **about,
            "position": self.position,
            "address": address,
            "span": span,
            "licence": licence or item.origin.licence,
            "scores": json_text(dict(item.scores)) if item.scores else None,
        }

    def _left(self, left: Left, counts: Counts, address: str) -> None:
        """Writes down what a step left out: of a crawl some for each reason, since it may be most of it."""
        why = left.position, left.drop.reason
        counts.left[why] += 1
        if self.shard.parquet and counts.left[why] > EXAMPLES:
            counts.skip(Skipped(left.item.origin, left.drop.reason, _text(left.item.seed)), left.position)
        else:
            self.done.dropped += 1
            self._write("drops", drop_row(left, self.names[left.position], address))

    def _count(self, unit: Unit, counts: Counts) -> None:
        if not (counts.seen[SOURCE] or unit.span):  # a record may be longer than a span
            counts.skip(
                Skipped(Origin(address=unit.address, place=""), "nothing in the file that was looked for")
            )
        for position, name in enumerate(self.names, start=SOURCE):
            row = {
                "position": position,
                "step": name,
                "address": unit.address,
                "seen": counts.seen[position],
                "kept": counts.kept[position],
                "changed": counts.changed[position],
                "broken": counts.broken[position],
            }
            self._write("cleaning", row)
        for (position, reason), records in counts.skipped.items():
            self.done.dropped += records
            about = {"position": position, "step": self.names[position], "address": unit.address}
            self._write("skips", about | _skip(counts.examples[position, reason], records))


def seed_row(seed: Seed) -> dict[str, Any]:
    """The columns that a seed decides by itself."""
    content = seed.model_dump(mode="json")
    return {
        "seed_id": seed.id,
        "kind": seed.kind,
        "content": json_text(content),
        "characters": sum(len(value) for value in content.values() if isinstance(value, str)),
    }


def drop_row(left: Left, step: str, address: str) -> dict[str, Any]:
    """The row of a seed that a step left out."""
    seed, origin = left.item.seed, left.item.origin
    row = seed_row(seed)
    return {
        "position": left.position,
        "step": step,
        "whole": False,
        "reason": left.drop.reason,
        "scores": json_text({**left.item.scores, **left.drop.scores}),
        "seed_id": row["seed_id"],
        "kind": row["kind"],
        "address": address,
        "place": origin.place,
        "url": origin.url,
        "title": origin.title,
        "characters": row["characters"],
        "excerpt": _text(seed)[:EXCERPT],
    }


def _text(seed: Seed) -> str:
    """What stands for a seed where people look: its text, or all that it holds."""
    return str(getattr(seed, "text", None) or json_text(seed.model_dump(mode="json")))


def _skip(item: Skipped, records: int) -> dict[str, Any]:
    """What is told of records that were left out for one reason, of which this is the first."""
    return {
        "reason": item.reason,
        "records": records,
        "place": item.origin.place,
        "excerpt": (item.text or item.origin.url or "")[:EXCERPT],
    }


def _told(error: Exception, path: Path, home: Path) -> str:
    """What is said of a file that a source gave up: our own words stand for themselves; `home` is where its code is."""
    if not isinstance(error, OSError) and not path.stat().st_size:
        return "the file is empty"
    return str(error) if isinstance(error, FactoryError) else f"{traceback.format_exc()}\n{told(error, home)}"


def _failure(failed: Failed, address: str) -> dict[str, Any]:
    lines = without_secrets(failed.broken.error).strip().splitlines() or ["unreadable"]
    return {
        "stage": failed.stage,
        # What a traceback says in the end may take several lines, of which the first names it.
        "error": next(filter(_RAISED.match, reversed(lines)), lines[-1]),
        "traceback": without_secrets(failed.broken.error),
        "address": f"{address} {failed.broken.origin.place}".strip(),
    }


def _by_address(found: Iterator[Item]) -> Iterator[tuple[str, Iterator[Item]]]:
    """Each record by itself with the address that it came from."""
    for item in found:
        yield item.origin.address, iter((item,))
