"""What a run needs before its first step: snapshot, tokenizer, tokens, order, model, length."""

from __future__ import annotations

import fcntl
import math
import os
import shutil
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from itertools import chain
from pathlib import Path

import torch

from factory.errors import FactoryError
from factory.records import content_hash
from trainer.data import Snapshot
from trainer.export import read_model, read_shape
from trainer.mixture import Library, draw
from trainer.model import Phi, Shape
from trainer.packing import Order
from trainer.pairs import PairOrder, Pairs, tokenise_pairs
from trainer.plan import pairs_and_steps, plan
from trainer.recipe import Recipe
from trainer.tokenizer import ChatTokenizer
from trainer.tokens import Corpus, tokenise, told_left_out
from trainer.world import World

PADDED_TO = 64
"""The vocabulary is padded to a multiple of this, which matrix units like."""


@dataclass(frozen=True)
class Output:
    """Where a run puts what."""

    folder: Path

    @property
    def checkpoints(self) -> Path:
        """One folder a checkpoint."""
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
    def reference(self) -> Path:
        """Of pairs: their log-probabilities under the model before training."""
        return self.folder / "reference.npy"

    @property
    def metrics(self) -> Path:
        """One JSON line a step."""
        return self.folder / "metrics.jsonl"

    @property
    def export(self) -> Path:
        """The trained model, as transformers reads it."""
        return self.folder / "export"

    @contextmanager
    def held(self) -> Iterator[None]:
        """Keeps other runs out of the folder, and leaves none where nothing was written. Raises FactoryError where a
        run is in it already."""
        new = not self.folder.exists()
        self.folder.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(self.folder, os.O_RDONLY)
        try:
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError as error:
                raise FactoryError(
                    f"{self.folder}: another run is writing there; wait for its end, or name another output"
                ) from error
            yield
        finally:
            os.close(descriptor)
            if new:
                with suppress(OSError):  # it is not empty
                    self.folder.rmdir()

    def clear(self) -> None:
        """Removes what an earlier run left, and nothing else that may lie in the folder."""
        for folder in (self.checkpoints, self.tokenizer, self.tokens, self.export):
            shutil.rmtree(folder, ignore_errors=True)
        for file in (self.metrics, self.reference):
            file.unlink(missing_ok=True)


@dataclass(frozen=True)
class Data:
    """The snapshots of a run, its tokenizer, its rows in their order, and how many steps they make."""

    snapshots: Mapping[str, Snapshot]
    tokenizer: ChatTokenizer
    work: Order | PairOrder
    counts: Mapping[str, int]
    fingerprint: str
    steps: int


def open_snapshots(recipe: Recipe) -> dict[str, Snapshot]:
    """The snapshots that a recipe names, checked. Raises FactoryError that says what to do about one."""
    return {
        name: Snapshot.open(source.snapshot, allow_rehearsal=recipe.allow_rehearsal)
        for name, source in recipe.sources.items()
    }


def unbuilt(recipe: Recipe) -> list[Path]:
    """What a recipe names and is not there yet: snapshots, and the weights it starts from."""
    wanted = {source.snapshot: "manifest.json" for source in recipe.sources.values()}
    if recipe.start is not None:
        wanted[recipe.start] = "config.json"
    return [folder for folder, file in wanted.items() if not (folder / file).is_file()]


def prepare(
    recipe: Recipe, snapshots: Mapping[str, Snapshot], output: Output, world: World, *, reuse: bool
) -> Data:
    """Makes tokenizer and tokens (the first rank does, the others wait) and the order of the rows.

    `reuse` keeps the tokenizer that the output holds, as a run that goes on must.
    """
    folders = {name: output.tokens / name for name in snapshots}
    write = tokenise_pairs if recipe.stage == "dpo" else tokenise
    if world.first:
        tokenizer = _tokenizer(recipe, snapshots, output, reuse=reuse)
        tokenizer.write(output.tokenizer)
        for name, snapshot in snapshots.items():
            write(snapshot, tokenizer, folders[name], context=recipe.context, long=recipe.long)
    world.wait()
    tokenizer = ChatTokenizer.read(output.tokenizer)
    if recipe.stage == "dpo":
        parts = {name: Pairs.open(folder) for name, folder in folders.items()}
        pairs = Pairs.joined(parts, recipe.sources, recipe.seed)
        total, steps = pairs_and_steps(recipe, len(pairs.sizes))
        work = PairOrder(pairs, recipe.context, recipe.seed, total)
        return Data(snapshots, tokenizer, work, pairs.counts, pairs.fingerprint, steps)
    library = Library(tuple(Corpus.open(folder) for folder in folders.values()))
    counts: Counter[str] = Counter()
    for corpus in library.corpora:
        counts.update(corpus.counts)
    fingerprint = content_hash([corpus.fingerprint for corpus in library.corpora])
    order = _order(recipe, library)
    steps = recipe.planned_steps or math.ceil((order.total_rows or 0) / recipe.batch_items)
    return Data(snapshots, tokenizer, order, counts, fingerprint, steps)


def _order(recipe: Recipe, library: Library) -> Order:
    """A run of so many steps draws as many tokens as full rows hold."""
    tokens = (
        None if recipe.planned_steps is None else recipe.planned_steps * recipe.batch_items * recipe.context
    )
    drawn = draw(recipe.sources, library, recipe.seed, tokens=tokens, epochs=recipe.epochs)
    return Order(library, drawn, recipe.context, recipe.seed, whole=tokens is None)


