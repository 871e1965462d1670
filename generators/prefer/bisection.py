"""Pivotal tokens by bisection of one answer at a time (phi-4 report, pivotal token search)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from factory.plugins import Rollout
from generators.prefer.rollouts import Discovery, Node, Pair, Rollouts


@dataclass(frozen=True)
class Segment:
    """A stretch of an answer: the nodes before and after it, and its tokens' log-probabilities."""

    before: Node
    after: Node
    logprobs: tuple[float, ...]


async def search(
    rollouts: Rollouts, answers: Iterable[Rollout], *, gap: float, samples: int
) -> list[Discovery]:
    """The pairs at tokens of these answers that change the probability of success by `gap` or more.

    Each node is estimated from `samples` rollouts. A segment whose ends differ by less is left alone; the others
    are split at the midpoint of cumulative log-probability, all segments of all answers at once.
    """
    segments = [_whole(rollouts.root, answer) for answer in answers]
    pivotal: dict[Node, None] = {}
    while segments:
        await rollouts.up_to((node for one in segments for node in (one.before, one.after)), samples)
        steep = [one for one in segments if abs(_rate(one.after) - _rate(one.before)) >= gap]
        pivotal |= {one.after: None for one in steep if len(one.logprobs) == 1}
        segments = [half for one in steep if len(one.logprobs) > 1 for half in _halves(one)]
    pairs = [pair for node in pivotal for pair in _candidates(node)]
    await rollouts.up_to((node for pair in pairs for node in (pair.accepted, pair.rejected)), samples)
    return [Discovery.of(pair) for pair in pairs if holds(pair, gap)]


def holds(pair: Pair, gap: float) -> bool:
    """Whether the rates of a pair are that far apart."""
    return _rate(pair.accepted) - _rate(pair.rejected) >= gap


def _whole(root: Node, answer: Rollout) -> Segment:
    node = root
    for token in answer.ids:
        node = node.child(token)
    return Segment(root, node, answer.logprobs)


def _halves(segment: Segment) -> Iterator[Segment]:
    """Cut where half of the log-probability is spent, and at least one token on either side."""
    half, spent, cut = sum(segment.logprobs) / 2, 0.0, 0
    while cut < len(segment.logprobs) - 1 and (cut == 0 or spent > half):
        spent += segment.logprobs[cut]
        cut += 1
    middle = segment.after
    for _ in range(len(segment.logprobs) - cut):
        assert middle.parent is not None
        middle = middle.parent
    yield Segment(segment.before, middle, segment.logprobs[:cut])
    yield Segment(middle, segment.after, segment.logprobs[cut:])


def _candidates(node: Node) -> Iterator[Pair]:
    """The token with its best counterpart among those that rollouts from its prefix began with."""
    assert node.parent is not None
    others = [child for child in node.parent.children.values() if child is not node and child.samples]
    if not others:
        return
    if _rate(node) > _rate(node.parent):
        yield Pair(node, min(others, key=lambda child: (child.counts.mean, child.token)))
    else:
        yield Pair(max(others, key=lambda child: (child.counts.mean, -child.token)), node)


def _rate(node: Node) -> float:
    return node.successes / node.samples if node.samples else 0.0
