"""The HTML extractor beside trafilatura and resiliparse: words kept, structure kept, pages a second.

    python benchmarks/extraction.py FOLDER                 all pages
    python benchmarks/extraction.py FOLDER --part held     the third that rules were not tuned on
    python benchmarks/extraction.py FOLDER --worst forum   the pages where the best peer is furthest ahead
    python benchmarks/extraction.py FOLDER --first 4       articles alone, each cut to its first four paragraphs

FOLDER holds pages with ground truth as the web content extraction benchmark (WCXB) lays them down:
`wcxb/dev/ground-truth/*.json` beside `wcxb/dev/html/*.html.gz`. Pages are split by their hosts. F1 is that of
multisets of lower-case words, each Han or kana character a word; the mean over pages. The interval is the
bootstrap 95% interval of the mean paired difference to the better peer. 4-gram F1 is that of the mean precision
and the mean recall of multisets of four words, on articles. Peers: pip install 'seedfactory[bench]'.

Fidelity is the share of what a page's own markup holds, the mean over pages that hold any: blocks of code to the
letter, TeX between delimiters, rows of tables on one line, posts with 80% of their 3-grams and, of those, their
authors within 45 words before or 60 after. Beside WCXB it is taken on saved question pages
(`howdoi/page_cache/*questions*.gz`) and mathematical ones (`llm-webkit/bench/data/origin/*.html`), where they are.
"""

from __future__ import annotations

import argparse
import gzip
import hashlib
import json
import random
import re
import statistics
import sys
import time
from collections import Counter, defaultdict
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from urllib.parse import urlsplit

import structure

from factory.seeds.html import extract
from factory.seeds.html.encoding import decode

UNIT = re.compile(r"[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]|[^\W\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]+")
LINK = re.compile(r"!?\[((?:[^\[\]]|\[[^\[\]]*\])*)\]\([^()\s]*(?:\([^()]*\)[^()\s]*)*(?:\s+\"[^\"]*\")?\)")
ESCAPE = re.compile(r"\\([^\w\s])")
WHOLE = re.compile(
    r'"articleBody"\s*:\s*"(?:[^"\\]|\\.)*"'
)  # the text of an article, as its page tells machines
RESAMPLES = 2000


@dataclass(frozen=True)
class Page:
    """A page with what a person would keep of it."""

    name: str
    host: str
    kind: str
    raw: bytes
    gold: str

    @property
    def held(self) -> bool:
        """Whether the page belongs to the third that no rule was tuned on."""
        return hashlib.blake2b(self.host.encode(), digest_size=8).digest()[0] % 3 == 0


def pages(folder: Path) -> list[Page]:
    """The pages of WCXB's development part."""
    found = []
    for path in sorted((folder / "wcxb/dev/ground-truth").glob("*.json")):
        row = json.loads(path.read_text(encoding="utf-8"))
        kind = ((row.get("_internal") or {}).get("page_type") or {}).get("primary") or "article"
        raw = gzip.decompress((folder / f"wcxb/dev/html/{path.stem}.html.gz").read_bytes())
        host = (urlsplit(row.get("url") or "").hostname or path.stem).removeprefix("www.")
        gold = row["ground_truth"].get("main_content") or ""
        found.append(Page(path.stem, host, "collection" if kind == "category" else kind, raw, gold))
    return found


def ours(raw: bytes) -> str:
    """Our Markdown."""
    return extract(raw).markdown


def trafilatura_text(raw: bytes) -> str:
    """trafilatura at its defaults, as text."""
    import trafilatura

    return trafilatura.extract(decode(raw).text) or ""


def resiliparse_text(raw: bytes) -> str:
    """resiliparse's main content, as text."""
    from resiliparse.extract.html2text import extract_plain_text

    return str(extract_plain_text(decode(raw).text, main_content=True))


def shortened(page: Page, count: int) -> Page | None:
    """An article cut to its first paragraphs, with all that stands around it, as short news stand on their pages; none
    where it has fewer."""
    from selectolax.lexbor import LexborHTMLParser

    wanted = set(grams(plain(page.gold), 4))
    tree = LexborHTMLParser(decode(page.raw).text)
    kept = 0
    for node in tree.css(
        "body p, body li, body pre, body blockquote, body table, body figure, body ul, body ol"
    ):
        said = grams(node.text(separator=" "), 4)
        if not said or _share(said, wanted) < 0.8:
            continue
        if node.tag in ("p", "blockquote") and len(said) >= 8 and kept < count:
            kept += 1
        elif kept >= count or node.tag not in ("ul", "ol", "li", "blockquote"):
            node.decompose()
    raw = WHOLE.sub('"articleBody":""', tree.html or "").encode()
    for node in tree.css("script, style"):
        node.decompose()
    left = set(grams(tree.body.text(separator=" ") if tree.body else "", 4))
    gold = "\n".join(line for line in page.gold.split("\n") if _share(grams(plain(line), 4), left) > 0.6)
    return replace(page, raw=raw, gold=gold) if kept == count and gold else None


