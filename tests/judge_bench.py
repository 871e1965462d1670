"""Validators judged as a build does it: a real teacher with journal and store, the rehearsal model, the sandbox."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from factory.discovery import VALIDATORS, load, offered
from factory.plugins import Validator, instantiate
from factory.records import Sample, Verdict
from factory.store.writer import Writer
from factory.teacher.client import client_for
from factory.teacher.journal import Journal, Recorded
from factory.teacher.model import Model
from factory.teacher.prompts import Prompts
from factory.teacher.teacher import Resources, Subject, Teacher


class Bench:
    """A validator with its settings, and what it asked and ran."""

    def __init__(self, name: str, **settings: Any) -> None:
        self.plugin: Validator = load(VALIDATORS, name)
        self.calls = self.executions = 0
        self._judge = instantiate(self.plugin, self.plugin.settings(**settings))

    def judge(self, *samples: Sample) -> list[Verdict]:
        """The verdicts, each sample with a teacher of its own."""
        return asyncio.run(self._judged(samples))

    async def _judged(self, samples: Sequence[Sample]) -> list[Verdict]:
        model = Model(model="rehearsal")
        client = client_for(model)
        # A validator that asks a model runs nothing, and the other way round.
        executors = {} if self.plugin.roles else {"python": offered("factory.executors", "python")()}
        prompts = Prompts.read(self.plugin.prompts) if self.plugin.roles else None
        resources = Resources({"writer": model}, {"writer": client}, executors)
        with tempfile.TemporaryDirectory() as folder, Writer(Path(folder) / "bench.duckdb") as writer:
            journal = Journal(writer, "bench")
            try:
                verdicts = []
                for number, sample in enumerate(samples):
                    subject = Subject("bench", f"seed {number}", number, self.plugin.name)
                    teacher = Teacher(self.plugin, prompts, subject, resources, journal, Recorded())
                    verdicts.append(await self._judge.check(sample, teacher))
                return verdicts
            finally:
                self.calls, self.executions = journal.tally.calls, journal.tally.executions
                await client.close()
                for executor in executors.values():
                    await executor.close()


def judged(name: str, sample: Sample, **settings: Any) -> Verdict:
    """The verdict of one validator on one sample."""
    return Bench(name, **settings).judge(sample)[0]
