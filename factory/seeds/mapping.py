"""Records of other people's tables, by name, to seeds: shared by JSON lines, Parquet and CSV."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from pydantic import ValidationError

from factory.errors import FactoryError, did_you_mean
from factory.plugins import Broken, Found
from factory.records import (
    Change,
    Code,
    Document,
    Exercise,
    Origin,
    Passage,
    Question,
    Seed,
    Table,
    Thread,
    Topic,
    Trajectory,
)

KINDS = (Question, Exercise, Topic, Code, Passage, Document, Table, Thread, Change, Trajectory)
_OF_ORIGIN = frozenset({"licence", "author", "date", "url"})


def checked(kind: type[Seed], fields: Mapping[str, str]) -> dict[str, str]:
    """Field of the seed or its origin -> where it stands in a record. `fields` says where names differ; dots
    lead into objects. Raises FactoryError for a field that the kind has not."""
    known = [*kind.model_fields, *sorted(_OF_ORIGIN - kind.model_fields.keys())]
    for name in fields:
        if name not in known:
            raise FactoryError(f"fields: a {kind.kind} has no '{name}'{did_you_mean(name, known)}")
    return {name: name for name in known} | dict(fields)


def refuse_columns(
    kind: type[Seed], fields: Mapping[str, str], columns: Mapping[str, object], all_: Sequence[str] = ()
) -> None:
    """Raises FactoryError where a table has not the columns that `fields` names, or that the kind cannot do
    without, or has one of them twice. `columns`: each column, with its own inner columns where it holds records;
    `all_`: their names as they stand in the table."""
    for field, at in checked(kind, fields).items():
        if all_.count(at) > 1:
            raise FactoryError(
                f"two columns are called '{at}', which {field} is read from; rename one in the file"
            )
    for field, at in fields.items():
        if at not in columns and not _reaches(at.split("."), columns):
            near = did_you_mean(at, _paths(columns))
            raise FactoryError(f"fields: {field} is said to be in '{at}', which is no column{near}")
    for field, about in kind.model_fields.items():
        if about.is_required() and field not in fields and field not in columns:
            raise FactoryError(
                f"no column '{field}', which a {kind.kind} needs; there are: {', '.join(columns)}."
                f" Say which it is: fields: {{{field}: ...}}"
            )


def _reaches(path: Sequence[str], columns: object) -> bool:
    """Whether a path of names leads through columns; what is inside of None is not known."""
    if not path or columns is None:
        return True
    return isinstance(columns, Mapping) and path[0] in columns and _reaches(path[1:], columns[path[0]])


def _paths(columns: Mapping[str, object], above: str = "") -> list[str]:
    """Every column and inner column, with the names above it."""
    return [
        path
        for name, inner in columns.items()
        for path in [above + name, *(_paths(inner, f"{above}{name}.") if isinstance(inner, Mapping) else ())]
    ]


def seed_of(record: Any, kind: type[Seed], names: Mapping[str, str], origin: Origin) -> Found | Broken:
    """A record as a seed, or why it is none. `names` as `checked` gives them."""
    if not isinstance(record, dict):
        return Broken(origin, f"expected an object, found {type(record).__name__}")
    values = {name: _text(value) for name, at in names.items() if (value := _at(record, at)) is not None}
    for name, value in values.items():
        if value == "" and name in kind.model_fields and kind.model_fields[name].is_required():
            return Broken(origin, f"{names[name]}: is empty")
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


def _text(value: Any) -> Any:
    """A value as seeds hold it: answers and names that are numbers are their digits. Inner values stay."""
    if isinstance(value, str):
        return value if value.strip() else ""
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e15:
        return str(int(value))
    return str(value) if isinstance(value, int | float) and not isinstance(value, bool) else value


def _reasons(error: ValidationError, names: Mapping[str, str], record: Mapping[str, Any]) -> str:
    """Each fault as 'field: what is wrong', with a near miss where a field is missing."""
    reasons = []
    for fault in error.errors(include_url=False):
        field = ".".join(str(part) for part in fault["loc"])
        at = names.get(field, field)
        if fault["type"] == "missing" and at in record:
            reasons.append(f"{at}: is empty")
            continue
        hint = did_you_mean(at, record) if fault["type"] == "missing" else ""
        reasons.append(f"{at}: {fault['msg']}{hint}")
    return "; ".join(reasons)
