"""What a run tells while it goes: one JSON line a step, and lines for people on the terminal."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from time import perf_counter

import orjson
from pydantic import BaseModel, ConfigDict, FiniteFloat

from factory.errors import FactoryError

Say = Callable[[str], None]
Sink = Callable[["Step"], None]


def silent(line: str) -> None:
    """A `Say` that says nothing."""


class Step(BaseModel):
    """One optimiser step. `loss` is the mean over the step's target tokens (or pairs), before the update;
    `figures` are what its objective tells beside it.

    `flops_per_second`: of one device, the model's operations alone (causal attention within documents, nothing
    that is computed twice); `utilisation`: the same as a share of `peak`, which it names.
    """

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
    flops_per_second: FiniteFloat = 0.0
    utilisation: FiniteFloat | None = None
    peak: str = ""
    figures: dict[str, FiniteFloat] = {}


class Metrics:
    """Writes ``metrics.jsonl`` and every `log_every`-th step to the terminal."""

    def __init__(
        self, path: Path, *, after: int, steps: int, log_every: int, say: Say, sinks: Sequence[Sink] = ()
    ) -> None:
        """Steps over `after` are taken back: the run goes on from that step and will tell them again."""
        self._steps, self._log_every, self._say, self._sinks = steps, log_every, say, sinks
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
        for sink in self._sinks:
            sink(step)
        self.first, self.last = self.first or step, step
        self._tokens += step.tokens
        line = f"step {step.step:>{len(str(self._steps))}}/{self._steps}  loss {step.loss:.4f}"
        line += "".join(f"  {name} {value:.3f}" for name, value in step.figures.items())
        if step.step % self._log_every == 0 or step.step in (1, self._steps):
            rate = self._tokens / max(perf_counter() - self._told, 1e-9)
            self._told, self._tokens = perf_counter(), 0
            self._clear()
            used = "" if step.utilisation is None else f"  {step.utilisation:.1%} of {step.peak}"
            self._say(f"{line}  lr {step.lr:.2e}  epoch {step.epoch:.2f}  {rate:,.0f} tokens/s{used}")
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


def load_sinks(names: Sequence[str]) -> list[Sink]:
    """The functions that a recipe names as ``package.module:function``. Raises FactoryError for one not there."""
    sinks: list[Sink] = []
    for name in names:
        module, _, function = name.partition(":")
        try:
            sinks.append(getattr(importlib.import_module(module), function))
        except (ImportError, AttributeError, ValueError) as error:
            raise FactoryError(
                f"metrics: '{name}' cannot be imported ({error}); give it as package.module:function"
            ) from error
    return sinks


def read_metrics(path: Path) -> list[Step]:
    """The steps that were told so far; a last line that a crash cut short is left out."""
    if not path.is_file():
        return []
    lines = path.read_bytes().splitlines(keepends=True)
    return [Step.model_validate_json(line) for line in lines if line.endswith(b"\n")]


def _line(step: Step) -> bytes:
    return orjson.dumps(step.model_dump(), option=orjson.OPT_APPEND_NEWLINE)
