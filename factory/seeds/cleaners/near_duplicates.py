"""`near_duplicates`: of texts that are nearly the same, the longest stays."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING, Any, TypeVar

import duckdb
import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from factory.errors import FactoryError
from factory.plugins import Drop, SeedsInOrder, cleaner
from factory.records import Code, Document, Passage, Question

if TYPE_CHECKING:
    from factory.seeds.minhash import Bands

BATCH_CHARACTERS = 8 << 20
ROWS = 1 << 17
"""Rows that are read of a sorted table at once."""
LONGEST = (1 << 31) - 1

Item = TypeVar("Item")
Numbers = NDArray[np.int64]


@cleaner(takes=(Document, Passage, Question, Code))
class near_duplicates:
    """Leaves out texts that are nearly the same as a longer one that stays: MinHash, then exact Jaccard.

    `threshold`: the Jaccard similarity of word `ngram`s from which on two texts are the same. `recall`: the share
    of pairs at the threshold that become candidates, at least; `permutations`: values of a signature. `memory`:
    what DuckDB may hold while it sorts; beyond that it writes to disk. A text goes only for one that stays and is
    itself like it: in a chain of small changes no end goes for the sake of the other. Source: phi-4 report,
    section 2.3 names deduplication; the rest is ours.
    """

    def __init__(
        self,
        *,
        threshold: float = 0.8,
        ngram: int = 5,
        permutations: int = 128,
        recall: float = 0.99,
        memory: str = "1GB",
    ) -> None:
        for name, value in (("threshold", threshold), ("recall", recall)):
            if not 0 < value <= 1:
                raise FactoryError(f"near_duplicates: {name} {value} is not above 0 and at most 1")
        for name, count in (("ngram", ngram), ("permutations", permutations)):
            if count < 1:
                raise FactoryError(f"near_duplicates: {name} {count} is below 1")
        self.threshold, self.ngram, self.permutations = threshold, ngram, permutations
        self.recall, self.memory = recall, memory

    def choose(self, seeds: SeedsInOrder) -> Iterator[tuple[str, Drop]]:
        """The seeds that go, each with the one that stands for it. The order of the seeds changes nothing."""
        from factory.seeds.minhash import bands_for

        bands = bands_for(self.threshold, self.permutations, self.recall)
        database = seeds.scratch / "bands.duckdb"
        with duckdb.connect(str(database), config={"memory_limit": self.memory, "threads": 2}) as connection:
            connection.execute("set preserve_insertion_order = false")
            count = self._sign(connection, seeds, bands)
            candidates = _pair_up(connection, bands, count)
            if len(candidates):
                self._settle(connection, seeds, candidates)
                yield from _gone(connection)

    def _sign(self, connection: duckdb.DuckDBPyConnection, seeds: SeedsInOrder, bands: Bands) -> int:
        """First time through the texts: a row of ranks and band keys a text; how many texts there are.

        Sorted by rank, the longest text comes first, and of equal lengths the one with the smaller seed id.
        """
        from factory.seeds.minhash import band_keys, hash_texts, signatures

        keys = ", ".join(f"key{band} ubigint" for band in range(bands.bands))
        connection.execute(f"create table signed (rank bigint, {keys})")
        number = 0
        for batch in _batches(seeds, lambda member: len(member.text)):
            hashed = hash_texts([member.text for member in batch], self.ngram)
            lengths = np.array([min(len(member.text), LONGEST) for member in batch])
            ranks = (LONGEST - lengths) << 32 | np.arange(number, number + len(batch))
            number += len(batch)
            some = np.diff(hashed.ends) > 0  # a text without a word is like no other
            made = band_keys(signatures(hashed, self.permutations), bands)[some]
            columns = {f"key{band}": np.ascontiguousarray(made[:, band]) for band in range(bands.bands)}
            _insert(connection, "signed", rank=ranks[some], **columns)
        return number

    def _settle(
        self, connection: duckdb.DuckDBPyConnection, seeds: SeedsInOrder, candidates: Numbers
    ) -> None:
        """Second time through the texts: the candidates' shingles decide. Fills the table `gone`."""
        from factory.seeds.minhash import settle

        hashes, ends = self._shingles(connection, seeds, candidates)
        kept_by, similarity = np.full(len(candidates), -1), np.zeros(len(candidates))
        for first, second in _rows(connection, "select first, second from pairs order by second, first"):
            places = (np.searchsorted(candidates, ranks & 0xFFFFFFFF) for ranks in (first, second))
            settle(*places, hashes, ends, self.threshold, kept_by, similarity)
        connection.execute("create table gone (number bigint, kept_by bigint, jaccard double)")
        gone = np.flatnonzero(kept_by >= 0)
        _insert(
            connection,
            "gone",
            number=candidates[gone],
            kept_by=candidates[kept_by[gone]],
            jaccard=similarity[gone],
        )

    def _shingles(
        self, connection: duckdb.DuckDBPyConnection, seeds: SeedsInOrder, candidates: Numbers
    ) -> tuple[NDArray[np.uint64], Numbers]:
        """The sorted shingles of the candidates, in a file so that memory holds none, and where each's end.

        The candidates' seed ids go to DuckDB on the way.
        """
        from factory.seeds.minhash import hash_texts

        connection.execute("create table candidates (number bigint, seed_id varchar)")
        path, ends, done = seeds.scratch / "shingles", np.zeros(len(candidates) + 1, np.int64), 0
        wanted = np.zeros(candidates[-1] + 1, bool)
        wanted[candidates] = True
        chosen = (member for member, one in zip(seeds, wanted, strict=False) if one)
        with path.open("wb") as out:
            for batch in _batches(chosen, lambda member: len(member.text)):
                hashed = hash_texts([member.text for member in batch], self.ngram, distinct=True)
                hashed.hashes.tofile(out)
                after = done + len(batch)
                ends[done + 1 : after + 1] = ends[done] + hashed.ends[1:]
                ids = [member.seed_id for member in batch]
                _insert(connection, "candidates", number=candidates[done:after], seed_id=ids)
                done = after
        return np.memmap(path, np.uint64, "r"), ends


