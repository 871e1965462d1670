"""`repeated_paragraphs`: what stands on many pages of a site is no content of any of them."""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from collections.abc import Iterator
from functools import partial
from pathlib import Path, PurePosixPath
from urllib.parse import urlsplit

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.parquet as parquet
from numpy.typing import NDArray

from factory.fences import fences
from factory.plugins import Drop, Member, Rewritten, SeedsInOrder, SomeSeeds, cleaner
from factory.records import Document, Passage
from factory.store.sets import literal

_WORD = re.compile(r"\w+")


@cleaner(takes=(Document, Passage))
class repeated_paragraphs:
    """Cuts out paragraphs that stand in many documents of one site: notices, bylines, calls to subscribe.

    A paragraph counts as repeated from `documents` documents of its site on (the host of a URL, else the
    folder of a file); case, spaces and marks do not matter, nor do paragraphs below `min_words`. Code is never
    cut. A text of which more than `max_share` would go is left out instead.
    """

    def __init__(
        self, *, documents: int = 5, min_words: int = 4, max_share: float = 0.6, memory: str = "1GB"
    ) -> None:
        self.documents, self.min_words, self.max_share, self.memory = documents, min_words, max_share, memory

    def choose(self, seeds: SeedsInOrder) -> Iterator[tuple[str, Drop | Rewritten]]:
        """First time through: paragraphs are counted by site. Second time: those that repeat are cut."""
        for _ in seeds.map(partial(_count, min_words=self.min_words)):
            pass
        repeated = seeds.scratch / "repeated.npy"
        np.save(repeated, self._repeated(seeds))
        for cut in seeds.map(
            partial(_cut, repeated=repeated, min_words=self.min_words, max_share=self.max_share)
        ):
            yield from cut

    def _repeated(self, seeds: SeedsInOrder) -> NDArray[np.uint64]:
        """The keys of repeated paragraphs, sorted: the parts' counts added, by DuckDB, on disk where it must."""
        if not len(seeds):
            return np.zeros(0, np.uint64)
        with duckdb.connect(
            str(seeds.scratch / "paragraphs.duckdb"), config={"memory_limit": self.memory}
        ) as connection:
            connection.execute(f"set threads = {max(2, seeds.workers)}")
            found = connection.sql(
                f"select key from read_parquet({literal(seeds.scratch / '*.paragraphs')})"
                f" group by key having sum(documents) >= {self.documents} order by key"
            ).to_arrow_table()
        keys: NDArray[np.uint64] = found.column("key").to_numpy()
        return keys


def _count(part: SomeSeeds, min_words: int) -> None:
    """Writes down in how many documents of a part each paragraph stands."""
    counts: Counter[int] = Counter()
    for member in part:
        site = site_of(member)
        counts.update({key for text in _parts(member.text) if (key := _key(site, text, min_words))})
    table = {
        "key": np.fromiter(counts.keys(), np.uint64, len(counts)),
        "documents": np.fromiter(counts.values(), np.int32, len(counts)),
    }
    path = part.scratch / f"{part.first}.paragraphs"
    parquet.write_table(pa.table(table), path, compression="none", use_dictionary=False)


def _cut(
    part: SomeSeeds, repeated: Path, min_words: int, max_share: float
) -> list[tuple[str, Drop | Rewritten]]:
    """The seeds of a part that lose paragraphs, or go."""
    known = np.load(repeated, mmap_mode="r")
    made: list[tuple[str, Drop | Rewritten]] = []
    for member in part if len(known) else ():
        site, parts = site_of(member), _parts(member.text)
        keys = np.array([_key(site, text, min_words) for text in parts], np.uint64)
        stays = known[np.minimum(np.searchsorted(known, keys), len(known) - 1)] != keys
        if stays.all():
            continue
        text = "\n\n".join(one for one, stay in zip(parts, stays, strict=True) if stay)
        gone = 1 - len(text) / max(len(member.text), 1)
        scores = {"repeated_paragraphs": int((~stays).sum()), "repeated_share": round(gone, 3)}
        if gone > max_share or not text.strip():
            made.append((member.seed_id, Drop("paragraphs of other pages", scores)))
        else:
            made.append((member.seed_id, Rewritten(text, "paragraphs of other pages cut", scores)))
    return made


def _key(site: str, paragraph: str, min_words: int) -> int:
    """The hash of a paragraph on its site; 0 where it is too short to count, or code."""
    words = _WORD.findall(paragraph.lower())
    if len(words) < min_words or fences(paragraph):
        return 0
    data = f"{site}\0{' '.join(words)}".encode("utf-8", "replace")
    return int.from_bytes(hashlib.blake2b(data, digest_size=8).digest(), "big") | 1


def site_of(member: Member) -> str:
    """The host that a text came from, else the folder of its file."""
    host = urlsplit(member.url or member.address).hostname
    return host or str(PurePosixPath(member.address).parent)


def _parts(text: str) -> list[str]:
    """Paragraphs; a fence stays whole, whatever empty lines are in it."""
    code = {number for fence in fences(text) for number in fence.lines}
    parts: list[list[str]] = [[]]
    for number, line in enumerate(text.split("\n")):
        if number in code or line.strip():
            parts[-1].append(line)
        elif parts[-1]:
            parts.append([])
    return ["\n".join(part) for part in parts if part]
