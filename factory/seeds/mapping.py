"""Records of other people's tables, by name, to seeds: shared by JSON lines, Parquet and CSV."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import ValidationError

from factory.errors import FactoryError, did_you_mean
from factory.plugins import Broken, Found
from factory.records import (
    Change,
    Code,
    Document,
    Origin,
    Passage,
    Question,
    Seed,
    Table,
    Thread,
    Topic,
    Trajectory,
)

KINDS = (Question, Topic, Code, Passage, Document, Table, Thread, Change, Trajectory)
_OF_ORIGIN = frozenset({"licence", "author", "date", "url"})


def checked(kind: type[Seed], fields: Mapping[str, str]) -> dict[str, str]:
    """Field of the seed or its origin -> where it stands in a record. `fields` says where names differ; dots
    lead into objects. Raises FactoryError for a field that the kind has not."""
    known = [*kind.model_fields, *sorted(_OF_ORIGIN - kind.model_fields.keys())]
    for name in fields:
        if name not in known:
            raise FactoryError(f"fields: a {kind.kind} has no '{name}'{did_you_mean(name, known)}")
    return {name: name for name in known} | dict(fields)


def seed_of(record: Any, kind: type[Seed], names: Mapping[str, str], origin: Origin) -> Found | Broken:
    """A record as a seed, or why it is none. `names` as `checked` gives them."""
    if not isinstance(record, dict):
        return Broken(origin, f"expected an object, found {type(record).__name__}")
    values = {name: value for name, at in names.items() if (value := _at(record, at)) is not None}
    try:
        seed = kind.model_validate(
            {name: value for name, value in values.items() if name in kind.model_fields}
        )
        about = {name: value for name, value in values.items() if name in _OF_ORIGIN}
        return Found(seed, Origin.model_validate(origin.model_dump() | about))
    except ValidationError as error:
        return Broken(origin, _reasons(error, names, record))


def _at(record: Any, path: str) -> Any:
    if isinstance(record, dict) and path in record:
        return record[path]
    for name in path.split("."):
        if not isinstance(record, dict):
            return None
        record = record.get(name)
    return record


def _reasons(error: ValidationError, names: Mapping[str, str], record: Mapping[str, Any]) -> str:
    """Each fault as 'field: what is wrong', with a near miss where a field is missing."""
    reasons = []
    for fault in error.errors(include_url=False):
        field = ".".join(str(part) for part in fault["loc"])
        missing = fault["type"] == "missing"
        hint = did_you_mean(names.get(field, field), record) if missing else ""
        reasons.append(f"{names.get(field, field)}: {fault['msg']}{hint}")
    return "; ".join(reasons)
