"""Takes the seeds of a source through the steps of ``clean:`` that look at one seed at a time."""

from __future__ import annotations

import traceback
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from pydantic_core import PydanticSerializationError

from factory.errors import FactoryError, told
from factory.plugins import Broken, Cleaner, Drop, Found, Item, Skipped
from factory.seeds.given import cleaned

MAX_TEXT = 100 << 20
"""Bytes of the longest text of a seed, as UTF-8: the store would need gigabytes for more."""

SOURCE = 0
"""The position of the source among the steps; those of ``clean:`` count from 1."""


@dataclass(frozen=True)
class Left:
    """A seed that a step left out."""

    item: Found
    position: int
    drop: Drop


@dataclass(frozen=True)
class Failed:
    """A record that the source could not read, or a seed that a step could not judge."""

    broken: Broken
    stage: str


@dataclass
class Counts:
    """What went through the steps, by position."""

    seen: Counter[int] = field(default_factory=Counter)
    kept: Counter[int] = field(default_factory=Counter)
    changed: Counter[int] = field(default_factory=Counter)
    broken: Counter[int] = field(default_factory=Counter)
    left: Counter[tuple[int, str]] = field(default_factory=Counter)
    """Seeds that a step left out, by position and reason."""
    skipped: Counter[tuple[int, str]] = field(default_factory=Counter)
    """What was left out and is not kept one by one, by position and reason."""
    examples: dict[tuple[int, str], Skipped] = field(default_factory=dict)
    """The first of it for each position and reason."""

    def skip(self, item: Skipped, position: int = SOURCE) -> None:
        """Counts what is left out and not kept one by one: what the source leaves out never went into a step."""
        if position == SOURCE:
            self.seen[SOURCE] += item.records
        self.skipped[position, item.reason] += item.records
        self.examples.setdefault((position, item.reason), item)


Clean: TypeAlias = Callable[[Found], Found | Drop]


class Steps:
    """The item steps of a seed set, made once for a process."""

    def __init__(self, steps: Sequence[tuple[Cleaner, Any]]) -> None:
        self._steps: list[tuple[Cleaner, Clean]] = [
            (plugin, getattr(made, "clean", made)) for plugin, made in steps
        ]

    def run(self, found: Iterable[Item], counts: Counts) -> Iterator[Found | Left | Failed]:
        """What is kept, what is left out and what fails, in the order of the source."""
        for item in map(_sound, found):
            if isinstance(item, Skipped):
                counts.skip(item)
                continue
            counts.seen[SOURCE] += 1
            if isinstance(item, Broken):
                counts.broken[SOURCE] += 1
                yield Failed(item, "source")
                continue
            counts.kept[SOURCE] += 1
            yield self._through(item, counts)

    def _through(self, item: Found, counts: Counts) -> Found | Left | Failed:
        for position, (plugin, clean) in enumerate(self._steps, start=SOURCE + 1):
            counts.seen[position] += 1
            try:
                after = cleaned(plugin, clean(item))
            except FactoryError:
                raise  # a missing package or model: no seed is to blame, and none would pass
            except Exception as error:  # a plugin may raise anything; it costs its seed alone
                counts.broken[position] += 1
                why = f"{traceback.format_exc()}\n{told(error, plugin.path.parent)}"
                return Failed(Broken(item.origin, why), f"cleaner:{plugin.name}")
            if isinstance(after, Drop):
                return Left(item, position, after)
            counts.kept[position] += 1
            counts.changed[position] += after.seed is not item.seed and after.seed.id != item.seed.id
            item = after
        return item


def _sound(item: Item) -> Item:
    """A seed that cleaners, models and the store can take: within bounds, of characters that UTF-8 can hold."""
    if isinstance(item, Found):
        text = getattr(item.seed, "text", "")
        if 4 * len(text) > MAX_TEXT and len(text.encode("utf-8", "replace")) > MAX_TEXT:
            return Broken(
                item.origin, f"a text of more than {MAX_TEXT >> 20} MiB; cut it into documents first"
            )
        try:
            _ = item.seed.id
        except PydanticSerializationError as error:
            return Broken(item.origin, f"its seed holds what is no JSON: {error}")
        except TypeError:
            return Broken(item.origin, "holds half a character (a lone surrogate), which no UTF-8 text can")
    return item
