"""constraints: each kind of instruction catches the response that breaks it and lets its clean twin pass."""

from __future__ import annotations

import asyncio
import re
from typing import Any, cast

import pytest
from conftest import Project
from hypothesis import given
from hypothesis import strategies as st

from factory.errors import FactoryError
from factory.plugins import Validator, instantiate
from factory.records import Chat, Constraint, Constraints, Message, Preference, Sample, Text, Verdict
from validators.constraints import Follows
from validators.constraints.instruction import Instruction
from validators.constraints.kinds import KINDS, clashes, describe, fault, faults, read
from validators.constraints.segments import Response, count, places, sentences, words

TIDES = "The moon pulls the sea. It rises twice a day."
TABLE = "| bee | nectar |\n|---|:-:|\n| 1 | 2 |\n| 3 | a \\| b |"
BARE_TABLE = "bee | nectar\n--- | :-:\n1 | 2\n3 | 4"
ENGLISH = "The tides follow the moon, and the moon returns to the same place a little later every day."
GERMAN = "Die Gezeiten folgen dem Mond, und der Mond steht jeden Tag ein wenig später an der gleichen Stelle."

# kind, arguments, a response that obeys, a response that does not, what is found wrong with it
CASES: list[tuple[str, dict[str, Any], str, str, str]] = [
    ("words", {"least": 4, "most": 6}, "Bees don't eat well-known 3.14 pies.", "Bees dance.", "2 words"),
    ("words", {"most": 3}, "One two.\n```\nnot a b c d e\n```", "One two three four.", "4 words"),
    ("words", {"least": 5, "most": 5}, "潮汐随月亮", "潮汐随月", "4 words"),
    ("sentences", {"least": 2, "most": 2}, "Dr. Li left, e.g. at 3.30. Why?", TIDES + " Why?", "3 sentences"),
    ("sentences", {"least": 2}, "月が出た。「行こう。」と言った。", "月が出て、海が動いた。", "1 sentence"),
    ("paragraphs", {"least": 2, "most": 2}, f"# A\n\n{TIDES}\n\n- one\n\n{TIDES}", TIDES, "1 paragraph"),
    ("characters", {"most": 6}, "e\u0301te\u0301 on", "été on.", "7 characters"),
    ("sentence_length", {"most": 5}, TIDES, "The moon pulls the whole sea.", "a sentence of 6 words"),
    ("word_length", {"most": 5}, "Seven well-known bees.", "Eight butterflies.", "the word 'butterflies'"),
    ("bullets", {"least": 2, "most": 2}, "- a\n  * b\n\n1. c", "- a\n---", "1 bullet point"),
    ("steps", {"count": 2}, "1. Mix.\n   1. Slowly.\n2. Bake.", "1. Mix.\n3. Bake.", "steps not numbered"),
    ("steps", {"count": 3}, "1) a\n2) b\n3) c", "1. a\n2. b", "2 steps"),
    ("headings", {"least": 1, "level": 2}, "# A\n## B", "# A\n```\n## B\n```", "0 headings"),
    ("headings", {"least": 1, "level": 1}, "A\n===\n\nb", "A\n---\n\nb", "0 headings"),
    ("headings", {"least": 2, "level": 2}, "A\n---\nb.\n\nC\n---", "A b c.\n---\n- d\n---", "0 headings"),
    ("bold", {"least": 2}, "**a** and __b__", "**a** and *b* and **", "1 part"),
    (
        "placeholders",
        {"least": 1},
        "Dear [name], see [a](b) [1].",
        "Dear you, see [a](b) [^1] [x].",
        "0 place",
    ),
    ("title", {}, "<<Tides>>\nThe moon.", "Tides\n<<The moon>>", "no title"),
    ("title", {"marks": ["[", "]"]}, "[Tides]\nThe moon.", "<<Tides>>\nThe moon.", "no title"),
    ("postscript", {}, "Bees dance.\n\nP.S. They do.", "P.S. They do.\n\nBees dance.", "no postscript"),
    ("table", {"columns": 2, "rows": 2}, TABLE, TABLE.rpartition("\n")[0], "a table of 1 rows"),
    ("table", {}, f"Look:\n{TABLE}", "| a | b |\n| 1 | 2 |", "no table"),
    ("table", {"columns": 3}, "|a|b|c|\n|-|-|-|\n|1|2|3|", TABLE, "a table of 2 columns"),
    ("table", {"columns": 2, "rows": 2}, BARE_TABLE, BARE_TABLE[:-6], "a table of 1 rows"),
    ("table", {}, f"Look:\n{BARE_TABLE}", "a | b\n1 | 2\n\n--- | ---", "no table"),
    ("table", {}, BARE_TABLE, BARE_TABLE + " | 4", "a table with rows of different lengths"),
    ("code_block", {"language": "python"}, "```py\nx\n```", "```\nx\n```", "a code block without a language"),
    ("code_block", {}, "~~~\nx\n~~~", "`x`\n```\n\n```", "no code block"),
    ("sections", {"count": 2}, "One.\n\n***\n\nTwo.", "One.\n***\n", "an empty part"),
    ("answers", {}, "Yes.\n******\nNo.", "Yes.\n******\nyes.", "the same answer twice"),
    ("include", {"keywords": ["bee", "don't"]}, "A BEE. We don’t.", "Bees. We don't.", 'without "bee"'),
    ("include", {"keywords": ["月"]}, "満月です", "満潮です", 'without "月"'),
    ("exclude", {"keywords": ["cat", "a dog"]}, "Concatenate dogs.", "I saw a\ndog.", 'with "a dog"'),
    ("keyword_count", {"keyword": "sea", "least": 2, "most": 2}, "Sea, sea, seal.", "Sea.", "1 time"),
    ("in_order", {"keywords": ["one", "two"]}, "One, two, one.", "Two, one, two.", "in another order"),
    ("first_word", {"word": "Bees"}, "**Bees** dance.", "All bees dance.", "begins with 'All'"),
    ("last_word", {"word": "dance"}, "Bees dance!", "Bees dance, I think.", "ends with 'think'"),
    ("starts_with", {"phrase": "Well, yes"}, "well,  yes: bees", "Yes, well", "begins with 'yes, well'"),
    ("ends_with", {"phrase": "Any more?"}, "Bees. Any more?", "Any more? Bees.", "ends with"),
    ("paragraph_start", {"paragraph": 2, "word": "so"}, "A b.\n\nSo c.", "So b.\n\nA c.", "begins with 'A'"),
    ("letter_count", {"letter": "e", "most": 1}, "É, tree".replace("ee", "e"), "Eve", "2 times"),
    ("forbidden_letters", {"letters": "eq"}, "A bold claim, é.", "A bold Queen.", "with the letter"),
    ("upper_case", {}, "BEES DANCE, 蜜蜂 ა 3ª.\n```\nx\n```", "BEES DANCe", "with the small letter 'e'"),
    ("lower_case", {}, "bees dance, 蜜蜂.", "bees Dance", "with the capital letter 'D'"),
    ("capitals", {"least": 2}, "Bees NEVER dance at NOON.", "Bees NEVER dance, I say.", "1 word in capitals"),
    ("ascii", {}, "Bees dance.", "Bees dance…", "with '…'"),
    ("no_commas", {}, "Bees dance; they do.\n```\nf(a, b)\n```", "蜜蜂、花。", "1 comma"),
    ("json", {}, ' {"a": [1, null]} ', "{'a': 1}", "not JSON"),
    ("json", {"keys": {"n": "integer", "s": "string"}}, '{"n": 1, "s": ""}', '{"n": 1.5, "s": ""}', '"n" is'),
    ("json", {"keys": ["a"], "other_keys": False}, '{"a": 1}', '{"a": 1, "b": 2}', 'with the key "b"'),
    ("json", {"fenced": True}, "```json\n[]\n```", "[]", "not one block"),
    ("one_of", {"options": ["yes", "no"]}, "no", "No, I think.", "none of the options"),
    ("quoted", {}, '"Bees dance."', '"Bees" and "flowers"', "with quotation marks inside"),
    ("quoted", {}, "„Bienen tanzen.“", "Bees dance.", "not in quotation marks"),
    ("language", {"code": "de"}, GERMAN, ENGLISH, "in English"),
]


