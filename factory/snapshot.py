"""Snapshots: finished datasets as Parquet with a manifest and a card; the same rows give the same bytes."""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import groupby
from operator import itemgetter
from pathlib import Path
from typing import Any

import duckdb
import orjson
import pyarrow as pa
import pyarrow.parquet as parquet

from factory import __version__
from factory.errors import FactoryError
from factory.plan import Standing
from factory.store.reader import open_reader
from factory.teacher.model import REHEARSAL

SHARD_ROWS = 50_000
_GROUP_ROWS = 5_000
"""Rows that are in memory at once: a row group of Parquet."""

MANIFEST = "manifest.json"
_COMMON = "dataset, generator, tags, seed_id, sample_id, model"
_COLUMNS: Mapping[str, str] = {
    "chat": f"messages, {_COMMON}",
    "text": f"text, {_COMMON}",
    "preference": "prompt, [{role: 'assistant', content: chosen}] as chosen,"
    f" [{{role: 'assistant', content: rejected}}] as rejected, loss_tokens, {_COMMON}",
}
"""What each kind of sample is written as; other kinds keep their fields as JSON."""


@dataclass(frozen=True)
class Part:
    """A source of a mixture: datasets, and the share of the whole that they are to have, or None for all."""

    name: str
    datasets: tuple[str, ...]
    share: float | None = None


