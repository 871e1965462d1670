"""`near_duplicate`: of samples of a dataset that are nearly the same, the longest stays."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, TypeVar, cast

from factory.plugins import Cleaner, Member, SamplesInOrder, SomeSeeds, validator
from factory.records import Preference, Sample, Verdict
from factory.seeds.cleaners.near_duplicates import near_duplicates
from validators.settings import Count, Fraction

Part = Literal["all", "prompt", "response"]
T = TypeVar("T")


@validator()
class near_duplicate:
    """Rejects samples that are nearly the same as a longer one of the dataset, which stays.

    MinHash finds candidates, exact Jaccard of word `ngram`s decides: from `threshold` on two are the same. `part`:
    what of a sample is compared; the response of a preference is both of its. `recall` and `memory` as in the
    cleaner `near_duplicates`, which does the work.
    """

    def __init__(
        self,
        *,
        threshold: Fraction = 0.8,
        ngram: Count = 5,
        part: Part = "all",
        recall: Fraction = 0.99,
        memory: str = "1GB",
    ) -> None:
        self._part: Part = part
        finder = cast("Cleaner", near_duplicates)
        self._finder = finder.bind(threshold=threshold, ngram=ngram, recall=recall, memory=memory)

    def choose(self, samples: SamplesInOrder) -> Iterator[tuple[str, Verdict]]:
        """Rejects all but one of each group; the details name the sample that stands for it."""
        for sample_id, drop in self._finder.choose(_Texts(samples, self._part, samples.scratch)):
            yield sample_id, Verdict.reject("near-duplicate of another sample", **drop.scores)


@dataclass(frozen=True)
class _Texts:
    """Samples as the finder of near-duplicates sees them: one part, looked through here."""

    samples: SamplesInOrder
    part: Part
    scratch: Path
    first: int = 0
    workers: int = 1

    def __len__(self) -> int:
        return len(self.samples)

    def __iter__(self) -> Iterator[Member]:
        for one in self.samples:
            yield Member(one.sample_id, _text(one.sample, self.part), "", {})

    def map(self, work: Callable[[SomeSeeds], T]) -> Iterator[T]:
        """What `work` makes of all of them."""
        yield work(self)


def _text(sample: Sample, part: Part) -> str:
    texts = sample.texts()
    responses = 2 if isinstance(sample, Preference) else 1
    if part == "response":
        texts = texts[-responses:]
    elif part == "prompt" and len(texts) > responses:
        texts = texts[:-responses]
    return "\n\n".join(texts)
