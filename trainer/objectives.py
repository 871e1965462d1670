"""Objectives: a sum over target tokens, which the loop divides by the tokens of the whole global batch."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional

from trainer.model import Phi
from trainer.packing import IGNORED, Batch


def next_token_loss(model: Phi, batch: Batch) -> Tensor:
    """The sum of the cross-entropies of a batch's target tokens, in float32.

    A sum, not a mean: divided by the targets of the global batch, it weighs every token alike, however
    they are spread over micro-batches and ranks. Logits are made only where there is a target.
    """
    hidden = model.hidden(batch.ids, batch.positions, batch.documents)
    wanted = batch.labels != IGNORED
    logits: Tensor = model.lm_head(hidden[wanted])
    return functional.cross_entropy(logits.to(torch.float32), batch.labels[wanted], reduction="sum")
