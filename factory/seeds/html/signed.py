"""What says who wrote a page, and when, not what it is about: the lines below its title, the note on its author."""

from __future__ import annotations

import re
from collections.abc import Sequence

from factory.seeds.dates import iso_date, names_month
from factory.seeds.html.blocks import Block
from factory.seeds.html.metadata import Metadata
from factory.seeds.html.words import names

_LONGEST = 120
_FIRST = 6  # blocks of a page, among which a day alone is that of the page
_LAST = 6
_SHORT = 60
_WORD = re.compile(r"[^\W\d_]+")
_NAMES = re.compile(r"\s*(?:,|&|\||;|\band\b)\s*")
_READ = re.compile(r"\d+\s*-?\s*min(?:ute)?s?\.?(?:\s+(?:to\s+)?read)?\b", re.I)
_TELLS = re.compile(
    r"\b(?:is|was|has|have|had|writes|wrote|covers|covered|works|worked|lives|joined|studied|serves|served|holds"
    r"|leads|specializes|enjoys|founded|brings|loves|reports|graduated)\b"
)
_LABELS = names(
    """
    by written posted published updated last modified edited reviewed created on at in from and the am pm gmt utc
    est edt cst cdt mst mdt pst pdt et ct pt bst cet cest ist min mins minute minutes read reading time original
    mon tue tues wed thu thur thurs fri sat sun monday tuesday wednesday thursday friday saturday sunday st nd rd th
    von par por de da di am le el author story text words date first
    """
)


def without_signatures(blocks: Sequence[Block], about: Metadata) -> list[Block]:
    """The blocks without lines that tell no more than the author and the day, and without the note on an author with
    which a page ends. `about` tells who that is, and the day."""
    people = [name for name in _NAMES.split(about.author) if name]
    left = [block for number, block in enumerate(blocks) if not _is_byline(block, number, people, about.date)]
    return left[: _note(left, [name for name in people if " " in name])]


def _is_byline(block: Block, number: int, people: Sequence[str], day: str) -> bool:
    text = block.text
    if block.kind != "paragraph" or len(text) > _LONGEST:
        return False
    said = text
    for name in people:
        said = said.replace(name, " ")
    told = iso_date(text)
    dated = told != "" and (number < _FIRST or told == day[:10])
    signed = said != text and said.strip() != ""
    if not (signed or dated or _READ.search(text)):
        return False
    return all(word in _LABELS or names_month(word) for word in _WORD.findall(said.lower()))


def _note(blocks: Sequence[Block], people: Sequence[str]) -> int:
    """Where the note on an author begins, among the last blocks: with the name, alone or in a sentence on its bearer.
    The end where there is none: a name that stands last signs what is said."""
    for number in range(max(1, len(blocks) - _LAST), len(blocks)):
        block = blocks[number]
        text = block.text.lstrip("^[*_#( ")
        name = next((name for name in people if text.startswith(name)), None)
        if name is None or block.kind not in ("paragraph", "heading"):
            continue
        alone = len(text) <= len(name) + _SHORT
        if any(_TELLS.search(each.text) for each in blocks[number : None if alone else number + 1]):
            return number
    return len(blocks)
