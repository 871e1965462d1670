"""Dumps of wikis and of question sites."""

from __future__ import annotations

import bz2
import re
from html import escape
from pathlib import Path

import pytest
from conftest import ROOT
from seed_items import left_out, rows

from factory.errors import FactoryError
from factory.plugins import Broken, Found
from factory.records import Code, Document, Question, Thread
from factory.seeds.archives import HostileError
from factory.seeds.sources.stackexchange import stackexchange
from factory.seeds.sources.wikipedia import wikipedia

DATA = ROOT / "tests/data"
WIKI = DATA / "enwiki-sample.xml"
POSTS = DATA / "exchange/Posts.xml"


def test_an_article_comes_out_as_markdown_without_what_is_no_text_of_its_own() -> None:
    items = list(wikipedia(WIKI, Document, min_words=3))
    assert left_out(items) == {
        "a redirect": 1,
        "a disambiguation page": 1,
        "a page of another namespace": 1,
    }
    tide, harbour = rows(items)
    assert isinstance(tide, Found) and isinstance(harbour, Found)
    assert tide.seed.text == (  # type: ignore[attr-defined]
        "# Tide\n\nA **tide** is the rise of the ocean. Its height is $h = a \\cos \\omega t$ at *most* places.\n\n"
        "## Kinds\n\n- spring tides\n  - at new moon\n- neap tides\n\n"
        "Ranges\n\n| Bay | Range |\n| --- | --- |\n| North | 3 m |\n| none | none |\n\n"
        "### In code\n\n```python\ndef tide(t):\n    return a * cos(w * t)\n```"
    )
    assert harbour.seed.text == "# Harbour\n\nA harbour is a sheltered place for ships & boats."  # type: ignore[attr-defined]
    assert (tide.origin.title, tide.origin.date, tide.origin.licence) == (
        "Tide",
        "2024-05-06",
        "CC-BY-SA-4.0",
    )
    assert tide.origin.url == "https://en.wikipedia.org/wiki/Tide"
    assert tide.seed.language == "en"  # type: ignore[attr-defined]
    place = int(tide.origin.place.split("byte ")[1].split(":")[0])
    assert WIKI.read_bytes()[place:].startswith(b"<page><title>Tide")


def test_packed_dumps_and_their_code_are_read(tmp_path: Path) -> None:
    path = tmp_path / "enwiki-1.xml.bz2"
    path.write_bytes(bz2.compress(WIKI.read_bytes()))
    packed, plain = (rows(wikipedia(one, Document, min_words=3)) for one in (path, WIKI))
    assert [item.seed for item in packed] == [item.seed for item in plain]  # type: ignore[union-attr]
    (code,) = rows(wikipedia(path, Code))
    assert isinstance(code.seed, Code) and code.seed.language == "python"


@pytest.mark.parametrize(
    "text",
    [
        "{{" * 3000,
        "<pre>" * 30_000,
        "<ref>" * 30_000,
        "<sub>" * 50_000,
        "( , " * 20_000,
        "a ; , " * 20_000,
        "a" + " " * 50_000 + ";" + " " * 50_000,
        "[[" * 3000,
        "{|\n" * 500,
        "''" * 5000,
        "<ref>" * 800,
        "{{a|" * 500 + "}}" * 500,
        "<math>" * 500,
    ],
)
def test_pathological_markup_ends(text: str, tmp_path: Path) -> None:
    path = tmp_path / "enwiki.xml"
    path.write_text(
        f"<m><page><title>A</title><ns>0</ns><revision><text>{text.replace('<', '&lt;')}</text></revision></page></m>"
    )
    list(wikipedia(path, Document, min_words=1))


@pytest.mark.parametrize(
    "xml",
    [
        '<!DOCTYPE m [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;&a;">]><m>&b;</m>',
        "<m><page><title>A</title>",
        "<m><page></m>",
        "<p>" * 200_000,
    ],
)
def test_a_hostile_or_broken_dump_is_refused_after_what_was_whole(xml: str, tmp_path: Path) -> None:
    path = tmp_path / "enwiki.xml"
    path.write_text(xml)
    try:
        assert list(wikipedia(path, Document)) == []
    except HostileError as error:
        assert "enwiki.xml" in str(error)


def test_an_article_without_end_is_a_broken_record_and_the_next_is_read(tmp_path: Path) -> None:
    path = tmp_path / "enwiki.xml"
    pages = "".join(
        f"<page><title>{name}</title><ns>0</ns><revision><text>{text}</text></revision></page>"
        for name, text in (("Long", "word " * 1_000_000), ("Short", "A short one that is whole."))
    )
    path.write_text(f"<m>{pages}</m>")
    long, short = wikipedia(path, Document, min_words=3)
    assert isinstance(long, Broken) and "more than" in long.error
    assert isinstance(short, Found)


