"""From the bytes of a page to its blocks and their Markdown."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

from factory.seeds.html.blocks import Block, blocks_of, inline_text
from factory.seeds.html.code import protect_code
from factory.seeds.html.encoding import decode
from factory.seeds.html.markdown import markdown
from factory.seeds.html.mathematics import protect_formulas
from factory.seeds.html.metadata import Metadata, describe
from factory.seeds.html.parse import parse
from factory.seeds.html.places import placed
from factory.seeds.html.reading import choose
from factory.seeds.html.tables import protect_tables

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


def extract(raw: bytes | str, *, whole: bool = False) -> Page:
    """Reads the main content of a page, or the `whole` of it where all is content (a chapter of a book).

    No page is an error; one without text gives no blocks.
    """
    source = decode(raw)
    parsed = parse(source)
    about = describe(parsed.head, parsed.root)
    protect_formulas(parsed.root)
    protect_code(parsed.root)
    protect_tables(parsed.root, inline_text)
    reading = None if whole else choose(parsed.root)
    blocks = blocks_of(reading.part, reading.dropped) if reading else blocks_of(parsed.root)
    about = replace(about, title=_PERMALINK.sub("", about.title))
    while len(blocks) > 1 and blocks[-1].kind == "heading":
        blocks.pop()  # what stood below it was left out
    return Page(tuple(placed(blocks, source)), about, parsed.language)
