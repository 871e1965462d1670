"""The run: a model on tasks, every item's score kept, and what they come to."""

from __future__ import annotations

import asyncio
import random
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from datetime import date
from statistics import fmean
from typing import Any

from factory.errors import FactoryError
from factory.plugins import Executor
from factory.records import Outcome, Program, Tests
from factory.teacher.replies import before_stop
from trainer.evaluation import measures
from trainer.evaluation.judge import Judge
from trainer.evaluation.subject import Subject
from trainer.evaluation.tasks import JUDGED, METRICS, Item, Task
from validators.answers import final_answer, same
from validators.code_execution import passes
from validators.sandbox.python import PythonExecutor
from validators.syntax import program_in

Tick = Callable[[str, int, int], None]
"""Told (task, items done, items in all) as a run goes on."""

_AT_ONCE = 256
"""Items that are asked at once: between them, progress is shown."""


@dataclass(frozen=True)
class Scored:
    """One item in one run."""

    item: int
    run: int
    score: float
    reply: str
    date: date | None
    passed: int = 0
    """For code: how many of the samples passed."""


@dataclass(frozen=True)
class Score:
    """What a task comes to, over items of one age. `stderr` is that of the mean over items."""

    task: str
    metric: str
    age: str
    items: int
    score: float
    stderr: float


@dataclass
class Evaluation:
    """What a model made of a task."""

    task: Task
    scored: list[Scored] = field(default_factory=list)

    def scores(self, newest_seed: date | None) -> list[Score]:
        """Over all items; and, where seeds have dates, over those older and newer than the newest seed apart.

        A model may have seen what is older than its seeds, wherever that stood; it cannot have seen what is newer.
        """
        ages = {"all": self.scored}
        if newest_seed is not None:
            ages |= {
                "older": [one for one in self.scored if one.date is not None and one.date <= newest_seed],
                "newer": [one for one in self.scored if one.date is not None and one.date > newest_seed],
                "undated": [one for one in self.scored if one.date is None],
            }
        return [score for age, some in ages.items() if some for score in self._of(age, some)]

    def _of(self, age: str, scored: Sequence[Scored]) -> Iterator[Score]:
        head = self.task.head
        by_item: dict[int, list[Scored]] = defaultdict(list)
        for one in scored:
            by_item[one.item].append(one)
        if head.kind == "code":
            for k in head.k:
                each = [
                    fmean(measures.pass_at(k, head.samples, one.passed) for one in some)
                    for some in by_item.values()
                ]
                yield Score(
                    self.task.name, f"pass@{k}", age, len(by_item), fmean(each), measures.stderr(each)
                )
            return
        each = [fmean(one.score for one in some) for some in by_item.values()]
        score = fmean(each)
        if head.kind == "many_shot":
            score = fmean(
                self._f1([one for one in scored if one.run == run]) for run in {one.run for one in scored}
            )
        yield Score(self.task.name, METRICS[head.kind], age, len(by_item), score, measures.stderr(each))

    def _f1(self, scored: Sequence[Scored]) -> float:
        right = [measures.normal(self.task.items[one.item].answers[0]) for one in scored]
        return measures.macro_f1([_label(one.reply) for one in scored], right)


def evaluate(
    subject: Subject, tasks: Sequence[Task], *, judge: Judge | None = None, tick: Tick = lambda *_: None
) -> list[Evaluation]:
    """Asks every item of every task. Raises FactoryError for a judged task without a judge, before any is asked."""
    for task in tasks:
        if task.head.kind in JUDGED and judge is None:
            raise FactoryError(
                f"the task '{task.name}' ({task.head.kind}) is marked by a judge: name a model of the catalogue"
                " with --judge"
            )
    done = []
    for task in tasks:
        evaluation = Evaluation(task)
        for run in range(task.head.repeats):
            for start in range(0, len(task.items), _AT_ONCE):
                tick(task.name, run * len(task.items) + start, len(task.items) * task.head.repeats)
                places = range(start, min(start + _AT_ONCE, len(task.items)))
                evaluation.scored += _ask(subject, task, places, run, judge)
        tick(task.name, len(task.items) * task.head.repeats, len(task.items) * task.head.repeats)
        done.append(evaluation)
    return done


