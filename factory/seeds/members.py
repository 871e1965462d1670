"""The seeds of a set for a step that looks at all of them, in the order of ids, in parts."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import accumulate, repeat
from pathlib import Path
from typing import Any, TypeAlias, TypeVar

import orjson

from factory.errors import FactoryError
from factory.plugins import Member, SomeSeeds
from factory.seeds.laid import in_order, scatter
from factory.seeds.workers import Workers

PART_CHARACTERS = 8 << 20
"""About how many characters of text make a part: what a process holds."""

T = TypeVar("T")


Row: TypeAlias = tuple[str, str, str, str | None, str | None, str]
"""Id, address, place, URL, scores and content of a seed, the last two as JSON: what `rows_sql` gives."""


@dataclass(frozen=True)
class Part:
    """Seeds whose ids follow each other, in a file for any process."""

    path: Path
    scratch: Path
    first: int
    count: int

    def __len__(self) -> int:
        return self.count

    def __iter__(self) -> Iterator[Member]:
        before = ""
        for line in in_order(self.path):
            seed_id, address, _, url, scores, content = orjson.loads(line)
            if seed_id != before:  # where it was found first says the rest
                text = content.get("text") or "\n\n".join(_strings(content))
                yield Member(seed_id, text, address, scores or {}, url)
            before = seed_id


@dataclass(frozen=True)
class Members:
    """All seeds of a set, in parts that follow each other."""

    parts: tuple[Part, ...]
    scratch: Path
    shared: Workers

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


def parts_sql(view: str) -> str:
    """SQL for the first id of each part of a seed set, and how many seeds the part holds."""
    return (
        "select min(seed_id), count(*) from (select seed_id,"
        f" (sum(size) over (order by seed_id) - size) // {PART_CHARACTERS} as part"
        f" from (select seed_id, max(characters) as size from {view} group by seed_id))"
        " group by part order by part"
    )


def rows_sql(view: str) -> str:
    """SQL for the rows that `in_parts` takes, in no order: one for each place where a seed was found."""
    return f"select seed_id, address, place, url, scores::varchar, content::varchar from {view}"


def in_parts(rows: Iterable[Row], begins: Sequence[tuple[str, int]], scratch: Path) -> tuple[Part, ...]:
    """Lays seeds down in parts, of which `begins` says the first id and the number of seeds."""
    ids, counts = [seed_id for seed_id, _ in begins], [count for _, count in begins]
    paths = [scratch / f"{number}.members" for number in range(len(ids))]
    scatter((paths[bisect_right(ids, row[0]) - 1], _line(*row)) for row in rows)
    firsts = accumulate(counts, initial=0)
    return tuple(map(Part, paths, repeat(scratch), firsts, counts))


def _line(seed_id: str, address: str, place: str, url: str | None, scores: str | None, content: str) -> bytes:
    parts = [seed_id, address, place, url, orjson.Fragment(scores or "null"), orjson.Fragment(content)]
    return orjson.dumps(parts) + b"\n"


@contextmanager
def seeds_in_order(
    members: Iterable[Member], folder: Path, *, rows: int = 1024, workers: int = 1
) -> Iterator[Members]:
    """Seeds as a step over a whole set is given them, `rows` a part: to try a step out by itself."""
    folder.mkdir(parents=True, exist_ok=True)
    made: list[Row] = [
        (one.seed_id, one.address, "", one.url, _json(dict(one.scores)), _json({"text": one.text}))
        for one in sorted(members, key=lambda member: member.seed_id)
    ]
    starts = range(0, len(made), rows)
    begins = [(made[start][0], min(rows, len(made) - start)) for start in starts]
    with Workers(workers) as shared:
        yield Members(in_parts(made, begins, folder), folder, shared)


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
