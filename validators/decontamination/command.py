"""``factory decontaminate``. What compares is imported only when a command runs."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import click

from factory.cli.main import catalog_option
from factory.extras import need

if TYPE_CHECKING:
    from factory.plugins import Validator
    from validators.decontamination.check import Finding
    from validators.decontamination.data import Row, Source

FOUND = 3
"""Exit status of a scan that found something."""

SHOWN = 10
"""Findings that a scan shows to people."""

_json = click.option("--json", "as_json", is_flag=True, help="JSON for programs, on standard output.")
_published = click.option(
    "--as-published", is_flag=True, help="13-grams and 7-grams alone, as the phi-4 report has them."
)


@click.group()
def decontaminate() -> None:
    """Keep training data free of the benchmarks it will be measured on.

    \b
      factory decontaminate index benchmarks/*.jsonl --output build/benchmarks.index
      factory decontaminate scan build/benchmarks.index build/snapshots/sft
      factory decontaminate certify build/benchmarks.index

    In the catalogue: validators: [{decontamination: {index: build/benchmarks.index}}]
    """


@decontaminate.command()
@click.argument("files", nargs=-1, required=True)
@click.option(
    "--output",
    "-o",
    required=True,
    type=click.Path(dir_okay=False, path_type=Path),
    help="The index to write.",
)
@click.option(
    "--column", "columns", multiple=True, help="Joined into an item, in place of the usual columns."
)
@click.option(
    "--reference", multiple=True, help="A corpus whose common 13-grams are exempt; may be repeated."
)
@click.option("--allowed-documents", default=10, show_default=True, type=click.IntRange(min=1),
              help="In so many of its documents a 13-gram is common.")  # fmt: skip
@_json
def index(
    files: tuple[str, ...],
    output: Path,
    columns: tuple[str, ...],
    reference: tuple[str, ...],
    allowed_documents: int,
    as_json: bool,
) -> None:
    """Make an index of benchmark FILES.

    JSON Lines, JSON, Parquet, CSV or TSV; globs in quotes are taken too. The usual columns of the well-known
    benchmarks are known; the files themselves are yours.
    """
    need("seeds", "numba", by="decontamination")
    from validators.decontamination.recipe import Recipe

    def watch(path: Path) -> None:
        if sys.stderr.isatty():
            click.echo(f"reading {path}", err=True)

    made = Recipe(files, columns, reference, allowed_documents, watch).index(output)
    told = {
        "index": str(output),
        "hash": made.hash,
        "benchmarks": made.benchmarks,
        "items": len(set(made.names)),
        "uncovered": made.uncovered,
        "exempt_n_grams": int(made.allowed.size),
    }
    if as_json:
        _print(told)
        return
    for name, one in made.benchmarks.items():
        click.echo(f"{name}: {one['items']:,} items")
    short = f"; {made.uncovered:,} of under 8 tokens are not covered" if made.uncovered else ""
    click.echo(f"{told['items']:,} items in {output}{short}; hash {made.hash}")


@decontaminate.command()
@click.argument("index", type=click.Path(dir_okay=False, path_type=Path))
@click.argument("data", nargs=-1, required=True)
@click.option(
    "--info",
    type=click.FloatRange(0, 1),
    help="Share of 7-grams above which a text is partial. Default: 0.1.",
)
@click.option(
    "--contaminated",
    type=click.FloatRange(0, 1),
    help="Share from which on it is contaminated. Default: 0.35.",
)
@_published
@click.option("--column", "columns", multiple=True, help="What to compare, in place of the usual columns.")
@catalog_option
@_json
def scan(
    index: Path,
    data: tuple[str, ...],
    info: float | None,
    contaminated: float | None,
    as_published: bool,
    columns: tuple[str, ...],
    catalog: Path,
    as_json: bool,
) -> None:
    """Report what of DATA would go; change nothing.

    DATA are files, folders, snapshots, or datasets of the store ("seeds:NAME" for a seed set).

    With --json a line for each row that is contaminated or partial, and the totals in the last. Exit code 3 where
    something is contaminated.
    """
    need("seeds", "numba", by="decontamination")
    from validators.decontamination import CONTAMINATED, INFO
    from validators.decontamination.check import check, check_parts
    from validators.decontamination.data import sources
    from validators.decontamination.index import Index

    thresholds = (INFO if info is None else info, CONTAMINATED if contaminated is None else contaminated)
    if thresholds[0] > thresholds[1]:
        raise click.UsageError(f"--contaminated ({thresholds[1]}) is below --info ({thresholds[0]})")
    loaded = Index.load(index)
    found = sources(data, catalog, columns)
    counts, shown, size = Counter[str](), Counter[str](), 0
    with _progress(found) as advance:
        for source in found:
            for row in source.rows():
                part, finding = check_parts(
                    row.texts, lambda text: check(loaded, text, *thresholds, altered=not as_published)
                )
                counts[finding.status] += 1
                size += row.size
                advance(source, row, counts)
                if finding.status == "clean":
                    continue
                if finding.status == "contaminated":
                    shown[f"{finding.reason}: {(finding.item or '').rpartition(':')[0]}"] += 1
                if as_json:
                    _print({"data": source.name, "place": row.place, "part": part, **finding.details()})
                elif counts["contaminated"] <= SHOWN and finding.status == "contaminated":
                    _tell(row, finding)
    totals = {
        "rows": counts.total(),
        "bytes": size,
        "contaminated": counts["contaminated"],
        "partial": counts["partial"],
        "reasons": dict(shown.most_common()),
        "thresholds": {"info": thresholds[0], "contaminated": thresholds[1]},
        "index": loaded.hash,
    }
    if as_json:
        _print(totals)
    else:
        _totals(totals)
    sys.exit(FOUND if counts["contaminated"] else 0)


@decontaminate.command()
@click.argument("index", type=click.Path(dir_okay=False, path_type=Path))
@click.option("--clean", multiple=True, help="Files of text without any benchmark; may be repeated.")
@_published
@_json
def certify(index: Path, clean: tuple[str, ...], as_published: bool, as_json: bool) -> None:
    """Measure what the INDEX finds of injected leaks.

    And its false alarms on clean text: what the certificate of a snapshot says.
    """
    from validators.decontamination import Decontamination
    from validators.decontamination.index import Index

    Index.load(index)  # a file that is none is told before anything else
    plugin = cast("Validator", Decontamination)
    settings = {"index": str(index), "clean": clean, "altered": not as_published}
    certificate = plugin.target(**settings).certificate()
    if as_json:
        _print(certificate)
        return
    for way, one in certificate["recall"].items():
        share = "none of the items can be altered so" if one["recall"] is None else f"{one['recall']:.1%}"
        click.echo(f"{way:30} {one['found']:>4} of {one['leaks']:>4} leaks found  {share}")
    alarms = certificate["false_alarms"]
    click.echo(f"{'false alarms':30} {alarms['found']:>4} of {alarms['texts']:>4} clean texts")
    click.echo(f"clean text: {certificate['clean_text']['source']}; items under 8 tokens, never found:"
               f" {certificate['uncovered']:,}")  # fmt: skip


@contextmanager
def _progress(
    found: list[Source],
) -> Iterator[Callable[[Source, Row, Mapping[str, int]], None]]:
    """A bar over the bytes of the files on a terminal, nothing elsewhere. Yields what is called with each row."""
    if not sys.stderr.isatty():
        yield lambda source, row, counts: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

    before, current, read = 0, found[0], 0
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.fields[told]}"),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("scanning", total=sum(one.size for one in found) or None, told="")

        def advance(source: Source, row: Row, counts: Mapping[str, int]) -> None:
            nonlocal before, current, read
            if source is not current:
                before, current, read = before + current.size, source, 0
            read += row.size
            told = f"{sum(counts.values()):,} rows, {counts.get('contaminated', 0):,} contaminated"
            # A file that is packed holds more text than bytes.
            bar.update(task, completed=before + min(read, source.size), told=told, description=source.name)

        yield advance


def _tell(row: Row, finding: Finding) -> None:
    evidence = finding.long or finding.altered
    words = f': "{evidence.text[:160]}"' if evidence else f", {finding.ratio:.0%} of 7-grams"
    click.echo(f"{row.place}  {finding.reason} ({finding.item}){words}")


def _totals(totals: Mapping[str, Any]) -> None:
    told = f"{totals['contaminated']:,} contaminated and {totals['partial']:,} partial"
    click.echo(f"{told} of {totals['rows']:,} rows, {totals['bytes'] / 1e6:,.1f} MB")
    for reason, count in totals["reasons"].items():
        click.echo(f"  {count:>6,}  {reason}")


def _print(value: Any) -> None:
    import orjson

    click.echo(orjson.dumps(value).decode())
