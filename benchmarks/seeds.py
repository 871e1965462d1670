"""Rates of every step between a crawl and scored passages, on one core: what `docs/scaling.md` computes with; and the
whole line beside datatrove's.

    python benchmarks/seeds.py [--pages 600] [--rounds 3] [--peers FOLDER ...] [FOLDER]

A web archive is written of the example pages (or of the `*.html` and `*.html.gz` below FOLDER), repeated under
other addresses with half of their words changed until there are enough; every tenth has a twin with one word in
eighty changed. Each step is timed alone over what the one before it left; then `factory seeds` runs over it all as a
user would, with one worker and with two, and datatrove's line, where it can be imported: WARC, trafilatura, Gopher's
filters, MinHash. CPU seconds of all processes; medians. Of the twins that came to the deduplication both, one is to
go. Peers: pip install --target FOLDER datatrove spacy nltk faust-cchardet python-magic.
"""

from __future__ import annotations

import argparse
import gzip
import importlib.machinery
import importlib.util
import json
import os
import random
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

from factory.plugins import Drop, Found
from factory.records import Document
from factory.seeds.cleaners.corruption import corruption
from factory.seeds.cleaners.heuristics import heuristics
from factory.seeds.cleaners.language import language
from factory.seeds.cleaners.mojibake import mojibake
from factory.seeds.cleaners.repetition import repetition
from factory.seeds.prose import blocks_of_text
from factory.seeds.segment import stretches
from factory.seeds.sources.warc import warc
from factory.store.reader import query

ROOT = Path(__file__).parent.parent
TWINS = 10
"""One page of so many is a twin of the one before it."""
_MARKUP = re.compile(
    rb"(<script.*?</script\s*>|<style.*?</style\s*>|<pre.*?</pre\s*>|<[^>]*>)|\b([a-z]{4,12})\b", re.DOTALL
)
CATALOG = """
seeds:
  web:
    source: warc
    path: "*.warc.gz"
    as: document
    keep: shards
    clean: [mojibake, language, corruption, repetition, heuristics, near_duplicates]
  passages: {from: web, as: passage, keep: shards, clean: [heuristics]}
"""
BESIDE = """
seeds:
  web:
    source: warc
    path: "*.warc.gz"
    as: document
    keep: shards
    clean: [corruption, repetition, heuristics, near_duplicates]
"""
"""The steps that Gopher's filters and MinHash stand for: repetition and noise; length, marks and stop words."""


def raw_pages(folder: Path) -> list[bytes]:
    """The pages of a folder."""
    packed = [gzip.decompress(path.read_bytes()) for path in sorted(folder.rglob("*.html.gz"))]
    return packed + [path.read_bytes() for path in sorted(folder.rglob("*.html"))]


def write_archives(pages: list[bytes], count: int, folder: Path, parts: int) -> int:
    """Web archives of `count` pages in so many files; the bytes of their HTML. Page 10 n + 9 is a twin of 10 n + 8."""
    spec = importlib.util.spec_from_file_location("archive", ROOT / "examples/crawl/archive.py")
    assert spec and spec.loader
    archive = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(archive)
    source, size = random.Random(5), 0
    split = [_MARKUP.split(page) for page in pages]
    words = sorted({word for tokens in split for word in tokens[2::3] if word})
    files = [(folder / f"{part}.warc.gz").open("wb") for part in range(parts)]
    tokens: list[bytes] = []
    for number in range(count):
        if is_twin := number % TWINS == TWINS - 1:
            tokens = changed(tokens, words, 1 / 80, source)
        else:
            tokens = split[number % len(split)]
        if number >= len(pages) and not is_twin:
            tokens = changed(tokens, words, 1 / 2, source)
        page = b"".join(token for token in tokens if token)
        size += len(page)
        files[number % parts].write(archive.record(address(number), page))
    for file in files:
        file.close()
    return size


def changed(tokens: list[bytes], words: list[bytes], share: float, source: random.Random) -> list[bytes]:
    """A page with a share of its words changed for others. Words of the text alone: a tag that lost its name would be
    another page altogether."""
    return [
        source.choice(words) if place % 3 == 2 and token and source.random() < share else token
        for place, token in enumerate(tokens)
    ]


