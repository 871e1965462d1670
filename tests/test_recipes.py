"""The recipes hold what the reports publish, say what they cost before anything is built, and run in small."""

from __future__ import annotations

import json
import re
from itertools import pairwise
from pathlib import Path

import pytest
import torch
from click.testing import CliRunner
from conftest import ROOT
from snapshots import texts, write_snapshot
from torch import Tensor

from factory.errors import FactoryError
from trainer.command import train as command
from trainer.metrics import read_metrics
from trainer.mixture import epochs_of
from trainer.model import Phi, Shape
from trainer.objectives import next_token_loss
from trainer.packing import Batch
from trainer.plan import Cost, activations, copies, memory, parameters
from trainer.recipe import SIZES, Recipe, read_recipe
from trainer.reference import precision
from trainer.tokenizer import ChatTokenizer

PHI4 = ROOT / "recipes/phi4"
TINY = ROOT / "recipes/tiny"


def _phi4(name: str) -> Recipe:
    return read_recipe(PHI4 / f"{name}.yaml")


def _plan(path: Path, *options: str) -> str:
    done = CliRunner().invoke(command, [str(path), "--dry-run", *options])
    assert done.exit_code == 0, done.output or done.exception
    return done.output


@pytest.mark.parametrize(
    "path", sorted((ROOT / "recipes").rglob("*.yaml")), ids=lambda path: f"{path.parent.name}-{path.stem}"
)
def test_every_recipe_is_sound(path: Path) -> None:
    assert read_recipe(path).batch_items > 0


def test_every_stage_has_a_recipe_in_both_sizes() -> None:
    assert {path.stem for path in PHI4.glob("*.yaml")} == {
        "pretrain", "midtrain", "sft", "dpo_pivotal", "dpo_judge", "reasoning_sft",
    }  # fmt: skip
    assert {path.stem for path in TINY.glob("*.yaml")} >= {"pretrain", "midtrain", "sft", "dpo_pivotal"}


def test_pretraining_is_the_one_of_the_report() -> None:
    recipe = _phi4("pretrain")
    assert recipe.model is not None
    shape = recipe.model.model_dump(exclude={"rope_base"})
    assert shape == {
        "layers": 40, "width": 5120, "heads": 40, "kv_heads": 10, "ffn": 17_920, "vocabulary": 100_352,
    }  # fmt: skip
    assert (recipe.tokens, recipe.batch_items, recipe.context) == (10_000_000_000_000, 5760, 4096)
    settings = recipe.optimiser
    assert (settings.lr, settings.weight_decay, settings.decay) == (3e-4, 0.1, "linear")
    assert settings.warmup > 0


def test_the_epochs_of_the_table_follow_from_tokens_shares_and_unique_tokens() -> None:
    recipe = _phi4("pretrain")
    table = {"web": 1.2, "web_rewrites": 5.2, "synthetic": 13.8, "code": 2.4, "acquired": 1.7}
    shares = {"web": 0.15, "web_rewrites": 0.15, "synthetic": 0.4, "code": 0.2, "acquired": 0.1}
    assert recipe.tokens is not None
    for name, source in recipe.sources.items():
        assert source.share == shares[name]
        assert epochs_of(recipe.tokens, source.share, source.unique or 0) == pytest.approx(
            table[name], abs=0.051
        )
    assert set(recipe.sources) == set(table)


def test_midtraining_is_the_one_of_the_report() -> None:
    recipe, before = _phi4("midtrain"), _phi4("pretrain")
    assert (recipe.tokens, recipe.context, recipe.rope_base) == (250_000_000_000, 16_384, 250_000)
    assert recipe.optimiser.lr == pytest.approx(before.optimiser.lr / 10)
    recall = {name: source.share or 0 for name, source in recipe.sources.items() if name in before.sources}
    assert sum(recall.values()) == pytest.approx(0.7)
    for name, share in recall.items():
        assert share == pytest.approx(0.7 * (before.sources[name].share or 0))
    organic, synthetic = recipe.sources["long_organic"], recipe.sources["long_synthetic"]
    assert organic.shortest == 8_192 + 1
    assert synthetic.shortest == 4_096 + 1
    assert organic.upweight is not None
    assert organic.upweight.over == 16_384


def test_supervised_training_is_the_one_of_the_report() -> None:
    recipe = _phi4("sft")
    assert (recipe.tokens, recipe.optimiser.lr) == (8_000_000_000, 1e-6)


