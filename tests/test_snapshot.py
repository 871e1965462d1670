"""Snapshots: what is in them, what they refuse, and who can read them."""

from __future__ import annotations

import copy
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pyarrow.parquet as parquet
import pytest
from store_rows import StoreRows, small_store

from factory.errors import FactoryError
from factory.manifest import Part
from factory.plan import Standing
from factory.records import Chat
from factory.snapshot import MANIFEST, export

ALL = ("talks", "texts", "pairs")


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return small_store(tmp_path_factory.mktemp("store") / "store.duckdb")


def snapshot(store: Path, output: Path, *parts: Part, **options: Any) -> dict[str, Any]:
    """A snapshot of finished datasets."""
    wanted = parts or (Part("selection", ALL),)
    done = [Standing(name, seeds=12, done=12) for part in wanted for name in part.datasets]
    return export(store, "trial", wanted, options.pop("standings", done), output, **options)


def rows(folder: Path, kind: str) -> list[dict[str, Any]]:
    return [row for path in sorted((folder / "data").glob(f"{kind}-*")) for row in _read(path)]


def _read(path: Path) -> list[dict[str, Any]]:
    return list(parquet.ParquetFile(path).read().to_pylist())


def test_accepted_rows_and_no_others_are_in_it_by_kind(store: Path, tmp_path: Path) -> None:
    manifest = snapshot(store, tmp_path / "out")
    assert [(shard["kind"], shard["rows"]) for shard in manifest["shards"]] == [
        ("chat", 11),
        ("preference", 12),
        ("text", 12),
    ]
    chats = rows(tmp_path / "out", "chat")
    assert not any("question 3?" in row["messages"][0]["content"] for row in chats)
    assert [row["sample_id"] for row in chats] == sorted(row["sample_id"] for row in chats)
    assert set(chats[0]) == {"messages", "dataset", "generator", "tags", "seed_id", "sample_id", "model"}


def test_the_manifest_accounts_for_everything(store: Path, tmp_path: Path) -> None:
    returned = snapshot(store, tmp_path / "out")
    manifest = json.loads((tmp_path / "out" / MANIFEST).read_text())
    assert manifest == returned
    assert (manifest["format"], manifest["name"], manifest["rows"], manifest["seeds"]) == (1, "trial", 35, 12)
    assert (manifest["finished"], manifest["partial"], manifest["rehearsal"]) == (True, False, True)
    assert manifest["licences"] == {"PSF-2.0": 6, "unknown": 6}
    assert manifest["rejected"] == {"talks": 1}
    talks = manifest["datasets"]["talks"]
    assert (talks["rows"], talks["generator"], talks["settings"]) == (11, "extract.qa", {"votes": 3})
    assert talks["validators"] == [{"name": "format", "fingerprint": "v1"}]
    for shard in manifest["shards"]:
        assert (tmp_path / "out" / shard["file"]).stat().st_size == shard["bytes"]


def test_the_same_rows_give_the_same_bytes(store: Path, tmp_path: Path) -> None:
    other = small_store(tmp_path / "other.duckdb")
    first, second = snapshot(store, tmp_path / "a"), snapshot(other, tmp_path / "b")
    assert first["hash"] == second["hash"]
    assert [shard["sha256"] for shard in first["shards"]] == [shard["sha256"] for shard in second["shards"]]


def test_shards_hold_as_many_rows_as_asked_and_every_row_once(store: Path, tmp_path: Path) -> None:
    manifest = snapshot(store, tmp_path / "out", Part("selection", ("texts",)), shard_rows=5)
    assert [shard["rows"] for shard in manifest["shards"]] == [5, 5, 2]
    whole = snapshot(store, tmp_path / "whole", Part("selection", ("texts",)))
    assert rows(tmp_path / "out", "text") == rows(tmp_path / "whole", "text")
    assert len(whole["shards"]) == 1


def test_shares_take_the_most_that_every_source_can_give(store: Path, tmp_path: Path) -> None:
    manifest = snapshot(
        store, tmp_path / "out", Part("books", ("texts",), share=0.5), Part("talk", ("talks",), share=0.5)
    )
    books, talk = manifest["mixture"]["books"], manifest["mixture"]["talk"]
    assert talk["characters"] == talk["characters_there"]
    assert talk["characters"] <= books["characters"] < books["characters_there"]
    assert (books["share_wanted"], talk["share_wanted"]) == (0.5, 0.5)
    assert abs(books["share"] - 0.5) < 0.1
    again = snapshot(
        store, tmp_path / "again", Part("books", ("texts",), share=0.5), Part("talk", ("talks",), share=0.5)
    )
    assert again["hash"] == manifest["hash"]


