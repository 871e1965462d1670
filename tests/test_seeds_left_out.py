"""Nothing goes silently: what the rules of sources leave out is counted, with its reason and an example."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest
from conftest import Project
from seed_items import left_out, rows

from factory.records import Code, Document, Passage, Table, Thread
from factory.seeds.sources.html import html
from factory.seeds.sources.text import text

WORDS = "The tide rises twice a day, since the moon pulls the water towards it, and falls again. "
REASONS = "select seed_set, step, reason, seeds, example.address, example.excerpt from drop_reasons"


def catalog(project: Project, keep: str) -> None:
    project.write(
        "catalog.yaml",
        f"""
        seeds:
          pages: {{source: text, path: 'pages/**/*', as: document, keep: {keep}, shard_mb: 1}}
          parts: {{from: pages, as: passage, with: {{min_words: 60}}}}
        datasets: {{}}
        """,
    )


@pytest.mark.parametrize("keep", ["store", "shards"])
def test_what_a_source_leaves_out_is_counted_alike_however_it_is_read(keep: str, project: Project) -> None:
    for number in range(5):
        project.write(f"pages/{number}.md", f"# Page {number}\n\n{WORDS * 10}\n\n# A short end\n\nWords.\n")
    project.write("pages/short.md", "Only a few words.")
    project.write("pages/sub/.hidden.md", "Hidden, and few words.")
    project.write("pages/empty.md", " \n\n")
    (project.folder / "pages/lost.md").symlink_to("nowhere.md")
    (project.folder / "pages/photo.png").write_bytes(b"\x89PNG\r\n\0\0")
    expected = [
        ("pages", "source", "fewer words than min_words", 2, "pages/short.md", "Only a few words."),
        ("pages", "source", "no text in it", 1, "pages/empty.md", ""),
        ("parts", "source", "fewer words than min_words", 5, "pages/0.md", "# A short end\n\nWords."),
    ]
    for workers in ("1", "3"):
        shutil.rmtree(project.folder / "build", ignore_errors=True)
        catalog(project, keep)
        told = project.factory("seeds", "-w", workers, code=1)
        assert "fewer words than min_words (2)" in told
        for _ in range(2):  # a second reading counts nothing twice
            assert project.query(REASONS) == expected
            assert project.query(
                "select seen, kept, dropped, broken from seed_funnel where position = 0 order by seed_set"
            ) == [(10, 5, 3, 2), (10, 5, 5, 0)]
            assert "what could not be read" in project.factory("seeds", "-w", workers, code=1)
    assert project.query("select address from failures order by all") == [
        ("pages/lost.md",),
        ("pages/photo.png",),
    ]
    project.write("pages/short.md", "Now it has words enough. " + WORDS * 10)
    assert "parts: 6 seeds, 1 of them new" in project.factory("seeds", code=1)
    assert project.query(REASONS + " where step = 'source' and seed_set = 'pages' limit 1")[0][3:5] == (
        1,
        "pages/sub/.hidden.md",
    )


def test_a_build_says_how_many_were_left_out(project: Project) -> None:
    project.write("questions.csv", "text,answer\nWhat is 6 times 7?,42\n,\n")
    project.write(
        "catalog.yaml",
        """
        models: {writer: {model: rehearsal}}
        seeds: {questions: {source: csv, path: questions.csv, as: question}}
        datasets: {answers: {seeds: questions, generator: lab.answer}}
        """,
    )
    assert "1 new of 1 from 1 file, 1 left out (in drop_reasons)" in project.factory("build")


def test_a_file_of_which_a_source_says_nothing_is_counted(project: Project) -> None:
    project.write("seeds.jsonl", "\n\n")
    project.write(
        "catalog.yaml", "seeds: {s: {source: jsonl, path: seeds.jsonl, as: question}}\ndatasets: {}\n"
    )
    project.factory("seeds")
    assert project.query(REASONS)[0][2:5] == ("nothing in the file that was looked for", 1, "seeds.jsonl")


PAGE = """<html><body><article><h1>Tides</h1><p>{words}</p><pre><code>one = 1</code></pre>
<table><tr><td>a</td><td>b</td></tr><tr><td>c</td><td>d</td></tr></table></article></body></html>"""


@pytest.mark.parametrize(
    ("kind", "reason"),
    [
        (Document, "fewer words than min_words"),
        (Passage, "fewer words than min_words"),
        (Table, "a table without a header"),
        (Code, "fewer lines than min_lines"),
        (Thread, "a page without a thread of posts"),
    ],
)
def test_a_page_says_why_it_gives_no_seed_of_a_kind(kind: Any, reason: str, tmp_path: Path) -> None:
    path = tmp_path / "a.html"
    path.write_text(PAGE.format(words=WORDS * 3))
    items = list(html(path, kind))
    assert (left_out(items), rows(items)) == ({reason: 1}, [])


def test_words_are_counted_in_scripts_without_spaces_too(tmp_path: Path) -> None:
    path = tmp_path / "a.md"
    path.write_text("潮水每天涨落两次,因为月亮把海水拉向它。" * 20)
    assert len(rows(text(path, Document))) == 1