def test_a_question_comes_with_its_answers_the_accepted_one_first() -> None:
    items = list(stackexchange(POSTS, Thread))
    assert left_out(items) == {"fewer votes than min_score": 1, "neither a question nor an answer": 1}
    broken, item = rows(items)
    assert isinstance(broken, Broken) and "invalid literal" in broken.error
    assert isinstance(item, Found) and isinstance(item.seed, Thread)
    question, accepted, other = item.seed.posts
    assert question.text == "How do I sort this?\n\n```python\nfor x in xs:\n    print(x)\n```"
    assert (question.author, question.votes, question.date) == ("Ada", 12, "2020-01-02")
    assert (accepted.text, accepted.author, accepted.accepted) == ("Use `xs.sort()`.", "Ben", True)
    assert (other.text, other.author, other.accepted, other.votes) == ("Call `sorted`.", "gone", False, 40)
    assert item.origin.place.startswith("row at byte ")


def test_questions_with_their_best_answer_chosen_by_score_tags_and_answers() -> None:
    (item,) = [one for one in stackexchange(POSTS, Question, tags=("python",)) if isinstance(one, Found)]
    assert isinstance(item.seed, Question)
    assert item.seed.text.startswith("How to sort?\n\nHow do I sort this?")
    assert (item.seed.answer, item.seed.subject) == ("Use `xs.sort()`.", "python, sorting")
    all_ = [
        one for one in stackexchange(POSTS, Question, min_score=-9, min_answers=0) if isinstance(one, Found)
    ]
    assert len(all_) == 2
    assert not [one for one in stackexchange(POSTS, Question, tags=("rust",)) if isinstance(one, Found)]


def test_a_question_without_tags_is_left_out_and_counted_where_tags_are_wanted(tmp_path: Path) -> None:
    path = tmp_path / "Posts.xml"
    row = '<row Id="{}" PostTypeId="1" Score="3" Title="Why?" Body="&lt;p&gt;Why is it so?&lt;/p&gt;" {}/>'
    tagged = 'Tags="|rust|"'
    path.write_text(f"<posts>{row.format(1, '')}{row.format(2, tagged)}</posts>")
    items = list(stackexchange(path, Thread, tags=("rust",), min_answers=0))
    second = path.read_bytes().rindex(b"<row")
    assert [item.origin.place for item in rows(items)] == [f"row at byte {second}, question 2"]
    assert left_out(items) == {"with none of the tags": 1}


def test_comments_stand_with_their_post_in_order_with_author_and_votes() -> None:
    (item,) = [one for one in stackexchange(POSTS, Thread, comments=True) if isinstance(one, Found)]
    assert isinstance(item.seed, Thread)
    question, accepted, other = item.seed.posts
    assert [(one.text, one.author, one.votes) for one in question.comments] == [
        ("What is `xs`?", "Ben", 0),
        ("A list.", "Ada", 2),
    ]
    assert [one.text for one in accepted.comments] == ["In place, mind."]
    assert accepted.comments[0].author == "guest"
    assert other.comments == ()
    (without,) = [one for one in stackexchange(POSTS, Thread) if isinstance(one, Found)]
    assert "comments" not in without.seed.model_dump_json()  # and its id is what it always was


def test_comments_that_are_not_there_or_no_comments_are_told(tmp_path: Path) -> None:
    (tmp_path / "Posts.xml").write_bytes(POSTS.read_bytes())
    told = list(stackexchange(tmp_path / "Posts.xml", Thread, comments=True))
    assert any(isinstance(one, Broken) and "no Comments.xml" in one.error for one in told)
    (tmp_path / "Comments.xml").write_text('<comments><row Id="1" Text="Whose?" /></comments>')
    told = list(stackexchange(tmp_path / "Posts.xml", Thread, comments=True))
    assert any(isinstance(one, Broken) and "no comment: " in one.error for one in told)


def test_a_packed_dump_says_how_to_unpack_it(tmp_path: Path) -> None:
    with pytest.raises(FactoryError, match="unpack it first"):
        list(stackexchange(tmp_path / "a.7z", Thread))


def dump(*pages: tuple[str, str]) -> list[str]:
    """A dump's head, its pages, and its end."""
    made = [
        f"<page>\n<title>{title}</title><ns>0</ns><id>{number}</id><revision><id>9</id>"
        f"<text>{escape(text)}</text></revision></page>\n"
        for number, (title, text) in enumerate(pages, start=1)
    ]
    return ["<mediawiki><siteinfo><sitename>W</sitename></siteinfo>\n", *made, "</mediawiki>\n"]


