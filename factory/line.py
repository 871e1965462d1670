"""The line: one seed of one dataset, from its content to committed samples, verdicts and done mark."""

from __future__ import annotations

import itertools
import traceback
from collections import defaultdict
from collections.abc import Mapping
from contextlib import aclosing
from dataclasses import dataclass
from typing import Any

from factory.catalog import Dataset
from factory.collapse import Alarm
from factory.errors import PluginError, SandboxError, StoreError, told
from factory.judging import Judged, ValidatorFailed, judge_samples, stored_samples, stored_verdicts
from factory.plan import Prepared, Work
from factory.records import Sample
from factory.report import Report, Watch
from factory.store.rows import json_text, sample_row
from factory.store.writer import Row, Writer
from factory.teacher.journal import Journal, Recorded, Stopped, now
from factory.teacher.model import REHEARSAL
from factory.teacher.teacher import Resources, Subject, Teacher


@dataclass(frozen=True)
class Item:
    """A seed's work, and what is recorded of the chunk of seeds around it."""

    prepared: Prepared
    work: Work
    memory: Recorded


@dataclass
class Made:
    """What a generator made of a seed: samples by id, what was drawn for each, how many repeats fell away."""

    samples: dict[str, Sample]
    draws: dict[str, dict[str, Any]]
    repeats: int = 0


def teacher_for(item: Item, resources: Resources, journal: Journal) -> Teacher:
    """The teacher of a seed's generator."""
    prepared, work = item.prepared, item.work
    subject = Subject(prepared.dataset.name, work.seed.id, work.seed_number, "", work.marks)
    return Teacher(prepared.dataset.generator, prepared.prompts, subject, resources, journal, item.memory)


async def generate(dataset: Dataset, work: Work, teacher: Teacher) -> Made:
    """Runs a generator on a seed. A sample given twice is kept once.

    Raises PluginError when a sample is not what the generator declares, and whatever the generator raises.
    """
    made = Made({}, {})
    generator = dataset.generator
    async with aclosing(generator(work.seed, teacher, **dict(dataset.settings))) as samples:
        async for sample in samples:
            _check_declared(dataset, sample)
            sample_id = sample.id_in(dataset.name, work.seed.id)
            if sample_id in made.samples:
                made.repeats += 1
            else:
                made.samples[sample_id] = sample
                made.draws[sample_id] = dict(teacher.draws)
    return made


def _check_declared(dataset: Dataset, sample: Sample) -> None:
    generator = dataset.generator
    if not isinstance(sample, generator.gives):
        gives = ", ".join(kind.__name__ for kind in generator.gives)
        raise PluginError(f"{generator.name} gave {type(sample).__name__}, and declares gives={gives}")
    for check in dataset.checks:
        for kind in check.plugin.needs:
            if sample.find(kind) is None:
                raise PluginError(f"{generator.name} gave a sample without its evidence '{kind.kind}'")


