"""language: an answer in another language than its question's is caught; what cannot be told passes and says so."""

from __future__ import annotations

import asyncio
from typing import Any, cast

import pytest

from factory.errors import FactoryError
from factory.plugins import Validator, instantiate
from factory.records import Chat, Message, Preference, Sample, Text, Verdict
from validators.language import NAMES, Language, identify

QUESTIONS = {
    "en": "Could you explain to me why the tide comes in a little later on every single day?",
    "de": "Kannst du mir erklären, warum die Flut an jedem Tag ein wenig später kommt als am Tag davor?",
    "fr": "Peux-tu m'expliquer pourquoi la marée arrive un peu plus tard chaque jour que la veille ?",
    "ru": "Объясни, пожалуйста, почему прилив каждый день приходит немного позже, чем накануне?",
    "zh": "你能解释一下为什么潮水每天都会比前一天来得晚一些吗？",
    "ar": "هل يمكنك أن تشرح لي لماذا يأتي المد كل يوم في وقت متأخر قليلا عن اليوم السابق؟",
}
ANSWERS = {
    "en": "Because the moon moves on along its orbit, the earth has to turn a little further to catch up with it.",
    "de": "Weil der Mond auf seiner Bahn weiterzieht und die Erde sich etwas weiter drehen muss, bis er oben steht.",
    "fr": "Parce que la lune avance sur son orbite et que la terre doit tourner un peu plus pour la rattraper.",
    "ru": "Потому что Луна движется по своей орбите, и Земле нужно повернуться ещё немного, чтобы её догнать.",
    "zh": "因为月亮沿着轨道前进，地球必须多转一点才能赶上它，所以每天都会晚大约五十分钟。",
    "ar": "لأن القمر يتحرك في مداره ويجب على الأرض أن تدور قليلا أكثر حتى تلحق به من جديد في كل يوم.",
}
CODE = "```python\ndef returns_the_later_time_of_the_tide(day):\n    # the tide of the day\n    return day * 50\n```"


def judged(sample: Sample, **settings: Any) -> Verdict:
    plugin = cast("Validator", Language)
    return asyncio.run(instantiate(plugin, plugin.settings(**settings)).check(sample, None))


@pytest.mark.parametrize("asked", QUESTIONS)
@pytest.mark.parametrize("answered", ANSWERS)
def test_an_answer_in_another_language_is_caught_and_its_twin_passes(asked: str, answered: str) -> None:
    verdict = judged(Chat.of(QUESTIONS[asked], ANSWERS[answered]))
    assert verdict.passed == (asked == answered)
    if asked == answered:
        assert verdict.details == {"languages": [answered], "undecided": 0}
    else:
        assert verdict.reason == "in another language than asked"
        assert (verdict.details["found"], verdict.details["expected"]) == (answered, [asked])


@pytest.mark.parametrize("expected", ANSWERS)
def test_a_named_language_is_asked_of_texts_and_answers_whatever_the_question(expected: str) -> None:
    assert judged(Text.of(ANSWERS[expected]), expected=expected).passed
    assert judged(Chat.of(QUESTIONS["en"], ANSWERS[expected]), expected=expected).passed
    other = "de" if expected == "en" else "en"
    planted = judged(Text.of(ANSWERS[other]), expected=expected)
    assert planted.reason == "in another language than expected" and planted.details["found"] == other


def test_what_is_too_short_to_tell_passes_and_says_so() -> None:
    assert judged(Chat.of(QUESTIONS["de"], "Paris.")).details == {"languages": [], "undecided": 1}
    assert judged(Chat.of("2 + 2?", ANSWERS["fr"])).details == {"languages": [], "undecided": 1}
    assert judged(Text.of("Guten Tag!"), expected="en").details["undecided"] == 1


