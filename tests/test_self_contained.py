"""self_contained: what leans on something unseen is rejected, what only sounds like it passes."""

from __future__ import annotations

import asyncio
from typing import Any, cast

import pytest

from factory.plugins import Validator, instantiate
from factory.records import Chat, Message, Preference, Sample, Text, Verdict
from validators.self_contained import REASONS, SelfContained


def judged(sample: Sample, **settings: Any) -> Verdict:
    plugin = cast("Validator", SelfContained)
    return asyncio.run(instantiate(plugin, plugin.settings(**settings)).check(sample, None))


PASSAGE = (
    "Bees dance to tell their sisters where nectar is. The angle of the dance against the vertical is the"
    " angle between the flight and the sun, and its length tells how far away the flowers are. Karl von"
    " Frisch found this out with glass hives and painted bees."
)


@pytest.mark.parametrize(
    ("leaning", "thing"),
    [
        ("According to the passage, why do bees dance?", "text"),
        ("What does the excerpt say about bees?", "text"),
        ("In this article, we look at how bees dance.", "text"),
        ("What is the main idea of the article?", "text"),
        ("Summarize the attached file.", "text"),
        ("In the picture, what colour is the hive?", "figure"),
        ("The text above explains how bees dance.", "text"),
        ("Based on the text, how do bees find nectar?", "text"),
        ("Which dances are described in the text?", "text"),
        ("Why does the document mention the sun?", "text"),
        ("Summarise the given paragraph in one line.", "text"),
        ("Based on the information provided, how far is the nectar?", "information"),
        ("What does the given code print?", "code"),
        ("Explain the following code. Why is it slow?", "code"),
        ("What is wrong with the function above?", "code"),
        ("Which row of the table above is the largest?", "table"),
        ("What is the angle at B in the given diagram?", "figure"),
        ("The rate, as shown in Figure 3, grows.", "figure"),
        ("Why does the author argue that bees dance?", "author"),
        ("What is the author's main point?", "author"),
        ("As mentioned above, bees dance.", "earlier"),
        ("Bees dance, as we already described, to tell of nectar.", "earlier"),
        ("Laut dem Text tanzen Bienen. Warum?", "text"),
        ("Wie oben erwähnt, tanzen Bienen.", "earlier"),
        ("Selon le texte, pourquoi les abeilles dansent-elles ?", "text"),
        ("Según el texto, ¿por qué bailan las abejas?", "text"),
        ("Come menzionato sopra, le api danzano.", "earlier"),
        ("De acordo com o texto, por que as abelhas dançam?", "text"),
        ("Согласно тексту, почему пчёлы танцуют?", "text"),
        ("根据这篇文章，蜜蜂为什么跳舞？", "text"),
        ("上記の文章によると、ミツバチはなぜ踊りますか。", "text"),
    ],
)
def test_what_leans_on_something_unseen_is_rejected(leaning: str, thing: str) -> None:
    verdict = judged(Chat.of(leaning, "They tell the others where nectar is."))
    assert (verdict.passed, verdict.reason) == (False, REASONS[thing])
    start = verdict.details["character"]
    assert verdict.details["text"] == 0 and leaning[start:].startswith(verdict.details["phrase"])


@pytest.mark.parametrize(
    "clean",
    [
        "The passage of time is felt differently by bees and people.",
        "How do I find the main idea of a text, and who is in the picture business?",
        "They fought over the passage through the mountains and the passage of the law.",
        "Write the text above the line and the sum of the numbers below 10.",
        "Type your name in the text field and save the document.",
        "The author of this poem is unknown, and the authors of most songs are, too.",
        'She said, "As mentioned above, the passage is lost," and left.',
        "Use `the passage` as a name.\n\n```\n# see the text above\nprint(1)\n```\nIt prints 1.",
        "An article in a journal started it all. The article argues that bees dance.",
        "Translate the following sentence: Bees dance.",
        "Explain the following code:\n\n```python\nprint(1)\n```",
        "What does `f(x)` return in the given code?",
        "| bee | nectar |\n|---|---|\n| 1 | 2 |\n\nWhich row of the table above is the largest?",
        f"{PASSAGE}\n\nAccording to the passage, who found this out?",
        f"According to the passage, who found this out?\n\nPassage:\n{PASSAGE}",
        f"> {PASSAGE}\n\nWhat does the author say about the sun?",
        f'Here is what I read: "{PASSAGE}" Why does the text mention the sun?',
        "Remove all vowels from the text and count the words that are left.",
        "Tom has 3 pens and Ann has 4 more pens than Tom has. Using the given information, how many has Ann?",
    ],
)
def test_what_only_sounds_like_it_passes(clean: str) -> None:
    verdict = judged(Chat.of(clean, "They tell the others where nectar is."))
    assert verdict.passed, verdict.details


def test_an_answer_may_lean_on_what_the_question_shows() -> None:
    answer = "According to the passage, Karl von Frisch did."
    assert judged(Chat.of(f"{PASSAGE}\n\nWho found out why bees dance?", answer)).passed
    assert judged(Chat.of("Who found out why bees dance?", answer)).details["text"] == 1
    assert judged(Text.of(f"{PASSAGE}\n\n{answer}")).reason == "leans on a text that is not there"


def test_a_given_text_is_a_parameter_where_the_sample_is_about_a_program() -> None:
    question = "Write a function that counts the words in the given text."
    assert judged(Chat.of(question, "```python\ndef count(text):\n    return len(text.split())\n```")).passed
    assert not judged(Chat.of(question, "It has twelve words.")).passed


def test_what_was_said_long_before_may_be_referred_to() -> None:
    long = f"{PASSAGE} {PASSAGE}"
    assert judged(Text.of(f"{long} As mentioned above, bees dance.")).passed
    assert not judged(Text.of(f"As mentioned above, bees dance. {long}")).passed
    assert not judged(Text.of(f"{long} As mentioned above, bees dance."), earlier_words=500).passed


def test_both_responses_of_a_preference_are_read() -> None:
    prompt = (Message(role="user", content="Why do bees dance?"),)
    leaning, clean = "As the passage says, to tell of nectar.", "To tell of nectar."
    assert judged(Preference(prompt=prompt, chosen=clean, rejected=clean)).passed
    assert not judged(Preference(prompt=prompt, chosen=leaning, rejected=clean)).passed
    assert not judged(Preference(prompt=prompt, chosen=clean, rejected=leaning)).passed


def test_a_phrase_that_is_said_again_and_again_is_looked_up_once() -> None:
    passage = "word " * 40
    question = f'"{passage}"\n\n' + "according to the passage " * 20_000
    assert judged(Chat.of(question, "As it says.")).passed
