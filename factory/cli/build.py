"""`factory build`."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import Mapping, Sequence, Set
from pathlib import Path
from typing import TYPE_CHECKING

import click

from factory.cli.held import watched
from factory.cli.main import Selecting, catalog_option, workers_option

if TYPE_CHECKING:
    from factory.build import Build
    from factory.catalog import Catalog
    from factory.report import Report
    from factory.selection import StatesOf


@click.command(cls=Selecting)
@catalog_option
@click.option(
    "--select", "-s", multiple=True, metavar="SELECTOR", help="Datasets to build: see below. Default: all."
)
@click.option("--exclude", "-x", multiple=True, metavar="SELECTOR", help="Datasets to leave out.")
@click.option("--retry", type=click.Choice(["failed"]), help="Work on failed seeds again.")
@workers_option
@click.option("--quiet", "-q", is_flag=True, help="No progress display; the closing table only.")
def build(
    catalog: Path,
    select: tuple[str, ...],
    exclude: tuple[str, ...],
    retry: str | None,
    workers: int | None,
    quiet: bool,
) -> None:
    """Build datasets: read seeds, ask models, judge, store.

    Only what is missing or stale is done: a second build does nothing. Ctrl-C once ends what is in flight
    and keeps it; the same command then goes on from there. Exit codes: 0 every dataset is built, 1 seeds of
    a dataset or records of a seed set failed, now or in an earlier build, more than its 'max_failed' lets (or
    a dataset is paused, a model gives no replies), 3 a budget is used up, 130 interrupted.

    \b
    A SELECTOR is one of these; several joined by commas select what all of them do:
      NAME             a dataset, globs allowed
      tag:NAME         those with a tag
      generator:GLOB   those of a generator
      state:modified   those never built, or with rows or verdicts that a change made stale,
                       as 'factory plan' shows them; it may be none
      state:new        those never built
      SEED_SET+        those that stand on a seed set
      +NAME            as NAME: what a dataset stands on are seed sets, and a build always
                       brings them up to date first ('factory seeds +NAME' does that alone)

    \b
      factory build -s docs_qa
      factory build -s tag:pretrain -x 'generator:rewrite.*'
      factory build -s tag:pretrain,state:modified
      factory build --retry failed
    """
    from factory.build import Build
    from factory.catalog import load_catalog
    from factory.cli.progress import closing_table, display, failures, unread
    from factory.selection import select_datasets

    loaded = load_catalog(catalog)
    _warn(loaded)
    chosen = select_datasets(loaded, select, exclude, states_in(loaded))
    if not chosen and loaded.datasets:
        click.echo("nothing to do: the selection holds no dataset")
        return
    names, broken = _buildable(loaded, chosen)
    with display(quiet=quiet) as watch:
        made = Build(loaded, names, workers=workers or cores(), retry_failed=retry == "failed", watch=watch)
        report = asyncio.run(run_until_stopped(made))
    closing_table(report, loaded)
    _warn(loaded)
    for fault in broken:
        click.secho(f"error: {fault}", fg="red", err=True)
    failed = any(
        count > most for _, count, most in [*failures(report, loaded.store), *unread(report, loaded)]
    )
    sys.exit(exit_code(report, failed=failed or bool(broken)))


def states_in(catalog: Catalog) -> StatesOf:
    """What ``state:`` selects, looked up in the store only when a selector asks."""

    def look(names: Sequence[str]) -> Mapping[str, Set[str]]:
        from factory.plan import states

        return asyncio.run(states(catalog, names))

    return look


def _warn(catalog: Catalog) -> None:
    """Says so, at the start and at the end, where the catalogue lets programs run without walls."""
    if catalog.sandbox == "unsafe":
        where = catalog.file.where("sandbox")
        text = f"WARNING: {where}: 'unsafe': what models wrote runs without walls, and reads and writes your files"
        click.secho(text, fg="red", bold=True, err=True)


def cores() -> int:
    """The cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _buildable(catalog: Catalog, names: list[str]) -> tuple[list[str], list[str]]:
    """The datasets whose plugins load, and what is wrong with the others, each fault with its datasets.

    A plugin that is missing or broken fails only the datasets that name it; any other fault stops here,
    before a call is paid.
    """
    from factory.errors import CatalogError, PluginError

    good, faults, broken = [], [], dict[str, list[str]]()
    for name in names:
        try:
            catalog.dataset(name)
        except PluginError as error:
            broken.setdefault(str(error), []).append(name)
        except CatalogError as error:
            faults.append(str(error))
        else:
            good.append(name)
    told = [
        f"{fault}\n  datasets that need it, not built: {', '.join(them)}" for fault, them in broken.items()
    ]
    if faults or not good:
        raise CatalogError(
            "\n".join(dict.fromkeys([*faults, *told]))
            or f"{catalog.file.path}: names no dataset; add one under 'datasets:'"
        )
    return good, told


async def run_until_stopped(build: Build) -> Report:
    """Runs with Ctrl-C meaning: once, end cleanly; twice, now."""
    loop, presses = asyncio.get_running_loop(), 0

    def pressed(*_: object) -> None:
        nonlocal presses
        presses += 1
        if presses > 1:
            # What is committed is safe; what is in flight was paid for and is lost, as the user asked.
            os._exit(130)
        click.secho("\nending: what is in flight is finished and kept (Ctrl-C again to drop it)", err=True)
        loop.call_soon_threadsafe(build.stop)

    # Handlers of the loop's own would not be called while a plugin holds it.
    before = {number: signal.signal(number, pressed) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        with watched(lambda told: click.secho(told, fg="yellow", err=True)):
            return await build.run()
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def exit_code(report: Report, *, failed: bool = False) -> int:
    """What a build tells the shell. `failed`: whether more seeds or records failed, now or before, than may."""
    if report.status == "interrupted":
        return 130
    if report.status == "capped":
        return 3
    paused = any(progress.paused for progress in report.datasets.values())
    return 1 if report.status == "stopped" or failed or paused else 0
