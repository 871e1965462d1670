"""The training loop: from a recipe to an export, with checkpoints that go on bit for bit."""

from __future__ import annotations

import math
import tempfile
from collections.abc import Collection, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter

import numpy as np
import torch

from factory.errors import FactoryError
from factory.records import content_hash
from trainer.checkpoint import Checkpoint, Checkpoints, State
from trainer.export import write_card, write_model
from trainer.interruption import Interruption, interruptible
from trainer.metrics import Metrics, Say, Sink, Step, load_sinks, silent
from trainer.model import Phi
from trainer.objectives import Objective
from trainer.optimiser import learning_rate, make_optimiser, set_groups, set_rate
from trainer.packing import Place, Row
from trainer.plan import Cost, Peak, plan_unbuilt
from trainer.recipe import Recipe
from trainer.reference import make_objective, precision
from trainer.setup import Data, Output, describe, new_model, open_snapshots, prepare, shape_for, unbuilt
from trainer.world import World, joined, whole


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


def dry_run(recipe: Recipe, say: Say, rate: float | None = None) -> None:
    """Says what a run would train, on what and for how long, at `rate` tokens a second where that is known.

    Writes nothing to the output. Where snapshots or the weights of `start` are not made yet, the recipe's own
    numbers are taken for them.
    """
    with tempfile.TemporaryDirectory() as folder, joined(recipe.device) as world:
        missing = unbuilt(recipe)
        if missing:
            lines = plan_unbuilt(recipe, missing, world.size, world.device, rate)
        else:
            data = prepare(recipe, open_snapshots(recipe), Output(Path(folder)), world, reuse=False)
            lines = describe(recipe, data, shape_for(recipe, data.tokenizer), world, rate)
        for line in lines:
            say(line)


def train(
    recipe: Recipe,
    say: Say,
    *,
    fresh: bool = False,
    stop_after: int | None = None,
    accepted: Collection[str] = (),
    sinks: Sequence[Sink] = (),
) -> Summary:
    """Trains until the recipe's last step, `stop_after`, or an interruption; then writes a checkpoint.

    Goes on from the newest checkpoint in the output unless `fresh`; settings that are `accepted`, such as
    ``optimiser.lr``, may have changed since. `sinks` get each step's metrics, beside those
    that the recipe names. Raises FactoryError for a snapshot that must not be trained on, a checkpoint of another
    recipe, and a loss that is not finite.
    """
    output = Output(recipe.output)
    with joined(recipe.device) as world, output.held() if world.first else nullcontext():
        if not world.first:
            say = silent
        if fresh and world.first:
            output.clear()
        snapshots = open_snapshots(recipe)
        world.wait()
        checkpoint = Checkpoint.newest(output.checkpoints)
        data = prepare(recipe, snapshots, output, world, reuse=checkpoint is not None)
        shape = shape_for(recipe, data.tokenizer)
        for line in describe(recipe, data, shape, world):
            say(line)
        model = world.place(
            lambda device: new_model(recipe, shape, device),
            shape,
            getattr(torch, recipe.weights),
            getattr(torch, recipe.dtype),
            recipe.shard,
        )
        run = _Run(recipe, data, model, world, output, going_on=checkpoint is not None)
        if checkpoint is not None:
            run.restore(checkpoint, accepted)
            going = "going on" if run.step < data.steps else "nothing is left to do"
            say(f"{going} from step {run.step} of {data.steps} ({output.folder}; --fresh starts anew)")
        # Until here nothing is lost by an interruption, so that it ends the process at once.
        with interruptible(tell=world.first) as interruption:
            metrics = run.to_the_end(say, interruption, stop_after, (*load_sinks(recipe.metrics), *sinks))
            return run.close(metrics, say, interrupted=interruption.agreed)


