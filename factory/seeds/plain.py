"""The prose of Markdown: what is left of it for rules and models that judge language.

Every pattern here takes time in proportion to the text, whatever the text: pages come from strangers.
"""

from __future__ import annotations

import re

from factory.fences import unfenced

LINK = re.compile(r"!?\[([^\[\]\n]*+)\]\((?:[^()\n]|\([^()\n]*+\))*+\)|https?://\S++")
"""A link or image with its address, group 1 its words; or an address by itself."""

UNSPACED_CODES = ((0xE00, 0xEFF), (0x1000, 0x109F), (0x1780, 0x17FF), (0x3040, 0x30FF), (0x3400, 0x9FFF))
UNSPACED = re.compile("[" + "".join(f"{chr(first)}-{chr(last)}" for first, last in UNSPACED_CODES) + "]")
"""A character of a script that puts no spaces between words: Thai, Lao, Burmese, Khmer, kana, ideographs."""

ENVIRONMENT = (
    r"(?:equation|align|alignat|flalign|gather|multline|eqnarray|array|displaymath|math|split|aligned|gathered"
    r"|d?cases|(?:[bBpvV]|small)?matrix|tabular[xy]?|longtable|verbatim|Verbatim|lstlisting|minted|algorithm"
    r"|algorithmic|tikzpicture|tikzcd)\*?"
)
"""The names of environments of TeX that hold formulas, tables or code, and no paragraphs."""

DISPLAYED = (
    r"\$\$(?:[^$]++|\$(?!\$))++\$\$|(?<!\\)\\\[(?:[^\\]++|\\\\|\\(?![\[\]]))*+\\\]"
    rf"|\\begin\{{(?P<environment>{ENVIRONMENT})\}}"
    r"(?:[^\\]++|\\\\|\\(?!(?:begin|end)\{(?P=environment)\}))*+\\end\{(?P=environment)\}"
)
"""A formula that stands by itself, and what else TeX keeps in environments."""

INLINE = r"(?<![\\$])\$(?=[^\s$])[^$\n]++(?<=\S)\$(?!\d)|\\\((?:[^\\\n]++|\\(?![()]))*+\\\)|`[^`\n]++`"
"""A formula or code in a line."""

_TEX = re.compile(f"{DISPLAYED}|{INLINE}")
_MARKS = re.compile(r"[#*_|>]+")


def prose(text: str) -> str:
    """Markdown without what has no language: code, formulas, addresses, marks."""
    text = unfenced(text)
    if "$" in text or "`" in text or "\\" in text:
        text = _TEX.sub(" ", text)
    if "](" in text or "://" in text:
        text = LINK.sub(r" \1 ", text)
    return _MARKS.sub(" ", text)
