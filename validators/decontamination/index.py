"""The index of benchmark items: 13-grams, whole short items, both also with numbers masked, questions with their
options, and an inverted index of 7-grams.

A token of a benchmark has a number, any other token the number 0: hashes find, numbers prove.
"""

from __future__ import annotations

import functools
import zipfile
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import repeat
from operator import itemgetter
from pathlib import Path
from typing import Any

import numpy as np
import orjson

from factory.errors import FactoryError
from factory.records import content_hash
from validators.decontamination import compiled
from validators.decontamination.compiled import NUMBER, Hashes, Numbers, numbers_among
from validators.decontamination.grams import Grams, Sought, hash_text, hash_words
from validators.decontamination.items import Item
from validators.decontamination.tokens import tokenize

LONG, SHORTEST, OVERLAP = 13, 8, 7
"""The report's n-grams, and the shortest item that is covered (as one n-gram of its own length)."""

VERSION = 3
"""Part of every index's hash: raised when the same files would give other judgements."""

KEPT_ITEMS = 200
"""Items of each sort whose text is kept, for measuring what the index finds of them."""

UNKNOWN = "_"
"""What stands first among the tokens: its number is that of tokens that no item has."""

MASKED = -1
"""What stands in place of numbers in token numbers, as `compiled.NUMBER` does in hashes."""

_ANCHORS = (7, 5, 3)
"""How many last tokens of a question lead to it; a shorter one is not looked for."""


@dataclass(frozen=True)
class Places:
    """n-grams by their length, each with a place in `tokens`, where the item of each place is known."""

    tokens: Numbers
    owners: Numbers
    sets: Mapping[int, Grams]
    filter: Grams
    """The 7-grams of all of them: a text without two in a row has none of the longer ones."""


@dataclass(frozen=True)
class Questions:
    """Questions with options: piece i is ``tokens[bounds[i]:bounds[i + 1]]``, the pieces of question q those from
    ``starts[q]`` on. The last n-gram of each leads to a list of questions, ``lists[begins[key]:begins[key + 1]]``;
    `sizes` are the n of these."""

    tokens: Numbers
    bounds: Numbers
    starts: Numbers
    owners: Numbers
    anchors: Grams
    begins: Numbers
    lists: Numbers
    sizes: Numbers


