"""What a snapshot says of its decontamination: with what it was compared, and what of it would have been found.

Leaks are injected into clean text in five ways; so a reader knows what the validator does not catch.
"""

from __future__ import annotations

import platform
import random
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from factory.errors import FactoryError
from factory.records import content_hash
from validators.decontamination.check import Finding
from validators.decontamination.index import Index
from validators.decontamination.items import Item, expand, texts

TEXTS = 400
"""Clean texts that are looked through, at most."""
WORDS = 200
"""Words of a clean text, about."""

Alter = Callable[[Item, random.Random, Sequence[str]], str | None]
"""Makes a leak of an item, with words to put into it; None where the item cannot be altered so."""

_NUMBER = re.compile(r"\d+")
_SENTENCE = re.compile(r"(?<=[.?!,;:。！？])\s+")
_POINT = re.compile(r"[^\w\s]")


def certify(
    index: Index,
    compare: Callable[[str], Finding],
    clean: Sequence[str] = (),
    *,
    reject_partial: bool = False,
) -> dict[str, Any]:
    """Benchmarks and their hashes, measured recall by way of leaking, and false alarms, as JSON.

    `clean`: files of text that holds no benchmark. Only items of 8 tokens or more are injected: those below
    are counted as `uncovered`.
    """
    bad = ("contaminated", "partial") if reject_partial else ("contaminated",)
    source, hosts = _clean_texts(clean)
    alarms = [compare(host).status in bad for host in hosts]
    quiet = [host for host, alarm in zip(hosts, alarms, strict=True) if not alarm] or [""]
    recall = measure(index.kept, quiet, lambda text: compare(text).status in bad)
    measured = ", ".join(
        f"{way} {one['recall']:.0%}" for way, one in recall.items() if one["recall"] is not None
    )
    items = len(set(index.names))
    return {
        "summary": f"{items} items of {len(index.benchmarks)} benchmark files; found of injected leaks: {measured};"
        f" false alarms in {sum(alarms)} of {len(hosts)} clean texts",
        "index": index.hash,
        "benchmarks": dict(index.benchmarks),
        "items": items,
        "uncovered": index.uncovered,
        "exempt_n_grams": int(index.allowed.size),
        "recall": recall,
        "false_alarms": {"texts": len(hosts), "found": sum(alarms), "rate": _share(sum(alarms), len(hosts))},
        "clean_text": source,
    }


def measure(
    items: Sequence[Item], hosts: Sequence[str], found: Callable[[str], bool]
) -> dict[str, dict[str, Any]]:
    """Leaks of items put into the middle of clean texts, and how many of them are found, by way of leaking."""
    measured = {}
    for way, alter in WAYS.items():
        draw = random.Random(way)  # the same leaks each time
        leaks = hits = 0
        for item in items:
            host = draw.choice(hosts)
            leak = alter(item, draw, host.split() or ["word"])
            if leak is not None:
                leaks += 1
                half = host.find(" ", len(host) // 2)
                hits += found(f"{host[:half]}\n\n{leak}\n\n{host[half:]}")
        measured[way] = {"leaks": leaks, "found": hits, "recall": _share(hits, leaks)}
    return measured


def _verbatim(item: Item, draw: random.Random, words: Sequence[str]) -> str:
    return item.text


def _reordered(item: Item, draw: random.Random, words: Sequence[str]) -> str | None:
    """The options in another order, with letters before them."""
    question, *options = item.pieces or ("",)
    if len(set(options)) < 2:
        return None
    other = options[:]
    while other == options:
        draw.shuffle(other)
    return "\n".join(
        [question, *(f"{letter}. {one}" for letter, one in zip("ABCDEFGHIJKLMNOPQRST", other, strict=False))]
    )


def _other_numbers(item: Item, draw: random.Random, words: Sequence[str]) -> str | None:
    """Every number another one, of as many digits or one more or less."""

    def another(found: re.Match[str]) -> str:
        digits = max(1, len(found[0]) + draw.choice((-1, 0, 0, 1)))
        number = draw.randrange(10 ** (digits - 1), 10**digits)
        return str(number if number != int(found[0]) else number + 1)

    changed = _NUMBER.sub(another, item.text)
    return None if changed == item.text else changed


def _other_marks(item: Item, draw: random.Random, words: Sequence[str]) -> str:
    """In capitals, or none; marks left out, doubled or set between words."""
    text = draw.choice((str.upper, str.lower, str.title))(item.text)
    text = _POINT.sub(lambda found: draw.choice((" ", f" {found[0]} ", f"{found[0] * 2} ")), text)
    return " ".join(word + draw.choice(("", "", "", ",", ";", " -")) for word in text.split())


def _paraphrase(item: Item, draw: random.Random, words: Sequence[str]) -> str:
    """The clauses in another order, and every sixth word another one: what n-grams cannot find."""
    clauses = _SENTENCE.split(item.text)
    draw.shuffle(clauses)
    told = " ".join(clauses).split()
    for at in range(draw.randrange(6), len(told), 6):
        told[at] = draw.choice(words)
    return " ".join(told)


WAYS: Mapping[str, Alter] = {
    "verbatim": _verbatim,
    "reordered options": _reordered,
    "changed numbers": _other_numbers,
    "changed punctuation and case": _other_marks,
    "paraphrase": _paraphrase,
}
"""The ways in which leaks are made."""


def _clean_texts(files: Sequence[str]) -> tuple[dict[str, Any], list[str]]:
    """Where clean texts are from, and pieces of about 200 words of them, spread evenly."""
    if files:
        source = ", ".join(files)
        documents = [text for path in expand(files, "clean text") for text in texts(path)]
    else:
        source, documents = f"the manual of Python {platform.python_version()}", _manual()
    pieces = [piece for document in documents for piece in _pieces(document)]
    chosen = pieces[:: max(1, -(-len(pieces) // TEXTS))]
    if not chosen:
        raise FactoryError(
            f"decontamination: no text in {source} to measure with; name other files: clean: [...]"
        )
    return {"source": source, "hash": content_hash(chosen)}, chosen


def _manual() -> list[str]:
    """Prose that comes with every Python, and no benchmark asks about."""
    try:
        from pydoc_data.topics import topics
    except ImportError as error:
        raise FactoryError(
            "decontamination: this Python comes without its manual, in which leaks would be measured;"
            " name files of clean text: clean: [...]"
        ) from error
    return [topics[name] for name in sorted(topics)]


def _pieces(document: str) -> list[str]:
    words = document.split()
    return [" ".join(words[at : at + WORDS]) for at in range(0, len(words), WORDS)]


def _share(part: int, whole: int) -> float | None:
    return round(part / whole, 4) if whole else None
