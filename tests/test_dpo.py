"""DPO: the loss that TRL computes, on trees that share their prompt, with nothing added and nothing cut."""

from __future__ import annotations

import importlib
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from snapshots import start_trainer, write_snapshot
from torch.nn import functional
from transformers import AutoModelForCausalLM, AutoTokenizer

from factory.errors import FactoryError
from trainer.data import Snapshot
from trainer.export import read_model, write_model
from trainer.logprobs import token_logprobs
from trainer.loop import gradients, train
from trainer.metrics import read_metrics, silent
from trainer.model import Phi, Shape
from trainer.objectives import Preferences, next_token_loss, pair_logprobs
from trainer.packing import Batch, Place
from trainer.pairs import PairOrder, Pairs, tokenise_pairs
from trainer.recipe import PreferenceSettings, Recipe
from trainer.tokenizer import ChatTokenizer
from trainer.world import World

torch.set_num_threads(1)
trl: Any = importlib.import_module("trl")  # untyped, as is datasets
datasets: Any = importlib.import_module("datasets")
ALONE = World(0, 1, torch.device("cpu"))
SHAPE = Shape(layers=2, width=32, heads=4, kv_heads=2, ffn=48, vocabulary=320, context=128)
ANSWERS = ["yes", "no, never", "twelve and a half", "it is 7", "ask again later, and then once more"]


def _preferences(count: int = 12) -> list[dict[str, Any]]:
    return [
        {
            "prompt": [{"role": "user", "content": f"Question {number}" + " please" * (number % 4) + "?"}],
            "chosen": [{"role": "assistant", "content": ANSWERS[number % 5]}],
            "rejected": [{"role": "assistant", "content": ANSWERS[(number * 2 + 1) % 5 - 1] + "."}],
            "loss_tokens": 5 if number % 3 == 0 else None,
        }
        for number in range(count)
    ]


def _pivotal(tokenizer: ChatTokenizer, count: int = 9) -> list[dict[str, Any]]:
    rows = []
    for number in range(count):
        prompt = tokenizer.prompt([{"role": "user", "content": f"Add {number} and {number * 3}."}])
        extra = {
            "prompt_ids": [*prompt, *range(20, 20 + number % 5)],
            "accepted_id": 40 + number,
            "rejected_id": 90 + number,
            "tokenizer": tokenizer.fingerprint,
        }
        rows.append({"extra": json.dumps(extra)})
    return rows


