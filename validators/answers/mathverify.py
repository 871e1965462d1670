"""math-verify for what keys leave open: in both directions, in a process that can be killed, cached.

math-verify is neither symmetric nor transitive, takes 0.333333 for 1/3, and some inputs keep it busy for
ever. So it is asked about two formulas only where their forms do not decide, both ways round, with a limit on
its CPU time, and never about numbers, sets against tuples, units, words or choices.
"""

from __future__ import annotations

import functools
import json
import os
import re
import select
import subprocess
import sys
import threading
from collections import OrderedDict
from pathlib import Path

from factory.errors import FactoryError
from factory.extras import install, need
from validators.answers.key import key

CPU_SECONDS = 2.0
"""For one pair. What takes longer is undecided, and counts as different."""

_WORKER = Path(__file__).with_name("mathworker.py")
_WALL = 10  # times the CPU limit: a busy machine changes no verdict
_START = 120.0  # seconds until the worker has imported sympy
_CACHED = 20_000
_LONGEST = 300  # characters of a formula
_FORMULAS = frozenset(
    {"number", "expression", "equation", "formula", "set", "tuple", "list", "interval", "union"}
)


def undecided(a: str, b: str) -> bool:
    """Whether two answers of different keys are formulas that could still have the same value."""
    one, other = key(a), key(b)
    if one is None or other is None or one == other or max(len(a), len(b)) > _LONGEST:
        return False
    if not (one.open or other.open) or not {one.kind, other.kind} <= _FORMULAS:
        return False
    containers = {"set", "tuple", "list", "equation"}
    return (
        one.kind == other.kind
        or "formula" in (one.kind, other.kind)
        or not {one.kind, other.kind} & containers
    )


class MathVerify:
    """Asks math-verify whether two answers are equal. Safe to use from several threads."""

    def __init__(self, cpu_seconds: float = CPU_SECONDS) -> None:
        """Raises FactoryError where math-verify is not installed."""
        need("math", "math_verify", by="comparing formulas")
        self._cpu_seconds = cpu_seconds
        self._known: OrderedDict[tuple[str, str], bool] = OrderedDict()
        self._lock = threading.Lock()
        self._worker: subprocess.Popen[bytes] | None = None

    def equal(self, a: str, b: str) -> bool:
        """Whether it says so both ways round; False where it finds no formula or takes too long."""
        pair = (min(a, b), max(a, b))
        with self._lock:
            if pair not in self._known:
                self._known[pair] = self._ask(*pair)
                if len(self._known) > _CACHED:
                    self._known.popitem(last=False)
            return self._known[pair]

    def close(self) -> None:
        """Ends the process."""
        with self._lock:
            self._end()

    def _ask(self, a: str, b: str) -> bool:
        worker = self._worker
        if worker is None or worker.poll() is not None:
            worker = self._start()
        assert worker.stdin is not None
        try:
            worker.stdin.write(json.dumps([_latex(a), _latex(b), self._cpu_seconds]).encode() + b"\n")
            worker.stdin.flush()
            reply = self._line(worker, self._cpu_seconds * _WALL)
        except BrokenPipeError:
            reply = b""
        if not reply:
            self._end()
        return reply == b"true"

    def _start(self) -> subprocess.Popen[bytes]:
        self._end()
        # It needs none of our modules, and no environment but what finds the interpreter's libraries.
        kept = {name: os.environ[name] for name in ("PATH", "LD_LIBRARY_PATH", "HOME") if name in os.environ}
        self._worker = subprocess.Popen(
            [sys.executable, "-I", str(_WORKER)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=kept,
        )
        if self._line(self._worker, _START) != b"ready":
            self._end()
            raise FactoryError(
                "math-verify does not start; see what 'python -c \"import math_verify\"' says,"
                f" or install it anew: {install('math')}"
            )
        return self._worker

    def _line(self, worker: subprocess.Popen[bytes], seconds: float) -> bytes:
        """The next line, or nothing where the process ended or the time is over."""
        assert worker.stdout is not None
        ready, _, _ = select.select([worker.stdout], [], [], seconds)
        return worker.stdout.readline().strip() if ready else b""

    def _end(self) -> None:
        if self._worker is not None:
            self._worker.kill()
            self._worker.wait()
            for pipe in (self._worker.stdin, self._worker.stdout):
                if pipe is not None:
                    pipe.close()
            self._worker = None


@functools.cache
def math_verify() -> MathVerify:
    """The one of this process. Its worker ends with it, since it reads from a pipe that then closes."""
    return MathVerify()


_COMMANDS = str.maketrans(
    {
        "π": r"\pi ",
        "∞": r"\infty ",
        "∪": r"\cup ",
        "∩": r"\cap ",
        "≤": r"\le ",
        "≥": r"\ge ",
        "≠": r"\ne ",
        "×": r"\times ",
        "·": r"\cdot ",
        "−": "-",
        "°": r"^\circ ",
        "$": " ",
        **dict(zip("⁰¹²³⁴⁵⁶⁷⁸⁹", (f"^{digit}" for digit in range(10)), strict=True)),
    }
)
_PLAIN_ROOT = re.compile(r"√ ?(?:(\d+)|([A-Za-z]))")
_ROOT_OF_BRACKET = re.compile(r"(?:√|\bsqrt) ?\(([^()]*)\)")


def _latex(text: str) -> str:
    """A wording as the formula that math-verify looks for."""
    text = _PLAIN_ROOT.sub(r"\\sqrt{\1\2}", text)
    text = _ROOT_OF_BRACKET.sub(r"\\sqrt{\1}", text)
    return f"${text.translate(_COMMANDS).strip()}$"
