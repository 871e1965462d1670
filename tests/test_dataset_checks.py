"""Dataset checks: what looks at a dataset as a whole, when it runs, and what it leaves; the alarm of a build."""

from __future__ import annotations

import random
import tempfile
from collections.abc import Callable
from pathlib import Path

import pytest
from conftest import Project, Server

from factory.collapse import Alarm, measure
from factory.plugins import Submitted
from factory.records import Answer, Chat, Message, Preference, Sample
from factory.refusals import refusal
from validators.balance import balance, cap
from validators.diversity import diversity
from validators.near_duplicate import near_duplicate

WORDS = [f"word{number}" for number in range(400)]


class Samples:
    """Samples of a dataset, as a check gets them."""

    def __init__(self, scratch: Path, *samples: Sample, draws: list[dict[str, str]] | None = None) -> None:
        self.scratch = Path(tempfile.mkdtemp(dir=scratch))
        self._rows = [
            Submitted(f"{number:04}", f"s{number // 3}", sample, (draws or [{}] * len(samples))[number])
            for number, sample in enumerate(samples)
        ]

    def __len__(self) -> int:
        return len(self._rows)

    def __iter__(self):  # type: ignore[no-untyped-def]
        return iter(self._rows)


def prose(seed: int, length: int = 60) -> str:
    chance = random.Random(seed)
    return " ".join(chance.choice(WORDS) for _ in range(length))


# ------------------------------------------------------------------------------ the checks themselves


def test_of_two_samples_that_are_nearly_the_same_the_longer_stays(tmp_path: Path) -> None:
    text = prose(1, 120)
    samples = Samples(tmp_path, Chat.of("q", text), Chat.of("q", f"{text} and more"), Chat.of("q", prose(2)))
    ((rejected, verdict),) = near_duplicate.target().choose(samples)
    assert rejected == "0000"
    assert verdict.reason == "near-duplicate of another sample"
    assert verdict.details["duplicate_of"] == "0001"


def test_near_duplicates_may_be_told_by_the_response_alone(tmp_path: Path) -> None:
    chats = Chat.of(prose(1), prose(3)), Chat.of(prose(2), prose(3))
    assert list(near_duplicate.target().choose(Samples(tmp_path, *chats))) == []
    assert len(list(near_duplicate.target(part="response").choose(Samples(tmp_path, *chats)))) == 1


def test_of_preferences_the_prompt_is_what_was_asked_and_the_response_is_both(tmp_path: Path) -> None:
    def pair(prompt: int, chosen: int, rejected: int) -> Preference:
        asked = (Message(role="user", content=prose(prompt)),)
        return Preference(prompt=asked, chosen=prose(chosen), rejected=prose(rejected))

    def kept(part: str, *pairs: Preference) -> int:
        return len(pairs) - len(list(near_duplicate.target(part=part).choose(Samples(tmp_path, *pairs))))

    assert kept("prompt", pair(1, 2, 3), pair(1, 4, 5)) == 1
    assert kept("response", pair(1, 2, 3), pair(4, 2, 3)) == 1
    assert kept("response", pair(1, 2, 3), pair(4, 5, 3)) == 2  # one model's bad answer beside two good ones


def test_a_letter_is_one_class_however_it_is_written(tmp_path: Path) -> None:
    letters = ["A", "(A)", "A.", "Option A"] * 10 + ["B"] * 10 + ["(C)"] * 10
    samples = [Chat.of(prose(n), letter, Answer(value=letter)) for n, letter in enumerate(letters)]
    check = balance.target(by="answer", most=0.4)
    assert len(list(check.choose(Samples(tmp_path, *samples)))) == 27
    assert check.figures["classes"] == {"A": 40, "B": 10, "C": 10}


def test_a_template_keeps_its_share_and_no_more(tmp_path: Path) -> None:
    alike = [Chat.of("q", f"Sure, here is what you asked for: {prose(n)}") for n in range(50)]
    free = [Chat.of("q", prose(100 + n)) for n in range(50)]
    check = diversity.target(max_template=0.2)
    rejected = dict(check.choose(Samples(tmp_path, *alike, *free)))
    assert len(rejected) == 30
    assert all(sample_id < "0050" for sample_id in rejected)
    assert {verdict.reason for verdict in rejected.values()} == {"too many responses with one opening"}
    assert check.figures["template"] == 0.5
    assert check.figures["opening"] == "sure here is what you asked"
    assert list(diversity.target().choose(Samples(tmp_path, *free))) == []


