"""Snapshots as the trainer reads them: checked Parquet shards, then tokens in flat files that ranks share."""

from __future__ import annotations

import hashlib
import json
import shutil
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as parquet
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, ValidationError

from factory.errors import FactoryError
from factory.records import content_hash
from trainer.recipe import Long
from trainer.tokenizer import ChatTokenizer, Encoded

FORMAT = 1
COLUMNS = {"chat": "messages", "text": "text"}
"""The kinds of rows that SFT trains on, and the column that holds their content."""

ROWS_AT_ONCE = 1024


class Shard(BaseModel):
    """One Parquet file of a snapshot."""

    model_config = ConfigDict(frozen=True)
    file: str
    kind: str
    rows: int
    sha256: str


class Manifest(BaseModel):
    """What the trainer relies on in ``manifest.json``; the exporter writes more."""

    model_config = ConfigDict(frozen=True)
    format: int
    name: str
    created_at: str
    finished: bool
    rehearsal: bool
    rows: int
    hash: str = ""
    datasets: dict[str, Any] = {}
    seed_sets: dict[str, Any] = {}
    shards: tuple[Shard, ...]

    @property
    def members(self) -> list[str]:
        """The datasets, and the seed sets that it took as they stand."""
        return [*self.datasets, *(f"seeds:{name}" for name in self.seed_sets)]


@dataclass(frozen=True)
class Snapshot:
    """A finished snapshot whose shards are what its manifest says."""

    folder: Path
    manifest: Manifest

    @classmethod
    def open(cls, folder: Path, *, allow_rehearsal: bool = False) -> Snapshot:
        """Reads the manifest and checks every shard. Raises FactoryError that says what to do about it."""
        snapshot = cls(folder, _read_manifest(folder))
        manifest = snapshot.manifest
        if manifest.format != FORMAT:
            raise FactoryError(
                f"{folder}: the snapshot has format {manifest.format}, this trainer reads {FORMAT};"
                " export it again with the factory of this version"
            )
        if not manifest.finished:
            raise FactoryError(
                f"{folder}: this is an unfinished snapshot (made with --partial). Build the dataset first"
                f" (`factory build`), then export it again: `factory export ... --output {folder}`"
            )
        if manifest.rehearsal and not allow_rehearsal:
            raise FactoryError(
                f"{folder}: rows of this snapshot come from the rehearsal model and teach nothing. Build them"
                " with a real model; to try out the trainer, set 'allow_rehearsal: true', or say --allow-rehearsal"
            )
        for shard in manifest.shards:
            snapshot._check(shard)
        return snapshot

    @property
    def fingerprint(self) -> str:
        """Hash of the rows and their order; the same for two exports of the same rows."""
        return content_hash([(shard.kind, shard.sha256) for shard in self.manifest.shards])

    def rows_by_kind(self) -> Counter[str]:
        """How many rows there are of each kind."""
        counts: Counter[str] = Counter()
        for shard in self.manifest.shards:
            counts[shard.kind] += shard.rows
        return counts

    def columns(self, kind: str, columns: Sequence[str]) -> Iterator[list[dict[str, Any]]]:
        """The rows of a kind, some at once, in their order."""
        for shard in self.manifest.shards:
            if shard.kind != kind:
                continue
            with parquet.ParquetFile(self.folder / shard.file) as file:
                if missing := [column for column in columns if column not in file.schema_arrow.names]:
                    raise FactoryError(
                        f"{self.folder / shard.file}: rows of kind '{kind}' need the column '{missing[0]}';"
                        f" there are: {', '.join(file.schema_arrow.names)}"
                    )
                for batch in file.iter_batches(ROWS_AT_ONCE, columns=list(columns)):
                    yield batch.to_pylist()

    def batches(self) -> Iterator[tuple[str, list[Any]]]:
        """The contents of rows, some at once, each batch with its kind: messages or text, in their order."""
        for kind in dict.fromkeys(shard.kind for shard in self.manifest.shards):
            if column := COLUMNS.get(kind):
                for rows in self.columns(kind, [column]):
                    yield kind, [row[column] for row in rows]

    def texts(self) -> Iterator[str]:
        """Every text, for training a tokenizer."""
        for kind, rows in self.batches():
            for row in rows:
                if kind == "text":
                    yield row
                else:
                    yield from (turn["content"] for turn in row)

    def _check(self, shard: Shard) -> None:
        path = self.folder / shard.file
        if not path.is_file():
            raise FactoryError(f"{path}: the manifest names this shard, but it is not there; export it again")
        with path.open("rb") as file:
            found = hashlib.file_digest(file, "sha256").hexdigest()
        if found != shard.sha256:
            raise FactoryError(
                f"{path}: the shard is not the one that was exported (sha256 {found[:12]}..., the manifest says"
                f" {shard.sha256[:12]}...); export it again"
            )
        rows = parquet.read_metadata(path).num_rows
        if rows != shard.rows:
            raise FactoryError(f"{path}: holds {rows} rows, the manifest says {shard.rows}; export it again")


def _read_manifest(folder: Path) -> Manifest:
    path = folder / "manifest.json"
    if not path.is_file():
        raise FactoryError(
            f"{folder}: there is no snapshot here (no manifest.json);"
            f" make one with `factory export MIXTURE_OR_SELECTION --output {folder}`"
        )
    try:
        return Manifest.model_validate_json(path.read_bytes())
    except ValidationError as error:
        faults = "; ".join(
            f"{'.'.join(map(str, fault['loc'])) or 'content'}: {fault['msg']}"
            for fault in error.errors(include_url=False)
        )
        raise FactoryError(f"{path}: is not a snapshot's manifest: {faults}") from error


