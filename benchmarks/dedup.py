"""Near-duplicates: ours beside datasketch and rensa, in one run on one core.

    python benchmarks/dedup.py [--documents 20000] [--rounds 3]

Documents are drawn from the words of the example pages, 435 words each; every tenth has a twin in which single
words are changed, so that pairs of known similarity are there. Signing is from text to 128 values a document,
shingling included (word 5-grams), for all three. The whole step is `near_duplicates` as a seed set runs it.
Peers: pip install datasketch 'seedfactory[bench]'.
"""

from __future__ import annotations

import argparse
import json
import random
import re
import resource
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from factory.plugins import Member
from factory.seeds.cleaners.near_duplicates import near_duplicates
from factory.seeds.html import extract
from factory.seeds.members import seeds_in_order
from factory.seeds.minhash import hash_texts, signatures

PAGES = Path(__file__).parent.parent / "examples/pages"
LENGTH = 435


def corpus(count: int) -> tuple[list[str], list[tuple[int, int]]]:
    """Texts, and the pairs of them that are twins."""
    words = sorted(
        {
            word
            for path in PAGES.rglob("*.html")
            for word in re.findall(r"\w+", extract(path.read_bytes()).markdown)
        }
    )
    source = random.Random(11)
    texts = [" ".join(source.choices(words, k=LENGTH)) for _ in range(count * 10 // 11)]
    twins = []
    for number in range(0, len(texts), 10):
        changed = texts[number].split(" ")
        for at in source.sample(range(LENGTH), source.randint(0, 24)):
            changed[at] = source.choice(words)
        twins.append((number, len(texts)))
        texts.append(" ".join(changed))
    return texts, twins


def shingles(text: str) -> set[str]:
    """The word 5-grams of a text, as peers are given them."""
    words = text.lower().split(" ")
    return {" ".join(words[at : at + 5]) for at in range(len(words) - 4)}


def sign_ours(texts: list[str]) -> None:
    """Text to signatures, in batches."""
    for start in range(0, len(texts), 2000):
        signatures(hash_texts(texts[start : start + 2000]))


def sign_datasketch(texts: list[str]) -> None:
    """datasketch in its quickest form."""
    from datasketch import MinHash

    for text in texts:
        sketch = MinHash(num_perm=128)
        sketch.update_batch([shingle.encode() for shingle in shingles(text)])


def sign_rensa(texts: list[str]) -> None:
    """rensa's RMinHash."""
    from rensa import RMinHash

    for text in texts:
        sketch = RMinHash(num_perm=128, seed=42)
        sketch.update(list(shingles(text)))
        sketch.digest()


def rate(function: Callable[[list[str]], None], texts: list[str]) -> float:
    """Documents a CPU second."""
    start = time.process_time()
    function(texts)
    return len(texts) / (time.process_time() - start)


def main() -> None:
    """Prints rates and found pairs, and one line of JSON."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--documents", type=int, default=20_000)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    texts, twins = corpus(options.documents)
    sign_ours(texts[:10])  # compiled before the clock runs
    peers = {"ours": sign_ours, "datasketch": sign_datasketch, "rensa": sign_rensa}
    rounds: dict[str, list[float]] = {name: [] for name in peers}
    for _ in range(options.rounds):
        for name, function in peers.items():
            rounds[name].append(rate(function, texts if name == "ours" else texts[:1500]))
    signing = {name: round(statistics.median(values)) for name, values in rounds.items()}
    members = [Member(f"{number:09}", text, "a.txt", {}) for number, text in enumerate(texts)]
    with tempfile.TemporaryDirectory() as folder, seeds_in_order(members, Path(folder), rows=8192) as seeds:
        start, wall = time.process_time(), time.perf_counter()
        gone = dict(near_duplicates.bind(threshold=0.8).choose(seeds))
        step = len(texts) / (time.process_time() - start)
        wall = time.perf_counter() - wall
    found = {"at .8": [0, 0], "at .9": [0, 0], "below .75": [0, 0]}
    for one, other in twins:
        first, second = shingles(texts[one]), shingles(texts[other])
        value = len(first & second) / len(first | second)
        hit = f"{one:09}" in gone or f"{other:09}" in gone
        band = "at .9" if value >= 0.9 else "at .8" if value >= 0.8 else "below .75" if value < 0.75 else ""
        if band:
            found[band][0] += hit
            found[band][1] += 1
    print(f"signing, documents a CPU second: {signing}")
    print(
        f"whole step over {len(texts):,} documents: {step:,.0f} a CPU second, {wall:.1f} s; pairs found: {found}"
    )
    result = {
        "benchmark": "dedup",
        "documents": len(texts),
        "signing": signing,
        "times_datasketch": round(signing["ours"] / signing["datasketch"], 1),
        "times_rensa": round(signing["ours"] / signing["rensa"], 1),
        "step": round(step),
        "found": found,
        "peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss >> 10,
    }
    print(json.dumps(result))


if __name__ == "__main__":
    main()
