"""Seeds from Markdown and plain text: documents, passages, topics."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from factory.errors import FactoryError
from factory.plugins import Broken, Found, Item, Skipped, source
from factory.records import Document, Origin, Passage, Seed, Topic
from factory.seeds.archives import read
from factory.seeds.files import packed
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
    Front matter (YAML between ``---``, TOML between ``+++``) is no text: its title, author, date and licence are the
    document's. `encoding`: UTF-8, or what a byte order mark says, or Western where few letters are not ASCII, unless it
    is given.
    """
    is_markdown = Path(path.name.removesuffix(_packing(path))).suffix.lower() in _MARKDOWN
    try:
        if kind is Document:
            yield _whole(_opened(path, is_markdown, encoding), min_words, language)
        elif kind is Passage:
            yield from _passages(_opened(path, is_markdown, encoding), min_words, max_words, language)
        elif is_markdown:
            yield from _headed_topics(_opened(path, is_markdown, encoding))
        else:
            yield from _listed_topics(path, _opened(path, is_markdown, encoding).content)
    except _NoText as error:
        yield Broken(Origin(address=str(path), place=""), str(error))


class _NoText(Exception):
    """A file is no text as it was read. The message says why."""


@dataclass
class _Opened:
    """A text file, behind its front matter, and what that says of it."""

    source: Source
    content: str
    begins: int
    """The character of the file at which the content begins."""
    size: int
    """Bytes of the file, unpacked."""
    about: Origin
    language: str
    is_markdown: bool

    def blocks(self) -> Iterator[Block]:
        """The blocks of the content, read as they are asked for."""
        return blocks_of_text(self.content, markdown=self.is_markdown)


def _opened(path: Path, is_markdown: bool, encoding: str) -> _Opened:
    found, size = _decoded(path, encoding)
    if why := _no_text(found, encoding):
        raise _NoText(why)
    said, begins = front_matter(found.text) if is_markdown else ({}, 0)
    language = said.pop("language", "")
    about = Origin(address=str(path), place="").model_copy(update=said)
    return _Opened(found, found.text[begins:], begins, size, about, language, is_markdown)


def _decoded(path: Path, encoding: str) -> tuple[Source, int]:
    """The text of a file, and the bytes that it is in."""
    raw = read(path)
    try:
        return decode(raw, encoding), len(raw)
    except LookupError as error:
        raise FactoryError(f"encoding: {error}; name one that Python knows, such as cp1251") from error


def _whole(one: _Opened, min_words: int, language: str) -> Found | Skipped:
    """A file as a document. Nothing of it is held but the document, and that once: texts may be long."""
    # Plain text has no headings.
    some, title = not one.is_markdown and bool(one.content) and not one.content.isspace(), one.about.title
    for block in one.blocks() if one.is_markdown else ():
        some, title = True, title or (block.text if block.kind == "heading" else "")
        if title:
            break
    about = one.about.model_copy(update={"title": title or None})
    if not some:
        return Skipped(about, EMPTY)
    first = one.source.byte_offsets([one.begins])[one.begins]
    document = Document(text=one.content.strip(), title=title or "", language=language or one.language)
    return long_enough(document, about.model_copy(update={"place": f"bytes {first}-{one.size}"}), min_words)


def _passages(one: _Opened, min_words: int, max_words: int, language: str) -> Iterator[Item]:
    blocks = list(one.blocks())
    about, spoken = _titled(one, blocks), language or one.language
    if not blocks:
        yield Skipped(about, EMPTY)
    title = about.title or ""
    parent = Document(text=one.content.strip(), title=title, language=spoken).id
    place = _placing(one, about)
    for part in stretches(blocks, min_words=min_words, max_words=max_words):
        passage = Passage(text=part.text, title=title, section=part.section, language=spoken)
        origin = place.of(part.start, part.end).model_copy(update={"parent": parent})
        yield Skipped(origin, SHORT, part.text) if part.short else Found(passage, origin)


def _no_text(found: Source, encoding: str) -> str:
    """Why a file is no text as it was read; empty where it is one."""
    if "\0" in found.text:
        return "no text: it has NUL bytes, or is in an encoding to be named: encoding: utf-16-le"
    beyond = sum(character > "\x7f" for character in found.text) if found.codec == "cp1252" else 0
    if not encoding and beyond > _FOREIGN * len(found.text):
        return "not in UTF-8, nor Western; say what it is in: encoding: cp1251"
    return ""


def _titled(one: _Opened, blocks: Iterable[Block]) -> Origin:
    """What a text says of itself, with the title that it has or its first heading is."""
    title = one.about.title or next((block.text for block in blocks if block.kind == "heading"), None)
    return one.about.model_copy(update={"title": title})


def _placing(one: _Opened, about: Origin) -> _Places:
    return _Places(one.source, one.content.encode("utf-8", "replace"), one.begins, about)


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
    return path.suffix if packed(path) else ""


def _headed_topics(one: _Opened) -> Iterator[Item]:
    blocks = list(one.blocks())
    place_of = _placing(one, _titled(one, blocks))
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
