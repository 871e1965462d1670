"""Seeds from Wikipedia, and any other wiki of MediaWiki: its XML dumps."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote
from xml.etree.ElementTree import Element

from factory.plugins import Broken, Found, source
from factory.records import Code, Document, Origin, Passage, Seed
from factory.seeds.dumps import elements
from factory.seeds.files import open_bytes
from factory.seeds.pages import Wanted, seeds_of_markdown
from factory.seeds.segment import MAX_WORDS, MIN_WORDS
from factory.seeds.wikitext import to_markdown

MAX_ARTICLE = 4 << 20
"""Characters of markup: the longest articles have two million."""

_REDIRECT = re.compile(r"\s*#\s*[^\W\d_]+\s*:?\s*\[\[", re.U)
_DISAMBIGUATION = re.compile(
    r"\{\{\s*(?:disambig|disambiguation|hndis|geodis|begriffsklärung|homonymie|desambigua)", re.I
)
_WIKI = re.compile(r"([a-z-]{2,12})wiki")


@source(gives=(Document, Passage, Code))
def wikipedia(
    path: Path,
    kind: type[Seed],
    *,
    min_words: int = MIN_WORDS,
    max_words: int = MAX_WORDS,
    language: str = "",
    licence: str = "CC-BY-SA-4.0",
) -> Iterator[Found | Broken]:
    """Dumps of MediaWiki (pages-articles, packed or not): articles as Markdown, without templates and references.

    Redirects, disambiguations and other namespaces are left out. `language`: told from the file's name
    ("dewiki-...") where it is not given. Places are the byte in the unpacked dump.
    """
    named = _WIKI.match(path.name)
    spoken = language or (named[1] if named else "")
    with open_bytes(path) as stream:
        for at, page in elements(stream, "page", path.name, most=MAX_ARTICLE):
            yield from _article(page, path, at, Wanted(kind, min_words, max_words), spoken, licence)


def _article(
    page: Element, path: Path, at: int, wanted: Wanted, language: str, licence: str
) -> Iterator[Found | Broken]:
    title, text = page.findtext("title") or "", page.findtext("revision/text") or ""
    url = f"https://{language}.wikipedia.org/wiki/{quote(title.replace(' ', '_'))}" if language else None
    origin = Origin(
        address=str(path),
        place=f"page at byte {at}",
        url=url,
        title=title or None,
        date=(page.findtext("revision/timestamp") or "")[:10] or None,
        licence=licence,
    )
    if page.get("too-long"):
        yield Broken(origin, f"the article has more than {MAX_ARTICLE} characters")
        return
    if page.findtext("ns") != "0" or page.find("redirect") is not None or _REDIRECT.match(text):
        return
    if _DISAMBIGUATION.search(text):
        return
    yield from seeds_of_markdown(f"# {title}\n\n{to_markdown(text)}", wanted, origin, language)
