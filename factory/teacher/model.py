"""The models of a catalogue, and what goes to a model and comes back.

`Model` is what an entry under ``models:`` becomes. `Request` is exactly what decides a reply, so its
`canonical` form can be hashed into a key; `Hint` is what only the rehearsal model is told beside it.
"""

from __future__ import annotations

import functools
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal, Protocol

import orjson
from pydantic import BaseModel, ConfigDict, Field, SecretStr, model_validator

from factory.records import Json

REHEARSAL = "rehearsal"
OWN_FIELDS = (
    "model",
    "messages",
    "temperature",
    "top_p",
    "max_tokens",
    "stop",
    "response_format",
    "n",
    "stream",
)
"""Fields of a request that have a setting of their own, or that a client decides: never in `extra`."""

Structured = Literal["json_schema", "json_object", "prompt"]
Share = Annotated[float, Field(ge=0, le=1)]


class _Setting(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Price(_Setting):
    """What a model costs, in the currency of the budget, for a million tokens."""

    input: float = Field(ge=0)
    output: float = Field(ge=0)

    def cost(self, prompt_tokens: int, completion_tokens: int) -> float:
        """The price of one call."""
        return (prompt_tokens * self.input + completion_tokens * self.output) / 1_000_000


class Faults(_Setting):
    """What the rehearsal model does wrong, as shares of its replies: the same ones for the same requests."""

    delay: float = Field(default=0.0, ge=0, description="seconds before every reply")
    rate_limit: Share = 0.0
    retry_after: float = Field(default=1.0, ge=0, description="seconds that a 429 asks to wait")
    server_error: Share = 0.0
    drop: Share = 0.0
    broken_json: Share = 0.0
    wrong: Share = 0.0


class Model(_Setting):
    """A model of the catalogue: which one, where, how it is sampled, and how hard it may be driven.

    `model`: ``rehearsal``; ``openai/NAME`` for any OpenAI-compatible endpoint; ``local/FOLDER`` for weights
    in this process; any other ``provider/NAME`` goes through litellm.
    """

    model: str
    api_base: str | None = Field(default=None, pattern=r"^https?://")
    api_key: SecretStr | None = None
    temperature: float | None = Field(default=0.8, ge=0, description="null: the endpoint's own")
    top_p: float | None = Field(default=1.0, gt=0, le=1, description="null: the endpoint's own")
    tokenizer: Path | None = Field(
        default=None, description="of a server that samples ids: folder of its tokenizer"
    )
    max_tokens: int = Field(default=2048, gt=0)
    stop: tuple[str, ...] = ()
    extra: dict[str, Json] = {}
    structured: Structured = "json_schema"
    concurrency: int = Field(default=64, gt=0)
    rpm: float | None = Field(default=None, gt=0, description="requests a minute")
    tpm: float | None = Field(default=None, gt=0, description="tokens a minute, of prompts and replies")
    timeout: float = Field(default=120.0, gt=0, description="seconds for one attempt")
    retries: int = Field(default=6, ge=0)
    budget: float | None = Field(default=None, ge=0)
    price: Price | None = None
    rehearsal: Faults = Faults()

    @property
    def provider(self) -> str:
        """``rehearsal``, ``openai``, ``local``, or a provider that litellm knows."""
        return self.model.partition("/")[0]

    @property
    def name(self) -> str:
        """What the endpoint calls it; for a local model, its folder."""
        return self.model.partition("/")[2] or self.model

    def key(self) -> str | None:
        """The secret, from the catalogue or, for ``openai/``, from OPENAI_API_KEY. Never for display."""
        if self.api_key is not None:
            return self.api_key.get_secret_value() or None
        return os.environ.get("OPENAI_API_KEY") or None if self.provider == "openai" else None

    def sampling(self) -> dict[str, Json]:
        """What decides a reply beside messages and schema: never address, key, rate, budget or price."""
        return {
            "model": self.model,
            "temperature": self.temperature,
            "top_p": self.top_p,
            "max_tokens": self.max_tokens,
            "stop": list(self.stop),
            "extra": self.extra,
            "structured": self.structured,
        }

    def cost(self, prompt_tokens: int, completion_tokens: int) -> float:
        """The price of one call; a model without a price costs nothing."""
        return self.price.cost(prompt_tokens, completion_tokens) if self.price else 0.0

    @model_validator(mode="after")
    def _check(self) -> Model:
        if self.model != REHEARSAL and not all(self.model.partition("/")):
            raise ValueError(
                f"model '{self.model}' names no provider: write 'openai/{self.model}' for an endpoint that"
                " speaks OpenAI's protocol, 'local/FOLDER' for a folder of weights, or 'rehearsal'"
            )
        if own := sorted(set(self.extra) & set(OWN_FIELDS)):
            raise ValueError(
                f"'extra' may not hold {', '.join(own)}: it is a setting of its own, or not open"
            )
        if self.budget is not None and self.price is None and self.provider not in (REHEARSAL, "local"):
            raise ValueError("a budget needs a price: {input: ..., output: ...} per million tokens")
        return self


def entry_of(role: str, models: Mapping[str, Model]) -> str:
    """The entry of ``models:`` that serves a role: its own, or `writer`'s where the catalogue names none."""
    return role if role in models else "writer"


def serving(roles: Sequence[str], models: Mapping[str, Model]) -> dict[str, Model]:
    """The model of each role."""
    return {role: models[entry_of(role, models)] for role in roles}


# ------------------------------------------------------------------------------ requests and replies


@dataclass(frozen=True, slots=True, eq=False)
class ReplySchema:
    """The shape that a reply must have: a name, and a JSON schema. One object for each class asked for."""

    name: str
    schema: dict[str, Json]

    @staticmethod
    @functools.cache
    def of(kind: type[BaseModel]) -> ReplySchema:
        """The shape of a pydantic class, without the titles that pydantic adds to every field."""
        return ReplySchema(kind.__name__, _untitled(kind.model_json_schema()))


@dataclass(frozen=True, slots=True)
class Request:
    """Exactly what decides a reply. `sampling` is `Model.sampling()`."""

    messages: Sequence[Mapping[str, str]]
    sampling: Mapping[str, Json]
    schema: ReplySchema | None = None

    @classmethod
    def of(
        cls, model: Model, messages: Sequence[Mapping[str, str]], schema: type[BaseModel] | None = None
    ) -> Request:
        """The request that asks a model for text, or for an instance of a pydantic class."""
        return cls(messages, model.sampling(), ReplySchema.of(schema) if schema else None)

    @property
    def most_tokens(self) -> int:
        """The most tokens that may be written for it; rollouts are asked for by the dozen."""
        rollouts: int = self.sampling.get("n", 1) * len(self.sampling.get("prefixes", ["one"]))
        longest: int = self.sampling["max_tokens"]
        return longest * rollouts

    def canonical(self) -> bytes:
        """JSON with sorted keys: what is hashed and stored."""
        content = {"messages": self.messages, **self.sampling, "schema": self.schema}
        return orjson.dumps(content, option=orjson.OPT_SORT_KEYS)


@dataclass(frozen=True, slots=True)
class Reply:
    """What a model said, and what it took. `estimated`: the endpoint gave no counts; they are bytes / 4."""

    text: str
    finish_reason: str
    prompt_tokens: int
    completion_tokens: int
    seconds: float
    estimated: bool = False


@dataclass(frozen=True, slots=True)
class Hint:
    """What only the rehearsal model is told: whose prompt it is, and the variables its examples see.

    `kind`: ``generator`` or ``validator``; `plugin`: its name; `stream`: the branch that asks.
    """

    kind: str
    plugin: str
    section: str
    variables: Mapping[str, Any]
    seed_id: str = ""
    draw: int = 0
    stream: str = ""


class Client(Protocol):
    """The way to one model. Safe to call from many tasks of one event loop."""

    async def complete(self, request: Request, draw: int = 0, hint: Hint | None = None) -> Reply:
        """Asks the model once. `draw` tells independent asks of the same request apart: a model that can
        replay (local, rehearsal) gives the same reply to the same request and draw. Raises TeacherError
        when the request is at fault, or when what may pass did not pass."""
        ...

    async def close(self) -> None:
        """Gives back connections, threads and servers."""
        ...


def _untitled(schema: Json) -> Json:
    """A JSON schema without its titles; a property that is called 'title' stays."""
    if isinstance(schema, list):
        return [_untitled(item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    kept = {key: value for key, value in schema.items() if key != "title" or not isinstance(value, str)}
    for key, value in kept.items():
        named = key in ("properties", "$defs")
        kept[key] = {name: _untitled(item) for name, item in value.items()} if named else _untitled(value)
    return kept
