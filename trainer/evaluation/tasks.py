"""Tasks: one JSONL file each. The first line says what the task is, every other line is an item.

    {"task": "capitals", "kind": "choice", "date": "2026-03-01", "shots": 2}
    {"prompt": "The capital of France is", "choices": ["Paris", "Rome"], "answer": 0}

Kinds: ``choice`` compares the likelihoods of the choices; ``answer`` samples a reply and compares its final answer;
``code`` runs replies on their cases (pass@k). Long contexts, grouped as HELMET does (phi-4 report, section 4):
``recall`` and ``rag`` by substring, ``rerank`` by nDCG@10, ``many_shot`` by F1, ``qa`` and ``summary`` by a judge.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date as Day
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, PositiveInt, ValidationError, model_validator

from factory.errors import FactoryError
from factory.records import Case

Kind = Literal["choice", "answer", "code", "recall", "rag", "rerank", "many_shot", "qa", "summary"]
LONG: frozenset[str] = frozenset({"recall", "rag", "rerank", "many_shot", "qa", "summary"})
JUDGED: frozenset[str] = frozenset({"qa", "summary"})
METRICS: dict[str, str] = {
    "choice": "accuracy",
    "answer": "accuracy",
    "code": "pass@1",
    "recall": "subem",
    "rag": "subem",
    "rerank": "ndcg@10",
    "many_shot": "f1",
    "qa": "judge",
    "summary": "judge",
}
LONG_RUNS = 5
"""Runs that are averaged for tasks of long contexts (phi-4 report, section 4)."""


class Line(BaseModel):
    """A line of a task file: unknown keys are errors."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Head(Line):
    """What a task is: the first line of its file."""

    task: str
    kind: Kind
    date: Day | None = Field(None, description="when its items were written; an item may have its own")
    group: str = Field("", description="what its scores are shown with, such as 8K")
    instruction: str = ""
    chat: bool = Field(False, description="ask through the chat template; plain text otherwise")
    shots: int = Field(0, ge=0, description="solved examples before each item, from the items marked 'shot'")
    runs: PositiveInt | None = Field(None, description="runs that are averaged; default 5 for long contexts")
    samples: PositiveInt = Field(1, description="replies to each item, for pass@k")
    k: tuple[PositiveInt, ...] = (1,)
    max_tokens: PositiveInt = 512
    temperature: float = Field(0.0, ge=0)
    stop: tuple[str, ...] | None = Field(
        None, description="where a reply is cut; default for plain text: \\n\\n"
    )

    @model_validator(mode="after")
    def _samples_for_k(self) -> Head:
        if max(self.k) > self.samples:
            raise ValueError(f"pass@{max(self.k)} needs at least {max(self.k)} 'samples', not {self.samples}")
        if self.samples > 1 and self.temperature == 0:
            raise ValueError("several 'samples' at temperature 0 are all the same: give a 'temperature'")
        return self

    @property
    def repeats(self) -> int:
        """Runs that are averaged."""
        return self.runs or (LONG_RUNS if self.kind in LONG else 1)

    @property
    def stops(self) -> tuple[str, ...]:
        """Where a reply is cut."""
        return self.stop if self.stop is not None else () if self.chat or self.kind == "code" else ("\n\n",)


class Item(Line):
    """One question of a task."""

    prompt: str
    answer: str | int | tuple[str, ...] | None = Field(
        None, description="the answer, the answers that count, or for choices the place of the right one"
    )
    choices: tuple[str, ...] = ()
    gains: dict[str, float] = Field({}, description="for rerank: how relevant each document is, by its id")
    cases: tuple[Case, ...] = Field((), description="for code: calls and the values that they must give")
    completes: bool = Field(False, description="for code: the reply goes on from the prompt")
    date: Day | None = None
    shot: bool = Field(False, description="a solved example; not asked itself")

    @property
    def answers(self) -> tuple[str, ...]:
        """The answers that count, as texts."""
        if isinstance(self.answer, tuple):
            return self.answer
        return () if self.answer is None else (str(self.answer),)

    @property
    def solution(self) -> str:
        """What a shot shows as its answer."""
        if self.choices and isinstance(self.answer, int):
            return self.choices[self.answer]
        return self.answers[0] if self.answers else ""


@dataclass(frozen=True)
class Task:
    """A task with its items, shots apart. `hash` is that of the file."""

    head: Head
    items: tuple[Item, ...]
    shots: tuple[Item, ...]
    hash: str

    @property
    def name(self) -> str:
        """What the task is called."""
        return self.head.task


def read_task(path: Path) -> Task:
    """Reads a task file. Raises FactoryError naming the line and the key."""
    try:
        content = path.read_bytes()
    except OSError as error:
        raise FactoryError(f"{path}: cannot be read as a task: {error.strerror}") from error
    lines = [(number, line) for number, line in enumerate(content.splitlines(), 1) if line.strip()]
    if not lines:
        raise FactoryError(
            f'{path}: is empty; its first line says what the task is: {{"task": ..., "kind": ...}}'
        )
    head: Head = _line(path, *lines[0], Head)
    items: list[Item] = [_line(path, number, line, Item) for number, line in lines[1:]]
    for (number, _), item in zip(lines[1:], items, strict=True):
        if fault := _fault(head, item):
            raise FactoryError(f"{path}:{number}: {fault}")
    asked = tuple(item for item in items if not item.shot)
    shots = tuple(item for item in items if item.shot)
    if not asked:
        raise FactoryError(f"{path}: the task '{head.task}' has no item to ask")
    if head.shots > len(shots):
        raise FactoryError(
            f"{path}:1: 'shots' is {head.shots}, and {len(shots)} items are marked '\"shot\": true'"
        )
    return Task(head, asked, shots, hashlib.blake2b(content, digest_size=16).hexdigest())


def read_tasks(paths: Sequence[Path]) -> list[Task]:
    """The tasks of files and of folders of them. Raises FactoryError for a file that is no task, and for a name that
    two have."""
    files = [file for path in paths for file in (sorted(path.glob("*.jsonl")) if path.is_dir() else [path])]
    if not files:
        raise FactoryError(f"{paths[0]}: holds no *.jsonl; a task is such a file")
    tasks = [read_task(file) for file in files]
    seen: dict[str, Path] = {}
    for task, file in zip(tasks, files, strict=True):
        if task.name in seen:
            raise FactoryError(f"{file}: the task '{task.name}' is in {seen[task.name]} too; rename one")
        seen[task.name] = file
    return tasks


def _line(path: Path, number: int, line: bytes, kind: type[Any]) -> Any:
    try:
        return kind.model_validate(json.loads(line))
    except json.JSONDecodeError as error:
        raise FactoryError(f"{path}:{number}: is no JSON: {error}") from error
    except ValidationError as error:
        first = error.errors()[0]
        key = ".".join(map(str, first["loc"])) or "the line"
        raise FactoryError(f"{path}:{number}: {key}: {first['msg']}") from error


def _fault(head: Head, item: Item) -> str:
    """What an item lacks for its kind of task."""
    if head.kind == "choice" and not (
        len(item.choices) > 1 and isinstance(item.answer, int) and 0 <= item.answer < len(item.choices)
    ):
        return "needs 'choices', and as 'answer' the place of the right one, from 0"
    if head.kind == "code" and not item.cases:
        return 'needs \'cases\': [{"call": ..., "expected": ...}]'
    if head.kind == "rerank" and not item.gains:
        return "needs 'gains': how relevant each document is, by its id"
    if head.kind in ("answer", "recall", "rag", "many_shot", *JUDGED) and not item.answers:
        return "needs an 'answer'"
    return ""
