"""Writes small stores for the tests of what reads them."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from factory.records import Chat, Passage, Preference, Sample, Text
from factory.store.rows import sample_row
from factory.store.writer import Writer

START = datetime(2026, 1, 1)


class StoreRows:
    """Collects rows; `write` puts them into a store. Every row is a minute later than the one before."""

    def __init__(self) -> None:
        self.rows: dict[str, list[dict[str, Any]]] = defaultdict(list)
        self._minutes = 0

    def dataset(
        self,
        name: str,
        fingerprint: str = "f1",
        validators: Sequence[tuple[str, str]] = (),
        limit: int | None = None,
        model: str = "rehearsal",
        generator: str = "extract.qa",
    ) -> None:
        """A dataset of the catalogue over the seed set 'pages'."""
        self.rows["datasets"].append(
            {
                "dataset": name,
                "generator": generator,
                "seed_set": "pages",
                "seed_limit": limit,
                "fingerprint": fingerprint,
                "settings": '{"votes": 3}',
                "models": f'{{"writer": {{"model": "{model}"}}}}',
                "validators": [{"name": kind, "fingerprint": print_} for kind, print_ in validators],
                "tags": ["sft"],
                "max_failed": 0,
                "build_id": "b1",
            }
        )

    def seed(self, number: int, *, withdrawn: bool = False, licence: str | None = "PSF-2.0") -> None:
        """A passage with its origin."""
        seed = Passage(text=f"passage {number}")
        self.rows["seeds"].append(
            {
                "seed_number": number,
                "seed_id": seed.id,
                "kind": "passage",
                "content": seed.model_dump_json(),
                "characters": len(seed.text),
                "build_id": "b1",
            }
        )
        self.rows["origins"].append(
            {
                "seed_number": number,
                "seed_set": "pages",
                "source": "html",
                "address": f"page{number}.html",
                "place": "bytes 0-9",
                "licence": licence,
                "build_id": "b1",
                "withdrawn": withdrawn,
            }
        )

    def run(
        self,
        dataset: str,
        number: int,
        *samples: Sample,
        fingerprint: str = "f1",
        status: str = "done",
        model: str = "rehearsal",
        calls: Sequence[str] = (),
        executions: Sequence[str] = (),
    ) -> list[str]:
        """A run with its samples; returns their ids."""
        run_id = f"run{len(self.rows['runs'])}"
        seed_id = Passage(text=f"passage {number}").id
        common = {
            "run_id": run_id,
            "dataset": dataset,
            "seed_number": number,
            "seed_id": seed_id,
            "fingerprint": fingerprint,
            "build_id": "b1",
            "recorded_at": self._now(),
        }
        self.rows["runs"].append(
            common
            | {"status": status, "attempt": 0, "samples": len(samples), "duplicates": 0}
            | {"calls": list(calls), "executions": list(executions)}
        )
        ids = [sample.id_in(dataset, seed_id) for sample in samples]
        for position, (sample_id, sample) in enumerate(zip(ids, samples, strict=True)):
            self.rows["samples"].append(
                common
                | sample_row(sample)
                | {"sample_id": sample_id, "position": position, "draws": "{}", "model": model}
            )
        return ids

    def verdict(
        self,
        dataset: str,
        sample_id: str,
        passed: bool = True,
        reason: str = "",
        validator: str = "format",
        fingerprint: str = "v1",
    ) -> None:
        """A verdict on a sample."""
        self.rows["verdicts"].append(
            {
                "sample_id": sample_id,
                "dataset": dataset,
                "validator": validator,
                "fingerprint": fingerprint,
                "passed": passed,
                "reason": reason,
                "details": "{}",
                "build_id": "b1",
                "recorded_at": self._now(),
            }
        )

    def call(self, key: str, dataset: str, cost: float = 0.5, stream: str = "main") -> None:
        """A reply of a model."""
        self.rows["calls"].append(
            {
                "key": key,
                "seed_number": 1,
                "stream": stream,
                "ordinal": 0,
                "draw": 0,
                "attempt": 0,
                "dataset": dataset,
                "plugin": "extract.qa",
                "section": "chains",
                "role": "writer",
                "model": "rehearsal",
                "request": '{"messages": []}',
                "reply": f"reply {key}",
                "finish_reason": "stop",
                "prompt_tokens": 100,
                "completion_tokens": 20,
                "cost": cost,
                "seconds": 2.0,
                "build_id": "b1",
                "recorded_at": self._now(),
            }
        )

    def execution(self, key: str, dataset: str) -> None:
        """A program run."""
        self.rows["executions"].append(
            {
                "key": key,
                "seed_number": 1,
                "stream": "main",
                "ordinal": 0,
                "draw": 0,
                "attempt": 0,
                "dataset": dataset,
                "plugin": "extract.qa",
                "language": "python",
                "program": '{"source": "1"}',
                "status": "ok",
                "outcome": "{}",
                "seconds": 0.1,
                "build_id": "b1",
                "recorded_at": self._now(),
            }
        )

    def write(self, path: Path) -> Path:
        """Commits everything to a store at `path`."""
        with Writer(path) as writer:
            asyncio.run(writer.commit(**self.rows))
        return path

    def _now(self) -> datetime:
        self._minutes += 1
        return START + timedelta(minutes=self._minutes)


def small_store(path: Path, *, model: str = "rehearsal", seeds: int = 12) -> Path:
    """Three datasets, one of each kind of sample, over the same seeds; one sample of 'talks' is rejected."""
    rows = StoreRows()
    for number in range(1, seeds + 1):
        rows.seed(number, licence="PSF-2.0" if number % 2 else None)
    for name, generator in (("talks", "extract.qa"), ("texts", "rewrite.textbook"), ("pairs", "revise.pair")):
        rows.dataset(name, validators=[("format", "v1")], model=model, generator=generator)
    for number in range(1, seeds + 1):
        for dataset, sample in (
            ("talks", Chat.of(f"question {number}?", f"answer {number}")),
            ("texts", Text.of(f"text {number} " + "word " * number)),
            ("pairs", _pair(number)),
        ):
            (sample_id,) = rows.run(dataset, number, sample, model=model)
            refused = dataset == "talks" and number == 3
            rows.verdict(dataset, sample_id, not refused, "too short" if refused else "")
    return rows.write(path)


def _pair(number: int) -> Preference:
    prompt = Chat.of(f"which {number}?", "").messages[:1]
    return Preference(prompt=prompt, chosen=f"good {number}", rejected=f"bad {number}", loss_tokens=2)
