"""Seeds from Markdown and plain text: documents, passages, topics."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from factory.errors import FactoryError
from factory.plugins import Broken, Found, Item, Skipped, source
from factory.records import Document, Origin, Passage, Seed, Topic
from factory.seeds.archives import read
from factory.seeds.files import PACKED
from factory.seeds.frontmatter import front_matter
from factory.seeds.html import Block
from factory.seeds.html.encoding import Source, decode
from factory.seeds.pages import EMPTY, long_enough
from factory.seeds.prose import blocks_of_text
from factory.seeds.segment import MAX_WORDS, MIN_WORDS, SHORT, stretches

_FOREIGN = 0.3
"""The share of letters that are not ASCII beyond which an undeclared encoding is no Western one."""

_MARKDOWN = frozenset({".md", ".markdown", ".mdx", ".qmd", ".rmd"})


@source(gives=(Document, Passage, Topic))
def text(
    path: Path,
    kind: type[Seed],
    *,
    min_words: int = MIN_WORDS,
    max_words: int = MAX_WORDS,
    language: str = "",
    encoding: str = "",
) -> Iterator[Item]:
    """Markdown and plain text, packed or not: the file as a document, its passages, or its topics.

    A topic is a heading of Markdown with its first paragraph, or a line ``name: description`` of plain text.
    Front matter (``---``) is no text: its title, author, date and licence are the document's. `encoding`: UTF-8, or
    what a byte order mark says, or Western where few letters are not ASCII, unless it is given.
    """
    try:
        found = decode(read(path), encoding)
    except LookupError as error:
        raise FactoryError(f"encoding: {error}; name one that Python knows, such as cp1251") from error
    if why := _no_text(found, encoding):
        yield Broken(Origin(address=str(path), place=""), why)
        return
    is_markdown = Path(path.name.removesuffix(_packing(path))).suffix.lower() in _MARKDOWN
    if kind is Topic and not is_markdown:
        yield from _listed_topics(path, found.text)
        return
    said, begins = front_matter(found.text) if is_markdown else ({}, 0)
    content = found.text[begins:]
    blocks = list(blocks_of_text(content, markdown=is_markdown))
    title = said.get("title") or next((block.text for block in blocks if block.kind == "heading"), "")
    spoken = language or said.pop("language", "")
    about = Origin(address=str(path), place="").model_copy(update={**said, "title": title or None})
    document = Document(text=content.strip(), title=title, language=spoken)
    place = _Places(found, content.encode("utf-8", "replace"), begins, about)
    if not blocks:
        yield Skipped(about, EMPTY)
    elif kind is Document:
        yield long_enough(document, place.of(0, len(place.data)), min_words)
    elif kind is Passage:
        for part in stretches(blocks, min_words=min_words, max_words=max_words):
            passage = Passage(text=part.text, title=title, section=part.section, language=spoken)
            origin = place.of(part.start, part.end).model_copy(update={"parent": document.id})
            yield Skipped(origin, SHORT, part.text) if part.short else Found(passage, origin)
    else:
        yield from _headed_topics(place, blocks)


def _no_text(found: Source, encoding: str) -> str:
    """Why a file is no text as it was read; empty where it is one."""
    if "\0" in found.text:
        return "no text: it has NUL bytes, or is in an encoding to be named: encoding: utf-16-le"
    beyond = sum(character > "\x7f" for character in found.text) if found.codec == "cp1252" else 0
    if not encoding and beyond > _FOREIGN * len(found.text):
        return "not in UTF-8, nor Western; say what it is in: encoding: cp1251"
    return ""


@dataclass
class _Places:
    """Where parts of a text stand in its file, in bytes: behind a byte order mark, in any encoding."""

    source: Source
    data: bytes
    """The text behind its front matter, as UTF-8: what spans of blocks count."""
    begins: int
    about: Origin
    reached: tuple[int, int, int] = (0, 0, 0)
    """A byte of the data, its character in the file's text, its byte in the file: the next is counted from there."""
    known: dict[int, int] = field(default_factory=dict)

    def of(self, start: int, end: int) -> Origin:
        """The origin of what stands between two bytes of the data."""
        return self.about.model_copy(update={"place": f"bytes {self._byte(start)}-{self._byte(end)}"})

    def _byte(self, at: int) -> int:
        if at in self.known:
            return self.known[at]  # the parts of a long paragraph have one span
        byte, character, offset = self.reached
        if at < byte or not self.known:
            byte, character = 0, self.begins
            offset = self.source.byte_offsets([self.begins])[self.begins]
        behind = character + len(self.data[byte:at].decode("utf-8", "replace"))
        offset += len(self.source.exact[character:behind].encode(self.source.codec, "surrogateescape"))
        self.reached, self.known = (at, behind, offset), {**dict([*self.known.items()][-1:]), at: offset}
        return offset


def _packing(path: Path) -> str:
    """The ending that says how a file is packed, where it is."""
    return path.suffix if path.suffix.lower() in PACKED else ""


def _headed_topics(place_of: _Places, blocks: Sequence[Block]) -> Iterator[Item]:
    for place, block in enumerate(blocks):
        if block.kind == "heading" and block.section:
            below = blocks[place + 1] if place + 1 < len(blocks) else block
            words = below.text if below.kind == "paragraph" else ""
            topic = Topic(name=block.text, description=words, domain=" > ".join(block.section))
            yield Found(topic, place_of.of(block.start, below.end if words else block.end))


def _listed_topics(path: Path, content: str) -> Iterator[Found]:
    for number, line in enumerate(content.splitlines(), start=1):
        name, _, description = line.partition(":")
        if name.strip():
            topic = Topic(name=name.strip(), description=description.strip())
            yield Found(topic, Origin(address=str(path), place=f"line {number}"))
