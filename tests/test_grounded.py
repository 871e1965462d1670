"""grounded: what its source does not carry is caught, by the words where they decide and by a judge where not."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from judge_bench import Bench, judged

from factory.discovery import VALIDATORS, load
from factory.records import Chat, Grounding, Message, Preference, Text
from factory.teacher.prompts import Prompts
from validators.grounded import JUDGED, LITTLE, QUOTE
from validators.grounded.claims import IDENTIFIER, NAME, NUMBER, QUOTATION, Source, claims

SOURCE = (
    "The bridge at Halden was opened in 1894 and carried 1,200 carts a day. Its engineer, Clara Voss, had"
    " chosen riveted iron because timber rotted within twenty years in the damp valley.\n\n"
    "After the flood of 1907 the eastern pier had sunk by 31 cm. The town did not close the bridge, but carts"
    " heavier than 2.5 tonnes had to use the ferry, which `toll_for(cart)` in the old ledger program charges"
    " at double rate.\n\n"
    "| year | carts |\n|---|---|\n| 1900 | 410,000 |\n| 1910 | 288,000 |"
)
QUESTION = "Why was the bridge at Halden built of iron, and what happened after the flood?"
CLEAN = (
    "Clara Voss had chosen riveted iron because timber rotted within twenty years in the damp valley. After the"
    " flood of 1907 the eastern pier had sunk by 31 cm."
)


def chat(answer: str, *quotes: str) -> Chat:
    return Chat.of(QUESTION, answer, Grounding(source=SOURCE, quotes=quotes))


def test_the_clean_twin_passes_without_a_call() -> None:
    bench = Bench("grounded")
    [verdict] = bench.judge(chat(CLEAN, "riveted iron because timber rotted"))
    assert verdict.passed and verdict.score == 1.0, verdict.details
    assert verdict.details["left_open"] == bench.calls == 0


@pytest.mark.parametrize(
    ("planted", "reason", "why"),
    [
        (CLEAN.replace("31 cm", "47 cm"), NUMBER, "47"),
        (CLEAN.replace("1907", "1917"), NUMBER, "1917"),
        (CLEAN.replace("Clara Voss had", "The engineer Morten Lund had"), NAME, "Morten"),
        (f"{CLEAN} The ledger charges it with `ferry_rate(cart)`.", IDENTIFIER, "ferry_rate"),
        (
            f'{CLEAN} "The town did not close the old bridge, but carts heavier than 2.5 tonnes had to wait."',
            QUOTATION,
            "The town did not close",
        ),
    ],
)
def test_what_cannot_come_from_the_source_is_caught_by_the_words(planted: str, reason: str, why: str) -> None:
    bench = Bench("grounded")
    [verdict] = bench.judge(chat(planted))
    assert (verdict.passed, verdict.reason) == (False, reason)
    [fault] = verdict.details["faults"]
    assert fault["why"].startswith(why) and fault["by"] == "words" and why in fault["sentence"]
    assert bench.calls == 0


def test_a_quote_that_was_tidied_up_is_no_quote() -> None:
    set_otherwise = "Its engineer,\n**Clara Voss**, had chosen … because timber rotted"
    assert judged("grounded", chat(CLEAN, set_otherwise)).passed
    verdict = judged("grounded", chat(CLEAN, "riveted iron, because wood rotted"))
    assert verdict.reason == QUOTE and verdict.details["quotes"] == ["riveted iron, because wood rotted"]


def test_the_judge_sees_only_what_the_words_leave_open() -> None:
    reworded = (
        "Riveted iron was what its engineer had chosen, since timber quickly rotted in such a damp valley."
    )
    turned = "After the flood the eastern pier had not sunk."
    invented = "Carts crossed the bridge with flags, music, fireworks and speeches from merchants."
    bench = Bench("grounded")
    passed, denied, beyond = bench.judge(
        chat(f"{CLEAN} {reworded}"), chat(f"{CLEAN} {turned}"), chat(f"{CLEAN} {invented}")
    )
    assert passed.passed and passed.details["left_open"] == 1, passed.details
    assert bench.calls == 3
    assert denied.reason == JUDGED["contradicted"] and denied.details["faults"][0]["sentence"] == turned
    assert beyond.reason == JUDGED["beyond"] and beyond.details["faults"][0]["by"] == "judge"


def test_the_judge_is_shown_the_source_the_question_and_what_each_sentence_follows() -> None:
    prompts = Prompts.read(load(VALIDATORS, "grounded").prompts)
    told = [{"before": "", "says": "It stood."}, {"before": "The bridge is old.", "says": "It creaks."}]
    variables = {"source": SOURCE, "given": QUESTION, "sentences": told}
    shown = prompts.messages("carried", variables)[-1]["content"]
    for part in (SOURCE, QUESTION, "1. It stood.", "2. [The bridge is old.] It creaks.", "exactly 2"):
        assert part in shown


def test_without_a_judge_a_sentence_needs_words_of_the_source() -> None:
    invented = "Carts crossed the bridge with flags, music, fireworks and speeches from merchants."
    bench = Bench("grounded", judge=False)
    passed, beyond = bench.judge(
        chat(f"{CLEAN} Riveted iron suited the damp valley."), chat(f"{CLEAN} {invented}")
    )
    assert passed.passed
    assert beyond.reason == LITTLE and beyond.details["faults"][0]["sentence"] == invented
    assert bench.calls == 0


def test_a_share_of_the_sentences_may_go_beyond_where_that_is_wanted() -> None:
    mixed = chat(f"{CLEAN} Fireworks and speeches celebrated everything splendidly.")
    strict, lenient = (
        judged("grounded", mixed, judge=False),
        judged("grounded", mixed, judge=False, carried=0.6),
    )
    assert not strict.passed and lenient.passed and strict.score == lenient.score == pytest.approx(2 / 3)


@pytest.mark.parametrize(
    "derived",
    [
        "In 1910 there were 122,000 carts fewer than the 410,000 of 1900.",  # worked out from two numbers
        "The pier had sunk by 0.31 m, that is 31 cm.",  # another unit
        "About 400,000 carts crossed it in 1900.",  # rounded
        "There were two reasons.",  # counted by the writer
        "Three such piers sink by 93 cm. Four of them sink by 124 cm.",  # each from what stands before it
        "It ran on version 2.4 of the ledger.",  # of which the source has a release
        "The French word is pont.",  # of a family with no name there; left to the judge
    ],
)
def test_what_may_be_worked_out_is_left_open_rather_than_called_a_fault(derived: str) -> None:
    source = Source(SOURCE + " France and Norway sent engineers. Ledger 2.4.1 was used.", QUESTION)
    weighed = [source.weigh(sentence) for sentence in claims(derived)]
    assert not any(one.fault for one in weighed) and not all(one.carried for one in weighed), weighed


@pytest.mark.parametrize(
    "told",
    [
        "The bridge at Halden was opened in 1894 and carried 1200 carts a day.",
        "1900: 410000.",
        "The town did not close the bridge.",
    ],
)
def test_other_settings_of_the_same_words_are_carried(told: str) -> None:
    assert Source(SOURCE).weigh(told).carried


@pytest.mark.parametrize(
    ("told", "why"),
    [
        ("The town closed the bridge.", "the source denies something there"),
        ("Carts heavier than 2.5 tonnes always had to use the ferry.", "'always' is its own"),
        ("The flood of 1894 had sunk the eastern pier.", "'1894' stands elsewhere"),
    ],
)
def test_the_words_settle_nothing_where_a_small_one_turns_the_meaning(told: str, why: str) -> None:
    weighed = Source(SOURCE).weigh(told)
    assert not weighed.carried and weighed.why.startswith(why), weighed


POPE = "The treaty of 1494 left new lands to two. In 1506 Pope Julius II confirmed the treaty. 40% survived the voyage."


@pytest.mark.parametrize(
    ("source", "told"),
    [
        (POPE, "In 1506 Pope Leo II confirmed the treaty."),
        (POPE, "In 1506 Pope Julius III confirmed the treaty."),
        (
            "Im Jahr 1506 bestätigte Papst Julius II. den Vertrag.",
            "Im Jahr 1506 bestätigte Papst Leo II. den Vertrag.",
        ),
        (
            "教皇儒略二世于1506年确认了西班牙和葡萄牙签订的条约。",
            "教皇儒略二世于1506年不确认西班牙和葡萄牙签订的条约。",
        ),
        ("교황은 1506년에 조약을 확인했다.", "교황은 1506년에 조약을 확인하지 않았다."),
        (POPE, "60% did not survive the voyage."),
    ],
)
def test_a_short_name_a_numeral_or_a_denial_in_any_script_is_left_to_the_judge(
    source: str, told: str
) -> None:
    weighed = Source(source).weigh(told)
    assert not weighed.carried and weighed.fault is None, weighed
    assert Source(source).weigh(next(claims(source))).carried


def test_code_headings_and_questions_claim_nothing_and_items_claim_each_for_themselves() -> None:
    text = "# The bridge\n\nWhy iron?\n\n```\nx = 99\n```\n- It was opened in 1894.\n- It carried carts.\n| a | b |\n"
    assert list(claims(text)) == ["It was opened in 1894.", "It carried carts.", "a ; b"]
    assert any("opened in 1894" in claim for claim in claims("```\nIt was opened in 1894."))


def test_numbers_of_the_question_may_be_used_and_the_worse_response_may_be_wrong() -> None:
    prompt = (Message(role="user", content="May a cart of 3.1 tonnes use the bridge at Halden?"),)
    evidence = (Grounding(source=SOURCE),)
    fine = "Carts heavier than 2.5 tonnes had to use the ferry; a cart of 3.1 tonnes had to use it."
    pair = Preference(prompt=prompt, chosen=fine, rejected="It may weigh 90 tonnes.", evidence=evidence)
    turned = Preference(prompt=prompt, chosen="It may weigh 90 tonnes.", rejected=fine, evidence=evidence)
    assert judged("grounded", pair, judge=False).passed
    assert judged("grounded", turned, judge=False).reason == NUMBER


@given(st.text(max_size=300), st.text(max_size=200))
@settings(max_examples=150, deadline=None)
def test_any_text_can_be_weighed(source: str, told: str) -> None:
    made = Source(source, told[:20])
    for sentence in claims(f'{told} 12{"9" * 400}.5 is "{source[:80]}"'):
        weighed = made.weigh(sentence)
        assert not (weighed.fault and weighed.carried) and 0 <= weighed.coverage <= 1


@pytest.mark.parametrize(
    ("source", "clean", "planted", "reason"),
    [
        (
            "Die Brücke wurde 1894 eröffnet. Die Ingenieurin wählte Eisen, weil Holz im Tal schnell verfaulte.",
            "Die Ingenieurin wählte Eisen, weil Holz im Tal schnell verfaulte.",
            "Die Brücke wurde 1922 eröffnet.",
            NUMBER,
        ),
        ("桥于1894年开通。工程师选择了铁。", "工程师选择了铁。", "桥于1922年开通。", NUMBER),
    ],
)
def test_other_languages_and_scripts(source: str, clean: str, planted: str, reason: str) -> None:
    def told(text: str, **settings: Any) -> Any:
        return judged("grounded", Text.of(text, Grounding(source=source)), judge=False, **settings)

    assert told(clean).passed
    assert told(planted).reason == reason


@pytest.mark.parametrize(
    "unit", ["x" + " " * 100_000, "\t" * 100_000 + "x", (" " * 2000 + "x\n") * 100, "[ " * 50_000]
)
def test_spaces_without_end_are_read_in_proportion_to_their_number(unit: str) -> None:
    source = Source(unit)
    assert source.says(unit)
    assert all(source.weigh(sentence).fault is None for sentence in claims(unit))


def test_a_long_source_is_looked_up_not_gone_through() -> None:
    source = Source(" ".join(f"Hive {n} has {n} bees in it." for n in range(3000)))
    assert source.weigh("Hive 2417 has 2417 bees in it.").carried
    assert source.weigh("Hive 24170 has 24170 bees.").fault is not None
