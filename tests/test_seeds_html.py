"""The extractor: what of a page is left out, where each block lies, and that no page is too broken to read."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from factory.seeds.html import extract, markdown

PAGES = Path(__file__).parent.parent / "examples" / "pages"
ALL_PAGES = sorted(PAGES.glob("*/*.html"))
FILLER = "<p>" + "The harbour was quiet that morning, and the boats lay still on the water. " * 6 + "</p>"


# --------------------------------------------------------------------------------------------- pruning


def test_what_surrounds_the_content_goes() -> None:
    html = f"""<body><header><a href=/>Brand</a></header><nav><a href=1>Navigate</a></nav>
    <div class="sidebar-left">Sidebar words</div><div id="cookie-banner">We use cookies</div>
    <main><h1>The harbour</h1>{FILLER}<div class="share-buttons">Share me</div></main>
    <div style="display: none">Unseen</div><script>var code;</script><footer>Imprint</footer></body>"""
    text = extract(html).markdown
    assert text.startswith("# The harbour\n\nThe harbour was quiet")
    for gone in ("Brand", "Navigate", "Sidebar", "cookies", "Share", "Unseen", "var code", "Imprint"):
        assert gone not in text


def test_a_heading_stays_whatever_its_anchor_says() -> None:
    for name in ("sharing-state", "next-steps", "form-object", "skip-a-package"):
        assert "## Sails" in extract(f'{FILLER}<h2 id="{name}">Sails</h2><p>Of sails.</p>').markdown


def test_a_section_named_after_its_heading_stays() -> None:
    for title in ("Discussion", "Related work", "Navigation"):
        mark = title.lower().replace(" ", "-")
        section = (
            f'<section id="{mark}"><h2>{title}<a href="#{mark}">¶</a></h2><p>{"Of sails. " * 9}</p></section>'
        )
        kept = extract(f"{FILLER}{section}<h2>Boats</h2><p>Of boats.</p>").markdown
        assert f"## {title}\n\nOf sails." in kept


def test_a_heading_that_begins_like_an_announcement_is_one_only_above_links() -> None:
    teaser = "<h2>Related boats</h2><p><a href=1>A boat with two sails, one of which is small</a></p>"
    text = extract(f"{FILLER}<h2>Share state between boats</h2><p>{'Of sails. ' * 9}</p>{teaser}").markdown
    assert "## Share state between boats\n\nOf sails." in text
    assert "Related boats" not in text


def test_a_suspicious_name_does_not_lose_the_article() -> None:
    for name in ("sidebar", "widget menu", "related", "comment", "footer"):
        assert "harbour was quiet" in extract(f'<div class="{name}">{FILLER}</div>').markdown


def test_lists_of_links_go_and_lists_of_words_stay() -> None:
    links = "<ul>" + "".join(f"<li><a href={n}>Another page</a></li>" for n in range(6)) + "</ul>"
    items = "<ol start=3><li>Cast off<li>Hoist the <b>sail</b><ul><li>slowly</ul></ol>"
    text = extract(f"<body>{FILLER}{items}{links}</body>").markdown
    assert "Another page" not in text
    assert text.endswith("3. Cast off\n4. Hoist the sail\n  - slowly")


def test_a_short_page_is_read_with_relaxed_rules() -> None:
    assert (
        "fewer words"
        in extract('<div class="promo banner">A page with fewer words than most.</div>').markdown
    )


def test_quotes_headings_and_sections_are_told() -> None:
    html = f"<h1>Boats</h1>{FILLER}<h2>Sails</h2><blockquote><p>Wind is free.</p></blockquote>"
    blocks = extract(html).blocks
    assert (blocks[-1].kind, blocks[-1].quoted, blocks[-1].section) == ("quote", 1, ("Boats", "Sails"))
    assert markdown(blocks).endswith("## Sails\n\n> Wind is free.")


def test_permalinks_are_no_part_of_a_heading() -> None:
    page = extract(f'<h2>Sails<a class="headerlink" href="#s">¶</a></h2>{FILLER}')
    assert [block.text for block in page.blocks if block.kind == "heading"] == ["Sails"]


def test_posts_beside_a_column_about_their_authors_are_told() -> None:
    def post(number: int, author: str, words: str) -> str:
        return f"""<div id="p{number}" class="blockpost"><h2>
            <a href="viewtopic.php?pid={number}#p{number}">2024-08-0{number}
            10:59:47</a></h2><div class="postbody"><div class="postleft"><dl><dt><strong>{author}</strong></dt>
            <dd>Member</dd><dd>Registered: 2020-01-2{number}</dd><dd><a href="https://a.example">Website</a></dd>
            </dl></div><div class="postright"><h3>Re: Sails</h3><div class="postmsg"><p>{words}</p>
            <p class="postedit">Last edited by {author} (2024-08-09 10:00:00)</p></div></div></div></div>"""

    said = ["Which sail is best in a calm?", "A large one, and light as well.", "Thank you, I shall try one."]
    posts = extract("".join(map(post, range(1, 4), ["ann", "bob", "ann"], said))).posts
    assert [(one.author, one.date, one.text) for one in posts] == [
        (author, f"2024-08-0{day}", words)
        for day, (author, words) in enumerate(zip(("ann", "bob", "ann"), said, strict=True), 1)
    ]


@pytest.mark.parametrize(
    "post",
    [
        """<div id="post_{n}"><table><tr><td class="pls"><div class="authi"><a href="space-uid-{n}.html">{who}</a>
        </div><dl><dt>注册时间</dt><dd>2010-1-2</dd></dl></td><td><div class="pi"><a href="x#pid{n}">{n}#</a>
        <em id="authorposton{n}">发表于 2012-3-{n} 10:11</em> | <a href="y">只看该作者</a></div>
        <div class="t_fsz"><table><tr><td class="t_f" id="postmessage_{n}">{said}</td></tr></table></div>
        </td></tr></table></div>""",
        """<table class="postbox" id="post1strow{n}"><tr><td><a class="author" href="u.php?uid={n}">{who}</a></td>
        <td><span id="postdate{n}">2012-03-0{n} 10:10</span>
        <span class="postcontent" id="postcontent{n}">{said}</span></td></tr></table>""",
        """<div class="l_post"><ul class="p_author"><li><a class="p_author_name" href="/u/{n}">{who}</a></li></ul>
        <div><div class="d_post_content">{said}</div><div class="tail"><span>{n}楼</span>
        <span>2012-03-0{n} 12:30</span></div></div></div>""",
    ],
)
def test_posts_of_boards_laid_out_in_tables_and_rows_are_told_with_author_and_day(post: str) -> None:
    said = "今天天气很好,我们一起去公园散步,看到了很多花。" * 3
    rows = "".join(post.format(n=n, who=f"用户{n}", said=said) for n in (1, 2, 3))
    found = extract(f"<h1>公园好玩吗</h1><div>{rows}</div>").posts
    assert [(each.author, each.date, each.text) for each in found] == [
        (f"用户{n}", f"2012-03-0{n}", said) for n in (1, 2, 3)
    ]


def test_articles_that_each_name_their_author_are_posts_of_a_page_that_says_that_it_is_a_thread() -> None:
    said = [f"The wind was number {number} that day, and the harbour quiet." for number in range(4)]
    told = "".join(
        f'<article><h3 class="PostUser">ann</h3><div class="body"><p>{one}</p></div></article>'
        for one in said
    )
    head = '<head><link rel="canonical" href="https://a.example/d/topic/7"></head>'
    assert [one.text for one in extract(f"{head}<body>{told}</body>").posts] == said


@pytest.mark.parametrize("path", ALL_PAGES, ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_real_pages_give_their_prose_and_none_of_their_frame(path: Path) -> None:
    text = extract(path.read_bytes()).markdown
    assert len(text.split()) > 300
    assert "¶" not in text
    assert not re.search(
        r"^\W*(Prev|Next|Previous topic|Quick search|Navigation|Table of Contents)\W*$", text, re.M
    )


# ---------------------------------------------------------------------------------------------- places


def stripped(raw: bytes) -> str:
    import html

    return html.unescape(re.sub(r"<[^>]*>", "", raw.decode("utf-8")))


@pytest.mark.parametrize("path", ALL_PAGES[::3], ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_the_bytes_of_a_block_hold_its_words(path: Path) -> None:
    raw = path.read_bytes()
    for block in extract(raw).blocks:
        there = raw[block.start : block.end].decode("utf-8")
        words = str(block.grid) if block.grid is not None else block.text
        bare = stripped(raw[block.start : block.end])
        for word in re.findall(r"[A-Za-z]{4,}", words):
            assert word in bare or word in there, (word, block)
        assert block.end - block.start < len(raw) / 2


def test_places_are_bytes_in_any_encoding() -> None:
    words = "Über die Brücke läuft ein Maultier"
    for encoding, declared in (("utf-8", "utf-8"), ("latin-1", "iso-8859-1"), ("utf-16-le", "")):
        html = f"<meta charset={declared}><p>Füße vorweg</p><p>{words}</p>" if declared else f"<p>{words}</p>"
        raw = (b"\xff\xfe" if encoding.startswith("utf-16") else b"") + html.encode(encoding)
        block = extract(raw).blocks[-1]
        assert block.text == words
        assert words in raw[block.start : block.end].decode(encoding)
        assert raw[block.start : block.end].decode(encoding).startswith("<p>Ü")


def test_text_that_the_parser_moves_keeps_an_honest_place() -> None:
    raw = b"<div><table><tr><td>inner cell</td></tr>stray words that HTML moves out</table></div>"
    for block in extract(raw).blocks:
        for word in re.findall(r"[a-z]{4,}", block.text):
            assert word.encode() in raw[block.start : block.end]


# ------------------------------------------------------------------------------------------ robustness


def test_a_wrong_declaration_of_the_encoding_does_not_matter() -> None:
    assert extract("<meta charset=iso-8859-1><p>naïve café</p>".encode()).markdown == "naïve café"
    assert extract("<meta charset=utf-16><p>naïve</p>".encode("cp1252")).markdown == "naïve"
    assert extract("<meta charset=gb2312><p>中文字</p>".encode("gb18030")).markdown == "中文字"
    assert extract(b"<meta charset=no-such-thing><p>x</p>\xe9").markdown


@pytest.mark.parametrize(
    "raw", [b"", b"   ", b"\x00", b"<", b"<!--", b"<html></html>", b"\xff\xfe", b"\xef\xbb\xbf"]
)
def test_an_empty_page_gives_no_blocks(raw: bytes) -> None:
    assert extract(raw).markdown.strip("< \ufffd") == ""


def test_nul_bytes_do_not_cut_a_page() -> None:
    text = extract("<p>one\x00two</p>\x00<p>three</p>").markdown
    assert "one" in text and "two" in text and "three" in text


@pytest.mark.parametrize("tags", ["div", "ul><li", "table><tr><td", "blockquote", "b><i", "span", "pre"])
def test_a_hundred_thousand_levels_are_read_without_recursion(tags: str) -> None:
    assert "at the bottom" in extract(f"<{tags}>" * 100_000 + "found at the bottom").markdown


@pytest.mark.parametrize(
    "html", ["<a " * 50_000, "<" * 50_000, '<a b="' * 50_001, "</a " * 50_000, "<!--" * 50_000]
)
def test_tags_that_never_close_take_no_more_than_linear_time(html: str) -> None:
    assert len(extract(html).markdown) <= len(html)


MARKUP = """
<p> </p> <div/class='menu'> </div> <table> <tr> <td/rowspan=3> <th/colspan=2> </table> <pre> </pre> <b> </b>
<code> </code> <br> <li> <ul> </ul> <ol/start=9> <blockquote> <h2> </h2> <math/alttext='x'> </math> <noscript>
<script/type='math/tex'> </script> \\(a\\) $$b$$ <a/href=x> </a> \x00 é &amp; <!-- --> word \\[c\\]
"""
PIECES = st.sampled_from(MARKUP.split())


@settings(max_examples=150, deadline=None)
@given(st.lists(PIECES | st.text(max_size=8), max_size=40))
def test_no_page_is_an_error_and_every_place_is_within_it(pieces: list[str]) -> None:
    raw = "".join(pieces).encode("utf-8", "replace")
    read = extract(raw)
    assert all(0 <= block.start <= block.end <= len(raw) for block in read.blocks)
    assert extract(raw) == read
    assert read.markdown.count("\x00") == 0


@settings(max_examples=100, deadline=None)
@given(st.binary(max_size=400))
def test_no_bytes_are_an_error(raw: bytes) -> None:
    assert all(0 <= block.start <= block.end <= len(raw) for block in extract(raw).blocks)


# -------------------------------------------------------------------------------------------- metadata


def test_links_are_the_content_of_a_page_that_has_little_else() -> None:
    cards = "".join(
        f'<li class="card"><a href="/{n}"><h3>Harbour number {n}</h3> Its quays, its boats, its tides.</a></li>'
        for n in range(30)
    )
    listed = f"<nav><a href=/>Home</a></nav><main><h1>All harbours</h1><ul>{cards}</ul></main>"
    text = extract(listed).markdown
    assert text.count("### Harbour number") == 30
    assert "Home" not in text
    article = f"<main><h1>One harbour</h1>{FILLER * 20}<ul>{cards}</ul></main>"
    assert "Harbour number" not in extract(article).markdown


def test_the_body_of_an_article_is_read_without_what_stands_around_it() -> None:
    html = f"""<main><h1>The quiet harbour</h1><p>For readers of our paper only.</p>
    <div class="article-body">{FILLER * 4}<p>So ends the tale.</p></div>
    <p>Our letters reach you every Sunday morning, should you want them.</p></main>"""
    text = extract(html).markdown
    assert text.startswith("The harbour was quiet") and text.endswith("So ends the tale.")
    tides = "<table><tr><th>Tide</th><th>Hour</th></tr><tr><td>high</td><td>four</td></tr></table>"
    beside = f"""<main><div class="article-body">{FILLER * 5}</div><div>{tides}</div></main>"""
    assert "| high | four |" in extract(beside).markdown
    sections = f"""<main><h1>The quiet harbour</h1><div class="content">{FILLER * 5}</div>
    <div class="content"><p>{"A second part that is set by the same hand as the first. " * 3}</p></div></main>"""
    text = extract(sections).markdown
    assert text.startswith("# The quiet harbour") and "A second part" in text


def test_what_says_only_what_a_click_does_is_left_out() -> None:
    said = ["Read more →", "Back to top", "Add to cart", "Sign up now", "En savoir plus", "阅读更多"]
    buttons = "".join(f"<p>{words}</p>" for words in said)
    text = extract(f"<main><h2>Sign in</h2><ol><li>Sign in.</li></ol>{FILLER}{buttons}</main>").markdown
    assert text == f"## Sign in\n\n1. Sign in.\n\n{FILLER[3:-4].strip()}"
    assert "Read more of them than we do" in extract(f"{FILLER}<p>Read more of them than we do.</p>").markdown


def test_notes_to_the_reader_and_short_definitions_stay_in_a_manual() -> None:
    html = f"""<main><dl class="field-list"><dt>Author:</dt><dd>Ann Bell</dd><dt>Version</dt><dd>2</dd></dl>
    {FILLER}<aside class="note"><p>Mind the tide.</p></aside>
    <div class="alert alert--tip"><p>Keep it moored.</p></div>
    <dl class="field-list"><dt>Depth</dt><dd>in feet</dd></dl>
    <div class="alert"><p>Log in first.</p></div><aside><p>Our other harbours.</p></aside>
    <p>Was this page helpful?</p></main>"""
    text = extract(html).markdown
    assert "Mind the tide." in text and "Keep it moored." in text and ": in feet" in text
    assert "Log in" not in text and "other harbours" not in text and "helpful" not in text
    assert "Ann Bell" not in text


def test_what_a_click_unfolds_is_content_and_what_is_hidden_otherwise_is_not() -> None:
    html = f"""<main><h1>Ferries</h1>{FILLER}<h3 id=q>May I bring a dog?</h3>
    <div hidden aria-labelledby=q>Dogs sail free.</div>
    <h3>And a bicycle?</h3><div class=faq-answer style="display:none">Bicycles sail on deck.</div>
    <div style="display:none">Your session has expired.</div></main>"""
    text = extract(html).markdown
    assert "Dogs sail free." in text
    assert "Bicycles sail on deck." in text
    assert "expired" not in text


def test_tabs_and_accordions_are_content_though_they_are_named_as_navigation() -> None:
    for tabs in ('class="tabs-menu"', 'role="tablist"'):
        folded = (
            f"<div {tabs}><h3>May I bring a dog?</h3><p>{'Dogs sail free on every boat. ' * 12}</p></div>"
        )
        assert "Dogs sail free" in extract(f"<main><h1>Ferries</h1>{FILLER * 9}{folded}</main>").markdown


def test_the_header_of_a_section_is_read_with_it() -> None:
    section = f"<section><header><h2>Sails</h2><p>All of them.</p></header>{FILLER}</section>"
    assert "## Sails\n\nAll of them." in extract(f"<main><h1>Boats</h1>{section}</main>").markdown


def test_the_content_is_never_looked_for_within_what_is_left_out() -> None:
    side = f'<div class="sidebar"><div class="text">{FILLER.replace("quiet", "praised") * 5}</div></div>'
    foot = f"<footer>{FILLER * 3}</footer>"
    text = extract(f"<div><div><h1>Osprey</h1>{FILLER * 8}</div>{side}</div>{foot}").markdown
    assert "harbour was quiet" in text
    assert "harbour was praised" not in text


def test_what_a_page_shows_again_for_narrow_screens_is_read_once() -> None:
    words = (
        "The ferry leaves at seven in the morning from the old quay, and comes back at nine in the evening. "
    )
    shown = f"<h3>Ferries</h3><p>{words * 2}</p><p>Every day.</p>"
    text = extract(f"<main>{FILLER}<div>{shown}</div><div>{shown}</div><p>Every day.</p></main>").markdown
    assert text.count("The ferry leaves") == 2
    assert text.count("### Ferries") == 1
    assert text.count("Every day.") == 2  # short blocks may stand twice, but for those beside a repeated one


def test_terms_of_use_in_a_dialog_are_no_content_however_long() -> None:
    terms = "".join(f"<p>Clause {n}: we may change these terms whenever we see fit.</p>" for n in range(100))
    page = f"<main><h1>Boots</h1>{FILLER * 6}</main><footer><div role=dialog>{terms}</div></footer>"
    text = extract(page).markdown
    assert "The harbour was quiet" in text
    assert "Clause" not in text


def test_title_author_and_date_are_read_from_the_page() -> None:
    html = f"""<html lang="en-GB"><head><title>The harbour</title><meta name="author" content="Ada Lund">
    <meta property="article:published_time" content="2020-03-04T10:00:00Z"></head><body>{FILLER}</body>"""
    read = extract(html)
    assert (read.metadata.title, read.metadata.author) == ("The harbour", "Ada Lund")
    assert (read.metadata.date, read.language) == ("2020-03-04", "en")


def test_importing_the_extractor_does_not_import_trafilatura() -> None:
    program = (
        "import sys, factory.seeds.html, factory.seeds.sources.html; print('trafilatura' in sys.modules)"
    )
    result = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert result.stdout.strip() == "False"