def test_the_pairs_are_those_of_the_reports_tables() -> None:
    pivotal = {name: source.pairs for name, source in _phi4("dpo_pivotal").sources.items()}
    judged = {name: source.pairs for name, source in _phi4("dpo_judge").sources.items()}
    assert pivotal == {
        "unknown_and_safety": 3_000, "multiple_choice": 132_859, "maths": 76_552, "python": 16_080,
        "other_code": 21_806,
    }  # fmt: skip
    assert judged == {"unknown_and_safety": 43_842, "any_overall": 266_000, "any_accuracy": 532_000}


def test_reasoning_is_the_one_of_its_report() -> None:
    recipe = _phi4("reasoning_sft")
    assert (recipe.context, recipe.batch_items, recipe.steps) == (32_768, 32, 16_000)
    settings = recipe.optimiser
    assert (settings.lr, settings.warmup, settings.weight_decay) == (1e-5, 450, 1e-4)


def test_each_stage_starts_from_the_one_before() -> None:
    stages = ["pretrain", "midtrain", "sft", "dpo_pivotal", "dpo_judge", "reasoning_sft"]
    for before, after in pairwise(stages):
        assert _phi4(after).start == _phi4(before).output / "export"


def test_a_plan_needs_nothing_built_and_tells_parameters_memory_operations_steps_and_time() -> None:
    plan = _plan(PHI4 / "pretrain.yaml", "--rate", "4e6")
    assert "14,659,507,200 parameters" in plan  # what transformers counts for microsoft/phi-4
    assert "423,856 steps of 5,760 rows" in plan
    assert "synthetic: 40.0% of the tokens, 290,000,000,000 unique, 13.8 epochs" in plan
    # 16 bytes a parameter; a copy of the model lies on 8 devices, however many copies there are.
    assert "in copies on 8 each: 218.4 on 1, 27.3 on 8, 27.3 on 64, 27.3 on 512" in plan
    assert "spread over all: 218.4 on 1, 27.3 on 8, 3.4 on 64" in _plan(
        PHI4 / "pretrain.yaml", "--set", "shard=null"
    )
    assert "28.9 days at 4,000,000 tokens/s" in plan


def test_the_size_is_a_choice() -> None:
    assert "3,561,114,624 parameters" in _plan(PHI4 / "pretrain.yaml", "--set", "model=3.6B")
    with pytest.raises(FactoryError, match=r"there is no size '3\.5B'; did you mean '3\.6B'"):
        read_recipe(PHI4 / "pretrain.yaml", {"model": "3.5B"})
    with pytest.raises(FactoryError, match="'model' is not a mapping"):
        read_recipe(PHI4 / "pretrain.yaml", {"model.layers": "3"})


def test_a_source_that_would_be_repeated_too_often_stops_the_plan() -> None:
    done = CliRunner().invoke(
        command,
        [str(PHI4 / "pretrain.yaml"), "--dry-run", "--set", "mixture.synthetic.unique=100_000_000_000"],
    )
    assert isinstance(done.exception, FactoryError)
    assert "mixture.synthetic" in str(done.exception)
    assert "40.0 times, and most_epochs is 14" in str(done.exception)


def test_operations_are_six_a_weight_and_causal_attention() -> None:
    from trainer.model import Shape

    shape = Shape(layers=24, width=3072, heads=24, kv_heads=6, ffn=10_752, vocabulary=100_352, context=4096)
    count, cost = parameters(shape), Cost.of(shape)
    embedding, norms = shape.vocabulary * shape.width, (2 * 24 + 1) * 3072
    assert cost.layers + cost.head == 6 * (count - embedding - norms)
    assert cost.head == 6 * embedding
    # Scores and values, forward and twice that backward: 12 operations a pair of tokens and channel, half of them.
    assert cost.attention == 12 * 24 * 3072 / 2


