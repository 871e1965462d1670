"""Policies: models that sample token ids, as `teacher.policy` gives them (entry points of ``factory.policies``).

`LocalPolicy` samples from weights in this process; `ServerPolicy` asks a server that takes and gives token ids, as
vLLM's completions do. Both have the tokenizer here, so that ids are never decoded and encoded again.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import orjson

from factory.errors import TeacherError
from factory.plugins import Rollout
from factory.records import content_hash
from factory.teacher.client import HttpClient
from factory.teacher.local import weights_hash
from factory.teacher.model import Model, Reply, Request
from trainer.sampler import Ask, Sampler
from trainer.tokenizer import ChatTokenizer


class _WithTokenizer:
    """What policies share: the tokenizer, as the protocol shows it."""

    def __init__(self, tokenizer: ChatTokenizer) -> None:
        self._tokenizer = tokenizer
        self.tokenizer = tokenizer.fingerprint

    def encode(self, text: str) -> list[int]:
        """See Policy."""
        return self._tokenizer.encode([text])[0]

    def prompt(self, turns: Sequence[Mapping[str, Any]]) -> list[int]:
        """See Policy."""
        return self._tokenizer.prompt(turns)

    def decode(self, ids: Sequence[int]) -> str:
        """See Policy."""
        return self._tokenizer.decode(ids)


class LocalPolicy(_WithTokenizer):
    """Samples from a folder of weights in a thread of its own; what many tasks ask at once is one batch.

    The same seed gives the same rollouts, as far as matrix products of other batch sizes round alike.
    """

    def __init__(self, model: Model) -> None:
        """Reads the weights. Raises FactoryError for a folder without them, or of another architecture."""
        folder = Path(model.name).expanduser()
        self._sampler = Sampler.read(folder)
        super().__init__(self._sampler.tokenizer)
        self.fingerprint = weights_hash(folder)
        self._waiting: list[tuple[Ask, asyncio.Future[list[list[Rollout]]]]] = []
        self._working: asyncio.Task[None] | None = None
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="local-policy")

    async def sample(
        self, prefixes: Sequence[Sequence[int]], *, n: int, max_tokens: int, temperature: float, seed: int
    ) -> list[list[Rollout]]:
        """See Policy."""
        ask = Ask(prefixes, n, max_tokens, temperature, seed)
        answer: asyncio.Future[list[list[Rollout]]] = asyncio.get_running_loop().create_future()
        self._waiting.append((ask, answer))
        if self._working is None or self._working.done():
            self._working = asyncio.ensure_future(self._work())
        return await answer

    async def close(self) -> None:
        """Ends the thread."""
        self._thread.shutdown(wait=True)

    async def _work(self) -> None:
        """Samples for all who wait, until nobody does. What comes in meanwhile is the next batch."""
        loop = asyncio.get_running_loop()
        while self._waiting:
            await asyncio.sleep(0)  # tasks that are ready now join this batch
            taken, self._waiting = self._waiting, []
            asks = [ask for ask, _ in taken]
            try:
                found = await loop.run_in_executor(self._thread, self._sampler.sample_many, asks)
            except Exception as error:  # whatever it is, those who wait must hear of it
                _settle([answer for _, answer in taken], [error] * len(taken))
            else:
                _settle([answer for _, answer in taken], found)


def _settle(answers: Sequence[asyncio.Future[Any]], results: Sequence[Any]) -> None:
    for answer, result in zip(answers, results, strict=True):
        if answer.done():  # its task was cancelled
            continue
        if isinstance(result, Exception):
            answer.set_exception(result)
        else:
            answer.set_result(result)


class ServerPolicy(_WithTokenizer):
    """Asks a server for token ids: ``POST {api_base}/completions`` with the prefix's ids, as vLLM takes them.

    The catalogue's entry names the tokenizer's folder (``tokenizer:``). The weights cannot be seen from here, so
    the fingerprint is that of name and tokenizer: give other weights another name.
    """

    def __init__(self, model: Model) -> None:
        """Reads the tokenizer. Raises TeacherError without one, and FactoryError for a broken one."""
        if model.tokenizer is None:
            raise TeacherError(
                f"{model.model}: a server samples token ids for a tokenizer that is known here; add"
                " 'tokenizer: FOLDER', the folder with its tokenizer.json, to the model in the catalogue"
            )
        super().__init__(ChatTokenizer.read(model.tokenizer.expanduser()))
        self.fingerprint = content_hash("server", model.name, self.tokenizer)
        self._client = _Completions(model, [self._tokenizer.end_of_turn, self._tokenizer.end_of_text])

    async def sample(
        self, prefixes: Sequence[Sequence[int]], *, n: int, max_tokens: int, temperature: float, seed: int
    ) -> list[list[Rollout]]:
        """See Policy. As many requests as prefixes, with the model's concurrency, rates and retries."""
        asked = {"n": n, "max_tokens": max_tokens, "temperature": temperature}
        requests = [
            Request((), {**asked, "prompt": list(prefix), "seed": _seed(seed, place, prefix)})
            for place, prefix in enumerate(prefixes)
        ]
        replies = await asyncio.gather(*(self._client.complete(request) for request in requests))
        return [[Rollout(tuple(i), tuple(p), end) for i, p, end in orjson.loads(r.text)] for r in replies]

    async def close(self) -> None:
        """Closes the connections."""
        await self._client.close()


def _seed(seed: int, place: int, prefix: Sequence[int]) -> int:
    return int(content_hash(seed, place, list(prefix))[:7], 16)


class _Completions(HttpClient):
    """The client of ``/completions`` in ids: a request's `sampling` is its body, the reply's text its rollouts."""

    path = "completions"

    def __init__(self, model: Model, stops: Sequence[int]) -> None:
        super().__init__(model)
        self._stops = list(stops)

    def body(self, request: Request) -> bytes:
        """Ids in, ids and log-probabilities out; the stop token is given back with the rest."""
        told = {"model": self._model.name, "stop_token_ids": self._stops, "logprobs": 0}
        return orjson.dumps({**told, "return_token_ids": True, **request.sampling, **self._model.extra})

    def reply(self, content: dict[str, Any], sent: int, seconds: float) -> Reply:
        """The rollouts of a response, as JSON. Raises TeacherError for a server that gives no ids."""
        rollouts = []
        for choice in sorted(content["choices"], key=lambda choice: choice["index"]):
            ids = choice.get("token_ids")
            logprobs = (choice.get("logprobs") or {}).get("token_logprobs")
            if ids is None or logprobs is None or len(ids) != len(logprobs):
                raise self.error(
                    "the reply lacks 'token_ids' or a log-probability for each of them; the server must take"
                    " 'return_token_ids' and 'logprobs', as vLLM 0.10.2 and later do"
                )
            rollouts.append((ids, logprobs, choice.get("finish_reason") == "stop"))
        usage = content.get("usage") or {}
        written = sum(len(ids) for ids, _, _ in rollouts)
        return Reply(orjson.dumps(rollouts).decode(), "stop", usage.get("prompt_tokens", 0), written, seconds)
