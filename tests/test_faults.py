"""Faults as users make them: each is told once, with the thing, the place and the mend, and nothing is lost."""

from __future__ import annotations

import os
import re
import resource
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import duckdb
import pytest
from conftest import Project, Server

ANSWERS = "  answers: {seeds: questions, generator: lab.answer}"
SEEDS = 200


@contextmanager
def _endpoint(status: int, body: bytes) -> Iterator[str]:
    """An endpoint that answers everything alike."""

    class Answer(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None: ...

    with ThreadingHTTPServer(("127.0.0.1", 0), Answer) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_address[1]}/v1"
        server.shutdown()


def _models(address: str) -> str:
    return f"{{writer: {{model: openai/some, api_base: '{address}', concurrency: 4, retries: 0}}}}"


# ------------------------------------------------------------------------------ models that do not answer


@pytest.mark.parametrize(("status", "told"), [(401, "wrong key"), (404, "no such model"), (500, "on fire")])
def test_a_model_that_answers_nobody_stops_the_build_and_the_seeds_wait(
    project: Project, serve: Callable[..., Server], status: int, told: str
) -> None:
    project.questions(*(f"question {number}?" for number in range(SEEDS)))
    with _endpoint(status, told.encode()) as address:
        project.catalog(ANSWERS, _models(address))
        out = project.factory("build", code=1)
    assert "8 calls in a row to the model 'writer' got no reply" in out
    assert f"status {status}: {told}" in out
    assert "Traceback" not in out
    failed, waiting = project.query("select failed, waiting from progress")[0]
    assert (failed, waiting) == (8, SEEDS - 8)
    assert project.query("select status from builds") == [("stopped",)]
    project.catalog(ANSWERS, _models(serve().address))
    project.factory("build", "--retry", "failed")
    assert project.query("select done, failed from progress") == [(SEEDS, 0)]


def test_requests_at_fault_fail_their_seeds_alone(project: Project) -> None:
    project.questions(*(f"question {number}?" for number in range(30)))
    with _endpoint(400, b"too long") as address:
        project.catalog(ANSWERS, _models(address))
        out = project.factory("build", code=1)
    assert "last error of answers: " in out and "status 400: too long" in out
    assert project.query("select failed from progress") == [(30,)]


def test_a_key_that_is_missing_is_named(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    project.questions("one?")
    project.catalog(ANSWERS, "{writer: {model: openai/gpt-x}}")
    assert "openai/gpt-x: no key; set OPENAI_API_KEY" in project.factory("build", code=1)


# -------------------------------------------------------------------------------- catalogues and machines


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("seeds:\n\tq: {}\n", "catalog.yaml:2:1: is not YAML: .* indent with spaces, not with tabs"),
        ("seeds: {q: {\n", "catalog.yaml:2:1: is not YAML: while parsing a flow"),
        ("", "catalog.yaml: names no dataset"),
    ],
)
def test_a_catalogue_that_is_none_is_told_with_its_place(project: Project, text: str, told: str) -> None:
    project.write("catalog.yaml", "")
    (project.folder / "catalog.yaml").write_text(text)
    for command in ("build", "plan"):
        out = project.factory(command, code=1)
        assert re.search(told, out) and "Traceback" not in out, out


@pytest.mark.parametrize(
    "command", [("build",), ("plan",), ("sql", "select 1"), ("seeds",), ("show", "answers")]
)
def test_a_folder_without_a_catalogue_says_how_to_begin(project: Project, command: tuple[str, ...]) -> None:
    assert "there is no catalogue catalog.yaml" in project.factory(*command, code=1)


def test_a_full_disk_is_told_and_the_same_command_goes_on_once_there_is_room(project: Project) -> None:
    project.questions(*(f"question {number}? {'x' * 400}" for number in range(600)))
    project.catalog(ANSWERS)
    build = project.start("build", "--quiet")
    resource.prlimit(build.pid, resource.RLIMIT_FSIZE, (600_000, 600_000))
    _, err = build.communicate(timeout=120)
    assert build.returncode == 1
    assert "factory.duckdb cannot be written any more" in err
    assert "Traceback" not in err
    project.factory("build", "--quiet")
    assert project.query("select done, failed from progress") == [(600, 0)]


def test_a_place_that_cannot_be_written_is_named(project: Project) -> None:
    project.questions("one?")
    project.catalog(ANSWERS)
    project.factory("build")
    project.write("file", "no folder")
    assert "error: file" in project.factory("export", "answers", "-o", "file/here", code=1)
    assert "error: file: " in project.factory("sql", "-o", "file/rows.csv", "select 1", code=1)


def test_a_store_that_another_program_holds_is_told_with_who(project: Project) -> None:
    project.questions("one?")
    project.catalog(ANSWERS)
    project.factory("build")
    with duckdb.connect(str(project.folder / "build/factory.duckdb")):
        for command in (("build",), ("plan",), ("show", "answers")):
            assert f"PID {os.getpid()}" in project.factory(*command, code=1)


def test_names_that_do_not_exist_are_told_with_those_that_do(project: Project) -> None:
    project.questions("one?")
    project.catalog(ANSWERS)
    project.factory("build")
    for command in ("show", "agreement", "replay", "export"):
        assert "answers" in project.factory(command, "nowhere", code=1)
    assert "there is no statement" in project.factory("sql", " ", code=1)


# ------------------------------------------------------------------------------------------------ plugins

HEAD = """
from collections.abc import AsyncIterator
from factory.plugins import generator
from factory.records import Chat, Question
from factory.teacher import Teacher
"""
BODY = 'async def broken(question: Question, teacher: Teacher) -> AsyncIterator[Chat]:\n    """x"""\n    yield 1\n'


@pytest.mark.parametrize(
    ("declared", "told"),
    [
        ("@generator(seeds='question', gives=Chat)", "seeds='question' is no class of Seed"),
        ("@generator(seeds=Question, gives=[Chat, Question])", "gives=Question is no class of Sample"),
        (
            "@generator(seeds=Question, gives=Chat, evidence='answer')",
            "evidence='answer' is no class of Evidence",
        ),
    ],
)
def test_a_declaration_that_cannot_be_meant_fails_its_datasets_alone(
    project: Project, declared: str, told: str
) -> None:
    project.questions("one?")
    project.plugin("lab/broken.py", f"{HEAD}\n{declared}\n{BODY}")
    project.catalog(f"{ANSWERS}\n  broken: {{seeds: questions, generator: lab.broken}}")
    out = project.factory("build", code=1)
    assert told in out and "broken.py:6 broken" in out
    assert "datasets that need it, not built: broken" in out
    assert project.query("select distinct dataset from accepted") == [("answers",)]


def test_a_broken_prompt_fails_the_datasets_that_need_it_alone(project: Project) -> None:
    project.questions("one?")
    project.plugin("lab/broken.py", f"{HEAD}\n@generator(seeds=Question, gives=Chat)\n{BODY}")
    project.plugin("lab/broken.md", "## ask\n{{ question.text }\n### example\nfine\n")
    project.catalog(f"{ANSWERS}\n  broken: {{seeds: questions, generator: lab.broken}}")
    out = project.factory("build", code=1)
    assert "broken.md: section 'ask', line 2: template syntax" in out
    assert "datasets that need it, not built: broken" in out
    assert project.query("select distinct dataset from accepted") == [("answers",)]
