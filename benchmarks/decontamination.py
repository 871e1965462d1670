"""Decontamination in MB of text a second on one core, beside the hybrid over Python sets of tuples and datatrove's
filter; and what is found of leaks in real text.

    python benchmarks/decontamination.py [--mb 8] [--items 20000] [--runs 5] [--pages 'examples/pages/**/*.html']
                                         [--peers FOLDER]

The texts are paragraphs of the pages in random order; the benchmark items are words of the pages in random order,
so that their tokens are those of the texts and their n-grams are not, and one paragraph that stands in every
hundredth text, which is the leak. Sets of tuples and the index must judge alike. CPU time, medians; the last line
is one JSON object.

datatrove is measured where it can be imported (pip install datatrove spacy, or --target FOLDER and --peers FOLDER),
on a part of the text: it is two hundred times slower.
"""

from __future__ import annotations

import argparse
import json
import random
import statistics
import sys
import tempfile
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from selectolax.lexbor import LexborHTMLParser

from validators.decontamination.certificate import measure
from validators.decontamination.check import Finding, check
from validators.decontamination.grams import hash_text
from validators.decontamination.index import LONG, OVERLAP, SHORTEST, Index
from validators.decontamination.items import Item
from validators.decontamination.tokens import tokenize

INFO, CONTAMINATED = 0.1, 0.35
Judge = Callable[[str], tuple[str, float]]


def paragraphs(pages: str) -> dict[str, Path]:
    """Paragraphs of at least 40 words of the pages' text, each with the folder of its page."""
    found: dict[str, Path] = {}
    for page in sorted(Path().glob(pages)):
        body = LexborHTMLParser(page.read_bytes()).body
        nodes = body.css("p, li, dd, pre, td") if body else []
        found.update(
            (text, page.parent) for text in (node.text() for node in nodes) if len(text.split()) >= 40
        )
    if not found:
        raise SystemExit(f"no pages at '{pages}'; name others with --pages")
    return found


def texts(source: Sequence[str], leak: str, megabytes: float, draw: random.Random) -> list[str]:
    """Documents of ten paragraphs, as many as make so many MB; in every hundredth one is the leak."""
    made, size = [], 0.0
    while size < megabytes * 1e6:
        chosen = draw.choices(source, k=10)
        chosen[4] = chosen[4] if len(made) % 100 else leak
        made.append("\n\n".join(chosen))
        size += len(made[-1].encode())
    return made


def items(source: Sequence[str], leak: str, count: int, draw: random.Random) -> list[Item]:
    """Items of 20 to 80 words in random order, and the leak as the first."""
    words = [word for paragraph in source for word in paragraph.split()]
    made = [" ".join(draw.choices(words, k=draw.randint(20, 80))) for _ in range(count)]
    made[0] = leak
    return [Item(f"items:{number}", text) for number, text in enumerate(made)]


def questions(source: Sequence[str], draw: random.Random) -> list[Item]:
    """Items cut out of real paragraphs: every second a question of 3 to 20 words with four options of 1 to 8."""
    made = []
    for number, text in enumerate(source):
        words = text.split()
        start = draw.randint(3, 20)
        if number % 2:
            made.append(Item(f"plain:{number}", " ".join(words[: 3 * start])))
            continue
        pieces = [" ".join(words[:start]) + "?"]
        for _ in range(4):
            size = draw.randint(1, 4)
            pieces.append(" ".join(words[start : start + size]))
            start += size
        made.append(Item(f"asked:{number}", " ".join(pieces), pieces[0], tuple(pieces)))
    return made


def grams(tokens: Sequence[str], n: int) -> Iterator[tuple[str, ...]]:
    """The n-grams of a text as tuples."""
    return zip(*(tokens[at:] for at in range(n)), strict=False)


def with_tuples(source: Sequence[Item]) -> Judge:
    """The report's hybrid as one would first write it."""
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


def with_index(source: Sequence[Item], *, altered: bool) -> Judge:
    """The validator's way, with or without what goes beyond the report."""
    index = Index.build(source)

    def judge(text: str) -> tuple[str, float]:
        finding = check(index, text, INFO, CONTAMINATED, altered=altered)
        return finding.status, finding.ratio

    judge("")  # reads its compiled code
    return judge


