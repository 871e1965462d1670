"""Where isolation cannot be had: programs are refused, unless the catalogue says `sandbox: unsafe`, and then loudly."""

from __future__ import annotations

import asyncio
import shutil
import tempfile
from pathlib import Path

import pytest
from conftest import Project

from factory.catalog import load_catalog
from factory.errors import CatalogError, SandboxError
from factory.records import Outcome, Program
from validators.sandbox import bubblewrap
from validators.sandbox.executor import SandboxExecutor
from validators.sandbox.javascript import JavaScriptExecutor
from validators.sandbox.python import PythonExecutor
from validators.sandbox.sql import SqlExecutor


def run_unsafe(kind: type[SandboxExecutor], *programs: Program) -> list[Outcome]:
    async def work() -> list[Outcome]:
        executor = kind(workers=1, isolation="unsafe")
        outcomes = [await executor.run(program) for program in programs]
        await executor.close()
        return outcomes

    return asyncio.run(work())


def test_without_bubblewrap_programs_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "which", lambda name, path=None: None)
    bubblewrap._bubblewrap.cache_clear()
    try:
        with pytest.raises(SandboxError, match=r"apt-get install bubblewrap.*'sandbox: unsafe'"):
            asyncio.run(PythonExecutor().run(Program(source="")))
        assert run_unsafe(PythonExecutor, Program(source="", calls=("6 * 7",)))[0].results[0].value == "42"
    finally:
        bubblewrap._bubblewrap.cache_clear()


def test_without_walls_limits_and_the_filter_hold() -> None:
    hostile = [
        "while True: pass",
        "x = bytearray(8 << 30)",
        "import os\nos.fork()",
        "import socket\nsocket.create_server(('127.0.0.1', 0))",
        "import subprocess\nsubprocess.run(['/bin/true'])",
        "import os\nos.kill(os.getppid(), 9)",
        "import os\nos.kill(-1, 9)",
        "import sys\nsys.exit(0)",
    ]
    outcomes = run_unsafe(PythonExecutor, *(Program(source=source, cpu_seconds=0.5) for source in hostile))
    assert [outcome.ok for outcome in outcomes] == [False] * len(hostile)


def test_without_walls_each_job_has_its_own_folder_and_none_is_left() -> None:
    before = set(Path(tempfile.gettempdir()).glob("factory-*"))
    leave = Program(source="open('trace', 'w').write('x')")
    look = Program(source="import os", calls=("os.listdir()", "os.environ.get('HOME')"))
    outcomes = run_unsafe(PythonExecutor, leave, look)
    assert [result.value for result in outcomes[1].results] == ["[]", "None"]
    assert set(Path(tempfile.gettempdir()).glob("factory-*")) <= before


def test_every_form_and_language_works_without_walls() -> None:
    tested = Program(source="def f(x): return x + 1", tests="assert f(1) == 2")
    whole = Program(source="print(input())", stdin="x")
    outcomes = run_unsafe(PythonExecutor, tested, whole)
    assert outcomes[0].results[0].value == "1"
    assert outcomes[1].output == "x\n"
    assert run_unsafe(SqlExecutor, Program(source="", calls=("select 1",), language="sql"))[0].ok
    if shutil.which("node"):
        script = Program(source="", calls=("1 + 1",), language="javascript")
        assert run_unsafe(JavaScriptExecutor, script)[0].results[0].value == "2"


def test_the_catalogue_says_so_and_the_build_says_it_loudly(project: Project) -> None:
    project.catalog("  d: {seeds: questions, generator: lab.answer}")
    project.questions("one")
    path = project.folder / "catalog.yaml"
    assert load_catalog(path).sandbox == "bubblewrap"
    assert "WARNING" not in project.factory("build")
    text = path.read_text()
    path.write_text("sandbox: unsafe\n" + text)
    assert load_catalog(path).sandbox == "unsafe"
    assert project.factory("build").count("WARNING: catalog.yaml:1: sandbox: 'unsafe'") == 2
    path.write_text("sandbox: unsave\n" + text)
    with pytest.raises(CatalogError, match=r":1: .* not 'unsave'; did you mean 'unsafe'\?"):
        load_catalog(path)
