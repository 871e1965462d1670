"""What structure a page's own markup holds, and how much of it stands in a text made of the page."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from dataclasses import dataclass

from selectolax.lexbor import LexborHTMLParser, LexborNode

WORD = re.compile(r"\w+")
DELIMITED = re.compile(
    r"\$\$(.+?)\$\$|\\\[(.+?)\\\]|\\\((.+?)\\\)|(?<![\\$])\$([^$]{1,1500}?)(?<!\\)\$", re.S
)
RAW = re.compile(r"\\\((.{1,2000}?)\\\)|\\\[(.{1,4000}?)\\\]|\$\$(.{1,4000}?)\$\$", re.S)
SHELL = re.compile(r"^\{?\\(?:displaystyle|textstyle)")
CELLS = re.compile(r"\t|\s*(?<!\\)\|\s*")
GUTTERS = ".lineno,.linenos,.line-number,.gutter,.lnt,button,script,style"
ENOUGH = 0.8  # of a post's 3-grams
BEFORE, AFTER = 45, 60  # words around a post in which its author is named


@dataclass(frozen=True)
class Structure:
    """Blocks of code, TeX with how often each stands, rows of cells, posts as (words, author)."""

    code: list[str]
    tex: Counter[str]
    rows: list[tuple[str, ...]]
    posts: list[tuple[list[str], str]]

    @property
    def empty(self) -> bool:
        """Whether the page holds none of these."""
        return not (self.code or self.tex or self.rows or self.posts)


def of_page(html: str, gold: str | None) -> Structure:
    """The structure of a page. Of code and tables only what stands in `gold` counts, where there is a gold text."""
    known = None if gold is None else Counter(WORD.findall(gold.lower()))
    return Structure(_code(html, known), _tex(html), _rows(html, known), _posts(html))


def kept(held: Structure, text: str) -> dict[str, float]:
    """The share of each kind of structure that stands in a text."""
    shares: dict[str, float] = {}
    if held.code:
        shares["code"] = _share(_code_kept(held.code, text))
    if held.tex:
        found = Counter(_tex_key(next(filter(None, each))) for each in DELIMITED.findall(text))
        shares["tex"] = sum((held.tex & found).values()) / sum(held.tex.values())
    if held.rows:
        lines = {
            tuple(filter(None, map(_key, CELLS.split(line))))
            for line in text.split("\n")
            if re.search(r"[|\t]", line)
        }
        shares["rows"] = _share([row in lines for row in held.rows])
    if held.posts:
        shares |= _posts_kept(held.posts, text)
    return shares


def _share(truths: list[bool]) -> float:
    return sum(truths) / len(truths)


def _stands_in(text: str, known: Counter[str] | None) -> bool:
    mine = Counter(WORD.findall(text.lower()))
    return known is None or sum((mine & known).values()) >= 0.9 * sum(mine.values())


def _inside(node: LexborNode, *tags: str) -> bool:
    above = node.parent
    while above is not None:
        if above.tag in tags:
            return True
        above = above.parent
    return False


def _code(html: str, known: Counter[str] | None) -> list[str]:
    blocks = []
    for pre in LexborHTMLParser(html).css("pre"):
        for extra in pre.css(GUTTERS):
            extra.decompose()
        for br in pre.css("br"):
            br.replace_with("\n")
        text = pre.text(deep=True).replace("\r\n", "\n").replace("\xa0", " ").expandtabs(4)
        body = "\n".join(line.rstrip() for line in text.split("\n")).strip("\n")
        whole = len(body) >= 12 and len(WORD.findall(body)) >= 3 and not pre.css("p,li,table,div")
        if whole and not _inside(pre, "nav", "footer", "aside") and _stands_in(body, known):
            blocks.append(body)
    return blocks


def _code_kept(blocks: list[str], text: str) -> list[bool]:
    """Whether each block stands in a text, line by line, all indented alike."""
    lines = [line.rstrip() for line in text.replace("\xa0", " ").expandtabs(4).splitlines()]
    at: dict[str, list[int]] = defaultdict(list)
    for number, line in enumerate(lines):
        at[line.strip()].append(number)
    return [
        any(_alike(block.split("\n"), lines, start) for start in at[block.split("\n")[0].strip()])
        for block in blocks
    ]


def _alike(block: list[str], lines: list[str], start: int) -> bool:
    pad = lines[start][: len(lines[start]) - len(block[0])] if len(lines[start]) >= len(block[0]) else ""
    return [pad + line if line else "" for line in block] == lines[start : start + len(block)]


def _tex_key(tex: str) -> str:
    bare = SHELL.sub("", re.sub(r"\s+", "", tex))
    return (bare.removesuffix("}") if bare.count("}") > bare.count("{") else bare).strip("$,.;:")


def _tex(html: str) -> Counter[str]:
    tree = LexborHTMLParser(html)
    found = [node.text(deep=True) for node in tree.css('script[type^="math/tex"]')]
    if not found:
        found = [node.text(deep=True) for node in tree.css('annotation[encoding="application/x-tex"]')]
        for node in tree.css("math[alttext]"):
            if node.css_first("annotation") is None:
                found.append(node.attributes["alttext"] or "")
    if not found and tree.body is not None and re.search("mathjax|katex", html, re.I):
        for node in tree.css("script,style,pre,code,textarea,noscript"):
            node.decompose()
        text = tree.body.text(deep=True)
        found = [next(filter(None, each)) for each in RAW.findall(text)]
    return Counter(key for tex in found if re.search(r"\w", key := _tex_key(tex)))


def _key(cell: str) -> str:
    return re.sub(r"[\W_]+", "", re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", cell).lower())


def _rows(html: str, known: Counter[str] | None) -> list[tuple[str, ...]]:
    """Rows of two cells or more, of tables that hold no tables, code or forms; with a header where no gold tells."""
    rows: list[tuple[str, ...]] = []
    for table in LexborHTMLParser(html).css("table"):
        if table.css("table table,pre,form,math,textarea") or _inside(
            table, "table", "nav", "footer", "aside"
        ):
            continue
        cells = [
            [cell.text(deep=True, separator=" ") for cell in row.css("td,th")] for row in table.css("tr")
        ]
        grid = [tuple(filter(None, map(_key, row))) for row in cells]
        wide = [row for row in grid if len(row) >= 2]
        short = len(wide) >= 2 and all(len(cell) <= 300 for row in wide for cell in row)
        told = table.css_first("th") is not None if known is None else True
        if short and told and _stands_in(table.text(deep=True, separator=" "), known):
            rows += wide
    return rows


def _posts(html: str) -> list[tuple[list[str], str]]:
    """The posts of a question page: as its own markup, and that of a few forum engines, says."""
    tree = LexborHTMLParser(html)
    posts = []
    for post, body, author in (
        ("#question,.answer", ".js-post-body,.post-text,.s-prose", ".user-details a"),
        ("article.message", ".bbWrapper", ".username"),
        (".crawler-post", "[itemprop='text'],.post", "[itemprop='author'] [itemprop='name'],.creator span"),
    ):
        for node in tree.css(post):
            text = node.css_first(body)
            if text is None:
                continue
            names = [
                one for one in node.css(author) if one.text(deep=True).strip() and not _inside(one, "li")
            ]
            owner = node.css_first(".owner .user-details a") or (names[-1] if names else None)
            for extra in text.css("blockquote,script,style"):
                extra.decompose()
            said = WORD.findall(text.text(deep=True, separator=" ").lower())
            if len(said) >= 8:
                posts.append((said, " ".join(owner.text(deep=True).split()) if owner is not None else ""))
        if len(posts) >= 2:
            return posts
    return []


def _posts_kept(posts: list[tuple[list[str], str]], text: str) -> dict[str, float]:
    """The share of posts that a text keeps, and the share of authors named beside their post."""
    words = WORD.findall(text.lower())
    at: dict[tuple[str, ...], list[int]] = defaultdict(list)
    for number in range(len(words) - 2):
        at[tuple(words[number : number + 3])].append(number)
    kept, named = [], []
    for said, author in posts:
        grams = [tuple(said[number : number + 3]) for number in range(len(said) - 2)]
        kept.append(sum(gram in at for gram in grams) >= ENOUGH * len(grams))
        if author:
            named.append(kept[-1] and _is_named(WORD.findall(author.lower()), said, grams, at, words))
    return {"posts": _share(kept), **({"authors": _share(named)} if named else {})}


def _is_named(
    author: list[str],
    said: list[str],
    grams: list[tuple[str, ...]],
    at: dict[tuple[str, ...], list[int]],
    words: list[str],
) -> bool:
    votes = Counter(
        (hit - number) // 20 for number, gram in enumerate(grams) if len(at[gram]) <= 5 for hit in at[gram]
    )
    start = max(votes.most_common(1)[0][0] * 20 if votes else 0, 0)
    near = (
        words[max(0, start - BEFORE) : start + 20],
        words[start + len(said) - 20 : start + len(said) + AFTER],
    )
    return any("".join(author) in "".join(part) for part in near)
