"""``factory tune TUNING``. Torch is imported only when the command runs."""

from __future__ import annotations

from pathlib import Path

import click

from factory.extras import need
from trainer.command import INTERRUPTED


@click.command()
@click.argument("tuning", type=click.Path(path_type=Path))
def tune(tuning: Path) -> None:
    """Tune the shares of a mixture with small models.

    Each domain's shares are tried by themselves and scored on held-out tasks; the best of each domain are merged,
    and it is checked that they keep what they gained; then the merge is trained without each source, which tells
    what the source is worth, a token and a unit of money.

    A TUNING is a YAML file:

    \b
      recipe: recipes/tiny/sft.yaml
      tasks: [tasks/held_out]
      output: build/tune
      seeds: [1, 2]
      store: build/factory.duckdb
      domains:
        math: {tasks: [sums], sources: {voted: {snapshot: build/snapshots/voted}, ...}}
        code: {tasks: [programs], sources: {exercises: {snapshot: build/snapshots/exercises}, ...}}

    Runs that are done are kept: the same command goes on where it was stopped. See docs/evaluation.md.
    """
    need("train", "torch", "transformers", by="tuning")
    from trainer.tuning import report, run
    from trainer.tuning.settings import read_tuning

    runs = run.Runs(read_tuning(tuning), click.echo)
    try:
        tuned = run.tune(runs, click.echo)
    except (run.Interrupted, KeyboardInterrupt):
        click.echo("stopped: what is done is kept; the same command goes on from there", err=True)
        raise SystemExit(INTERRUPTED) from None
    path = report.write_report(runs, tuned)
    click.echo(path.read_text(encoding="utf-8"))
    click.echo(f"report: {path}; the mixture for a recipe: {path.with_name('mixture.yaml')}")
