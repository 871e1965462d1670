"""Seeds from Markdown and plain text: documents, passages, topics."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from factory.plugins import Found, source
from factory.records import Document, Origin, Passage, Seed, Topic
from factory.seeds.html import Block
from factory.seeds.html.encoding import decode
from factory.seeds.prose import blocks_of_text
from factory.seeds.segment import MAX_WORDS, MIN_WORDS, segment

_MARKDOWN = frozenset({".md", ".markdown", ".mdx", ".qmd", ".rmd"})


@source(gives=(Document, Passage, Topic))
def text(
    path: Path,
    kind: type[Seed],
    *,
    min_words: int = MIN_WORDS,
    max_words: int = MAX_WORDS,
    language: str = "",
) -> Iterator[Found]:
    """Markdown and plain text: the file as a document, its passages, or its topics.

    A topic is a heading of Markdown with its first paragraph, or a line ``name: description`` of plain text.
    """
    found = decode(path.read_bytes())
    is_markdown = path.suffix.lower() in _MARKDOWN
    if kind is Topic and not is_markdown:
        yield from _listed_topics(path, found.text)
        return
    blocks = list(blocks_of_text(found.text, markdown=is_markdown))
    title = next((block.text for block in blocks if block.kind == "heading"), "")
    document = Document(text=found.text.strip(), title=title, language=language)
    if kind is Document:
        if len(document.text.split()) >= min_words:
            yield Found(document, _origin(path, 0, path.stat().st_size, title))
    elif kind is Passage:
        for part in segment(blocks, min_words=min_words, max_words=max_words):
            passage = Passage(text=part.text, title=title, section=part.section, language=language)
            origin = _origin(path, part.start, part.end, title).model_copy(update={"parent": document.id})
            yield Found(passage, origin)
    else:
        yield from _headed_topics(path, blocks, title)


def _headed_topics(path: Path, blocks: Sequence[Block], title: str) -> Iterator[Found]:
    for place, block in enumerate(blocks):
        if block.kind == "heading" and block.section:
            below = blocks[place + 1] if place + 1 < len(blocks) else block
            words = below.text if below.kind == "paragraph" else ""
            topic = Topic(name=block.text, description=words, domain=" > ".join(block.section))
            yield Found(topic, _origin(path, block.start, below.end if words else block.end, title))


def _listed_topics(path: Path, content: str) -> Iterator[Found]:
    for number, line in enumerate(content.splitlines(), start=1):
        name, _, description = line.partition(":")
        if name.strip():
            topic = Topic(name=name.strip(), description=description.strip())
            yield Found(topic, Origin(address=str(path), place=f"line {number}"))


def _origin(path: Path, start: int, end: int, title: str) -> Origin:
    return Origin(address=str(path), place=f"bytes {start}-{end}", title=title or None)
