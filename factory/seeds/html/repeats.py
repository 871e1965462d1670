"""What a page shows twice: on a wide screen and on a narrow one, at either end of a carousel, or in a quote."""

from __future__ import annotations

import re
from collections.abc import Sequence

from factory.seeds.html.blocks import Block

_LONG = 120  # characters from which on a block that stands twice is no accident
_WORD = re.compile(r"[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]|[^\W\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]+")
_QUOTED = 20  # words from which on what was said before is more than a hint at what is answered


def without_requoted(blocks: Sequence[Block]) -> list[Block]:
    """The blocks of a thread without long ones that stand above, word for word: quotes of posts, however they are
    marked up, and signatures. Who is quoted stays, and a post that says nothing else."""
    above: set[tuple[str, str, str]] = set()
    left: list[Block] = []
    again: list[Block] = []  # of the post that is read, what is not marked as a quote, and stands above
    said = False  # whether that post says something else
    for block in blocks:
        words = _WORD.findall(block.text.lower())
        runs = list(zip(words, words[1:], words[2:], strict=False))
        if block.post is not None:
            left += [] if said else again
            again, said = [], False
        elif block.kind != "code" and len(words) >= _QUOTED and above.issuperset(runs):
            again += [] if block.quoted else [block]
            continue
        elif not block.quoted:
            said = True
            above.update(runs)
        left.append(block)
    return left + ([] if said else again)


def without_repeats(blocks: Sequence[Block], *, product: bool = False) -> list[Block]:
    """The blocks without runs of them that stood before: a long block below the same heading, and those beside it that
    repeat with it. What stands below another heading is said of something else, but on the page of a `product`."""
    texts = [str(block.grid) if block.grid is not None else block.text for block in blocks]
    first: dict[str, int] = {}
    gone: dict[int, int] = {}  # a block that is left out -> the one that it repeats
    for number, text in enumerate(texts):
        follows = gone.get(number - 1, len(texts)) + 1
        if blocks[number].kind in ("code", "math"):
            continue
        again = text in first and (product or _are_headed_alike(blocks[first[text]], blocks[number]))
        if again and len(text) >= _LONG:
            _leave(texts, gone, first[text], number)
        elif follows < number and texts[follows] == text:
            gone[number] = follows
        else:
            first.setdefault(text, number)
    return [block for number, block in enumerate(blocks) if number not in gone]


def _are_headed_alike(one: Block, other: Block) -> bool:
    return one.section[-1:] == other.section[-1:]


def _leave(texts: Sequence[str], gone: dict[int, int], earlier: int, later: int) -> None:
    """Leaves out the later of two equal blocks, with those before it that equal those before the earlier one."""
    gone[later] = earlier
    while (
        earlier > 0
        and earlier < later - 1
        and later - 1 not in gone
        and texts[later - 1] == texts[earlier - 1]
    ):
        earlier, later = earlier - 1, later - 1
        gone[later] = earlier
