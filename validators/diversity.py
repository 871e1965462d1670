"""`diversity`: no template and no refusal takes over a dataset."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import asdict
from typing import Any

from factory.collapse import measure, opening, response
from factory.plugins import SamplesInOrder, validator
from factory.records import Verdict
from factory.refusals import refusal
from validators.settings import Count, Share

_SAMPLE = 20_000
"""Responses that the figures are measured on: those of the smallest ids, which are a hash."""


@validator()
class diversity:
    """Rejects what exceeds the share that one opening, or refusals, may have of a dataset.

    `max_template`: the share of responses that may begin with the same words; `max_refusals`: the share that may
    refuse; `at_least`: so many of a kind stay whatever its share. Which of them stay is told by their ids, so by
    chance, and the same on every machine. The figures of the dataset (distinct n-grams, template and refusal
    shares, before anything went) go to the view `dataset_figures`.
    """

    def __init__(
        self,
        *,
        max_template: Share = 0.2,
        max_refusals: Share = 0.02,
        at_least: Count = 5,
    ) -> None:
        self._max_template, self._max_refusals, self._at_least = max_template, max_refusals, at_least
        self.figures: dict[str, Any] = {}

    def choose(self, samples: SamplesInOrder) -> Iterator[tuple[str, Verdict]]:
        """Rejects the surplus."""
        texts = (response(one.sample) for one, _ in zip(samples, range(_SAMPLE), strict=False))
        self.figures = asdict(measure(texts))
        most_alike = max(self._at_least, int(self._max_template * len(samples)))
        most_refusals = max(self._at_least, int(self._max_refusals * len(samples)))
        openings, refused = Counter[int](), 0
        for one in samples:
            text = response(one.sample)
            if refusal(text):
                refused += 1
                if refused > most_refusals:
                    yield one.sample_id, Verdict.reject("too many refusals in the dataset")
                continue
            if first := opening(text):
                openings[hash(first)] += 1
                if openings[hash(first)] > most_alike:
                    yield (
                        one.sample_id,
                        Verdict.reject("too many responses with one opening", opening=first),
                    )
