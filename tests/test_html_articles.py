"""Articles: what is read of a short one among much else, and of one that begins before its body."""

from factory.seeds.html import extract

SAID = "The ferry to the island sailed again on Monday, after nine days of wind and closed piers. "
OTHERS = "".join(
    f'<div class="box"><h3><a href="/{n}">Story number {n}</a></h3><p>What the harbour of town number {n} did on '
    f"that day, told in one sentence.</p></div>"
    for n in range(8)
)


def article(text: str, beside: str) -> str:
    return f"""<body><main><h1>The ferry sails again</h1><div class="entry-content">{text}</div>
    <div class="after">{beside}</div></main></body>"""


def test_a_short_article_is_read_without_the_stories_that_stand_around_it() -> None:
    html = article(f"<p>{SAID * 4}</p><p>So said the mate.</p>", OTHERS)
    assert extract(html).markdown == f"{(SAID * 4).strip()}\n\nSo said the mate."


def test_links_in_the_text_of_an_article_that_is_little_else_are_its_content() -> None:
    links = "".join(f'<li><a href="/{n}">Harbour number {n} and its quays</a></li>' for n in range(20))
    assert "Harbour number 19" in extract(article(f"<p>{SAID * 3}</p><ul>{links}</ul>", "")).markdown


def test_several_texts_of_articles_are_all_read() -> None:
    html = "".join(
        f'<div class="post"><h2>Day {n}</h2><div class="post-content">{SAID * 4}</div></div>' for n in (1, 2)
    )
    text = extract(f"<main>{html}</main>").markdown
    assert "Day 1" in text and "Day 2" in text


def test_an_introduction_before_the_body_of_an_article_is_read_with_it() -> None:
    body = f'<div class="article-body"><p>{SAID * 20}</p></div>'
    for begun in (
        f'<div class="article-intro"><p>For nine days nobody came. {SAID * 2}</p></div>',
        f'<div class="above"><p>For nine days nobody came. {SAID * 10}</p></div>',
    ):
        text = extract(f"<main><h1>The ferry sails again</h1>{begun}{body}</main>").markdown
        assert "For nine days nobody came." in text
    summary = '<div class="above"><p>For nine days nobody came, for the wind blew all the time.</p></div>'
    assert "nobody came" not in extract(f"<main>{summary}{body}</main>").markdown


def test_remarks_of_readers_are_told_by_their_text_not_by_the_number_of_places_named_so() -> None:
    icons = '<a class="comment-link" href="#r">Reply</a>' * 9
    signed = f'<div class="comment"><b class="author">Ann</b><time>2024-01-05</time><p>Well sailed! {SAID}</p></div>'
    html = f"<article><h1>The ferry sails again</h1><p>{SAID * 5}</p></article>{icons}<div>{signed * 2}</div>"
    assert "Well sailed!" not in extract(f"<body>{html}</body>").markdown


def test_a_list_that_is_named_a_list_is_read_as_any_other() -> None:
    items = (
        '<li>Tickets: <a href="/t">at the harbour office</a></li><li>Food: <a href="/f">on the deck</a></li>'
    )
    html = (
        f'<article><h1>Before you sail</h1><p>{SAID * 5}</p><ul class="wp-block-list">{items}</ul></article>'
    )
    assert extract(html).markdown.endswith("- Tickets: at the harbour office\n- Food: on the deck")


def test_a_short_page_that_says_it_is_an_article_is_none_of_links() -> None:
    links = "".join(f'<li><a href="/{n}">Story number {n} of the day</a></li>' for n in range(16))
    lists = f"<ul>{links}</ul><p>{SAID * 10}</p><ul>{links}</ul>"
    page = f"<body><main><h1>The ferry sails again</h1>{lists}</main></body>"
    says = '<script type="application/ld+json">{"@type": "NewsArticle", "headline": "The ferry"}</script>'
    assert "Story number 7" in extract(page).markdown
    for head in (says, '<meta property="og:type" content="article">'):
        assert "Story number 7" not in extract(f"<head>{head}</head>{page}").markdown


def test_the_place_of_an_article_beside_a_sidebar_is_not_taken_for_one() -> None:
    for name in ("page--with-sidebar", "Page-hasActionsRail", "content_withNewsletter__x1"):
        html = f'<body><div class="{name}"><h1>The ferry sails again</h1><p>{SAID * 4}</p></div>{OTHERS * 3}</body>'
        assert "nine days of wind" in extract(html).markdown


