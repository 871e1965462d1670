"""Replies: taking the program out of a reply that may wrap it in prose and a fence."""

from __future__ import annotations

import re

_FENCE = re.compile(r"```[\w+-]*\n(.*?)\n?```", re.DOTALL)


def program_in(reply: str) -> str:
    """The longest fenced block of a reply, or the whole of it where nothing is fenced."""
    blocks = _FENCE.findall(reply)
    return max(blocks, key=len).strip("\n") if blocks else reply.strip("\n")