class Line:
    """Works on items for one build. Safe to call for many seeds at once: they share nothing."""

    def __init__(
        self, writer: Writer, journal: Journal, resources: Resources, report: Report, watch: Watch
    ) -> None:
        self._writer, self._journal, self._resources = writer, journal, resources
        self._report, self._watch = report, watch
        self._numbers = itertools.count()
        self._alarms: defaultdict[str, Alarm] = defaultdict(Alarm)

    async def work(self, item: Item) -> None:
        """Ends the seed as done or failed, committed; or leaves it waiting when the build is stopping, or its
        dataset is paused."""
        progress = self._report.datasets[item.prepared.dataset.name]
        if progress.paused:
            return
        teacher = teacher_for(item, self._resources, self._journal)
        try:
            if item.work.action == "judge":
                judged = await self._judge(item)
            else:
                judged = await self._generate(item, teacher)
        except Stopped:
            return
        except (SandboxError, StoreError):
            raise
        except Exception as error:  # a plugin may raise anything; it costs its seed alone
            await self._fail(item, teacher, error)
            progress.failed += 1
            progress.last_error = _named(item, error)
        else:
            progress.done += 1
            progress.accepted += judged.accepted
            progress.rejected.update(judged.rejected)
        self._watch(self._report)

    async def _generate(self, item: Item, teacher: Teacher) -> Judged:
        made = await generate(item.prepared.dataset, item.work, teacher)
        judged = await self._judged(item, made.samples, {})
        run = self._run_row(item, teacher, "done", made)
        rows = self._sample_rows(run, teacher, made)
        await self._writer.commit(samples=rows, verdicts=judged.rows, runs=[run])
        progress = self._report.datasets[item.prepared.dataset.name]
        progress.duplicates += made.repeats
        progress.empty += not made.samples
        # The stand-in repeats the examples of the prompts: with it, collapse is how it is meant to be.
        if item.prepared.dataset.alarm and REHEARSAL not in teacher.used.models:
            heard = self._alarms[progress.dataset].hear(list(made.samples.values()))
            progress.paused = progress.paused or heard
        return judged

    async def _judge(self, item: Item) -> Judged:
        """Only the verdicts that are missing, on samples that stand."""
        place = item.prepared.dataset.name, item.work.seed_number
        samples = await stored_samples(self._writer, *place)
        judged = await self._judged(item, samples, await stored_verdicts(self._writer, *place))
        await self._writer.commit(verdicts=judged.rows)
        return judged

    async def _judged(
        self, item: Item, samples: Mapping[str, Sample], decided: Mapping[tuple[str, str], bool]
    ) -> Judged:
        return await judge_samples(
            item.prepared,
            item.work,
            samples,
            decided,
            self._resources,
            self._journal,
            item.memory,
            self._report.build_id,
        )

    def _run_row(self, item: Item, teacher: Teacher, status: str, made: Made) -> dict[str, Any]:
        return {
            "run_id": f"{self._report.build_id}.{next(self._numbers)}",
            "dataset": item.prepared.dataset.name,
            "seed_number": item.work.seed_number,
            "seed_id": item.work.seed.id,
            "fingerprint": item.prepared.fingerprint,
            "status": status,
            "attempt": len(item.work.marks),
            "samples": len(made.samples),
            "duplicates": made.repeats,
            "calls": teacher.used.calls,
            "executions": teacher.used.executions,
            "build_id": self._report.build_id,
            "recorded_at": now(),
        }

    def _sample_rows(self, run: dict[str, Any], teacher: Teacher, made: Made) -> list[Row]:
        shared = ("run_id", "dataset", "seed_number", "seed_id", "fingerprint", "build_id", "recorded_at")
        model = "+".join(sorted(teacher.used.models)) or "none"
        return [
            {
                **{column: run[column] for column in shared},
                **sample_row(sample),
                "sample_id": sample_id,
                "position": position,
                "draws": json_text(made.draws[sample_id]),
                "model": model,
            }
            for position, (sample_id, sample) in enumerate(made.samples.items())
        ]

    async def _fail(self, item: Item, teacher: Teacher, error: Exception) -> None:
        mark = error.mark if isinstance(error, ValidatorFailed) else teacher.mark(error)
        run = self._run_row(item, teacher, "failed", Made({}, {}))
        columns = ("dataset", "seed_number", "fingerprint", "attempt", "build_id", "recorded_at")
        failure = {
            **{column: run[column] for column in columns},
            "stage": error.stage if isinstance(error, ValidatorFailed) else "generator",
            "stream": mark.stream,
            "ordinal": mark.ordinal,
            "draw": mark.draw,
            "error": _named(item, error),
            "traceback": "".join(traceback.format_exception(error)),
            "address": "",
            "cost": teacher.used.cost,
        }
        # A seed whose samples stand and only lack a verdict keeps its done mark: the next build judges it.
        runs = [] if item.work.action == "judge" else [run]
        await self._writer.commit(failures=[failure], runs=runs)


def _named(item: Item, error: Exception) -> str:
    """An error of a seed on one line; of a plugin's own fault, the line of it too."""
    if isinstance(error, ValidatorFailed):
        return str(error)
    return told(error, item.prepared.dataset.generator.path.parent)