def test_the_tiny_recipes_run_one_after_the_other(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TINY_DATA", str(tmp_path / "data"))
    monkeypatch.setenv("TINY_MODELS", str(tmp_path / "models"))
    data = tmp_path / "data"
    write_snapshot(data / "pretrain", text=texts(40, 30))
    write_snapshot(data / "long", text=texts(4, 400, "long"))
    answers = [f"word {number}" for number in range(20)]
    chats = [
        [{"role": "user", "content": "word?"}, {"role": "assistant", "content": answer}] for answer in answers
    ]
    write_snapshot(data / "sft", chat=[{"messages": chat} for chat in chats])
    judged = [
        {
            "prompt": chat[:1],
            "chosen": chat[1:],
            "rejected": [{**chat[1], "content": "no"}],
            "loss_tokens": None,
        }
        for chat in chats
    ]
    write_snapshot(data / "judged", preference=judged)

    def run(name: str, *options: str) -> None:
        done = CliRunner().invoke(command, [str(TINY / f"{name}.yaml"), "--set", "steps=2", *options])
        assert done.exit_code == 0, done.output or done.exception
        assert len(read_metrics(tmp_path / f"models/tiny-{name.replace('_', '-')}/metrics.jsonl")) == 2

    run("pretrain")
    run("midtrain")
    run("sft")
    tokenizer = ChatTokenizer.read(tmp_path / "models/tiny-sft/export")
    prompt = tokenizer.prompt(chats[0][:1])
    row = {"prompt_ids": prompt, "accepted_id": 70, "rejected_id": 71, "tokenizer": tokenizer.fingerprint}
    write_snapshot(data / "pivotal", token_preference=[{"extra": json.dumps(row)}] * 3)
    run("dpo_pivotal")
    run("dpo_judge")


def test_a_plan_of_pairs_that_are_not_there_wants_to_know_how_many(tmp_path: Path) -> None:
    options = [str(TINY / "dpo_pivotal.yaml"), "--dry-run", "--set", f"start={tmp_path / 'nowhere'}"]
    options += ["--set", "model=14B", "--set", "steps=null", "--set", "epochs=1"]
    told = CliRunner().invoke(command, options).exception
    assert "give 'steps', or a mixture with the 'pairs'" in str(told)


def test_recomputed_layers_need_room_for_copies_of_all_weights_only_beside_gradients() -> None:
    changes = {"model": "3.6B", "context": "16384", "recompute": "true", "weights": "float32"}
    planned = []
    for rows, at_once in ((1, 16384), (2, 16384)):
        batch = f"{{rows: {rows}, at_once: {at_once}}}"
        recipe = read_recipe(PHI4 / "pretrain.yaml", {**changes, "batch": batch})
        shape = Shape(**SIZES["3.6B"], context=16384)
        last = memory(recipe, shape, parameters(shape), rows, 1, torch.device("cuda"))[-1]
        planned.append(float(re.findall(r"or ([\d.]+) with 'recompute: true'", last)[0]))
    one_pass, two_passes = planned
    assert one_pass == pytest.approx(5.0, rel=0.1)  # as reckoned with fake tensors
    assert two_passes == pytest.approx(one_pass + 5.8, abs=0.2)  # 3.3 thousand million weights of two bytes


def test_a_change_that_is_no_yaml_is_told() -> None:
    with pytest.raises(FactoryError, match=r"--set steps=\[: is not YAML"):
        read_recipe(TINY / "pretrain.yaml", {"steps": "["})


@pytest.mark.parametrize("dtype", ["float32", "bfloat16"])
@pytest.mark.parametrize(
    ("shape", "context"),
    [
        (Shape(3, 128, heads=4, kv_heads=2, ffn=384, vocabulary=512, context=1024), 256),
        (Shape(2, 256, heads=8, kv_heads=2, ffn=640, vocabulary=1024, context=1024), 1024),
    ],
    ids=["narrow", "wide"],
)
def test_the_memory_of_a_plan_is_what_the_backward_pass_needs(shape: Shape, context: int, dtype: str) -> None:
    changes = {"context": str(context), "dtype": dtype, "batch": "{rows: 2}"}
    recipe, cpu = read_recipe(TINY / "pretrain.yaml", changes), torch.device("cpu")
    model = Phi(shape)
    ids = torch.arange(2 * context).view(2, context) % shape.vocabulary
    rows = torch.arange(context).expand(2, -1), torch.zeros_like(ids)
    batch = Batch(ids, *rows, torch.arange(2 * context), ids.flatten())
    weights = {weight.untyped_storage().data_ptr() for weight in model.parameters()}
    kept: dict[int, Tensor] = {}

    def keep(tensor: Tensor) -> Tensor:
        if tensor.untyped_storage().data_ptr() not in weights:
            kept[tensor.untyped_storage().data_ptr()] = tensor
        return tensor

    with torch.autograd.graph.saved_tensors_hooks(keep, lambda tensor: tensor), precision(dtype, cpu):
        next_token_loss(model, batch)
    found = sum(tensor.untyped_storage().nbytes() for tensor in kept.values())
    logits = 4 * ids.numel() * shape.vocabulary  # their gradient, which comes later
    planned = activations(recipe, shape, 2, cpu, recompute=False) + copies(recipe, shape, ranks=1)
    assert planned - logits == pytest.approx(found, rel=0.02)
