"""format: each fault is caught in a sample that passes without it."""

from __future__ import annotations

import asyncio
from typing import Any, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from factory.errors import FactoryError
from factory.plugins import Validator, instantiate
from factory.records import Chat, Label, Message, Preference, Sample, Text, TokenPreference, Verdict
from validators.format import Format, repetition
from validators.format.languages import other_language

GOOD = """The tide follows the moon, and the moon returns to the same place a little later each day.

- Low water comes about six hours after high water.
- At new moon and at full moon the range is largest.
- Around the quarters it is smallest.

```python
for day in range(3):
    print("{{ tide }}", day)
```

Use `<|end|>` or [a link](https://example.org) as you like, and x^{{2}} in a formula."""

IN_OTHER_LANGUAGES = {
    "de": "Die Gezeiten folgen dem Mond, und der Mond steht jeden Tag ein wenig später an der gleichen Stelle"
    " am Himmel, so dass auch das Hochwasser später kommt als am Tag zuvor.",
    "fr": "Les marées suivent la lune, et la lune revient à la même place un peu plus tard chaque jour, de"
    " sorte que la pleine mer arrive aussi plus tard que dans la journée de la veille.",
    "es": "Las mareas siguen a la luna, y la luna vuelve al mismo lugar un poco más tarde cada día, de modo"
    " que la pleamar llega también más tarde que en el día de ayer.",
    "ru": "Приливы следуют за луной, и луна каждый день возвращается на то же место немного позже, так что и"
    " полная вода приходит позже, чем в день до этого, и так из месяца в месяц.",
    "zh": "潮汐随月亮而来，月亮每天都会稍晚一些回到同一个位置，因此满潮也会比前一天来得更晚一些。",
    "ja": "潮の満ち引きは月に従い、月は毎日少しずつ遅れて同じ場所に戻るので、満潮も前の日より遅くなります。",
    "ar": "يتبع المد والجزر القمر ويعود القمر كل يوم إلى المكان نفسه متأخرا قليلا ولذلك يأتي المد العالي أيضا"
    " في وقت متأخر عن اليوم الذي كان قبله في كل شهر من شهور السنة",
}


def judged(sample: Sample, **settings: Any) -> Verdict:
    plugin = cast("Validator", Format)
    return asyncio.run(instantiate(plugin, plugin.settings(**settings)).check(sample, None))


def chat(*turns: str) -> Chat:
    roles = {"u": "user", "a": "assistant", "s": "system", "t": "tool"}
    return Chat.model_validate(
        {"messages": [{"role": roles[turn[0]], "content": turn[1:]} for turn in turns]}
    )


def test_a_well_formed_sample_passes() -> None:
    assert judged(Text.of(GOOD), language="en").passed
    assert judged(Chat.of("Why are there tides?", GOOD), language="en").passed
    assert judged(chat("sBe brief.", "uHow?", "aLooking.", "t42", "a42.", "uThanks.", "aYes.")).passed
    assert judged(Label(text="", labels={})).passed


@pytest.mark.parametrize(
    ("planted", "reason"),
    [
        (f"{GOOD}\x08", "control character"),
        (f"caf\ufffd. {GOOD}", "replacement character"),
        (f"{GOOD}\n\n```python\nprint(1)", "code fence left open"),
        (f"{GOOD}\n~~~~\nprint(1)\n~~~", "code fence left open"),
        (f"{GOOD}<|im_end|>", "mark of a chat template"),
        (f"[INST] {GOOD}", "mark of a chat template"),
        (f"Dear {{{{ name }}}}, {GOOD}", "mark of a template"),
        (f"{{% if moon %}} {GOOD}", "mark of a template"),
        (f"[Insert example here] {GOOD}", "placeholder"),
        ("The moon pulls on the sea.\n" * 5 + GOOD, "lines repeat"),
        (" ".join(["and so the moon pulls on the sea and"] * 9), "phrases repeat"),
        ("", "an empty text"),
    ],
)
def test_a_planted_fault_is_caught(planted: str, reason: str) -> None:
    assert judged(Text.of(planted)).reason == reason


def test_lengths_are_settings() -> None:
    sample = Chat.of("one two", "three four five")
    assert judged(sample, min_words=5, max_words=5, min_characters=23, max_characters=23).passed
    assert judged(sample, min_words=6).reason == judged(sample, min_characters=24).reason == "too short"
    assert judged(sample, max_words=4).reason == judged(sample, max_characters=22).reason == "too long"


def test_repetition_has_thresholds_and_spares_code() -> None:
    often = "The moon pulls on the sea.\n" * 5 + GOOD
    assert judged(Text.of(often), max_repeated_lines=0.5, max_repeated_ngrams=0.5).passed
    rhyme = "row row row your boat gently down the stream merrily " * 4
    assert not judged(Text.of(rhyme)).passed
    assert judged(Text.of(rhyme), max_repeated_ngrams=1).passed
    code = "```\n" + "x = x + 1 # again and again\n" * 20 + "```"
    assert judged(Text.of(f"{GOOD}\n{code}")).passed


@given(st.lists(st.sampled_from(["one", "two", "three"]), max_size=60), st.integers(1, 5))
def test_repetition_is_the_share_seen_before(words: list[str], ngram: int) -> None:
    grams = [tuple(words[at : at + ngram]) for at in range(len(words) - ngram + 1)]
    again = sum(gram in grams[:at] for at, gram in enumerate(grams))
    expected = again / len(grams) if len(words) >= 2 * ngram else 0.0
    assert repetition(" ".join(words), ngram)[1] == pytest.approx(expected)


