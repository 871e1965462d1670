"""Runs the steps of ``clean:`` that look at a whole seed set, over what the steps before them left."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson

from factory.catalog import SeedSet, Step
from factory.errors import CatalogError
from factory.fingerprint import step_fingerprint
from factory.plugins import Drop, Member
from factory.records import Seed, content_hash
from factory.seeds.intake import seed_statements
from factory.seeds.shards import SEEDS, seed_row
from factory.store.rows import json_text
from factory.store.sets import identifier, json_rows, literal, parquet_rows
from factory.store.writer import Writer

CHOSEN = {"seed_id": "varchar", "reason": "varchar", "scores": "varchar"}


@dataclass(frozen=True)
class Members:
    """The seeds of a set in the order of their ids, from a file that was written for the step."""

    path: Path
    scratch: Path
    count: int

    def __len__(self) -> int:
        return self.count

    def __iter__(self) -> Iterator[Member]:
        with self.path.open("rb") as lines:
            for line in lines:
                row = orjson.loads(line)
                content = orjson.loads(row["content"])
                text = content.get("text") or "\n\n".join(_strings(content))
                scores = orjson.loads(row["scores"] or "{}")
                yield Member(row["seed_id"], text, row["address"], scores, row["url"])


async def choose_whole(
    writer: Writer, seeds: SeedSet, steps: Sequence[tuple[Step, Any]], scratch: Path, build_id: str
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
        dropped += await _Choice(writer, seeds, step, position, scratch, build_id).run(made)
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


class _Choice:
    """One step over the whole seed set."""

    def __init__(
        self, writer: Writer, seeds: SeedSet, step: Step, position: int, scratch: Path, build_id: str
    ) -> None:
        self.writer, self.seeds, self.step, self.position = writer, seeds, step, position
        self.scratch, self.build_id = scratch, build_id
        self.rows = scratch / f"{position}.members.jsonl"
        self.chosen = scratch / f"{position}.chosen.jsonl"
        self.made = scratch / f"{position}.made.jsonl"

    async def run(self, made: Any) -> int:
        """Lets the step choose, and takes over what it chose, in one transaction; how many seeds went."""
        view = f"sets.{identifier(self.seeds.name)}"
        await self.writer.transact(
            {},
            [
                (
                    "copy (select seed_id, first(content::varchar) as content, min(address) as address,"
                    f" min(url) as url, first(scores::varchar order by address, place) as scores from {view}"
                    f" group by seed_id order by seed_id) to {literal(self.rows)} (format json)",
                    [],
                )
            ],
        )
        count = (await self.writer.query(f"select count(distinct seed_id) from {view}"))[0][0]
        own = self.scratch / f"{self.position}"
        own.mkdir()
        dropped, changed = await asyncio.to_thread(self._choose, made, Members(self.rows, own, count))
        row = {
            "seed_set": self.seeds.name,
            "position": self.position,
            "step": self.step.plugin.name,
            "address": "",
            "seen": count,
            "kept": count - dropped,
            "changed": changed,
            "broken": 0,
            "build_id": self.build_id,
        }
        await self.writer.transact({"cleaning": [row]}, self._statements())
        return dropped

    def _choose(self, made: Any, members: Members) -> tuple[int, int]:
        """Writes down what the step chose: seeds that go, and seeds whose text it changed."""
        texts: dict[str, str] = {}
        dropped = 0
        with self.chosen.open("wb") as out:
            for seed_id, choice in made.choose(members):
                if isinstance(choice, Drop):
                    dropped += 1
                    row = {"reason": choice.reason, "scores": json_text(dict(choice.scores))}
                else:
                    texts[seed_id] = choice
                    row = {"reason": "text changed", "scores": "{}"}
                out.write(orjson.dumps({"seed_id": seed_id, **row}) + b"\n")
        if texts and self.seeds.keep == "shards":
            raise CatalogError(
                f"seed set '{self.seeds.name}': {self.step.plugin.name} changes texts, which shards do not"
                " take; use 'keep: store', or a seed set 'from:' this one"
            )
        self._write_changed(members, texts)
        return dropped, len(texts)

    def _write_changed(self, members: Members, texts: dict[str, str]) -> None:
        """The seeds as they are with their changed texts, with the id of what they were."""
        with members.path.open("rb") as lines, self.made.open("wb") as out:
            for line in lines:
                row = orjson.loads(line)
                if row["seed_id"] in texts:
                    content = {**orjson.loads(row["content"]), "text": texts[row["seed_id"]]}
                    seed: Seed = self.seeds.kind.model_validate(content)
                    out.write(orjson.dumps({**seed_row(seed), "was": row["seed_id"]}) + b"\n")

    def _statements(self) -> list[tuple[str, list[Any]]]:
        name, step = literal(self.seeds.name), literal(self.step.plugin.name)
        view = f"sets.{identifier(self.seeds.name)}"
        shape = {
            **{key: SEEDS[key] for key in ("seed_id", "kind", "content", "characters")},
            "was": "varchar",
        }
        changed = self.scratch / f"{self.position}.seeds.parquet"
        return [
            (f"create or replace temp table chosen as select * from {json_rows(self.chosen, CHOSEN)}", []),
            (
                # Where a changed seed stands: wherever the one that it was made of stands.
                "copy (select row_number() over (order by m.seed_id, address, place) as position,"
                " m.seed_id, m.kind, m.content, m.characters, address, '' as span, place, url, parent,"
                " licence, title, author, date, scores::varchar as scores"
                f" from {json_rows(self.made, shape)} m join {view} v on v.seed_id = m.was)"
                f" to {literal(changed)} (format parquet)",
                [],
            ),
            (
                "insert into drops by name"
                f" select {self.position} as position, {step} as step, true as whole, c.reason, c.scores,"
                f" seed_id, first(kind) as kind, min(address) as address, min(place) as place,"
                " min(url) as url, min(title) as title, first(characters) as characters,"
                " left(coalesce(first(content ->> 'text'), ''), 200) as excerpt,"
                f" {name} as seed_set, {literal(self.build_id)} as build_id"
                f" from chosen c join {view} using (seed_id) group by seed_id, c.reason, c.scores",
                [],
            ),
            (
                f"update origins set dropped = {step} where seed_set = {name} and not withdrawn and"
                " seed_number in (select seed_number from seeds join chosen using (seed_id))",
                [],
            ),
            ("drop table chosen", []),
            *seed_statements(parquet_rows([changed]), self.seeds, self.build_id, self.step.plugin.name),
        ]


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
