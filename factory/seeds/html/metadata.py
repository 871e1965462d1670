"""What a page says of itself: title, author, date, site, licence, address.

In the order of trust: JSON-LD, ``meta`` and ``link`` elements, microdata, and at last how the page looks.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass, field
from html import unescape
from itertools import chain
from typing import Any

import orjson

from factory.seeds.dates import iso_date
from factory.seeds.html.tree import Index, Node
from factory.seeds.html.words import PRODUCT, PRODUCTS

_PARTS = re.compile(r"\s+[|·•»]\s+|\s+[-–—:]{1,2}\s+|\s*\|\s*")
_BY = re.compile(
    r"^\W*(?:(?:written|posted|published|reviewed|words|story|text)\s+)?(?:by|von|par|por|di)\b[:\s]+", re.I
)
_NO_NAME = re.compile(
    r"https?://|@|\d{3,}|^(?:admin|administrator|staff|editor|unknown|user|author|guest)$", re.I
)
_COMMONS = re.compile(
    r"creativecommons\.org/(?:licenses/([a-z-]+)/(\d\.\d)|publicdomain/(zero|mark)/(\d\.\d))", re.I
)
_PRODUCT = re.compile(r'"(?:https?://schema\.org/)?Product(?:Group)?"')
_ARTICLE = re.compile(
    r'"@type"\s*:\s*\[?\s*"(?:https?://schema\.org/)?(?:\w*NewsArticle|Article|BlogPosting)"'
)
_PRODUCTS = frozenset({"product", "og:product", "product.item"})
_PRICES = ("product:price:amount", "og:price:amount")
_IN_ADDRESS = re.compile(r"/\d{4}/\d{2}/\d{2}(?=/)")
_YEAR = re.compile(r"(?:19|20)(?<=\b..)\d{2}\b")
_BYLINES = frozenset({"byline", "author", "authors", "contributor", "writer"})
_DATELINES = frozenset({"date", "published", "posted", "timestamp"})
_ARTICLES = re.compile(r"Article|Posting|NewsReport|WebPage|Report|Recipe|Question|Product|Book|CreativeWork")

_TITLES = ("og:title", "twitter:title", "dc.title", "citation_title", "parsely-title")
_AUTHORS = ("author", "article:author", "dc.creator", "dcterms.creator", "citation_author", "parsely-author",
            "sailthru.author", "byl", "twitter:creator")  # fmt: skip
_DATES = ("article:published_time", "og:published_time", "datepublished", "dc.date.issued", "dcterms.created",
          "dc.date", "dcterms.date", "citation_publication_date", "citation_date", "parsely-pub-date",
          "sailthru.date", "pubdate", "publish-date", "publication_date", "date", "article:modified_time",
          "og:updated_time", "last-modified")  # fmt: skip
_SITES = ("og:site_name", "application-name", "citation_journal_title", "apple-mobile-web-app-title")


@dataclass(frozen=True)
class Head:
    """What the parser keeps of a page's head: ``meta`` by name, ``link`` by relation, JSON-LD as text."""

    title: str = ""
    meta: Mapping[str, str] = field(default_factory=dict)
    links: Mapping[str, str] = field(default_factory=dict)
    json_ld: Sequence[str] = ()


@dataclass(frozen=True)
class Metadata:
    """What a page says of itself; each field is empty where it does not tell.

    `date` is ISO 8601; `licence` an SPDX identifier for Creative Commons, else the address or words given;
    `url` the canonical address.
    """

    title: str = ""
    author: str = ""
    date: str = ""
    site: str = ""
    licence: str = ""
    url: str = ""


def is_product(head: Head, body: Set[str]) -> bool:
    """Whether a page says, in its head or in the names of its body, that it shows one product, and not that it is an
    article or a list that mentions some."""
    if not body.isdisjoint(PRODUCT) and body.isdisjoint(PRODUCTS):
        return True
    told = head.meta.get("og:type", "").lower()
    if told in _PRODUCTS or any(name in head.meta for name in _PRICES):
        return True
    texts = [text for text in head.json_ld if _PRODUCT.search(text)]
    kinds = {f'"{kind}"' for item in json_ld_items(texts) for kind in _texts(item.get("@type"))}
    return told != "product.group" and any(_PRODUCT.fullmatch(kind) for kind in kinds)


