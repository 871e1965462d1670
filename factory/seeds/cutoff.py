"""Where a web archive breaks off, and where frames of zstd begin, told without unpacking them."""

from __future__ import annotations

import re
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO

GZIP = b"\x1f\x8b\x08"
ZSTD = b"\x28\xb5\x2f\xfd"
WINDOW = 1 << 20

_SKIPPABLE = re.compile(rb"[\x50-\x5f]\x2a\x4d\x18")
_DICTIONARY = b"\x5d\x2a\x4d\x18"
_ID_BYTES = (0, 1, 2, 4)
_SIZE_BYTES = (0, 2, 4, 8)
_RLE = 1
_LITTLE = 512
"""Bytes that are unpacked at once: in a bomb, 16 MB."""


@dataclass(frozen=True)
class Frame:
    """A frame of zstd. `end` lies behind the end of the file where it was cut off."""

    start: int
    end: int
    is_skippable: bool = False
    is_dictionary: bool = False


def frames(stream: BinaryIO, start: int) -> Iterator[Frame]:
    """The frames from one on, by the sizes that their blocks give (RFC 8878), up to what is none."""
    while True:
        stream.seek(start)
        head = stream.read(18)
        if _SKIPPABLE.match(head):
            size = 8 + int.from_bytes(head[4:8], "little") if len(head) >= 8 else 9
            yield (frame := Frame(start, start + size, True, head.startswith(_DICTIONARY)))
        elif head.startswith(ZSTD):
            yield (frame := Frame(start, _end_of_frame(stream, start, head)))
        else:
            return
        start = frame.end


def _end_of_frame(stream: BinaryIO, start: int, head: bytes) -> int:
    """The byte behind a frame of data: its header, its blocks, the last of which says so, and its checksum."""
    if len(head) < 5:
        return start + 5
    about = head[4]
    is_single, has_checksum = about >> 5 & 1, about >> 2 & 1
    size_bytes = _SIZE_BYTES[about >> 6] or is_single
    at = start + 5 + (not is_single) + _ID_BYTES[about & 3] + size_bytes
    while True:
        stream.seek(at)
        header = stream.read(3)
        if len(header) < 3:
            return at + 3
        block = int.from_bytes(header, "little")
        at += 3 + (1 if block >> 1 & 3 == _RLE else block >> 3)
        if block & 1:
            return at + 4 * has_checksum


def is_whole(stream: BinaryIO, frame: Frame) -> bool:
    """Whether a frame that needs no dictionary unpacks."""
    import zstandard

    stream.seek(frame.start)
    unpack, left = zstandard.ZstdDecompressor().decompressobj(), frame.end - frame.start
    try:
        while left > 0 and (block := stream.read(min(left, _LITTLE))):
            unpack.decompress(block)
            left -= len(block)
    except zstandard.ZstdError:
        return frame.is_skippable
    return True


def cut_off(stream: BinaryIO, at: int, size: int) -> int | None:
    """The first byte of the record in which an archive of `size` bytes breaks off, of those from `at` on; None
    where none does. Of zstd, the first byte of the frame."""
    stream.seek(at)
    head = stream.read(WINDOW)
    if head.startswith(GZIP):
        return _cut_gzip(stream, head, at, size)
    if head.startswith(b"WARC/"):
        said = re.search(rb"(?i)\r?\ncontent-length:\s*(\d{1,15})", head)
        ends = re.search(rb"\r?\n\r?\n", head)
        return at if said and ends and at + ends.end() + int(said[1]) > size else None
    # A record inside of a frame has no place of its own.
    begins = at if head.startswith(ZSTD) else 0
    return next((frame.start for frame in frames(stream, begins) if frame.end > size), None)


def _cut_gzip(stream: BinaryIO, head: bytes, at: int, size: int) -> int | None:
    unpack = zlib.decompressobj(31)
    while head:
        unpack.decompress(head, WINDOW)
        held = unpack.unconsumed_tail
        if unpack.eof:
            rest = unpack.unused_data
            at = stream.tell() - len(rest)
            if rest and not rest.startswith(GZIP[: len(rest)]):
                return None  # something behind the last member, which is whole
            head, unpack = rest or stream.read(WINDOW), zlib.decompressobj(31)
        else:
            head = held or stream.read(WINDOW)
    return at if at < size else None
