"""``factory evaluate MODEL TASKS...``. Torch is imported only when the command runs."""

from __future__ import annotations

import asyncio
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from factory.errors import FactoryError, StoreError, did_you_mean
from factory.extras import need

if TYPE_CHECKING:
    from factory.catalog import Catalog
    from trainer.evaluation.judge import Judge
    from trainer.evaluation.run import Evaluation, Score, Tick


@click.command()
@click.argument("model", type=click.Path(path_type=Path))
@click.argument("tasks", nargs=-1, type=click.Path(path_type=Path))
@click.option(
    "--catalog",
    "-c",
    default="catalog.yaml",
    show_default=True,
    type=click.Path(dir_okay=False, path_type=Path),
    help="The catalogue: its store takes the scores, its models may judge.",
)
@click.option("--no-store", is_flag=True, help="Only show the scores; needs no catalogue.")
@click.option("--judge", metavar="ROLE", help="The model of the catalogue that marks qa and summary tasks.")
@click.option("--lm-eval", "harness", metavar="TASKS", help="Tasks of lm-evaluation-harness, with commas.")
@click.option("--include-path", type=click.Path(path_type=Path), help="A folder of tasks for --lm-eval.")
@click.option("--limit", type=click.IntRange(min=1), help="At most so many items of each task.")
@click.option("--json", "as_json", is_flag=True, help="The scores as JSON.")
def evaluate(
    model: Path,
    tasks: tuple[Path, ...],
    catalog: Path,
    no_store: bool,
    judge: str | None,
    harness: str | None,
    include_path: Path | None,
    limit: int | None,
    as_json: bool,
) -> None:
    """Score a MODEL on TASKS, and keep the scores in the store.

    A MODEL is a folder that 'factory train' exported, TASKS are JSONL files or folders of them.

    \b
      factory evaluate build/models/tiny/export tasks/
      factory evaluate build/models/tiny/export tasks/qa.jsonl --judge critic
    \b
    A task file begins with what the task is; every other line is an item:
      {"task": "capitals", "kind": "choice", "date": "2026-03-01", "shots": 2}
      {"prompt": "The capital of France is", "choices": ["Paris", "Rome"], "answer": 0}
    Kinds: choice, answer, code (pass@k in the sandbox); long contexts: recall, rag, rerank,
    many_shot, qa, summary. See docs/evaluation.md.

    Scores go into the store (the view scores, the table evaluation_items), those of items older and newer than the
    newest seed apart: what is newer cannot have leaked.
    """
    if not tasks and harness is None:
        raise click.UsageError("name a task file or a folder of them, or --lm-eval TASKS")
    need("train", "torch", "transformers", by="evaluation")
    from dataclasses import replace

    from factory.store.writer import Writer
    from trainer.evaluation.run import evaluate as run
    from trainer.evaluation.subject import Subject
    from trainer.evaluation.tasks import read_tasks

    read = read_tasks(tasks) if tasks else []
    if limit:
        read = [replace(task, items=task.items[:limit]) for task in read]
    loaded = None if no_store and judge is None else _catalog(catalog)
    marks = _judge(loaded, judge) if loaded and judge else None
    kept_in = None if no_store or loaded is None else loaded.store
    if kept_in is not None:
        with Writer(kept_in):
            pass  # Whether it can be written is better known before the work than after.
    subject = Subject(model)
    found = run(subject, read, judge=marks, tick=_progress())
    told, fault = _kept(kept_in, model, subject.fingerprint, found)
    if harness is not None:
        from trainer.evaluation.harness import harness_scores

        told += harness_scores(model, harness, include_path, limit)
    if as_json:
        click.echo(json.dumps(told, indent=2))
    else:
        _table(told)
    if fault is not None:
        raise StoreError(f"the scores above are not in the store: {fault}")


def _catalog(path: Path) -> Catalog:
    from factory.catalog import load_catalog

    return load_catalog(path)


def _judge(catalog: Catalog, role: str) -> Judge:
    from trainer.evaluation.judge import Judge

    if role not in catalog.models:
        raise FactoryError(
            f"--judge: the catalogue has no model '{role}'{did_you_mean(role, catalog.models)}"
        )
    return Judge(catalog.models[role])


def _kept(
    store: Path | None, model: Path, fingerprint: str, found: list[Evaluation]
) -> tuple[list[dict[str, Any]], StoreError | None]:
    """The scores as rows, stored where there is a store; and why they could not be."""
    from factory.store.writer import Writer
    from trainer.evaluation.results import newest_seed, store_scores

    async def keep(path: Path) -> list[dict[str, Any]]:
        with Writer(path) as writer:
            newest = await newest_seed(writer)
            _, scores = await store_scores(writer, model, fingerprint, found, newest)
        return [_row(one, score) for one, score in scores]

    fault = None
    if store is not None and found:
        try:
            return asyncio.run(keep(store)), None
        except StoreError as error:
            fault = error
    return [_row(one, score) for one in found for score in one.scores(None)], fault


def _row(one: Evaluation, score: Score) -> dict[str, Any]:
    return {
        "task": score.task,
        "group": one.task.head.group,
        "metric": score.metric,
        "age": score.age,
        "items": score.items,
        "score": round(score.score, 4),
        "stderr": round(score.stderr, 4),
    }


def _table(rows: list[dict[str, Any]]) -> None:
    from factory.cli.tables import show, summary

    words = ("task", "group", "metric", "age")
    table = summary(*words, "items", "score", "± error", words=words)
    for row in rows:
        table.add_row(
            row["task"],
            row["group"],
            row["metric"],
            row["age"],
            str(row["items"]),
            f"{row['score']:.3f}",
            "" if row["stderr"] is None else f"{row['stderr']:.3f}",
        )
    show(table)


def _progress() -> Tick:
    """A line on a terminal that is written over, nothing elsewhere."""

    def tick(task: str, done: int, of: int) -> None:
        if sys.stderr.isatty():
            click.echo(f"\r\033[K{task}: {done}/{of}" + ("\n" if done == of else ""), nl=False, err=True)

    return tick
