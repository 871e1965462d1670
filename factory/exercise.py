"""The seed that asks for a program and brings the tests that it must pass."""

from __future__ import annotations

from factory.records import Case, Exchange, Seed


class Exercise(Seed, kind="exercise"):
    """A Python program that is asked for in words, and what it must pass, in the forms of `Tests`."""

    text: str
    cases: tuple[Case, ...] = ()
    asserts: str = ""
    exchanges: tuple[Exchange, ...] = ()
