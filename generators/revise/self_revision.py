"""revise.self_revision: a multiple-choice exercise, criticised and revised until every item passes."""

from __future__ import annotations

from collections.abc import AsyncIterator
from string import ascii_uppercase
from typing import Any, Self

from pydantic import BaseModel, Field, model_validator

from factory.plugins import generator
from factory.records import Answer, Chat, Passage
from factory.teacher import Teacher
from generators.quotes import source_of
from generators.rubric import Item, Rounds, Rubric, Score


class Plan(BaseModel):
    """What an exercise will train, on which facts, and where a solver may go wrong."""

    reasoning: str
    skill: str
    facts: list[str] = Field(min_length=1, max_length=6)
    misreadings: list[str] = Field(min_length=3, max_length=3)


class Distractor(BaseModel):
    """A wrong choice and the misreading that leads to it."""

    misreading: str
    text: str


class Exercise(BaseModel):
    """A question with one right and three wrong choices, not yet in an order."""

    context: str
    question: str
    solution: str
    correct: str
    distractors: list[Distractor] = Field(min_length=3, max_length=3)

    @model_validator(mode="after")
    def _choices_differ(self) -> Self:
        if len({_plain(text) for text in self.choices()}) < 4:
            raise ValueError("two of the four choices say the same; make them differ")
        return self

    def choices(self) -> list[str]:
        """The right choice, then the wrong ones."""
        return [self.correct, *(distractor.text for distractor in self.distractors)]


class Critique(Rubric):
    """The rubric of an exercise: the report's three published items, and that the key is right."""

    external_knowledge: Item
    plausibility: Item
    challenge: Item
    key: Item


@generator(
    seeds=Passage,
    gives=Chat,
    evidence=Answer,
    roles=("writer", "critic"),
    axes={
        "challenge": [
            "two facts have to be put together; either alone points to a wrong choice",
            "a condition that is easily overlooked decides",
            "a chain of three inferences, each short",
            "a familiar rule does not apply, and the solver must notice why",
            "the consequence of changing one circumstance has to be followed through",
        ],
        "task": [
            "predict what happens",
            "find the cause of something unexpected",
            "choose between two ways of doing it",
            "find the one statement that does not follow",
            "decide what must have been the case before",
        ],
        "setting": [
            "a colleague's question over a shared screen",
            "a report of a fault that came in overnight",
            "notes from a first day at work",
            "a small experiment and its record",
            "two people who disagree and both give reasons",
            "a checklist that is about to be signed",
        ],
    },
)
async def self_revision(
    passage: Passage, teacher: Teacher, *, bar: Score = 4, rounds: Rounds = 3
) -> AsyncIterator[Chat]:
    """A multiple-choice exercise, criticised and revised until every item of the rubric passes.

    `bar`: what every item must score; `rounds`: how many revisions there may be before the best version so
    far is taken. Source: phi-4 report, "Self-revision"; bar and rounds unpublished.
    """
    source = source_of(passage)
    axes: dict[str, Any] = {axis: teacher.draw(axis) for axis in ("challenge", "task", "setting")}
    plan = await teacher.ask("plan", Plan, source=source, passage=passage, **axes)
    told: dict[str, Any] = {"plan": plan, "challenge": axes["challenge"]}
    exercise = await teacher.ask(
        "exercise", Exercise, source=source, task=axes["task"], setting=axes["setting"], **told
    )
    versions: list[tuple[tuple[int, int], Exercise]] = []
    while True:
        critique = await teacher.ask(
            "critique",
            Critique,
            role="critic",
            exercise=exercise,
            challenge=axes["challenge"],
            rehearsal={"round": len(versions)},
        )
        versions.append((critique.rank(), exercise))
        low = critique.below(bar)
        if not low or len(versions) > rounds:
            break
        exercise = await teacher.ask("revise", Exercise, exercise=exercise, low=low, source=source, **told)
    _, best = max(versions, key=lambda version: version[0])
    yield _posed(best, teacher)


def _posed(exercise: Exercise, teacher: Teacher) -> Chat:
    """The exercise as it is asked. The order of the choices is drawn here, so that no model prefers one."""
    choices = exercise.choices()
    teacher.random.shuffle(choices)
    lettered = "\n".join(f"{letter}. {text}" for letter, text in zip(ascii_uppercase, choices, strict=False))
    key = ascii_uppercase[choices.index(exercise.correct)]
    return Chat.of(
        f"{exercise.context}\n\n{exercise.question}\n\n{lettered}",
        f"{exercise.solution}\n\nAnswer: {key}",
        Answer(value=key),
    )


def _plain(text: str) -> str:
    return " ".join(text.casefold().split()).rstrip(".")
