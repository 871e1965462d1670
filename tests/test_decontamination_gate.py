"""Decontamination from the command line, and as the gate of a snapshot: what leaked is told, left out, certified."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pyarrow
import pytest
from click.testing import CliRunner
from conftest import Project
from pyarrow import parquet

from factory.errors import FactoryError
from validators.decontamination.command import decontaminate

RIDDLE = (
    "A snail climbs three metres up a well each day and slides two metres back each night until at last it"
    " reaches the rim of the well"
)
CHOICE = {
    "question": "Which metal melts first?",
    "choices": ["cold lead", "pure tin", "soft gold", "iron ore"],
}
SWAPPED = "Which metal melts first?\nA. iron ore\nB. pure tin\nC. cold lead\nD. soft gold"
CLEAN = "Tides rise and fall because the moon pulls more strongly on the near side of the sea than on the far"


def run(*arguments: str, code: int = 0) -> str:
    """What ``factory decontaminate ...`` prints, in this process: starting one costs more than it does."""
    result = CliRunner().invoke(decontaminate, arguments)
    assert result.exit_code == code, result.output
    return str(result.exception) if isinstance(result.exception, FactoryError) else result.output


@pytest.fixture
def lab(project: Project, monkeypatch: pytest.MonkeyPatch) -> Project:
    """A project with an index of two benchmark items."""
    monkeypatch.chdir(project.folder)
    project.write("benchmarks/riddles.jsonl", json.dumps({"question": RIDDLE}) + "\n" + json.dumps(CHOICE))
    told = run("index", "benchmarks/*.jsonl", "--output", "build/b.index")
    assert "riddles.jsonl: 2 items" in told
    return project


def lines(out: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in out.splitlines() if line.startswith("{")]


def test_an_index_says_what_it_holds(lab: Project) -> None:
    (told,) = lines(run("index", "benchmarks/riddles.jsonl", "-o", "again", "--json"))
    assert told["items"] == 2 and told["benchmarks"]["riddles.jsonl"]["items"] == 2
    (same,) = lines(run("index", "benchmarks/*.jsonl", "-o", "third", "--json"))
    assert same["hash"] == told["hash"]


def test_a_scan_tells_what_would_go_in_every_format(lab: Project) -> None:
    rows: list[dict[str, Any]] = [
        {"text": f"{CLEAN}. {RIDDLE}. {CLEAN}"},
        {"text": CLEAN},
        {"text": f"{CLEAN} {SWAPPED}"},
    ]
    chat = {
        "messages": [{"role": "user", "content": CLEAN}, {"role": "assistant", "content": RIDDLE.upper()}]
    }
    lab.write("data/rows.jsonl", "\n".join(map(json.dumps, rows)))
    parquet.write_table(pyarrow.Table.from_pylist([chat]), lab.folder / "data" / "chat.parquet")
    lab.write("data/note.md", RIDDLE)
    *found, totals = lines(run("scan", "build/b.index", "data", "--json", code=3))
    assert [(Path(one["data"]).name, one["place"], one["by"]) for one in found] == [
        ("chat.parquet", "chat.parquet:1", 13),
        ("note.md", "note.md", 13),
        ("rows.jsonl", "rows.jsonl:1", 13),
        ("rows.jsonl", "rows.jsonl:3", "options"),
    ]
    assert (totals["rows"], totals["contaminated"]) == (5, 4)
    *found, _ = lines(run("scan", "build/b.index", "data", "--as-published", "--json", code=3))
    assert [one["place"] for one in found] == ["chat.parquet:1", "note.md", "rows.jsonl:1"]
    lab.write("fine.txt", CLEAN)
    assert "0 contaminated" in run("scan", "build/b.index", "fine.txt")


def test_faults_of_a_scan_are_named(lab: Project) -> None:
    lab.catalog("  answers: {seeds: questions, generator: lab.answer}")
    told = run("scan", "build/b.index", "answer", code=1)
    assert "no such file, and no dataset of catalog.yaml; did you mean 'answers'?" in told
    assert "decontaminate index" in run("scan", "build/c.index", "data", code=1)
    lab.write("data.jsonl", json.dumps({"body": CLEAN}))
    told = run("scan", "build/b.index", "data.jsonl", "--column", "bodi", code=1)
    assert "no column bodi; did you mean 'body'?" in told


def test_what_an_index_finds_is_measured(lab: Project) -> None:
    (told,) = lines(run("certify", "build/b.index", "--json"))
    assert told["recall"]["verbatim"] == {"leaks": 2, "found": 2, "recall": 1.0}
    assert told["recall"]["reordered options"] == {"leaks": 1, "found": 1, "recall": 1.0}
    assert told["false_alarms"]["found"] == 0
    assert "verbatim" in run("certify", "build/b.index")


def test_a_snapshot_is_gated_and_carries_its_certificate(lab: Project) -> None:
    lab.questions(RIDDLE, "Why are there tides?", "What is a sieve?")
    texts = [
        CLEAN,
        f"{CLEAN} {SWAPPED} {CLEAN}",
        "A sieve lets small grains through and keeps the large ones.",
    ]
    lab.write("pages.jsonl", "\n".join(json.dumps({"text": text}) for text in texts))
    lab.write(
        "catalog.yaml",
        """
        models: {writer: {model: rehearsal}}
        seeds:
          questions: {source: jsonl, path: questions.jsonl, as: question}
          pages: {source: jsonl, path: pages.jsonl, as: document}
        datasets:
          answers:
            seeds: questions
            generator: lab.answer
            validators: [{decontamination: {index: build/b.index}}]
          others: {seeds: questions, generator: lab.answer}
        mixtures:
          all: {web: {select: "seeds:pages"}, talk: {select: answers}, rest: {select: others}}
        """,
    )
    lab.factory("build")
    lab.factory("seeds", "pages")
    told = lab.factory("export", "all", "-o", "out")
    assert "decontamination: 2 rejected" in told
    manifest = json.loads((lab.folder / "out" / "manifest.json").read_text())
    (certificate,) = manifest["certificates"]
    assert certificate["gate"] == {
        "answers": {"judged": 3, "rejected": 1},
        "seeds:pages": {"judged": 3, "rejected": 1},
    }
    assert certificate["benchmarks"]["riddles.jsonl"]["items"] == 2
    assert certificate["thresholds"] == {"info": 0.1, "contaminated": 0.35, "reject_partial": False}
    assert certificate["recall"]["verbatim"]["recall"] == 1.0
    assert "## Certificates" in (lab.folder / "out" / "README.md").read_text()
    written = {
        row["text"] for row in parquet.read_table(lab.folder / "out/data/text-00000.parquet").to_pylist()
    }
    assert written == {texts[0], texts[2]}
    # What no gate judged is there, and a scan says so.
    told = run("scan", "build/b.index", "out", code=3)
    assert "1 contaminated and 0 partial of 7 rows" in told
    assert "0 contaminated" in run("scan", "build/b.index", "answers")
    assert "1 contaminated" in run("scan", "build/b.index", "seeds:pages", code=3)
