"""What an instruction is: data with a sentence for the model that follows it, and a check of what it wrote."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from factory.errors import FactoryError, did_you_mean
from factory.records import Constraint
from validators.constraints.segments import Response


class Instruction(BaseModel):
    """A checkable instruction: a kind with its arguments.

    A kind is a subclass with ``name=``. `touches` says what of a response it is about, `rules_out` what
    nothing else may be about beside it.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: ClassVar[str] = ""
    touches: ClassVar[frozenset[str]] = frozenset()
    rules_out: ClassVar[frozenset[str]] = frozenset()
    _kinds: ClassVar[dict[str, type[Instruction]]] = {}

    def __init_subclass__(
        cls, *, name: str = "", touches: str = "", rules_out: str = "", **options: Any
    ) -> None:
        super().__init_subclass__(**options)
        if name:
            known = Instruction._kinds.get(name, cls)
            if (known.__module__, known.__qualname__) != (cls.__module__, cls.__qualname__):
                raise FactoryError(
                    f"two instructions are called '{name}': {known.__module__}.{known.__qualname__}"
                    f" and {cls.__module__}.{cls.__qualname__}; rename one"
                )
            cls.name = name
            cls.touches = frozenset(touches.split())
            cls.rules_out = frozenset(rules_out.split())
            Instruction._kinds[name] = cls

    @classmethod
    def kinds(cls) -> dict[str, type[Instruction]]:
        """Every kind by name."""
        return dict(Instruction._kinds)

    def describe(self) -> str:
        """The instruction as an English sentence."""
        raise NotImplementedError

    def fault(self, response: Response) -> str | None:
        """What is wrong with a response, in a few words, or None where it obeys."""
        raise NotImplementedError

    def constraint(self) -> Constraint:
        """The instruction as evidence."""
        return Constraint(name=self.name, arguments=self.model_dump(mode="json", exclude_defaults=True))

    def goes_with(self, other: Instruction) -> bool:
        """Whether a response can obey both, as far as their kinds tell."""
        apart = not (self.touches & other.rules_out or other.touches & self.rules_out)
        return self.name != other.name and apart


def read(constraint: Constraint) -> Instruction:
    """The instruction that a constraint names. Raises FactoryError for an unknown kind or bad arguments."""
    kind = Instruction.kinds().get(constraint.name)
    if kind is None:
        near = did_you_mean(constraint.name, Instruction.kinds())
        raise FactoryError(f"no instruction of kind '{constraint.name}'{near}")
    try:
        return kind.model_validate(constraint.arguments)
    except ValidationError as error:
        faults = "; ".join(_fault(kind, dict(one)) for one in error.errors())
        raise FactoryError(f"instruction '{constraint.name}': {faults}") from error


def _fault(kind: type[Instruction], error: dict[str, Any]) -> str:
    place = ".".join(map(str, error["loc"]))
    if error["type"] == "extra_forbidden":
        return f"there is no argument '{place}'{did_you_mean(place, kind.model_fields)}"
    message = error["msg"].removeprefix("Value error, ")
    return f"{place}: {message}" if place else message


def clashes(instructions: Sequence[Instruction]) -> list[tuple[str, str]]:
    """The pairs of kinds that no response can obey together."""
    return [
        (first.name, second.name)
        for place, first in enumerate(instructions)
        for second in instructions[place + 1 :]
        if not first.goes_with(second)
    ]


class Counted(Instruction):
    """An instruction that bounds a count from below, above or both."""

    least: int | None = Field(None, ge=0)
    most: int | None = Field(None, ge=0)

    unit: ClassVar[str] = ""
    units: ClassVar[str] = ""

    @model_validator(mode="after")
    def _bounded(self) -> Self:
        if self.least is None and self.most is None:
            raise ValueError("give 'least', 'most' or both")
        if self.least is not None and self.most is not None and self.least > self.most:
            raise ValueError(f"'least' ({self.least}) is more than 'most' ({self.most})")
        if self.least == 0 and self.most is None:
            raise ValueError("'least: 0' asks for nothing")
        return self

    def amount(self, response: Response) -> int:
        """What is counted, in a response."""
        raise NotImplementedError

    def fault(self, response: Response) -> str | None:
        """The count, where it is out of bounds."""
        found = self.amount(response)
        low = self.least is not None and found < self.least
        high = self.most is not None and found > self.most
        return f"{found} {self.unit if found == 1 else self.units}" if low or high else None

    def span(self) -> str:
        """The bounds in words: "at least 3 paragraphs"."""
        if self.least is None:
            return f"at most {self._many(self.most)}"
        if self.most is None:
            return f"at least {self._many(self.least)}"
        if self.least == self.most:
            return f"exactly {self._many(self.most)}"
        return f"between {self.least} and {self._many(self.most)}"

    def _many(self, number: int | None) -> str:
        return f"{number} {self.unit if number == 1 else self.units}"
