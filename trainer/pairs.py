"""Preference pairs as the trainer reads them: ids of a prompt and two responses, laid out as a small tree.

The prompt is computed once for both responses, which do not see each other. A pair of pivotal tokens is the
smallest tree: a prompt alone, whose last position predicts both tokens.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from factory.errors import FactoryError
from factory.records import content_hash
from trainer.data import Snapshot
from trainer.mixture import shuffled
from trainer.packing import Place, Row, layout, numbers, pack
from trainer.recipe import Long, SourceSettings
from trainer.tokenizer import ChatTokenizer
from trainer.tokens import about, refuse_none, written_once

COLUMNS = {"preference": ("prompt", "chosen", "rejected", "loss_tokens"), "token_preference": ("extra",)}
"""The kinds of rows that DPO trains on, and the columns that hold their content."""

Ids = Sequence[int] | NDArray[np.int64]
Pair = tuple[Ids, Ids, Ids]
"""Ids of the prompt, and those of the chosen and the rejected response that count in the loss."""


@dataclass(frozen=True)
class PairBatch:
    """Packed rows of pairs: tensors (rows, context), then one entry for each counted token of a response.

    `branches`: 0 in a prompt, 1 and 2 in the responses. `before`: the flat place of the state that predicts a
    counted token; `tokens`: its id; `responses`: twice its pair's place in `numbers`, plus 1 for the rejected.
    """

    ids: Tensor
    positions: Tensor
    documents: Tensor
    branches: Tensor
    before: Tensor
    tokens: Tensor
    responses: Tensor
    numbers: Tensor

    def to(self, device: torch.device) -> PairBatch:
        """The same on another device."""
        return PairBatch(*(tensor.to(device, non_blocking=True) for tensor in vars(self).values()))


@dataclass(frozen=True)
class Pairs:
    """The pairs of one or several snapshots as tokens: the prompt, the chosen and the rejected response of pair `i`
    have ``sizes[i]`` tokens and begin where ``places[i]`` says: the snapshot, and the token in it."""

    ids: tuple[NDArray[np.uint32], ...]
    places: NDArray[np.int64]
    sizes: NDArray[np.int64]
    counts: dict[str, int]
    fingerprint: str

    @property
    def lengths(self) -> NDArray[np.int64]:
        """Positions that a pair takes in a row: a response's last token is predicted and never read."""
        lengths: NDArray[np.int64] = self.sizes.sum(axis=1) - 2
        return lengths

    def pair(self, number: int) -> Pair:
        """The ids of one pair."""
        snapshot, at = self.places[number]
        prompt, chosen, rejected = self.sizes[number]
        whole = self.ids[snapshot][at : at + prompt + chosen + rejected].astype(np.int64)
        return whole[:prompt], whole[prompt : prompt + chosen], whole[prompt + chosen :]

    @classmethod
    def open(cls, folder: Path) -> Pairs:
        """Maps what `tokenise_pairs` wrote."""
        counts, fingerprint = about(folder)
        sizes = np.load(folder / "sizes.npy")
        whole = sizes.sum(axis=1)
        places = np.stack((np.zeros_like(whole), np.cumsum(whole) - whole), axis=1)
        ids = np.memmap(folder / "ids.bin", dtype=np.uint32, mode="r")
        return cls((ids,), places, sizes, counts, fingerprint)

    @classmethod
    def joined(cls, parts: Mapping[str, Pairs], sources: Mapping[str, SourceSettings], seed: int) -> Pairs:
        """The pairs that a mixture takes from each source, by a draw that `seed` decides.

        Raises FactoryError for a source with fewer pairs than it is to give.
        """
        places, sizes, counts = [], [], Counter[str]()
        for number, (name, part) in enumerate(parts.items()):
            wanted, size = sources[name].pairs, len(part.sizes)
            if wanted is not None and wanted > size:
                raise FactoryError(
                    f"mixture.{name}: {sources[name].snapshot} has {size:,} pairs that fit, and 'pairs' asks for"
                    f" {wanted:,}; build more of them, or lower it"
                )
            taken = np.sort(shuffled(np.arange(wanted or size), size, (seed, number)))
            places.append(part.places[taken] + (number, 0))
            sizes.append(part.sizes[taken])
            counts.update(part.counts | {"documents": len(taken), "not drawn": size - len(taken)})
        fingerprint = content_hash([part.fingerprint for part in parts.values()])
        ids = tuple(part.ids[0] for part in parts.values())
        return cls(ids, np.concatenate(places), np.concatenate(sizes), dict(counts), fingerprint)


