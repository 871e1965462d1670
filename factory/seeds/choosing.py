"""Runs the steps of ``clean:`` that look at a whole seed set, over what the steps before them left."""

from __future__ import annotations

import asyncio
import shutil
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from itertools import groupby
from operator import attrgetter
from pathlib import Path
from typing import Any

import orjson

from factory.catalog import SeedSet, Step
from factory.errors import FactoryError, PluginError
from factory.fingerprint import step_fingerprint
from factory.plugins import Drop, Rewritten
from factory.records import Seed, content_hash
from factory.seeds.given import choices
from factory.seeds.intake import Statement, describe, seed_statements, table_statements
from factory.seeds.laid import scatter
from factory.seeds.members import Part, Row, Stopped, laid_down
from factory.seeds.shards import DROPS, EXAMPLES, EXCERPT, seed_row, writing
from factory.seeds.workers import TOO_MANY, Workers
from factory.store.rows import json_text
from factory.store.sets import changed_shard, folder, identifier, literal, parquet_rows
from factory.store.texts import seed_rows
from factory.store.writer import Writer

COPIES = "exact_duplicates"
"""The step in which a seed that was found several times becomes one."""


async def choose_whole(
    writer: Writer,
    seeds: SeedSet,
    steps: Sequence[tuple[Step, Any]],
    scratch: Path,
    build_id: str,
    workers: Workers,
    goes_on: Callable[[str], bool],
) -> int:
    """Decides what the steps leave out, where the seeds or the steps changed; how many seeds went.

    What a step leaves out depends on what else is there: where the seeds or an earlier step changed, decisions are
    forgotten. Those of the first steps stand where only what comes behind them is new, or was cut short. `goes_on`
    is told what is going on; where it says no, the rest is left to the next time. Raises FactoryError for a dead
    process.
    """
    first, dropped = 1 + len(seeds.steps) - len(steps), 0
    marks = [content_hash(COPIES, first, await _members(writer, seeds))]
    for step, made in steps:
        marks.append(content_hash(marks[-1], step_fingerprint(step, made)))
    [(standing,)] = await writer.query("select members from seed_sets where seed_set = ?", [seeds.name])
    if standing not in marks:
        await _forget(writer, seeds.name)
        dropped = await _tell_copies(writer, seeds, first, scratch, build_id, marks[0])
    for number in range(marks.index(standing) if standing in marks else 0, len(steps)):
        (step, made), position = steps[number], first + 1 + number
        choice = _Choice(writer, seeds, step, position, scratch / f"{position}", build_id, workers, goes_on)
        try:
            dropped += await choice.run(made, marks[number + 1])
        except Stopped:
            break
        except BrokenProcessPool as error:
            raise FactoryError(
                f"seed set '{seeds.name}': a process died in the step '{step.plugin.name}'; {TOO_MANY}; the same"
                " command goes on with this step"
            ) from error
    return dropped


def _standing(name: str, mark: str) -> Statement:
    """Writes down which steps' decisions stand, in the transaction that brings the last of them."""
    return "update seed_sets set members = ? where seed_set = ?", [mark, name]


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
            ("delete from drops where (whole or step = ?) and seed_set = ?", [COPIES, name]),
            ("delete from skips where step = ? and seed_set = ?", [COPIES, name]),
            ("delete from cleaning where address = '' and seed_set = ?", [name]),
            ("delete from origins where step is not null and seed_set = ?", [name]),
            ("update origins set dropped = null where dropped is not null and seed_set = ?", [name]),
            _standing(name, ""),
        ],
    )