class _Run:
    """A model in training: its optimiser and the place it has come to."""

    def __init__(
        self, recipe: Recipe, data: Data, model: Phi, world: World, output: Output, *, going_on: bool
    ) -> None:
        self.recipe, self.data, self.model, self.world, self.output = recipe, data, model, world, output
        model.prepare(recompute=recipe.recompute, compiled=_compiled(recipe, world))
        self.objective = make_objective(recipe, data.work, model, world, output.reference, going_on=going_on)
        self.optimiser = make_optimiser(model, recipe.optimiser)
        self.checkpoints = Checkpoints(output.checkpoints, world, recipe.keep, recipe.keep_every)
        self.cost = Cost.of(model.shape)
        self.peak = Peak.of(world.device)
        self.place = Place()
        self.step = self.tokens = 0

    def restore(self, checkpoint: Checkpoint, accepted: Collection[str]) -> None:
        """Goes back to where a checkpoint was written, once it is known to be of this recipe and data."""
        state = checkpoint.state
        coming = self.coming(Place(*state.place))
        checkpoint.check(self.recipe.deciding(), coming, self.output.folder, accepted)
        checkpoint.restore(self.model, self.optimiser, self.world)
        set_groups(self.optimiser, self.recipe.optimiser)
        self.step, self.tokens, self.place = state.step, state.tokens, Place(*state.place)

    def coming(self, place: Place) -> str:
        """Hash of the data and of the rows that come next: other code that packs or orders them otherwise shows."""
        rows, _ = self.data.work.take(place, self.recipe.batch_items)
        return content_hash(self.data.fingerprint, rows)

    def save(self) -> None:
        """Starts to write a checkpoint; every rank writes its shards."""
        place = (self.place.block, self.place.row)
        state = State(self.step, place, self.tokens, self.coming(self.place), self.recipe.deciding())
        self.checkpoints.save(state, self.model, self.optimiser)

    def to_the_end(
        self, say: Say, interruption: Interruption, stop_after: int | None, sinks: Sequence[Sink]
    ) -> Metrics | None:
        """Steps until the last one, `stop_after` or an interruption, with checkpoints on the way."""
        steps, every = self.data.steps, self.recipe.checkpoint_every
        metrics = None
        if self.world.first:
            metrics = Metrics(
                self.output.metrics,
                after=self.step,
                steps=steps,
                log_every=self.recipe.log_every,
                say=say,
                sinks=sinks,
            )
        stop = min(steps, stop_after if stop_after is not None else steps)
        try:
            while self.step < stop and not interruption.agreed:
                told = self.one_step(interruption)
                if metrics is not None:
                    metrics.tell(told)
                self.checkpoints.settle()
                if self.step % every == 0 or self.step == stop or interruption.agreed:
                    self.save()
        finally:
            if metrics is not None:
                metrics.close()
            self.checkpoints.finish()
        return metrics

    def one_step(self, interruption: Interruption) -> Step:
        """One optimiser step on the next rows of the order."""
        began = perf_counter()
        recipe, work = self.recipe, self.data.work
        rows, end = work.take(self.place, recipe.batch_items)
        rate = learning_rate(recipe.optimiser, self.step, self.data.steps)
        loss, *figures, wish = gradients(
            self.model, self.objective, rows, self.world, recipe, asked=interruption.asked
        )
        clip = recipe.optimiser.clip or math.inf
        norm = float(whole(torch.nn.utils.clip_grad_norm_(self.model.parameters(), clip)))
        if not (math.isfinite(loss) and math.isfinite(norm)):
            raise FactoryError(
                f"{self.output.folder}: the loss is {loss} and the gradient norm {norm} at step {self.step + 1}"
                f" (from {tuple(self.place)} on in the data). The weights were not updated, and the last checkpoint"
                " is good: lower optimiser.lr, lengthen optimiser.warmup or bound optimiser.clip, and go on from it"
                " with --accept KEY for each that you changed"
            )
        set_rate(self.optimiser, rate)
        # Weights in bfloat16 are rounded by chance, which is the same where a run goes on.
        torch.manual_seed(int(np.random.SeedSequence((recipe.seed, self.step)).generate_state(1)[0]))
        self.optimiser.step()
        self.optimiser.zero_grad()
        interruption.agreed = wish > 0
        lengths = work.lengths(rows)
        tokens = int(lengths.sum())
        self.step, self.place, self.tokens = self.step + 1, end, self.tokens + tokens
        seconds = perf_counter() - began
        operations = self.cost.of_documents(lengths, work.predicted(rows)) / seconds / self.world.size
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
            flops_per_second=operations,
            utilisation=None if self.peak is None else operations / self.peak.operations,
            peak="" if self.peak is None else self.peak.name,
            figures=dict(zip(self.objective.figures, figures, strict=True)),
        )

    def close(self, metrics: Metrics | None, say: Say, *, interrupted: bool) -> Summary:
        """Exports a finished run, and says how it went."""
        finished = self.step >= self.data.steps
        export = self.output.export if finished else None
        weights = self.world.gather(self.model) if finished else {}
        if metrics is None:  # the first rank writes and tells
            return Summary(self.step, self.data.steps, math.nan, math.nan, self.tokens, export, interrupted)
        first, last = (told.loss if told else math.nan for told in (metrics.first, metrics.last))
        training = (
            f"{self.step:,} of {self.data.steps:,} steps, {self.tokens:,} tokens,"
            f" {self.data.work.epochs(self.place):.2f} epochs;"
            f" loss {first:.4f} at first, {last:.4f} at last"
        )
        if export is not None:
            dtype = getattr(torch, self.recipe.dtype)
            write_model(self.model, self.data.tokenizer, export, dtype, weights)
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
    *,
    asked: bool = False,
) -> list[float]:
    """Leaves in `.grad` the gradient of the mean loss over all `rows`; returns that mean, the figures, and how many
    ranks were `asked` to stop (told here so that all stop after the same step).

    Each rank takes every `size`-th row, some at once. The divisor is what the whole batch holds, which every
    rank knows beforehand, so neither ranks nor accumulation change the result.
    """
    mine = rows[world.rank :: world.size]
    share = -(-len(rows) // world.size)  # of the fullest rank: all go through as many micro-batches
    total = torch.zeros(1 + len(objective.figures), device=world.device)
    at_once = recipe.rows_at_once or max(share, 1)
    for start in range(0, share, at_once):
        with precision(recipe.dtype, world.device):
            told = objective.loss(model, mine[start : start + at_once] or [()], rows, world.device)
        told[0].backward()  # type: ignore[no-untyped-call]
        total += told.detach()
    total = torch.cat((total, torch.tensor([float(asked)], device=world.device)))
    world.add_up(total)
    return total.tolist()


def _compiled(recipe: Recipe, world: World) -> bool:
    return world.device.type == "cuda" if recipe.compile is None else recipe.compile
