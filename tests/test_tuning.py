"""Tuning: small runs that find which sources teach what, kept, told in tables, and gone on with."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import torch
import yaml
from click.testing import CliRunner
from conftest import Project
from snapshots import write_snapshot

from factory.errors import FactoryError
from trainer.tuning.command import tune as command
from trainer.tuning.report import cost_of
from trainer.tuning.run import Runs
from trainer.tuning.settings import read_tuning

torch.set_num_threads(1)
CITIES = {"France": "Paris", "Italy": "Rome", "Spain": "Madrid", "Japan": "Tokyo", "Peru": "Lima"}


def task(folder: Path, name: str, items: list[tuple[str, str]], choices: list[str]) -> None:
    lines: list[dict[str, Any]] = [{"task": name, "kind": "choice"}]
    lines += [{"prompt": p, "choices": choices, "answer": choices.index(a)} for p, a in items]
    (folder / f"{name}.jsonl").write_text("\n".join(map(json.dumps, lines)))


@pytest.fixture(scope="module")
def tuned(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A tuning of two domains, one of them with a source that teaches nothing."""
    folder = tmp_path_factory.mktemp("tuned")
    capitals = [f"The capital of {land} is {city}." for land, city in CITIES.items()]
    letters = [f"After {a} comes {b}." for a, b in zip("abcdefgh", "bcdefghi", strict=True)]
    noise = [f"Stone number {n * 37 % 91} lies by the road." for n in range(12)]
    for name, texts in {"capitals": capitals, "letters": letters, "stones": noise}.items():
        write_snapshot(folder / name, text=[{"text": text} for text in texts * 4])
    (folder / "tasks").mkdir()
    task(
        folder / "tasks",
        "cities",
        [(f"The capital of {a} is", b) for a, b in CITIES.items()],
        list(CITIES.values()),
    )
    task(
        folder / "tasks",
        "alphabet",
        [(f"After {a} comes", b) for a, b in zip("abcdefgh", "bcdefghi", strict=True)],
        list("bcdefghi"),
    )
    recipe = {
        "stage": "pretrain",
        "snapshot": str(folder / "capitals"),
        "output": str(folder / "base"),
        "model": {"layers": 2, "width": 48, "heads": 4, "kv_heads": 2, "ffn": 64},
        "tokenizer": {"size": 320},
        "context": 64,
        "batch": {"tokens": 512},
        "steps": 60,
        "optimiser": {"lr": 5e-3, "warmup": 5},
        "log_every": 1000,
    }
    (folder / "recipe.yaml").write_text(yaml.safe_dump(recipe))
    settings = {
        "recipe": str(folder / "recipe.yaml"),
        "tasks": [str(folder / "tasks")],
        "output": str(folder / "out"),
        "domains": {
            "lands": {
                "tasks": ["cities"],
                "sources": {name: {"snapshot": str(folder / name)} for name in ("capitals", "stones")},
                "shares": [{"capitals": 0.1, "stones": 0.9}, {"capitals": 0.9, "stones": 0.1}],
            },
            "signs": {"tasks": ["alphabet"], "sources": {"letters": {"snapshot": str(folder / "letters")}}},
        },
    }
    (folder / "tuning.yaml").write_text(yaml.safe_dump(settings))
    result = CliRunner().invoke(command, [str(folder / "tuning.yaml")], catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return folder


def report(folder: Path) -> dict[str, Any]:
    return dict(json.loads((folder / "out/report.json").read_text()))


def test_the_better_shares_of_a_domain_are_found_and_merged(tuned: Path) -> None:
    found = report(tuned)
    assert found["best"]["lands"] == {"capitals": 0.9, "stones": 0.1}
    scores = [one["score"] for one in found["domains"]["lands"]]
    assert scores[1] > scores[0]
    assert found["merged"]["shares"] == pytest.approx({"capitals": 0.45, "stones": 0.05, "letters": 0.5})
    mixture = yaml.safe_load((tuned / "out/mixture.yaml").read_text())["mixture"]
    assert sum(source["share"] for source in mixture.values()) == pytest.approx(1)


def test_what_a_source_is_worth_is_told_by_leaving_it_out(tuned: Path) -> None:
    worth = {one["source"]: one for one in report(tuned)["worth"]}
    assert worth["letters"]["gain"]["score"] > 0.1
    assert worth["capitals"]["gain"]["score"] > worth["stones"]["gain"]["score"]
    assert worth["letters"]["tokens"] == 60 * 512 // 2
    assert worth["letters"]["gain_per_million_tokens"] > 0
    assert worth["letters"]["cost"] is None


def test_the_report_says_that_small_models_stand_in_and_whether_domains_add_up(tuned: Path) -> None:
    text = (tuned / "out/report.md").read_text()
    assert "Small models stand in here" in text
    assert {one["domain"]: one["holds"] for one in report(tuned)["additive"]}.keys() == {"lands", "signs"}
    assert "| signs |" in text


def test_the_source_that_alone_is_left_is_not_left_out(tuned: Path, tmp_path: Path) -> None:
    recipe = yaml.safe_load((tuned / "recipe.yaml").read_text()) | {"steps": 2}
    (tmp_path / "recipe.yaml").write_text(yaml.safe_dump(recipe))
    settings = yaml.safe_load((tuned / "tuning.yaml").read_text())
    settings |= {"recipe": str(tmp_path / "recipe.yaml"), "output": str(tmp_path / "out")}
    settings["domains"].pop("signs")
    settings["domains"]["lands"]["shares"] = [{"capitals": 1.0, "stones": 0.0}]
    (tmp_path / "tuning.yaml").write_text(yaml.safe_dump(settings))
    result = CliRunner().invoke(command, [str(tmp_path / "tuning.yaml")], catch_exceptions=False)
    assert result.exit_code == 0, result.output
    assert report(tmp_path)["worth"] == []


def test_the_same_command_again_trains_nothing(tuned: Path) -> None:
    before = {path: path.stat().st_mtime_ns for path in (tuned / "out/runs").rglob("scores.json")}
    figures = report(tuned)
    result = CliRunner().invoke(command, [str(tuned / "tuning.yaml")], catch_exceptions=False)
    assert result.exit_code == 0
    assert {path: path.stat().st_mtime_ns for path in (tuned / "out/runs").rglob("scores.json")} == before
    assert report(tuned) == figures


def test_what_a_source_cost_comes_from_the_store(tuned: Path, project: Project) -> None:
    project.questions("one?", "two?")
    price = "{writer: {model: rehearsal, price: {input: 1000000, output: 0}}}"
    project.catalog("  answers: {seeds: questions, generator: lab.answer}", price)
    project.factory("build")
    manifest = json.loads((tuned / "letters/manifest.json").read_text()) | {"datasets": {"answers": {}}}
    (tuned / "letters/manifest.json").write_text(json.dumps(manifest))
    tuning = read_tuning(tuned / "tuning.yaml").model_copy(
        update={"store": project.folder / "build/factory.duckdb"}
    )
    spent = project.query("select sum(cost) from calls")[0][0]
    assert cost_of(Runs(tuning, print), "letters") == pytest.approx(spent)
    assert spent > 0


def test_faults_are_told_with_the_mend(tuned: Path) -> None:
    path = tuned / "faulty.yaml"
    settings = yaml.safe_load((tuned / "tuning.yaml").read_text())
    settings["domains"]["signs"]["tasks"] = ["alphabets"]
    path.write_text(yaml.safe_dump(settings))
    with pytest.raises(FactoryError, match="no task is called 'alphabets'; did you mean 'alphabet'"):
        Runs(read_tuning(path), print)
    settings["domains"]["lands"]["shares"] = [{"capitals": 0.5}]
    path.write_text(yaml.safe_dump(settings))
    with pytest.raises(FactoryError, match=r"shares\.0 add up to 0\.500, not to 1"):
        read_tuning(path)
