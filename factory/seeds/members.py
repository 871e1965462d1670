"""The seeds of a set for a step that looks at all of them, in the order of ids, in parts."""

from __future__ import annotations

import os
import shutil
from bisect import bisect_right
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property, partial
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

import orjson

from factory.plugins import Member
from factory.seeds.laid import in_order, scatter
from factory.seeds.workers import Workers
from factory.store.sets import identifier, literal
from factory.store.texts import Stream, live_files, rows_in, seed_rows

PART_CHARACTERS = 8 << 20
"""About how many characters of text make a part: what a process holds."""
_TELLING = 1024
"""Seeds that are laid down between two words about it."""

_JOB = 8 << 20
"""Bytes of shards that a process lays down at once."""

J = TypeVar("J")
T = TypeVar("T")


class Stopped(Exception):
    """Whoever waits for the seeds has been told to stop."""


class Row(NamedTuple):
    """A seed where it was found, as its part's file holds it: by id first, then by place."""

    seed_id: str
    address: str
    place: str
    content: Any
    scores: Any = None
    kind: str = ""
    characters: int = 0
    url: str | None = None
    parent: str | None = None
    licence: str | None = None
    title: str | None = None
    author: str | None = None
    date: str | None = None


_COLUMNS = ", ".join(f"{name}::varchar" if name in ("content", "scores") else name for name in Row._fields)


@dataclass(frozen=True)
class Part:
    """Seeds whose ids follow each other, in files for any process. `path`: what files about it are named after."""

    path: Path
    scratch: Path
    first: int
    count: int
    first_id: str

    def __len__(self) -> int:
        return self.count

    def __iter__(self) -> Iterator[Member]:
        before = ""
        for row in self.rows():
            if row.seed_id != before:  # where it was found first says the rest
                text = row.content.get("text") or "\n\n".join(_strings(row.content))
                yield Member(row.seed_id, text, row.address, row.scores or {}, row.url)
            before = row.seed_id

    def rows(self) -> Iterator[Row]:
        """A row for each place where a seed was found: those of a seed follow each other."""
        for line in in_order(*_laid(self.scratch).glob(f"*/{self.path.name}")):
            yield Row(*orjson.loads(line))


@dataclass(frozen=True)
class Members:
    """All seeds of a set, in parts that follow each other."""

    parts: tuple[Part, ...]
    scratch: Path
    shared: Workers
    goes_on: Callable[[str], bool] = lambda _: True

    @property
    def first(self) -> int:
        """No seed comes before."""
        return 0

    @property
    def workers(self) -> int:
        """Processes that may be at work."""
        return self.shared.most

    def __len__(self) -> int:
        return sum(part.count for part in self.parts)

    def __iter__(self) -> Iterator[Member]:
        for part in self.parts:
            yield from part

    @cached_property
    def _first_ids(self) -> list[str]:
        return [part.first_id for part in self.parts]

    def part_of(self, seed_id: str) -> Part:
        """The part that holds a seed of the set."""
        return self.parts[bisect_right(self._first_ids, seed_id) - 1]

    def map(self, work: Callable[[Part], T]) -> Iterator[T]:
        """What `work` makes of each part, in their order, some at once. Raises BrokenProcessPool for a dead process."""
        return _each(work, self.parts, self.shared, self.goes_on, "part {} of {}")


def _each(
    work: Callable[[J], T], jobs: Sequence[J], shared: Workers, goes_on: Callable[[str], bool], words: str
) -> Iterator[T]:
    """What `work` makes of each job, in their order, some at once. Raises Stopped and BrokenProcessPool."""
    pool = shared.pool(len(jobs))
    running: deque[Future[T]] = deque()
    following = iter(jobs)
    for done in range(len(jobs)):
        if not goes_on(words.format(f"{done + 1:,}", f"{len(jobs):,}")):
            raise Stopped
        running += [pool.submit(work, job) for job in islice(following, 2 * shared.most - len(running))]
        yield running.popleft().result()


