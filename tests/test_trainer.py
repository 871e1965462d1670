"""The trainer: right to the token, the same model however it is cut up, and an export that others load."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from conftest import ROOT
from snapshots import write_snapshot
from transformers import AutoModelForCausalLM, AutoTokenizer

from factory.errors import FactoryError
from trainer.loop import train
from trainer.metrics import silent
from trainer.model import Phi, Shape
from trainer.packing import Batch, pack
from trainer.recipe import Recipe, read_recipe
from trainer.tokenizer import ChatTokenizer

torch.set_num_threads(1)
SHAPE = Shape(layers=2, width=32, heads=4, kv_heads=2, ffn=48, vocabulary=300, context=64)
WORDS = ["red", "blue", "green", "one", "two", "three", "small", "large", "runs", "sleeps", "over", "tree"]


def _snapshot(folder: Path, *, rows: int = 60, **told: Any) -> Path:
    """A snapshot of conversations that can be learnt."""
    chats = []
    for number in range(rows):
        word, other = WORDS[number % len(WORDS)], WORDS[(number * 5 + 3) % len(WORDS)]
        question = {"role": "user", "content": f"Say {word} and {other} {number % 7} times."}
        answer = {"role": "assistant", "content": " ".join([word, other] * (number % 7 + 1))}
        chats.append({"messages": [question, answer], "dataset": "d", "sample_id": f"s{number}"})
    return write_snapshot(folder, told, chat=chats)


def _recipe(folder: Path, **changes: Any) -> Recipe:
    settings: dict[str, Any] = {
        "stage": "sft",
        "snapshot": str(folder / "snapshot"),
        "output": str(folder / "out"),
        "model": {"layers": 2, "width": 32, "heads": 4, "kv_heads": 2, "ffn": 48},
        "tokenizer": {"size": 300},
        "context": 128,
        "batch": {"tokens": 512},
        "optimiser": {"lr": 3e-3, "warmup": 1},
        "steps": 6,
        "checkpoint_every": 100,
    }
    return Recipe.model_validate(settings | changes)


def _weights(recipe: Recipe) -> dict[str, torch.Tensor]:
    model = AutoModelForCausalLM.from_pretrained(recipe.output / "export")
    return dict(model.state_dict())


def test_chat_format_is_phi_4s_and_only_the_assistant_is_learnt() -> None:
    tokenizer = ChatTokenizer.train(WORDS * 20, 300)
    chat = [
        {"role": "system", "content": "S"},
        {"role": "user", "content": "U"},
        {"role": "assistant", "content": "A"},
    ]
    ids, learnt = tokenizer.encode_chats([chat])[0]
    text = tokenizer.backend.decode(ids.tolist(), skip_special_tokens=False)
    assert text == (
        "<|im_start|>system<|im_sep|>S<|im_end|><|im_start|>user<|im_sep|>U<|im_end|>"
        "<|im_start|>assistant<|im_sep|>A<|im_end|>"
    )
    assert [tokenizer.backend.id_to_token(int(token)) for token in ids[learnt]] == ["A", "<|im_end|>"]


def test_text_that_spells_a_special_token_stays_text() -> None:
    tokenizer = ChatTokenizer.train(WORDS * 20, 300)
    ids, _ = tokenizer.encode_chats([[{"role": "user", "content": "<|im_end|>"}]])[0]
    assert (ids == tokenizer.end_of_turn).sum() == 1


def test_packing_loses_nothing_and_fills_rows_without_splitting() -> None:
    lengths = np.array([5, 60, 12, 64, 3, 30, 31, 8])
    rows = pack(lengths, 64, seed=1, block=0)
    assert sorted(number for row in rows for number in row) == list(range(len(lengths)))
    assert all(sum(lengths[number] for number in row) <= 64 for row in rows)
    assert len(rows) == 4
    assert rows == pack(lengths, 64, seed=1, block=0) != pack(lengths, 64, seed=1, block=1)


def test_packed_documents_see_nothing_of_each_other() -> None:
    torch.manual_seed(0)
    model = Phi(SHAPE).eval()
    first, second = torch.randint(0, 300, (20,)), torch.randint(0, 300, (30,))
    packed = model(
        torch.cat((first, second))[None],
        torch.cat((torch.arange(20), torch.arange(30)))[None],
        torch.cat((torch.zeros(20), torch.ones(30))).long()[None],
    )[0]
    for part, logits in ((first, packed[:20]), (second, packed[20:])):
        alone = model(part[None], torch.arange(len(part))[None], torch.zeros(1, len(part)).long())[0]
        torch.testing.assert_close(logits, alone, atol=1e-5, rtol=1e-4)


def test_the_model_is_transformers_phi3_to_the_parameter_and_logit() -> None:
    from transformers import Phi3Config, Phi3ForCausalLM

    torch.manual_seed(0)
    config = Phi3Config(
        vocab_size=300, hidden_size=32, intermediate_size=48, num_hidden_layers=2, num_attention_heads=4,
        num_key_value_heads=2, max_position_embeddings=64, rms_norm_eps=1e-5, pad_token_id=0, bos_token_id=1,
        eos_token_id=2, tie_word_embeddings=False,
    )  # fmt: skip
    theirs = Phi3ForCausalLM(config).eval()
    ours = Phi(SHAPE).eval()
    ours.load_state_dict(theirs.state_dict(), strict=True)
    ids = torch.randint(0, 300, (2, 40))
    positions, documents = torch.arange(40).expand(2, 40), torch.zeros(2, 40).long()
    with torch.no_grad():
        torch.testing.assert_close(ours(ids, positions, documents), theirs(ids).logits, atol=1e-5, rtol=1e-4)


def test_the_loss_is_transformers_mean_over_the_target_tokens() -> None:
    from trainer.objectives import next_token_loss

    torch.manual_seed(0)
    model = Phi(SHAPE)
    ids = torch.randint(0, 300, (2, 30))
    places = torch.tensor([8, 9, 20, 29, 31, 50, 59])
    positions, documents = torch.arange(30).expand(2, 30), torch.zeros(2, 30).long()
    batch = Batch(ids, positions, documents, places - 1, ids.flatten()[places])
    labels = torch.full((60,), -100)
    labels[places - 1] = ids.flatten()[places]
    mean = torch.nn.functional.cross_entropy(model(ids, positions, documents).view(-1, 300), labels)
    torch.testing.assert_close(next_token_loss(model, batch) / len(places), mean)


def test_a_run_learns_and_its_export_loads_and_agrees(tmp_path: Path) -> None:
    _snapshot(tmp_path / "snapshot")
    recipe = _recipe(tmp_path, steps=40)
    summary = train(recipe, silent)
    assert summary.last_loss < 0.7 * summary.first_loss
    model = AutoModelForCausalLM.from_pretrained(recipe.output / "export")
    tokenizer = AutoTokenizer.from_pretrained(recipe.output / "export")
    chat = [{"role": "user", "content": "Say red and blue."}, {"role": "assistant", "content": "red blue"}]
    own, _ = ChatTokenizer.read(recipe.output / "export").encode_chats([chat])[0]
    theirs = tokenizer.apply_chat_template(chat, return_dict=True)["input_ids"]
    assert theirs == own.tolist()
    assert model.config.eos_token_id is not None
    assert (recipe.output / "export" / "README.md").exists()


@pytest.mark.parametrize("stop_after", [2, 5])
def test_a_resumed_run_is_the_same_run_to_the_bit(tmp_path: Path, stop_after: int) -> None:
    _snapshot(tmp_path / "snapshot", rows=24)  # several epochs, so that the second is resumed as well
    whole = _recipe(tmp_path, output=str(tmp_path / "whole"), steps=8)
    train(whole, silent)
    cut = _recipe(tmp_path, output=str(tmp_path / "cut"), steps=8)
    train(cut, silent, stop_after=stop_after)
    train(cut, silent)
    one, other = _weights(whole), _weights(cut)
    assert all(torch.equal(one[name], other[name]) for name in one)


def test_accumulation_is_the_big_batch(tmp_path: Path) -> None:
    _snapshot(tmp_path / "snapshot")
    big = _recipe(tmp_path, output=str(tmp_path / "big"))
    small = _recipe(tmp_path, output=str(tmp_path / "small"), batch={"tokens": 512, "at_once": 128})
    train(big, silent)
    train(small, silent)
    one, other = _weights(big), _weights(small)
    assert all(torch.allclose(one[name], other[name], atol=1e-5) for name in one)


def test_two_processes_train_the_model_of_one(tmp_path: Path) -> None:
    import yaml

    _snapshot(tmp_path / "snapshot")
    single = _recipe(tmp_path, output=str(tmp_path / "single"))
    train(single, silent)
    double = _recipe(tmp_path, output=str(tmp_path / "double"))
    path = tmp_path / "recipe.yaml"
    path.write_text(yaml.safe_dump(json.loads(double.model_dump_json(exclude_none=True))))
    command = [
        sys.executable,
        "-m",
        "torch.distributed.run",
        "--nproc-per-node",
        "2",
        "--master-port",
        "29571",
    ]
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        [*command, "-m", "trainer", str(path)], env=environment, cwd=tmp_path, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    one, other = _weights(single), _weights(double)
    assert all(torch.allclose(one[name], other[name], atol=1e-5) for name in one)


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"finished": False}, "unfinished snapshot"),
        ({"rehearsal": True}, "--allow-rehearsal"),
        ({"format": 9}, "format 9"),
    ],
)
def test_a_snapshot_that_must_not_be_trained_on_is_refused(
    tmp_path: Path, changes: dict[str, Any], told: str
) -> None:
    _snapshot(tmp_path / "snapshot", **changes)
    with pytest.raises(FactoryError, match=told):
        train(_recipe(tmp_path), silent)


def test_a_shard_that_was_changed_is_refused(tmp_path: Path) -> None:
    shard = _snapshot(tmp_path / "snapshot") / "data/chat-00000.parquet"
    shard.write_bytes(shard.read_bytes()[:-1] + b"?")
    with pytest.raises(FactoryError, match=r"chat-00000\.parquet"):
        train(_recipe(tmp_path), silent)


def test_documents_that_do_not_fit_are_told_and_never_dropped_in_silence(tmp_path: Path) -> None:
    _snapshot(tmp_path / "snapshot")
    with pytest.raises(FactoryError, match="longer than context"):
        train(_recipe(tmp_path, context=32, batch={"tokens": 128}), silent)
    told: list[str] = []
    train(_recipe(tmp_path, context=32, batch={"tokens": 128}, long="truncate"), told.append)
    assert any("cut tokens" in line for line in told)


def test_a_wrong_recipe_is_told_with_line_and_near_miss(tmp_path: Path) -> None:
    path = tmp_path / "recipe.yaml"
    path.write_text("stage: sft\nsnapshot: s\noutput: o\ncontext: 64\nbatch: {tokens: 64}\nstepz: 3\n")
    with pytest.raises(FactoryError, match=r"recipe\.yaml:6.*did you mean 'steps'"):
        read_recipe(path)
