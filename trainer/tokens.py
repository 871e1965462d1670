"""Documents as tokens in flat files that all ranks share, made once for a snapshot, a tokenizer and a context."""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from factory.errors import FactoryError
from factory.records import Json, content_hash
from trainer.data import COLUMNS, Snapshot
from trainer.recipe import Long
from trainer.tokenizer import ChatTokenizer

ABOUT = "tokens.json"
MAKERS = ("data.py", "tokenizer.py", "tokens.py", "pairs.py")
"""The modules that decide tokens: what other versions of them wrote is made again."""


def written_once(folder: Path, decided_by: Sequence[Json], write: Callable[[Path], dict[str, int]]) -> None:
    """Has `write` fill a folder and count what it met, unless that was done before: whole or not at all.

    `decided_by` is what the content follows from, beside the code. The content has a fingerprint of its own, so that
    code that changed and gives the same tokens lets a run go on.
    """
    key = content_hash(*decided_by, _code())
    if (folder / ABOUT).is_file() and json.loads((folder / ABOUT).read_text())["key"] == key:
        return
    aside = folder.with_name(folder.name + ".partial")
    shutil.rmtree(aside, ignore_errors=True)
    aside.mkdir(parents=True)
    try:
        counts = write(aside)
    except FactoryError:
        shutil.rmtree(aside)
        raise
    told = {"key": key, "fingerprint": _hash(sorted(aside.iterdir())), "counts": counts}
    (aside / ABOUT).write_text(json.dumps(told))
    shutil.rmtree(folder, ignore_errors=True)
    aside.rename(folder)


def about(folder: Path) -> tuple[dict[str, int], str]:
    """What was counted when a folder was written, and the fingerprint of its content."""
    told = json.loads((folder / ABOUT).read_text())
    return told["counts"], told["fingerprint"]


def refuse_none(snapshot: Snapshot, counts: dict[str, int], what: str) -> None:
    """Raises FactoryError where nothing of a snapshot is left to train on, with what became of its rows."""
    if not counts["documents"]:
        told = ", ".join(f"{count} {kind}" for kind, count in counts.items() if count) or "no rows"
        raise FactoryError(f"{snapshot.folder}: there is {what} to train on ({told})")


def told_left_out(counts: Mapping[str, int]) -> str:
    """What was left out or cut, in words."""
    return ", ".join(f"{count:,} {what}" for what, count in counts.items() if count and what != "documents")


@cache
def _code() -> str:
    return _hash([Path(__file__).with_name(name) for name in MAKERS])


def _hash(files: Sequence[Path]) -> str:
    digests = []
    for path in files:
        with path.open("rb") as file:
            digests.append(hashlib.file_digest(file, "sha256").hexdigest())
    return content_hash(*digests)


@dataclass(frozen=True)
class Corpus:
    """The documents of a snapshot as tokens: document `i` is ``ids[bounds[i]:bounds[i + 1]]``.

    `ids` and `learnt` are mapped from disk, so memory does not grow with the data. A document that was split is
    several here, each of which begins with the last token of the one before, and `origins` tells how long the whole
    one was. `counts` tells what was left out or cut, and why.
    """

    ids: NDArray[np.uint32]
    learnt: NDArray[np.bool_]
    bounds: NDArray[np.int64]
    targets: NDArray[np.int64]
    origins: NDArray[np.int64]
    counts: dict[str, int]
    fingerprint: str

    @property
    def lengths(self) -> NDArray[np.int64]:
        """Tokens of each document."""
        return np.diff(self.bounds)

    @classmethod
    def open(cls, folder: Path) -> Corpus:
        """Maps what `tokenise` wrote."""
        counts, fingerprint = about(folder)
        return cls(
            ids=np.memmap(folder / "ids.bin", dtype=np.uint32, mode="r"),
            learnt=np.memmap(folder / "learnt.bin", dtype=np.bool_, mode="r"),
            bounds=np.load(folder / "bounds.npy"),
            targets=np.load(folder / "targets.npy"),
            origins=np.load(folder / "origins.npy"),
            counts=counts,
            fingerprint=fingerprint,
        )


def tokenise(
    snapshot: Snapshot,
    tokenizer: ChatTokenizer,
    folder: Path,
    *,
    context: int,
    long: Long,
) -> Corpus:
    """Writes the tokens of a snapshot to a folder, unless they are there already, and opens them.

    Raises FactoryError for documents over `context` tokens when `long` is 'stop', and when none are left.
    """

    def write(aside: Path) -> dict[str, int]:
        counts, longest = _write_tokens(snapshot, tokenizer, aside, context=context, long=long)
        if long == "stop" and counts["too long"]:
            raise FactoryError(
                f"{snapshot.folder}: {counts['too long']} of {snapshot.manifest.rows} documents are longer than"
                f" context ({context} tokens; the longest has {longest}). Raise context, or say"
                " 'long: split', 'long: truncate' or 'long: drop' in the recipe"
            )
        refuse_none(snapshot, counts, "nothing")
        return counts

    written_once(folder, ("corpus", snapshot.fingerprint, tokenizer.fingerprint, context, long), write)
    return Corpus.open(folder)


def _write_tokens(
    snapshot: Snapshot, tokenizer: ChatTokenizer, folder: Path, *, context: int, long: Long
) -> tuple[dict[str, int], int]:
    """Returns what was counted, and the length of the longest document before cutting."""
    counts = {"documents": 0, "too long": 0, "cut tokens": 0, "without targets": 0}
    counts |= {
        f"of kind {kind}": rows for kind, rows in snapshot.rows_by_kind().items() if kind not in COLUMNS
    }
    documents = (
        document
        for kind, rows in snapshot.batches()
        for document in (tokenizer.encode_chats if kind == "chat" else tokenizer.encode_texts)(rows)
    )
    lengths, targets, origins, longest = [], [], [], 0
    with (folder / "ids.bin").open("wb") as ids_file, (folder / "learnt.bin").open("wb") as learnt_file:
        for ids, learnt in documents:
            longest = max(longest, len(ids))
            if len(ids) > context:
                counts["too long"] += 1
                if long == "truncate":
                    counts["cut tokens"] += len(ids) - context
                elif long != "split":
                    continue
            for start in _starts(len(ids), context) if long == "split" else [0]:
                piece, wanted = ids[start : start + context], learnt[start : start + context]
                # Nothing stands before a document's first token, so it cannot be predicted.
                if not wanted[1:].any():
                    counts["without targets"] += 1
                    continue
                ids_file.write(piece.tobytes())
                learnt_file.write(wanted.tobytes())
                lengths.append(len(piece))
                targets.append(int(wanted[1:].sum()))
                origins.append(len(ids))
    counts["documents"] = len(lengths)
    np.save(folder / "bounds.npy", np.concatenate(([0], np.cumsum(lengths, dtype=np.int64))))
    np.save(folder / "targets.npy", np.asarray(targets, dtype=np.int64))
    np.save(folder / "origins.npy", np.asarray(origins, dtype=np.int64))
    return counts, longest


def _starts(length: int, context: int) -> range:
    """Where the pieces of a document begin: each at the last token of the one before, which predicts its second."""
    return range(0, max(length - 1, 1), context - 1)
