"""Between records and rows of the store."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import orjson

from factory.records import Sample, Verdict

_COLUMNS = ("text", "messages", "prompt", "chosen", "rejected", "loss_tokens")
"""Fields of samples that have a column of their own; others go to `extra`."""


def json_text(value: Any) -> str:
    """JSON text for a JSON column, keys sorted so that equal values are equal texts."""
    return orjson.dumps(value, option=orjson.OPT_SORT_KEYS | orjson.OPT_NON_STR_KEYS).decode()


def sample_row(sample: Sample) -> dict[str, Any]:
    """The columns of `samples` that a sample decides by itself."""
    fields = sample.model_dump(mode="json", exclude={"evidence"})
    own = {name: fields.pop(name) for name in _COLUMNS if name in fields}
    return {
        "kind": sample.kind,
        **own,
        "extra": json_text(fields) if fields else None,
        "evidence": json_text([item.tagged() for item in sample.evidence]),
        "characters": sum(len(text) for text in sample.texts()),
    }


SAMPLE_COLUMNS = ("sample_id", "kind", *_COLUMNS, "extra", "evidence")
"""What `sample_of` reads, in this order."""


def sample_of(row: Mapping[str, Any]) -> Sample:
    """The sample that `sample_row` wrote. Raises FactoryError when its kind's plugin is not installed."""
    fields = {name: row[name] for name in _COLUMNS if row[name] is not None}
    extra = orjson.loads(row["extra"]) if row["extra"] else {}
    evidence = orjson.loads(row["evidence"])
    sample: Sample = Sample.untagged({"kind": row["kind"], **fields, **extra, "evidence": evidence})
    return sample


def verdict_row(verdict: Verdict) -> dict[str, Any]:
    """The columns of `verdicts` that a verdict decides by itself."""
    return {
        "passed": verdict.passed,
        "reason": verdict.reason,
        "score": verdict.score,
        "details": json_text(verdict.details),
    }
