"""Which parts of a sample are judged as a conversation."""

from __future__ import annotations

from factory.records import Chat, Message, Preference, Sample, Text


def turns(sample: Sample) -> tuple[Message, ...]:
    """The turns of a conversation; of a preference, its prompt and the chosen response, since the rejected one may
    have any fault. Nothing of what is no conversation."""
    if isinstance(sample, Chat):
        return sample.messages
    if isinstance(sample, Preference):
        return (*sample.prompt, Message(role="assistant", content=sample.chosen))
    return ()


def answers(sample: Sample) -> list[str]:
    """What the assistant says in the turns, or a text."""
    if isinstance(sample, Text):
        return [sample.text]
    return [turn.content for turn in turns(sample) if turn.role == "assistant"]
