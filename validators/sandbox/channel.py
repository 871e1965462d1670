"""What came out of the sandbox, read strictly: frames of one job, and their values as Python literals.

The bytes were written by a process that untrusted code shares. Frames need the job's nonce, an order that makes
sense and known kinds; values need the encoding of `inside.plain`. Anything else ends the job as crashed.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import orjson

from factory.records import Result
from validators.sandbox.inside.job import FRAME
from validators.sandbox.inside.plain import decode

MAX_PARTS = 2_000_000
"""Most commas and brackets in what one job sends: about two million values, which bounds our memory."""

MAX_RESULTS = 10_000
_MAX_DIGITS = 4000


class ProtocolError(Exception):
    """The bytes are not what an honest run would have sent."""


class Report:
    """What one job sent: results in order, the source's traceback if it raised, whether the end was reached."""

    def __init__(self, data: bytes, nonce: bytes, calls: int | None) -> None:
        """`calls`: how many results an honest run sends, or None where it decides that itself."""
        self.results: list[Result] = []
        self.error: str | None = None
        self.memory = False
        self.ended = False
        self.forged = ""
        try:
            _bounded(data)
            for kind, payload in _frames(data, nonce):
                self._take(kind, payload, calls)
        except (ProtocolError, ValueError, TypeError, KeyError) as error:
            self.forged = f"its results cannot be read: {str(error)[:200]}"

    def _take(self, kind: bytes, payload: bytes, wanted: int | None) -> None:
        if self.ended:
            raise ProtocolError("something follows the end")
        calls = MAX_RESULTS if wanted is None else wanted
        if kind == b"v" and len(self.results) < calls:
            self.results.append(Result(value=literal(decode(orjson.loads(payload)))))
        elif kind == b"r" and len(self.results) < calls:
            self.results.append(Result(error=_text(orjson.loads(payload))[:1000]))
        elif kind == b"e" and not self.results:
            report = orjson.loads(payload)
            self.error, self.memory, self.ended = (
                _text(report["error"])[:10_000],
                bool(report["memory"]),
                True,
            )
        elif kind == b"z" and wanted in (None, len(self.results)):
            self.ended = True
        else:
            raise ProtocolError(f"a frame of kind {kind!r} is out of place")


def _bounded(data: bytes) -> None:
    if data.count(b",") + data.count(b"[") + data.count(b"{") > MAX_PARTS:
        raise ProtocolError(f"it sent more than {MAX_PARTS:,} values")


def _frames(data: bytes, nonce: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Kind and payload of each whole frame; what a program that was ended left half written is dropped."""
    at = 0
    while at + FRAME.size <= len(data):
        found, kind, length = FRAME.unpack_from(data, at)
        if found != nonce:
            raise ProtocolError("something else wrote between its frames")
        start, at = at + FRAME.size, at + FRAME.size + length
        if at <= len(data):
            yield kind, data[start:at]


def _text(value: Any) -> str:
    if type(value) is not str:
        raise ProtocolError("a message is not text")
    return value


def literal(value: Any) -> str:
    """A Python literal of plain data, the same for equal values: the members of sets are in order."""
    kind = type(value)
    if kind is list:
        return f"[{_joined(value)}]"
    if kind is tuple:
        return f"({_joined(value)},)" if len(value) == 1 else f"({_joined(value)})"
    if kind is dict:
        return "{" + ", ".join(f"{literal(key)}: {literal(item)}" for key, item in value.items()) + "}"
    if kind in (set, frozenset):
        members = "{" + ", ".join(sorted(map(literal, value))) + "}" if value else ""
        return f"frozenset({members})" if kind is frozenset else members or "set()"
    if kind is int and value.bit_length() > _MAX_DIGITS * 3:
        return hex(value)  # decimal digits of a long integer cost quadratic time, and Python refuses them
    return repr(value)


_PLAIN = {int, float, str, bool, type(None)}


def _joined(items: Any) -> str:
    """The items' literals with commas, at C speed where all are numbers of machine size, texts and the like."""
    if _PLAIN.issuperset(map(type, items)) and not any(
        type(item) is int and item.bit_length() > 64 for item in items
    ):
        return repr(list(items))[1:-1]
    return ", ".join(map(literal, items))
