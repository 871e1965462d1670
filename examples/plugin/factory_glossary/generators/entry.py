"""The generator `glossary.entry`."""

from __future__ import annotations

from collections.abc import AsyncIterator

from pydantic import BaseModel, Field

from factory.plugins import generator
from factory.records import Chat, Grounding, Passage
from factory.teacher import Teacher


class Term(BaseModel):
    """A term that the passage explains, with the sentence that does."""

    term: str
    sentence: str = Field(description="copied to the letter")


class Terms(BaseModel):
    """The terms that a reader should come away with."""

    terms: list[Term]


@generator(seeds=Passage, gives=Chat, evidence=Grounding, axes={"reader": ["a beginner", "an expert"]})
async def entry(passage: Passage, teacher: Teacher, *, most: int = 3) -> AsyncIterator[Chat]:
    """Questions for the meaning of the terms that a passage explains."""
    found = await teacher.ask("terms", Terms, passage=passage, most=most)
    for term in found.terms[:most]:
        reader = teacher.draw("reader")
        meaning = await teacher.ask("define", term=term.term, sentence=term.sentence, reader=reader)
        question = f"What does '{term.term}' mean?"
        yield Chat.of(question, meaning, Grounding(source=passage.text, quotes=(term.sentence,)))
