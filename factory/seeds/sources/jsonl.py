"""Seeds from JSON lines: one record a line, its fields by name."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import orjson

from factory.plugins import Broken, Found, Span, source
from factory.records import Origin, Seed
from factory.seeds.files import line_spans, lines_of
from factory.seeds.mapping import KINDS, checked, seed_of


@source(gives=KINDS, split=line_spans)
def jsonl(
    path: Path, kind: type[Seed], span: Span | None = None, *, fields: dict[str, str] | None = None
) -> Iterator[Found | Broken]:
    """JSON lines, packed or not: each line a seed whose fields have the names of its kind; others are ignored.

    `fields` says where the names differ: ``{text: problem, answer: solution.final, licence: license}``; dots
    lead into objects. A line that is no such seed is kept as broken, with why, and the next one is read.
    """
    names = checked(kind, fields or {})
    for number, (start, line) in enumerate(lines_of(path, span), start=1):
        if not line.strip():
            continue
        # In a span only the byte is known; people count lines where they can.
        place = f"byte {start}" if span else f"line {number}"
        origin = Origin(address=str(path), place=place)
        try:
            record = orjson.loads(line)
        except orjson.JSONDecodeError as error:
            yield Broken(origin, f"no JSON: {error}")
            continue
        yield seed_of(record, kind, names, origin)
