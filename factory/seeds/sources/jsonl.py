"""Seeds from JSON lines: one record a line, its fields by name."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import orjson
from pydantic import ValidationError

from factory.errors import FactoryError, did_you_mean
from factory.plugins import Broken, Found, source
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

_OF_ORIGIN = frozenset({"licence", "author", "date"})


@source(gives=(Question, Topic, Code, Passage, Document, Table, Thread, Change, Trajectory))
def jsonl(path: Path, kind: type[Seed], *, fields: dict[str, str] | None = None) -> Iterator[Found | Broken]:
    """JSON lines: each line a seed whose fields have the names of its kind; other fields are ignored.

    `fields` says where the names differ: ``{text: problem, answer: solution.final, licence: license}``; dots
    lead into objects. A line that is no such seed is kept as broken, with why, and the next one is read.
    """
    names = _checked(kind, fields or {})
    with path.open("rb") as lines:
        for number, line in enumerate(lines, start=1):
            if not line.strip():
                continue
            origin = Origin(address=str(path), place=f"line {number}")
            try:
                record = orjson.loads(line)
            except orjson.JSONDecodeError as error:
                yield Broken(origin, f"no JSON: {error}")
                continue
            yield _seed(record, kind, names, origin)


def _checked(kind: type[Seed], fields: Mapping[str, str]) -> dict[str, str]:
    """Field of the seed or its origin -> where it stands in a record."""
    known = [*kind.model_fields, *sorted(_OF_ORIGIN - kind.model_fields.keys())]
    for name in fields:
        if name not in known:
            raise FactoryError(f"fields: a {kind.kind} has no '{name}'{did_you_mean(name, known)}")
    return {name: name for name in known} | dict(fields)


def _seed(record: Any, kind: type[Seed], names: Mapping[str, str], origin: Origin) -> Found | Broken:
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
