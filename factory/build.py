"""The build: seeds in, checked samples out, every step durable, nothing done twice.

Promises (docs/architecture.md): sound reuse, replay, nothing paid is lost, exactly once, no row vanishes,
bounded memory. `ingest` reads the seeds, `plan` finds the work, `line` takes each seed through generator and
validators, the teacher's `journal` records replies; this module ties them together.
"""

from __future__ import annotations

import inspect
import shutil
import uuid
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack
from importlib import metadata

from factory import __version__
from factory.catalog import Catalog
from factory.dataset_checks import check_dataset
from factory.discovery import offered
from factory.engines import local
from factory.ingest import Reading
from factory.judges import Judges
from factory.line import Item, Line
from factory.plan import Prepared, chunks, describe, find_work, prepare
from factory.plugins import Executor, Isolation
from factory.report import Progress, Report, Watch
from factory.store.sets import folder
from factory.store.socket import serve
from factory.store.writer import Writer
from factory.teacher.clients import client_for
from factory.teacher.journal import Journal, not_before, now
from factory.teacher.ledger import Ledger
from factory.teacher.policies import Policies
from factory.teacher.teacher import Resources


class Build:
    """One run of `factory build` over the named datasets, or of `factory seeds` over seed sets alone.

    `workers`: processes that read seeds. `stop()` ends it cleanly at the next step.
    """

    def __init__(
        self,
        catalog: Catalog,
        names: Sequence[str],
        *,
        seed_sets: Sequence[str] = (),
        workers: int = 1,
        retry_failed: bool = False,
        window: int | None = None,
        watch: Watch = lambda report: None,
    ) -> None:
        self.catalog = catalog
        self.datasets = [catalog.dataset(name) for name in names]
        self._seeds = [*(catalog.seed_set(name) for name in seed_sets), *(one.seeds for one in self.datasets)]
        self._workers = workers
        self._retry_failed = retry_failed
        self._window = window or 2 * max(model.concurrency for model in catalog.models.values()) + 16
        self._watch = watch
        self._stopping = False
        self._journal: Journal | None = None

    def stop(self) -> None:
        """Starts nothing new; what is in flight ends, and is committed."""
        self._stopping = True
        if self._journal:
            self._journal.stop()

    async def run(self) -> Report:
        """Builds. Raises StoreError, SandboxError or CatalogError where nothing can go on; a seed that
        fails is kept in `failures` and stops nobody else."""
        build_id = uuid.uuid4().hex[:12]
        with Writer(self.catalog.store) as writer:
            self._journal = Journal(writer, build_id)
            ledger = Ledger(writer, build_id)
            report = Report(build_id, self._journal.tally)
            await not_before(writer)
            await self._begin(writer, build_id)
            try:
                store, guests = self.catalog.store, writer.interrupt
                async with serve(writer.answer, store, interrupt=guests, still=writer.still):
                    await self._read_seeds(writer, report)
                    await self._work(writer, report, self._journal, ledger)
                report.note = self._journal.stopped_because
                report.status = self._status(self._journal)
            except BaseException:
                report.status = "failed"
                raise
            finally:
                end = "update builds set ended_at = ?, status = ? where build_id = ?"
                rows = {"reservations": await ledger.closing()}
                await writer.transact(rows, [(end, [now(), report.status, build_id])])
        self._watch(report)
        return report

    def _status(self, journal: Journal) -> str:
        if journal.capped:
            return "capped"
        if journal.stopped_because:
            return "stopped"
        return "interrupted" if self._stopping else "done"

    async def _begin(self, writer: Writer, build_id: str) -> None:
        row = {
            "build_id": build_id,
            "started_at": now(),
            "ended_at": None,
            "status": "running",
            "catalog": self.catalog.file.path.name,
            "selection": ", ".join(
                [dataset.name for dataset in self.datasets] or [seeds.name for seeds in self._seeds]
            ),
            "version": __version__,
        }
        # A build that was killed could not say so itself, nor tidy up; only one holds the store, so it is over.
        for left in folder(self.catalog.store).glob(".*"):
            shutil.rmtree(left, ignore_errors=True)
        over = "update builds set status = 'interrupted' where status = 'running'"
        await writer.transact({"builds": [row]}, [(over, [])])

    async def _read_seeds(self, writer: Writer, report: Report) -> None:
        def tick(what: str) -> None:
            report.reading = what
            self._watch(report)

        reading = Reading(
            writer, self.catalog.root, report.build_id, tick, self._workers, lambda: self._stopping
        )
        await reading.bring_up_to_date(self._seeds, report.intakes)
        report.reading = ""

    async def _work(self, writer: Writer, report: Report, journal: Journal, ledger: Ledger) -> None:
        async with AsyncExitStack() as stack:
            resources = await open_resources(self.catalog, stack)
            journal.keep_within(await ledger.open(self.catalog.models, resources.stand_in))
            ready = []
            for dataset in self.datasets:
                prepared = await prepare(dataset, self.catalog.models, resources.judges)
                await describe(writer, prepared, self.catalog.models, report.build_id)
                ready.append(prepared)
            line = Line(writer, journal, resources, report, self._watch)
            for group in _independent(ready):
                items = self._items(writer, group, report, journal)
                await local.run(items, line.work, window=self._window, stopped=lambda: journal.stopping)
                for prepared in [] if journal.stopping else group:
                    rejected = await check_dataset(writer, prepared, report.build_id)
                    report.datasets[prepared.dataset.name].checked(rejected)

    async def _items(
        self, writer: Writer, group: Sequence[Prepared], report: Report, journal: Journal
    ) -> AsyncIterator[Item]:
        """All work of a group of datasets, with what is recorded of each chunk of seeds."""
        for prepared in group:
            name = prepared.dataset.name
            progress = report.datasets.setdefault(name, Progress(name))
            progress.todo = await find_work(writer, name, retry_failed=self._retry_failed)
            self._watch(report)
            async for chunk in chunks(writer, name):
                if progress.paused:
                    break
                memory = await journal.recorded(chunk[0].seed_number, chunk[-1].seed_number)
                for work in chunk:
                    yield Item(prepared, work, memory)


