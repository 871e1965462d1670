"""How a run is computed: precision, 8-bit states, recomputation, attention on GPUs, sinks; and what it tells."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
from snapshots import losses, start_trainer, texts, write_snapshot
from torch import Tensor
from torch._dynamo.testing import CompileCounterWithBackend

from factory.errors import FactoryError
from trainer.attention import attend, block_mask, blocks, rotate
from trainer.checkpoint import Checkpoint
from trainer.export import read_model
from trainer.logprobs import token_logprobs
from trainer.loop import train
from trainer.metrics import Step, read_metrics, silent
from trainer.model import Phi, Shape, rotation_at
from trainer.packing import Batch
from trainer.plan import Cost
from trainer.recipe import Recipe

torch.set_num_threads(1)
told_to_sink: list[Step] = []


def sink(step: Step) -> None:
    """What a recipe names as `metrics: [test_trainer_options:sink]`."""
    told_to_sink.append(step)


@pytest.fixture(scope="module")
def snapshot(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_snapshot(tmp_path_factory.mktemp("data") / "texts", text=texts(60, 12))


@pytest.fixture
def eager() -> Iterator[None]:
    """torchao compiles its step, which takes longer here than the steps do."""
    with torch.compiler.set_stance("force_eager"):
        yield


def _recipe(snapshot: Path, output: Path, **changes: Any) -> Recipe:
    settings: dict[str, Any] = {
        "stage": "pretrain",
        "snapshot": str(snapshot),
        "output": str(output),
        "model": {"layers": 2, "width": 128, "heads": 4, "kv_heads": 2, "ffn": 256},
        "tokenizer": {"size": 300},
        "context": 128,
        "batch": {"rows": 4},
        "optimiser": {"lr": 3e-3},
        "steps": 12,
    }
    return Recipe.model_validate(settings | changes)


NARROW = {"layers": 1, "width": 128, "heads": 4, "kv_heads": 2, "ffn": 128}
"""torchao's moments take long without compilation: a smaller model, whose matrices are still in 8 bits."""


def test_activations_made_again_give_the_same_run(snapshot: Path, tmp_path: Path) -> None:
    plain, again = (
        _recipe(snapshot, tmp_path / "plain"),
        _recipe(snapshot, tmp_path / "again", recompute=True),
    )
    train(plain, silent)
    train(again, silent)
    assert losses(plain) == losses(again)


def test_computing_in_bfloat16_learns_and_keeps_weights_and_moments_in_float32(
    snapshot: Path, tmp_path: Path
) -> None:
    wide, narrow = (
        _recipe(snapshot, tmp_path / "wide"),
        _recipe(snapshot, tmp_path / "narrow", dtype="bfloat16"),
    )
    train(wide, silent)
    train(narrow, silent, stop_after=6)
    train(narrow, silent)
    assert losses(narrow) == pytest.approx(losses(wide), rel=0.02)
    assert losses(narrow) != losses(wide)


def test_states_of_8_bits_and_weights_of_16_learn_and_go_on_from_a_checkpoint(
    snapshot: Path, tmp_path: Path, eager: None
) -> None:
    def narrow(name: str) -> Recipe:
        return _recipe(
            snapshot,
            tmp_path / name,
            dtype="bfloat16",
            weights="bfloat16",
            optimiser={"lr": 3e-3, "states": "8bit"},
            model=NARROW,
            steps=20,
        )

    wide = _recipe(snapshot, tmp_path / "wide", model=NARROW, steps=20)
    train(wide, silent)
    summary = train(narrow("whole"), silent)
    train(narrow("parted"), silent, stop_after=14)
    train(narrow("parted"), silent)
    assert summary.last_loss == pytest.approx(losses(wide)[-1], rel=0.1)
    # Chance rounds the weights, and it is the same where a run goes on.
    assert losses(narrow("parted")) == losses(narrow("whole"))
    assert next(iter(read_model(tmp_path / "whole/export").parameters())).dtype == torch.float32