class PairOrder:
    """The pairs of a run in their order, and the rows that those of one step are packed into."""

    def __init__(self, pairs: Pairs, context: int, seed: int, total: int) -> None:
        self.pairs, self.context, self.seed, self.total = pairs, context, seed, total

    def take(self, place: Place, count: int) -> tuple[list[Row], Place]:
        """See Work: the next `count` pairs, packed best-fit, however many rows that makes."""
        size = len(self.pairs.sizes)
        first = place.block * size + place.row
        last = min(first + count, self.total)
        epoch, index = np.divmod(np.arange(first, last), size)
        numbers = np.concatenate(
            [shuffled(index[epoch == one], size, (self.seed, int(one))) for one in np.unique(epoch)]
            or [np.zeros(0, dtype=np.int64)]
        )
        rows = pack(self.pairs.lengths[numbers], self.context, self.seed, first)
        return [tuple(numbers[list(row)].tolist()) for row in rows], Place(*divmod(last, size))

    def epochs(self, place: Place) -> float:
        """See Work."""
        return place.block + place.row / len(self.pairs.sizes)

    def targets(self, rows: Sequence[Row]) -> int:
        """How many pairs these rows hold."""
        return sum(map(len, rows))

    def predicted(self, rows: Sequence[Row]) -> int:
        """How many tokens of both responses count."""
        return int(self.pairs.sizes[numbers(rows), 1:].sum())

    def lengths(self, rows: Sequence[Row]) -> NDArray[np.int64]:
        """How many positions each pair of these rows fills."""
        return self.pairs.lengths[numbers(rows)]

    def accepted_tokens(self, rows: Sequence[Row]) -> int:
        """How many tokens of chosen responses count."""
        return int(self.pairs.sizes[numbers(rows), 1].sum())

    def batch(self, rows: Sequence[Row], device: torch.device) -> PairBatch:
        """Lays each pair out as prompt, chosen, rejected; both responses go on from the prompt's positions."""
        starts, shape = layout([int(self.lengths([row]).sum()) for row in rows], self.context, device)
        ids, positions, branches = (np.zeros(shape, dtype=np.int64) for _ in range(3))
        documents = np.full(shape, -1, dtype=np.int64)
        flat = [array.reshape(-1) for array in (ids, positions, documents, branches)]
        before: list[Ids] = []
        tokens: list[Ids] = []
        responses: list[Ids] = []
        numbers: list[int] = []
        for at, row in zip(starts, rows, strict=True):
            for pair in row:
                prompt, *answers = self.pairs.pair(pair)
                last_of_prompt = at + len(prompt) - 1
                # A response's last token is predicted and never read.
                for branch, part in enumerate((prompt, *(answer[:-1] for answer in answers))):
                    first = len(prompt) if branch else 0
                    laid: tuple[Any, ...] = (part, np.arange(first, first + len(part)), len(numbers), branch)
                    for array, values in zip(flat, laid, strict=True):
                        array[at : at + len(part)] = values
                    if branch:
                        answer = answers[branch - 1]
                        before.append([last_of_prompt, *range(at, at + len(part))])
                        tokens.append(answer)
                        responses.append(np.full(len(answer), 2 * len(numbers) + branch - 1))
                    at += len(part)
                numbers.append(pair)
        nothing = np.zeros(0, dtype=np.int64)  # of a rank whose share of the step is used up
        listed = (np.concatenate([nothing, *part]) for part in (before, tokens, responses))
        arrays = (ids, positions, documents, branches, *listed, np.asarray(numbers))
        return PairBatch(*(torch.from_numpy(array.astype(np.int64)) for array in arrays)).to(device)


