"""What a run costs before it runs: parameters, memory, floating point operations, tokens, steps, time."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from factory.errors import FactoryError
from trainer.attention import KEPT, QUERIES
from trainer.logprobs import LOGITS_AT_ONCE
from trainer.mixture import check_repetition, epochs_of
from trainer.model import Phi, Shape
from trainer.recipe import Recipe

GIB = 1 << 30
LAYOUTS = (1, 8, 64, 512)
"""Numbers of devices that a plan gives the memory for."""

SHARE_OF_PEAK = 0.45
"""Utilisation that a plan reckons with where no rate is given."""


@dataclass(frozen=True)
class Peak:
    """What a device can do at most: dense bfloat16 operations a second, as its maker states them."""

    name: str
    operations: float

    @classmethod
    def of(cls, device: torch.device) -> Peak | None:
        """The peak of a known GPU; None for others and for CPUs, whose peak nobody states."""
        if device.type != "cuda":
            return None
        name = torch.cuda.get_device_name(device)
        return next((peak for chip, peak in PEAKS.items() if chip in name), None)


PEAKS = {
    "H200": Peak("an H200's 989 TFLOP/s", 989e12),
    "H100": Peak("an H100's 989 TFLOP/s", 989e12),
    "A100": Peak("an A100's 312 TFLOP/s", 312e12),
}


@dataclass(frozen=True)
class Cost:
    """Floating point operations, forward and backward: of a token in the layers, of a token that is predicted in the
    output projection, and of a token for each token of its document in attention."""

    layers: float
    head: float
    attention: float

    @classmethod
    def of(cls, shape: Shape) -> Cost:
        """6 for each weight of a matrix that a token meets, and the causal half of attention."""
        a_layer = (
            shape.width * (shape.heads + 2 * shape.kv_heads) * shape.head_width
            + shape.width * shape.width
            + 3 * shape.width * shape.ffn
        )
        return cls(
            6.0 * shape.layers * a_layer,
            6.0 * shape.width * shape.vocabulary,
            6.0 * shape.layers * shape.width,
        )

    def of_documents(self, lengths: NDArray[np.int64], predicted: int) -> float:
        """The operations for documents of so many tokens, of which so many are predicted; a pair is one document."""
        wide = lengths.astype(np.float64)
        return float(self.layers * wide.sum() + self.head * predicted + self.attention * (wide**2).sum())


def parameters(shape: Shape) -> int:
    """Number of parameters, without making them."""
    with torch.device("meta"):
        return Phi(shape).parameter_count()


def pairs_and_steps(recipe: Recipe, pairs: int) -> tuple[int, int]:
    """How many pairs a DPO run goes through, over all epochs, and in how many steps."""
    if recipe.steps:
        return recipe.steps * recipe.batch_items, recipe.steps
    total = math.ceil(pairs * (recipe.epochs or 0))
    return total, math.ceil(total / recipe.batch_items)


def plan(
    recipe: Recipe,
    shape: Shape,
    steps: int,
    tokens: int,
    ranks: int,
    device: torch.device,
    rate: float | None = None,
) -> list[str]:
    """The model, the training and its cost in a few lines. `rate`: tokens a second over all devices, if known."""
    count, cost = parameters(shape), Cost.of(shape)
    in_matrices, in_attention = tokens * (cost.layers + cost.head), tokens * cost.attention * recipe.context
    operations = in_matrices + in_attention
    unit = "pairs" if recipe.stage == "dpo" else f"rows of {recipe.context:,} tokens"
    peak, warmup = PEAKS["H200"], recipe.optimiser.warmup
    time = (
        f"{_duration(tokens / rate)} at {rate:,.0f} tokens/s"
        if rate
        else f"{operations / peak.operations / SHARE_OF_PEAK / 3600:,.1f} device-hours at {SHARE_OF_PEAK:.0%} of"
        f" {peak.name}; give --rate for another"
    )
    return [
        f"model     {count:,} parameters, {shape.layers} layers, width {shape.width},"
        f" vocabulary {shape.vocabulary:,}, context {shape.context:,}, RoPE base {shape.rope_base:,.0f}",
        f"training  {steps:,} steps of {recipe.batch_items:,} {unit} on {ranks} {device.type},"
        f" about {tokens:,} tokens"
        + (f", all of them in the warm-up of {warmup:,}" if warmup >= steps else ""),
        *memory(recipe, shape, count, math.ceil(tokens / (steps * recipe.context * ranks)), ranks, device),
        f"compute   {operations:.2e} floating point operations"
        f" ({in_matrices / operations:.0%} in matrices, the rest in causal attention over whole rows)",
        f"time      {time}",
    ]


def memory(
    recipe: Recipe, shape: Shape, count: int, share: int, ranks: int, device: torch.device
) -> list[str]:
    """GiB on each device: of the state, for several layouts, and of what is kept for the backward pass of as many of
    a rank's `share` of rows as it holds at once."""
    lines = []
    spread = f"in copies on {recipe.shard} each" if recipe.shard else "spread over all"
    chosen = (recipe.weights, recipe.optimiser.states)
    for weights, states in {chosen: None, ("float32", "8bit"): None, ("bfloat16", "8bit"): None}:
        each = 2 * (4 if weights == "float32" else 2) + 2 * (4 if states == "float32" else 1)
        shares = ", ".join(
            f"{each * count / min(devices, recipe.shard or devices) / GIB:,.1f} on {devices}"
            for devices in (LAYOUTS if weights == "float32" else LAYOUTS[:1])
        )
        lines.append(
            f"memory    GiB a device of weights and gradients in {weights} and {states} moments, {spread}: {shares}"
        )
    rows = min(recipe.rows_at_once or share, share)
    narrow = copies(recipe, shape, ranks)
    whole = (activations(recipe, shape, rows, device, recompute=False) + narrow) / GIB
    # Where a step is one pass, copies are let go before the gradients come that are counted above, and are larger.
    left = narrow if rows < share else narrow // shape.layers
    again = (activations(recipe, shape, rows, device, recompute=True) + left) / GIB
    lines.append(
        f"memory    and about {whole:,.1f} of activations{f' and weights in {recipe.dtype}' if narrow else ''} for"
        f" {rows:,} row{'' if rows == 1 else 's'} at once, or {again:,.1f} with 'recompute: true'"
        + (", as it is" if recipe.recompute else "")
    )
    return lines


