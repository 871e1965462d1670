"""Holds what a sample claims against its source: by the words first, by a judge for what they leave open."""

from __future__ import annotations

import functools
from collections.abc import Iterator
from dataclasses import replace
from typing import Any, Literal

from pydantic import BaseModel, Field, create_model

from factory.plugins import validator
from factory.records import Chat, Grounding, Json, Preference, Sample, Text, Verdict
from factory.teacher import Teacher
from validators.grounded.claims import Source, Weighed, claims, says_something
from validators.settings import Share

QUOTE = "a quote is not in the source"
LITTLE = "a sentence has little support in the source"
JUDGED = {
    "beyond": "a sentence goes beyond the source",
    "contradicted": "a sentence contradicts the source",
}
_SHOWN = 5
_AT_ONCE = 12  # sentences of one call: a judge that is asked more at once becomes careless


class Finding(BaseModel):
    """What the judge says of one sentence: the reasoning first, the verdict after it."""

    reasoning: str = Field(description="what in the source carries the sentence, or what is missing there")
    verdict: Literal["carried", "beyond", "contradicted"]


@validator(needs=Grounding, roles="judge")
async def grounded(
    sample: Sample,
    teacher: Teacher,
    *,
    judge: bool = True,
    carried: Share = 1.0,
    covered: Share = 0.9,
    support: Share = 0.5,
) -> Verdict:
    """Rejects samples that claim what their source does not carry.

    Every quote must stand in the source, and no number, name or identifier may be new. A sentence whose words
    two neighbouring sentences of the source hold (`covered`, a share of its content words by letters) is
    carried; the others go to the model of the role "judge", or, with ``judge: false``, need `support` of
    their words anywhere in it. `carried`: the share of sentences that must be; 1 rejects at the first fault.
    Read are texts, the assistant's turns, and the better response of a pair.
    """
    grounding = sample.find(Grounding)
    if grounding is None or not grounding.source.strip():
        return Verdict.reject("no source to check against")
    given, told = _given_and_told(sample)
    source = Source(grounding.source, given)
    missing = [quote for quote in grounding.quotes if not source.says(quote)]
    if missing:
        return Verdict.reject(QUOTE, 0.0, quotes=missing[:_SHOWN])
    weighed = [one for text in told for one in _weighed(text, source, covered)]
    faults = [_fault(one, one.fault, one.why, "words") for one in weighed if one.fault]
    open_ = [one for one in weighed if not one.fault and not one.carried]
    allowed = (1 - carried) * len(weighed)
    if not judge:
        faults += _unsupported(open_, support)
    elif len(faults) <= allowed < len(faults) + len(open_):  # or its word could not change the verdict
        faults += await _judged(open_, grounding.source, given, teacher)
    score = 1.0 - len(faults) / max(1, len(weighed))
    details = {"sentences": len(weighed), "left_open": len(open_), "faults": faults[:_SHOWN]}
    if len(faults) > allowed:
        return Verdict.reject(str(faults[0]["fault"]), score, **details)
    return Verdict.accept(score, **details)


def _weighed(text: str, source: Source, covered: float) -> Iterator[Weighed]:
    before = ""
    for sentence in claims(text):
        if says_something(sentence):
            yield replace(source.weigh(sentence, covered), before=before)
        before = sentence


def _given_and_told(sample: Sample) -> tuple[str, list[str]]:
    """What the reader was told by others, and the texts whose claims count."""
    if isinstance(sample, Text):
        return "", [sample.text]
    if isinstance(sample, Preference):
        return "\n\n".join(message.content for message in sample.prompt), [sample.chosen]
    if isinstance(sample, Chat):
        told = [message.content for message in sample.messages if message.role == "assistant"]
        others = [message.content for message in sample.messages if message.role != "assistant"]
        return "\n\n".join(others), told
    return "", list(sample.texts())


def _fault(one: Weighed, fault: str | None, why: str, by: str) -> dict[str, Json]:
    found = {"sentence": one.sentence, "fault": fault, "why": why, "by": by, "nearest": one.nearest}
    return {key: value for key, value in found.items() if value}


def _unsupported(open_: list[Weighed], support: float) -> list[dict[str, Json]]:
    return [
        _fault(one, LITTLE, f"{one.coverage:.0%} of its content is in the source", "words")
        for one in open_
        if one.coverage < support
    ]


async def _judged(open_: list[Weighed], source: str, given: str, teacher: Teacher) -> list[dict[str, Json]]:
    """The open sentences that the judge finds not carried, in order."""
    parts = [open_[start : start + _AT_ONCE] for start in range(0, len(open_), _AT_ONCE)]
    replies = await teacher.gather(*(_ask(part, source, given, teacher) for part in parts))
    return [
        _fault(one, JUDGED[finding.verdict], finding.reasoning, "judge")
        for part, findings in zip(parts, replies, strict=True)
        for one, finding in zip(part, findings, strict=True)
        if finding.verdict != "carried"
    ]


async def _ask(part: list[Weighed], source: str, given: str, teacher: Teacher) -> list[Finding]:
    reply = await teacher.ask(
        "carried",
        _findings(len(part)),
        role="judge",
        source=source,
        given=given,
        sentences=[{"before": one.before, "says": one.sentence} for one in part],
    )
    findings: list[Finding] = reply.findings
    return findings


@functools.cache
def _findings(count: int) -> Any:
    """The shape of a reply about so many sentences, so that one that leaves any out is asked again."""
    exactly = Field(min_length=count, max_length=count, description="one for each sentence, in their order")
    return create_model(f"Findings{count}", findings=(list[Finding], exactly))
