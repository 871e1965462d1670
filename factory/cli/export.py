"""`factory export`."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING

import click

from factory.cli.main import catalog_option

if TYPE_CHECKING:
    from factory.catalog import Catalog
    from factory.manifest import Part


@click.command()
@catalog_option
@click.option(
    "--output",
    "-o",
    type=click.Path(file_okay=False, path_type=Path),
    help="The folder to write. Default: build/snapshots/NAME.",
)
@click.option("--partial", is_flag=True, help="Take what is accepted so far; the manifest says so.")
@click.option(
    "--shard-rows", type=click.IntRange(min=1), default=50_000, show_default=True, help="Rows of a file."
)
@click.argument("what", metavar="MIXTURE_OR_SELECTOR...", nargs=-1, required=True)
def export(catalog: Path, output: Path | None, partial: bool, shard_rows: int, what: tuple[str, ...]) -> None:
    """Write finished datasets as a snapshot: Parquet, a manifest, a card.

    \b
      factory export sft                a mixture of the catalogue, with its shares
      factory export tag:code           all accepted rows of a selection
      factory export docs_qa -o qa      one dataset, into the folder qa
      factory export seeds:web          the texts of a seed set, as they stand

    While a build runs, it takes a copy of the store as it is at one instant: datasets that are finished by then
    can be exported, and the others with --partial.

    It opens with datasets.load_dataset("FOLDER", KIND), where KIND is chat, text, preference, ..., and in TRL's
    trainers as it stands. Each row has the ids of its sample and of its seed: 'factory show ID' tells where it
    came from. JSON lines: factory sql -o rows.jsonl "select messages from accepted where dataset = 'docs_qa'"
    """
    from factory.catalog import load_catalog
    from factory.certificates import gates_of
    from factory.cli.progress import counted
    from factory.judges import Judges
    from factory.plan import standings
    from factory.snapshot import export as write
    from factory.store.reader import at_rest, querying

    loaded = load_catalog(catalog)
    name, parts = _parts(loaded, what)
    names = list(dict.fromkeys(dataset for part in parts for dataset in part.datasets))
    folder = output or loaded.root / "build" / "snapshots" / name
    replaced = " (the snapshot that was there is replaced)" if folder.exists() else ""
    judges = Judges()
    with at_rest(loaded.store) as store:
        try:
            with querying(store) as query:
                standing = asyncio.run(standings(loaded, query, names, judges))
            gates = asyncio.run(gates_of(loaded, names, judges))
            manifest = write(
                store, name, parts, standing, folder, gates=gates, partial=partial, shard_rows=shard_rows
            )
        finally:
            asyncio.run(judges.close())
        if store != loaded.store:
            click.echo("a build is running: this is the store as it was when the export began")
    for part, taken in manifest["mixture"].items():
        wanted = f", {taken['share_wanted']:.0%} wanted" if taken["share_wanted"] else ""
        click.echo(f"{part}: {taken['characters']:,} of {taken['characters_there']:,} characters"
                   f" ({taken['share']:.0%} of the whole{wanted})")  # fmt: skip
    for one in manifest["certificates"]:
        rejected = sum(counts["rejected"] for counts in one["gate"].values())
        click.echo(f"{one['validator']}: {rejected} rejected; {one.get('summary', '')}")
    of = [
        counted(len(manifest[kind]), kind[:-1].replace("_", " "))
        for kind in ("datasets", "seed_sets")
        if manifest[kind]
    ]
    rehearsal = "; rehearsal rows: for trying out, not for training" if manifest["rehearsal"] else ""
    click.echo(f"{counted(manifest['rows'], 'row')} of {' and '.join(of)} in {folder}{replaced}{rehearsal}")


def _parts(catalog: Catalog, what: tuple[str, ...]) -> tuple[str, list[Part]]:
    """The name of the snapshot and its sources: those of a mixture, or the selection as one."""
    from factory.errors import CatalogError, did_you_mean
    from factory.manifest import Part

    if len(what) == 1 and what[0] in catalog.mixtures:
        mixture = catalog.mixtures[what[0]]
        parts = []
        for name, one in mixture.items():
            datasets, seed_sets = _members(catalog, one.select)
            parts.append(Part(name, datasets, one.share, seed_sets))
        return what[0], parts
    try:
        datasets, seed_sets = _members(catalog, what)
    except CatalogError as error:
        near = did_you_mean(what[0], catalog.mixtures)
        raise CatalogError(f"{error}\nit is no mixture either{near}") from error
    return "_".join(word.replace(":", "-").replace("*", "all") for word in what), [
        Part("selection", datasets, seed_sets=seed_sets)
    ]


def _members(catalog: Catalog, selectors: tuple[str, ...]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The datasets of a selection, and the seed sets whose texts it takes as they stand (``seeds:web``)."""
    from factory.manifest import ORGANIC
    from factory.selection import select_datasets

    others = [selector for selector in selectors if not selector.startswith(ORGANIC)]
    names = tuple(one.removeprefix(ORGANIC) for one in selectors if one.startswith(ORGANIC))
    for name in names:
        catalog.seed_set(name)
    return tuple(select_datasets(catalog, others)) if others else (), names
