"""What a run tells while it goes: one JSON line a step, and lines for people on the terminal."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from time import perf_counter

import orjson
from pydantic import BaseModel, ConfigDict, FiniteFloat

Say = Callable[[str], None]


class Step(BaseModel):
    """One optimiser step. `loss` is the mean over the step's target tokens (or pairs), before the update;
    `figures` are what its objective tells beside it."""

    model_config = ConfigDict(frozen=True)
    step: int
    epoch: FiniteFloat
    loss: FiniteFloat
    lr: FiniteFloat
    gradient_norm: FiniteFloat
    tokens: int
    targets: int
    total_tokens: int
    tokens_per_second: FiniteFloat
    seconds: FiniteFloat
    figures: dict[str, FiniteFloat] = {}


class Metrics:
    """Writes ``metrics.jsonl`` and every `log_every`-th step to the terminal."""

    def __init__(self, path: Path, *, after: int, steps: int, log_every: int, say: Say) -> None:
        """Steps over `after` are taken back: the run goes on from that step and will tell them again."""
        self._path, self._steps, self._log_every, self._say = path, steps, log_every, say
        kept = [step for step in read_metrics(path) if step.step <= after]
        self.first = kept[0] if kept else None
        self.last = kept[-1] if kept else None
        path.parent.mkdir(parents=True, exist_ok=True)
        aside = path.with_suffix(".partial")
        aside.write_bytes(b"".join(_line(step) for step in kept))
        aside.replace(path)
        self._file = path.open("ab")
        self._told = perf_counter()
        self._tokens = 0

    def tell(self, step: Step) -> None:
        """Records a step; the terminal sees the rate since the line before."""
        self._file.write(_line(step))
        self._file.flush()
        self.first, self.last = self.first or step, step
        self._tokens += step.tokens
        line = f"step {step.step:>{len(str(self._steps))}}/{self._steps}  loss {step.loss:.4f}"
        line += "".join(f"  {name} {value:.3f}" for name, value in step.figures.items())
        if step.step % self._log_every == 0 or step.step in (1, self._steps):
            rate = self._tokens / max(perf_counter() - self._told, 1e-9)
            self._told, self._tokens = perf_counter(), 0
            self._clear()
            self._say(f"{line}  lr {step.lr:.2e}  epoch {step.epoch:.2f}  {rate:,.0f} tokens/s")
        elif sys.stdout.isatty():
            self._clear()
            sys.stdout.write(line)
            sys.stdout.flush()

    def close(self) -> None:
        """Closes the file."""
        self._clear()
        self._file.close()

    def _clear(self) -> None:
        if sys.stdout.isatty():
            sys.stdout.write("\r\033[K")


def read_metrics(path: Path) -> list[Step]:
    """The steps that were told so far; a last line that a crash cut short is left out."""
    if not path.is_file():
        return []
    lines = path.read_bytes().splitlines(keepends=True)
    return [Step.model_validate_json(line) for line in lines if line.endswith(b"\n")]


def _line(step: Step) -> bytes:
    return orjson.dumps(step.model_dump(), option=orjson.OPT_APPEND_NEWLINE)
