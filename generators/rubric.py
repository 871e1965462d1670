"""Rubrics: what a critic says of a draft, item by item."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, Field

Score = Annotated[int, Field(ge=1, le=5)]
"""What an item earns, and the setting that says from where on it passes."""

Rounds = Annotated[int, Field(ge=0, le=8)]
"""How often at most something is mended."""


class Item(BaseModel):
    """One item of a rubric: the reasoning first, the score after it, then what would raise it."""

    reasoning: str = Field(description="what in the draft decides the score, with its own words")
    score: Score
    suggestion: str = Field(description="the change that would earn more; empty where the score is 5")


class Rubric(BaseModel):
    """A critique whose every field is an Item; subclasses name the items."""

    def items(self) -> dict[str, Item]:
        """The items by name."""
        return {name: getattr(self, name) for name in type(self).model_fields}

    def below(self, bar: int) -> dict[str, Item]:
        """The items under the bar."""
        return {name: item for name, item in self.items().items() if item.score < bar}

    def rank(self) -> tuple[int, int]:
        """What orders drafts: the lowest score first, since one bad fault spoils a draft, then the sum."""
        scores = [item.score for item in self.items().values()]
        return min(scores), sum(scores)
