"""What a build would ask and cost: counted on the seeds that are to do, by what finished ones took.

A generator's basis is the newest finished seeds of its dataset or, where there is none, of other datasets of the
same generator; a validator's likewise the samples that it judged. Money follows from their tokens and today's prices.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from factory.catalog import Dataset
from factory.plan import Standing
from factory.store.reader import Query
from factory.teacher.model import REHEARSAL, Model, entry_of

BASIS = 1000
"""The most seeds, or samples, that an average is taken of: the newest."""


@dataclass(frozen=True)
class Took:
    """What calls in one role took in all."""

    calls: int
    prompt_tokens: int
    completion_tokens: int
    rehearsed: bool


@dataclass(frozen=True)
class Basis:
    """What was measured: `units` (finished seeds, or judged samples) of `datasets`, and what they took by role."""

    units: int
    samples: int
    datasets: tuple[str, ...]
    took: Mapping[str, Took]


@dataclass
class Estimate:
    """What the work on a dataset would take, about, and what that rests on.

    `missing`: plugins whose calls are not counted in, since nothing tells what they take. `unpriced`: entries of
    ``models:`` that calls go to, and that have no price. `costs`: money by entry.
    """

    dataset: str
    calls: float = 0.0
    tokens: float = 0.0
    costs: dict[str, float] = field(default_factory=dict)
    unpriced: set[str] = field(default_factory=set)
    missing: list[str] = field(default_factory=list)
    told: list[str] = field(default_factory=list)

    @property
    def cost(self) -> float:
        """Money in all."""
        return sum(self.costs.values())

    def add(self, times: float, basis: Basis, models: Mapping[str, Model]) -> None:
        """Counts in so many units."""
        for role, took in basis.took.items():
            share = times / basis.units
            self.calls += share * took.calls
            self.tokens += share * (took.prompt_tokens + took.completion_tokens)
            entry = entry_of(role, models)
            model = models[entry]
            if model.price is None and model.provider not in (REHEARSAL, "local"):
                self.unpriced.add(entry)
            cost = model.cost(took.prompt_tokens, took.completion_tokens)
            self.costs[entry] = self.costs.get(entry, 0.0) + share * cost


def estimate(query: Query, dataset: Dataset, standing: Standing, models: Mapping[str, Model]) -> Estimate:
    """What a build would ask for a dataset; replies that are recorded already, and fit, make it less."""
    found = Estimate(dataset.name)
    if not standing.todo:
        return found
    made = _of_generator(query, dataset)
    if made is None:
        found.missing.append(dataset.generator.name)
        return found
    found.told.append(_told(made, dataset, "finished seeds"))
    found.add(standing.generate, made, models)
    a_seed = made.samples / made.units
    for check in dataset.judges(whole=False):
        name = check.plugin.name
        samples = a_seed * (standing.generate + (standing.judge if name in standing.judges else 0))
        if not check.plugin.roles or not samples:
            continue
        judged = _of_validator(query, dataset, name)
        if judged is None:
            found.missing.append(name)
            continue
        found.told.append(f"{name}: {_told(judged, dataset, 'judged samples')}")
        found.add(samples * _reach(query, dataset, name), judged, models)
    return found


def _reach(query: Query, dataset: Dataset, validator: str) -> float:
    """The share of a dataset's samples that come to a validator: others are rejected before. 1 where none did yet."""
    judged, samples = query(
        "select (select count(distinct sample_id) from verdicts where dataset = $dataset and validator = $validator),"
        " (select count(distinct sample_id) from samples where dataset = $dataset)",
        {"dataset": dataset.name, "validator": validator},
    )[0]
    return float(judged / samples) if judged else 1.0


def _told(basis: Basis, dataset: Dataset, units: str) -> str:
    told = f"{basis.units:,} {units}"
    if basis.datasets != (dataset.name,):
        told += f" of {', '.join(basis.datasets)}"
    if any(took.rehearsed for took in basis.took.values()):
        told += ", answered by the rehearsal model"
    return told


def _of_generator(query: Query, dataset: Dataset) -> Basis | None:
    """What finished seeds of this dataset took, those of its current fingerprint first; else those of others."""
    for own in (True, False):
        basis = f"""
            select r.run_id, r.dataset, r.calls, r.samples from runs r
            join datasets d on d.dataset = r.dataset and d.generator = $plugin
            where r.status = 'done' and (r.dataset = $dataset) = {own}
            order by (r.fingerprint = d.fingerprint) desc, r.recorded_at desc limit {BASIS}
        """
        keys = "select unnest(calls) as key from basis"
        if found := _measured(
            query, basis, keys, {"plugin": dataset.generator.name, "dataset": dataset.name}
        ):
            return found
    return None


def _of_validator(query: Query, dataset: Dataset, name: str) -> Basis | None:
    """What judging samples of this dataset took; else those of others. Its streams name the sample that it judges."""
    for own in (True, False):
        basis = f"""
            select distinct sample_id, dataset, 1 as samples, recorded_at from verdicts
            where validator = $plugin and (dataset = $dataset) = {own}
            order by recorded_at desc limit {BASIS}
        """
        keys = (
            "select key from calls where plugin = $plugin"
            " and regexp_extract(stream, ':([0-9a-f]+)', 1) in (select sample_id from basis)"
        )
        if found := _measured(query, basis, keys, {"plugin": name, "dataset": dataset.name}):
            return found
    return None


def _measured(query: Query, basis: str, keys: str, parameters: Mapping[str, str]) -> Basis | None:
    units, samples, datasets = query(
        f"with basis as ({basis}) select count(*), coalesce(sum(samples), 0)::bigint,"
        " coalesce(list_sort(list(distinct dataset)), []) from basis",
        parameters,
    )[0]
    if not units:
        return None
    rows = query(
        f"with basis as ({basis}), used as ({keys})"
        " select role, count(*), sum(prompt_tokens)::bigint, sum(completion_tokens)::bigint, bool_or(model = $model)"
        " from used join calls using (key) group by role",
        {**parameters, "model": REHEARSAL},
    )
    return Basis(units, samples, tuple(datasets), {role: Took(*took) for role, *took in rows})
