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
from seed_items import rows

from factory.errors import FactoryError
from factory.plugins import Broken, Found, Source
from factory.records import Document, Passage, Question
from factory.seeds.files import UnreadableError, line_spans
from factory.seeds.sources.csv import csv
from factory.seeds.sources.html import html
from factory.seeds.sources.jsonl import jsonl
from factory.seeds.sources.parquet import parquet, spans
from factory.seeds.sources.text import text

RECORDS = [
    {"problem": f"What is {n} + {n}?", "solution": {"final": str(2 * n)}, "license": "CC0-1.0", "id": n}
    for n in range(500)
]
FIELDS = {"text": "problem", "answer": "solution.final", "licence": "license"}


def read(source: Source, path: Path, **options: object) -> list[Found | Broken]:
    return rows(source(path, Question, **options))


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


@pytest.mark.parametrize("suffix", [".gz", ".bz2", ".xz", ".zst"])
def test_of_a_packed_file_that_was_cut_off_the_whole_lines_are_read_and_the_loss_is_told(
    suffix: str, tmp_path: Path
) -> None:
    pack = {".gz": gzip.compress, ".bz2": bz2.compress, ".xz": lzma.compress, ".zst": zstandard.compress}
    path = tmp_path / f"a.jsonl{suffix}"
    path.write_bytes(pack[suffix](b'{"text": "one?"}\n') + pack[suffix](b'{"text": "two?"}\n')[:-3])
    items = []
    with pytest.raises(UnreadableError, match=r"a.jsonl.*cut off behind byte \d+ .*fetch it again"):
        for item in jsonl(path, Question):
            items.append(item)  # noqa: PERF402
    assert items[0].seed == Question(text="one?")  # type: ignore[union-attr]


