"""The executor of JavaScript: node, started anew for each program. It shows what another language takes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from factory.records import Program
from validators.sandbox.executor import SandboxExecutor
from validators.sandbox.runtimes import JAVASCRIPT


class JavaScriptExecutor(SandboxExecutor):
    """Runs JavaScript: the source as a script, then each call as an expression; promises are awaited.

    What a call gives is told in Python's literals: null and undefined are None, whole numbers int, objects and
    Maps dict, Sets set. A program has the language and what node makes global, no network and no other processes.
    """

    runtime = JAVASCRIPT

    def bodies(self, program: Program, nonce: bytes) -> tuple[dict[str, Any], dict[str, Any] | None]:
        """What node is told."""
        isolated = self._isolation == "bubblewrap"
        home = "/sandbox" if isolated else str(Path(__file__).parent)
        return {
            "mode": "javascript",
            "nonce": nonce.hex(),
            "source": program.source,
            "calls": program.calls,
            "node": "/node" if isolated else str(JAVASCRIPT.binds()[0].source),
            "runner": f"{home}/inside/runner.js",
        }, None
