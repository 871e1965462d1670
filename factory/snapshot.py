"""Snapshots: finished datasets as Parquet with a manifest and a card; the same rows give the same bytes."""

from __future__ import annotations

import hashlib
import heapq
import shutil
from collections.abc import Iterator, Mapping, Sequence
from itertools import chain, groupby
from operator import itemgetter
from pathlib import Path
from typing import Any

import duckdb
import orjson
import pyarrow as pa
import pyarrow.parquet as parquet

from factory.certificates import Counts, Gate, certificates, hold_back
from factory.errors import FactoryError
from factory.manifest import ORGANIC, Part, card, describe, seed_sets_of
from factory.plan import Standing
from factory.records import Code, Document, Passage, Seed
from factory.seeds.members import laid_down
from factory.seeds.workers import Workers
from factory.store.reader import open_reader
from factory.store.sets import identifier, literal
from factory.store.texts import streaming

SHARD_ROWS = 50_000
_GROUP_ROWS = 5_000
_GROUP_CHARACTERS = 16 << 20
"""Rows, and of texts of seed sets characters, that are in memory at once: a row group of Parquet."""
_ORDER = ("sample_id", "dataset")

MANIFEST = "manifest.json"
_COMMON = "dataset, generator, tags, seed_id, sample_id, model"
_COLUMNS: Mapping[str, str] = {
    "chat": f"messages, {_COMMON}",
    "text": f"text, {_COMMON}",
    "preference": "prompt, [{role: 'assistant', content: chosen}] as chosen,"
    f" [{{role: 'assistant', content: rejected}}] as rejected, loss_tokens, {_COMMON}",
}
"""What each kind of sample is written as; other kinds keep their fields as JSON."""


def export(
    store: Path,
    name: str,
    parts: Sequence[Part],
    standings: Sequence[Standing],
    output: Path,
    *,
    gates: Sequence[Gate] = (),
    partial: bool = False,
    shard_rows: int = SHARD_ROWS,
) -> dict[str, Any]:
    """Writes a snapshot and returns its manifest. An older one is replaced when the new is whole.

    `gates`: judges whose certificates it carries; texts of seed sets that they reject are left out.

    Shares count characters: the largest total is taken for which every source has enough without repeating a
    row. Raises FactoryError for an unfinished dataset unless `partial`, for a dataset in two sources, and
    when there is no row.
    """
    unfinished = {standing.dataset: _why(standing) for standing in standings if not standing.finished}
    if unfinished and not partial:
        told = "\n".join(f"  {dataset}: {why}" for dataset, why in unfinished.items())
        raise FactoryError(f"these datasets are not finished:\n{told}\nbuild them first, or add --partial")
    _check_parts(parts)
    if output.exists() and any(output.iterdir()) and not (output / MANIFEST).exists():
        raise FactoryError(f"{output} holds other files and would be replaced; name another --output")
    aside = output.with_name(f".{output.name}.writing")
    shutil.rmtree(aside, ignore_errors=True)
    (aside / "data").mkdir(parents=True)
    with open_reader(store, own_sql=True) as connection:
        connection.execute(f"set temp_directory = {literal(aside / 'spilled')}")
        held_back: dict[str, dict[str, Counts]] = {}
        shares = _choose(connection, store, parts, gates, held_back)
        shards = list(_shards(connection, store, parts, aside, shard_rows))
        if not shards:
            raise FactoryError(f"'{name}' has no accepted row yet; see: factory sql 'from rejections'")
        certified = certificates(connection, gates, held_back)
        manifest = describe(connection, name, parts, shards, shares, unfinished, certified, partial)
    shutil.rmtree(aside / "spilled", ignore_errors=True)
    (aside / "README.md").write_text(card(manifest), encoding="utf-8")
    # The manifest is last: a folder without one is no snapshot.
    (aside / MANIFEST).write_bytes(orjson.dumps(manifest, option=orjson.OPT_INDENT_2))
    _replace(aside, output)
    return manifest


def _why(standing: Standing) -> str:
    counts = {"waiting": standing.waiting, "stale": standing.stale, "unjudged": standing.unjudged}
    told = [f"{count} seeds {word}" for word, count in counts.items() if count]
    if standing.failed > standing.max_failed:
        told.append(
            f"{standing.failed} seeds failed, of which {standing.max_failed} may ('factory build --retry failed'"
            " works on them again, 'max_failed:' in the catalogue lets some fail)"
        )
    return ", ".join([standing.why, *told] if standing.why else told)


