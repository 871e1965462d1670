"""Dumps of wikis and of question sites."""

from __future__ import annotations

import bz2
from pathlib import Path

import pytest
from conftest import ROOT

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
    tide, harbour = wikipedia(WIKI, Document, min_words=3)
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
    assert [item.seed for item in wikipedia(path, Document, min_words=3)] == [
        item.seed for item in wikipedia(WIKI, Document, min_words=3)
    ]
    (code,) = wikipedia(path, Code)
    assert isinstance(code.seed, Code) and code.seed.language == "python"


@pytest.mark.parametrize(
    "text",
    [
        "{{" * 3000,
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
    broken, item = stackexchange(POSTS, Thread)
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


def test_a_packed_dump_says_how_to_unpack_it(tmp_path: Path) -> None:
    with pytest.raises(FactoryError, match="unpack it first"):
        list(stackexchange(tmp_path / "a.7z", Thread))