def judged(sample: Sample) -> Verdict:
    plugin = cast("Validator", Follows)
    return asyncio.run(instantiate(plugin, plugin.settings()).check(sample, None))


def evidence(**kinds: dict[str, Any]) -> Constraints:
    return Constraints(constraints=tuple(Constraint(name=name, arguments=kinds[name]) for name in kinds))


@pytest.mark.parametrize(("kind", "arguments", "obeys", "breaks", "found"), CASES)
def test_what_breaks_an_instruction_is_caught_and_its_clean_twin_passes(
    kind: str, arguments: dict[str, Any], obeys: str, breaks: str, found: str
) -> None:
    asked = Constraint(name=kind, arguments=arguments)
    assert fault(asked, obeys) is None
    assert (fault(asked, breaks) or "").startswith(found)


def test_every_kind_is_tried() -> None:
    assert {case[0] for case in CASES} == set(KINDS)


@pytest.mark.parametrize(("kind", "arguments"), [case[:2] for case in CASES])
def test_an_instruction_is_data_that_reads_as_a_sentence(kind: str, arguments: dict[str, Any]) -> None:
    asked = Constraint(name=kind, arguments=arguments)
    sentence = describe(asked)
    assert re.match(r"[A-Z]", sentence) and not re.search(r"\bNone\b|\{\w+\}|\s\s", sentence)
    assert describe(read(asked).constraint()) == sentence
    for value in arguments.values():
        if isinstance(value, int) and not isinstance(value, bool):
            assert str(value) in sentence or "#" * value in sentence


