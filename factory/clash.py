"""Clashes: another distribution or folder that claims one of our package names, so that theirs is imported
where ours is meant, or overwrites it."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

from factory.errors import PluginError

DISTRIBUTION = "seedfactory"
PACKAGES = ("factory", "generators", "validators", "trainer")


def clashes() -> list[str]:
    """What clashes, in words with the mend; empty when all is well.

    Reads the lists of installed files as bytes: a few milliseconds, so that every command can afford it.
    """
    claims: dict[str, list[str]] = {package: [] for package in PACKAGES}
    for folder in _installed():
        # `name-version.dist-info`, where a hyphen of the name is written as an underscore.
        name = folder.stem.partition("-")[0].replace("_", "-")
        if name.lower() == DISTRIBUTION:
            continue
        files = _bytes(folder / "RECORD") or _bytes(folder / "top_level.txt")
        for package in PACKAGES:
            marks = f"\n{package}/__init__.py,".encode(), f"\n{package}\n".encode()
            if any(mark in b"\n" + files for mark in marks):
                claims[package].append(name)
    told = [
        f"the package '{package}' belongs to {DISTRIBUTION} and is also installed by {' and '.join(others)};"
        f" one overwrites the other: pip uninstall {' '.join(others)}, then install {DISTRIBUTION} again"
        for package, others in claims.items()
        if others
    ]
    return told or _shadowed()


def _shadowed() -> list[str]:
    """Packages of ours that Python would import from elsewhere: another folder or an editable install of
    another project comes first on the path."""
    own = Path(__file__).resolve().parent.parent
    told = []
    for package in PACKAGES:
        homes = (Path(entry or ".").resolve() for entry in sys.path)
        first = next((home for home in homes if (home / package / "__init__.py").exists()), own)
        if first != own:
            told.append(
                f"the package '{package}' belongs to {DISTRIBUTION}, but Python finds one of that name in {first}"
                " first; uninstall the project that put it on the path, or start from another folder"
            )
    return told


def check() -> None:
    """Raises PluginError when another distribution claims one of our packages."""
    if found := clashes():
        raise PluginError("\n".join(found))


def _installed() -> Iterator[Path]:
    """The metadata folders of every distribution on the path, each once."""
    seen: set[Path] = set()
    for entry in sys.path:
        folder = Path(entry or ".")
        if folder in seen or not folder.is_dir():
            continue
        seen.add(folder)
        for pattern in ("*.dist-info", "*.egg-info"):
            yield from folder.glob(pattern)


def _bytes(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError:
        return b""
