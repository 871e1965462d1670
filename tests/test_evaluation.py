"""Evaluation: what a model that has learnt some answers scores, and where the scores go."""

from __future__ import annotations

import json
import math
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import torch
import yaml
from click.testing import CliRunner
from conftest import Project
from transformers import AutoModelForCausalLM

from factory.errors import FactoryError, StoreError
from factory.teacher.model import Model
from trainer.evaluation import measures
from trainer.evaluation.command import evaluate as command
from trainer.evaluation.harness import harness_scores
from trainer.evaluation.judge import Judge
from trainer.evaluation.run import Evaluation, evaluate
from trainer.evaluation.subject import Subject
from trainer.evaluation.tasks import read_task, read_tasks
from trainer.export import write_model
from trainer.model import Phi, Shape
from trainer.tokenizer import ChatTokenizer

torch.set_num_threads(1)

CAPITALS = {"France": "Paris", "Italy": "Rome", "Spain": "Madrid", "Japan": "Tokyo"}
ADD = "Write a function add."
CODE = "```python\ndef add(a, b):\n    return a + b\n```"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A tiny model that has learnt four capitals as plain text, and one program as a conversation."""
    torch.manual_seed(0)
    plain = [f"The capital of {land} is {city}\n\n" for land, city in CAPITALS.items()]
    tokenizer = ChatTokenizer.train([*plain, ADD, CODE] * 3, 420)
    chat = [{"role": "user", "content": ADD}, {"role": "assistant", "content": CODE}]
    rows = [ids.tolist() for ids, _ in [*tokenizer.encode_texts(plain), *tokenizer.encode_chats([chat])]]
    model = Phi(Shape(layers=2, width=64, heads=4, kv_heads=2, ffn=96, vocabulary=448, context=256))
    optimiser = torch.optim.AdamW(model.parameters(), lr=3e-3)
    for _ in range(60):
        loss = torch.zeros(())
        for row in rows:
            ids = torch.tensor([row])
            logits = model(ids, torch.arange(len(row))[None], torch.zeros_like(ids))
            loss = loss + torch.nn.functional.cross_entropy(logits[0, :-1], ids[0, 1:])
        optimiser.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        optimiser.step()
    assert float(loss.detach()) < 0.5 * len(rows)
    path = tmp_path_factory.mktemp("evaluated") / "weights"
    write_model(model, tokenizer, path)
    return path


@pytest.fixture(scope="module")
def subject(folder: Path) -> Subject:
    return Subject(folder)


def task_file(folder: Path, head: dict[str, Any], *items: dict[str, Any]) -> Path:
    path = folder / f"{head['task']}.jsonl"
    path.write_text("\n".join(json.dumps(line) for line in (head, *items)) + "\n")
    return path


def score(subject: Subject, path: Path, **options: Any) -> Evaluation:
    return evaluate(subject, [read_task(path)], **options)[0]


def test_likelihoods_are_those_of_transformers_whatever_is_beside_them(
    folder: Path, subject: Subject
) -> None:
    network = AutoModelForCausalLM.from_pretrained(folder).eval()
    encode = subject.tokenizer.encode
    pairs = list(
        zip(
            encode(["The capital of France is", "The", "", "Spain"]),
            encode([" Paris", " capital of Italy", "Rome", " is"]),
            strict=True,
        )
    )
    for (start, end), found in zip(pairs, subject.likelihoods(pairs), strict=True):
        ids = torch.tensor([[*(start or [subject.tokenizer.end_of_text]), *end]])
        with torch.inference_mode():
            logprobs = network(ids, use_cache=False).logits[0].log_softmax(-1)
        places = torch.arange(ids.shape[1] - len(end) - 1, ids.shape[1] - 1)
        assert found == pytest.approx(float(logprobs[places, torch.tensor(end)].sum()), abs=1e-4)


def test_choices_that_were_learnt_win(subject: Subject, tmp_path: Path) -> None:
    path = task_file(
        tmp_path,
        {"task": "capitals", "kind": "choice"},
        *(
            {"prompt": f"The capital of {land} is", "choices": list(CAPITALS.values()), "answer": place}
            for place, land in enumerate(CAPITALS)
        ),
    )
    (all_items,) = score(subject, path).scores(None)
    assert (all_items.metric, all_items.items, all_items.score) == ("accuracy", 4, 1.0)


def test_replies_are_cut_and_their_final_answers_compared(subject: Subject, tmp_path: Path) -> None:
    path = task_file(
        tmp_path,
        {"task": "cities", "kind": "answer", "max_tokens": 12},
        {"prompt": "The capital of France is", "answer": "paris"},
        {"prompt": "The capital of Italy is", "answer": ["Milan", "Turin"]},
    )
    found = score(subject, path)
    assert [one.score for one in found.scored] == [1.0, 0.0]
    assert found.scored[0].reply.strip() == "Paris"
    assert found.scores(None)[0].stderr == pytest.approx(0.5)


def test_code_is_run_on_its_cases_in_the_sandbox(subject: Subject, tmp_path: Path) -> None:
    path = task_file(
        tmp_path,
        {
            "task": "programs",
            "kind": "code",
            "chat": True,
            "samples": 4,
            "k": [1, 4],
            "temperature": 0.05,
            "max_tokens": 80,
        },
        {"prompt": ADD, "cases": [{"call": "add(2, 3)", "expected": "5"}]},
        {"prompt": ADD, "cases": [{"call": "add(2, 3)", "expected": "6"}]},
    )
    one, four = score(subject, path).scores(None)
    assert (one.metric, four.metric) == ("pass@1", "pass@4")
    assert (one.score, four.score) == (0.5, 0.5)


def test_pass_at_k_is_unbiased() -> None:
    assert measures.pass_at(1, 10, 3) == pytest.approx(0.3)
    assert measures.pass_at(5, 10, 3) == pytest.approx(1 - math.comb(7, 5) / math.comb(10, 5))
    assert measures.pass_at(8, 10, 3) == 1.0
    assert measures.pass_at(2, 10, 0) == 0.0


def test_measures_of_long_contexts() -> None:
    assert measures.substring_match("It was The Red-House, I think.", ["red house"]) == 1
    assert measures.substring_match("Paristan", ["Paris"]) == 0
    assert measures.substring_match("答えは 東京 です", ["東京"]) == 1
    gains = {"D1": 0.0, "D2": 3.0, "D10": 1.0}
    assert measures.ndcg("D2 > D10 > D1", gains) == 1.0
    assert measures.ndcg("D1 > D10", gains) == pytest.approx((1 / math.log2(3)) / (3 + 1 / math.log2(3)))
    assert measures.ndcg("none of them", gains) == 0.0
    assert measures.macro_f1(["a", "b", "b"], ["a", "b", "a"]) == pytest.approx((2 / 3 + 2 / 3) / 2)
    assert measures.macro_f1(["x", "x"], ["a", "b"]) == 0.0


def test_long_tasks_run_five_times_with_other_shots(subject: Subject, tmp_path: Path) -> None:
    shots = [{"prompt": f"shot {n}:", "answer": str(n), "shot": True} for n in range(6)]
    path = task_file(
        tmp_path,
        {"task": "icl", "kind": "many_shot", "group": "8K", "shots": 2, "max_tokens": 3},
        *shots,
        {"prompt": "The capital of France is", "answer": "Paris"},
    )
    found = score(subject, path)
    assert [one.run for one in found.scored] == [0, 1, 2, 3, 4]
    assert found.scores(None)[0].metric == "f1"


def test_items_older_and_newer_than_the_newest_seed_are_told_apart(subject: Subject, tmp_path: Path) -> None:
    from datetime import date

    path = task_file(
        tmp_path,
        {"task": "dated", "kind": "answer", "date": "2025-01-01", "max_tokens": 6},
        {"prompt": "The capital of France is", "answer": "Paris"},
        {"prompt": "The capital of Spain is", "answer": "Lisbon", "date": "2026-06-01"},
    )
    told = {one.age: (one.items, one.score) for one in score(subject, path).scores(date(2025, 12, 31))}
    assert told == {"all": (2, 0.5), "older": (1, 1.0), "newer": (1, 0.0)}


def test_a_judge_marks_what_no_program_can(subject: Subject, tmp_path: Path) -> None:
    path = task_file(
        tmp_path,
        {"task": "open", "kind": "qa", "runs": 1, "max_tokens": 6},
        {"prompt": "The capital of France is", "answer": "Paris"},
    )
    with pytest.raises(FactoryError, match="is marked by a judge"):
        score(subject, path)
    found = score(subject, path, judge=Judge(Model(model="rehearsal")))
    assert found.scored[0].score in (0, 0.25, 0.5, 0.75, 1)
    assert found.scores(None)[0].metric == "judge"


@pytest.mark.parametrize(
    ("lines", "told"),
    [
        (['{"task": "x", "kind": "chioce"}', '{"prompt": "q"}'], "x.jsonl:1: kind"),
        (
            ['{"task": "x", "kind": "choice"}', '{"prompt": "q", "choices": ["a"], "answer": 0}'],
            "x.jsonl:2: needs 'choices'",
        ),
        (['{"task": "x", "kind": "answer"}', '{"prompt": "q"}'], "x.jsonl:2: needs an 'answer'"),
        (['{"task": "x", "kind": "answer"}', '{"promt": "q"}'], "x.jsonl:2: prompt"),
        (
            ['{"task": "x", "kind": "answer", "shots": 1}', '{"prompt": "q", "answer": "a"}'],
            "0 items are marked",
        ),
        (['{"task": "x", "kind": "code", "k": [5]}', '{"prompt": "q"}'], "needs at least 5 'samples'"),
        (['{"task": "x", "kind": "answer"}', "{not json"], "x.jsonl:2: is no JSON"),
        ([], "is empty"),
    ],
)
def test_a_faulty_task_is_told_with_file_line_and_key(lines: list[str], told: str, tmp_path: Path) -> None:
    path = tmp_path / "x.jsonl"
    path.write_text("\n".join(lines))
    with pytest.raises(FactoryError) as error:
        read_task(path)
    assert told in str(error.value)


def test_two_tasks_of_one_name_are_an_error(tmp_path: Path) -> None:
    for name in ("a", "b"):
        (tmp_path / f"{name}.jsonl").write_text(
            '{"task": "x", "kind": "answer"}\n{"prompt": "q", "answer": "1"}\n'
        )
    with pytest.raises(FactoryError, match=r"is in .*a\.jsonl too"):
        read_tasks([tmp_path])


def test_scores_go_into_the_store_beside_the_data_the_model_was_trained_on(
    folder: Path, project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    project.questions("one?")
    project.catalog("  answers: {seeds: questions, generator: lab.answer}")
    task_file(
        project.folder,
        {"task": "cities", "kind": "answer", "max_tokens": 6},
        {"prompt": "The capital of France is", "answer": "Paris"},
    )
    trained = {"snapshots": [{"name": "sft", "hash": "h", "datasets": ["answers", "talks"]}]}
    (folder / "training.json").write_text(json.dumps(trained))
    monkeypatch.chdir(project.folder)
    for _ in range(2):
        result = CliRunner().invoke(command, [str(folder), "cities.jsonl", "--json"])
        assert result.exit_code == 0, result.output
    assert json.loads(result.stdout)[0] == {
        "task": "cities",
        "group": "",
        "metric": "accuracy",
        "age": "all",
        "items": 1,
        "score": 1.0,
        "stderr": 0.0,
    }
    assert project.query("select count(*) from evaluations") == [(2,)]
    assert project.query("select task, score from scores") == [("cities", 1.0)]
    assert project.query("select dataset, snapshot, score from scores_by_dataset") == [
        ("answers", "sft", 1.0),
        ("talks", "sft", 1.0),
    ]
    assert project.query("select distinct expected, trim(reply) from evaluation_items") == [
        ("Paris", "Paris")
    ]


def test_a_store_that_another_process_holds_is_told_before_the_model_is_asked(
    folder: Path, project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    project.questions("one?")
    project.catalog("  answers: {seeds: questions, generator: lab.answer}")
    project.factory("build")
    path = task_file(project.folder, {"task": "t", "kind": "answer"}, {"prompt": "q", "answer": "a"})
    monkeypatch.chdir(project.folder)
    hold = "import duckdb; held = duckdb.connect('build/factory.duckdb'); print('held', flush=True); input()"
    with subprocess.Popen(
        [sys.executable, "-c", hold], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "held\n"
        result = CliRunner().invoke(command, [str(folder), str(path)])
        holder.communicate("\n")
    assert isinstance(result.exception, StoreError)
    assert result.output == ""


def test_a_folder_that_holds_no_model_and_a_judge_that_is_not_there_are_told(
    folder: Path, project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    project.catalog("  answers: {seeds: questions, generator: lab.answer}")
    path = task_file(project.folder, {"task": "t", "kind": "answer"}, {"prompt": "q", "answer": "a"})
    monkeypatch.chdir(project.folder)
    told = CliRunner().invoke(command, ["nowhere", str(path), "--no-store"]).exception
    assert "holds no config.json" in str(told)
    told = CliRunner().invoke(command, [str(folder), str(path), "--judge", "writr"]).exception
    assert "the catalogue has no model 'writr'; did you mean 'writer'" in str(told)


def test_the_harness_is_an_extra_and_a_missing_one_says_the_install_line(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "lm_eval", None)
    told = CliRunner().invoke(command, [str(folder), "--no-store", "--lm-eval", "arc_easy"]).exception
    assert "pip install 'seedfactory[evaluate]'" in str(told)


def test_the_harness_gives_each_score_with_its_error(folder: Path, tmp_path: Path) -> None:
    pytest.importorskip("lm_eval")
    rows = [{"question": f"count {number}", "answer": number % 2} for number in range(20)]
    (tmp_path / "rows.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    task = {
        "task": "tiny",
        "dataset_path": "json",
        "dataset_kwargs": {"data_files": {"test": str(tmp_path / "rows.jsonl")}},
        "test_split": "test",
        "output_type": "multiple_choice",
        "doc_to_text": "{{question}}",
        "doc_to_choice": ["one", "two"],
        "doc_to_target": "{{answer}}",
        "metric_list": [{"metric": "acc", "aggregation": "mean"}],
    }
    (tmp_path / "tiny.yaml").write_text(yaml.safe_dump(task))
    (row,) = harness_scores(folder, "tiny", tmp_path, None)
    share = row["score"]
    assert (row["metric"], row["items"]) == ("acc", 20)
    assert row["stderr"] == pytest.approx((share * (1 - share) / 19) ** 0.5, abs=1e-4)
