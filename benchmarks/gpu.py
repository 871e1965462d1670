# ruff: noqa: E402 - a neighbour has the name of the package that is measured, so the path comes first
"""What the trainer does on a GPU: one command, real steps of the loop, on texts of random words.

    python benchmarks/gpu.py [--only full,fits,long] [--steps 12]

full: 3.56B parameters, 4K, AdamW in float32, computed in bfloat16: tokens a second (goal 20,900 on one H200, which is
45% of 989 TFLOP/s). fits: 14B with 8-bit moments and weights in bfloat16 on one GPU: whether it steps, and its peak of
memory. long: midtraining of 3.56B at 16K. The first steps, in which layers are compiled, are not timed. Each case has a
process of its own, so that one that fails takes neither memory nor the figures of the others with it; about two minutes
a case on an H200, and the last line printed is one JSON object. fits needs torchao: pip install
'seedfactory[train8bit]'. Without a GPU it says so and measures nothing.
"""

from __future__ import annotations

import sys
from pathlib import Path

sys.path[0] = str(Path(__file__).parent.parent)

import argparse
import hashlib
import json
import statistics
import subprocess
import tempfile
from contextlib import suppress
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as parquet
import torch

from trainer.loop import train
from trainer.metrics import Step
from trainer.recipe import Recipe
from trainer.tokenizer import ChatTokenizer

WARM = 4
"""Steps that are not timed."""
LONGEST = 180
"""Seconds after which a case is given up."""

CASES: dict[str, dict[str, Any]] = {
    "full": {
        "model": "3.6B",
        "context": 4096,
        "batch": {"rows": 16, "at_once": 8192},
        "recompute": False,
    },
    "fits": {
        "model": "14B",
        "context": 4096,
        "batch": {"rows": 4, "at_once": 4096},
        "recompute": True,
        "weights": "bfloat16",
        "optimiser": {"lr": 1e-5, "states": "8bit"},
    },
    "long": {
        "stage": "midtrain",
        "model": {"size": "3.6B", "rope_base": 250_000},
        "context": 16_384,
        "batch": {"rows": 4, "at_once": 16_384},
        "recompute": True,
    },
}


class Enough(Exception):
    """Ends a run after its last timed step, before it writes 60 GB of checkpoint and export."""


def data(folder: Path, tokens: int) -> None:
    """Writes a snapshot of texts of random words, about `tokens` long together, and a tokenizer of their words."""
    chance = np.random.default_rng(1)
    letters = np.array(list("abcdefghijklmnopqrstuvwxyz"))
    words = ["".join(chance.choice(letters, 4)) for _ in range(1500)]
    tokenizer = ChatTokenizer.train([" ".join(words)] * 4, 4096)
    tokenizer.write(folder / "tokenizer")
    rows, made = [], 0
    while made < tokens:
        count = int(chance.integers(100, 3000))
        rows.append({"text": " ".join(words[place] for place in chance.integers(0, len(words), count))})
        made += count  # a word is a token or more
    path = folder / "snapshot/data/text-00000.parquet"
    path.parent.mkdir(parents=True)
    parquet.write_table(pa.Table.from_pylist(rows), path)
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    shard = {"file": "data/text-00000.parquet", "kind": "text", "rows": len(rows), "sha256": digest}
    told = {"name": "random", "created_at": "2026-01-01T00:00:00Z", "finished": True, "rehearsal": False}
    manifest = {"format": 1, **told, "rows": len(rows), "shards": [shard]}
    (folder / "snapshot/manifest.json").write_text(json.dumps(manifest))


def measure(name: str, folder: Path, steps: int) -> dict[str, Any]:
    """Runs a case; its speed over the timed steps and its peak of memory."""
    told: list[Step] = []
    recipe = Recipe.model_validate(
        {
            "stage": "pretrain",
            "snapshot": folder / "snapshot",
            "output": folder / name,
            "tokenizer": {"folder": folder / "tokenizer"},
            "long": "split",
            "optimiser": {"lr": 1e-4},
            "dtype": "bfloat16",
            "device": "cuda",
            "steps": 10**6,
            "checkpoint_every": 10**6,
            "log_every": 1,
            **CASES[name],
        }
    )

    def tell(step: Step) -> None:
        told.append(step)
        if len(told) == steps:
            raise Enough

    with suppress(Enough):
        train(recipe, print, sinks=(tell,))
    timed = told[WARM:]
    utilisation = [step.utilisation for step in timed if step.utilisation is not None]
    return {
        "tokens_per_second": round(statistics.median(step.tokens_per_second for step in timed)),
        "utilisation": round(statistics.median(utilisation), 4) if utilisation else None,
        "of": timed[-1].peak,
        "peak_gib": round(torch.cuda.max_memory_allocated() / 2**30, 1),
        "loss": [round(told[0].loss, 3), round(told[-1].loss, 3)],
    }


def apart(name: str, folder: Path, steps: int) -> dict[str, Any]:
    """The figures of a case from a process of its own, or the end of what it said where it failed."""
    case = [sys.executable, __file__, "--only", name, "--steps", str(steps), "--within", str(folder)]
    try:
        ran = subprocess.run(case, capture_output=True, text=True, timeout=LONGEST, check=False)
    except subprocess.TimeoutExpired:
        return {"failed": f"took more than {LONGEST} seconds"}
    *told, last = ran.stdout.splitlines() or [""]
    print("\n".join(told), flush=True)
    if ran.returncode:
        print(ran.stderr, file=sys.stderr, flush=True)
        return {"failed": (ran.stderr.strip().splitlines() or [last])[-1]}
    figures: dict[str, Any] = json.loads(last)
    return figures


def main() -> None:
    """Prints each case as it ends, and one JSON object at the end."""
    arguments = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    arguments.add_argument("--only", default=",".join(CASES))
    arguments.add_argument("--steps", type=int, default=12, help=f"more than {WARM}")
    # Where the data of a single case lies, in the process that measures it:
    arguments.add_argument("--within", type=Path, help=argparse.SUPPRESS)
    given = arguments.parse_args()
    if given.steps <= WARM or not set(given.only.split(",")) <= CASES.keys():
        arguments.error(f"--only takes {', '.join(CASES)}, and --steps more than {WARM}")
    if not torch.cuda.is_available():
        print("this machine has no GPU that torch can use: nothing was measured")
        print(json.dumps({"benchmark": "gpu", "device": None}))
        return
    if given.within:
        print(json.dumps(measure(given.only, given.within, given.steps)))
        return
    result: dict[str, Any] = {"benchmark": "gpu", "device": torch.cuda.get_device_name()}
    with tempfile.TemporaryDirectory() as folder:
        data(Path(folder), 4_000_000)
        for name in given.only.split(","):
            result[name] = apart(name, Path(folder), given.steps)
            print(name, result[name], flush=True)
    print(json.dumps(result))


if __name__ == "__main__":
    main()
