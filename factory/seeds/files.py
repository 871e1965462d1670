"""Files that seed sets name: on this machine by path and glob, elsewhere by a URL that fsspec knows."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import cast

from factory.errors import CatalogError, FactoryError, did_you_mean


def files_of(paths: Sequence[str], root: Path, name: str) -> list[Path]:
    """The files of the seed set `name`, sorted, each once. Raises CatalogError where a path matches nothing."""
    found: dict[Path, None] = {}
    for pattern in paths:
        files = _remote(pattern) if "://" in pattern else _local(pattern, root)
        if not files:
            raise CatalogError(f"seed set '{name}': no file matches {pattern}{_near(pattern, root)}")
        found.update(dict.fromkeys(files))
    return list(found)


def path_of(text: str) -> Path:
    """A path, or a UPath for a URL: both open, and have a name and a suffix."""
    if "://" not in text:
        return Path(text)
    try:
        from upath import UPath
    except ImportError as error:
        raise FactoryError(f"{text} needs: pip install 'seedfactory[seeds]'") from error
    return cast("Path", UPath(text))


def signature(path: Path) -> str:
    """What changes when a file changes: its size and time of change."""
    status = path.stat()
    return f"{status.st_size}-{getattr(status, 'st_mtime_ns', 0) or status.st_mtime}"


def address(path: Path, root: Path) -> str:
    """The path from the project's folder, where it lies in it: the same on every machine."""
    if isinstance(path, Path) and path.is_relative_to(root):
        return path.relative_to(root).as_posix()
    return str(path)


def _local(pattern: str, root: Path) -> list[Path]:
    base = Path(pattern).expanduser()
    start, glob = (
        (Path(base.anchor), str(base.relative_to(base.anchor))) if base.is_absolute() else (root, pattern)
    )
    return sorted(path for path in start.glob(glob) if path.is_file())


def _remote(pattern: str) -> list[Path]:
    protocol, _, rest = pattern.partition("://")
    place = next((at for at, part in enumerate(rest.split("/")) if "*" in part or "?" in part), None)
    if place is None:
        return [path_of(pattern)]
    parts = rest.split("/")
    base = path_of(f"{protocol}://" + "/".join(parts[:place]))
    return sorted((path for path in base.glob("/".join(parts[place:])) if path.is_file()), key=str)


def _near(pattern: str, root: Path) -> str:
    if "://" in pattern:
        return ""
    base = Path(pattern).expanduser()
    near = did_you_mean(base.name, (path.name for path in (root / base).parent.glob("*")))
    return f" below {root}{near}"
