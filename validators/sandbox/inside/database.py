"""Running SQL: a script in a database of its own, in memory, then each query, whose rows go out typed."""

from __future__ import annotations

import json
import sys
import types
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from .job import Channel
from .plain import encode

_MAX_MESSAGE = 2000
_MAX_ROWS = 100_000
_CLOSED: dict[str, str | bool | int | float | list[str]] = {
    "enable_external_access": "false",
    "autoinstall_known_extensions": "false",
    "autoload_known_extensions": "false",
    "allow_community_extensions": "false",
    "allow_unsigned_extensions": "false",
    "python_enable_replacements": "false",
    "temp_directory": "",
    "threads": "1",
}


class _Zone(ZoneInfo):
    """A time zone as `pytz`, which is not in here, would offer it."""

    def localize(self, moment: datetime) -> datetime:
        """The moment, taken as one of this zone's."""
        return moment.replace(tzinfo=self)


def prepare(request: dict[str, Any]) -> None:
    """Nothing: a script reads no input."""


def run(request: dict[str, Any], memory_mb: int) -> int:
    """Runs the script, then each query; gives the process's exit code."""
    import duckdb

    zones = types.ModuleType("pytz")  # which DuckDB asks for a time zone of that name
    vars(zones)["timezone"] = _Zone
    sys.modules["pytz"] = zones
    channel = Channel(request["nonce"])
    connection = duckdb.connect(":memory:", config=_CLOSED | {"memory_limit": f"{memory_mb}MB"})
    connection.execute("set lock_configuration = true")
    try:
        connection.execute(request["source"])
    except Exception as error:
        report = {
            "error": _message(error),
            "memory": isinstance(error, (MemoryError, duckdb.OutOfMemoryException)),
        }
        channel.send(b"e", json.dumps(report).encode())
        return 0
    for query in request["calls"]:
        channel.send(*_answer(connection, query))
    channel.send(b"z")
    return 0


def _answer(connection: Any, query: str) -> tuple[bytes, bytes]:
    """Kind and payload of the frame that says what one query gave: columns, their types, and the rows."""
    try:
        done = connection.execute(query)
        if done is None:
            raise ValueError("there is no statement in it")
        description = done.description or []
        rows = done.fetchmany(_MAX_ROWS + 1)
        if len(rows) > _MAX_ROWS:
            raise ValueError(f"the query gives more than {_MAX_ROWS:,} rows")
        value = {
            "columns": [str(column[0]) for column in description],
            "types": [str(column[1]) for column in description],
            "rows": [tuple(map(_plain, row)) for row in rows],
        }
        return b"v", encode(value)
    except Exception as error:
        return b"r", json.dumps(_message(error)).encode()


def _plain(value: Any) -> Any:
    """A cell as plain data: decimals, dates and the like as their text, which the column's type explains."""
    if isinstance(value, (bool, int, float, str, bytes, type(None))):
        return value
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    if isinstance(value, dict):
        return {_plain(key): _plain(item) for key, item in value.items()}
    return str(value)


def _message(error: Exception) -> str:
    return f"{type(error).__name__}: {error}"[:_MAX_MESSAGE]
