"""The extractor on pages that offer something: products, services, lists of either."""

from __future__ import annotations

import pytest

from factory.seeds.html import extract

PROSE = "The harbour was quiet that morning, and the boats lay still on the water. "
FILLER = f"<p>{PROSE * 6}</p>"
LINKS = '<a href="/a">A longer name of one of our many departments</a> '


@pytest.mark.parametrize(
    ("html", "kept"),
    [
        ("<h3><button aria-expanded=false>Materials and care</button></h3>", "### Materials and care"),
        ("<h3><span><button>Materials and care</button></span></h3>", "### Materials and care"),
        (
            "<button>Do you ship to islands without a bridge?</button>",
            "Do you ship to islands without a bridge?",
        ),
    ],
)
def test_a_button_that_is_the_heading_of_what_it_opens_is_read(html: str, kept: str) -> None:
    assert kept in extract(f"<main>{FILLER}{html}<p>So ends the tale.</p></main>").markdown


def test_a_button_that_asks_nothing_is_not_read() -> None:
    html = "<button>Compare the red boat with others</button><button>Helpful?</button>"
    told = extract(f"<main>{FILLER}{html}<p>So ends the tale.</p></main>").text
    assert "Compare" not in told and "Helpful" not in told


@pytest.mark.parametrize(
    "question", ["<p>Is the red boat the fastest?</p>", "<h4><button>The fastest boat</button></h4>"]
)
def test_the_hidden_answer_to_a_question_is_read(question: str) -> None:
    answer = '<div style="display: none">The red one is, by a length and a half of its own hull.</div>'
    told = extract(f"<main>{FILLER}<div>{question}{answer}</div></main>").text
    assert "by a length and a half" in told
    told = extract(f"<main>{FILLER}<div><p>Our boats.</p>{answer}</div></main>").text
    assert "by a length and a half" not in told


def test_each_article_of_a_listing_keeps_its_linked_title() -> None:
    html = "".join(
        f"<article><header><a href=/{name}>{name} wins the regatta</a></header><p>{PROSE}</p></article>"
        for name in ("Anna", "Berta", "Clara")
    )
    told = extract(f"<main>{html}</main>").text
    assert all(f"{name} wins the regatta" in told for name in ("Anna", "Berta", "Clara"))


def test_a_menu_longer_than_the_page_is_no_content() -> None:
    html = f"<nav>{LINKS * 200}</nav><h1>Red boat</h1>{FILLER * 2}"
    assert "departments" not in extract(html).text


def test_a_footer_longer_than_the_page_is_no_content() -> None:
    html = f"<h1>Red boat</h1>{FILLER * 2}<footer><p>{'We sold boats to all who asked for them. ' * 90}</p></footer>"
    told = extract(html).text
    assert "The harbour was quiet" in told and "We sold boats" not in told


def test_a_carousel_named_after_its_buttons_is_no_menu() -> None:
    boats = "".join(
        f"<div><a href=/{name}>{name}</a> in oak, for four sailors, $ 4,{price}00</div>"
        for price, name in enumerate(("Anna", "Berta", "Clara", "Dora", "Ella", "Frida", "Gerda", "Hanna"))
    )
    told = extract(f"<main>{FILLER * 3}<div class='carousel dark-nav-btns'>{boats}</div></main>").text
    assert "Frida in oak, for four sailors" in told


@pytest.mark.parametrize(
    "head",
    [
        '<meta property="og:type" content="product">',
        '<meta property="product:price:amount" content="4000">',
        '<script type="application/ld+json">{"@type": "Product", "name": "Red boat"}</script>',
        '<script type="application/ld+json">{"@graph": [{"@type": ["Product"]}]}</script>',
    ],
)
def test_what_buyers_wrote_of_a_product_is_left_out(head: str) -> None:
    reviews = (
        "<div class=reviews><p>It is red, and it floats; my neighbours envy me every single day.</p></div>"
    )
    told = extract(f"<head>{head}</head><main><h1>Red boat</h1>{FILLER}{reviews}</main>").text
    assert "neighbours envy me" not in told


def test_reviews_are_the_content_of_an_article_that_mentions_products() -> None:
    head = """<script type="application/ld+json">{"@type": "NewsArticle", "about":
        {"@type": "ItemList", "itemListElement": [{"item": {"@type": "Product"}}]}}</script>"""
    reviews = (
        "<div class=reviews><p>It is red, and it floats; my neighbours envy me every single day.</p></div>"
    )
    told = extract(f"<head>{head}</head><main><h1>Boats tried</h1>{FILLER}{reviews}</main>").text
    assert "neighbours envy me" in told


@pytest.mark.parametrize("body", ['class="single single-product"', 'id="product-page"', 'class="pdp"'])
def test_a_product_is_told_by_the_names_of_its_page(body: str) -> None:
    reviews = (
        "<div class=reviews><p>It is red, and it floats; my neighbours envy me every single day.</p></div>"
    )
    shown = f"<main><h1>Red boat</h1>{FILLER}{reviews}</main>"
    assert "neighbours envy me" not in extract(f"<body {body}>{shown}</body>").text
    assert "neighbours envy me" in extract(f"<body class='product-archive'>{shown}</body>").text


def test_what_the_buttons_of_a_shop_say_is_left_out() -> None:
    said = ("Quick view Add to cart", "Sold out Sold out", "Compare", "Ausverkauft", "Notify me", "缺货")
    cards = "".join(
        f"<li><h3>Boat {number}</h3><p>In oak.</p><p>{words}</p></li>" for number, words in enumerate(said)
    )
    told = extract(f"<main>{FILLER}<ul>{cards}</ul><p>Compare us with others.</p></main>").text
    assert not any(words in told for words in said if words != "Compare")
    assert told.count("Compare") == 1 and told.count("In oak.") == len(said)


def test_what_is_announced_beside_a_link_to_all_of_it_is_left_out() -> None:
    cards = "".join(f"<div><a href=/{n}>Boat {n}</a> of ten planks and two oars</div>" for n in range(4))
    head = "<div><h2>You may also like</h2><a href=/all>View all</a></div>"
    told = extract(f"<main><h1>Red boat</h1>{FILLER * 3}<div>{head}<div>{cards}</div></div></main>").text
    assert "two oars" not in told and "You may" not in told


def test_what_buyers_ask_of_a_product_makes_no_forum_of_its_page() -> None:
    asked = """<div class=questions><div itemscope itemtype="http://schema.org/Question"><p>Will it carry my
        neighbours, who are four and heavy, across the bay?</p></div></div>"""
    told = extract(f"<body class=pdp><main><h1>Red boat</h1>{FILLER * 3}{asked}</main></body>").text
    assert "four and heavy" not in told
