"""Which licence a file is under: told by itself, or by the nearest licence file above it."""

from __future__ import annotations

import functools
import re
from pathlib import Path

_SPDX = re.compile(rb"SPDX-License-Identifier:\s*([A-Za-z0-9.+() -]+?)\s*(?:\*/|-->|[\"']|\r?\n|$)")
_NAMES = re.compile(r"^(?:licen[cs]e|copying|unlicense)(?:[.-].*)?$", re.I)
_HEAD = 4096
_LEVELS = 12

# Sentences that stand in one licence and in no other; the first that fits, so the narrower come first.
_TOLD: tuple[tuple[str, str], ...] = (
    ("AGPL-3.0-only", r"gnu affero general public license\s+version 3"),
    ("LGPL-3.0-only", r"gnu lesser general public license\s+version 3"),
    ("LGPL-2.1-only", r"gnu lesser general public license\s+version 2\.1"),
    ("GPL-3.0-only", r"gnu general public license\s+version 3"),
    ("GPL-2.0-only", r"gnu general public license\s+version 2"),
    ("Apache-2.0", r"apache license\s+version 2\.0"),
    ("MPL-2.0", r"mozilla public license,?\s+version 2\.0"),
    ("EPL-2.0", r"eclipse public license\s*-?\s*v(?:ersion)?\s*2\.0"),
    ("CC0-1.0", r"cc0 1\.0 universal"),
    ("Unlicense", r"this is free and unencumbered software released into the public domain"),
    ("BSL-1.0", r"boost software license\s*-\s*version 1\.0"),
    ("ISC", r"permission to use, copy, modify, and(?:/or)? distribute this software for any purpose"),
    ("MIT", r"permission is hereby granted, free of charge, to any person obtaining a copy"),
    ("BSD-3-Clause", r"redistribution and use in source and binary forms.*neither the name"),
    ("BSD-2-Clause", r"redistribution and use in source and binary forms"),
    ("PSF-2.0", r"python software foundation license version 2"),
)
_PATTERNS = tuple((name, re.compile(pattern, re.S)) for name, pattern in _TOLD)


def licence_of(path: Path, raw: bytes) -> str | None:
    """The SPDX identifier that a file names in its head, else that of the nearest licence file; or None."""
    found = _SPDX.search(raw[:_HEAD])
    if found:
        return found[1].decode("ascii").strip()
    return _above(path.parent, _LEVELS) if isinstance(path, Path) else None


def recognised(text: str) -> str | None:
    """The licence that a text is, by its own sentences; None for one that is not known."""
    plain = " ".join(text.lower().split())
    return next((name for name, pattern in _PATTERNS if pattern.search(plain)), None)


@functools.lru_cache(maxsize=4096)
def _above(folder: Path, levels: int) -> str | None:
    """The licence of the nearest folder that has one; the search ends at the top of a repository."""
    try:
        named = sorted(path for path in folder.iterdir() if _NAMES.match(path.name) and path.is_file())
    except OSError:
        return None
    for path in named:
        if found := recognised(path.read_bytes()[:65536].decode("utf-8", "replace")):
            return found
    if named or levels == 0 or folder.parent == folder or (folder / ".git").exists():
        return None
    return _above(folder.parent, levels - 1)
