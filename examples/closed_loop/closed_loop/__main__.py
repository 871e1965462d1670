"""The closed loop in one command: ``python -m closed_loop``, in the folder of the example.

A tiny model learns problems and both ways of solving them, the factory finds the tokens that its answers hinge on, and
DPO on them raises its accuracy on problems that nothing was chosen on. Every step is a command that anybody could
type; each is printed before it runs.
"""

from __future__ import annotations

import json
import os
import time
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path
from statistics import fmean

import click
import duckdb

from closed_loop.problems import Problem, problems
from factory.cli.main import factory
from trainer.tokenizer import ChatTokenizer

BATCHES = 200
STAGES = {"pivotal": "DPO on pivotal tokens", "nll": "NLL on the accepted token alone", "pairs": "DPO on whole answers",
          "accepted": "SFT on right answers"}  # fmt: skip
SPENT: dict[str, float] = defaultdict(float)
"""CPU seconds, by the factory's commands."""
REPORT = """
with told as (
    select r.base, r.metric, r.how, avg(r.score) as score, avg(r.score - b.score) as gain, count(*) as runs
    from results r join results b on b.base = r.base and b.metric = r.metric and b.how = 'base'
    group by all
)
select metric, how, sum(runs)::int as runs, round(avg(score), 3) as accuracy, round(avg(gain), 3) as gain,
       round(stddev_samp(gain) / sqrt(count(*)), 3) as error
from told group by metric, how order by metric, gain
"""


@click.command()
@click.option(
    "--bases",
    default=3,
    show_default=True,
    help="Models, each with solutions of its own from SFT on; they share their pretraining.",
)
@click.option("--seeds", default=3, show_default=True, help="DPO runs on each base.")
@click.option("--searched", default=150, show_default=True, help="Problems that are searched.")
@click.option("--tested", default=400, show_default=True, help="Problems that the accuracy is told on.")
@click.option("--controls/--no-controls", default=True, show_default=True, help="Train the controls as well.")
def main(bases: int, seeds: int, searched: int, tested: int, controls: bool) -> None:
    """Build, train, search, train, measure: what pivotal tokens are worth to a tiny model, on one core.

    Runs in the folder of the example, and writes into its `build`.
    """
    began = time.process_time()
    prepare(0, BATCHES, searched=0, tested=0)
    train_on(("texts", "sums"), "pretrain", 0)
    results: list[dict[str, object]] = []
    for base in range(1, bases + 1):
        folder = prepare(base, BATCHES, searched, tested)
        train_on(("solutions",), "sft", base)
        results += measure(folder, "sft", "base", base)
        build("pivotal", folder)
        stages = ["pivotal"]
        if controls:
            os.environ["N"] = str(answers_for_the_same_tokens(folder, searched))
            build("accepted", folder)
            build("pairs", folder)
            stages = list(STAGES)
        for stage in stages:
            for seed in range(1, seeds + 1):
                os.environ["SEED"] = str(seed)
                run("train", f"recipes/{stage}.yaml", "--fresh")
                results += measure(folder, f"{stage}-{seed}", STAGES[stage], base)
    tell(results, time.process_time() - began)


def prepare(base: int, batches: int, searched: int, tested: int) -> Path:
    """The folder of a base with its inputs: batches of training problems to be made, problems to search, and two
    tasks on problems that are never searched and the same for all."""
    os.environ["BASE"] = str(base)
    folder = Path("build") / f"base-{base}"
    lines(folder / "batches.jsonl", [{"name": f"batch {base}-{number}"} for number in range(batches)])
    lines(folder / "search.jsonl", [asked(one, "text") for one in problems("search", searched, base)])
    items = [asked(one, "prompt") for one in problems("test", tested)]
    head = {"kind": "answer", "chat": True, "max_tokens": 120}
    lines(folder / "tasks/greedy.jsonl", [{"task": "greedy", **head}, *items])
    lines(
        folder / "tasks/sampled.jsonl",
        [{"task": "at T = 1", **head, "temperature": 1.0}, *items],
    )
    return folder


def build(dataset: str, folder: Path) -> None:
    """Builds a dataset and writes its snapshot."""
    run("build", "--select", dataset, "--quiet")
    run("export", dataset, "--output", str(folder / "snapshots" / dataset))


def train_on(datasets: Sequence[str], recipe: str, base: int) -> None:
    """Builds datasets of a base, and trains on them."""
    for dataset in datasets:
        build(dataset, Path("build") / f"base-{base}")
    run("train", f"recipes/{recipe}.yaml", "--fresh")


def run(*words: str) -> None:
    """Types a command of the factory."""
    click.secho(f"$ factory {' '.join(words)}", bold=True)
    began = time.process_time()
    try:
        factory.main(list(words), prog_name="factory", standalone_mode=False)
    except SystemExit as stop:
        if stop.code:
            raise
    SPENT[words[0]] += time.process_time() - began


def asked(problem: Problem, key: str) -> dict[str, str]:
    """A problem as a seed or an item."""
    return {key: problem.question, "answer": problem.answer}


def lines(path: Path, rows: list[dict[str, object]] | list[dict[str, str]]) -> None:
    """Writes JSON lines."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))


def measure(folder: Path, trained: str, how: str, base: int) -> list[dict[str, object]]:
    """Scores a model; the scores are read from the store, where they stand beside the data."""
    run("evaluate", str(folder / trained / "export"), str(folder / "tasks"))
    with duckdb.connect(str(folder / "factory.duckdb"), read_only=True) as store:
        rows = store.execute(
            "select task, score from evaluations where model = ? and age = 'all'"
            " qualify row_number() over (partition by task order by recorded_at desc) = 1",
            [str(folder / trained / "export")],
        ).fetchall()
    return [
        {"base": base, "how": how, "trained": trained, "metric": task, "score": score} for task, score in rows
    ]


def answers_for_the_same_tokens(folder: Path, searched: int) -> int:
    """How many whole answers a question may have for the tokens that the search sampled."""
    with duckdb.connect(str(folder / "factory.duckdb"), read_only=True) as store:
        (spent,) = store.execute(
            "select sum(completion_tokens) from calls where dataset = 'pivotal'"
        ).fetchall()[0]
        answers = store.execute(
            "select messages[2].content from accepted where dataset = 'solutions' limit 500"
        ).fetchall()
    tokenizer = ChatTokenizer.read(folder / "sft" / "export")
    length = fmean(len(ids) for ids in tokenizer.encode([answer for (answer,) in answers]))
    return max(2, round(spent / searched / length))


def tell(results: list[dict[str, object]], seconds: float) -> None:
    """The table, and the same as one line of JSON."""
    Path("build").mkdir(exist_ok=True)
    lines(Path("build/results.jsonl"), results)
    connection = duckdb.connect()
    connection.execute("create view results as from read_json('build/results.jsonl')")
    found = connection.sql(REPORT)
    click.echo("\nGain over the base on problems never searched; its standard error over bases:")
    click.echo(str(found))
    figures = [dict(zip(found.columns, row, strict=True)) for row in found.fetchall()]
    spent = {command: round(cpu) for command, cpu in SPENT.items()}
    click.echo(json.dumps({"cpu_seconds": round(seconds), "by_command": spent, "results": figures}))


if __name__ == "__main__":
    main()
