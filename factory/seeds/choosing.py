"""Runs the steps of ``clean:`` that look at a whole seed set, over what the steps before them left."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson

from factory.catalog import SeedSet, Step
from factory.fingerprint import step_fingerprint
from factory.plugins import Drop
from factory.records import Seed, content_hash
from factory.seeds.intake import Statement, describe, seed_statements
from factory.seeds.members import Members, in_parts, parts_sql, rows_sql
from factory.seeds.shards import SEEDS, seed_row
from factory.seeds.workers import Workers
from factory.store.rows import json_text
from factory.store.sets import changed_shard, folder, identifier, json_rows, literal, parquet_rows
from factory.store.writer import Writer

CHOSEN = {"seed_id": "varchar", "reason": "varchar", "scores": "varchar", "text": "varchar"}
CHANGED = {name: SEEDS[name] for name in ("seed_id", "kind", "content", "characters")} | {"was": "varchar"}


async def choose_whole(
    writer: Writer,
    seeds: SeedSet,
    steps: Sequence[tuple[Step, Any]],
    scratch: Path,
    build_id: str,
    workers: Workers,
) -> int:
    """Decides anew what the steps leave out, where the seeds or the steps changed; how many seeds went.

    Earlier decisions of these steps are forgotten: what a step leaves out depends on what else is there.
    """
    first = 1 + len(seeds.steps) - len(steps)
    before = content_hash(
        [step_fingerprint(step, made) for step, made in steps], await _members(writer, seeds)
    )
    rows = await writer.query("select members from seed_sets where seed_set = ?", [seeds.name])
    if rows and rows[0][0] == before:
        return 0
    await _forget(writer, seeds.name)
    dropped = 0
    for position, (step, made) in enumerate(steps, start=first):
        dropped += await _Choice(
            writer, seeds, step, position, scratch / f"{position}", build_id, workers
        ).run(made)
    await writer.transact({}, [("update seed_sets set members = ? where seed_set = ?", [before, seeds.name])])
    return dropped


async def _members(writer: Writer, seeds: SeedSet) -> str:
    """A hash of the seeds that the item steps left, whatever the steps over the whole set decided."""
    if seeds.keep == "shards":
        sql = (
            "select md5(string_agg(shard || address || span || signature, ',' order by shard, address, span))"
        )
        rows = await writer.query(f"{sql} from files where seed_set = ?", [seeds.name])
    else:
        sql = "select count(*), sum(hash(seed_number, address, place)::hugeint)::varchar from origins"
        rows = await writer.query(
            f"{sql} where seed_set = ? and not withdrawn and step is null", [seeds.name]
        )
    return content_hash([str(value) for value in rows[0]])


async def _forget(writer: Writer, name: str) -> None:
    await writer.transact(
        {},
        [
            ("delete from drops where whole and seed_set = ?", [name]),
            ("delete from cleaning where address = '' and seed_set = ?", [name]),
            ("delete from origins where step is not null and seed_set = ?", [name]),
            ("update origins set dropped = null where dropped is not null and seed_set = ?", [name]),
        ],
    )


@dataclass(frozen=True)
class _Choice:
    """One step over the whole seed set, with a folder for its files."""

    writer: Writer
    seeds: SeedSet
    step: Step
    position: int
    scratch: Path
    build_id: str
    workers: Workers

    async def run(self, made: Any) -> int:
        """Lets the step choose, and takes over what it chose, in one transaction; how many seeds went."""
        self.scratch.mkdir()
        view = f"sets.{identifier(self.seeds.name)}"
        begins = await self.writer.query(parts_sql(view))
        rows = self.writer.stream(rows_sql(view))
        parts = await asyncio.to_thread(in_parts, rows, begins, self.scratch)
        members = Members(parts, self.scratch, self.workers)
        dropped, changed = await asyncio.to_thread(self._choose, made, members)
        if changed:
            await self._rewrite()
        row = {
            "seed_set": self.seeds.name,
            "position": self.position,
            "step": self.step.plugin.name,
            "address": "",
            "seen": len(members),
            "kept": len(members) - dropped,
            "changed": changed,
            "broken": 0,
            "build_id": self.build_id,
        }
        await self.writer.transact({"cleaning": [row]}, self._statements(changed))
        if changed and self.seeds.keep == "shards":
            await describe(self.writer, self.seeds, self.build_id)  # its view has one more file
        return dropped

    def _choose(self, made: Any, members: Members) -> tuple[int, int]:
        """Writes down what the step chose; how many seeds go, and how many have another text."""
        dropped = changed = 0
        with self._file("chosen").open("wb") as out:
            for seed_id, choice in made.choose(members):
                text = None if isinstance(choice, Drop) else choice.text
                dropped, changed = dropped + (text is None), changed + (text is not None)
                scores = json_text(dict(choice.scores))
                row = {"seed_id": seed_id, "reason": choice.reason, "scores": scores, "text": text}
                out.write(orjson.dumps(row) + b"\n")
        return dropped, changed

    async def _rewrite(self) -> None:
        """Makes the seeds of the changed texts, each with the id of what it was."""
        await self.writer.transact(
            {},
            [
                (
                    "copy (select c.seed_id, any_value(c.text) as text, any_value(content::varchar) as content"
                    f" from {json_rows(self._file('chosen'), CHOSEN)} c"
                    f" join sets.{identifier(self.seeds.name)} v on v.seed_id = c.seed_id"
                    f" where c.text is not null group by c.seed_id order by c.seed_id)"
                    f" to {literal(self._file('texts'))} (format json)",
                    [],
                )
            ],
        )
        await asyncio.to_thread(self._write_changed)

    def _write_changed(self) -> None:
        with self._file("texts").open("rb") as lines, self._file("changed").open("wb") as out:
            for line in lines:
                row = orjson.loads(line)
                content = {**orjson.loads(row["content"]), "text": row["text"]}
                seed: Seed = self.seeds.kind.model_validate(content)
                out.write(orjson.dumps({**seed_row(seed), "was": row["seed_id"]}) + b"\n")

    def _file(self, name: str) -> Path:
        return self.scratch / f"{name}.jsonl"

    def _statements(self, changed: int) -> list[Statement]:
        name, step = literal(self.seeds.name), literal(self.step.plugin.name)
        view = f"sets.{identifier(self.seeds.name)}"
        chosen = json_rows(self._file("chosen"), CHOSEN)
        statements: list[Statement] = [(f"create or replace temp table chosen as select * from {chosen}", [])]
        if changed:
            # Read before the drops are written: they take what changed out of the view.
            made = self._made()
            statements.append((f"copy ({self._changed_rows(view)}) to {literal(made)} (format parquet)", []))
        statements += [
            (
                "insert into drops by name"
                f" select {self.position} as position, {step} as step, true as whole, c.reason, c.scores,"
                f" seed_id, first(kind) as kind, min(address) as address, min(place) as place,"
                " min(url) as url, min(title) as title, first(characters) as characters,"
                " first(left(coalesce(content ->> 'text', ''), 200)) as excerpt,"
                f" {name} as seed_set, {literal(self.build_id)} as build_id"
                f" from chosen c join {view} v using (seed_id) group by seed_id, c.reason, c.scores",
                [],
            ),
            (
                f"update origins set dropped = {step} where seed_set = {name} and not withdrawn and"
                " seed_number in (select seed_number from seeds join chosen using (seed_id))",
                [],
            ),
            ("drop table chosen", []),
        ]
        if changed and self.seeds.keep == "store":
            rows = parquet_rows([made])
            statements += seed_statements(rows, self.seeds, self.build_id, self.step.plugin.name)
        return statements

    def _made(self) -> Path:
        """Where changed seeds go: of a seed set kept as shards, they are one more that its view shows."""
        if self.seeds.keep == "store":
            return self.scratch / "seeds.parquet"
        path = changed_shard(folder(self.writer.path) / self.seeds.name, self.build_id, self.position)
        path.parent.mkdir(parents=True, exist_ok=True)
        return path

    def _changed_rows(self, view: str) -> str:
        """Where a changed seed stands: wherever the one that it was made of stands."""
        return (
            "select row_number() over (order by m.seed_id, address, place) as position, m.seed_id, m.kind,"
            " m.content, m.characters, address, '' as span, place, url, parent, licence, title, author, date,"
            f" scores::varchar as scores from {json_rows(self._file('changed'), CHANGED)} m"
            f" join {view} v on v.seed_id = m.was"
        )