def is_article(head: Head) -> bool:
    """Whether a page says in its head, or its own JSON-LD, that it is an article."""
    return head.meta.get("og:type", "").lower() == "article" or any(map(_ARTICLE.search, head.json_ld))


def is_published(head: Head) -> bool:
    """Whether a page says that it is an article, and not by what many systems say of each page: it tells the day, or
    JSON-LD says so."""
    dated = "article:published_time" in head.meta and head.meta.get("og:type", "").lower() == "article"
    return dated or any(map(_ARTICLE.search, head.json_ld))


def describe(head: Head, index: Index) -> Metadata:
    """The metadata of a page, of its head and its nodes."""
    items = list(json_ld_items(head.json_ld))
    articles = [item for item in items if _ARTICLES.search(" ".join(_texts(item.get("@type"))))]
    site = _first_of(head.meta, _SITES) or _name(_value(articles, "publisher"))
    return Metadata(
        title=_title(head, articles, index, site),
        author=_author(head, articles, index, site),
        date=_date(head, [*articles, *items], index),
        site=site,
        licence=_licence(head, articles, index),
        url=head.links.get("canonical") or head.meta.get("og:url", ""),
    )


# ------------------------------------------------------------------------------------------- title


def _title(head: Head, articles: Sequence[Mapping[str, Any]], index: Index, site: str) -> str:
    headline = _clean(_name(_value(articles, "headline")))
    tops = [words for node in index.tags["h1"] if (words := _heading(node))]
    given = _first_of(head.meta, _TITLES) or _itemprop(index, "headline") or head.title
    bare = _without_site(_clean(given), site, tops)
    if headline and (not bare or headline in given or len(tops) != 1):
        return headline
    return bare or (tops[0] if tops else headline)


def _heading(node: Node) -> str:
    """The words of a heading without the mark of its permalink."""
    return _clean(node.text(" ")).rstrip("¶#§ ")


def _without_site(title: str, site: str, tops: Sequence[str]) -> str:
    """A title without the name of its site, which stands first or last behind a bar or a dash."""
    if any(title == top for top in tops):
        return title
    parts = _PARTS.split(title)
    if len(parts) < 2:
        return title
    for top in tops:
        if len(top) > 3 and _PARTS.match(title.removeprefix(top)) and title.startswith(top):
            return top
    for place in (-1, 0):
        if site and parts[place].lower() == site.lower():
            cut = title.rfind(parts[-1]) if place else len(parts[0])
            rest = title[:cut] if place else title[cut:]
            return rest.strip(" |·•»-–—:") or title
    return title


# ------------------------------------------------------------------------------------------- author


def _author(head: Head, articles: Sequence[Mapping[str, Any]], index: Index, site: str) -> str:
    for text in _authors(head, articles, index):
        name = _BY.sub("", _clean(text)).strip(" ,|·•-–—")
        if 2 < len(name) <= 120 and not _NO_NAME.search(name) and name.lower() != site.lower():
            return name
    return ""


def _authors(head: Head, articles: Sequence[Mapping[str, Any]], index: Index) -> Iterator[str]:
    names = [_name(one) for item in articles for one in _many(item.get("author") or item.get("creator"))]
    yield "; ".join(dict.fromkeys(name for name in names if name))
    yield from (head.meta[name] for name in _AUTHORS if head.meta.get(name))
    yield _itemprop(index, "author")
    related = (node for node in index.attributes["rel"] if "author" in node.attributes["rel"].split())
    yield from (node.text(" ") for node in related)
    for node in index.named(_BYLINES):
        text = _clean(node.text(" "))
        if 2 < len(text) < 60 and (_BY.match(text) or node.tag in ("a", "span")):
            yield text


# ------------------------------------------------------------------------------------------- date


def _date(head: Head, items: Sequence[Mapping[str, Any]], index: Index) -> str:
    for text in _dates(head, items, index):
        if day := iso_date(text):
            return day
    return ""


