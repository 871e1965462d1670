"""What posts hold as it was typed, and nobody says: the head and signature of a letter, marks of BBCode."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

from factory.seeds.html.blocks import Block

_HEAD = re.compile(
    r"\s*(?:(?:from|发信人|發信人|寄件者|发件人)\s*[:：]|作者\s*[:：][^\n]*看板)[^\n]*\n"
    r"(?:\w[^\n:：]{0,9}[:：][^\n]*(?:\n|$))+\s*",
    re.I,
)
_COLON = re.compile(r"\A\s*[:：]\s+")  # behind the name of who says it
_DASHES = re.compile(r"(?:^|\n)--[^\S\n]*(?:\n[\s\S]*)?$")
# What boards of telnet write below a letter: "※ 来源:·..."
_TRACE = re.compile(r"(?:^|\s)(?:--\s+※|※\s*(?:发信站|發信站)|※\s*\w\w\s*[:：]\s*[·．‧])[\s\S]*")
_LONGEST_FOOT = 400  # characters of a signature
_MARKED = re.compile(
    r"\[(b|i|u|s|url|img|pid|uid|tid|font|size|color|align|center|quote|collapse|spoiler)(?:=[^]\n]{0,200})?\]"
    r"(.{0,2000}?)\[/\1\]",
    re.I | re.S,
)
_DEEPEST_MARKS = 5


def as_said(blocks: Sequence[Block]) -> list[Block]:
    """The blocks of a thread without who, where and when above the words of a letter, its signature, and marks of
    BBCode that a board shows as they were typed."""
    left: list[Block] = []
    first = True  # of a post
    for block in blocks:
        if block.post is not None:
            first = True
        elif block.kind == "paragraph" and not block.quoted:
            text = _TRACE.sub("", _COLON.sub("", _HEAD.sub("", block.text, count=1)) if first else block.text)
            first, foot = False, _DASHES.search(text)
            if foot and len(foot[0]) <= _LONGEST_FOOT:
                text = text[: foot.start()]
            for _ in range(_DEEPEST_MARKS if "[/" in text else 0):
                text = _MARKED.sub(r"\2", text)
            if not text.strip():
                continue
            block = block if text == block.text else replace(block, text=text.strip())
        left.append(block)
    return left