def test_remarks_in_other_languages_and_answered_questions_leave_an_article_an_article() -> None:
    remark = '<div class="kommentar"><b class="autor">Ann</b> <time>2024-01-05</time><p>Gut gesegelt, {n}!</p></div>'
    remarks = "".join(remark.format(n=n) for n in range(6))
    asked = f"""<div itemscope itemtype="https://schema.org/FAQPage"><div itemprop="mainEntity"
    itemtype="https://schema.org/Question"><h3>Does it sail?</h3><p>{SAID}</p></div></div>"""
    page = extract(f"<article><h1>The ferry</h1><p>{SAID * 5}</p>{asked}</article><div>{remarks}</div>")
    assert "Does it sail?" in page.markdown and "Gut gesegelt" not in page.markdown and not page.posts


PUBLISHED = """<head><meta property="og:type" content="article"><meta name="author" content="Ann Hale">
<meta property="article:published_time" content="2024-03-14T10:00:00Z"></head>"""


def published(inside: str, beside: str = "") -> str:
    return f"{PUBLISHED}<body><main><h1>The ferry sails again</h1>{inside}</main>{beside}</body>"


def test_offers_and_teasers_in_a_published_article_go_and_stay_on_pages_that_are_made_of_them() -> None:
    offer = f'<div class="post-cta"><p>Plan your crossing with our new map of the islands. {SAID}</p></div>'
    teaser = '<div><a href="/x">Nine harbours to see before you sail</a></div>'
    shout = '<p><a href="/y"><b>CLICK HERE FOR THE FERRY APP</b></a></p>'
    bracket = '<p>[<a href="/z">Get the shipping forecast every day</a>]</p>'
    text = f"<p>{SAID * 3}</p>{offer}<p>{SAID * 4}</p>{teaser}{shout}{bracket}<p>{SAID * 5}</p>"
    kept = "\n\n".join((SAID * count).strip() for count in (3, 4, 5))
    assert extract(published(text)).markdown.endswith(kept)
    for said in ("Plan your crossing", "Nine harbours", "FERRY APP", "shipping forecast"):
        assert said in extract(f"<body><main>{text}</main></body>").markdown
    assert extract(published(offer * 5)).markdown.count("Plan your crossing") > 0


def test_remarks_on_a_published_article_and_links_below_it_go_however_long_they_are() -> None:
    remark = f'<div class="comment"><b class="author">Bo</b><time>2024-03-15</time><p>Well sailed! {SAID * 2}</p></div>'
    links = "".join(f'<li><a href="/{n}">Timetable of harbour number {n}</a></li>' for n in range(150))
    page = published(f'<p>{SAID * 8}</p><div class="comments">{remark * 9}</div><ul>{links}</ul>')
    text = extract(page).markdown
    assert "nine days of wind" in text and "Well sailed" not in text and "Timetable" not in text


def test_lines_that_tell_the_author_and_the_day_and_the_note_on_an_author_are_not_the_article() -> None:
    above = "<p>By Ann Hale</p><p>Published on March 14, 2024 · 5 min read</p>"
    note = "<p><b>Ann Hale</b></p><p>Editor</p><p>She has written about ships and harbours since 2004.</p>"
    told = "<p>Ann Hale writes about ships, and lives beside them.</p>"
    for end in (note, told):
        text = extract(
            published(f"{above}<p>{SAID * 5}</p><p>Said the mate, Ann Hale's cousin.</p>{end}")
        ).markdown
        assert text.endswith("Said the mate, Ann Hale's cousin.")
        assert "By Ann" not in text and "March" not in text
    assert extract(published(f"<p>{SAID * 5}</p><p>Ann Hale</p>")).markdown.endswith("Ann Hale")  # signed


def test_what_systems_add_to_a_text_is_not_read() -> None:
    added = (
        "The post The ferry sails again appeared first on Island News.",
        "Tags: ferries, wind, harbours",
        '[video-player id="12" name="Ferry at sea"]',
        "Press enter or click to view image in full size",
        "Share on Facebook",
        "责任编辑：王小明",
        "Leggi anche: I porti dell'isola e il vento",
        "© The Island Courier - All rights reserved",
        "The latest from the harbour, delivered to your inbox",
    )
    for line in added:
        html = (
            f"<article><h1>The ferry sails again</h1><p>{SAID * 5}</p><p>{line}</p><p>It sails.</p></article>"
        )
        assert extract(html).markdown.endswith(f"{SAID.strip()}\n\nIt sails."), line


def test_what_is_announced_in_other_languages_or_counted_goes() -> None:
    for heading in (
        "Mehr zum Thema",
        "À lire aussi",
        "También te puede interesar",
        "関連記事",
        "15 Replies to the news",
    ):
        after = f'<h3>{heading}</h3><p><a href="/x">Harbours</a></p>'
        assert (
            "Harbours"
            not in extract(f"<article><h1>The ferry</h1><p>{SAID * 9}</p>{after}</article>").markdown
        )
