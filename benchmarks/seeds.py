"""Rates of every step between a crawl and scored passages, on one core: what `docs/scaling.md` computes with.

    python benchmarks/seeds.py [--pages 600] [--rounds 3] [FOLDER]

A web archive is written of the example pages (or of the `*.html` and `*.html.gz` below FOLDER), repeated under
other addresses with words changed until there are enough, and each step is timed alone over what the one before
it left; then `factory seeds` runs over it all as a user would, with one worker and with two. CPU seconds; medians.
"""

from __future__ import annotations

import argparse
import gzip
import importlib.util
import json
import random
import re
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from factory.plugins import Drop, Found
from factory.records import Document
from factory.seeds.cleaners.corruption import corruption
from factory.seeds.cleaners.heuristics import heuristics
from factory.seeds.cleaners.language import language
from factory.seeds.cleaners.mojibake import mojibake
from factory.seeds.prose import blocks_of_text
from factory.seeds.segment import segment
from factory.seeds.sources.warc import warc

ROOT = Path(__file__).parent.parent
CATALOG = """
seeds:
  web:
    source: warc
    path: "*.warc.gz"
    as: document
    keep: shards
    clean: [mojibake, language, corruption, heuristics, near_duplicates]
  passages: {from: web, as: passage, keep: shards, clean: [heuristics]}
"""


def raw_pages(folder: Path) -> list[bytes]:
    """The pages of a folder."""
    packed = [gzip.decompress(path.read_bytes()) for path in sorted(folder.rglob("*.html.gz"))]
    return packed + [path.read_bytes() for path in sorted(folder.rglob("*.html"))]


def write_archives(pages: list[bytes], count: int, folder: Path, parts: int) -> int:
    """Web archives of `count` pages in so many files; the bytes of their HTML."""
    spec = importlib.util.spec_from_file_location("archive", ROOT / "examples/crawl/archive.py")
    assert spec and spec.loader
    archive = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(archive)
    source, size = random.Random(5), 0
    files = [(folder / f"{part}.warc.gz").open("wb") for part in range(parts)]
    for number in range(count):
        page = pages[number % len(pages)]
        if number >= len(pages):
            # Words of the text alone: a tag that lost its name would be another page altogether.
            page = re.sub(
                rb"(?<= )[a-z]{5,9}(?= )",
                lambda found: found[0][::-1] if source.random() < 0.3 else found[0],
                page,
            )
        size += len(page)
        files[number % parts].write(archive.record(f"https://example.org/{number}", page))
    for file in files:
        file.close()
    return size


def timed(function: Callable[[], Any], rounds: int) -> tuple[float, Any]:
    """CPU seconds of a call, the median of several, and what it gave."""
    seconds, result = [], None
    for _ in range(rounds):
        start = time.process_time()
        result = function()
        seconds.append(time.process_time() - start)
    return statistics.median(seconds), result


def main() -> None:
    """Prints a table, and one line of JSON."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("folder", nargs="?", type=Path, default=ROOT / "examples/pages")
    parser.add_argument("--pages", type=int, default=600)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        size = write_archives(raw_pages(options.folder), options.pages, folder, 4)
        rates = steps(folder, options.rounds)
        (folder / "catalog.yaml").write_text(CATALOG)
        walls = {workers: line(folder, workers) for workers in (1, 2)}
    mean = size / options.pages
    print(f"{options.pages} pages of {mean / 1000:.0f} kB")
    for step, rate in rates.items():
        print(f"  {step:28} {rate:10,.0f} a CPU second")
    print(f"  factory seeds, wall seconds by workers: {walls}")
    result = {
        "benchmark": "seeds",
        "pages": options.pages,
        "mean_bytes": round(mean),
        "a_cpu_second": rates,
        "wall_s": walls,
    }
    print(json.dumps(result))


def steps(folder: Path, rounds: int) -> dict[str, float]:
    """Pages (documents, for steps behind the first) a CPU second of each step alone."""
    archives = sorted(folder.glob("*.warc.gz"))
    rates: dict[str, float] = {}

    def read() -> list[Found]:
        return [
            item
            for path in archives
            for item in warc(path, Document, min_words=50)
            if isinstance(item, Found)
        ]

    seconds, items = timed(read, 1)
    rates["read and extract"] = round(len(items) / seconds, 1)
    for name, step in (
        ("mojibake", mojibake.bind()),
        ("language", language.bind().clean),
        ("corruption", corruption.bind()),
        ("heuristics", heuristics.bind()),
    ):
        seconds, after = timed(lambda step=step, items=items: [step(item) for item in items], rounds)  # type: ignore[misc]
        rates[name] = round(len(items) / seconds, 1)
        items = [item for item in after if not isinstance(item, Drop)]

    def cut() -> int:
        return sum(1 for item in items for _ in segment(list(blocks_of_text(item.seed.text))))  # type: ignore[attr-defined]

    seconds, passages = timed(cut, rounds)
    rates["cut into passages"] = round(len(items) / seconds, 1)
    rates["passages a document"] = round(passages / max(len(items), 1), 2)
    return rates


def line(folder: Path, workers: int) -> float:
    """Wall seconds of `factory seeds` over everything, from nothing."""
    subprocess.run(["rm", "-rf", str(folder / "build")], check=True)
    start = time.perf_counter()
    command = [sys.executable, "-m", "factory", "seeds", "-q", "-w", str(workers)]
    subprocess.run(command, cwd=folder, check=True, stdout=subprocess.DEVNULL)
    return round(time.perf_counter() - start, 1)


if __name__ == "__main__":
    main()