@dataclass(frozen=True, eq=False)
class Index:
    """What texts are compared with. Built by `Index.build`; the same items give the same index."""

    hash: str
    names: list[str]
    words: list[str]
    tokens: Numbers
    lengths: Numbers
    pieces: list[list[list[int]]]
    """By number of entry: the question's tokens and those of each option; empty without options."""
    allowed: Hashes
    """n-grams that are common in the reference corpus: no evidence."""
    uncovered: int = 0
    kept: list[Item] = field(default_factory=list)
    benchmarks: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    """Number of items and hash of each file."""

    @classmethod
    def build(
        cls,
        source: Iterable[Item],
        reference: Iterable[str] = (),
        allowed_documents: int = 10,
        hash: str = "",
        digests: Mapping[str, str] | None = None,
    ) -> Index:
        """Indexes items. An n-gram in `allowed_documents` documents of `reference` or more is exempt from the
        13-gram test (the report's ALLOWED13). Items under 8 tokens are left out, and counted."""
        words: dict[str, int] = {UNKNOWN: 0}
        names, tokens, lengths, pieces, uncovered = [], list[int](), [], [], 0
        kept: dict[str, list[tuple[str, Item]]] = {"any": [], "options": [], "numbers": []}
        benchmarks: Counter[str] = Counter()

        def numbered(text: str, *, ends: bool) -> list[int]:
            return [words.setdefault(word, len(words)) for word in tokenize(text) if word or ends]

        for item, whole in _distinct(source):
            benchmarks[item.place.rpartition(":")[0]] += whole
            found = tokenize(item.text)
            if sum(map(bool, found)) < SHORTEST:
                uncovered += 1
                continue
            names.append(item.place)
            found_numbers = numbered(item.text, ends=True)
            lengths.append(len(found_numbers))
            tokens += found_numbers
            pieces.append([numbered(piece, ends=False) for piece in item.pieces])
            if whole:
                _keep(kept, item)
        distinct = {item.text: item for held in kept.values() for _, item in _first_of(held)}
        index = cls(
            hash=hash or content_hash(VERSION, names, list(words), tokens, pieces),
            names=names,
            words=list(words),
            tokens=np.array(tokens, np.int64),
            lengths=np.array(lengths, np.int64),
            pieces=pieces,
            allowed=np.zeros(0, np.uint64),
            uncovered=uncovered,
            kept=list(distinct.values()),
            benchmarks={
                name: {"items": count, "hash": (digests or {}).get(name, "")}
                for name, count in benchmarks.items()
            },
        )
        return index._without_common(reference, allowed_documents)

    # ------------------------------------------------------------------------------- look-ups

    @functools.cached_property
    def numbers(self) -> dict[str, int]:
        """Number of each token."""
        return {word: at for at, word in enumerate(self.words) if at}

    @functools.cached_property
    def _hashes(self) -> Hashes:
        """The hash of each token. ("Unknown" is in no item.)"""
        return hash_words(self.words)

    @functools.cached_property
    def _owners(self) -> Numbers:
        return np.repeat(np.arange(len(self.names)), self.lengths)

    def numbered(self, tokens: Sequence[str]) -> Numbers:
        """The numbers of a text's tokens; 0 where no benchmark has it."""
        return np.fromiter(map(self.numbers.get, tokens, repeat(0)), np.int64, len(tokens))

    def item(self, number: int) -> Numbers:
        """The tokens of an item."""
        end = int(self._ends[number])
        return self.tokens[end - int(self.lengths[number]) : end]

    @functools.cached_property
    def _ends(self) -> Numbers:
        return np.cumsum(self.lengths)

    @functools.cached_property
    def overlap(self) -> tuple[Grams, Numbers, Numbers, Numbers]:
        """7-grams with lists of items: ``postings[starts[key]:starts[key + 1]]``; and the 7-grams of each item."""
        owners = self._owners
        within = np.flatnonzero(owners[: 1 - OVERLAP] == owners[OVERLAP - 1 :])
        keys = compiled.gram_hashes(self._hashes[self.tokens], OVERLAP)[within]
        unique, starts, postings = _lists(keys, owners[within])
        sizes = np.bincount(postings, minlength=len(self.names))
        return Grams(unique, np.arange(unique.size)), starts, postings, sizes

    @functools.cached_property
    def long(self) -> Places:
        """13-grams, and whole items of 8 to 12 tokens. No empty token is part of one."""
        real = self.tokens != self.numbers.get("", -1)
        return self._places(self.tokens[real], self._owners[real], self._hashes[self.tokens[real]])

    @functools.cached_property
    def masked(self) -> Places:
        """The same with numbers masked, where there is one, and 8 tokens beside."""
        real = self.tokens != self.numbers.get("", -1)
        tokens, owners = self.tokens[real], self._owners[real]
        digits = numbers_among(self._hashes[tokens])
        again = np.zeros(tokens.size, np.bool_)
        again[1:] = digits[1:] & digits[:-1] & (owners[1:] == owners[:-1])
        digits, tokens, owners = digits[~again], tokens[~again], owners[~again]
        hashes = np.where(digits, NUMBER, self._hashes[tokens])
        return self._places(np.where(digits, MASKED, tokens), owners, hashes, digits)

    def _places(
        self,
        tokens: Numbers,
        owners: Numbers,
        hashes: Hashes,
        digits: np.ndarray[tuple[int], np.dtype[np.bool_]] | None = None,
    ) -> Places:
        sets: dict[int, Grams] = {}
        seven = compiled.gram_hashes(hashes, OVERLAP)
        short = []
        for n, found in _starts(owners).items():
            starts = found
            if digits is not None:
                count = np.append(0, np.cumsum(digits))
                masked = count[starts + n] - count[starts]
                starts = starts[(masked > 0) & (n - masked >= SHORTEST)]
            keys = compiled.gram_hashes(hashes, n)
            starts = starts[~np.isin(keys[starts], self.allowed)]
            keys, first = np.unique(keys[starts], return_index=True)
            if keys.size:
                sets[n] = Grams(keys, starts[first])
                short += [np.unique(seven[starts + at]) for at in range(n - OVERLAP + 1)]
        inside = np.unique(np.concatenate(short)) if short else np.zeros(0, np.uint64)
        return Places(tokens, owners, sets, Grams(inside, np.arange(inside.size)))

    @functools.cached_property
    def questions(self) -> Questions:
        """Questions with options that the 13-grams do not find when the options stand in another order."""
        letters = {self.numbers.get(letter) for letter in "abcdefghij"}
        asked = [
            (number, pieces)
            for number, pieces in enumerate(self.pieces)
            if len(pieces) > 2 and all(pieces) and _ANCHORS[-1] <= len(pieces[0]) < LONG
            # Words of options are evidence too, but neither letters before options nor options that are such letters.
            if sum(token not in letters for piece in pieces for token in piece) >= SHORTEST
        ]
        flat = [piece for _, pieces in asked for piece in pieces]
        tokens = np.array([token for piece in flat for token in piece], np.int64)
        counts = np.array([len(pieces) for _, pieces in asked], np.int64)
        bounds = np.append(0, np.cumsum(np.array([len(piece) for piece in flat], np.int64)))
        ends = [
            self._hashes[np.array(question[-_anchor(len(question)) :], np.int64)]
            for _, (question, *_) in asked
        ]
        keys = np.array([compiled.gram_hashes(end, end.size)[0] for end in ends], np.uint64)
        unique, begins, lists = _lists(keys, np.arange(len(asked)))
        anchors = Grams(unique, np.arange(unique.size))
        sizes = np.array([n for n in _ANCHORS if n in {end.size for end in ends}], np.int64)
        owners = np.array([number for number, _ in asked], np.int64)
        starts = np.append(0, np.cumsum(counts))
        return Questions(tokens, bounds, starts, owners, anchors, begins, lists, sizes)

    @functools.cached_property
    def sought(self) -> Sought:
        """What a first look at a text is for."""
        questions = self.questions
        return Sought(OVERLAP, self.overlap[0], self.masked.filter, questions.anchors, questions.sizes)

    @functools.cached_property
    def sought_as_published(self) -> Sought:
        """The same without changed numbers and reordered options."""
        none = np.zeros(0, np.int64)
        return Sought(OVERLAP, self.overlap[0], nothing := Grams(np.zeros(0, np.uint64), none), nothing, none)

    @functools.cached_property
    def question_hashes(self) -> Hashes:
        """The tokens of the questions as hashes."""
        return self._hashes[self.questions.tokens]

    def _without_common(self, reference: Iterable[str], documents: int) -> Index:
        seen: Counter[int] = Counter()
        for text in reference:
            tokens = hash_text(text)
            for places, hashes in ((self.long, tokens.hashes), (self.masked, tokens.masked[0])):
                for n, grams in places.sets.items():
                    _, keys = grams.find(compiled.gram_hashes(hashes, n))
                    seen.update(grams.keys[np.unique(keys)].tolist())
        common = [key for key, count in seen.items() if count >= documents]
        kept = {name: getattr(self, name) for name in self.__dataclass_fields__}
        return Index(**kept | {"allowed": np.array(sorted(common), np.uint64)}) if common else self

    # ------------------------------------------------------------------------------- files

    def save(self, path: Path) -> None:
        """Writes the index aside and renames it, as an uncompressed NumPy archive."""
        told = {
            "version": VERSION,
            "uncovered": self.uncovered,
            "benchmarks": dict(self.benchmarks),
            "names": self.names,
            "words": self.words,
            "pieces": self.pieces,
            "kept": [vars(item) for item in self.kept],
        }
        path.parent.mkdir(parents=True, exist_ok=True)
        aside = path.with_name(f"{path.name}.tmp")
        with aside.open("wb") as file:
            np.savez(
                file,
                hash=np.array(self.hash),
                told=np.frombuffer(orjson.dumps(told), np.uint8),
                tokens=self.tokens,
                lengths=self.lengths,
                allowed=self.allowed,
            )
        aside.replace(path)

    @classmethod
    def load(cls, path: Path) -> Index:
        """Reads what `save` wrote. FactoryError when it is no index, or one of another version."""
        arrays = _read(path, ("hash", "told", "tokens", "lengths", "allowed"))
        told = orjson.loads(arrays.pop("told").tobytes())
        version = told.pop("version")
        if version != VERSION:
            raise FactoryError(
                f"{path}: an index of version {version}, not {VERSION}; make it anew: factory decontaminate index"
            )
        told["kept"] = [Item(**item | {"pieces": tuple(item["pieces"])}) for item in told["kept"]]
        return cls(**told | arrays | {"hash": str(arrays["hash"])})


