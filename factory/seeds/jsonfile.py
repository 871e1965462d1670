"""JSON as people keep records in it: a record a line, a list of them, or one record laid out over many lines."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import orjson

from factory.plugins import Span
from factory.seeds.archives import Limits, read
from factory.seeds.files import MAX_LINE, line_spans, lines_of, open_bytes

_BYTE_ORDER_MARK = b"\xef\xbb\xbf"
_LINES = frozenset({".jsonl", ".ndjson", ".jsonlines"})
_HEAD = 1 << 16
_LIMITS = Limits(member=MAX_LINE, total=MAX_LINE)


class NoJson(str):
    """Why a record cannot be read, in its place."""


def spans(path: Path, size: int) -> Iterator[Span]:
    """Parts of a file of lines; a list, or a single record, is read as a whole."""
    if not _is_whole(path):
        yield from line_spans(path, size)


def records(path: Path, span: Span | None = None) -> Iterator[tuple[str, Any]]:
    """Each record with its place; `NoJson` in the place of one that is none.

    A list is read as a whole, up to `MAX_LINE` bytes. Raises HostileError beyond.
    """
    if span is None and _is_whole(path):
        yield from _whole(path)
        return
    for number, (start, line) in enumerate(lines_of(path, span), start=1):
        # In a span only the byte is known; people count lines where they can.
        place = f"byte {start}" if span else f"line {number}"
        if start == 0:
            line = line.removeprefix(_BYTE_ORDER_MARK)
        if not line.strip():
            continue
        try:
            yield place, orjson.loads(line)
        except orjson.JSONDecodeError as error:
            why = f"a line of more than {MAX_LINE} bytes" if len(line) >= MAX_LINE else f"no JSON: {error}"
            yield place, NoJson(why)


def _whole(path: Path) -> Iterator[tuple[str, Any]]:
    try:
        content = orjson.loads(read(path, _LIMITS).removeprefix(_BYTE_ORDER_MARK))
    except orjson.JSONDecodeError as error:
        yield "byte 0", NoJson(f"no JSON: {error}")
        return
    for number, record in enumerate(content if isinstance(content, list) else [content], start=1):
        yield f"record {number}", record


def _is_whole(path: Path) -> bool:
    """Whether a file is one list or one record: it begins as one, and its first line alone is none."""
    with open_bytes(path) as stream:
        head = stream.read(_HEAD).removeprefix(_BYTE_ORDER_MARK).lstrip()
    first, _, others = head.partition(b"\n")
    named = next((ending for ending in reversed(path.suffixes) if ending.lower() in _LINES), "")
    if head[:1] not in (b"[", b"{") or (named and head[:1] == b"{"):
        return False
    try:
        orjson.loads(first)
    except orjson.JSONDecodeError:
        # A first line that is longer than what was read begins a list where there are no lines to expect.
        return head[:1] == b"[" if len(first) == len(head) else True
    return head[:1] == b"[" and not others.strip() and not named
