"""`repeated_paragraphs`: what stands on many pages of a site is no content of any of them."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from pathlib import PurePosixPath
from urllib.parse import urlsplit

import duckdb
import numpy as np
import pyarrow as pa

from factory.plugins import Drop, Member, SeedsInOrder, cleaner
from factory.records import Document, Passage

BATCH = 50_000
_SPLIT = re.compile(r"\n\s*\n")
_WORD = re.compile(r"\w+")
_FENCE = re.compile(r"^\s*(?:`{3,}|~{3,})", re.MULTILINE)


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

    def choose(self, seeds: SeedsInOrder) -> Iterator[tuple[str, Drop | str]]:
        """First time through: paragraphs are counted by site. Second time: those that repeat are cut."""
        database = seeds.scratch / "paragraphs.duckdb"
        with duckdb.connect(str(database), config={"memory_limit": self.memory, "threads": 2}) as connection:
            connection.execute("create table paragraphs (hash ubigint, document bigint)")
            rows: list[tuple[int, int]] = []
            for number, member in enumerate(seeds):
                site = site_of(member)
                rows += [
                    (key, number) for key in {self._key(site, part) for part in _parts(member.text)} if key
                ]
                if len(rows) >= BATCH:
                    _insert(connection, rows)
                    rows = []
            _insert(connection, rows)
            found = connection.sql(
                f"select hash from paragraphs group by hash having count(*) >= {self.documents}"
            ).to_arrow_table()
        repeated = frozenset(found.column("hash").to_pylist())
        if repeated:
            yield from self._cut(seeds, repeated)

    def _cut(self, seeds: SeedsInOrder, repeated: frozenset[int]) -> Iterator[tuple[str, Drop | str]]:
        for member in seeds:
            site, parts = site_of(member), _parts(member.text)
            left = [part for part in parts if self._key(site, part) not in repeated]
            if len(left) == len(parts):
                continue
            text = "\n\n".join(left)
            gone = 1 - len(text) / max(len(member.text), 1)
            if gone > self.max_share or not text.strip():
                yield (
                    member.seed_id,
                    Drop("paragraphs of other pages", {"repeated_paragraphs": round(gone, 3)}),
                )
            else:
                yield member.seed_id, text

    def _key(self, site: str, paragraph: str) -> int:
        """The hash of a paragraph on its site; 0 where it is too short to count, or code."""
        words = _WORD.findall(paragraph.lower())
        if len(words) < self.min_words or _FENCE.search(paragraph):
            return 0
        data = f"{site}\0{' '.join(words)}".encode("utf-8", "replace")
        return int.from_bytes(hashlib.blake2b(data, digest_size=8).digest(), "big") | 1


def site_of(member: Member) -> str:
    """The host that a text came from, else the folder of its file."""
    host = urlsplit(member.url or member.address).hostname
    return host or str(PurePosixPath(member.address).parent)


def _parts(text: str) -> list[str]:
    """Paragraphs; a fence stays whole, whatever empty lines are in it."""
    parts: list[str] = []
    for part in _SPLIT.split(text):
        if parts and len(_FENCE.findall(parts[-1])) % 2:
            parts[-1] += "\n\n" + part
        else:
            parts.append(part)
    return parts


def _insert(connection: duckdb.DuckDBPyConnection, rows: list[tuple[int, int]]) -> None:
    if rows:
        hashes = np.array([key for key, _ in rows], np.uint64)
        table = pa.table({"hash": hashes, "document": np.array([number for _, number in rows])})
        connection.register("arriving", table)
        connection.execute("insert into paragraphs select hash, document from arriving")
        connection.unregister("arriving")
