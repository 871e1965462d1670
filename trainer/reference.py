"""The objective of a stage; for DPO, the log-probabilities under the model before training, computed once."""

from __future__ import annotations

from contextlib import nullcontext
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch.distributed.fsdp import FSDPModule

from factory.errors import FactoryError
from trainer.model import Phi
from trainer.objectives import NextToken, Objective, Preferences, pair_logprobs
from trainer.packing import Order, pack
from trainer.pairs import PairOrder
from trainer.recipe import Recipe
from trainer.world import World

ROWS_AT_ONCE = 8


def make_objective(
    recipe: Recipe, work: Order | PairOrder, model: Phi, world: World, reference: Path, *, going_on: bool
) -> Objective:
    """What the stage minimises. `model` is the one that training starts from, also where a run goes on.

    Raises FactoryError where a run goes on and its reference is lost: whether `start` still holds the same weights
    cannot be known."""
    if isinstance(work, Order):
        return NextToken(work)
    if going_on and not reference.is_file():
        raise FactoryError(
            f"{reference}: is not there, and the checkpoints beside it were trained against it; put it back, or start"
            " anew with --fresh"
        )
    if not going_on:
        scores = reference_logprobs(recipe, work, model, world)
        if world.first:
            _write(reference, scores)
    world.wait()
    return Preferences(work, np.load(reference), recipe.dpo)


def _write(path: Path, scores: NDArray[Any]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    aside = path.with_suffix(".partial")
    with aside.open("wb") as file:
        np.save(file, scores)
    aside.replace(path)


def reference_logprobs(recipe: Recipe, work: PairOrder, model: Phi, world: World) -> NDArray[Any]:
    """Log-probabilities of chosen and rejected, (pairs, 2), in float32; every rank computes its share."""
    rows = pack(work.pairs.lengths, work.context, recipe.seed, 0)
    at_once = recipe.rows_at_once or ROWS_AT_ONCE
    scores = torch.zeros(len(work.pairs.sizes), 2, device=world.device)
    mine = rows[world.rank :: world.size]
    share = -(-len(rows) // world.size)  # of the fullest rank: all go through as many micro-batches
    with torch.no_grad(), precision(recipe.dtype, world.device):
        for start in range(0, share, at_once):
            batch = work.batch(mine[start : start + at_once] or [()], world.device)
            scores[batch.numbers] = pair_logprobs(model, batch)
    if isinstance(model, FSDPModule):  # without a backward pass the last parameters stay whole on every rank
        model.reshard()
    world.add_up(scores)
    return scores.cpu().numpy()


def precision(dtype: str, device: torch.device) -> torch.autocast | nullcontext[None]:
    """The precision that a stage computes in; weights and optimiser stay float32."""
    if dtype == "float32":
        return nullcontext()
    return torch.autocast(device.type, dtype=getattr(torch, dtype))
