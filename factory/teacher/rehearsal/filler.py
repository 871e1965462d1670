"""Replies for prompts without examples: the schema filled out of the prompt's own text."""

from __future__ import annotations

from collections.abc import Mapping
from random import Random
from typing import Any

import orjson

from factory.teacher.filters import sentences

_DEEPEST = 12


def fill(prompt: str, response_format: Mapping[str, Any] | None, chance: Random) -> str:
    """A reply that fits: JSON for a schema, else a few of the prompt's sentences."""
    found = sentences(prompt) or ["Nothing was asked."]
    if response_format is None:
        first = chance.randrange(len(found))
        return " ".join(found[first : first + 3])
    schema = response_format.get("json_schema", {}).get("schema", {"type": "object", "properties": {}})
    return orjson.dumps(_Filler(schema, found, chance).value(schema, 0)).decode()


class _Filler:
    """Makes values that fit one schema; everything it draws is decided by `chance`."""

    def __init__(self, root: Mapping[str, Any], words: list[str], chance: Random) -> None:
        self.root, self.words, self.chance = root, words, chance

    def value(self, schema: Mapping[str, Any], depth: int) -> Any:
        """A value for a part of the schema. Optional parts end where it nests too deeply."""
        if "$ref" in schema:
            return self.value(self._definition(schema["$ref"]), depth + 1)
        if "const" in schema:
            return schema["const"]
        if "enum" in schema:
            return self.chance.choice(schema["enum"])
        for word in ("anyOf", "oneOf", "allOf"):
            if word in schema:
                options = schema[word]
                return self.value(options[-1] if depth > _DEEPEST else self.chance.choice(options), depth + 1)
        kind = schema.get("type", "object" if "properties" in schema else "string")
        if isinstance(kind, list):
            kind = kind[0]
        made: Any = getattr(self, f"_{kind}")(schema, depth)
        return made

    def _definition(self, reference: str) -> Mapping[str, Any]:
        found: Any = self.root
        for part in reference.removeprefix("#/").split("/"):
            found = found[part]
        return dict(found)

    def _object(self, schema: Mapping[str, Any], depth: int) -> dict[str, Any]:
        required = schema.get("required", schema.get("properties", {}))
        wanted = {
            name: part
            for name, part in schema.get("properties", {}).items()
            if name in required or depth <= _DEEPEST
        }
        return {name: self.value(part, depth + 1) for name, part in wanted.items()}

    def _array(self, schema: Mapping[str, Any], depth: int) -> list[Any]:
        if "prefixItems" in schema:
            return [self.value(part, depth + 1) for part in schema["prefixItems"]]
        least = schema.get("minItems", 0 if depth > _DEEPEST else 1)
        most = max(least, min(schema.get("maxItems", least + 2), least + 2))
        count = self.chance.randint(least, most) if depth <= _DEEPEST else least
        return [self.value(schema.get("items", {"type": "string"}), depth + 1) for _ in range(count)]

    def _string(self, schema: Mapping[str, Any], depth: int) -> str:
        text = self.chance.choice(self.words)
        least, most = schema.get("minLength", 0), schema.get("maxLength")
        while len(text) < least:
            text = f"{text} {self.chance.choice(self.words)}"
        return text if most is None else text[:most]

    def _number(self, schema: Mapping[str, Any], depth: int) -> float:
        low = schema.get("minimum", schema.get("exclusiveMinimum", 0))
        high = schema.get("maximum", schema.get("exclusiveMaximum", low + 10))
        return round(self.chance.uniform(low, high), 3)

    def _integer(self, schema: Mapping[str, Any], depth: int) -> int:
        low = schema.get("minimum", schema.get("exclusiveMinimum", -1) + 1)
        high = schema.get("maximum", schema.get("exclusiveMaximum", low + 11) - 1)
        return self.chance.randint(int(low), max(int(low), int(high)))

    def _boolean(self, schema: Mapping[str, Any], depth: int) -> bool:
        return self.chance.random() < 0.5

    def _null(self, schema: Mapping[str, Any], depth: int) -> None:
        return None
