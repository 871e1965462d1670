"""Rejects samples that hold parts of the benchmarks they will be measured on (phi-4 report, appendix B.1)."""

from __future__ import annotations

import asyncio
import functools
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any

from pydantic import Field

from factory.errors import FactoryError
from factory.plugins import validator
from factory.records import Sample, Verdict
from validators.decontamination.check import Finding
from validators.decontamination.check import check as compare
from validators.decontamination.index import LONG, Index, Recipe
from validators.decontamination.tokens import tokenize

Share = Annotated[float, Field(ge=0, le=1)]
_RANK = {"clean": 0, "partial": 1, "contaminated": 2}


@validator()
class Decontamination:
    """Rejects samples that share n-grams with benchmarks.

    `benchmarks`: files or globs, relative to the current directory; `columns`: what to join into an item, in
    place of the usual columns; `reference`: a corpus whose common 13-grams (those in `allowed_documents` of
    its documents or more) are exempt; `info_threshold`, `contaminated_threshold`: shares of 7-grams above
    which a text is partly, and from which it is wholly contaminated (unpublished: the defaults are ours);
    `reject_partial`: whether partly is enough; `index`: a file that keeps the built index for the next time.
    """

    def __init__(
        self,
        *,
        benchmarks: tuple[str, ...] = (),
        columns: tuple[str, ...] = (),
        reference: tuple[str, ...] = (),
        allowed_documents: Annotated[int, Field(ge=1)] = 10,
        info_threshold: Share = 0.1,
        contaminated_threshold: Share = 0.35,
        reject_partial: bool = False,
        index: str | None = None,
    ) -> None:
        if not benchmarks:
            raise FactoryError(
                "decontamination: no benchmarks; name the files to compare with under"
                " 'with: {benchmarks: [path.jsonl, ...]}'"
            )
        if contaminated_threshold < info_threshold:
            raise FactoryError(
                f"decontamination: contaminated_threshold ({contaminated_threshold}) is below"
                f" info_threshold ({info_threshold})"
            )
        self._recipe = Recipe(benchmarks, columns, reference, allowed_documents)
        self._thresholds = (info_threshold, contaminated_threshold)
        self._reject_partial = reject_partial
        self._kept = None if index is None else Path(index)

    @property
    def fingerprint(self) -> str:
        """The hash of the index and the thresholds."""
        info, contaminated = self._thresholds
        partial = " reject_partial" if self._reject_partial else ""
        return f"index={self._recipe.hash} info={info} contaminated={contaminated}{partial}"

    @functools.cached_property
    def _index(self) -> Index:
        return self._recipe.index(self._kept)

    async def setup(self) -> None:
        """Reads or builds the index. FactoryError for a benchmark file that is missing or cannot be read."""
        await asyncio.to_thread(lambda: self._index)

    async def teardown(self) -> None:
        """Lets the index go."""
        self.__dict__.pop("_index", None)

    async def check(self, sample: Sample, teacher: Any) -> Verdict:
        """Compares each text of a sample and the whole; the worst finding decides and is kept as details."""
        findings = [(part, compare(self._index, text, *self._thresholds)) for part, text in _parts(sample)]
        if not findings:
            return Verdict.accept()
        part, worst = max(findings, key=lambda found: (_RANK[found[1].status], found[1].ratio))
        details = {"part": part, **worst.details(), "index": self._index.hash}
        if worst.status == "clean" or (worst.status == "partial" and not self._reject_partial):
            return Verdict.accept(worst.ratio, **details)
        return Verdict.reject(_reason(worst), worst.ratio, **details)


def _parts(sample: Sample) -> Iterator[tuple[str, str]]:
    """What is compared: each text that is long enough to tell something, then all of them together."""
    texts = sample.texts()
    if len(texts) > 1:
        for number, text in enumerate(texts):
            if len(list(filter(None, tokenize(text)))) >= LONG:
                yield f"text {number}", text
    if texts:
        yield "whole", "\n".join(texts)


def _reason(finding: Finding) -> str:
    if finding.by == LONG:
        return "13-gram or short item of a benchmark"
    return "7-gram overlap with a benchmark item"
