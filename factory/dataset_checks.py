"""Dataset checks: validators that look at a finished dataset as a whole, in the order of sample ids.

What a check says depends on the samples that come to it and on nothing else, so it runs anew when they change,
and its verdicts on all of them go in with one transaction.
"""

from __future__ import annotations

import asyncio
import shutil
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import orjson

from factory.errors import PluginError, told
from factory.judging import checked
from factory.plan import Prepared, find_work
from factory.plugins import DatasetCheck, Submitted
from factory.store.rows import SAMPLE_COLUMNS, json_text, sample_of, verdict_row
from factory.store.sets import folder, json_rows, literal
from factory.store.writer import Writer
from factory.teacher.journal import now

_CHOSEN = {
    "sample_id": "varchar",
    "passed": "boolean",
    "reason": "varchar",
    "score": "double",
    "details": "varchar",
}


@dataclass(frozen=True)
class Samples:
    """The samples of a dataset in the order of their ids, from a file that was written for the check."""

    path: Path
    scratch: Path
    count: int

    def __len__(self) -> int:
        return self.count

    def __iter__(self) -> Iterator[Submitted]:
        with self.path.open("rb") as lines:
            for line in lines:
                row = orjson.loads(line)
                draws = orjson.loads(row.pop("draws"))
                yield Submitted(row["sample_id"], row.pop("seed_id"), sample_of(row), draws)


async def check_dataset(writer: Writer, prepared: Prepared, build_id: str) -> Counter[str]:
    """Runs the checks of a dataset that have not seen its samples as they are now; reasons of rejections.

    A dataset with seeds that wait is not finished, and is left alone. Raises PluginError where a check fails.
    """
    name = prepared.dataset.name
    rejected: Counter[str] = Counter()
    if not prepared.checks or await find_work(writer, name, retry_failed=False):
        return rejected
    scratch = folder(writer.path) / f".{name}.{build_id}"
    try:
        for place, (check_name, check, fingerprint) in enumerate(prepared.checks, len(prepared.judges)):
            one = _Check(writer, name, check_name, check, fingerprint, place, scratch / check_name, build_id)
            rejected.update(await one.run())
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
    return rejected


@dataclass(frozen=True)
class _Check:
    """One check of one dataset; `place` counts the validators before it."""

    writer: Writer
    dataset: str
    name: str
    check: DatasetCheck
    fingerprint: str
    place: int
    scratch: Path
    build_id: str

    async def run(self) -> Counter[str]:
        """Judges anew where the samples that come to it have changed."""
        count, members = await self._members()
        seen = await self.writer.query(
            "select members from dataset_checks where dataset = ? and validator = ? and fingerprint = ?"
            " order by recorded_at desc, rowid desc limit 1",
            [self.dataset, self.name, self.fingerprint],
        )
        if seen == [(members,)]:
            return Counter()
        self.scratch.mkdir(parents=True)
        rows, chosen = self.scratch / "samples.jsonl", self.scratch / "chosen.jsonl"
        columns = [
            f"s.{one}::varchar as {one}" if one in ("extra", "evidence") else f"s.{one}"
            for one in SAMPLE_COLUMNS
        ]
        await self.writer.transact(
            {},
            [
                (
                    f"copy (select seed_id, draws::varchar as draws, {', '.join(columns)}"
                    f" from ({self._reaching()}) s order by sample_id) to {literal(rows)} (format json)",
                    [],
                )
            ],
        )
        rejected = await asyncio.to_thread(self._choose, Samples(rows, self.scratch, count), chosen)
        row = {
            "dataset": self.dataset,
            "validator": self.name,
            "fingerprint": self.fingerprint,
            "members": members,
            "samples": count,
            "rejected": rejected.total(),
            "figures": json_text(dict(getattr(self.check, "figures", {}))),
            "build_id": self.build_id,
            "recorded_at": now(),
        }
        await self.writer.transact({"dataset_checks": [row]}, [(self._verdicts(rows, chosen), [])])
        return rejected

    def _reaching(self) -> str:
        """SQL for the current samples that everything before this check passed."""
        return (
            "select s.* from judged s left join"
            f" (select sample_id, count(*) as passed from current_verdicts where dataset = {literal(self.dataset)}"
            f" and place < {self.place} and passed group by all) v using (sample_id)"
            f" where s.dataset = {literal(self.dataset)} and coalesce(v.passed, 0) = {self.place}"
        )

    async def _members(self) -> tuple[int, str]:
        """How many samples come to this check, and a hash of which, whatever their order."""
        count, mixed = (
            await self.writer.query(
                "select count(*), coalesce(bit_xor(md5_number_lower(sample_id)), 0)::varchar"
                f" from ({self._reaching()})"
            )
        )[0]
        return count, f"{count}:{mixed}"

    def _choose(self, samples: Samples, chosen: Path) -> Counter[str]:
        """Writes down what the check says, and counts the reasons of its rejections."""
        rejected: Counter[str] = Counter()
        with chosen.open("wb") as out:
            try:
                for sample_id, verdict in self.check.choose(samples):
                    checked(verdict)
                    out.write(orjson.dumps({"sample_id": sample_id, **verdict_row(verdict)}) + b"\n")
                    if not verdict.passed:
                        rejected[f"{self.name}: {verdict.reason}"] += 1
            except Exception as error:  # a plugin may raise anything
                raise PluginError(
                    f"dataset '{self.dataset}': the check {self.name} failed: {told(error)};"
                    " what was built is kept, and the next build runs the check again"
                ) from error
        return rejected

    def _verdicts(self, rows: Path, chosen: Path) -> str:
        """The statement that stores a verdict on every sample that the check looked at."""
        return (
            "insert into verdicts by name select s.sample_id,"
            f" {literal(self.dataset)} as dataset, {literal(self.name)} as validator,"
            f" {literal(self.fingerprint)} as fingerprint, coalesce(c.passed, true) as passed,"
            " coalesce(c.reason, '') as reason, c.score, coalesce(c.details, '{}') as details,"
            f" {literal(self.build_id)} as build_id, '{now()}'::timestamp as recorded_at"
            f" from {json_rows(rows, {'sample_id': 'varchar'})} s"
            f" left join {json_rows(chosen, _CHOSEN)} c using (sample_id) order by s.sample_id"
        )