def hash_of(path: Path) -> str:
    """The hash of the index that a file holds, without reading the rest."""
    return str(_read(path, ("hash",))["hash"])


def _read(path: Path, names: Sequence[str]) -> dict[str, Any]:
    try:
        with np.load(path, allow_pickle=False) as file:
            return {name: file[name] for name in names}
    except FileNotFoundError as error:
        raise FactoryError(
            f"{path}: there is no such index; make it: factory decontaminate index FILES... --output {path}"
        ) from error
    except (KeyError, ValueError, OSError, zipfile.BadZipFile) as error:
        raise FactoryError(
            f"{path}: not an index of benchmarks, or a broken one; make it anew: factory decontaminate index"
        ) from error


def _keep(kept: dict[str, list[tuple[str, Item]]], item: Item) -> None:
    """Holds the items whose hashes come first, of each sort, so that the same ones are held on any machine."""
    sorts = {"any": True, "options": len(item.pieces) > 2, "numbers": any(map(str.isdecimal, item.text))}
    for sort, fits in sorts.items():
        held = kept[sort]
        if fits:
            held.append((content_hash(item.text), item))
        if len(held) >= 2 * KEPT_ITEMS:
            held[:] = _first_of(held)


def _first_of(held: list[tuple[str, Item]]) -> list[tuple[str, Item]]:
    return sorted(held, key=itemgetter(0))[:KEPT_ITEMS]


