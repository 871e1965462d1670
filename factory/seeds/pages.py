"""From pages, Markdown and blocks to seeds, whatever they came out of: a file, a web archive, a book."""

from __future__ import annotations

import traceback
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import accumulate

from factory.errors import FactoryError
from factory.plugins import Broken, Found
from factory.records import Code, Document, Origin, Passage, Post, Seed, Table, Thread
from factory.seeds.files import UnreadableError
from factory.seeds.html import Block, Page, extract
from factory.seeds.prose import blocks_of_text
from factory.seeds.segment import MAX_WORDS, MIN_WORDS, segment


@dataclass(frozen=True)
class Wanted:
    """What is wanted of a page. `min_words`, `max_words`: the budget of a passage; a document or a thread is left
    out below `min_words`. `min_lines`, `languages`: the least lines of a block of code, its languages (none: all)."""

    kind: type[Seed]
    min_words: int = MIN_WORDS
    max_words: int = MAX_WORDS
    min_lines: int = 2
    languages: tuple[str, ...] = ()


def guarded(found: Iterator[Found | Broken], origin: Origin) -> Iterator[Found | Broken]:
    """What one record of a file gives; an error on the way is a broken record, and not the end of the file.

    A missing package is no fault of the record: its FactoryError goes on."""
    try:
        yield from found
    except UnreadableError as error:
        yield Broken(origin, str(error))
    except FactoryError:
        raise
    except Exception:
        yield Broken(origin, traceback.format_exc())


def seeds_of_page(raw: bytes, wanted: Wanted, origin: Origin, *, whole: bool = False) -> Iterator[Found]:
    """The seeds of a page of HTML: of its main content, or of the `whole` where all of it is content.

    `origin` says where the page stands; places within it are in bytes of `raw`.
    """
    page = extract(raw, whole=whole)
    if wanted.kind is Thread:
        yield from _thread(page, wanted, _about(page, origin))
        return
    document = Document(text=page.markdown, title=page.metadata.title, language=page.language)
    yield from _seeds(page.blocks, document, wanted, _about(page, origin))


def _thread(page: Page, wanted: Wanted, about: Origin) -> Iterator[Found]:
    """The posts of a forum or question page, where there is more than one and enough is said."""
    posts = tuple(
        Post(text=post.text, author=post.author, date=post.date, votes=post.score, accepted=post.accepted)
        for post in page.posts
        if post.text
    )
    if len(posts) > 1 and sum(len(post.text.split()) for post in posts) >= wanted.min_words:
        ends = min(post.start for post in page.posts), max(post.end for post in page.posts)
        yield Found(Thread(title=page.metadata.title, posts=posts), _within(about, *ends))


def seeds_of_markdown(text: str, wanted: Wanted, origin: Origin, language: str = "") -> Iterator[Found]:
    """The seeds of a document in Markdown. Its title is the origin's, or its first heading."""
    blocks = list(blocks_of_text(text))
    title = origin.title or next((block.text for block in blocks if block.kind == "heading"), "")
    document = Document(text=text.strip(), title=title, language=language)
    yield from _seeds(blocks, document, wanted, origin.model_copy(update={"title": title or None}))


@dataclass(frozen=True)
class Part:
    """A part of a document as Markdown, and the pages (or cells) of its file that it goes from and to."""

    text: str
    first: int
    last: int


def seeds_of_parts(parts: Sequence[Part], unit: str, wanted: Wanted, origin: Origin) -> Iterator[Found]:
    """The seeds of a document that stands in parts; their places are in units: 'page 3', 'pages 3-5'."""
    ends = list(accumulate(len(part.text.encode("utf-8", "replace")) + 2 for part in parts))
    for found in seeds_of_markdown("\n\n".join(part.text for part in parts), wanted, origin):
        start, end = map(int, found.origin.place.rpartition("bytes ")[2].split("-"))
        first, last = (parts[min(bisect_right(ends, at), len(ends) - 1)] for at in (start, end - 1))
        alone = first.first == last.last
        place = f"{unit} {first.first}" if alone else f"{unit}s {first.first}-{last.last}"
        yield replace(found, origin=found.origin.model_copy(update={"place": place}))


def _seeds(blocks: Sequence[Block], document: Document, wanted: Wanted, about: Origin) -> Iterator[Found]:
    if wanted.kind is Document:
        if blocks and len(document.text.split()) >= wanted.min_words:
            ends = min(block.start for block in blocks), max(block.end for block in blocks)
            yield Found(document, _within(about, *ends))
    elif wanted.kind is Passage:
        for part in segment(blocks, min_words=wanted.min_words, max_words=wanted.max_words):
            passage = Passage(
                text=part.text, title=document.title, section=part.section, language=document.language
            )
            yield Found(passage, _within(about, part.start, part.end, document.id))
    elif wanted.kind is Table:
        for block in blocks:
            if table := _table(block):
                yield Found(table, _within(about, block.start, block.end, document.id))
    else:
        for block in blocks:
            if block.kind != "code" or block.text.count("\n") + 1 < wanted.min_lines:
                continue
            if not wanted.languages or block.language in wanted.languages:
                code = Code(text=block.text, language=block.language)
                yield Found(code, _within(about, block.start, block.end, document.id))


def _about(page: Page, origin: Origin) -> Origin:
    """What a page says of itself, where the origin does not know better."""
    about = page.metadata
    said = {
        "title": about.title or origin.title,
        "author": about.author or origin.author,
        "date": origin.date or about.date or None,
        "licence": origin.licence or about.licence or None,
        "url": origin.url or about.url or None,
    }
    return origin.model_copy(update=said)


def _within(origin: Origin, start: int, end: int, parent: str | None = None) -> Origin:
    place = f"{origin.place}: " if origin.place else ""
    return origin.model_copy(update={"place": f"{place}bytes {start}-{end}", "parent": parent})


def _table(block: Block) -> Table | None:
    """A table as a seed: it has a header and rows; a cell that spans rows stands in each of them."""
    grid = block.grid
    if grid is None or not grid.headers:
        return None
    header = tuple(
        _stacked([row[column].text for row in grid.rows[: grid.headers]]) for column in range(grid.width)
    )
    rows = tuple(tuple(cell.text for cell in row) for row in grid.rows[grid.headers :])
    return Table(header=header, rows=rows, title=grid.caption, section=" > ".join(block.section))


def _stacked(names: list[str]) -> str:
    """The name of a column below several rows of headers."""
    return " / ".join(dict.fromkeys(name for name in names if name))
