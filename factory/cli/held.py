"""Tells where a build hangs: what a plugin does without awaiting holds everything else."""

from __future__ import annotations

import asyncio
import sys
import sysconfig
import threading
import time
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

HELD = 60.0
"""Seconds for which nothing else could go on."""

_OURS = (str(Path(__file__).parents[1]), sysconfig.get_paths()["stdlib"], sysconfig.get_paths()["purelib"])


@contextmanager
def watched(tell: Callable[[str], None], seconds: float = HELD) -> Iterator[None]:
    """While it lasts, a running event loop that is held for `seconds` is told of, with the line that holds it."""
    loop, holder, over = asyncio.get_running_loop(), threading.get_ident(), threading.Event()

    def watch() -> None:
        while not over.is_set():
            beat, asked = threading.Event(), time.monotonic()
            loop.call_soon_threadsafe(beat.set)
            if not beat.wait(seconds) and not over.is_set():
                tell(_where(holder, time.monotonic() - asked))
                beat.wait()
            over.wait(seconds / 10)

    thread = threading.Thread(target=watch, daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()


def _where(holder: int, seconds: float) -> str:
    """The innermost line of a thread that is a plugin's, or else the innermost."""
    stack = traceback.extract_stack(sys._current_frames()[holder])
    line = next((frame for frame in reversed(stack) if not frame.filename.startswith(_OURS)), stack[-1])
    return (
        f"held for {seconds:.0f} s by {line.filename}, line {line.lineno}, in {line.name}: nothing else goes on"
        " meanwhile. What takes long is to be awaited (asyncio.to_thread); Ctrl-C twice ends the build"
    )
