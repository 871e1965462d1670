"""extract.qa: questions and answers along the deduction chains of a passage."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from typing import Annotated, Literal

from pydantic import BaseModel, Field

from factory.plugins import generator
from factory.records import Answer, Chat, Grounding, Passage
from factory.teacher import Teacher
from generators.quotes import all_occur, source_of


class Premise(BaseModel):
    """What a chain starts from or passes through, with the words of the source that say it."""

    statement: str
    quote: str


class Chain(BaseModel):
    """Premises that together lead to a conclusion."""

    premises: list[Premise] = Field(min_length=1, max_length=6)
    inference: str
    conclusion: str


class Chains(BaseModel):
    """The deduction chains of a passage."""

    reasoning: str
    chains: list[Chain] = Field(max_length=6)


class Step(BaseModel):
    """A key step of a chain as a question with its answer."""

    question: str
    explanation: str
    answer: str
    quotes: list[str] = Field(min_length=1, max_length=6)


class Steps(BaseModel):
    """The key steps of one chain."""

    reasoning: str
    steps: list[Step] = Field(min_length=1, max_length=4)


class Groundedness(BaseModel):
    """What a critic says of one question and its answer against the source."""

    reasoning: str
    verdict: Literal["grounded", "partly", "ungrounded"]


@generator(
    seeds=Passage,
    gives=Chat,
    evidence=(Grounding, Answer),
    roles=("writer", "critic"),
    axes={
        "form": [
            "why something holds, or why it is done",
            "what follows when two things hold at once",
            "under which condition something holds, and what happens without it",
            "how two things that are easily confused differ",
            "what to expect in a concrete case that the source does not name",
            "what would have to change for the outcome to be another",
        ],
        "asker": [
            "a student who wants to understand before memorising",
            "a practitioner who has to decide today",
            "a reviewer who doubts the claim",
            "a newcomer who has met the terms but not the reasons",
            "a colleague from another field who wants the gist without its jargon",
        ],
    },
)
async def qa(
    passage: Passage, teacher: Teacher, *, chains: Annotated[int, Field(ge=1, le=6)] = 3
) -> AsyncIterator[Chat]:
    """Questions and answers along the deduction chains of a passage.

    `chains`: how many chains are followed at most. A passage that argues nothing gives no row. Source: phi-4
    report, "Creating question and answer pairs from diverse sources"; the number of chains is unpublished.
    """
    source = source_of(passage)
    found = await teacher.ask("chains", Chains, source=source, passage=passage, most=chains)
    asked: set[str] = set()
    for chain in found.chains[:chains]:
        if not all_occur([premise.quote for premise in chain.premises], source):
            continue
        steps = await teacher.ask(
            "steps",
            Steps,
            source=source,
            passage=passage,
            chain=chain,
            form=teacher.draw("form"),
            asker=teacher.draw("asker"),
        )
        quoted = [step for step in steps.steps if all_occur(step.quotes, source)]
        for step in await _grounded(quoted, source, teacher):
            if step.question not in asked:
                asked.add(step.question)
                yield Chat.of(
                    step.question,
                    f"{step.explanation}\n\nAnswer: {step.answer}",
                    Grounding(source=source, quotes=tuple(step.quotes)),
                    Answer(value=step.answer),
                )


async def _grounded(steps: Sequence[Step], source: str, teacher: Teacher) -> list[Step]:
    """The steps whose answers a critic finds to rest on the source alone, each judged by itself."""
    judgements = await teacher.gather(
        *(
            teacher.ask("groundedness", Groundedness, role="critic", step=step, source=source)
            for step in steps
        )
    )
    return [
        step for step, judgement in zip(steps, judgements, strict=True) if judgement.verdict == "grounded"
    ]
