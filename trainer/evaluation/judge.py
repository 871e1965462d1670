"""A judge model for what no program can mark: open questions and summaries."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path

from pydantic import BaseModel, Field, ValidationError

from factory.errors import FactoryError
from factory.teacher.clients import client_for
from factory.teacher.model import Model, Request
from factory.teacher.prompts import Prompts
from trainer.evaluation.tasks import Item

BEST = 4
_TRIES = 3
_PROMPT_SHOWN = 2000
"""Characters of the end of a prompt that the judge sees: there stands the question."""


class Marked(BaseModel):
    """What a judge says."""

    reason: str = Field(description="one sentence")
    mark: int = Field(ge=0, le=BEST)


class Judge:
    """Marks replies with a model of the catalogue, as many at once as the model allows."""

    def __init__(self, model: Model) -> None:
        self._model = model
        self._prompts = Prompts.read(Path(__file__).with_name("judge.md"))

    def marks(self, kind: str, asked: Sequence[tuple[Item, str]]) -> list[float]:
        """The score of each reply, 0 to 1. Raises FactoryError where the judge never gives a mark."""
        return asyncio.run(self._all(kind, asked))

    async def _all(self, kind: str, asked: Sequence[tuple[Item, str]]) -> list[float]:
        client = client_for(self._model)
        limit = asyncio.Semaphore(self._model.concurrency)

        async def one(item: Item, reply: str) -> float:
            if not reply.strip():
                return 0.0
            variables = {"prompt": item.prompt[-_PROMPT_SHOWN:], "answers": item.answers, "reply": reply}
            request = Request.of(self._model, self._prompts.messages(kind, variables), Marked)
            said = ""
            for draw in range(_TRIES):
                async with limit:
                    said = (await client.complete(request, draw)).text
                try:
                    return Marked.model_validate_json(said).mark / BEST
                except ValidationError:
                    continue
            raise FactoryError(
                f"the judge {self._model.model} gave no mark from 0 to {BEST} in {_TRIES} tries; it said:"
                f" {said[:200]!r}"
            )

        try:
            return await asyncio.gather(*(one(item, reply) for item, reply in asked))
        finally:
            await client.close()
