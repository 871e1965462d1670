"""Benchmark files: their records, and the items that training data must not hold.

JSON Lines, JSON, Parquet, CSV and TSV. The usual columns of the benchmarks that the phi-4 reports name are
known; the files themselves are the user's.
"""

from __future__ import annotations

import csv
import glob
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson

from factory.errors import FactoryError, did_you_mean

CONTEXTS = ("passage", "context", "article")
"""Columns that stand before the question: DROP, AGIEval."""

STEMS = (
    "question",  # ARC, CommonsenseQA, MedQA, AGIEval, GPQA, MMLU, MMLU-Pro, GSM8k, DROP
    "question_stem",  # OpenBookQA
    "problem",  # MATH, AIME, OmniMATH, SimpleQA
    "problem_statement",  # SWE-Bench
    "question_content",  # LiveCodeBench
    "prompt",  # HumanEval, MBPP (sanitized), arena-hard, mt-bench
    "goal",  # PIQA
    "sentence",  # WinoGrande
    "ctx",  # HellaSwag
    "description",  # Codeforces
    "text",  # MBPP
)
"""Columns that hold the question, the first that is there."""

CHOICES = ("choices", "options", "endings")
"""Columns that hold all options."""

CHOICE = (
    *("option1", "option2", "sol1", "sol2", "a", "b", "c", "d", "e"),
    *("correct_answer", "incorrect_answer_1", "incorrect_answer_2", "incorrect_answer_3"),
)
"""Columns that hold one option each: WinoGrande, PIQA, MMLU, GPQA."""

TURNS = "turns"
"""A list of questions that are items of their own: mt-bench, arena-hard."""

FORMATS = (".jsonl", ".json", ".parquet", ".csv", ".tsv")


_LABEL = re.compile(r"(?:^|(?<=[\s.?!:;,)]))\(?([A-J])[.):](?=\s|\d|\$|\w)")
"""What stands before an option in running text: "A. 71", "(B) 62"."""


@dataclass(frozen=True)
class Item:
    """What a benchmark asks. `stem`: the question without its options, where these have columns of their own;
    `pieces`: the question and each option, where there are options, in columns or in the text."""

    place: str
    text: str
    stem: str = ""
    pieces: tuple[str, ...] = ()


def expand(patterns: Sequence[str], what: str) -> list[Path]:
    """The files that paths and globs name, relative to the current directory. FactoryError when one names
    none, or a file of another format."""
    found: dict[Path, None] = {}
    for pattern in patterns:
        names = glob.glob(pattern, recursive=True)  # noqa: PTH207 - Path.glob takes no absolute pattern
        paths = [path for path in map(Path, sorted(names)) if path.is_file()]
        if not paths:
            beside = Path(pattern).parent
            near = [str(path) for path in beside.iterdir()] if beside.is_dir() else []
            mend = (
                f"; it is a folder: '{Path(pattern, '*')}' names its files"
                if Path(pattern).is_dir()
                else did_you_mean(pattern, near)
            )
            raise FactoryError(f"decontamination: no {what} file '{pattern}' in {Path.cwd()}{mend}")
        found.update(dict.fromkeys(paths))
    return list(found)