def _ask(subject: Subject, task: Task, places: Sequence[int], run: int, judge: Judge | None) -> list[Scored]:
    items = [task.items[place] for place in places]
    prompts = [_prompt(subject, task, item, place, run) for place, item in zip(places, items, strict=True)]
    if task.head.kind == "choice":
        marked = _chosen(subject, task, items, prompts)
    else:
        head = task.head
        texts = subject.replies(
            prompts, n=head.samples, max_tokens=head.max_tokens, temperature=head.temperature, seed=run
        )
        replies = [[before_stop(text, head.stops) for text in some] for some in texts]
        marked = _marked(task, items, replies, judge)
    return [
        Scored(place, run, score, reply, item.date or task.head.date, passed)
        for place, item, (score, reply, passed) in zip(places, items, marked, strict=True)
    ]


Marked = tuple[float, str, int]


def _chosen(
    subject: Subject, task: Task, items: Sequence[Item], prompts: Sequence[Sequence[int]]
) -> list[Marked]:
    """The choice of the highest likelihood for each of its bytes, so that long choices are not at a loss."""
    space = "" if task.head.chat else " "
    ends = [subject.tokenizer.encode([f"{space}{choice}" for choice in item.choices]) for item in items]
    pairs = [(prompt, end) for prompt, some in zip(prompts, ends, strict=True) for end in some]
    found = iter(subject.likelihoods(pairs))
    marked = []
    for item in items:
        values = [next(found) / max(len(choice.encode()), 1) for choice in item.choices]
        best = max(range(len(values)), key=values.__getitem__)
        marked.append((float(best == item.answer), item.choices[best], 0))
    return marked


def _marked(
    task: Task, items: Sequence[Item], replies: Sequence[Sequence[str]], judge: Judge | None
) -> list[Marked]:
    kind = task.head.kind
    first = [some[0] for some in replies]
    if kind == "code":
        passed = asyncio.run(_passed(items, replies))
        return [(count / len(some), some[0], count) for count, some in zip(passed, replies, strict=True)]
    if kind in JUDGED:
        assert judge is not None  # evaluate has checked
        scores = judge.marks(kind, list(zip(items, first, strict=True)))
        return [(score, reply, 0) for score, reply in zip(scores, first, strict=True)]
    each = [
        fmean(_score(kind, item, reply) for reply in some) for item, some in zip(items, replies, strict=True)
    ]
    return [(score, reply, 0) for score, reply in zip(each, first, strict=True)]


def _score(kind: str, item: Item, reply: str) -> float:
    if kind == "rerank":
        return measures.ndcg(reply, item.gains)
    if kind == "many_shot":
        return float(_label(reply) in map(measures.normal, item.answers))
    if kind in ("recall", "rag"):
        return measures.substring_match(reply, item.answers)
    said = final_answer(reply) or ""
    return float(any(same(said, answer) for answer in item.answers))


def _label(reply: str) -> str:
    """The label that a reply gives: its first line."""
    return measures.normal(next((line for line in reply.splitlines() if line.strip()), ""))


async def _passed(items: Sequence[Item], replies: Sequence[Sequence[str]]) -> list[int]:
    """How many replies to each item pass all its cases, run in the sandbox."""
    async with AsyncExitStack() as stack:
        executor: Executor = PythonExecutor()
        stack.push_async_callback(executor.close)

        async def one(item: Item, reply: str) -> bool:
            source = item.prompt + reply if item.completes else program_in(reply)

            async def run(calls: Sequence[str] = (), **form: Any) -> Outcome:
                return await executor.run(Program(source=source, calls=tuple(calls), **form))

            return (await passes(Tests(program=source, cases=item.cases), run)).passed

        ran = await asyncio.gather(
            *(one(item, reply) for item, some in zip(items, replies, strict=True) for reply in some)
        )
    results = iter(ran)
    return [sum(next(results) for _ in some) for some in replies]


def _prompt(subject: Subject, task: Task, item: Item, place: int, run: int) -> list[int]:
    """The ids of a prompt: instruction, shots (drawn anew for each run), and the item."""
    head = task.head
    chance = random.Random(f"{task.name}:{place}:{run}")
    shots = chance.sample(task.shots, head.shots)
    if head.chat:
        turns = [{"role": "system", "content": head.instruction}] if head.instruction else []
        for shot in shots:
            turns += [
                {"role": "user", "content": shot.prompt},
                {"role": "assistant", "content": shot.solution},
            ]
        return subject.tokenizer.prompt([*turns, {"role": "user", "content": item.prompt}])
    solved = [f"{shot.prompt} {shot.solution}" for shot in shots]
    text = "\n\n".join([*([head.instruction] if head.instruction else []), *solved, item.prompt])
    return subject.tokenizer.encode([text])[0]
