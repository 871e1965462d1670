"""Small models in this process: ``local/FOLDER`` names a folder of weights that transformers can load."""

from __future__ import annotations

import asyncio
import functools
import hashlib
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from factory.errors import ModelError
from factory.extras import need
from factory.records import content_hash
from factory.teacher.model import Hint, Model, Reply, Request
from factory.teacher.replies import before_stop
from factory.teacher.structured import asked


def weights_hash(folder: Path) -> str:
    """Hash of a folder's weights, configuration and tokenizer; read again only when a file changes."""
    files = sorted([*folder.glob("*.safetensors"), folder / "config.json", folder / "tokenizer.json"])
    return content_hash([_file_hash(file, *_signature(file)) for file in files if file.is_file()])


def _signature(file: Path) -> tuple[int, int]:
    stat = file.stat()
    return stat.st_size, stat.st_mtime_ns


@functools.lru_cache(maxsize=256)
def _file_hash(file: Path, size: int, modified: int) -> str:
    with file.open("rb") as content:
        return hashlib.file_digest(content, "blake2b").hexdigest()


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
        """Samples once. Raises ModelError for a missing folder, or with the install line."""
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._thread, self._sample, request, draw)

    async def close(self) -> None:
        """Ends the thread and lets the weights go."""
        self._thread.shutdown(wait=True)
        self._loaded = None

    def _sample(self, request: Request, draw: int) -> Reply:
        tokenizer, network = self._load()
        started = time.monotonic()
        messages, _ = asked(request, "prompt")
        prompt = tokenizer.apply_chat_template(
            [dict(message) for message in messages],
            add_generation_prompt=True,
            return_tensors="pt",
            return_dict=True,
        )["input_ids"]
        seed = int(content_hash(request.canonical().decode(), draw)[:15], 16)
        stops = request.sampling["stop"]
        longest = max(map(len, stops), default=0)

        def ended(ids: list[int]) -> bool:
            tail = tokenizer.decode(ids[-longest - 4 :]) if longest else ""
            return any(stop in tail for stop in stops)

        ids, whole = _continue(network, prompt, request.sampling, seed, ended)
        text = before_stop(tokenizer.decode(ids, skip_special_tokens=True), stops)
        seconds = time.monotonic() - started
        return Reply(text, "stop" if whole else "length", prompt.shape[1], len(ids), seconds)

    def _load(self) -> tuple[Any, Any]:
        if self._loaded is None:
            if not (self._folder / "config.json").is_file():
                raise ModelError(
                    f"{self._model.model}: {self._folder} is no folder of weights (no config.json)"
                )
            need("train", "torch", "transformers", by=self._model.model, raises=ModelError)
            from transformers import AutoModelForCausalLM, AutoTokenizer

            tokenizer = AutoTokenizer.from_pretrained(self._folder, local_files_only=True)
            if tokenizer.chat_template is None:
                raise ModelError(
                    f"{self._model.model}: the tokenizer in {self._folder} has no chat template, so it cannot"
                    " be asked; give it one, or name a model that was trained on conversations"
                )
            network = AutoModelForCausalLM.from_pretrained(self._folder, local_files_only=True).eval()
            self._loaded = tokenizer, network
        return self._loaded


def _continue(
    network: Any, prompt: Any, sampling: Mapping[str, Any], seed: int, ended: Callable[[list[int]], bool]
) -> tuple[list[int], bool]:
    """The ids of one continuation, and whether it came to an end: an end token, left out, or `ended`.

    Not `generate`: that draws from the process's one generator, which a trainer may be using.
    """
    import torch

    chance = torch.Generator().manual_seed(seed)
    ends = network.generation_config.eos_token_id
    ends = set(ends) if isinstance(ends, list) else {ends}
    ids: list[int] = []
    step, past = prompt, None
    with torch.inference_mode():
        while len(ids) < sampling["max_tokens"]:
            output = network(input_ids=step, past_key_values=past, use_cache=True, logits_to_keep=1)
            past = output.past_key_values
            chosen = _choose(output.logits[0, -1].float(), sampling, chance)
            if chosen in ends:
                return ids, True
            ids.append(chosen)
            if ended(ids):
                return ids, True
            step = torch.tensor([[chosen]])
    return ids, False


def _choose(logits: Any, sampling: Mapping[str, Any], chance: Any) -> int:
    """A token id: the likeliest at temperature 0, else one drawn from the nucleus of `top_p`."""
    import torch

    temperature = 1.0 if sampling["temperature"] is None else sampling["temperature"]
    if temperature == 0:
        return int(logits.argmax())
    likely, order = torch.softmax(logits / temperature, -1).sort(descending=True)
    outside = likely.cumsum(-1) - likely >= (sampling["top_p"] or 1.0)
    place = torch.multinomial(likely.masked_fill(outside, 0.0), 1, generator=chance)
    return int(order[place])
