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
from trainer.packing import IGNORED, Batch, Order, Row
from trainer.pairs import PairBatch, PairOrder
from trainer.recipe import PreferenceSettings

LOGITS_AT_ONCE = 1 << 27
"""Logits that exist at once: 0.5 GiB in float32, where 16K tokens of phi-4's vocabulary would take 6 GiB."""


class Objective(Protocol):
    """What a stage minimises. `figures` names what the loss tells beside itself."""

    @property
    def figures(self) -> tuple[str, ...]: ...

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
        batch = self.work.batch(rows).to(device)
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
        batch = self.work.batch(rows).to(device)
        reference = torch.as_tensor(self.reference[batch.numbers.cpu().numpy()], device=device)
        scores = pair_logprobs(model, batch)
        loss, margins = dpo_losses(scores, reference, self.settings.beta)
        share = torch.stack((loss.sum(), (margins > 0).float().sum(), margins.sum())) / self.work.targets(
            whole
        )
        if self.settings.nll:
            share[0] = share[0] - self.settings.nll * scores[:, 0].sum() / self.work.accepted_tokens(whole)
        return share


def next_token_loss(model: Phi, batch: Batch) -> Tensor:
    """The sum of the cross-entropies of a batch's target tokens, in float32.

    A sum, not a mean: the caller divides by the targets of the global batch. Logits are made only where there
    is a target.
    """
    hidden = model.hidden(batch.ids, batch.positions, batch.documents)
    wanted = batch.labels != IGNORED
    return -token_logprobs(hidden[wanted], model.lm_head.weight, batch.labels[wanted]).sum()


def pair_logprobs(model: Phi, batch: PairBatch) -> Tensor:
    """Summed log-probabilities of the counted tokens of each pair's responses: (pairs, 2), in float32."""
    hidden = model.hidden(batch.ids, batch.positions, batch.documents, batch.branches)
    before = hidden.flatten(0, 1)[batch.before]
    each = token_logprobs(before, model.lm_head.weight, batch.tokens)
    return each.new_zeros(2 * len(batch.numbers)).index_add(0, batch.responses, each).view(-1, 2)


def dpo_losses(scores: Tensor, reference: Tensor, beta: float) -> tuple[Tensor, Tensor]:
    """The loss of each pair and its margin, from (pairs, 2) log-probabilities (Rafailov et al. 2023, eq. 7)."""
    ratios = scores - reference
    margins = ratios[:, 0] - ratios[:, 1]
    return -functional.logsigmoid(beta * margins), margins.detach()


# ------------------------------------------------------------------------------- log-probabilities


def token_logprobs(
    hidden: Tensor, weight: Tensor, targets: Tensor, logits_at_once: int = LOGITS_AT_ONCE
) -> Tensor:
    """Log-probability of each target after its hidden state: (tokens, width), (vocabulary, width), (tokens,).

    In float32. At most `logits_at_once` logits exist at a time; where tokens need more than one chunk, the
    backward pass makes each chunk's logits again.
    """
    rows = max(logits_at_once // weight.shape[0], 1)
    if len(targets) <= rows:
        return _logprobs(hidden, weight, targets)
    if torch.is_autocast_enabled(hidden.device.type):
        dtype = torch.get_autocast_dtype(hidden.device.type)
        hidden, weight = hidden.to(dtype), weight.to(dtype)
    return _Chunked.apply(hidden, weight, targets, rows)  # type: ignore[no-untyped-call,no-any-return]


def _logprobs(hidden: Tensor, weight: Tensor, targets: Tensor) -> Tensor:
    logits = functional.linear(hidden, weight).float()
    return -functional.cross_entropy(logits, targets, reduction="none")


class _Chunked(torch.autograd.Function):
    """Log-probabilities chunk by chunk; only the normalisers are kept between the passes."""

    @staticmethod
    def forward(ctx: Any, hidden: Tensor, weight: Tensor, targets: Tensor, rows: int) -> Tensor:
        chosen, totals = [], []
        for start in range(0, len(targets), rows):
            part, wanted = hidden[start : start + rows], targets[start : start + rows]
            logits = functional.linear(part, weight).float()
            totals.append(logits.logsumexp(-1))
            chosen.append(logits.gather(1, wanted[:, None])[:, 0])
        normalisers = torch.cat(totals)
        ctx.save_for_backward(hidden, weight, targets, normalisers)
        ctx.rows = rows
        return torch.cat(chosen) - normalisers

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, Tensor, None, None]:
        hidden, weight, targets, normalisers = ctx.saved_tensors
        to_hidden = torch.empty_like(hidden)
        to_weight = torch.zeros_like(weight, dtype=torch.float32)
        for start in range(0, len(targets), ctx.rows):
            part = slice(start, start + ctx.rows)
            each = gradients[0][part, None]
            to_logits = torch.exp(functional.linear(hidden[part], weight).float() - normalisers[part, None])
            to_logits.mul_(-each).scatter_add_(1, targets[part, None], each)
            narrow = to_logits.to(hidden.dtype)
            to_hidden[part] = narrow @ weight
            to_weight += narrow.T @ hidden[part]
        return to_hidden, to_weight.to(weight.dtype), None, None
