"""What stands raised or lowered in a line and says so in plain text: ten to the sixth is 10^6 and not 106, and the
second note in 1998 does not make it 19982. Ordinals, parts of prices and formulas of chemistry stay as they are.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from factory.seeds.html.tree import Node

_BEFORE = 12  # characters that tell what a script stands on
_POWER = re.compile(r"[-+\u2212\u2013]?\d{1,3}|[nkx]")
_OF_NUMBER = re.compile(r"(?<![\w.,])(?:\d+(?:[.,]\d+)?\s?[\u00d7\u00b7x*]\s?)?(?:10|2|16|e)$")
_LOW_POWER = re.compile(r"[-\u2212\u2013]\d{1,2}|[2-4n]")
_OF_SIGN = re.compile(
    r"(?<![^\W\d_])(?:[^\W\d_]|[cdkmnµμ]m|in|ft|yd|mi|mol|min|[kMG]?Hz|k?Pa|k?g|mc)$|\b(?:sin|cos|tan|log|ln)$"
)
_NOTED = re.compile(r"[a-z]{3}$|[^\W\d][.,;:!?)\"'\u2019\u201d]$")
_NOTED_YEAR = re.compile(r"(?<![\d$€£.,])[12]\d{3}$")
_INDEX = re.compile(r"[a-z0-9]|[a-z0-9][+\u2212-]\d|[ijkmn]{2}")
_INDEXED = re.compile(r"(?<![^\W_])[a-z]$")


def scripted(node: Node, before: Sequence[str]) -> str:
    """The text of a ``sup`` or ``sub`` behind what was gathered, marked as a power, an index or a note; empty where it
    is read like any other text."""
    if not node.children or any(child.__class__ is Node for child in node.children):
        return ""
    text = node.text().strip()
    base = "".join(before[-4:])[-_BEFORE:]
    if node.tag == "sub":
        index = f"_{text}" if len(text) == 1 else f"_{{{text}}}"
        return index if _INDEX.fullmatch(text) and _INDEXED.search(base) else ""
    if (_POWER.fullmatch(text) and _OF_NUMBER.search(base)) or (
        _LOW_POWER.fullmatch(text) and _OF_SIGN.search(base)
    ):
        return f"^{text}"
    longest = 2 if _NOTED.search(base) else 1 if _NOTED_YEAR.search(base) else 0
    return f"[{text}]" if text.isascii() and text.isdecimal() and len(text) <= longest else ""
