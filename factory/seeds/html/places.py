"""Checks that each block lies where it says, and turns places in the text into bytes of the file."""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import islice

from factory.seeds.html.blocks import Block
from factory.seeds.html.encoding import Source

_WORD = re.compile(r"[A-Za-z]{3,}")
_TRIED = 4
_NEAR = 80
_SEARCHED = 400  # characters at either end of a block in which its first and last words are looked for


def placed(blocks: Sequence[Block], source: Source) -> list[Block]:
    """The blocks with their spans as bytes.

    The parser may move text that stands where HTML forbids it, out of a table for one. A block whose words
    are not in its span gets the span of its neighbours with its own, and at the worst that of the page.
    """
    spans: list[tuple[int, int]] = []
    for number, block in enumerate(blocks):
        words = _words(block)
        span = (block.start, block.end)
        if not _holds(source.text, span, words):
            near = blocks[max(0, number - 1) : number + 2]
            span = (min(other.start for other in near), max(other.end for other in near))
            span = span if _holds(source.text, span, words) else (0, len(source.text))
        spans.append(span)
    offsets = source.byte_offsets(position for span in spans for position in span)
    return [  # what `replace` gives, in a third of its time
        Block(**{**vars(block), "start": offsets[start], "end": offsets[end]})
        for block, (start, end) in zip(blocks, spans, strict=True)
    ]


def _words(block: Block) -> tuple[list[str], list[str]]:
    """A few words from the beginning of a block and a few from its end."""
    text = str(block.grid) if block.grid is not None else block.text
    first = [found[0] for found in islice(_WORD.finditer(text[:_SEARCHED]), _TRIED)]
    last = _WORD.findall(text[-_NEAR:])
    if len(last) <= _TRIED:  # the first of them may be cut
        last = _WORD.findall(text[-_SEARCHED:])
    return first, last[-_TRIED:]


def _holds(text: str, span: tuple[int, int], ends: tuple[list[str], list[str]]) -> bool:
    start, end = span
    return all(not words or any(text.find(word, start, end) >= 0 for word in words) for words in ends)
