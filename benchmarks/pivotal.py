"""Pivotal token search: true pairs for each 1,000 sampled tokens, and precision, beside plain bisection.

    python -m benchmarks.pivotal [--weights FOLDER] [--problems 40] [--runs 3]

The policy is a base of the closed loop (examples/closed_loop): 0.7M parameters that learnt right and systematically
wrong solutions of relation problems. It is there once the loop has run (`make closed-loop`). Problems are of a split
that it never saw. Tokens are all that a method sampled, confirmation included. A
pair is true when 64 fresh samples on each side differ by the gap; those cost nobody. "Plain" bisection is the
report's: each node's samples count there alone. The same choice after another opener is another pair; distinct ones
are counted apart.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import random
import statistics
import sys
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from factory.plugins import Rollout
from factory.teacher.model import Model
from generators.prefer import bisection, tree
from generators.prefer.rollouts import Discovery, Node, Oracle, Rollouts
from trainer.policy import LocalPolicy
from validators.answers import final_answer, same

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT / "examples/closed_loop"))

from closed_loop.problems import Problem, problems  # noqa: E402 - not a package

BASE = ROOT / "examples/closed_loop/build/base-1/sft/export"
GAP, LOW, HIGH, MOST, CHECKED = 0.2, 0.2, 0.8, 96, 64


class Counting:
    """A policy that counts what is sampled."""

    def __init__(self, policy: LocalPolicy) -> None:
        self.policy, self.tokens = policy, 0
        self.fingerprint, self.tokenizer = policy.fingerprint, policy.tokenizer

    def encode(self, text: str) -> list[int]:
        return self.policy.encode(text)

    def prompt(self, turns: Sequence[Mapping[str, str]]) -> list[int]:
        return self.policy.prompt(turns)

    def decode(self, ids: Sequence[int]) -> str:
        return self.policy.decode(ids)

    async def sample(self, prefixes: Sequence[Sequence[int]], **settings: Any) -> list[list[Rollout]]:
        found = await self.policy.sample(prefixes, **settings)
        self.tokens += sum(len(rollout.ids) for rollouts in found for rollout in rollouts)
        return found

    async def close(self) -> None:
        await self.policy.close()


@dataclass(frozen=True)
class Method:
    """A way to search below a root, how many rollouts that takes first, and whether these are shared."""

    name: str
    first: int
    shared: bool
    search: Callable[[Rollouts, Sequence[Rollout]], Awaitable[list[Discovery]]]


def by_bisection(samples: int, *, shared: bool) -> Method:
    async def search(rollouts: Rollouts, first: Sequence[Rollout]) -> list[Discovery]:
        return await bisection.search(rollouts, first[:1], gap=GAP, samples=samples)

    return Method(f"bisection, {samples} samples, {'shared' if shared else 'plain'}", samples, shared, search)


def by_tree(*, fresh: int) -> Method:
    async def search(rollouts: Rollouts, first: Sequence[Rollout]) -> list[Discovery]:
        found = await tree.search(rollouts, gap=GAP, rounds=6, width=2, more=4)
        await rollouts.refresh(found, fresh)
        return [one for one in found if tree.holds(one.pair, GAP) and one.fresh[0].mean > one.fresh[1].mean]

    return Method(f"tree, {fresh} fresh samples a side", 8, True, search)


METHODS = (
    by_bisection(10, shared=False),
    by_bisection(16, shared=False),
    by_bisection(16, shared=True),
    by_tree(fresh=4),
)


async def run(method: Method, policy: LocalPolicy, asked: Sequence[Problem], seed: int) -> dict[str, float]:
    """One method over all problems at once, and how many of its pairs are true."""
    counting = Counting(policy)
    started = time.process_time()

    async def one(number: int, problem: Problem) -> list[tuple[Rollouts, Discovery]]:
        prompt = policy.prompt([{"role": "user", "content": problem.question}])
        chance = random.Random(f"{seed} {number}")
        rollouts = Rollouts(counting, prompt, oracle(problem), chance, max_tokens=MOST, shared=method.shared)
        first = await rollouts.add([(rollouts.root, method.first)])
        if not LOW <= rollouts.root.successes / method.first <= HIGH:
            return []
        return [(rollouts, found) for found in await method.search(rollouts, first[rollouts.root])]

    found = await asyncio.gather(*(one(number, problem) for number, problem in enumerate(asked)))
    seconds = time.process_time() - started
    pairs = [
        (problem, rollouts, discovery.pair)
        for problem, discoveries in zip(asked, found, strict=True)
        for rollouts, discovery in discoveries
    ]
    rates = await asyncio.gather(
        *(
            rate(policy, rollouts, node, problem)
            for problem, rollouts, pair in pairs
            for node in (pair.accepted, pair.rejected)
        )
    )
    true = [high - low >= GAP for high, low in zip(rates[::2], rates[1::2], strict=True)]
    distinct = {
        (problem, pair.accepted.token, pair.rejected.token)
        for (problem, _, pair), holds in zip(pairs, true, strict=True)
        if holds
    }
    return {
        "tokens": counting.tokens,
        "pairs": len(pairs),
        "true_per_1000": 1000 * sum(true) / counting.tokens,
        "distinct_per_1000": 1000 * len(distinct) / counting.tokens,
        "precision": sum(true) / max(len(pairs), 1),
        "cpu_seconds": seconds,
    }


def oracle(problem: Problem) -> Oracle:
    async def judged(texts: Sequence[str]) -> list[bool]:
        return [same(final_answer(text) or "", problem.answer) for text in texts]

    return judged


async def rate(policy: LocalPolicy, rollouts: Rollouts, node: Node, problem: Problem) -> float:
    """The share of fresh rollouts from a node that succeed."""
    if node.outcome is not None:
        return float(node.outcome)
    before = node.ids()
    (found,) = await policy.sample(
        [[*rollouts.prompt, *before]], n=CHECKED, max_tokens=MOST, temperature=1.0, seed=2**20
    )
    texts = [policy.decode([*before, *rollout.ids]) for rollout in found]
    good = await oracle(problem)(texts)
    return sum(ok and rollout.finished for ok, rollout in zip(good, found, strict=True)) / CHECKED


async def compare(folder: Path, count: int, runs: int) -> dict[str, dict[str, float]]:
    policy = LocalPolicy(Model(model=f"local/{folder}"))
    asked = problems("test", count, seed=1)
    medians: dict[str, dict[str, float]] = {}
    print(f"{count} problems, medians of {runs} runs\n")
    print(
        f"{'':34s} {'tokens':>8s} {'pairs':>6s} {'true/1k':>8s} {'distinct/1k':>12s} {'precision':>10s} {'CPU s':>6s}"
    )
    for method in METHODS:
        told = [await run(method, policy, asked, seed) for seed in range(runs)]
        row = {key: statistics.median(one[key] for one in told) for key in told[0]}
        medians[method.name] = row
        print(
            f"{method.name:34s} {row['tokens']:8.0f} {row['pairs']:6.0f} {row['true_per_1000']:8.2f}"
            f" {row['distinct_per_1000']:12.2f} {row['precision']:10.2f} {row['cpu_seconds']:6.1f}",
            flush=True,
        )
    await policy.close()
    return medians


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--weights", type=Path, default=BASE)
    parser.add_argument("--problems", type=int, default=40)
    parser.add_argument("--runs", type=int, default=3)
    given = parser.parse_args()
    if not (given.weights / "config.json").is_file():
        parser.error(f"{given.weights} holds no weights: run `make closed-loop` first, or give --weights")
    torch.set_num_threads(1)
    rows = asyncio.run(compare(given.weights, given.problems, given.runs))
    ours = rows[METHODS[-1].name]
    ratios = {
        f"times_{name}": round(ours["true_per_1000"] / max(row["true_per_1000"], 1e-9), 2)
        for name, row in rows.items()
        if name != METHODS[-1].name
    }
    print()
    rounded = {name: {key: round(value, 3) for key, value in row.items()} for name, row in rows.items()}
    print(json.dumps({"benchmark": "pivotal", "methods": rounded, **ratios}))


if __name__ == "__main__":
    main()
