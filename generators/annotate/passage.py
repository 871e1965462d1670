"""annotate.passage: what an excerpt holds, for small classifiers and for choosing seeds."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Annotated, Literal

from pydantic import BaseModel, Field

from factory.plugins import generator
from factory.records import Label, Passage
from factory.teacher import Teacher

Grade = Annotated[int, Field(ge=0, le=5)]


class ReasoningStep(BaseModel):
    """One step of the reasoning that an excerpt holds. `depends_on`: numbers of earlier lines that it needs."""

    assumption: str
    conclusion: str
    description: str
    depends_on: list[int] = []


class Annotation(BaseModel):
    """The metadata of an excerpt (phi-4 report, appendix: annotation of excerpts)."""

    first_line: str
    last_line: str
    information_type: Literal[
        "facts", "explanation", "instructions", "argument", "narrative", "opinion", "code", "other"
    ]
    description: str
    complexity: Literal["elementary", "secondary", "undergraduate", "graduate", "expert"]
    obscurity: Literal["common knowledge", "educated knowledge", "specialist knowledge", "hardly known"]
    chain_of_reasoning: bool
    steps: list[ReasoningStep] = Field([], max_length=12)
    factual: Grade
    reasoning: Grade


@generator(seeds=Passage, gives=Label)
async def passage(passage: Passage, teacher: Teacher) -> AsyncIterator[Label]:
    """What an excerpt holds: kind of information, complexity, obscurity, its chain of reasoning step by step,
    and scores from 0 to 5 for factual content and for reasoning; in any language.

    Source: phi-4 report, section 2.3 and its annotation of excerpts.
    """
    lines = [line for line in passage.text.splitlines() if line.strip()]
    annotation = await teacher.ask("annotate", Annotation, passage=passage, lines=lines)
    depends = [[one for one in step.depends_on if 1 <= one <= len(lines)] for step in annotation.steps]
    steps = [
        step.model_copy(update={"depends_on": kept})
        for step, kept in zip(annotation.steps, depends, strict=True)
    ]
    yield Label(
        text=passage.text, labels=annotation.model_copy(update={"steps": steps}).model_dump(mode="json")
    )
