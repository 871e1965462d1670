"""Attention behind one small interface: what each token may see, and the mixing of values under it.

On CPU this is torch's causal sdpa, document by document, so that nothing between documents is computed; on GPU
flex_attention, which skips the blocks that nobody sees and never makes the whole mask. Both keep packed documents
apart, and the branches of a pair.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional
from torch.nn.attention.flex_attention import BlockMask, create_block_mask, flex_attention


@dataclass(frozen=True)
class Spans:
    """The documents of packed rows, one after another: their lengths, and a mask for each that branches."""

    lengths: list[int]
    masks: list[Tensor | None]


Seen = Spans | BlockMask


def seen_by(documents: Tensor, branches: Tensor | None = None) -> Seen:
    """What each token of packed rows, (rows, length), may see: itself and what stands before in its document; of
    other branches nothing but the trunk (branch 0). The tokens of a document stand together."""
    if documents.is_cuda:
        return block_mask(documents, branches, make=_compiled(create_block_mask))
    return spans(documents, branches)


def attend(query: Tensor, key: Tensor, value: Tensor, seen: Seen) -> Tensor:
    """Mixes values, (rows, heads, length, head_width); groups of query heads share a key and a value head."""
    if isinstance(seen, BlockMask):
        alone = query.is_cuda and not torch.compiler.is_compiling()
        mix = _compiled(flex_attention) if alone else flex_attention
        mixed: Tensor = mix(query, key, value, block_mask=seen, enable_gqa=True)
        return mixed
    queries, keys, values = (
        torch.split(x.transpose(0, 1).flatten(1, 2), seen.lengths, dim=1) for x in (query, key, value)
    )
    each = [
        functional.scaled_dot_product_attention(
            q[None], k[None], v[None], attn_mask=mask, is_causal=mask is None, enable_gqa=True
        )[0]
        for q, k, v, mask in zip(queries, keys, values, seen.masks, strict=True)
    ]
    rows, heads, length, width = query.shape
    return torch.cat(each, dim=1).view(heads, rows, length, width).transpose(0, 1)


def spans(documents: Tensor, branches: Tensor | None = None) -> Spans:
    """`seen_by` as spans of tokens."""
    apart = torch.full_like(documents[:, :1], -2)  # the last document of a row is not the first of the next
    numbers, counts = torch.unique_consecutive(torch.cat((documents, apart), dim=1), return_counts=True)
    lengths = counts[numbers != -2].tolist()
    if branches is None:
        return Spans(lengths, [None] * len(lengths))
    trees = [
        tree_mask(tree) if bool(tree.any()) else None for tree in torch.split(branches.flatten(), lengths)
    ]
    return Spans(lengths, trees)


def tree_mask(branches: Tensor) -> Tensor:
    """What each token of a single document that branches may see, (length, length)."""
    return ((branches[None] == 0) | (branches[None] == branches[:, None])).tril()


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
