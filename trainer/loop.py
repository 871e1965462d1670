"""The training loop: from a recipe to an export, with checkpoints that go on bit for bit."""

from __future__ import annotations

import math
import signal
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter
from types import FrameType

import torch
from torch import Tensor

from factory.errors import FactoryError
from trainer.checkpoint import Checkpoint
from trainer.data import Snapshot
from trainer.export import write_card, write_model
from trainer.metrics import Metrics, Say, Step
from trainer.model import Phi
from trainer.objectives import next_token_loss
from trainer.packing import Order, Row
from trainer.recipe import OptimiserSettings, Recipe
from trainer.setup import Data, Output, describe, new_model, prepare, shape_for
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
        snapshot = Snapshot.open(recipe.snapshot, allow_rehearsal=recipe.allow_rehearsal)
        data = prepare(recipe, snapshot, Output(Path(folder)), world, reuse=False)
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
        snapshot = Snapshot.open(recipe.snapshot, allow_rehearsal=recipe.allow_rehearsal)
        world.wait()
        checkpoint = Checkpoint.newest(output.checkpoints)
        data = prepare(recipe, snapshot, output, world, reuse=checkpoint is not None)
        shape = shape_for(recipe, data.tokenizer)
        for line in describe(recipe, data, shape, world):
            say(line)
        run = _Run(recipe, data, new_model(recipe, shape), world, output)
        if checkpoint is not None:
            run.restore(checkpoint)
            going = "going on" if run.step < data.steps else "nothing is left to do"
            say(f"{going} from step {run.step} of {data.steps} ({output.folder}; --fresh starts anew)")
        metrics = run.to_the_end(say, interruption, stop_after)
        return run.close(metrics, say, interrupted=interruption.agreed)


class _Run:
    """A model in training: its optimiser and the place it has come to."""

    def __init__(self, recipe: Recipe, data: Data, model: Phi, world: World, output: Output) -> None:
        self.recipe, self.data, self.world, self.output = recipe, data, world, output
        self.model = model.to(world.device)
        world.share(self.model)
        self.optimiser = make_optimiser(self.model, recipe.optimiser)
        self.step = self.rows = self.tokens = 0

    def restore(self, checkpoint: Checkpoint) -> None:
        """Goes back to where a checkpoint was written, once it is known to be of this recipe and data."""
        checkpoint.check(self.recipe.deciding(), self.data.corpus.fingerprint, self.output.folder)
        self.model.load_state_dict(checkpoint.model)
        self.optimiser.load_state_dict(checkpoint.optimiser)
        torch.set_rng_state(checkpoint.random)
        self.step, self.rows, self.tokens = checkpoint.step, checkpoint.rows, checkpoint.tokens

    def save(self) -> None:
        """Writes a checkpoint; the first rank does, and the others wait."""
        if self.world.first:
            Checkpoint(
                step=self.step,
                rows=self.rows,
                tokens=self.tokens,
                model=self.model.state_dict(),
                optimiser=self.optimiser.state_dict(),
                random=torch.get_rng_state(),
                data=self.data.corpus.fingerprint,
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
        recipe, order = self.recipe, self.data.order
        end = min(self.rows + recipe.batch_rows, self.data.total_rows)
        rows = order.rows(self.rows, end)
        rate = learning_rate(recipe.optimiser, self.step, self.data.steps)
        # The wish of any rank to stop travels with the gradients, so that all stop after the same step.
        wish = torch.tensor(float(interruption.asked), device=self.world.device)
        loss = gradients(self.model, order, rows, self.world, recipe, wish)
        clip = recipe.optimiser.clip or math.inf
        norm = float(torch.nn.utils.clip_grad_norm_(self.model.parameters(), clip))
        if not (math.isfinite(loss) and math.isfinite(norm)):
            raise FactoryError(
                f"{self.output.folder}: the loss is {loss} and the gradient norm {norm} at step {self.step + 1}"
                f" (packed rows {self.rows} to {end - 1}). The weights were not updated, and the last checkpoint"
                " is good: lower optimiser.lr, lengthen optimiser.warmup or bound optimiser.clip"
            )
        for group in self.optimiser.param_groups:
            group["lr"] = rate
        self.optimiser.step()
        self.optimiser.zero_grad()
        interruption.agreed = bool(wish)
        tokens = order.tokens(rows)
        self.step, self.rows, self.tokens = self.step + 1, end, self.tokens + tokens
        seconds = perf_counter() - began
        return Step(
            step=self.step,
            epoch=end / order.rows_per_epoch,
            loss=loss,
            lr=rate,
            gradient_norm=norm,
            tokens=tokens,
            targets=order.targets(rows),
            total_tokens=self.tokens,
            tokens_per_second=tokens / seconds,
            seconds=seconds,
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
            f" {self.rows / self.data.order.rows_per_epoch:.2f} epochs;"
            f" loss {first:.4f} at first, {last:.4f} at last"
        )
        if export is not None:
            dtype = getattr(torch, self.recipe.dtype)
            write_model(self.model, self.data.tokenizer, export, dtype)
            write_card(export, self.recipe, self.data.snapshot.manifest, self.data.corpus.counts, training)
        say(f"{'trained' if finished else 'stopped after'} {training}")
        say(f"the model lies in {export}" if export else "the same command goes on from here")
        return Summary(self.step, self.data.steps, first, last, self.tokens, export, interrupted)


# ----------------------------------------------------------------------------------- parts of a step


def gradients(
    model: Phi, order: Order, rows: list[Row], world: World, recipe: Recipe, wish: Tensor | None = None
) -> float:
    """Leaves in `.grad` the gradient of the mean loss over the target tokens of all `rows`; returns that mean.

    Each rank takes every `size`-th row, some at once. The divisor is the number of targets in the whole
    batch, which every rank knows beforehand, so neither ranks nor accumulation change the result.
    """
    targets = order.targets(rows)
    mine = rows[world.rank :: world.size]
    total = torch.zeros((), device=world.device)
    for start in range(0, len(mine), recipe.rows_at_once):
        batch = order.batch(mine[start : start + recipe.rows_at_once]).to(world.device)
        with _precision(recipe, world):
            loss = next_token_loss(model, batch) / targets
        loss.backward()  # type: ignore[no-untyped-call]
        total += loss.detach()
    for parameter in model.parameters():
        if parameter.grad is None:  # a rank without a row in this batch
            parameter.grad = torch.zeros_like(parameter)
    exchanged = [parameter.grad for parameter in model.parameters() if parameter.grad is not None]
    world.add_up([*exchanged, total, *([] if wish is None else [wish])])
    return float(total)


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


def _precision(recipe: Recipe, world: World) -> torch.autocast | nullcontext[None]:
    if recipe.dtype == "float32":
        return nullcontext()
    return torch.autocast(world.device.type, dtype=getattr(torch, recipe.dtype))


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