def address(number: int) -> str:
    """The address of a page."""
    return f"https://example.org/{number}"


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
    parser.add_argument("--peers", nargs="*", default=[], help="folders to import datatrove from")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        size = write_archives(raw_pages(options.folder), options.pages, folder, 4)
        rates = steps(folder, options.rounds)
        (folder / "catalog.yaml").write_text(CATALOG)
        walls = {workers: line(folder, workers).wall for workers in (2, 1)}
        (folder / "catalog.yaml").write_text(BESIDE)
        beside = {"ours": ours(folder, options.pages)}
        if theirs := datatrove(folder, options):
            beside["datatrove"] = theirs
    mean = size / options.pages
    print(f"{options.pages} pages of {mean / 1000:.0f} kB")
    for step, rate in rates.items():
        print(f"  {step:28} {rate:10,.0f} a CPU second")
    print(f"  factory seeds, wall seconds by workers: {walls}")
    for name, told in beside.items():
        print(f"  {name}: {told}")
    result = {
        "benchmark": "seeds",
        "pages": options.pages,
        "mean_bytes": round(mean),
        "a_cpu_second": rates,
        "wall_s": walls,
        "beside": beside,
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
        ("mojibake", mojibake.bind().clean),
        ("language", language.bind().clean),
        ("corruption", corruption.bind()),
        ("repetition", repetition.bind()),
        ("heuristics", heuristics.bind()),
    ):
        seconds, after = timed(lambda step=step, items=items: [step(item) for item in items], rounds)  # type: ignore[misc]
        rates[name] = round(len(items) / seconds, 1)
        items = [item for item in after if not isinstance(item, Drop)]

    def cut() -> int:
        texts = (item.seed.text for item in items)  # type: ignore[attr-defined]
        return sum(not part.short for text in texts for part in stretches(list(blocks_of_text(text))))

    seconds, passages = timed(cut, rounds)
    rates["cut into passages"] = round(len(items) / seconds, 1)
    rates["passages a document"] = round(passages / max(len(items), 1), 2)
    return rates


class Run(NamedTuple):
    """A process and all that it started: what it printed, seconds, and the most memory that one of them held."""

    out: str
    wall: float
    cpu: float
    peak_mb: int


def run(command: list[str], folder: Path) -> Run:
    """Runs a command to its end."""
    start = time.perf_counter()
    with tempfile.TemporaryFile("w+") as out, tempfile.TemporaryFile("w+") as errors:
        process = subprocess.Popen(command, cwd=folder, stdout=out, stderr=errors)
        _, status, used = os.wait4(process.pid, 0)
        text, log = (file.read() for file in (out, errors) if not file.seek(0))
    if status:
        code = os.waitstatus_to_exitcode(status)
        raise SystemExit(f"{' '.join(command)} ended with {code}:\n{text[-2000:]}{log[-2000:]}")
    cpu = used.ru_utime + used.ru_stime
    return Run(text, round(time.perf_counter() - start, 1), cpu, used.ru_maxrss >> 10)


def line(folder: Path, workers: int) -> Run:
    """`factory seeds` over everything, from nothing."""
    shutil.rmtree(folder / "build", ignore_errors=True)
    return run([sys.executable, "-m", "factory", "seeds", "-q", "-w", str(workers)], folder)


def told(made: Run, pages: int, came: set[str], stayed: set[str]) -> dict[str, float]:
    """What a line came to."""
    twins = [{address(one - 1), address(one)} for one in range(TWINS - 1, pages, TWINS)]
    both = [pair for pair in twins if pair <= came]
    return {
        "pages_a_cpu_second": round(pages / made.cpu, 1),
        "peak_mb": made.peak_mb,
        "came_to_deduplication": len(came),
        "twins": len(both),
        "twins_found": sum(not pair <= stayed for pair in both),
        "others_gone": len(came - stayed) - sum(len(pair - stayed) for pair in both),
    }


def ours(folder: Path, pages: int) -> dict[str, float]:
    """Our line as far as theirs goes, with one worker."""
    made = line(folder, 1)
    store = folder / "build/factory.duckdb"
    stayed = _addresses(store, "sets.web")
    gone = _addresses(store, "drops where step in ('near_duplicates', 'exact_duplicates')")
    return told(made, pages, stayed | gone, stayed)


def _addresses(store: Path, rows: str) -> set[str]:
    return {row["url"] for row in query(store, f"select url from {rows}").to_pylist()}


def datatrove(folder: Path, options: argparse.Namespace) -> dict[str, float] | None:
    """datatrove's line; None where it is not installed."""
    find = importlib.machinery.PathFinder.find_spec
    if not find("datatrove", [*sys.path, *options.peers]):
        return None
    script = Path(__file__).with_name("_seeds_peer.py")
    peers = [str(Path(peer).resolve()) for peer in options.peers]
    made = run([sys.executable, str(script), str(folder), str(folder / "theirs"), *peers], folder)
    found = json.loads(made.out.splitlines()[-1])
    return told(made, options.pages, set(found["came"]), set(found["stayed"]))


if __name__ == "__main__":
    main()