def records(path: Path, name: str = "") -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Every record of a file with its place ("file.jsonl:12"), names of columns as `column` writes them."""
    read = {".jsonl": _lines, ".json": _json, ".parquet": _parquet, ".csv": _csv, ".tsv": _csv}
    reader = read.get(path.suffix.lower())
    if reader is None:
        raise FactoryError(f"decontamination: {path}: unknown format; there are: {', '.join(FORMATS)}")
    for number, record in _guarded(reader(path), path):
        place = f"{name or path.name}:{number}"
        if not isinstance(record, dict):
            raise FactoryError(f"decontamination: {place}: a record is an object with named columns")
        yield place, {column(str(name)): value for name, value in record.items()}


def column(name: str) -> str:
    """The name of a column in lower case and with underscores: "Problem Statement" is problem_statement."""
    return re.sub(r"[\s-]+", "_", name.strip().lower())


def _guarded(rows: Iterator[tuple[int, Any]], path: Path) -> Iterator[tuple[int, Any]]:
    """Rows of a file; what a reader says of a broken one names the file."""
    try:
        yield from rows
    except (ValueError, csv.Error, OSError) as error:
        raise FactoryError(f"decontamination: {path}: cannot be read: {error}") from error


def items(path: Path, columns: Sequence[str] = (), name: str = "") -> Iterator[Item]:
    """The items of a benchmark file. `columns`: those to join, in place of the usual ones; `name`: what the file is
    called in the places of its items."""
    for place, record in records(path, name):
        if columns:
            parts = [_flat(record[name]) for name in map(column, columns) if name in record]
            if not parts:
                raise _no_columns(place, record, columns)
            yield Item(place, " ".join(filter(None, parts)))
        elif isinstance(record.get(TURNS), list):
            for turn in record[TURNS]:
                yield Item(place, _flat(turn))
        else:
            yield _usual(place, record)


def texts(path: Path) -> Iterator[str]:
    """The documents of a reference corpus: a whole text file, or the column `text` of each record."""
    if path.suffix.lower() in FORMATS:
        for place, record in records(path):
            if "text" not in record:
                raise _no_columns(place, record, ("text",))
            yield str(record["text"])
    else:
        yield path.read_text(encoding="utf-8", errors="replace")


def _usual(place: str, record: Mapping[str, Any]) -> Item:
    there = [name for name in STEMS if name in record]
    if not there:
        raise _no_columns(place, record, STEMS)
    stem = next((name for name in there if _flat(record[name]).strip()), there[0])
    asked = record[stem]
    given = [record[name] for name in (*CHOICES, *CHOICE) if record.get(name) is not None]
    if isinstance(asked, dict):  # ARC as first published: {"stem": ..., "choices": [...]}
        given += [asked[name] for name in CHOICES if name in asked]
        asked = asked.get("stem", "")
    before = [_flat(record[name]) for name in CONTEXTS if record.get(name) is not None]
    question = " ".join(filter(None, [*before, _flat(asked)]))
    options = [option for value in given for option in _listed(value) if option]
    if not options:
        return Item(place, question, pieces=in_pieces(question))
    pieces = (question, *map(_unlabelled, options))
    return Item(place, f"{question} {' '.join(options)}", question, pieces)


def _unlabelled(option: str) -> str:
    label = _LABEL.match(option)
    return option[label.end() :] if label else option


def in_pieces(text: str) -> tuple[str, ...]:
    """The question and the options of a text that holds them as "A. ... B. ... C. ..."; () where it does not."""
    found: list[re.Match[str]] = []
    for label in _LABEL.finditer(text):
        if label[1] == "ABCDEFGHIJ"[len(found)]:
            found.append(label)
    if len(found) < 3:
        return ()
    ends = [*(label.start() for label in found[1:]), len(text)]
    options = [text[label.end() : end].strip() for label, end in zip(found, ends, strict=True)]
    return text[: found[0].start()].strip(), *options


def _listed(value: Any) -> list[str]:
    """Options one by one, as `_flat` would join them."""
    if isinstance(value, dict):
        value = value["text"] if "text" in value else list(value.values())
    return [_flat(one) for one in value] if isinstance(value, list | tuple) else [_flat(value)]


def _flat(value: Any) -> str:
    """The text in a column: a string, a list of them, {"text": [...], "label": [...]}, {"A": ...}."""
    if isinstance(value, dict):
        for name in ("text", "content"):
            if name in value:
                return _flat(value[name])
        return " ".join(map(_flat, value.values()))
    if isinstance(value, str | int | float):
        return str(value)
    return " ".join(map(_flat, value)) if isinstance(value, Iterable) else ""


def _no_columns(place: str, record: Mapping[str, Any], wanted: Sequence[str]) -> FactoryError:
    return FactoryError(
        f"decontamination: {place}: none of the columns {', '.join(wanted)}; it has"
        f" {', '.join(record) or 'none'}; name the right ones with 'columns: [...]' in the catalogue, or --column"
    )


def _lines(path: Path) -> Iterator[tuple[int, Any]]:
    with path.open("rb") as file:
        for number, line in enumerate(file, start=1):
            if line.strip():
                yield number, _parsed(line, f"{path}:{number}")


def _json(path: Path) -> Iterator[tuple[int, Any]]:
    content = _parsed(path.read_bytes(), str(path))
    if isinstance(content, dict) and isinstance(content.get("data"), list):
        content = content["data"]
    yield from enumerate(content if isinstance(content, list) else [content], start=1)


def _parsed(data: bytes, place: str) -> Any:
    try:
        return orjson.loads(data)
    except orjson.JSONDecodeError as error:
        raise FactoryError(f"decontamination: {place}: not JSON: {error}") from error


def _parquet(path: Path) -> Iterator[tuple[int, Any]]:
    from pyarrow import parquet  # heavy: only where a file needs it

    number = 0
    for batch in parquet.ParquetFile(path).iter_batches(1024):
        for record in batch.to_pylist():
            number += 1
            yield number, record


def _csv(path: Path) -> Iterator[tuple[int, Any]]:
    csv.field_size_limit(1 << 27)
    with path.open(encoding="utf-8-sig", newline="") as file:
        header = file.readline()
        file.seek(0)
        delimiter = max(",;\t", key=header.count) if path.suffix.lower() == ".csv" else "\t"
        for record in (reader := csv.DictReader(file, delimiter=delimiter)):
            record.pop(None, None)  # cells beyond the header
            yield reader.line_num, record