def _check_parts(parts: Sequence[Part]) -> None:
    """A row is taken once, so a dataset may belong to one source only."""
    owner: dict[str, str] = {}
    for part in parts:
        for dataset in part.members:
            if dataset in owner:
                raise FactoryError(
                    f"'{dataset}' is selected by '{owner[dataset]}' and by '{part.name}';"
                    " a row cannot be taken twice, so narrow one of the two"
                )
            owner[dataset] = part.name


def _replace(aside: Path, output: Path) -> None:
    old = output.with_name(f".{output.name}.old")
    shutil.rmtree(old, ignore_errors=True)
    if output.exists():
        output.rename(old)
    aside.rename(output)
    shutil.rmtree(old, ignore_errors=True)


def _choose(
    connection: duckdb.DuckDBPyConnection,
    store: Path,
    parts: Sequence[Part],
    gates: Sequence[Gate],
    held_back: dict[str, dict[str, Counts]],
) -> dict[str, dict[str, Any]]:
    """Fills the temporary table `chosen`, and says what each source has and gives.

    Texts of seed sets that a gate rejects are no candidates; `held_back` gets its counts. Which rows are taken is
    decided by the hashes of their ids: the same on every machine.
    """
    narrow = "run_id, sample_id, dataset, seed_number, kind, model, characters"
    connection.execute(
        f"create temp table candidates as select {narrow} from accepted where dataset in (select unnest(?))",
        [[dataset for part in parts for dataset in part.datasets]],
    )
    for name in seed_sets_of(parts):
        _check_texts(connection, name)
        connection.execute(
            "insert into candidates by name select seed_id as sample_id, ? as dataset,"
            " min(seed_number) as seed_number, 'text' as kind, '' as model, first(characters) as characters"
            f" from sets.{identifier(name)} group by seed_id",
            [ORGANIC + name],
        )
        rejected, held_back[ORGANIC + name] = hold_back(connection, store, name, gates)
        connection.execute(
            "delete from candidates where dataset = ? and sample_id in (select unnest(?))",
            [ORGANIC + name, sorted(rejected)],
        )
    sizes = {part.name: _characters(connection, part) for part in parts}
    empty = [part.name for part in parts if part.share is not None and not sizes[part.name]]
    if empty:
        raise FactoryError(
            f"the source '{empty[0]}' has no accepted row, so no mixture can give it its share;"
            " build its datasets, read its seed sets, or take it out"
        )
    total = min((sizes[part.name] / part.share for part in parts if part.share), default=0.0)
    connection.execute("create temp table chosen as select *, '' as part from candidates limit 0")
    for part in parts:
        most = None if part.share is None else total * part.share
        connection.execute(
            "insert into chosen by name select * exclude (before) from ("
            "  select *, $part as part,"
            "  sum(characters) over (order by md5(sample_id), dataset) - characters as before"
            "  from candidates where dataset in (select unnest($datasets))"
            ") where $most is null or before < $most",
            {"part": part.name, "datasets": part.members, "most": most},
        )
    taken = dict(connection.execute("select part, sum(characters) from chosen group by part").fetchall())
    whole = sum(taken.values()) or 1
    return {
        part.name: {
            "datasets": part.members,
            "share_wanted": part.share,
            "share": round(taken.get(part.name, 0) / whole, 4),
            "characters": int(taken.get(part.name, 0)),
            "characters_there": sizes[part.name],
        }
        for part in parts
    }


def _characters(connection: duckdb.DuckDBPyConnection, part: Part) -> int:
    row = connection.execute(
        "select coalesce(sum(characters), 0) from candidates where dataset in (select unnest(?))",
        [part.members],
    ).fetchone()
    return int(row[0]) if row else 0


def _check_texts(connection: duckdb.DuckDBPyConnection, name: str) -> None:
    """A seed set that is taken as it stands was read, and its seeds are texts."""
    rows = connection.execute("select kind from seed_sets where seed_set = ?", [name]).fetchall()
    if not rows:
        raise FactoryError(f"the seed set '{name}' was never read; run: factory seeds {name}")
    if not issubclass(kind := Seed.of_kind(rows[0][0]), Document | Passage | Code):
        raise FactoryError(
            f"the seed set '{name}' holds {kind.kind} seeds, which are no texts; take one 'as: document'"
        )


def _rows(kind: str) -> str:
    """SQL for the chosen samples of a kind, in the order of their ids."""
    return (
        f"select {_COLUMNS.get(kind, f'extra, evidence, {_COMMON}')}"
        " from samples s join (select run_id, sample_id from chosen) using (run_id, sample_id)"
        " join (select dataset, generator, tags from datasets) using (dataset)"
        f" where s.kind = {literal(kind)} order by sample_id, dataset"
    )