def export(
    store: Path,
    name: str,
    parts: Sequence[Part],
    standings: Sequence[Standing],
    output: Path,
    *,
    partial: bool = False,
    shard_rows: int = SHARD_ROWS,
) -> dict[str, Any]:
    """Writes a snapshot and returns its manifest. An older one is replaced when the new is whole.

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
        connection.execute(f"set temp_directory = '{_quoted(aside / 'spilled')}'")
        shares = _choose(connection, parts)
        shards = list(_shards(connection, aside, shard_rows))
        if not shards:
            raise FactoryError(f"'{name}' has no accepted row yet; see: factory sql 'from rejections'")
        manifest = _manifest(connection, name, shards, shares, unfinished, partial)
    shutil.rmtree(aside / "spilled", ignore_errors=True)
    (aside / "README.md").write_text(_card(manifest), encoding="utf-8")
    # The manifest is last: a folder without one is no snapshot.
    (aside / MANIFEST).write_bytes(orjson.dumps(manifest, option=orjson.OPT_INDENT_2))
    _replace(aside, output)
    return manifest


def _why(standing: Standing) -> str:
    counts = {"waiting": standing.waiting, "stale": standing.stale, "unjudged": standing.unjudged}
    told = [f"{count} seeds {word}" for word, count in counts.items() if count]
    if standing.failed > standing.max_failed:
        told.append(f"{standing.failed} seeds failed, of which {standing.max_failed} may")
    return ", ".join([standing.why, *told] if standing.why else told)


def _check_parts(parts: Sequence[Part]) -> None:
    """A row is taken once, so a dataset may belong to one source only."""
    owner: dict[str, str] = {}
    for part in parts:
        for dataset in part.datasets:
            if dataset in owner:
                raise FactoryError(
                    f"the dataset '{dataset}' is selected by '{owner[dataset]}' and by '{part.name}';"
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


def _choose(connection: duckdb.DuckDBPyConnection, parts: Sequence[Part]) -> dict[str, dict[str, Any]]:
    """Fills the temporary table `chosen`, and says what each source has and gives.

    Which rows are taken is decided by the hashes of their ids: the same on every machine.
    """
    narrow = "run_id, sample_id, dataset, seed_number, kind, model, characters"
    connection.execute(
        f"create temp table candidates as select {narrow} from accepted where dataset in (select unnest(?))",
        [[dataset for part in parts for dataset in part.datasets]],
    )
    sizes = {part.name: _characters(connection, part) for part in parts}
    empty = [part.name for part in parts if part.share is not None and not sizes[part.name]]
    if empty:
        raise FactoryError(
            f"the source '{empty[0]}' has no accepted row, so no mixture can give it its share;"
            " build its datasets, or take it out"
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
            {"part": part.name, "datasets": list(part.datasets), "most": most},
        )
    taken = dict(connection.execute("select part, sum(characters) from chosen group by part").fetchall())
    whole = sum(taken.values()) or 1
    return {
        part.name: {
            "datasets": list(part.datasets),
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
        [list(part.datasets)],
    ).fetchone()
    return int(row[0]) if row else 0


def _shards(connection: duckdb.DuckDBPyConnection, folder: Path, shard_rows: int) -> Iterator[dict[str, Any]]:
    """Writes the chosen rows, by kind and in the order of their ids, and describes each file."""
    kinds = connection.execute("select distinct kind from chosen order by kind").fetchall()
    for (kind,) in kinds:
        rows = connection.sql(
            f"select {_COLUMNS.get(kind, f'extra, evidence, {_COMMON}')}"
            " from samples s join (select run_id, sample_id from chosen) using (run_id, sample_id)"
            " join (select dataset, generator, tags from datasets) using (dataset)"
            " where s.kind = $kind order by sample_id, dataset",
            params={"kind": kind},
        )
        with rows.to_arrow_reader(_GROUP_ROWS) as reader:
            for number, groups in groupby(_groups(reader, shard_rows), key=itemgetter(0)):
                file = f"data/{kind}-{number:05}.parquet"
                count = 0
                with parquet.ParquetWriter(folder / file, reader.schema, compression="zstd") as shard:
                    for _, group in groups:
                        shard.write_table(group)
                        count += group.num_rows
                yield {"file": file, "kind": kind, "rows": count, **_stamp(folder / file)}


def _groups(reader: pa.RecordBatchReader, shard_rows: int) -> Iterator[tuple[int, pa.Table]]:
    """Row groups with the number of their shard, of sizes that do not depend on how the reader cuts."""
    held = reader.schema.empty_table()
    done = 0
    for batch in reader:
        held = pa.concat_tables([held, pa.Table.from_batches([batch])])
        while held.num_rows >= (size := min(_GROUP_ROWS, shard_rows - done % shard_rows)):
            yield done // shard_rows, held.slice(0, size)
            held, done = held.slice(size), done + size
    if held.num_rows:
        yield done // shard_rows, held


def _stamp(path: Path) -> dict[str, Any]:
    with path.open("rb") as content:
        digest = hashlib.file_digest(content, "sha256").hexdigest()
    return {"bytes": path.stat().st_size, "sha256": digest}


def _quoted(path: Path) -> str:
    return str(path).replace("'", "''")


def _manifest(
    connection: duckdb.DuckDBPyConnection,
    name: str,
    shards: Sequence[Mapping[str, Any]],
    shares: Mapping[str, Any],
    unfinished: Mapping[str, str],
    partial: bool,
) -> dict[str, Any]:
    datasets = {
        dataset: {
            "rows": rows,
            "generator": generator,
            "fingerprint": fingerprint,
            "settings": orjson.loads(settings),
            "models": orjson.loads(models),
            "validators": validators,
            "finished": dataset not in unfinished,
        }
        for dataset, rows, generator, fingerprint, settings, models, validators in connection.execute(
            "select dataset, count(*), any_value(d.generator), any_value(d.fingerprint),"
            " any_value(d.settings), any_value(d.models), any_value(d.validators)"
            " from chosen c join datasets d using (dataset) group by dataset order by dataset"
        ).fetchall()
    }
    models = sorted(
        model
        for (joined,) in connection.execute("select distinct model from chosen").fetchall()
        for model in joined.split("+")
    )
    licences = connection.execute(
        "select coalesce(licence, 'unknown'), count(distinct seed_number) from origins"
        " where not withdrawn and seed_number in (select seed_number from chosen) group by all order by all"
    ).fetchall()
    rejected = connection.execute(
        "select dataset, count(*) from rejected where dataset in (select dataset from chosen)"
        " group by all order by all"
    ).fetchall()
    seeds = connection.execute("select count(distinct seed_number) from chosen").fetchone()
    return {
        "format": 1,
        "name": name,
        "created_at": datetime.now(UTC).isoformat(timespec="seconds"),
        "version": __version__,
        "finished": not unfinished,
        "partial": partial,
        "unfinished": dict(unfinished),
        "rehearsal": REHEARSAL in models,
        "models": sorted(set(models)),
        "rows": sum(shard["rows"] for shard in shards),
        "seeds": seeds[0] if seeds else 0,
        "licences": dict(licences),
        "rejected": dict(rejected),
        "mixture": dict(shares),
        "datasets": datasets,
        "shards": list(shards),
        "hash": hashlib.sha256("".join(shard["sha256"] for shard in shards).encode()).hexdigest(),
    }


def _card(manifest: Mapping[str, Any]) -> str:
    """The dataset card: front matter that `datasets.load_dataset(folder)` reads, then words and tables."""
    kinds = list(dict.fromkeys(shard["kind"] for shard in manifest["shards"]))
    configs = "".join(
        f"- config_name: {kind}\n  data_files: data/{kind}-*.parquet\n{default}"
        for kind, default in zip(kinds, ["  default: true\n", *[""] * len(kinds)], strict=False)
    )
    warning = (
        "\n**Rehearsal rows.** Some or all of these rows come from the rehearsal model, which only repeats"
        " the examples of the prompts. They are for trying things out, not for training.\n"
        if manifest["rehearsal"]
        else ""
    )
    state = (
        ""
        if manifest["finished"]
        else "\n**Unfinished.** "
        + "; ".join(f"{name}: {why}" for name, why in manifest["unfinished"].items())
        + "\n"
    )
    datasets = "".join(
        f"| {dataset} | {one['generator']} | {one['rows']} | {manifest['rejected'].get(dataset, 0)} |\n"
        for dataset, one in manifest["datasets"].items()
    )
    licences = "".join(f"| {licence} | {count} |\n" for licence, count in manifest["licences"].items())
    return (
        f"---\nconfigs:\n{configs}---\n\n# {manifest['name']}\n{warning}{state}\n"
        f"{manifest['rows']} rows from {manifest['seeds']} seeds, written by {', '.join(manifest['models'])};"
        f" made with seedfactory {manifest['version']} on {manifest['created_at'][:10]}.\n\n"
        f"| dataset | generator | rows | rejected |\n|---|---|---|---|\n{datasets}\n"
        f"| licence of seeds | seeds |\n|---|---|\n{licences}"
    )
