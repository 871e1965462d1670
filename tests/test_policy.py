"""Policies: the model's own probabilities, whatever is sampled beside a rollout, here or behind a server."""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
import torch
from aiohttp import web
from transformers import AutoModelForCausalLM

from factory.errors import FactoryError, TeacherError
from factory.plugins import Policy, Rollout
from factory.teacher.model import Model
from factory.teacher.policies import Policies
from trainer.export import write_model
from trainer.model import Phi, Shape
from trainer.policy import LocalPolicy, ServerPolicy
from trainer.sampler import Ask, Sampler, pick
from trainer.tokenizer import ChatTokenizer

torch.set_num_threads(1)
SHAPE = Shape(layers=2, width=32, heads=4, kv_heads=2, ffn=48, vocabulary=320, context=96)
QUESTIONS = ["Who?", "How many pens does Tom have?", "Why?", "When is it, and where, and what for?"]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Weights with a strong wish to say something, so that temperature matters, and to stop now and then."""
    torch.manual_seed(0)
    tokenizer = ChatTokenizer.train(QUESTIONS * 5, 320)
    model = Phi(SHAPE)
    with torch.no_grad():
        model.lm_head.weight.mul_(8)
        model.lm_head.weight[tokenizer.end_of_turn].mul_(2)
    path = tmp_path_factory.mktemp("policy") / "weights"
    write_model(model, tokenizer, path)
    return path


@pytest.fixture(scope="module")
def sampler(folder: Path) -> Sampler:
    return Sampler.read(folder, device="cpu")


def prefixes(sampler: Sampler) -> list[list[int]]:
    return [sampler.tokenizer.prompt([{"role": "user", "content": text}]) for text in QUESTIONS]


def test_logprobs_are_those_of_a_full_forward_pass(folder: Path, sampler: Sampler) -> None:
    network = AutoModelForCausalLM.from_pretrained(folder).eval()
    for temperature in (1.0, 0.5, 0.0):
        found = sampler.sample(prefixes(sampler), n=6, max_tokens=30, temperature=temperature, seed=3)
        for prefix, rollouts in zip(prefixes(sampler), found, strict=True):
            for rollout in rollouts:
                ids = torch.tensor([[*prefix, *rollout.ids]])
                with torch.inference_mode():
                    logprobs = network(ids, use_cache=False).logits[0].log_softmax(-1)
                expected = logprobs[torch.arange(len(prefix) - 1, ids.shape[1] - 1), ids[0, len(prefix) :]]
                assert torch.allclose(torch.tensor(rollout.logprobs), expected, atol=1e-5)


def test_greedy_is_what_transformers_generates(folder: Path, sampler: Sampler) -> None:
    network = AutoModelForCausalLM.from_pretrained(folder).eval()
    found = sampler.sample(prefixes(sampler), n=1, max_tokens=20, temperature=0, seed=0)
    for prefix, (rollout,) in zip(prefixes(sampler), found, strict=True):
        whole = network.generate(torch.tensor([prefix]), max_new_tokens=20, do_sample=False)[0]
        assert rollout.ids == tuple(whole[len(prefix) :].tolist())


def test_a_seed_decides_and_company_does_not(sampler: Sampler) -> None:
    asks = [Ask([prefix], 5, 25, 1.0, 7) for prefix in prefixes(sampler)]
    together = sampler.sample_many([*asks, Ask(prefixes(sampler), 9, 30, 0.7, 8)])
    alone = [sampler.sample_many([ask])[0] for ask in asks]
    assert [_ids(found) for found in together[:4]] == [_ids(found) for found in alone]
    small = Sampler(sampler._decoder.model, sampler.tokenizer, rows=3, slots=100)
    assert [_ids(found) for found in small.sample_many(asks)] == [_ids(found) for found in alone]
    other = sampler.sample_many([Ask(prefixes(sampler), 5, 25, 1.0, 9)])[0]
    assert _ids(other) != [_ids(found)[0] for found in alone]


def test_a_prefix_asked_for_twice_is_sampled_twice(sampler: Sampler) -> None:
    prefix = prefixes(sampler)[0]
    first, second = sampler.sample([prefix, prefix], n=8, max_tokens=25, temperature=1.0, seed=1)
    assert _ids([first]) != _ids([second])
    more = sampler.sample([prefix], n=16, max_tokens=25, temperature=1.0, seed=1)[0]
    assert _ids([first + second]) == _ids([more])


def test_a_rollout_ends_with_its_stop_token_or_at_its_limit(sampler: Sampler) -> None:
    found = sampler.sample(prefixes(sampler), n=40, max_tokens=12, temperature=1.0, seed=2)
    rollouts = [rollout for line in found for rollout in line]
    assert {rollout.finished for rollout in rollouts} == {True, False}
    for rollout in rollouts:
        assert (rollout.ids[-1] in sampler.stops) == rollout.finished
        assert not set(rollout.ids[:-1]) & set(sampler.stops)
        assert rollout.finished or len(rollout.ids) == 12
        assert len(rollout.logprobs) == len(rollout.ids)


def test_the_context_bounds_a_rollout_and_a_prefix(sampler: Sampler) -> None:
    long = [5] * (SHAPE.context - 2)
    (rollouts,) = sampler.sample([long], n=4, max_tokens=50, temperature=1.0, seed=0)
    assert max(len(rollout.ids) for rollout in rollouts) == 2
    with pytest.raises(FactoryError, match="a prefix of 96 tokens cannot be continued"):
        sampler.sample([[*long, 5, 5]], n=1, max_tokens=5, temperature=1.0, seed=0)
    with pytest.raises(FactoryError, match="a prefix of 0 tokens"):
        sampler.sample([[]], n=1, max_tokens=5, temperature=1.0, seed=0)


def test_tokens_are_drawn_as_often_as_they_are_likely() -> None:
    probabilities = torch.tensor([0.1, 0.2, 0.3, 0.4])
    count = 4000
    draws = (torch.arange(count) + 0.5) / count
    for temperature in (1.0, 0.5):
        expected = torch.softmax(probabilities.log() / temperature, -1)
        chosen, logprobs = pick(
            probabilities.log().expand(count, 4), torch.full((count,), temperature), draws
        )
        assert torch.allclose(torch.bincount(chosen) / count, expected, atol=2 / count)
        assert torch.allclose(logprobs, probabilities[chosen].log(), atol=1e-6)


# ------------------------------------------------------------------------------------- as policies


def test_what_many_tasks_ask_is_what_each_would_get_alone(folder: Path, sampler: Sampler) -> None:
    async def ask() -> list[list[list[Rollout]]]:
        policy = LocalPolicy(Model(model=f"local/{folder}"))
        assert isinstance(policy, Policy)
        asks = [
            policy.sample([prefix], n=3, max_tokens=20, temperature=1.0, seed=seed)
            for seed, prefix in enumerate(prefixes(sampler))
        ]
        found = await asyncio.gather(*asks)
        await policy.close()
        return found

    alone = [
        sampler.sample([prefix], n=3, max_tokens=20, temperature=1.0, seed=seed)
        for seed, prefix in enumerate(prefixes(sampler))
    ]
    assert [_ids(found) for found in asyncio.run(ask())] == [_ids(found) for found in alone]


def test_a_fault_reaches_the_task_that_waits(folder: Path) -> None:
    async def ask() -> None:
        policy = LocalPolicy(Model(model=f"local/{folder}"))
        with pytest.raises(FactoryError, match="cannot be continued"):
            await policy.sample([[]], n=1, max_tokens=1, temperature=1.0, seed=0)
        assert await policy.sample([[5]], n=1, max_tokens=1, temperature=1.0, seed=0)
        await policy.close()

    asyncio.run(ask())


def test_ids_mean_what_the_tokenizer_says(folder: Path, sampler: Sampler) -> None:
    policy = LocalPolicy(Model(model=f"local/{folder}"))
    assert policy.decode(policy.encode("How many pens?")) == "How many pens?"
    assert policy.prompt([{"role": "user", "content": QUESTIONS[0]}]) == prefixes(sampler)[0]
    assert policy.tokenizer == sampler.tokenizer.fingerprint
    asyncio.run(policy.close())


def test_other_weights_are_another_policy(folder: Path, tmp_path: Path) -> None:
    first = LocalPolicy(Model(model=f"local/{folder}"))
    torch.manual_seed(1)
    write_model(Phi(SHAPE), ChatTokenizer.read(folder), tmp_path / "other")
    second = LocalPolicy(Model(model=f"local/{tmp_path}/other"))
    assert first.fingerprint != second.fingerprint
    assert first.tokenizer == second.tokenizer
    asyncio.run(first.close())
    asyncio.run(second.close())


def test_a_model_that_cannot_sample_ids_is_an_error_that_says_what_to_write(folder: Path) -> None:
    models = {
        "writer": Model(model="rehearsal"),
        "policy": Model(model=f"local/{folder}"),
        "copy": Model(model=f"local/{folder}"),
        "bare": Model(model="openai/phi", api_base="http://localhost:1/v1"),
    }
    policies = Policies(models)
    assert policies.of("policy") is policies.of("copy")
    with pytest.raises(
        TeacherError, match=r"'writer' \(rehearsal\) does not sample token ids; give it 'local/"
    ):
        policies.of("writer")
    with pytest.raises(TeacherError, match="add 'tokenizer: FOLDER'"):
        policies.of("bare")
    asyncio.run(policies.close())


# --------------------------------------------------------------------------------- behind a server


@asynccontextmanager
async def served(sampler: Sampler, asked: list[dict[str, Any]], *, busy: int = 0) -> AsyncIterator[str]:
    """A server that speaks vLLM's completions in ids; the first `busy` requests it refuses."""

    async def completions(request: web.Request) -> web.Response:
        body = await request.json()
        asked.append(body)
        if len(asked) <= busy:
            return web.json_response({"error": "busy"}, status=429, headers={"Retry-After": "0"})
        (rollouts,) = sampler.sample(
            [body["prompt"]],
            n=body["n"],
            max_tokens=body["max_tokens"],
            temperature=body["temperature"],
            seed=body["seed"],
        )
        choices = [
            {
                "index": index,
                "text": sampler.tokenizer.decode(rollout.ids),
                "token_ids": rollout.ids if body.get("return_token_ids") else None,
                "logprobs": {"token_logprobs": rollout.logprobs},
                "finish_reason": "stop" if rollout.finished else "length",
            }
            for index, rollout in enumerate(rollouts)
        ]
        usage = {"prompt_tokens": len(body["prompt"]), "completion_tokens": 1}
        return web.json_response({"choices": choices[::-1], "usage": usage})

    app = web.Application()
    app.router.add_post("/v1/completions", completions)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    try:
        yield f"http://127.0.0.1:{runner.addresses[0][1]}/v1"
    finally:
        await runner.cleanup()


