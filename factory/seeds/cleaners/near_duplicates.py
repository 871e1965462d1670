"""`near_duplicates`: of texts that are nearly the same, the longest stays."""

from __future__ import annotations

import shutil
from collections.abc import Iterable, Iterator
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.parquet as parquet
from numpy.typing import NDArray

from factory.errors import FactoryError
from factory.extras import need
from factory.plugins import Drop, Member, SeedsInOrder, SomeSeeds, cleaner
from factory.records import Code, Document, Passage, Question
from factory.store.sets import literal

if TYPE_CHECKING:
    from factory.seeds.minhash import Bands

BATCH_CHARACTERS = 1 << 20
ROWS = 1 << 17
"""Rows that are read of a sorted table at once."""
LONGEST = (1 << 31) - 1

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
        need("seeds", "numba", by="near_duplicates")
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
        for _ in seeds.map(partial(_sign, ngram=self.ngram, permutations=self.permutations, bands=bands)):
            pass
        with duckdb.connect(
            str(seeds.scratch / "pairs.duckdb"), config={"memory_limit": self.memory}
        ) as connection:
            connection.execute(f"set threads = {max(2, seeds.workers)}")
            connection.execute("set preserve_insertion_order = false")
            candidates = _pair_up(connection, seeds, bands)
            if len(candidates):
                self._settle(connection, seeds, candidates)
                yield from _gone(connection, seeds.scratch)

    def _settle(
        self, connection: duckdb.DuckDBPyConnection, seeds: SeedsInOrder, candidates: Numbers
    ) -> None:
        """Second time through the texts: the candidates' shingles decide. Fills the table `gone`."""
        from factory.seeds.minhash import settle

        hashes, ends = _shingles(seeds, candidates, self.ngram)
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


def _sign(part: SomeSeeds, ngram: int, permutations: int, bands: Bands) -> None:
    """First time through the texts: a file with a row of rank and band keys for each.

    Sorted by rank, the longest text comes first, and of equal lengths the one with the smaller seed id.
    """
    from factory.seeds.minhash import band_keys, hash_texts, signatures

    shape = pa.schema([("rank", pa.int64()), *((f"key{band}", pa.uint64()) for band in range(bands.bands))])
    number = part.first
    with _writer(part, "signed", shape) as out:
        for batch in _batches(part):
            hashed = hash_texts([member.text for member in batch], ngram)
            lengths = np.array([min(len(member.text), LONGEST) for member in batch])
            ranks = (LONGEST - lengths) << 32 | np.arange(number, number + len(batch))
            number += len(batch)
            some = np.diff(hashed.ends) > 0  # a text without a word is like no other
            keys = band_keys(signatures(hashed, permutations), bands)[some]
            columns = [ranks[some], *(np.ascontiguousarray(keys[:, band]) for band in range(bands.bands))]
            out.write_batch(pa.record_batch(columns, schema=shape))


def _pair_up(connection: duckdb.DuckDBPyConnection, seeds: SeedsInOrder, bands: Bands) -> Numbers:
    """Fills the table `pairs` with the texts that share a band; the numbers of those texts, sorted.

    Each band is sorted by itself, which DuckDB does on disk where memory does not hold it, and read once.
    """
    from factory.seeds.minhash import Groups

    connection.execute("create table pairs (first bigint, second bigint)")
    paired = np.zeros(len(seeds), bool)
    signed = f"read_parquet({literal(seeds.scratch / '*.signed')})"
    for band in range(bands.bands if len(seeds) else 0):
        groups = Groups()
        for keys, ranks in _rows(connection, f"select key{band}, rank from {signed} order by all"):
            first, second = groups.pairs(keys, ranks)
            paired[first & 0xFFFFFFFF] = paired[second & 0xFFFFFFFF] = True
            _insert(connection, "pairs", first=first, second=second)
    return np.flatnonzero(paired)


def _shingles(seeds: SeedsInOrder, candidates: Numbers, ngram: int) -> tuple[NDArray[np.uint64], Numbers]:
    """The sorted shingles of the candidates, in a file so that memory holds none, and where each's end."""
    wanted = seeds.scratch / "candidates.npy"
    np.save(wanted, candidates)
    path, sizes = seeds.scratch / "shingles", [np.zeros(1, np.int64)]
    with path.open("wb") as out:
        for file, counts in seeds.map(partial(_shingle, wanted=wanted, ngram=ngram)):
            with file.open("rb") as hashes:
                shutil.copyfileobj(hashes, out, 1 << 20)
            file.unlink()
            sizes.append(counts)
    return np.memmap(path, np.uint64, "r"), np.cumsum(np.concatenate(sizes))


def _shingle(part: SomeSeeds, wanted: Path, ngram: int) -> tuple[Path, Numbers]:
    """A part's candidates: a file of their shingles, one of their ids, and how many shingles each has."""
    from factory.seeds.minhash import hash_texts

    chosen = np.zeros(len(part), bool)
    candidates = np.load(wanted, mmap_mode="r")
    here = candidates[slice(*np.searchsorted(candidates, (part.first, part.first + len(part))))]
    chosen[here - part.first] = True
    counts = [np.zeros(0, np.int64)]
    shape = pa.schema([("number", pa.int64()), ("seed_id", pa.string())])
    path, done = part.scratch / f"{part.first}.shingles", 0
    with path.open("wb") as out, _writer(part, "ids", shape) as ids:
        for batch in _batches(member for member, one in zip(part, chosen, strict=True) if one):
            hashed = hash_texts([member.text for member in batch], ngram, distinct=True)
            hashed.hashes.tofile(out)
            counts.append(np.diff(hashed.ends))
            numbers = here[done : done + len(batch)]
            ids.write_batch(pa.record_batch([numbers, [member.seed_id for member in batch]], schema=shape))
            done += len(batch)
    return path, np.concatenate(counts)


def _writer(part: SomeSeeds, name: str, shape: pa.Schema) -> parquet.ParquetWriter:
    """A Parquet file of a part's own. Hashes do not compress."""
    path = part.scratch / f"{part.first}.{name}"
    return parquet.ParquetWriter(path, shape, compression="none", use_dictionary=False)


def _gone(connection: duckdb.DuckDBPyConnection, scratch: Path) -> Iterator[tuple[str, Drop]]:
    ids = f"read_parquet({literal(scratch / '*.ids')})"
    rows = connection.cursor().execute(
        "select one.seed_id, other.seed_id, round(jaccard, 4) from gone"
        f" join {ids} one using (number) join {ids} other on other.number = kept_by order by number"
    )
    while some := rows.fetchmany(ROWS):
        for seed_id, kept_by, jaccard in some:
            yield seed_id, Drop("near-duplicate", {"duplicate_of": kept_by, "jaccard": jaccard})


def _batches(members: Iterable[Member]) -> Iterator[list[Member]]:
    batch: list[Member] = []
    held = 0
    for member in members:
        batch.append(member)
        held += len(member.text)
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
