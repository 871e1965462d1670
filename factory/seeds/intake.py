"""What reading a seed set does to the store: SQL over the files that shards write."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, TypeAlias

import orjson
from orjson import Fragment

from factory.catalog import SeedSet
from factory.errors import FactoryError
from factory.plugins import Span
from factory.seeds.laid import scatter
from factory.seeds.shards import TABLES, Done, Shard, Unit
from factory.store.sets import folder, identifier, literal, parquet_rows, scored_view, view
from factory.store.texts import seed_rows
from factory.store.writer import Writer
from factory.teacher.journal import now

AT_ONCE = 2048
"""Rows that DuckDB reads of a column at least."""
LONG = 100_000
"""Characters that so many seeds may have each, on an average: a gigabyte is to hold their texts several times."""

Statement: TypeAlias = tuple[str, list[Any]]


async def describe(writer: Writer, seeds: SeedSet, build_id: str) -> None:
    """Writes down what the seed set is now, and makes its view ``sets.<name>``."""
    steps = [step.plugin.name for step in seeds.steps]
    rows = await writer.query("select seed_set from seed_sets where keep = 'shards' order by seed_set")
    as_shards = {name: None for (name,) in rows if name != seeds.name}
    if seeds.keep == "shards":
        as_shards[seeds.name] = None
    await writer.transact(
        {},
        [
            (
                "insert into seed_sets values (?, ?, ?, ?, '', ?) on conflict do update set"
                " kind = excluded.kind, keep = excluded.keep, steps = excluded.steps",
                [seeds.name, seeds.kind.kind, seeds.keep, steps, build_id],
            ),
            (view(seeds.name, seeds.keep, folder(writer.path)), []),
            (scored_view(as_shards), []),
        ],
    )


async def known(writer: Writer, name: str) -> dict[tuple[str, str], tuple[str, str]]:
    """What was read: address and span -> fingerprint and signature."""
    rows = await writer.query(
        "select address, span, fingerprint, signature from files where seed_set = ?", [name]
    )
    return {(address, span): (fingerprint, signature) for address, span, fingerprint, signature in rows}


async def withdraw(writer: Writer, name: str, addresses: Iterable[str]) -> None:
    """Files that changed or are gone: their seeds leave the seed set, and stay in the store."""
    where = [name, list(addresses)]
    inside = "where seed_set = ? and address in (select unnest(?))"
    statements = [f"update origins set withdrawn = true {inside}"]
    statements += [f"delete from {table} {inside}" for table in ("files", "drops", "cleaning", "skips")]
    await writer.transact({}, [(statement, where) for statement in statements])


async def documents(writer: Writer, parent: SeedSet, take: int | None, most: int) -> list[Unit]:
    """The documents that a seed set is cut from, as a unit for each file that they came from; of a file with more
    than `most` characters of them, as several, whose spans number them.

    `take` draws so many by the least ids: ids are hashes, so this is a sample, and it changes little when
    documents come or go.
    """
    rows = await writer.query(
        "select address, part, md5(string_agg(seed_id || place, ',' order by seed_id, place)), sum(characters),"
        f" max(part) over (partition by address) from ({_parted(parent, take, most)})"
        " group by address, part order by address, part"
    )
    return [
        Unit(address, signature, span=Span(part, part + 1) if last else None, size=size)
        for address, part, signature, size, last in rows
    ]


async def lay_down(
    writer: Writer, parent: SeedSet, shards: Sequence[Shard], take: int | None, most: int
) -> None:
    """Writes the documents of some shards' units where other processes read them."""
    files = {
        (unit.address, unit.span.start if unit.span else 0): shard.documents
        for shard in shards
        for unit in shard.units
    }
    wanted = ", ".join(f"({literal(address)}, {part})" for address, part in files)
    columns = ("address", "place", "seed_id", "url", "parent", "licence", "title", "author", "date")
    rows = seed_rows(
        writer.stream,
        writer.path,
        parent.name,
        f"{', '.join(columns)}, scores::varchar, content::varchar",
        f"from ({_parted(parent, take, most)}) where (address, part) in ({wanted})",
    )

    def lines() -> Iterator[tuple[Path, bytes]]:
        for part, *about, scores, content in rows:
            row = dict(zip(columns, about, strict=True))
            row |= {"scores": Fragment(scores or "null"), "content": Fragment(content)}
            if path := files[row["address"], part]:
                yield path, orjson.dumps(row) + b"\n"

    await asyncio.to_thread(lambda: scatter(lines()))


def _parted(parent: SeedSet, take: int | None, most: int) -> str:
    """SQL for where documents stand, how long they are, and in which part of their file's."""
    return (
        f"select distinct address, place, seed_id, characters, ((sum(characters) over"
        f" (partition by address order by place, seed_id) - characters) // {most})::int as part"
        f" from sets.{identifier(parent.name)} where seed_id <= {_last(parent, take)}"
    )


def _last(parent: SeedSet, take: int | None) -> str:
    """SQL for the last id that is taken."""
    if take is None:
        return "'g'"  # behind every hexadecimal digit
    inner = f"select distinct seed_id from sets.{identifier(parent.name)} order by seed_id limit {take}"
    return f"(select coalesce(max(seed_id), '') from ({inner}))"


