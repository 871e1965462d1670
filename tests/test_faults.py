"""Faults as users make them: each is told once, with the thing, the place and the mend, and nothing is lost."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

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
