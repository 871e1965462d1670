"""A TeX project as one text: its main file, with everything that it inputs, without comments."""

from __future__ import annotations

import re
from collections.abc import Mapping
from posixpath import dirname, join, normpath

from factory.errors import FactoryError
from factory.seeds.tex.scan import VERBATIM

DEPTH = 20
MOST = 32 << 20
"""Characters of a whole project: more is no paper."""

_INPUT = re.compile(
    r"\\(?:input|include|subfile)(?![a-zA-Z])\s*(?:\{([^{}]+)\}|([^\s{}\\%]+))|\\(?:sub)?import\*?\s*\{([^{}]*)\}\s*\{([^{}]+)\}"
)
_COMMENT = re.compile(r"(?<!\\)((?:\\\\)*)%[^\n]*(?:\n[ \t]*(?=\S))?")
_RAW = re.compile(
    r"\\begin\{(" + "|".join(re.escape(name) for name in VERBATIM) + r")\}.*?\\end\{\1\}", re.DOTALL
)
_MAIN = re.compile(r"^[^%\n]*\\documentclass", re.MULTILINE)
_BEGINS = re.compile(r"^[^%\n]*\\begin\s*\{document\}", re.MULTILINE)


def whole_text(files: Mapping[str, str]) -> str:
    """The text of a project of files by name. Raises FactoryError where no file is a main file, or where the
    files input each other without end."""
    main = _main(files)
    return _resolved(main, files, (main,), [0])


def _main(files: Mapping[str, str]) -> str:
    """The file that begins a document: the largest, where several do."""
    whole = [name for name, text in files.items() if _MAIN.search(text) and _BEGINS.search(text)]
    begun = whole or [name for name, text in files.items() if _BEGINS.search(text)]
    if not begun:
        raise FactoryError(f"none of {', '.join(sorted(files)[:5]) or 'no files'} begins a TeX document")
    # A paper's supplement begins a document too, and is rarely the longer of the two.
    return max(begun, key=lambda name: (len(files[name]), name))


def _resolved(name: str, files: Mapping[str, str], above: tuple[str, ...], size: list[int]) -> str:
    text = _without_comments(files[name])
    size[0] += len(text)
    if size[0] > MOST:
        raise FactoryError(f"the project has more than {MOST} characters; refused")

    def put_in(found: re.Match[str]) -> str:
        wanted = (found[1] or found[2] or join(found[3] or "", found[4] or "")).strip().strip('"')
        inner = _found(wanted, dirname(name), files)
        if inner is None:
            return " "  # a figure, or a file that was not sent along
        if inner in above or len(above) > DEPTH:
            raise FactoryError(f"{' -> '.join([*above, inner])}: the files input each other without end")
        return "\n" + _resolved(inner, files, (*above, inner), size) + "\n"

    return _INPUT.sub(put_in, text)


def _found(wanted: str, folder: str, files: Mapping[str, str]) -> str | None:
    """The file that an input means: beside the one that asks, or from the project's top."""
    for base in (folder, ""):
        for ending in ("", ".tex", ".ltx"):
            name = normpath(join(base, wanted + ending))
            if name in files:
                return name
    return None


def _without_comments(text: str) -> str:
    """Takes comments out of a text, but not out of what it shows verbatim."""
    parts: list[str] = []
    at = 0
    for found in _RAW.finditer(text):
        parts += [_COMMENT.sub(r"\1", text[at : found.start()]), "" if found[1] == "comment" else found[0]]
        at = found.end()
    return "".join([*parts, _COMMENT.sub(r"\1", text[at:])])
