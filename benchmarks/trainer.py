"""The trainer beside TRL and transformers: same model, data, steps and threads, in one run.

    python benchmarks/trainer.py [--rounds 3] [--steps 12] [--only sft,sft_single,dpo,sample]

Tokens a second of CPU time on one thread, of a phi of 5M parameters in float32: supervised training on packed
conversations beside SFTTrainer (packing, padding-free), DPO on pairs of pivotal tokens beside DPOTrainer (reference
computed before on both sides, and not timed), and sampling of 256 rollouts beside `generate`. What comes before the
first step, and the first two steps, are not timed. Peers: pip install trl==1.16.0.
"""

# ruff: noqa: E402 - this file has the name of the package that it measures, so the path comes first

from __future__ import annotations

import argparse
import hashlib
import importlib
import json
import logging
import random
import re
import statistics
import sys
import tempfile
import warnings
from collections.abc import Callable
from pathlib import Path
from time import process_time
from typing import Any

sys.path[0] = str(Path(__file__).parent.parent)

import pyarrow as pa
import pyarrow.parquet as parquet
import torch
from transformers import AutoModelForCausalLM, AutoTokenizer

from trainer.export import write_model
from trainer.loop import train
from trainer.metrics import Step
from trainer.model import Phi, Shape
from trainer.recipe import Recipe
from trainer.sampler import Sampler
from trainer.tokenizer import ChatTokenizer

PAGES = Path(__file__).parent.parent / "examples/pages"
VOCABULARY, CONTEXT, ROWS = 2048, 512, 8
PAIRS, PROMPT = 16, 200
PREFIXES, ROLLOUTS, NEW, PREFIX = 16, 16, 128, 64
WARM = 2
"""Steps that are not timed."""


def words() -> list[str]:
    """The words of the example pages, tags left out, in their order."""
    return [
        word
        for path in sorted(PAGES.rglob("*.html"))
        for word in re.findall(
            r"[a-z]+", re.sub(r"<[^>]+>", " ", path.read_text(encoding="utf-8", errors="replace"))
        )
    ]


def conversations(source: list[str], count: int) -> list[list[dict[str, str]]]:
    """Questions of 10 to 40 words with answers of 20 to 200."""
    chance = random.Random(3)

    def some(least: int, most: int) -> str:
        at = chance.randrange(len(source) - most)
        return " ".join(source[at : at + chance.randint(least, most)])

    return [
        [{"role": "user", "content": some(10, 40)}, {"role": "assistant", "content": some(20, 200)}]
        for _ in range(count)
    ]


def snapshot(folder: Path, kind: str, rows: list[dict[str, Any]]) -> Path:
    """A snapshot of one shard, as `factory export` writes it."""
    path = folder / f"data/{kind}-00000.parquet"
    path.parent.mkdir(parents=True)
    parquet.write_table(pa.Table.from_pylist(rows), path)
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    shard = {"file": f"data/{path.name}", "kind": kind, "rows": len(rows), "sha256": digest}
    told = {"name": kind, "created_at": "2026-01-01T00:00:00Z", "finished": True, "rehearsal": False}
    manifest = {"format": 1, **told, "rows": len(rows), "shards": [shard]}
    (folder / "manifest.json").write_text(json.dumps(manifest))
    return folder


