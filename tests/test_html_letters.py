"""What a reader of archives of mail can rely on: who wrote a letter, when, and its words as words."""

from __future__ import annotations

import pytest

from factory.seeds.html import extract

LETTER = """The mast came down in the night, and nobody was hurt.

> Does anybody know
> where to find another?
I do not. The yard in Kiel had one:

    length  11 m
    weight  90 kg

Yours, Ann

--
Ann, at sea
"""
SAID = """The mast came down in the night, and nobody was hurt.

> Does anybody know where to find another?

I do not. The yard in Kiel had one:

```
    length  11 m
    weight  90 kg
```

Yours, Ann"""
PIPERMAIL = """<H1>[sails] A mast</H1><B>Ann</B> <A HREF="mailto:sails%40l.example?Subject=A%20mast&In-Reply-To=1">
    ann at l.example </A><BR><I>Mon Mar 11 21:47:00 CET 2019</I><P><UL><LI>Previous message: <A HREF="1.html">A
    keel</A></li><LI><B>Messages sorted by:</B> <a href="date.html">[ date ]</a></LI></UL><HR>"""
HYPERMAIL = """<h1>A mast</h1><ul class="headers"><li><dfn>From</dfn>: <span class="from">Ann &lt;<a
    href="mailto:ann@l.example">ann@l.example</a>&gt;</span></li><li><dfn>Date</dfn>: Mon, 11 Mar 2019
    21:47:00 +0100</li><li><dfn>To</dfn>: sails@l.example</li></ul>"""
TABLE = """<h2>A mast</h2><table><tr><th>Autore:</th><td><a href="/a">Ann</a></td></tr><tr><th>Data:</th><td>2019-03-11
    21:47</td></tr><tr><th>Oggetto:</th><td>Re: A mast</td></tr></table>"""


@pytest.mark.parametrize("head", [PIPERMAIL, HYPERMAIL, TABLE])
def test_a_page_of_one_letter_is_a_post_with_its_author_and_day(head: str) -> None:
    page = extract(
        f"<title>A mast</title><body>{head}<pre>{LETTER}</pre><p>Archived by <a href='/x'>a program</a></p>"
    )
    assert [(post.author, post.date, post.text) for post in page.posts] == [("Ann", "2019-03-11", SAID)]
    assert page.blocks[0].text.endswith("A mast")


def test_letters_on_one_page_are_posts_where_each_has_an_address_and_a_day() -> None:
    people = ["Ann", "Bob", "Čapek"]
    letters = "".join(
        f"""<div class="msg"><b>{who}</b> <a href="mailto:{n}@l.example">{n} at l.example</a><br>
        <i>Mar {11 + n} 2019</i><pre>{who} has something to say about the mast.</pre></div><hr>"""
        for n, who in enumerate(people)
    )
    page = extract(f"<body><h1>A mast</h1>{letters}")
    assert [(post.author, post.date) for post in page.posts] == [
        (who, f"2019-03-{11 + n}") for n, who in enumerate(people)
    ]
    assert {block.kind for block in page.blocks if block.post is None} == {"heading", "paragraph"}


def test_a_listing_below_a_table_of_fields_stays_code_where_nobody_signs_it() -> None:
    code = "for (i = 0; i < n; i++)\n    sum += a[i];\n" * 5
    page = extract(f"<body><h1>Sums</h1><p>From zero to one less than the count.</p><pre>{code}</pre>")
    assert page.posts == () and [block.kind for block in page.blocks][-1] == "code"
