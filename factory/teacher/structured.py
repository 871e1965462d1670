"""How a model is told the shape of its reply: as a field of the request, in words, or both."""

from __future__ import annotations

import functools
from collections.abc import Mapping, Sequence
from typing import Any

import orjson

from factory.records import Json
from factory.teacher.model import ReplySchema, Request

Messages = Sequence[Mapping[str, str]]

_IN_WORDS = (
    "\n\nAnswer with one JSON object and nothing else: no words around it, no code fence. It must fit this JSON"
    " schema:\n"
)


def asked(request: Request, way: str | None = None) -> tuple[Messages, dict[str, Json] | None]:
    """The messages to send and the `response_format` field, or None, for the way the model is asked.

    `way`: instead of the request's own ``structured``, for a model that knows only one.
    """
    schema = request.schema
    if schema is None:
        return request.messages, None
    way = way or request.sampling["structured"]
    if way == "json_schema":
        return request.messages, _response_format(schema)
    messages = _with_words(request.messages, schema)
    return messages, {"type": "json_object"} if way == "json_object" else None


def _with_words(messages: Messages, schema: ReplySchema) -> Messages:
    """The messages, the first question with the schema at its end."""
    words = _IN_WORDS + orjson.dumps(schema.schema).decode()
    first = next(place for place, message in enumerate(messages) if message["role"] == "user")
    worded = [dict(message) for message in messages]
    worded[first]["content"] += words
    return worded


def schema_in(prompt: str) -> dict[str, Json] | None:
    """The schema that the words of a prompt ask for, where `asked` put them; None where there are none."""
    found = prompt.rpartition(_IN_WORDS)
    return orjson.loads(found[2].partition("\n")[0]) if found[1] else None


@functools.lru_cache(maxsize=256)
def _response_format(schema: ReplySchema) -> dict[str, Json]:
    """OpenAI's ``json_schema`` format: strict where the schema allows it, since a strict one holds the model
    to it. Strict objects name all their properties as required and allow no others."""
    closed = _closed(schema.schema)
    return {
        "type": "json_schema",
        "json_schema": {
            "name": schema.name,
            "schema": schema.schema if closed is None else closed,
            "strict": closed is not None,
        },
    }


def _closed(schema: Any) -> Any:
    """The schema with every object closed, or None where one has keys of its own choosing."""
    if isinstance(schema, list):
        items = [_closed(item) for item in schema]
        return None if None in items else items
    if not isinstance(schema, dict):
        return schema
    if {"prefixItems", "oneOf"} & schema.keys() or (
        schema.get("type") == "object" and "properties" not in schema
    ):
        return None
    closed: dict[str, Any] = {}
    for key, value in schema.items():
        if key in ("properties", "$defs"):
            parts = {name: _closed(item) for name, item in value.items()}
            if None in parts.values():
                return None
            closed[key] = parts
        elif key in ("items", "anyOf", "allOf"):
            closed[key] = _closed(value)
            if closed[key] is None:
                return None
        elif key != "default":
            closed[key] = value
    if "properties" in schema:
        closed |= {"required": list(schema["properties"]), "additionalProperties": False}
    return closed
