"""Gates at write time: judges that certify what they let through, told in a snapshot's manifest.

A judge is one where it has a method ``certificate()``: JSON of what it compared with and how far it can be
trusted, with a line for people under ``summary``. It asks no model. Texts of seed sets that stand in a snapshot
beside the judge's datasets go through it too, since no build judged them.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path
from typing import Any

import duckdb

from factory.catalog import Catalog
from factory.judges import Judges
from factory.plan import prepare
from factory.records import Text
from factory.store.texts import streaming, texts

_ROWS = 64

Counts = dict[str, int]
"""How many samples or texts a gate judged, and how many it rejected."""


@dataclass(frozen=True)
class Gate:
    """A judge that certifies, and the datasets whose samples it judged."""

    validator: str
    fingerprint: str
    judge: Any
    datasets: tuple[str, ...]


async def gates_of(catalog: Catalog, names: Sequence[str], judges: Judges) -> list[Gate]:
    """The judges of datasets that certify, those of one fingerprint as one."""
    found: dict[str, Gate] = {}
    for name in names:
        prepared = await prepare(catalog.dataset(name), catalog.models, judges)
        for one in prepared.judges:
            if hasattr(one.judge, "certificate"):
                gate = found.setdefault(one.fingerprint, Gate(one.name, one.fingerprint, one.judge, ()))
                found[one.fingerprint] = replace(gate, datasets=(*gate.datasets, name))
    return list(found.values())


def hold_back(
    connection: duckdb.DuckDBPyConnection, store: Path, seed_set: str, gates: Sequence[Gate]
) -> tuple[set[str], dict[str, Counts]]:
    """The ids of a seed set's texts that a gate rejects, and what each gate counted, by its fingerprint."""
    rejected: set[str] = set()
    counts = {gate.fingerprint: {"judged": 0, "rejected": 0} for gate in gates}
    found = texts(streaming(connection), store, seed_set) if gates else iter(())
    while rows := list(islice(found, _ROWS)):
        for seed_id, fingerprint, passed in asyncio.run(_judged(rows, gates)):
            counts[fingerprint]["judged"] += 1
            counts[fingerprint]["rejected"] += not passed
            if not passed:
                rejected.add(seed_id)
    return rejected, counts


async def _judged(rows: Sequence[tuple[str, str]], gates: Sequence[Gate]) -> list[tuple[str, str, bool]]:
    return [
        (seed_id, gate.fingerprint, (await gate.judge.check(Text.of(text), None)).passed)
        for seed_id, text in rows
        for gate in gates
    ]


def certificates(
    connection: duckdb.DuckDBPyConnection,
    gates: Sequence[Gate],
    held_back: Mapping[str, Mapping[str, Counts]],
) -> list[dict[str, Any]]:
    """What each gate certifies, with its counts by dataset. `held_back`: those of seed sets, by name as a
    snapshot has it and by fingerprint."""
    return [
        {
            "validator": gate.validator,
            "fingerprint": gate.fingerprint,
            "gate": {
                **dict(_verdicts(connection, gate)),
                **{name: dict(counts[gate.fingerprint]) for name, counts in held_back.items()},
            },
            **gate.judge.certificate(),
        }
        for gate in gates
    ]


def _verdicts(connection: duckdb.DuckDBPyConnection, gate: Gate) -> Iterator[tuple[str, Counts]]:
    for name in gate.datasets:
        row = connection.execute(
            "select count(*), count(*) filter (not passed) from current_verdicts"
            " where dataset = ? and validator = ?",
            [name, gate.validator],
        ).fetchone()
        judged, rejected = row or (0, 0)
        yield name, {"judged": judged, "rejected": rejected}


def told(certified: Sequence[Mapping[str, Any]]) -> str:
    """The part of a dataset card about certificates; empty where nothing is certified."""
    if not certified:
        return ""
    lines = ""
    for one in certified:
        gates = "; ".join(
            f"{name}: {counts['rejected']} of {counts['judged']} rejected"
            for name, counts in one["gate"].items()
        )
        lines += f"- **{one['validator']}**: {one.get('summary', '')} ({gates})\n"
    return f"\n## Certificates\n\n{lines}"
