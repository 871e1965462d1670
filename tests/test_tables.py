"""What commands print can be read on terminals of any width."""

from __future__ import annotations

import io

import pytest
from rich.console import Console

from factory.cli.progress import Screen
from factory.cli.tables import show, summary
from factory.report import Progress, Report
from factory.teacher.journal import Tally


@pytest.mark.parametrize("columns", ["40", "80", "200"])
def test_names_and_figures_of_a_summary_are_never_cut(
    columns: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("COLUMNS", columns)
    table = summary("dataset", "seeds", "accepted", words=("dataset",), remark="most frequent reason")
    table.add_row("exercises_of_long_name", "1,234,567", "89", "a reason that takes more than one line " * 3)
    show(table)
    shown = capsys.readouterr().out
    assert "exercises_of_long_name  1,234,567        89  a reason" in shown and "…" not in shown
    assert " ".join(shown.split()).count("a reason that takes more than one line") >= 1


@pytest.mark.parametrize("width", [76, 80, 120])
def test_the_counts_of_a_running_build_stand_beside_its_bar(width: int) -> None:
    progress = Progress("revised_exercises", todo=350, done=120, accepted=100)
    report = Report("b1", Tally(), datasets={progress.dataset: progress})
    screen = Screen()
    screen.report = report
    page = io.StringIO()
    Console(width=width, file=page).print(screen)
    first = page.getvalue().splitlines()[0]
    assert "revised_exercises" in first and "120/350 seeds  100 accepted  0 rejected  0 failed" in first
