"""Measures of replies: each gives 0 to 1 for one item."""

from __future__ import annotations

import math
import re
import unicodedata
from collections import Counter
from collections.abc import Mapping, Sequence
from statistics import stdev

_ARTICLES = re.compile(r"\b(?:a|an|the)\b")
_MARKS = re.compile(r"[^\w\s]|_")


def normal(text: str) -> str:
    """Lower case, without marks, articles and runs of spaces, as answers to open questions are compared."""
    folded = _MARKS.sub(" ", unicodedata.normalize("NFKC", text).casefold())
    return " ".join(_ARTICLES.sub(" ", folded).split())


def substring_match(reply: str, answers: Sequence[str]) -> float:
    """Whether one of the answers stands in the reply, whole words only (SubEM)."""
    padded = f" {normal(reply)} "
    return float(any(f" {found} " in padded for answer in answers if (found := normal(answer))))


def ndcg(reply: str, gains: Mapping[str, float]) -> float:
    """nDCG@10 of the order in which a reply names documents; one that it does not name comes nowhere."""
    named = re.compile(
        "|".join(rf"(?<!\w){re.escape(one)}(?!\w)" for one in sorted(gains, key=len, reverse=True))
    )
    order = list(dict.fromkeys(found[0] for found in named.finditer(reply)))
    ideal = _discounted(sorted(gains.values(), reverse=True)[:10])
    return _discounted([gains[one] for one in order[:10]]) / ideal if ideal else 0.0


def _discounted(gains: Sequence[float]) -> float:
    return sum(gain / math.log2(place + 2) for place, gain in enumerate(gains))


def macro_f1(given: Sequence[str], right: Sequence[str]) -> float:
    """The mean over labels of F1; a reply that is no label counts against the label that was right."""
    right_of, given_of = Counter(right), Counter(given)
    hits = Counter(label for label, said in zip(right, given, strict=True) if label == said)
    scores = [2 * hits[label] / (count + given_of[label]) for label, count in right_of.items()]
    return sum(scores) / len(scores) if scores else 0.0


def stderr(values: Sequence[float]) -> float:
    """The standard error of a mean; 0 for a single value."""
    return stdev(values) / math.sqrt(len(values)) if len(values) > 1 else 0.0


def pass_at(k: int, samples: int, passed: int) -> float:
    """The chance that one of `k` samples passes, unbiased, from `samples` of which `passed` did."""
    if samples - passed < k:
        return 1.0
    return 1.0 - math.comb(samples - passed, k) / math.comb(samples, k)
