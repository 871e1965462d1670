"""The client for OpenAI-compatible endpoints. Thin on purpose: it decides how many rows a second a build makes."""

from __future__ import annotations

import asyncio
import base64
import random
import time
import zlib
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

import aiohttp
import orjson
from yarl import URL

from factory.errors import ModelError, TeacherError
from factory.teacher.budget import lost_attempt
from factory.teacher.filters import plain
from factory.teacher.limits import Limiter
from factory.teacher.model import REHEARSAL, Hint, Model, Reply, Request
from factory.teacher.structured import asked

OPENAI = "https://api.openai.com/v1"
HINT_HEADER = "X-Rehearsal-Hint"
LONGEST_WAIT = 600.0
"""Seconds. A model that asks to wait longer is out of quota: the call fails and says so."""
FIRST_BACKOFF, LONGEST_BACKOFF = 0.5, 60.0
BUSY = (429, 503, 529)
PASSING = (408, 425, *BUSY)
"""Statuses that may pass, beside 5xx."""
CLOSED = (401, 402, 403, 404)
"""Statuses that no other request would change: key, account, name of the model or address is wrong."""
_SHOWN = 500
_JITTER = random.SystemRandom()


class Passing(Exception):
    """A failure that may pass. `wait`: the seconds that the endpoint asks for; `busy`: it was too busy; `lost`: it
    may have worked, and charge for it, though no reply came."""

    def __init__(self, fault: str, wait: float | None = None, busy: bool = False, lost: bool = False) -> None:
        super().__init__(fault)
        self.wait = wait
        self.busy = busy
        self.lost = lost


