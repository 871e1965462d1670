"""Fenced code of Markdown is found, left out and written by one set of rules."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from factory.fences import Opening, closes, fenced, fences, opening, unfenced


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("```", Opening("```", "")),
        ("```Python title=x", Opening("```", "python")),
        ("    ~~~~ c++", Opening("~~~~", "c++", "    ")),
        ("> ```sql", Opening("```", "sql", "> ")),
        ("- 2. ```sql", Opening("```", "sql", "- 2. ")),
        ("```python\r", Opening("```", "python")),
        ("``` a ``` b", None),
        ("``", None),
        ("text ```", None),
    ],
)
def test_what_opens_a_fence(line: str, expected: Opening | None) -> None:
    assert opening(line) == expected


def test_a_fence_is_closed_by_as_many_of_its_marks_or_more_and_nothing_else() -> None:
    assert closes("```", "```") and closes("  `````  ", "```")
    assert not closes("``", "```") and not closes("~~~", "```") and not closes("```python", "```")


def test_fences_tell_their_place_language_and_content() -> None:
    text = "before\n```python\na\n\nb\n```\nbetween\n~~~\n```\n~~~\nafter"
    first, second = fences(text)
    assert (first.lines, first.language, first.content) == (range(1, 6), "python", "a\n\nb")
    assert (second.lines, second.language, second.content) == (range(7, 10), "", "```")
    assert unfenced(text) == "before\n\nbetween\n\nafter"
    assert unfenced(text, instead="(code)") == "before\n(code)\nbetween\n(code)\nafter"


def test_a_fence_in_a_quotation_does_not_go_on_behind_it() -> None:
    quoted, other = fences("> ```\n> a\nno quotation\n```\nb\n```")
    assert (quoted.content, quoted.closed) == ("> a", False)
    assert (other.content, other.closed) == ("b", True)


def test_a_fence_behind_the_mark_of_an_item_is_closed_by_marks_alone() -> None:
    (one,) = fences("- ```\n  a\n- ```\n  ```")
    assert one.closed and one.content == "  a\n- ```"


def test_a_fence_left_open_goes_to_the_end_but_hides_no_words() -> None:
    text = "```python\nx = 1\nand then words"
    (open_one,) = fences(text)
    assert not open_one.closed and open_one.content == "x = 1\nand then words"
    assert unfenced(text) == text


@given(st.lists(st.text("`~> ab\t\r", max_size=12), max_size=12).map("\n".join))
def test_code_that_was_fenced_comes_back_whatever_it_holds(code: str) -> None:
    (found,) = fences(f"words\n\n{fenced(code, 'text')}\n\nwords")
    assert (found.content, found.language, found.closed) == (code, "text", True)
