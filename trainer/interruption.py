"""Ctrl-C and SIGTERM: a run ends its step, writes a checkpoint and goes."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType


class Interruption:
    """Whether this rank was asked to stop, and whether all ranks have agreed to."""

    asked = False
    agreed = False


@contextmanager
def interruptible() -> Iterator[Interruption]:
    """A first Ctrl-C or SIGTERM asks to stop after the step; a second one ends the process as usual."""
    interruption = Interruption()
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}

    def ask(number: int, frame: FrameType | None) -> None:
        interruption.asked = True
        signal.signal(number, before[signal.Signals(number)])

    for number in before:
        signal.signal(number, ask)
    try:
        yield interruption
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