@pytest.mark.parametrize(
    ("kind", "arguments", "told"),
    [
        ("word", {}, "no instruction of kind 'word'; did you mean 'words'"),
        ("words", {}, "instruction 'words': give 'least', 'most' or both"),
        ("words", {"least": 5, "most": 3}, r"'least' \(5\) is more than 'most' \(3\)"),
        ("words", {"atleast": 5, "most": 9}, "no argument 'atleast'; did you mean 'least'"),
        ("words", {"least": "many"}, "least: .*valid integer"),
        ("include", {"keywords": []}, "keywords: "),
        ("include", {"keywords": ["..."]}, r"'\.\.\.' holds no letter"),
        ("first_word", {"word": "two words"}, "not one word; 'starts_with'"),
        ("forbidden_letters", {"letters": "a1"}, "'1' is not one letter"),
        ("one_of", {"options": ["yes", "yes "]}, "the options must differ"),
        ("language", {"code": "german"}, "named by their codes: 'de'"),
        ("json", {"keys": {"a": "text"}}, "keys.a: "),
        ("steps", {}, "count: Field required"),
    ],
)
def test_bad_arguments_are_told(kind: str, arguments: dict[str, Any], told: str) -> None:
    with pytest.raises(FactoryError, match=told):
        read(Constraint(name=kind, arguments=arguments))


def test_instructions_that_no_response_can_obey_together_are_told() -> None:
    def asked(kind: str, **arguments: Any) -> Any:
        return read(Constraint(name=kind, arguments=arguments))

    upper, bullets, postscript = asked("upper_case"), asked("bullets", least=2), asked("postscript")
    assert clashes([upper, bullets, postscript, asked("include", keywords=["bee"])]) == []
    assert clashes([upper, asked("lower_case")]) == [("upper_case", "lower_case")]
    assert clashes([bullets, asked("json"), postscript]) == [("bullets", "json"), ("json", "postscript")]
    assert clashes([postscript, asked("ends_with", phrase="Bye.")]) == [("postscript", "ends_with")]
    assert clashes([bullets, asked("bullets", most=1)]) == [("bullets", "bullets")]


