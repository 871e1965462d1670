"""`balance`: no class takes more than its share of a dataset."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any

from factory.plugins import SamplesInOrder, Submitted, validator
from factory.records import Answer, Verdict
from validators.answers import key
from validators.settings import Count, Fraction


@validator()
class balance:
    """Rejects what a class of samples has beyond its share.

    `by`: what makes the classes: the name of an axis that the generator draws from, ``answer`` (the claimed answer:
    the letters of multiple choice, say), or ``seed`` (the samples of one seed). `most`: the share of what stays
    that a class may have; `at_least`: so many of a class stay whatever its share; `at_most`: no more than that.
    Which stay is told by their ids: by chance, and the same on every machine. The sizes of the classes go to the
    view `dataset_figures`.
    """

    def __init__(
        self,
        *,
        by: str,
        most: Fraction = 0.5,
        at_least: Count = 1,
        at_most: Count | None = None,
    ) -> None:
        self._by, self._most, self._at_least, self._at_most = by, most, at_least, at_most
        self.figures: dict[str, Any] = {}

    def choose(self, samples: SamplesInOrder) -> Iterator[tuple[str, Verdict]]:
        """Rejects the surplus. Raises ValueError where no sample has such a class."""
        sizes = Counter(found for one in samples if (found := self._class(one)) is not None)
        if not sizes and len(samples):
            drawn = sorted({axis for one, _ in zip(samples, range(100), strict=False) for axis in one.draws})
            raise ValueError(
                f"no sample has the class '{self._by}'; by: is an axis ({', '.join(drawn) or 'none is drawn'}),"
                " 'answer' or 'seed'"
            )
        room = min(cap(list(sizes.values()), self._most, self._at_least), self._at_most or len(samples))
        self.figures = {"by": self._by, "room": room, "classes": dict(sizes.most_common(50))}
        taken: Counter[str] = Counter()
        for one in samples:
            found = self._class(one)
            if found is None:
                continue
            taken[found] += 1
            if taken[found] > room:
                yield one.sample_id, Verdict.reject(f"more than its share by {self._by}", of=found)

    def _class(self, one: Submitted) -> str | None:
        if self._by == "seed":
            return one.seed_id
        if self._by == "answer":
            answer = one.sample.find(Answer)
            return _class_of(answer.value) if answer else None
        drawn = one.draws.get(self._by)
        return None if drawn is None else str(drawn)


def _class_of(answer: str) -> str:
    """One name for a letter, and for yes and no, however they are written; any other answer as it stands."""
    read = key(answer)
    if read is not None and read.kind in ("choice", "boolean"):
        return str(read.value) if read.kind == "choice" else ("yes" if read.value else "no")
    return " ".join(answer.split())


def cap(sizes: list[int], most: float, at_least: int) -> int:
    """The largest size that classes may keep so that none is more than `most` of what stays.

    Where even the smallest classes cannot be (two classes and ``most=0.3``), all are cut to the size of the
    smallest, which is as even as they get.
    """
    low, high = min(sizes, default=0), max(sizes, default=0)
    while low < high:
        middle = (low + high + 1) // 2
        if middle <= most * sum(min(size, middle) for size in sizes):
            low = middle
        else:
            high = middle - 1
    return max(low, at_least)