# --------------------------------------------------------------------------------- from a snapshot


def tokenise_pairs(
    snapshot: Snapshot,
    tokenizer: ChatTokenizer,
    folder: Path,
    *,
    context: int,
    long: Long,
) -> Pairs:
    """Writes the pairs of a snapshot to a folder, unless they are there already, and opens them.

    A pair that does not fit is never cut: it stops the run, or is left out and counted when `long` is 'drop'.
    Raises FactoryError for pivotal tokens of another tokenizer, and when no pair is left.
    """

    def write(aside: Path) -> dict[str, int]:
        counts, longest = _write_pairs(snapshot, tokenizer, aside, context)
        if long == "stop" and counts["too long"]:
            raise FactoryError(
                f"{snapshot.folder}: {counts['too long']} of {snapshot.manifest.rows} pairs do not fit context"
                f" ({context} tokens; the longest, prompt and both responses, takes {longest}), and a response that was"
                " cut is no preference. Raise context, or say 'long: drop' in the recipe"
            )
        refuse_none(snapshot, counts, "no pair")
        return counts

    written_once(folder, ("pairs", snapshot.fingerprint, tokenizer.fingerprint, context, long), write)
    return Pairs.open(folder)


def _write_pairs(
    snapshot: Snapshot, tokenizer: ChatTokenizer, folder: Path, context: int
) -> tuple[dict[str, int], int]:
    """Returns what was counted, and how many positions the longest pair takes."""
    counts = {"documents": 0, "too long": 0, "without difference": 0}
    counts |= {
        f"of kind {kind}": rows for kind, rows in snapshot.rows_by_kind().items() if kind not in COLUMNS
    }
    sizes, longest = [], 0
    with (folder / "ids.bin").open("wb") as file:
        for prompt, chosen, rejected in _pairs(snapshot, tokenizer):
            length = len(prompt) + len(chosen) + len(rejected) - 2
            longest = max(longest, length)
            if length > context:
                counts["too long"] += 1
            elif list(chosen) == list(rejected):
                counts["without difference"] += 1
            else:
                file.write(np.asarray([*prompt, *chosen, *rejected], dtype=np.uint32).tobytes())
                sizes.append((len(prompt), len(chosen), len(rejected)))
    counts["documents"] = len(sizes)
    np.save(folder / "sizes.npy", np.asarray(sizes, dtype=np.int64))
    return counts, longest


def _pairs(snapshot: Snapshot, tokenizer: ChatTokenizer) -> Iterator[Pair]:
    for kind, columns in COLUMNS.items():
        for rows in snapshot.columns(kind, columns):
            for row in rows:
                if kind == "preference":
                    yield _preference(row, tokenizer)
                else:
                    yield _pivotal(json.loads(row["extra"]), tokenizer, snapshot.folder)


def _preference(row: dict[str, Any], tokenizer: ChatTokenizer) -> Pair:
    """A response ends as the assistant's turns end in SFT; `loss_tokens` bounds what counts of it."""
    prompt = tokenizer.prompt(row["prompt"])
    responses = tokenizer.encode([row["chosen"][0]["content"], row["rejected"][0]["content"]])
    chosen, rejected = ([*response, tokenizer.end_of_turn][: row["loss_tokens"]] for response in responses)
    return prompt, chosen, rejected


def _pivotal(row: dict[str, Any], tokenizer: ChatTokenizer, folder: Path) -> Pair:
    """Ids as they were searched; nothing is decoded, encoded or added."""
    if row["tokenizer"] != tokenizer.fingerprint:
        raise FactoryError(
            f"{folder}: its pivotal tokens are ids of the tokenizer {row['tokenizer'][:12]}..., and this run has"
            f" {tokenizer.fingerprint[:12]}...; start from the model that was searched, or search this one"
        )
    return row["prompt_ids"], [row["accepted_id"]], [row["rejected_id"]]
