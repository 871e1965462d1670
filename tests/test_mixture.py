"""Mixtures: shares of tokens, epochs that follow, an order that neither ranks nor a resumption change."""

from __future__ import annotations

import json
import signal
import time
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from snapshots import losses, start_trainer, texts, write_snapshot

from factory.errors import FactoryError
from trainer.checkpoint import Checkpoint
from trainer.data import Snapshot
from trainer.export import read_model
from trainer.loop import train
from trainer.metrics import read_metrics, silent
from trainer.mixture import Library, draw, shuffled
from trainer.packing import Order, Place, Row
from trainer.recipe import Recipe, SourceSettings
from trainer.tokenizer import ChatTokenizer
from trainer.tokens import Corpus, tokenise

torch.set_num_threads(1)
CONTEXT = 128


@pytest.fixture(scope="module")
def tokenizer() -> ChatTokenizer:
    return ChatTokenizer.train([row["text"] for row in texts(20, 20)], 300)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Snapshots of organic texts, of conversations, and of few long texts."""
    folder = tmp_path_factory.mktemp("data")
    write_snapshot(folder / "web", text=texts(300, 10))
    write_snapshot(folder / "few", text=texts(40, 10))
    chats = [
        [
            {"role": "user", "content": f"word {number}?"},
            {"role": "assistant", "content": f"word {number + 1}"},
        ]
        for number in range(100)
    ]
    write_snapshot(folder / "chats", chat=[{"messages": chat} for chat in chats])
    write_snapshot(folder / "long", text=texts(12, 60, "long") + texts(12, 12, "short"))
    return folder


def _library(folder: Path, tokenizer: ChatTokenizer, aside: Path, *names: str) -> Library:
    return Library(
        tuple(
            tokenise(Snapshot.open(folder / name), tokenizer, aside / name, context=CONTEXT, long="split")
            for name in names
        )
    )


def _source(folder: Path, name: str, **settings: Any) -> SourceSettings:
    return SourceSettings.model_validate({"snapshot": folder / name, **settings})


def _order(folder: Path, tokenizer: ChatTokenizer, aside: Path, tokens: int = 60_000) -> Order:
    library = _library(folder, tokenizer, aside, "web", "chats")
    sources = {"web": _source(folder, "web", share=0.25), "chats": _source(folder, "chats", share=0.75)}
    drawn = draw(sources, library, 5, tokens=tokens)
    return Order(library, drawn, CONTEXT, 5, whole=False)


def test_every_source_gives_its_share_of_the_tokens_and_is_gone_through_evenly(
    folder: Path, tokenizer: ChatTokenizer, tmp_path: Path
) -> None:
    order = _order(folder, tokenizer, tmp_path)
    documents = order.drawn.block(0, order.blocks)
    organic = documents < 300
    tokens = order.library.lengths[documents]
    assert tokens[organic].sum() / tokens.sum() == pytest.approx(0.25, abs=0.01)
    assert tokens.sum() == pytest.approx(60_000, rel=0.01)
    for part in (documents[organic], documents[~organic]):
        seen = Counter(part.tolist())
        assert max(seen.values()) - min(seen.values()) <= 1


def test_each_epoch_of_a_source_has_an_order_of_its_own(
    folder: Path, tokenizer: ChatTokenizer, tmp_path: Path
) -> None:
    order = _order(folder, tokenizer, tmp_path)
    chats = [number for number in order.drawn.block(0, 1).tolist() if number >= 300]
    first, second = chats[:100], chats[100:200]
    assert sorted(first) == sorted(second) == list(range(300, 400))
    assert first != second != sorted(second)


@pytest.mark.parametrize("size", [1, 2, 3, 7, 64, 1000])
def test_the_shuffle_is_a_permutation_that_any_index_finds_by_itself(size: int) -> None:
    whole = shuffled(np.arange(size), size, (1, 2))
    assert sorted(whole.tolist()) == list(range(size))
    assert [int(shuffled(np.array([place]), size, (1, 2))[0]) for place in range(size)] == whole.tolist()


def test_the_order_is_the_same_wherever_it_is_taken_up(
    folder: Path, tokenizer: ChatTokenizer, tmp_path: Path
) -> None:
    rows, _ = _order(folder, tokenizer, tmp_path).take(Place(), 60)
    again: list[Row] = []
    place = Place()
    while len(again) < 60:
        some, place = _order(folder, tokenizer, tmp_path).take(place, 7)  # nothing but two integers is kept
        again += some
    assert rows == again[:60]


def test_a_run_never_lacks_a_row_for_its_steps(tmp_path: Path) -> None:
    lengths = np.random.default_rng(0).integers(5, 100, 400)
    short = Corpus(
        ids=np.zeros(lengths.sum(), dtype=np.uint32),
        learnt=np.ones(lengths.sum(), dtype=np.bool_),
        bounds=np.concatenate(([0], np.cumsum(lengths))),
        targets=lengths - 1,
        origins=lengths,
        counts={},
        fingerprint="",
    )
    # Best fit leaves hardly any room, and the documents that are drawn may by chance be short ones.
    for steps in range(1, 60):
        drawn = draw({"s": _source(tmp_path, "s", share=1)}, Library((short,)), 1, tokens=steps * 4 * CONTEXT)
        order, place = Order(Library((short,)), drawn, CONTEXT, 1, whole=False), Place()
        for _ in range(steps):
            rows, place = order.take(place, 4)
            assert len(rows) == 4


def test_of_a_document_what_can_be_predicted_is_learnt_and_the_last_token_never_read(
    tokenizer: ChatTokenizer, tmp_path: Path
) -> None:
    asked = {"role": "user", "content": "word 3?"}
    chats = [
        [asked, {"role": "assistant", "content": ""}],  # the end of its turn alone is learnt
        [asked],  # nothing is
        [asked, {"role": "assistant", "content": "word 4"}, asked],  # the end is read and not learnt
    ]
    fits = next(text for text in texts(99, 10) if len(tokenizer.encode([text["text"]])[0]) > 12)
    size = len(tokenizer.encode([fits["text"]])[0]) + 1
    write_snapshot(tmp_path / "s", chat=[{"messages": chat} for chat in chats], text=[{"text": ""}, fits])
    corpus = tokenise(
        Snapshot.open(tmp_path / "s"), tokenizer, tmp_path / "t", context=max(size, 64), long="stop"
    )
    assert corpus.counts["without targets"] == 2
    library = Library((corpus,))
    drawn = draw({"s": _source(tmp_path, "s", share=1)}, library, 0, epochs=1)
    order = Order(library, drawn, max(size, 64), 0, whole=True)
    rows, _ = order.take(Place(), 9)
    batch = order.batch(rows, torch.device("cpu"))
    whole = [library.document(number) for row in rows for number in row]
    assert batch.ids.shape[1] == sum(len(ids) - 1 for ids, _ in whole)
    assert batch.tokens.tolist() == [int(i) for ids, learnt in whole for i in ids[1:][learnt[1:]]]
    assert len(batch.tokens) == order.targets(rows)
    assert [len(ids) - 1 for ids, learnt in whole if learnt.all()] == [size - 1]


def test_a_source_too_small_for_its_share_is_refused_with_what_it_needs(
    folder: Path, tokenizer: ChatTokenizer, tmp_path: Path
) -> None:
    library = _library(folder, tokenizer, tmp_path, "chats")
    sources = {"chats": _source(folder, "chats", share=1.0, most_epochs=3)}
    with pytest.raises(
        FactoryError,
        match=r"mixture\.chats: its share of 1 would repeat documents of its .* most_epochs is 3\. It needs [\d,]+",
    ):
        draw(sources, library, 0, tokens=100_000)


def test_long_texts_are_told_by_their_whole_length_and_count_more(
    folder: Path, tokenizer: ChatTokenizer, tmp_path: Path
) -> None:
    library = _library(folder, tokenizer, tmp_path, "long")
    corpus = library.corpora[0]
    assert corpus.lengths.max() == CONTEXT
    assert corpus.counts["too long"] == 12
    source = _source(folder, "long", share=1.0, shortest=CONTEXT + 1, upweight={"over": CONTEXT + 1, "by": 3})
    part = draw({"long": source}, library, 0, tokens=50_000).parts[0]
    pieces = np.flatnonzero(corpus.origins > CONTEXT)  # the short end of a long text belongs to it
    assert Counter(part.entries.tolist()) == dict.fromkeys(pieces.tolist(), 3)
    often = _source(
        folder, "long", share=1.0, upweight={"over": CONTEXT + 1, "by": 3}, most_epochs=part.epochs * 2
    )
    with pytest.raises(FactoryError, match="most_epochs"):  # the long texts would come three times as often
        draw({"long": often}, library, 0, tokens=50_000)
    with pytest.raises(FactoryError, match=r"none of the .* has 9999 tokens .*lower 'shortest'"):
        draw({"long": _source(folder, "long", share=1.0, shortest=9999)}, library, 0, tokens=10)


def test_of_a_document_that_is_split_every_token_but_the_first_is_learnt_once(
    folder: Path, tokenizer: ChatTokenizer, tmp_path: Path
) -> None:
    snapshot = Snapshot.open(folder / "long")
    split: Corpus = tokenise(snapshot, tokenizer, tmp_path / "a", context=CONTEXT, long="split")
    whole: Corpus = tokenise(snapshot, tokenizer, tmp_path / "b", context=4096, long="stop")
    assert split.lengths.max() == CONTEXT < whole.lengths.max()
    predicted = (np.delete(corpus.ids, corpus.bounds[:-1]) for corpus in (split, whole))
    assert np.array_equal(*predicted)
    assert split.targets.sum() == whole.targets.sum()


def test_tokens_that_other_code_wrote_are_written_again(
    folder: Path, tokenizer: ChatTokenizer, tmp_path: Path
) -> None:
    def made() -> Corpus:
        return tokenise(
            Snapshot.open(folder / "long"), tokenizer, tmp_path / "a", context=CONTEXT, long="split"
        )

    first = made()
    about = tmp_path / "a/tokens.json"
    kept = about.stat().st_ino
    assert made().fingerprint == first.fingerprint
    assert about.stat().st_ino == kept
    about.write_text(json.dumps(json.loads(about.read_text()) | {"key": "another", "fingerprint": "another"}))
    assert made().fingerprint == first.fingerprint  # what counts for a run that goes on is the content


# ------------------------------------------------------------------------------------------ whole runs


def _recipe(folder: Path, output: Path, **changes: Any) -> Recipe:
    settings: dict[str, Any] = {
        "stage": "midtrain",
        "mixture": {
            "few": {"snapshot": str(folder / "few"), "share": 0.5},
            "chats": {"snapshot": str(folder / "chats"), "share": 0.5},
        },
        "output": str(output),
        "model": {"layers": 2, "width": 32, "heads": 4, "kv_heads": 2, "ffn": 48},
        "tokenizer": {"size": 300},
        "context": CONTEXT,
        "long": "split",
        "batch": {"rows": 5},  # so that ranks have uneven shares
        "optimiser": {"lr": 3e-3},
        "steps": 16,  # everything is gone through more than twice
        "checkpoint_every": 100,
    }
    return Recipe.model_validate(settings | changes)


def test_a_run_goes_on_in_the_second_epoch_on_another_number_of_ranks(folder: Path, tmp_path: Path) -> None:
    whole = _recipe(folder, tmp_path / "whole")
    train(whole, silent)
    moved = _recipe(folder, tmp_path / "moved")
    process = start_trainer(moved, tmp_path / "recipe.yaml", "--stop-after", "12", ranks=2, port=29583)
    told, _ = process.communicate(timeout=200)
    assert process.returncode == 0, told
    checkpoint = Checkpoint.newest(moved.output / "checkpoints")
    assert checkpoint is not None
    assert checkpoint.step == 12
    assert read_metrics(moved.output / "metrics.jsonl")[-1].epoch > 1
    train(moved, silent)  # one rank goes on with what two began
    assert losses(moved) == pytest.approx(losses(whole), rel=1e-4)
    one, other = (read_model(recipe.output / "export").state_dict() for recipe in (whole, moved))
    assert all(torch.allclose(one[name], other[name], atol=1e-5) for name in one)


def test_a_run_whose_documents_would_come_in_another_order_does_not_go_on(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    recipe = _recipe(folder, tmp_path / "out")
    train(recipe, silent, stop_after=2)
    monkeypatch.setattr("trainer.packing.BLOCK", 16)  # as another version might pack
    with pytest.raises(FactoryError, match="code that encodes or packs them"):
        train(recipe, silent)


def test_a_run_that_is_killed_goes_on_to_the_bit(folder: Path, tmp_path: Path) -> None:
    whole = _recipe(folder, tmp_path / "whole", steps=400)
    killed = _recipe(folder, tmp_path / "killed", steps=400, checkpoint_every=1)
    process = start_trainer(killed, tmp_path / "recipe.yaml")
    while len(losses(killed)) < 20 and process.poll() is None:
        time.sleep(0.02)
    process.send_signal(signal.SIGKILL)
    process.communicate(timeout=60)
    checkpoint = Checkpoint.newest(killed.output / "checkpoints")
    assert checkpoint is not None
    end = checkpoint.step + 3
    train(killed, silent, stop_after=end)
    train(whole, silent, stop_after=end)
    assert losses(killed) == losses(whole)
    assert not list((killed.output / "checkpoints").glob("*.partial"))


def test_a_rule_says_which_checkpoints_are_kept(folder: Path, tmp_path: Path) -> None:
    recipe = _recipe(folder, tmp_path / "out", steps=7, checkpoint_every=1, keep=2, keep_every=3)
    train(recipe, silent)
    kept = sorted(int(path.name.removeprefix("step-")) for path in (recipe.output / "checkpoints").iterdir())
    assert kept == [3, 6, 7]


def test_a_checkpoint_that_is_broken_is_told_with_the_mend(folder: Path, tmp_path: Path) -> None:
    recipe = _recipe(folder, tmp_path / "out", steps=4)
    train(recipe, silent, stop_after=2)
    (tmp_path / "out/checkpoints/step-00000002/.metadata").unlink()
    with pytest.raises(FactoryError, match=r"step-00000002: this checkpoint cannot be read .*--fresh"):
        train(recipe, silent)
