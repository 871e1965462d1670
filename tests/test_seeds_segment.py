"""Segmentation: where passages are cut, and what is never torn."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from factory.seeds.html import Block, extract
from factory.seeds.prose import blocks_of_text
from factory.seeds.segment import LEEWAY, MAX_WORDS, MIN_WORDS, Segment, count_words, stretches

PAGES = Path(__file__).parent.parent / "examples" / "pages"
ALL_PAGES = sorted(PAGES.glob("*/*.html"))


def segment(blocks: Sequence[Block], **budget: Any) -> list[Segment]:
    """The passages of a document, without what is left over."""
    return [part for part in stretches(blocks, **budget) if not part.short]


def words(count: int, word: str = "word") -> str:
    return " ".join([word] * count) + "."


def passages(text: str, min_words: int = 20, max_words: int = 60) -> list[str]:
    return [
        part.text for part in segment(list(blocks_of_text(text)), min_words=min_words, max_words=max_words)
    ]


def test_passages_end_before_headings_and_keep_their_section() -> None:
    text = f"# Boats\n\n{words(30)}\n\n## Sails\n\n{words(30)}\n\n## Oars\n\n{words(30)}\n"
    parts = list(segment(list(blocks_of_text(text)), min_words=20, max_words=60))
    assert [part.section for part in parts] == ["Boats", "Boats > Sails", "Boats > Oars"]
    assert [part.text.splitlines()[0] for part in parts] == ["# Boats", "## Sails", "## Oars"]


def test_long_sections_are_cut_between_paragraphs() -> None:
    parts = passages("\n\n".join(words(25) for _ in range(6)))
    assert [len(part.split()) for part in parts] == [50, 50, 50]


def test_short_sections_are_read_together_under_the_headings_they_share() -> None:
    text = f"# Boats\n\n## Oars\n\n{words(12)}\n\n## Sails\n\n{words(12)}\n"
    (part,) = segment(list(blocks_of_text(text)), min_words=20, max_words=60)
    assert part.section == "Boats"
    assert "## Oars" in part.text and "## Sails" in part.text


def test_headings_alone_are_no_passage() -> None:
    assert passages("# Boats\n\n## Sails\n\n### Jib\n", min_words=0) == []
    assert passages(f"# Boats\n\n{words(30)}\n\n# Harbours\n\n## Quays\n") == [f"# Boats\n\n{words(30)}"]


def test_what_is_left_over_joins_the_passage_before_it() -> None:
    assert passages(f"{words(55)}\n\n{words(15)}\n") == [f"{words(55)}\n\n{words(15)}"]


def test_code_tables_and_formulas_are_never_cut() -> None:
    code = "```python\n" + "\n\n".join(f"value_{n} = {n} + {n}" for n in range(60)) + "\n```"
    table = "| a | b |\n| --- | --- |\n" + "\n".join(f"| {n} | {n} |" for n in range(80))
    text = f"{words(30)}\n\n{code}\n\n{words(30)}\n\n{table}\n\n{words(30)}\n\n$$a = b$$\n\n{words(5)}"
    parts = passages(text)
    for whole in (code, table, "$$a = b$$"):
        assert sum(whole in part for part in parts) == 1


def test_a_lead_in_stays_with_what_it_leads_to() -> None:
    text = f"{words(30)}\n\nThis prints it:\n\n```\n{words(40)}\n```\n\n{words(30)}"
    assert any("This prints it:\n\n```" in part for part in passages(text))


def test_a_formula_stays_with_the_words_around_it() -> None:
    text = f"{words(50)}\n\nThe sum\n\n$$s = a + b$$\n\nis small."
    assert any("The sum\n\n$$s = a + b$$\n\nis small." in part for part in passages(text))


HTML_TABLE = (
    "<table>\n<tr><td>a</td>\n\n<td>b</td></tr>\n\n" + "<tr><td>1. One.</td></tr>\n\n" * 60 + "</table>"
)
TABLE = "| a | b |\n| --- | --- |\n" + "\n".join(f"| {n} | It is. So is it. |" for n in range(60))
SPACED = "$$\na = b\n\n+ c.\n\n+ d\n$$"


@pytest.mark.parametrize("whole", [HTML_TABLE, SPACED, TABLE], ids=["HTML table", "formula", "table"])
@pytest.mark.parametrize("above", ["\n\n", "\n"])
def test_tables_and_formulas_stay_whole_over_empty_lines_and_right_below_a_paragraph(
    whole: str, above: str
) -> None:
    parts = passages(f"{words(30)}{above}{whole}\n\n{words(30)}")
    squeezed = "".join(whole.split())
    assert sum(squeezed in "".join(part.split()) for part in parts) == 1


@pytest.mark.parametrize("opened", ["$$\na = b", "<table>\n<tr>"])
def test_what_is_never_closed_opens_nothing(opened: str) -> None:
    parts = passages(f"{words(30)}\n\n{opened}\n\n" + "\n\n".join([words(30)] * 6))
    assert len(parts) == 4


GOES_ON = "What the loop prints is the sum of all numbers, as we have seen above."


@given(
    code=st.lists(
        st.sampled_from(["for x in y:", "    total += x", "", "# adds it", "print(total)", "return x;"])
    ),
    after=st.lists(st.sampled_from([GOES_ON, "Short.", "", "- an item", "## Part", "```py"])),
)
@settings(max_examples=200)
def test_a_fence_that_never_closes_ends_where_sentences_go_on(code: list[str], after: list[str]) -> None:
    text = "\n".join(["Before.", "", "```py", *code, "x = 1", "", GOES_ON, *after])
    blocks = list(blocks_of_text(text))
    fenced = next(block for block in blocks if block.kind == "code")
    assert fenced.text.endswith("x = 1") and fenced.language == "py"
    assert any(block.kind != "code" and block.text.startswith(GOES_ON) for block in blocks)


@given(lines=st.lists(st.sampled_from(["x = f(1)", "", GOES_ON, "# comment", "    y"])))
def test_a_fence_that_closes_holds_whatever_stands_in_it(lines: list[str]) -> None:
    [block] = blocks_of_text("\n".join(["```", *lines, "z", "```"]))
    assert block.kind == "code" and block.text.endswith("z")


def test_thousands_of_fences_that_never_close_take_no_time() -> None:
    text = "\n\n".join(f"```py\nx = {number}\n\n{GOES_ON}" for number in range(20_000))
    kinds = [block.kind for block in blocks_of_text(text)]
    assert kinds == ["code", "paragraph"] * 20_000


def test_code_in_a_list_loses_the_indentation_of_its_fence_alone() -> None:
    (part,) = passages(f"1. {words(20)}\n\n   ```py\n   if x:\n       y()\n   ```\n")
    assert "```py\nif x:\n    y()\n```" in part


@pytest.mark.parametrize("path", ALL_PAGES, ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_the_passages_of_real_pages_keep_to_the_budget_and_their_place(path: Path) -> None:
    raw = path.read_bytes()
    blocks = extract(raw).blocks
    parts = list(segment(blocks))
    assert parts
    longest_unit = max(len(block.text.split()) for block in blocks)
    for part in parts:
        count = len(part.text.split())
        assert count >= MIN_WORDS
        assert count <= 1.3 * MAX_WORDS + longest_unit or "$$" in part.text
        assert part.text.count("\n```") % 2 == (1 if part.text.startswith("```") else 0)
        assert part.section or part.text.startswith("#") or part is parts[0]
        there = raw[part.start : part.end]
        first = re.search(r"[A-Za-z]{5,}", re.sub("```.*", "", part.text))
        assert first is not None and first[0].encode() in there


# ------------------------------------------------------------------ documents of all kinds of blocks


def _lines(said: list[str], size: int = 4) -> list[str]:
    return [" ".join(said[at : at + size]) for at in range(0, len(said), size)]


def _spaced(said: list[str], indent: str = "", before: str = "") -> str:
    """Lines with an empty one between each two."""
    return f"\n{before}\n".join(f"{indent}{before and '> '}{line}" for line in _lines(said))


def _coded(said: list[str]) -> list[str]:
    return [f"{word}=1;" for word in said]


def _code(said: list[str], indent: str, before: str = "") -> str:
    return _spaced(_coded(said), indent, before)


# Each kind: how it is written, and what of it must stand whole in one passage ("": nothing must).
BLOCKS: dict[str, Callable[[list[str]], tuple[str, str]]] = {
    "paragraph": lambda said: (" ".join(said) + ".", ""),
    "sentences": lambda said: (". ".join(_lines(said)) + ".", ""),
    "quotation": lambda said: ("> " + "\n> ".join(_lines(said)), ""),
    "list": lambda said: ("- " + "\n- ".join(_lines(said)), ""),
    "loose list": lambda said: ("1. " + "\n\n2. ".join(_lines(said)), ""),
    "nested list": lambda said: ("- " + "\n  - ".join(_lines(said)), ""),
    "footnote": lambda said: ("[^1]: " + "\n\n    ".join(_lines(said)), ""),
    "indented prose": lambda said: ("    " + "\n    ".join(_lines(said, 6)), ""),
    "inline formula over lines": lambda said: (
        f"It is $\\begin{{pmatrix}}\n{_spaced(said)}\n\\end{{pmatrix}}$ there.",
        _spaced(said),
    ),
    "fence": lambda said: (f"```py\n{_code(said, '')}\n```", _code(said, "")),
    "tildes": lambda said: (f"~~~~\n~~~\n{_code(said, '')}\n~~~~~", _code(said, "")),
    "longer backticks": lambda said: (f"`````\n```\n{_code(said, '')}\n`````", _code(said, "")),
    "fence in a quotation": lambda said: (
        f"> ```\n{_code(said, '', '>')}\n> ```",
        _code(said, ""),
    ),
    "fence in a list": lambda said: (
        f"1. {said[0]}\n\n   ```\n{_code(said[1:], '   ')}\n   ```",
        _code(said[1:], ""),
    ),
    "item that is a fence": lambda said: (f"- ```\n{_code(said, '  ')}\n  ```", _code(said, "")),
    "fence in a nested list": lambda said: (
        f"- {said[0]}\n  - {said[1]}\n\n    ```\n{_code(said[2:], '    ')}\n    ```",
        _code(said[2:], ""),
    ),
    "indented code": lambda said: (
        f"{said[0]}\n\n{_code(said[1:], '    ')}",
        _code(said[1:], ""),
    ),
    "code behind tabs": lambda said: (said[0] + "\n\n" + _code(said[1:], "\t"), _code(said[1:], "")),
    "indented code in a list": lambda said: (
        f"- {said[0]}\n\n{_code(said[1:], '      ')}",
        _code(said[1:], ""),
    ),
    "dollars": lambda said: (f"$$\n{_spaced(said)}\n$$", _spaced(said)),
    "brackets": lambda said: (f"\\[\n{_spaced(said)}\n\\]", _spaced(said)),
    "environment": lambda said: (
        f"\\begin{{align*}}\n{_spaced(said)}\n\\end{{align*}}",
        _spaced(said),
    ),
    "environment in a sentence": lambda said: (
        f"So\n\\begin{{align}}\n{_spaced(said[1:])}\n\\end{{align}}\nholds for {said[0]}.",
        _spaced(said[1:]),
    ),
    "nested environments": lambda said: (
        f"\\begin{{equation}}\n\\begin{{array}}{{c}}\n{_spaced(said)}\n\\end{{array}}\n\\end{{equation}}",
        _spaced(said),
    ),
    "table": lambda said: (
        "| a | b |\n| --- | --- |\n" + "\n".join(f"| {line} | x |" for line in _lines(said)),
        "\n".join(f"| {line} | x |" for line in _lines(said)),
    ),
    "table without outer marks": lambda said: (
        "a | b\n- | :-:\n" + "\n".join(f"{line} | x" for line in _lines(said)),
        "\n".join(f"{line} | x" for line in _lines(said)),
    ),
    "table of HTML": lambda said: (
        f"<table>\n<tr><td>\n\n<table>\n<tr><td>{said[0]}</td></tr>\n</table>\n\n{_spaced(said[1:])}\n</table>",
        _spaced(said[1:]),
    ),
    "preformatted": lambda said: (f"<pre>\n{_spaced(said)}\n</pre>", _spaced(said)),
    "comment": lambda said: (f"<!--\n{_spaced(said)}\n-->", _spaced(said)),
}

UNCLOSED = {
    "quoted fence": lambda said: (f"> ```\n> {' '.join(said)}", " ".join(said)),
    "dollars": lambda said: (f"$$\n{_spaced(said)}", ""),
    "brackets": lambda said: (f"\\[\n{_spaced(said)}", ""),
    "environment": lambda said: (f"\\begin{{align}}\n{_spaced(said)}", ""),
    "element": lambda said: (f"<pre>\n{_spaced(said)}", ""),
    "comment": lambda said: (f"<!--\n{_spaced(said)}", ""),
}


def _heading(number: int, said: str) -> str:
    return f"{said}\n---" if number % 3 == 0 else f"{'#' * (number % 3)} {said}"


@st.composite
def _documents(draw: st.DrawFn) -> tuple[str, list[str]]:
    """A document of unlike words, and what of it must stand whole."""
    kinds = {**BLOCKS, **{f"unclosed {name}": write for name, write in UNCLOSED.items()}}
    parts, wholes, opened = [], [], set()
    number = 0
    for kind, size in draw(
        st.lists(st.tuples(st.sampled_from(["heading", *kinds]), st.integers(6, 70)), min_size=1, max_size=9)
    ):
        if kind in opened:
            continue  # twice open, it might be closed
        if kind.startswith("unclosed") and kind != "unclosed quoted fence":
            opened |= {kind, kind.removeprefix("unclosed "), *SAME.get(kind, ())}
        said = [f"w{number + place}" for place in range(size)]
        number += size
        if kind == "heading":
            parts.append(_heading(number, said[0]))
            continue
        text, whole = kinds[kind](said)
        parts.append(text)
        wholes += [whole] if whole else []
    return "\n\n".join([*parts, f"Last w{number}."]), wholes


# What would close what was left open.
SAME = {
    "unclosed element": ("preformatted",),
    "unclosed environment": ("environment in a sentence",),
}


def _bare(text: str) -> str:
    return "".join(re.sub(r"^[ \t]*>", "", text, flags=re.MULTILINE).split())


@settings(max_examples=300, deadline=None)
@given(_documents())
def test_whatever_a_document_is_made_of_nothing_is_torn_lost_or_too_long(
    drawn: tuple[str, list[str]],
) -> None:
    text, wholes = drawn
    parts = passages(text, min_words=0)
    for whole in wholes:
        assert sum(_bare(whole) in _bare(part) for part in parts) == 1
    assert re.findall(r"w\d+", " ".join(parts)) == re.findall(r"w\d+", text)
    for part in parts:
        if not any(_bare(whole) in _bare(part) for whole in wholes):
            assert count_words(part) <= LEEWAY * 60


@settings(max_examples=100, deadline=None)
@given(
    st.lists(
        st.tuples(st.sampled_from(["heading", "paragraph", "item", "code", "math"]), st.integers(1, 50)),
        max_size=30,
    ),
    st.integers(0, 40),
)
def test_passages_are_whole_blocks_in_their_order(drawn: list[tuple[str, int]], min_words: int) -> None:
    blocks = [
        Block(kind, words(count, f"w{place}"), place, place + 1, level=1 if kind == "heading" else 0)  # type: ignore[arg-type]
        for place, (kind, count) in enumerate(drawn)
    ]
    parts = list(segment(blocks, min_words=min_words, max_words=60))
    said = [int(number) for part in parts for number in re.findall(r"w(\d+)", part.text)]
    assert said == sorted(said)
    for part in parts:
        for block in blocks[part.start : part.end]:
            assert block.text in part.text or block.kind in ("paragraph", "item")
    if min_words == 0:
        kept = sum(block.text.count("w") for block in blocks if block.kind != "heading")
        assert len(said) >= kept


# ------------------------------------------------------------------------------------- budgets


def _paragraph(text: str) -> Block:
    return Block("paragraph", text, 0, len(text.encode()))


@pytest.mark.parametrize(
    ("sentence", "joined"),
    [
        ("The tide comes in twice a day. ", ""),
        ("Прилив приходит дважды в день! ", ""),
        ("潮は一日に二度満ちてくる。", ""),
        ("ज्वार दिन में दो बार आता है। ", ""),
        ("يأتي المد مرتين في اليوم؟ ", ""),
        ("น้ำขึ้นวันละสองครั้งเพราะดวงจันทร์ดึงดูดน้ำทะเล ", ""),
    ],
)
def test_a_paragraph_longer_than_a_passage_is_cut_at_the_ends_of_sentences(
    sentence: str, joined: str
) -> None:
    parts = list(segment([_paragraph(joined.join([sentence] * 90))], min_words=20, max_words=100))
    assert len(parts) > 3
    assert all(count_words(part.text) <= 100 for part in parts)
    assert all(part.text.endswith(sentence.strip()) for part in parts)
    assert "".join(part.text for part in parts).replace(" ", "") == (sentence * 90).replace(" ", "")


def test_a_list_is_cut_between_its_items_and_a_quote_stays_one() -> None:
    items = [
        f"- Item {number} is long. It has two sentences, and more words in them." for number in range(40)
    ]
    parts = list(segment([_paragraph("\n".join(items))], min_words=20, max_words=60))
    assert len(parts) > 5 and "\n".join(part.text for part in parts) == "\n".join(items)
    quoted = list(segment([_paragraph("> " + "The tide is high. " * 90)], min_words=20, max_words=60))
    assert all(part.text.startswith("> ") for part in quoted)


@pytest.mark.parametrize("piece", ["word ", "潮汐每天涨落"])
def test_text_without_any_sentence_keeps_to_the_budget_too(piece: str) -> None:
    parts = list(segment([_paragraph(piece * 500)], min_words=20, max_words=100))
    assert all(count_words(part.text) <= 100 for part in parts)
    assert "".join("".join(part.text.split()) for part in parts) == piece.strip() * 500


def test_a_formula_in_a_long_paragraph_is_not_cut() -> None:
    formula = "$$" + " + ".join(f"x_{{{number}}}. " for number in range(30)) + "$$"
    parts = passages(f"{words(30)} So {formula} holds. " + f"{words(9)} " * 20)
    assert sum(formula in part for part in parts) == 1


def test_a_block_of_code_beyond_every_budget_stays_whole() -> None:
    code = Block("code", "\n".join(f"line {number} of the code" for number in range(400)), 0, 100)
    assert [part.text.count("line ") for part in segment([code], max_words=50)] == [400]


def test_passages_overlap_where_asked_and_only_there() -> None:
    blocks = [_paragraph(f"Paragraph {number} " + "has words in it. " * 10) for number in range(8)]
    apart = list(segment(blocks, min_words=50, max_words=100))
    over = list(segment(blocks, min_words=50, max_words=100, overlap=50))
    assert sum(part.text.count("Paragraph") for part in apart) == 8
    assert len(over) == len(apart)
    for before, after in pairwise(over):
        assert after.text.startswith(before.text.split("\n\n")[-1])


def test_a_budget_may_be_counted_in_anything() -> None:
    blocks = [_paragraph("word " * 30) for _ in range(10)]
    parts = list(segment(blocks, min_words=100, max_words=320, count=len))
    assert all(len(part.text) <= 330 for part in parts) and len(parts) == 5
