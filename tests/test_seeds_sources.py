"""The built-in sources: what each gives, from which place, and what becomes of unreadable records."""

from __future__ import annotations

import fnmatch
from pathlib import Path
from typing import Any

import orjson
import pytest
import yaml
from seed_items import left_out, rows

from factory.errors import FactoryError
from factory.plugins import Broken, Found, Source
from factory.records import Code, Document, Passage, Question, Seed, Table, Thread, Topic
from factory.seeds.sources.html import html
from factory.seeds.sources.jsonl import jsonl
from factory.seeds.sources.python import python
from factory.seeds.sources.text import text

ROOT = Path(__file__).parent.parent
PAGES = ROOT / "examples" / "pages"
SEEDS = ROOT / "examples" / "seeds"


def found(source: Source, path: Path, kind: type[Seed], **settings: Any) -> list[Found]:
    items = rows(source(path, kind, **settings))
    assert all(isinstance(item, Found) and isinstance(item.seed, kind) for item in items), items
    return [item for item in items if isinstance(item, Found)]


def span(item: Found) -> slice:
    unit, _, numbers = item.origin.place.partition(" ")
    start, _, end = numbers.partition("-")
    assert unit == "bytes"
    return slice(int(start), int(end))


# ------------------------------------------------------------------------------------------------ html


def test_a_page_gives_one_document_with_its_title_and_place() -> None:
    path = PAGES / "python" / "sorting.html"
    (item,) = found(html, path, Document)
    assert isinstance(item.seed, Document)
    assert item.seed.title == "Sorting HOW TO"
    assert item.seed.text.startswith("# Sorting HOW TO")
    assert item.seed.language == "en"
    assert item.origin.address == str(path)
    assert b"Operator Module Functions" in path.read_bytes()[span(item)]


def test_passages_name_their_document_and_section() -> None:
    path = PAGES / "python" / "sorting.html"
    (document,) = found(html, path, Document)
    items = found(html, path, Passage)
    assert len(items) > 4
    assert {item.origin.parent for item in items} == {document.seed.id}
    keys = next(
        item for item in items if isinstance(item.seed, Passage) and "Key Functions" in item.seed.section
    )
    assert isinstance(keys.seed, Passage)
    assert keys.seed.title == "Sorting HOW TO"
    assert "```pycon\n" in keys.seed.text
    assert b"Key Functions" in path.read_bytes()[span(keys)]


def test_tables_have_a_header_and_rows_of_its_width() -> None:
    items = found(html, PAGES / "postgresql" / "datatype-numeric.html", Table)
    table = items[0].seed
    assert isinstance(table, Table)
    assert table.header == ("Name", "Storage Size", "Description", "Range")
    assert table.rows[0] == ("`smallint`", "2 bytes", "small-range integer", "-32768 to +32767")
    assert all(len(row) == len(table.header) for item in items for row in item.seed.rows)  # type: ignore[attr-defined]
    assert table.section.endswith("Numeric Types")


def test_code_can_be_asked_for_by_language_and_length() -> None:
    path = PAGES / "python" / "functional.html"
    every = found(html, path, Code)
    python_only = found(html, path, Code, languages=("python",), min_lines=3)
    assert 0 < len(python_only) < len(every)
    for item in python_only:
        assert isinstance(item.seed, Code)
        assert item.seed.language == "python"
        assert not item.seed.text.startswith(">>>")
        assert item.seed.text.count("\n") >= 2


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"%PDF-1.5 words", "'source: pdf'"),
        (b"PK\x03\x04words", "'source: docx'"),
        (b'{"cells": []}', "'source: notebooks'"),
    ],
)
def test_what_is_no_page_is_told_with_the_source_that_reads_it(
    content: bytes, told: str, tmp_path: Path
) -> None:
    (tmp_path / "page.html").write_bytes(content)
    (found,) = html(tmp_path / "page.html", Passage)
    assert isinstance(found, Broken) and told in found.error


def test_the_same_page_gives_the_same_seeds() -> None:
    path = PAGES / "scipy" / "fft.html"
    assert found(html, path, Passage) == found(html, path, Passage)


