"""AdamW and its rate: which parameters decay, how the moments are kept, warm-up and decay."""

from __future__ import annotations

import math

import torch
from torch import Tensor
from torch.distributed.tensor import DTensor

from factory.errors import FactoryError
from factory.extras import need
from trainer.model import Phi
from trainer.recipe import OptimiserSettings

BLOCK, SMALLEST = 256, 4096
"""Values that torchao narrows together, and of how many a tensor is narrowed at all."""


def make_optimiser(model: Phi, settings: OptimiserSettings) -> torch.optim.Optimizer:
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
        return torch.optim.AdamW(groups, lr=settings.lr, betas=settings.betas, eps=settings.eps, fused=True)
    need("train8bit", "torchao", by="optimiser.states: 8bit")
    from torchao.optim import AdamW8bit

    class Sparing(AdamW8bit):  # type: ignore[misc]
        """Norms keep their moments whole, as torchao decides for small shards, so that ranks do not matter."""

        def _new_buffer(self, p: Tensor, signed: bool) -> Tensor:
            return super()._new_buffer(p, signed) if p.ndim > 1 else torch.zeros_like(p)

    narrow = matrices[0].dtype == torch.bfloat16
    _check_shards(model, narrow)
    return Sparing(
        groups, lr=settings.lr, betas=settings.betas, eps=settings.eps, bf16_stochastic_round=narrow
    )


def _check_shards(model: Phi, narrow: bool) -> None:
    """Raises FactoryError where torchao would keep moments otherwise than on one device."""
    for name, parameter in model.named_parameters():
        if not isinstance(parameter, DTensor):
            continue
        if narrow:
            raise FactoryError(
                "weights: bfloat16 is for one device; on several, leave it out: they share float32 ones"
            )
        shards = parameter.device_mesh.shape[-1]
        each = parameter.numel() // shards
        if parameter.ndim > 1 and (len(parameter) % shards or each % BLOCK or each < SMALLEST):
            raise FactoryError(
                f"optimiser.states: 8bit wants shards of one size, in whole blocks of {BLOCK} values and {SMALLEST} at"
                f" least; {name} {list(parameter.shape)} does not divide so by {shards} ranks: set 'shard' to another"
                " number, or leave 'states' out"
            )


def set_groups(optimiser: torch.optim.Optimizer, settings: OptimiserSettings) -> None:
    """The settings of each group, which a checkpoint brings along as they were."""
    for group, decay in zip(optimiser.param_groups, (settings.weight_decay, 0.0), strict=True):
        group.update(weight_decay=decay, betas=settings.betas, eps=settings.eps)


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
