"""Collapse: what a generator writes becomes one thing over and over. Measured, and heard while it happens.

The measures look at responses: the last text of each sample. They know no language: words are runs of letters
and digits, and each character of a script without spaces is one.
"""

from __future__ import annotations

import re
from collections import Counter, deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from factory.records import Sample
from factory.refusals import refusal

OPENING = 6
"""Words of a response that make its opening."""
NGRAM = 4
_MOST_WORDS = 96
"""Words of a response that are looked at: collapse shows at the start, and this bounds the cost."""
_ALONE = r"\u0e00-\u0e7f\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff"
_WORD = re.compile(rf"[^\W_{_ALONE}]+|[{_ALONE}]")


def response(sample: Sample) -> str:
    """What a sample teaches to say: its last text; empty for a label."""
    return next(reversed(sample.texts()), "")


def words(text: str) -> list[str]:
    """The first words of a text, case folded."""
    return [match[0].casefold() for match, _ in zip(_WORD.finditer(text), range(_MOST_WORDS), strict=False)]


def opening(text: str) -> str:
    """The first words of a text: what many share that follow one template."""
    return " ".join(words(text)[:OPENING])


@dataclass(frozen=True)
class Figures:
    """How alike responses are. Shares are 0 to 1.

    `distinct`: n-grams of words that are distinct, of all; `template`: responses with the most frequent opening,
    which is `opening`; `copies`: responses whose first words another has; `refusals`: those that refuse.
    """

    responses: int
    distinct: float
    template: float
    opening: str
    copies: float
    refusals: float


def measure(texts: Iterable[str]) -> Figures:
    """The figures of some responses. Those without a word do not count."""
    grams: set[tuple[str, ...]] = set()
    all_grams = count = refused = 0
    openings, whole = Counter[str](), Counter[int]()
    for text in texts:
        found = words(text)
        if not found:
            continue
        count += 1
        refused += bool(refusal(text))
        openings[" ".join(found[:OPENING])] += 1
        whole[hash(tuple(found))] += 1
        made = list(zip(*(found[start:] for start in range(NGRAM)), strict=False))
        all_grams += len(made)
        grams.update(made)
    if not count:
        return Figures(0, 1.0, 0.0, "", 0.0, 0.0)
    first, most = openings.most_common(1)[0]
    return Figures(
        responses=count,
        distinct=len(grams) / all_grams if all_grams else 1.0,
        template=most / count if most > 1 else 0.0,
        opening=first,
        copies=1 - len(whole) / count,
        refusals=refused / count,
    )


@dataclass(frozen=True)
class Bounds:
    """Where the alarm sounds. Wide: of honest generators, none measured here came near them."""

    distinct: float = 0.15
    template: float = 0.9
    copies: float = 0.5
    refusals: float = 0.5

    def crossed(self, figures: Figures) -> str:
        """What is wrong in words; empty where nothing is."""
        if figures.refusals > self.refusals:
            return f"{figures.refusals:.0%} of the last {figures.responses} responses refuse"
        if figures.copies > self.copies:
            return f"{figures.copies:.0%} of the last {figures.responses} responses repeat another"
        if figures.template > self.template and figures.distinct < 0.5:
            return (
                f"{figures.template:.0%} of the last {figures.responses} responses begin with"
                f" '{figures.opening}'"
            )
        if figures.distinct < self.distinct:
            return (
                f"of the {NGRAM}-word sequences in the last {figures.responses} responses, only"
                f" {figures.distinct:.0%} are distinct"
            )
        return ""


class Alarm:
    """Listens to what a generator gives during a build, and says once when it has collapsed.

    It looks at the last `window` responses, each time that a quarter of them is new. It never rejects: what was
    made stays, and which seeds a pause leaves waiting is a matter of time, not of what the dataset becomes.
    """

    def __init__(self, window: int = 200, bounds: Bounds | None = None) -> None:
        self._heard: deque[str] = deque(maxlen=window)
        self._bounds = bounds or Bounds()
        self._new = 0

    def hear(self, samples: Sequence[Sample]) -> str:
        """Takes in the samples of one seed. What is wrong, where the bounds are crossed; else empty."""
        texts = [text for text in map(response, samples) if text]
        self._heard.extend(texts)
        self._new += len(texts)
        window = self._heard.maxlen or 0
        if len(self._heard) < window or self._new < window // 4:
            return ""
        self._new = 0
        return self._bounds.crossed(measure(self._heard))
