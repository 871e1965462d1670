"""`factory plan`."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from factory.cli.main import Selecting, catalog_option

if TYPE_CHECKING:
    from factory.catalog import Catalog
    from factory.estimate import Estimate
    from factory.plan import Standing
    from factory.store.reader import Query


@click.command(cls=Selecting)
@catalog_option
@click.option(
    "--select", "-s", multiple=True, metavar="SELECTOR", help="Datasets: see 'factory build --help'."
)
@click.option("--exclude", "-x", multiple=True, metavar="SELECTOR", help="Datasets to leave out.")
def plan(catalog: Path, select: tuple[str, ...], exclude: tuple[str, ...]) -> None:
    """Show what a build would do, and why, and about what it would take.

    Calls, tokens and money are estimated from what finished seeds of each dataset took, or else those of the same
    generator elsewhere, the calls of validators that ask a model included, at the catalogue's prices. Seeds that
    are new to the store are counted once 'factory seeds' or a build has read them.

    \b
      factory plan
      factory plan -s tag:pretrain -x 'generator:rewrite.*'
    """
    from factory.catalog import load_catalog
    from factory.cli.build import states_in
    from factory.errors import CatalogError
    from factory.estimate import estimate
    from factory.plan import standings
    from factory.selection import select_datasets
    from factory.store.reader import at_rest, querying

    loaded = load_catalog(catalog)
    names = select_datasets(loaded, select, exclude, states_in(loaded))
    if not loaded.datasets:
        raise CatalogError(f"{catalog}: names no dataset; add one under 'datasets:'")
    if not names:
        click.echo("nothing to do: the selection holds no dataset")
        return
    if not loaded.store.exists():
        for name in names:
            loaded.dataset(name)
        click.echo(
            f"{loaded.store} does not exist yet: 'factory build' makes it, with {', '.join(names)};"
            " until then there is no basis for an estimate"
        )
        return
    with at_rest(loaded.store) as store, querying(store) as query:
        found = asyncio.run(standings(loaded, query, names))
        estimates = [estimate(query, loaded.dataset(one.dataset), one, loaded.models) for one in found]
        _table(found, estimates)
        _notes(loaded, found, estimates)
        _budgets(loaded, query, estimates)
        if store != loaded.store:
            click.echo("a build is running: this is the store as it was a moment ago")


def _table(found: Sequence[Standing], estimates: Sequence[Estimate]) -> None:
    from factory.cli.tables import show, summary

    figures = ("seeds", "done", "failed", "to do", "calls, about", "tokens", "cost")
    table = summary("dataset", *figures, words=("dataset",), remark="state")
    for one, taken in zip(found, estimates, strict=True):
        state = one.why or ("finished" if one.finished else "unfinished")
        unread = one.seeds is None
        counts = ("?" if unread else str(one.seeds), str(one.done), str(one.failed))
        todo = "?" if unread else str(one.todo)
        table.add_row(one.dataset, *counts, todo, *(["?"] * 3 if unread else _shown(taken)), state)
    if len(estimates) > 1:
        total = [
            f"{sum(one.calls for one in estimates):,.0f}",
            f"{sum(one.tokens for one in estimates):,.0f}",
        ]
        cost = f"{sum(one.cost for one in estimates):,.4f}"
        more = "+" if any(one.missing for one in estimates) or any(one.seeds is None for one in found) else ""
        table.add_row("in all", "", "", "", "", *(f"{figure}{more}" for figure in (*total, cost)), "")
    show(table)


def _shown(taken: Estimate) -> list[str]:
    """Calls, tokens and cost; '+' where some of it has no basis, '?' where all of it has none."""
    if taken.missing and not taken.told:
        return ["?", "?", "?"]
    more = "+" if taken.missing else ""
    cost = "no price" if taken.unpriced and not taken.cost else f"{taken.cost:,.4f}"
    return [f"{taken.calls:,.0f}{more}", f"{taken.tokens:,.0f}{more}", f"{cost}{more if taken.cost else ''}"]


def _notes(catalog: Catalog, found: Sequence[Standing], estimates: Sequence[Estimate]) -> None:
    """What each estimate rests on, and what has nothing to rest on."""
    for one, taken in zip(found, estimates, strict=True):
        if one.seeds is None:
            seeds = catalog.datasets[one.dataset].seeds
            click.echo(
                f"{one.dataset}: '{seeds}' was never read; to count its seeds: factory seeds +{one.dataset}"
            )
            continue
        if taken.told:
            click.echo(f"{one.dataset}: estimated from {'; '.join(taken.told)}")
        for plugin in taken.missing:
            click.echo(
                f"{one.dataset}: no basis for an estimate of {plugin}: nothing that it did is in the store;"
                " build a few seeds ('limit: 20' in the catalogue), and plan again"
            )
        for entry in sorted(taken.unpriced):
            price = "add 'price: {input: ..., output: ...}' per million tokens"
            click.echo(
                f"{one.dataset}: the model '{entry}' has no price, so its calls count as free; {price}"
            )
    if any(taken.calls for taken in estimates):
        click.echo("replies that are in the store and still fit are used again, and make it less")


def _budgets(catalog: Catalog, query: Query, estimates: Sequence[Estimate]) -> None:
    """What is left of each budget, beside what the work would take of it."""
    from functools import partial

    from factory.teacher.ledger import ASIDE, REPLIES, counted
    from factory.teacher.model import entry_of

    capped = {name: model.budget for name, model in catalog.models.items() if model.budget is not None}
    if not capped:
        return
    spent, unsettled = counted(query(REPLIES, []), query(ASIDE, []), partial(entry_of, models=catalog.models))
    for name, budget in capped.items():
        wanted = sum(one.costs.get(name, 0.0) for one in estimates)
        left = max(0.0, budget - spent[name])
        short = "; more than that: the build would stop at the cap" if wanted > left else ""
        click.echo(f"budget of {name}: {left:,.4f} of {budget:g} left, about {wanted:,.4f} wanted{short}")
        if unsettled[name] >= 0.0001:
            click.echo(
                f"  {unsettled[name]:,.4f} of what counts as spent is for calls whose replies were lost, or cut off"
                " with a build, and may have been billed; the next build reckons anew what was cut off"
            )
