"""Judging: a dataset's validators over the samples of one seed, in the catalogue's order."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from factory.catalog import Dataset
from factory.errors import PluginError, SandboxError, StoreError, told
from factory.plan import Prepared, Work
from factory.plugins import Validator
from factory.records import Sample, Verdict
from factory.store.rows import SAMPLE_COLUMNS, sample_of, verdict_row
from factory.store.writer import Row, Writer
from factory.teacher.journal import Journal, Recorded, Stopped, now
from factory.teacher.streams import Mark
from factory.teacher.teacher import Resources, Subject, Teacher

Passed = Mapping[tuple[str, str], bool]
"""What is already decided: (sample id, fingerprint of a validator) -> passed."""


class ValidatorFailed(Exception):
    """A validator raised. The seed fails at this stage, and a retry judges again."""

    def __init__(self, validator: Validator, error: Exception, mark: Mark) -> None:
        super().__init__(f"{validator.name}: {told(error, validator.path.parent)}")
        self.stage = f"validator:{validator.name}"
        self.mark = mark


@dataclass
class Judged:
    """The new verdicts on a seed's samples, as rows, and what they come to."""

    rows: list[Row] = field(default_factory=list)
    accepted: int = 0
    rejected: Counter[str] = field(default_factory=Counter)


async def judge_samples(
    prepared: Prepared,
    work: Work,
    samples: Mapping[str, Sample],
    decided: Passed,
    resources: Resources,
    journal: Journal,
    memory: Recorded,
    build_id: str,
) -> Judged:
    """Asks each validator about each sample; the first against it settles the sample.

    What is already decided by a current validator is not asked again. Raises ValidatorFailed.
    """
    judged = Judged()
    checks = prepared.dataset.judges(whole=False)
    for sample_id, sample in samples.items():
        for check, (name, judge, fingerprint, prompts) in zip(checks, prepared.judges, strict=True):
            passed = decided.get((sample_id, fingerprint))
            if passed is None:
                stream = f"{name}:{sample_id}"
                subject = Subject(prepared.dataset.name, work.seed.id, work.seed_number, stream, work.marks)
                teacher = Teacher(check.plugin, prompts, subject, resources, journal, memory)
                try:
                    verdict = checked(await judge.check(sample, teacher))
                    judged.rows.append(
                        _row(prepared.dataset, sample_id, name, fingerprint, verdict, build_id)
                    )
                except (Stopped, SandboxError, StoreError):
                    raise
                except Exception as error:  # a plugin may raise anything
                    raise ValidatorFailed(check.plugin, error, teacher.mark(error)) from error
                passed = verdict.passed
                if not passed:
                    judged.rejected[f"{name}: {verdict.reason}"] += 1
            if not passed:
                break
        else:
            judged.accepted += 1
    return judged


def checked(verdict: object) -> Verdict:
    """What a validator returned. Raises PluginError for what is no verdict, or rejects without a reason."""
    if not isinstance(verdict, Verdict):
        raise PluginError(f"returned {verdict!r:.80}: return Verdict.accept() or Verdict.reject('why')")
    if not verdict.passed and not verdict.reason:
        raise PluginError("rejected a sample without a reason: Verdict.reject('why')")
    return verdict


def _row(
    dataset: Dataset, sample_id: str, validator: str, fingerprint: str, verdict: Verdict, build_id: str
) -> Row:
    return {
        "sample_id": sample_id,
        "dataset": dataset.name,
        "validator": validator,
        "fingerprint": fingerprint,
        **verdict_row(verdict),
        "build_id": build_id,
        "recorded_at": now(),
    }


async def stored_samples(writer: Writer, dataset: str, seed_number: int) -> dict[str, Sample]:
    """The samples of a seed's current run, by id, in order."""
    rows = await writer.query(
        f"select {', '.join(f's.{column}' for column in SAMPLE_COLUMNS)}"
        " from samples s join current_runs r using (run_id)"
        " where r.dataset = ? and r.seed_number = ? order by position",
        [dataset, seed_number],
    )
    found: list[dict[str, Any]] = [dict(zip(SAMPLE_COLUMNS, row, strict=True)) for row in rows]
    return {row["sample_id"]: sample_of(row) for row in found}


async def stored_verdicts(writer: Writer, dataset: str, seed_number: int) -> dict[tuple[str, str], bool]:
    """What the current validators have said of a seed's samples."""
    rows = await writer.query(
        "select v.sample_id, v.fingerprint, v.passed from current_verdicts v"
        " where v.dataset = ? and v.sample_id in"
        " (select sample_id from samples where dataset = ? and seed_number = ?)",
        [dataset, dataset, seed_number],
    )
    return {(sample_id, fingerprint): passed for sample_id, fingerprint, passed in rows}
