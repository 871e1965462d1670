"""Records of tables: JSON lines, Parquet and CSV, mapped by name, whole or in spans, packed or not."""

from __future__ import annotations

import bz2
import gzip
import json
import lzma
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as files
import pytest
import zstandard

from factory.errors import FactoryError
from factory.plugins import Broken, Found, Source
from factory.records import Document, Question
from factory.seeds.files import line_spans
from factory.seeds.sources.csv import csv
from factory.seeds.sources.jsonl import jsonl
from factory.seeds.sources.parquet import parquet, spans

RECORDS = [
    {"problem": f"What is {n} + {n}?", "solution": {"final": str(2 * n)}, "license": "CC0-1.0", "id": n}
    for n in range(500)
]
FIELDS = {"text": "problem", "answer": "solution.final", "licence": "license"}


def read(source: Source, path: Path, **options: object) -> list[Found | Broken]:
    return list(source(path, Question, **options))


def lines(path: Path) -> Path:
    path.write_text("".join(json.dumps(record) + "\n" for record in RECORDS))
    return path


def test_lines_are_read_packed_or_not(tmp_path: Path) -> None:
    plain = lines(tmp_path / "a.jsonl")
    expected = [item.seed for item in read(jsonl, plain, fields=FIELDS) if isinstance(item, Found)]
    assert expected[3] == Question(text="What is 3 + 3?", answer="6")
    packers = {".gz": gzip.compress, ".bz2": bz2.compress, ".xz": lzma.compress, ".zst": zstandard.compress}
    for suffix, pack in packers.items():
        packed = tmp_path / f"a.jsonl{suffix}"
        packed.write_bytes(pack(plain.read_bytes()))
        assert [
            item.seed for item in read(jsonl, packed, fields=FIELDS) if isinstance(item, Found)
        ] == expected
        assert list(line_spans(packed, 1000)) == []


@pytest.mark.parametrize("size", [1, 100, 977, 10_000_000])
def test_spans_of_lines_give_each_line_once(size: int, tmp_path: Path) -> None:
    path = lines(tmp_path / "a.jsonl")
    found = [
        item.seed
        for span in line_spans(path, max(size, 50))
        for item in jsonl(path, Question, span, fields=FIELDS)
    ]
    assert found == [item.seed for item in read(jsonl, path, fields=FIELDS)]


def test_a_broken_line_is_kept_with_its_place_and_the_next_is_read(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    path.write_bytes(
        b'{"text": "one?"}\nno json\n\n[1]\n{"txt": "two?"}\n{"text": "\xff"}\n{"text": "three?"}'
    )
    items = read(jsonl, path)
    assert [item.origin.place for item in items] == [
        "line 1",
        "line 2",
        "line 4",
        "line 5",
        "line 6",
        "line 7",
    ]
    assert [type(item) is Found for item in items] == [True, False, False, False, False, True]
    assert isinstance(items[3], Broken) and "did you mean 'txt'" in items[3].error


def test_parquet_rows_are_mapped_and_its_row_groups_are_spans(tmp_path: Path) -> None:
    path = tmp_path / "a.parquet"
    files.write_table(pa.Table.from_pylist(RECORDS), path, row_group_size=60)
    items = read(parquet, path, fields=FIELDS)
    assert [item.seed for item in items] == [
        Question(text=one["problem"], answer=one["solution"]["final"])
        for one in RECORDS  # type: ignore[index]
    ]
    assert (items[99].origin.place, items[99].origin.licence) == ("row 100", "CC0-1.0")
    parts = list(spans(path, 2000))
    assert len(parts) > 2
    assert [item for span in parts for item in parquet(path, Question, span, fields=FIELDS)] == items


def test_a_column_that_is_not_there_is_named_with_a_near_miss(tmp_path: Path) -> None:
    path = tmp_path / "a.parquet"
    files.write_table(pa.Table.from_pylist(RECORDS), path)
    with pytest.raises(FactoryError, match="which is no column; did you mean 'problem'"):
        read(parquet, path, fields={"text": "problm"})
    table = tmp_path / "a.csv"
    table.write_text("Question,Answer\na,b\n")
    with pytest.raises(FactoryError, match="which is no column; did you mean 'Question'"):
        read(csv, table, fields={"text": "Qestion"})


@pytest.mark.parametrize("between", [",", ";", "\t", "|"])
def test_csv_is_read_with_its_own_delimiter_quotes_and_line_breaks(between: str, tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    rows = [
        ("Question", "Answer"),
        (f'"What{between} or ""which""?\nSecond line"', "one"),
        ("What next?", "two"),
    ]
    path.write_bytes(("\ufeff" + "\r\n".join(between.join(row) for row in rows) + "\r\n").encode())
    items = read(csv, path, fields={"text": "Question", "answer": "Answer"})
    assert [item.seed for item in items] == [
        Question(text=f'What{between} or "which"?\nSecond line', answer="one"),
        Question(text="What next?", answer="two"),
    ]
    assert [item.origin.place for item in items] == ["lines 2-3", "line 4"]


def test_csv_without_a_header_in_another_encoding_and_with_rows_too_long(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes("Où est-ce ?,là\nune,deux,trois\nQuand ?,demain\n".encode("latin-1"))
    one, two, three = read(csv, path, header=("text", "answer"), encoding="latin-1")
    assert one.seed == Question(text="Où est-ce ?", answer="là")  # type: ignore[union-attr]
    assert isinstance(two, Broken) and two.error == "3 cells in a row of 2 columns"
    assert isinstance(three, Found)


def test_a_line_beyond_every_bound_does_not_fill_memory(tmp_path: Path) -> None:
    from factory.seeds.files import lines_of

    path = tmp_path / "a.jsonl"
    path.write_bytes(b"x" * 10_000 + b'\n{"text": "after?"}\n')
    found = list(lines_of(path, most=100))
    assert [len(line) for _, line in found] == [100, 19]
    assert found[1][0] == 10_001


def test_documents_come_out_of_columns_too(tmp_path: Path) -> None:
    path = tmp_path / "a.parquet"
    files.write_table(pa.table({"content": ["A text."], "url": ["https://a.example"]}), path)
    (item,) = parquet(path, Document, fields={"text": "content"})
    assert isinstance(item, Found) and item.origin.url == "https://a.example"