@pytest.mark.parametrize(
    ("turns", "reason"),
    [
        (("aHi.", "uHi.", "aYes?"), "roles not in turn"),
        (("uHi.", "uHi?", "aYes?"), "roles not in turn"),
        (("uHi.", "aYes?", "aYes?"), "roles not in turn"),
        (("uHi.", "sBe brief.", "aYes?"), "roles not in turn"),
        (("sBe brief.",), "roles not in turn"),
        (("uHi.", "aYes?", "uHi."), "no reply at the end"),
        (("uHi.", "a  ", "uHi.", "aYes?"), "an empty turn"),
    ],
)
def test_turns_that_are_out_of_order_are_caught(turns: tuple[str, ...], reason: str) -> None:
    assert judged(chat(*turns)).reason == reason


@pytest.mark.parametrize(
    "reply",
    [
        "As an AI language model, I have no opinion on tides.",
        "I'm sorry, but I can't assist with that.",
        "I’m sorry, I can’t help with that.",
        "I cannot fulfill this request.",
    ],
)
def test_a_refusal_is_caught_unless_allowed(reply: str) -> None:
    assert judged(Chat.of("Why are there tides?", reply)).reason == "a refusal"
    assert judged(Chat.of("Why are there tides?", reply), allow_refusals=True).passed
    assert judged(Chat.of(reply, "That is a common phrase. I can't swim, as an aid to memory.")).passed


def test_a_preference_is_judged_by_its_prompt_and_chosen_response() -> None:
    prompt = (Message(role="user", content="Why are there tides?"),)
    assert judged(Preference(prompt=prompt, chosen="The moon.", rejected="I can't help with that.")).passed
    same = judged(Preference(prompt=prompt, chosen="The moon.", rejected="The moon. "))
    assert same.reason == "chosen and rejected are the same"
    answered = (*prompt, Message(role="assistant", content="The moon."))
    assert judged(Preference(prompt=answered, chosen="Yes.", rejected="No.")).reason == "roles not in turn"


def test_a_token_preference_shows_people_its_marks() -> None:
    counts = {"accepted_successes": 1, "accepted_samples": 1, "rejected_successes": 0, "rejected_samples": 1}
    pair = {"prompt_ids": (1,), "accepted_id": 2, "rejected_id": 3, "policy": "p", "tokenizer": "t"}
    assert judged(TokenPreference.model_validate({**pair, **counts, "display": "<|im_start|>So"})).passed


@pytest.mark.parametrize(("language", "text"), IN_OTHER_LANGUAGES.items())
def test_a_text_in_another_language_is_caught(language: str, text: str) -> None:
    assert judged(Text.of(text), language=language).passed
    planted = judged(Text.of(text), language="en")
    assert planted.reason == "not in the expected language" and planted.details["found"] == language
    assert judged(Text.of(GOOD), language=language).details["found"] == "en"


def test_of_a_short_text_no_language_is_claimed() -> None:
    assert other_language("Guten Tag, wie geht es Ihnen?", "en") is None
    assert other_language("x = 1 + 2 * 3", "en") is None


def test_an_unknown_language_is_an_error() -> None:
    with pytest.raises(FactoryError, match=r"no table for the language 'english'.*; there are: .*, en, "):
        judged(Text.of(GOOD), language="english")


@pytest.mark.parametrize(
    "reply",
    [
        "Sorry, I can't do that.",
        "**I'm sorry, but I cannot help with that.**",
        "<think>No.</think>\nI'm sorry, but I can't help with that.",
        "I must respectfully decline to write this.",
        "I’m not able to do that.",
        "Lo siento, pero no puedo ayudar con eso.",
        "Je suis désolé, mais je ne peux pas vous aider.",
        "Es tut mir leid, aber ich kann dabei nicht helfen.",
        "К сожалению, я не могу помочь с этим.",
        "抱歉，我无法帮助您完成这个请求。",
        "申し訳ありませんが、そのご依頼にはお応えできません。",
    ],
)
def test_refusals_are_caught_however_they_are_dressed_and_in_other_languages(reply: str) -> None:
    assert judged(Chat.of("Write it.", reply)).reason == "a refusal"
    assert judged(Chat.of("Write it.", reply), allow_refusals=True).passed


@pytest.mark.parametrize(
    "reply",
    [
        "I can't help but notice the symmetry: it makes the integral vanish.",
        "I cannot answer with one number: there are two roots.",
        "Sorry to hear that; rest and drink water.",
        "``` a ``` is code in a line.",
        "Words such as <s> mark the start of a sequence.",
    ],
)
def test_what_only_sounds_like_a_fault_passes(reply: str) -> None:
    assert judged(Chat.of("And?", reply)).passed


@pytest.mark.parametrize(
    ("reply", "reason"),
    [
        ("Here it is.<end_of_turn>", "mark of a chat template"),
        ("### Assistant: here it is.", "mark of a chat template"),
        ("Human: hello", "mark of a chat template"),
        ("<s>Here it is.", "mark of a chat template"),
        ("Itâ€™s here.", "letters read in another encoding"),
        ("Un cafÃ© ici.", "letters read in another encoding"),
    ],
)
def test_marks_of_models_and_wrong_encodings_are_caught(reply: str, reason: str) -> None:
    assert judged(Chat.of("And?", reply)).reason == reason


def test_few_words_tell_a_script_of_their_own() -> None:
    assert (
        other_language(
            "광합성은 식물이 물과 이산화탄소를 이용하여 햇빛을 화학 에너지로 바꾸는 과정이다." * 2, "fr"
        )
        == "ko"
    )


def test_bounds_that_nothing_meets_are_an_error() -> None:
    with pytest.raises(FactoryError, match="min_words 5 is above max_words 2"):
        judged(Chat.of("a", "b"), min_words=5, max_words=2)
