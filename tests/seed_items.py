"""What sources give, sorted: what becomes rows, and what their rules leave out."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from factory.plugins import Broken, Found, Item, Skipped


def rows(items: Iterable[Item]) -> list[Found | Broken]:
    """Seeds and broken records, in order."""
    return [item for item in items if not isinstance(item, Skipped)]


def left_out(items: Iterable[Item]) -> Counter[str]:
    """Records that were left out, by reason."""
    counts: Counter[str] = Counter()
    for item in items:
        if isinstance(item, Skipped):
            counts[item.reason] += item.records
    return counts