def test_a_dataset_in_two_sources_is_refused(store: Path, tmp_path: Path) -> None:
    with pytest.raises(FactoryError, match="'texts' is selected by 'a' and by 'b'"):
        snapshot(store, tmp_path / "out", Part("a", ("texts",)), Part("b", ("texts", "talks")))


def test_a_source_with_a_share_and_no_rows_is_refused(store: Path, tmp_path: Path) -> None:
    with pytest.raises(FactoryError, match="the source 'none' has no accepted row"):
        snapshot(store, tmp_path / "out", Part("a", ("texts",), 0.5), Part("none", ("nothing",), 0.5))


def unfinished() -> Sequence[Standing]:
    return [Standing("talks", seeds=12, done=9, waiting=3), Standing("texts", seeds=12, done=12)]


def test_an_unfinished_dataset_is_refused(store: Path, tmp_path: Path) -> None:
    with pytest.raises(FactoryError, match=r"talks: 3 seeds waiting\n.*--partial"):
        snapshot(store, tmp_path / "out", standings=unfinished())
    assert not (tmp_path / "out").exists()


def test_a_partial_snapshot_says_so(store: Path, tmp_path: Path) -> None:
    manifest = snapshot(store, tmp_path / "out", standings=unfinished(), partial=True)
    assert (manifest["finished"], manifest["partial"]) == (False, True)
    assert {name: one["finished"] for name, one in manifest["datasets"].items()} == {
        "talks": False,
        "texts": True,
        "pairs": True,
    }
    assert "talks: 3 seeds waiting" in (tmp_path / "out" / "README.md").read_text()


