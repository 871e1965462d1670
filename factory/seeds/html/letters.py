"""Posts that are set as letters: lines of a head above the words, and a signature below two dashes."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

from factory.seeds.html.blocks import Block

_HEAD = re.compile(
    r"\s*(?:from|发信人|發信人|寄件者|发件人|作者)\s*[:：][^\n]*\n(?:\w[^\n:：]{0,9}[:：][^\n]*(?:\n|$))+\s*",
    re.I,
)
_DASHES = re.compile(r"(?:^|\n)--[^\S\n]*(?:\n[\s\S]*)?$")
_TRACE = re.compile(
    r"(?:^|\s)(?:--\s+)?※\s*\w{2,4}\s*[:：][\s\S]*"
)  # as boards of telnet write below a letter
_LONGEST_FOOT = 400  # characters of a signature


def without_letterheads(blocks: Sequence[Block]) -> list[Block]:
    """The blocks of a thread without who, where and when above the words of a letter, and its signature."""
    left: list[Block] = []
    first = True  # of a post
    for block in blocks:
        if block.post is not None:
            first = True
        elif block.kind == "paragraph" and not block.quoted:
            text = _TRACE.sub("", _HEAD.sub("", block.text, count=1) if first else block.text)
            first, foot = False, _DASHES.search(text)
            if foot and len(foot[0]) <= _LONGEST_FOOT:
                text = text[: foot.start()]
            if not text.strip():
                continue
            block = block if text == block.text else replace(block, text=text.strip())
        left.append(block)
    return left
