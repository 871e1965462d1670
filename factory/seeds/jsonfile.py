"""JSON as people keep records in it: a record a line, a list of them, or one record laid out over many lines."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import orjson

from factory.plugins import Span
from factory.seeds.archives import Limits, read
from factory.seeds.files import MAX_LINE, UnreadableError, line_spans, lines_of, open_bytes

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
        too_long = len(line) >= MAX_LINE
        yield place, NoJson(f"a line of more than {MAX_LINE} bytes") if too_long else parsed(line)


def first_line(path: Path) -> Any:
    """The first record of a file of lines; None of a list or a single record, and where it cannot be read."""
    if _is_whole(path):
        return None
    with suppress(UnreadableError):
        return next((record for _, record in records(path)), None)
    return None


def _whole(path: Path) -> Iterator[tuple[str, Any]]:
    content = parsed(read(path, _LIMITS).removeprefix(_BYTE_ORDER_MARK))
    if isinstance(content, NoJson):
        yield "byte 0", content
        return
    for number, record in enumerate(content if isinstance(content, list) else [content], start=1):
        yield f"record {number}", record


def parsed(data: bytes) -> Any:
    """A value of JSON, or why it is none. What careless programs write is read as it was meant: halves of
    characters (U+FFFD in their place), line breaks inside of strings, NaN (no value)."""
    try:
        return orjson.loads(data)
    except orjson.JSONDecodeError as error:
        why = NoJson(f"no JSON: {error}")
    try:
        return _mended(json.loads(data.decode("utf-8", "surrogatepass"), strict=False, parse_constant=_none))
    except UnicodeDecodeError as error:
        return NoJson(f"not in UTF-8, as JSON is (byte {error.start}); write it anew in UTF-8")
    except (ValueError, RecursionError):
        return why


def _none(name: str) -> None:
    """What NaN and infinities stand for."""


def _mended(value: Any) -> Any:
    if isinstance(value, str):
        return value.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    if isinstance(value, dict):
        return {_mended(name): _mended(inner) for name, inner in value.items()}
    return [_mended(inner) for inner in value] if isinstance(value, list) else value


def _is_whole(path: Path) -> bool:
    """Whether a file is one list or one record: it begins as one, and its first line alone is none."""
    try:
        with open_bytes(path) as stream:
            head = stream.read(_HEAD).removeprefix(_BYTE_ORDER_MARK).lstrip()
    except UnreadableError:
        return False  # the lines before the damage are whole
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
