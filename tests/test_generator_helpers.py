"""What generators check without a model: quotes, rubrics, and the syntax of programs."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from factory.records import Passage
from generators.code.exercise import Probe, Problem
from generators.functions import function_in, parameters, signature
from generators.quotes import all_occur, occurs, source_of
from generators.revise.self_revision import Exercise
from generators.rubric import Item, Rubric
from validators.syntax import expression, is_literal_call, program_in, raised_in

SOURCE = "Sorting is “stable”: equal items\n    keep their order – always.\n\nIt returns None."


@pytest.mark.parametrize(
    "quote",
    ["equal items keep their order", 'Sorting is "stable": equal', "order - always.", "  It returns\nNone. "],
)
def test_a_quote_is_found_however_it_is_set(quote: str) -> None:
    assert occurs(quote, SOURCE)


@pytest.mark.parametrize(
    "quote", ["", "equal items", "equal items kept their order", "It never returns None."]
)
def test_a_quote_that_is_too_short_or_altered_is_not_found(quote: str) -> None:
    assert not occurs(quote, SOURCE)


def test_no_quotes_ground_nothing() -> None:
    assert not all_occur([], SOURCE)
    assert not all_occur(["equal items keep their order", "made up by somebody"], SOURCE)


def test_the_headings_above_a_passage_may_be_quoted() -> None:
    source = source_of(Passage(text="It is stable.", title="Sorting lists of records", section=""))
    assert occurs("sorting lists of records".capitalize(), source)


class Look(Rubric):
    one: Item
    two: Item


def _look(one: int, two: int) -> Look:
    return Look(
        one=Item(reasoning="r", score=one, suggestion=""), two=Item(reasoning="r", score=two, suggestion="")
    )


def test_a_rubric_names_what_is_below_the_bar_and_ranks_by_the_worst() -> None:
    assert list(_look(3, 4).below(4)) == ["one"]
    assert _look(3, 3).rank() > _look(2, 5).rank()
    assert _look(3, 5).rank() > _look(3, 4).rank()
    with pytest.raises(ValidationError):
        _look(0, 6)


def test_the_longest_code_block_is_the_program() -> None:
    reply = "First\n\n```python\nx = 1\n```\n\nthen\n\n```\ndef f():\n    return '``'\n```\nand that is it."
    assert program_in(reply) == "def f():\n    return '``'"
    assert program_in("def f(): ...") == "def f(): ..."


def test_a_signature_is_the_line_that_declares_a_function() -> None:
    line = "def f(a: int, /, b: str='x', *rest, key=None, **more) -> list[int]:"
    source = f"import re\n\n@cache\n{line}\n    return []\n"
    function = function_in(source, "f")
    assert function is not None
    assert signature(function) == line
    assert [(p["name"], p["required"]) for p in parameters(function)] == [
        ("a", True),
        ("b", False),
        ("key", False),
    ]
    assert function_in(source, "g") is None
    assert function_in("def f(:") is None


def test_only_what_a_function_raises_in_so_many_words_is_its_behaviour() -> None:
    function = function_in(
        "def f(x):\n    if not x:\n        raise ValueError('no')\n    raise errors.Odd\n    int(x)"
    )
    assert function is not None
    assert raised_in(function) == {"ValueError", "Odd"}


@pytest.mark.parametrize("call", ["f(1, [2, -3], key={'a': (1, None)})", "f()", " f('x') "])
def test_calls_with_literals_are_taken(call: str) -> None:
    assert is_literal_call(expression(call), "f")


@pytest.mark.parametrize(
    "call", ["g(1)", "f(x)", "f(1) + 1", "f(*[1])", "f(**{})", "f(g())", "f(1", "m.f(1)", "f(1);", ""]
)
def test_other_expressions_are_not(call: str) -> None:
    assert not is_literal_call(expression(call), "f")


def test_replies_that_no_test_can_use_are_refused() -> None:
    with pytest.raises(ValidationError, match="declares one function"):
        Problem(reasoning="r", statement="s", signature="area(width)")
    assert Problem(reasoning="r", statement="s", signature="def area(width: float)").name == "area"
    with pytest.raises(ValidationError, match="write the value itself"):
        Probe(probes="p", call="f(1)", expected="two of them", raises=None)
    with pytest.raises(ValidationError, match="say the same"):
        Exercise.model_validate(
            {
                "context": "c",
                "question": "q",
                "solution": "s",
                "correct": "Four.",
                "distractors": [{"misreading": "m", "text": text} for text in ("four", "five", "six")],
            }
        )
