"""The extractor on pages whose names and tags tell nothing: classes made by a tool, and boxes alone."""

from __future__ import annotations

import pytest

from factory.seeds.html import extract

PROSE = "The harbour was quiet that morning, and the boats lay still on the water. "
FILLER = f"<div>{PROSE * 4}</div>"
MENU = "".join(f'<div><a href="/{number}">Department of boats {number}</a></div>' for number in range(9))
CARDS = "".join(
    f'<div class="a7"><a href="/{number}">Red boat number {number}</a><div>{number},000 euros</div></div>'
    for number in range(1, 9)
)
SHOP = '<head><meta property="og:type" content="product"></head>'


def test_links_above_the_title_are_a_menu_even_where_links_are_the_content() -> None:
    told = extract(f"<div><div>{MENU}</div><div><div><h1>Our boats</h1></div>{CARDS}</div></div>").text
    assert "Department" not in told
    assert "Red boat number 8" in told


def test_the_title_of_a_page_without_headings_is_found_by_its_words() -> None:
    html = f"<div><div>{MENU}</div><div><div>Our boats</div>{CARDS}</div></div>"
    told = extract(f"<title>Our boats</title>{html}").text
    assert "Department" not in told
    assert "Red boat number 8" in told


def test_what_stands_around_the_notice_of_rights_is_no_content() -> None:
    foot = "<div><div>Open from nine to five</div><div>Call 555 0100</div><div>© 2026 Boats</div></div>"
    told = extract(f"<div>{FILLER * 3}{foot}</div>").text
    assert "nine to five" not in told
    assert "harbour" in told


@pytest.mark.parametrize("heading", ["2 Comments", "1 response to “The harbour”", "Comments (2)"])
def test_comments_are_told_by_a_heading_that_counts_them(heading: str) -> None:
    said = f"<div><div>Anna, I liked it. {PROSE}</div><div>Berta, so did I. {PROSE}</div></div>"
    told = extract(f"<div><h1>The harbour</h1>{FILLER * 9}<h3>{heading}</h3>{said}</div>").text
    assert "I liked it" not in told and "Comments" not in told
    assert "harbour" in told


@pytest.mark.parametrize("heading", ["<h2>Customer Reviews</h2>", "<div>12 reviews for Red boat</div>"])
def test_what_buyers_say_of_a_product_is_told_by_its_heading(heading: str) -> None:
    said = f"<div><div>It sank at once. {PROSE}</div></div>"
    page = f"<body><div><h1>Red boat</h1>{FILLER * 9}{heading}{said}</div></body>"
    assert "sank at once" not in extract(SHOP + page).text
    assert "sank at once" in extract(page).text


def test_quotes_that_a_shop_chose_stay() -> None:
    said = f"<div><blockquote>The best boat I ever had. {PROSE}</blockquote></div>"
    page = f"<body><div><h1>Red boat</h1>{FILLER * 9}<h2>Reviews</h2>{said}</div></body>"
    assert "best boat I ever had" in extract(SHOP + page).text


def test_an_introduction_before_an_unnamed_body_stays() -> None:
    body = f"<div><div>{FILLER * 9}</div></div>"
    assert "It all began" in extract(f"<div><div>It all began in May. {PROSE * 3}</div>{body}</div>").text


@pytest.mark.parametrize(
    ("html", "text"),
    [
        ("<span>Full time</span><span>Senior</span><b>Remote</b>", "Full time Senior Remote"),
        ("get<wbr>Page<wbr>Size, p<i>H</i>, H<sub>2</sub>O and <b>T</b>he", "getPageSize, pH, H2O and The"),
    ],
)
def test_labels_that_only_a_style_sheet_sets_apart_are_words_of_their_own(html: str, text: str) -> None:
    assert text in extract(f"<main><p>{PROSE * 6}</p><p>{html}</p></main>").text


def test_a_link_that_looks_like_a_button_is_no_part_of_the_price_before_it() -> None:
    card = '<li><h2>Red boat {}</h2><span>{},000 euros</span><a class="button" href="/c">Add to cart</a></li>'
    cards = "".join(card.format(number, number) for number in range(1, 9))
    told = extract(f"<main><h1>Boats</h1><ul>{cards}</ul></main>").text
    assert "8,000 euros" in told and "cart" not in told


def test_a_short_card_among_longer_ones_stays() -> None:
    card = '<div class="card"><h3>{}</h3><p>{}</p></div>'
    cards = card.format("Oars", PROSE) + card.format("Sails", PROSE) + card.format("Rope", "Ten metres.")
    assert "Ten metres." in extract(f"<main><h1>Gear</h1>{FILLER}<div>{cards}</div></main>").text
