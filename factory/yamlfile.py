"""YAML files that users write: environment variables filled in, and every fault told with its line."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar, get_args

import yaml
from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from factory.errors import CatalogError, did_you_mean

ModelT = TypeVar("ModelT", bound=BaseModel)
KeyPath = tuple[str | int, ...]

_VARIABLE = re.compile(r"\$\{(\w+)(?::-([^}]*))?\}")


@dataclass
class YamlFile:
    """The content of a YAML file and the line of every key and item in it (from 1)."""

    path: Path
    content: Any
    lines: dict[KeyPath, int] = field(default_factory=dict)

    def where(self, *keys: str | int) -> str:
        """``catalog.yaml:12: datasets.docs_qa.generator``, with the line of the nearest key that exists."""
        line = next(
            (self.lines[keys[:end]] for end in range(len(keys), -1, -1) if keys[:end] in self.lines), 1
        )
        return ": ".join([f"{self.path}:{line}", *filter(None, [".".join(str(key) for key in keys)])])

    def check(self, model: type[ModelT], value: Any, at: KeyPath = ()) -> ModelT:
        """Reads a part of the file as a model. Raises CatalogError that lists every fault with its line."""
        try:
            return model.model_validate(value)
        except ValidationError as error:
            raise CatalogError("\n".join(self._told(model, error, at))) from error

    def _told(self, model: type[BaseModel], error: ValidationError, at: KeyPath) -> list[str]:
        told = []
        for fault in error.errors(include_url=False):
            keys = tuple(part for part in fault["loc"] if not str(part).startswith(("function-", "tagged-")))
            place = self.where(*at, *keys)
            if fault["type"] == "extra_forbidden":
                known = _fields_at(model, keys[:-1])
                told.append(f"{place}: unknown key '{keys[-1]}'{did_you_mean(str(keys[-1]), known)}")
            elif fault["type"] == "missing":
                told.append(f"{place}: this key is missing")
            else:
                told.append(f"{place}: {_in_words(model, fault)}{_given(keys, fault['input'])}")
        return told


def read_yaml(path: Path, environment: Mapping[str, str] | None = None) -> YamlFile:
    """Reads a YAML file; ``${NAME}`` and ``${NAME:-default}`` are filled from the environment.

    Raises CatalogError, with file and line, for a missing file, broken YAML, a key given twice and a
    variable that is not set.
    """
    variables = os.environ if environment is None else environment
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise CatalogError(f"{path}: cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        line = error.object.count(b"\n", 0, error.start) + 1
        byte = error.object[error.start]
        raise CatalogError(f"{path}:{line}: is not UTF-8 (byte {byte:#04x}): save it as UTF-8") from error
    try:
        # Braces mean something in YAML: a variable is a plain mark until its scalar is read.
        found: list[re.Match[str]] = []
        marked = _VARIABLE.sub(lambda match: _mark(match, found), text)
        root = yaml.compose(marked, Loader=yaml.SafeLoader)
    except yaml.YAMLError as error:
        raise CatalogError(_not_yaml(path, error)) from error
    file = YamlFile(path, None)
    reader = _Reader(file, found, variables)
    try:
        file.content = None if root is None else reader.value(root, ())
    except RecursionError as error:
        raise CatalogError(f"{path}: an alias (*name) stands within what it refers to") from error
    return file


def _not_yaml(path: Path, error: yaml.YAMLError) -> str:
    """A fault of the syntax with its line and column, as a compiler tells it."""
    if not isinstance(error, yaml.MarkedYAMLError) or error.problem_mark is None:
        return f"{path}: is not YAML: {str(error).splitlines()[0]}"
    mark = error.problem_mark
    tab = "; indent with spaces, not with tabs" if "'\\t'" in str(error.problem) else ""
    told = ", ".join(part for part in (error.context, error.problem) if part)
    return f"{path}:{mark.line + 1}:{mark.column + 1}: is not YAML: {told}{tab}"


_MERGE = "tag:yaml.org,2002:merge"
_MARK = re.compile("\ue000(\\d+)\ue001")


def _mark(match: re.Match[str], found: list[re.Match[str]]) -> str:
    found.append(match)
    return f"\ue000{len(found) - 1}\ue001"


@dataclass
class _Reader:
    """Turns YAML nodes into values; notes the line of each key, and fills variables in, on the way."""

    file: YamlFile
    found: Sequence[re.Match[str]]
    variables: Mapping[str, str]

    def value(self, node: yaml.Node, at: KeyPath) -> Any:
        """The value of a node. Raises CatalogError for a key given twice."""
        self.file.lines.setdefault(at, node.start_mark.line + 1)
        if isinstance(node, yaml.SequenceNode):
            return [self.value(item, (*at, place)) for place, item in enumerate(node.value)]
        if isinstance(node, yaml.MappingNode):
            return self._mapping(node, at)
        assert isinstance(node, yaml.ScalarNode)
        text = _MARK.sub(lambda mark: self._fill(self.found[int(mark.group(1))], at), node.value)
        if text != node.value and node.style is None:
            # An unquoted variable has the type that its value would have had in its place.
            try:
                return yaml.safe_load(text) if text else None
            except (yaml.YAMLError, ValueError):  # a key that begins with '*' or '@' is text
                return text
        scalar = yaml.ScalarNode(node.tag, text, node.start_mark, node.end_mark, node.style)
        try:
            return yaml.SafeLoader("").construct_object(scalar, deep=True)
        except (yaml.YAMLError, ValueError) as error:
            kind = node.tag.rpartition(":")[2]
            raise CatalogError(
                f"{self.file.where(*at)}: '{text}' is no {kind}; put it in quotes if it is text"
            ) from error

    def _mapping(self, node: yaml.MappingNode, at: KeyPath) -> dict[str, Any]:
        """A mapping; what `<<` merges into it stands behind its own keys."""
        own = [(key, value) for key, value in node.value if key.tag != _MERGE]
        merged: dict[str, Any] = {}
        for value_node in (value for key, value in node.value if key.tag == _MERGE):
            given = self.value(value_node, at)
            for one in given if isinstance(given, list) else [given]:
                if not isinstance(one, dict):
                    raise CatalogError(f"{self.file.where(*at)}: '<<' merges a mapping, or a list of them")
                merged = one | merged
        result: dict[str, Any] = {}
        for key_node, value_node in own:
            key = str(key_node.value)
            self.file.lines[(*at, key)] = key_node.start_mark.line + 1
            if key in result:
                raise CatalogError(f"{self.file.where(*at, key)}: this key is given twice")
            result[key] = self.value(value_node, (*at, key))
        return merged | result

    def _fill(self, variable: re.Match[str], at: KeyPath) -> str:
        name, default = variable.groups()
        value = self.variables.get(name) or default
        if value is None:
            raise CatalogError(
                f"{self.file.where(*at)}: the environment variable {name} is not set;"
                f" set it, or write ${{{name}:-default}}"
            )
        return value


def _fields_at(model: type[BaseModel], keys: Sequence[str | int]) -> list[str]:
    """The keys that are known where an unknown one was found."""
    for key in keys:
        annotation = _annotations(model).get(str(key))
        inner = [part for part in (annotation, *get_args(annotation)) if _is_model(part)]
        if not inner:
            return []
        model = inner[0]
    return list(_annotations(model))


def _annotations(model: type[BaseModel]) -> dict[str, Any]:
    return {info.alias or name: info.annotation for name, info in model.model_fields.items()}


def _is_model(annotation: Any) -> bool:
    return isinstance(annotation, type) and issubclass(annotation, BaseModel)


_KINDS = {
    "string": "text",
    "int": "a whole number",
    "float": "a number",
    "bool": "true or false",
    "tuple": "a list: [...]",
    "list": "a list: [...]",
    "dict": "a mapping: {key: value}",
    "model": "a mapping",
    "mapping": "a mapping",
}


def _in_words(model: type[BaseModel], fault: ErrorDetails) -> str:
    """What is wrong with a value, in the words of YAML rather than Python's."""
    kind, _, rest = fault["type"].partition("_")
    if kind not in _KINDS or rest not in ("type", "parsing", "attributes_type"):
        return fault["msg"].removeprefix("Value error, ").replace("Input should be", "must be")
    said = f"must be {_KINDS[kind]}"
    if kind == "model" and (keys := _fields_at(model, fault["loc"])):
        return f"{said} with the keys {', '.join(keys)}"
    if kind == "string" and isinstance(fault["input"], bool):
        return f"{said}: put it in quotes, since YAML takes yes, no, on and off for true and false"
    if kind == "string" and not isinstance(fault["input"], dict | list):
        return f"{said}: put it in quotes"
    return said


def _given(keys: Sequence[str | int], value: Any) -> str:
    """What was given, where it is short enough to help; never a secret, nor a mapping that may hold one."""
    secret = any(word in str(key) for key in keys[-1:] for word in ("key", "token", "secret", "password"))
    shown = "" if secret or not isinstance(value, str | int | float) else repr(value)
    return f" (it is {shown})" if 0 < len(shown) <= 60 else ""
