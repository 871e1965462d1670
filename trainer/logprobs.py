"""Log-probabilities of tokens without the logits of all of them: chunked cross-entropy."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor
from torch.nn import functional

LOGITS_AT_ONCE = 1 << 27
"""Logits that exist at once: 0.5 GiB in float32, where 16K tokens of phi-4's vocabulary would take 6 GiB."""


def token_logprobs(
    hidden: Tensor, weight: Tensor, targets: Tensor, logits_at_once: int | None = None
) -> Tensor:
    """Log-probability of each target after its hidden state: (tokens, width), (vocabulary, width), (tokens,).

    In float32. At most `logits_at_once` logits (default: LOGITS_AT_ONCE) exist at a time; where tokens need more
    than one chunk, the backward pass makes each chunk's logits again.
    """
    rows = max((logits_at_once or LOGITS_AT_ONCE) // weight.shape[0], 1)
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
