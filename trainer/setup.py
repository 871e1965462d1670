"""What a run needs before its first step: snapshot, tokenizer, tokens, order, model, length."""

from __future__ import annotations

import math
import shutil
from dataclasses import dataclass
from pathlib import Path

import torch

from factory.errors import FactoryError
from trainer.data import Corpus, Snapshot, tokenise
from trainer.export import read_model, read_shape
from trainer.model import Phi, Shape
from trainer.packing import Order
from trainer.recipe import Recipe
from trainer.tokenizer import ChatTokenizer
from trainer.world import World

PADDED_TO = 64
"""The vocabulary is padded to a multiple of this, which matrix units like."""


@dataclass(frozen=True)
class Output:
    """Where a run puts what."""

    folder: Path

    @property
    def checkpoints(self) -> Path:
        """One file a checkpoint."""
        return self.folder / "checkpoints"

    @property
    def tokenizer(self) -> Path:
        """The tokenizer in use."""
        return self.folder / "tokenizer"

    @property
    def tokens(self) -> Path:
        """The snapshot as tokens."""
        return self.folder / "tokens"

    @property
    def metrics(self) -> Path:
        """One JSON line a step."""
        return self.folder / "metrics.jsonl"

    @property
    def export(self) -> Path:
        """The trained model, as transformers reads it."""
        return self.folder / "export"

    def clear(self) -> None:
        """Removes what an earlier run left, and nothing else that may lie in the folder."""
        for folder in (self.checkpoints, self.tokenizer, self.tokens, self.export):
            shutil.rmtree(folder, ignore_errors=True)
        self.metrics.unlink(missing_ok=True)


@dataclass(frozen=True)
class Data:
    """A snapshot, its tokens, and how many packed rows of them a run uses."""

    snapshot: Snapshot
    tokenizer: ChatTokenizer
    corpus: Corpus
    order: Order
    total_rows: int
    steps: int


def prepare(recipe: Recipe, snapshot: Snapshot, output: Output, world: World, *, reuse: bool) -> Data:
    """Makes tokenizer and tokens (the first rank does, the others wait) and the order of the rows.

    `reuse` keeps the tokenizer that the output holds, as a run that goes on must.
    """
    if world.first:
        tokenizer = _tokenizer(recipe, snapshot, output, reuse=reuse)
        tokenizer.write(output.tokenizer)
        tokenise(snapshot, tokenizer, output.tokens, context=recipe.context, long=recipe.long)
    world.wait()
    corpus = Corpus.open(output.tokens)
    order = Order(corpus, recipe.context, recipe.seed)
    if recipe.steps is not None:
        steps, total_rows = recipe.steps, recipe.steps * recipe.batch_rows
    else:
        total_rows = math.ceil((recipe.epochs or 0) * order.rows_per_epoch)
        steps = math.ceil(total_rows / recipe.batch_rows)
    return Data(snapshot, ChatTokenizer.read(output.tokenizer), corpus, order, total_rows, steps)


def shape_for(recipe: Recipe, tokenizer: ChatTokenizer) -> Shape:
    """The model's shape. Raises FactoryError when the tokenizer or the context does not fit it."""
    if recipe.start is not None:
        shape = read_shape(recipe.start)
        if recipe.context > shape.context:
            raise FactoryError(
                f"context is {recipe.context} tokens, but {recipe.start} was made for {shape.context}; lower it"
            )
    else:
        assert recipe.model is not None  # the recipe was checked
        padded = -(-tokenizer.size // PADDED_TO) * PADDED_TO
        settings = recipe.model.model_dump(exclude={"vocabulary"})
        shape = Shape(**settings, vocabulary=recipe.model.vocabulary or padded, context=recipe.context)
    if shape.vocabulary < tokenizer.size:
        raise FactoryError(
            f"the model's vocabulary is {shape.vocabulary}, but the tokenizer has {tokenizer.size} tokens;"
            " raise model.vocabulary or take the model's own tokenizer"
        )
    return shape


def new_model(recipe: Recipe, shape: Shape) -> Phi:
    """The model before its first step; from scratch, its weights are drawn from the recipe's seed."""
    if recipe.start is not None:
        return read_model(recipe.start)
    torch.manual_seed(recipe.seed)
    return Phi(shape)


def describe(recipe: Recipe, data: Data, shape: Shape, world: World) -> list[str]:
    """The run in a few lines: what it trains, on what, and for how long."""
    with torch.device("meta"):
        parameters = Phi(shape).parameter_count()
    manifest, corpus = data.snapshot.manifest, data.corpus
    tokens, targets = int(corpus.bounds[-1]), int(corpus.targets.sum())
    rows, batch = data.order.rows_per_epoch, recipe.batch_rows
    kinds = ", ".join(f"{count:,} {kind}" for kind, count in data.snapshot.rows_by_kind().items())
    left_out = ", ".join(
        f"{count:,} {what}" for what, count in corpus.counts.items() if count and what != "documents"
    )
    a_rank = -(-batch // world.size)
    trained = round(data.total_rows * tokens / rows)
    return [
        f"snapshot  {data.snapshot.folder}: {manifest.rows:,} rows ({kinds})"
        + (", rehearsal rows: they teach nothing" if manifest.rehearsal else ""),
        f"data      {corpus.counts['documents']:,} documents, {tokens:,} tokens, {targets:,} of them learnt"
        + (f"; left out or cut: {left_out}" if left_out else ""),
        f"packing   {rows:,} rows of {recipe.context:,} tokens an epoch, {tokens / rows / recipe.context:.1%} full",
        f"model     {parameters:,} parameters, {shape.layers} layers, width {shape.width},"
        f" vocabulary {shape.vocabulary:,}",
        f"training  {data.steps:,} steps of {batch:,} rows (micro-batches: {-(-a_rank // recipe.rows_at_once)}"
        f" on each of {world.size} {world.device.type}), about {trained:,} tokens,"
        f" {data.total_rows / rows:.2f} epochs",
        f"compute   {6 * parameters * trained:.2e} floating point operations (6 x parameters x tokens)",
    ]


def _tokenizer(recipe: Recipe, snapshot: Snapshot, output: Output, *, reuse: bool) -> ChatTokenizer:
    if reuse and output.tokenizer.is_dir():
        return ChatTokenizer.read(output.tokenizer)
    settings = recipe.tokenizer
    if settings is None:
        assert recipe.start is not None  # the recipe was checked
        return ChatTokenizer.read(recipe.start)
    if settings.folder is not None:
        return ChatTokenizer.read(settings.folder)
    assert settings.size is not None
    return ChatTokenizer.train(snapshot.texts(), settings.size)
