"""Validators judged as a build does it: a real teacher with journal and store, the rehearsal model, the sandbox."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import Sequence
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

from factory.build import open_resources
from factory.catalog import load_catalog
from factory.discovery import VALIDATORS, load
from factory.plugins import Validator, instantiate
from factory.records import Sample, Verdict
from factory.store.writer import Writer
from factory.teacher.journal import Journal, Recorded
from factory.teacher.prompts import Prompts
from factory.teacher.teacher import Subject, Teacher


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
        prompts = Prompts.read(self.plugin.prompts) if self.plugin.roles else None
        async with AsyncExitStack() as stack:
            folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
            (folder / "catalog.yaml").write_text("models: {writer: {model: rehearsal}}\n")
            writer = stack.enter_context(Writer(folder / "bench.duckdb"))
            resources = await open_resources(load_catalog(folder / "catalog.yaml"), stack)
            journal = Journal(writer, "bench")
            verdicts = []
            for number, sample in enumerate(samples):
                subject = Subject("bench", f"seed {number}", number, self.plugin.name)
                teacher = Teacher(self.plugin, prompts, subject, resources, journal, Recorded())
                verdicts.append(await self._judge.check(sample, teacher))
            self.calls, self.executions = journal.tally.calls, journal.tally.executions
            return verdicts


def judged(name: str, sample: Sample, **settings: Any) -> Verdict:
    """The verdict of one validator on one sample."""
    return Bench(name, **settings).judge(sample)[0]
