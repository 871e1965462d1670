"""Replies out of a prompt's own words, for a request without examples: text, or JSON that fits a schema."""

from __future__ import annotations

import random
import re
from collections.abc import Mapping
from typing import Any

from factory.records import Json
from factory.teacher.filters import quotes_in, sentences

DEEP = 6
"""From this depth on, optional parts of a schema are left out, so that one that refers to itself ends."""
_DATES = {"date": "2020-02-29", "time": "12:00:00Z", "date-time": "2020-02-29T12:00:00Z"}
_FORMATS = _DATES | {
    "uuid": "00000000-0000-4000-8000-000000000000",
    "email": "someone@example.org",
    "uri": "https://example.org/",
    "duration": "PT1H",
}


def sentences_of(prompt: str) -> list[str]:
    """What a reply may say: the sentences that the prompt quotes as data, or else all of its own."""
    return sentences("\n\n".join(quotes_in(prompt)) or prompt) or ["Nothing was asked."]


def fill_text(prompt: str, chance: random.Random) -> str:
    """A few successive sentences of the prompt."""
    known = sentences_of(prompt)
    start = chance.randrange(len(known))
    return " ".join(known[start : start + chance.randint(2, 4)])


def fill_schema(schema: Mapping[str, Json], prompt: str, chance: random.Random) -> Json:
    """A value that fits a JSON schema as pydantic writes them: references, unions, bounds and enumerations.

    Of patterns it meets only those that a sentence, a word or a number happens to match.
    """
    return _Filler(schema.get("$defs", {}), sentences_of(prompt), chance).value(schema, 0)


class _Filler:
    def __init__(self, definitions: Mapping[str, Json], known: list[str], chance: random.Random) -> None:
        self._definitions = definitions
        self._sentences = known
        self._chance = chance

    def value(self, schema: Any, depth: int) -> Json:
        schema = self._resolved(schema)
        if "const" in schema:
            return schema["const"]
        if "enum" in schema:
            return self._chance.choice(schema["enum"])
        for union in ("anyOf", "oneOf"):
            if union in schema:
                return self.value(self._member(schema[union], depth), depth)
        kind = schema.get("type", "object" if "properties" in schema else "string")
        if isinstance(kind, list):
            kind = next((name for name in kind if name != "null"), "null")
        if kind == "object":
            return self._object(schema, depth)
        if kind == "array":
            return self._array(schema, depth)
        if kind in ("integer", "number"):
            return self._number(schema, whole=kind == "integer")
        if kind == "boolean":
            return self._chance.random() < 0.5
        return None if kind == "null" else self._string(schema)

    def _resolved(self, schema: Any) -> dict[str, Any]:
        """The schema with its reference followed and the parts of ``allOf`` joined."""
        if not isinstance(schema, Mapping):
            return {}
        found = dict(schema)
        while "$ref" in found:
            target = self._definitions.get(found.pop("$ref").rpartition("/")[2], {})
            found = {**target, **found}
        for part in found.pop("allOf", ()):
            found = {**self._resolved(part), **found}
        return found

    def _member(self, options: list[Any], depth: int) -> Any:
        nulls = [option for option in options if option == {"type": "null"}]
        if nulls and depth >= DEEP:
            return nulls[0]
        return self._chance.choice([option for option in options if option not in nulls] or nulls)

    def _object(self, schema: Mapping[str, Any], depth: int) -> dict[str, Json]:
        properties = schema.get("properties", {})
        required = schema.get("required", ())
        filled = {
            name: self.value(part, depth + 1)
            for name, part in properties.items()
            if name in required or depth < DEEP
        }
        free = schema.get("additionalProperties")
        if isinstance(free, Mapping) and not properties:
            for number in range(max(1, schema.get("minProperties", 1))):
                filled[f"{self._word()}{number or ''}"] = self.value(free, depth + 1)
        return filled

    def _array(self, schema: Mapping[str, Any], depth: int) -> list[Json]:
        filled = [self.value(part, depth + 1) for part in schema.get("prefixItems", ())]
        least = schema.get("minItems", 0)
        most = schema.get("maxItems", max(least, 3))
        wanted = least if depth >= DEEP else self._chance.randint(max(least, min(1, most)), most)
        items, unique = schema.get("items"), schema.get("uniqueItems", False)
        if items is False:
            return filled
        for _ in range(8 * wanted):
            if len(filled) >= wanted:
                break
            value = self.value(items, depth + 1)
            if not unique or value not in filled:
                filled.append(value)
        return filled

    def _number(self, schema: Mapping[str, Any], whole: bool) -> float:
        step = schema.get("multipleOf", 1 if whole else 0)
        low, high = self._bounds(schema, step or 1e-6)
        if not step:
            return round(self._chance.uniform(low, high), 6)
        first, last = -(-low // step), high // step
        value = self._chance.randint(int(first), max(int(first), int(last))) * step
        return int(value) if whole else value

    def _bounds(self, schema: Mapping[str, Any], step: float) -> tuple[float, float]:
        low, high = schema.get("minimum"), schema.get("maximum")
        if "exclusiveMinimum" in schema:
            low = schema["exclusiveMinimum"] + step
        if "exclusiveMaximum" in schema:
            high = schema["exclusiveMaximum"] - step
        if low is None:
            low = 0 if high is None else min(0, high - 10)
        return low, max(low, low + 10 if high is None else high)

    def _string(self, schema: Mapping[str, Any]) -> str:
        if schema.get("format") in _FORMATS:
            return _FORMATS[str(schema["format"])]
        least, most = schema.get("minLength", 0), schema.get("maxLength")
        text = self._sentence()
        while len(text) < least:
            text = f"{text} {self._sentence()}"
        text = text if most is None else text[:most]
        pattern = schema.get("pattern")
        if pattern is None:
            return text
        number = str(self._chance.randint(1, 9))
        tries = (text, self._word(), self._word().lower(), self._word().title(), number, "")
        return next((candidate for candidate in tries if re.search(pattern, candidate)), text)

    def _sentence(self) -> str:
        return self._chance.choice(self._sentences)

    def _word(self) -> str:
        found: list[str] = re.findall(r"[A-Za-z]{2,}", self._sentence()) or ["word"]
        return self._chance.choice(found)
