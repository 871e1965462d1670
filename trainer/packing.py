"""Packing documents into rows of equal length, and the order in which a run sees the rows.

The order follows from (seed, epoch) alone: the number of ranks plays no part, and the state of the data is
one integer, the number of rows already used.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from trainer.data import Corpus

IGNORED = -100
"""The label of a position that has nothing to predict."""

Row = tuple[int, ...]
"""The documents of one packed row, by number."""


@dataclass(frozen=True)
class Batch:
    """Packed rows, every tensor (rows, context). `labels` are already shifted: the token that comes next."""

    ids: Tensor
    positions: Tensor
    documents: Tensor
    labels: Tensor

    def to(self, device: torch.device) -> Batch:
        """The same on another device."""
        return Batch(*(tensor.to(device, non_blocking=True) for tensor in vars(self).values()))


def pack(lengths: NDArray[np.int64], context: int, seed: int, epoch: int) -> list[Row]:
    """Best-fit decreasing: each document goes where the least room is left over; no document is split.

    Among documents of one length, and among the rows, the order is drawn from (seed, epoch). The number of
    rows is the same in every epoch, since it depends on the lengths alone. Raises ValueError for a document
    longer than `context`. (Best-fit packing: Ding et al. 2024, arXiv 2404.10830.)
    """
    if len(lengths) and int(lengths.max()) > context:
        raise ValueError(f"a document of {int(lengths.max())} tokens does not fit a row of {context}")
    random = np.random.default_rng((seed, epoch))
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
    """The endless sequence of packed rows of a run; row `n` is the same on every machine."""

    def __init__(self, corpus: Corpus, context: int, seed: int) -> None:
        self.corpus = corpus
        self.context = context
        self._lengths = corpus.lengths
        self._epoch = lru_cache(maxsize=2)(lambda epoch: pack(self._lengths, context, seed, epoch))
        self.rows_per_epoch = len(self._epoch(0))

    def rows(self, start: int, stop: int) -> list[Row]:
        """Rows `start` to `stop`, counted from the beginning of the run over all epochs."""
        places = (divmod(number, self.rows_per_epoch) for number in range(start, stop))
        return [self._epoch(epoch)[place] for epoch, place in places]

    def targets(self, rows: list[Row]) -> int:
        """How many tokens of these rows are learnt."""
        return int(self.corpus.targets[[document for row in rows for document in row]].sum())

    def tokens(self, rows: list[Row]) -> int:
        """How many tokens these rows hold, without the room that is left."""
        return int(self._lengths[[document for row in rows for document in row]].sum())

    def batch(self, rows: list[Row]) -> Batch:
        """Lays the documents of each row out one after another. Room that is left is its own document, -1."""
        shape = (len(rows), self.context)
        ids, positions = np.zeros(shape, dtype=np.int64), np.zeros(shape, dtype=np.int64)
        documents, labels = np.full(shape, -1, dtype=np.int64), np.full(shape, IGNORED, dtype=np.int64)
        corpus = self.corpus
        for place, row in enumerate(rows):
            at = 0
            for number, document in enumerate(row):
                begin, end = corpus.bounds[document], corpus.bounds[document + 1]
                tokens = corpus.ids[begin:end].astype(np.int64)
                until = at + len(tokens)
                ids[place, at:until] = tokens
                positions[place, at:until] = np.arange(len(tokens))
                documents[place, at:until] = number
                labels[place, at : until - 1] = np.where(corpus.learnt[begin + 1 : end], tokens[1:], IGNORED)
                at = until
        return Batch(*(torch.from_numpy(array) for array in (ids, positions, documents, labels)))