class HttpClient:
    """Asks one OpenAI-compatible endpoint. Retries what may pass: 429, 5xx, timeouts, lost connections.

    Another endpoint of the same manners is a subclass with its own `path`, `body` and `reply`.
    """

    path = "chat/completions"

    def __init__(self, model: Model) -> None:
        self._model = model
        self._key = model.key()
        base = URL((model.api_base or OPENAI).rstrip("/"))
        self._url = base / self.path
        self._shown = str(self._url.with_user(None).with_query(None))
        self._hints = model.provider == REHEARSAL
        self._limit_field = "max_completion_tokens" if base.host == URL(OPENAI).host else "max_tokens"
        self._limiter = Limiter(model.concurrency, model.rpm, model.tpm)
        self._session: aiohttp.ClientSession | None = None

    async def complete(self, request: Request, draw: int = 0, hint: Hint | None = None) -> Reply:
        """Asks once, and again while that may help, at most `Model.retries` times.

        An empty text is a reply too, since it is paid for: `finish_reason` says why. Raises TeacherError.
        """
        if self._key is None and self._model.provider == "openai" and self._model.api_base is None:
            raise ModelError(f"{self._model.model}: no key; set OPENAI_API_KEY, or api_key in the catalogue")
        body = self.body(request)
        headers = {HINT_HEADER: encoded(hint, draw)} if hint and self._hints else None
        most_tokens = len(body) // 4 + request.most_tokens
        unbidden = 0  # failures without a Retry-After: only these make the next wait longer
        for attempt in range(self._model.retries + 1):
            turn = await self._limiter.enter(most_tokens)
            started = time.monotonic()
            try:
                reply = await self._attempt(body, headers, started)
            except Passing as fault:
                if fault.busy:
                    pause = fault.wait if fault.wait and fault.wait <= LONGEST_WAIT else 0.0
                    self._limiter.refused(turn, pause=pause, unused=most_tokens)
                else:
                    self._limiter.failed(unused=most_tokens)
                if fault.lost:
                    await lost_attempt(again=attempt < self._model.retries)
                await self._wait(attempt, unbidden, fault)
                unbidden += fault.wait is None
            except BaseException:
                self._limiter.failed(unused=most_tokens)
                raise
            else:
                used = reply.prompt_tokens + reply.completion_tokens
                self._limiter.answered(
                    turn, seconds=reply.seconds, written=reply.completion_tokens, unused=most_tokens - used
                )
                return reply
        raise AssertionError("unreachable")

    async def close(self) -> None:
        """Closes the connections."""
        if self._session is not None:
            await self._session.close()
            self._session = None

    async def _wait(self, attempt: int, unbidden: int, fault: Passing) -> None:
        """Waits before the next attempt. Raises TeacherError when there is none."""
        if attempt == self._model.retries:
            times = f"{attempt + 1} attempts" if attempt else "1 attempt"
            raise self.error(f"gave up after {times}: {fault}", ModelError) from fault
        if fault.wait is not None and fault.wait > LONGEST_WAIT:
            raise self.error(f"asks to wait {fault.wait:.0f} s: {fault}", ModelError) from fault
        backoff = min(LONGEST_BACKOFF, FIRST_BACKOFF * 2**unbidden) * _JITTER.uniform(0.5, 1.0)
        await asyncio.sleep(backoff if fault.wait is None else fault.wait)

    async def _attempt(self, body: bytes, headers: dict[str, str] | None, started: float) -> Reply:
        session = self._session or self._open()
        try:
            async with session.post(self._url, data=body, headers=headers) as response:
                answer = await response.read()
                status, retry_after = response.status, response.headers.get("Retry-After")
        except TimeoutError:
            raise Passing(f"no reply within {self._model.timeout:g} s", busy=True, lost=True) from None
        except (aiohttp.ClientError, OSError) as error:
            sent = not isinstance(error, aiohttp.ClientConnectorError)
            raise Passing(f"{type(error).__name__}: {error}", lost=sent) from error
        if status != 200:
            raise self._refusal(status, answer, retry_after)
        try:
            content = orjson.loads(answer)
        except orjson.JSONDecodeError:
            raise Passing(f"a reply that is not JSON: {self._cut(answer)}", lost=True) from None
        if not isinstance(content, dict) or not content.get("choices"):
            fault = content.get("error") if isinstance(content, dict) else None
            # Some gateways put an error into a response of status 200.
            if isinstance(fault, dict) and isinstance(fault.get("code"), int):
                raise self._refusal(fault["code"], answer, None)
            raise Passing(f"a reply without choices: {self._cut(answer)}", lost=True)
        return self.reply(content, len(body), time.monotonic() - started)

    def _open(self) -> aiohttp.ClientSession:
        headers = {"Content-Type": "application/json"}
        if self._key is not None:
            headers["Authorization"] = f"Bearer {self._key}"
            self._url = self._url.with_user(None)
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=self._model.concurrency),
            timeout=aiohttp.ClientTimeout(total=self._model.timeout),
            headers=headers,
            cookie_jar=aiohttp.DummyCookieJar(),
        )
        return self._session

    def body(self, request: Request) -> bytes:
        """What is posted for a request."""
        sampling = request.sampling
        messages, response_format = asked(request)
        body: dict[str, Any] = {
            "model": self._model.name,
            "messages": messages,
            self._limit_field: sampling["max_tokens"],
            **sampling["extra"],
        }
        for name in ("temperature", "top_p", "stop"):
            if sampling[name] not in (None, []):
                body[name] = sampling[name]
        if response_format is not None:
            body["response_format"] = response_format
        return orjson.dumps(body)

    def reply(self, content: dict[str, Any], sent: int, seconds: float) -> Reply:
        """The reply in a response that has choices, to a body of `sent` bytes."""
        choice = content["choices"][0]
        message = choice.get("message") or {}
        text, finish_reason = _text(message), choice.get("finish_reason") or "stop"
        if not text and message.get("refusal"):
            finish_reason = "content_filter"
        usage = content.get("usage") or {}
        prompt, completion = usage.get("prompt_tokens"), usage.get("completion_tokens")
        return Reply(
            text=text,
            finish_reason=finish_reason,
            prompt_tokens=sent // 4 if prompt is None else prompt,
            completion_tokens=len(text.encode()) // 4 if completion is None else completion,
            seconds=seconds,
            estimated=prompt is None or completion is None,
        )

    def _refusal(self, status: int, answer: bytes, retry_after: str | None) -> Exception:
        """A status that is no success, as what may pass or as the error that it is."""
        fault = f"status {status}: {self._cut(answer)}"
        if status in CLOSED or b"insufficient_quota" in answer:
            return self.error(fault, ModelError)
        if status not in PASSING and status < 500:
            return self.error(fault)
        return Passing(fault, seconds_of(retry_after), busy=status in BUSY)

    def error(self, fault: str, kind: type[TeacherError] = TeacherError) -> TeacherError:
        """A fault of this model at this address."""
        return kind(f"{self._model.model} at {self._shown}: {fault}")

    def _cut(self, answer: bytes) -> str:
        """The start of a body, on one line, without the key, which some servers echo."""
        text = " ".join(answer.decode(errors="replace").split()) or "(no body)"
        if self._key is not None:
            text = text.replace(self._key, "***")
        return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}..."


def _text(message: dict[str, Any]) -> str:
    """The content of a message: text, or a list of parts of which those with text count."""
    content = message.get("content") or ""
    if isinstance(content, list):
        return "".join(part.get("text") or "" for part in content if isinstance(part, dict))
    return str(content)


def seconds_of(retry_after: str | None) -> float | None:
    """The seconds that a Retry-After header asks for, given as a number or a date; None without one."""
    if not retry_after:
        return None
    try:
        return max(0.0, float(retry_after))
    except ValueError:
        pass
    try:
        date = parsedate_to_datetime(retry_after)
    except ValueError:
        return None
    return max(0.0, (date.replace(tzinfo=date.tzinfo or UTC) - datetime.now(UTC)).total_seconds())


def encoded(hint: Hint, draw: int) -> str:
    """A hint as the value of a header: JSON, compressed where that pays, in base64."""
    content = {
        "kind": hint.kind,
        "plugin": hint.plugin,
        "section": hint.section,
        "variables": hint.variables,
        "seed_id": hint.seed_id,
        "draw": draw,
        "stream": hint.stream,
    }
    payload = orjson.dumps(content, default=plain, option=orjson.OPT_NON_STR_KEYS)
    mark = "j"
    if len(payload) > 2048:
        payload, mark = zlib.compress(payload, 1), "z"
    return mark + base64.b64encode(payload).decode()