def test_refusals_keep_their_share_and_honest_apologies_in_the_text_are_none(tmp_path: Path) -> None:
    refusals = [Chat.of("q", f"I'm sorry, but I can't help with {prose(n, 5)}.") for n in range(20)]
    honest = [Chat.of("q", f"{prose(n)} I'm sorry, said the hare.") for n in range(80)]
    rejected = dict(diversity.target(at_least=2).choose(Samples(tmp_path, *refusals, *honest)))
    assert len(rejected) == 18
    assert {verdict.reason for verdict in rejected.values()} == {"too many refusals in the dataset"}


@pytest.mark.parametrize(
    "text",
    [
        *(
            "As an AI language model, I cannot",
            "I won't be able to help with that.",
            "**Sorry**, I can't comply.",
        ),
        *("Lo siento, no puedo ayudar con eso.", "对不起，我无法提供帮助。", "Извините, я не могу помочь."),
    ],
)
def test_a_refusal_is_one_in_any_language(text: str) -> None:
    assert refusal(text.replace("**", ""))


@pytest.mark.parametrize(
    "text",
    [
        *(
            "As an aide to the king, I can",
            "I can hardly wait",
            "I can't wait to show you.",
            "Sorry is a hard word.",
        ),
        *(
            "I'm sorry to hear about your loss; here is a letter.",
            "The court cannot assist with this request.",
        ),
    ],
)
def test_an_honest_beginning_is_no_refusal(text: str) -> None:
    assert not refusal(text)


def test_a_class_keeps_its_share_of_what_stays(tmp_path: Path) -> None:
    letters = ["A"] * 60 + ["B"] * 20 + ["C"] * 20
    samples = [Chat.of(prose(n), letter, Answer(value=letter)) for n, letter in enumerate(letters)]
    rejected = dict(balance.target(by="answer", most=0.4).choose(Samples(tmp_path, *samples)))
    left = 100 - len(rejected)
    assert {verdict.details["of"] for verdict in rejected.values()} == {"A"}
    assert (60 - len(rejected)) / left <= 0.4 < (61 - len(rejected)) / (left + 1)


def test_classes_that_cannot_have_so_small_a_share_end_even() -> None:
    assert cap([10, 4], 0.3, 1) == 4
    assert cap([10, 10], 0.5, 1) == 10
    assert cap([100], 0.5, 3) == 100  # one class alone: there is nothing to balance against
    assert cap([], 0.5, 2) == 2


def test_balance_goes_by_what_was_drawn_and_names_the_axes_where_there_is_no_such_one(tmp_path: Path) -> None:
    draws = [{"tone": "dry"}] * 8 + [{"tone": "warm"}] * 2
    samples = Samples(tmp_path, *(Chat.of("q", prose(n)) for n in range(10)), draws=draws)
    assert len(list(balance.target(by="tone").choose(samples))) == 6
    with pytest.raises(ValueError, match=r"no sample has the class 'tune'; by: is an axis \(tone\)"):
        list(balance.target(by="tune").choose(samples))


# ------------------------------------------------------------------------------------- in a build

TONES = "  steps: {seeds: questions, generator: lab.steps, validators: [%s]}"


def test_a_check_runs_once_the_dataset_is_finished_and_again_only_where_its_samples_changed(
    project: Project,
) -> None:
    project.questions(*(f"question {number}?" for number in range(6)))
    project.catalog(TONES % "{lab.short: {most: 200}}, {balance: {by: seed, at_most: 1}}")
    project.factory("build")
    assert project.query("select state, count(*) from judged group by all order by all") == [
        ("accepted", 6),
        ("rejected", 6),
    ]
    assert project.query("select validator, reason, samples from rejections") == [
        ("balance", "more than its share by seed", 6)
    ]
    figures = project.query("select samples, rejected, figures ->> '$.room' from dataset_figures")
    assert figures == [(12, 6, "1")]
    assert "nothing to do" in project.factory("build")
    assert project.query("select count(*) from dataset_checks") == [(1,)]
    project.questions(*(f"question {number}?" for number in range(5)))
    project.factory("build")
    assert project.query("select samples, rejected from dataset_figures") == [(10, 5)]
    assert project.query("select count(*) from accepted") == [(5,)]


