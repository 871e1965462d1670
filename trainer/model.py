"""The phi-4 architecture with the parameter names of transformers' Phi3ForCausalLM (phi-4 report, section 3).

Rows are packed: `documents` numbers the document of each token, and attention never leaves a document.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional
from torch.utils.checkpoint import checkpoint

from trainer.attention import Seen, attend, seen_by
from trainer.logprobs import token_logprobs


@dataclass(frozen=True)
class Shape:
    """What decides the parameters and how they are used. `context` is the longest document."""

    layers: int
    width: int
    heads: int
    kv_heads: int
    ffn: int
    vocabulary: int
    context: int
    rope_base: float = 10_000.0
    norm_eps: float = 1e-5
    tied: bool = False

    @property
    def head_width(self) -> int:
        """Channels of one head."""
        return self.width // self.heads


class Norm(nn.Module):
    """Root mean square norm, computed in float32; what goes on has the input's precision."""

    def __init__(self, width: int, eps: float) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.ones(width))
        self.eps = eps

    def forward(self, x: Tensor) -> Tensor:
        """(..., width) of (..., width)."""
        wide = x.float()
        return (self.weight * (wide * torch.rsqrt(wide.square().mean(-1, keepdim=True) + self.eps))).to(
            x.dtype
        )


class Attention(nn.Module):
    """Grouped-query attention; queries, keys and values come from one fused projection."""

    def __init__(self, shape: Shape) -> None:
        super().__init__()
        self.shape = shape
        self.qkv_proj = nn.Linear(
            shape.width, (shape.heads + 2 * shape.kv_heads) * shape.head_width, bias=False
        )
        self.o_proj = nn.Linear(shape.width, shape.width, bias=False)

    def forward(
        self, x: Tensor, rotation: tuple[Tensor, Tensor], seen: Seen, wanted: Tensor | None = None
    ) -> Tensor:
        """What each token mixes, (rows, length, width), or (places, width) of those `wanted`."""
        qkv = self.qkv_proj(x).unflatten(-1, (-1, self.shape.head_width))
        mixed = attend(qkv, rotation, seen, self.shape.kv_heads)
        return self.o_proj(at_places(mixed.flatten(2), wanted))  # type: ignore[no-any-return]


