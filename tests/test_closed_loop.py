"""The example of a closed loop: its problems are what they claim, and its data comes out of the factory."""

from __future__ import annotations

import operator
import random
import re
import shutil
import sys
from pathlib import Path

import pytest
from conftest import ROOT, Project

from validators.answers import final_answer, same

EXAMPLE = ROOT / "examples/closed_loop"
sys.path.insert(0, str(EXAMPLE))

from closed_loop.__main__ import REPORT, prepare  # noqa: E402 - an example, not installed here
from closed_loop.problems import WRONG, problems  # noqa: E402


def test_numbers_of_searched_and_tested_problems_were_never_trained_on() -> None:
    numbers = {
        split: {(one.first, tuple(n for _, n in one.relations)) for one in problems(split, 2000)}
        for split in ("train", "search", "test")
    }
    assert not numbers["train"] & numbers["search"]
    assert not numbers["train"] & numbers["test"]
    assert not numbers["search"] & numbers["test"]


def test_a_share_of_choices_is_wrong_by_method_alone_and_all_arithmetic_is_right() -> None:
    chance = random.Random(0)
    asked = problems("train", 2000)
    for choices in (1, 2):
        some = [one for one in asked if len(one.choices) == choices]
        right = [same(final_answer(one.solution(chance)) or "", one.answer) for one in some]
        assert abs(sum(right) / len(some) - (1 - WRONG) ** choices) < 0.05
    for told in (one.solution(chance) for one in asked):
        sums = re.findall(r"(\d+) ([-+*]) (\d+) = (\d+)", told)
        assert sums
        for first, sign, second, result in sums:
            worked = {"+": operator.add, "-": operator.sub, "*": operator.mul}[sign](int(first), int(second))
            assert worked == int(result) < 100
    assert all(same(final_answer(one.solution(chance, wrong=0)) or "", one.answer) for one in asked[:200])


def test_the_data_of_a_base_comes_out_of_the_factory(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copytree(EXAMPLE / "closed_loop", project.site / "closed_loop")
    project.plugin(
        "loop-1.0.dist-info/METADATA", "Metadata-Version: 2.1\nName: seedfactory-closed-loop\nVersion: 1.0\n"
    )
    project.plugin(
        "loop-1.0.dist-info/entry_points.txt", "[factory.generators]\nloop = closed_loop.generators\n"
    )
    shutil.copy(EXAMPLE / "catalog.yaml", project.folder)
    monkeypatch.chdir(project.folder)
    monkeypatch.setenv("BASE", "1")
    prepare(1, 3, searched=5, tested=5)
    project.factory("build", "--select", "texts", "--select", "sums", "--select", "solutions")
    project.factory("export", "solutions")
    import duckdb

    with duckdb.connect("build/base-1/factory.duckdb", read_only=True) as store:
        counts = store.execute("select dataset, count(*) from accepted group by all order by all").fetchall()
    assert counts == [("solutions", 90), ("sums", 60), ("texts", 180)]
    assert "finished" in project.factory("plan", "--select", "solutions")


def test_the_report_compares_runs_with_the_base_they_came_from() -> None:
    import duckdb

    rows = [(1, "base", 0.4), (1, "dpo", 0.5), (1, "dpo", 0.6), (2, "base", 0.2), (2, "dpo", 0.4)]
    connection = duckdb.connect()
    connection.execute("create table results (base int, how varchar, metric varchar, score double)")
    connection.executemany("insert into results values (?, ?, 'greedy', ?)", rows)
    found = connection.execute(REPORT).fetchall()
    assert found[0][:5] == ("greedy", "base", 2, 0.3, 0.0)
    assert found[1][:5] == ("greedy", "dpo", 3, 0.475, 0.175)


def test_every_recipe_of_the_loop_is_one_that_the_trainer_takes(monkeypatch: pytest.MonkeyPatch) -> None:
    from trainer.recipe import read_recipe

    monkeypatch.setenv("BASE", "2")
    found = {path.stem: read_recipe(path) for path in sorted((EXAMPLE / "recipes").glob("*.yaml"))}
    assert set(found) == {"accepted", "nll", "pairs", "pivotal", "pretrain", "sft"}
    assert found["pivotal"].start == Path("build/base-2/sft/export")
