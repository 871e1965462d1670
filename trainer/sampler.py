"""Sampling from the own model: many prefixes and rollouts at once, each the same for the same seed."""

from __future__ import annotations

import hashlib
import itertools
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from factory.errors import FactoryError
from factory.plugins import Rollout
from trainer.cache import Cache, Decoder
from trainer.export import read_model
from trainer.model import Phi
from trainer.tokenizer import ChatTokenizer

ROWS = 256
"""Rollouts that are under way at once, as long as they fit `SLOTS`."""
SLOTS = 2**20
"""Tokens of keys and values that are held at once."""
LEAVE_AT = 1 / 8
"""The share of a batch that is done before the rest is moved together: moving costs about a step."""


@dataclass(frozen=True)
class Ask:
    """Rollouts of several prefixes with one setting."""

    prefixes: Sequence[Sequence[int]]
    n: int
    max_tokens: int
    temperature: float
    seed: int


@dataclass(frozen=True)
class _Row:
    """One rollout to be made. `place`: its ask, prefix and number; `chance`: what decides its draws."""

    place: tuple[int, int, int]
    prefix: tuple[int, ...]
    limit: int
    temperature: float
    chance: int


class Sampler:
    """Continues token ids with a model, in batches of unequal prefixes and lengths.

    A rollout ends at a stop token, which it includes, or at its limit. Chance comes from the seed, the prefix
    and the rollout's number alone, never from what else is in the batch or from the process's generator.
    """

    def __init__(self, model: Phi, tokenizer: ChatTokenizer, *, rows: int = ROWS, slots: int = SLOTS) -> None:
        self.tokenizer = tokenizer
        self.model = model.eval()
        self.context = model.shape.context
        self.stops = (tokenizer.end_of_turn, tokenizer.end_of_text)
        self._decoder = Decoder(self.model)
        self._device = model.lm_head.weight.device
        self._stops = torch.tensor(self.stops, device=self._device)
        self._rows, self._slots = rows, slots

    @classmethod
    def read(cls, folder: Path, *, device: str = "auto") -> Sampler:
        """Reads a folder as `export` writes it: in float32 on a CPU, in bfloat16 on a GPU."""
        cuda = device == "cuda" or (device == "auto" and torch.cuda.is_available())
        model = read_model(folder)
        if cuda:
            model = model.to("cuda", torch.bfloat16)
        return cls(model, ChatTokenizer.read(folder))

    def sample(
        self, prefixes: Sequence[Sequence[int]], *, n: int, max_tokens: int, temperature: float, seed: int
    ) -> list[list[Rollout]]:
        """`n` rollouts for each prefix; temperature 0 takes the likeliest token. See `Policy.sample`."""
        return self.sample_many([Ask(prefixes, n, max_tokens, temperature, seed)])[0]

    @torch.inference_mode()
    def sample_many(self, asks: Sequence[Ask]) -> list[list[list[Rollout]]]:
        """The rollouts of several asks, made together. Raises FactoryError for a prefix that leaves no room."""
        found: dict[tuple[int, int, int], Rollout] = {}
        rows = [row for number, ask in enumerate(asks) for row in self._rows_of(number, ask)]
        # Longest first: what does not fit into memory fails at once, and neighbours need little padding.
        rows.sort(key=lambda row: (-len(row.prefix), row.prefix))
        while rows:
            count = self._fitting(rows)
            for row, rollout in zip(rows[:count], self._batch(rows[:count]), strict=True):
                found[row.place] = rollout
            rows = rows[count:]
        return [
            [[found[number, place, i] for i in range(ask.n)] for place in range(len(ask.prefixes))]
            for number, ask in enumerate(asks)
        ]

    def _rows_of(self, number: int, ask: Ask) -> list[_Row]:
        rows = []
        seen: Counter[tuple[int, ...]] = Counter()
        for place, ids in enumerate(ask.prefixes):
            prefix = tuple(ids)
            limit = min(ask.max_tokens, self.context - len(prefix))
            if not prefix or limit < 1:
                raise FactoryError(
                    f"a prefix of {len(prefix)} tokens cannot be continued: a prefix has at least one token, and"
                    f" the model's context is {self.context}"
                )
            for i in range(ask.n):
                # A prefix that is asked for twice gets rollouts of its own each time.
                chance = _chance(ask.seed, prefix, seen[prefix] + i)
                rows.append(_Row((number, place, i), prefix, limit, ask.temperature, chance))
            seen[prefix] += ask.n
        return rows

    def _fitting(self, rows: Sequence[_Row]) -> int:
        """How many of the rows, from the first on, go into one batch."""
        first = rows[: self._rows]
        longest = max(row.limit for row in first)
        room = self._slots - longest - len(first[0].prefix)
        for count, (before, row) in enumerate(itertools.pairwise(first), start=1):
            room -= longest if row.prefix == before.prefix else longest + len(first[0].prefix)
            if room < 0:
                return count
        return len(first)

    def _batch(self, rows: Sequence[_Row]) -> list[Rollout]:
        """Reads each distinct prefix once, then draws token after token; finished rows leave."""
        device = self._device
        limits = torch.tensor([row.limit for row in rows], device=device)
        longest = int(limits.max())
        logits, cache = self._prefilled(rows)
        draws = torch.from_numpy(np.stack([_uniforms(row, longest) for row in rows])).to(device)
        heat = torch.tensor([row.temperature for row in rows], device=device)
        ids = torch.zeros((len(rows), longest), dtype=torch.long, device=device)
        logprobs = torch.zeros((len(rows), longest), device=device)
        lengths = limits.clone()
        alive = torch.arange(len(rows), device=device)
        running = torch.ones_like(alive, dtype=torch.bool)
        stopped = torch.zeros_like(running)
        for step in range(longest):
            chosen, logprobs[alive, step] = pick(logits, heat[alive], draws[alive, step])
            ids[alive, step] = chosen
            ended = torch.isin(chosen, self._stops) & running
            stopped[alive] |= ended
            lengths[alive[ended]] = step + 1
            running &= ~ended & (step + 1 < limits[alive])
            left = int(running.sum())
            if left == 0:
                break
            if left <= len(alive) * (1 - LEAVE_AT):
                kept = running.nonzero()[:, 0]
                cache.keep(kept)
                alive, chosen, running = alive[kept], chosen[kept], running[kept]
            logits = self._decoder.step(chosen, cache)
        columns = ids.tolist(), logprobs.tolist(), lengths.tolist(), stopped.tolist()
        return [
            Rollout(tuple(line[:length]), tuple(told[:length]), finished)
            for line, told, length, finished in zip(*columns, strict=True)
        ]

    def _prefilled(self, rows: Sequence[_Row]) -> tuple[Tensor, Cache]:
        """The logits after the prefix of each row, and a cache of rows that share their prefixes."""
        distinct = {prefix: place for place, prefix in enumerate(dict.fromkeys(row.prefix for row in rows))}
        length = len(rows[0].prefix)
        ids = np.zeros((len(distinct), length), dtype=np.int64)
        pads = np.zeros(len(distinct), dtype=np.int64)
        for prefix, place in distinct.items():
            pads[place] = length - len(prefix)
            ids[place, pads[place] :] = prefix
        before = torch.from_numpy(pads).to(self._device)
        logits, shared = self._decoder.prefill(torch.from_numpy(ids).to(self._device), before)
        owners = torch.tensor([distinct[row.prefix] for row in rows], device=self._device)
        return logits[owners], Cache(shared, before, owners)


def pick(logits: Tensor, temperature: Tensor, draws: Tensor) -> tuple[Tensor, Tensor]:
    """A token for each row of logits, and its log-probability under the model (at temperature 1).

    `temperature`: (rows,), 0 for the likeliest; `draws`: (rows,), uniform in [0, 1), which decide.
    """
    heated = logits / temperature.clamp(min=1e-6)[:, None]
    reached = torch.softmax(heated, -1).cumsum(-1)
    chosen = torch.searchsorted(reached, draws[:, None] * reached[:, -1:], right=True)[:, 0]
    chosen.clamp_(max=logits.shape[-1] - 1)
    greedy = temperature == 0
    chosen[greedy] = logits[greedy].argmax(-1)
    return chosen, logits.log_softmax(-1).gather(-1, chosen[:, None])[:, 0]


def _chance(seed: int, prefix: tuple[int, ...], number: int) -> int:
    told = np.asarray([seed, number, *prefix], dtype=np.int64).tobytes()
    return int.from_bytes(hashlib.blake2b(told, digest_size=16).digest())


def _uniforms(row: _Row, count: int) -> NDArray[np.float32]:
    return np.random.Generator(np.random.Philox(row.chance)).random(count, dtype=np.float32)
