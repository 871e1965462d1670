"""Records: ids depend on content alone, and what is stored is read back as it was."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from factory.errors import FactoryError
from factory.records import Answer, Case, Chat, Code, Document, Evidence, Passage, Sample, Seed, Tests


def test_the_same_content_is_one_seed_and_its_kind_counts() -> None:
    assert Passage(text="a", title="b").id == Passage(title="b", text="a").id
    assert Passage(text="a").id != Document(text="a").id
    assert Passage(text="a").id == "5d71d1f2db0874d8f65cc366ff3abe6f"  # the same on every machine


@pytest.mark.parametrize(
    "record",
    [
        Code(text="b", name="f"),
        Chat.of("q", "a", Answer(value="1"), Tests(program="x = 1", cases=(Case(call="x", expected="1"),))),
    ],
)
def test_what_is_tagged_is_read_back_as_it_was(record: Seed | Sample) -> None:
    assert type(record).untagged(record.tagged()) == record


def test_a_sample_id_depends_on_dataset_seed_content_and_evidence() -> None:
    plain = Chat.of("q", "a")
    ids = {
        plain.id_in("d", "s"),
        plain.id_in("e", "s"),
        plain.id_in("d", "t"),
        Chat.of("q", "b").id_in("d", "s"),
        Chat.of("q", "a", Answer(value="1")).id_in("d", "s"),
    }
    assert len(ids) == 5


def test_a_plugin_may_add_a_kind_and_may_not_take_one() -> None:
    class Melody(Evidence, kind="test_melody"):
        notes: str

    assert Evidence.untagged({"kind": "test_melody", "notes": "cde"}) == Melody(notes="cde")
    with pytest.raises(FactoryError, match="two classes claim the kind 'answer'"):

        class Taken(Evidence, kind="answer"):
            pass


def test_an_unknown_kind_is_an_error_with_a_near_miss() -> None:
    with pytest.raises(FactoryError, match="did you mean 'passage'"):
        Seed.of_kind("pasage")


def test_records_are_frozen_and_know_their_fields() -> None:
    with pytest.raises(ValidationError):
        Passage(text="a").text = "b"  # type: ignore[misc]
    with pytest.raises(ValidationError):
        Passage(text="a", tilte="b")  # type: ignore[call-arg]
