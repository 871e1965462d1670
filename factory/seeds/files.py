"""Files that seed sets name: on this machine by path and glob, elsewhere by a URL that fsspec knows."""

from __future__ import annotations

import bz2
import errno
import gzip
import io
import lzma
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, BinaryIO, cast

from factory.errors import CatalogError, FactoryError, did_you_mean
from factory.extras import need
from factory.plugins import Span
from factory.seeds import remote
from factory.seeds.cutoff import frames

SHARD_MB = 8
"""About how many MB of files make a shard: a few seconds of work."""

_AHEAD = 1 << 16
"""Bytes that are unpacked at once."""

_ZSTD = frozenset({".zst", ".zstd"})
PACKED = frozenset({".gz", ".bz2", ".xz"}) | _ZSTD
MAX_LINE = 256 << 20
"""Bytes of the longest line that is read: a record beyond it is broken."""


class UnreadableError(FactoryError):
    """A file, or a part of one, is not what it is read as. The message says why."""


def files_of(paths: Sequence[str], root: Path, name: str) -> list[Path]:
    """The files of the seed set `name`, sorted, each once. Raises CatalogError where a path matches nothing."""
    found: dict[Path, None] = {}
    for pattern in paths:
        told = remote.without_secrets(pattern)
        try:
            files = remote.files_of(pattern) if remote.is_remote(pattern) else _local(pattern, root)
        except ImportError as error:  # fsspec's own words say which package a protocol needs
            raise FactoryError(f"seed set '{name}': {told} needs a package: {error}") from error
        except (OSError, ValueError) as error:
            missing = isinstance(error, FileNotFoundError) and error.errno is None
            why = "it is not there, or nobody answers at its address" if missing else _why(error)
            what = remote.without_secrets(f"{told} cannot be read: {why}")
            raise CatalogError(f"seed set '{name}': {what}") from error
        if not files:
            raise CatalogError(f"seed set '{name}': no file matches {told}{_near(pattern, root)}")
        found.update(dict.fromkeys(files))
    return list(found)


def _why(error: Exception) -> object:
    """What an error says, without its number."""
    return getattr(error, "strerror", None) or error


def path_of(text: str) -> Path:
    """A path, or a UPath for a URL: both have a name and a suffix, and `opened` opens them."""
    return remote.path_of(text) if remote.is_remote(text) else Path(text)


def opened(path: Path) -> BinaryIO:
    """Opens a file as it is, here or elsewhere."""
    return path.open("rb") if type(path) is type(Path()) else remote.opened(path)


def ungiven(error: BaseException) -> bool:
    """Whether the machine or the network failed (no permission, a broken connection), and not the file: what is
    wrong with its content has no number, or that of a place that cannot be."""
    return isinstance(error, OSError) and (
        isinstance(error, TimeoutError) or error.errno not in (None, errno.EINVAL)
    )


def signature(path: Path) -> str:
    """What changes when a file changes: its size and time of change. Of a repository's HEAD, the commit."""
    if path.name == "HEAD" and isinstance(path, Path) and (commit := _commit(path)):
        return commit
    status = path.stat()
    said = remote.version(status)
    when = getattr(status, "st_mtime_ns", 0) or status.st_mtime
    return f"{status.st_size}-{when}" + (f"-{said}" if said else "")


def _commit(head: Path) -> str:
    """The commit that a HEAD means: itself, or through the branch that it names; empty where it is none."""
    told = head.read_bytes()[:1000].decode("utf-8", "replace").strip()
    name = told.removeprefix("ref: ")
    if not (name != told and name.startswith("refs/")) or ".." in name:
        return ""
    branch, packed = head.parent / name, head.parent / "packed-refs"
    if branch.is_file():
        return branch.read_bytes()[:100].decode("utf-8", "replace").strip()
    lines = packed.read_text("utf-8", "replace").splitlines() if packed.is_file() else ()
    return next((line.partition(" ")[0] for line in lines if line.endswith(f" {name}")), "")


def address(path: Path, root: Path) -> str:
    """The path from the project's folder, where it lies in it: the same on every machine. A URL without secrets."""
    if isinstance(path, Path) and path.is_relative_to(root):
        return path.relative_to(root).as_posix()
    return remote.without_secrets(str(path))


