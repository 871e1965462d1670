"""Seeds from Jupyter notebooks: prose and code, cell by cell."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from factory.fences import fenced, fences, opening
from factory.plugins import Broken, Item, source
from factory.records import Code, Document, Origin, Passage, Seed
from factory.seeds.archives import read
from factory.seeds.jsonfile import NoJson, parsed
from factory.seeds.pages import Part, Wanted, seeds_of_parts
from factory.seeds.segment import MAX_WORDS, MIN_WORDS

_BEHIND_NAME = re.compile(r"[^\w+#.-].*", re.DOTALL)
_PICTURE = re.compile(r"!\[([^\]\n]*+)\]\((?:data|attachment):[^)\s]*+\)")


@source(gives=(Document, Passage, Code))
def notebooks(
    path: Path,
    kind: type[Seed],
    *,
    min_words: int = MIN_WORDS,
    max_words: int = MAX_WORDS,
    min_lines: int = 2,
    languages: tuple[str, ...] = (),
    outputs: bool = False,
) -> Iterator[Item]:
    """Jupyter notebooks (.ipynb, formats 3 and 4), packed or not: their cells in order as Markdown, code fenced.

    `outputs`: what code printed and gave, as text, behind it. Pictures inside of cells go, with their words kept.
    `min_lines`, `languages`: the least lines of a cell of code, and the languages wanted (none: all). Places are
    cells, counted from 1.
    """
    origin = Origin(address=str(path), place="")
    book = parsed(read(path))
    cells = _cells(book)
    if isinstance(book, NoJson) or cells is None:
        why = book if isinstance(book, NoJson) else "it has no cells"
        yield Broken(origin, f"is no notebook: {why}")
        return
    parts = [
        Part(text, number, number)
        for number, cell in enumerate(cells, start=1)
        if (text := _text(cell, _language(book), outputs))
    ]
    yield from seeds_of_parts(parts, "cell", Wanted(kind, min_words, max_words, min_lines, languages), origin)


def _cells(book: Any) -> list[Any] | None:
    """The cells of a notebook of format 4, or of format 3, which had sheets."""
    if not isinstance(book, dict):
        return None
    sheets = book.get("worksheets")
    parts = [book] if "cells" in book else sheets if isinstance(sheets, list) else []
    lists = [
        part["cells"] for part in parts if isinstance(part, dict) and isinstance(part.get("cells"), list)
    ]
    return [cell for cells in lists for cell in cells] if lists else None


def _text(cell: Any, language: str, outputs: bool) -> str:
    """A cell as Markdown. Format 3 names the language in each cell."""
    if not isinstance(cell, dict):
        return ""
    source = _joined(cell.get("source", cell.get("input")))
    match cell.get("cell_type"):
        case "code" if source.strip():
            shown = "".join(map(_output, cell.get("outputs") or ())).strip("\n") if outputs else ""
            code = fenced(source.strip("\n"), cell.get("language") or language)
            return f"{code}\n\n{fenced(shown)}" if shown else code
        case "heading" if source.strip():
            return f"{'#' * int(cell.get('level') or 1)} {source.strip()}"
        case "markdown":
            return _closed(_PICTURE.sub(r"\1", source).strip())
    return ""


def _closed(text: str) -> str:
    """Markdown with the end of a fence that it never closes, and that would swallow the cells behind it."""
    lines = text.split("\n")
    opened = next((opening(lines[one.lines.start]) for one in fences(text) if not one.closed), None)
    return f"{text}\n{opened.run}" if opened else text


def _language(book: Mapping[str, Any]) -> str:
    """The language that a notebook's kernel runs."""
    about = book.get("metadata")
    about = about if isinstance(about, dict) else {}
    for part, name in (("language_info", "name"), ("kernelspec", "language")):
        inner = about.get(part)
        if isinstance(inner, dict) and isinstance(inner.get(name), str):
            return _BEHIND_NAME.sub("", inner[name].lower())
    return "python"


def _output(output: Any) -> str:
    """What an output says as text: what was printed, or the plain form of a value."""
    if not isinstance(output, dict):
        return ""
    data = output.get("data")
    plain = data.get("text/plain") if isinstance(data, dict) else None
    text = _joined(output.get("text", plain))
    return text if not text or text.endswith("\n") else f"{text}\n"


def _joined(lines: Any) -> str:
    return (
        "".join(line for line in lines if isinstance(line, str))
        if isinstance(lines, list)
        else str(lines or "")
    )
