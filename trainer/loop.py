"""The training loop: from a recipe to an export, with checkpoints that go on bit for bit."""

from __future__ import annotations

import math
import signal
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter
from types import FrameType

import torch
from torch import Tensor

from factory.errors import FactoryError
from trainer.checkpoint import Checkpoint
from trainer.export import write_card, write_model
from trainer.metrics import Metrics, Say, Step
from trainer.model import Phi
from trainer.objectives import Objective
from trainer.packing import Place, Row
from trainer.recipe import OptimiserSettings, Recipe
from trainer.reference import make_objective, precision
from trainer.setup import Data, Output, describe, new_model, open_snapshots, prepare, shape_for
from trainer.world import World, joined


@dataclass(frozen=True)
class Summary:
    """How a run ended. `export` is None when it stopped before its last step."""

    step: int
    steps: int
    first_loss: float
    last_loss: float
    tokens: int
    export: Path | None
    interrupted: bool


def dry_run(recipe: Recipe, say: Say) -> None:
    """Says what a run would train, on what and for how long. Writes nothing to the output."""
    with tempfile.TemporaryDirectory() as folder, joined(recipe.device) as world:
        data = prepare(recipe, open_snapshots(recipe), Output(Path(folder)), world, reuse=False)
        for line in describe(recipe, data, shape_for(recipe, data.tokenizer), world):
            say(line)


def train(recipe: Recipe, say: Say, *, fresh: bool = False, stop_after: int | None = None) -> Summary:
    """Trains until the recipe's last step, `stop_after`, or an interruption; then writes a checkpoint.

    Goes on from the newest checkpoint in the output unless `fresh`. Raises FactoryError for a snapshot that
    must not be trained on, a checkpoint of another recipe, and a loss that is not finite.
    """
    with joined(recipe.device) as world, _interruption() as interruption:
        if not world.first:
            say = _silence
        output = Output(recipe.output)
        if fresh and world.first:
            output.clear()
        snapshots = open_snapshots(recipe)
        world.wait()
        checkpoint = Checkpoint.newest(output.checkpoints)
        data = prepare(recipe, snapshots, output, world, reuse=checkpoint is not None)
        shape = shape_for(recipe, data.tokenizer)
        for line in describe(recipe, data, shape, world):
            say(line)
        model = new_model(recipe, shape)
        run = _Run(recipe, data, model, world, output, going_on=checkpoint is not None)
        if checkpoint is not None:
            run.restore(checkpoint)
            going = "going on" if run.step < data.steps else "nothing is left to do"
            say(f"{going} from step {run.step} of {data.steps} ({output.folder}; --fresh starts anew)")
        metrics = run.to_the_end(say, interruption, stop_after)
        return run.close(metrics, say, interrupted=interruption.agreed)


class _Run:
    """A model in training: its optimiser and the place it has come to."""

    def __init__(
        self, recipe: Recipe, data: Data, model: Phi, world: World, output: Output, *, going_on: bool
    ) -> None:
        self.recipe, self.data, self.world, self.output = recipe, data, world, output
        self.model = model.to(world.device)
        world.share(self.model)
        self.place = Place()
        self.objective = make_objective(
            recipe, data.work, self.model, world, output.reference, going_on=going_on
        )
        self.optimiser = make_optimiser(self.model, recipe.optimiser)
        self.step = self.tokens = 0

    def restore(self, checkpoint: Checkpoint) -> None:
        """Goes back to where a checkpoint was written, once it is known to be of this recipe and data."""
        checkpoint.check(self.recipe.deciding(), self.data.fingerprint, self.output.folder)
        self.model.load_state_dict(checkpoint.model)
        self.optimiser.load_state_dict(checkpoint.optimiser)
        torch.set_rng_state(checkpoint.random)
        self.step, self.tokens = checkpoint.step, checkpoint.tokens
        self.place = Place(*checkpoint.place)

    def save(self) -> None:
        """Writes a checkpoint; the first rank does, and the others wait."""
        if self.world.first:
            Checkpoint(
                step=self.step,
                place=(self.place.block, self.place.row),
                tokens=self.tokens,
                model=self.model.state_dict(),
                optimiser=self.optimiser.state_dict(),
                random=torch.get_rng_state(),
                data=self.data.fingerprint,
                recipe=self.recipe.deciding(),
            ).write(self.output.checkpoints, self.recipe.keep)
        self.world.wait()

    def to_the_end(self, say: Say, interruption: Interruption, stop_after: int | None) -> Metrics | None:
        """Steps until the last one, `stop_after` or an interruption, with checkpoints on the way."""
        steps, every = self.data.steps, self.recipe.checkpoint_every
        metrics = None
        if self.world.first:
            metrics = Metrics(
                self.output.metrics, after=self.step, steps=steps, log_every=self.recipe.log_every, say=say
            )
        stop = min(steps, stop_after if stop_after is not None else steps)
        while self.step < stop:
            told = self.one_step(interruption)
            if metrics is not None:
                metrics.tell(told)
            if self.step % every == 0 or self.step == stop or interruption.agreed:
                self.save()
            if interruption.agreed:
                break
        return metrics

    def one_step(self, interruption: Interruption) -> Step:
        """One optimiser step on the next rows of the order."""
        began = perf_counter()
        recipe, work = self.recipe, self.data.work
        rows, end = work.take(self.place, recipe.batch_items)
        rate = learning_rate(recipe.optimiser, self.step, self.data.steps)
        # The wish of any rank to stop travels with the gradients, so that all stop after the same step.
        wish = torch.tensor(float(interruption.asked), device=self.world.device)
        loss, *figures = gradients(self.model, self.objective, rows, self.world, recipe, wish)
        clip = recipe.optimiser.clip or math.inf
        norm = float(torch.nn.utils.clip_grad_norm_(self.model.parameters(), clip))
        if not (math.isfinite(loss) and math.isfinite(norm)):
            raise FactoryError(
                f"{self.output.folder}: the loss is {loss} and the gradient norm {norm} at step {self.step + 1}"
                f" (from {tuple(self.place)} on in the data). The weights were not updated, and the last checkpoint"
                " is good: lower optimiser.lr, lengthen optimiser.warmup or bound optimiser.clip"
            )
        for group in self.optimiser.param_groups:
            group["lr"] = rate
        self.optimiser.step()
        self.optimiser.zero_grad()
        interruption.agreed = bool(wish)
        tokens = work.tokens(rows)
        self.step, self.place, self.tokens = self.step + 1, end, self.tokens + tokens
        seconds = perf_counter() - began
        return Step(
            step=self.step,
            epoch=work.epochs(end),
            loss=loss,
            lr=rate,
            gradient_norm=norm,
            tokens=tokens,
            targets=work.targets(rows),
            total_tokens=self.tokens,
            tokens_per_second=tokens / seconds,
            seconds=seconds,
            figures=dict(zip(self.objective.figures, figures, strict=True)),
        )

    def close(self, metrics: Metrics | None, say: Say, *, interrupted: bool) -> Summary:
        """Exports a finished run, and says how it went."""
        finished = self.step >= self.data.steps
        export = self.output.export if finished else None
        if metrics is None:  # the first rank writes and tells
            return Summary(self.step, self.data.steps, math.nan, math.nan, self.tokens, export, interrupted)
        metrics.close()
        first, last = (told.loss if told else math.nan for told in (metrics.first, metrics.last))
        training = (
            f"{self.step:,} of {self.data.steps:,} steps, {self.tokens:,} tokens,"
            f" {self.data.work.epochs(self.place):.2f} epochs;"
            f" loss {first:.4f} at first, {last:.4f} at last"
        )
        if export is not None:
            dtype = getattr(torch, self.recipe.dtype)
            write_model(self.model, self.data.tokenizer, export, dtype)
            manifests = [snapshot.manifest for snapshot in self.data.snapshots.values()]
            write_card(export, self.recipe, manifests, self.data.counts, training)
        say(f"{'trained' if finished else 'stopped after'} {training}")
        say(f"the model lies in {export}" if export else "the same command goes on from here")
        return Summary(self.step, self.data.steps, first, last, self.tokens, export, interrupted)


