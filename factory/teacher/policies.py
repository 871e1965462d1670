"""The policies of a catalogue's models, and the recording of their rollouts: as replies, by the same journal."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from importlib import metadata

import orjson

from factory.discovery import offered
from factory.errors import TeacherError
from factory.extras import need
from factory.plugins import Policy, Rollout
from factory.teacher.model import Hint, Model, Reply, Request

ENTRY_POINTS = "factory.policies"


class Policies:
    """The policies of a catalogue's models, each made when it is first asked for, and shared by those that name
    the same model."""

    def __init__(self, models: Mapping[str, Model]) -> None:
        self._models = models
        self._made: dict[tuple[str, str | None], Policy] = {}

    def of(self, entry: str) -> Policy:
        """The policy of an entry of ``models:``. Raises TeacherError for a model that cannot sample ids."""
        model = self._models[entry]
        key = model.model, model.api_base
        if key not in self._made:
            able = [entry.name for entry in metadata.entry_points(group=ENTRY_POINTS)]
            if model.provider not in able:
                raise TeacherError(
                    f"the model '{entry}' ({model.model}) does not sample token ids; give it 'local/FOLDER', a folder"
                    " of weights, or 'openai/NAME' with an api_base and a tokenizer, in the catalogue"
                )
            try:
                self._made[key] = offered(ENTRY_POINTS, model.provider)(model)
            except ImportError:
                need("train", "torch", "tokenizers", by=f"sampling ids of {model.model}", raises=TeacherError)
                raise
        return self._made[key]

    async def close(self) -> None:
        """Closes those that were made."""
        for policy in self._made.values():
            await policy.close()


class PolicyClient:
    """A policy asked as models are: the request's `sampling` names the prefixes, the reply's text is the rollouts
    as JSON, ``[[[ids, logprobs, finished], ...], ...]``."""

    def __init__(self, policy: Policy) -> None:
        self._policy = policy

    async def complete(self, request: Request, draw: int = 0, hint: Hint | None = None) -> Reply:
        """See Client."""
        asked = request.sampling
        started = time.monotonic()
        found = await self._policy.sample(
            asked["prefixes"],
            n=asked["n"],
            max_tokens=asked["max_tokens"],
            temperature=asked["temperature"],
            seed=asked["seed"],
        )
        told = [[(one.ids, one.logprobs, one.finished) for one in rollouts] for rollouts in found]
        read = sum(map(len, asked["prefixes"]))
        written = sum(len(one.ids) for rollouts in found for one in rollouts)
        return Reply(orjson.dumps(told).decode(), "stop", read, written, time.monotonic() - started)

    async def close(self) -> None:
        """Nothing: the policy belongs to `Policies`."""


class RecordedPolicy:
    """A policy whose rollouts are kept before they are handed out, and come from the record in a replay."""

    def __init__(self, policy: Policy, recorded: Callable[[Request], Awaitable[str]]) -> None:
        self._policy, self._recorded = policy, recorded
        self.fingerprint, self.tokenizer = policy.fingerprint, policy.tokenizer

    def encode(self, text: str) -> list[int]:
        """See Policy."""
        return self._policy.encode(text)

    def prompt(self, turns: Sequence[Mapping[str, str]]) -> list[int]:
        """See Policy."""
        return self._policy.prompt(turns)

    def decode(self, ids: Sequence[int]) -> str:
        """See Policy."""
        return self._policy.decode(ids)

    async def sample(
        self, prefixes: Sequence[Sequence[int]], *, n: int, max_tokens: int, temperature: float, seed: int
    ) -> list[list[Rollout]]:
        """See Policy. One call of the journal, whatever the number of prefixes."""
        asked = {"n": n, "max_tokens": max_tokens, "temperature": temperature, "seed": seed}
        prompts = [list(prefix) for prefix in prefixes]
        told = await self._recorded(Request((), {"policy": self.fingerprint, "prefixes": prompts, **asked}))
        return [
            [Rollout(tuple(ids), tuple(logprobs), finished) for ids, logprobs, finished in rollouts]
            for rollouts in orjson.loads(told)
        ]

    async def close(self) -> None:
        """Nothing: the policy belongs to `Policies`."""
