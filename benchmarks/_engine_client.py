"""One contender of engine.py, in a process of its own: prints its figures as one JSON object."""

from __future__ import annotations

import asyncio
import json
import os
import resource
import sys
import time
from pathlib import Path


def factory_build(folder: Path, address: str, rows: int, at_once: int) -> float:
    """Builds a dataset of one-step rows; returns the seconds from the first call's start to the last row."""
    questions = folder / "questions.jsonl"
    with questions.open("w") as stream:
        for number in range(rows):
            stream.write(json.dumps({"text": f"What is the {number}th thing to know?"}) + "\n")
    (folder / "catalog.yaml").write_text(
        f"models: {{writer: {{model: rehearsal, api_base: '{address}', concurrency: {at_once},"
        # The promise with the most to do: money is set aside for every call, in a block for about each hundred.
        " budget: 1, price: {input: 1, output: 1}}}\n"
        "seeds: {questions: {source: jsonl, path: questions.jsonl, as: question}}\n"
        "datasets: {rows: {seeds: questions, generator: bench.row}}\n"
    )
    from factory.build import Build
    from factory.catalog import load_catalog
    from factory.report import Report

    started = 0.0

    def watch(report: Report) -> None:
        nonlocal started
        if not started and report.datasets:
            started = time.perf_counter()

    report = asyncio.run(Build(load_catalog(folder / "catalog.yaml"), ["rows"], watch=watch).run())
    assert report.datasets["rows"].done == rows, report
    return time.perf_counter() - started


def bare(folder: Path, address: str, rows: int, at_once: int) -> float:
    """The same requests through aiohttp alone, written as JSON lines; nothing is durable or checked."""
    import aiohttp

    async def run() -> float:
        gate = asyncio.Semaphore(at_once)
        connector = aiohttp.TCPConnector(limit=at_once)
        async with aiohttp.ClientSession(connector=connector) as session:
            with (folder / "rows.jsonl").open("w") as stream:

                async def one(number: int) -> None:
                    content = f"Answer in one paragraph: What is the {number}th thing to know?"
                    body = {"model": "rehearsal", "messages": [{"role": "user", "content": content}]}
                    async with gate, session.post(f"{address}/chat/completions", json=body) as reply:
                        text = (await reply.json())["choices"][0]["message"]["content"]
                    stream.write(json.dumps({"question": content, "answer": text}) + "\n")

                started = time.perf_counter()
                await asyncio.gather(*(one(number) for number in range(rows)))
                return time.perf_counter() - started

    return asyncio.run(run())


def main() -> None:
    """Runs the contender named on the command line."""
    contender, folder, address, rows, at_once = sys.argv[1:]
    run = {"factory": factory_build, "bare": bare}[contender]
    seconds = run(Path(folder), address, int(rows), int(at_once))
    used = resource.getrusage(resource.RUSAGE_SELF)
    figures = {
        "rows_per_second": int(rows) / seconds,
        "seconds_of_calls": seconds,
        "cpu_ms_per_row": 1000 * (used.ru_utime + used.ru_stime) / int(rows),
        "peak_mb": used.ru_maxrss / 1024,
    }
    print(json.dumps(figures), flush=True)
    os._exit(0)


if __name__ == "__main__":
    main()