def article(markup: str, folder: Path) -> str:
    path = folder / "enwiki.xml"
    path.write_text("".join(dump(("T", markup))))
    (item,) = wikipedia(path, Document, min_words=1)
    assert isinstance(item, Found)
    return item.seed.text.removeprefix("# T\n\n")  # type: ignore[attr-defined,no-any-return]


@pytest.mark.parametrize(
    ("markup", "made"),
    [
        ("'''Euler''' was.", "**Euler** was."),
        ("''Tides'' are.", "*Tides* are."),
        ("* '''bold''' item\n** ''deep''", "- **bold** item\n  - *deep*"),
        ("water H<sub>2</sub>O, 10<sup>6</sup>", "water H$_{2}$O, 10$^{6}$"),
        ("<chem>H2O</chem> and <code>x < 1</code>", "$\\ce{H2O}$ and `x < 1`"),
        ("a\n<pre>\nb  c\n  &lt;d\n</pre>", "a\n\n```\nb  c\n  <d\n```"),
        ("a\n<pre>\n```\nb\n```\n</pre>", "a\n\n````\n```\nb\n```\n````"),
        ("is {{convert|10|km|mi}} long, {{val|1.5|e=6|u=m}}, {{frac|1|2}}, {{nowrap|a [[b]]}}", "is 10 km long, 1.5×10$^{6}$ m, 1/2, a b"),
        ("Ada (born {{birth date|1815|12|10}}; {{IPA|en|x}}) sat.", "Ada (born 10 December 1815) sat."),
        ("Bo ({{IPA|a}} – {{IPA|b}}) {{as of|2020|5|lc=y}} ran", "Bo as of May 2020 ran"),
        ("at {{convert|100|C|F}} over {{convert|5|ft|10|in|m}} by {{cvt|3|km2}}", "at 100 °C over 5 ft 10 in by 3 km²"),
        ("mass {{val|9.1|(28)|e=-31|ul=kg}}, {{CO2}}, {{chem|H|2|O}}", "mass 9.1(28)×10$^{-31}$ kg, CO$_{2}$, $\\ce{H2O}$"),
        ("{{lang-gsw|Züri}}, {{Nihongo|Tokyo|東京|Tōkyō}}, {{zh|c=北京|p=B}}", "Züri, Tokyo (東京, Tōkyō), 北京"),
        ("{{hlist|a|b}} for {{£|5}} and {{formatnum:1234}}", "a, b for £5 and 1234"),
        ("__NOTOC__a; {{IPA|x}}; b ({{small|c}}, {{IPA|y}})", "a; b (c)"),
        ("Köln ({{IPA|de|kœln}}; {{lang|la|Colonia}}) and Bonn ({{IPA|x}})", "Köln (Colonia) and Bonn"),
        ("{| class=x\n! A !! B\n|-\n| rowspan=2 | a || 1\n|-\n| 2\n|}", "| A | B |\n| --- | --- |\n| a | 1 |\n| a | 2 |"),
        ("see https://a.example/x and [https://b.example B]", "see https://a.example/x and B"),
        ("text [[fr:Nombre]][[Category:X]]", "text"),
    ],
)  # fmt: skip
def test_what_editors_write_comes_out_as_it_is_read(markup: str, made: str, tmp_path: Path) -> None:
    assert article(markup, tmp_path) == made


PAGES = [(f"Page {number}", f"Words of page {number}, which are its own.") for number in range(40)]


def multistream(path: Path) -> Path:
    head, *pages, end = dump(*PAGES)
    groups = ["".join(pages[at : at + 7]) for at in range(0, len(pages), 7)]
    path.write_bytes(b"".join(bz2.compress(part.encode()) for part in [head, *groups, end]))
    return path


@pytest.mark.parametrize("size", [90, 500, 4000, 10**9])
@pytest.mark.parametrize("packed", [True, False])
def test_spans_of_a_dump_give_each_page_once_at_one_place(packed: bool, size: int, tmp_path: Path) -> None:
    path = tmp_path / "enwiki-1-pages-articles-multistream.xml.bz2"
    if packed:
        multistream(path)
    else:
        path = tmp_path / "enwiki-1-pages-articles.xml"
        path.write_text("".join(dump(*PAGES)))
    whole = list(wikipedia(path, Document, min_words=1))
    parts = list(wikipedia.split(path, size))  # type: ignore[misc]
    assert [item for span in parts for item in wikipedia(path, Document, span, min_words=1)] == whole
    assert [item.seed.title for item in whole] == [title for title, _ in PAGES]  # type: ignore[union-attr]
    if packed:
        assert whole[8].origin.place.partition(":")[0].endswith(", page 9")