def test_every_example_page_has_a_licence() -> None:
    globs = yaml.safe_load((PAGES / "licences.yaml").read_text())
    pages = [path.relative_to(PAGES).as_posix() for path in PAGES.glob("*/*.html")]
    assert 30 <= len(pages) <= 50
    assert all(any(fnmatch.fnmatchcase(page, glob) for glob in globs) for page in pages)
    assert all(any(fnmatch.fnmatchcase(page, glob) for page in pages) for glob in globs)


# ----------------------------------------------------------------------------------------------- jsonl


def test_each_line_is_a_seed_with_its_line_as_place(tmp_path: Path) -> None:
    path = tmp_path / "questions.jsonl"
    path.write_bytes(b'{"text": "2 + 2?", "answer": "4", "unused": 1}\n\n{"text": "Why?"}\n')
    items = found(jsonl, path, Question)
    assert [item.seed for item in items] == [Question(text="2 + 2?", answer="4"), Question(text="Why?")]
    assert [item.origin.place for item in items] == ["line 1", "line 3"]


def test_fields_say_where_the_names_differ(tmp_path: Path) -> None:
    path = tmp_path / "problems.jsonl"
    record = {"problem": "2 + 2?", "solution": {"final": "4"}, "license": "CC0-1.0"}
    path.write_bytes(orjson.dumps(record))
    (item,) = found(
        jsonl, path, Question, fields={"text": "problem", "answer": "solution.final", "licence": "license"}
    )
    assert item.seed == Question(text="2 + 2?", answer="4")
    assert item.origin.licence == "CC0-1.0"


def test_a_broken_line_is_kept_with_why_and_the_rest_is_read(tmp_path: Path) -> None:
    path = tmp_path / "questions.jsonl"
    path.write_bytes(b'{"text": "one"}\n{"text": \n["text"]\n{"txt": "three"}\n\xff\xfe\n{"text": "four"}\n')
    items = list(jsonl(path, Question))
    broken = [item for item in items if isinstance(item, Broken)]
    assert [item.origin.place for item in broken] == ["line 2", "line 3", "line 4", "line 5"]
    assert "no JSON" in broken[0].error
    assert "expected an object, found list" in broken[1].error
    assert "did you mean 'txt'?" in broken[2].error
    assert sum(isinstance(item, Found) for item in items) == 2


def test_threads_and_code_are_read_too(tmp_path: Path) -> None:
    path = tmp_path / "threads.jsonl"
    path.write_bytes(
        b'{"title": "Sails", "posts": [{"text": "How?", "votes": 3}, {"text": "So.", "accepted": true}]}'
    )
    (item,) = found(jsonl, path, Thread)
    assert isinstance(item.seed, Thread)
    assert item.seed.posts[1].accepted
    path.write_bytes(b'{"text": "x = 1", "language": "python"}')
    assert found(jsonl, path, Code)[0].seed == Code(text="x = 1", language="python")


def test_a_field_that_the_kind_does_not_have_is_an_error_with_a_near_miss(tmp_path: Path) -> None:
    path = tmp_path / "questions.jsonl"
    path.write_bytes(b'{"text": "one"}')
    with pytest.raises(FactoryError, match="did you mean 'answer'"):
        list(jsonl(path, Question, fields={"anser": "a"}))


def test_the_example_questions_and_topics_are_whole() -> None:
    questions = found(jsonl, SEEDS / "questions.jsonl", Question)
    topics = found(jsonl, SEEDS / "topics.jsonl", Topic)
    assert len(questions) >= 40 and len({item.seed.id for item in questions}) == len(questions)
    assert len(topics) >= 40 and len({item.seed.id for item in topics}) == len(topics)


# ---------------------------------------------------------------------------------------------- python


