"""Calls that stopping early saves at equal decisions; keys of answers beside math-verify.

    python benchmarks/votes.py [--questions 400] [--runs 3]

Votes are drawn from known distributions over answers: the decision by all of them is the truth that stopping
is held against. Beside ours two published rules that stop a self-consistency vote: a window of equal answers
(all of 4 agree) and a Beta posterior that the leader beats the second (95%); both look at the winner alone,
while a plurality filter also needs the band. Pairs of answers are labelled by hand; math-verify runs as it
comes, in this process, with its own limit of 5 s. Times of pairs are wall times, since ours asks another
process; the last line is one JSON object.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import logging
import math
import random
import statistics
import time
import warnings
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

from factory.records import Vote
from validators.answers import Poll, Tally, key, vote
from validators.answers.formula import formula
from validators.answers.key import short_key
from validators.answers.mathverify import MathVerify, undecided

BANDS = {"default": (0.25, 1.0), "narrow": (0.4, 0.8)}
Rule = Callable[[Sequence[Vote]], Awaitable[int]]

# ---------------------------------------------------------------------------------- simulated questions


def shares(kind: str, draw: random.Random) -> list[float]:
    """How often a model gives each answer to one question, the right one first."""
    right = {
        "easy": lambda: draw.betavariate(20, 1),
        "medium": lambda: draw.betavariate(4, 3),
        "hard": lambda: draw.betavariate(1.2, 5),
        "mixed": lambda: draw.choice((0.99, draw.betavariate(4, 2), draw.betavariate(1.2, 4))),
    }[kind]()
    others = [draw.random() ** 3 for _ in range(draw.choice((1, 3, 8, 30)))]
    return [right, *((1 - right) * other / sum(others) for other in others)]


def questions(kind: str, count: int, most: int) -> list[list[Vote]]:
    """All votes of so many questions."""
    draw = random.Random(f"{kind}/{most}")
    made = []
    for _ in range(count):
        given = shares(kind, draw)
        made.append([Vote(answer=str(one)) for one in draw.choices(range(len(given)), given, k=most)])
    return made


def windowed(most: int, size: int = 4) -> Rule:
    """Stops when a window of votes agrees."""

    async def more(votes: Sequence[Vote]) -> int:
        last = {vote.answer for vote in votes[len(votes) - size :]}
        return 0 if votes and (len(last) == 1 or len(votes) >= most) else min(size, most - len(votes))

    return more


def leading(most: int, sure: float = 0.95) -> Rule:
    """Stops when a Beta posterior says that the leader beats the second, one vote at a time."""

    async def more(votes: Sequence[Vote]) -> int:
        first, second = (*(count for _, count in Counter(v.answer for v in votes).most_common(2)), 0, 0)[:2]
        total, below = first + second + 1, 0.0
        # The chance that a share with this posterior exceeds one half: a sum of binomial terms.
        for hits in range(first + 1):
            below += math.comb(total, hits) / 2**total
        return 0 if votes and (below >= sure or len(votes) >= most) else 1

    return more


async def asked(rule: Rule, answers: Sequence[Vote]) -> list[Vote]:
    """The votes that a rule asks for."""
    votes: list[Vote] = []
    while more := await rule(votes):
        votes += answers[len(votes) : len(votes) + more]
    return votes


def decision(tally: Tally) -> tuple[str, str | None]:
    """Band and winner."""
    return tally.verdict, tally.winner


async def stopping(count: int) -> list[dict[str, Any]]:
    """For each distribution, number of votes, band and rule: calls, rounds, changed decisions."""
    rows = []
    for kind in ("easy", "medium", "hard", "mixed"):
        for most in (8, 16, 32):
            given = questions(kind, count, most)
            for band, (low, high) in BANDS.items():
                full = [vote(answers, low, high) for answers in given]
                rules: dict[str, Rule] = {
                    f"error {e:g}": Poll(most, low, high, e).more for e in (0, 0.02, 0.05, 0.1)
                }
                if band == "default":
                    rules["unanimity allowed, error 0.05"] = Poll(most, low, high, 0.05, True).more
                rules |= {"window": windowed(most), "leader": leading(most)}
                for name, rule in rules.items():
                    start = time.process_time()
                    ended = [await asked(rule, answers) for answers in given]
                    seconds = time.process_time() - start
                    free = "unanimity" in name
                    rows.append(
                        {
                            "questions": kind,
                            "votes": most,
                            "band": band,
                            "rule": name,
                            "calls": sum(map(len, ended)) / (count * most),
                            "changed": _changed(full, [vote(one, low, high) for one in ended], free),
                            "winner_changed": _changed(full, [vote(one, low, high) for one in ended], True),
                            "ms": seconds / count * 1000,
                        }
                    )
    return rows


def _changed(full: Sequence[Tally], ended: Sequence[Tally], winner_alone: bool) -> float:
    pairs = zip(full, ended, strict=True)
    if winner_alone:
        return statistics.fmean(one.winner != other.winner for one, other in pairs)
    return statistics.fmean(decision(one) != decision(other) for one, other in pairs)


# ------------------------------------------------------------------------------------- pairs of answers

SAME = r"""
integers: 12 ~ 12.0 ; 1,200 ~ 1200 ; -3 ~ −3 ; 007 ~ 7 ; 2^10 ~ 1024 ; 24/2 ~ 12 ; 1200 ~ 1.2 \times 10^3
integers: x = 12 ~ 12 ; 5! ~ 120
fractions: 1/2 ~ 0.5 ; ½ ~ \frac12 ; 3/6 ~ 1/2 ; 1\frac12 ~ 1.5 ; 0.\overline{3} ~ 1/3 ; 50% ~ 1/2
fractions: 1½ ~ 3/2 ; -\frac{3}{4} ~ -0.75
surds: 2\sqrt{3} ~ \sqrt{12} ; 2 times root 3 ~ 2√3 ; 1/\sqrt2 ~ \frac{\sqrt2}{2}
surds: \frac{1}{1+\sqrt2} ~ \sqrt2-1 ; 2π ~ 2\pi ; \sqrt[3]{16} ~ 2\sqrt[3]{2}
polynomials: (x+1)^2 ~ x^2+2x+1 ; x(x+1) ~ x+x^2 ; \frac{x^2-1}{x-1} ~ x+1 ; 3+4i ~ 4i+3 ; 2xy ~ 2yx
polynomials: \frac{x}{2} ~ 0.5x ; i^2 ~ -1
regions: x<5 ~ (-\infty,5) ; 1 \le x < 2 ~ [1,2) ; \{1,2\} ~ \{2,1\}
regions: (2,3]\cup(-\infty,1) ~ (-\infty,1)\cup(2,3] ; (1,2) ~ (1, 2) ; x \geq 3 ~ [3,\infty)
words: twelve ~ 12 ; one half ~ 1/2 ; yes ~ True ; (B) ~ B ; B) Paris ~ B ; Paris ~ paris.
words: May 1, 2024 ~ 2024-05-01 ; twenty-one ~ 21 ; the lens ~ lens
units: 5 km ~ 5 kilometers ; $5 ~ 5 dollars ; 90 min ~ 1.5 h ; 7 m^2 ~ 7 square meters
identities: \sin^2 x+\cos^2 x ~ 1 ; \sqrt{3+2\sqrt2} ~ 1+\sqrt2 ; \ln 4 ~ 2\ln 2 ; e^{x+y} ~ e^x e^y
identities: \frac{x^2-y^2}{x-y} ~ x+y ; \log_2 8 ~ 3
"""
DIFFERENT = r"""
integers: 12 ~ 13 ; 2004! ~ 2006! ; 10^{10^{10}} ~ 10^{10^{11}} ; 12 ~ -12
fractions: 0.333333 ~ 1/3 ; 50% ~ 50 ; 1/2004! ~ 1/2006! ; 3.14 ~ 22/7
surds: 2\sqrt3 ~ 3\sqrt2 ; 3.14 ~ \pi ; 1.41421356 ~ \sqrt2 ; \sqrt2 ~ \sqrt3
polynomials: x+1 ~ x-1 ; 3+4i ~ 3-4i ; x^2 ~ 2x ; (x+1)^2 ~ x^2+1
regions: (1,2) ~ \{1,2\} ; (1,2) ~ (2,1) ; x<5 ~ x \le 5 ; [1,2] ~ [1,2)
words: yes ~ no ; A ~ B ; May 1, 2024 ~ May 2, 2024 ; twelve ~ twenty ; CO ~ Co
units: 5 km ~ 5 m ; $5 ~ €5 ; 12 apples ~ 12 oranges ; 90 min ~ 1.5 min
identities: \sin 2x ~ 2\sin x ; \ln 5 ~ 2 ; e^{x+y} ~ e^x+e^y
"""


def labelled() -> list[tuple[str, str, str, bool]]:
    """Kind, both wordings, and whether they are the same answer."""
    found = []
    for table, same in ((SAME, True), (DIFFERENT, False)):
        for line in table.strip().splitlines():
            kind, _, pairs = line.partition(": ")
            found += [(kind, *pair.strip().split(" ~ "), same) for pair in pairs.split(" ; ")]
    return [(kind, a, b, same) for kind, a, b, same in found]


def by_keys(a: str, b: str) -> bool:
    """Equal keys, made anew each time."""
    short_key.cache_clear()
    formula.cache_clear()
    return key(a) is not None and key(a) == key(b)


def compared(runs: int) -> dict[str, Any]:
    """Right judgements and pairs a second, by kind of answer, for keys, both steps, and math-verify."""
    from math_verify import parse, verify

    def as_it_comes(a: str, b: str) -> bool:
        return bool(verify(parse(f"${a}$"), parse(f"${b}$")))

    def in_both_steps(a: str, b: str) -> bool:
        return by_keys(a, b) or (undecided(a, b) and oracle.equal(a, b))

    judges = {"keys": by_keys, "keys, then math-verify": in_both_steps, "math-verify": as_it_comes}
    report: dict[str, Any] = {}
    kinds = list(dict.fromkeys(kind for kind, *_ in labelled()))
    for name, judge in judges.items():
        report[name] = {}
        for kind in kinds:
            pairs = [(a, b, same) for of, a, b, same in labelled() if of == kind]
            seconds = []
            for _ in range(runs):
                oracle = MathVerify()  # with nothing in its cache, but all of sympy loaded
                oracle.equal(r"\sin^2 t + \cos^2 t + \ln e^t", "1 + t")
                start = time.perf_counter()
                said = [judge(a, b) for a, b, _ in pairs]
                seconds.append(time.perf_counter() - start)
                oracle.close()
            right = sum(one == label for one, (_, _, label) in zip(said, pairs, strict=True))
            report[name][kind] = {
                "right": right,
                "pairs": len(pairs),
                "wrongly_same": sum(
                    one and not label for one, (_, _, label) in zip(said, pairs, strict=True)
                ),
                "per_second": round(len(pairs) / statistics.median(seconds)),
            }
    return report


# ----------------------------------------------------------------------------------------------- report


def main() -> None:
    """Measures both and prints tables and one JSON object."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--questions", type=int, default=400)
    parser.add_argument("--runs", type=int, default=3)
    asked_for = parser.parse_args()
    logging.disable(logging.CRITICAL)
    warnings.simplefilter("ignore")
    rows = asyncio.run(stopping(asked_for.questions))
    print(
        f"{'questions':10}{'votes':>6}  {'band':9}{'rule':30}{'calls':>7}{'changed':>9}{'winner':>8}{'ms':>7}"
    )
    for row in rows:
        print(
            f"{row['questions']:10}{row['votes']:6}  {row['band']:9}{row['rule']:30}{row['calls']:7.1%}"
            f"{row['changed']:9.1%}{row['winner_changed']:8.1%}{row['ms']:7.2f}"
        )
    report = compared(asked_for.runs)
    kinds = list(report["keys"])
    print(f"\n{'right of pairs':24}" + "".join(f"{kind:>14}" for kind in kinds))
    for name, by_kind in report.items():
        print(f"{name:24}" + "".join(f"{one['right']:>8} of {one['pairs']:<2}" for one in by_kind.values()))
    print(f"\n{'pairs a second':24}" + "".join(f"{kind:>14}" for kind in kinds))
    for name, by_kind in report.items():
        print(f"{name:24}" + "".join(f"{one['per_second']:>14,}" for one in by_kind.values()))
    print(
        json.dumps({"questions": asked_for.questions, "stopping": _summary(rows), "pairs": _totals(report)})
    )


