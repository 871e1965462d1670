"""Processes that read shards and look through parts of seed sets."""

from __future__ import annotations

import multiprocessing
import os
import threading
from concurrent.futures import Executor as Pool
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from contextlib import ExitStack
from typing import Self


class Workers:
    """At most so many processes. None is started before there is work for two: one job at a time is a thread's."""

    def __init__(self, most: int) -> None:
        self.most = max(1, most)
        self._thread: Pool | None = None
        self._processes: Pool | None = None
        self._open = ExitStack()

    def pool(self, jobs: int) -> Pool:
        """Where to run so many jobs. Processes stay, warm, for what comes after."""
        if min(jobs, self.most) > 1:
            if self._processes is None:
                spawn = multiprocessing.get_context("spawn")
                started = ProcessPoolExecutor(self.most, mp_context=spawn, initializer=_end_with_parent)
                self._processes = self._open.enter_context(started)
            return self._processes
        if self._thread is None:
            self._thread = self._open.enter_context(ThreadPoolExecutor(1, thread_name_prefix="seeds"))
        return self._thread

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._open.close()


def _end_with_parent() -> None:
    """Lets a process end when the one that started it is killed: left alone, it would wait for work for ever."""

    def watch() -> None:
        if parent := multiprocessing.parent_process():
            parent.join()
            os._exit(1)

    threading.Thread(target=watch, daemon=True).start()