# ------------------------------------------------------------------------------------------- tokens


@dataclass(frozen=True)
class Corpus:
    """The documents of a snapshot as tokens: document `i` is ``ids[bounds[i]:bounds[i + 1]]``.

    `ids` and `learnt` are mapped from disk, so memory does not grow with the data. A document that was split is
    several here, and `origins` tells how long the whole one was. `counts` tells what was left out or cut, and why.
    """

    ids: NDArray[np.uint32]
    learnt: NDArray[np.bool_]
    bounds: NDArray[np.int64]
    targets: NDArray[np.int64]
    origins: NDArray[np.int64]
    counts: dict[str, int]
    fingerprint: str

    @property
    def lengths(self) -> NDArray[np.int64]:
        """Tokens of each document."""
        return np.diff(self.bounds)

    @classmethod
    def open(cls, folder: Path) -> Corpus:
        """Maps what `tokenise` wrote."""
        meta = json.loads((folder / "corpus.json").read_text())
        bounds = np.load(folder / "bounds.npy")
        return cls(
            ids=np.memmap(folder / "ids.bin", dtype=np.uint32, mode="r"),
            learnt=np.memmap(folder / "learnt.bin", dtype=np.bool_, mode="r"),
            bounds=bounds,
            targets=np.load(folder / "targets.npy"),
            origins=np.load(folder / "origins.npy"),
            counts=meta["counts"],
            fingerprint=meta["fingerprint"],
        )


def tokenise(
    snapshot: Snapshot,
    tokenizer: ChatTokenizer,
    folder: Path,
    *,
    context: int,
    long: Long,
) -> Corpus:
    """Writes the tokens of a snapshot to a folder, unless they are there already, and opens them.

    Raises FactoryError for documents over `context` tokens when `long` is 'stop', and when none are left.
    """
    fingerprint = content_hash(snapshot.fingerprint, tokenizer.fingerprint, context, long)
    if (folder / "corpus.json").is_file():
        there = Corpus.open(folder)
        if there.fingerprint == fingerprint:
            return there
    aside = folder.with_name(folder.name + ".partial")
    shutil.rmtree(aside, ignore_errors=True)
    aside.mkdir(parents=True)
    counts, longest = _write_tokens(snapshot, tokenizer, aside, context=context, long=long)
    if long == "stop" and counts["too long"]:
        shutil.rmtree(aside)
        raise FactoryError(
            f"{snapshot.folder}: {counts['too long']} of {snapshot.manifest.rows} documents are longer than"
            f" context ({context} tokens; the longest has {longest}). Raise context, or say"
            " 'long: split', 'long: truncate' or 'long: drop' in the recipe"
        )
    if not counts["documents"]:
        shutil.rmtree(aside)
        told = ", ".join(f"{count} {what}" for what, count in counts.items() if count) or "no rows"
        raise FactoryError(f"{snapshot.folder}: there is nothing to train on ({told})")
    (aside / "corpus.json").write_text(json.dumps({"fingerprint": fingerprint, "counts": counts}))
    shutil.rmtree(folder, ignore_errors=True)
    aside.rename(folder)
    return Corpus.open(folder)


def _write_tokens(
    snapshot: Snapshot, tokenizer: ChatTokenizer, folder: Path, *, context: int, long: str
) -> tuple[dict[str, int], int]:
    """Returns what was counted, and the length of the longest document before cutting."""
    counts = {"documents": 0, "too long": 0, "cut tokens": 0, "without targets": 0}
    for kind, count in snapshot.rows_by_kind().items():
        if kind not in COLUMNS:
            counts[f"of kind {kind}"] = count
    lengths, targets, origins, longest = [], [], [], 0
    with (folder / "ids.bin").open("wb") as ids_file, (folder / "learnt.bin").open("wb") as learnt_file:
        for kind, rows in snapshot.batches():
            encode = tokenizer.encode_chats if kind == "chat" else tokenizer.encode_texts
            for ids, learnt in _encode(encode, rows, snapshot, kind):
                longest = max(longest, len(ids))
                pieces = range(0, len(ids), context) if long == "split" else range(1)
                if len(ids) > context:
                    counts["too long"] += 1
                    if long == "truncate":
                        counts["cut tokens"] += len(ids) - context
                    elif long != "split":
                        continue
                for start in pieces:
                    piece, wanted = ids[start : start + context], learnt[start : start + context]
                    # Nothing stands before a document's first token, so it cannot be predicted.
                    if not wanted[1:].any():
                        counts["without targets"] += 1
                        continue
                    ids_file.write(piece.tobytes())
                    learnt_file.write(wanted.tobytes())
                    lengths.append(len(piece))
                    targets.append(int(wanted[1:].sum()))
                    origins.append(len(ids))
    counts["documents"] = len(lengths)
    np.save(folder / "bounds.npy", np.concatenate(([0], np.cumsum(lengths, dtype=np.int64))))
    np.save(folder / "targets.npy", np.asarray(targets, dtype=np.int64))
    np.save(folder / "origins.npy", np.asarray(origins, dtype=np.int64))
    return counts, longest


def _encode(encode: Any, rows: list[Any], snapshot: Snapshot, kind: str) -> list[Encoded]:
    try:
        encoded: list[Encoded] = encode(rows)
    except (TypeError, KeyError) as error:
        raise FactoryError(
            f"{snapshot.folder}: a row of kind '{kind}' is not as it should be ({COLUMNS[kind]} is empty or of"
            " another type); export the snapshot again"
        ) from error
    return encoded