def test_what_careless_programs_write_as_json_is_read_as_it_was_meant(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    path.write_bytes(
        b'{"text": "half \\ud83d of a face"}\n{"text": "a whole \\ud83d\\ude00"}\n{"text": "raw \xed\xa0\x80"}\n'
        b'{"text": "tab\there"}\n{"text": "none?", "answer": NaN}\n'
    )
    assert [item.seed for item in read(jsonl, path)] == [  # type: ignore[union-attr]
        Question(text="half \ufffd of a face"),
        Question(text="a whole \U0001f600"),
        Question(text="raw \ufffd"),
        Question(text="tab\there"),
        Question(text="none?"),
    ]
    path.write_text('{"text": "schön?"}\n', encoding="latin-1")
    (broken,) = read(jsonl, path)
    assert (
        isinstance(broken, Broken)
        and broken.error == "not in UTF-8, as JSON is (byte 13); write it anew in UTF-8"
    )


def test_documents_come_out_of_columns_too(tmp_path: Path) -> None:
    path = tmp_path / "a.parquet"
    files.write_table(pa.table({"content": ["A text."], "url": ["https://a.example"]}), path)
    (item,) = parquet(path, Document, fields={"text": "content"})
    assert isinstance(item, Found) and item.origin.url == "https://a.example"


def test_lists_records_of_many_lines_and_byte_order_marks_are_read_as_lines_are(tmp_path: Path) -> None:
    records = [{"text": "one?"}, {"text": "two?", "answer": 2}]
    written = {
        "a.jsonl": "\ufeff" + "\r\n".join(map(json.dumps, records)),
        "b.json": json.dumps(records),
        "c.json": json.dumps(records, indent=2),
        "d.jsonl": json.dumps(records, indent=2),
    }
    for name, content in written.items():
        (tmp_path / name).write_text(content, encoding="utf-8", newline="")
        items = read(jsonl, tmp_path / name)
        assert [item.seed for item in items] == [Question(text="one?"), Question(text="two?", answer="2")]  # type: ignore[union-attr]
    assert [item.origin.place for item in items] == ["record 1", "record 2"]
    assert list(jsonl.split(tmp_path / "c.json", 10)) == []  # type: ignore[misc]
    (tmp_path / "e.json").write_text(json.dumps(records[0], indent=2))
    assert len(read(jsonl, tmp_path / "e.json")) == 1
    (tmp_path / "f.json").write_text('[{"text": "one?"},')
    (broken,) = read(jsonl, tmp_path / "f.json")
    assert isinstance(broken, Broken) and "no JSON" in broken.error


def test_what_is_empty_is_told_and_numbers_are_their_digits(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    lines = [{"text": " "}, {"text": None}, {"text": "two?", "answer": 2.0}, {"text": "half?", "answer": 0.5}]
    path.write_text("\n".join(map(json.dumps, lines)))
    blank, none, two, half = read(jsonl, path)
    assert isinstance(blank, Broken) and blank.error == "text: is empty"
    assert isinstance(none, Broken) and none.error == "text: is empty"
    assert isinstance(two, Found) and two.seed == Question(text="two?", answer="2")
    assert isinstance(half, Found) and half.seed == Question(text="half?", answer="0.5")


def test_a_table_without_the_column_that_is_needed_says_once_which_there_are(tmp_path: Path) -> None:
    path = tmp_path / "a.parquet"
    files.write_table(pa.Table.from_pylist(RECORDS), path)
    with pytest.raises(
        FactoryError, match=r"no column 'text', .* there are: problem, solution.* fields: \{text"
    ):
        read(parquet, path)
    with pytest.raises(
        FactoryError, match=r"'solution.finl', which is no column; did you mean 'solution.final'"
    ):
        read(parquet, path, fields={**FIELDS, "answer": "solution.finl"})
    table = tmp_path / "a.csv"
    table.write_text("Question,Answer\na,b\n")
    with pytest.raises(FactoryError, match=r"no column 'text'.* there are: Question, Answer"):
        read(csv, table)


def test_a_value_that_is_no_text_or_date_costs_its_own_row_alone(tmp_path: Path) -> None:
    path = tmp_path / "a.parquet"
    year = pa.array([10**15, 0, 0], pa.timestamp("ms"))
    files.write_table(pa.table({"text": pa.array([b"one?", b"\xff", b"three?"]), "date": year}), path)
    far, binary, found = read(parquet, path)
    assert isinstance(far, Broken) and far.error.startswith("a value that is no text or date")
    assert isinstance(binary, Broken) and binary.origin.place == "row 2"
    assert isinstance(found, Found) and (found.seed, found.origin.date) == (
        Question(text="three?"),
        "1970-01-01T00:00:00",
    )
    files.write_table(pa.Table.from_arrays([pa.array(["a"]), pa.array(["b"])], names=["text", "text"]), path)
    with pytest.raises(FactoryError, match="two columns are called 'text'"):
        read(parquet, path)


def test_a_row_group_that_is_a_bomb_is_refused_and_the_next_is_read(tmp_path: Path) -> None:
    path = tmp_path / "a.parquet"
    with files.ParquetWriter(path, pa.schema([("text", pa.string())]), compression="zstd") as out:
        out.write_table(pa.table({"text": ["word " * 2_000_000] * 3}))
        out.write_table(pa.table({"text": ["what?"]}))
    broken, found = read(parquet, path)
    assert isinstance(broken, Broken) and "times its size; refused" in broken.error
    assert broken.origin.place == "rows 1-3"
    assert isinstance(found, Found) and found.origin.place == "row 4"


def test_a_damaged_row_group_is_told_and_the_others_are_read(tmp_path: Path) -> None:
    path = tmp_path / "a.parquet"
    files.write_table(pa.Table.from_pylist(RECORDS), path, row_group_size=100, compression="zstd")
    about = files.ParquetFile(path).metadata.row_group(2).column(0)
    content = bytearray(path.read_bytes())
    start = about.dictionary_page_offset or about.data_page_offset
    content[start : start + about.total_compressed_size] = b"\xff" * about.total_compressed_size
    path.write_bytes(content)
    items = read(parquet, path, fields=FIELDS)
    (broken,) = (item for item in items if isinstance(item, Broken))
    assert broken.origin.place == "row 201 and those behind it in row group 2"
    assert len(items) == 401 and items[-1].origin.place == "row 500"


def test_csv_as_spreadsheets_and_careless_hands_write_it(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("text\tanswer\r\nHow, so?\t1\r\n\t\r\n", encoding="utf-16")
    (item,) = read(csv, path)
    assert isinstance(item, Found) and item.seed == Question(text="How, so?", answer="1")
    path.write_text("text\nWhat is this, my dear, friend?\n")
    (item,) = read(csv, path)
    assert isinstance(item, Found) and item.seed == Question(text="What is this, my dear, friend?")
    path.write_text('"text; really";answer\n"a, b, c";\n"d, e, f";"2, or\n3"\n')
    first, second = read(csv, path, fields={"text": "text; really"})
    assert isinstance(first, Found) and first.seed == Question(text="a, b, c")
    assert isinstance(second, Found) and second.seed == Question(text="d, e, f", answer="2, or\n3")
    path.write_bytes("text,answer\nschön,1\nfine,2\n".encode("latin-1"))
    wrong, fine = read(csv, path)
    assert isinstance(wrong, Broken) and "encoding" in wrong.error
    assert isinstance(fine, Found)


def test_a_quote_that_never_closes_costs_its_own_line_alone(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text('text,answer\nfirst?,0\n"open,1\nsecond?,2\n\nthird?,3\n')
    first, broken, second, third = read(csv, path)
    assert isinstance(broken, Broken) and "a quote that never closes" in broken.error
    assert [item.origin.place for item in (first, broken, second, third)] == [
        "line 2",
        "line 3",
        "line 4",
        "line 6",
    ]
    assert isinstance(third, Found) and third.seed == Question(text="third?", answer="3")


def test_a_cell_beyond_every_bound_is_told_and_the_next_line_is_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("factory.seeds.sources.csv.MAX_CELL", 100)
    monkeypatch.setattr("factory.seeds.sources.csv.MAX_ROW", 1000)
    path = tmp_path / "a.csv"
    for cell in ("x" * 500, '"' + "x\n" * 300 + '"', "x" * 5000):
        path.write_text(f"text,answer\n{cell},1\nlast?,2\n")
        broken, *_, last = read(csv, path)
        assert isinstance(broken, Broken) and broken.origin.place == "line 2"
        assert isinstance(last, Found) and last.seed == Question(text="last?", answer="2")
        assert last.origin.place == f"line {len(path.read_text().splitlines())}"


def test_csv_of_other_habits_is_read_as_it_is_told(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("sep=;\r\ntext;answer\r\na, b?;1\r\n")
    (item,) = read(csv, path)
    assert isinstance(item, Found) and (item.seed, item.origin.place) == (
        Question(text="a, b?", answer="1"),
        "line 3",
    )
    path.write_text('\n\ntext,answer\n"say \\"no\\", or?",1\n')
    (item,) = read(csv, path, escape="\\")
    assert isinstance(item, Found) and item.seed == Question(text='say "no", or?', answer="1")
    tabs = tmp_path / "a.tsv"
    tabs.write_text('text\tanswer, if any\n"So" he said\t1\n"open\t2\n')
    assert [item.seed for item in read(csv, tabs, quote="")] == [  # type: ignore[union-attr]
        Question(text='"So" he said'),
        Question(text='"open'),
    ]
    with pytest.raises(FactoryError, match="delimiter: '::' is more than one character"):
        read(csv, path, delimiter="::")
    path.write_text("text,text\na,b\n")
    with pytest.raises(FactoryError, match="two columns are called 'text'"):
        read(csv, path)
    path.write_bytes("text,answer\na,b\n".encode("utf-16-le"))
    with pytest.raises(UnreadableError, match="its header is binary"):
        read(csv, path)
    path.write_bytes(b"text,answer\na\0b,1\nc?,2\n")
    broken, found = read(csv, path)
    assert isinstance(broken, Broken) and "NUL" in broken.error and isinstance(found, Found)


MARKDOWN = "---\ntitle: Tides\nauthor: [Ada, Bo]\nlicense: MIT\nlang: de\n---\n\n# Höhe\n\nEin Tag hat zwei.\n\n## Tiefe\n\nUnd so fort.\n"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "latin-1"])
def test_places_of_texts_are_bytes_of_the_file_in_any_encoding(encoding: str, tmp_path: Path) -> None:
    path = tmp_path / "a.md"
    path.write_bytes(MARKDOWN.encode(encoding))
    items = list(text(path, Passage, min_words=1, max_words=4))
    assert [item.seed.text for item in items] == ["# Höhe\n\nEin Tag hat zwei.", "## Tiefe\n\nUnd so fort."]  # type: ignore[union-attr]
    for item in items:
        start, end = map(int, item.origin.place.removeprefix("bytes ").split("-"))
        codec = {"utf-8-sig": "utf-8", "utf-16": "utf-16-le"}.get(encoding, encoding)
        assert path.read_bytes()[start:end].decode(codec).strip() == item.seed.text  # type: ignore[union-attr]
        assert item.seed.language == "de"  # type: ignore[union-attr]


def test_texts_of_other_alphabets_are_read_in_the_encoding_that_is_named_and_not_as_if_western(
    tmp_path: Path,
) -> None:
    path = tmp_path / "a.txt"
    words = "Привет, мир. Это текст."
    for encoding in ("cp1251", "koi8-r", "utf-16-le"):
        path.write_bytes(words.encode(encoding))
        (broken,) = text(path, Document, min_words=1)
        assert isinstance(broken, Broken) and "encoding: " in broken.error
        (item,) = text(path, Document, min_words=1, encoding=encoding)
        assert isinstance(item, Found) and item.seed.text == words  # type: ignore[attr-defined]
        assert item.origin.place == f"bytes 0-{path.stat().st_size}"
    with pytest.raises(FactoryError, match="unknown encoding: cp125; name one"):
        list(text(path, Document, encoding="cp125"))


def test_front_matter_is_no_text_and_says_who_wrote_it_under_which_licence(tmp_path: Path) -> None:
    path = tmp_path / "a.md"
    path.write_text(MARKDOWN)
    (item,) = text(path, Document, min_words=1)
    assert isinstance(item, Found)
    assert item.seed.text.startswith("# Höhe") and item.seed.title == "Tides"  # type: ignore[attr-defined]
    assert (item.origin.title, item.origin.author, item.origin.licence) == ("Tides", "Ada; Bo", "MIT")
    path.write_text(
        '+++\ntitle = "Bays"\nauthors = ["Ada", "Bo"]\ndate = 2020-03-04T05:06:07Z\n[extra]\nx = 1\n+++\nText.\n'
    )
    (item,) = text(path, Document, min_words=1)
    assert isinstance(item, Found) and item.seed.text == "Text."  # type: ignore[attr-defined]
    assert (item.origin.title, item.origin.author, item.origin.date) == ("Bays", "Ada; Bo", "2020-03-04")
    for kept in (
        "+++\nno = \n+++\nText.\n",
        "---\n\nOnly a rule.\n\n---\n",
        "---\na: &a [x]\nb: *a\n---\nText.\n",
        "---\ntitle: [\n---\nText.\n",
    ):
        path.write_text(kept)
        (item,) = text(path, Document, min_words=1)
        assert isinstance(item, Found) and item.seed.text == kept.strip()  # type: ignore[attr-defined]


def test_packed_texts_and_pages_are_unpacked_and_binary_files_are_told(tmp_path: Path) -> None:
    path = tmp_path / "a.txt.gz"
    path.write_bytes(gzip.compress(b"Words that were packed."))
    (item,) = text(path, Document, min_words=1)
    assert isinstance(item, Found) and item.seed.text == "Words that were packed."  # type: ignore[attr-defined]
    page = tmp_path / "a.html.gz"
    page.write_bytes(gzip.compress(b"<p>Words that were packed.</p>"))
    (item,) = html(page, Document, min_words=1)
    assert isinstance(item, Found) and item.seed.text == "Words that were packed."  # type: ignore[attr-defined]
    path = tmp_path / "a.txt"
    path.write_bytes(bytes(range(256)))
    (broken,) = text(path, Document, min_words=1)
    assert isinstance(broken, Broken) and "NUL" in broken.error
