"""A TeX project as one text: its main file, with everything that it inputs, without comments."""

from __future__ import annotations

import re
from collections.abc import Mapping
from posixpath import dirname, join, normpath

from factory.seeds.files import UnreadableError
from factory.seeds.tex.scan import raw_parts

DEPTH = 20
MOST = 32 << 20
"""Characters of a whole project: more is no paper."""

_INPUT = re.compile(
    r"\\(?:input|include|subfile)(?![a-zA-Z])\s*(?:\{([^{}]+)\}|([^\s{}\\%]+))|\\(?:sub)?import\*?\s*\{([^{}]*)\}\s*\{([^{}]+)\}"
)
_COMMENT = re.compile(r"(?<!\\)((?:\\\\)*)%[^\n]*(?:\n[ \t]*(?=\S))?")
_OFF = re.compile(r"\\iffalse(?![a-zA-Z])")
_BRANCH = re.compile(r"(?<!\\newif)\\(if(?!f\b|thenelse\b)[a-zA-Z]*|fi)(?![a-zA-Z])")
MOST_OFF, OFF = 100, 1 << 18
"""How many branches are switched off, and how many characters one holds: more is no author's."""
_INSIDE = re.compile(r"\\begin\s*\{document\}(.*?)(?:\\end\s*\{document\}|\Z)", re.DOTALL)
_PLAIN = re.compile(r"\\(?:bye|end)\s*\Z")
_MAIN = re.compile(r"^[^%\n]*\\documentclass", re.MULTILINE)
_BEGINS = re.compile(r"^[^%\n]*\\begin\s*\{document\}", re.MULTILINE)


def whole_text(files: Mapping[str, str], main: str = "") -> str:
    """The text of a project of files by name; `main` is told by the files where it is not given.

    Raises UnreadableError where no file is a main file, or where the files input each other without end."""
    main = main or _main(files)
    return _resolved(main, files, (main,), [0])


def _main(files: Mapping[str, str]) -> str:
    """The file that begins a document and is no part of another: the largest with its inputs, where several do."""
    if not files:
        raise UnreadableError("there is no TeX in it: the paper was withdrawn, or sent as PDF or PostScript")
    whole = [name for name, text in files.items() if _MAIN.search(text) and _BEGINS.search(text)]
    begun = whole or [name for name, text in files.items() if _BEGINS.search(text)]
    begun = begun or [name for name, text in files.items() if _PLAIN.search(text.rstrip())]
    if not begun:
        raise UnreadableError(f"none of {', '.join(sorted(files)[:5])} begins a TeX document")
    inputs = {name: _inputs(name, files) for name in files}
    parts = {part for name, found in inputs.items() for part in found - {name}}
    # A paper's supplement begins a document too, and is rarely the longer of the two.
    return max([name for name in begun if name not in parts] or begun,
               key=lambda name: (_size(name, inputs, files), name))  # fmt: skip


def _inputs(name: str, files: Mapping[str, str]) -> set[str]:
    """The files that a file inputs itself."""
    asked = (_found(_wanted(found), dirname(name), files) for found in _INPUT.finditer(files[name]))
    return {one for one in asked if one}


def _size(name: str, inputs: Mapping[str, set[str]], files: Mapping[str, str]) -> int:
    """The characters of a file and of all that it inputs, each file once."""
    reached, waiting = {name}, [name]
    while waiting:
        new = inputs[waiting.pop()] - reached
        reached |= new
        waiting += new
    return sum(len(files[one]) for one in reached)


def _resolved(name: str, files: Mapping[str, str], above: tuple[str, ...], size: list[int]) -> str:
    text = _without_comments(files[name])
    if len(above) > 1 and (body := _INSIDE.search(text)):
        text = body[1]  # a part that is also a document of its own (subfiles, standalone)
    size[0] += len(text)
    if size[0] > MOST:
        raise UnreadableError(f"the project has more than {MOST} characters; refused")

    def put_in(found: re.Match[str]) -> str:
        inner = _found(_wanted(found), dirname(name), files)
        if inner is None:
            return " "  # a figure, or a file that was not sent along
        if inner in above or len(above) > DEPTH:
            raise UnreadableError(f"{' -> '.join([*above, inner])}: the files input each other without end")
        return "\n" + _resolved(inner, files, (*above, inner), size) + "\n"

    return _INPUT.sub(put_in, text)


def _wanted(found: re.Match[str]) -> str:
    """The name that an input asks for."""
    return (found[1] or found[2] or join(found[3] or "", found[4] or "")).strip().strip('"')


def _found(wanted: str, folder: str, files: Mapping[str, str]) -> str | None:
    """The file that an input means: beside the one that asks, or from the project's top."""
    for base in (folder, ""):
        for ending in ("", ".tex", ".ltx"):
            name = normpath(join(base, wanted + ending))
            if name in files:
                return name
    return None


def _without_comments(text: str) -> str:
    """Takes comments out of a text, and what it switched off, but not out of what it shows verbatim."""
    parts: list[str] = []
    at = 0
    for start, end, name in raw_parts(text):
        parts += [_COMMENT.sub(r"\1", text[at:start]), "" if name == "comment" else text[start:end]]
        at = end
    return _switched_on("".join([*parts, _COMMENT.sub(r"\1", text[at:])]))


def _switched_on(text: str) -> str:
    r"""A text without what stands between ``\iffalse`` and its ``\fi``."""
    parts: list[str] = []
    at = 0
    while len(parts) < MOST_OFF and (found := _OFF.search(text, at)):
        parts.append(text[at : found.start()])
        at = _behind_fi(text, found.end())
    return "".join([*parts, text[at:]])


def _behind_fi(text: str, at: int) -> int:
    r"""The place behind the ``\fi`` of a branch; behind the next one where they do not match."""
    depth, first = 1, at
    for found in _BRANCH.finditer(text, at, at + OFF):
        depth += -1 if found[1] == "fi" else 1
        if first == at and found[1] == "fi":
            first = found.end()
        if depth == 0:
            return found.end()
    return first
