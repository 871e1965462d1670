"""Archives and XML from strangers: unpacked into memory within bounds, or refused with the reason."""

from __future__ import annotations

import gzip
import io
import lzma
import struct
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from html.entities import name2codepoint
from pathlib import Path, PurePosixPath
from typing import Any, BinaryIO
from xml.etree.ElementTree import Element, ParseError

from factory.extras import need
from factory.seeds.files import UnreadableError, open_bytes, opened, packed, ungiven


class HostileError(UnreadableError):
    """An archive or an XML file does what no honest one does. The message names the file, the member and why."""


@dataclass(frozen=True)
class Limits:
    """Bounds of an archive: its members, the bytes of those that are wanted (one, and all), and the bytes that
    may come out for each byte that goes in."""

    members: int = 20_000
    member: int = 128 << 20
    total: int = 512 << 20
    ratio: int = 200


LIMITS = Limits()
BULK = Limits(members=5_000_000, member=64 << 20, total=1 << 42)
"""For an archive of papers, which is read member by member and never held as a whole."""

MAX_TAGS = 4_000_000
MAX_DEPTH = 150
"""Of an XML document: its tags, and how deep they nest. Readers go down it by recursion."""

_RATIO_FROM = 8 << 20
"""Bytes unpacked below which no ratio is suspicious: a small file of zeros is no bomb."""

_HEADERS = 16 << 20
"""Bytes of the headers of one member of a tar, and of the directory of a zip."""

_PIECE = 1 << 20
_GZIP = b"\x1f\x8b"
_UNREADABLE = (
    zipfile.BadZipFile,
    tarfile.TarError,
    lzma.LZMAError,
    struct.error,
    zlib.error,
    EOFError,
    OSError,
    ValueError,
    OverflowError,
    NotImplementedError,
)

Wanted = Callable[[str], bool]


def unpack(path: Path, wanted: Wanted = lambda name: True, limits: Limits = LIMITS) -> dict[str, bytes]:
    """The wanted members of an archive by name, all in memory. Raises HostileError as `members` does."""
    return dict(members(path, wanted, limits))


def members(
    path: Path, wanted: Wanted = lambda name: True, limits: Limits = LIMITS
) -> Iterator[tuple[str, bytes]]:
    """The wanted members of a zip, a tar (packed by gzip or not) or a single packed file, one after the other.

    Nothing touches the disk, and an archive in the archive is a member like any other. Raises HostileError for
    bombs, paths that climb out, links, devices, encrypted or repeated members, and for what is no archive.
    """
    with opened(path) as stream:
        yield from members_of(stream, path.name, wanted, limits)


def members_of(
    stream: BinaryIO, name: str, wanted: Wanted = lambda name: True, limits: Limits = LIMITS
) -> Iterator[tuple[str, bytes]]:
    """As `members`, of an archive that is open; `name` is what errors call it."""
    try:
        size = stream.seek(0, io.SEEK_END)
        stream.seek(0)
        head = stream.read(512)
        stream.seek(0)
        archive = _Archive(name, size, limits, wanted)
        if head[:2] == b"PK":
            yield from archive.zipped(stream)
        else:
            known = head[:2] == _GZIP or _begins_tar(head)
            archive.refuse(not known, "", "is no archive: neither a zip, nor a tar, nor a gzip")
            yield from archive.tarred(stream, head[:2] == _GZIP)
    except _UNREADABLE as error:
        if ungiven(error):
            raise
        raise HostileError(f"{name}: cannot be unpacked: {error}") from error


def read(path: Path, limits: Limits = LIMITS) -> bytes:
    """The content of one file, unpacked where its name says that it is packed. Raises HostileError."""
    with opened(path) as stream:
        size = stream.seek(0, io.SEEK_END)
    archive = _Archive(path.name, size, limits)
    try:
        with open_bytes(path) as stream:
            return archive.whole(stream, "") if packed(path) else archive.plain(stream)
    except (*_UNREADABLE, RuntimeError) as error:
        if ungiven(error):
            raise
        raise HostileError(f"{path.name}: cannot be read: {error}") from error