def _pair_up(connection: duckdb.DuckDBPyConnection, bands: Bands, count: int) -> Numbers:
    """Fills the table `pairs` with the texts that share a band; the numbers of those texts, sorted.

    Each band is sorted by itself, which DuckDB does on disk where memory does not hold it, and read once.
    """
    from factory.seeds.minhash import Groups

    connection.execute("create table pairs (first bigint, second bigint)")
    paired = np.zeros(count, bool)
    for band in range(bands.bands):
        groups = Groups()
        for keys, ranks in _rows(connection, f"select key{band}, rank from signed order by all"):
            first, second = groups.pairs(keys, ranks)
            paired[first & 0xFFFFFFFF] = paired[second & 0xFFFFFFFF] = True
            _insert(connection, "pairs", first=first, second=second)
    return np.flatnonzero(paired)


def _gone(connection: duckdb.DuckDBPyConnection) -> Iterator[tuple[str, Drop]]:
    rows = connection.cursor().execute(
        "select one.seed_id, other.seed_id, round(jaccard, 4) from gone"
        " join candidates one using (number) join candidates other on other.number = kept_by order by number"
    )
    while some := rows.fetchmany(ROWS):
        for seed_id, kept_by, jaccard in some:
            yield seed_id, Drop("near-duplicate", {"duplicate_of": kept_by, "jaccard": jaccard})


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


def _rows(connection: duckdb.DuckDBPyConnection, sql: str) -> Iterator[list[NDArray[Any]]]:
    """The columns of a result, block by block; the connection may be written to meanwhile."""
    with connection.cursor().sql(sql).to_arrow_reader(ROWS) as blocks:
        for block in blocks:
            yield [column.to_numpy() for column in block.columns]