def test_a_sample_is_rejected_for_the_instructions_that_its_response_does_not_follow() -> None:
    asked = evidence(words={"most": 9}, no_commas={}, first_word={"word": "Bees"})
    passed = judged(Chat.of("Why, if ever, do bees dance?", "Bees dance to tell of nectar.", asked))
    assert (passed.passed, passed.score) == (True, 1.0)
    verdict = judged(Chat.of("Why do bees dance?", "Well, bees dance to tell of nectar.", asked))
    assert verdict.reason == "instruction not followed: no_commas"
    assert verdict.score == pytest.approx(1 / 3)
    assert verdict.details["failed"] == [
        {"name": "no_commas", "asked": "Do not use any commas.", "found": "1 comma"},
        {
            "name": "first_word",
            "asked": 'Begin the response with the word "Bees".',
            "found": "begins with 'Well'",
        },
    ]
    assert faults(asked.constraints, "Well, bees.") == {
        "no_commas": "1 comma",
        "first_word": "begins with 'Well'",
    }


def test_two_kinds_of_one_name_are_an_error() -> None:
    with pytest.raises(FactoryError, match=r"two instructions are called 'words': .*Words and .*Mine"):
        type("Mine", (Instruction,), {}, name="words")


def test_judged_are_texts_last_turns_and_chosen_responses() -> None:
    asked = evidence(no_commas={})
    turns = [("user", "Hi, you"), ("assistant", "Hi, bee"), ("user", "Why?"), ("assistant", "So.")]
    chat = [Message.model_validate({"role": role, "content": content}) for role, content in turns]
    assert judged(Chat(messages=tuple(chat), evidence=(asked,))).passed
    pair = {"prompt": tuple(chat[:1]), "evidence": (asked,)}
    assert judged(Preference.model_validate({**pair, "chosen": "So.", "rejected": "So, so."})).passed
    assert not judged(Preference.model_validate({**pair, "chosen": "So, so.", "rejected": "So."})).passed
    assert judged(Text.of("So.", asked)).passed and not judged(Text.of("So, so.", asked)).passed
    assert judged(Text.of("So.")).reason == "no instructions to check"


def test_thoughts_are_no_part_of_a_response() -> None:
    assert judged(Text.of("<think>Well, hm,</think>\nBees dance.", evidence(no_commas={}))).passed


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Don't re-read one,two snake_case e.g. 1,000.5 end.Word", 10),
        ("हिन्दी में बहुत शब्द हैं", 5),
        ("مرحبًا بالعالم", 2),
        ("한국어 단어는 셋", 3),
        ("満潮はコンピュータで", 5),
        ("ฉันรักภาษาไทยมาก", 4),
        ("naïve cafe\u0301", 2),
        ("**bold** -- _it_ 🐝", 2),
    ],
)
def test_words_are_counted_in_every_script(text: str, expected: int) -> None:
    assert count(words(text)) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("i went. he came.", ["i went.", "he came."]),
        (
            '"Why?" he asked. Mr. J. Doe left at approx. five.',
            ['"Why?" he asked.', "Mr. J. Doe left at approx. five."],
        ),
        ("यह एक वाक्य है। यह दूसरा है।", ["यह एक वाक्य है।", "यह दूसरा है।"]),
        ("他说：“好。”然后走了。天黑了！", ["他说：“好。”然后走了。", "天黑了！"]),
        ("هل تنام؟ نعم.", ["هل تنام؟", "نعم."]),
        ("Τι είναι; Είναι.", ["Τι είναι;", "Είναι."]),
        ("Das kostet ca. 3 Euro, z.B. hier... Gut", ["Das kostet ca. 3 Euro, z.B. hier...", "Gut"]),
    ],
)
def test_sentences_end_at_the_marks_of_their_script(text: str, expected: list[str]) -> None:
    assert sentences(text) == expected


def test_the_mark_of_a_quote_stands_before_it() -> None:
    assert Response("> > All is >5 here").prose == "All is >5 here"
    assert Response("if a > b and b > c").prose == "if a > b and b > c"
    assert len(Response(f"x{' ' * 300_000}x").lines) == 1  # looked for once, not at each space


def test_keywords_are_whole_words_where_a_script_has_them() -> None:
    assert places("cat", "Cat, concatenate, 猫cat猫, cats") == [0, 19]
    assert places("고양이", "고양이는 잔다") and places("كتاب", "هذا الكتاب")
    assert not places("हिन", "हिन्दी में")


