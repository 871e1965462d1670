"""Files that lie elsewhere, behind a URL that fsspec knows: found, opened, and spoken of without their secrets."""

from __future__ import annotations

import errno
import io
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from typing import Any, BinaryIO, cast

from factory.extras import need

_GLOB = re.compile(r"[*?]")
_ON_WEB = re.compile(r"https?://")
_GLOB_OF_WEB = re.compile(r"\*")  # behind a question mark stands what a server is asked
_AHEAD = 1 << 16
_USER = re.compile(r"(?<=://)[^/\s@'\"]+@")
_ASKED = re.compile(
    r"([?&;][\w.~-]*(?:sig|token|key|secret|pass|auth|credential)[\w.~-]*=)[^&;\s'\")\]]+", re.I
)


def is_remote(text: str) -> bool:
    """Whether a path of a catalogue is a URL."""
    return "://" in text


@contextmanager
def asked(url: str) -> Iterator[None]:
    """Lets whatever a file system raises in its own words (no credentials, no such bucket) be an OSError that says so,
    without the users and the passwords of a URL."""
    try:
        yield
    except (ImportError, OSError, ValueError):
        raise
    except Exception as error:  # each file system has errors of its own make
        # A traceback with its cause would say it again, with what is left out here.
        raise OSError(errno.EIO, _said(error, url)) from None


def _said(error: Exception, url: str) -> str:
    """An error in words. Where users and passwords stand behind no "://", only the URL tells them from other words."""
    said = f"{type(error).__name__}: {error}"
    for user in _USER.findall(url):
        said = said.replace(user, "")
    return said


def path_of(url: str) -> Path:
    """A UPath, which opens, and has a name and a suffix as a Path has: without what a server is asked."""
    need("seeds", "upath", by=without_secrets(url))
    from upath import UPath
    from upath.extensions import ProxyUPath

    class Asked(ProxyUPath):
        @property
        def name(self) -> str:
            return str(super().name).partition("?")[0]

        @property
        def suffix(self) -> str:
            return PurePosixPath(self.name).suffix

        @property
        def suffixes(self) -> list[str]:
            return PurePosixPath(self.name).suffixes

    return cast("Path", (Asked if _ON_WEB.match(url) and "?" in url else UPath)(url))


def files_of(pattern: str) -> list[Path]:
    """What a URL matches; itself where it is no pattern. Raises OSError where it is not there or not given."""
    with asked(pattern):
        return _matched(pattern)


def _matched(pattern: str) -> list[Path]:
    protocol, _, rest = pattern.partition("://")
    rest, sign, chain = rest.partition("::")
    glob = _GLOB_OF_WEB if _ON_WEB.match(pattern) else _GLOB
    parts = rest.split("/")
    place = next((at for at, part in enumerate(parts) if glob.search(part)), None)
    if place is None:
        only = path_of(pattern)
        only.stat()  # what is not there is told now, and not by every process
        return [only]
    if sign:  # an archive's members, by the file system that reads it
        need("seeds", "upath", by=without_secrets(pattern))
        from fsspec.core import url_to_fs

        system, inside = url_to_fs(pattern)
        return [path_of(f"{protocol}://{name.lstrip('/')}::{chain}") for name in sorted(system.glob(inside))]
    base = path_of(f"{protocol}://" + "/".join(parts[:place]))
    found = (path_of(str(path)) for path in base.glob("/".join(parts[place:])) if path.is_file())
    return sorted(found, key=str)


def version(status: Any) -> str:
    """What a server says of the version of a file beside its size; empty where it says nothing."""
    told = status.as_info() if hasattr(status, "as_info") else {}
    return str(next((told[name] for name in ("ETag", "etag", "Last-Modified", "CRC") if told.get(name)), ""))


def without_secrets(text: str) -> str:
    """A text in which URLs name no user and give no key: as it may be stored and shown."""
    return _ASKED.sub(r"\1...", _USER.sub("", text)) if "://" in text else text


def opened(path: Path) -> BinaryIO:
    """A file elsewhere as one here is read: by lines, ahead; whatever breaks its connection is an OSError."""
    return cast("BinaryIO", io.BufferedReader(_Remote(path), _AHEAD))


class _Remote(io.RawIOBase):
    def __init__(self, path: Path) -> None:
        self._name, self._url = path.name, str(path)
        with asked(self._url):
            self._stream: Any = path.open("rb")

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return bool(self._stream.seekable())

    def readinto(self, buffer: Any) -> int:
        try:
            data = self._stream.read(len(buffer))
        except OSError:
            raise
        except Exception as error:  # each file system of fsspec has errors of its own
            why = f"the connection broke at byte {self._stream.tell()}: {_said(error, self._url)}"
            raise ConnectionResetError(errno.ECONNRESET, f"{self._name}: {why}") from None
        buffer[: len(data)] = data
        return len(data)

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        return int(self._stream.seek(offset, whence))

    def tell(self) -> int:
        return int(self._stream.tell())

    def close(self) -> None:
        self._stream.close()
        super().close()