def test_functions_and_classes_are_seeds_with_their_lines(tmp_path: Path) -> None:
    path = tmp_path / "module.py"
    path.write_text(
        '"""A module."""\nimport functools\nimport math\n\n\n@functools.cache\ndef area(radius):\n'
        '    """The area."""\n    return math.pi * radius**2\n\n\nclass Disc:\n    radius = 1\n\n'
        "    def grow(self):\n        self.radius += 1\n"
    )
    area, disc = found(python, path, Code)
    assert isinstance(area.seed, Code) and isinstance(disc.seed, Code)
    assert (area.seed.name, area.origin.place) == ("area", "lines 6-9")
    assert area.seed.text.startswith("import functools\nimport math\n\n\n@functools.cache\ndef area(radius):")
    assert (disc.seed.name, disc.origin.place) == ("Disc", "lines 12-16")
    assert disc.seed.text.startswith("class Disc:")


def test_length_and_docstring_can_be_asked_for(tmp_path: Path) -> None:
    path = tmp_path / "module.py"
    path.write_text('def a():\n    """Words."""\n    x = 1\n    return x\n\n\ndef b():\n    return 2\n')
    assert [item.seed.name for item in found(python, path, Code, min_lines=1)] == ["a", "b"]  # type: ignore[attr-defined]
    assert [item.seed.name for item in found(python, path, Code, min_lines=1, docstring=True)] == ["a"]  # type: ignore[attr-defined]
    assert found(python, path, Code, min_lines=1, max_lines=1) == []


@pytest.mark.parametrize("raw", [b"def f(:\n  pass", b"print 'old'", b"x = '\x00'", b"\xff\xfe", b"(" * 5000])
def test_a_file_that_does_not_parse_is_kept_as_broken(tmp_path: Path, raw: bytes) -> None:
    path = tmp_path / "module.py"
    path.write_bytes(raw)
    (item,) = python(path, Code)
    assert isinstance(item, Broken)
    assert item.error.startswith("no Python")


def test_the_example_functions_run_alone() -> None:
    items = [
        item
        for path in sorted(SEEDS.glob("python/*.py"))
        for item in found(python, path, Code, docstring=True)
    ]
    assert len(items) >= 25
    for item in items:
        assert isinstance(item.seed, Code)
        namespace: dict[str, Any] = {}
        exec(item.seed.text, namespace)
        assert callable(namespace[item.seed.name])


# ------------------------------------------------------------------------------------------------ text

NOTES = """# Boats

Boats carry people over water.

## Sails

They catch the wind.

```sh
# no heading
make sail
```
"""


def test_markdown_gives_documents_passages_and_topics(tmp_path: Path) -> None:
    path = tmp_path / "notes.md"
    path.write_text(NOTES)
    (document,) = found(text, path, Document, min_words=5)
    assert document.seed == Document(text=NOTES.strip(), title="Boats")
    sails = found(text, path, Passage, min_words=4, max_words=12)[-1]
    assert isinstance(sails.seed, Passage)
    assert (sails.seed.title, sails.seed.section) == ("Boats", "Boats > Sails")
    assert sails.seed.text.endswith("```sh\n# no heading\nmake sail\n```")
    assert path.read_bytes()[span(sails)].startswith(b"## Sails")
    (topic,) = found(text, path, Topic)
    assert topic.seed == Topic(name="Sails", description="They catch the wind.", domain="Boats")


def test_plain_text_gives_a_topic_a_line_and_passages_between_empty_lines(tmp_path: Path) -> None:
    path = tmp_path / "topics.txt"
    path.write_text("sails: how they catch the wind\n\n# oars\n")
    items = found(text, path, Topic)
    assert [item.seed for item in items] == [
        Topic(name="sails", description="how they catch the wind"),
        Topic(name="# oars"),
    ]
    assert [item.origin.place for item in items] == ["line 1", "line 3"]
    passages = found(text, path, Passage, min_words=1, max_words=5)
    assert [item.seed.text for item in passages] == ["sails: how they catch the wind", "# oars"]  # type: ignore[attr-defined]


@pytest.mark.parametrize("content", ["", "\n\n", "```", "# ", "```python\nnever closed"])
def test_odd_texts_are_no_error(tmp_path: Path, content: str) -> None:
    path = tmp_path / "odd.md"
    path.write_text(content)
    for kind in (Document, Passage, Topic):
        found(text, path, kind, min_words=1)
    if not content.strip():
        assert left_out(text(path, Document)) == {"no text in it": 1}
