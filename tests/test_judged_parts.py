"""What of each kind of sample is judged as a conversation, and settings that are refused before a build."""

from __future__ import annotations

import math

import pytest
from pydantic import ValidationError

from factory.discovery import VALIDATORS, load
from factory.records import Chat, Label, Message, Preference, Text
from validators.turns import answers, turns

ASKED = Message(role="user", content="Why?")


def test_a_rejected_response_is_no_turn() -> None:
    pair = Preference(prompt=(ASKED,), chosen="Because.", rejected="No.")
    assert turns(pair) == (ASKED, Message(role="assistant", content="Because."))
    assert answers(pair) == ["Because."]


def test_a_text_is_an_answer_and_no_turn_a_label_neither() -> None:
    assert (turns(Text.of("Bees.")), answers(Text.of("Bees."))) == ((), ["Bees."])
    assert answers(Label(text="Bees.", labels={})) == []
    assert answers(Chat(messages=(ASKED,))) == []


@pytest.mark.parametrize("name", ["code_execution", "sql_result", "mutation", "fidelity"])
@pytest.mark.parametrize("value", [math.inf, math.nan, 0, 10**9])
def test_limits_of_programs_are_finite(name: str, value: float) -> None:
    with pytest.raises(ValidationError):
        load(VALIDATORS, name).settings(cpu_seconds=value)
    with pytest.raises(ValidationError):
        load(VALIDATORS, name).settings(memory_mb=value)
