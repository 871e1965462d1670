"""Providers without an OpenAI-compatible endpoint, through litellm, imported at the first call."""

from __future__ import annotations

import asyncio
import os
import random
import time
from typing import Any

from factory.errors import ModelError, TeacherError
from factory.extras import need
from factory.teacher.budget import lost_attempt
from factory.teacher.client import BUSY, CLOSED, FIRST_BACKOFF, LONGEST_BACKOFF, PASSING
from factory.teacher.limits import Limiter
from factory.teacher.model import Hint, Model, Reply, Request
from factory.teacher.structured import asked

_SHOWN = 500
_JITTER = random.SystemRandom()


class LitellmClient:
    """Asks a provider that litellm knows. Retries what may pass, `Model.retries` times."""

    def __init__(self, model: Model) -> None:
        self._model = model
        self._limiter = Limiter(model.concurrency, model.rpm, model.tpm)
        self._litellm: Any = None

    async def complete(self, request: Request, draw: int = 0, hint: Hint | None = None) -> Reply:
        """Asks once. Raises TeacherError with the provider's error, or with the install line."""
        litellm = self._loaded()
        model, sampling = self._model, request.sampling
        messages, response_format = asked(request)
        options = {name: sampling[name] for name in ("temperature", "top_p") if sampling[name] is not None}
        if sampling["stop"]:
            options["stop"] = sampling["stop"]
        if response_format is not None:
            options["response_format"] = response_format
        options |= sampling["extra"]
        most_tokens = sum(len(message["content"]) for message in messages) // 4 + model.max_tokens
        for attempt in range(model.retries + 1):
            turn = await self._limiter.enter(most_tokens)
            started = time.monotonic()
            try:
                answer = await litellm.acompletion(
                    model=model.model,
                    messages=[dict(message) for message in messages],
                    max_tokens=model.max_tokens,
                    api_base=model.api_base,
                    api_key=model.key(),
                    timeout=model.timeout,
                    # Ours to repeat, not litellm's or the provider's SDK's: what may be charged is set aside each time.
                    num_retries=0,
                    max_retries=0,
                    drop_params=True,
                    **options,
                )
            except Exception as error:  # each provider has errors of its own
                await self._failed(error, turn, most_tokens, attempt)
            except BaseException:
                self._limiter.failed(unused=most_tokens)
                raise
            else:
                seconds, used = time.monotonic() - started, answer.usage
                self._limiter.answered(
                    turn,
                    seconds=seconds,
                    written=used.completion_tokens,
                    unused=most_tokens - used.total_tokens,
                )
                choice = answer.choices[0]
                return Reply(
                    text=choice.message.content or "",
                    finish_reason=choice.finish_reason or "stop",
                    prompt_tokens=used.prompt_tokens,
                    completion_tokens=used.completion_tokens,
                    seconds=seconds,
                )
        raise AssertionError("unreachable")

    async def _failed(self, error: Exception, turn: int, most_tokens: int, attempt: int) -> None:
        """Waits before the next attempt. Raises TeacherError when there is none, or what failed will not pass."""
        # litellm tells a lost connection as a status of 500, and a timeout as 408.
        status = getattr(error, "status_code", None) or 500
        if status in BUSY:
            self._limiter.refused(turn, unused=most_tokens)
        else:
            self._limiter.failed(unused=most_tokens)
        again = attempt < self._model.retries and (status in PASSING or status >= 500)
        if status not in BUSY and (status == 408 or status >= 500):
            await lost_attempt(again=again)
        if not again:
            closed = status in CLOSED or status in PASSING or status >= 500
            raise (ModelError if closed else TeacherError)(
                f"{self._model.model}: {self._told(error)}"
            ) from None
        await asyncio.sleep(min(LONGEST_BACKOFF, FIRST_BACKOFF * 2**attempt) * _JITTER.uniform(0.5, 1.0))

    async def close(self) -> None:
        """Nothing is held open."""

    def _told(self, error: Exception) -> str:
        """The provider's error without the key, which some providers repeat."""
        text = f"{type(error).__name__}: {error}"
        key = self._model.key()
        return (text.replace(key, "***") if key else text)[:_SHOWN]

    def _loaded(self) -> Any:
        if self._litellm is None:
            need("litellm", "litellm", by=f"the provider of {self._model.model}", raises=ModelError)
            # Without it the import asks the network for a price list, and waits for it where there is none.
            os.environ.setdefault("LITELLM_LOCAL_MODEL_COST_MAP", "True")
            import litellm

            litellm.suppress_debug_info = True
            self._litellm = litellm
        return self._litellm
