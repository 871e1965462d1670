"""Every kind of checkable instruction, for generators and plugins: read, described, checked."""

from __future__ import annotations

from collections.abc import Sequence

from factory.records import Constraint
from validators.constraints import form, layout, lengths, letters, wording  # noqa: F401 - they define kinds
from validators.constraints.instruction import Instruction, clashes, read
from validators.constraints.segments import Response

KINDS: dict[str, type[Instruction]] = Instruction.kinds()
"""The kinds by name; a plugin that subclasses Instruction adds to what `read` knows."""

__all__ = ["KINDS", "clashes", "describe", "fault", "faults", "read"]


def describe(constraint: Constraint) -> str:
    """A constraint as an English sentence. Raises FactoryError for an unknown kind or bad arguments."""
    return read(constraint).describe()


def fault(constraint: Constraint, text: str) -> str | None:
    """What is wrong with a response, in a few words, or None where it obeys. Raises as `describe`."""
    return read(constraint).fault(Response(text))


def faults(constraints: Sequence[Constraint], text: str) -> dict[str, str]:
    """What is wrong with a response, by the kinds that it does not obey."""
    response = Response(text)
    found = {one.name: read(one).fault(response) for one in constraints}
    return {name: told for name, told in found.items() if told is not None}
