"""A build: what it promises, seen through the command line and the store."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from conftest import Project, Server

STEPS = "  steps: {seeds: questions, generator: lab.steps}"
ANSWERS = "  answers: {seeds: questions, generator: lab.answer, validators: [lab.short]}"


def test_a_build_makes_rows_and_a_second_one_does_nothing(project: Project) -> None:
    project.questions("one?", "two?", "three?")
    project.catalog(STEPS)
    project.factory("build")
    assert project.query("select count(*), count(distinct sample_id) from accepted") == [(6, 6)]
    assert project.query("select sum(duplicates) from runs") == [(3,)]
    calls = project.query("select count(*) from calls")
    assert calls == [(3 * 6,)]
    assert "nothing to do" in project.factory("build")
    assert project.query("select count(*) from calls") == calls


def test_seeds_that_give_no_sample_are_counted_and_named(project: Project) -> None:
    project.plugin(
        "lab/choosy.py",
        """
        from factory.plugins import generator
        from factory.records import Chat, Question

        @generator(seeds=Question, gives=Chat)
        async def choosy(seed, teacher):
            if "good" in seed.text:
                yield Chat.of(seed.text, "yes")
        """,
    )
    project.questions("good?", "bad?")
    project.catalog("  rows: {seeds: questions, generator: lab.choosy}")
    table = project.factory("build").splitlines()
    heading = next(place for place, line in enumerate(table) if line.startswith("dataset"))
    columns = dict(zip(table[heading].split()[:5], table[heading + 1].split(), strict=False))
    assert (columns["seeds"], columns["empty"], columns["accepted"]) == ("2", "1", "1")
    assert project.query("select dataset, address, place from empty_seeds") == [
        ("rows", "questions.jsonl", "line 2")
    ]


def test_seeds_that_failed_are_not_passed_over_by_a_later_build(project: Project) -> None:
    project.plugin(
        "lab/fragile.py",
        """
        from factory.plugins import generator
        from factory.records import Chat, Question

        @generator(seeds=Question, gives=Chat)
        async def fragile(seed, teacher):
            yield Chat.of(seed.text, {"good?": "yes"}[seed.text])
        """,
    )
    project.questions("good?", "bad?")
    project.catalog("  rows: {seeds: questions, generator: lab.fragile}")
    project.factory("build", code=1)
    assert "are left (1 of rows): factory build --retry failed" in project.factory("build", code=1)
    assert "'factory build --retry failed'" in project.factory("export", "rows", code=1)
    project.catalog("  rows: {seeds: questions, generator: lab.fragile, max_failed: 1}")
    assert "within max_failed: 1 of rows" in project.factory("build")
    project.factory("export", "rows")


def test_every_row_leads_back_to_the_line_its_seed_stands_on_and_to_each_call(project: Project) -> None:
    project.questions("one?", "two?")
    project.catalog(STEPS)
    project.factory("build")
    sections = project.query(
        "select list(section order by step) from lineage where what = 'call' group by sample_id"
    )
    assert all(
        sorted(found) == sorted(["plan", "vote", "vote", "vote", "branch", "branch"]) for (found,) in sections
    )
    places = project.query("select distinct origins[1].address, origins[1].place from lineage order by all")
    assert places == [("questions.jsonl", "line 1"), ("questions.jsonl", "line 2")]


def test_a_replay_with_nothing_new_allowed_gives_the_same_samples(project: Project) -> None:
    project.questions("one?", "two?", "three?")
    project.catalog(STEPS)
    project.factory("build")
    assert "3 seeds replayed, 0 differ" in project.factory("replay")


def test_a_reply_that_is_lost_from_the_store_makes_the_replay_fail(project: Project) -> None:
    import duckdb

    project.questions("one?", "two?")
    project.catalog(STEPS)
    project.factory("build")
    with duckdb.connect(str(project.folder / "build/factory.duckdb")) as connection:
        connection.execute("delete from calls where section = 'plan' and seed_number = 1")
    assert "1 differ" in project.factory("replay", code=1)


def test_what_a_build_does_counts_also_where_the_clock_was_put_back(project: Project) -> None:
    import duckdb

    project.plugin(
        "lab/moody.py",
        """
        from collections.abc import AsyncIterator
        from pathlib import Path
        from factory.plugins import generator
        from factory.records import Chat, Question
        from factory.teacher import Teacher

        @generator(seeds=Question, gives=Chat)
        async def moody(question: Question, teacher: Teacher) -> AsyncIterator[Chat]:
            if Path("out of order").exists():
                raise ValueError("not today")
            yield Chat.of(question.text, "42")
        """,
    )
    project.questions("one?", "two?")
    project.catalog("  moody: {seeds: questions, generator: lab.moody}")
    project.write("out of order", "")
    project.factory("build", code=1)
    # Seen from these rows, the next build runs a day ago.
    with duckdb.connect(str(project.folder / "build/factory.duckdb")) as connection:
        for table in ("runs", "failures"):
            connection.execute(f"update {table} set recorded_at = recorded_at + interval 1 day")
    (project.folder / "out of order").unlink()
    project.factory("build", "--retry", "failed")
    assert project.query("select done, failed from progress") == [(2, 0)]
    assert "nothing to do" in project.factory("build", "--retry", "failed")


def test_a_seed_that_fails_is_kept_with_its_traceback_and_asked_anew_from_the_fault_on(
    project: Project,
) -> None:
    project.questions(*(f"bad {number}?" for number in range(8)), "good?")
    project.catalog("  steps: {seeds: questions, generator: lab.steps, with: {fragile: true}}")
    project.factory("build", code=1)
    failed = project.query("select error, traceback, attempt from failures")
    assert 0 < len(failed) < 9
    assert all("cannot use the votes" in error and "Traceback" in told for error, told, _ in failed)
    before = project.query("select count(*) from calls")[0][0]
    assert "nothing to do" in project.factory("build", code=1)  # failed seeds wait until they are asked for
    project.factory("build", "--retry", "failed", code=1 if len(failed) > 1 else 0)
    again = project.query("select section, attempt, count(*) from calls where attempt > 0 group by all")
    # The fault came after the last ask of the stream, the votes; the plan before it is not paid again.
    assert {section for section, _, _ in again} <= {"vote"}
    assert project.query("select count(*) from calls")[0][0] > before
    done, left = project.query("select done, failed from progress")[0]
    assert done + left == 9


def test_a_change_of_model_supersedes_and_a_change_of_address_or_budget_does_not(
    project: Project, serve: Callable[..., Server]
) -> None:
    server = serve()
    models = f"{{writer: {{model: rehearsal, api_base: '{server.address}'}}}}"
    project.questions("one?", "two?")
    project.catalog(ANSWERS, models)
    project.factory("build")
    before = project.query("select sample_id, fingerprint from accepted order by all")
    other = serve()
    cheaper = models.replace(server.address, other.address).replace("rehearsal,", "rehearsal, budget: 5,")
    project.catalog(ANSWERS, cheaper)
    assert "nothing to do" in project.factory("build")
    assert "finished" in project.factory("plan")
    project.catalog(ANSWERS, models.replace("rehearsal,", "rehearsal, temperature: 0.1,"))
    assert "changed" in project.factory("plan")
    project.factory("build")
    after = project.query("select sample_id, fingerprint from accepted order by all")
    assert len(after) == len(before) == 2
    assert {row[1] for row in after}.isdisjoint({row[1] for row in before})
    assert project.query("select count(*) from samples") == [(4,)]  # history stays


def test_a_changed_plugin_makes_its_rows_stale(project: Project) -> None:
    project.questions("one?")
    project.catalog(ANSWERS)
    project.factory("build")
    text = (project.site / "lab/answer.md").read_text()
    project.plugin("lab/answer.md", text.replace("in one line", "in one short line"))
    project.factory("build")
    assert project.query("select count(*) from calls") == [(2,)]
    assert project.query("select count(*) from accepted") == [(1,)]


def test_a_changed_validator_judges_anew_without_asking_the_generator(project: Project) -> None:
    project.questions("one?", "a much longer question than the other one?")
    project.catalog(ANSWERS)
    project.factory("build")
    project.catalog(ANSWERS.replace("[lab.short]", "[{lab.short: {most: 50}}]"))
    project.factory("build")
    assert project.query("select count(*) from calls") == [(2,)]
    assert project.query("select validator, reason, samples from rejections") == [
        ("lab.short", "too long", 1)
    ]
    assert project.query("select count(*) from accepted") == [(1,)]


def test_a_seed_that_is_withdrawn_leaves_accepted_and_not_the_store(project: Project) -> None:
    project.questions("one?", "two?")
    project.catalog(ANSWERS)
    project.factory("build")
    project.questions("two?", "three?")
    project.factory("build")
    asked = "select messages[1].content from {} order by all"
    assert project.query(asked.format("accepted")) == [("three?",), ("two?",)]
    assert project.query(asked.format("samples")) == [("one?",), ("three?",), ("two?",)]


def test_the_same_content_in_two_files_is_one_seed_with_two_origins(project: Project) -> None:
    project.questions("one?")
    (project.folder / "more.jsonl").write_text((project.folder / "questions.jsonl").read_text())
    project.catalog(ANSWERS)
    catalog = project.folder / "catalog.yaml"
    catalog.write_text(catalog.read_text().replace("path: questions.jsonl", "path: '*.jsonl'"))
    project.factory("build")
    assert project.query("select count(*) from seeds") == [(1,)]
    assert project.query("select address from origins order by all") == [
        ("more.jsonl",),
        ("questions.jsonl",),
    ]
    assert project.query("select count(*) from accepted") == [(1,)]


def test_a_broken_record_is_a_row_of_failures_and_the_others_are_built(project: Project) -> None:
    project.write("questions.jsonl", '{"text": "one?"}\nnot json\n{"text": "three?"}\n')
    project.catalog(ANSWERS)
    assert "1 broken" in project.factory("build", code=1)
    assert project.query("select stage, address from failures") == [("source", "questions.jsonl line 2")]
    assert project.query("select count(*) from accepted") == [(2,)]


def test_replies_that_break_their_schema_are_asked_again_and_none_is_lost(project: Project) -> None:
    project.questions(*(f"question {number}?" for number in range(30)))
    project.catalog(STEPS, "{writer: {model: rehearsal, rehearsal: {broken_json: 0.1, server_error: 0.1}}}")
    out = project.factory("build", "--retry", "failed", code=0)
    assert "30" in out
    assert project.query("select count(*) from accepted") == [(60,)]
    repaired = project.query("select count(*) from calls where stream like '%repair%'")[0][0]
    assert repaired > 0
    assert "30 seeds replayed, 0 differ" in project.factory("replay")


def test_a_second_dataset_over_the_same_prompts_pays_nothing(project: Project) -> None:
    project.questions("one?", "two?")
    project.catalog(STEPS + "\n" + STEPS.replace("steps:", "twin:", 1))
    project.factory("build")
    assert project.query("select dataset, count(*) from accepted group by all order by all") == [
        ("steps", 4),
        ("twin", 4),
    ]
    assert project.query("select count(*) from calls") == [(12,)]


def test_a_generator_that_asks_for_no_reply_gets_none(project: Project) -> None:
    project.plugin(
        "lab/some.py",
        """
        from factory.plugins import generator
        from factory.records import Chat, Question

        @generator(seeds=Question, gives=Chat)
        async def some(question, teacher, *, most: int = 0):
            replies = await teacher.ask("reply", n=most)
            yield Chat.of(question.text, str(len(replies) + len(await teacher.gather())))
        """,
    )
    project.plugin("lab/some.md", "# lab.some\n## reply\nSay it.\n### example\nIt.\n")
    project.questions("one?")
    project.catalog("  some: {seeds: questions, generator: lab.some}")
    project.factory("build")
    assert project.query("select messages[-1].content from accepted") == [("0",)]


def test_a_validator_that_many_datasets_name_alike_is_set_up_once(project: Project) -> None:
    project.plugin(
        "labchecks/held.py",
        """
        from pathlib import Path
        from factory.plugins import validator
        from factory.records import Verdict

        @validator()
        class held:
            def __init__(self, *, most: int = 100) -> None:
                self.most = most

            async def setup(self) -> None:
                self.note("open")

            async def teardown(self) -> None:
                self.note("close")

            def note(self, what: str) -> None:
                with Path("log").open("a") as log:
                    log.write(f"{what} {self.most}\\n")

            async def check(self, sample, teacher):
                return Verdict.accept()
        """,
    )
    project.questions("one?")
    named = "  %s: {seeds: questions, generator: lab.answer, validators: [{lab.held: {most: %d}}]}"
    project.catalog("\n".join([named % ("a", 1), named % ("b", 1), named % ("c", 2)]))
    project.factory("build")
    log = (project.folder / "log").read_text().split("\n")[:-1]
    assert sorted(log) == ["close 1", "close 2", "open 1", "open 2"]
    assert project.query("select dataset from accepted order by all") == [("a",), ("b",), ("c",)]


def test_a_plugin_that_fails_to_import_fails_only_the_datasets_that_name_it(project: Project) -> None:
    project.questions("one?")
    project.plugin("lab/broken.py", "import nowhere_at_all\n\n\n@generator\ndef broken(): ...\n")
    project.catalog(ANSWERS + "\n  broken: {seeds: questions, generator: lab.broken}")
    told = project.factory("build", code=1)
    assert "nowhere_at_all" in told
    assert "datasets that need it, not built: broken" in told
    assert project.query("select distinct dataset from accepted") == [("answers",)]


@pytest.mark.parametrize(
    ("catalog", "told"),
    [
        ("  a: {seeds: questions, generator: lab.stepz}", "did you mean 'lab.steps'?"),
        ("  a: {seeds: questions, generator: lab.steps, with: {fragil: true}}", "did you mean 'fragile'?"),
        (
            "  a: {seeds: questions, generator: lab.answer, validators: [majority_vote]}",
            "needs evidence 'answer'",
        ),
    ],
)
def test_a_wrong_catalogue_is_told_before_anything_is_asked(
    project: Project, catalog: str, told: str
) -> None:
    project.questions("one?")
    project.catalog(catalog)
    assert told in project.factory("build", code=1)
    assert not (project.folder / "build").exists()


def test_a_missing_seed_file_is_named(project: Project) -> None:
    project.catalog(ANSWERS)
    assert "no file matches questions.jsonl" in project.factory("build", code=1)
