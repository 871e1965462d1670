"""The server: OpenAI's chat completions over HTTP, deterministic, with faults on demand.

A reply is decided by what is asked (seed, stream, draw, messages); a fault by that and by how often it
was asked before, so that the same build meets the same faults and a retry meets others.
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
import zlib
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from random import Random
from types import MappingProxyType
from typing import Any, Self

import orjson
from aiohttp import web

from factory.discovery import GENERATORS, VALIDATORS, load
from factory.errors import FactoryError
from factory.records import content_hash
from factory.teacher.client import HINT_HEADER
from factory.teacher.model import REHEARSAL, Faults
from factory.teacher.prompts import Prompts
from factory.teacher.rehearsal.filler import fill_schema, fill_text
from factory.teacher.structured import schema_in

LARGEST_HEADER = 16 << 20
"""Bytes. A hint holds the variables of a prompt, whole passages among them."""
LARGEST_BODY = 64 << 20
REMEMBERED = 1 << 17
"""How many different asks are counted; the oldest are forgotten, so that memory stays bounded."""
_NO_FILES: Mapping[str, Path] = MappingProxyType({})


class Rehearsal:
    """A rehearsal server in the running event loop: ``async with Rehearsal(faults) as server``.

    `prompts`: prompt files by the name of their plugin, for plugins that are not installed.
    """

    def __init__(
        self,
        faults: Faults | None = None,
        *,
        prompts: Mapping[str, Path] = _NO_FILES,
        host: str = "127.0.0.1",
        port: int = 0,
    ) -> None:
        self.faults = faults or Faults()
        self.stats = Stats()
        self.address = ""
        self._prompts = prompts
        self._host, self._port = host, port
        self._runner: web.ServerRunner | None = None

    async def __aenter__(self) -> Self:
        # The plain server: routing and middlewares would cost as much as all the rest.
        server = web.Server(
            self._handle,
            request_factory=_request,
            max_field_size=LARGEST_HEADER,
            max_line_size=LARGEST_HEADER,
            access_log=None,
        )
        self._runner = web.ServerRunner(server, shutdown_timeout=1.0)
        await self._runner.setup()
        await web.TCPSite(self._runner, self._host, self._port, backlog=1024).start()
        host, port = self._runner.addresses[0][:2]
        self.address = f"http://{host}:{port}/v1"
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._runner is not None:
            await self._runner.cleanup()
            self._runner = None

    async def _handle(self, request: web.BaseRequest) -> web.StreamResponse:
        place = f"{request.method} {request.path}"
        if place == "POST /v1/chat/completions":
            response = await self._complete(request)
            self.stats.statuses[response.status] += 1
            return response
        if place == "GET /stats":
            return _json(200, self.stats.as_json())
        if place == "GET /v1/models":
            return _json(200, {"object": "list", "data": [{"id": REHEARSAL, "object": "model"}]})
        return _refusal(404, f"there is no {place}")

    async def _complete(self, request: web.BaseRequest) -> web.Response:
        body = await request.read()
        try:
            ask = Ask(body, request.headers.get(HINT_HEADER))
        except (ValueError, TypeError, LookupError, zlib.error) as error:
            self.stats.requests += 1
            return _refusal(400, f"not a chat request: {type(error).__name__}: {error}")
        times = self.stats.count_ask(ask.identity)
        if self.faults.delay:
            await asyncio.sleep(self.faults.delay)
        if ask.meets("drop", self.faults.drop, times):
            # The work is done, and a provider would charge for it.
            self.stats.count_tokens(ask.completion(self._text(ask, times))["usage"])
            if request.transport is not None:
                request.transport.abort()
            return web.Response(status=499)
        if ask.meets("server_error", self.faults.server_error, times):
            return _refusal(500, "a rehearsed fault")
        if ask.meets("rate_limit", self.faults.rate_limit, times):
            refusal = _refusal(429, "a rehearsed rate limit")
            refusal.headers["Retry-After"] = f"{self.faults.retry_after:g}"
            return refusal
        try:
            text = self._text(ask, times)
        except FactoryError as error:
            return _refusal(400, str(error))
        self.stats.count_answer(ask.identity, ask.label)
        completion = ask.completion(text)
        self.stats.count_tokens(completion["usage"])
        return _json(200, completion)

    def _text(self, ask: Ask, times: int) -> str:
        """The reply: an example, or what the prompt's own words give; then its faults."""
        wrong = ask.meets("wrong", self.faults.wrong, times)
        text = self._example(ask.hint, ask.pick, wrong) if ask.hint else None
        if text is None:
            text = ask.filled(Random(f"{ask.identity}/{wrong}"))
        broken = text[:1] in ("{", "[") and ask.meets("broken_json", self.faults.broken_json, times)
        return text[: len(text) * 2 // 3] if broken else text

    def _example(self, hint: Mapping[str, Any], pick: int, wrong: bool) -> str | None:
        """An example of the section that asks; a wrong one is another. None where there is no such example."""
        prompts = Prompts.read(self._file(hint["kind"], hint["plugin"]))
        count = len(prompts.section(hint["section"]).examples)
        if count == 0 or (wrong and count == 1):
            return None
        return prompts.example(hint["section"], hint["variables"], pick % count + wrong)

    def _file(self, kind: str, plugin: str) -> Path:
        """The prompts of a plugin, found by its name: a header never names a file."""
        if plugin in self._prompts:
            return self._prompts[plugin]
        path: Path = load(GENERATORS if kind == "generator" else VALIDATORS, plugin).prompts
        return path


class Ask:
    """A chat request with its hint."""

    __slots__ = ("body", "hint", "identity", "label", "pick", "prompt")

    def __init__(self, body: bytes, header: str | None) -> None:
        """Raises ValueError, TypeError, LookupError or zlib.error for what is no chat request."""
        self.body = orjson.loads(body)
        self.hint = _decoded(header) if header else None
        if not self.body["messages"]:
            raise ValueError("'messages' is empty")
        self.prompt = "\n\n".join(str(message["content"]) for message in self.body["messages"])
        self.identity = identity(self.hint, self.body["messages"])
        self.label = f"{self.hint['plugin']}:{self.hint['section']}" if self.hint else "(no hint)"
        self.pick = int(self.identity[:8], 16)

    def meets(self, fault: str, share: float, times: int) -> bool:
        """Whether this ask, made for the time number `times`, is of the share that meets a fault."""
        if not share:
            return False
        digest = hashlib.blake2b(f"{self.identity}{fault}{times}".encode(), digest_size=8).digest()
        return int.from_bytes(digest) < share * 2.0**64

    def filled(self, chance: Random) -> str:
        """A reply out of the prompt's own words: JSON where the request asks for it."""
        response_format = self.body.get("response_format") or {}
        schema = response_format.get("json_schema", {}).get("schema") or schema_in(self.prompt)
        if schema is None:
            return fill_text(self.prompt, chance)
        return orjson.dumps(fill_schema(schema, self.prompt, chance)).decode()

    def completion(self, text: str) -> dict[str, Any]:
        """The response. Four characters count as a token."""
        usage = {"prompt_tokens": len(self.prompt) // 4 + 1, "completion_tokens": len(text) // 4 + 1}
        message = {"role": "assistant", "content": text}
        return {
            "id": f"rehearsal-{self.identity[:12]}",
            "object": "chat.completion",
            "model": self.body.get("model", REHEARSAL),
            "choices": [{"index": 0, "message": message, "finish_reason": "stop"}],
            "usage": usage | {"total_tokens": sum(usage.values())},
        }


class Stats:
    """What was asked, and how it was answered. Status 499 is a connection that was dropped."""

    def __init__(self) -> None:
        self.requests = 0
        self.answered = 0
        self.statuses: Counter[int] = Counter()
        self.sections: Counter[str] = Counter()
        self.tokens: Counter[str] = Counter()
        self._asks: dict[str, int] = {}
        self._answers: dict[str, int] = {}

    def count_ask(self, identity: str) -> int:
        """Counts an ask; how often it has been made, this time included."""
        self.requests += 1
        return _count(self._asks, identity)

    def count_answer(self, identity: str, label: str) -> None:
        """Counts an ask that got its reply."""
        self.answered += 1
        self.sections[label] += 1
        _count(self._answers, identity)

    def count_tokens(self, usage: Mapping[str, int]) -> None:
        """Counts the tokens of a reply, whether it arrives or not."""
        self.tokens.update(usage)

    def as_json(self) -> dict[str, Any]:
        """`keys`: how often each ask was answered, by its identity; `tokens`: what a provider would charge for."""
        return {
            "requests": self.requests,
            "answered": self.answered,
            "statuses": {str(status): count for status, count in self.statuses.items()},
            "sections": self.sections,
            "tokens": self.tokens,
            "keys": self._answers,
        }


def _count(counts: dict[str, int], identity: str) -> int:
    times = counts.get(identity, 0) + 1
    counts[identity] = times
    if len(counts) > REMEMBERED:
        del counts[next(iter(counts))]
    return times


def identity(hint: Mapping[str, Any] | None, messages: list[dict[str, str]]) -> str:
    """What tells one ask from another, as 32 hexadecimal digits: seed, stream, draw and messages."""
    if hint is None:
        return content_hash(messages)
    return content_hash(hint["seed_id"], hint["stream"], hint["draw"], messages)


def _decoded(header: str) -> dict[str, Any]:
    """A hint as the client sent it."""
    payload = base64.b64decode(header[1:])
    hint: dict[str, Any] = orjson.loads(zlib.decompress(payload) if header[0] == "z" else payload)
    return hint


def _request(message: Any, payload: Any, protocol: Any, writer: Any, task: Any) -> web.BaseRequest:
    """A request with a body of any size that a prompt may have; aiohttp's own bound is 1 MB."""
    loop = asyncio.get_running_loop()
    return web.BaseRequest(message, payload, protocol, writer, task, loop, client_max_size=LARGEST_BODY)


def _json(status: int, content: Any) -> web.Response:
    return web.Response(status=status, body=orjson.dumps(content), content_type="application/json")


def _refusal(status: int, text: str) -> web.Response:
    return _json(status, {"error": {"message": text, "type": REHEARSAL, "code": status}})
