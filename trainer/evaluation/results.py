"""Scores in the store: SQL joins them with the data that the model was trained on."""

from __future__ import annotations

import json
import uuid
from collections.abc import Sequence
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from factory.errors import FactoryError
from factory.store.writer import Writer
from trainer.evaluation.run import Evaluation, Score

_CHUNK = 2_000


async def newest_seed(writer: Writer) -> date | None:
    """The date of the newest seed of a store; None where no seed has one."""
    rows = await writer.query(
        "select max(try_cast(left(date, 10) as date)) from live_origins"
        " where try_cast(left(date, 10) as date) <= current_date"
    )
    return rows[0][0] if rows else None


async def store_scores(
    writer: Writer, folder: Path, fingerprint: str, evaluations: Sequence[Evaluation], newest: date | None
) -> tuple[str, list[tuple[Evaluation, Score]]]:
    """Writes the scores and every item's; the evaluation's id, and the scores."""
    evaluation_id = uuid.uuid4().hex[:12]
    moment = datetime.now(UTC).replace(tzinfo=None)
    snapshots = trained_on(folder)
    scores = [(one, score) for one in evaluations for score in one.scores(newest)]
    rows = [
        {
            "evaluation_id": evaluation_id,
            "model": str(folder),
            "weights": fingerprint,
            "snapshots": snapshots,
            "task": score.task,
            "task_hash": one.task.hash,
            "kind": one.task.head.kind,
            "task_group": one.task.head.group,
            "metric": score.metric,
            "age": score.age,
            "items": score.items,
            "runs": one.task.head.repeats,
            "score": score.score,
            "stderr": score.stderr,
            "newest_seed": newest.isoformat() if newest else None,
            "recorded_at": moment,
        }
        for one, score in scores
    ]
    items = [
        {
            "evaluation_id": evaluation_id,
            "task": one.task.name,
            "item": scored.item,
            "run": scored.run,
            "score": scored.score,
            "prompt": one.task.items[scored.item].prompt[-2000:],
            "expected": ", ".join(one.task.items[scored.item].answers),
            "reply": scored.reply,
        }
        for one in evaluations
        for scored in one.scored
    ]
    for start in range(0, len(items), _CHUNK):
        await writer.commit(evaluation_items=items[start : start + _CHUNK])
    await writer.commit(evaluations=rows)
    return evaluation_id, scores


def trained_on(folder: Path) -> list[dict[str, Any]]:
    """The snapshots that an export says it was trained on: name, hash and datasets of each; none where it
    does not say. Raises FactoryError where that cannot be read."""
    path = folder / "training.json"
    if not path.is_file():
        return []
    try:
        told = json.loads(path.read_text(encoding="utf-8"))
        return [
            {"name": one["name"], "hash": one["hash"], "datasets": one["datasets"]}
            for one in told["snapshots"]
        ]
    except (ValueError, KeyError, TypeError) as error:
        raise FactoryError(f"{path}: cannot be read: {error}; export the model again") from error
