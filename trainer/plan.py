"""What a run costs before it runs: parameters, memory, floating point operations, tokens, steps, time."""

from __future__ import annotations

from dataclasses import dataclass

import torch

from trainer.model import Phi, Shape
from trainer.recipe import Recipe
from trainer.world import World

GIB = 1 << 30
RATES = {"one core at 50 GFLOP/s": 5e10, "one H200 at 45% of 989 TFLOP/s": 0.45 * 989e12}
"""Floating point operations a second that a plan reckons with where no measured rate is given."""


@dataclass(frozen=True)
class Cost:
    """What one token costs, in floating point operations, forward and backward."""

    matrices: float
    attention: float

    @classmethod
    def of(cls, shape: Shape, context: int) -> Cost:
        """6 for each weight of a matrix that a token meets, and the causal half of attention over `context`."""
        a_layer = (
            shape.width * (shape.heads + 2 * shape.kv_heads) * shape.head_width
            + shape.width * shape.width
            + 3 * shape.width * shape.ffn
        )
        matrices = 6 * (shape.layers * a_layer + shape.width * shape.vocabulary)
        return cls(float(matrices), 6.0 * shape.layers * shape.width * context)

    @property
    def total(self) -> float:
        """Both."""
        return self.matrices + self.attention


def parameters(shape: Shape) -> int:
    """Number of parameters, without making them."""
    with torch.device("meta"):
        return Phi(shape).parameter_count()


def plan(
    recipe: Recipe, shape: Shape, steps: int, tokens: int, world: World, rate: float | None = None
) -> list[str]:
    """The model, the training and its cost in a few lines. `rate`: tokens a second, if known."""
    count, cost = parameters(shape), Cost.of(shape, recipe.context)
    operations = cost.total * tokens
    times = [f"{_duration(tokens / rate)} at {rate:,.0f} tokens/s"] if rate else []
    times += [f"{_duration(operations / speed)} on {name}" for name, speed in RATES.items() if not rate]
    unit = "pairs" if recipe.stage == "dpo" else f"rows of {recipe.context:,} tokens"
    return [
        f"model     {count:,} parameters, {shape.layers} layers, width {shape.width},"
        f" vocabulary {shape.vocabulary:,}, context {shape.context:,}, RoPE base {shape.rope_base:,.0f}",
        f"training  {steps:,} steps of {recipe.batch_items:,} {unit} on {world.size} {world.device.type},"
        f" about {tokens:,} tokens",
        f"memory    {memory(recipe, shape, count)}",
        f"compute   {operations:.2e} floating point operations ({cost.matrices / cost.total:.0%} in matrices, the"
        " rest in causal attention)",
        f"time      {', or '.join(times)}",
    ]


def memory(recipe: Recipe, shape: Shape, count: int) -> str:
    """GiB of weights, gradients and AdamW's two moments, all float32, and of what a rank keeps for backward."""
    state = 16 * count
    rows = recipe.rows_at_once or (1 if recipe.stage == "dpo" else recipe.batch_items)
    width = 2 if recipe.dtype == "bfloat16" else 4
    a_token = (
        shape.layers * (10 * shape.width + 2 * shape.head_width * shape.kv_heads + 4 * shape.ffn) * width
    )
    kept = rows * recipe.context * a_token
    return (
        f"{state / GIB:,.1f} GiB of weights, gradients and moments on every device, and about {kept / GIB:,.1f} GiB"
        f" of activations for {rows:,} rows at once"
    )


def _duration(seconds: float) -> str:
    for unit, size in (("years", 365 * 86400), ("days", 86400), ("hours", 3600), ("minutes", 60)):
        if seconds >= 2 * size:
            return f"{seconds / size:,.1f} {unit}"
    return f"{seconds:,.1f} seconds"