def _share(said: list[tuple[str, ...]], among: set[tuple[str, ...]]) -> float:
    return sum(each in among for each in said) / max(len(said), 1)


PEERS: dict[str, Callable[[bytes], str]] = {
    "ours": ours,
    "trafilatura": trafilatura_text,
    "resiliparse": resiliparse_text,
}


def plain(text: str) -> str:
    """A text with its Markdown taken off."""
    return re.sub(r"(?<!\w)_+|_+(?!\w)", "", ESCAPE.sub(r"\1", LINK.sub(r"\1", text)))


def trafilatura_markdown(raw: bytes) -> str:
    """trafilatura as Markdown."""
    import trafilatura

    return trafilatura.extract(decode(raw).text, output_format="markdown", include_formatting=True) or ""


MARKDOWN = {"ours": ours, "trafilatura": trafilatura_markdown, "resiliparse": resiliparse_text}


def grams(text: str, size: int) -> list[tuple[str, ...]]:
    """The runs of `size` words of a text, case kept."""
    found = UNIT.findall(text)
    return list(zip(*(found[first:] for first in range(size)), strict=False))


def words(text: str) -> Counter[str]:
    """The words of a text, its Markdown taken off."""
    return Counter(UNIT.findall(plain(text).lower()))


def f1(gold: str, text: str) -> float:
    """Word F1 of a text against what a person would keep."""
    wanted, found = words(gold), words(text)
    if not wanted:
        return 1.0 if not found else 0.0
    hits = sum((wanted & found).values())
    return 2 * hits / (sum(wanted.values()) + sum(found.values())) if hits else 0.0


def four_grams(chosen: list[Page], texts: dict[str, str]) -> float:
    """F1 of the mean precision and the mean recall of the 4-grams of articles."""
    precisions, recalls = [], []
    for page in chosen:
        if page.kind == "article" and page.gold:
            wanted, found = Counter(grams(plain(page.gold), 4)), Counter(grams(plain(texts[page.name]), 4))
            hits = sum((wanted & found).values())
            precisions.append(hits / max(sum(found.values()), 1))
            recalls.append(hits / max(sum(wanted.values()), 1))
    if not precisions:
        return 0.0
    precision, recall = statistics.fmean(precisions), statistics.fmean(recalls)
    return 2 * precision * recall / max(precision + recall, 1e-9)


def interval(differences: list[float]) -> tuple[float, float]:
    """The bootstrap 95% interval of a mean."""
    source = random.Random(7)
    means = sorted(
        statistics.fmean(source.choices(differences, k=len(differences))) for _ in range(RESAMPLES)
    )
    return means[int(0.025 * RESAMPLES)], means[int(0.975 * RESAMPLES)]


def outputs(chosen: list[Page], cache: Path) -> dict[str, dict[str, str]]:
    """What each extractor makes of each page; peers' answers are kept for the next time."""
    made: dict[str, dict[str, str]] = {}
    for peer, function in PEERS.items():
        file = cache / f"{peer}.json"
        known = json.loads(file.read_text()) if peer != "ours" and file.exists() else {}
        for page in chosen:
            if page.name not in known:
                known[page.name] = function(page.raw)
        if peer != "ours":
            cache.mkdir(parents=True, exist_ok=True)
            file.write_text(json.dumps(known))
        made[peer] = {page.name: known[page.name] for page in chosen}
    return made


def others(folder: Path) -> dict[str, list[tuple[bytes, str | None]]]:
    """Pages without a text to compare with, whose markup tells what they hold."""
    questions = sorted((folder / "howdoi/page_cache").glob("*questions*.gz"))
    formulas = sorted((folder / "llm-webkit/bench/data/origin").glob("*.html"))
    return {
        "questions": [(gzip.decompress(path.read_bytes()), None) for path in questions],
        "formulas": [(path.read_bytes(), None) for path in formulas],
    }


def fidelity(name: str, given: list[tuple[bytes, str | None]]) -> dict[str, dict[str, float]]:
    """Prints and returns what each extractor's Markdown keeps of the structure of pages, means over pages."""
    shares: dict[str, dict[str, list[float]]] = defaultdict(lambda: defaultdict(list))
    for raw, gold in given:
        held = structure.of_page(decode(raw).text, gold)
        if held.empty:
            continue
        for peer, function in MARKDOWN.items():
            for what, share in structure.kept(held, function(raw)).items():
                shares[peer][what].append(share)
    told = {
        peer: {what: round(statistics.fmean(each), 4) for what, each in sorted(row.items())}
        for peer, row in shares.items()
    }
    print(f"\nfidelity, {name}")
    for peer, row in told.items():
        print(f"{peer:14} " + "  ".join(f"{what} {share:.3f}" for what, share in row.items()))
    return told