def _independent(ready: Sequence[Prepared]) -> list[list[Prepared]]:
    """Groups of datasets that may overlap in time: two of one generator may ask the same, so the second
    waits until all replies of the first are recorded, and finds them."""
    groups: list[list[Prepared]] = []
    for prepared in ready:
        name = prepared.dataset.generator.name
        if not groups or name in {other.dataset.generator.name for other in groups[-1]}:
            groups.append([])
        groups[-1].append(prepared)
    return groups


async def open_resources(catalog: Catalog, stack: AsyncExitStack) -> Resources:
    """Clients, executors, policies and judges, closed with the stack. Nothing starts before it is first used."""
    clients = {}
    for role, model in catalog.models.items():
        clients[role] = client_for(model)
        stack.push_async_callback(clients[role].close)
    executors: dict[str, Executor] = {}
    for language in executor_languages():
        executors[language] = _executor(language, catalog.sandbox)
        stack.push_async_callback(executors[language].close)
    policies = Policies(catalog.models)
    stack.push_async_callback(policies.close)
    judges = Judges()
    stack.push_async_callback(judges.close)
    return Resources(catalog.models, clients, executors, policies, judges)


def _executor(language: str, isolation: Isolation) -> Executor:
    make = offered("factory.executors", language)
    takes = isolation != "bubblewrap" and "isolation" in inspect.signature(make).parameters
    executor: Executor = make(isolation=isolation) if takes else make()
    return executor


def executor_languages() -> list[str]:
    """The languages that something installed can run."""
    return sorted(entry.name for entry in metadata.entry_points(group="factory.executors"))