class _Archive:
    """One archive being read: what it may give, and what it has given."""

    def __init__(self, name: str, size: int, limits: Limits, wanted: Wanted = lambda name: True) -> None:
        self.name, self.size, self.limits, self.wanted = name, size, limits, wanted
        self.seen = set[str]()
        self.total = 0

    def refuse(self, condition: bool, member: str, why: str) -> None:
        """Raises where the condition holds."""
        if condition:
            raise HostileError(f"{self.name}: {f'member {member} ' if member else ''}{why}; refused")

    def inside(self, member: str) -> str:
        """A member's name, which stays inside the archive."""
        parts = PurePosixPath(member.replace("\\", "/"))
        climbs = parts.is_absolute() or ".." in parts.parts or "\0" in member or member[1:2] == ":"
        self.refuse(climbs, member, "climbs out of the archive")
        return str(parts)

    def enter(self, member: str) -> None:
        """Counts a file of the archive."""
        self.refuse(member in self.seen, member, "stands twice in the archive")
        self.seen.add(member)
        self.refuse(len(self.seen) > self.limits.members, "", f"has more than {self.limits.members} members")

    def weigh(self, member: str, size: int) -> None:
        """Counts the bytes of a member that is wanted, before they are read."""
        self.refuse(size > self.limits.member, member, f"is larger than {self.limits.member} bytes")
        self.total += size
        self.refuse(self.total > self.limits.total, member, f"makes it more than {self.limits.total} bytes")

    def swell(self, member: str, size: int, packed: int) -> None:
        """Compares bytes that came out with those that went in."""
        bomb = size > _RATIO_FROM and size > self.limits.ratio * max(packed, 1)
        self.refuse(bomb, member, f"unpacks to more than {self.limits.ratio} times its size")

    def whole(self, stream: Any, member: str) -> bytes:
        """All that a stream gives."""
        pieces = bytearray()
        while piece := stream.read(_PIECE):
            pieces += piece
            self.refuse(
                len(pieces) > self.limits.member, member, f"is larger than {self.limits.member} bytes"
            )
            self.swell(member, len(pieces), self.size)
        return bytes(pieces)

    def plain(self, stream: BinaryIO) -> bytes:
        """All of a file that is not packed, which is held once."""
        data = stream.read(self.limits.member + 1)
        self.refuse(len(data) > self.limits.member, "", f"is larger than {self.limits.member} bytes")
        return data

    def zipped(self, stream: BinaryIO) -> Iterator[tuple[str, bytes]]:
        """The members of a zip, whose sizes its directory tells."""
        with zipfile.ZipFile(_Guarded(stream, self)) as archive:
            listed = archive.infolist()
            for member in listed:
                if not member.is_dir():
                    self.enter(self.inside(member.filename))
            for member in listed:
                name = self.inside(member.filename)
                if member.is_dir() or not self.wanted(name):
                    continue
                self.refuse(bool(member.flag_bits & 1), name, "is encrypted")
                self.refuse((member.external_attr >> 28) == 0xA, name, "is a link")
                known = member.compress_type in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
                self.refuse(not known, name, "is packed neither as it is nor by deflate")
                self.weigh(name, member.file_size)
                self.swell(name, member.file_size, member.compress_size)
                with archive.open(member) as content:
                    # A member may be larger than the directory says it is.
                    data = content.read(member.file_size + 1)
                self.refuse(len(data) > member.file_size, name, "is larger than it says")
                yield name, data

    def tarred(self, stream: BinaryIO, packed: bool) -> Iterator[tuple[str, bytes]]:
        """The members of a tar, or the one file of a gzip that holds no tar."""
        plain: Any = gzip.GzipFile(fileobj=stream) if packed else stream
        bounded = _Bounded(plain, self)
        if packed and not _begins_tar(bounded.peek(512)):
            name = self.name.removesuffix(".gz")
            if self.wanted(name):
                yield name, self.whole(bounded, "")
            return
        bounded.allow(_HEADERS)
        with tarfile.open(fileobj=bounded, mode="r|") as archive:
            for member in archive:
                bounded.allow(member.size + _HEADERS)
                name = self.inside(member.name)
                self.refuse(member.issym() or member.islnk(), name, f"is a link to {member.linkname}")
                self.refuse(not (member.isreg() or member.isdir()), name, "is a device or something like it")
                self.refuse(member.issparse(), name, "has holes, which unpack to any size")
                if member.isdir():
                    continue
                self.enter(name)
                if self.wanted(name) and (content := archive.extractfile(member)) is not None:
                    self.weigh(name, member.size)
                    yield name, content.read()
                archive.members = []  # type: ignore[attr-defined]  # or it keeps every header


