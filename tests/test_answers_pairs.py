"""Labelled pairs of answers as models and people write them: what is the same, and what never may be."""

from __future__ import annotations

import pytest
from conftest import ROOT

from validators.answers import same


def _pairs(name: str) -> list[tuple[str, str]]:
    text = (ROOT / "tests/data/answers" / name).read_text(encoding="utf-8")
    lines = (line.split(" | ", 1) for line in text.splitlines())
    return [(first.strip(), second.strip()) for first, second in lines]


@pytest.mark.parametrize(("first", "second"), _pairs("same.txt"))
def test_two_ways_of_writing_one_answer_are_the_same(first: str, second: str) -> None:
    assert same(first, second)
    assert same(second, first)


@pytest.mark.parametrize(("first", "second"), _pairs("different.txt"))
def test_two_answers_are_never_the_same(first: str, second: str) -> None:
    assert not same(first, second)
    assert not same(second, first)
