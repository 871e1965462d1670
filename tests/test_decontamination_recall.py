"""What decontamination finds of benchmark items that leaked into real text, altered as leaks are, and what it
makes of real text without any."""

from __future__ import annotations

import functools
import random
import re
from pathlib import Path

import pytest
from selectolax.lexbor import LexborHTMLParser

from validators.decontamination.certificate import WAYS, certify, measure
from validators.decontamination.check import Finding, check
from validators.decontamination.index import Index
from validators.decontamination.items import Item

PAGES = Path(__file__).parent.parent / "examples" / "pages"
ASKED, CLEAN = ("python", "scipy", "gnucash"), ("postgresql", "debian_handbook", "sympy")
"""Pages that items are made of, and others that are clean of them."""


@functools.cache
def paragraphs(folders: tuple[str, ...]) -> list[str]:
    found: dict[str, None] = {}
    for page in sorted(path for folder in folders for path in (PAGES / folder).rglob("*.html")):
        body = LexborHTMLParser(page.read_bytes()).body
        for node in body.css("p, li, dd") if body else ():
            text = " ".join(node.text().split())
            if len(text.split()) >= 30:
                found[text] = None
    return list(found)


@functools.cache
def benchmark() -> list[Item]:
    """Questions of 3 to 20 words over four options of 1 to 8, and plain ones, cut out of real paragraphs."""
    draw = random.Random(20241212)
    made = []
    for number, text in enumerate(paragraphs(ASKED)):
        words = text.split()
        if number % 2:
            made.append(Item(f"plain:{number}", " ".join(words[: draw.randint(12, 60)])))
            continue
        start = draw.randint(3, min(20, len(words) - 13))
        question, rest, options = " ".join(words[:start]) + "?", words[start:], []
        for _ in range(4):
            options.append(" ".join(rest[: draw.randint(1, max(1, min(8, len(rest) // 4)))]))
            rest = rest[len(options[-1].split()) :]
        made.append(Item(f"asked:{number}", " ".join([question, *options]), question, (question, *options)))
    return made


@functools.cache
def index() -> Index:
    return Index.build(benchmark())


def compare(text: str) -> Finding:
    return check(index(), text, 0.1, 0.35)


@pytest.fixture(scope="module")
def recall() -> dict[str, float]:
    covered = [item for item in benchmark() if len(re.findall(r"\w+", item.text)) >= 8]
    found = measure(covered, paragraphs(CLEAN), lambda text: compare(text).status == "contaminated")
    assert all(one["leaks"] >= 60 for one in found.values())
    return {way: one["recall"] for way, one in found.items()}


def test_every_verbatim_leak_is_found(recall: dict[str, float]) -> None:
    assert recall["verbatim"] == 1.0


def test_leaks_with_their_options_in_another_order_are_found(recall: dict[str, float]) -> None:
    assert recall["reordered options"] >= 0.95


def test_leaks_with_other_numbers_are_found(recall: dict[str, float]) -> None:
    assert recall["changed numbers"] >= 0.85


def test_leaks_with_other_punctuation_and_case_are_found(recall: dict[str, float]) -> None:
    assert recall["changed punctuation and case"] >= 0.95


def test_paraphrases_are_counted_though_most_are_not_found(recall: dict[str, float]) -> None:
    assert set(recall) == set(WAYS) and recall["paraphrase"] < 0.5


def test_clean_text_gives_no_alarm() -> None:
    assert [text for text in paragraphs(CLEAN) if compare(text).status == "contaminated"] == []


def test_a_certificate_says_with_what_was_compared_and_what_it_would_find() -> None:
    told = certify(index(), compare)
    assert told["index"] == index().hash and told["items"] > 100
    assert set(told["benchmarks"]) == {"plain", "asked"}
    assert told["recall"]["verbatim"]["recall"] == 1.0
    assert told["false_alarms"]["texts"] >= 100
    assert "verbatim 100%" in told["summary"] and "Python" in told["clean_text"]["source"]
    assert certify(index(), compare) == told