def activations(recipe: Recipe, shape: Shape, rows: int, device: torch.device, *, recompute: bool) -> int:
    """Bytes that are kept for the backward pass of full rows, with the logits of a chunk and their gradient.

    Without torch.compile, which keeps less. On a CPU documents are taken to be as long as their rows.
    """
    size = 2 if recipe.dtype == "bfloat16" else 4
    tokens = rows * recipe.context
    norm = (2 * 4 + size) * shape.width  # its input and what it made of it in float32, and what it gives
    # Queries, keys and values, the first two of them turned too, and what was mixed, by heads and by tokens.
    attention = size * (4 * shape.width + 3 * shape.kv_heads * shape.head_width)
    if device.type == "cpu":
        kept = min(recipe.context, KEPT)
        attention += size * shape.heads * (kept + min(kept, QUERIES)) * kept // (2 * recipe.context)
    a_layer = 2 * norm + attention + size * 4 * shape.ffn  # gate, up, the gate's SiLU and the product
    end = tokens * norm + 2 * 4 * min(tokens * shape.vocabulary, LOGITS_AT_ONCE)
    if recompute:  # what is at the end is gone when the first layer is made again
        return tokens * shape.layers * size * shape.width + max(tokens * a_layer, end)
    return tokens * shape.layers * a_layer + end


def copies(recipe: Recipe, shape: Shape, ranks: int) -> int:
    """Bytes of the weights that are held in the precision of the computation too: on one device of all that are
    multiplied, in shards of the embeddings, the output and two layers at a time."""
    if recipe.dtype in (recipe.weights, "float32"):
        return 0
    layers, output = round(Cost.of(shape).layers / 6), shape.vocabulary * shape.width
    return 2 * (layers + output if ranks == 1 else 2 * layers // shape.layers + 2 * output)


def plan_unbuilt(
    recipe: Recipe, missing: Sequence[Path], ranks: int, device: torch.device, rate: float | None
) -> list[str]:
    """The plan of a run whose snapshots or weights are not made yet, from the recipe's own numbers.

    Raises FactoryError where the recipe does not say enough, and for a source that is too small for its share.
    """
    if recipe.model is None or recipe.model.vocabulary is None:
        raise FactoryError(
            f"{missing[0]}: is not there yet. Make it first, or give 'model' with its vocabulary (such as"
            " 'model: 14B') for a plan without it"
        )
    settings = recipe.model.model_dump()
    shape = Shape(
        **settings | {"rope_base": recipe.rope_base or recipe.model.rope_base}, context=recipe.context
    )
    lines = [f"missing   {', '.join(map(str, missing))}: this plan takes the recipe's own numbers"]
    if recipe.stage == "dpo":
        known = {name: source.pairs for name, source in recipe.sources.items() if source.pairs}
        if recipe.epochs is not None and len(known) < len(recipe.sources):
            raise FactoryError(
                f"{missing[0]}: is not there yet, so 'epochs' says nothing; give 'steps', or a mixture with the 'pairs'"
                " of each source"
            )
        total, steps = pairs_and_steps(recipe, sum(known.values()))
        tokens = total * recipe.context
        lines += [f"mixture   {name}: {pairs:,} pairs" for name, pairs in known.items()]
        lines.append(
            f"mixture   each pair is reckoned with at {recipe.context:,} tokens, the most that it can have"
        )
    else:
        if recipe.planned_steps is None:
            raise FactoryError(
                f"{missing[0]}: is not there yet, so 'epochs' says nothing; give 'tokens' or 'steps'"
            )
        steps, tokens = recipe.planned_steps, recipe.planned_steps * recipe.batch_items * recipe.context
        for name, source in recipe.sources.items():
            if source.unique is not None:
                epochs = epochs_of(tokens, source.share or 1, source.unique)
                check_repetition(name, source, source.unique, epochs)
                lines.append(
                    f"mixture   {name}: {source.share or 1:.1%} of the tokens, {source.unique:,} unique,"
                    f" {epochs:.1f} epochs"
                )
    return [*lines, *plan(recipe, shape, steps, tokens, ranks, device, rate)]


def _duration(seconds: float) -> str:
    for unit, size in (("years", 365 * 86400), ("days", 86400), ("hours", 3600), ("minutes", 60)):
        if seconds >= 2 * size:
            return f"{seconds / size:,.1f} {unit}"
    return f"{seconds:,.1f} seconds"
