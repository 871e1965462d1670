"""What passes between the core and the plugins that read, clean and check: offered by `factory.plugins`."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol, TypeAlias, TypeVar

from factory.records import Origin, Sample, Seed

Score: TypeAlias = float | int | str
T = TypeVar("T")


@dataclass(frozen=True)
class Found:
    """A seed that a source read, where, and what cleaners measured of it there."""

    seed: Seed
    origin: Origin
    scores: Mapping[str, Score] = field(default_factory=dict)

    def scored(self, **scores: Score) -> Found:
        """The same with scores added: they end in `origins.scores`, where SQL reads them."""
        return dataclasses.replace(self, scores={**self.scores, **scores})

    def changed(self, **content: Any) -> Found:
        """The same with other content (``text=...``): a seed of its own, found at the same place."""
        kind = type(self.seed)
        held = {
            name: getattr(self.seed, name) for name in kind.model_fields
        }  # an id, once asked for, is no field
        return dataclasses.replace(self, seed=kind.model_validate(held | content))


@dataclass(frozen=True)
class Broken:
    """A record that a source could not read: it becomes a row of `failures`, and the source goes on."""

    origin: Origin
    error: str


@dataclass(frozen=True)
class Skipped:
    """What a source leaves out by its rules, such as a page below `min_words`. It has no row of its own: records are
    counted by `reason`, a few words that many share, and the first of a file stands for the others."""

    origin: Origin
    reason: str
    text: str = ""
    records: int = 1


Item: TypeAlias = Found | Broken | Skipped
"""What a source gives."""


@dataclass(frozen=True)
class Drop:
    """Why a cleaner leaves a seed out. `reason` is a few words that many seeds share; figures are scores."""

    reason: str
    scores: Mapping[str, Score] = field(default_factory=dict)


@dataclass(frozen=True)
class Span:
    """A part of a file, `start` up to `end`, in what its source counts: bytes, records or row groups."""

    start: int
    end: int


@dataclass(frozen=True)
class Member:
    """A seed as a cleaner of whole seed sets sees it."""

    seed_id: str
    text: str
    address: str
    scores: Mapping[str, Score]
    url: str | None = None


@dataclass(frozen=True)
class Rewritten:
    """A seed's new text from a cleaner of whole sets, and why, as for a `Drop`."""

    text: str
    reason: str = "text changed"
    scores: Mapping[str, Score] = field(default_factory=dict)


class SomeSeeds(Protocol):
    """Seeds that follow each other in the order of seed ids: all of a set, or a part of it."""

    @property
    def scratch(self) -> Path:
        """A folder for files of the cleaner's own, the same for all parts; it is removed after."""
        ...

    @property
    def first(self) -> int:
        """How many seeds of the set come before: what tells one part's files from another's."""
        ...

    def __len__(self) -> int: ...

    def __iter__(self) -> Iterator[Member]:
        """Each seed once, in the order of seed ids: the same on any machine. May be gone through again."""
        ...


class SeedsInOrder(SomeSeeds, Protocol):
    """The seeds of a set that earlier steps kept, for a cleaner of whole sets."""

    @property
    def workers(self) -> int:
        """Processes that may be at work."""
        ...

    def map(self, work: Callable[[SomeSeeds], T]) -> Iterator[T]:
        """What `work` makes of each part of the set, in their order, each in one of many processes.

        `work` is a function of a module, or `functools.partial` of one. What it gives must not depend on where
        parts begin, since that is a matter of size.
        """
        ...


@dataclass(frozen=True)
class Submitted:
    """A sample as a dataset check sees it: every validator of single samples passed it."""

    sample_id: str
    seed_id: str
    sample: Sample
    draws: Mapping[str, Any]
    """What its generator had drawn of its axes."""


class SamplesInOrder(Protocol):
    """The samples of a finished dataset that everything before a dataset check passed."""

    @property
    def scratch(self) -> Path:
        """A folder for files of the check's own; it is removed after."""
        ...

    def __len__(self) -> int: ...

    def __iter__(self) -> Iterator[Submitted]:
        """Each sample once, in the order of sample ids: the same on any machine. May be gone through again."""
        ...