def test_an_older_snapshot_is_replaced_by_a_whole_one_only(store: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    snapshot(store, out)
    before = (out / MANIFEST).read_bytes()
    with pytest.raises(FactoryError, match="no accepted row"):
        snapshot(store, out, Part("selection", ("nothing",)))
    assert (out / MANIFEST).read_bytes() == before
    snapshot(store, out, Part("selection", ("texts",)))
    assert sorted(path.name for path in (out / "data").iterdir()) == ["text-00000.parquet"]
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


def test_a_folder_of_other_things_is_never_replaced(store: Path, tmp_path: Path) -> None:
    (tmp_path / "thesis.tex").write_text("years of work")
    with pytest.raises(FactoryError, match="holds other files"):
        snapshot(store, tmp_path)
    assert (tmp_path / "thesis.tex").exists()


def test_the_card_warns_of_rehearsal_rows_and_only_of_those(store: Path, tmp_path: Path) -> None:
    snapshot(store, tmp_path / "rehearsed")
    real = small_store(tmp_path / "real.duckdb", model="openai/some-model")
    manifest = snapshot(real, tmp_path / "real")
    assert (manifest["rehearsal"], manifest["models"]) == (False, ["openai/some-model"])
    assert "Rehearsal rows" in (tmp_path / "rehearsed" / "README.md").read_text()
    assert "Rehearsal rows" not in (tmp_path / "real" / "README.md").read_text()


def test_samples_of_several_models_name_each(tmp_path: Path) -> None:
    made = StoreRows()
    made.seed(1)
    made.dataset("talks")
    made.run("talks", 1, Chat.of("a?", "b"), model="one+rehearsal")
    manifest = snapshot(made.write(tmp_path / "s.duckdb"), tmp_path / "out", Part("all", ("talks",)))
    assert (manifest["models"], manifest["rehearsal"]) == (["one", "rehearsal"], True)


def test_datasets_opens_the_shards_and_the_folder(
    store: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    datasets = pytest.importorskip("datasets")
    snapshot(store, tmp_path / "out")
    files = str(tmp_path / "out" / "data" / "text-*.parquet")
    texts = datasets.load_dataset("parquet", data_files=files, split="train", cache_dir=str(tmp_path / "c"))
    assert (texts.num_rows, texts[0]["dataset"]) == (12, "texts")
    pairs = datasets.load_dataset(
        str(tmp_path / "out"), "preference", split="train", cache_dir=str(tmp_path / "c")
    )
    assert pairs[0]["chosen"][0]["role"] == "assistant"
    first = datasets.load_dataset(str(tmp_path / "out"), split="train", cache_dir=str(tmp_path / "c"))
    assert first.num_rows == 11


def test_the_card_has_the_licences_by_the_names_that_dataset_hubs_know(tmp_path: Path) -> None:
    made = StoreRows()
    made.dataset("talks")
    for number, licence in enumerate(
        ["CC-BY-4.0", "CC-BY-SA-3.0 AND GPL-3.0-only", "as it pleases"], start=1
    ):
        made.seed(number, licence=licence)
        made.run("talks", number, Chat.of(f"a {number}?", "b"))
    snapshot(made.write(tmp_path / "s.duckdb"), tmp_path / "out", Part("all", ("talks",)))
    card = (tmp_path / "out" / "README.md").read_text()
    assert card.startswith(
        "---\nlicense: [cc-by-4.0, cc-by-sa-3.0, gpl-3.0, other]\ntags: [synthetic]\nconfigs:\n"
    )


@pytest.fixture
def tiny(monkeypatch: pytest.MonkeyPatch) -> tuple[Any, Any]:
    """A Phi3 model of one narrow layer, and a tokenizer of bytes with a ChatML template."""
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers
    from transformers import Phi3Config, Phi3ForCausalLM, PreTrainedTokenizerFast

    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    special = ["<|im_start|>", "<|im_end|>", "<|pad|>"]
    vocabulary = {token: place for place, token in enumerate([*alphabet, *special])}
    raw = Tokenizer(models.BPE(vocab=vocabulary, merges=[]))
    raw.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    raw.decoder = decoders.ByteLevel()
    tokenizer = PreTrainedTokenizerFast(
        tokenizer_object=raw, eos_token=special[1], pad_token=special[2], bos_token=special[0]
    )
    tokenizer.chat_template = (
        "{% for message in messages %}<|im_start|>{{ message.role }}\n{{ message.content }}<|im_end|>\n"
        "{% endfor %}{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
    )
    size = len(vocabulary)
    config = Phi3Config(
        vocab_size=size,
        hidden_size=32,
        intermediate_size=64,
        num_hidden_layers=1,
        num_attention_heads=2,
        num_key_value_heads=1,
        max_position_embeddings=256,
        pad_token_id=size - 1,
        eos_token_id=size - 2,
        bos_token_id=size - 3,
    )
    return Phi3ForCausalLM(config), tokenizer


SHORT: dict[str, Any] = {
    "max_steps": 1,
    "per_device_train_batch_size": 2,
    "use_cpu": True,
    "report_to": [],
    "bf16": False,
}


def opened(folder: Path, kind: str, cache: Path) -> Any:
    datasets = pytest.importorskip("datasets")
    files = str(folder / "data" / f"{kind}-*.parquet")
    return datasets.load_dataset("parquet", data_files=files, split="train", cache_dir=str(cache))


def test_trl_trains_on_the_chats_as_they_stand(store: Path, tmp_path: Path, tiny: tuple[Any, Any]) -> None:
    trl = pytest.importorskip("trl")
    snapshot(store, tmp_path / "out")
    trainer = trl.SFTTrainer(
        model=tiny[0],
        processing_class=tiny[1],
        args=trl.SFTConfig(output_dir=str(tmp_path / "run"), **SHORT),
        train_dataset=opened(tmp_path / "out", "chat", tmp_path / "cache"),
    )
    assert trainer.train().training_loss > 0


def test_trl_trains_on_the_preferences_as_they_stand(
    store: Path, tmp_path: Path, tiny: tuple[Any, Any]
) -> None:
    trl = pytest.importorskip("trl")
    snapshot(store, tmp_path / "out")
    trainer = trl.DPOTrainer(
        model=tiny[0],
        ref_model=copy.deepcopy(tiny[0]),
        processing_class=tiny[1],
        args=trl.DPOConfig(output_dir=str(tmp_path / "run"), **SHORT),
        train_dataset=opened(tmp_path / "out", "preference", tmp_path / "cache"),
    )
    assert trainer.train().training_loss > 0
