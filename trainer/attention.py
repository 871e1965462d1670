"""Attention behind one small interface: what each token may see, and the mixing of values under it.

On CPU this is torch's sdpa under a boolean mask; on GPU flex_attention, which skips the blocks that nobody sees
and never makes the whole mask. Both keep packed documents apart, and the branches of a pair.
"""

from __future__ import annotations

from functools import cache
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional
from torch.nn.attention.flex_attention import BlockMask, create_block_mask, flex_attention

Seen = Tensor | BlockMask


def seen_by(documents: Tensor, branches: Tensor | None = None) -> Seen:
    """What each token of packed rows, (rows, length), may see: itself and what stands before in its document; of
    other branches nothing but the trunk (branch 0)."""
    if documents.is_cuda:
        return block_mask(documents, branches, make=_compiled(create_block_mask))
    return document_mask(documents, branches)


def attend(query: Tensor, key: Tensor, value: Tensor, seen: Seen) -> Tensor:
    """Mixes values, (rows, heads, length, head_width); groups of query heads share a key and a value head."""
    if isinstance(seen, BlockMask):
        mix = _compiled(flex_attention) if query.is_cuda else flex_attention
        mixed: Tensor = mix(query, key, value, block_mask=seen, enable_gqa=True)
        return mixed
    return functional.scaled_dot_product_attention(query, key, value, attn_mask=seen, enable_gqa=True)


def document_mask(documents: Tensor, branches: Tensor | None = None) -> Tensor:
    """`seen_by` as a boolean mask, (rows, 1, length, length)."""
    seen = documents[:, None, :, None] == documents[:, None, None, :]
    if branches is not None:
        earlier = branches[:, None, None, :]
        seen &= (earlier == 0) | (earlier == branches[:, None, :, None])
    return seen.tril()


def block_mask(documents: Tensor, branches: Tensor | None = None, make: Any = create_block_mask) -> BlockMask:
    """`seen_by` as flex_attention's mask of blocks."""

    def in_document(row: Tensor, head: Tensor, at: Tensor, earlier: Tensor) -> Tensor:
        return (at >= earlier) & (documents[row, at] == documents[row, earlier])

    def in_branch(row: Tensor, head: Tensor, at: Tensor, earlier: Tensor) -> Tensor:
        assert branches is not None
        trunk = (branches[row, earlier] == 0) | (branches[row, earlier] == branches[row, at])
        return in_document(row, head, at, earlier) & trunk

    rows, length = documents.shape
    rule = in_document if branches is None else in_branch
    made: BlockMask = make(rule, rows, None, length, length, device=documents.device)
    return made


@cache
def _compiled(function: Any) -> Any:
    """Without compilation flex_attention would make every score."""
    return torch.compile(function)
