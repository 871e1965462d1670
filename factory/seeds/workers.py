"""Processes that read shards and look through parts of seed sets."""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
from collections.abc import Callable
from concurrent.futures import Executor as Pool
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from multiprocessing.connection import Connection
from typing import Self, TypeVar

J = TypeVar("J")
T = TypeVar("T")

TOO_MANY = "out of memory? Try fewer --workers"
"""What is said where processes die, or cannot be had."""


class Died(Exception):
    """A process ended before it said what it came to. The message says by what."""


class Workers:
    """At most so many processes. None is started before there is work for two: one job at a time is a thread's."""

    def __init__(self, most: int) -> None:
        self.most = max(1, most)
        self._thread: Pool | None = None
        self._processes: Pool | None = None

    def pool(self, jobs: int) -> Pool:
        """Where to run so many jobs. Processes stay, warm, for what comes after."""
        if min(jobs, self.most) > 1:
            if self._processes is None:
                spawn = multiprocessing.get_context("spawn")
                self._processes = ProcessPoolExecutor(
                    self.most, mp_context=spawn, initializer=_end_with_parent
                )
            return self._processes
        if self._thread is None:
            self._thread = ThreadPoolExecutor(1, thread_name_prefix="seeds")
        return self._thread

    def renew(self) -> None:
        """Ends the processes; the next pool has others. One that died has taken the others' work with it."""
        if self._processes:
            try:
                self._processes.shutdown()
            except RuntimeError:  # memory was too short for its thread: nobody else ends what it started
                for process in multiprocessing.active_children():
                    process.kill()
            self._processes = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.renew()
        if self._thread:
            self._thread.shutdown()


def alone(work: Callable[[J], T], job: J) -> T:
    """What a process of its own makes of a job; its errors are raised here. Raises Died where it ends
    without a word."""
    spawn = multiprocessing.get_context("spawn")
    here, there = spawn.Pipe(duplex=False)
    process = spawn.Process(target=_answer, args=(there, work, job))
    with here:
        process.start()
        there.close()
        try:
            made, error = here.recv()
        except EOFError:
            process.join()
            raise Died(_ended(process.exitcode or 0)) from None
    process.join()
    if error:
        raise error
    return made  # type: ignore[no-any-return]


def _answer(out: Connection, work: Callable[[J], T], job: J) -> None:
    _end_with_parent()
    try:
        out.send((work(job), None))
    except Exception as error:  # whatever it is, whoever asked raises it
        out.send((None, error))


def _ended(code: int) -> str:
    """How a process ended."""
    if code >= 0:
        return f"exit code {code}"
    try:
        return signal.Signals(-code).name
    except ValueError:
        return f"signal {-code}"


def _end_with_parent() -> None:
    """Lets a process end when the one that started it is killed: left alone, it would wait for work for ever."""

    def watch() -> None:
        if parent := multiprocessing.parent_process():
            parent.join()
            os._exit(1)

    threading.Thread(target=watch, daemon=True).start()
