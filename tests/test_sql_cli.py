"""`factory sql`: what it prints, for people and for programs."""

from __future__ import annotations

import csv
import io
import json
import os
import pty
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from store_rows import StoreRows, small_store

from factory.cli.sql import sql
from factory.errors import StoreError
from factory.records import Chat

COUNTS = "select dataset, count(*) from accepted group by all order by dataset"


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return small_store(tmp_path_factory.mktemp("store") / "store.duckdb", seeds=60)


def run(store: Path, *arguments: str, stdin: str | None = None) -> str:
    result: Result = CliRunner().invoke(sql, ["--store", str(store), *arguments], input=stdin)
    if result.exception and not isinstance(result.exception, SystemExit):
        raise result.exception
    assert result.exit_code == 0, result.output
    return result.output


def test_csv_is_plain_with_a_header(store: Path) -> None:
    assert run(store, "--format", "csv", COUNTS) == "dataset,count_star()\npairs,60\ntalks,59\ntexts,60\n"


def test_csv_holds_nested_values_as_json(store: Path) -> None:
    text = run(
        store, "--format", "csv", "select messages, loss_tokens from accepted where kind = 'chat' limit 1"
    )
    (row,) = csv.DictReader(io.StringIO(text))
    assert [turn["role"] for turn in json.loads(row["messages"])] == ["user", "assistant"]
    assert row["loss_tokens"] == ""


def test_json_lines_hold_json_columns_as_they_are(store: Path) -> None:
    lines = run(store, "--format", "json", "select sample_id, draws, recorded_at from accepted limit 3")
    rows = [json.loads(line) for line in lines.splitlines()]
    assert len(rows) == 3
    assert rows[0]["draws"] == {}


def test_the_ending_of_the_output_names_its_format(store: Path, tmp_path: Path) -> None:
    import pyarrow.parquet as parquet

    told = run(store, "-o", str(tmp_path / "new" / "rows.parquet"), "from accepted")
    assert told == f"179 rows in {tmp_path / 'new' / 'rows.parquet'}\n"
    assert parquet.read_metadata(tmp_path / "new" / "rows.parquet").num_rows == 179
    run(store, "-o", str(tmp_path / "rows.csv"), COUNTS)
    assert (tmp_path / "rows.csv").read_text().startswith("dataset,")
    run(store, "-o", str(tmp_path / "rows.jsonl"), COUNTS)
    assert [json.loads(line)["dataset"] for line in (tmp_path / "rows.jsonl").read_text().splitlines()]
    with pytest.raises(StoreError, match="names no format; say --format"):
        run(store, "-o", str(tmp_path / "rows.xlsx"), COUNTS)


def test_parquet_needs_a_file(store: Path) -> None:
    with pytest.raises(StoreError, match="name a file with --output"):
        run(store, "--format", "parquet", COUNTS)


def test_sql_may_be_piped_in(store: Path) -> None:
    assert run(store, "--format", "csv", stdin="select 1 as one;\n") == "one\n1\n"


def test_a_long_table_is_cut_and_says_how_long_it_is(store: Path) -> None:
    text = run(store, "select sample_id from accepted")
    assert text.count("\n") < 60
    assert "179 rows, 139 more not shown (--all shows them)" in text
    whole = run(store, "--all", "select sample_id from accepted")
    assert whole.count("\n") > 179
    assert "not shown" not in whole


def test_a_table_too_wide_to_read_becomes_records(store: Path) -> None:
    text = run(store, "select * from accepted where kind = 'chat'")
    assert "user: question" in text
    assert "assistant: answer" in text
    assert "59 rows, 54 more not shown" in text
    assert "row 59" in run(store, "--all", "select * from accepted where kind = 'chat'")


def test_long_cells_are_cut_and_say_how_long_they_are(store: Path) -> None:
    assert "(3,000 characters)" in run(store, "select repeat('x', 3000) as long")


def test_what_a_model_wrote_does_not_steer_the_terminal(tmp_path: Path) -> None:
    rows = StoreRows()
    rows.seed(1)
    rows.dataset("talks")
    rows.run("talks", 1, Chat.of("a?", "\x1b[2J[bold]gone[/bold]"))
    text = run(rows.write(tmp_path / "s.duckdb"), "select messages from accepted")
    assert "\x1b" not in text
    assert "[bold]gone[/bold]" in text


def test_errors_hold_duckdbs_candidates(store: Path) -> None:
    with pytest.raises(StoreError, match='Candidate bindings: "dataset"'):
        run(store, "select datset from accepted")


def test_an_error_is_printed_without_a_traceback(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "factory", "sql", "--store", str(tmp_path / "none.duckdb"), "select 1"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert done.stderr.strip().endswith("none.duckdb yet; run 'factory build' first")
    assert "Traceback" not in done.stderr


def test_the_prompt_answers_over_several_lines_and_survives_errors(store: Path, tmp_path: Path) -> None:
    shell, terminal = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-m", "factory", "sql", "--store", str(store)],
        stdin=terminal,
        stdout=terminal,
        stderr=terminal,
        env=os.environ | {"XDG_STATE_HOME": str(tmp_path), "PROMPT_TOOLKIT_NO_CPR": "1", "TERM": "xterm"},
        close_fds=True,
    )
    os.close(terminal)
    seen = b""

    def say(line: str, expected: bytes) -> None:
        nonlocal seen
        seen = b""
        os.write(shell, line.encode() + b"\r")
        while expected not in seen:
            seen += os.read(shell, 65536)

    while b"factory>" not in seen:
        seen += os.read(shell, 65536)
    say("select 6 * 7", b"...>")
    say("as answer;", b"1 row")
    assert b"42" in seen
    say("select datset from accepted;", b"Candidate bindings")
    say(".tables", b"yield_by_generator")
    say(".schema progress", b"unjudged")
    say(".help", b".schema NAME")
    os.write(shell, b".quit\r")
    assert process.wait(20) == 0
    os.close(shell)
    history = (tmp_path / "seedfactory" / "sql_history").read_text()
    assert "select 6 * 7" in history
