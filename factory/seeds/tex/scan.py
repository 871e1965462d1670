"""Reading TeX: braces that match, arguments of commands, environments to their end."""

from __future__ import annotations

import re
from collections.abc import Iterator

VERBATIM = ("verbatim", "verbatim*", "Verbatim", "lstlisting", "minted", "alltt", "comment", "filecontents")

OPTION = 1_000
"""Characters within which an optional argument closes: to look to the end for each takes quadratic time."""

NAME = re.compile(r"\\([a-zA-Z@]+\*?|.)", re.DOTALL)
_SPACE = re.compile(r"[ \t]*\n?[ \t]*")
_BRACE = re.compile(r"\\.|[{}]", re.DOTALL)
_SQUARE = re.compile(r"\\.|[{}\]]", re.DOTALL)


_RAW = re.compile(
    r"\\begin\{(" + "|".join(re.escape(name) for name in VERBATIM) + r")\}"
    r"|\\(?:url|href|path|nolinkurl|lstinline(?:\[[^\]\n]*\])?)\s*\{[^{}\n]*\}|\\(?:verb\*?|lstinline(?:\[[^\]\n]*\])?)([^\sa-zA-Z*{\[])[^\n]*?\2"
)


def raw_parts(text: str) -> Iterator[tuple[int, int, str]]:
    r"""What TeX reads as it stands (listings, addresses, ``\verb``): where it begins and ends, and the name of its
    environment where it is one. Percent signs and commands in it are none."""
    unclosed = set[str]()
    at = 0
    while found := _RAW.search(text, at):
        name, at = found[1] or "", found.end()
        end = f"\\end{{{name}}}"
        behind = text.find(end, at) if name and name not in unclosed else -1
        if name and behind < 0:
            unclosed.add(name)  # nor will any later one be
            continue
        at = behind + len(end) if name else at
        yield found.start(), at, name


def closing(text: str, at: int) -> int:
    """The place of the brace that closes the one at `at`; the end of its paragraph where none does: what an
    author forgot to close is no reason to lose the rest of a paper."""
    depth = 0
    for found in _BRACE.finditer(text, at):
        if found[0] == "{":
            depth += 1
        elif found[0] == "}":
            depth -= 1
            if depth == 0:
                return found.start()
    ends = text.find("\n\n", at)
    return ends if ends >= 0 else len(text)


def argument(text: str, at: int) -> tuple[str, int]:
    """The mandatory argument at or behind `at` (a group, a command or one character), and the place behind."""
    space = _SPACE.match(text, at)
    at = space.end() if space else at
    if at >= len(text):
        return "", at
    if text[at] == "{":
        end = closing(text, at)
        return text[at + 1 : end], end + (text[end : end + 1] == "}")
    if text[at] == "\\" and (found := NAME.match(text, at)):
        return found[0], found.end()
    return text[at], at + 1


def option(text: str, at: int) -> tuple[str | None, int]:
    """The optional argument ``[...]`` at or behind `at`, or None where none closes in time, and the place behind."""
    space = _SPACE.match(text, at)
    start = space.end() if space else at
    if text[start : start + 1] != "[":
        return None, at
    depth = 0
    for found in _SQUARE.finditer(text, start + 1, start + OPTION):
        if found[0] == "{":
            depth += 1
        elif found[0] == "}":
            depth -= 1
        elif found[0] == "]" and depth <= 0:
            return text[start + 1 : found.start()], found.end()
    return None, at


def environment(text: str, name: str, at: int) -> tuple[str, int]:
    r"""What stands between ``\begin{name}``, behind which `at` lies, and its own ``\end{name}``, and the place
    behind that."""
    mark = re.compile(r"\\(begin|end)\s*\{" + re.escape(name) + r"\}")
    depth = 1
    for found in mark.finditer(text, at):
        depth += 1 if found[1] == "begin" else -1
        if depth == 0 or (name in VERBATIM and found[1] == "end"):
            return text[at : found.start()], found.end()
    return text[at:], len(text)
