"""`factory plan`."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import click

from factory.cli.main import catalog_option


@click.command()
@catalog_option
@click.option(
    "--select", "-s", multiple=True, metavar="SELECTOR", help="Datasets: see 'factory build --help'."
)
@click.option("--exclude", "-x", multiple=True, metavar="SELECTOR", help="Datasets to leave out.")
def plan(catalog: Path, select: tuple[str, ...], exclude: tuple[str, ...]) -> None:
    """Show what a build would do, and why.

    Seeds that are new to the store are counted when a build reads them; calls are estimated from what
    each dataset's finished seeds took.
    """
    from rich.table import Table

    from factory.catalog import load_catalog
    from factory.cli.build import states_in
    from factory.cli.progress import wide_console
    from factory.plan import standings
    from factory.store.reader import open_reader

    loaded = load_catalog(catalog)
    names = loaded.select(select, exclude, states_in(loaded))
    if not names:
        click.echo("nothing to do: the selection holds no dataset")
        return
    if not loaded.store.exists():
        for name in names:
            loaded.dataset(name)
        click.echo(f"{loaded.store} does not exist yet: 'factory build' makes it, with {', '.join(names)}")
        return
    connection = open_reader(loaded.store, own_sql=True)

    def query(sql: str, parameters: Any) -> Any:
        return connection.execute(sql, parameters).fetchall()

    table = Table(box=None, padding=(0, 2), header_style="bold")
    for column in ("dataset", "seeds", "done", "failed", "to do", "calls, about", "state"):
        table.add_column(column, justify="left" if column in ("dataset", "state") else "right")
    for standing in asyncio.run(standings(loaded, query, names)):
        rate = query(
            "select calls / nullif(done, 0) from yield_by_generator where dataset = ?", [standing.dataset]
        )
        todo = standing.todo
        calls = f"{todo * rate[0][0]:,.0f}" if rate and rate[0][0] and todo else ("?" if todo else "0")
        state = standing.why or ("finished" if standing.finished else "unfinished")
        counts = (standing.seeds, standing.done, standing.failed, todo)
        table.add_row(standing.dataset, *(str(count) for count in counts), calls, state)
    wide_console().print(table)
