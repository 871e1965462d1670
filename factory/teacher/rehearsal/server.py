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
from random import Random
from typing import Any, Self

import orjson
from aiohttp import web

from factory.errors import FactoryError
from factory.plugins import GENERATORS, VALIDATORS, load
from factory.records import content_hash
from factory.teacher.client import HINT_HEADER
from factory.teacher.model import Faults
from factory.teacher.prompts import Prompts
from factory.teacher.rehearsal.filler import fill

LARGEST_HEADER = 16 << 20
"""Bytes. A hint holds the variables of a prompt, whole passages among them."""

_CUT = 3
"""Where a broken reply ends: after two thirds of the right one."""


class Rehearsal:
    """A rehearsal server in the running event loop: ``async with Rehearsal(faults) as server``."""

    def __init__(self, faults: Faults | None = None, *, host: str = "127.0.0.1", port: int = 0) -> None:
        self.faults = faults or Faults()
        self.address = ""
        self._host, self._port = host, port
        self._statuses: Counter[int] = Counter()
        self._sections: Counter[str] = Counter()
        self._asked: Counter[str] = Counter()
        self._answered: Counter[str] = Counter()
        app = web.Application(client_max_size=64 << 20)
        app.router.add_post("/v1/chat/completions", self._complete)
        app.router.add_get("/v1/models", self._models)
        app.router.add_get("/stats", self._stats)
        self._runner = web.AppRunner(
            app, access_log=None, max_field_size=LARGEST_HEADER, max_line_size=LARGEST_HEADER
        )

    async def __aenter__(self) -> Self:
        await self._runner.setup()
        site = web.TCPSite(self._runner, self._host, self._port)
        await site.start()
        host, port = self._runner.addresses[0][:2]
        self.address = f"http://{host}:{port}/v1"
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._runner.cleanup()

    async def _complete(self, request: web.Request) -> web.StreamResponse:
        body = orjson.loads(await request.read())
        hint = _decoded(request.headers.get(HINT_HEADER))
        asked = identity(hint, body["messages"])
        self._asked[asked] += 1
        if self.faults.delay:
            await asyncio.sleep(self.faults.delay)
        chance = Random(f"{asked}/{self._asked[asked]}")
        if (refusal := self._fault(request, chance)) is not None:
            self._statuses[refusal.status] += 1
            return refusal
        try:
            text = self._text(body, hint, asked, chance)
        except FactoryError as error:
            self._statuses[400] += 1
            return web.json_response({"error": {"message": str(error), "code": 400}}, status=400)
        self._statuses[200] += 1
        self._answered[asked] += 1
        self._sections[f"{hint['plugin']}:{hint['section']}" if hint else "(no hint)"] += 1
        return web.Response(body=_completion(body, text), content_type="application/json")

    def _fault(self, request: web.Request, chance: Random) -> web.Response | None:
        """A refusal instead of a reply, as often as the faults say."""
        if chance.random() < self.faults.drop:
            self._statuses[0] += 1
            if request.transport is not None:
                request.transport.abort()
            return web.Response(status=499)
        if chance.random() < self.faults.server_error:
            return web.json_response({"error": {"message": "a rehearsed fault", "code": 500}}, status=500)
        if chance.random() < self.faults.rate_limit:
            return web.json_response(
                {"error": {"message": "a rehearsed rate limit", "code": 429}},
                status=429,
                headers={"Retry-After": f"{self.faults.retry_after:g}"},
            )
        return None

    def _text(self, body: dict[str, Any], hint: dict[str, Any] | None, asked: str, chance: Random) -> str:
        wrong = chance.random() < self.faults.wrong
        broken = chance.random() < self.faults.broken_json and "response_format" in body
        pick = int(asked[:8], 16) + wrong
        prompts = _prompts(hint) if hint else None
        if hint and prompts and prompts.section(hint["section"]).examples:
            text = prompts.example(hint["section"], hint["variables"], pick)
        else:
            prompt = "\n".join(str(message["content"]) for message in body["messages"])
            text = fill(prompt, body.get("response_format"), Random(f"{asked}/{wrong}"))
        return text[: len(text) * 2 // _CUT] if broken else text

    async def _models(self, request: web.Request) -> web.Response:
        return web.json_response({"object": "list", "data": [{"id": "rehearsal", "object": "model"}]})

    async def _stats(self, request: web.Request) -> web.Response:
        stats = {
            "requests": self._asked.total(),
            "answered": self._answered.total(),
            "statuses": {str(status): count for status, count in self._statuses.items()},
            "sections": dict(self._sections),
            "keys": dict(self._answered),
        }
        return web.Response(body=orjson.dumps(stats), content_type="application/json")


def identity(hint: Mapping[str, Any] | None, messages: list[dict[str, str]]) -> str:
    """What tells one ask from another, as 32 hexadecimal digits: seed, stream, draw and messages."""
    if hint is None:
        return content_hash(messages)
    return content_hash(hint["seed_id"], hint["stream"], hint["draw"], messages)


def _decoded(header: str | None) -> dict[str, Any] | None:
    """A hint as the client sent it."""
    if not header:
        return None
    payload = base64.b64decode(header[1:])
    hint: dict[str, Any] = orjson.loads(zlib.decompress(payload) if header[0] == "z" else payload)
    return hint


def _prompts(hint: Mapping[str, Any]) -> Prompts | None:
    """The prompts of the plugin that asks, found by its name: a header never names a file."""
    group = GENERATORS if hint["kind"] == "generator" else VALIDATORS
    path = load(group, hint["plugin"]).prompts
    return Prompts.read(path) if path.exists() else None


def _completion(body: Mapping[str, Any], text: str) -> bytes:
    prompt = sum(len(str(message["content"])) for message in body["messages"])
    usage = {"prompt_tokens": prompt // 4 + 1, "completion_tokens": len(text) // 4 + 1}
    message = {"role": "assistant", "content": text}
    return orjson.dumps(
        {
            "id": f"rehearsal-{hashlib.blake2b(text.encode(), digest_size=6).hexdigest()}",
            "object": "chat.completion",
            "model": body.get("model", "rehearsal"),
            "choices": [{"index": 0, "message": message, "finish_reason": "stop"}],
            "usage": {**usage, "total_tokens": sum(usage.values())},
        }
    )
