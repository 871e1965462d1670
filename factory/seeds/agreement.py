"""How a classifier's answers agree with annotations: precision, recall, kappa, ranks, and where to cut."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from factory.errors import FactoryError

NORMAL = 1.96
"""Standard deviations around the mean that hold 95% of a normal distribution."""

SHARES = (0.5, 0.3, 0.2, 0.1, 0.05)
"""How much of the texts the cuts that are told of keep."""


def of_scores(
    gold: Any, found: Any, *, good: float, least: float, whence: Sequence[str] = ()
) -> dict[str, Any]:
    """How scores agree with annotated ones, where texts stay that are scored `least`, and those annotated `good`
    should: the share kept, precision, recall and F1 of that choice, the first two with their 95% intervals; quadratic
    kappa of rounded scores; Spearman's rank correlation. What cannot be measured on so few or so equal labels is
    None. `whence`: the document each text is from, if known: those of one say less than as many of several."""
    right, kept = gold >= good, found >= least
    return {
        "annotations": len(gold),
        "keeps": round(float(kept.mean()), 4),
        **_hits(right, kept),
        "precision_interval": interval_of(right, kept, whence),
        "recall_interval": interval_of(kept, right, whence),
        "quadratic_kappa": _kappa(gold.round().astype(int), found.round().astype(int), quadratic=True),
        "spearman": _spearman(gold, found),
    }


def of_labels(pairs: Sequence[tuple[str, str]], whence: Sequence[str] = ()) -> dict[str, Any]:
    """How labels without an order agree: accuracy, F1 averaged over the annotated labels, Cohen's kappa. `whence`: as
    `of_scores` takes it."""
    labels = sorted({label for pair in pairs for label in pair})
    gold = np.array([labels.index(label) for label, _ in pairs])
    found = np.array([labels.index(answer) for _, answer in pairs])
    each = [_hits(gold == place, found == place)["f1"] for place in sorted(set(gold.tolist()))]
    return {
        "annotations": len(pairs),
        "accuracy": round(float((gold == found).mean()), 4),
        "accuracy_interval": interval_of(gold == found, np.ones(len(pairs), bool), whence),
        "macro_f1": round(sum(each) / len(each), 4),
        "kappa": _kappa(gold, found, quadratic=False),
    }


def interval_of(hit: Any, among: Any, whence: Sequence[str] = ()) -> list[float]:
    """The 95% interval of the share of hits `among` texts of which several may be from one document: Wilson's for as
    many independent texts as would tell it as exactly. Source: Korn and Graubard, Survey Methodology 24 (1998), with
    the variance of a ratio over clusters."""
    hits, size = int((hit & among).sum()), int(among.sum())
    if not whence or not size:
        return interval(hits, size)
    # A text of which it is not known where it is from stands for itself.
    _, places = np.unique([name or f"\0{at}" for at, name in enumerate(whence)], return_inverse=True)
    texts = np.bincount(places, among)
    right = np.bincount(places, hit & among)[texts > 0]
    texts = texts[texts > 0]
    documents, share = len(texts), hits / size
    if documents == size:
        return interval(hits, size)
    if documents < 2 or not 0 < share < 1:
        return interval(hits, size, documents)
    variance = documents / (documents - 1) * float(((right - share * texts) ** 2).sum()) / size**2
    fewer = (_student(documents - 1) / _student(size - 1)) ** 2
    return interval(hits, size, share * (1 - share) / max(variance * fewer, share * (1 - share) / size))


def interval(hits: int, of: int, worth: float | None = None) -> list[float]:
    """The 95% interval of a share of which `hits` were seen (Wilson's): from 0 to 1 where nothing was. `worth`: how
    many independent texts say as much, where they are fewer."""
    if not of:
        return [0.0, 1.0]
    worth = worth or of
    share, wide = hits / of, NORMAL**2 / worth
    middle = (share + wide / 2) / (1 + wide)
    half = (NORMAL / (1 + wide)) * math.sqrt(share * (1 - share) / worth + wide / (4 * worth))
    return [round(max(0.0, middle - half), 4), round(min(1.0, middle + half), 4)]


def _student(freedom: int) -> float:
    """Deviations that hold 95% of Student's distribution (Cornish and Fisher's expansion; too few below 3)."""
    z = NORMAL
    return (
        z
        + (z**3 + z) / (4 * freedom)
        + (5 * z**5 + 16 * z**3 + 3 * z) / (96 * freedom**2)
        + (3 * z**7 + 19 * z**5 + 17 * z**3 - 15 * z) / (384 * freedom**3)
    )


def times_more(known: Sequence[float], within: float) -> float:
    """How many times as many annotations it takes to know a share to `within`, of which an interval is known."""
    return ((known[1] - known[0]) / 2 / within) ** 2


def cuts(gold: Any, found: Any, good: float) -> list[dict[str, float]]:
    """What keeping the best half, tenth ... of the texts would give: the score to cut at, precision and recall."""
    best = np.sort(found)[::-1]
    marks = [float(best[max(0, round(share * len(best)) - 1)]) for share in SHARES]
    return [
        {
            "min_score": mark,
            "keeps": round(float((found >= mark).mean()), 4),
            **_hits(gold >= good, found >= mark),
        }
        for mark in sorted(set(marks))
    ]


def cut_for_share(found: Any, share: float) -> float:
    """The score that `share` of the texts reach."""
    return float(np.sort(found)[::-1][max(0, round(share * len(found)) - 1)])


def cut_for_precision(gold: Any, found: Any, good: float, precision: float) -> float:
    """The lowest score from which on so many of the kept texts are good. Raises FactoryError where none is."""
    order = np.argsort(-found, kind="stable")
    hits = np.cumsum(gold[order] >= good) / np.arange(1, len(found) + 1)
    # Texts of one score stay or go together: only the last of them says what the cut keeps.
    last = np.append(np.diff(found[order]) != 0, True)
    enough = np.flatnonzero(last & (hits >= precision))
    if not len(enough):
        best = int(np.argmax(np.where(last, hits, -1)))
        raise FactoryError(
            f"no score keeps texts of which {precision:.0%} are good: at best {hits[best]:.0%} are, from"
            f" {found[order][best]:g} on; annotate more texts, or want less"
        )
    return float(found[order][enough[-1]])


def _hits(gold: Any, found: Any) -> dict[str, float]:
    both = int((gold & found).sum())
    precision = both / int(found.sum()) if found.any() else 0.0
    recall = both / int(gold.sum()) if gold.any() else 0.0
    total = precision + recall
    return {
        "precision": round(precision, 4),
        "recall": round(recall, 4),
        "f1": round(2 * precision * recall / total, 4) if total else 0.0,
    }


def _kappa(gold: Any, found: Any, *, quadratic: bool) -> float | None:
    """Cohen's kappa; with squared distances as weights where labels are steps of a scale. None where chance alone
    would agree as well: with a single label there is nothing to agree on."""
    low = min(int(gold.min()), int(found.min()))
    size = max(int(gold.max()), int(found.max())) - low + 1
    seen = np.zeros((size, size))
    np.add.at(seen, (gold - low, found - low), 1)
    steps = np.arange(size)
    weights = (
        (steps[:, None] - steps[None, :]) ** 2
        if quadratic
        else (steps[:, None] != steps[None, :]).astype(float)
    )
    expected = np.outer(seen.sum(1), seen.sum(0)) / seen.sum()
    chance = float((weights * expected).sum())
    return round(1 - float((weights * seen).sum()) / chance, 4) if chance else None


def _spearman(gold: Any, found: Any) -> float | None:
    """The correlation of ranks; None where there is none to speak of, since all are equal or there are too few."""
    if len(gold) < 3 or gold.std() == 0 or found.std() == 0:
        return None
    return round(float(np.corrcoef(_ranks(gold), _ranks(found))[0, 1]), 4)


def _ranks(values: Any) -> Any:
    """Ranks, equal values sharing the mean of theirs."""
    order = np.argsort(values, kind="stable")
    ranks = np.empty(len(values))
    ranks[order] = np.arange(len(values))
    for value in np.unique(values):
        same = values == value
        ranks[same] = ranks[same].mean()
    return ranks