def _distinct(source: Iterable[Item]) -> Iterable[tuple[Item, bool]]:
    """Items and, as items of their own, their questions without options: a leak may drop or reorder these.
    A question that stands over different options ("Which of these is true?") tells no item from another."""
    stems: dict[str, tuple[str, set[str]]] = {}
    seen: set[str] = set()
    for item in source:
        if item.stem:
            stems.setdefault(item.stem, (item.place, set()))[1].add(item.text)
        if item.text not in seen:
            seen.add(item.text)
            yield item, True
    for stem, (place, wholes) in stems.items():
        if len(wholes) == 1 and stem not in seen:
            yield Item(place, stem), False


def _starts(owners: Numbers) -> dict[int, Numbers]:
    """Where the n-grams of the 13-gram test start, by n, in tokens of items end to end."""
    starts: dict[int, Numbers] = {}
    if owners.size >= LONG:
        starts[LONG] = np.flatnonzero(owners[: 1 - LONG] == owners[LONG - 1 :])
    _, first, lengths = np.unique(owners, return_index=True, return_counts=True)
    for n in range(SHORTEST, LONG):
        if (lengths == n).any():
            starts[n] = first[lengths == n]
    return starts


def _lists(keys: Hashes, values: Numbers) -> tuple[Hashes, Numbers, Numbers]:
    """Each key once, where its list of values starts, and the lists end to end, each value once in a list."""
    order = np.lexsort((values, keys))
    keys, values = keys[order], values[order]
    first = np.ones(keys.size, np.bool_)
    first[1:] = (keys[1:] != keys[:-1]) | (values[1:] != values[:-1])
    keys, values = keys[first], values[first]
    unique, starts = np.unique(keys, return_index=True)
    return unique, np.append(starts, keys.size), values


def _anchor(size: int) -> int:
    return next(n for n in _ANCHORS if n <= size)
