"""Attention behind one small interface: what each token may see, and the mixing of values under it.

On GPU this is flex_attention, which skips the blocks that nobody sees and never makes the whole mask; on CPU matrix
products, document by document and some queries at a time, so that little is computed that nobody sees. Both keep
packed documents apart, and the branches of a pair.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Any

import torch
from torch import Tensor
from torch.nn.attention.flex_attention import BlockMask, create_block_mask, flex_attention

QUERIES = 128
"""Queries at once on a CPU."""

KEPT = 512
"""Tokens that a block sees at most for its weights to be kept until the backward pass."""


@dataclass(frozen=True)
class Block:
    """Some queries among packed tokens, and the tokens `seen`: from the first of their document to the last query.

    `hidden`, (queries, 1, last), is true where a query must not see one of the last of those.
    """

    queries: slice
    seen: slice
    hidden: Tensor


Seen = list[Block] | BlockMask


def seen_by(documents: Tensor, branches: Tensor | None = None) -> Seen:
    """What each token of packed rows, (rows, length), may see: itself and what stands before in its document; of
    other branches nothing but the trunk (branch 0). The tokens of a document stand together."""
    if documents.is_cuda:
        return block_mask(documents, branches, make=_compiled(create_block_mask))
    return blocks(documents, branches)


def attend(qkv: Tensor, rotation: tuple[Tensor, Tensor], seen: Seen, kv_heads: int) -> Tensor:
    """Turns queries and keys by their places and mixes values: (rows, length, heads, head_width).

    `qkv`: queries, keys and values, (rows, length, heads + 2 kv_heads, head_width); groups of query heads share a key
    and a value head.
    """
    if not isinstance(seen, BlockMask):
        cos, sin = (x.flatten(0, 1) for x in rotation)
        mixed: Tensor = _Blockwise.apply(qkv.flatten(0, 1), cos, sin, seen, kv_heads)  # type: ignore[no-untyped-call]
        return mixed.view(*qkv.shape[:2], *mixed.shape[1:])
    turned, value = torch.split(qkv, [qkv.shape[2] - kv_heads, kv_heads], dim=2)
    query, key = torch.split(rotate(turned, rotation), [turned.shape[2] - kv_heads, kv_heads], dim=2)
    alone = qkv.is_cuda and not torch.compiler.is_compiling()
    mix = _compiled(flex_attention) if alone else flex_attention
    mixed = mix(*(x.transpose(1, 2) for x in (query, key, value)), block_mask=seen, enable_gqa=True)
    return mixed.transpose(1, 2)


def rotate(x: Tensor, rotation: tuple[Tensor, Tensor]) -> Tensor:
    """Applies rotary embedding to (..., length, heads, head_width)."""
    cos, sin = rotation
    first, second = x.chunk(2, dim=-1)
    return x * cos.to(x.dtype) + torch.cat((-second, first), dim=-1) * sin.to(x.dtype)


class _Blockwise(torch.autograd.Function):
    """`attend` over packed tokens, (tokens, heads + 2 kv_heads, head_width), block by block: torch's kernel for a CPU
    computes what is hidden too, and autograd copies what is cut. The backward pass makes the weights of long
    documents again, so that memory grows with their length and not with its square."""

    @staticmethod
    def forward(ctx: Any, qkv: Tensor, cos: Tensor, sin: Tensor, seen: list[Block], kv_heads: int) -> Tensor:
        turned = rotate(qkv[:, :-kv_heads], (cos, sin))
        query, key, value = _by_head(turned, qkv, kv_heads)
        mixed = torch.empty_like(query)
        kept = []
        for block in seen:
            weights = _weights(query, key, block)
            part = mixed[:, block.queries]
            part.copy_(torch.bmm(weights, value[:, block.seen]).view_as(part))
            kept.append(weights if weights.shape[-1] <= KEPT else None)
        ctx.save_for_backward(qkv, turned, mixed, cos, sin, *kept)
        ctx.seen, ctx.kv_heads = seen, kv_heads
        return mixed.transpose(0, 1).flatten(1, 2)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, None, None, None, None]:
        qkv, turned, mixed, cos, sin, *kept = ctx.saved_tensors
        query, key, value = _by_head(turned, qkv, ctx.kv_heads)
        to_mixed = gradients[0].reshape(mixed.transpose(0, 1).shape).transpose(0, 1)
        slope = (to_mixed * mixed).sum(-1, keepdim=True, dtype=torch.float32)
        to_qkv = torch.zeros_like(qkv)
        to_turned = to_qkv[:, : -ctx.kv_heads]
        to_query, to_key, to_value = _by_head(to_turned, to_qkv, ctx.kv_heads)
        for block, weights in zip(ctx.seen, kept, strict=True):
            if weights is None:
                weights = _weights(query, key, block)
            asked, told = (x[:, block.queries].flatten(1, 2) for x in (query, to_mixed))
            to_value[:, block.seen].baddbmm_(weights.mT, told)
            to_weights = torch.bmm(told, value[:, block.seen].mT).float()
            to_scores = to_weights.sub_(slope[:, block.queries].flatten(1, 2)).to(weights.dtype).mul_(weights)
            to_scores.mul_(qkv.shape[-1] ** -0.5)
            to_key[:, block.seen].baddbmm_(to_scores.mT, asked)
            part = to_query[:, block.queries]
            part.copy_(torch.bmm(to_scores, key[:, block.seen]).view_as(part))
        to_turned.copy_(rotate(to_turned, (cos, -sin)))
        return to_qkv, None, None, None, None


def _weights(query: Tensor, key: Tensor, block: Block) -> Tensor:
    """How a block's queries weigh what they see, (kv_heads, queries x heads of each, seen)."""
    asked = query[:, block.queries].flatten(1, 2) * query.shape[-1] ** -0.5
    scores = torch.bmm(asked, key[:, block.seen].mT)
    near = scores.view(len(key), len(block.hidden), -1, scores.shape[-1])[..., -block.hidden.shape[-1] :]
    near.masked_fill_(block.hidden, -torch.inf)
    return scores.float().softmax(-1).to(scores.dtype)


def _by_head(turned: Tensor, qkv: Tensor, kv_heads: int) -> tuple[Tensor, Tensor, Tensor]:
    """Views of queries, (kv_heads, tokens, heads of each, head_width), and of keys and values, without their third."""
    query = turned[:, :-kv_heads].view(len(turned), kv_heads, -1, turned.shape[-1]).transpose(0, 1)
    return query, turned[:, -kv_heads:].transpose(0, 1), qkv[:, -kv_heads:].transpose(0, 1)


def blocks(documents: Tensor, branches: Tensor | None = None) -> list[Block]:
    """`seen_by` as blocks of queries."""
    apart = torch.full_like(documents[:, :1], -2)  # the last document of a row is not the first of the next
    numbers, counts = torch.unique_consecutive(torch.cat((documents, apart), dim=1), return_counts=True)
    after = torch.ones(QUERIES, QUERIES, dtype=torch.bool).triu(1)
    found, end = [], 0
    for length in counts[numbers != -2].tolist():
        begin, end = end, end + length
        tree = None if branches is None else branches.flatten()[begin:end]
        mask = ~tree_mask(tree) if tree is not None and bool(tree.any()) else None
        for start in range(begin, end, QUERIES):
            stop = min(start + QUERIES, end)
            hidden = after[: stop - start, : stop - start]
            if mask is not None:
                hidden = mask[start - begin : stop - begin, : stop - begin]
            found.append(Block(slice(start, stop), slice(begin, stop), hidden[:, None]))
    return found


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
