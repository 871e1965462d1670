"""The executor of SQL: a script in DuckDB, in memory, then queries whose rows come back typed."""

from __future__ import annotations

from typing import Any

from factory.records import Program
from validators.sandbox.executor import SandboxExecutor
from validators.sandbox.runtimes import SQL


class SqlExecutor(SandboxExecutor):
    """Runs a script, then each call as a query of its own, in a process without files, extensions and network.

    A query's value is ``{'columns': [...], 'types': [...], 'rows': [(...), ...]}``: NULL is None, decimals, dates
    and the like are text. At most 100,000 rows.
    """

    runtime = SQL

    def bodies(self, program: Program, nonce: bytes) -> tuple[dict[str, Any], dict[str, Any] | None]:
        """What the database's process is told."""
        return {"mode": "sql", "nonce": nonce, "source": program.source, "calls": program.calls}, None
