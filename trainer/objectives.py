"""Objectives: losses summed over a micro-batch and divided by what the whole global batch holds."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from trainer.model import Phi
from trainer.packing import Batch, Order, Row
from trainer.pairs import PairBatch, PairOrder
from trainer.recipe import PreferenceSettings


class Objective(Protocol):
    """What a stage minimises. `figures` names what the loss tells beside itself."""

    @property
    def figures(self) -> tuple[str, ...]:
        """Their names, in the order of `loss`."""
        ...

    def loss(self, model: Phi, rows: Sequence[Row], whole: Sequence[Row], device: torch.device) -> Tensor:
        """The share of `rows` in the mean loss over `whole`, then the shares in each figure: (1 + figures,)."""
        ...


@dataclass(frozen=True)
class NextToken:
    """Pretraining, midtraining and SFT: the mean cross-entropy over the target tokens."""

    work: Order
    figures: tuple[str, ...] = ()

    def loss(self, model: Phi, rows: Sequence[Row], whole: Sequence[Row], device: torch.device) -> Tensor:
        """See Objective. A token weighs the same however tokens are spread over micro-batches and ranks."""
        batch = self.work.batch(rows, device)
        return next_token_loss(model, batch)[None] / self.work.targets(whole)


@dataclass(frozen=True)
class Preferences:
    """DPO: the mean over pairs, and where wished the mean cross-entropy of all accepted tokens.

    `reference` holds the log-probabilities, (pairs, 2), of chosen and rejected under the model before training.
    """

    work: PairOrder
    reference: NDArray[Any]
    settings: PreferenceSettings
    figures: tuple[str, ...] = ("accuracy", "margin")

    def loss(self, model: Phi, rows: Sequence[Row], whole: Sequence[Row], device: torch.device) -> Tensor:
        """See Objective. Accuracy: share of pairs whose log-ratio prefers the chosen; margin: its mean."""
        batch = self.work.batch(rows, device)
        reference = torch.as_tensor(self.reference[batch.numbers.cpu().numpy()], device=device)
        scores = pair_logprobs(model, batch)
        loss, margins = dpo_losses(scores, reference, self.settings.beta)
        share = torch.stack(
            (self.settings.preference * loss.sum(), (margins > 0).float().sum(), margins.sum())
        ) / self.work.targets(whole)
        if self.settings.nll:
            share[0] = share[0] - self.settings.nll * scores[:, 0].sum() / self.work.accepted_tokens(whole)
        return share


def next_token_loss(model: Phi, batch: Batch) -> Tensor:
    """The sum of the cross-entropies of a batch's target tokens, in float32.

    A sum, not a mean: the caller divides by the targets of the global batch.
    """
    return -model.logprobs(
        batch.ids, batch.positions, batch.documents, None, batch.before, batch.tokens
    ).sum()


def pair_logprobs(model: Phi, batch: PairBatch) -> Tensor:
    """Summed log-probabilities of the counted tokens of each pair's responses: (pairs, 2), in float32."""
    each = model.logprobs(
        batch.ids, batch.positions, batch.documents, batch.branches, batch.before, batch.tokens
    )
    return each.new_zeros(2 * len(batch.numbers)).index_add(0, batch.responses, each).view(-1, 2)


def dpo_losses(scores: Tensor, reference: Tensor, beta: float) -> tuple[Tensor, Tensor]:
    """The loss of each pair and its margin, from (pairs, 2) log-probabilities (Rafailov et al. 2023, eq. 7)."""
    ratios = scores - reference
    margins = ratios[:, 0] - ratios[:, 1]
    return -functional.logsigmoid(beta * margins), margins.detach()
