"""A judge that scores responses by criteria with anchors, and pairs of responses in both orders.

How far a judge can be relied on is measured with planted faults: agreement.py beside it.
"""

from __future__ import annotations

import statistics
from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, create_model

from factory.plugins import validator
from factory.records import Answer, Chat, Grounding, Json, Message, Preference, Sample, Text, Verdict
from factory.teacher import Teacher

Level = Annotated[int, Field(ge=1, le=5)]
Bar = Annotated[float, Field(ge=1, le=5)]
Name = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]*$")]


class Criterion(BaseModel):
    """What is judged, and what earns which level: anchors for at least two, best for 1, 3 and 5."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    asks: str
    levels: dict[Level, str] = Field(min_length=2)


Criteria = Annotated[dict[Name, Criterion], Field(min_length=1)]

DEFAULT = {
    "accuracy": Criterion(
        asks="Is what the response states and concludes right?",
        levels={
            1: "a central statement, step or result is wrong",
            3: "the result stands, but a statement beside it is wrong, or a condition is missing",
            5: "every statement and every step holds up when it is checked",
        },
    ),
    "completeness": Criterion(
        asks="Does it answer all that was asked, to its end?",
        levels={
            1: "a part of what was asked is missing, or the text breaks off",
            3: "everything is touched, but a step or case that the reader needs is left out",
            5: "nothing that the reader needs is missing, and nothing is said twice",
        },
    ),
    "clarity": Criterion(
        asks="Can the reader for whom it is meant follow it?",
        levels={
            1: "the order or the wording hides what is meant",
            3: "it can be followed with effort: a leap, a term that is not explained",
            5: "each sentence follows from what stands before it",
        },
    ),
}
NOTHING = "nothing that a judge could read"
ALIKE = "both responses say the same"
REJECTED = "the judge prefers the rejected response"
NEITHER = "the judge sees no difference"
ORDER = "the judge's preference turns with the order"
TORN = "the judge prefers one response and scores the other higher"
AVERAGE = "too low on average"


class Item(BaseModel):
    """One criterion applied: the reasoning first, the score after it."""

    reasoning: str = Field(description="what in the response decides, in its own words")
    score: Level


class Fault(BaseModel):
    """Something wrong with a response."""

    kind: Literal["comprehension", "logical", "factual", "stylistic"]
    what: str = Field(description="the words at fault, and why they are")


class Comparison(BaseModel):
    """What the judge says of two responses; subclasses add the scores of each."""

    faults_of_first: list[Fault]
    faults_of_second: list[Fault]
    discussion: str = Field(description="which faults weigh more, and why")
    better: Literal["first", "second", "neither"]


@validator(roles="judge")
class Rubric:
    """Rejects what a judge scores too low, and pairs whose better response it does not prefer.

    `criteria`: by name, each with what it ``asks`` and ``levels``, what earns which score from 1 to 5.
    A text or the last turn of a chat needs `mean` on average and `least` in every criterion; with several
    `votes` the median of independent scores counts. A pair is shown in both orders, and the chosen response
    must be preferred in both, and not score lower on the whole. The judge sees the reference answer and the source
    where the sample has them.
    Faults, discussion and scores of a pair: phi-4 report, judge-guided DPO.
    """

    def __init__(
        self,
        *,
        criteria: Criteria = DEFAULT,
        mean: Bar = 4.0,
        least: Bar = 3.0,
        votes: Annotated[int, Field(ge=1, le=9)] = 1,
    ) -> None:
        self._mean, self._least, self._votes = mean, least, votes
        self._names = tuple(criteria)
        self._told = [
            {
                "name": name,
                "asks": one.asks,
                "levels": [f"{level}: {one.levels[level]}" for level in sorted(one.levels)],
            }
            for name, one in criteria.items()
        ]
        items: dict[str, Any] = dict.fromkeys(self._names, (Item, ...))
        self._scores: Any = create_model("Scores", **items)
        self._comparison: Any = create_model(
            "ScoredComparison",
            __base__=Comparison,
            scores_of_first=(self._scores, ...),
            scores_of_second=(self._scores, ...),
        )

    async def check(self, sample: Sample, teacher: Teacher) -> Verdict:
        """Judges by scores, or a pair by comparison; what has no response, or one twice, without a call."""
        if isinstance(sample, Preference):
            if not (sample.chosen.strip() and sample.rejected.strip()):
                return Verdict.reject(NOTHING, kind=sample.kind)
            if sample.chosen.split() == sample.rejected.split():
                return Verdict.reject(ALIKE)
            return await self._compared(sample, teacher)
        if isinstance(sample, Text) and sample.text.strip():
            return await self._scored(sample, (), sample.text, teacher)
        if isinstance(sample, Chat) and sample.messages:
            *turns, last = sample.messages
            if last.role == "assistant" and last.content.strip():
                return await self._scored(sample, turns, last.content, teacher)
        return Verdict.reject(NOTHING, kind=sample.kind)

    async def _scored(
        self, sample: Text | Chat, turns: Sequence[Message], response: str, teacher: Teacher
    ) -> Verdict:
        replies = await teacher.ask(
            "score",
            self._scores,
            role="judge",
            n=self._votes,
            response=response,
            **self._shown(sample, turns),
        )
        scores = {
            name: statistics.median(getattr(reply, name).score for reply in replies) for name in self._names
        }
        average = statistics.fmean(scores.values())
        lowest = min(self._names, key=lambda name: scores[name])
        reasons = [getattr(reply, lowest).reasoning for reply in replies]
        details: dict[str, Json] = {"scores": scores, "lowest": lowest, "because": reasons}
        if scores[lowest] < self._least:
            return Verdict.reject(f"too low in {lowest}", average, **details)
        if average < self._mean:
            return Verdict.reject(AVERAGE, average, **details)
        return Verdict.accept(average, **details)

    async def _compared(self, pair: Preference, teacher: Teacher) -> Verdict:
        shown = self._shown(pair, pair.prompt)

        async def ask(first: str, second: str) -> Any:
            return await teacher.ask(
                "compare", self._comparison, role="judge", first=first, second=second, **shown
            )

        one, other = await teacher.gather(ask(pair.chosen, pair.rejected), ask(pair.rejected, pair.chosen))
        names = {"first": "chosen", "second": "rejected", "neither": "neither"}
        turned = {"first": "rejected", "second": "chosen", "neither": "neither"}
        preferred = [names[one.better], turned[other.better]]
        margin = statistics.fmean(
            [
                self._average(one.scores_of_first) - self._average(one.scores_of_second),
                self._average(other.scores_of_second) - self._average(other.scores_of_first),
            ]
        )
        details: dict[str, Json] = {
            "preferred": preferred,
            "discussions": [one.discussion, other.discussion],
            "faults_of_chosen": [fault.model_dump() for fault in one.faults_of_first],
            "faults_of_rejected": [fault.model_dump() for fault in one.faults_of_second],
        }
        if preferred == ["chosen", "chosen"]:
            return (
                Verdict.accept(margin, **details) if margin >= 0 else Verdict.reject(TORN, margin, **details)
            )
        reasons = {("rejected", "rejected"): REJECTED, ("neither", "neither"): NEITHER}
        return Verdict.reject(reasons.get((preferred[0], preferred[1]), ORDER), margin, **details)

    def _average(self, scores: Any) -> float:
        return statistics.fmean(getattr(scores, name).score for name in self._names)

    def _shown(self, sample: Sample, turns: Sequence[Message]) -> Mapping[str, Any]:
        """What the judge sees beside the responses."""
        answer, grounding = sample.find(Answer), sample.find(Grounding)
        return {
            "criteria": self._told,
            "request": "\n\n".join(f"{turn.role}: {turn.content}" for turn in turns),
            "reference": (answer.reference or "") if answer else "",
            "source": grounding.source if grounding else "",
        }
