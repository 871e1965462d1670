"""The hybrid of 13-grams and 7-grams (phi-4 report, appendix B.1), and beyond it items whose numbers were changed or
whose options stand in another order.

Hashes find; what decides a verdict is proved on the tokens themselves, so that no clash of hashes does.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from validators.decontamination import compiled, matches
from validators.decontamination.compiled import Hashes, Numbers
from validators.decontamination.grams import Seen, Tokens, hash_text
from validators.decontamination.index import LONG, MASKED, OVERLAP, Index, Places

By = Literal[13, 7, "numbers", "options"]


@dataclass(frozen=True)
class LongMatch:
    """The first words of a text that a benchmark holds: 13 tokens or more, or a whole item of 8 to 12.
    `token`: where they start; `grams`: how many n-grams of the text are in benchmarks."""

    text: str
    item: str
    token: int
    grams: int


@dataclass(frozen=True)
class Overlap:
    """The item that shares the largest part of its or the text's 7-grams; of several, the first indexed."""

    ratio: float
    shared: int
    text_grams: int
    item_grams: int
    item: str


@dataclass(frozen=True)
class Altered:
    """The first words of a text that are a benchmark's but for the numbers, or a question whose options follow in
    any order."""

    what: Literal["numbers", "options"]
    text: str
    item: str
    token: int


@dataclass(frozen=True)
class Finding:
    """What the comparison of one text found. All details are there whichever of them decided."""

    status: Literal["clean", "partial", "contaminated"]
    by: By | None = None
    long: LongMatch | None = None
    overlap: Overlap | None = None
    altered: Altered | None = None

    @property
    def ratio(self) -> float:
        """The largest share of 7-grams, 0 to 1."""
        return self.overlap.ratio if self.overlap else 0.0

    @property
    def item(self) -> str | None:
        """The item that decided, or came nearest."""
        return next((found.item for found in (self.long, self.altered, self.overlap) if found), None)

    @property
    def reason(self) -> str:
        """What decided, in words that many findings share."""
        return {
            13: "13-gram or short item of a benchmark",
            7: "7-gram overlap with a benchmark item",
            "numbers": "item of a benchmark with other numbers",
            "options": "question of a benchmark with its options",
            None: "nothing of a benchmark",
        }[self.by]

    def details(self) -> dict[str, Any]:
        """The finding as JSON."""
        found = {"long": self.long, "overlap": self.overlap, "altered": self.altered}
        details = {name: None if one is None else vars(one) for name, one in found.items()}
        return {"status": self.status, "by": self.by, **details}


def check(
    index: Index, text: str, info_threshold: float, contaminated_threshold: float, *, altered: bool = True
) -> Finding:
    """Compares a text with every item of the index. Both thresholds are shares of 7-grams, 0 to 1; `altered`:
    whether changed numbers and reordered options count."""
    seen = (index.sought if altered else index.sought_as_published).look(text)
    if seen is None:
        return Finding("clean")
    read = _Read(index, seen.tokens)
    # All are looked for whichever decides, so that a reader sees how large a leak is.
    long = _long_match(read, seen)
    overlap = _overlap(read, seen, info_threshold)
    change = _changed_numbers(read) if seen.altered else None
    if change is None and seen.asks:
        change = _options(read)
    if long is not None:
        return Finding("contaminated", 13, long, overlap, change)
    if overlap is not None and overlap.ratio > info_threshold and overlap.ratio >= contaminated_threshold:
        return Finding("contaminated", 7, None, overlap, change)
    if change is not None:
        return Finding("contaminated", change.what, None, overlap, change)
    if overlap is not None and overlap.ratio > info_threshold:
        return Finding("partial", 7, None, overlap)
    return Finding("clean", None, None, overlap)


def check_parts(texts: Sequence[str], compare: Callable[[str], Finding]) -> tuple[str, Finding]:
    """Compares a sample as a whole, then each of its texts that is long enough to tell something; returns the part
    with the worst finding, and that."""
    part, worst = "whole", compare("\n".join(texts))
    # Where the whole shares nothing its parts do not either, and nearly all samples end here.
    if len(texts) > 1 and (worst.overlap or worst.altered):
        for number, text in enumerate(texts):
            if hash_text(text).hashes.size >= LONG:
                finding = compare(text)
                if _order(finding) >= _order(worst):
                    part, worst = f"text {number}", finding
    return part, worst


def _order(finding: Finding) -> tuple[int, float]:
    return ("clean", "partial", "contaminated").index(finding.status), finding.ratio


