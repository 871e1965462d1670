"""What a build would do: which seeds of a dataset need work, of what sort, and why."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence, Set
from dataclasses import dataclass
from typing import Literal, NamedTuple

import orjson

from factory.catalog import Catalog, Dataset
from factory.errors import CatalogError, PluginError
from factory.fingerprint import check_fingerprint, run_fingerprint
from factory.judges import Judges
from factory.plugins import DatasetCheck, Generator, Judge, Validator, instantiate
from factory.records import Seed
from factory.selection import STATES
from factory.store.reader import Query, at_rest, querying
from factory.store.rows import json_text
from factory.store.writer import Writer
from factory.teacher.model import Model, serving
from factory.teacher.prompts import Prompts
from factory.teacher.streams import Mark

CHUNK = 256
"""Seeds that are read at once, with all that is recorded of them."""

NEVER = "never built"
_VALIDATORS, _CHECKS = "validators changed", "dataset checks changed"

Action = Literal["generate", "judge"]


class NamedJudge(NamedTuple):
    """A validator of single samples as a dataset names it; `prompts` where it asks a model."""

    name: str
    judge: Judge
    fingerprint: str
    prompts: Prompts | None


@dataclass(frozen=True)
class Prepared:
    """A dataset ready to be worked on: prompts read, judges set up, fingerprints known."""

    dataset: Dataset
    prompts: Prompts | None
    fingerprint: str
    judges: tuple[NamedJudge, ...]
    """In the catalogue's order."""
    checks: tuple[tuple[str, DatasetCheck, str], ...] = ()
    """Name, check and fingerprint of each dataset check, in the same order."""


@dataclass(frozen=True)
class Work:
    """One seed that needs work."""

    seed_number: int
    seed: Seed
    action: Action
    marks: tuple[Mark, ...]


async def prepare(dataset: Dataset, models: Mapping[str, Model], judges_of: Judges) -> Prepared:
    """Reads the prompts of a dataset and takes its judges, set up, from those of the command."""
    prompts = _prompts(dataset.generator)
    asked = []
    for check in dataset.asked:
        judge = await judges_of.of(check.plugin, check.settings)
        asked.append(check_fingerprint(check, judge, models, None))
    judges = []
    for check in dataset.judges(whole=False):
        judge = await judges_of.of(check.plugin, check.settings)
        asks = _prompts(check.plugin) if check.plugin.roles else None
        fingerprint = check_fingerprint(check, judge, models, asks)
        judges.append(NamedJudge(check.plugin.name, judge, fingerprint, asks))
    checks = []
    for check in dataset.judges(whole=True):
        made = instantiate(check.plugin, check.settings)
        checks.append((check.plugin.name, made, check_fingerprint(check, made, models, None)))
    fingerprint = run_fingerprint(dataset, models, prompts, asked)
    return Prepared(dataset, prompts, fingerprint, tuple(judges), tuple(checks))


def _prompts(plugin: Generator | Validator) -> Prompts | None:
    path = plugin.prompts
    return Prompts.read(path) if path.exists() else None


