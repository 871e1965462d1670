"""Rejects samples that hold parts of the benchmarks they will be measured on (phi-4 report, appendix B.1)."""

from __future__ import annotations

import asyncio
import functools
from pathlib import Path
from typing import TYPE_CHECKING, Any

from factory.errors import FactoryError
from factory.extras import need
from factory.plugins import validator
from factory.records import Sample, Verdict
from validators.settings import Count, Share

if TYPE_CHECKING:  # compiled code takes half a second to load: only who judges needs it
    from validators.decontamination.check import Finding
    from validators.decontamination.index import Index
    from validators.decontamination.recipe import Recipe

INFO, CONTAMINATED = 0.1, 0.35
"""Shares of 7-grams, where a catalogue says nothing."""


@validator()
class Decontamination:
    """Rejects samples that share n-grams with benchmarks.

    `benchmarks`: files or globs, relative to the current directory; `columns`: what to join into an item, in
    place of the usual columns; `reference`: a corpus whose common 13-grams (those in `allowed_documents` of
    its documents or more) are exempt; `index`: a file that keeps the built index for the next time, or, without
    `benchmarks`, one that ``factory decontaminate index`` made.
    `info_threshold`, `contaminated_threshold`: shares of 7-grams above which a text is partly, and from which it
    is wholly contaminated (unpublished: the defaults are ours); `reject_partial`: whether partly is enough;
    `altered`: whether items with other numbers, or options in another order, count too (ours, beyond the report).
    `clean`: files of text without any benchmark, in which a snapshot's certificate measures what is found; by
    default the reference corpus, else the manual that comes with Python.
    """

    def __init__(
        self,
        *,
        benchmarks: tuple[str, ...] = (),
        columns: tuple[str, ...] = (),
        reference: tuple[str, ...] = (),
        allowed_documents: Count = 10,
        info_threshold: Share = INFO,
        contaminated_threshold: Share = CONTAMINATED,
        reject_partial: bool = False,
        altered: bool = True,
        index: str | None = None,
        clean: tuple[str, ...] = (),
    ) -> None:
        need("seeds", "numba", by="decontamination")
        if not benchmarks and index is None:
            raise FactoryError(
                "decontamination: no benchmarks; name the files to compare with under"
                " 'with: {benchmarks: [path.jsonl, ...]}', or an index of them"
            )
        if not benchmarks and (columns or reference):
            raise FactoryError(
                "decontamination: columns and reference belong to benchmarks; an index that was made before has"
                " them already: give them to 'factory decontaminate index'"
            )
        if contaminated_threshold < info_threshold:
            raise FactoryError(
                f"decontamination: contaminated_threshold ({contaminated_threshold}) is below"
                f" info_threshold ({info_threshold})"
            )
        self._files = (benchmarks, columns, reference, allowed_documents)
        self._thresholds = (info_threshold, contaminated_threshold)
        self._reject_partial = reject_partial
        self._altered = altered
        self._kept = None if index is None else Path(index)
        self._clean = clean or reference

    @property
    def fingerprint(self) -> str:
        """The hash of the index and the thresholds."""
        info, contaminated = self._thresholds
        partial = " reject_partial" if self._reject_partial else ""
        altered = "" if self._altered else " as published"
        return f"index={self._hash} info={info} contaminated={contaminated}{partial}{altered}"

    @functools.cached_property
    def _recipe(self) -> Recipe | None:
        from validators.decontamination.recipe import Recipe

        return Recipe(*self._files) if self._files[0] else None

    @property
    def _hash(self) -> str:
        from validators.decontamination.index import hash_of

        if self._recipe is not None:
            return self._recipe.hash
        assert self._kept is not None
        return hash_of(self._kept)

    @functools.cached_property
    def _index(self) -> Index:
        from validators.decontamination.index import Index

        if self._recipe is not None:
            return self._recipe.index(self._kept)
        assert self._kept is not None
        return Index.load(self._kept)

    async def setup(self) -> None:
        """Reads or builds the index. FactoryError for a benchmark file that is missing or cannot be read."""
        await asyncio.to_thread(lambda: self._index)

    async def teardown(self) -> None:
        """Lets the index go."""
        self.__dict__.pop("_index", None)

    async def check(self, sample: Sample, teacher: Any) -> Verdict:
        """Compares each text of a sample and the whole; the worst finding decides and is kept as details."""
        from validators.decontamination.check import check_parts

        texts = sample.texts()
        if not texts:
            return Verdict.accept()
        part, worst = check_parts(texts, self._compare)
        details = {"part": part, **worst.details(), "index": self._index.hash}
        if worst.status == "clean" or (worst.status == "partial" and not self._reject_partial):
            return Verdict.accept(worst.ratio, **details)
        return Verdict.reject(worst.reason, worst.ratio, **details)

    def certificate(self) -> dict[str, Any]:
        """Benchmarks, thresholds, and what is found of leaks in clean text: see `certificate.certify`."""
        from validators.decontamination.certificate import certify

        told = certify(self._index, self._compare, self._clean, reject_partial=self._reject_partial)
        info, contaminated = self._thresholds
        thresholds = {"info": info, "contaminated": contaminated, "reject_partial": self._reject_partial}
        return {"kind": "decontamination", "thresholds": thresholds, "altered": self._altered, **told}

    def _compare(self, text: str) -> Finding:
        from validators.decontamination.check import check

        return check(self._index, text, *self._thresholds, altered=self._altered)
