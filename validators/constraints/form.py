"""Instructions about the form of a whole response: JSON, one of several options, quoted, in a language."""

from __future__ import annotations

import json
from typing import Annotated, Any, Literal, TypeAlias

from pydantic import AfterValidator, BeforeValidator, Field

from factory.errors import FactoryError
from validators.constraints.instruction import Instruction
from validators.constraints.segments import Response
from validators.constraints.wording import quoted
from validators.language import NAMES, check_code, identify

JsonType: TypeAlias = Literal["any", "string", "number", "integer", "boolean", "array", "object", "null"]

_QUOTES = {'"': '"', "“": "”", "«": "»", "„": "“", "「": "」", "『": "』"}
_TYPES: dict[type, JsonType] = {
    str: "string",
    int: "integer",
    float: "number",
    bool: "boolean",
    list: "array",
    dict: "object",
    type(None): "null",
}


def _typed(keys: Any) -> Any:
    return dict.fromkeys(keys, "any") if isinstance(keys, list | tuple) else keys


def _code(code: str) -> str:
    try:
        return check_code(code)
    except FactoryError as error:
        raise ValueError(str(error)) from error


def _apart(options: tuple[str, ...]) -> tuple[str, ...]:
    plain = [option.strip() for option in options]
    if not all(plain) or len(set(plain)) < len(plain):
        raise ValueError("the options must differ, and none may be empty")
    return tuple(plain)


class Json(
    Instruction, name="json", touches="form", rules_out="form opening ending layout case letters length"
):
    """One JSON value and nothing else; with `keys`, an object that has them all, each of its type.

    `keys`: names, or names with types (string, number, integer, boolean, array, object, null, any);
    `other_keys`: whether there may be more; `fenced`: in a code block marked json, rather than bare.
    """

    keys: Annotated[dict[str, JsonType], BeforeValidator(_typed)] = Field(default_factory=dict)
    other_keys: bool = True
    fenced: bool = False

    def describe(self) -> str:
        place = ", in one code block marked json" if self.fenced else ""
        if not self.keys:
            return f"Reply with valid JSON and nothing else{place}."
        named = (f'"{key}"' + ("" if kind == "any" else f" ({kind})") for key, kind in self.keys.items())
        more = "" if self.other_keys else " and no others"
        return f"Reply with a JSON object and nothing else{place}. Its keys: {', '.join(named)}{more}."

    def fault(self, response: Response) -> str | None:
        text = response.text
        if self.fenced:
            alone = all(line.kind in ("code", "blank") for line in response.lines)
            if not alone or len(response.fences) != 1 or response.fences[0][0] != "json":
                return "not one block of JSON and nothing else"
            text = response.fences[0][1]
        try:
            value = json.loads(text, object_pairs_hook=_unique, parse_constant=_no_constant)
        except (ValueError, RecursionError) as error:
            return f"not JSON: {str(error)[:80]}"
        return self._key_fault(value) if self.keys else None

    def _key_fault(self, value: Any) -> str | None:
        if not isinstance(value, dict):
            return f"not an object but {_TYPES[type(value)]}"
        for key, kind in self.keys.items():
            if key not in value:
                return f'without the key "{key}"'
            found = _TYPES[type(value[key])]
            if kind not in ("any", found) and (kind, found) != ("number", "integer"):
                return f'"{key}" is {found}, not {kind}'
        more = [key for key in value if key not in self.keys]
        return None if self.other_keys or not more else f'with the key "{more[0]}"'


class OneOf(
    Instruction,
    name="one_of",
    touches="form",
    rules_out="form opening ending layout case letters length wording",
):
    """Exactly one of `options`, to the letter, and nothing else."""

    options: Annotated[tuple[str, ...], Field(min_length=2), AfterValidator(_apart)]

    def describe(self) -> str:
        return f"Reply with exactly one of these and nothing else: {quoted(self.options).replace(' and ', ' or ')}."

    def fault(self, response: Response) -> str | None:
        return None if response.text in self.options else "none of the options"


class Quoted(Instruction, name="quoted", touches="form opening ending", rules_out="form opening ending"):
    """The whole response in one pair of quotation marks."""

    def describe(self) -> str:
        return "Put the whole response in double quotation marks, and use no other double ones inside."

    def fault(self, response: Response) -> str | None:
        text = response.text
        closing = _QUOTES.get(text[:1])
        if closing is None or len(text) < 3 or text[-1] != closing:
            return "not in quotation marks"
        inside = set(text[1:-1]) & {text[0], closing}
        return "with quotation marks inside" if inside else None


class InLanguage(Instruction, name="language", touches="language", rules_out="language"):
    """In the language of code `code` (ISO 639-1). A response too short to tell obeys."""

    code: Annotated[str, AfterValidator(_code)]

    def describe(self) -> str:
        return f"Write the response in {NAMES[self.code]}."

    def fault(self, response: Response) -> str | None:
        found = identify(response.text)
        return (
            f"in {NAMES.get(found.code, found.code)}" if found and self.code not in found.possible else None
        )


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise ValueError("a key stands twice in an object")
    return found


def _no_constant(name: str) -> Any:
    raise ValueError(f"{name} is no JSON")
