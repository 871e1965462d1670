"""rewrite.textbook: a section of a textbook, from what a passage establishes."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

from pydantic import BaseModel, Field

from factory.plugins import generator
from factory.records import Grounding, Passage, Text
from factory.teacher import Teacher
from generators.quotes import occurs, source_of
from generators.rubric import Item, Rounds, Rubric, Score


class Concept(BaseModel):
    """One thing the section teaches, with the words of the source that carry it."""

    name: str
    meaning: str
    quote: str


class Misconception(BaseModel):
    """What a reader is likely to believe wrongly, why, and what is the case instead."""

    belief: str
    why_tempting: str
    correction: str


class Outline(BaseModel):
    """The plan of a section."""

    reasoning: str
    title: str
    concepts: list[Concept] = Field(min_length=1, max_length=6)
    prerequisites: list[str] = Field(max_length=4)
    misconception: Misconception


class Critique(Rubric):
    """The rubric of a section."""

    faithfulness: Item
    progression: Item
    worked_example: Item
    misconception: Item


@generator(
    seeds=Passage,
    gives=Text,
    evidence=Grounding,
    roles=("writer", "critic"),
    axes={
        "audience": [
            "a first-year student who knows school mathematics and nothing of this subject",
            "a practitioner from a neighbouring field who needs the idea at work next week",
            "a self-taught reader who has used the thing by imitation and never had it explained",
            "a strong pupil of seventeen, curious and impatient with hand-waving",
            "a teacher who must explain it tomorrow and fears the awkward questions",
        ],
        "opening": [
            "a small problem that the reader cannot yet solve",
            "two cases that look alike and come out differently",
            "what goes wrong for somebody who does not know the idea",
            "the question that the idea answers, asked in plain words",
            "a prediction the reader is invited to make before reading on",
        ],
        "setting": [
            "a village library",
            "a small workshop that repairs bicycles",
            "a weather station run by volunteers",
            "the office of a regional bus company",
            "a hospital pharmacy",
            "a community theatre",
            "a laboratory course",
            "a family's household accounts",
        ],
    },
)
async def textbook(
    passage: Passage, teacher: Teacher, *, bar: Score = 4, rounds: Rounds = 2
) -> AsyncIterator[Text]:
    """A textbook section with a worked example, from what a passage establishes.

    `bar`: what every item of the critique must score; `rounds`: how many revisions there may be before the
    best version so far is taken. Source: phi-4 report, "Rewrite and augment"; bar and rounds unpublished.
    """
    source = source_of(passage)
    audience = teacher.draw("audience")
    outline = await teacher.ask("outline", Outline, source=source, passage=passage, audience=audience)
    concepts = [concept for concept in outline.concepts if occurs(concept.quote, source)]
    if not concepts:
        return  # nothing that the model planned stands in the source
    outline = outline.model_copy(update={"concepts": concepts})
    told: dict[str, Any] = {"source": source, "outline": outline, "audience": audience}
    text = await teacher.ask(
        "section", **told, opening=teacher.draw("opening"), setting=teacher.draw("setting")
    )
    versions: list[tuple[tuple[int, int], str]] = []
    while True:
        critique = await teacher.ask(
            "critique", Critique, role="critic", text=text, **told, rehearsal={"round": len(versions)}
        )
        versions.append((critique.rank(), text))
        low = critique.below(bar)
        if not low or len(versions) > rounds:
            break
        text = await teacher.ask("revise", text=text, low=low, **told)
    _, best = max(versions, key=lambda version: version[0])
    yield Text.of(best, Grounding(source=source, quotes=tuple(concept.quote for concept in concepts)))