def test_states_of_8_bits_lie_in_shards_and_go_on_from_two_ranks_on_one(
    snapshot: Path, tmp_path: Path, eager: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    def narrow(name: str) -> Recipe:
        return _recipe(
            snapshot,
            tmp_path / name,
            dtype="bfloat16",
            recompute=True,
            optimiser={"lr": 3e-3, "states": "8bit"},
            model=NARROW,
            steps=6,
        )

    train(narrow("one"), silent)
    monkeypatch.setenv("TORCHDYNAMO_DISABLE", "1")  # as `eager`, in the processes that are started
    start = start_trainer(narrow("two"), tmp_path / "two.yaml", "--stop-after", "3", ranks=2, port=29591)
    told, _ = start.communicate(timeout=200)
    assert start.returncode == 0, told
    train(narrow("two"), silent)
    assert losses(narrow("two")) == pytest.approx(losses(narrow("one")), rel=1e-2)


def test_weights_of_16_bits_want_stochastic_rounding(snapshot: Path, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="lose small updates"):
        _recipe(snapshot, tmp_path, weights="bfloat16")


def _rows() -> tuple[Tensor, Tensor]:
    documents = torch.tensor([[0] * 50 + [1] * 60 + [-1] * 18, [0] * 128])
    branches = torch.tensor([[0] * 128, [0] * 40 + [1] * 44 + [2] * 44])
    return documents, branches


@pytest.mark.parametrize("branched", [False, True])
@pytest.mark.parametrize(("queries", "kept"), [(128, 512), (24, 16)])
def test_attention_sees_its_document_and_of_other_branches_the_trunk_here_and_on_gpus(
    branched: bool, queries: int, kept: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("trainer.attention.QUERIES", queries)
    monkeypatch.setattr("trainer.attention.KEPT", kept)
    documents, branches = _rows()
    torch.manual_seed(0)
    qkv = torch.randn(2, 128, 4 + 2 + 2, 16, dtype=torch.float64, requires_grad=True)
    angles = torch.rand(2, 128, 1, 8, dtype=torch.float64).repeat(1, 1, 1, 2)
    rotation = angles.cos(), angles.sin()
    seen = (documents[:, :, None] == documents[:, None]).tril()
    if branched:
        seen &= (branches[:, None] == 0) | (branches[:, None] == branches[:, :, None])
    query, key, value = (x.transpose(1, 2) for x in torch.split(qkv, [4, 2, 2], dim=2))
    query, key = (rotate(x.transpose(1, 2), rotation).transpose(1, 2) for x in (query, key))
    plain = torch.nn.functional.scaled_dot_product_attention(
        query, key, value, attn_mask=seen[:, None], enable_gqa=True
    ).transpose(1, 2)
    chosen = branches if branched else None
    here = attend(qkv, rotation, blocks(documents, chosen), kv_heads=2)
    torch.testing.assert_close(here, plain, atol=1e-6, rtol=1e-6)
    weights = torch.randn_like(plain)
    slopes = (torch.autograd.grad((mixed * weights).sum(), qkv)[0] for mixed in (here, plain))
    torch.testing.assert_close(*slopes, atol=1e-6, rtol=1e-6)
    with torch.no_grad():
        narrow = qkv.float(), tuple(x.float() for x in rotation)
        there = attend(*narrow, block_mask(documents, chosen), kv_heads=2)
    torch.testing.assert_close(there, plain.float(), atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize("branched", [False, True])
def test_layers_as_gpus_compute_them_are_one_graph_with_the_loss_and_gradient_of_here(
    branched: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    # torch only refuses: the backward pass of flex_attention as a graph runs on a CPU too.
    monkeypatch.setattr("torch.nn.attention.flex_attention._validate_device", lambda *tensors: None)
    shape = Shape(layers=2, width=32, heads=4, kv_heads=2, ffn=48, vocabulary=64, context=128)
    here, there = Phi(shape), Phi(shape)
    there.load_state_dict(here.state_dict())
    there.prepare(recompute=True, compiled=False)
    graphs = CompileCounterWithBackend("aot_eager")
    for layer in there.model.layers:
        layer.compile(backend=graphs)
    documents, branches = _rows()
    for seed in range(2):
        chance = torch.Generator().manual_seed(seed)
        ids = torch.randint(0, 64, documents.shape, generator=chance)
        positions = torch.arange(128).expand(2, 128)
        before = (documents[:, :-1] == documents[:, 1:]).nonzero() @ torch.tensor([128, 1])
        asked = (ids, positions, documents, branches if branched else None, before, ids.flatten()[before + 1])
        here.zero_grad()
        there.zero_grad()
        ours = here.logprobs(*asked).mean()
        x, seen = there.model.embed_tokens(ids), block_mask(documents, branches if branched else None)
        for layer in there.model.layers:
            x = layer(x, rotation_at(positions, shape), seen)
        last = there.model.norm(x).flatten(0, 1)[before]
        theirs = token_logprobs(last, there.lm_head.weight, asked[-1]).mean()
        for loss in (ours, theirs):
            loss.backward()  # type: ignore[no-untyped-call]
        torch.testing.assert_close(theirs, ours)
        for one, other in zip(here.parameters(), there.parameters(), strict=True):
            torch.testing.assert_close(other.grad, one.grad, atol=1e-6, rtol=1e-4)
        documents = documents.flip(0)  # other documents and branches are no reason to compile again
        branches = branches.flip(0)
    assert graphs.frame_count == 1


def test_a_loss_over_a_long_row_never_makes_all_its_logits(monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[int] = []
    linear = torch.nn.functional.linear

    def counted(x: Tensor, weight: Tensor, bias: Tensor | None = None) -> Tensor:
        result = linear(x, weight, bias)
        if weight.shape[0] == 5000:
            made.append(result.numel())
        return result

    monkeypatch.setattr(torch.nn.functional, "linear", counted)
    monkeypatch.setattr("trainer.logprobs.LOGITS_AT_ONCE", 5000 * 100)
    shape = Shape(layers=1, width=32, heads=2, kv_heads=1, ffn=32, vocabulary=5000, context=1024)
    ids = torch.randint(0, 5000, (1, 1024))
    positions, documents = torch.arange(1024)[None], torch.zeros(1, 1024).long()
    batch = Batch(ids, positions, documents, torch.arange(1023), ids[0, 1:])
    from trainer.objectives import next_token_loss

    next_token_loss(Phi(shape), batch).backward()  # type: ignore[no-untyped-call]
    assert max(made) == 5000 * 100
    assert sum(made) >= 2 * 5000 * 1023  # forward, and again in the backward pass


def test_metrics_go_to_a_function_that_the_recipe_names_and_count_operations(
    snapshot: Path, tmp_path: Path
) -> None:
    recipe = _recipe(snapshot, tmp_path / "out", steps=3, metrics=["test_trainer_options:sink"])
    told_to_sink.clear()
    train(recipe, silent)
    assert told_to_sink == read_metrics(recipe.output / "metrics.jsonl")
    shape = read_model(recipe.output / "export").shape
    for step in told_to_sink:
        done = step.flops_per_second * step.seconds
        cost = Cost.of(shape)
        matrices = cost.layers * step.tokens + cost.head * step.targets
        assert (
            matrices < done < matrices + cost.attention * 128 * step.tokens
        )  # attention within documents on top
        assert step.utilisation is None  # nobody states the peak of a CPU
    with pytest.raises(FactoryError, match=r"'nowhere:sink' cannot be imported .*package\.module:function"):
        train(_recipe(snapshot, tmp_path / "other", metrics=["nowhere:sink"]), silent)


def test_a_checkpoint_holds_no_part_of_the_recipe_that_decides_nothing(
    snapshot: Path, tmp_path: Path
) -> None:
    train(_recipe(snapshot, tmp_path / "out"), silent, stop_after=3)
    train(_recipe(snapshot, tmp_path / "out", recompute=True, keep=5, log_every=1), silent, stop_after=6)
    checkpoint = Checkpoint.newest(tmp_path / "out/checkpoints")
    assert checkpoint is not None
    assert checkpoint.step == 6
