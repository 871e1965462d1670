"""Small snapshots as `factory export` writes them, and the trainer as a process, for tests of the trainer."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as parquet
import yaml
from conftest import ROOT

from trainer.metrics import read_metrics
from trainer.recipe import Recipe


def write_snapshot(folder: Path, told: Mapping[str, Any] | None = None, **rows: list[dict[str, Any]]) -> Path:
    """Writes the rows of each kind as a shard, with a manifest over all that says what is told besides."""
    (folder / "data").mkdir(parents=True)
    shards = []
    for kind, content in rows.items():
        path = folder / f"data/{kind}-00000.parquet"
        parquet.write_table(pa.Table.from_pylist(content), path)
        digest = hashlib.sha256(path.read_bytes()).hexdigest()
        shards.append({"file": f"data/{path.name}", "kind": kind, "rows": len(content), "sha256": digest})
    manifest = {
        "format": 1,
        "name": folder.name,
        "created_at": "2026-01-01T00:00:00Z",
        "finished": True,
        "rehearsal": False,
        "rows": sum(map(len, rows.values())),
        "shards": shards,
    }
    (folder / "manifest.json").write_text(json.dumps(manifest | dict(told or {})))
    return folder


def texts(count: int, words: int, first: str = "word") -> list[dict[str, Any]]:
    """Texts of about so many words that differ from each other."""
    return [
        {"text": " ".join(f"{first} {(number * 31 + place * 7) % 97}" for place in range(words))}
        for number in range(count)
    ]


def losses(recipe: Recipe) -> list[float]:
    """The losses of a run, step by step."""
    return [step.loss for step in read_metrics(recipe.output / "metrics.jsonl")]


def start_trainer(
    recipe: Recipe, path: Path, *options: str, ranks: int = 1, port: int = 0
) -> subprocess.Popen[str]:
    """Starts ``python -m trainer`` on a recipe that is written to a path; on several ranks, through torchrun."""
    path.write_text(yaml.safe_dump(json.loads(recipe.model_dump_json(exclude_none=True))))
    torchrun = ["-m", "torch.distributed.run", "--nproc-per-node", str(ranks), "--master-port", str(port)]
    return subprocess.Popen(
        [sys.executable, *(torchrun if ranks > 1 else []), "-m", "trainer", str(path), *options],
        env={**os.environ, "OMP_NUM_THREADS": "1", "PYTHONPATH": str(ROOT)},
        cwd=path.parent,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
