"""Decontamination in MB of text a second on one core, beside the same hybrid over Python sets of tuples.

    python benchmarks/decontamination.py [--mb 8] [--items 20000] [--pages 'examples/pages/**/*.html']

The texts are paragraphs of the pages in random order; the benchmark items are words of the pages in random
order, so that their tokens are those of the texts and their n-grams are not, and a few paragraphs as they
stand, which are the leaks. Both ways must find the same. CPU time; the last line is one JSON object.
"""

from __future__ import annotations

import argparse
import json
import random
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from selectolax.lexbor import LexborHTMLParser

from validators.decontamination.check import check
from validators.decontamination.index import LONG, OVERLAP, Index
from validators.decontamination.items import Item
from validators.decontamination.tokens import tokenize

INFO, CONTAMINATED = 0.1, 0.35
Judge = Callable[[str], tuple[str, float]]


def paragraphs(pages: str) -> list[str]:
    """Paragraphs of at least 40 words of the pages' text."""
    found: list[str] = []
    for page in sorted(Path().glob(pages)):
        body = LexborHTMLParser(page.read_bytes()).body
        nodes = body.css("p, li, dd, pre, td") if body else []
        found.extend(text for text in (node.text() for node in nodes) if len(text.split()) >= 40)
    if not found:
        raise SystemExit(f"no pages at '{pages}'; name others with --pages")
    return found


def texts(source: Sequence[str], megabytes: float, draw: random.Random) -> list[str]:
    """Documents of ten paragraphs, as many as make so many MB."""
    made, size = [], 0.0
    while size < megabytes * 1e6:
        made.append("\n\n".join(draw.choices(source, k=10)))
        size += len(made[-1].encode())
    return made


def items(source: Sequence[str], count: int, draw: random.Random) -> list[Item]:
    """Items of 20 to 80 words in random order, and one paragraph in five thousand items as it stands."""
    words = [word for paragraph in source for word in paragraph.split()]
    made = [" ".join(draw.choices(words, k=draw.randint(20, 80))) for _ in range(count)]
    made[::5000] = draw.sample(source, k=len(made[::5000]))
    return [Item(f"item {number}", text) for number, text in enumerate(made)]


def grams(tokens: Sequence[str], n: int) -> Iterator[tuple[str, ...]]:
    """The n-grams of a text as tuples."""
    return zip(*(tokens[at:] for at in range(n)), strict=False)


def with_tuples(source: Sequence[Item]) -> Judge:
    """The same hybrid as one would first write it."""
    long: set[tuple[str, ...]] = set()
    overlap: dict[tuple[str, ...], list[int]] = defaultdict(list)
    sizes: list[int] = []
    for number, item in enumerate(source):
        tokens = tokenize(item.text)
        long.update(grams([token for token in tokens if token], LONG))
        mine = set(grams(tokens, OVERLAP))
        sizes.append(len(mine))
        for gram in mine:
            overlap[gram].append(number)

    def judge(text: str) -> tuple[str, float]:
        tokens = tokenize(text)
        mine = set(grams(tokens, OVERLAP))
        shared = Counter(number for gram in mine & overlap.keys() for number in overlap[gram])
        ratio = max((count / min(len(mine), sizes[number]) for number, count in shared.items()), default=0.0)
        if not long.isdisjoint(grams(tokens, LONG)) or ratio >= CONTAMINATED:
            return "contaminated", ratio
        return ("partial" if ratio > INFO else "clean"), ratio

    return judge


def with_index(source: Sequence[Item]) -> Judge:
    """The validator's way."""
    index = Index.build(source)

    def judge(text: str) -> tuple[str, float]:
        finding = check(index, text, INFO, CONTAMINATED)
        return finding.status, finding.ratio

    return judge


def main() -> None:
    """Measures both and prints a table and one JSON object."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--mb", type=float, default=8.0)
    parser.add_argument("--items", type=int, default=20_000)
    parser.add_argument("--pages", default="examples/pages/**/*.html")
    asked = parser.parse_args()
    draw = random.Random(0)
    source = paragraphs(asked.pages)
    documents, benchmark = texts(source, asked.mb, draw), items(source, asked.items, draw)
    size = sum(len(text.encode()) for text in documents) / 1e6
    report: dict[str, float] = {"mb": round(size, 2), "items": len(benchmark)}
    found = []
    for name, build in {"tuples": with_tuples, "index": with_index}.items():
        start = time.process_time()
        judge = build(benchmark)
        built = time.process_time()
        found.append([judge(text) for text in documents])
        seconds = time.process_time() - built
        report |= {f"{name}_build_s": round(built - start, 2), f"{name}_mb_per_s": round(size / seconds, 2)}
        print(f"{name:8} build {built - start:6.2f} s, judge {size / seconds:6.2f} MB/s")
    if found[0] != found[1]:
        raise SystemExit("the two ways disagree")
    statuses = Counter(status for status, _ in found[0])
    print(", ".join(f"{count} {status}" for status, count in sorted(statuses.items())))
    ratio = report["index_mb_per_s"] / report["tuples_mb_per_s"]
    print(json.dumps({**report, "ratio": round(ratio, 2), "contaminated": statuses["contaminated"]}))


if __name__ == "__main__":
    main()
