"""What the views of a store mean."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from store_rows import StoreRows

from factory.records import Chat
from factory.store.reader import query

FORMAT = [("format", "v1")]


@pytest.fixture
def rows() -> StoreRows:
    return StoreRows()


@pytest.fixture
def read(rows: StoreRows, tmp_path: Path) -> Any:
    """Writes the rows and gives what a query says, as tuples."""

    def ask(sql: str) -> list[tuple[Any, ...]]:
        path = tmp_path / "store.duckdb"
        if not path.exists():
            rows.write(path)
        return [tuple(row.values()) for row in query(path, sql).to_pylist()]

    return ask


def chat(text: str) -> Chat:
    return Chat.of(f"{text}?", text)


def test_a_sample_is_accepted_once_every_validator_of_its_dataset_passed_it(
    rows: StoreRows, read: Any
) -> None:
    rows.seed(1)
    rows.dataset("talks", validators=[("format", "v1"), ("vote", "v1")])
    good, bad, waiting = rows.run("talks", 1, chat("good"), chat("bad"), chat("waiting"))
    for sample in (good, bad, waiting):
        rows.verdict("talks", sample)
    rows.verdict("talks", good, validator="vote")
    rows.verdict("talks", bad, False, "no majority", validator="vote")
    assert read("select sample_id from accepted") == [(good,)]
    assert read("select sample_id, rejected_by, reason from rejected") == [(bad, "vote", "no majority")]
    assert read("select sample_id from judged where state = 'waiting'") == [(waiting,)]


def test_a_dataset_without_validators_accepts_everything(rows: StoreRows, read: Any) -> None:
    rows.seed(1)
    rows.dataset("talks")
    (sample,) = rows.run("talks", 1, chat("one"))
    assert read("select sample_id from accepted") == [(sample,)]


def test_the_first_validator_of_the_catalogue_that_rejects_is_named(rows: StoreRows, read: Any) -> None:
    rows.seed(1)
    rows.dataset("talks", validators=[("format", "v1"), ("vote", "v1")])
    (sample,) = rows.run("talks", 1, chat("bad"))
    rows.verdict("talks", sample, False, "no majority", validator="vote")
    rows.verdict("talks", sample, False, "too short")
    assert read("select rejected_by, reason from rejected") == [("format", "too short")]


def test_a_verdict_of_an_older_validator_does_not_count(rows: StoreRows, read: Any) -> None:
    rows.seed(1)
    rows.dataset("talks", validators=[("format", "v2")])
    (sample,) = rows.run("talks", 1, chat("one"))
    rows.verdict("talks", sample, fingerprint="v1")
    assert read("select state from judged") == [("waiting",)]
    assert read("select done, unjudged from progress") == [(0, 1)]


def test_the_newest_verdict_of_a_validator_counts(rows: StoreRows, read: Any) -> None:
    rows.seed(1)
    rows.dataset("talks", validators=FORMAT)
    (sample,) = rows.run("talks", 1, chat("one"))
    rows.verdict("talks", sample, False, "too short")
    rows.verdict("talks", sample)
    assert read("select sample_id from accepted") == [(sample,)]


def test_samples_of_withdrawn_seeds_leave_accepted_but_not_the_store(rows: StoreRows, read: Any) -> None:
    rows.dataset("talks")
    rows.seed(1)
    rows.seed(2, withdrawn=True)
    (kept,) = rows.run("talks", 1, chat("kept"))
    rows.run("talks", 2, chat("withdrawn"))
    assert read("select sample_id from accepted") == [(kept,)]
    assert read("select count(*) from samples") == [(2,)]
    assert read("select seeds, done from progress") == [(1, 1)]


def test_a_seed_found_in_two_places_counts_once_until_both_are_withdrawn(rows: StoreRows, read: Any) -> None:
    rows.dataset("talks")
    rows.seed(1)
    rows.rows["origins"].append(rows.rows["origins"][0] | {"address": "copy.html"})
    rows.rows["origins"][0]["withdrawn"] = True
    rows.run("talks", 1, chat("one"))
    assert read("select count(*) from accepted") == [(1,)]
    assert read("select seeds from progress") == [(1,)]


def test_the_newest_successful_run_of_a_seed_counts(rows: StoreRows, read: Any) -> None:
    rows.seed(1)
    rows.dataset("talks", fingerprint="f3")
    rows.run("talks", 1, chat("first"), fingerprint="f1")
    (second,) = rows.run("talks", 1, chat("second"), fingerprint="f2")
    rows.run("talks", 1, fingerprint="f3", status="failed")
    assert read("select sample_id from accepted") == [(second,)]
    assert read("select failed, stale from progress") == [(1, 0)]


def test_going_back_to_earlier_settings_brings_their_samples_back(rows: StoreRows, read: Any) -> None:
    rows.seed(1)
    rows.dataset("talks", fingerprint="f1")
    (first,) = rows.run("talks", 1, chat("first"), fingerprint="f1")
    rows.run("talks", 1, chat("second"), fingerprint="f2")
    assert read("select sample_id from accepted") == [(first,)]


def test_a_dataset_takes_no_more_seeds_than_its_limit(rows: StoreRows, read: Any) -> None:
    rows.dataset("talks", limit=2)
    for number in (3, 1, 2):
        rows.seed(number)
        rows.run("talks", number, chat(str(number)))
    assert read("select seed_number from accepted order by 1") == [(1,), (2,)]
    assert read("select seeds from progress") == [(2,)]


def test_samples_of_a_dataset_that_left_the_catalogue_are_not_accepted(rows: StoreRows, read: Any) -> None:
    rows.seed(1)
    rows.run("gone", 1, chat("one"))
    assert read("select * from accepted") == []


def test_progress_puts_every_seed_of_every_dataset_in_one_place(rows: StoreRows, read: Any) -> None:
    rows.dataset("empty", limit=0)
    rows.dataset("talks", fingerprint="f2", validators=FORMAT)
    for number in range(1, 7):
        rows.seed(number)
    (judged,) = rows.run("talks", 1, chat("judged"), fingerprint="f2")
    rows.verdict("talks", judged, False, "too short")
    rows.run("talks", 2, chat("unjudged"), fingerprint="f2")
    rows.run("talks", 3, fingerprint="f2", status="failed")
    rows.run("talks", 4, fingerprint="f2", status="failed")
    rows.run("talks", 4, fingerprint="f2")
    rows.run("talks", 5, chat("stale"), fingerprint="f1")
    assert read("select dataset, seeds, done, unjudged, failed, stale, waiting from progress") == [
        ("empty", 0, 0, 0, 0, 0, 0),
        ("talks", 6, 2, 1, 1, 1, 1),
    ]


def test_rejections_are_counted_by_reason(rows: StoreRows, read: Any) -> None:
    rows.seed(1)
    rows.dataset("talks", validators=FORMAT)
    ids = rows.run("talks", 1, *(chat(text) for text in "abc"))
    for sample, reason in zip(ids, ("too short", "too short", "wrong language"), strict=True):
        rows.verdict("talks", sample, False, reason)
    assert read("select validator, reason, samples from rejections") == [
        ("format", "too short", 2),
        ("format", "wrong language", 1),
    ]


def test_spend_and_yield_count_calls_tokens_and_money(rows: StoreRows, read: Any) -> None:
    rows.seed(1)
    rows.dataset("talks", validators=FORMAT)
    good, bad = rows.run("talks", 1, chat("good"), chat("bad"), calls=["k1", "k2"])
    rows.verdict("talks", good)
    rows.verdict("talks", bad, False, "too short")
    for key in ("k1", "k2", "unused"):
        rows.call(key, "talks")
    assert read("select calls, prompt_tokens, completion_tokens, cost, mean_seconds from spend") == [
        (3, 300, 60, 1.5, 2.0)
    ]
    assert read(
        "select generator, seeds, done, samples, accepted, rejected, calls, tokens, cost, cost_per_accepted"
        " from yield_by_generator"
    ) == [("extract.qa", 1, 1, 2, 1, 1, 2, 240, 1.0, 1.0)]


def test_the_calls_of_a_validator_count_in_what_an_accepted_sample_costs(rows: StoreRows, read: Any) -> None:
    rows.seed(1)
    rows.dataset("talks", validators=[("rubric", "v1")])
    (sample,) = rows.run("talks", 1, chat("good"), calls=["k1"])
    rows.verdict("talks", sample, validator="rubric")
    rows.call("k1", "talks")
    rows.call("k2", "talks", stream=f"rubric:{sample}")
    rows.call("k3", "talks", stream=f"rubric:{sample}/1")
    rows.call("k4", "talks", stream="rubric:0123456789")  # of a sample that is no longer current
    assert read("select calls, cost, calls_per_accepted from yield_by_generator") == [(3, 1.5, 3.0)]


def test_lineage_leads_from_a_sample_to_replies_runs_verdicts_and_page(rows: StoreRows, read: Any) -> None:
    rows.seed(1)
    rows.dataset("talks", validators=FORMAT)
    (sample,) = rows.run("talks", 1, chat("good"), calls=["k1", "k2"], executions=["e1"])
    rows.verdict("talks", sample)
    rows.execution("e1", "talks")
    for key in ("k1", "k2"):
        rows.call(key, "talks")
    assert read(
        "select what, step, coalesce(reply, status, passed::varchar), origins[1].address from lineage"
        f" where sample_id = '{sample}' order by what, step"
    ) == [
        ("call", 0, "reply k1", "page1.html"),
        ("call", 1, "reply k2", "page1.html"),
        ("execution", 0, "ok", "page1.html"),
        ("verdict", 0, "true", "page1.html"),
    ]
