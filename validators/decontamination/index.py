"""The index of benchmark items: 13-grams, whole short items and an inverted index of 7-grams, as hashes.

A token of a benchmark has a number, any other token the number 0, so that a text is compared as numbers.
"""

from __future__ import annotations

import functools
import hashlib
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from itertools import repeat
from pathlib import Path
from typing import Any

import numpy as np

from factory.errors import FactoryError
from factory.records import content_hash
from validators.decontamination.grams import Grams, Hashes, Numbers, gram_hashes, running_sums
from validators.decontamination.items import Item, expand, items, texts
from validators.decontamination.tokens import tokenize

_ARRAYS = ("tokens", "bounds", "starts", "postings", "sizes")

LONG, SHORTEST, OVERLAP = 13, 8, 7
"""The report's n-grams, and the shortest item that is covered (as one n-gram of its own length)."""

VERSION = 1
"""Part of every index's hash: raised when the same files would give other judgements."""


@dataclass(frozen=True)
class Index:
    """What texts are compared with. Built by `Index.build`; the same items give the same index."""

    hash: str
    names: list[str]
    words: list[str]
    tokens: Numbers
    bounds: Numbers
    long: dict[int, Grams]
    overlap: Grams
    starts: Numbers
    postings: Numbers
    sizes: Numbers
    allowed: int
    uncovered: int
    numbers: dict[str, int] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "numbers", {word: at for at, word in enumerate(self.words) if at})

    @classmethod
    def build(
        cls,
        source: Iterable[Item],
        reference: Iterable[str] = (),
        allowed_documents: int = 10,
        hash: str = "",
    ) -> Index:
        """Indexes items. An n-gram in `allowed_documents` documents of `reference` or more is exempt from the
        13-gram test (the report's ALLOWED13). Items under 8 tokens are left out, and counted."""
        names, words, tokens, owner, uncovered = _numbered(source)
        empty = words.index("") if "" in words[1:] else -1
        sums = running_sums(tokens)
        long = {n: _grams(sums, n, places) for n, places in _places(tokens, owner, empty).items()}
        within = np.flatnonzero(owner[: 1 - OVERLAP] == owner[OVERLAP - 1 :])
        keys = gram_hashes(sums, OVERLAP)[within]
        order = np.lexsort((owner[within], keys))
        keys, items_of = keys[order], owner[within][order]
        first = np.ones(keys.size, np.bool_)
        first[1:] = (keys[1:] != keys[:-1]) | (items_of[1:] != items_of[:-1])
        keys, items_of = keys[first], items_of[first]
        unique, starts = np.unique(keys, return_index=True)
        index = cls(
            hash=hash or content_hash(VERSION, names, words, tokens.tolist()),
            names=names,
            words=words,
            tokens=tokens,
            bounds=np.flatnonzero(np.diff(owner, prepend=-1)),
            long=long,
            overlap=Grams(unique, starts),
            starts=np.append(starts, keys.size),
            postings=items_of,
            sizes=np.bincount(items_of, minlength=len(names)),
            allowed=0,
            uncovered=uncovered,
        )
        return index._without_common(reference, allowed_documents)

    def numbered(self, tokens: Sequence[str]) -> Numbers:
        """The numbers of a text's tokens; 0 where no benchmark has it."""
        return np.fromiter(map(self.numbers.get, tokens, repeat(0)), np.int64, len(tokens))

    def item_at(self, place: int) -> str:
        """The name of the item that a place in `tokens` is part of."""
        return self.names[int(np.searchsorted(self.bounds, place, side="right")) - 1]

    def _without_common(self, reference: Iterable[str], documents: int) -> Index:
        seen: dict[int, Counter[int]] = defaultdict(Counter)
        for text in reference:
            sums = running_sums(self.numbered(tokenize(text)))
            for n, grams in self.long.items():
                seen[n].update(set(grams.find(gram_hashes(sums, n))[1].tolist()))
        kept, allowed = {}, 0
        for n, grams in self.long.items():
            common = [key for key, count in seen[n].items() if count >= documents]
            kept[n] = Grams(np.delete(grams.keys, common), np.delete(grams.places, common))
            allowed += len(common)
        return replace(self, long=kept, allowed=allowed)

    def save(self, path: Path) -> None:
        """Writes the index aside and renames it, as an uncompressed NumPy archive."""
        arrays: dict[str, Any] = {name: getattr(self, name) for name in _ARRAYS}
        for n, grams in [*self.long.items(), (OVERLAP, self.overlap)]:
            arrays |= {f"keys{n}": grams.keys, f"places{n}": grams.places}
        counts = np.array([VERSION, self.allowed, self.uncovered])
        strings = {"hash": [self.hash], "names": self.names, "words": self.words}
        arrays |= {
            name: np.frombuffer("\0".join(value).encode(), np.uint8) for name, value in strings.items()
        }
        path.parent.mkdir(parents=True, exist_ok=True)
        aside = path.with_name(f"{path.name}.tmp")
        with aside.open("wb") as file:
            np.savez(file, counts=counts, **arrays)
        aside.replace(path)

    @classmethod
    def load(cls, path: Path) -> Index:
        """Reads what `save` wrote. FactoryError when it is no index, or one of another version."""
        try:
            with np.load(path, allow_pickle=False) as file:
                arrays = dict(file)
            version, allowed, uncovered = arrays["counts"].tolist()
            strings = {
                name: arrays[name].tobytes().decode().split("\0") for name in ("hash", "names", "words")
            }
        except (KeyError, ValueError, OSError) as error:
            raise FactoryError(f"{path}: not an index of benchmarks ({error}); remove it") from error
        if version != VERSION:
            raise FactoryError(f"{path}: an index of version {version}, not {VERSION}; remove it")
        lengths = [int(name.removeprefix("keys")) for name in arrays if name.startswith("keys")]
        grams = {n: Grams(arrays[f"keys{n}"], arrays[f"places{n}"]) for n in lengths}
        return cls(
            hash=strings["hash"][0],
            names=strings["names"],
            words=strings["words"],
            overlap=grams.pop(OVERLAP),
            long=grams,
            allowed=allowed,
            uncovered=uncovered,
            **{name: arrays[name] for name in _ARRAYS},
        )


