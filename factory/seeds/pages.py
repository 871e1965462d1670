"""From pages, Markdown and blocks to seeds, whatever they came out of: a file, a web archive, a book."""

from __future__ import annotations

import traceback
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import accumulate

from factory.errors import FactoryError
from factory.plugins import Broken, Found, Item, Skipped
from factory.records import Code, Document, Origin, Passage, Post, Seed, Table, Thread
from factory.seeds.files import UnreadableError, ungiven
from factory.seeds.html import Block, Page, extract
from factory.seeds.prose import blocks_of_text
from factory.seeds.segment import MAX_WORDS, MIN_WORDS, SHORT, count_words, has_words, stretches

MAX_PAGE = 64 << 20
"""Bytes of a page, unpacked: more is a bomb, or no page. The parser needs ten times as much, its tree again."""
EMPTY = "no text in it"
NO_CODE = "a page without code"


@dataclass(frozen=True)
class Wanted:
    """What is wanted of a page. `min_words`, `max_words`: the budget of a passage; a document or a thread is left
    out below `min_words`. `min_lines`, `languages`: the least lines of a block of code, its languages (none: all)."""

    kind: type[Seed]
    min_words: int = MIN_WORDS
    max_words: int = MAX_WORDS
    min_lines: int = 2
    languages: tuple[str, ...] = ()


def guarded(found: Iterator[Item], origin: Origin) -> Iterator[Item]:
    """What one record of a file gives; an error on the way is a broken record, and not the end of the file.

    A missing package is no fault of the record: its FactoryError goes on."""
    try:
        yield from found
    except UnreadableError as error:
        yield Broken(origin, str(error))
    except FactoryError:
        raise
    except Exception as error:  # whatever a stranger's page makes of a parser
        if ungiven(error):
            raise
        yield Broken(origin, traceback.format_exc())


def seeds_of_page(raw: bytes, wanted: Wanted, origin: Origin, *, whole: bool = False) -> Iterator[Item]:
    """The seeds of a page of HTML: of its main content, or of the `whole` where all of it is content.

    `origin` says where the page stands; places within it are in bytes of `raw`.
    """
    page = extract(raw, whole=whole)
    if wanted.kind is Thread:
        yield from _thread(page, wanted, _about(page, origin))
        return
    document = Document(text=page.markdown, title=page.metadata.title, language=page.language)
    yield from _seeds(page.blocks, document, wanted, _about(page, origin))


def _thread(page: Page, wanted: Wanted, about: Origin) -> Iterator[Item]:
    """The posts of a forum or question page, where there is more than one and enough is said."""
    posts = tuple(
        Post(text=post.text, author=post.author, date=post.date, votes=post.score, accepted=post.accepted)
        for post in page.posts
        if post.text
    )
    if len(posts) < 2:
        yield Skipped(about, "a page without a thread of posts", page.markdown)
    elif sum(count_words(post.text) for post in posts) < wanted.min_words:
        yield Skipped(about, SHORT, page.markdown)
    else:
        ends = min(post.start for post in page.posts), max(post.end for post in page.posts)
        yield Found(Thread(title=page.metadata.title, posts=posts), _within(about, *ends))


def seeds_of_markdown(text: str, wanted: Wanted, origin: Origin, language: str = "") -> Iterator[Item]:
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


def seeds_of_parts(parts: Sequence[Part], unit: str, wanted: Wanted, origin: Origin) -> Iterator[Item]:
    """The seeds of a document that stands in parts; their places are in units: 'page 3', 'pages 3-5'."""
    ends = list(accumulate(len(part.text.encode("utf-8", "replace")) + 2 for part in parts))
    for found in seeds_of_markdown("\n\n".join(part.text for part in parts), wanted, origin):
        if isinstance(found, Broken) or not found.origin.place:
            yield found
            continue
        start, end = map(int, found.origin.place.rpartition("bytes ")[2].split("-"))
        first, last = (parts[min(bisect_right(ends, at), len(ends) - 1)] for at in (start, end - 1))
        alone = first.first == last.last
        place = f"{unit} {first.first}" if alone else f"{unit}s {first.first}-{last.last}"
        yield replace(found, origin=found.origin.model_copy(update={"place": place}))


def _seeds(blocks: Sequence[Block], document: Document, wanted: Wanted, about: Origin) -> Iterator[Item]:
    if not blocks:
        yield Skipped(about, EMPTY)
    elif wanted.kind is Document:
        ends = min(block.start for block in blocks), max(block.end for block in blocks)
        yield long_enough(document, _within(about, *ends), wanted.min_words)
    elif wanted.kind is Passage:
        for part in stretches(blocks, min_words=wanted.min_words, max_words=wanted.max_words):
            passage = Passage(
                text=part.text, title=document.title, section=part.section, language=document.language
            )
            at = _within(about, part.start, part.end, document.id)
            yield Skipped(at, SHORT, part.text) if part.short else Found(passage, at)
    elif wanted.kind is Table:
        yield from _tables(blocks, about, document)
    else:
        for block, why in code_of(blocks, wanted.min_lines, wanted.languages):
            at = _within(about, block.start, block.end, document.id)
            code = Code(text=block.text, language=block.language)
            yield Skipped(at, why, block.text) if why else Found(code, at)
        if not any(block.kind == "code" for block in blocks):
            yield Skipped(about, NO_CODE, document.text)


def long_enough(document: Document, origin: Origin, min_words: int) -> Found | Skipped:
    """A document as a seed, or left out for its length."""
    if has_words(document.text, min_words):
        return Found(document, origin)
    return Skipped(origin, SHORT, document.text)


def code_of(blocks: Sequence[Block], min_lines: int, languages: Sequence[str]) -> Iterator[tuple[Block, str]]:
    """The blocks of code among blocks, each with why it is left out, if it is."""
    for block in blocks:
        if block.kind == "code":
            few = block.text.count("\n") + 1 < min_lines
            other = bool(languages) and block.language not in languages
            yield block, "fewer lines than min_lines" if few else "in none of the languages" if other else ""


def _tables(blocks: Sequence[Block], about: Origin, document: Document) -> Iterator[Item]:
    there = [block for block in blocks if block.kind == "table"]
    for block in there:
        at = _within(about, block.start, block.end, document.id)
        table = _table(block)
        yield Found(table, at) if table else Skipped(at, "a table without a header", block.text)
    if not there:
        yield Skipped(about, "a page without a table", document.text)


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
