"""The progress display of a build, and its closing table."""

from __future__ import annotations

import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console, ConsoleOptions, RenderResult
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Column, Table
from rich.text import Text

from factory.cli.tables import show, summary, wide_console
from factory.report import Progress, Report

if TYPE_CHECKING:
    from factory.catalog import Catalog

PLAIN_EVERY = 5.0
"""Seconds between lines where the output is no terminal."""

_TELLING = 50
"""The time that is left is told once one seed of so many is done: what ends first does not stand for the rest."""


_LONGEST_ERROR = 400
_INTERRUPTED = "interrupted: what was paid for is kept; the same command goes on from here"
_SHORTEST_BAR, _LONGEST_BAR = 6, 28
_BESIDE_BAR = 56
"""Characters that the counts beside a dataset's bar take."""


class Screen:
    """Draws a report that other code keeps changing; rich asks it anew for each frame."""

    def __init__(self) -> None:
        self.report: Report | None = None
        self.started = time.monotonic()

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        yield from self._lines(self.report, options.max_width) if self.report else [Text("starting")]

    def _lines(self, report: Report, width: int) -> Iterator[Table | Text]:
        if report.reading:
            yield Text(f"reading seeds  {report.reading}")
        table = Table.grid(*(Column(no_wrap=True) for _ in range(6)), padding=(0, 2, 0, 0))
        bar = width - _BESIDE_BAR - max(map(len, report.datasets), default=0)
        for progress in report.datasets.values():
            ended = progress.done + progress.failed
            table.add_row(
                progress.dataset,
                ProgressBar(
                    total=max(progress.todo, 1),
                    completed=ended if progress.todo else 1,
                    width=max(_SHORTEST_BAR, min(bar, _LONGEST_BAR)),
                ),
                f"{ended}/{progress.todo} seeds",
                f"{progress.accepted} accepted",
                _noted("rejected", sum(progress.rejected.values()), "yellow"),
                _noted("failed", progress.failed, "red"),
            )
        yield table
        yield Text(self.totals(report), style="dim")
        if reasons := sum((progress.rejected for progress in report.datasets.values()), Counter()):
            shown = "; ".join(f"{count} x {reason}" for reason, count in reasons.most_common(3))
            yield Text(f"rejected: {shown}", style="yellow", overflow="ellipsis", no_wrap=True)
        if errors := [progress.last_error for progress in report.datasets.values() if progress.last_error]:
            yield Text(f"last error: {errors[-1]}", style="red", overflow="ellipsis", no_wrap=True)

    def totals(self, report: Report) -> str:
        """Calls, tokens, money and the time that is left, on one line."""
        tally, elapsed = report.tally, time.monotonic() - self.started
        todo = sum(progress.todo for progress in report.datasets.values())
        ended = sum(progress.done + progress.failed for progress in report.datasets.values())
        left = (
            f"about {_clock(elapsed / ended * (todo - ended))} left of what is begun"
            if ended * _TELLING >= todo > 0
            else "no estimate yet"
        )
        return (
            f"{counted(tally.calls, 'call')} ({tally.in_flight} in flight, {tally.reused:,} reused)   "
            f"{tally.prompt_tokens + tally.completion_tokens:,} tokens   cost {tally.cost:.4f}   "
            f"{counted(tally.executions, 'program run')}   {_clock(elapsed)}   {left}"
        )


def _noted(word: str, count: int, style: str) -> Text:
    return Text(f"{count} {word}", style=style if count else "dim")


def _clock(seconds: float) -> str:
    minutes, rest = divmod(int(seconds), 60)
    return f"{minutes // 60}:{minutes % 60:02}:{rest:02}" if minutes >= 60 else f"{minutes}:{rest:02}"


@contextmanager
def display(*, quiet: bool) -> Iterator[Callable[[Report], None]]:
    """A live display on a terminal, a line now and then elsewhere, nothing when quiet.

    Yields what a build calls whenever something happened; drawing is bounded, whatever the build's speed.
    """
    screen = Screen()

    def remember(report: Report) -> None:
        screen.report = report

    if quiet:
        yield remember
    elif (console := Console(stderr=True)).is_terminal and not console.is_dumb_terminal:
        with Live(screen, console=console, refresh_per_second=8, transient=True):
            yield remember
    else:
        yield _plain(screen, remember)


def _plain(screen: Screen, remember: Callable[[Report], None]) -> Callable[[Report], None]:
    last = time.monotonic()

    def line(report: Report) -> None:
        nonlocal last
        remember(report)
        if time.monotonic() - last >= PLAIN_EVERY:
            last = time.monotonic()
            sys.stderr.write((report.reading or screen.totals(report)) + "\n")

    return line


