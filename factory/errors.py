"""Errors made for the person who reads them: they name the thing, the place and the mend."""

from __future__ import annotations

import difflib
import traceback
from collections.abc import Iterable
from pathlib import Path


class FactoryError(Exception):
    """Something the user can mend. The command line prints its text without a traceback."""


class CatalogError(FactoryError):
    """The catalogue does not say what it must; the text holds file, line and key of every fault."""


class PluginError(FactoryError):
    """A plugin is missing, doubled, badly declared, or fails to import."""


class MissingPackage(FactoryError):
    """An optional package is not installed: no file, row or model is to blame."""


class TeacherError(FactoryError):
    """A model could not be asked, or its replies never fitted their schema. Fails the seed."""


class ModelError(TeacherError):
    """A model that gives no replies now, whatever it is asked: its key is refused, or its server is down."""


class SandboxError(FactoryError):
    """The machine offers no isolation for untrusted code, or the sandbox itself broke."""


class StoreError(FactoryError):
    """The store cannot be opened, read or migrated."""


class RowError(FactoryError):
    """The store did not take a row: it fails the seed that it belongs to, and nobody else."""


def did_you_mean(name: str, options: Iterable[str]) -> str:
    """Returns ``; did you mean 'x'?`` for a near miss, the list of options when it is short, or nothing."""
    known = sorted(set(options))
    near = difflib.get_close_matches(name, known, n=1, cutoff=0.6)
    near = near or [one for one in known if one in name.split("_")]
    if near:
        return f"; did you mean '{near[0]}'?"
    if known and len(known) <= 12:
        return f"; there are: {', '.join(known)}"
    return ""


def told(error: BaseException, home: Path | None = None) -> str:
    """An error on one line: its kind, what it says, and the last line below the folder `home` that it came through."""
    from pydantic import ValidationError

    text, kind = str(error), type(error).__name__
    if isinstance(error, ValidationError):
        faults = error.errors(include_url=False, include_input=False)
        text = "; ".join(f"{'.'.join(map(str, (error.title, *one['loc'])))}: {one['msg']}" for one in faults)
    if home is None or isinstance(error, FactoryError):
        return f"{kind}: {text}"
    passed = [
        frame
        for frame in traceback.extract_tb(error.__traceback__)
        if Path(frame.filename).is_relative_to(home)
    ]
    return f"{kind}: {text}" + (
        f" ({Path(passed[-1].filename).name}, line {passed[-1].lineno})" if passed else ""
    )
