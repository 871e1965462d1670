"""Jupyter notebooks: prose and code in the order of their cells."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

import pytest
from seed_items import left_out, rows

from factory.plugins import Broken, Found
from factory.records import Code, Document, Passage
from factory.seeds.sources.notebooks import notebooks

CELLS: list[dict[str, Any]] = [
    {"cell_type": "markdown", "source": ["# Tides\n", "\n", "A bay and ![its map](data:image/png;base64,iVBOR).\n"]},
    {"cell_type": "code", "source": "height = 3\nheight * 2", "outputs": [
        {"output_type": "stream", "text": ["one\n", "two\n"]},
        {"output_type": "execute_result", "data": {"text/plain": ["  6"], "image/png": "iVBOR"}},
    ]},
    {"cell_type": "markdown", "source": "An example:\n\n```sh\nls"},
    {"cell_type": "raw", "source": "not shown"},
    {"cell_type": "code", "source": " \n", "outputs": []},
    {"cell_type": "markdown", "source": "The end of $x^2$."},
]  # fmt: skip
TEXT = """# Tides

A bay and its map.

```julia
height = 3
height * 2
```

An example:

```sh
ls
```

The end of $x^2$."""


def notebook(path: Path, cells: object = CELLS, **metadata: object) -> Path:
    path.write_text(json.dumps({"nbformat": 4, "metadata": metadata, "cells": cells}))
    return path


def test_cells_come_in_order_as_markdown_without_outputs_or_pictures(tmp_path: Path) -> None:
    path = notebook(tmp_path / "a.ipynb", language_info={"name": "Julia"})
    (item,) = notebooks(path, Document, min_words=1)
    assert isinstance(item, Found) and isinstance(item.seed, Document)
    assert item.seed.text == TEXT
    assert (item.seed.title, item.origin.title, item.origin.place) == ("Tides", "Tides", "cells 1-6")
    packed = tmp_path / "b.ipynb.gz"
    packed.write_bytes(gzip.compress(path.read_bytes()))
    assert [one.seed for one in notebooks(packed, Document, min_words=1) if isinstance(one, Found)] == [
        item.seed
    ]


def test_outputs_are_shown_behind_their_code_where_they_are_asked_for(tmp_path: Path) -> None:
    path = notebook(tmp_path / "a.ipynb", kernelspec={"language": "python"})
    (item,) = notebooks(path, Document, min_words=1, outputs=True)
    assert isinstance(item, Found) and isinstance(item.seed, Document)
    assert "```python\nheight = 3\nheight * 2\n```\n\n```\none\ntwo\n  6\n```" in item.seed.text


def test_passages_and_code_say_their_cells(tmp_path: Path) -> None:
    path = notebook(tmp_path / "a.ipynb", kernelspec={"language": "python"})
    parts = list(notebooks(path, Passage, min_words=1, max_words=14))
    assert [part.origin.place for part in parts] == ["cells 1-2", "cells 3-6"]
    items = list(notebooks(path, Code, languages=("python",)))
    assert left_out(items) == {"fewer lines than min_lines": 1}
    (code,) = rows(items)
    assert isinstance(code, Found) and code.seed == Code(text="height = 3\nheight * 2", language="python")
    assert code.origin.place == "cell 2"


def test_notebooks_of_format_3_are_read(tmp_path: Path) -> None:
    path = tmp_path / "a.ipynb"
    cells = [
        {"cell_type": "heading", "level": 2, "source": "Bays"},
        {"cell_type": "code", "input": ["x = 1"], "language": "python", "outputs": [{"text": "1"}]},
    ]
    path.write_text(json.dumps({"nbformat": 3, "metadata": {}, "worksheets": [{"cells": cells}]}))
    (item,) = notebooks(path, Document, min_words=1)
    assert isinstance(item, Found) and isinstance(item.seed, Document)
    assert item.seed.text == "## Bays\n\n```python\nx = 1\n```"


@pytest.mark.parametrize(
    ("content", "why"), [("{", "no JSON"), ("[]", "it has no cells"), ('{"cells": 3}', "it has no cells")]
)
def test_what_is_no_notebook_is_told_to_be_none(content: str, why: str, tmp_path: Path) -> None:
    path = tmp_path / "a.ipynb"
    path.write_text(content)
    (item,) = notebooks(path, Document)
    assert isinstance(item, Broken) and item.error.startswith("is no notebook: ") and why in item.error
