"""`factory extract`: pages shown, and why."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from conftest import ROOT
from test_sources_warc import PAGES, archive

PAGE = """<html lang="en"><head><title>Tides - Bays</title><meta property="og:site_name" content="Bays"></head><body>
<nav><a href="/">Home</a> <a href="/a">All about bays</a></nav>
<div id="content"><h1>Tides</h1><p>The tide that comes into a narrow bay is higher than the one outside of it, since
the water has nowhere else to go, and so it rises along the walls until the moon has passed.
Where the bay ends in a river the water runs up against the stream,
as a wave that the people of the shore wait for, and can be heard long before it can be seen.</p>
<div class="share-buttons"><a href="#">Share</a></div><h2>Related articles</h2><ul><li><a href="/x">Waves</a></li></ul>
</div><footer>All rights reserved by the bay.</footer></body></html>"""


def extract(*arguments: str, given: str = "", code: int = 0) -> str:
    command = [sys.executable, "-m", "factory", "extract", *arguments]
    done = subprocess.run(command, input=given, capture_output=True, text=True, cwd=ROOT)
    assert done.returncode == code, done.stderr
    return done.stdout if code == 0 else done.stderr


def test_a_page_is_shown_as_markdown_text_and_json(tmp_path: Path) -> None:
    path = tmp_path / "a.html"
    path.write_text(PAGE)
    assert extract(str(path)).startswith("# Tides\n\nThe tide that comes")
    assert extract("-", "--format", "text", given=PAGE).startswith("Tides\n\nThe tide")
    row = json.loads(extract(str(path), "-f", "json"))
    assert (row["title"], row["site"], row["language"]) == ("Tides", "Bays", "en")
    assert [block["kind"] for block in row["blocks"]] == ["heading", "paragraph"]
    start, end = row["blocks"][1]["start"], row["blocks"][1]["end"]
    assert "The tide that comes" in path.read_bytes()[start:end].decode()


def test_each_part_is_told_kept_or_dropped_with_the_rule() -> None:
    told = extract("-", "--explain", given=PAGE)
    for part in (
        "tag nav",
        "tag footer",
        "named share",
        'below the heading "related articles"',
        "kept    body > div#content > h1  [",
    ):
        assert part in told, told
    assert told.count("kept ") == 2


def test_folders_and_archives_give_a_line_a_page(tmp_path: Path) -> None:
    lines = extract(str(archive(tmp_path / "a.warc.gz")), "-f", "json").splitlines()
    assert [json.loads(line)["page"] for line in lines] == [
        f"https://docs.example.org/{n}" for n in range(len(PAGES))
    ]
    assert len(extract(str(PAGES[0].parent), "-f", "json", "--limit", "2").splitlines()) == 2


@pytest.mark.parametrize(
    ("argument", "told"), [("nowhere.html", "there is no file"), ("READM.md", "did you mean 'README.md'")]
)
def test_what_is_not_there_is_told(argument: str, told: str) -> None:
    assert told in extract(argument, code=1)
