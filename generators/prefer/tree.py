"""Pivotal tokens in a tree of shared rollouts, with estimates that are made sharper only where it may pay.

A rollout from the root is evidence about every prefix that it passes, so a few of them show where successes and
failures part. Tokens that look like it get samples of their own, the most promising first, and what these pass
further down counts there too. (Our own; the report searches by bisection.)
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import chain
from statistics import NormalDist

from generators.prefer.rollouts import Discovery, Node, Pair, Rollouts

SURE = 1.0
"""Standard deviations by which a gap must lie above the bound to count as found."""
HOPEFUL = 0.3
"""Standard deviations by which it must lie above to be worth more samples."""


@dataclass(frozen=True)
class _Open:
    """A pair that may be pivotal, and what sampling it promises: chance of a true gap for each token spent."""

    pair: Pair
    promise: float


async def search(rollouts: Rollouts, *, gap: float, rounds: int, width: int, more: int) -> list[Discovery]:
    """The pairs whose gap is surely `gap` or more, below a root that was sampled already.

    In each round the `width` most promising open pairs get `more` rollouts on either side.
    """
    found: dict[Node, Discovery] = {}
    for turn in range(rounds + 1):
        open_ = []
        for node in rollouts.root.below():
            if node in found or (pair := _widest(node)) is None:
                continue
            if pair.gap.low(SURE) >= gap:
                found[node] = Discovery.of(pair)
            elif pair.gap.low(HOPEFUL) >= gap:
                open_.append(_Open(pair, _promise(pair, gap)))
        if turn == rounds or not open_:
            break
        open_.sort(key=lambda one: -one.promise)
        sides = chain.from_iterable((one.pair.accepted, one.pair.rejected) for one in open_[:width])
        await rollouts.add([(node, more) for node in sides])
    return list(found.values())


def holds(pair: Pair, gap: float) -> bool:
    """Whether the samples of a pair still say what it was found for."""
    return pair.gap.low(SURE) >= gap


def _widest(node: Node) -> Pair | None:
    """The best and the worst child that rollouts have reached; None where they did not part."""
    if len(node.children) < 2:
        return None
    children = sorted(node.children.values(), key=lambda child: (child.counts.mean, child.token))
    return Pair(children[-1], children[0])


def _promise(pair: Pair, gap: float) -> float:
    likely = NormalDist().cdf((pair.gap.mean - gap) / pair.gap.deviation)
    return likely / (1 + _left(pair.accepted) + _left(pair.rejected))


def _left(node: Node) -> float:
    """How many tokens the rollouts below a node still had before them, on average."""
    passed = sum(one.samples for one in node.below()) - node.samples
    return passed / max(node.samples, 1)