def _summary(rows: Sequence[dict[str, Any]]) -> dict[str, dict[str, dict[str, float]]]:
    """Over all distributions, by band, number of votes and rule."""
    found: dict[str, dict[str, dict[str, float]]] = {}
    for band, most, rule in dict.fromkeys((row["band"], row["votes"], row["rule"]) for row in rows):
        some = [row for row in rows if (row["band"], row["votes"], row["rule"]) == (band, most, rule)]
        found.setdefault(f"{band}, {most} votes", {})[rule] = {
            "calls_saved": round(1 - statistics.fmean(row["calls"] for row in some), 3),
            "decisions_changed": round(statistics.fmean(row["changed"] for row in some), 4),
        }
    return found


def _totals(report: dict[str, Any]) -> dict[str, dict[str, float]]:
    """Right, wrongly the same, and the slowest and fastest kind."""
    return {
        name: {
            "right": sum(one["right"] for one in kinds.values()),
            "pairs": sum(one["pairs"] for one in kinds.values()),
            "wrongly_same": sum(one["wrongly_same"] for one in kinds.values()),
            "least_per_second": min(one["per_second"] for one in kinds.values()),
            "most_per_second": max(one["per_second"] for one in kinds.values()),
        }
        for name, kinds in report.items()
    }


if __name__ == "__main__":
    main()
