"""The validator `glossary.brief`."""

from __future__ import annotations

from factory.plugins import validator
from factory.records import Sample, Verdict
from factory.teacher import Teacher


@validator()
async def brief(sample: Sample, teacher: Teacher, *, max_words: int = 60) -> Verdict:
    """Rejects a definition that is too long to be one."""
    words = len(sample.texts()[-1].split())
    if words > max_words:
        return Verdict.reject("the definition is too long", words=words)
    return Verdict.accept(words=words)
