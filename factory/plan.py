"""What a build would do: which seeds of a dataset need work, of what sort, and why."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence, Set
from dataclasses import dataclass
from typing import Any, Literal

import orjson

from factory.catalog import Catalog, Dataset
from factory.errors import CatalogError, PluginError
from factory.fingerprint import check_fingerprint, run_fingerprint
from factory.plugins import DatasetCheck, Generator, Judge, Validator, instantiate
from factory.records import Seed
from factory.selection import STATES
from factory.store.reader import open_reader
from factory.store.rows import json_text
from factory.store.writer import Writer
from factory.teacher.model import Model
from factory.teacher.prompts import Prompts
from factory.teacher.streams import Mark

CHUNK = 256
"""Seeds that are read at once, with all that is recorded of them."""

NEVER = "never built"

Action = Literal["generate", "judge"]


@dataclass(frozen=True)
class Prepared:
    """A dataset ready to be worked on: prompts read, judges set up, fingerprints known."""

    dataset: Dataset
    prompts: Prompts | None
    fingerprint: str
    judges: tuple[tuple[str, Judge, str, Prompts | None], ...]
    """Name, judge, fingerprint and prompts of each validator of single samples, in the catalogue's order."""
    checks: tuple[tuple[str, DatasetCheck, str], ...] = ()
    """Name, check and fingerprint of each dataset check, in the same order."""

    async def close(self) -> None:
        """Lets the judges give back what they hold."""
        for _, judge, _, _ in self.judges:
            if teardown := getattr(judge, "teardown", None):
                await teardown()


@dataclass(frozen=True)
class Work:
    """One seed that needs work."""

    seed_number: int
    seed: Seed
    action: Action
    marks: tuple[Mark, ...]


async def prepare(dataset: Dataset, models: Mapping[str, Model]) -> Prepared:
    """Reads the prompts and sets up the judges of a dataset."""
    prompts = _prompts(dataset.generator)
    judges = []
    for check in dataset.judges(whole=False):
        judge = instantiate(check.plugin, check.settings)
        if setup := getattr(judge, "setup", None):
            await setup()
        asks = _prompts(check.plugin) if check.plugin.roles else None
        fingerprint = check_fingerprint(check, judge, models, asks)
        judges.append((check.plugin.name, judge, fingerprint, asks))
    checks = []
    for check in dataset.judges(whole=True):
        made = instantiate(check.plugin, check.settings)
        checks.append((check.plugin.name, made, check_fingerprint(check, made, models, None)))
    fingerprint = run_fingerprint(dataset, models, prompts)
    return Prepared(dataset, prompts, fingerprint, tuple(judges), tuple(checks))


def _prompts(plugin: Generator | Validator) -> Prompts | None:
    path = plugin.prompts
    return Prompts.read(path) if path.exists() else None


async def describe(writer: Writer, prepared: Prepared, models: Mapping[str, Model], build_id: str) -> None:
    """Writes down what the dataset is now; from here on, rows of another fingerprint are stale."""
    dataset = prepared.dataset
    roles = {role: models.get(role) or models["writer"] for role in dataset.generator.roles}
    values = [
        dataset.name,
        dataset.generator.name,
        dataset.seeds.name,
        dataset.limit,
        prepared.fingerprint,
        json_text(dataset.settings.model_dump(mode="json")),
        json_text({role: model.sampling() for role, model in roles.items()}),
        [{"name": name, "fingerprint": fingerprint} for name, _, fingerprint, _ in prepared.judges],
        list(dataset.tags),
        dataset.max_failed,
        build_id,
        [{"name": name, "fingerprint": fingerprint} for name, _, fingerprint in prepared.checks],
    ]
    marks = ", ".join("?" * len(values))
    await writer.transact({}, [(f"insert or replace into datasets values ({marks})", values)])


async def find_work(writer: Writer, dataset: str, *, retry_failed: bool) -> int:
    """Lists the seeds of a dataset that need work in a temporary table; returns how many there are.

    A seed needs work when it has no run of the current fingerprint (a failed one counts as a run unless
    `retry_failed`), or when samples of its run lack the verdict of a current validator.
    """
    await writer.query(
        """
        create or replace temp table work as
        with latest as (
            select seed_number, arg_max(status, recorded_at) as status
            from runs join datasets d using (dataset, fingerprint) where dataset = $dataset group by all
        ),
        unjudged as (select distinct seed_number from judged where dataset = $dataset and state = 'waiting')
        select seed_number,
               case when l.status = 'done' then 'judge' else 'generate' end as action
        from dataset_seeds left join latest l using (seed_number) left join unjudged u using (seed_number)
        where dataset = $dataset
          and (l.status is null or (l.status = 'failed' and $retry)
               or (l.status = 'done' and u.seed_number is not null))
        """,
        {"dataset": dataset, "retry": retry_failed},
    )
    return int((await writer.query("select count(*) from work"))[0][0])


async def chunks(writer: Writer, dataset: str) -> AsyncIterator[list[Work]]:
    """The work that `find_work` listed, in the order of the seeds' numbers, a chunk at a time."""
    last = -1
    while rows := await writer.query(
        "select seed_number, kind, content, action from work join seeds using (seed_number)"
        " where seed_number > ? order by seed_number limit ?",
        [last, CHUNK],
    ):
        marks = await _marks(writer, dataset, rows[0][0], rows[-1][0])
        yield [
            Work(number, _seed(kind, content), action, tuple(marks.get(number, ())))
            for number, kind, content, action in rows
        ]
        last = rows[-1][0]