class FeedForward(nn.Module):
    """SwiGLU; gate and up come from one fused projection."""

    def __init__(self, shape: Shape) -> None:
        super().__init__()
        self.gate_up_proj = nn.Linear(shape.width, 2 * shape.ffn, bias=False)
        self.down_proj = nn.Linear(shape.ffn, shape.width, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        """(..., width) of (..., width), by way of (..., 2 ffn)."""
        gate, up = self.gate_up_proj(x).chunk(2, dim=-1)
        return self.down_proj(functional.silu(gate) * up)  # type: ignore[no-any-return]


class Layer(nn.Module):
    """One pre-norm transformer layer. With `recompute`, the backward pass makes its activations again.

    `wanted` are flat places of the rows: what comes after attention is computed, and given, for them alone.
    """

    def __init__(self, shape: Shape) -> None:
        super().__init__()
        self.recompute = False
        self.self_attn = Attention(shape)
        self.mlp = FeedForward(shape)
        self.input_layernorm = Norm(shape.width, shape.norm_eps)
        self.post_attention_layernorm = Norm(shape.width, shape.norm_eps)

    def forward(
        self, x: Tensor, rotation: tuple[Tensor, Tensor], seen: Seen, wanted: Tensor | None = None
    ) -> Tensor:
        """(rows, length, width) of (rows, length, width), or (places, width) of those `wanted`."""
        if self.recompute and torch.is_grad_enabled():
            again: Tensor = checkpoint(self._forward, x, rotation, seen, wanted, use_reentrant=False)
            return again
        return self._forward(x, rotation, seen, wanted)

    def _forward(
        self, x: Tensor, rotation: tuple[Tensor, Tensor], seen: Seen, wanted: Tensor | None
    ) -> Tensor:
        x = at_places(x, wanted) + self.self_attn(self.input_layernorm(x), rotation, seen, wanted)
        return x + self.mlp(self.post_attention_layernorm(x))  # type: ignore[no-any-return]


class Trunk(nn.Module):
    """All but the output projection."""

    def __init__(self, shape: Shape) -> None:
        super().__init__()
        self.embed_tokens = nn.Embedding(shape.vocabulary, shape.width)
        self.layers = nn.ModuleList(Layer(shape) for _ in range(shape.layers))
        self.norm = Norm(shape.width, shape.norm_eps)


class Phi(nn.Module):
    """The model. Its state dict is the one of Phi3ForCausalLM."""

    def __init__(self, shape: Shape) -> None:
        super().__init__()
        self.shape = shape
        self.model = Trunk(shape)
        self.lm_head = nn.Linear(shape.width, shape.vocabulary, bias=False)
        self.tie()
        self.apply(_initialise)

    def tie(self) -> None:
        """Where the shape says so, one weight embeds tokens and predicts them."""
        if self.shape.tied:
            self.lm_head.weight = self.model.embed_tokens.weight

    def prepare(self, *, recompute: bool, compiled: bool) -> None:
        """How the layers are computed: activations made again in the backward pass, and torch.compile."""
        for layer in self.model.layers:
            assert isinstance(layer, Layer)
            layer.recompute = recompute
            if compiled:
                layer.compile()

    def hidden(
        self,
        ids: Tensor,
        positions: Tensor,
        documents: Tensor,
        branches: Tensor | None = None,
        wanted: Tensor | None = None,
    ) -> Tensor:
        """The last hidden states, (rows, length, width), of packed rows; all inputs are (rows, length).

        `positions` start at 0 in each document; `documents` tell a row's documents apart, and `branches` the
        trunk of a document (0) from what goes on from it in several ways. `wanted`: flat places of the rows; with
        them the states are theirs alone, (places, width).
        """
        x = self.model.embed_tokens(ids)
        if torch.is_autocast_enabled(ids.device.type):
            x = x.to(torch.get_autocast_dtype(ids.device.type))
        rotation = rotation_at(positions, self.shape)
        seen = seen_by(documents, branches)
        *layers, last = self.model.layers
        for layer in layers:
            x = layer(x, rotation, seen)
        if ids.is_cuda:  # compiled code wants what has one shape
            return at_places(self.model.norm(last(x, rotation, seen)), wanted)
        return self.model.norm(last(x, rotation, seen, wanted))  # type: ignore[no-any-return]

    def forward(self, ids: Tensor, positions: Tensor, documents: Tensor) -> Tensor:
        """Logits, (rows, length, vocabulary)."""
        return self.lm_head(self.hidden(ids, positions, documents))  # type: ignore[no-any-return]

    def logprobs(
        self,
        ids: Tensor,
        positions: Tensor,
        documents: Tensor,
        branches: Tensor | None,
        before: Tensor,
        tokens: Tensor,
    ) -> Tensor:
        """Log-probability, in float32, of each of `tokens` after the state at the flat place `before` of the rows.

        Logits are made for those places alone, some at a time.
        """
        places, which = torch.unique(before, return_inverse=True)
        hidden = self.hidden(ids, positions, documents, branches, places)
        return token_logprobs(hidden[which], self.lm_head.weight, tokens)

    def parameter_count(self) -> int:
        """Number of parameters; tied ones count once."""
        return sum(parameter.numel() for parameter in self.parameters())


def at_places(x: Tensor, places: Tensor | None) -> Tensor:
    """The states of (rows, length, width) at flat places, (places, width); all of them where there are none."""
    return x if places is None else x.flatten(0, 1)[places]


def rotation_at(positions: Tensor, shape: Shape) -> tuple[Tensor, Tensor]:
    """Cosine and sine of rotary embedding, (rows, length, 1, head_width), in float32."""
    channels = torch.arange(0, shape.head_width, 2, dtype=torch.float32, device=positions.device)
    frequencies = 1.0 / shape.rope_base ** (channels / shape.head_width)
    angles = positions[:, :, None, None].float() * frequencies
    angles = torch.cat((angles, angles), dim=-1)
    return angles.cos(), angles.sin()


def _initialise(module: nn.Module) -> None:
    if isinstance(module, (nn.Linear, nn.Embedding)):
        nn.init.normal_(module.weight, std=0.02)