async def _tell_copies(
    writer: Writer, seeds: SeedSet, position: int, scratch: Path, build_id: str, mark: str
) -> int:
    """Writes down where seeds were found again, as a step of its own; how many times that was."""
    view = f"sets.{identifier(seeds.name)}"
    seen, kept = (await writer.query(f"select count(*), count(distinct seed_id) from {view}"))[0]
    if seen == kept:
        await writer.transact({}, [_standing(seeds.name, mark)])
        return 0
    again = (
        "(select *, row_number() over (partition by address order by place, seed_id) as number from"
        f" (select seed_id, address, place, first_value(address) over found as part from {view}"
        f"  where seed_id in (select seed_id from {view} group by seed_id having count(*) > 1)"
        "  window found as (partition by seed_id order by address, place)"
        "  qualify row_number() over found > 1))"
    )
    about = {"position": position, "step": COPIES}
    row = about | {"seed_set": seeds.name, "address": "", "build_id": build_id}
    row |= {"seen": seen, "kept": kept, "changed": 0, "broken": 0}
    said = about | {"reason": "the same text was found before"}
    drops = scratch / f"{position}.drops"
    statements = [_standing(seeds.name, mark)]
    if seeds.keep == "shards":
        statements.append((_others(again, seeds, build_id), list(said.values())))
        again = f"(from {again} where number <= {EXAMPLES})"
    await asyncio.to_thread(_write_copies, writer, seeds.name, f"from {again}", said, drops)
    statements += table_statements("drops", parquet_rows([drops]), seeds, build_id)
    await writer.transact({"cleaning": [row]}, statements)
    return int(seen - kept)


def _write_copies(writer: Writer, name: str, copies: str, said: dict[str, Any], output: Path) -> None:
    """Writes rows of `drops`, with what copies begin with."""
    columns = ("seed_id", "kind", "address", "place", "url", "title", "characters")
    text = f"left(coalesce(content::json ->> 'text', ''), {EXCERPT})"
    rows = seed_rows(writer.stream, writer.path, name, f"{', '.join(columns)}, {text}", copies)
    with writing({"drops": output}, output) as write:
        for at, *about, excerpt in rows:
            found = dict(zip(columns, about, strict=True))
            write(
                "drops",
                {**said, **found, "whole": False, "scores": json_text({"at": at}), "excerpt": excerpt},
            )


