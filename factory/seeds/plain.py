"""The prose of Markdown: what is left of it for rules and models that judge language.

Every pattern here takes time in proportion to the text, whatever the text: pages come from strangers.
"""

from __future__ import annotations

import re

from factory.fences import unfenced

LINK = re.compile(r"!?\[([^\[\]\n]*+)\]\((?:[^()\n]|\([^()\n]*+\))*+\)|https?://\S++")
"""A link or image with its address, group 1 its words; or an address by itself."""

UNSPACED = re.compile(r"[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff]")
"""A character of a script that puts no spaces between words: Thai, Lao, Burmese, Khmer, kana, ideographs."""

_TEX = re.compile(r"\$\$.+?\$\$|(?<![\\$])\$(?=[^\s$])[^$\n]++(?<=\S)\$(?!\d)|`[^`\n]++`", re.DOTALL)
_MARKS = re.compile(r"[#*_|>]+")


def prose(text: str) -> str:
    """Markdown without what has no language: code, formulas, addresses, marks."""
    text = unfenced(text)
    if "$" in text or "`" in text:
        text = _TEX.sub(" ", text)
    if "](" in text or "://" in text:
        text = LINK.sub(r" \1 ", text)
    return _MARKS.sub(" ", text)
