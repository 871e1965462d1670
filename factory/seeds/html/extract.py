"""From the bytes of a page to its blocks and their Markdown."""

from __future__ import annotations

import re
from dataclasses import dataclass

from factory.seeds.html.blocks import Block, blocks_of, inline_text
from factory.seeds.html.code import protect_code
from factory.seeds.html.encoding import decode
from factory.seeds.html.markdown import markdown
from factory.seeds.html.mathematics import protect_formulas
from factory.seeds.html.metadata import Metadata, describe, fallback_text
from factory.seeds.html.parse import parse
from factory.seeds.html.places import placed
from factory.seeds.html.reading import SHORT, choose
from factory.seeds.html.tables import protect_tables
from factory.seeds.html.tree import Node

_PERMALINK = re.compile(r"\s*[¶#§]\s*$")


@dataclass(frozen=True)
class Page:
    """What was read from a page. Spans of blocks are bytes of the source; `language` as declared ("en")."""

    blocks: tuple[Block, ...]
    metadata: Metadata
    language: str = ""

    @property
    def markdown(self) -> str:
        """The page as Markdown."""
        return markdown(self.blocks)


def extract(raw: bytes | str, *, metadata: bool = False) -> Page:
    """Reads the main content of a page. No page is an error; one without text gives no blocks.

    With `metadata` trafilatura is asked for title, author and date, which takes as long as the rest;
    without, the title is the ``title`` element's.
    """
    source = decode(raw)
    parsed = parse(source)
    protect_formulas(parsed.root)
    protect_code(parsed.root)
    protect_tables(parsed.root, inline_text)
    reading = choose(parsed.root)
    blocks = blocks_of(reading.part, reading.dropped)
    if reading.size < SHORT <= parsed.size:
        blocks = _fallback(parsed.html, parsed.root) or blocks
    about = describe(parsed.html) if metadata else Metadata()
    about = Metadata(_PERMALINK.sub("", about.title or parsed.title), about.author, about.date)
    while len(blocks) > 1 and blocks[-1].kind == "heading":
        blocks.pop()  # what stood below it was left out
    return Page(tuple(placed(blocks, source)), about, parsed.language)


def _fallback(html: str, root: Node) -> list[Block]:
    """What trafilatura reads, as paragraphs, where that is more than a short page of ours."""
    lines = fallback_text(html)
    if sum(len(line) for line in lines) < SHORT:
        return []
    return [Block("paragraph", line.removeprefix("- "), root.start, root.end) for line in lines]
