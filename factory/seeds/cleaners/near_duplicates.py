"""`near_duplicates`: of texts that are nearly the same, the longest stays."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any, TypeVar

import duckdb
import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from factory.errors import FactoryError
from factory.plugins import Drop, SeedsInOrder, cleaner
from factory.records import Code, Document, Passage, Question

BATCH_CHARACTERS = 8 << 20
PAIRS = 1 << 18
ALL_PAIRS = 32
"""Texts up to which a group is compared pair by pair; in a larger one each is compared with the longest and
with the one before it, so that a page that was copied a million times costs two million comparisons."""

Item = TypeVar("Item")


@cleaner(takes=(Document, Passage, Question, Code))
class near_duplicates:
    """Leaves out texts that are nearly the same as a longer one that stays: MinHash, then exact Jaccard.

    `threshold`: the Jaccard similarity of word `ngram`s from which on two texts are the same. `memory`: what
    DuckDB may hold while it groups; beyond that it writes to disk. Source: phi-4 report, section 2.3 names
    deduplication; figures are ours.
    """

    def __init__(
        self, *, threshold: float = 0.8, ngram: int = 5, permutations: int = 128, memory: str = "1GB"
    ) -> None:
        if not 0 < threshold <= 1:
            raise FactoryError(f"near_duplicates: threshold {threshold} is not between 0 and 1")
        self.threshold, self.ngram, self.permutations, self.memory = threshold, ngram, permutations, memory

    def choose(self, seeds: SeedsInOrder) -> Iterator[tuple[str, Drop]]:
        """The seeds that go, each with the one that stands for it. The order of the seeds changes nothing."""
        database = seeds.scratch / "bands.duckdb"
        with duckdb.connect(str(database), config={"memory_limit": self.memory, "threads": 2}) as connection:
            connection.execute("set preserve_insertion_order = false")
            self._sign(connection, seeds)
            if _pair_up(connection):
                yield from self._settle(connection, seeds)

    def _sign(self, connection: duckdb.DuckDBPyConnection, seeds: SeedsInOrder) -> None:
        """First time through the texts: band keys and lengths go to DuckDB."""
        from factory.seeds.minhash import band_keys, bands_for, hash_texts, signatures

        bands = bands_for(self.threshold, self.permutations)
        connection.execute("create table texts (number bigint, seed_id varchar, length bigint)")
        connection.execute("create table bands (number bigint, band utinyint, key ubigint)")
        number = 0
        for batch in _batches(seeds, lambda member: len(member.text)):
            hashed = hash_texts([member.text for member in batch], self.ngram)
            numbers = np.arange(number, number + len(batch))
            number += len(batch)
            _insert(
                connection,
                "texts",
                number=numbers,
                seed_id=[member.seed_id for member in batch],
                length=np.array([len(member.text) for member in batch]),
            )
            some = np.diff(hashed.ends) > 0  # a text without a word is like no other
            keys = band_keys(signatures(hashed, self.permutations), bands)[some]
            _insert(
                connection,
                "bands",
                number=np.repeat(numbers[some], bands.bands),
                band=np.tile(np.arange(bands.bands, dtype=np.uint8), len(keys)),
                key=keys.ravel(),
            )

    def _settle(
        self, connection: duckdb.DuckDBPyConnection, seeds: SeedsInOrder
    ) -> Iterator[tuple[str, Drop]]:
        """Second time through the texts: the candidates' shingles decide."""
        from factory.seeds.minhash import settle, settled

        numbers, ranks = _columns(
            connection, "select number, rank from ranked where candidate order by number"
        )
        shingles = _shingles(
            seeds, self.ngram, numbers, ranks, int(_one(connection, "select count(*) from texts"))
        )
        kept_by, similarity = settled(len(shingles.starts))
        pairs = connection.sql("select first, second from pairs order by second, first")
        with pairs.to_arrow_reader(PAIRS) as blocks:
            for block in blocks:
                settle(
                    block.column("first").to_numpy(),
                    block.column("second").to_numpy(),
                    shingles.hashes,
                    shingles.starts,
                    shingles.lengths,
                    self.threshold,
                    kept_by,
                    similarity,
                )
        ids = dict(connection.execute("select rank, seed_id from ranked where candidate").fetchall())
        for rank in np.flatnonzero(kept_by >= 0):
            scores = {"duplicate_of": ids[int(kept_by[rank])], "jaccard": round(float(similarity[rank]), 4)}
            yield ids[int(rank)], Drop("near-duplicate", scores)


