"""The extractor on pages that a script puts together: where the body says little, what they say to machines is read."""

from __future__ import annotations

import json
from typing import Any

import pytest

from factory.seeds.html import extract

PROSE = "The harbour was quiet that morning, and the boats lay still on the water. "
EMPTY = '<div id="root"></div>'


def page(item: Any, body: str = EMPTY) -> str:
    return f'<head><script type="application/ld+json">{json.dumps(item)}</script></head><body>{body}</body>'


@pytest.mark.parametrize(
    "item",
    [
        {"@type": "NewsArticle", "headline": "The harbour", "articleBody": PROSE * 5},
        {"@type": "Product", "name": "The harbour", "description": PROSE},
        {
            "@graph": [
                {"@type": "WebSite"},
                {"@type": "JobPosting", "title": "The harbour", "description": PROSE},
            ]
        },
    ],
)
def test_the_main_entity_is_read_where_the_body_is_empty(item: Any) -> None:
    told = extract(page(item)).markdown
    assert told.startswith("# The harbour\n\nThe harbour was quiet")


def test_what_is_said_of_the_site_is_no_content() -> None:
    assert extract(page({"@type": "Organization", "name": "Boats", "description": PROSE})).markdown == ""


def test_markup_in_the_text_of_an_entity_is_read_as_such() -> None:
    text = f"&lt;p&gt;{PROSE}&lt;/p&gt;&lt;ul&gt;&lt;li&gt;You can row&lt;/li&gt;&lt;/ul&gt;"
    told = extract(page({"@type": "JobPosting", "title": "Boatman", "description": text})).markdown
    assert told == f"# Boatman\n\n{PROSE.strip()}\n\n- You can row"


def test_a_recipe_has_its_ingredients_and_steps() -> None:
    steps = [
        {"@type": "HowToStep", "text": "Boil the water."},
        {"@type": "HowToStep", "text": "Add the fish."},
    ]
    item = {"@type": "Recipe", "name": "Soup", "recipeIngredient": ["1 fish"], "recipeInstructions": steps}
    assert extract(page(item)).markdown == "# Soup\n\n- 1 fish\n- Boil the water.\n- Add the fish."


def test_questions_stand_with_their_answers() -> None:
    asked = {"@type": "Question", "name": "Is it deep?", "acceptedAnswer": {"@type": "Answer", "text": PROSE}}
    told = extract(page({"@type": "FAQPage", "mainEntity": [asked]})).markdown
    assert "## Is it deep?" in told and "quiet that morning" in told


def test_an_article_that_its_page_only_begins_is_read_whole() -> None:
    item = {"@type": "Article", "articleBody": f"{PROSE * 20}So ends the tale."}
    assert "So ends the tale" in extract(page(item, f"<article><p>{PROSE * 2}</p></article>")).text
    told = extract(page(item, f"<article><p>{PROSE * 19}And so do we.</p></article>")).text
    assert "So ends" not in told and "And so do we" in told


def test_a_short_page_of_a_product_has_its_description() -> None:
    item = {"@type": "Product", "name": "Red boat", "description": f"Three oars. {PROSE}"}
    body = f"<main><h1>Red boat</h1><p>Now for sale. {PROSE}</p></main>"
    told = extract(page(item, body)).text
    assert "Now for sale" in told and "Three oars" in told
    assert extract(page(item, body.replace("Now for", "Three oars. " + PROSE))).text.count("Three oars") == 1


def test_the_sentences_in_the_data_of_scripts_are_read_where_nothing_else_is() -> None:
    data = {"props": {"pageProps": {"id": "x1", "body": f"<p>{PROSE * 2}</p>", "messages": {"a": PROSE * 3}}}}
    script = f'<script id="__NEXT_DATA__" type="application/json">{json.dumps(data)}</script>'
    assert extract(f"<body>{EMPTY}{script}</body>").text == (PROSE * 2).strip()
    assert extract(f"<body><p>{PROSE * 3}So ends the tale.</p>{script}</body>").text.endswith("tale.")


def test_a_template_that_is_shown_at_once_is_read_and_any_other_is_not() -> None:
    inner = f"<template><p>Never shown.</p></template><h1>The harbour</h1><p>{PROSE * 3}</p>"
    html = f'<body><my-page><template shadowrootmode="open">{inner}</template></my-page></body>'
    read = extract(html)
    assert "quiet that morning" in read.text and "Never shown" not in read.text
    (heading,) = (block for block in read.blocks if block.kind == "heading")
    assert "The harbour" in html[heading.start : heading.end]