def _server(address: str, folder: Path, **settings: Any) -> ServerPolicy:
    return ServerPolicy(Model(model="openai/phi", api_base=address, tokenizer=folder, **settings))


def test_a_server_gives_ids_for_ids(folder: Path, sampler: Sampler) -> None:
    asked: list[dict[str, Any]] = []

    async def ask() -> list[list[Rollout]]:
        async with served(sampler, asked) as address:
            policy = _server(address, folder)
            assert isinstance(policy, Policy)
            given = prefixes(sampler)
            first = await policy.sample(given, n=4, max_tokens=15, temperature=1.0, seed=5)
            assert first == await policy.sample(given, n=4, max_tokens=15, temperature=1.0, seed=5)
            assert first != await policy.sample(given, n=4, max_tokens=15, temperature=1.0, seed=6)
            await policy.close()
        return first

    found = asyncio.run(ask())
    assert [len(rollouts) for rollouts in found] == [4] * 4
    assert [body["prompt"] for body in asked[:4]] == prefixes(sampler)
    assert all(body["model"] == "phi" and body["stop_token_ids"] == list(sampler.stops) for body in asked)
    for body, rollouts in zip(asked[:4], found, strict=True):
        again = sampler.sample([body["prompt"]], n=4, max_tokens=15, temperature=1.0, seed=body["seed"])[0]
        assert [rollout.ids for rollout in again] == [rollout.ids for rollout in rollouts]
        assert [rollout.logprobs for rollout in again] == [rollout.logprobs for rollout in rollouts]
        assert [rollout.finished for rollout in again] == [rollout.finished for rollout in rollouts]


def test_a_busy_server_is_asked_again(folder: Path, sampler: Sampler) -> None:
    asked: list[dict[str, Any]] = []

    async def ask() -> None:
        async with served(sampler, asked, busy=2) as address:
            policy = _server(address, folder)
            await policy.sample([[5, 6]], n=1, max_tokens=3, temperature=1.0, seed=0)
            await policy.close()

    asyncio.run(ask())
    assert len(asked) == 3
    assert Counter(map(json.dumps, asked)).most_common(1)[0][1] == 3


def test_a_server_that_gives_no_ids_is_an_error_that_says_what_it_lacks(
    folder: Path, sampler: Sampler
) -> None:
    async def ask() -> None:
        async with served(sampler, []) as address:
            policy = _server(address, folder, extra={"return_token_ids": False}, retries=0)
            with pytest.raises(TeacherError, match="the reply lacks 'token_ids'"):
                await policy.sample([[5, 6]], n=1, max_tokens=3, temperature=1.0, seed=0)
            await policy.close()

    asyncio.run(ask())


def _ids(found: Sequence[Sequence[Rollout]]) -> list[list[tuple[int, ...]]]:
    return [[rollout.ids for rollout in rollouts] for rollouts in found]