def speed(chosen: list[Page], rounds: int) -> dict[str, float]:
    """Pages a CPU second of each extractor, in turns over the same pages; medians."""
    rates = defaultdict(list)
    for _ in range(rounds):
        for peer, function in PEERS.items():
            start = time.process_time()
            for page in chosen:
                function(page.raw)
            rates[peer].append(len(chosen) / (time.process_time() - start))
    return {peer: round(statistics.median(values), 1) for peer, values in rates.items()}


def main() -> None:
    """Prints tables, and one line of JSON."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("folder", type=Path)
    parser.add_argument("--part", choices=["tune", "held", "all"], default="all")
    parser.add_argument("--cache", type=Path, default=Path("build/extraction"))
    parser.add_argument("--worst", metavar="KIND")
    parser.add_argument("--first", type=int, metavar="N", help="paragraphs to which articles are cut")
    parser.add_argument("--rounds", type=int, default=3, help="of the measurement of speed; 0: none")
    options = parser.parse_args()
    every = pages(options.folder)
    if not every:
        sys.exit(f"{options.folder} holds no wcxb/dev/ground-truth/*.json")
    chosen = [page for page in every if options.part == "all" or page.held == (options.part == "held")]
    if options.first:
        articles = [page for page in chosen if page.kind == "article"]
        chosen = [cut for page in articles if (cut := shortened(page, options.first))]
        options.cache /= f"first-{options.first}"
    made = outputs(chosen, options.cache)
    scores = {peer: {page.name: f1(page.gold, made[peer][page.name]) for page in chosen} for peer in PEERS}
    if options.worst:
        worst(chosen, scores, options.worst)
        return
    result: dict[str, object] = {"benchmark": "extraction", "part": options.part, "pages": len(chosen)}
    result["word_f1"] = quality(chosen, scores)
    result["articles_4gram_f1"] = {peer: round(four_grams(chosen, texts), 4) for peer, texts in made.items()}
    print(f"\n4-gram F1 of articles: {result['articles_4gram_f1']}")
    sets = others(options.folder)
    sets["wcxb"] = [(page.raw, page.gold) for page in chosen]
    result["fidelity"] = {name: fidelity(name, each) for name, each in sets.items() if each}
    if options.rounds:
        sample = random.Random(3).sample(chosen, min(150, len(chosen)))
        result["pages_per_cpu_second"] = speed(sample, options.rounds)
        print(f"pages a CPU second: {result['pages_per_cpu_second']}")
    print(json.dumps(result))


def quality(chosen: list[Page], scores: dict[str, dict[str, float]]) -> dict[str, object]:
    """Prints and returns mean F1 by kind of page, with the interval of the difference to the better peer."""
    told: dict[str, object] = {}
    print(
        f"{'kind':14} {'pages':>5} "
        + " ".join(f"{peer:>12}" for peer in scores)
        + "   difference to the better peer"
    )
    for kind in [*sorted({page.kind for page in chosen}), "all"]:
        names = [page.name for page in chosen if kind in (page.kind, "all")]
        means = {peer: statistics.fmean(values[name] for name in names) for peer, values in scores.items()}
        best = max((peer for peer in scores if peer != "ours"), key=lambda peer: means[peer])
        low, high = interval([scores["ours"][name] - scores[best][name] for name in names])
        row = " ".join(f"{mean:12.3f}" for mean in means.values())
        print(
            f"{kind:14} {len(names):5} {row}   {means['ours'] - means[best]:+.3f} [{low:+.3f}, {high:+.3f}]"
        )
        rounded = {peer: round(mean, 4) for peer, mean in means.items()}
        told[kind] = {**rounded, "pages": len(names), "interval": [round(low, 4), round(high, 4)]}
    return told


def worst(chosen: list[Page], scores: dict[str, dict[str, float]], kind: str) -> None:
    """Prints the pages of a kind on which the best peer is furthest ahead."""
    best = {page.name: max(scores[peer][page.name] for peer in scores if peer != "ours") for page in chosen}
    of_kind = [page for page in chosen if kind in (page.kind, "all")]
    for page in sorted(of_kind, key=lambda page: scores["ours"][page.name] - best[page.name])[:25]:
        print(
            f"{page.name} {page.kind:12} ours {scores['ours'][page.name]:.3f} best {best[page.name]:.3f} {page.host}"
        )


if __name__ == "__main__":
    main()