async def take(
    writer: Writer, seeds: SeedSet, shards: Sequence[tuple[Shard, Done]], fingerprint: str, build_id: str
) -> int:
    """Takes what shards wrote into the store, in their order, in one transaction; how many seeds are new.

    What the store holds afterwards does not depend on how many are taken at once: numbers go by the order.
    """
    statements: list[Statement] = []
    for table in TABLES:
        there = [path for shard, _ in shards if (path := shard.output(table)).exists()]
        if there and not (table == "seeds" and seeds.keep == "shards"):
            statements += table_statements(table, parquet_rows(there), seeds, build_id)
    files = [
        {
            "seed_set": seeds.name,
            "fingerprint": fingerprint,
            "address": unit.address,
            "span": unit.span_text,
            # A file that could not be read now is read again the next time, changed or not.
            "signature": "" if (unit.address, unit.span_text) in done.unread else unit.signature,
            "seeds": done.found[unit.address, unit.span_text],
            "shard": shard.parquet.name if shard.parquet else "",
            "build_id": build_id,
        }
        for shard, done in shards
        for unit in shard.units
    ]
    before = await _last_number(writer)
    await writer.transact({"files": files}, statements)
    new = await _last_number(writer) - before
    if new:
        await refuse_long(writer, seeds.name)
    return new


async def refuse_long(writer: Writer, name: str) -> None:
    """Raises FactoryError where the newest seeds are so long that the store could not be read any more: it reads so
    many at once."""
    rows = await writer.query(
        f"select sum(characters)::bigint from seeds where seed_number > {await _last_number(writer) - AT_ONCE}"
    )
    if (characters := rows[0][0] or 0) > AT_ONCE * LONG:
        raise FactoryError(
            f"seed set '{name}': its seeds are too long for the store, which reads {AT_ONCE:,} at once: the last"
            f" hold {characters / 1e6:,.0f} million characters; write 'keep: shards', and cut them by a seed set"
            f" 'from: {name}'"
        )


async def _last_number(writer: Writer) -> int:
    return int((await writer.query("select coalesce(max(seed_number), 0) from seeds"))[0][0])


def table_statements(table: str, rows: str, seeds: SeedSet, build_id: str) -> list[Statement]:
    """Adds the rows of a table that shards wrote."""
    name, build = literal(seeds.name), literal(build_id)
    if table == "seeds":
        return seed_statements(rows, seeds, build_id)
    if table == "failures":
        return [
            (
                f"insert into failures by name select * exclude (filename), {name} as dataset,"
                " null as seed_number, '' as fingerprint, 0 as attempt, '' as stream, -1 as ordinal,"
                f" -1 as draw, 0.0 as cost, {build} as build_id, ?::timestamp as recorded_at from {rows}",
                [now()],
            )
        ]
    return [
        (
            f"insert into {table} by name select * exclude (filename), {name} as seed_set,"
            f" {build} as build_id from {rows}",
            [],
        )
    ]


def seed_statements(rows: str, seeds: SeedSet, build_id: str, step: str | None = None) -> list[Statement]:
    """Adds the seeds of some files that the store does not know, and where all of them were found."""
    build, made, order = literal(build_id), literal(step) if step else "null", "filename, position"
    return [
        (
            "insert into seeds by name"
            f" select (select coalesce(max(seed_number), 0) from seeds) + row_number() over (order by {order})"
            f"        as seed_number, seed_id, kind, content, characters, {build} as build_id"
            f" from (from {rows} i where not exists (from seeds s where s.seed_id = i.seed_id)"
            f"       qualify row_number() over (partition by seed_id order by {order}) = 1)",
            [],
        ),
        (
            "insert into origins by name"
            " select seed_number, address, place, i.url, parent, licence, title, author, date, scores,"
            f"       {literal(seeds.name)} as seed_set, {literal(seeds.source.name)} as source,"
            f"       {build} as build_id, false as withdrawn, {made} as step"
            f" from {rows} i join seeds using (seed_id) order by {order}",
            [],
        ),
    ]


async def forget_returned(writer: Writer, name: str) -> None:
    """An origin that was found again replaces its withdrawn twin, so reading twice leaves one row."""
    here = f"from origins where seed_set = {literal(name)}"
    await writer.transact(
        {},
        [
            (
                f"delete {here} and withdrawn and (seed_number, address) in"
                f" (select seed_number, address {here} and not withdrawn)",
                [],
            )
        ],
    )


async def sweep(writer: Writer, name: str, shards: Path) -> None:
    """Removes the files among a seed set's shards that do not count: not any more, or left by a build that died."""
    rows = await writer.query(
        "select parse_filename(shard, true) from files where seed_set = $1 union"
        " select build_id || '-' || position from cleaning where seed_set = $1 and address = ''",
        [name],
    )
    current = {made for (made,) in rows}
    for path in shards.rglob("*"):
        # A step's file is named after its part too, but for those of older versions.
        stems = {path.stem, path.stem.rpartition("-")[0]}
        if path.is_file() and not (path.suffix == ".parquet" and stems & current):
            path.unlink()


async def count(writer: Writer, seeds: SeedSet) -> int:
    """How many seeds the seed set holds now."""
    name = identifier(seeds.name)
    return int((await writer.query(f"select count(distinct seed_id) from sets.{name}"))[0][0])
