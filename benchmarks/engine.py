"""The engine: one-step rows against a rehearsal server in a process of its own, 64 calls at once, durable.

    python benchmarks/engine.py [--rows 4000] [--runs 3]

Beside it, in the same run, the least that could be done: bare aiohttp that sends the same requests and
writes JSON lines without durability. The last line is one JSON object.
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import statistics
import subprocess
import sys
import tempfile
import textwrap
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parent.parent
AT_ONCE = 64

PLUGIN = {
    "bench/__init__.py": "",
    "bench/row.py": '''
        """One call a question."""
        from collections.abc import AsyncIterator
        from factory.plugins import generator
        from factory.records import Chat, Question
        from factory.teacher import Teacher

        @generator(seeds=Question, gives=Chat)
        async def row(question: Question, teacher: Teacher) -> AsyncIterator[Chat]:
            """One call a question."""
            yield Chat.of(question.text, await teacher.ask("answer", question=question))
    ''',
    "bench/row.md": """
        # bench.row
        ## answer
        Answer in one paragraph: {{ question.text }}
        ### example
        A paragraph about "{{ question.text }}", long enough to look like one.
    """,
    "bench-1.0.dist-info/METADATA": "Metadata-Version: 2.1\nName: bench\nVersion: 1.0\n",
    "bench-1.0.dist-info/entry_points.txt": "[factory.generators]\nbench = bench\n",
}


def main() -> None:
    """Runs everything and prints the figures."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", type=int, default=4000)
    parser.add_argument("--runs", type=int, default=3)
    options = parser.parse_args()
    figures: dict[str, Any] = {"rows": options.rows, "runs": options.runs, "at_once": AT_ONCE}
    with tempfile.TemporaryDirectory() as folder:
        site = Path(folder) / "site"
        for name, text in PLUGIN.items():
            path = site / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(textwrap.dedent(text).lstrip("\n"))
        os.environ["PYTHONPATH"] = os.pathsep.join([str(site), str(ROOT)])
        for label, rows, delay in (("instant", options.rows, 0.0), ("200ms", 2000, 0.2)):
            for contender in ("factory", "bare"):
                runs = [measure(contender, rows, delay) for _ in range(options.runs)]
                figures[f"{label}_{contender}"] = {
                    name: round(statistics.median(run[name] for run in runs), 3) for name in runs[0]
                }
                print(label, contender, figures[f"{label}_{contender}"], flush=True)
    instant, slow = figures["instant_factory"], figures["200ms_factory"]
    figures["summary"] = {
        "rows_per_second": instant["rows_per_second"],
        "client_cpu_ms_per_row": instant["cpu_ms_per_row"],
        "seconds_of_calls_2000_rows_at_200ms": slow["seconds_of_calls"],
        "peak_mb": max(instant["peak_mb"], slow["peak_mb"]),
        "cpu_ratio_to_bare": round(instant["cpu_ms_per_row"] / figures["instant_bare"]["cpu_ms_per_row"], 2),
    }
    print(json.dumps(figures))


def measure(contender: str, rows: int, delay: float) -> dict[str, float]:
    """One run against a fresh server, in a fresh process."""
    server = subprocess.Popen(
        [sys.executable, "-m", "factory", "rehearsal", "--port", "0", "--delay", str(delay)],
        stdout=subprocess.PIPE,
        text=True,
    )
    assert server.stdout is not None
    address = next(word for word in server.stdout.readline().split() if word.startswith("http")).rstrip("/.,")
    try:
        with tempfile.TemporaryDirectory() as folder:
            command = [sys.executable, __file__.replace("engine.py", "_engine_client.py"), contender, folder]
            shown = subprocess.run(
                [*command, address, str(rows), str(AT_ONCE)], capture_output=True, text=True, check=False
            )
            if shown.returncode:
                raise SystemExit(shown.stdout + shown.stderr)
            return dict(json.loads(shown.stdout.splitlines()[-1]))
    finally:
        server.send_signal(signal.SIGTERM)
        server.wait(timeout=20)


if __name__ == "__main__":
    main()
