"""``factory train RECIPE``. Torch is imported only when the command runs."""

from __future__ import annotations

from pathlib import Path

import click

from factory.extras import need

INTERRUPTED = 130
"""Exit status after Ctrl-C, as shells have it."""


@click.command()
@click.argument("recipe", type=click.Path(path_type=Path))
@click.option("--dry-run", is_flag=True, help="Only say what would be trained, and for how long.")
@click.option("--rate", type=click.FloatRange(min=0, min_open=True), help="Tokens a second, for --dry-run.")
@click.option(
    "--set",
    "changes",
    multiple=True,
    metavar="KEY=VALUE",
    help="Another value than the recipe's: model=tiny.",
)
@click.option("--fresh", is_flag=True, help="Start anew, and remove what an earlier run left in the output.")
@click.option(
    "--accept",
    "accepted",
    multiple=True,
    metavar="KEY",
    help="Go on though this setting has changed since the checkpoint: optimiser.lr.",
)
@click.option(
    "--allow-rehearsal", is_flag=True, help="Train on rows of the rehearsal model, to try things out."
)
@click.option("--stop-after", type=click.IntRange(min=1), help="Stop with a checkpoint after this step.")
def train(
    recipe: Path,
    dry_run: bool,
    rate: float | None,
    changes: tuple[str, ...],
    fresh: bool,
    accepted: tuple[str, ...],
    allow_rehearsal: bool,
    stop_after: int | None,
) -> None:
    """Train a model as a RECIPE says.

    Checkpoints, metrics.jsonl and the exported model go into the recipe's 'output'. A run that was stopped goes on
    where it was when the same command is typed again. On several devices: torchrun --nproc-per-node N -m trainer RECIPE

    \b
      factory train recipes/phi4/sft.yaml --dry-run          what it would cost
      factory train examples/recipes/tiny_sft.yaml
      factory train RECIPE --set model=tiny --set optimiser.lr=1.0e-4 --fresh
    """
    need("train", "torch", "transformers", by="training")
    from trainer import loop
    from trainer.recipe import read_recipe

    if wrong := next((change for change in changes if "=" not in change), None):
        raise click.UsageError(f"--set {wrong}: give it as KEY=VALUE, such as --set optimiser.lr=1.0e-5")
    settings = read_recipe(recipe, dict(change.split("=", 1) for change in changes))
    if allow_rehearsal:
        settings = settings.model_copy(update={"allow_rehearsal": True})
    if dry_run:
        loop.dry_run(settings, click.echo, rate)
        return
    summary = loop.train(settings, click.echo, fresh=fresh, stop_after=stop_after, accepted=accepted)
    if summary.interrupted:
        raise SystemExit(INTERRUPTED)