def test_what_a_validator_rejects_no_check_sees_and_a_changed_validator_brings_it_back(
    project: Project,
) -> None:
    project.questions("one?", "a much longer question than the other one is, by far?")
    project.catalog(TONES % "{lab.short: {most: 65}}, {balance: {by: seed, at_most: 1}}")
    project.factory("build")
    assert project.query("select samples from dataset_figures")[0][0] < 4
    calls = project.query("select count(*) from calls")
    project.catalog(TONES % "lab.short, {balance: {by: seed, at_most: 1}}")
    assert "validators changed" in project.factory("plan")
    project.factory("build")
    assert project.query("select samples, rejected from dataset_figures") == [(4, 2)]
    assert project.query("select count(*) from calls") == calls


def test_samples_are_held_while_seeds_wait_and_a_check_that_fails_says_so(project: Project) -> None:
    project.questions(*(f"question {number}?" for number in range(4)))
    project.catalog(TONES % "{balance: {by: nothing}}")
    told = project.factory("build", code=1)
    assert "the check balance failed" in told
    assert "by: is an axis (tone)" in told
    assert project.query("select distinct state from judged") == [("held",)]
    assert project.query("select count(*) from accepted") == [(0,)]
    assert "not finished" in project.factory("export", "steps", code=1)
    project.catalog(TONES % "{balance: {by: tone}}")
    project.factory("build")
    assert project.query("select count(*) from judged where state = 'held'") == [(0,)]


def test_the_order_of_validators_is_checked_before_anything_is_paid(project: Project) -> None:
    project.questions("one?")
    project.catalog(TONES % "{balance: {by: seed}}, lab.short")
    told = project.factory("build", code=1)
    assert "lab.short judges single samples, and balance before it the whole dataset; put it before" in told


def test_a_third_partys_check_takes_part_like_any_other(project: Project) -> None:
    project.plugin(
        "labchecks/first.py",
        '''
        """Keeps so many."""
        from factory.plugins import validator
        from factory.records import Verdict

        @validator()
        class first:
            """Keeps so many."""
            def __init__(self, *, keep: int = 2) -> None:
                self.keep = keep
            def choose(self, samples):
                self.figures = {"seen": len(samples)}
                for number, one in enumerate(samples):
                    if number >= self.keep:
                        yield one.sample_id, Verdict.reject("enough")
        ''',
    )
    project.questions("one?", "two?")
    project.catalog(TONES % "lab.first")
    project.factory("build")
    kept = project.query("select sample_id from accepted order by all")
    assert kept == project.query("select sample_id from samples order by all")[:2]
    assert "lab.first" in project.factory("plugins")


# -------------------------------------------------------------------------------------- the alarm


def test_honest_variety_never_sounds_the_alarm_and_collapse_does() -> None:
    alarm = Alarm(window=100)
    assert {alarm.hear([Chat.of("q", prose(number))]) for number in range(300)} == {""}
    told = [alarm.hear([Chat.of("q", f"The answer is {number % 3}.")]) for number in range(200)]
    assert any("repeat another" in one for one in told)
    refusing = Alarm(window=40)
    assert "refuse" in "".join(
        refusing.hear([Chat.of("q", f"I cannot help with {prose(n)}")]) for n in range(40)
    )


def test_the_measures_know_no_language() -> None:
    figures = measure(["天気がいいので散歩します", "天気がいいので出かけます", ""])
    assert figures.responses == 2
    assert figures.template == 1.0
    assert 0 < figures.distinct < 1


def test_a_build_pauses_a_dataset_that_collapses_says_why_and_goes_on_when_told(
    project: Project, serve: Callable[..., Server]
) -> None:
    server = serve()
    project.plugin("lab/answer.md", "# lab.answer\n## answer\nAnswer in one word.\n### example\nYes.\n")
    project.questions(*(f"question {number}?" for number in range(900)))
    models = (
        f"{{writer: {{model: openai/other, api_key: none, api_base: '{server.address}', concurrency: 4}}}}"
    )
    project.catalog("  answers: {seeds: questions, generator: lab.answer}", models)
    told = project.factory("build", code=1)
    assert "paused answers: 100% of the last 200 responses repeat another" in told.replace("\n", " ")
    done = project.query("select done, waiting from progress")[0]
    assert 200 <= done[0] < 300
    assert sum(done) == 900
    project.catalog("  answers: {seeds: questions, generator: lab.answer, alarm: false}", models)
    project.factory("build")
    assert project.query("select done, waiting from progress") == [(900, 0)]