def test_a_dump_that_was_not_received_to_its_end_says_so_after_what_was_whole(tmp_path: Path) -> None:
    path = tmp_path / "enwiki.xml"
    path.write_text("".join(dump(*PAGES))[:-300])
    found: list[Found | Broken] = []
    with pytest.raises(HostileError, match="never received"):
        found.extend(wikipedia(path, Document, min_words=1))
    cut = multistream(tmp_path / "enwiki-multistream.xml.bz2")
    cut.write_bytes(cut.read_bytes()[:-150])
    with pytest.raises(EOFError, match="cut off"):
        list(wikipedia(cut, Document, min_words=1))


def test_a_damaged_stream_of_a_dump_costs_its_own_pages_alone(tmp_path: Path) -> None:
    path = multistream(tmp_path / "enwiki-multistream.xml.bz2")
    whole = rows(wikipedia(path, Document, min_words=1))
    packed = bytearray(path.read_bytes())
    second = [found.start() for found in re.finditer(b"BZh91AY&SY", packed)][2]
    packed[second + 60] ^= 255
    path.write_bytes(packed)
    found = rows(wikipedia(path, Document, min_words=1))
    (broken,) = [item for item in found if isinstance(item, Broken)]
    assert broken.origin.place == f"stream at byte {second}" and "damaged" in broken.error
    kept = [item for item in found if isinstance(item, Found)]
    assert kept == [item for item in whole if f"byte {second}," not in item.origin.place]
    assert len(kept) == len(whole) - 7


def test_threads_are_chosen_by_tags_old_and_new_and_by_what_was_closed_and_say_their_licences(
    tmp_path: Path,
) -> None:
    posts = [
        {"Id": "1", "PostTypeId": "1", "Title": "New", "Tags": "|c++|list|", "ContentLicense": "CC BY-SA 4.0"},
        {"Id": "2", "PostTypeId": "2", "ParentId": "1", "ContentLicense": "CC BY-SA 3.0"},
        {"Id": "3", "PostTypeId": "1", "Title": "Old", "Tags": "<c++>", "ClosedDate": "2013-01-01T00:00:00"},
        {"Id": "4", "PostTypeId": "2", "ParentId": "3"},
    ]  # fmt: skip
    path = tmp_path / "Posts.xml"
    lines = ["".join(f' {name}="{escape(value)}"' for name, value in row.items()) for row in posts]
    path.write_text(
        "<posts>"
        + "".join(f'<row Score="1" Body="&lt;p&gt;Words&lt;/p&gt;"{line} />' for line in lines)
        + "</posts>"
    )

    def told(**settings: object) -> dict[str, str | None]:
        items = rows(stackexchange(path, Thread, **settings))  # type: ignore[arg-type]
        return {item.origin.title or "": item.origin.licence for item in items}

    both = {"New": "CC-BY-SA-3.0 AND CC-BY-SA-4.0", "Old": "CC-BY-SA-4.0"}
    assert told() == told(tags=("c++",)) == both
    assert list(told(tags=("list",))) == list(told(closed=False)) == ["New"]
    assert told(tags=("c",)) == {}


def test_numbers_that_come_twice_or_are_none_cost_their_own_row_alone(tmp_path: Path) -> None:
    path = tmp_path / "Posts.xml"
    question = '<row Id="1" PostTypeId="1" Title="T" Score="1" Body="Why?" OwnerUserId="1" />'
    answer = '<row Id="2" PostTypeId="2" ParentId="1" Score="1" Body="So." />'
    lost = '<row Id="3" PostTypeId="2" ParentId="9" Score="1" Body="So." />'
    huge = f'<row Id="4" PostTypeId="1" Title="T" Score="{10**30}" Body="Why?" />'
    path.write_text(f"<posts>{question}{question}{answer}{answer}{lost}{huge}</posts>")
    (tmp_path / "Users.xml").write_text(
        '<users><row Id="1" DisplayName="Ada" /><row Id="1" DisplayName="Bo" /></users>'
    )
    items = list(stackexchange(path, Thread))
    broken, item = rows(items)
    assert isinstance(broken, Broken) and "no number of a dump" in broken.error
    assert isinstance(item, Found) and isinstance(item.seed, Thread)
    assert [(post.text, post.author) for post in item.seed.posts] == [("Why?", "Ada"), ("So.", "")]
    assert left_out(items) == {
        "a post whose number came before": 2,
        "an answer to a question that is not there": 1,
    }


def test_another_table_of_a_dump_is_told_to_be_no_posts(tmp_path: Path) -> None:
    path = tmp_path / "Comments.xml"
    path.write_text('<comments><row Id="1" PostId="1" Text="Why?" /></comments>')
    (broken,) = rows(stackexchange(path, Thread))
    assert isinstance(broken, Broken) and "Posts.xml" in broken.error