def _others(copies: str, seeds: SeedSet, build_id: str) -> str:
    """SQL that counts the copies of each file of which there are no rows. Its parameters: position, step, reason."""
    return (
        "insert into skips by name select ? as position, ? as step, ? as reason, address, count(*) as records,"
        f" min(place) as place, '' as excerpt, {literal(seeds.name)} as seed_set, {literal(build_id)} as build_id"
        f" from {copies} where number > {EXAMPLES} group by address"
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
    goes_on: Callable[[str], bool]

    async def run(self, made: Any, mark: str) -> int:
        """Lets the step choose, and takes over what it chose, in one transaction; how many seeds went."""
        self.scratch.mkdir()
        dropped, changed, seen = await asyncio.to_thread(self._choose, made)
        row = {
            "seed_set": self.seeds.name,
            "position": self.position,
            "step": self.step.plugin.name,
            "address": "",
            "seen": seen,
            "kept": seen - dropped,
            "changed": changed,
            "broken": 0,
            "build_id": self.build_id,
        }
        statements = [*self._statements(), _standing(self.seeds.name, mark)]
        await self.writer.transact({"cleaning": [row]}, statements)
        if changed and self.seeds.keep == "shards":
            await describe(self.writer, self.seeds, self.build_id)  # its view has more files
        shutil.rmtree(self.scratch)
        return dropped

    def _choose(self, made: Any) -> tuple[int, int, int]:
        """Lets the step choose, and writes down what comes of it; how many seeds go, are changed, and are there."""
        members = laid_down(
            self.writer.stream, self.writer.path, self.seeds.name, self.scratch, self.workers, self._goes_on
        )
        chosen = choices(self.step.plugin, made.choose(members))
        scatter((_choices(members.part_of(seed_id)), _line(seed_id, choice)) for seed_id, choice in chosen)
        shards = None if self.seeds.keep == "store" else folder(self.writer.path) / self.seeds.name
        follow = _Following(self.step.plugin.name, self.position, self.seeds.kind, self.build_id, shards)
        counts = list(members.map(follow))
        dropped, changed = sum(dropped for dropped, _ in counts), sum(changed for _, changed in counts)
        return dropped, changed, len(members)

    def _goes_on(self, what: str) -> bool:
        return self.goes_on(f"{self.step.plugin.name}, {what}")

    def _statements(self) -> list[Statement]:
        name, step = literal(self.seeds.name), literal(self.step.plugin.name)
        statements: list[Statement] = []
        if any(self.scratch.glob("*.drops")):
            drops = parquet_rows([self.scratch / "*.drops"])
            statements += table_statements("drops", drops, self.seeds, self.build_id)
            statements.append(
                (
                    f"update origins set dropped = {step} where seed_set = {name} and not withdrawn and"
                    f" seed_number in (select seed_number from seeds join {drops} using (seed_id))",
                    [],
                )
            )
        if any(self.scratch.glob("*.seeds")):
            changed = parquet_rows([self.scratch / "*.seeds"])
            statements += seed_statements(changed, self.seeds, self.build_id, self.step.plugin.name)
        return statements


@dataclass(frozen=True)
class _Following:
    """Writes down what follows from a step's choices, part by part: rows of `drops`, and of seeds with other texts.

    Those of a seed set kept as shards are one shard more for each part.
    """

    step: str
    position: int
    kind: type[Seed]
    build_id: str
    shards: Path | None

    def __call__(self, part: Part) -> tuple[int, int]:
        """How many seeds of the part go, and how many are changed."""
        if not (path := _choices(part)).exists():
            return 0, 0
        chosen = {seed_id: choice for seed_id, *choice in map(orjson.loads, path.read_bytes().splitlines())}
        outputs = {"drops": part.path.with_suffix(".drops"), "seeds": self._seeds(part)}
        dropped = changed = 0
        told: Counter[str] = Counter()
        with writing(outputs, part.path) as write:
            for seed_id, rows in groupby(part.rows(), key=attrgetter("seed_id")):
                if seed_id in chosen:
                    places = list(rows)
                    reason, scores, text = chosen.pop(seed_id)
                    told[reason] += 1
                    whole = self.shards is None or told[reason] <= EXAMPLES
                    write("drops", self._drop(places[0], reason, scores, EXCERPT if whole else 0))
                    dropped, changed = dropped + (text is None), changed + (text is not None)
                    for row in self._changed(places, text) if text is not None else ():
                        write("seeds", row)
        if chosen:
            raise PluginError(
                f"{self.step} chooses '{next(iter(chosen))}', which is no seed of the set: it is to give the"
                " seed_id of a seed that it was given"
            )
        return dropped, changed

    def _seeds(self, part: Part) -> Path:
        if self.shards is None:
            return part.path.with_suffix(".seeds")
        return changed_shard(self.shards, self.build_id, self.position, part.path.stem)

    def _drop(self, row: Row, reason: str, scores: str, excerpt: int) -> dict[str, Any]:
        return {
            "position": self.position,
            "step": self.step,
            "whole": True,
            "reason": reason,
            "scores": scores,
            "excerpt": str(row.content.get("text") or "")[:excerpt],
            **{name: getattr(row, name) for name in DROPS if name in Row._fields and name != "scores"},
        }

    def _changed(self, places: Sequence[Row], text: str) -> Iterator[dict[str, Any]]:
        """A changed seed stands wherever the one that it was made of stands."""
        seed = seed_row(self.kind.model_validate({**places[0].content, "text": text}))
        for position, row in enumerate(places):
            scores = json_text(row.scores) if row.scores else None
            yield {**row._asdict(), **seed, "position": position, "span": "", "scores": scores}


def _choices(part: Part) -> Path:
    """Where what a step chose of a part is laid down."""
    return part.path.with_suffix(".choices")


def _line(seed_id: str, choice: Drop | Rewritten) -> bytes:
    text = None if isinstance(choice, Drop) else choice.text
    return orjson.dumps([seed_id, choice.reason, json_text(dict(choice.scores)), text]) + b"\n"
