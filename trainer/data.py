"""Snapshots as the trainer reads them: a manifest and checked Parquet shards."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow.parquet as parquet
from pydantic import BaseModel, ConfigDict, ValidationError

from factory.errors import FactoryError
from factory.records import content_hash

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
        """The rows of a kind, some at once, in their order. Raises FactoryError for a column that is not there."""
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
                    yield kind, [self._whole(kind, row[column]) for row in rows]

    def texts(self) -> Iterator[str]:
        """Every text, for training a tokenizer."""
        for kind, rows in self.batches():
            for row in rows:
                if kind == "text":
                    yield row
                else:
                    yield from (turn["content"] for turn in row)

    def _whole(self, kind: str, content: Any) -> Any:
        whole = isinstance(content, str) if kind == "text" else _is_chat(content)
        if not whole:
            raise FactoryError(
                f"{self.folder}: a row of kind '{kind}' is not as it should be ({COLUMNS[kind]} is empty or of another"
                " type); export the snapshot again"
            )
        return content

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


def _is_chat(content: Any) -> bool:
    return content is not None and all(
        isinstance(turn["role"], str) and isinstance(turn["content"], str) for turn in content
    )


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
        raise FactoryError(f"{path}: is not a snapshot's manifest: {faults}; export it again") from error
