"""Where in a repository a file lies, and whether the code in it is the repository's own."""

from __future__ import annotations

import functools
from pathlib import Path

from factory.seeds.html.words import names

VENDORED = "in a folder of vendored code"
"""Why a file is left out."""

_FOLDERS = names(
    "node_modules vendor third_party thirdparty dist build site-packages .git .venv venv .tox bower_components"
)


def vendored(path: Path) -> bool:
    """Whether a file lies in a folder of others' code, or of what was built."""
    return not _FOLDERS.isdisjoint(_inside(path.parent) if isinstance(path, Path) else path.parts[:-1])


@functools.lru_cache(maxsize=4096)
def _top(folder: Path) -> Path | None:
    """The top of the repository that a folder lies in."""
    return next((one for one in (folder, *folder.parents) if (one / ".git").exists()), None)


def _inside(folder: Path) -> tuple[str, ...]:
    """The folders that a file lies in, up to the top of its repository or of this project: what lies above has no
    say in what is vendored."""
    top = _top(folder) or Path.cwd()
    return folder.relative_to(top).parts if folder.is_relative_to(top) else folder.parts


def leads_out(path: Path) -> bool:
    """Whether a stranger's link would have us read what is not in the repository."""
    top = _top(path.parent)
    return top is not None and not path.resolve().is_relative_to(top.resolve())
