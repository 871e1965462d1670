"""The extractor never hangs and never dies: pages that no honest person wrote, and mutated real ones."""

from __future__ import annotations

import random
import sys
import tracemalloc
from pathlib import Path
from types import FrameType
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from factory.seeds.html import explain, extract

PAGES = sorted((Path(__file__).parent.parent / "examples/pages").rglob("*.html"))
WORDS = (
    "<p>The tide that comes into a narrow bay is higher than the one outside of it, and so it goes on.</p>"
)

HOSTILE = {
    "100,000 levels": "<div>" * 100_000 + "deep" + "</div>" * 100_000,
    "100,000 levels of inline": "<b>" * 100_000 + "deep",
    "100,000 lists": "<ul><li>" * 50_000 + "deep",
    "100,000 quotes": "<blockquote>" * 100_000 + "deep",
    "tables in tables": "<table><tr><td>" * 20_000 + "deep",
    "a million attributes": f"<p {' '.join(f'a{number}=1' for number in range(200_000))}>text</p>{WORDS * 9}",
    "entity flood": "&amp;" * 300_000 + WORDS,
    "unknown entities": "&bomb;" * 200_000 + WORDS,
    "unclosed comment": WORDS * 5 + "<!-- " + "x" * 500_000,
    "unclosed script": WORDS * 5 + "<script>" + "x" * 500_000,
    "unclosed attribute": WORDS * 5 + '<a href="' + "x" * 500_000,
    "angle brackets": "<" * 300_000,
    "spans of a bomb": "<table>" + "<tr><td rowspan=65534 colspan=1000>x</td></tr>" * 300 + "</table>",
    "wide row": "<table><tr>" + "<td>x</td>" * 50_000 + "</tr></table>",
    "NUL bytes": WORDS.replace(" ", " \0") * 20,
    "formulas": "<math>" * 20_000 + "<mi>x</mi>",
    "dollars": "<p>" + "$" * 200_000 + "</p>",
    "backslashes": "<p>" + "\\(" * 100_000 + "</p>",
    "JSON-LD": "<script type='application/ld+json'>" + "[" * 100_000 + "</script>" + WORDS,
    "one long word": "<p>" + "a" * 2_000_000 + "</p>",
}


@pytest.mark.timeout(60)
@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_page_gives_a_result(name: str) -> None:
    raw = HOSTILE[name].encode()
    page = extract(raw)
    assert all(0 <= block.start <= block.end <= len(raw) for block in page.blocks)
    assert len(page.markdown) <= 12 * len(raw) + 1000


@pytest.mark.timeout(120)
def test_a_page_of_20_mb_is_read() -> None:
    page = extract((WORDS * (20_000_000 // len(WORDS))).encode())
    assert len(page.blocks) > 190_000


def _steps(html: str) -> int:
    """How many instructions of Python an extraction takes."""
    steps = 0

    def count(frame: FrameType, event: str, _: object) -> Any:
        nonlocal steps
        frame.f_trace_lines, frame.f_trace_opcodes = False, True
        steps += event == "opcode"
        return count

    before = sys.gettrace()
    sys.settrace(count)
    try:
        extract(html)
    finally:
        sys.settrace(before)
    return steps


@pytest.mark.parametrize(
    "beside",
    [
        "<h3>Related</h3><p>x</p>",
        "<div><h3>Related</h3></div>",
        "<ul>" + "<li><a href=/a>abc def</a></li>" * 3 + "</ul>",
        "<table><tr><td>1</td><td><pre>a = 1</pre></td></tr></table>",
    ],
)
def test_twice_as_many_siblings_take_twice_the_work(beside: str) -> None:
    main = f"<main>{WORDS * 30}"
    few, more, most = (_steps(main + beside * count) for count in (50, 250, 450))
    assert most - more < 1.3 * (more - few)


def test_what_a_page_of_spans_takes_is_bounded() -> None:
    tracemalloc.start()
    extract(HOSTILE["spans of a bomb"])
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert most < 300 << 20


@pytest.mark.parametrize(
    "encoding", ["utf-8", "utf-16-le", "utf-16-be", "utf-16", "latin-1", "cp1252", "shift_jis", "koi8-r"]
)
@pytest.mark.parametrize("declared", ["utf-8", "iso-8859-1", "utf-16", "nonsense"])
def test_any_encoding_whatever_is_declared_gives_text(encoding: str, declared: str) -> None:
    html = f'<html><head><meta charset="{declared}"></head><body>{WORDS * 6}</body></html>'
    assert "narrow bay" in extract(html.encode(encoding, "replace")).markdown


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1251", "shift_jis"])
@pytest.mark.parametrize("broken", [b"", b"\xff\x80"])
def test_blocks_lie_where_they_say_in_bytes_of_the_file_in_any_encoding(encoding: str, broken: bytes) -> None:
    said = ["Лодка стоит в узкой бухте, и никто её не ждёт.", "Утром она уйдёт на север, за мыс."]
    head, *rest = (f'<meta charset="{encoding}"><p>', f"{said[0]}</p>", f"<p>{said[1]}</p>")
    raw = head.encode(encoding) + broken
    raw += "".join(rest).encode("utf-16-le" if encoding == "utf-16" else encoding.removesuffix("-sig"))
    codec = "utf-16-le" if encoding == "utf-16" else encoding
    blocks = extract(raw).blocks
    assert len(blocks) == len(said)
    for block, words in zip(blocks, said, strict=True):
        assert words in raw[block.start : block.end].decode(codec, "ignore")


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.integers(0, 10_000), st.integers(0, len(PAGES) - 1))
def test_mutated_pages_are_no_error(seed: int, number: int) -> None:
    source = random.Random(seed)
    raw = bytearray(PAGES[number].read_bytes()[:60_000])
    for _ in range(source.randint(1, 60)):
        at = source.randrange(len(raw))
        match source.randrange(5):
            case 0:
                raw[at : at + source.randint(1, 400)] = b""
            case 1:
                raw[at] = source.randrange(256)
            case 2:
                raw[at:at] = source.choice(
                    [b"<", b">", b'"', b"</div>", b"<table>", b"<!--", b"\0", b"&", b"<script>"]
                )
            case 3:
                other = source.randrange(len(raw))
                raw[at:at] = raw[other : other + source.randint(1, 2000)]
            case _:
                del raw[at + source.randint(100, 5000) :][:]
    page = extract(bytes(raw))
    assert all(0 <= block.start <= block.end <= len(raw) for block in page.blocks)
    list(explain(bytes(raw)))


TAGS = "p div span a b table tr td th ul ol li pre code h1 h2 blockquote math script style img br"
tags = st.sampled_from(TAGS.split(" "))
nested = st.recursive(
    st.text(max_size=30),
    lambda inner: st.tuples(tags, st.lists(inner, max_size=4)).map(
        lambda made: f"<{made[0]}>{''.join(made[1])}</{made[0]}>"
    ),
    max_leaves=40,
)


@settings(max_examples=150, deadline=None)
@given(nested)
def test_any_tree_is_read_within_its_bounds(html: str) -> None:
    raw = html.encode("utf-8", "replace")
    assert all(0 <= block.start <= block.end <= len(raw) for block in extract(raw).blocks)