# ----------------------------------------------------------------------------------- parts of a step


def gradients(
    model: Phi,
    objective: Objective,
    rows: Sequence[Row],
    world: World,
    recipe: Recipe,
    wish: Tensor | None = None,
) -> list[float]:
    """Leaves in `.grad` the gradient of the mean loss over all `rows`; returns that mean and the figures.

    Each rank takes every `size`-th row, some at once. The divisor is what the whole batch holds, which every
    rank knows beforehand, so neither ranks nor accumulation change the result.
    """
    mine = rows[world.rank :: world.size]
    total = torch.zeros(1 + len(objective.figures), device=world.device)
    at_once = recipe.rows_at_once or max(len(mine), 1)
    for start in range(0, len(mine), at_once):
        with precision(recipe.dtype, world.device):
            told = objective.loss(model, mine[start : start + at_once], rows, world.device)
        told[0].backward()  # type: ignore[no-untyped-call]
        total += told.detach()
    for parameter in model.parameters():
        if parameter.grad is None:  # a rank without a row in this batch
            parameter.grad = torch.zeros_like(parameter)
    exchanged = [parameter.grad for parameter in model.parameters() if parameter.grad is not None]
    world.add_up([*exchanged, total, *([] if wish is None else [wish])])
    return total.tolist()


def learning_rate(settings: OptimiserSettings, step: int, steps: int) -> float:
    """The rate of a step (from 0): linear warm-up to the peak, then decay to `final` of it at the last step."""
    if step < settings.warmup:
        return settings.lr * (step + 1) / settings.warmup
    if settings.decay == "none":
        return settings.lr
    done = (step - settings.warmup) / max(steps - 1 - settings.warmup, 1)
    left = 1 - done if settings.decay == "linear" else (1 + math.cos(math.pi * done)) / 2
    return settings.lr * (settings.final + (1 - settings.final) * left)


def make_optimiser(model: Phi, settings: OptimiserSettings) -> torch.optim.AdamW:
    """AdamW that decays matrices and spares norms."""
    matrices = [parameter for parameter in model.parameters() if parameter.ndim > 1]
    others = [parameter for parameter in model.parameters() if parameter.ndim <= 1]
    groups = [
        {"params": matrices, "weight_decay": settings.weight_decay},
        {"params": others, "weight_decay": 0.0},
    ]
    return torch.optim.AdamW(groups, lr=settings.lr, betas=settings.betas, eps=settings.eps, fused=True)


# -------------------------------------------------------------------------------------- interruption


class Interruption:
    """Whether this rank was asked to stop, and whether all ranks have agreed to."""

    asked = False
    agreed = False


@contextmanager
def _interruption() -> Iterator[Interruption]:
    """A first Ctrl-C or SIGTERM asks to stop after the step; a second one ends the process as usual."""
    interruption = Interruption()
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}

    def ask(number: int, frame: FrameType | None) -> None:
        interruption.asked = True
        signal.signal(number, before[signal.Signals(number)])

    for number in before:
        signal.signal(number, ask)
    try:
        yield interruption
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _silence(line: str) -> None:
    """What the ranks after the first say."""
