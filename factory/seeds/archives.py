"""Archives and XML from strangers: unpacked into memory within bounds, or refused with the reason."""

from __future__ import annotations

import gzip
import io
import tarfile
import zipfile
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from html.entities import name2codepoint
from pathlib import Path, PurePosixPath
from typing import Any, BinaryIO
from xml.etree.ElementTree import Element, ParseError

from factory.errors import FactoryError


class HostileError(FactoryError):
    """An archive or an XML file does what no honest one does. The message names the file, the member and why."""


@dataclass(frozen=True)
class Limits:
    """Bounds of an archive: its members, their bytes unpacked (one, and all), and bytes out for each byte in."""

    members: int = 20_000
    member: int = 128 << 20
    total: int = 512 << 20
    ratio: int = 200


LIMITS = Limits()
_RATIO_FROM = 8 << 20
"""Bytes unpacked below which no ratio is suspicious: a small file of zeros is no bomb."""

Wanted = Callable[[str], bool]


def unpack(path: Path, wanted: Wanted = lambda name: True, limits: Limits = LIMITS) -> dict[str, bytes]:
    """The wanted members of a zip, a tar (packed or not) or a single packed file, by name.

    Nothing touches the disk. Raises HostileError for bombs, paths that climb out, links, devices, encrypted or
    repeated members, and for what is no archive.
    """
    with path.open("rb") as stream:
        head = stream.read(4)
        stream.seek(0)
        try:
            if head.startswith(b"PK"):
                return _unzip(path, stream, wanted, limits)
            return _untar(path, stream, wanted, limits)
        except (zipfile.BadZipFile, tarfile.TarError, EOFError, OSError, zlib.error) as error:
            raise HostileError(f"{path.name}: cannot be unpacked: {error}") from error


def _unzip(path: Path, stream: BinaryIO, wanted: Wanted, limits: Limits) -> dict[str, bytes]:
    found: dict[str, bytes] = {}
    with zipfile.ZipFile(stream) as archive:
        members = archive.infolist()
        _refuse(len(members) > limits.members, path, "", f"more than {limits.members} members")
        names = set[str]()
        total = 0
        for member in members:
            name = _checked(path, member.filename)
            if member.is_dir():
                continue
            _refuse(name in names, path, name, "stands twice in the archive")
            names.add(name)
            _refuse(bool(member.flag_bits & 1), path, name, "is encrypted")
            _refuse((member.external_attr >> 28) == 0xA, path, name, "is a link")
            total += member.file_size
            _sizes(path, name, member.file_size, total, member.compress_size, limits)
            if wanted(name):
                with archive.open(member) as content:
                    # A member may be larger than the archive says it is.
                    data = content.read(member.file_size + 1)
                _refuse(len(data) > member.file_size, path, name, "is larger than it says")
                found[name] = data
    return found


def _untar(path: Path, stream: BinaryIO, wanted: Wanted, limits: Limits) -> dict[str, bytes]:
    packed = path.stat().st_size
    head = stream.read(3)
    stream.seek(0)
    plain: Any = gzip.GzipFile(fileobj=stream) if head[:2] == b"\x1f\x8b" else stream
    bounded = _Bounded(plain, path, limits, packed)
    start = bounded.peek(512)
    if head[:2] == b"\x1f\x8b" and start[257:262] != b"ustar" and not _looks_like_tar(start):
        name = path.name.removesuffix(".gz")
        return {name: bounded.read(-1)} if wanted(name) else {}
    found: dict[str, bytes] = {}
    with tarfile.open(fileobj=bounded, mode="r|") as archive:
        for number, member in enumerate(archive):
            name = _checked(path, member.name)
            _refuse(number >= limits.members, path, "", f"more than {limits.members} members")
            _refuse(member.issym() or member.islnk(), path, name, f"is a link to {member.linkname}")
            _refuse(not (member.isfile() or member.isdir()), path, name, "is a device or something like it")
            _refuse(member.size > limits.member, path, name, f"is larger than {limits.member} bytes")
            _refuse(name in found, path, name, "stands twice in the archive")
            content = archive.extractfile(member) if member.isfile() and wanted(name) else None
            if content is not None:
                found[name] = content.read()
    return found


def _looks_like_tar(block: bytes) -> bool:
    """Whether a block is the header of an old tar: its checksum holds."""
    if len(block) < 512:
        return False
    try:
        said = int(block[148:156].strip(b" \0") or b"x", 8)
    except ValueError:
        return False
    return said == sum(block[:148]) + 8 * 32 + sum(block[156:])


class _Bounded(io.RawIOBase):
    """A stream that may not give more than its limits."""

    def __init__(self, stream: Any, path: Path, limits: Limits, packed: int) -> None:
        self._stream, self._path, self._limits, self._packed = stream, path, limits, packed
        self._given, self._ahead = 0, b""

    def peek(self, size: int) -> bytes:
        """The first bytes, which `read` gives once more."""
        self._ahead = self._stream.read(size)
        return self._ahead

    def read(self, size: int = -1) -> bytes:
        most = self._limits.total + 1
        wanted = most if size is None or size < 0 else size
        data, self._ahead = self._ahead[:wanted], self._ahead[wanted:]
        if len(data) < wanted:
            data += self._stream.read(wanted - len(data))
        self._given += len(data)
        _sizes(self._path, "", 0, self._given, self._packed, self._limits)
        return bytes(data)


def _sizes(path: Path, name: str, size: int, total: int, packed: int, limits: Limits) -> None:
    _refuse(size > limits.member, path, name, f"is larger than {limits.member} bytes")
    _refuse(total > limits.total, path, name, f"unpacks to more than {limits.total} bytes")
    out = size or total
    _refuse(
        out > _RATIO_FROM and out > limits.ratio * max(packed, 1),
        path,
        name,
        f"unpacks to more than {limits.ratio} times its size",
    )


def _checked(path: Path, name: str) -> str:
    """A member's name, which stays inside the archive."""
    parts = PurePosixPath(name.replace("\\", "/"))
    climbs = parts.is_absolute() or ".." in parts.parts or "\0" in name or name[1:2] == ":"
    _refuse(climbs, path, name, "climbs out of the archive")
    return str(parts)


def _refuse(condition: bool, path: Path, name: str, why: str) -> None:
    if condition:
        raise HostileError(f"{path.name}: {f'member {name} ' if name else ''}{why}; refused")


def parse_xml(data: bytes, name: str) -> Element:
    """An XML document from a stranger: no entities of its own, nothing from outside.

    The entities of HTML are known, since JATS and XHTML use them. Raises HostileError.
    """
    try:
        from defusedxml.common import DefusedXmlException
        from defusedxml.ElementTree import DefusedXMLParser
    except ImportError as error:
        raise FactoryError("XML sources need: pip install 'seedfactory[seeds]'") from error
    parser = DefusedXMLParser(forbid_dtd=False, forbid_entities=True, forbid_external=True)
    parser.entity.update({key: chr(code) for key, code in name2codepoint.items()})
    try:
        parser.feed(data)
        root: Element = parser.close()
        return root
    except DefusedXmlException as error:
        raise HostileError(
            f"{name}: declares entities of its own ({type(error).__name__}); refused"
        ) from error
    except ParseError as error:
        raise HostileError(f"{name}: is no well-formed XML: {error}") from error
