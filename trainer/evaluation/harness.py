"""lm-evaluation-harness on an export: its tasks, its prompts, its numbers."""

from __future__ import annotations

import sys
from contextlib import redirect_stdout
from pathlib import Path
from typing import Any

import torch

from factory.errors import FactoryError
from factory.extras import need

_DRAWS = 1000
"""Samples drawn anew for the error of a metric that is no mean."""


def harness_scores(
    folder: Path, tasks: str, include_path: Path | None, limit: int | None
) -> list[dict[str, Any]]:
    """Runs tasks of lm-eval (names with commas) on a folder of weights; its main metrics as rows.

    Raises FactoryError with the install line, and for a task that it does not know.
    """
    need("evaluate", "lm_eval", by="--lm-eval")
    from lm_eval import simple_evaluate
    from lm_eval.tasks import TaskManager

    names = [name.strip() for name in tasks.split(",") if name.strip()]
    manager = TaskManager(include_path=str(include_path) if include_path else None)
    if unknown := sorted(set(names) - set(manager.all_tasks)):
        raise FactoryError(f"lm-eval knows no task '{unknown[0]}'; 'lm-eval ls tasks' lists them")
    with redirect_stdout(sys.stderr):  # it prints what it does, and standard output is the scores'
        found = simple_evaluate(
            model="hf",
            model_args={"pretrained": str(folder)},
            tasks=names,
            task_manager=manager,
            limit=limit,
            device="cuda" if torch.cuda.is_available() else "cpu",
            bootstrap_iters=_DRAWS,
        )
    rows = []
    for task, values in sorted((found or {}).get("results", {}).items()):
        for key, value in values.items():
            metric, _, name = key.partition(",")
            if name and not metric.endswith("_stderr") and isinstance(value, float):
                error = values.get(f"{metric}_stderr,{name}")  # of some metrics it knows none, and says "N/A"
                rows.append(
                    {
                        "task": task,
                        "group": "lm-eval",
                        "metric": metric,
                        "age": "all",
                        "items": values["sample_len"],
                        "score": round(value, 4),
                        "stderr": round(error, 4) if isinstance(error, float) else None,
                    }
                )
    return rows
