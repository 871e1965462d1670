"""Training runs as they happen: stopped and gone on with, started from weights, told step by step."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
import torch
import yaml
from click.testing import CliRunner
from conftest import ROOT
from safetensors.torch import load_file, save_file
from snapshots import start_trainer, write_snapshot
from torch import Tensor
from transformers import AutoModelForCausalLM, AutoTokenizer

from factory.errors import FactoryError
from trainer.checkpoint import Checkpoint
from trainer.command import train as command
from trainer.evaluation.results import trained_on
from trainer.export import read_model, write_model
from trainer.loop import train
from trainer.metrics import read_metrics, silent
from trainer.model import Phi, Shape
from trainer.optimiser import learning_rate
from trainer.recipe import OptimiserSettings, Recipe
from trainer.tokenizer import ChatTokenizer

torch.set_num_threads(1)
STORIES = [
    f"Day {number}: the boat left at {number % 12} and came back with {number} fish." for number in range(48)
]
CHATS = [
    [
        {"role": "system", "content": "Count."},
        {"role": "user", "content": f"What comes after {number}?"},
        {"role": "assistant", "content": f"{number + 1}.\n"},
        {"role": "user", "content": "And then?"},
        {"role": "assistant", "content": f"  {number + 2} <|im_end|>"},
    ]
    for number in range(48)
]


@pytest.fixture
def snapshot(tmp_path: Path) -> Path:
    """A snapshot of texts and conversations, with a shard of a kind that SFT leaves alone."""
    return write_snapshot(
        tmp_path / "mixed",
        {"rehearsal": True},
        chat=[{"messages": messages} for messages in CHATS],
        text=[{"text": story} for story in STORIES],
        label=[{"labels": "{}"}] * 5,
    )


def _settings(snapshot: Path, **changes: Any) -> dict[str, Any]:
    return {
        "stage": "sft",
        "snapshot": str(snapshot),
        "output": str(snapshot.parent / "out"),
        "allow_rehearsal": True,
        "model": {"layers": 2, "width": 32, "heads": 4, "kv_heads": 2, "ffn": 48},
        "tokenizer": {"size": 320},
        "context": 256,
        "batch": {"tokens": 512},
        "optimiser": {"lr": 3e-3, "warmup": 1},
        "steps": 4,
        **changes,
    }


def _recipe(snapshot: Path, **changes: Any) -> Recipe:
    return Recipe.model_validate(_settings(snapshot, **changes))


def _written(snapshot: Path, **changes: Any) -> Path:
    path = snapshot.parent / "recipe.yaml"
    path.write_text(yaml.safe_dump(_settings(snapshot, **changes)))
    return path


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_run_that_is_interrupted_writes_a_checkpoint_and_the_same_command_ends_it(
    snapshot: Path, number: int
) -> None:
    recipe = _written(snapshot, steps=4000, log_every=1)
    output = snapshot.parent / "out"
    process = subprocess.Popen(
        [sys.executable, "-m", "trainer", str(recipe)],
        cwd=ROOT,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    while len(read_metrics(output / "metrics.jsonl")) < 3 and process.poll() is None:
        time.sleep(0.05)
    with pytest.raises(FactoryError, match="another run is writing there"):
        train(Recipe.model_validate(_settings(snapshot, steps=4000)), silent)
    process.send_signal(number)
    told, _ = process.communicate(timeout=60)
    assert process.returncode == 130, told
    assert "stopping after this step" in told
    assert "the same command goes on from here" in told
    checkpoint = Checkpoint.newest(output / "checkpoints")
    assert checkpoint is not None
    assert checkpoint.step == len(read_metrics(output / "metrics.jsonl")) < 4000
    again = train(
        Recipe.model_validate(_settings(snapshot, steps=4000)), silent, stop_after=checkpoint.step + 2
    )
    assert again.step == checkpoint.step + 2


def test_a_finished_run_is_not_run_again_and_fresh_starts_anew(snapshot: Path) -> None:
    first = train(_recipe(snapshot), silent)
    told: list[str] = []
    again = train(_recipe(snapshot), told.append)
    assert again == first
    assert any("nothing is left to do" in line for line in told)
    assert train(_recipe(snapshot, seed=7), silent, fresh=True).first_loss != first.first_loss


def test_a_checkpoint_of_another_recipe_is_refused_with_what_has_changed(snapshot: Path) -> None:
    train(_recipe(snapshot), silent, stop_after=2)
    with pytest.raises(FactoryError, match=r"optimiser\.lr: 0\.003 then, 0\.5 now.*--fresh"):
        train(_recipe(snapshot, optimiser={"lr": 0.5, "warmup": 1}), silent)
    # How often a run is logged and saved, and how much a rank holds at once, decide no weight.
    train(_recipe(snapshot, log_every=1, checkpoint_every=1, batch={"tokens": 512, "at_once": 256}), silent)


def test_settings_of_the_optimiser_may_change_where_that_is_accepted(snapshot: Path) -> None:
    train(_recipe(snapshot), silent, stop_after=2)
    changed = {"lr": 0.001, "warmup": 1, "weight_decay": 0.0, "decay": "none"}
    keys = ["optimiser.decay", "optimiser.lr", "optimiser.weight_decay"]
    with pytest.raises(FactoryError, match=" ".join(f"--accept {key}" for key in keys).replace(".", r"\.")):
        train(_recipe(snapshot, optimiser=changed), silent)
    with pytest.raises(FactoryError, match=r"seed: 0 then, 1 now.*start anew$"):
        train(_recipe(snapshot, seed=1), silent, accepted=["seed"])
    recipe = _recipe(snapshot, optimiser=changed)
    train(recipe, silent, accepted=keys, stop_after=3)
    train(recipe, silent)  # the checkpoint is of the new recipe now
    assert [step.lr for step in read_metrics(recipe.output / "metrics.jsonl")[2:]] == [0.001, 0.001]


def test_only_the_newest_checkpoints_are_kept(snapshot: Path) -> None:
    recipe = _recipe(snapshot, checkpoint_every=1, keep=2)
    train(recipe, silent)
    names = sorted(path.name for path in (recipe.output / "checkpoints").iterdir())
    assert names == ["step-00000003", "step-00000004"]


def test_a_loss_that_is_not_finite_stops_the_run_and_leaves_the_last_checkpoint(snapshot: Path) -> None:
    recipe = _recipe(snapshot, steps=40, checkpoint_every=1, optimiser={"lr": 1e30, "clip": None})
    with pytest.raises(FactoryError, match=r"at step \d+ .*lower optimiser\.lr"):
        train(recipe, silent)
    checkpoint = Checkpoint.newest(recipe.output / "checkpoints")
    assert checkpoint is not None


def test_every_step_is_told_once_in_json_also_over_a_resumption(snapshot: Path) -> None:
    recipe = _recipe(snapshot, checkpoint_every=2)
    train(recipe, silent, stop_after=2)
    summary = train(recipe, silent)
    steps = read_metrics(recipe.output / "metrics.jsonl")
    assert [step.step for step in steps] == [1, 2, 3, 4]
    assert (steps[0].loss, steps[-1].loss) == (summary.first_loss, summary.last_loss)
    assert steps[-1].total_tokens == sum(step.tokens for step in steps) == summary.tokens


def test_one_epoch_trains_every_document_once_and_says_what_was_left_out(snapshot: Path) -> None:
    told: list[str] = []
    recipe = _recipe(snapshot, steps=None, epochs=1)
    summary = train(recipe, told.append)
    data = next(line for line in told if line.startswith("data"))
    assert "96 documents" in data
    assert "5 of kind label" in data
    assert f"{summary.tokens:,} tokens" in data


def test_training_starts_from_a_folder_of_weights_with_its_tokenizer(snapshot: Path) -> None:
    base = _recipe(snapshot, output=str(snapshot.parent / "base"))
    train(base, silent)
    export = base.output / "export"
    next_one = _recipe(snapshot, model=None, tokenizer=None, start=str(export), steps=1)
    summary = train(next_one, silent)
    assert summary.first_loss < read_metrics(base.output / "metrics.jsonl")[0].loss
    assert (next_one.output / "tokenizer/tokenizer.json").read_bytes() == (
        base.output / "tokenizer/tokenizer.json"
    ).read_bytes()


def test_a_tokenizer_that_the_weights_do_not_know_is_refused(snapshot: Path) -> None:
    start, other = _weights(snapshot), snapshot.parent / "other"
    ChatTokenizer.train(["quite another text, of other words"] * 9, 290).write(other)
    given = {"model": None, "start": str(start)}
    with pytest.raises(FactoryError, match=r"the weights of .* know .* as token \d+, and this tokenizer as"):
        train(_recipe(snapshot, **given, tokenizer={"folder": str(other)}), silent)
    train(_recipe(snapshot, **given, tokenizer={"folder": str(start)}, steps=1), silent)
    with pytest.raises(ValueError, match="trains a new one, which the weights of 'start' do not know"):
        _recipe(snapshot, **given, tokenizer={"size": 300})


def test_weights_whose_attention_sees_less_than_the_context_are_refused(snapshot: Path) -> None:
    base = _recipe(snapshot, output=str(snapshot.parent / "base"), steps=1)
    train(base, silent)
    config = base.output / "export/config.json"
    config.write_text(json.dumps(json.loads(config.read_text()) | {"sliding_window": 255}))
    with pytest.raises(FactoryError, match="sees 255 tokens of 256"):
        train(_recipe(snapshot, model=None, tokenizer=None, start=str(base.output / "export")), silent)


@pytest.mark.parametrize(
    ("name", "value", "told"),
    [
        ("model.norm.weight", None, r"model.norm.weight is missing"),
        ("model.norm.weight", torch.ones(31), r"model.norm.weight is of shape \[31\] and not \[32\]"),
        ("model.extra.weight", torch.ones(3), r"model.extra.weight is unknown"),
    ],
    ids=["missing", "of another shape", "unknown"],
)
def test_weights_that_do_not_fit_are_told_by_name(
    snapshot: Path, name: str, value: Tensor | None, told: str
) -> None:
    path = _weights(snapshot) / "model.safetensors"
    weights = {key: tensor for key, tensor in load_file(path).items() if key != name}
    save_file(weights if value is None else {**weights, name: value}, path)
    with pytest.raises(FactoryError, match=told):
        train(_recipe(snapshot, model=None, tokenizer=None, start=str(path.parent)), silent)


@pytest.mark.parametrize(
    ("file", "content", "told"),
    [
        ("model.safetensors", "half", r"model.safetensors: cannot be read .* copy it again"),
        ("config.json", "{", r"config.json: is no JSON"),
        ("config.json", '{"model_type": "phi3"}', r"config.json: lacks 'num_attention_heads'"),
    ],
)
def test_a_folder_of_weights_that_cannot_be_read_is_told_with_the_file(
    snapshot: Path, file: str, content: str, told: str
) -> None:
    folder = _weights(snapshot)
    (folder / file).write_text(content)
    with pytest.raises(FactoryError, match=told):
        train(_recipe(snapshot, model=None, tokenizer=None, start=str(folder)), silent)


def _weights(snapshot: Path) -> Path:
    """A folder of weights as an export has them."""
    folder, tokenizer = snapshot.parent / "weights", ChatTokenizer.train(STORIES, 300)
    write_model(Phi(Shape(2, 32, 4, 2, 48, tokenizer.size, 256)), tokenizer, folder)
    return folder


def test_a_gpu_that_is_asked_for_and_not_there_is_told(snapshot: Path) -> None:
    if not torch.cuda.is_available():
        with pytest.raises(FactoryError, match="torch sees no GPU here"):
            train(_recipe(snapshot, device="cuda"), silent)


def test_an_export_gives_the_logits_of_the_model_and_ends_its_turns(snapshot: Path) -> None:
    shape = {"layers": 2, "width": 32, "heads": 4, "kv_heads": 2, "ffn": 48, "rope_base": 20_000}
    recipe = _recipe(snapshot, model=shape)
    train(recipe, silent)
    export = recipe.output / "export"
    theirs, ours = AutoModelForCausalLM.from_pretrained(export).eval(), read_model(export).eval()
    ids = torch.arange(40)[None]
    with torch.no_grad():
        logits = ours(ids, torch.arange(40)[None], torch.zeros(1, 40).long())
        torch.testing.assert_close(logits, theirs(ids).logits, atol=1e-4, rtol=0)
    tokenizer = AutoTokenizer.from_pretrained(export)
    end_of_turn, end_of_text = tokenizer.convert_tokens_to_ids(["<|im_end|>", "<|endoftext|>"])
    assert (tokenizer.eos_token_id, tokenizer.pad_token_id) == (end_of_turn, end_of_text)
    assert ours.shape.rope_base == theirs.config.rope_parameters["rope_theta"] == 20_000.0
    assert set(theirs.generation_config.eos_token_id) == {end_of_turn, end_of_text}
    assert "rehearsal" in (export / "README.md").read_text()
    assert [one["name"] for one in trained_on(export)] == ["mixed"]


def test_the_saved_chat_template_gives_the_ids_that_were_trained_on(snapshot: Path) -> None:
    recipe = _recipe(snapshot)
    train(recipe, silent)
    theirs = AutoTokenizer.from_pretrained(recipe.output / "export")
    ours = ChatTokenizer.read(recipe.output / "export")
    for chat in CHATS[:5]:
        plain = [{**turn, "content": turn["content"].replace("<|im_end|>", "")} for turn in chat]
        own = ours.encode_chats([plain])[0][0].tolist()
        assert theirs.apply_chat_template(plain, return_dict=True)["input_ids"] == own
        prompt = theirs.apply_chat_template(plain[:2], add_generation_prompt=True, return_dict=True)[
            "input_ids"
        ]
        assert own[: len(prompt)] == prompt


def test_numbers_are_cut_into_single_digits_and_every_text_comes_back() -> None:
    tokenizer = ChatTokenizer.train(STORIES * 4, 400).backend
    assert tokenizer.encode("x = 1234", add_special_tokens=False).tokens[-4:] == ["1", "2", "3", "4"]
    for text in ("  a\n\n\tb  ", "été — 東京 🙂", "def f(x):\n    return x**2\n"):
        assert tokenizer.decode(tokenizer.encode(text, add_special_tokens=False).ids) == text


def test_the_rate_warms_up_and_ends_at_its_final_share() -> None:
    settings = OptimiserSettings(lr=1.0, warmup=2, decay="cosine", final=0.1)
    rates = [learning_rate(settings, step, 10) for step in range(11)]
    assert rates[:3] == [0.5, 1.0, 1.0]
    assert rates[10] == pytest.approx(0.1)  # after the last step
    assert rates[2:] == sorted(rates[2:], reverse=True)


def test_the_last_step_of_a_run_learns_where_the_rate_ends_at_nothing() -> None:
    settings = OptimiserSettings(lr=1.0, warmup=0, decay="linear", final=0.0)
    assert [learning_rate(settings, step, 4) for step in range(4)] == [1.0, 0.75, 0.5, 0.25]
    assert learning_rate(settings, 0, 1) == 1.0


def test_a_dry_run_says_what_would_be_trained_and_writes_nothing(snapshot: Path) -> None:
    done = CliRunner().invoke(command, [str(_written(snapshot)), "--dry-run"])
    assert done.exit_code == 0, done.output
    assert all(word in done.output for word in ("parameters", "documents", "4 steps", "epochs"))
    assert not (snapshot.parent / "out").exists()
    # Where nothing says how much a rank holds at once, it is all of a step.
    assert "activations for 2 rows at once" in done.output


def test_a_row_without_its_content_is_told(tmp_path: Path) -> None:
    texts = write_snapshot(tmp_path / "texts", text=[{"text": "a story"}, {"text": None}])
    turns = [{"role": "user", "content": "a question"}, {"role": "assistant", "content": None}]
    chats = write_snapshot(tmp_path / "chats", chat=[{"messages": turns}])
    for snapshot, column in ((texts, "text"), (chats, "messages")):
        with pytest.raises(FactoryError, match=rf"\({column} is empty or of another type\)"):
            train(_recipe(snapshot), silent)


def test_a_snapshot_that_is_not_there_is_told_with_the_command_that_makes_it(tmp_path: Path) -> None:
    with pytest.raises(FactoryError, match=r"factory export .* --output"):
        train(_recipe(tmp_path / "nowhere"), silent)
    assert not _recipe(tmp_path / "nowhere").output.exists()


def test_ranks_that_fail_alike_tell_the_error_once(tmp_path: Path) -> None:
    recipe = _recipe(tmp_path / "nowhere")
    process = start_trainer(recipe, tmp_path / "recipe.yaml", ranks=2, port=29595)
    told, _ = process.communicate(timeout=200)
    assert process.returncode
    assert told.count("error: ") == 1, told
