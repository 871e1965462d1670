"""Mixtures: which documents of which source a run sees, how often, and in what order.

Shares are of tokens, and epochs follow from them: epochs = tokens x share / unique (phi-4 report, the table of
pretraining data). The order of a source is a keyed permutation of its documents for each epoch, computed for
any index by itself, so nothing has to be shuffled, kept or repeated to go on in the middle.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from factory.errors import FactoryError
from trainer.recipe import SourceSettings
from trainer.tokens import Corpus

ROUNDS = 4
_ODD = np.uint64(0x9E3779B97F4A7C15)


def epochs_of(tokens: float, share: float, unique: float) -> float:
    """How often a source of `unique` tokens is gone through in a run of `tokens`."""
    return tokens * share / unique


@dataclass(frozen=True)
class Library:
    """The documents of several corpora under one numbering, those of the first corpus first."""

    corpora: tuple[Corpus, ...]

    @cached_property
    def starts(self) -> list[int]:
        """The number of each corpus's first document."""
        return [0, *np.cumsum([len(corpus.targets) for corpus in self.corpora])[:-1].tolist()]

    @cached_property
    def lengths(self) -> NDArray[np.int64]:
        """Tokens of each document."""
        return np.concatenate([corpus.lengths for corpus in self.corpora])

    @cached_property
    def targets(self) -> NDArray[np.int64]:
        """Tokens of each document that are learnt."""
        return np.concatenate([corpus.targets for corpus in self.corpora])

    def document(self, number: int) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
        """The ids of a document, and which of them are learnt."""
        which = int(np.searchsorted(self.starts, number, side="right")) - 1
        corpus, own = self.corpora[which], number - self.starts[which]
        begin, end = corpus.bounds[own], corpus.bounds[own + 1]
        return corpus.ids[begin:end].astype(np.int64), corpus.learnt[begin:end]


@dataclass(frozen=True)
class Part:
    """A source of a mixture. `entries`: its documents of one epoch, those weighted up several times."""

    name: str
    entries: NDArray[np.int64]
    unique: int
    epochs: float

    @property
    def drawn(self) -> int:
        """Documents that the run draws, over all epochs: at least one of every source."""
        return max(1, round(self.epochs * len(self.entries)))


@dataclass(frozen=True)
class Drawn:
    """What a run draws from its sources, spread evenly from its first document to its last."""

    parts: tuple[Part, ...]
    seed: int

    @property
    def documents(self) -> int:
        """Documents of the whole run."""
        return sum(part.drawn for part in self.parts)

    @property
    def epochs(self) -> float:
        """How often the sources are gone through, averaged by their tokens."""
        unique = sum(part.unique for part in self.parts)
        return sum(part.epochs * part.unique for part in self.parts) / unique

    def block(self, number: int, blocks: int) -> NDArray[np.int64]:
        """The documents of one of `blocks` equal parts of the run, or of one after them: of every source its share."""
        found = []
        for place, part in enumerate(self.parts):
            first, last = (part.drawn * at // blocks for at in (number, number + 1))
            epoch, index = np.divmod(np.arange(first, last), len(part.entries))
            for one in np.unique(epoch):
                there = shuffled(index[epoch == one], len(part.entries), (self.seed, place, int(one)))
                found.append(part.entries[there])
        return np.concatenate(found)


def draw(
    sources: Mapping[str, SourceSettings],
    library: Library,
    seed: int,
    *,
    tokens: int | None = None,
    epochs: float | None = None,
) -> Drawn:
    """What a run of `tokens`, or of `epochs` over one source, draws from each source.

    Raises FactoryError for a source without documents long enough, or one too small for its share.
    """
    parts = []
    for (name, source), corpus, start in zip(sources.items(), library.corpora, library.starts, strict=True):
        lengths, origins = corpus.lengths, corpus.origins
        chosen = np.flatnonzero(origins >= source.shortest)
        if not len(chosen):
            raise FactoryError(
                f"mixture.{name}: none of the {len(lengths):,} documents of {source.snapshot} has"
                f" {source.shortest} tokens (the longest has {origins.max()}); lower 'shortest'"
            )
        unique = int(lengths[chosen].sum())
        copies = np.ones(len(chosen), dtype=np.int64)
        if source.upweight is not None:
            copies[origins[chosen] >= source.upweight.over] = source.upweight.by
            chosen = np.repeat(chosen, copies)
        an_epoch = int(lengths[chosen].sum())
        wanted = epochs if tokens is None else epochs_of(tokens, source.share or 1, an_epoch)
        assert wanted is not None  # the recipe was checked
        check_repetition(name, source, unique, wanted * int(copies.max()))
        parts.append(Part(name, chosen + start, unique, wanted))
    return Drawn(tuple(parts), seed)


def check_repetition(name: str, source: SourceSettings, unique: float, epochs: float) -> None:
    """Raises FactoryError where documents of a source, also those weighted up, would be repeated too often."""
    if source.most_epochs is not None and epochs > source.most_epochs:
        enough = unique * epochs / source.most_epochs
        raise FactoryError(
            f"mixture.{name}: its share of {source.share or 1:g} would repeat documents of its {unique:,.0f} tokens"
            f" {epochs:.1f} times, and most_epochs is {source.most_epochs:g}. It needs {enough:,.0f} tokens:"
            " build more of it, or lower its share"
        )


def shuffled(index: NDArray[np.int64], size: int, key: Sequence[int]) -> NDArray[np.int64]:
    """Where a permutation of ``range(size)``, decided by `key`, sends each index.

    A Feistel network over the next power of four; what falls outside is sent on until it is inside.
    """
    half = np.uint64(max((size - 1).bit_length() + 1, 2) // 2)
    mask = (np.uint64(1) << half) - np.uint64(1)
    rounds = np.random.SeedSequence(key).generate_state(ROUNDS, np.uint64)
    place = index.astype(np.uint64)
    outside = np.ones(len(place), dtype=np.bool_)
    while outside.any():
        left, right = place[outside] >> half, place[outside] & mask
        for one in rounds:
            left, right = right, left ^ (_mixed(right + one) & mask)
        place[outside] = (left << half) | right
        outside = place >= size
    return place.astype(np.int64)


def _mixed(x: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """A hash of 64 bits in which every bit of the input counts."""
    x = (x ^ (x >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    x = (x ^ (x >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return (x ^ (x >> np.uint64(31))) * _ODD
