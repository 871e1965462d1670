"""Seed sets in SQL: a view ``sets.<name>`` for each, whether the store holds its seeds or Parquet shards do."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path

import duckdb

_PLACE = "address, place, url, parent, licence, title, author, date"
_ORIGIN = f"{_PLACE}, scores"

_LONGEST = 128 << 20
"""Bytes of the longest line: a seed with all that is known of it."""


_CHANGED_BY = "regexp_replace(parse_filename(filename, true), '(-[0-9]+)-[0-9]+$', '\\1')"
"""SQL for the build and the step that made a changed shard. Older ones are named by these alone."""


def folder(store: Path) -> Path:
    """Where shards live and are handed over: the one folder that the store's SQL reaches beside its file.

    It is this store's alone: what does not count there is removed.
    """
    return store.resolve().with_suffix(".seeds")


def cut_off(connection: duckdb.DuckDBPyConnection, store: Path) -> None:
    """Cuts a connection off from every file but the folder of seed shards, for good."""
    connection.execute(f"set allowed_directories = [{literal(folder(store))}]")
    connection.execute("set enable_external_access = false")
    connection.execute("set lock_configuration = true")


def make_views(connection: duckdb.DuckDBPyConnection, store: Path) -> None:
    """Makes the views of all seed sets that the store knows."""
    known = connection.execute("select seed_set, keep from seed_sets order by seed_set").fetchall()
    for name, keep in known:
        connection.execute(view(name, keep, folder(store)))
    connection.execute(scored_view(name for name, keep in known if keep == "shards"))


def view(name: str, keep: str, shards: Path) -> str:
    """The statement that makes a seed set's view: a row for each place where a live seed was found."""
    return f"create or replace view sets.{identifier(name)} as {_rows(name, keep, shards / name)}"


def scored_view(as_shards: Iterable[str]) -> str:
    """The statement that makes the view of all scores, of seed sets in the store and of those kept as shards."""
    # A seed that was found at several places counts once, with the scores of one of them.
    parts = [
        "select seed_set, min(scores) as scores from live_origins where scores is not null"
        " group by seed_set, seed_number"
    ]
    parts += [
        f"select {literal(name)}, min(scores) from sets.{identifier(name)} where scores is not null group by seed_id"
        for name in as_shards
    ]
    return f"create or replace view scored_seeds as {' union all '.join(parts)}"


def _rows(name: str, keep: str, shards: Path) -> str:
    columns = f"seed_id, kind, content, characters, {_ORIGIN}"
    if keep == "store":
        return (
            f"select seed_number, {columns}"
            f" from live_origins join seeds using (seed_number) where seed_set = {literal(name)}"
        )
    if not any(shards.glob("*.parquet")):
        # No file matches yet, and what matches nothing cannot be a view.
        return f"select seed_number, {columns} from origins join seeds using (seed_number) where false"
    return (
        f"select null::bigint as seed_number, seed_id, kind, content::json as content, characters, {_PLACE},"
        f" scores::json as scores from ({live_rows(name, shards)})"
    )


def live_rows(name: str, shards: Path) -> str:
    """SQL for the rows of a seed set's shards that count: the columns of a shard, `filename` and `file_row_number`."""
    dropped = f"from drops d where d.seed_set = {literal(name)} and d.whole and d.seed_id = p.seed_id"
    rows = (
        f"select p.* from {_numbered(shards / '*.parquet')} p"
        f" semi join files f on f.seed_set = {literal(name)} and f.address = p.address and f.span = p.span"
        f" and f.shard = parse_filename(p.filename) where not exists ({dropped})"
    )
    if any(shards.glob("changed/*.parquet")):
        # Made by a step over the whole set; only a later one can have left them out.
        rows += (
            f" union all by name select p.* from {_numbered(shards / 'changed/*.parquet')} p"
            " join (select position as step, build_id || '-' || position as made from cleaning"
            f" where seed_set = {literal(name)} and address = '') c on c.made = {_CHANGED_BY}"
            f" where not exists ({dropped} and d.position > c.step)"
        )
    return rows


def _numbered(paths: Path) -> str:
    return f"read_parquet({literal(paths)}, filename = true, file_row_number = true)"


def changed_shard(shards: Path, build_id: str, position: int, part: str) -> Path:
    """The Parquet file of the seeds of a part whose text a step over the whole set changed."""
    return shards / "changed" / f"{build_id}-{position}-{part}.parquet"


def json_rows(path: Path, columns: Mapping[str, str]) -> str:
    """SQL for the rows of a file of JSON lines. DuckDB holds buffers of the longest line that it allows for."""
    longest = max(1 << 20, min(path.stat().st_size, _LONGEST)) if path.exists() else _LONGEST
    shape = ", ".join(f"{name}: '{kind}'" for name, kind in columns.items())
    return (
        f"read_json({literal(path)}, format = 'newline_delimited', columns = {{{shape}}},"
        f" maximum_object_size = {longest})"
    )


def parquet_rows(paths: Iterable[Path]) -> str:
    """SQL for the rows of Parquet files, with the `filename` of each row."""
    return f"read_parquet([{', '.join(map(literal, paths))}], filename = true)"


def literal(text: object) -> str:
    """A string of SQL."""
    return "'" + str(text).replace("'", "''") + "'"


def identifier(name: str) -> str:
    """A name of SQL."""
    return '"' + name.replace('"', '""') + '"'
