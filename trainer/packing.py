"""Packing documents into rows of equal length, and the order in which a run sees the rows.

The order follows from (seed, epoch, index) alone: the number of ranks plays no part, and the state of the
data is two integers, a `Place`.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, NamedTuple, Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from trainer.mixture import Drawn, Library

BLOCK = 1 << 16
"""Documents that are packed together: enough to fill rows, few enough to pack in a blink."""

Row = tuple[int, ...]
"""The documents of one packed row, by number."""


class Place(NamedTuple):
    """How far a run has come in its data: the block and the row in it; for pairs, the epoch and the pair."""

    block: int = 0
    row: int = 0


class Work(Protocol):
    """The rows of a run in their order, the same on every machine."""

    def take(self, place: Place, count: int) -> tuple[list[Row], Place]:
        """The rows of the next `count` items after a place, and the place behind them; fewer at the end."""
        ...

    def epochs(self, place: Place) -> float:
        """How often the data was gone through, on average, up to a place."""
        ...

    def targets(self, rows: Sequence[Row]) -> int:
        """What the mean loss of these rows is a mean over: tokens that are learnt, or pairs."""
        ...

    def predicted(self, rows: Sequence[Row]) -> int:
        """How many tokens of these rows the model is asked for."""
        ...

    def lengths(self, rows: Sequence[Row]) -> NDArray[np.int64]:
        """Tokens of each document, or pair, of these rows."""
        ...


@dataclass(frozen=True)
class Batch:
    """Packed rows: tensors (rows, context), then one entry for each token that is learnt.

    `before`: the flat place of the state that predicts it; `tokens`: its id.
    """

    ids: Tensor
    positions: Tensor
    documents: Tensor
    before: Tensor
    tokens: Tensor

    def to(self, device: torch.device) -> Batch:
        """The same on another device."""
        return Batch(*(tensor.to(device, non_blocking=True) for tensor in vars(self).values()))


def pack(lengths: NDArray[np.int64], context: int, seed: int, block: int) -> list[Row]:
    """Best-fit decreasing: each document goes where the least room is left over; no document is split.

    Among documents of one length, and among the rows, the order is drawn from (seed, block). Raises ValueError
    for a document longer than `context`. (Best-fit packing: Ding et al. 2024, arXiv 2404.10830.)
    """
    if len(lengths) and int(lengths.max()) > context:
        raise ValueError(f"a document of {int(lengths.max())} tokens does not fit a row of {context}")
    random = np.random.default_rng((seed, block))
    shuffled = random.permutation(len(lengths))
    ordered = shuffled[np.argsort(-lengths[shuffled], kind="stable")]
    rows: list[list[int]] = []
    open_rows: list[list[int]] = [[] for _ in range(context + 1)]  # by the room that is left
    rooms = 0  # bit r is set where a row with room for r tokens is open
    for document, length in zip(ordered.tolist(), lengths[ordered].tolist(), strict=True):
        fitting = rooms >> length
        if fitting:
            room = length + (fitting & -fitting).bit_length() - 1
            row = open_rows[room].pop()
            if not open_rows[room]:
                rooms ^= 1 << room
            rows[row].append(document)
        else:
            room, row = context, len(rows)
            rows.append([document])
        if room - length:
            open_rows[room - length].append(row)
            rooms |= 1 << (room - length)
    return [tuple(rows[place]) for place in random.permutation(len(rows))]


class Order:
    """The packed rows of a run over the documents that its mixture draws, block by block.

    With `whole`, every document that is drawn is used, and the number of rows is known; without, a run takes as many
    rows as it has steps for, and the mixture goes on where short documents, by chance, fill fewer.
    """

    def __init__(self, library: Library, drawn: Drawn, context: int, seed: int, *, whole: bool) -> None:
        self.library, self.drawn, self.context = library, drawn, context
        self._lengths = library.lengths
        self.blocks = max(1, math.ceil(drawn.documents / BLOCK))

        def packed(block: int) -> list[Row]:
            documents = drawn.block(block, self.blocks)
            rows = pack(self._lengths[documents], context, seed, block)
            return [tuple(documents[list(row)].tolist()) for row in rows]

        self._packed = lru_cache(maxsize=2)(packed)
        self.total_rows = sum(len(packed(block)) for block in range(self.blocks)) if whole else None

    def take(self, place: Place, count: int) -> tuple[list[Row], Place]:
        """See Work."""
        rows: list[Row] = []
        while len(rows) < count and (self.total_rows is None or place.block < self.blocks):
            block = self._packed(place.block)
            taken = block[place.row : place.row + count - len(rows)]
            rows += taken
            ended = place.row + len(taken) >= len(block)
            place = Place(place.block + 1) if ended else Place(place.block, place.row + len(taken))
        return rows, place

    def epochs(self, place: Place) -> float:
        """See Work."""
        part = place.row / len(self._packed(place.block)) if place.row else 0.0
        return (place.block + part) / self.blocks * self.drawn.epochs

    def fullness(self) -> float:
        """The share of the rows that holds tokens, in the first block."""
        rows = self._packed(0)
        return float(self.lengths(rows).sum()) / len(rows) / self.context

    def targets(self, rows: Sequence[Row]) -> int:
        """See Work."""
        return int(self.library.targets[numbers(rows)].sum())

    def predicted(self, rows: Sequence[Row]) -> int:
        """See Work."""
        return self.targets(rows)

    def lengths(self, rows: Sequence[Row]) -> NDArray[np.int64]:
        """See Work."""
        return self._lengths[numbers(rows)]

    def batch(self, rows: Sequence[Row], device: torch.device) -> Batch:
        """Lays the documents of each row out one after another, each without its last token, which is predicted and
        never read. Room that is left is its own document, -1."""
        sizes = [int(self.lengths([row]).sum()) - len(row) for row in rows]
        starts, shape = layout(sizes, self.context, device)
        ids, positions, after = (np.zeros(shape, dtype=np.int64) for _ in range(3))
        documents, learnt = np.full(shape, -1, dtype=np.int64), np.zeros(shape, dtype=np.bool_)
        flat = [array.reshape(-1) for array in (ids, positions, after, documents, learnt)]
        for at, row in zip(starts, rows, strict=True):
            for document in row:
                tokens, wanted = self.library.document(document)
                end = at + len(tokens) - 1
                laid: tuple[Any, ...] = (tokens[:-1], np.arange(end - at), tokens[1:], at, wanted[1:])
                for array, values in zip(flat, laid, strict=True):
                    array[at:end] = values
                at = end
        before = np.flatnonzero(learnt)
        arrays = (ids, positions, documents, before, after.ravel()[before])
        return Batch(*map(torch.from_numpy, arrays)).to(device)


def layout(tokens: Sequence[int], context: int, device: torch.device) -> tuple[list[int], tuple[int, int]]:
    """Where each row begins among all places, and the shape that they are laid out in.

    On a GPU rows of one length, which compiled code likes; on a CPU one row without room, since attention goes
    document by document there.
    """
    if device.type == "cuda":
        return [number * context for number in range(len(tokens))], (len(tokens), context)
    ends = [0, *itertools.accumulate(tokens)]
    return ends[:-1], (1, max(ends[-1], 1))


def numbers(rows: Sequence[Row]) -> list[int]:
    """The documents, or pairs, of some rows, one after another."""
    return list(itertools.chain.from_iterable(rows))
