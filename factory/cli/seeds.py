"""`factory seeds`."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from factory.cli.main import catalog_option, workers_option

if TYPE_CHECKING:
    from factory.catalog import Catalog
    from factory.report import Report


@click.command()
@click.argument("names", nargs=-1, metavar="[SELECTOR]...")
@catalog_option
@workers_option
@click.option("--quiet", "-q", is_flag=True, help="No progress display; the closing table only.")
def seeds(names: tuple[str, ...], catalog: Path, workers: int | None, quiet: bool) -> None:
    """Read and clean seed sets, and show where seeds went: all of the catalogue's, or those selected.

    Only new and changed files are read; 'factory build' does the same for the seed sets of its datasets.
    Ctrl-C ends after the shards being read; the same command goes on from there. Exit codes: 0 all was read,
    1 records failed, now or in an earlier reading, more than the seed set's 'max_failed' lets, 130 interrupted.

    \b
    A SELECTOR is a seed set's name (globs allowed), or '+' before a selector of datasets
    (see 'factory build --help'), for the seed sets that they stand on:
      factory seeds web --workers 8
      factory seeds +docs_qa
      factory seeds +tag:pretrain
    \b
      factory sql "from seed_funnel"         seen, kept and dropped at each step
      factory sql "from drop_reasons"        why, with an example of each
      factory sql "from sets.web limit 5"    the seeds themselves
    """
    from factory.build import Build
    from factory.catalog import load_catalog
    from factory.cli.build import cores, exit_code, run_until_stopped, states_in
    from factory.cli.progress import display, unread
    from factory.errors import CatalogError
    from factory.selection import select_seed_sets

    loaded = load_catalog(catalog)
    wanted = select_seed_sets(loaded, names, states_in(loaded))
    if not wanted:
        raise CatalogError(f"{catalog}: names no seed set; add one under 'seeds:'")
    with display(quiet=quiet) as watch:
        made = Build(loaded, (), seed_sets=wanted, workers=workers or cores(), watch=watch)
        report = asyncio.run(run_until_stopped(made))
    _show(report, loaded)
    failed = any(count > most for _, count, most in unread(report, loaded))
    sys.exit(exit_code(report, failed=failed))


def _show(report: Report, catalog: Catalog) -> None:
    from factory.cli.progress import counted, unread
    from factory.cli.tables import show, summary, wide_console
    from factory.store.reader import querying

    console = wide_console(whole_lines=True)
    words, figures = ("seed set", "step"), ("seen", "kept", "dropped", "changed", "broken")
    table = summary(*words, *figures, words=words, remark="most frequent reason")
    with querying(catalog.store) as query:
        for name in report.intakes:
            rows = query(
                "select step, seen, kept, dropped, changed, broken, concat_ws('; ',"
                " (select reason || ' (' || seeds || ')' from drop_reasons r where r.seed_set = f.seed_set"
                "  and r.position = f.position order by seeds desc, reason limit 1),"
                " (select left(error, 160) || ' (' || count(*) || ')' from failures x"
                "  where f.broken > 0 and x.dataset = f.seed_set"
                "  and x.stage = case f.position when 0 then 'source' else 'cleaner:' || f.step end"
                "  and x.build_id in (select build_id from cleaning c"
                "   where c.seed_set = f.seed_set and c.position = f.position and c.broken > 0)"
                "  group by error order by count(*) desc, error limit 1))"
                " from seed_funnel f where seed_set = ? order by position",
                [name],
            )
            for place, (step, *counts, reason) in enumerate(rows):
                shown = [f"{count:,}" if count else "" for count in counts]
                table.add_row("" if place else name, step, *shown, reason or "")
    show(table)
    for name, intake in report.intakes.items():
        new = "" if catalog.seed_set(name).keep == "shards" else f", {intake.new:,} of them new"
        files = f"{intake.unchanged:,} of {counted(intake.files, 'file')} unchanged"
        console.print(f"{name}: {counted(intake.seeds, 'seed')}{new}; {files}")
    for name, _, _ in unread(report, catalog):
        console.print(f"what could not be read: factory sql \"from failures where dataset = '{name}'\"")
    if report.status == "interrupted":
        console.print("interrupted: whole shards are kept; the same command goes on from here")
    console.print(f"store: {catalog.store}")