class Bench:
    """The model and the data, and each contest's two sides; a side returns what it did a second of CPU time."""

    def __init__(self, folder: Path, steps: int) -> None:
        self.folder, self.steps = folder, steps
        source = words()
        self.tokenizer = ChatTokenizer.train([" ".join(source)], VOCABULARY)
        torch.manual_seed(0)
        shape = Shape(5, 256, 4, 2, 768, VOCABULARY, 1024)
        self.start = folder / "start"
        model = Phi(shape)
        write_model(model, self.tokenizer, self.start)
        self.parameters = model.parameter_count()
        self.chats = conversations(source, 60 * steps)
        snapshot(folder / "chats", "chat", [{"messages": chat} for chat in self.chats])
        self.pairs = self._pairs(source)
        snapshot(folder / "pairs", "token_preference", [{"extra": json.dumps(pair)} for pair in self.pairs])

    def _pairs(self, source: list[str]) -> list[dict[str, Any]]:
        chance = random.Random(4)
        pairs = []
        for _ in range(PAIRS * self.steps):
            at = chance.randrange(len(source) - PROMPT)
            ids = self.tokenizer.encode([" ".join(source[at : at + PROMPT])])[0][:PROMPT]
            accepted, rejected = chance.sample(range(300, VOCABULARY), 2)
            pairs.append(
                {
                    "prompt_ids": ids,
                    "accepted_id": accepted,
                    "rejected_id": rejected,
                    "tokenizer": self.tokenizer.fingerprint,
                }
            )
        return pairs

    def _ours(self, **settings: Any) -> tuple[int, float]:
        """Tokens, or pairs, of the timed steps, and their CPU seconds."""
        told: list[tuple[float, Step]] = []
        recipe = Recipe.model_validate(
            {
                "output": self.folder / "out",
                "start": self.start,
                "context": CONTEXT,
                "optimiser": {"lr": 1e-4},
                "steps": self.steps,
                "log_every": 10**6,
                **settings,
            }
        )
        train(
            recipe, lambda line: None, fresh=True, sinks=(lambda step: told.append((process_time(), step)),)
        )
        timed = told[WARM:]
        seconds = timed[-1][0] - told[WARM - 1][0]
        return sum(step.targets if recipe.stage == "dpo" else step.tokens for _, step in timed), seconds

    def sft_ours(self) -> float:
        """Tokens of packed conversations."""
        done, seconds = self._ours(
            stage="sft",
            snapshot=self.folder / "chats",
            batch={"rows": ROWS, "at_once": 2 * CONTEXT},
            long="truncate",
        )
        return done / seconds

    sft_single_ours = sft_ours

    def dpo_ours(self) -> float:
        """Pivotal pairs."""
        done, seconds = self._ours(
            stage="dpo", snapshot=self.folder / "pairs", batch={"pairs": PAIRS}, dpo={"beta": 0.1}
        )
        return done / seconds

    def _theirs(
        self, trainer: str, config: Any, rows: list[dict[str, Any]], count: Callable[[Any], int]
    ) -> float:
        trl: Any = importlib.import_module("trl")
        datasets: Any = importlib.import_module("datasets")
        transformers: Any = importlib.import_module("transformers")
        marks: list[tuple[float, int]] = []
        done: list[int] = []

        class Clock(transformers.TrainerCallback):  # type: ignore[misc]
            def on_step_end(self, *arguments: Any, **keywords: Any) -> None:
                marks.append((process_time(), sum(done)))

        class Counted(getattr(trl, trainer)):  # type: ignore[misc]
            def compute_loss(self, model: Any, inputs: Any, *arguments: Any, **keywords: Any) -> Any:
                done.append(count(inputs))
                return super().compute_loss(model, inputs, *arguments, **keywords)

        theirs = Counted(
            model=AutoModelForCausalLM.from_pretrained(self.start),
            args=config,
            processing_class=AutoTokenizer.from_pretrained(self.start),
            train_dataset=datasets.Dataset.from_list(rows),
            callbacks=[Clock()],
        )
        theirs.train()
        (began, before), (ended, after) = marks[WARM - 1], marks[-1]
        return (after - before) / (ended - began)

    def _settings(self, batch: int, accumulated: int = 1) -> dict[str, Any]:
        return {
            "output_dir": str(self.folder / "trl"),
            "per_device_train_batch_size": batch,
            "gradient_accumulation_steps": accumulated,
            "max_steps": self.steps,
            "learning_rate": 1e-4,
            "optim": "adamw_torch_fused",
            "gradient_checkpointing": False,
            "bf16": False,
            "use_cpu": True,
            "report_to": [],
            "save_strategy": "no",
            "logging_steps": 10**6,
            "disable_tqdm": True,
            "max_length": CONTEXT,
        }

    def sft_theirs(self) -> float:
        """Tokens of packed conversations, with a batch of as many rows as ours: TRL lays them out as one, and pays
        for attention over all of it."""
        return self._sft_theirs(ROWS, 1)

    def sft_single_theirs(self) -> float:
        """The same a row at a time, accumulated, which suits TRL better here."""
        return self._sft_theirs(1, ROWS)

    def _sft_theirs(self, batch: int, accumulated: int) -> float:
        trl: Any = importlib.import_module("trl")
        config = trl.SFTConfig(packing=True, **self._settings(batch, accumulated))
        rows = [{"prompt": chat[:1], "completion": chat[1:]} for chat in self.chats]
        return self._theirs("SFTTrainer", config, rows, lambda inputs: inputs["input_ids"].numel())

    def dpo_theirs(self) -> float:
        """Pivotal pairs."""
        trl: Any = importlib.import_module("trl")
        config = trl.DPOConfig(precompute_ref_log_probs=True, **self._settings(PAIRS))
        decode = self.tokenizer.backend.decode
        rows = [
            {
                "prompt": decode(pair["prompt_ids"]),
                "chosen": decode([pair["accepted_id"]]),
                "rejected": decode([pair["rejected_id"]]),
            }
            for pair in self.pairs
        ]
        return self._theirs("DPOTrainer", config, rows, lambda inputs: len(inputs["input_ids"]) // 2)

    def sample_ours(self) -> float:
        """Sampled tokens."""
        sampler = Sampler.read(self.start, device="cpu")
        prefixes = [pair["prompt_ids"][:PREFIX] for pair in self.pairs[:PREFIXES]]
        began = process_time()
        found = sampler.sample(prefixes, n=ROLLOUTS, max_tokens=NEW, temperature=1.0, seed=1)
        seconds = process_time() - began
        return sum(len(rollout.ids) for each in found for rollout in each) / seconds

    def sample_theirs(self) -> float:
        """Sampled tokens."""
        model: Any = AutoModelForCausalLM.from_pretrained(self.start).eval()
        prefixes = torch.tensor([pair["prompt_ids"][:PREFIX] for pair in self.pairs[:PREFIXES]])
        began = process_time()
        with torch.inference_mode():
            found = model.generate(
                prefixes,
                attention_mask=torch.ones_like(prefixes),
                do_sample=True,
                top_k=0,
                num_return_sequences=ROLLOUTS,
                max_new_tokens=NEW,
            )
        seconds = process_time() - began
        ends = torch.isin(found[:, PREFIX:], torch.tensor(model.generation_config.eos_token_id)).int()
        return int((ends.cumsum(1) - ends == 0).sum()) / seconds


CONTESTS = {
    "sft": ("tokens", "TRL SFTTrainer, packed, the same rows at once", 1.4),
    "sft_single": ("tokens", "TRL SFTTrainer, packed, a row at a time", 1.4),
    "dpo": ("pivotal pairs", "TRL DPOTrainer", 3.0),
    "sample": ("sampled tokens", "transformers generate", 2.0),
}


def main() -> None:
    """Prints a table, and one JSON object at the end."""
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("--rounds", type=int, default=3)
    arguments.add_argument("--steps", type=int, default=12)
    arguments.add_argument("--only", default=",".join(CONTESTS), help=", ".join(CONTESTS))
    given = arguments.parse_args()
    torch.set_num_threads(1)
    warnings.simplefilter("ignore")
    logging.disable(logging.WARNING)
    result: dict[str, Any] = {"benchmark": "trainer", "rounds": given.rounds}
    with tempfile.TemporaryDirectory() as folder:
        bench = Bench(Path(folder), given.steps)
        print(f"{bench.parameters:,} parameters, one thread, medians of {given.rounds} rounds")
        for name in given.only.split(","):
            unit, peer, goal = CONTESTS[name]
            sides: dict[str, list[float]] = {"ours": [], "theirs": []}
            for _ in range(given.rounds):
                for side, found in sides.items():
                    found.append(getattr(bench, f"{name}_{side}")())
            ours, theirs = (statistics.median(found) for found in sides.values())
            print(
                f"{name:<10} {ours:8,.0f} {unit} a CPU second, {peer} {theirs:8,.0f}: {ours / theirs:.2f} times"
                f" (goal {goal})"
            )
            result[name] = {
                "unit": unit,
                "ours": ours,
                "peer": peer,
                "theirs": theirs,
                "ratio": ours / theirs,
            }
    print(json.dumps(result))


if __name__ == "__main__":
    main()
