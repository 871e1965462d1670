"""The runs of a tuning: small models on mixtures, each scored on held-out tasks and kept, so that it goes on."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import fmean

from factory.errors import FactoryError, did_you_mean
from factory.records import content_hash
from trainer.data import Snapshot
from trainer.evaluation.measures import stderr
from trainer.evaluation.run import evaluate
from trainer.evaluation.subject import Subject
from trainer.evaluation.tasks import Task, read_tasks
from trainer.loop import train
from trainer.metrics import Say, silent
from trainer.recipe import Recipe, read_recipe
from trainer.tuning.settings import Shares, Tuning


class Interrupted(Exception):
    """The user stopped a run; what is done is kept."""


@dataclass(frozen=True)
class Estimate:
    """A mean score with its standard error: over the items of a task, and over seeds."""

    score: float
    stderr: float

    def __sub__(self, other: Estimate) -> Estimate:
        return Estimate(self.score - other.score, math.hypot(self.stderr, other.stderr))

    @classmethod
    def mean(cls, some: Sequence[Estimate]) -> Estimate:
        """The mean of independent estimates."""
        return cls(
            fmean(one.score for one in some), math.sqrt(sum(one.stderr**2 for one in some)) / len(some)
        )


@dataclass(frozen=True)
class Outcome:
    """What a mixture came to: shares, and the score of each task."""

    shares: Shares
    tasks: dict[str, Estimate]

    def over(self, names: Sequence[str]) -> Estimate:
        """The mean over tasks."""
        return Estimate.mean([self.tasks[name] for name in names])


class Runs:
    """Trains and scores; a run that was done before, of the same data, recipe and tasks, is read again."""

    def __init__(self, tuning: Tuning, say: Say) -> None:
        """Raises FactoryError for a task that no file has, and for a snapshot that is not there."""
        self.tuning, self._say = tuning, say
        self.tasks: dict[str, Task] = {task.name: task for task in read_tasks(tuning.tasks)}
        for key, domain in tuning.domains.items():
            for name in domain.tasks:
                if name not in self.tasks:
                    raise FactoryError(
                        f"domains.{key}: no task is called '{name}'{did_you_mean(name, self.tasks)}"
                    )
        self.snapshots = {
            name: Snapshot.open(source.snapshot, allow_rehearsal=tuning.allow_rehearsal)
            for name, source in tuning.sources.items()
        }
        self.base = read_recipe(tuning.recipe)
        if self.base.stage == "dpo":
            raise FactoryError(f"{tuning.recipe}: mixtures of DPO are counted in pairs, and not tuned here")
        if self.base.planned_steps is None:
            raise FactoryError(
                f"{tuning.recipe}: give 'steps' or 'tokens', so that every mixture trains as long"
            )

    def outcome(self, name: str, shares: Shares, tasks: Sequence[str]) -> Outcome:
        """Trains on a mixture, once for each seed, and scores it. Raises Interrupted."""
        found = [self._scores(name, shares, tasks, seed) for seed in self.tuning.seeds]
        means = {}
        for task in tasks:
            each = [scores[task] for scores in found]
            scored = [one.score for one in each]
            # Items are the same for every seed, so their error does not shrink with the seeds.
            of_items = fmean(one.stderr for one in each)
            means[task] = Estimate(fmean(scored), math.hypot(stderr(scored), of_items))
        return Outcome(shares, means)

    def _scores(self, name: str, shares: Shares, tasks: Sequence[str], seed: int) -> dict[str, Estimate]:
        recipe = self._recipe(name, shares, seed)
        key = content_hash(
            recipe.deciding(),
            {one: self.snapshots[one].fingerprint for one in shares},
            {task: self.tasks[task].hash for task in tasks},
        )
        kept = recipe.output / "scores.json"
        if kept.is_file() and (told := json.loads(kept.read_text()))["key"] == key:
            return {task: Estimate(**one) for task, one in told["scores"].items()}
        summary = train(recipe, silent, fresh=_other_recipe(recipe.output, key))
        if summary.export is None:
            raise Interrupted
        scores = {}
        for one in evaluate(Subject(summary.export), [self.tasks[task] for task in tasks]):
            first = one.scores(None)[0]
            scores[one.task.name] = Estimate(first.score, first.stderr)
        kept.write_text(
            json.dumps({"key": key, "scores": {task: asdict(one) for task, one in scores.items()}})
        )
        told_scores = ", ".join(f"{task} {one.score:.3f}" for task, one in scores.items())
        self._say(f"{name} seed {seed}: loss {summary.last_loss:.3f}; {told_scores}")
        return scores

    def _recipe(self, name: str, shares: Shares, seed: int) -> Recipe:
        sources = self.tuning.sources
        mixture = {
            one: {**sources[one].model_dump(mode="python", exclude_none=True), "share": share}
            for one, share in shares.items()
            if share > 0
        }
        settings = self.base.model_dump(mode="python", exclude_none=True)
        settings.pop("snapshot", None)
        settings |= {
            "mixture": mixture,
            "seed": seed,
            "output": self.tuning.output / "runs" / f"{name}-{seed}",
            "allow_rehearsal": self.tuning.allow_rehearsal,
        }
        return Recipe.model_validate(settings)


def _other_recipe(output: Path, key: str) -> bool:
    """Whether what lies in the output is of another setting, and must go; writes down which it is now."""
    mark = output / "key"
    other = output.exists() and (not mark.is_file() or mark.read_text() != key)
    output.mkdir(parents=True, exist_ok=True)
    mark.write_text(key)
    return other


@dataclass(frozen=True)
class Tuned:
    """Everything that a tuning found."""

    domains: Mapping[str, Sequence[Outcome]]
    best: Mapping[str, Outcome]
    merged: Outcome
    without: Mapping[str, Outcome]


def tune(runs: Runs, say: Say) -> Tuned:
    """Each domain by itself, then all of them merged, then the merge without each source. Raises Interrupted."""
    tuning = runs.tuning
    domains: dict[str, list[Outcome]] = {}
    best: dict[str, Outcome] = {}
    for key, domain in tuning.domains.items():
        candidates = domain.candidates()
        say(f"domain {key}: {len(candidates)} mixtures of {', '.join(domain.sources)}")
        domains[key] = [
            runs.outcome(f"{key}-{place}", shares, domain.tasks) for place, shares in enumerate(candidates)
        ]
        best[key] = max(domains[key], key=lambda one: one.over(domain.tasks).score)
    names = list(dict.fromkeys(name for domain in tuning.domains.values() for name in domain.tasks))
    shares = tuning.merged({key: one.shares for key, one in best.items()})
    say(f"merged: {', '.join(f'{name} {share:.3f}' for name, share in shares.items())}")
    merged = runs.outcome("merged", shares, names)
    without = {}
    for name, share in shares.items():
        left = {one: other for one, other in shares.items() if one != name}
        total = sum(left.values())
        if share > 0 and total > 0:  # without the only source that is left there is nothing to train on
            without[name] = runs.outcome(
                f"without-{name}", {one: other / total for one, other in left.items()}, names
            )
    return Tuned(domains, best, merged, without)
