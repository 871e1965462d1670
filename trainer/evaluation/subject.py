"""The model that is evaluated: likelihoods of continuations, and replies."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch

from factory.errors import FactoryError
from factory.teacher.local import weights_hash
from trainer.logprobs import token_logprobs
from trainer.sampler import Ask, Sampler

ROW_TOKENS = 8192
"""Tokens of continuations that go through the model at once."""


class Subject:
    """A folder of weights, as `factory train` exports it."""

    def __init__(self, folder: Path) -> None:
        """Reads the weights; bfloat16 on a GPU. Raises FactoryError where they cannot be read."""
        if not (folder / "config.json").is_file():
            raise FactoryError(
                f"{folder}: holds no config.json; evaluate the folder that 'factory train' writes as 'export'"
            )
        self._sampler = Sampler.read(folder)
        self.tokenizer, self._model = self._sampler.tokenizer, self._sampler.model
        self.fingerprint = weights_hash(folder)

    @property
    def context(self) -> int:
        """The longest prompt with its reply, in tokens."""
        return self._model.shape.context

    def replies(
        self, prompts: Sequence[Sequence[int]], *, n: int, max_tokens: int, temperature: float, seed: int
    ) -> list[list[str]]:
        """`n` replies to each prompt. One that leaves no room is answered by nothing."""
        room = [place for place, prompt in enumerate(prompts) if len(prompt) < self.context]
        ask = Ask([prompts[place] for place in room], n, max_tokens, temperature, seed)
        found = self._sampler.sample_many([ask])[0] if room else []
        texts = [[""] * n for _ in prompts]
        for place, rollouts in zip(room, found, strict=True):
            texts[place] = [self.tokenizer.decode(rollout.ids) for rollout in rollouts]
        return texts

    @torch.inference_mode()
    def likelihoods(self, pairs: Sequence[tuple[Sequence[int], Sequence[int]]]) -> list[float]:
        """Of each (prompt, continuation): the log-probability of the continuation after the prompt.

        A prompt that is too long loses its beginning; a continuation that is too long alone is impossible.
        """
        found = [-math.inf] * len(pairs)
        fitting = [place for place, (_, end) in enumerate(pairs) if 0 < len(end) < self.context]
        fitting.sort(key=lambda place: -sum(map(len, pairs[place])))
        while fitting:
            longest = min(sum(map(len, pairs[fitting[0]])), self.context)
            count = max(1, ROW_TOKENS // longest)
            for place, value in zip(
                fitting[:count], self._batch([pairs[p] for p in fitting[:count]]), strict=True
            ):
                found[place] = value
            fitting = fitting[count:]
        return found

    def _batch(self, pairs: Sequence[tuple[Sequence[int], Sequence[int]]]) -> list[float]:
        """One row a pair; what fills a shorter row up is a document of its own, which nothing looks at."""
        rows = [
            ([*(list(start) or [self.tokenizer.end_of_text]), *end][-self.context :], len(end))
            for start, end in pairs
        ]
        length = max(len(ids) for ids, _ in rows)
        ids = np.zeros((len(rows), length), dtype=np.int64)
        documents = np.ones_like(ids)
        before: list[int] = []
        tokens: list[int] = []
        for place, (row, end) in enumerate(rows):
            ids[place, : len(row)] = row
            documents[place, : len(row)] = 0
            before += range(place * length + len(row) - end - 1, place * length + len(row) - 1)
            tokens += row[-end:]
        device = self._model.lm_head.weight.device
        positions = np.where(documents == 0, np.arange(length), 0)
        hidden = self._model.hidden(
            *(torch.from_numpy(one).to(device) for one in (ids, positions, documents))
        )
        logprobs = token_logprobs(
            hidden.flatten(0, 1)[torch.tensor(before, device=device)],
            self._model.lm_head.weight,
            torch.tensor(tokens, device=device),
        )
        sizes = [end for _, end in rows]
        parts = torch.split(logprobs.cpu(), sizes)
        return [float(part.sum()) for part in parts]
