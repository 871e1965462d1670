"""annotate.education: educational value and topic of a document, for small classifiers to learn."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Annotated, Literal

from pydantic import BaseModel, Field

from factory.plugins import generator
from factory.records import Document, Label, Passage
from factory.teacher import Teacher

Topic = Literal[
    "mathematics", "natural science", "computing", "engineering", "medicine", "economics", "law", "politics",
    "history", "geography and travel", "philosophy and religion", "language", "literature", "arts", "music and film",
    "food", "sport", "home and hobbies", "society and culture", "business and products", "other",
]  # fmt: skip


class Judgement(BaseModel):
    """What a reader thinks a document is worth to somebody who learns."""

    reasoning: str
    education: Annotated[int, Field(ge=0, le=5)]
    topic: Topic


@generator(seeds=(Document, Passage), gives=Label)
async def education(
    document: Document | Passage, teacher: Teacher, *, most_characters: int = 6000
) -> AsyncIterator[Label]:
    """How much a document teaches, from 0 to 5, and what it is about; in any language.

    `most_characters`: what is shown of a long document: its beginning, middle and end. The label's text is
    what was shown. Source: phi-4 report, section 2.3: filters trained on about a million annotations.
    """
    shown = excerpt(document.text, most_characters)
    judged = await teacher.ask("judge", Judgement, shown=shown, title=document.title)
    yield Label(text=shown, labels={"education": judged.education, "topic": judged.topic})


def excerpt(text: str, most: int) -> str:
    """A text that fits whole, else three parts of it with dots between."""
    if len(text) <= most:
        return text
    part = most // 3
    middle = (len(text) - part) // 2
    return "\n[...]\n".join([text[:part], text[middle : middle + part], text[-part:]])