@pytest.fixture(scope="module")
def start(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small model from scratch, as an export."""
    torch.manual_seed(0)
    folder = tmp_path_factory.mktemp("start") / "model"
    write_model(Phi(SHAPE), ChatTokenizer.train(ANSWERS * 9, 300), folder)
    return folder


def _recipe(folder: Path, start: Path, **changes: Any) -> Recipe:
    settings: dict[str, Any] = {
        "stage": "dpo",
        "snapshot": str(folder / "snapshot"),
        "output": str(folder / "out"),
        "start": str(start),
        "context": 128,
        "batch": {"pairs": 4},
        "optimiser": {"lr": 1e-3, "weight_decay": 0.0},
        "dpo": {"beta": 0.5},
        "epochs": 2,
    }
    return Recipe.model_validate(settings | changes)


def _read(folder: Path, start: Path, **rows: list[dict[str, Any]]) -> Pairs:
    snapshot = Snapshot.open(write_snapshot(folder / "snapshot", **rows))
    return tokenise_pairs(snapshot, ChatTokenizer.read(start), folder / "pairs", context=128, long="stop")


@pytest.fixture
def mixed(tmp_path: Path, start: Path) -> Pairs:
    """Pairs of both kinds, of uneven lengths."""
    tokenizer = ChatTokenizer.read(start)
    return _read(tmp_path, start, preference=_preferences(), token_preference=_pivotal(tokenizer))


def _alone(model: Phi, prompt: Any, response: Any) -> torch.Tensor:
    """The plain way: one sequence by itself, logits everywhere."""
    ids = torch.as_tensor([*prompt, *response])[None]
    logits = model(ids, torch.arange(ids.shape[1])[None], torch.zeros_like(ids))[0, len(prompt) - 1 : -1]
    return functional.log_softmax(logits, -1).gather(1, torch.as_tensor(response)[:, None]).sum()


def test_a_tree_gives_the_log_probabilities_of_its_two_sequences(mixed: Pairs, start: Path) -> None:
    model = read_model(start)
    order = PairOrder(mixed, 128, seed=0, total=len(mixed.sizes))
    rows, _ = order.take(Place(), 100)
    assert sorted(number for row in rows for number in row) == list(range(21))
    batch = order.batch(rows, ALONE.device)
    scores = pair_logprobs(model, batch)
    for number, score in zip(batch.numbers.tolist(), scores, strict=True):
        prompt, chosen, rejected = mixed.pair(number)
        plain = torch.stack([_alone(model, prompt, chosen), _alone(model, prompt, rejected)])
        torch.testing.assert_close(score, plain, atol=1e-5, rtol=1e-5)


def test_a_pivotal_pair_costs_its_prompt_and_one_position_and_nothing_is_added(
    mixed: Pairs, start: Path
) -> None:
    pivotal = [number for number in range(21) if (mixed.sizes[number, 1:] == 1).all()]
    assert len(pivotal) == 9
    for row, number in zip(_pivotal(ChatTokenizer.read(start)), pivotal, strict=True):
        given = json.loads(row["extra"])
        prompt, chosen, rejected = (part.tolist() for part in map(np.asarray, mixed.pair(number)))
        assert (prompt, chosen, rejected) == (
            given["prompt_ids"],
            [given["accepted_id"]],
            [given["rejected_id"]],
        )
        assert mixed.lengths[number] == len(prompt)


def test_only_the_first_tokens_of_a_response_count_where_the_pair_says_so(mixed: Pairs, start: Path) -> None:
    tokenizer = ChatTokenizer.read(start)
    for number, row in enumerate(_preferences()):
        whole = [*tokenizer.encode([row["chosen"][0]["content"]])[0], tokenizer.end_of_turn]
        assert mixed.pair(number)[1].tolist() == whole[: row["loss_tokens"]]  # type: ignore[union-attr]


@pytest.mark.parametrize("nll", [0.0, 0.7])
def test_the_loss_is_trls(mixed: Pairs, start: Path, tmp_path: Path, nll: float) -> None:
    model, reference = read_model(start), read_model(start)
    with torch.no_grad():  # a policy that has moved away from its reference
        for parameter in model.parameters():
            parameter.add_(torch.randn_like(parameter) * 0.02)
    write_model(model, ChatTokenizer.read(start), tmp_path / "moved")
    order = PairOrder(mixed, 128, seed=0, total=21)
    rows, _ = order.take(Place(), 21)
    batch = order.batch(rows, ALONE.device)
    with torch.no_grad():
        scores = np.zeros((21, 2), dtype=np.float32)
        scores[batch.numbers.numpy()] = pair_logprobs(reference, batch).numpy()
    ours = Preferences(order, scores, PreferenceSettings(beta=0.3, nll=nll)).loss(
        model, rows, rows, torch.device("cpu")
    )[0]

    config = trl.DPOConfig(
        output_dir=str(tmp_path / "trl"), beta=0.3, report_to=[], use_cpu=True, bf16=False, disable_dropout=True,
        loss_type=["sigmoid", "sft"] if nll else ["sigmoid"], loss_weights=[1.0, nll] if nll else None,
        gradient_checkpointing=False,
    )  # fmt: skip
    trainer = trl.DPOTrainer(
        model=AutoModelForCausalLM.from_pretrained(tmp_path / "moved"),
        ref_model=AutoModelForCausalLM.from_pretrained(start),
        args=config,
        processing_class=AutoTokenizer.from_pretrained(start),
        train_dataset=datasets.Dataset.from_list([{"prompt": "a", "chosen": "b", "rejected": "c"}]),
    )
    theirs = trainer.compute_loss(trainer.model, _trl_batch(mixed))
    torch.testing.assert_close(ours, theirs.detach(), atol=1e-5, rtol=1e-5)


def _trl_batch(pairs: Pairs) -> dict[str, torch.Tensor]:
    """What TRL's collator makes of ids: all chosen, then all rejected, padded on the right."""
    sides = [
        (prompt, answers[side])
        for side in (0, 1)
        for prompt, *answers in (pairs.pair(number) for number in range(len(pairs.sizes)))
    ]
    longest = max(len(prompt) + len(answer) for prompt, answer in sides)
    ids, mask, counted = (torch.zeros(len(sides), longest, dtype=torch.long) for _ in range(3))
    for place, (prompt, answer) in enumerate(sides):
        until = len(prompt) + len(answer)
        ids[place, :until] = torch.as_tensor([*prompt, *answer])
        mask[place, :until] = 1
        counted[place, len(prompt) : until] = 1
    return {"input_ids": ids, "attention_mask": mask, "completion_mask": counted}


def test_the_loss_of_sft_is_trls_on_a_packed_batch(start: Path, tmp_path: Path) -> None:
    torch.manual_seed(1)
    lengths = [13, 40, 22]
    ids = torch.randint(0, 300, (1, sum(lengths)))
    positions = torch.cat([torch.arange(length) for length in lengths])[None]
    documents = torch.repeat_interleave(torch.arange(3), torch.tensor(lengths))[None]
    labels = ids.clone()
    labels[positions == 0] = -100
    labels[:, 15:30] = -100
    places = (labels[0] != -100).nonzero()[:, 0]
    batch = Batch(ids, positions, documents, places - 1, ids[0, places])
    ours = next_token_loss(read_model(start), batch)
    trainer = trl.SFTTrainer(
        model=AutoModelForCausalLM.from_pretrained(start),
        args=trl.SFTConfig(
            output_dir=str(tmp_path), report_to=[], use_cpu=True, bf16=False, gradient_checkpointing=False
        ),
        processing_class=AutoTokenizer.from_pretrained(start),
        train_dataset=datasets.Dataset.from_list([{"text": "a"}]),
    )
    # The mask is what TRL needs to keep documents apart without flash attention.
    apart = (documents[:, :, None] == documents[:, None, :]).tril()[:, None]
    inputs = {"input_ids": ids, "labels": labels, "position_ids": positions, "attention_mask": apart}
    theirs = trainer.compute_loss(trainer.model, inputs)
    torch.testing.assert_close(ours / len(places), theirs.detach(), atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize("at_once", [128, 256])
def test_accumulation_is_the_big_batch_for_pairs_and_for_uneven_tokens(
    mixed: Pairs, start: Path, tmp_path: Path, at_once: int
) -> None:
    order = PairOrder(mixed, 128, seed=0, total=21)
    rows, _ = order.take(Place(), 21)
    objective = Preferences(order, np.zeros((21, 2), dtype=np.float32), PreferenceSettings(nll=1.0))
    found = []
    for batch in ({"pairs": 21}, {"pairs": 21, "at_once": at_once}):
        model = read_model(start)
        told = gradients(model, objective, rows, ALONE, _recipe(tmp_path, start, batch=batch))
        found.append((told, [parameter.grad for parameter in model.parameters()]))
    (one, gradients_one), (other, gradients_other) = found
    assert one == pytest.approx(other, rel=1e-5)
    for a, b in zip(gradients_one, gradients_other, strict=True):
        torch.testing.assert_close(a, b, atol=1e-6, rtol=1e-4)


def test_log_probabilities_in_chunks_are_those_at_once_with_their_gradients() -> None:
    torch.manual_seed(0)
    hidden, weight = torch.randn(50, 16), torch.randn(70, 16)
    targets, upstream = torch.randint(0, 70, (50,)), torch.randn(50)
    found = []
    for at_once in (1 << 20, 70 * 7):
        parts = hidden.clone().requires_grad_(), weight.clone().requires_grad_()
        each = token_logprobs(*parts, targets, logits_at_once=at_once)
        torch.autograd.backward(each, upstream)
        found.append((each.detach(), *(part.grad for part in parts)))
    for whole, chunked in zip(*found, strict=True):
        torch.testing.assert_close(whole, chunked, atol=1e-5, rtol=1e-5)


def test_training_prefers_the_accepted_and_computes_the_reference_once(start: Path, tmp_path: Path) -> None:
    tokenizer = ChatTokenizer.read(start)
    write_snapshot(tmp_path / "snapshot", preference=_preferences(), token_preference=_pivotal(tokenizer))
    recipe = _recipe(tmp_path, start, epochs=6, dpo={"beta": 0.5, "nll": 0.1}, checkpoint_every=10)
    summary = train(recipe, silent)
    steps = read_metrics(recipe.output / "metrics.jsonl")
    assert steps[0].figures["margin"] == pytest.approx(0, abs=1e-4)
    assert steps[-1].figures["accuracy"] > 0.9
    assert summary.last_loss < summary.first_loss
    assert np.load(recipe.output / "reference.npy").shape == (21, 2)


def test_a_resumed_run_on_pairs_is_the_same_run_to_the_bit(start: Path, tmp_path: Path) -> None:
    write_snapshot(tmp_path / "snapshot", preference=_preferences())
    whole = _recipe(tmp_path, start, output=str(tmp_path / "whole"), batch={"pairs": 5})
    train(whole, silent)
    cut = _recipe(tmp_path, start, output=str(tmp_path / "cut"), batch={"pairs": 5})
    train(cut, silent, stop_after=4)  # in the second epoch
    train(cut, silent)
    one, other = (read_model(recipe.output / "export").state_dict() for recipe in (whole, cut))
    assert all(torch.equal(one[name], other[name]) for name in one)


def test_a_run_whose_reference_is_lost_does_not_go_on_against_another(start: Path, tmp_path: Path) -> None:
    write_snapshot(tmp_path / "snapshot", preference=_preferences())
    recipe = _recipe(tmp_path, start, batch={"pairs": 5})
    train(recipe, silent, stop_after=1)
    (recipe.output / "reference.npy").unlink()
    with pytest.raises(FactoryError, match="put it back, or start anew with --fresh"):
        train(recipe, silent)
    assert not (recipe.output / "reference.npy").exists()


def test_two_ranks_train_on_pairs_as_one_does(start: Path, tmp_path: Path) -> None:
    write_snapshot(tmp_path / "snapshot", preference=_preferences())
    # Single pairs leave one rank without any.
    single, double = (
        _recipe(tmp_path, start, output=str(tmp_path / name), batch={"pairs": 1}, epochs=0.5)
        for name in ("single", "double")
    )
    train(single, silent)
    process = start_trainer(double, tmp_path / "recipe.yaml", ranks=2, port=29587)
    told, _ = process.communicate(timeout=200)
    assert process.returncode == 0, told
    np.testing.assert_allclose(
        np.load(double.output / "reference.npy"), np.load(single.output / "reference.npy"), rtol=1e-5
    )
    one, other = (read_model(recipe.output / "export").state_dict() for recipe in (single, double))
    assert all(torch.allclose(one[name], other[name], atol=1e-5) for name in one)


def test_pairs_of_another_tokenizer_are_refused(start: Path, tmp_path: Path) -> None:
    rows = _pivotal(ChatTokenizer.train(ANSWERS * 9, 310))
    with pytest.raises(
        FactoryError, match=r"ids of the tokenizer \w{12}.*start from the model that was searched"
    ):
        _read(tmp_path, start, token_preference=rows)


def test_a_pair_that_does_not_fit_is_refused_and_never_cut(start: Path, tmp_path: Path) -> None:
    rows = _preferences(4)
    rows[2]["chosen"][0]["content"] = "very " * 200
    write_snapshot(tmp_path / "snapshot", preference=rows)
    with pytest.raises(FactoryError, match=r"1 of 4 pairs do not fit.*long: drop"):
        train(_recipe(tmp_path, start), silent)
    told: list[str] = []
    summary = train(_recipe(tmp_path, start, long="drop"), told.append)
    assert any("1 too long" in line for line in told)
    assert np.isfinite(summary.last_loss)
    with pytest.raises(ValueError, match="no preference"):
        _recipe(tmp_path, start, long="truncate")


def test_a_mixture_of_pairs_takes_so_many_of_each_source(start: Path, tmp_path: Path) -> None:
    tokenizer = ChatTokenizer.read(start)
    write_snapshot(tmp_path / "judged", preference=_preferences())
    write_snapshot(tmp_path / "pivotal", token_preference=_pivotal(tokenizer))
    sources: dict[str, dict[str, Any]] = {
        "judged": {"snapshot": str(tmp_path / "judged"), "pairs": 5},
        "pivotal": {"snapshot": str(tmp_path / "pivotal")},
    }
    told: list[str] = []
    train(_recipe(tmp_path, start, snapshot=None, mixture=sources), told.append)
    assert any(line.startswith("data      14 pairs, 9 of them of single tokens") for line in told)
    assert any("7 not drawn" in line for line in told)
    sources["judged"]["pairs"] = 50
    with pytest.raises(FactoryError, match=r"mixture\.judged: .* has 12 pairs .* asks for 50"):
        train(_recipe(tmp_path, start, snapshot=None, mixture=sources, output=str(tmp_path / "o")), silent)