@dataclass(frozen=True)
class _Read:
    """A text as it is compared: hashes everywhere, words and their numbers where hashes were found."""

    index: Index
    tokens: Tokens

    @functools.cached_property
    def numbers(self) -> Numbers:
        """The numbers of tokens as far as they are proved; 0 elsewhere, which no item has."""
        return np.zeros(self.tokens.hashes.size, np.int64)

    def prove(self, starts: Numbers, n: int) -> Numbers:
        """Reads the words of n-grams that hashes found; the numbers."""
        for start, end in matches.spans(starts, n).tolist():
            self.numbers[start:end] = self.index.numbered(self.tokens.words(start, end))
        return self.numbers

    def said(self, start: int, end: int) -> str:
        return " ".join(self.tokens.words(start, end))

    def owner(self, places: Places, place: int) -> str:
        return self.index.names[int(places.owners[place])]


def _hits(
    places: Places, hashes: Hashes, prove: Callable[[Numbers, int], Numbers]
) -> tuple[int, Mapping[int, int]]:
    """The longest n of which n-grams are found, and where they start in the text and in the items."""
    for n, grams in places.sets.items():
        starts, keys = grams.find(compiled.gram_hashes(hashes, n))
        if not starts.size:
            continue
        found, window = grams.places[keys], np.arange(n)
        same = prove(starts, n)[starts[:, None] + window] == places.tokens[found[:, None] + window]
        proved = same.all(axis=1)
        if proved.any():
            return n, dict(zip(starts[proved].tolist(), found[proved].tolist(), strict=True))
    return 0, {}


def _long_match(read: _Read, seen: Seen) -> LongMatch | None:
    if not matches.row(seen.starts):
        return None
    n, hits = _hits(places := read.index.long, read.tokens.hashes, read.prove)
    if not hits:
        return None
    first = last = min(hits)
    while last + 1 in hits:
        last += 1
    return LongMatch(read.said(first, last + n), read.owner(places, hits[first]), first, len(hits))


def _overlap(read: _Read, seen: Seen, threshold: float) -> Overlap | None:
    if not seen.keys.size:
        return None
    index = read.index
    _, starts, postings, sizes = index.overlap
    text_grams = int(compiled.distinct(seen.grams))
    found, shared, best = matches.shared(seen.keys, starts, postings, sizes, text_grams)
    item, count = int(found[best]), int(shared[best])
    ratio = count / min(text_grams, int(sizes[item]))
    if ratio > threshold:
        # Hashes find at least what words prove: no item after the first that is proved can be before it.
        numbers = read.prove(seen.starts, OVERLAP)
        mine, ratio = {tuple(numbers[at : at + OVERLAP].tolist()) for at in seen.starts.tolist()}, -1.0
        ratios = shared / np.minimum(text_grams, sizes[found])
        for at in np.argsort(-ratios, kind="stable").tolist():
            if ratios[at] <= ratio:
                break
            number = int(found[at])
            same = len(mine.intersection(_grams(index.item(number).tolist())))
            if (share := same / min(text_grams, int(sizes[number]))) > ratio:
                item, count, ratio = number, same, share
    return Overlap(ratio, count, text_grams, int(sizes[item]), index.names[item])


def _grams(numbers: Sequence[int]) -> zip[tuple[int, ...]]:
    return zip(*(numbers[at:] for at in range(OVERLAP)), strict=False)


def _changed_numbers(read: _Read) -> Altered | None:
    places, tokens = read.index.masked, read.tokens
    hashes, origins = tokens.masked
    if not matches.row(places.filter.find(compiled.gram_hashes(hashes, OVERLAP))[0]):
        return None

    def prove(starts: Numbers, n: int) -> Numbers:
        for start, end in matches.spans(starts, n).tolist():
            first, last = int(origins[start]), int(origins[end - 1])
            read.prove(np.array([first]), last + 1 - first)
        return np.where(tokens.numbers[origins], MASKED, read.numbers[origins])

    n, hits = _hits(places, hashes, prove)
    if not hits:
        return None
    first = min(hits)
    start, end = int(origins[first]), int(origins[first + n - 1]) + 1
    return Altered("numbers", read.said(start, end), read.owner(places, hits[first]), start)


def _options(read: _Read) -> Altered | None:
    questions, hashes = read.index.questions, read.tokens.hashes
    for n in questions.sizes.tolist():
        starts, keys = questions.anchors.find(compiled.gram_hashes(hashes, n))
        for start, key in zip(starts.tolist(), keys.tolist(), strict=True):
            for question in questions.lists[questions.begins[key] : questions.begins[key + 1]].tolist():
                end = start + n
                bounds = questions.bounds[questions.starts[question] : questions.starts[question + 1] + 1]
                if matches.pieces_follow(hashes, end, read.index.question_hashes, bounds):
                    first = end - int(bounds[1] - bounds[0])
                    room = min(hashes.size, end + matches.room(bounds)) - first
                    read.prove(np.array([first]), room)
                    if matches.pieces_follow(read.numbers, end, questions.tokens, bounds):
                        owner = read.index.names[int(questions.owners[question])]
                        return Altered("options", read.said(first, end), owner, first)
    return None
