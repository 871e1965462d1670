"""Keys and values of rows that are being continued, and the model run over them one token at a time.

Rollouts of one prefix share its keys and values, which are computed once and never copied: reading them is what
a step costs. What a rollout adds of its own stands in a tensor for each layer, which grows a little at a time.
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional

from trainer.attention import rotate
from trainer.model import Layer, Phi, rotation_at

PREFILL = 2**26
"""Pairs of tokens, over all prefixes that are read at once: what their masks hold."""

GROWTH = 16
"""Slots that each row gets at once. Products read a whole tensor twice as fast as the part of one that is filled."""


class Cache:
    """What rows have computed so far.

    `shared`: keys and values of prefixes, (layers, 2, prefixes, kv_heads, slots, head_width), that end at the same
    slot and begin after `pads` empty ones; `own`: in each layer those of `used` tokens that each row added since,
    (2, rows, kv_heads, slots, head_width).
    """

    def __init__(self, shared: Tensor, pads: Tensor, owners: Tensor) -> None:
        layers, both, _, kv_heads, _, width = shared.shape
        self.own = [shared.new_empty((both, len(owners), kv_heads, 0, width))] * layers
        self.shared, self.pads, self.used = shared, pads, 0
        self._arrange(owners)

    def keep(self, rows: Tensor) -> None:
        """Goes on with these rows alone, given in ascending order."""
        self.own = [own[:, rows] for own in self.own]
        owners = self.owners[rows]
        wanted, places = torch.unique(owners, return_inverse=True)
        if len(wanted) <= len(self.pads) / 2:
            self.shared, self.pads, owners = self.shared[:, :, wanted], self.pads[wanted], places
        self._arrange(owners)

    def extend(self, layer: int, key: Tensor, value: Tensor) -> None:
        """Writes the keys and values of a new token of each row, (rows, kv_heads, 1, head_width)."""
        if self.used == self.own[layer].shape[3]:
            self.own[layer] = functional.pad(self.own[layer], (0, 0, 0, GROWTH))
        self.own[layer][0, :, :, self.used] = key[:, :, 0]
        self.own[layer][1, :, :, self.used] = value[:, :, 0]

    def attend(self, layer: int, query: Tensor) -> Tensor:
        """Mixes values for queries (rows, kv_heads, heads of each, head_width), of the same shape."""
        keys, values = self.own[layer]
        query = query * query.shape[-1] ** -0.5
        far = self._ungrouped(_product(self._grouped(query), self.shared[layer, 0].transpose(-1, -2)))
        far = far + self._hidden
        near = _product(query, keys.transpose(-1, -2))
        near[..., self.used + 1 :] = -torch.inf
        weights = torch.cat((far, near), dim=-1).float().softmax(-1).to(query.dtype)
        far, near = (x.contiguous() for x in weights.tensor_split((far.shape[-1],), dim=-1))
        return self._ungrouped(_product(self._grouped(far), self.shared[layer, 1])) + _product(near, values)

    def _arrange(self, owners: Tensor) -> None:
        """Sets out which rows belong to which prefix: prefixes by columns, as many as the largest has rows."""
        self.owners = owners
        prefixes = len(self.pads)
        counts = torch.bincount(owners, minlength=prefixes)
        most, order = int(counts.max()), owners.argsort(stable=True)
        ranks = torch.arange(len(owners), device=owners.device) - (counts.cumsum(0) - counts)[owners[order]]
        self._places = torch.empty_like(owners)
        self._places[order] = owners[order] * most + ranks
        self._grid = torch.zeros(prefixes * most, dtype=torch.long, device=owners.device)
        self._grid[self._places] = torch.arange(len(owners), device=owners.device)
        slots = torch.arange(self.shared.shape[4], device=owners.device)
        empty = slots < self.pads[owners][:, None, None, None]
        self._hidden = torch.zeros_like(empty, dtype=self.shared.dtype).masked_fill_(empty, -torch.inf)

    def _grouped(self, x: Tensor) -> Tensor:
        """(rows, kv_heads, heads, any) by prefixes: (prefixes, kv_heads, columns x heads, any)."""
        by_prefix = x.index_select(0, self._grid).view(len(self.pads), -1, *x.shape[1:])
        return by_prefix.transpose(1, 2).flatten(2, 3)

    def _ungrouped(self, x: Tensor) -> Tensor:
        """The inverse of `_grouped`."""
        columns = len(self._grid) // len(self.pads)
        by_prefix = _unflatten(x, 2, columns).transpose(1, 2)
        return by_prefix.flatten(0, 1).index_select(0, self._places)


class Decoder:
    """A model that reads prefixes, then new tokens of many rows against a cache."""

    def __init__(self, model: Phi) -> None:
        self.model = model
        places = torch.arange(model.shape.context, device=model.lm_head.weight.device)
        cos, sin = rotation_at(places[None], model.shape)
        self._rotation = cos[0], sin[0]

    def prefill(self, ids: Tensor, pads: Tensor) -> tuple[Tensor, Tensor]:
        """Reads prefixes, (prefixes, length), each behind its `pads`: logits after the last token, and `shared`."""
        at_once = max(1, PREFILL // ids.shape[1] ** 2)
        parts = [
            self._read(some, before)
            for some, before in zip(torch.split(ids, at_once), torch.split(pads, at_once), strict=True)
        ]
        logits, shared = zip(*parts, strict=True)
        return torch.cat(logits), torch.cat(shared, dim=2) if len(shared) > 1 else shared[0]

    def step(self, ids: Tensor, cache: Cache) -> Tensor:
        """Reads one new token of each row, (rows,); the logits after it, (rows, vocabulary), in float32."""
        begun = cache.shared.shape[4] - cache.pads[cache.owners]
        rotation = self._at((begun + cache.used)[:, None])
        x = self.model.model.embed_tokens(ids[:, None])
        for number, layer in enumerate(self.model.model.layers):
            assert isinstance(layer, Layer)
            query, key, value = self._projected(layer, x, rotation)
            cache.extend(number, key, value)
            # Heads that share keys become queries of one head: nothing is repeated.
            mixed = cache.attend(number, _unflatten(query, 1, self.model.shape.kv_heads)[:, :, :, 0])
            x = _finished(layer, x, mixed.flatten(1)[:, None])
        cache.used += 1
        return self._logits(x)

    def _read(self, ids: Tensor, pads: Tensor) -> tuple[Tensor, Tensor]:
        slots = torch.arange(ids.shape[1], device=ids.device)
        rotation = self._at((slots - pads[:, None]).clamp(min=0))
        seen = (slots <= slots[:, None]) & (slots >= pads[:, None, None])
        # An empty slot sees itself: a row of the mask without any would give NaN, which spreads.
        mask = (seen | (slots == slots[:, None]))[:, None]
        x, shared = self.model.model.embed_tokens(ids), []
        for layer in self.model.model.layers:
            assert isinstance(layer, Layer)
            query, key, value = self._projected(layer, x, rotation)
            mixed = functional.scaled_dot_product_attention(
                query, key, value, attn_mask=mask, enable_gqa=True
            )
            x = _finished(layer, x, mixed.transpose(1, 2).flatten(2))
            shared.append(torch.stack((key, value)))
        return self._logits(x), torch.stack(shared)

    def _projected(
        self, layer: Layer, x: Tensor, rotation: tuple[Tensor, Tensor]
    ) -> tuple[Tensor, Tensor, Tensor]:
        """Queries, keys and values of new tokens, (rows, heads, new, head_width)."""
        heads, kv_heads = self.model.shape.heads, self.model.shape.kv_heads
        qkv = _unflatten(layer.self_attn.qkv_proj(layer.input_layernorm(x)), 2, heads + 2 * kv_heads)
        turned = rotate(qkv[:, :, : heads + kv_heads], rotation).transpose(1, 2)
        return turned[:, :heads], turned[:, heads:], qkv[:, :, heads + kv_heads :].transpose(1, 2)

    def _at(self, places: Tensor) -> tuple[Tensor, Tensor]:
        cos, sin = self._rotation
        return cos[places], sin[places]

    def _logits(self, x: Tensor) -> Tensor:
        logits: Tensor = self.model.lm_head(self.model.model.norm(x[:, -1]))
        return logits.float()


def _finished(layer: Layer, x: Tensor, mixed: Tensor) -> Tensor:
    """The rest of a layer, once values are mixed."""
    x = x + layer.self_attn.o_proj(mixed)
    return x + layer.mlp(layer.post_attention_layernorm(x))  # type: ignore[no-any-return]


def _product(left: Tensor, right: Tensor) -> Tensor:
    """Matrix products over two leading dimensions, without the copies that broadcasting makes."""
    return _unflatten(torch.bmm(left.flatten(0, 1), right.flatten(0, 1)), 0, len(left))


def _unflatten(x: Tensor, dimension: int, size: int) -> Tensor:
    """Cuts a dimension in two, the first of them of that size."""
    shape = (*x.shape[:dimension], size, -1, *x.shape[dimension + 1 :])
    return x.reshape(shape)