def shape_for(recipe: Recipe, tokenizer: ChatTokenizer) -> Shape:
    """The model's shape. Raises FactoryError when the tokenizer or the context does not fit it."""
    if recipe.start is not None:
        shape = read_shape(recipe.start)
        _check_start(recipe, shape)
        if recipe.rope_base is not None:
            longest = max(recipe.context, shape.context)
            shape = replace(shape, rope_base=recipe.rope_base, context=longest)
        if recipe.context > shape.context:
            raise FactoryError(
                f"context is {recipe.context} tokens, but {recipe.start} was made for {shape.context}; lower it, or"
                " give a 'rope_base' for the longer context (phi-4: 250000 for 16K)"
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


def _check_start(recipe: Recipe, shape: Shape) -> None:
    """Raises FactoryError where the recipe says of which shape its weights are, and they are of another."""
    if recipe.model is None:
        return
    for name, wanted in recipe.model.model_dump(exclude={"rope_base", "vocabulary"}).items():
        if getattr(shape, name) != wanted:
            raise FactoryError(
                f"{recipe.start}: its weights have {name} {getattr(shape, name)}, and model.{name} is {wanted}; start"
                " from others, or leave 'model' out"
            )


def new_model(recipe: Recipe, shape: Shape, device: torch.device) -> Phi:
    """The model before its first step; from scratch, its weights are drawn on `device` from the recipe's seed."""
    if recipe.start is not None:
        return read_model(recipe.start, shape)
    torch.manual_seed(recipe.seed)
    with device:
        return Phi(shape)


def describe(recipe: Recipe, data: Data, shape: Shape, world: World, rate: float | None = None) -> list[str]:
    """The run in a few lines: what it trains, on what, and for how long."""
    lines = _pair_lines(data.work) if isinstance(data.work, PairOrder) else _order_lines(data.work)
    if left_out := told_left_out(data.counts):
        lines[0] += f"; left out or cut: {left_out}"
    return [
        *(_snapshot_line(name, snapshot) for name, snapshot in data.snapshots.items()),
        *lines,
        *plan(recipe, shape, data.steps, trained_tokens(recipe, data), world.size, world.device, rate),
    ]


def trained_tokens(recipe: Recipe, data: Data) -> int:
    """About how many tokens a run will have computed."""
    if isinstance(data.work, PairOrder):
        return round(float(data.work.pairs.lengths.mean()) * data.work.total)
    rows = data.work.total_rows or data.steps * recipe.batch_items
    return round(rows * recipe.context * data.work.fullness())


def _snapshot_line(name: str, snapshot: Snapshot) -> str:
    manifest = snapshot.manifest
    kinds = ", ".join(f"{count:,} {kind}" for kind, count in snapshot.rows_by_kind().items())
    warning = ", rehearsal rows: they teach nothing" if manifest.rehearsal else ""
    return f"{name:<9} {snapshot.folder}: {manifest.rows:,} rows ({kinds}){warning}"


def _order_lines(order: Order) -> list[str]:
    library, parts = order.library, order.drawn.parts
    told = [
        f"data      {len(library.lengths):,} documents, {int(library.lengths.sum()):,} tokens,"
        f" {int(library.targets.sum()):,} of them learnt; rows of {order.context:,} tokens are"
        f" {order.fullness():.1%} full",
    ]
    return told + [
        f"mixture   {part.name}: {part.unique:,} unique tokens, {part.epochs:.2f} epochs" for part in parts
    ]


def _pair_lines(order: PairOrder) -> list[str]:
    sizes = order.pairs.sizes
    pivotal = int((sizes[:, 1:] == 1).all(axis=1).sum())
    return [
        f"data      {len(sizes):,} pairs, {pivotal:,} of them of single tokens; a pair takes"
        f" {order.pairs.lengths.mean():,.0f} positions on average"
    ]


def _tokenizer(
    recipe: Recipe, snapshots: Mapping[str, Snapshot], output: Output, *, reuse: bool
) -> ChatTokenizer:
    if reuse and output.tokenizer.is_dir():
        return ChatTokenizer.read(output.tokenizer)
    settings = recipe.tokenizer
    if settings is None:
        assert recipe.start is not None  # the recipe was checked
        return ChatTokenizer.read(recipe.start)
    if settings.folder is not None:
        tokenizer = ChatTokenizer.read(settings.folder)
        if recipe.start is not None and (recipe.start / "tokenizer.json").is_file():
            _check_tokenizer(tokenizer, ChatTokenizer.read(recipe.start), recipe.start)
        return tokenizer
    assert settings.size is not None
    texts = chain.from_iterable(snapshot.texts() for snapshot in snapshots.values())
    return ChatTokenizer.train(texts, settings.size)


def _check_tokenizer(tokenizer: ChatTokenizer, known: ChatTokenizer, start: Path) -> None:
    """Raises FactoryError where an id means something else than to the weights of `start`; new ones may be added."""
    vocabulary = tokenizer.backend.get_vocab()
    for token, number in known.backend.get_vocab().items():
        if vocabulary.get(token) != number:
            raise FactoryError(
                f"tokenizer.folder: the weights of {start} know {token!r} as token {number}, and this tokenizer as"
                f" {vocabulary.get(token, 'none')}; leave 'tokenizer' out, or start from weights that know it"
            )
