"""A third party's distribution: installed with pip, found by entry point, missed by name when it is gone."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

from conftest import ROOT, Project

CATALOG = """\
seeds: {pages: {source: html, path: page.html, as: passage, with: {min_words: 40}}}
datasets:
  terms: {seeds: pages, generator: glossary.entry, validators: [glossary.brief]}
"""
PAGE = """<!doctype html><title>Sieves</title><article><h1>Sieves</h1>
<p>A prime sieve is a table in which the multiples of every prime are struck out, so that only
primes remain. It was described by Eratosthenes, and it is still the quickest way to list all the
primes below a few millions. The table holds one mark for each number, and a number that is never
struck out has no divisor but itself and one. To strike out the multiples of a prime one may begin
at its square, since smaller multiples have a smaller divisor and were struck out before. For this
reason the outer loop can end at the square root of the largest number.</p>
</article>"""


def _install(project: Project, tmp_path: Path) -> None:
    copy = shutil.copytree(ROOT / "examples" / "plugin", tmp_path / "plugin")
    command = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--target", str(project.site)]
    subprocess.run([*command, str(copy)], check=True, capture_output=True, text=True)


def test_a_plugin_from_pip_runs_from_the_catalogue_and_its_removal_is_told(
    project: Project, tmp_path: Path
) -> None:
    _install(project, tmp_path)
    project.write("page.html", PAGE)
    project.write("catalog.yaml", CATALOG)
    assert "glossary.entry" in project.factory("plugins")
    project.factory("build")
    rows = project.query("select messages[1].content, draws->>'reader' from accepted")
    assert rows
    assert all(question.startswith("What does '") and reader for question, reader in rows)

    for left in project.site.glob("*glossary*"):
        shutil.rmtree(left)
    told = project.factory("build", code=1)
    assert "no generator 'glossary.entry' is installed" in told
    assert "terms" in told
    assert project.query("select messages[1].content, draws->>'reader' from accepted") == rows
