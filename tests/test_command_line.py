"""The command line: a slip is answered with the mend, in any terminal, encoding and folder."""

from __future__ import annotations

import os
import pty
import socket
import subprocess
import sys

import pytest
from conftest import Project

ANSWERS = "  answers: {seeds: questions, generator: lab.answer}"


@pytest.mark.parametrize("command", ["build", "plan"])
def test_datasets_that_stand_bare_are_answered_with_the_option(project: Project, command: str) -> None:
    told = project.factory(command, "one", "two", code=2)
    assert f"factory {command} --select one --select two" in told


def test_a_port_that_is_taken_is_told_with_the_mend(project: Project) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        told = project.factory("rehearsal", "--port", str(taken.getsockname()[1]), code=1)
    assert "cannot listen here" in told and "--port" in told and "Traceback" not in told


def test_a_replay_without_a_store_makes_none(project: Project) -> None:
    project.questions("one?")
    project.catalog(ANSWERS)
    assert "run 'factory build' first" in project.factory("replay", code=1)
    assert not (project.folder / "build").exists()


def test_names_and_words_of_any_script_work_without_a_locale(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}.items():
        monkeypatch.setenv(name, value)
    project.folder = project.folder / "données 数据"
    project.questions("où?")
    project.catalog(ANSWERS)
    project.factory("build")
    assert "où?" in project.factory("show", "answers")


def test_a_terminal_that_cannot_move_its_cursor_gets_plain_lines(project: Project) -> None:
    project.questions("one?")
    project.catalog(ANSWERS)
    parent, child = pty.openpty()
    environment = project.environment | {"TERM": "dumb"}
    command = [sys.executable, "-m", "factory", "build"]
    with subprocess.Popen(command, cwd=project.folder, env=environment, stdout=child, stderr=child) as build:
        os.close(child)
        shown = b""
        try:
            while part := os.read(parent, 65536):
                shown += part
        except OSError:  # how Linux ends a terminal that nobody writes to any more
            pass
    os.close(parent)
    assert build.returncode == 0
    assert b"\x1b" not in shown and b"answers" in shown