def laid_down(
    stream: Stream,
    store: Path,
    name: str,
    scratch: Path,
    shared: Workers,
    goes_on: Callable[[str], bool] = lambda _: True,
    among: str = "",
) -> Members:
    """A seed set of a store, its live seeds laid down in parts below `scratch`: those kept as shards by all processes.
    Raises Stopped where `goes_on`, told what is going on, says no. `among`: SQL for the `seed_id` of those wanted."""
    narrow = f" semi join ({among}) using (seed_id)" if among else ""
    view = f"sets.{identifier(name)}{narrow}"
    begins = list(
        stream(
            "select min(seed_id), count(*) from (select seed_id,"
            f" (sum(size) over (order by seed_id) - size) // {PART_CHARACTERS} as part"
            f" from (select seed_id, max(characters) as size from {view} group by seed_id))"
            " group by part order by part"
        )
    )
    parts = _parts(begins, scratch)
    chosen = f"select distinct 0 as part, address, place, seed_id from {view}" if among else ""
    [(keep,)] = stream(f"select keep from seed_sets where seed_set = {literal(name)}")
    lay = partial(_lay_files, ids=[part.first_id for part in parts], scratch=scratch)
    if keep == "shards":
        jobs = list(_jobs(live_files(stream, store, name, chosen)))
        for _ in _each(lay, jobs, shared, goes_on, "seeds laid down: {} of {}"):
            pass
        return Members(parts, scratch, shared, goes_on)

    def rows() -> Iterator[Row]:
        for number, values in enumerate(seed_rows(stream, store, name, _COLUMNS, chosen)):
            if number % _TELLING == 0 and not goes_on(f"{number:,} seeds laid down"):
                raise Stopped
            yield Row(*values[1:] if among else values)

    _lay(rows(), [part.first_id for part in parts], scratch)
    return Members(parts, scratch, shared, goes_on)


def _jobs(files: Iterable[tuple[Path, list[int]]]) -> Iterator[list[tuple[Path, list[int]]]]:
    """Files with their rows, so many together as make a job worth its while."""
    job: list[tuple[Path, list[int]]] = []
    size = 0
    for file, numbers in files:
        job.append((file, numbers))
        size += file.stat().st_size
        if size >= _JOB:
            yield job
            job, size = [], 0
    if job:
        yield job


def _parts(begins: Iterable[tuple[str, int]], scratch: Path) -> tuple[Part, ...]:
    """The parts of a set, of which `begins` says the first id and the number of seeds."""
    parts: list[Part] = []
    first = 0
    for number, (first_id, count) in enumerate(begins):
        parts.append(Part(scratch / f"{number:06}.members", scratch, first, count, first_id))
        first += count
    return tuple(parts)


def _lay_files(files: Sequence[tuple[Path, list[int]]], ids: Sequence[str], scratch: Path) -> None:
    _lay((Row(*values) for values in rows_in(files, _COLUMNS)), ids, scratch)


def _lay(rows: Iterable[Row], ids: Sequence[str], scratch: Path) -> None:
    """Lays seeds down in files of this process's own, one a part: no two write to one. Contents and scores are JSON."""
    own = _laid(scratch) / str(os.getpid())
    own.mkdir(parents=True, exist_ok=True)
    scatter((own / f"{bisect_right(ids, row.seed_id) - 1:06}.members", _line(row)) for row in rows)


def _laid(scratch: Path) -> Path:
    return scratch / "laid"


def _line(row: Row) -> bytes:
    parsed = orjson.Fragment(row.content), orjson.Fragment(row.scores or "null")
    return orjson.dumps([*row[:3], *parsed, *row[5:]]) + b"\n"


@contextmanager
def seeds_in_order(
    members: Iterable[Member], folder: Path, *, rows: int = 1024, workers: int = 1
) -> Iterator[Members]:
    """Seeds as a step over a whole set is given them, `rows` a part: to try a step out by itself."""
    folder.mkdir(parents=True, exist_ok=True)
    made: list[Row] = [
        Row(one.seed_id, one.address, "", _json({"text": one.text}), _json(dict(one.scores)), url=one.url)
        for one in sorted(members, key=lambda member: member.seed_id)
    ]
    starts = range(0, len(made), rows)
    parts = _parts(((made[start].seed_id, min(rows, len(made) - start)) for start in starts), folder)
    shutil.rmtree(_laid(folder), ignore_errors=True)
    _lay(made, [part.first_id for part in parts], folder)
    with Workers(workers) as shared:
        yield Members(parts, folder, shared)


def _json(value: object) -> str:
    return orjson.dumps(value).decode()


def _strings(value: Any) -> Iterator[str]:
    """Every text inside a seed without a `text` of its own: cells, posts, messages."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for inner in value.values():
            yield from _strings(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _strings(inner)
