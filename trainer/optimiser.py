"""AdamW and its rate: which parameters decay, how the moments are kept, warm-up and decay."""

from __future__ import annotations

import math

import torch
from torch.distributed.tensor import DTensor

from factory.errors import FactoryError
from factory.extras import need
from trainer.model import Phi
from trainer.recipe import OptimiserSettings


def make_optimiser(model: Phi, settings: OptimiserSettings, *, fused: bool = True) -> torch.optim.Optimizer:
    """AdamW that decays matrices, embeddings among them, and spares norms; `states: 8bit` is torchao's, in blocks of
    256 values.

    With 8-bit states, weights in bfloat16 are rounded stochastically, so that updates below their precision count on
    average. Raises FactoryError when torchao is wanted and not installed, and for shards that it cannot take.
    """
    matrices = [parameter for parameter in model.parameters() if parameter.ndim > 1]
    others = [parameter for parameter in model.parameters() if parameter.ndim <= 1]
    groups = [
        {"params": matrices, "weight_decay": settings.weight_decay},
        {"params": others, "weight_decay": 0.0},
    ]
    if settings.states == "float32":
        return torch.optim.AdamW(groups, lr=settings.lr, betas=settings.betas, eps=settings.eps, fused=fused)
    need("train8bit", "torchao", by="optimiser.states: 8bit")
    from torchao.optim import AdamW8bit

    narrow = matrices[0].dtype == torch.bfloat16
    _check_shards(model, narrow)
    optimiser: torch.optim.Optimizer = AdamW8bit(
        groups, lr=settings.lr, betas=settings.betas, eps=settings.eps, bf16_stochastic_round=narrow
    )
    return optimiser


def _check_shards(model: Phi, narrow: bool) -> None:
    """Raises FactoryError where 8-bit states cannot lie in the shards of FSDP."""
    for name, parameter in model.named_parameters():
        if not isinstance(parameter, DTensor):
            continue
        if narrow:
            raise FactoryError(
                "weights: bfloat16 is for one device; on several, leave it out: they share float32 ones"
            )
        rows, shards = len(parameter), parameter.device_mesh.shape[-1]
        if parameter.ndim > 1 and rows % shards:
            raise FactoryError(
                f"optimiser.states: 8bit wants shards of one size, and the {rows} rows of {name} do not divide by"
                f" {shards} ranks; set 'shard' to a number that divides them, or leave 'states' out"
            )


def set_rate(optimiser: torch.optim.Optimizer, rate: float) -> None:
    """The rate of the next step. torchao keeps it in a tensor, so that its compiled step holds."""
    for group in optimiser.param_groups:
        if isinstance(group["lr"], torch.Tensor):
            group["lr"].fill_(rate)
        else:
            group["lr"] = rate


def learning_rate(settings: OptimiserSettings, step: int, steps: int) -> float:
    """The rate of a step (from 0): linear warm-up to the peak, then decay, which comes to `final` of it when the last
    step is done, so that with a `final` of 0 the last step still learns."""
    if step < settings.warmup:
        return settings.lr * (step + 1) / settings.warmup
    if settings.decay == "none":
        return settings.lr
    done = (step - settings.warmup) / (steps - settings.warmup)
    left = 1 - done if settings.decay == "linear" else (1 + math.cos(math.pi * done)) / 2
    return settings.lr * (settings.final + (1 - settings.final) * left)