@dataclass(frozen=True)
class Recipe:
    """Which files an index is made of, and how. Its hash is known without building it."""

    benchmarks: tuple[str, ...]
    columns: tuple[str, ...] = ()
    reference: tuple[str, ...] = ()
    allowed_documents: int = 10

    @functools.cached_property
    def hash(self) -> str:
        """Hash of the files' names and bytes and of the settings."""
        files = [
            [path.name, _digest(path)]
            for path in (*expand(self.benchmarks, "benchmark"), *expand(self.reference, "reference"))
        ]
        allowed = self.allowed_documents if self.reference else None
        return content_hash(VERSION, sorted(files), list(self.columns), allowed)

    def index(self, kept: Path | None = None) -> Index:
        """The index: read from `kept` where that file holds this very one, else built and written there."""
        if kept is not None and kept.exists():
            found = Index.load(kept)
            if found.hash == self.hash:
                return found
        files = expand(self.benchmarks, "benchmark")
        source = (item for path in files for item in items(path, self.columns))
        documents = (text for path in expand(self.reference, "reference") for text in texts(path))
        index = Index.build(source, documents, self.allowed_documents, self.hash)
        if not index.names:
            raise FactoryError(
                f"decontamination: {', '.join(map(str, files))}: no item of {SHORTEST} tokens or more"
            )
        if kept is not None:
            index.save(kept)
        return index


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, hashlib.blake2b).hexdigest()


def _numbered(source: Iterable[Item]) -> tuple[list[str], list[str], Numbers, Numbers, int]:
    """Names of items, words by number, all items' tokens end to end, the item of each, items left out."""
    words: dict[str, int] = {"\ufffd unknown": 0}
    names: list[str] = []
    tokens: list[int] = []
    lengths: list[int] = []
    uncovered = 0
    for name, text in _distinct(source):
        item = tokenize(text)
        if len([token for token in item if token]) < SHORTEST:
            uncovered += 1
            continue
        names.append(name)
        lengths.append(len(item))
        tokens.extend(words.setdefault(token, len(words)) for token in item)
    owner = np.repeat(np.arange(len(names)), lengths)
    return names, list(words), np.array(tokens, np.int64), owner, uncovered


def _distinct(source: Iterable[Item]) -> Iterable[tuple[str, str]]:
    """Items and, as items of their own, their questions without options: a leak may drop or reorder these.
    A question that stands over different options ("Which of these is true?") tells no item from another."""
    stems: dict[str, tuple[str, set[str]]] = {}
    seen: set[str] = set()
    for item in source:
        if item.stem:
            stems.setdefault(item.stem, (item.place, set()))[1].add(item.text)
        if item.text not in seen:
            seen.add(item.text)
            yield item.place, item.text
    for stem, (place, wholes) in stems.items():
        if len(wholes) == 1 and stem not in seen:
            yield place, stem


def _places(tokens: Numbers, owner: Numbers, empty: int) -> dict[int, Numbers]:
    """Where the n-grams of the 13-gram test start, by n; no empty token is part of one."""
    real = tokens != empty
    places: dict[int, Numbers] = {}
    if tokens.size >= LONG:
        within = owner[: 1 - LONG] == owner[LONG - 1 :]
        places[LONG] = np.flatnonzero(within & real[: 1 - LONG] & real[LONG - 1 :])
    words = np.flatnonzero(real)
    item, first, lengths = np.unique(owner[words], return_index=True, return_counts=True)
    for n in range(SHORTEST, LONG):
        if (lengths == n).any():
            places[n] = words[first[lengths == n]]
    return places if item.size else {}


def _grams(sums: Hashes, n: int, places: Numbers) -> Grams:
    keys, first = np.unique(gram_hashes(sums, n)[places], return_index=True)
    return Grams(keys, places[first])