def _dates(head: Head, items: Sequence[Mapping[str, Any]], index: Index) -> Iterator[str]:
    for name in ("datePublished", "dateCreated", "uploadDate"):
        yield _name(_value(items, name))
    yield from (head.meta[name] for name in _DATES if head.meta.get(name))
    yield _itemprop(index, "datePublished")
    for node in sorted(index.tags["time"], key=lambda node: "pubdate" not in node.attributes):
        yield node.attributes.get("datetime") or node.text(" ")
    yield _name(_value(items, "dateModified"))
    for node in index.named(_DATELINES):
        if len(text := node.text(" ")) < 80:
            yield text
    yield from (
        found[0]
        for found in [_IN_ADDRESS.search(head.links.get("canonical") or head.meta.get("og:url", ""))]
        if found
    )
    for node in index.order:
        for child in node.children:
            if child.__class__ is str and 6 < len(child) < 60 and _YEAR.search(child):
                yield child


# ------------------------------------------------------------------------------------------- licence


def _licence(head: Head, articles: Sequence[Mapping[str, Any]], index: Index) -> str:
    given = head.links.get("license") or _name(_value(articles, "license")) or head.meta.get("dc.rights", "")
    if not given:
        said = (
            node.attributes.get("href", "")
            for node in index.attributes["rel"]
            if node.tag == "a" and "license" in node.attributes["rel"].split()
        )
        links = (node.attributes.get("href", "").lower() for node in index.tags["a"])
        named = (link for link in links if "commons" in link and _COMMONS.search(link))
        given = next(filter(None, chain(said, named)), "")
    return spdx(given)


def spdx(text: str) -> str:
    """The SPDX identifier of a Creative Commons address; other texts as they are."""
    found = _COMMONS.search(text)
    if not found:
        return _clean(text)[:200]
    if found[3]:
        return f"CC0-{found[4]}" if found[3].lower() == "zero" else "LicenseRef-public-domain"
    return f"CC-{found[1].upper()}-{found[2]}"


# ------------------------------------------------------------------------------------------- parts


def json_ld_items(texts: Sequence[str]) -> Iterator[dict[str, Any]]:
    """Every object of a page's JSON-LD, those of graphs and lists too."""
    for text in texts:
        try:
            stack: list[Any] = [orjson.loads(text.strip().rstrip(";"))]
        except orjson.JSONDecodeError:
            continue
        seen = 0
        while stack and seen < 1000:
            seen += 1
            item = stack.pop(0)
            if isinstance(item, list):
                stack[:0] = item
            elif isinstance(item, dict):
                yield item
                stack[:0] = [
                    item[name] for name in ("@graph", "mainEntity", "mainEntityOfPage") if name in item
                ]


def _value(items: Sequence[Mapping[str, Any]], name: str) -> Any:
    return next((item[name] for item in items if item.get(name)), None)


def _many(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [] if value is None else [value]


def _texts(value: Any) -> list[str]:
    return [one for one in _many(value) if isinstance(one, str)]


def _name(value: Any) -> str:
    """The words of a value of JSON-LD: itself, or its name."""
    for one in _many(value):
        if isinstance(one, dict):
            one = one.get("name") or one.get("@id") or ""
        if isinstance(one, str) and one.strip():
            return one.strip()
    return ""


def _first_of(meta: Mapping[str, str], names: Sequence[str], fits: Callable[[str], bool] = bool) -> str:
    return next((meta[name] for name in names if fits(meta.get(name, ""))), "")


def _itemprop(index: Index, name: str) -> str:
    """What the first element of that property says: its content, time or text, or the name inside it."""
    for node in index.attributes["itemprop"]:
        if name in node.attributes["itemprop"].split():
            inner = next(
                (one for one in node.find(*_ANY) if "name" in one.attributes.get("itemprop", "")), node
            )
            text = inner.attributes.get("content") or inner.attributes.get("datetime") or inner.text(" ")
            if text.strip():
                return text
    return ""


_ANY = ("a", "span", "div", "p", "b", "strong", "h3", "h4")


def _clean(text: str) -> str:
    return " ".join(unescape(text).split())