async def done_work(writer: Writer, dataset: str) -> AsyncIterator[list[tuple[Work, list[str]]]]:
    """The current runs of a dataset with the ids of their samples in order, a chunk at a time."""
    last = -1
    while rows := await writer.query(
        "select r.seed_number, kind, content,"
        " (select coalesce(list(sample_id order by position), []) from samples s where s.run_id = r.run_id)"
        " from current_runs r join datasets d using (dataset, fingerprint)"
        " join dataset_seeds using (dataset, seed_number) join seeds using (seed_number)"
        " where dataset = ? and r.seed_number > ? order by r.seed_number limit ?",
        [dataset, last, CHUNK],
    ):
        marks = await _marks(writer, dataset, rows[0][0], rows[-1][0])
        yield [
            (Work(number, _seed(kind, content), "generate", tuple(marks.get(number, ()))), sample_ids)
            for number, kind, content, sample_ids in rows
        ]
        last = rows[-1][0]


async def _marks(writer: Writer, dataset: str, first: int, last: int) -> dict[int, list[Mark]]:
    """Where earlier attempts of the current fingerprint failed, by seed, oldest first."""
    marks: dict[int, list[Mark]] = {}
    for number, stream, ordinal, draw in await writer.query(
        "select seed_number, stream, ordinal, draw from failures join datasets using (dataset, fingerprint)"
        " where dataset = ? and seed_number between ? and ? order by recorded_at",
        [dataset, first, last],
    ):
        marks.setdefault(number, []).append(Mark(stream, ordinal, draw))
    return marks


def _seed(kind: str, content: str) -> Seed:
    return Seed.of_kind(kind).model_validate(orjson.loads(content))


@dataclass(frozen=True)
class Standing:
    """Where a dataset stands, and whether it is finished."""

    dataset: str
    seeds: int = 0
    done: int = 0
    failed: int = 0
    stale: int = 0
    waiting: int = 0
    unjudged: int = 0
    why: str = ""
    max_failed: int = 0

    @property
    def todo(self) -> int:
        """Seeds that a build would work on."""
        return self.seeds if self.why else self._open

    @property
    def finished(self) -> bool:
        """No seed waits or is stale, verdicts are current, failures are within bounds."""
        return not self.why and not self._open and self.failed <= self.max_failed

    @property
    def modified(self) -> bool:
        """Never built, or holding rows or lacking verdicts because of what changed since: ``state:modified``."""
        return bool(self.why or self.stale or self.unjudged)

    @property
    def _open(self) -> int:
        return self.stale + self.waiting + self.unjudged


def standing(rows: list[tuple[Any, ...]], described: tuple[Any, ...] | None, prepared: Prepared) -> Standing:
    """Combines the store's `progress` row and `datasets` row with what the catalogue says now."""
    name = prepared.dataset.name
    if described is None or not rows:
        return Standing(name, why=NEVER)
    fingerprint, settings, validators, checks = described
    counts = dict(zip(("seeds", "done", "failed", "stale", "waiting", "unjudged"), rows[0], strict=True))
    why = ""
    if fingerprint != prepared.fingerprint:
        now = json_text(prepared.dataset.settings.model_dump(mode="json"))
        why = "settings changed" if settings != now else "generator, prompts or models changed"
    elif [v["fingerprint"] for v in validators] != [fingerprint for _, _, fingerprint, _ in prepared.judges]:
        why = "validators changed"
    elif [v["fingerprint"] for v in checks] != [fingerprint for _, _, fingerprint in prepared.checks]:
        why = "dataset checks changed"
    return Standing(name, **counts, why=why, max_failed=prepared.dataset.max_failed)


async def standings(catalog: Catalog, query: Any, names: list[str]) -> list[Standing]:
    """Where each dataset stands against the catalogue. `query(sql, parameters)` reads the store."""
    result = []
    for name in names:
        prepared = await prepare(catalog.dataset(name), catalog.models)
        rows = query(
            "select seeds, done, failed, stale, waiting, unjudged from progress where dataset = ?", [name]
        )
        described = query(
            "select fingerprint, settings, validators, checks from datasets where dataset = ?", [name]
        )
        result.append(standing(rows, described[0] if described else None, prepared))
        await prepared.close()
    return result


async def states(catalog: Catalog, names: Sequence[str]) -> Mapping[str, Set[str]]:
    """The datasets in each state that ``state:`` selects, as the store has them now.

    One whose plugins do not load, or that is badly described, counts as modified: who works on it will say why.
    """
    found: dict[str, set[str]] = {state: set() for state in STATES}
    sound = []
    for name in names:
        try:
            catalog.dataset(name)
            sound.append(name)
        except (CatalogError, PluginError):
            found["modified"].add(name)
    if not catalog.store.exists():
        return {"new": set(names), "modified": set(names)}
    with open_reader(catalog.store, own_sql=True) as connection:

        def query(sql: str, parameters: Any) -> list[tuple[Any, ...]]:
            return connection.execute(sql, parameters).fetchall()

        for one in await standings(catalog, query, sound):
            if one.why == NEVER:
                found["new"].add(one.dataset)
            if one.modified:
                found["modified"].add(one.dataset)
    return found
