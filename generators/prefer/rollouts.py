"""All rollouts that were seen of one question, as a tree in which each counts at every node that it passes."""

from __future__ import annotations

import math
import random
from collections import defaultdict
from collections.abc import Awaitable, Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from statistics import NormalDist

from factory.plugins import Policy, Rollout

Oracle = Callable[[Sequence[str]], Awaitable[Sequence[bool]]]
"""Whether each of these finished answers is a success."""


@dataclass(frozen=True, slots=True)
class Counts:
    """Successes among samples. The estimate is the posterior under a uniform prior: never sure of little."""

    successes: int = 0
    samples: int = 0

    @property
    def mean(self) -> float:
        """Of Beta(1 + successes, 1 + failures)."""
        return (1 + self.successes) / (2 + self.samples)

    @property
    def variance(self) -> float:
        """Of the same."""
        return self.mean * (1 - self.mean) / (3 + self.samples)

    def __sub__(self, earlier: Counts) -> Counts:
        return Counts(self.successes - earlier.successes, self.samples - earlier.samples)


@dataclass(frozen=True, slots=True)
class Gap:
    """By how much one probability of success lies above another."""

    mean: float
    deviation: float

    @classmethod
    def between(cls, high: Counts, low: Counts) -> Gap:
        """The difference of two independent estimates."""
        return cls(high.mean - low.mean, math.sqrt(high.variance + low.variance))

    def low(self, deviations: float) -> float:
        """The mean less so many standard deviations."""
        return self.mean - deviations * self.deviation

    def interval(self, share: float = 0.9) -> tuple[float, float]:
        """The central interval that holds the gap with that probability, cut to what is possible."""
        wide = NormalDist().inv_cdf((1 + share) / 2) * self.deviation
        return max(-1.0, self.mean - wide), min(1.0, self.mean + wide)


@dataclass(eq=False, slots=True)
class Node:
    """A prefix of answers: `token` after `parent`. `outcome` is known where the answer has ended."""

    parent: Node | None
    token: int
    depth: int
    successes: int = 0
    samples: int = 0
    outcome: bool | None = None
    children: dict[int, Node] = field(default_factory=dict)

    @property
    def counts(self) -> Counts:
        """What is known of it."""
        return Counts(self.successes, self.samples)

    def ids(self) -> list[int]:
        """The answer up to here, this token included."""
        found: list[int] = []
        node = self
        while node.parent is not None:
            found.append(node.token)
            node = node.parent
        return found[::-1]

    def child(self, token: int) -> Node:
        """The node of one more token, made where no rollout has passed."""
        if token not in self.children:
            self.children[token] = Node(self, token, self.depth + 1)
        return self.children[token]

    def below(self) -> Iterator[Node]:
        """This node and all below it."""
        waiting = [self]
        while waiting:
            node = waiting.pop()
            yield node
            waiting.extend(node.children.values())

    def add(self, success: bool, count: int = 1) -> None:
        """Counts rollouts that passed."""
        self.successes += success * count
        self.samples += count


@dataclass(frozen=True, slots=True)
class Pair:
    """Two tokens after the same prefix, the better one first."""

    accepted: Node
    rejected: Node

    @property
    def gap(self) -> Gap:
        """What all samples say of it."""
        return Gap.between(self.accepted.counts, self.rejected.counts)


@dataclass(frozen=True, slots=True)
class Discovery:
    """A pair, and what was known of its sides when it was found: what comes after is fresh."""

    pair: Pair
    accepted: Counts
    rejected: Counts

    @classmethod
    def of(cls, pair: Pair) -> Discovery:
        """A pair found now."""
        return cls(pair, pair.accepted.counts, pair.rejected.counts)

    @property
    def fresh(self) -> tuple[Counts, Counts]:
        """The accepted and the rejected token's samples since: no selection has favoured them."""
        return self.pair.accepted.counts - self.accepted, self.pair.rejected.counts - self.rejected


class Rollouts:
    """Samples answers to one question and keeps them as a tree below `root`.

    A rollout that was started at a node counts there and at every node below that it passes, never above: there
    it was not left to chance. `shared=False` counts it at its start and at its first token alone.
    """

    def __init__(
        self,
        policy: Policy,
        prompt: Sequence[int],
        oracle: Oracle,
        chance: random.Random,
        *,
        max_tokens: int,
        temperature: float = 1.0,
        shared: bool = True,
    ) -> None:
        self.policy, self.prompt = policy, list(prompt)
        self.root = Node(None, -1, 0)
        self._oracle, self._chance, self._shared = oracle, chance, shared
        self._max_tokens, self._temperature = max_tokens, temperature
        self._judged: dict[str, bool] = {}

    async def add(self, wanted: Iterable[tuple[Node, int]]) -> dict[Node, list[Rollout]]:
        """Samples so many more rollouts from each node, all nodes of one number in one batch."""
        numbers: dict[int, list[Node]] = defaultdict(list)
        for node, n in wanted:
            if node.outcome is not None:
                node.add(node.outcome, n)  # it has ended: there is nothing to sample
            elif n > 0:
                numbers[n].append(node)
        found: dict[Node, list[Rollout]] = {}
        for n, nodes in sorted(numbers.items(), key=lambda item: item[0]):
            rollouts = await self.policy.sample(
                [[*self.prompt, *node.ids()] for node in nodes],
                n=n,
                max_tokens=self._max_tokens - min(node.depth for node in nodes),
                temperature=self._temperature,
                seed=self._chance.getrandbits(31),
            )
            found.update(zip(nodes, rollouts, strict=True))
        await self._count(found)
        return found

    async def up_to(self, nodes: Iterable[Node], n: int) -> None:
        """Samples as many rollouts as these nodes lack of `n`."""
        await self.add([(node, n - node.samples) for node in dict.fromkeys(nodes)])

    async def refresh(self, found: Iterable[Discovery], samples: int) -> None:
        """Samples as many rollouts as the discoveries lack of so many fresh ones on either side."""
        lacking: dict[Node, int] = {}
        for one in found:
            for node, counts in zip((one.pair.accepted, one.pair.rejected), one.fresh, strict=True):
                lacking[node] = max(lacking.get(node, 0), samples - counts.samples)
        await self.add(lacking.items())

    async def _count(self, found: dict[Node, list[Rollout]]) -> None:
        """Has the new rollouts judged and counts them. One that was cut off has failed."""
        whole = [
            (
                node,
                rollout,
                self.policy.decode([*node.ids(), *rollout.ids]) if self._ended(node, rollout) else None,
            )
            for node, rollouts in found.items()
            for rollout in rollouts
        ]
        new = list(dict.fromkeys(text for *_, text in whole if text is not None and text not in self._judged))
        if new:
            self._judged.update(zip(new, await self._oracle(new), strict=True))
        for node, rollout, text in whole:
            success = text is not None and self._judged[text]
            node.add(success)
            passed = rollout.ids if self._shared else rollout.ids[:1]
            for token in passed:
                node = node.child(token)
                node.add(success)
            if text is not None and len(passed) == len(rollout.ids):
                node.outcome = success

    def _ended(self, node: Node, rollout: Rollout) -> bool:
        """An answer ends by itself, and within the limit counted from its beginning."""
        return rollout.finished and node.depth + len(rollout.ids) <= self._max_tokens
