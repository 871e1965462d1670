"""Seeds from JSON lines: one record a line, its fields by name."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from factory.plugins import Broken, Item, Span, source
from factory.records import Origin, Seed
from factory.seeds.jsonfile import NoJson, records, spans
from factory.seeds.mapping import KINDS, checked, seed_of


@source(gives=KINDS, split=spans)
def jsonl(
    path: Path, kind: type[Seed], span: Span | None = None, *, fields: dict[str, str] | None = None
) -> Iterator[Item]:
    """JSON lines, or a list of records, packed or not: each record a seed whose fields have the names of its kind;
    others are ignored.

    `fields` says where the names differ: ``{text: problem, answer: solution.final, licence: license}``; dots
    lead into objects. A line that is no such seed is kept as broken, with why, and the next one is read.
    """
    names = checked(kind, fields or {})
    for place, record in records(path, span):
        origin = Origin(address=str(path), place=place)
        if isinstance(record, NoJson):
            yield Broken(origin, record)
        else:
            yield seed_of(record, kind, names, origin)
