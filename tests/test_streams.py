"""Streams and marks: what makes asks repeatable, and what a retry asks anew."""

from __future__ import annotations

from factory.teacher.streams import Mark, Stream, attempt_at


def test_a_stream_draws_the_same_chance_every_time_and_another_stream_draws_another() -> None:
    first, again = Stream.start("seed", ""), Stream.start("seed", "")
    assert [first.random.random() for _ in range(3)] == [again.random.random() for _ in range(3)]
    assert Stream.start("seed", "").random.random() != Stream.start("seed", "/0.0").random.random()


def test_identical_asks_are_told_apart_by_their_draw() -> None:
    stream = Stream.start("seed", "")
    assert list(stream.take_draws("a", 5)) == [0, 1, 2, 3, 4]
    assert list(stream.take_draws("b", 1)) == [0]
    assert list(stream.take_draws("a", 2)) == [5, 6]


def test_every_gather_has_branches_of_its_own() -> None:
    stream = Stream.start("seed", "")
    names = [branch.name for _ in range(2) for branch in stream.branches("seed", 2)]
    assert names == ["/0.0", "/0.1", "/1.0", "/1.1"]


def test_a_retry_asks_anew_from_the_failing_ask_on_and_in_its_stream_alone() -> None:
    marks = [Mark("", 2), Mark("", 3)]
    assert [attempt_at(marks, "", ordinal, 0) for ordinal in range(5)] == [0, 0, 1, 2, 2]
    assert attempt_at(marks, "/0.0", 4, 0) == 0


def test_one_draw_at_fault_does_not_ask_its_siblings_anew() -> None:
    marks = [Mark("", 1, draw=3)]
    assert [attempt_at(marks, "", 1, draw) for draw in range(5)] == [0, 0, 0, 1, 0]
    assert attempt_at(marks, "", 2, 0) == 1


def test_a_failure_of_no_recorded_reply_leaves_all_of_them_in_use() -> None:
    assert attempt_at([Mark()], "", 0, 0) == 0
