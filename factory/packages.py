"""Where packages lie, found without importing them or their parents: `factory --help` has no time to."""

from __future__ import annotations

import importlib.util
from pathlib import Path


def package_folder(package: str) -> Path | None:
    """The folder of an installed package; None where there is none."""
    top, *inner = package.split(".")
    found = importlib.util.find_spec(top) if top else None
    for location in (found and found.submodule_search_locations) or ():
        folder = Path(location).joinpath(*inner)
        if folder.is_dir():
            return folder
    return None