def _local(pattern: str, root: Path) -> list[Path]:
    base = Path(pattern).expanduser()
    start, glob = (
        (Path(base.anchor), str(base.relative_to(base.anchor))) if base.is_absolute() else (root, pattern)
    )
    # A link that leads nowhere is a file that cannot be read, and told to be one.
    return sorted(path for path in start.glob(glob) if path.is_file() or not path.exists())


def _near(pattern: str, root: Path) -> str:
    if remote.is_remote(pattern):
        return ""
    base = Path(pattern).expanduser()
    if (root / base).is_dir():
        return f": it is a folder; name its files, such as {pattern.rstrip('/')}/**/*"
    near = did_you_mean(base.name, (path.name for path in (root / base).parent.glob("*")))
    return f" below {root}{near}"


def packed(path: Path) -> bool:
    """Whether a file's name says that it is packed."""
    return path.suffix.lower() in PACKED


def open_bytes(path: Path) -> BinaryIO:
    """Opens a file for reading, unpacking .gz, .bz2, .xz and .zst as it is read.

    Reading raises UnreadableError where what is packed is damaged or was cut off, behind all that is whole."""
    stream = opened(path)
    match path.suffix.lower():
        case ".gz":
            return _unpacked(gzip.GzipFile(fileobj=stream), stream, path)
        case ".bz2":
            return _unpacked(bz2.BZ2File(stream), stream, path)
        case ".xz":
            return _unpacked(lzma.LZMAFile(stream), stream, path)
        case suffix if suffix in _ZSTD:
            need("seeds", "zstandard", by=path.name)
            import zstandard

            return _unpacked(zstandard.ZstdDecompressor().stream_reader(stream), stream, path)
    return stream


def _unpacked(reader: Any, stream: BinaryIO, path: Path) -> BinaryIO:
    return cast("BinaryIO", io.BufferedReader(_Unpacked(reader, stream, path), _AHEAD))


class _Unpacked(io.RawIOBase):
    """What a packed file holds, as far as it is whole."""

    def __init__(self, reader: Any, stream: BinaryIO, path: Path) -> None:
        self._reader, self._stream, self._path, self._given = reader, stream, path, 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        try:
            data = self._reader.read1(len(buffer))  # `read` would throw away what it has when it fails
        except Exception as error:  # each decompressor has errors of its own
            if ungiven(error):
                raise
            raise self._damaged(str(error)) from error
        if not data and self._breaks_off():
            raise self._damaged("its last frame has no end")
        buffer[: len(data)] = data
        self._given += len(data)
        return len(data)

    def _damaged(self, why: str) -> UnreadableError:
        behind = f"behind byte {self._given} of what it holds unpacked"
        return UnreadableError(f"{self._path.name}: damaged or cut off {behind}: {why}; fetch it again")

    def _breaks_off(self) -> bool:
        """Whether a file of zstd ends inside of a frame, which its reader takes for the frame's end."""
        if self._path.suffix.lower() not in _ZSTD:
            return False
        size = self._stream.seek(0, io.SEEK_END)
        return any(frame.end > size for frame in frames(self._stream, 0))

    def close(self) -> None:
        self._reader.close()
        self._stream.close()
        super().close()


def line_spans(path: Path, size: int) -> Iterator[Span]:
    """Parts of a file of lines of about `size` bytes; a packed file is read as a whole."""
    if packed(path):
        return
    total = path.stat().st_size
    yield from (Span(start, min(start + size, total)) for start in range(0, total, size))


def lines_of(path: Path, span: Span | None = None, *, most: int = MAX_LINE) -> Iterator[tuple[int, bytes]]:
    """Lines with the byte (of the unpacked file) that each begins at. A line belongs to the span that its
    first byte lies in. One longer than `most` is cut there, and its rest is skipped: memory stays bounded."""
    with open_bytes(path) as stream:
        at = 0
        if span and span.start:
            stream.seek(at := span.start - 1)
            while piece := stream.readline(most):
                at += len(piece)
                if piece.endswith(b"\n"):
                    break
        while span is None or at < span.end:
            line = stream.readline(most)
            if not line:
                return
            start, at = at, at + len(line)
            yield start, line
            while len(line) == most and not line.endswith(b"\n"):
                line = stream.readline(most)
                at += len(line)