def test_code_and_formulas_are_left_out() -> None:
    assert judged(Chat.of(QUESTIONS["de"], CODE)).details["undecided"] == 1
    assert judged(Chat.of(QUESTIONS["de"], f"{ANSWERS['de']}\n\n{CODE * 3}")).passed
    assert not judged(Chat.of(QUESTIONS["de"], f"{ANSWERS['en']}\n\n{CODE}\n\n$a = b$")).passed


@pytest.mark.parametrize(
    "question",
    [
        f"Translate into French: {ANSWERS['en']}",
        f"Übersetze ins Englische, dann auf Français: {ANSWERS['de']}",
        f"{QUESTIONS['en']} Please answer in French and in nothing else.",
        "Traduce al francés este texto: porque la luna avanza en su órbita y la tierra gira un poco más.",
        f"Ins Französische bitte: {ANSWERS['de']}",
        f"Summarise this letter of mine for me, as it is:\n\n{ANSWERS['fr']} {QUESTIONS['fr']}",
    ],
)
def test_a_language_that_the_question_names_or_is_partly_in_is_allowed(question: str) -> None:
    assert judged(Chat.of(question, ANSWERS["fr"])).passed
    assert not judged(Chat.of(question, ANSWERS["ru"])).passed


def test_a_short_question_is_in_the_language_of_the_one_before() -> None:
    turns = [("user", QUESTIONS["de"]), ("assistant", ANSWERS["de"]), ("user", "Und sonst?")]
    chat = [Message.model_validate({"role": role, "content": content}) for role, content in turns]
    for language, passes in (("de", True), ("en", False)):
        last = Message(role="assistant", content=ANSWERS[language])
        verdict = judged(Chat(messages=(*chat, last)))
        assert verdict.passed is passes and (passes or verdict.details["answer"] == 1)


def test_only_the_chosen_response_of_a_preference_is_judged() -> None:
    prompt = (Message(role="user", content=QUESTIONS["en"]),)
    assert judged(Preference(prompt=prompt, chosen=ANSWERS["en"], rejected=ANSWERS["de"])).passed
    assert not judged(Preference(prompt=prompt, chosen=ANSWERS["de"], rejected=ANSWERS["en"])).passed


def test_relatives_are_not_told_apart_by_force() -> None:
    danish = (
        "Tidevandet følger månen, og månen vender hver dag lidt senere tilbage til det samme sted på himlen."
    )
    found = identify(danish)
    assert found and found.possible == {"da", "no"}
    assert judged(Text.of(danish), expected="no").passed and not judged(Text.of(danish), expected="de").passed


def test_capitals_do_not_change_the_language() -> None:
    for code, answer in ANSWERS.items():
        found = identify(answer.upper())
        assert found and found.code == code


@pytest.mark.parametrize(
    ("code", "told"), [("german", "'de'"), ("EN", "'en'"), ("dee", "did you mean 'de'"), ("xx", "ISO 639-1")]
)
def test_an_unknown_language_is_an_error(code: str, told: str) -> None:
    assert code not in NAMES
    with pytest.raises(FactoryError, match=told):
        judged(Text.of("Hi."), expected=code)


def test_a_short_question_before_a_quotation_is_what_is_asked() -> None:
    asked = f"What does this mean?\n\n{ANSWERS['fr']}"
    assert judged(Chat.of(asked, ANSWERS["en"])).passed
    assert judged(Chat.of(asked, ANSWERS["fr"])).passed
    assert not judged(Chat.of(asked, ANSWERS["ru"])).passed


def test_chinese_is_not_taken_for_japanese() -> None:
    chinese = "光合作用是植物利用水和二氧化碳，把太阳光转化为化学能的过程。它发生在叶绿体之中。"
    japanese = "光合成とは、植物が水と二酸化炭素を使って太陽の光を化学エネルギーに変える過程のことである。"
    assert not judged(Chat.of(chinese, japanese)).passed
    assert not judged(Chat.of(japanese, chinese)).passed
    assert judged(Chat.of(chinese, chinese)).details["languages"] == ["zh"]