def with_datatrove(source: Sequence[Item]) -> Judge | None:
    """datatrove's filter with its own tokeniser, None where it is not installed."""
    try:
        from datatrove.data import Document
        from datatrove.pipeline.decont.n_grams import NGramsDecontConfig, NGramsDecontFilter
        from datatrove.utils.hashing import HashConfig
    except ImportError:
        return None
    config = NGramsDecontConfig(n_grams=LONG, hash_config=HashConfig(hash_fc="sha1"))
    step = NGramsDecontFilter(tempfile.gettempdir(), config)
    step._index_hashes = {}
    for item in source:
        words = step.tokenizer.word_tokenize(item.text)
        step._index_hashes |= dict.fromkeys(map(step.hash_func, map(" ".join, grams(words, LONG))), "items")

    def judge(text: str) -> tuple[str, float]:
        return ("clean" if step.filter(Document(text=text, id="")) is True else "contaminated"), 0.0

    return judge


def speed(judge: Judge, documents: Sequence[str], runs: int) -> tuple[float, list[tuple[str, float]]]:
    """MB a second, the median of the runs, and what was found."""
    size = sum(len(text.encode()) for text in documents) / 1e6
    seconds, found = [], []
    for _ in range(runs):
        start = time.process_time()
        found = [judge(text) for text in documents]
        seconds.append(time.process_time() - start)
    return size / statistics.median(seconds), found


def main() -> None:
    """Measures all ways and prints tables and one JSON object."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--mb", type=float, default=8.0)
    parser.add_argument("--items", type=int, default=20_000)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--pages", default="examples/pages/**/*.html")
    parser.add_argument("--peers", type=Path)
    asked = parser.parse_args()
    if asked.peers:
        sys.path.append(str(asked.peers))
    draw = random.Random(0)
    pages = paragraphs(asked.pages)
    source = list(pages)
    leak = source.pop(draw.randrange(len(source)))
    documents = texts(source, leak, asked.mb, draw)
    benchmark = items(source, leak, asked.items, draw)
    report: dict[str, float | None] = {"mb": asked.mb, "items": len(benchmark)}

    found = {}
    ways: dict[str, tuple[Callable[[], Judge | None], Sequence[str], int]] = {
        "index": (lambda: with_index(benchmark, altered=True), documents, asked.runs),
        "published": (lambda: with_index(benchmark, altered=False), documents, asked.runs),
        "tuples": (lambda: with_tuples(benchmark), documents, max(1, asked.runs // 2)),
        "datatrove": (lambda: with_datatrove(benchmark), documents[:60], 1),
    }
    for name, (build, given, runs) in ways.items():
        start = time.process_time()
        judge = build()
        if judge is None:
            print(f"{name:10} is not installed: see --help")
            report[name] = None
            continue
        built = time.process_time() - start
        report[name], found[name] = speed(judge, given, runs)
        print(f"{name:10} build {built:6.2f} s, judge {report[name]:8.3f} MB/s")
    if found["published"] != found["tuples"]:
        raise SystemExit("the index and the tuples disagree")
    print(", ".join(f"{count} {status}" for status, count in Counter(s for s, _ in found["tuples"]).items()))
    start = time.process_time()
    for text in documents:
        hash_text(text)
    report["tokens_alone"] = asked.mb / (time.process_time() - start)
    for peer in ("tuples", "datatrove"):
        ours, theirs = report["index"], report[peer]
        report[f"times_{peer}"] = round(ours / theirs, 2) if ours and theirs else None

    folders = sorted(
        set(pages.values())
    )  # manuals repeat themselves: items and clean text are of different ones
    clean = [text for text, folder in pages.items() if folder in folders[1::2]]
    made = [
        item
        for item in questions([text for text, folder in pages.items() if folder in folders[::2]], draw)
        if sum(map(bool, tokenize(item.text))) >= SHORTEST
    ]
    index = Index.build(made)
    for name, altered in {"index": True, "published": False}.items():

        def compare(text: str, altered: bool = altered) -> Finding:
            return check(index, text, INFO, CONTAMINATED, altered=altered)

        recall = measure(made, clean, lambda text: compare(text).status == "contaminated")
        alarms = sum(compare(text).status == "contaminated" for text in clean)
        print(f"\n{name}: {len(made)} items of real text; false alarms {alarms} of {len(clean)}")
        for way, one in recall.items():
            print(f"  {way:30} {one['found']:>5} of {one['leaks']:>5}  {one['recall']:.1%}")
            report[f"{name}_{way.replace(' ', '_')}"] = one["recall"]
        report[f"{name}_false_alarms"] = alarms
    print(json.dumps({key: round(value, 4) if value else value for key, value in report.items()}))


if __name__ == "__main__":
    main()