def _begins_tar(block: bytes) -> bool:
    """Whether a block is the header of a tar: it says so, or, in an old one, its checksum holds."""
    if len(block) < 512:
        return False
    if block[257:262] == b"ustar":
        return True
    try:
        said = int(block[148:156].strip(b" \0") or b"x", 8)
    except ValueError:
        return False
    return said == sum(block[:148]) + 8 * 32 + sum(block[156:])


class _Bounded(io.RawIOBase):
    """The bytes of a tar, as many as were allowed."""

    def __init__(self, stream: Any, archive: _Archive) -> None:
        self._stream, self._archive = stream, archive
        self._given, self._ahead, self._allowed = 0, b"", archive.limits.total

    def peek(self, size: int) -> bytes:
        """The first bytes, which `read` gives once more."""
        self._ahead = self._stream.read(size)
        return self._ahead

    def allow(self, size: int) -> None:
        """Lets so many more bytes through: a member and the headers of the next."""
        self._allowed = self._given + size

    def read(self, size: int = -1) -> bytes:
        wanted = _PIECE if size is None or size < 0 else size
        data, self._ahead = self._ahead[:wanted], self._ahead[wanted:]
        if len(data) < wanted:
            data += self._stream.read(wanted - len(data))
        self._given += len(data)
        self._archive.swell("", self._given, self._archive.size)
        self._archive.refuse(self._given > self._allowed, "", f"has headers of more than {_HEADERS} bytes")
        return bytes(data)


class _Guarded(io.RawIOBase):
    """The file of a zip, whose directory is not read where no honest one is so large."""

    def __init__(self, stream: BinaryIO, archive: _Archive) -> None:
        self._stream, self._archive = stream, archive

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        return self._stream.seek(offset, whence)

    def tell(self) -> int:
        return self._stream.tell()

    def read(self, size: int = -1) -> bytes:
        data = self._stream.read(_HEADERS + 1 if size is None or size < 0 else min(size, _HEADERS + 1))
        self._archive.refuse(len(data) > _HEADERS, "", f"has a directory of more than {_HEADERS} bytes")
        return data


def parse_xml(data: bytes, name: str) -> Element:
    """An XML document from a stranger: no entities of its own, nothing from outside, bounded tags and depth.

    The entities of HTML are known, since JATS and XHTML use them. Raises HostileError.
    """
    need("seeds", "defusedxml", by="XML")
    from defusedxml.common import DefusedXmlException
    from defusedxml.ElementTree import DefusedXMLParser

    if data.count(b"<") > MAX_TAGS:
        raise HostileError(f"{name}: has more than {MAX_TAGS} tags; refused")
    parser = DefusedXMLParser(forbid_dtd=False, forbid_entities=True, forbid_external=True)
    parser.entity.update({key: chr(code) for key, code in name2codepoint.items()})
    try:
        parser.feed(data)
        root: Element = parser.close()
    except DefusedXmlException as error:
        raise HostileError(
            f"{name}: declares entities of its own ({type(error).__name__}); refused"
        ) from error
    except (ParseError, ValueError, LookupError) as error:
        raise HostileError(f"{name}: is no well-formed XML: {error}") from error
    level = [root]
    for _ in range(MAX_DEPTH):
        level = [child for element in level for child in element]
    if level:
        raise HostileError(f"{name}: nests its elements more than {MAX_DEPTH} deep; refused")
    return root
