"""Keeps an answer only where independent votes single it out (phi-4 report, question seeds)."""

from __future__ import annotations

from typing import Any

from factory.plugins import validator
from factory.records import Answer, Sample, Verdict
from validators.answers import Poll, same
from validators.answers.vote import HIGH, LOW
from validators.settings import Count, Share

_REASONS = {
    "scattered": "too hard: the votes scatter",
    "tie": "no plurality: several answers lead",
    "unanimous": "too easy: all votes agree",
    "inconsistent": "no majority: equality of the answers is not transitive",
}


@validator(needs=Answer)
async def majority_vote(
    sample: Sample,
    teacher: Any,
    *,
    min_votes: Count = 3,
    low: Share = LOW,
    high: Share = HIGH,
    allow_unanimous: bool = False,
    math_verify: bool = False,
) -> Verdict:
    """Rejects answers that are not the plurality of their votes.

    `min_votes`: fewer decide nothing; `low`: the share of votes that the answer needs; `high`: from this
    share on the question is too easy, unless `allow_unanimous`; `math_verify`: it compares the formulas that
    keys leave open (pip install 'seedfactory[math]'). Where a generator stopped asking early, give both the
    same band. The report names no numbers; these are ours.
    """
    claimed = sample.find(Answer)
    if claimed is None:
        return Verdict.reject("no answer to check")
    poll = Poll(len(claimed.votes), low, high, allow_unanimous=allow_unanimous, math_verify=math_verify)
    tally = await poll.tally(claimed.votes)
    details = {
        "votes": len(claimed.votes),
        "verdict": tally.verdict,
        "winner": tally.winner,
        "counts": {one.answer: one.count for one in tally.classes},
    }
    if len(claimed.votes) < min_votes:
        return Verdict.reject("too few votes", tally.agreement, **details)
    if tally.winner is None or (tally.verdict == "unanimous" and not allow_unanimous):
        return Verdict.reject(_REASONS[tally.verdict], tally.agreement, **details)
    if not any(same(claimed.value, claimed.votes[number].answer) for number in tally.supporters):
        return Verdict.reject("not the answer that the votes chose", tally.agreement, **details)
    return Verdict.accept(tally.agreement, **details)
