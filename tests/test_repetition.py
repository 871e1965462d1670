"""repetition: what goes round in circles is caught; poems, tables, code and real pages pass."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from factory.plugins import Validator, instantiate
from factory.records import Chat, Message, Preference, Sample, Text, Verdict
from factory.seeds.html import extract, markdown
from validators.repetition import Loop, Repetition, longest_loop, repeated_ngrams, words_of

PAGES = sorted((Path(__file__).parent.parent / "examples/pages").rglob("*.html"))

PROSE = """The tide follows the moon, and the moon returns to the same place a little later every day. Sailors \
knew this long before anybody could say why, and wrote tables of it for their harbours.

A table for one harbour is of little use in the next: the shape of the coast delays the wave, by minutes in \
one bay and by hours in another, and adds to its height or takes from it."""

VILLANELLE = """The tide comes in, the tide goes out again,
And no one asks the water what it keeps;
The moon has counted every boat and then

Lets go the rope. The harbour's sleeping men
Have left their lamps. Below, the current creeps:
The tide comes in, the tide goes out again.

A heron writes its name with half a pen
In mud that shines, forgets it, folds, and sleeps;
The moon has counted every boat and then

Goes counting stones, and stops at nine or ten
Because a cloud has come. The far bell weeps.
The tide comes in, the tide goes out again,

And what was beach is sea, as it has been
And will be when the last of us still reaps;
The moon has counted every boat and then

Begins once more. I ask it only when
It will be done. It rises up and leaps.
The tide comes in, the tide goes out again,
The moon has counted every boat and then."""

SONG = "".join(
    f"Here comes the {what} along the quay,\nand what it brings it brings to me.\n"
    "Heave away, haul away,\nheave away, haul away,\nheave away and haul till day!\n\n"
    for what in ("butcher", "baker", "piper", "sailor's wife", "grey tax man", "boy with eels")
)
TABLE = "| hour | flag | state |\n|---|---|---|\n" + "".join(
    f"| {hour % 24} | 0 | ok |\n" for hour in range(200)
)
CODE = "```c\nstatic const int zero[] = {\n" + "    0, 0, 0, 0, 0, 0, 0, 0,\n" * 60 + "};\n```"
MATRIX = "$$\\begin{matrix}" + " & ".join("0" * 150) + "\\end{matrix}$$"
LIST = "\n".join(
    f"- Station {number} reports its level to the office at {number}:00." for number in range(1, 11)
)


def judged(sample: Sample, **settings: Any) -> Verdict:
    plugin = cast("Validator", Repetition)
    return asyncio.run(instantiate(plugin, plugin.settings(**settings)).check(sample, None))


@pytest.mark.parametrize(
    ("planted", "reason"),
    [
        (f"{PROSE}\n\n" + "And then the sea came in. " * 12, "loops"),
        (f"{PROSE}\n\n" + "And then, " * 40, "loops"),
        (f"{PROSE}\n\n" + "😀 " * 300, "loops"),
        (f"{PROSE} 所以潮水来了，" + "然后又走了，" * 9, "loops"),
        (f"{PROSE} " + "น้ำขึ้น" * 12, "loops"),
        (f"{PROSE} {'ha' * 200}", "loops"),
        (f"{PROSE} {'!' * 400}", "loops"),
        (f"<think>Wait. {'Let me check that again. ' * 9}</think>{PROSE}", "loops"),
        (f"{PROSE}\n\n```\n" + "x = x + 1\n" * 80 + "```", "lines of code or a table loop"),
        (
            "\n".join(f"{line}\n{chr(97 + at) * 3}" for at, line in enumerate([PROSE.split("\n")[0]] * 14)),
            "the same",
        ),
        (
            "\n\n".join([PROSE, "So much for that.", PROSE, "Once more.", PROSE, "Again."]),
            "the same phrases again",
        ),
        (
            " ".join(f"The level of station {at} is given in metres." for at in range(40)),
            "the same phrases too often",
        ),
    ],
)
def test_what_goes_round_in_circles_is_caught_and_its_clean_twin_passes(planted: str, reason: str) -> None:
    verdict = judged(Chat.of("Why are there tides?", planted))
    assert verdict.reason.startswith(reason) and verdict.details["text"] == 1
    assert judged(Chat.of("Why are there tides?", PROSE)).passed


@pytest.mark.parametrize(
    "text", [PROSE, VILLANELLE, SONG, TABLE, CODE, MATRIX, LIST], ids=lambda text: text[:12]
)
def test_what_repeats_itself_by_nature_passes(text: str) -> None:
    verdict = judged(Text.of(f"{text}\n\n{PROSE}"))
    assert verdict.passed and judged(Text.of(text)).passed, verdict


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_real_pages_pass_as_a_whole_and_in_parts(page: Path) -> None:
    blocks = extract(page.read_bytes()).blocks
    for start in (0, *range(0, len(blocks), 12)):
        size = len(blocks) if start == 0 else 12
        verdict = judged(Text.of(markdown(blocks[start : start + size])))
        assert verdict.passed, verdict


def test_a_loop_is_shown_with_its_phrase_and_count() -> None:
    details = judged(Text.of(PROSE + " the sea came in." * 9)).details
    assert details["times"] == 9 and sorted(details["phrase"].split()) == ["came", "in", "sea", "the"]


def test_cut_offs_are_settings() -> None:
    looping = PROSE + " the sea came in." * 9
    assert not judged(Text.of(looping)).passed and judged(Text.of(looping), max_times=9).passed
    stations = LIST.replace("\n", "\n\n").replace("- ", "") + "\n\n" + LIST
    assert judged(Text.of(stations)).passed and not judged(Text.of(stations), max_lines=0.2).passed
    assert not judged(Text.of(PROSE * 3), min_compression=0.9).passed


def test_rejected_responses_and_tools_may_loop() -> None:
    loop = "And then the sea came in. " * 12
    prompt = (Message(role="user", content="Why?"),)
    assert judged(Preference(prompt=prompt, chosen=PROSE, rejected=loop)).passed
    assert not judged(Preference(prompt=prompt, chosen=loop, rejected=PROSE)).passed
    assert judged(Chat(messages=(*prompt, Message(role="tool", content=loop)))).passed


@given(st.lists(st.sampled_from("abc"), max_size=40))
def test_the_longest_loop_is_found(items: list[str]) -> None:
    times = 1
    for start in range(len(items)):
        for period in range(1, (len(items) - start) // 2 + 1):
            length = period
            while start + length < len(items) and items[start + length] == items[start + length - period]:
                length += 1
            times = max(times, length // period) if length >= 2 else times
    found = longest_loop(items, 2)
    assert (found or Loop("", 1)).times == times


@given(st.text(alphabet="ab \n|`$#.0猫", max_size=400))
def test_any_text_can_be_judged(text: str) -> None:
    assert isinstance(judged(Text.of(text)).passed, bool)
    assert 0 <= repeated_ngrams(words_of(text)) <= 1