def closing_table(report: Report, catalog: Catalog) -> None:
    """What the build did, dataset by dataset, and what to do next where something failed."""
    console, store = wide_console(whole_lines=True), catalog.store
    worked = [one for one in report.datasets.values() if one.todo or one.rejected]
    for name, intake in report.intakes.items():
        if intake.new or intake.broken or intake.dropped:
            files = counted(intake.files, "file")
            left_out = f", {intake.dropped:,} left out (in drop_reasons)" if intake.dropped else ""
            console.print(f"seeds {name}: {intake.new:,} new of {intake.seeds:,} from {files}{left_out}")
    for name, count, _ in unread(report, catalog):
        told = f"factory sql \"from failures where dataset = '{name}'\""
        console.print(f"seeds {name}: {counted(count, 'broken record')} ({told})")
    if not worked:
        console.print(_without_work(report, store))
        return
    show(_table(worked))
    tally = report.tally
    console.print(
        f"{counted(tally.calls, 'call')}, {tally.reused:,} replies reused, {tally.prompt_tokens:,} prompt tokens,"
        f" {tally.completion_tokens:,} completion tokens, cost {tally.cost:.4f},"
        f" {counted(tally.executions, 'program run')}"
    )
    if report.note:
        console.print(report.note, style="yellow")
    for progress in worked:
        if progress.paused:
            console.print(
                f"paused {progress.dataset}: {progress.paused}; look at its rows, mend prompt or model, and build"
                " again; to go on as it is, set 'alarm: false' for it in the catalogue",
                style="yellow",
            )
    if report.status == "interrupted":
        console.print(_INTERRUPTED)
    if failed := [progress for progress in worked if progress.failed]:
        for progress in failed:
            console.print(f"last error of {progress.dataset}: {_shortened(progress.last_error)}", style="red")
        console.print(
            "why seeds failed: factory sql 'select dataset, error, count(*) from failures group by all'"
        )
        console.print("try them again:   factory build --retry failed")
    console.print(f"store: {store}")


def _without_work(report: Report, store: Path) -> str:
    """Why a build began no seed; those that failed before are not passed over."""
    if report.status != "done":
        return _INTERRUPTED if report.status == "interrupted" else report.note or report.status
    failed = failures(report, store)
    told = ", ".join(f"{count:,} of {dataset}" for dataset, count, _ in failed)
    if any(count > most for _, count, most in failed):
        return f"nothing to do, but seeds that failed are left ({told}): factory build --retry failed"
    within = f" (seeds that failed, within max_failed: {told})" if failed else ""
    return f"nothing to do: every dataset is up to date{within}"


def failures(report: Report, store: Path) -> list[tuple[str, int, int]]:
    """The datasets of a build with seeds that failed, now or before: how many did, and how many may."""
    from factory.store.reader import querying

    with querying(store) as query:
        rows = query(
            "select dataset, p.failed, d.max_failed from progress p join datasets d using (dataset)"
            " where p.failed > 0 order by dataset",
            [],
        )
    return [(dataset, count, most) for dataset, count, most in rows if dataset in report.datasets]


def unread(report: Report, catalog: Catalog) -> list[tuple[str, int, int]]:
    """The seed sets of a build with records that could not be read or cleaned, now or before: how many, and how many
    may."""
    from factory.store.reader import querying

    with querying(catalog.store) as query:
        rows = query(
            "select seed_set, sum(broken) from seed_funnel group by all having sum(broken) > 0 order by all",
            [],
        )
    return [
        (name, count, catalog.seed_set(name).max_failed) for name, count in rows if name in report.intakes
    ]


def counted(number: int, noun: str) -> str:
    """``1 file``, ``1,024 files``."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def _shortened(text: str) -> str:
    first = next(iter(text.splitlines()), "")
    return first if len(first) <= _LONGEST_ERROR else f"{first[:_LONGEST_ERROR]}..."


def _table(worked: list[Progress]) -> Table:
    figures = ("seeds", "failed", "empty", "accepted", "rejected", "repeats")
    table = summary("dataset", *figures, words=("dataset",), remark="most frequent reason")
    for progress in worked:
        reasons = progress.rejected.most_common(1)
        table.add_row(
            progress.dataset,
            str(progress.done + progress.failed),
            str(progress.failed),
            str(progress.empty),
            str(progress.accepted),
            str(sum(progress.rejected.values())),
            str(progress.duplicates),
            f"{reasons[0][0]} ({reasons[0][1]})" if reasons else "",
        )
    return table
