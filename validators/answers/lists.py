"""Cutting sets, tuples and lists into their parts, at the commas that belong to them."""

from __future__ import annotations

import re

_GROUPED = re.compile(r"\d{1,3}(?:,\d{3})*")
_MATRIX = re.compile(r"\\begin *\{([pbB]?matrix)\}(.*)\\end *\{\1\}")
_MOST = 1000  # parts


def enclosed(text: str) -> str | None:
    """What stands in the brackets around a text; None where the first does not close with the last."""
    if len(text) < 2 or text[0] not in "([{" or text[-1] not in ")]}":
        return None
    depth = 0
    for at, char in enumerate(text):
        depth += (char in "([{") - (char in ")]}")
        if depth == 0:
            return text[1:-1] if at == len(text) - 1 else None
    return None


def listed(text: str) -> list[str] | None:
    """The parts of "1, 2", "1; 2" or "1, 2 and 3"; None where there is only one, or one is empty."""
    text = re.sub(r",? and ", ", ", text)
    pieces = split(text, ";")
    if len(pieces) == 1:
        pieces = _joined(split(text, ","))
    return pieces if 1 < len(pieces) <= _MOST and all(map(str.strip, pieces)) else None


def alternatives(text: str) -> list[str] | None:
    """The parts of "2 or -2", "2, 3 or 5"; None where there are none."""
    head, *rest = re.split(r",? or ", text)
    if not rest:
        return None
    pieces = [*(listed(head) or [head]), *rest]
    return pieces if len(pieces) <= _MOST and all(map(str.strip, pieces)) else None


def rows(text: str) -> list[list[str]] | None:
    """The cells of a matrix, whatever its brackets; None of anything else (bars make it a determinant)."""
    found = _MATRIX.fullmatch(text)
    if found is None:
        return None
    cells = [line.split("&") for line in found[2].strip().removesuffix("\\\\").split("\\\\")]
    return cells if sum(map(len, cells)) <= _MOST else None


def split(text: str, mark: str) -> list[str]:
    """Cuts at the marks that stand in no bracket."""
    pieces, depth, start = [], 0, 0
    for at, char in enumerate(text):
        if char in "([{":
            depth += 1
        elif char in ")]}":
            depth -= 1
        elif char == mark and depth == 0:
            pieces.append(text[start:at])
            start = at + 1
    return [*pieces, text[start:]]


def _joined(pieces: list[str]) -> list[str]:
    """Puts "2,000" together again where the list's own commas are followed by spaces."""
    if not any(piece.startswith(" ") for piece in pieces):
        return pieces
    joined = pieces[:1]
    for piece in pieces[1:]:
        thousands = re.fullmatch(r"\d{3}", piece.rstrip()) and not piece[0].isspace()
        if thousands and _GROUPED.fullmatch(joined[-1].strip()):
            joined[-1] += f",{piece}"
        else:
            joined.append(piece)
    return joined
