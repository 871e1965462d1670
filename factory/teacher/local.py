"""Small models in this process: ``local/FOLDER`` names a folder of weights that transformers can load."""

from __future__ import annotations

import asyncio
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from factory.errors import TeacherError
from factory.records import content_hash
from factory.teacher.model import Hint, Model, Reply, Request
from factory.teacher.structured import asked


class LocalClient:
    """Samples from weights in a folder, one call after the other in a thread of its own.

    The same request and draw give the same reply: chance comes from their hash alone.
    """

    def __init__(self, model: Model) -> None:
        self._model = model
        self._folder = Path(model.name).expanduser()
        self._loaded: tuple[Any, Any] | None = None
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="local-model")

    async def complete(self, request: Request, draw: int = 0, hint: Hint | None = None) -> Reply:
        """Samples once. Raises TeacherError for a missing folder, or with the install line."""
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._thread, self._sample, request, draw)

    async def close(self) -> None:
        """Ends the thread and lets the weights go."""
        self._thread.shutdown(wait=True)
        self._loaded = None

    def _sample(self, request: Request, draw: int) -> Reply:
        tokenizer, network = self._load()
        import torch

        started = time.monotonic()
        messages, _ = asked(request, "prompt")
        prompt = tokenizer.apply_chat_template(
            [dict(message) for message in messages],
            add_generation_prompt=True,
            return_tensors="pt",
            return_dict=True,
        )
        sampling = request.sampling
        options: dict[str, Any] = {"do_sample": bool(sampling["temperature"])}
        if options["do_sample"]:
            options |= {"temperature": sampling["temperature"], "top_p": sampling["top_p"] or 1.0, "top_k": 0}
        seed = int(content_hash(request.canonical().decode(), draw)[:15], 16)
        with torch.no_grad(), torch.random.fork_rng():
            torch.manual_seed(seed)
            ids = network.generate(**prompt, max_new_tokens=sampling["max_tokens"], **options)[0]
        given = prompt["input_ids"].shape[1]
        new = ids[given:].tolist()
        text = _until(tokenizer.decode(new, skip_special_tokens=True), sampling["stop"])
        cut = len(new) >= sampling["max_tokens"] and new[-1] not in _ends(network)
        return Reply(text, "length" if cut else "stop", given, len(new), time.monotonic() - started)

    def _load(self) -> tuple[Any, Any]:
        if self._loaded is None:
            if not (self._folder / "config.json").is_file():
                raise TeacherError(
                    f"{self._model.model}: {self._folder} is no folder of weights (no config.json)"
                )
            try:
                from transformers import AutoModelForCausalLM, AutoTokenizer
            except ImportError:
                raise TeacherError(
                    f"{self._model.model}: weights in this process need torch and transformers:"
                    " pip install 'seedfactory[train]'"
                ) from None
            tokenizer = AutoTokenizer.from_pretrained(self._folder, local_files_only=True)
            network = AutoModelForCausalLM.from_pretrained(self._folder, local_files_only=True).eval()
            self._loaded = tokenizer, network
        return self._loaded


def _ends(network: Any) -> list[int]:
    ends = network.generation_config.eos_token_id
    return ends if isinstance(ends, list) else [ends]


def _until(text: str, stops: list[str]) -> str:
    """The text before the first of the words that end it."""
    return min((text.partition(stop)[0] for stop in stops), key=len, default=text)
