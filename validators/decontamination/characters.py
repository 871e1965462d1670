"""What every character is to a tokeniser that reads one after the other, as a table.

An entry holds a kind in its lowest bits; from bit `CODE` on what the character is folded to; and, of a mark, from
bit `RANK` on its combining class. That of a separator is 0.
"""

from __future__ import annotations

import functools
import unicodedata

import numpy as np
from numpy.typing import NDArray

from validators.decontamination.compiled import (
    ALONE,
    ALONE_MARK,
    ASK,
    CODE,
    DIGIT,
    MARK,
    RANK,
    SEPARATOR,
    SEVERAL,
    WORD,
)
from validators.decontamination.tokens import folded, is_mark, is_unspaced, split

_SIZE = 0x34000

Characters = tuple[NDArray[np.uint32], NDArray[np.uint32]]
"""The entry of each character; and what is folded to several: its entry leads to their count, before their entries."""


@functools.cache
def folded_characters() -> Characters:
    """Those of a folded text: each is itself."""
    kinds = np.fromiter(map(_kind, map(chr, range(_SIZE))), np.uint32, _SIZE)
    codes = np.arange(_SIZE, dtype=np.uint32) << CODE
    return np.where(kinds == SEPARATOR, 0, kinds | codes).astype(np.uint32), np.zeros(1, np.uint32)


@functools.cache
def characters() -> Characters:
    """Those of any text."""
    known, _ = folded_characters()
    entries, several, joined = known.copy(), [0], _joined()
    for code in range(_SIZE):
        if 0x3400 <= code < 0xA000 or 0xAC00 <= code < 0xD7A4 or 0x20000 <= code < 0x2F800:
            continue  # Han and Hangul, which stay as they are
        composed, forms = unicodedata.normalize("NFKC", chr(code)), folded(chr(code))
        made = [int(known[ord(form)]) | _rank(form) << RANK for form in forms]
        if not any(made):
            entries[code] = SEPARATOR
        elif code in joined or any(ord(one) in joined for one in composed):
            entries[code] = ASK
        elif len(forms) == 1:
            entries[code] = made[0]
        elif (len(composed) > 1 and any(map(is_mark, composed))) or _is_dense(chr(code), forms):
            entries[code] = ASK
        else:
            entries[code] = SEVERAL | len(several) << CODE
            several += [len(made), *made]
    return entries, np.array(several, np.uint32)


def _joined() -> set[int]:
    """Characters that may be joined with the one before: Korean letters, and what any composed one ends with."""
    parts = (unicodedata.decomposition(chr(code)).split() for code in range(_SIZE))
    return {*range(0x1100, 0x1200), *(int(two[1], 16) for two in parts if len(two) == 2 and two[0][0] != "<")}


def _rank(char: str) -> int:
    return unicodedata.combining(char) if is_mark(char) else 0


def _is_dense(char: str, forms: str) -> bool:
    """Whether it is more tokens than the two bytes for each that `compiled.hash_tokens` has room for."""
    return 2 * sum(map(bool, split(forms))) > len(char.encode())


def _kind(char: str) -> int:
    alone = is_unspaced(char)
    if is_mark(char):
        return ALONE_MARK if alone else MARK
    if not char.isalnum() and char != "_":
        return SEPARATOR
    kind = ALONE if alone else WORD
    return kind | DIGIT if unicodedata.category(char) == "Nd" else kind
