"""What a tuning found: tables for people, JSON for programs, and the mixture as a recipe takes it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import orjson
import yaml

from factory.store.reader import open_reader
from trainer.plan import parameters
from trainer.setup import Output, shape_for
from trainer.tokenizer import ChatTokenizer
from trainer.tuning.run import Estimate, Runs, Tuned

MILLION = 1_000_000


def write_report(runs: Runs, tuned: Tuned) -> Path:
    """Writes ``report.md``, ``report.json`` and ``mixture.yaml`` into the output; the path of the first."""
    output = runs.tuning.output
    figures = figures_of(runs, tuned)
    (output / "report.json").write_bytes(orjson.dumps(figures, option=orjson.OPT_INDENT_2))
    (output / "report.md").write_text(told(figures), encoding="utf-8")
    sources = runs.tuning.sources
    mixture = {
        name: {"snapshot": str(sources[name].snapshot), "share": round(share, 4)}
        for name, share in tuned.merged.shares.items()
    }
    (output / "mixture.yaml").write_text(yaml.safe_dump({"mixture": mixture}, sort_keys=False))
    return output / "report.md"


def figures_of(runs: Runs, tuned: Tuned) -> dict[str, Any]:
    """The figures. A difference holds where it is larger than two standard errors."""
    tuning = runs.tuning
    tasks = list(tuned.merged.tasks)
    additive = []
    for key, domain in tuning.domains.items():
        alone, merged = tuned.best[key].over(domain.tasks), tuned.merged.over(domain.tasks)
        change = merged - alone
        additive.append(
            {
                "domain": key,
                "alone": _told(alone),
                "merged": _told(merged),
                "change": _told(change),
                "holds": change.score >= -2 * change.stderr,
            }
        )
    tokens = (runs.base.planned_steps or 0) * runs.base.batch_items * runs.base.context
    whole = tuned.merged.over(tasks)
    worth = []
    for name, outcome in tuned.without.items():
        gain = whole - outcome.over(tasks)
        used, cost = tokens * tuned.merged.shares[name], cost_of(runs, name)
        worth.append(
            {
                "source": name,
                "datasets": runs.snapshots[name].manifest.members,
                "with": _told(whole),
                "without": _told(outcome.over(tasks)),
                "gain": _told(gain),
                "clear": abs(gain.score) > 2 * gain.stderr,
                "tokens": round(used),
                "gain_per_million_tokens": gain.score / used * MILLION,
                "cost": cost,
                "gain_per_unit_of_money": gain.score / cost if cost else None,
            }
        )
    return {
        "parameters": _parameters(runs),
        "tokens_a_run": tokens,
        "seeds": list(tuning.seeds),
        "domains": {
            key: [{"shares": one.shares, **_told(one.over(tuning.domains[key].tasks))} for one in outcomes]
            for key, outcomes in tuned.domains.items()
        },
        "best": {key: one.shares for key, one in tuned.best.items()},
        "merged": {
            "shares": tuned.merged.shares,
            "tasks": {t: _told(e) for t, e in tuned.merged.tasks.items()},
        },
        "additive": additive,
        "worth": worth,
    }


def cost_of(runs: Runs, source: str) -> float | None:
    """What the datasets of a source cost, as the store recorded it; None without a store."""
    store = runs.tuning.store
    if store is None:
        return None
    names = [name for name in runs.snapshots[source].manifest.members if not name.startswith("seeds:")]
    with open_reader(store) as connection:
        row = connection.execute(
            "select coalesce(sum(cost), 0)::double from yield_by_generator where list_contains(?, dataset)",
            [names],
        ).fetchone()
    return float(row[0]) if row else 0.0


def told(figures: dict[str, Any]) -> str:
    """The report in Markdown."""
    parts = [
        "# What the mixture is tuned to",
        f"Every run trained a model of {figures['parameters']:,} parameters on {figures['tokens_a_run']:,} tokens, with"
        f" {len(figures['seeds'])} seed(s). **Small models stand in here**: an order among mixtures may carry over to a"
        " large one, the scores do not. A difference is called clear where it is larger than two standard errors.",
        "## Each domain by itself",
        _rows(
            ("domain", "shares", "score", "± error", ""),
            [
                (
                    key,
                    _shares(one["shares"]),
                    one["score"],
                    one["stderr"],
                    "best" if one["shares"] == figures["best"][key] else "",
                )
                for key, outcomes in figures["domains"].items()
                for one in outcomes
            ],
        ),
        "## Merged",
        "The additive property (phi-4-reasoning report, data mixture): domains that were tuned by themselves keep"
        f" what they gained when they are merged. Merged: {_shares(figures['merged']['shares'])}.",
        _rows(
            ("domain", "alone", "merged", "change", "± error", "holds"),
            [
                (
                    one["domain"],
                    one["alone"]["score"],
                    one["merged"]["score"],
                    one["change"]["score"],
                    one["change"]["stderr"],
                    "yes" if one["holds"] else "no",
                )
                for one in figures["additive"]
            ],
        ),
        "## What each source is worth",
        "The score of the merge over all tasks, with the source and without it at as many tokens.",
        _rows(
            (
                "source",
                "gain",
                "± error",
                "clear",
                "tokens",
                "gain a million tokens",
                "cost",
                "gain a unit of money",
            ),
            [
                (
                    one["source"],
                    one["gain"]["score"],
                    one["gain"]["stderr"],
                    "yes" if one["clear"] else "no",
                    f"{one['tokens']:,}",
                    one["gain_per_million_tokens"],
                    one["cost"],
                    one["gain_per_unit_of_money"],
                )
                for one in sorted(figures["worth"], key=lambda one: -one["gain"]["score"])
            ],
        ),
    ]
    return "\n\n".join(parts) + "\n"


def _told(estimate: Estimate) -> dict[str, float]:
    return {"score": estimate.score, "stderr": estimate.stderr}


def _shares(shares: dict[str, float]) -> str:
    return ", ".join(f"{name} {share:.2f}" for name, share in shares.items())


def _rows(heads: Sequence[str], rows: Sequence[Sequence[Any]]) -> str:
    lines = ["| " + " | ".join(heads) + " |", "|" + "---|" * len(heads)]
    lines += ["| " + " | ".join(map(_cell, row)) + " |" for row in rows]
    return "\n".join(lines)


def _cell(value: Any) -> str:
    if value is None:
        return ""
    return f"{value:.3f}" if isinstance(value, float) else str(value)


def _parameters(runs: Runs) -> int:
    output = Output(runs.tuning.output / "runs" / f"merged-{runs.tuning.seeds[0]}")
    return parameters(shape_for(runs.base, ChatTokenizer.read(output.tokenizer)))