def test_headings_that_are_underlined_and_tables_without_outer_bars_are_no_paragraphs() -> None:
    response = Response(
        f"Tides\n=====\n{TIDES}\n\n> Bees\n> ---\n\n{TIDES}\n---\n\n{BARE_TABLE}\n\nEither a | b."
    )
    assert response.paragraphs == [TIDES, TIDES, "Either a | b."]
    assert len(response.sentences) == 5
    assert [line.level for line in response.of_kind("heading")] == [1, 2]


@given(st.text(alphabet="ab .,!?\n-*#=`~|>1\"'猫ก\u0301", max_size=300))
def test_any_text_can_be_looked_at(text: str) -> None:
    response = Response(text)
    assert count(response.words) >= 0 and len(response.sentences) <= max(len(text), 1)
    for kind, arguments, *_ in CASES:
        if kind != "language":
            fault(Constraint(name=kind, arguments=arguments), text)


@pytest.mark.parametrize(
    "unit",
    [
        "```\n",
        "~~~a\n",
        "**a",
        "[a",
        "((a",
        "> ",
        "a.b,",
        "| ",
        "<<a",
        "[",
        "1. ",
        "a|b\n-|-\n",
        "a\n---\n",
        "-|",
    ],
)
def test_a_long_response_of_one_piece_is_judged_in_proportion_to_its_length(unit: str) -> None:
    response = Response(unit * 20_000)
    for kind, arguments, *_ in CASES:
        if kind != "language":
            read(Constraint(name=kind, arguments=arguments)).fault(response)


PLUGIN = '''
    """Answers with instructions that they follow or not, as the question says."""
    from collections.abc import AsyncIterator
    from factory.plugins import generator
    from factory.records import Chat, Constraint, Constraints, Question
    from factory.teacher import Teacher

    ASKED = "Could you please tell me in a sentence why the honey bees of a hive dance for their sisters?"
    GOOD = "They dance to tell their sisters how far away the flowers are, and in which direction."
    ANSWERS = {
        "good": GOOD,
        "long": GOOD + " It took people a long time to find out.",
        "foreign": "Sie tanzen, um ihren Schwestern zu sagen, wie weit die Blumen weg sind, und in welcher Richtung.",
        "looping": GOOD[:-1] + " and so on they dance" * 9 + ".",
        "personal": GOOD[:-1] + ", says maria.lindqvist84" + "@gmail.com, who keeps some.",
        "short": "To tell.",
        "broken": GOOD,
    }

    @generator(seeds=Question, gives=Chat, evidence=Constraints)
    async def told(question: Question, teacher: Teacher) -> AsyncIterator[Chat]:
        """Answers with instructions that they follow or not, as the question says."""
        bound = {"mots": 1} if question.text == "broken" else {"most": 1}
        asked = Constraints(constraints=(Constraint(name="sentences", arguments=bound),))
        yield Chat.of(f"{ASKED} ({question.text})", ANSWERS[question.text], asked)
'''
DATASET = """
  told:
    seeds: questions
    generator: lab.told
    validators: [constraints, {length: {answer: [5, null]}}, language, repetition, {personal_data: {regions: [US]}}]
"""


def test_the_validators_of_texts_in_a_build(project: Project) -> None:
    project.plugin("lab/told.py", PLUGIN)
    project.questions("good", "long", "foreign", "looping", "personal", "short", "broken")
    project.catalog(DATASET)
    project.factory("build", code=1)
    assert project.query("select messages[2].content like 'They dance%' from accepted") == [(True,)]
    assert set(project.query("select rejected_by, reason from rejected")) == {
        ("constraints", "instruction not followed: sentences"),
        ("length", "answer too short"),
        ("language", "in another language than asked"),
        ("repetition", "loops"),
        ("personal_data", "holds an e-mail address"),
    }
    [(stage, error)] = project.query("select stage, error from failures")
    assert stage == "validator:constraints" and "there is no argument 'mots'; did you mean 'most'?" in error
