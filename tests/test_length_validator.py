"""length: what is out of bounds is caught in its part and unit, what is within passes."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any, cast

import pytest
from pydantic import ValidationError
from tokenizers import Tokenizer, models, pre_tokenizers

from factory.errors import FactoryError
from factory.plugins import Validator, instantiate
from factory.records import Chat, Label, Message, Preference, Sample, Text, Verdict
from validators.length import Length


def judged(sample: Sample, **settings: Any) -> Verdict:
    plugin = cast("Validator", Length)
    return asyncio.run(instantiate(plugin, plugin.settings(**settings)).check(sample, None))


def chat(*turns: str) -> Chat:
    roles = ("user", "assistant")
    return Chat(messages=tuple(Message(role=roles[at % 2], content=turn) for at, turn in enumerate(turns)))


@pytest.fixture
def tokenizer(tmp_path: Path) -> Path:
    words = Tokenizer(models.WordLevel({"bee": 0, "[UNK]": 1}, unk_token="[UNK]"))
    words.pre_tokenizer = pre_tokenizers.Split("e", "merged_with_previous")
    words.save(str(tmp_path / "tokenizer.json"))
    return tmp_path


TALK = chat("Why?", "Bees dance to tell.", "And how?", "In rings.")


@pytest.mark.parametrize(
    ("settings", "reason", "found"),
    [
        ({"answer": [3, None]}, "answer too short", 2),
        ({"answer": [None, 3]}, "answer too long", 4),
        ({"prompt": [8, None]}, "prompt too short", 7),
        ({"prompt": [None, 6]}, "prompt too long", 7),
        ({"turn": [2, None]}, "turn too short", 1),
        ({"whole": [None, 8]}, "whole too long", 9),
        ({"unit": "characters", "answer": [10, None]}, "answer too short", 9),
    ],
)
def test_a_part_out_of_bounds_is_caught(settings: dict[str, Any], reason: str, found: int) -> None:
    verdict = judged(TALK, **settings)
    assert (verdict.reason, verdict.details["found"]) == (reason, found)


def test_what_is_within_its_bounds_passes_and_is_measured() -> None:
    verdict = judged(TALK, answer=[2, 4], prompt=[7, 7], turn=[1, 4], whole=[9, 9])
    assert verdict.passed
    assert verdict.details["measured"] == {
        "whole": [9],
        "prompt": [7],
        "answer": [4, 2],
        "turn": [1, 4, 2, 2],
    }


def test_both_responses_of_a_preference_and_plain_texts_are_measured() -> None:
    pair = Preference(prompt=(Message(role="user", content="Why?"),), chosen="To tell.", rejected="So.")
    assert judged(pair, answer=[2, None]).details["place"] == 1
    assert judged(pair, answer=[1, 2], prompt=[1, 1], turn=[1, 2]).passed
    assert judged(Text.of("潮汐随月亮而来"), whole=[7, 7]).passed
    assert judged(Text.of("One two."), answer=[9, None]).passed
    assert judged(Label(text="", labels={}), prompt=[1, None]).passed


def test_tokens_are_those_of_the_named_tokenizer(tokenizer: Path) -> None:
    sample = chat("Why?", "bee tree")
    for place in (tokenizer, tokenizer / "tokenizer.json"):
        assert judged(sample, unit="tokens", tokenizer=str(place), answer=[4, 4]).passed
    assert judged(sample, unit="tokens", tokenizer=str(tokenizer), answer=[5, None]).details["found"] == 4


def test_another_tokenizer_judges_anew(tokenizer: Path, tmp_path: Path) -> None:
    def fingerprint() -> str:
        plugin = cast("Validator", Length)
        settings = plugin.settings(unit="tokens", tokenizer=str(tokenizer), answer=[1, 2])
        return str(cast("Any", instantiate(plugin, settings)).fingerprint)

    before = fingerprint()
    other = tokenizer / "other"
    other.mkdir()
    (other / "tokenizer.json").write_bytes((tokenizer / "tokenizer.json").read_bytes() + b" ")
    tokenizer = other
    assert before and fingerprint() != before


@pytest.mark.parametrize(
    ("settings", "told"),
    [
        ({}, "nothing is bounded"),
        ({"unit": "tokens", "answer": [1, 2]}, "go together"),
        ({"tokenizer": "gpt", "answer": [1, 2]}, "go together"),
        ({"answer": [3, 2]}, r"\[3, 2\] bounds nothing"),
        ({"answer": [None, None]}, "bounds nothing"),
        (
            {"unit": "tokens", "tokenizer": "nowhere.json", "answer": [1, 2]},
            "there is no tokenizer nowhere.json",
        ),
    ],
)
def test_bad_settings_are_told(settings: dict[str, Any], told: str) -> None:
    with pytest.raises((FactoryError, ValidationError), match=told):
        judged(TALK, **settings)
