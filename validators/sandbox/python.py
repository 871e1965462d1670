"""The executor of Python programs: calls, tests written as asserts, whole programs with their input."""

from __future__ import annotations

from typing import Any

from factory.records import Program
from validators.sandbox.executor import SandboxExecutor
from validators.sandbox.runtimes import PYTHON


class PythonExecutor(SandboxExecutor):
    """Runs Python programs. A program computes, uses files in its working directory (64 MB), and starts
    threads. It has no network, environment, other processes, nor any file but the standard library and, where
    the machine has it, numpy. Its tests run in a process of their own, out of its reach.
    """

    runtime = PYTHON
    forms = frozenset({"calls", "tests", "stdin"})

    def bodies(self, program: Program, nonce: bytes) -> tuple[dict[str, Any], dict[str, Any] | None]:
        """What the program's process is told, and what its judge is, where it has one."""
        if program.tests:
            return {"mode": "serve", "source": program.source}, {
                "mode": "judge",
                "nonce": nonce,
                "tests": program.tests,
            }
        if program.stdin is not None:
            return {"mode": "whole", "nonce": nonce, "source": program.source, "stdin": program.stdin}, None
        return {"mode": "calls", "nonce": nonce, "source": program.source, "calls": program.calls}, None
