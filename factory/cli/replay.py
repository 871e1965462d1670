"""`factory replay`."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

import click

from factory.cli.main import catalog_option


@click.command()
@catalog_option
@click.argument("datasets", nargs=-1, metavar="[SELECTOR]...")
def replay(catalog: Path, datasets: tuple[str, ...]) -> None:
    """Prove that a dataset follows from its recorded replies.

    Runs the generators again with every call and every program run forbidden, and compares the ids of the
    samples with those in the store. Exit code 1 when anything differs.

    \b
      factory replay docs_qa
    """
    from factory.catalog import load_catalog
    from factory.cli.progress import counted
    from factory.replay import replay as run
    from factory.selection import select_datasets

    loaded = load_catalog(catalog)
    same = True
    for name in select_datasets(loaded, datasets):
        found = asyncio.run(run(loaded, name))
        same = same and not found.differences
        click.echo(f"{name}: {counted(found.seeds, 'seed')} replayed, {len(found.differences)} differ")
        for number, told in found.differences[:5]:
            click.secho(f"  seed {number}: {told}", fg="red")
    sys.exit(0 if same else 1)