def _shards(
    connection: duckdb.DuckDBPyConnection, store: Path, parts: Sequence[Part], folder: Path, shard_rows: int
) -> Iterator[dict[str, Any]]:
    """Writes the chosen rows, by kind and in the order of their ids, and describes each file."""
    kinds = connection.execute("select distinct kind from chosen order by kind").fetchall()
    for (kind,) in kinds:
        names = seed_sets_of(parts) if kind == "text" else []
        tables = (
            _texts(connection, store, names, folder / "texts", shard_rows)
            if names
            else _groups(connection.sql(_rows(kind)), shard_rows)
        )
        for number, groups in groupby(tables, key=itemgetter(0)):
            file = f"data/{kind}-{number:05}.parquet"
            rows = _write(folder / file, (table for _, table in groups))
            yield {"file": file, "kind": kind, "rows": rows, **_stamp(folder / file)}
        shutil.rmtree(folder / "texts", ignore_errors=True)


def _write(path: Path, groups: Iterator[pa.Table]) -> int:
    first = next(groups)
    rows = 0
    with parquet.ParquetWriter(path, first.schema, compression="zstd") as shard:
        for group in chain([first], groups):
            shard.write_table(group)
            rows += group.num_rows
    return rows


def _groups(found: duckdb.DuckDBPyRelation, shard_rows: int) -> Iterator[tuple[int, pa.Table]]:
    """Row groups with the number of their shard, of sizes that do not depend on how the reader cuts."""
    with found.to_arrow_reader(_GROUP_ROWS) as reader:
        held = reader.schema.empty_table()
        done = 0
        for batch in reader:
            held = pa.concat_tables([held, pa.Table.from_batches([batch])])
            while held.num_rows >= (size := min(_GROUP_ROWS, shard_rows - done % shard_rows)):
                yield done // shard_rows, held.slice(0, size)
                held, done = held.slice(size), done + size
        if held.num_rows:
            yield done // shard_rows, held


def _texts(
    connection: duckdb.DuckDBPyConnection, store: Path, names: Sequence[str], aside: Path, shard_rows: int
) -> Iterator[tuple[int, pa.Table]]:
    """Row groups of all texts, those of seed sets among those of datasets. Long ones make small groups, and are sorted
    outside of SQL, which would hold thousands at once."""
    sets = [_organic(connection, store, name, aside / f"{place}") for place, name in enumerate(names)]
    held: list[tuple[Any, ...]] = []
    size = done = 0
    with connection.sql(_rows("text")).to_arrow_reader(_GROUP_ROWS) as reader:
        schema = reader.schema
        given = (row for batch in reader for row in zip(*batch.to_pydict().values(), strict=True))
        for row in heapq.merge(given, *sets, key=itemgetter(*map(schema.names.index, _ORDER))):
            held.append(row)
            size += len(row[0])
            if size >= _GROUP_CHARACTERS or len(held) == min(_GROUP_ROWS, shard_rows - done % shard_rows):
                yield done // shard_rows, _table(held, schema)
                done += len(held)
                held, size = [], 0
    if held:
        yield done // shard_rows, _table(held, schema)


def _organic(
    connection: duckdb.DuckDBPyConnection, store: Path, name: str, aside: Path
) -> Iterator[tuple[Any, ...]]:
    """The chosen texts of a seed set as rows of samples, in the order of their ids."""
    aside.mkdir(parents=True)
    chosen = f"select sample_id as seed_id from chosen where dataset = {literal(ORGANIC + name)}"
    # A file, since temporary tables are not seen by the cursors that read.
    connection.execute(f"copy ({chosen}) to {literal(aside / 'chosen.parquet')}")
    among = f"from {literal(aside / 'chosen.parquet')}"
    members = laid_down(streaming(connection), store, name, aside, Workers(1), among=among)
    return ((one.text, ORGANIC + name, "", [], one.seed_id, one.seed_id, "") for one in members)


def _table(rows: Sequence[tuple[Any, ...]], schema: pa.Schema) -> pa.Table:
    columns = zip(*rows, strict=True)
    return pa.table(
        [pa.array(column, field.type) for column, field in zip(columns, schema, strict=True)], schema=schema
    )


def _stamp(path: Path) -> dict[str, Any]:
    with path.open("rb") as content:
        digest = hashlib.file_digest(content, "sha256").hexdigest()
    return {"bytes": path.stat().st_size, "sha256": digest}
