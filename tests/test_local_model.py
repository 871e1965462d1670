"""Local models: a folder of weights answers in this process, and the same ask gets the same reply."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

import pytest
import torch
from pydantic import BaseModel
from tokenizers import Tokenizer, models, pre_tokenizers, trainers
from transformers import Phi3Config, Phi3ForCausalLM, PreTrainedTokenizerFast

from factory.errors import TeacherError
from factory.teacher.clients import client_for
from factory.teacher.model import Model, Reply, Request

ASK = [{"role": "user", "content": "Count to three."}]
SPECIAL = ["<pad>", "<s>", "<end>"]
TEMPLATE = "{% for m in messages %}{{ m.role }}: {{ m.content }}<end>{% endfor %}assistant: "


class Count(BaseModel):
    numbers: list[int]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A tiny Phi-3 with random weights and a byte-level tokenizer."""
    path = tmp_path_factory.mktemp("weights")
    trainer = trainers.BpeTrainer(
        vocab_size=300, special_tokens=SPECIAL, initial_alphabet=pre_tokenizers.ByteLevel.alphabet()
    )
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.train_from_iterator(["user: count to three", "assistant: one two three"], trainer)
    fast = PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, pad_token="<pad>", bos_token="<s>", eos_token="<end>"
    )
    fast.chat_template = TEMPLATE
    fast.save_pretrained(path)
    torch.manual_seed(0)
    config = Phi3Config(
        vocab_size=len(fast),
        hidden_size=32,
        intermediate_size=64,
        num_hidden_layers=2,
        num_attention_heads=4,
        num_key_value_heads=2,
        max_position_embeddings=512,
        pad_token_id=0,
        bos_token_id=1,
        eos_token_id=2,
    )
    Phi3ForCausalLM(config).save_pretrained(path)
    return path


def ask(folder: Path, *draws: int, schema: type[BaseModel] | None = None, **settings: object) -> list[Reply]:
    """Asks one client for these draws at once."""
    model = Model.model_validate({"model": f"local/{folder}", "max_tokens": 12} | settings)

    async def run() -> list[Reply]:
        client = client_for(model)
        try:
            request = Request.of(model, ASK, schema)
            return await asyncio.gather(*(client.complete(request, draw) for draw in draws))
        finally:
            await client.close()

    return asyncio.run(run())


def test_the_same_request_and_draw_give_the_same_reply(folder: Path) -> None:
    first = ask(folder, 0, 1, 2, temperature=1.5)
    second = ask(folder, 2, 1, 0, temperature=1.5)
    assert [reply.text for reply in first] == [reply.text for reply in reversed(second)]
    assert len({reply.text for reply in first}) == 3
    assert all(reply.prompt_tokens > 10 and not reply.estimated for reply in first)


def test_sampling_leaves_the_process_alone(folder: Path) -> None:
    torch.manual_seed(7)
    expected = torch.rand(3)
    torch.manual_seed(7)
    ask(folder, 0)
    assert torch.equal(torch.rand(3), expected)


def test_at_temperature_0_the_reply_is_what_transformers_generates(folder: Path) -> None:
    reply = ask(folder, 0, temperature=0)[0]
    tokenizer = PreTrainedTokenizerFast.from_pretrained(folder)
    prompt = tokenizer.apply_chat_template(ASK, return_tensors="pt", return_dict=True)
    network = Phi3ForCausalLM.from_pretrained(folder).eval()
    ids = network.generate(**prompt, max_new_tokens=12, do_sample=False)[0, prompt["input_ids"].shape[1] :]
    assert reply.text == tokenizer.decode(ids, skip_special_tokens=True)
    assert reply.text == ask(folder, 5, temperature=0)[0].text


def test_a_narrow_nucleus_leaves_only_the_likeliest(folder: Path) -> None:
    narrow = ask(folder, *range(4), temperature=1.0, top_p=1e-6)
    assert {reply.text for reply in narrow} == {ask(folder, 0, temperature=0)[0].text}


def test_a_reply_ends_at_its_bound_or_at_a_stop_word(folder: Path) -> None:
    whole = ask(folder, 0, temperature=1.5)[0]
    assert (whole.finish_reason, whole.completion_tokens) == ("length", 12)
    stop = whole.text[3:5]
    cut = ask(folder, *range(40), temperature=1.5, stop=[stop])
    assert all(stop not in reply.text for reply in cut)
    free = ask(folder, *range(40), temperature=1.5, stop=["e"])
    ended = [reply for reply in free if reply.finish_reason == "stop"]
    assert ended
    assert all(reply.completion_tokens < 12 or "e" not in reply.text for reply in ended)


def test_the_schema_is_asked_for_in_words(folder: Path) -> None:
    plain, worded = ask(folder, 0)[0], ask(folder, 0, schema=Count)[0]
    assert worded.prompt_tokens > plain.prompt_tokens + 50


def test_a_folder_that_is_not_there_is_an_error_that_names_it(tmp_path: Path) -> None:
    with pytest.raises(TeacherError, match=r"nowhere is no folder of weights \(no config.json\)"):
        ask(tmp_path / "nowhere", 0)


def test_weights_that_were_never_taught_to_converse_are_refused(folder: Path, tmp_path: Path) -> None:
    for file in folder.iterdir():
        if file.name != "chat_template.jinja":
            (tmp_path / file.name).write_bytes(file.read_bytes())
    with pytest.raises(TeacherError, match="has no chat template"):
        ask(tmp_path, 0)


def test_without_the_extra_the_error_is_the_install_line(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "transformers", None)  # as if it were not installed
    with pytest.raises(TeacherError, match=r"pip install 'seedfactory\[train\]'"):
        ask(folder, 0)
