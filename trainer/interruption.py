"""Ctrl-C and SIGTERM: a run ends its step, writes a checkpoint and goes."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

STDERR = 2
TOLD = b"\nstopping after this step, with a checkpoint; once more stops at once\n"


class Interruption:
    """Whether this rank was asked to stop, and whether all ranks have agreed to."""

    asked = False
    agreed = False


@contextmanager
def interruptible(*, tell: bool) -> Iterator[Interruption]:
    """A first Ctrl-C or SIGTERM asks to stop after the step, and is answered where `tell`; a second one ends the
    process as usual."""
    interruption = Interruption()
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}

    def ask(number: int, frame: FrameType | None) -> None:
        interruption.asked = True
        if tell:
            os.write(STDERR, TOLD)  # not through a stream, which may be in the middle of a line
        signal.signal(number, before[signal.Signals(number)])

    for number in before:
        signal.signal(number, ask)
    try:
        yield interruption
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
