"""Seed sets that cannot be read, whole or in part: what is at fault is told with its mend, and the rest is read."""

from __future__ import annotations

import pyarrow as pa
import pyarrow.parquet as parquet
import pytest
from conftest import Project

from factory.passing import Found
from factory.records import Document, Origin
from factory.seeds.clean import MAX_TEXT, Counts, Failed, Steps


def test_a_seed_that_the_store_cannot_take_is_told_of_before_any_step_sees_it() -> None:
    half, whole = (
        Found(Document(text=text), Origin(address="a.md", place=text[0])) for text in ("1 \ud800", "2")
    )
    failed, kept = Steps([("step", lambda item: item)]).run([half, whole], Counts())
    assert isinstance(failed, Failed) and "half a character" in failed.broken.error
    assert failed.broken.origin.place == "1"
    assert kept == whole
    long = Found(Document(text="a" * (MAX_TEXT + 1)), Origin(address="a.md"))
    (failed,) = Steps([]).run([long], Counts())
    assert isinstance(failed, Failed) and "cut it into documents" in failed.broken.error


@pytest.mark.parametrize("workers", ["1", "2"])
def test_a_missing_package_stops_the_reading_and_is_no_fault_of_a_file(
    workers: str, project: Project
) -> None:
    page = "<page><title>Tide</title><ns>0</ns><revision><text>It rises twice a day.</text></revision></page>"
    for number in range(2):
        project.write(f"{number}/enwiki.xml", f"<m>{page.replace('Tide', f'Tide {number}')}</m>")
    project.write(
        "catalog.yaml",
        "seeds: {wiki: {source: wikipedia, path: '*/enwiki.xml', as: document, with: {min_words: 1}}}\n",
    )
    project.plugin("sitecustomize.py", "import sys\nsys.modules['mwparserfromhell'] = None\n")
    told = project.factory("seeds", "-w", workers, code=1)
    assert "pip install 'seedfactory[seeds]'" in told and "Traceback" not in told
    (project.site / "sitecustomize.py").unlink()
    project.factory("seeds", "-w", workers)
    assert project.query("select count(*) from sets.wiki") == [(2,)]
    assert project.query("select count(*) from failures") == [(0,)]


def test_a_large_file_that_is_not_what_it_is_read_as_is_one_failure_and_the_others_are_read(
    project: Project,
) -> None:
    project.write(
        "catalog.yaml", "seeds: {rows: {source: parquet, path: '*.parquet', as: document, shard_mb: 1}}\n"
    )
    (project.folder / "a.parquet").write_bytes(b"no table " * 200_000)
    parquet.write_table(pa.table({"text": ["A text."]}), project.folder / "b.parquet")
    assert "is no Parquet file, or was cut off" in project.factory("seeds", code=1)
    assert project.query("select address, content ->> 'text' from sets.rows") == [("b.parquet", "A text.")]


def test_a_file_that_the_machine_did_not_give_is_read_again_unchanged(project: Project) -> None:
    project.plugin("flaky-1.0.dist-info/METADATA", "Metadata-Version: 2.1\nName: flaky\nVersion: 1.0\n")
    project.plugin("flaky-1.0.dist-info/entry_points.txt", "[factory.sources]\nflaky = flaky\n")
    project.plugin("flaky/__init__.py", "")
    project.plugin(
        "flaky/remote.py",
        """
        from pathlib import Path
        from factory.plugins import Found, source
        from factory.records import Document, Origin

        @source(gives=Document)
        def remote(path, kind, *, mounted: str):
            if not Path(mounted).exists():
                raise TimeoutError(f"{path}: the share does not answer")
            yield Found(kind(text=path.read_text()), Origin(address=str(path), place="whole"))
        """,
    )
    project.write("page.txt", "It rises twice a day.")
    project.write(
        "catalog.yaml",
        "seeds: {tides: {source: flaky.remote, path: page.txt, as: document, with: {mounted: share}}}\n",
    )
    assert "what could not be read" in project.factory("seeds", code=1)
    assert "does not answer" in project.query("select error from failures")[0][0]
    project.write("share", "")
    project.factory("seeds")
    assert project.query("select count(*) from sets.tides") == [(1,)]
    assert "1 of 1 file unchanged" in project.factory("seeds")


def test_records_that_failed_are_told_until_they_are_mended_or_may_fail(project: Project) -> None:
    project.write("questions.jsonl", '{"text": "one?"}\n{"text": \n')
    project.catalog("  rows: {seeds: questions, generator: lab.answer}")
    for command in ("seeds", "seeds", "build", "build"):
        assert "from failures where dataset = 'questions'" in project.factory(command, code=1)
    catalog = (project.folder / "catalog.yaml").read_text()
    project.write("catalog.yaml", catalog.replace("as: question", "as: question, max_failed: 1"))
    for command in ("seeds", "build"):
        assert "from failures where dataset = 'questions'" in project.factory(command)
    project.questions("one?")
    project.write("catalog.yaml", catalog)
    assert "failures" not in project.factory("seeds") + project.factory("build")


@pytest.mark.parametrize(
    ("source", "name", "content", "said"),
    [
        (
            "csv",
            "a.csv",
            "id,body\n1,words\n",
            "no column 'text', which a document needs; there are: id, body",
        ),
        ("jsonl", "a.jsonl", '{"txet": "words"}\n', "text: Field required; did you mean 'txet'?"),
        ("parquet", "a.parquet", "", "the file is empty"),
        ("epub", "a.epub", "", "the file is empty"),
        ("jats", "a.xml", "", "the file is empty"),
        ("epub", "a.epub", "no book", "is no archive"),
    ],
)
def test_what_a_file_lacks_is_told_where_the_reading_ends(
    project: Project, source: str, name: str, content: str, said: str
) -> None:
    project.write(name, content)
    project.write("catalog.yaml", f"seeds: {{some: {{source: {source}, path: {name}, as: document}}}}\n")
    told = project.factory("seeds", code=1)
    assert said in " ".join(told.split()) and "Traceback" not in told and "FactoryError" not in told


@pytest.mark.parametrize(
    ("path", "mend"),
    [
        ("pages/non*.txt", "no file matches"),
        ("pages", "it is a folder; name its files, such as pages/**/*"),
        ("nosuch://bucket/a.txt", "Unsupported filesystem"),
        ("gcs://bucket/a*.txt", "needs a package"),
        ("file:///nowhere/a.txt", "No such file"),
    ],
)
def test_a_path_that_leads_nowhere_is_told_with_what_to_do(project: Project, path: str, mend: str) -> None:
    project.write("pages/tides.txt", "It rises twice a day.")
    project.write("catalog.yaml", f"seeds: {{pages: {{source: text, path: '{path}', as: document}}}}\n")
    told = project.factory("seeds", code=1)
    assert mend in told and "'pages'" in told and "Traceback" not in told
