"""The seeds of a set for a step that looks at all of them: a Parquet file in the order of ids, read in parts."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, TypeVar

import orjson

from factory.errors import FactoryError
from factory.plugins import Member, SomeSeeds
from factory.seeds.workers import Workers

PART_CHARACTERS = 32 << 20
"""About how many characters of text make a part: a second of work or less, and what a process may hold."""
BATCH = 512

T = TypeVar("T")


@dataclass(frozen=True)
class Part:
    """One row group of the file, for any process."""

    path: Path
    scratch: Path
    group: int
    first: int
    count: int

    def __len__(self) -> int:
        return self.count

    def __iter__(self) -> Iterator[Member]:
        import pyarrow.parquet as parquet

        with parquet.ParquetFile(self.path) as file:
            for batch in file.iter_batches(BATCH, row_groups=[self.group]):
                columns = (batch.column(name).to_pylist() for name in _COLUMNS)
                for seed_id, text, content, address, scores, url in zip(*columns, strict=True):
                    if not text:
                        text = "\n\n".join(_strings(orjson.loads(content or "null")))
                    yield Member(seed_id, text, address, orjson.loads(scores or "{}"), url)


_COLUMNS = ("seed_id", "text", "content", "address", "scores", "url")


@dataclass(frozen=True)
class Members:
    """All seeds of a set, from a file with the columns that `members_sql` gives."""

    path: Path
    scratch: Path
    shared: Workers

    @cached_property
    def parts(self) -> tuple[Part, ...]:
        """The parts of the file, in order."""
        import pyarrow.parquet as parquet

        about, parts, first = parquet.read_metadata(self.path), [], 0
        for group in range(about.num_row_groups):
            rows = about.row_group(group).num_rows
            parts.append(Part(self.path, self.scratch, group, first, rows))
            first += rows
        return tuple(parts)

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

    def map(self, work: Callable[[SomeSeeds], T]) -> Iterator[T]:
        """What `work` makes of each part, in their order, some at once. Raises FactoryError for a dead process."""
        pool = self.shared.pool(len(self.parts))
        running: list[Future[T]] = []
        following = iter(self.parts)
        while True:
            while len(running) < 2 * self.workers and (part := next(following, None)):
                running.append(pool.submit(work, part))
            if not running:
                return
            try:
                yield running.pop(0).result()
            except BrokenProcessPool as error:
                raise FactoryError(
                    "a process died over a part of the seed set; out of memory? Try fewer --workers"
                ) from error


def members_sql(view: str) -> str:
    """SQL for the columns of the file, each seed once: where it was found first says the rest."""
    return (
        "select seed_id, content ->> 'text' as text,"
        " case when coalesce(content ->> 'text', '') = '' then content::varchar end as content,"
        f" address, scores::varchar as scores, url from {view}"
        " qualify row_number() over (partition by seed_id order by address, place) = 1 order by seed_id"
    )


def rows_in_a_part(count: int, characters: int) -> int:
    """Rows in each row group of the file, so that a part has about `PART_CHARACTERS`. DuckDB's least is 2,048."""
    return max(2048, min(122_880, PART_CHARACTERS * count // max(characters, 1)))


@contextmanager
def seeds_in_order(
    members: Iterable[Member], folder: Path, *, rows: int = 122_880, workers: int = 1
) -> Iterator[Members]:
    """Seeds as a step over a whole set is given them, `rows` a part: to try a step out by itself."""
    import pyarrow as pa
    import pyarrow.parquet as parquet

    folder.mkdir(parents=True, exist_ok=True)
    made = [
        (one.seed_id, one.text, None, one.address, orjson.dumps(dict(one.scores)).decode(), one.url)
        for one in sorted(members, key=lambda member: member.seed_id)
    ]
    columns = [pa.array([row[at] for row in made], pa.string()) for at in range(len(_COLUMNS))]
    path = folder / "members.parquet"
    parquet.write_table(pa.table(columns, names=list(_COLUMNS)), path, row_group_size=rows)
    with Workers(workers) as shared:
        yield Members(path, folder, shared)


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