async def describe(writer: Writer, prepared: Prepared, models: Mapping[str, Model], build_id: str) -> None:
    """Writes down what the dataset is now; from here on, rows of another fingerprint are stale."""
    dataset = prepared.dataset
    roles = serving(dataset.generator.roles, models)
    values = [
        dataset.name,
        dataset.generator.name,
        dataset.seeds.name,
        dataset.limit,
        prepared.fingerprint,
        json_text(dataset.settings.model_dump(mode="json")),
        json_text({role: model.sampling() for role, model in roles.items()}),
        [{"name": one.name, "fingerprint": one.fingerprint} for one in prepared.judges],
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
    """Where a dataset stands, and whether it is finished.

    `generate` seeds would go through the generator, and the samples of `judge` others through the validators that
    `judges` names. `seeds` are those of the store: None where its seed set was never read.
    """

    dataset: str
    seeds: int | None = 0
    done: int = 0
    failed: int = 0
    stale: int = 0
    waiting: int = 0
    unjudged: int = 0
    why: str = ""
    max_failed: int = 0
    generate: int = 0
    judge: int = 0
    judges: tuple[str, ...] = ()

    @property
    def todo(self) -> int:
        """Seeds that a build would work on."""
        return self.generate + self.judge

    @property
    def finished(self) -> bool:
        """No seed waits or is stale, verdicts are current, failures are within bounds."""
        unfinished = self.stale + self.waiting + self.unjudged
        return not self.why and not unfinished and self.failed <= self.max_failed

    @property
    def modified(self) -> bool:
        """Never built, or holding rows or lacking verdicts because of what changed since: ``state:modified``."""
        return bool(self.why or self.stale or self.unjudged)


async def standings(
    catalog: Catalog, query: Query, names: Sequence[str], judges: Judges | None = None
) -> list[Standing]:
    """Where each dataset stands against the catalogue. `judges`: of the command, where it needs them later."""
    own = judges or Judges()
    try:
        return [_standing(query, await prepare(catalog.dataset(name), catalog.models, own)) for name in names]
    finally:
        if judges is None:
            await own.close()


def _standing(query: Query, prepared: Prepared) -> Standing:
    """Combines what the store says of a dataset with what the catalogue says now."""
    dataset = prepared.dataset
    described = query(
        "select fingerprint, settings, validators, checks, seed_set, seed_limit from datasets where dataset = ?",
        [dataset.name],
    )
    seeds, without = _live(query, prepared)
    if not described or seeds is None:
        return Standing(dataset.name, seeds=seeds, why=NEVER, generate=without, max_failed=dataset.max_failed)
    columns = ("seeds", "done", "failed", "stale", "waiting", "unjudged")
    rows = query(f"select {', '.join(columns)} from progress where dataset = ?", [dataset.name])
    counts = dict(zip(columns, rows[0], strict=True))
    why, changed = _changes(prepared, *described[0])
    generate, judge = counts["stale"] + counts["waiting"], 0
    if why in (_VALIDATORS, _CHECKS):
        judge = counts["done"] + counts["unjudged"] if changed else 0
    elif why:
        counts["seeds"], generate = seeds, without
    elif counts["unjudged"]:
        changed = [one.name for one in prepared.judges]
        unjudged = "select count(distinct seed_number) from judged where dataset = ? and state = 'waiting'"
        judge = query(unjudged, [dataset.name])[0][0]
    return Standing(
        dataset.name,
        **counts,
        why=why,
        max_failed=dataset.max_failed,
        generate=generate,
        judge=judge,
        judges=tuple(changed),
    )


def _changes(
    prepared: Prepared,
    fingerprint: str,
    settings: str,
    validators: list[dict[str, str]],
    checks: list[dict[str, str]],
    seed_set: str,
    limit: int | None,
) -> tuple[str, list[str]]:
    """What changed since the store's description of a dataset, in words, and the validators that are new by it."""
    dataset = prepared.dataset
    if fingerprint != prepared.fingerprint:
        now = json_text(dataset.settings.model_dump(mode="json"))
        return "settings changed" if settings != now else "generator, prompts or models changed", []
    if (seed_set, limit) != (dataset.seeds.name, dataset.limit):
        return "seed set or limit changed", []
    known = [one["fingerprint"] for one in validators]
    if known != [one.fingerprint for one in prepared.judges]:
        return _VALIDATORS, [one.name for one in prepared.judges if one.fingerprint not in known]
    if [one["fingerprint"] for one in checks] != [mark for _, _, mark in prepared.checks]:
        return _CHECKS, []
    return "", []


def _live(query: Query, prepared: Prepared) -> tuple[int | None, int]:
    """The seeds that the catalogue gives a dataset, and how many of them have no run of its fingerprint yet."""
    dataset = prepared.dataset
    seeds, without = query(
        """
        with live as (
            select distinct seed_number from live_origins where seed_set = $seeds
            order by seed_number limit $limit::bigint
        ),
        ended as (
            select distinct seed_number from runs where dataset = $dataset and fingerprint = $fingerprint
        )
        select count(*), count(*) filter (e.seed_number is null) from live left join ended e using (seed_number)
        """,
        {
            "seeds": dataset.seeds.name,
            "limit": dataset.limit,
            "dataset": dataset.name,
            "fingerprint": prepared.fingerprint,
        },
    )[0]
    read = query("select count(*) from files where seed_set = ?", [dataset.seeds.name])[0][0]
    return (seeds if read else None), without


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
    with at_rest(catalog.store) as store, querying(store) as query:
        for one in await standings(catalog, query, sound):
            if one.why == NEVER:
                found["new"].add(one.dataset)
            if one.modified:
                found["modified"].add(one.dataset)
    return found