@dataclass(frozen=True)
class _Shingles:
    """The sorted shingles of candidates, on disk: those of rank r are ``hashes[starts[r]:][:lengths[r]]``."""

    hashes: NDArray[np.uint64]
    starts: NDArray[np.int64]
    lengths: NDArray[np.int64]


def _shingles(
    seeds: SeedsInOrder, ngram: int, numbers: NDArray[np.int64], ranks: NDArray[np.int64], count: int
) -> _Shingles:
    """Hashes the candidates once more, into a file, so that memory holds none of them."""
    from factory.seeds.minhash import hash_texts

    starts, lengths = np.zeros(count, np.int64), np.zeros(count, np.int64)
    wanted = dict(zip(numbers.tolist(), ranks.tolist(), strict=True))
    path, filled = seeds.scratch / "shingles", 0
    with path.open("wb") as out:
        candidates = ((number, member) for number, member in enumerate(seeds) if number in wanted)
        for batch in _batches(candidates, lambda pair: len(pair[1].text)):
            hashed = hash_texts([member.text for _, member in batch], ngram, distinct=True)
            out.write(hashed.hashes.tobytes())
            for place, (number, _) in enumerate(batch):
                rank = wanted[number]
                starts[rank] = filled + hashed.ends[place]
                lengths[rank] = hashed.ends[place + 1] - hashed.ends[place]
            filled += len(hashed.hashes)
    return _Shingles(np.memmap(path, np.uint64, "r", shape=(filled,)), starts, lengths)


def _pair_up(connection: duckdb.DuckDBPyConnection) -> int:
    """Ranks texts, the longest first, and lists the pairs that share a band; how many pairs there are.

    A rank depends on length and id alone, so what is decided in its order depends on no other.
    """
    connection.execute(
        f"""
        create table grouped as
        with ranks as (
            select number, row_number() over (order by length desc, seed_id) - 1 as rank from texts
        )
        select distinct list(rank order by rank) as members
        from bands join ranks using (number) group by band, key having count(*) > 1;

        create table pairs as
        with small as (select members from grouped where len(members) <= {ALL_PAIRS}),
        large as (select members from grouped where len(members) > {ALL_PAIRS}),
        each as (select members, unnest(members) as second from small)
        select distinct first, second from (
            select unnest(members) as first, second from each
            union all
            select members[1], unnest(members[2:]) from large
            union all
            select unnest(members[:-2]), unnest(members[2:]) from large
        ) where first < second;

        create table ranked as
        with used as (select first as rank from pairs union select second from pairs)
        select row_number() over (order by length desc, seed_id) - 1 as rank, number, seed_id,
               rank in (select rank from used) as candidate
        from texts;
        """
    )
    return int(_one(connection, "select count(*) from pairs"))


def _batches(items: Iterable[Item], size: Callable[[Item], int]) -> Iterator[list[Item]]:
    batch: list[Item] = []
    held = 0
    for item in items:
        batch.append(item)
        held += size(item)
        if held >= BATCH_CHARACTERS:
            yield batch
            batch, held = [], 0
    if batch:
        yield batch


def _insert(connection: duckdb.DuckDBPyConnection, table: str, **columns: Any) -> None:
    connection.register("arriving", pa.table(columns))
    connection.execute(f"insert into {table} by name select * from arriving")
    connection.unregister("arriving")


def _columns(connection: duckdb.DuckDBPyConnection, sql: str) -> list[NDArray[np.int64]]:
    table: pa.Table = connection.sql(sql).to_arrow_table()
    return [column.to_numpy() for column in table.itercolumns()]


def _one(connection: duckdb.DuckDBPyConnection, sql: str) -> Any:
    return connection.execute(sql).fetchall()[0][0]
