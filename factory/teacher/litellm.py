"""Providers without an OpenAI-compatible endpoint, through litellm, imported at the first call."""

from __future__ import annotations

import os
import time
from typing import Any

from factory.errors import TeacherError
from factory.teacher.client import BUSY
from factory.teacher.limits import Limiter
from factory.teacher.model import Hint, Model, Reply, Request
from factory.teacher.structured import asked

_SHOWN = 500


class LitellmClient:
    """Asks a provider that litellm knows. litellm retries what may pass, `Model.retries` times."""

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
        most_tokens = sum(len(message["content"]) for message in messages) // 4 + model.max_tokens
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
                num_retries=model.retries,
                drop_params=True,
                **options,
                **sampling["extra"],
            )
        except Exception as error:
            if getattr(error, "status_code", None) in BUSY:
                self._limiter.refused(turn, unused=most_tokens)
            else:
                self._limiter.failed(unused=most_tokens)
            raise TeacherError(f"{model.model}: {self._told(error)}") from None
        except BaseException:
            self._limiter.failed(unused=most_tokens)
            raise
        seconds = time.monotonic() - started
        choice, usage = answer.choices[0], answer.usage
        self._limiter.answered(
            turn, seconds=seconds, written=usage.completion_tokens, unused=most_tokens - usage.total_tokens
        )
        return Reply(
            text=choice.message.content or "",
            finish_reason=choice.finish_reason or "stop",
            prompt_tokens=usage.prompt_tokens,
            completion_tokens=usage.completion_tokens,
            seconds=seconds,
        )

    async def close(self) -> None:
        """Nothing is held open."""

    def _told(self, error: Exception) -> str:
        """The provider's error without the key, which some providers repeat."""
        text = f"{type(error).__name__}: {error}"
        key = self._model.key()
        return (text.replace(key, "***") if key else text)[:_SHOWN]

    def _loaded(self) -> Any:
        if self._litellm is None:
            # Without it the import asks the network for a price list, and waits for it where there is none.
            os.environ.setdefault("LITELLM_LOCAL_MODEL_COST_MAP", "True")
            try:
                import litellm
            except ImportError:
                raise TeacherError(
                    f"{self._model.model}: this provider goes through litellm, which is not installed:"
                    " pip install 'seedfactory[litellm]'"
                ) from None
            litellm.suppress_debug_info = True
            self._litellm = litellm
        return self._litellm
