"""Which files an index is made of, and how."""

from __future__ import annotations

import functools
import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from factory.errors import FactoryError
from factory.records import content_hash
from validators.decontamination.index import SHORTEST, VERSION, Index, hash_of
from validators.decontamination.items import Item, expand, items, texts

Watch = Callable[[Path], None]


@dataclass(frozen=True)
class Recipe:
    """Benchmark files and settings. The hash of their index is known without building it."""

    benchmarks: tuple[str, ...]
    columns: tuple[str, ...] = ()
    reference: tuple[str, ...] = ()
    allowed_documents: int = 10
    watch: Watch = field(default=lambda path: None, compare=False)
    """Called with each file before it is read."""

    @functools.cached_property
    def digests(self) -> Mapping[str, str]:
        """Hash of each benchmark file, by the name that its items have."""
        return {name: _digest(path) for name, path in self._files.items()}

    @functools.cached_property
    def hash(self) -> str:
        """Hash of the files' names and bytes and of the settings."""
        reference = [[path.name, _digest(path)] for path in expand(self.reference, "reference")]
        allowed = self.allowed_documents if self.reference else None
        return content_hash(VERSION, self.digests, sorted(reference), list(self.columns), allowed)

    @functools.cached_property
    def _files(self) -> Mapping[str, Path]:
        return named(expand(self.benchmarks, "benchmark"))

    def index(self, kept: Path | None = None) -> Index:
        """The index: read from `kept` where that file holds this very one, else built and written there.
        Raises FactoryError where the files hold no item that could be found."""
        if kept is not None and kept.exists() and hash_of(kept) == self.hash:
            return Index.load(kept)
        index = Index.build(self._items(), self._reference(), self.allowed_documents, self.hash, self.digests)
        if not index.names:
            files = ", ".join(self._files)
            raise FactoryError(f"decontamination: {files}: no item of {SHORTEST} tokens or more")
        if kept is not None:
            index.save(kept)
        return index

    def _items(self) -> Iterator[Item]:
        for name, path in self._files.items():
            self.watch(path)
            yield from items(path, self.columns, name)

    def _reference(self) -> Iterator[str]:
        for path in expand(self.reference, "reference"):
            self.watch(path)
            yield from texts(path)


def named(paths: Sequence[Path]) -> dict[str, Path]:
    """Paths by their names, with as many of the folders above as tell them apart: "mmlu/test.csv"."""
    found: dict[str, Path] = {}
    for path in paths:
        others = [other.parts for other in paths if other != path]
        size = next(
            (n for n in range(1, len(path.parts)) if all(path.parts[-n:] != one[-n:] for one in others)),
            len(path.parts),
        )
        found["/".join(path.parts[-size:])] = path
    return found


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, lambda: hashlib.blake2b(digest_size=16)).hexdigest()
