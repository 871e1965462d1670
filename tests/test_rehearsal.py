"""The rehearsal model: real HTTP, the examples of prompts as replies, and faults that a client lives through."""

from __future__ import annotations

import asyncio
import signal
import subprocess
import sys
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import Annotated, Any, Literal, TypeVar
from uuid import UUID

import aiohttp
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, Field

from factory.discovery import GENERATORS, discover
from factory.errors import TeacherError
from factory.records import Passage
from factory.teacher.client import HINT_HEADER, encoded
from factory.teacher.clients import client_for
from factory.teacher.model import Client, Faults, Hint, Model, Reply, Request
from factory.teacher.rehearsal.filler import fill_schema, fill_text
from factory.teacher.rehearsal.server import Rehearsal

PROMPTS = """\
## sum
Add up {{ question }}.
### example
```json
{"total": {{ right }}, "of": {{ question | tojson }}}
```
### example: wrong
{"total": {{ right + 1 }}, "of": {{ question | tojson }}}
## bare
Tell me of {{ passage.text | quoted }}
"""
ResultT = TypeVar("ResultT")


class Sum(BaseModel):
    total: int
    of: str


@pytest.fixture
def prompts(tmp_path: Path) -> Mapping[str, Path]:
    path = tmp_path / "sum.md"
    path.write_text(PROMPTS)
    return {"lab.sum": path}


def served(
    prompts: Mapping[str, Path],
    use: Callable[[Client, Rehearsal], Awaitable[ResultT]],
    faults: Faults | None = None,
    **settings: Any,
) -> ResultT:
    """Runs `use` against a server with these prompts and faults."""

    async def run() -> ResultT:
        async with Rehearsal(faults, prompts=prompts) as server:
            client = client_for(Model(model="rehearsal", api_base=server.address, **settings))
            try:
                return await use(client, server)
            finally:
                await client.close()

    return asyncio.run(run())


def request(text: str = "Add up 3 + 4.", schema: type[BaseModel] | None = None) -> Request:
    return Request.of(Model(model="rehearsal"), [{"role": "user", "content": text}], schema)


def hint(seed: str = "a", section: str = "sum", **variables: Any) -> Hint:
    """What the client says of the prompt; `right` is known to the examples alone."""
    return Hint("generator", "lab.sum", section, {"question": "3 + 4", "right": 7} | variables, seed_id=seed)


# ------------------------------------------------------------------------------------- replies


def test_a_prompt_is_answered_with_one_of_its_examples_the_same_every_time(
    prompts: Mapping[str, Path],
) -> None:
    async def use(client: Client, server: Rehearsal) -> list[str]:
        asks = [(seed, draw) for seed in "abcdefgh" for draw in range(4)] * 2
        replies = await asyncio.gather(*(client.complete(request(), draw, hint(seed)) for seed, draw in asks))
        return [reply.text for reply in replies]

    texts = served(prompts, use)
    assert {Sum.model_validate_json(text).total for text in texts} == {7, 8}
    assert texts[:32] == texts[32:]
    assert texts == served(prompts, use)


def test_seed_stream_draw_and_messages_tell_asks_apart(prompts: Mapping[str, Path]) -> None:
    async def use(client: Client, server: Rehearsal) -> int:
        await client.complete(request(), 0, hint("a"))
        await client.complete(request(), 0, hint("a"))
        await client.complete(request(), 1, hint("a"))
        await client.complete(request(), 0, hint("b"))
        await client.complete(request("other words"), 0, hint("a"))
        branch = Hint("generator", "lab.sum", "sum", hint().variables, seed_id="a", stream="/0.1")
        await client.complete(request(), 0, branch)
        return len(server.stats.as_json()["keys"])

    assert served(prompts, use) == 5


def test_records_travel_with_a_hint_however_long_they_are(
    prompts: Mapping[str, Path], tmp_path: Path
) -> None:
    path = tmp_path / "long.md"
    path.write_text(
        "## ask\nRead {{ passage.text }}\n### example\n{{ passage.text | words | length }} words\n"
    )
    text = " ".join(f"word{number * 7919 % 100_003}é" for number in range(60_000))  # half a megabyte

    async def use(client: Client, server: Rehearsal) -> Reply:
        long = Hint("validator", "lab.long", "ask", {"passage": Passage(text=text)})
        return await client.complete(request(text), 0, long)

    reply = served({"lab.long": path}, use)
    assert reply.text == "60000 words"
    assert reply.prompt_tokens > 100_000


def test_an_example_that_does_not_render_is_an_error_with_its_line(prompts: Mapping[str, Path]) -> None:
    async def use(client: Client, server: Rehearsal) -> None:
        await client.complete(
            request(), 0, Hint("generator", "lab.sum", "sum", {"question": "1"}, seed_id="a")
        )

    with pytest.raises(
        TeacherError, match=r"status 400: .*section 'sum', example, line \d: 'right' is undefined"
    ):
        served(prompts, use)


@pytest.mark.parametrize(
    ("plugin", "section", "told"),
    [
        ("lab.sun", "sum", "no generator 'lab.sun' is installed"),
        ("../../etc/passwd", "sum", "no generator '../../etc/passwd' is installed"),
        ("lab.sum", "smu", "no section 'smu'; did you mean 'sum'"),
    ],
)
def test_an_unknown_plugin_or_section_is_an_error(
    prompts: Mapping[str, Path], plugin: str, section: str, told: str
) -> None:
    async def use(client: Client, server: Rehearsal) -> None:
        await client.complete(request(), 0, Hint("generator", plugin, section, {}))

    with pytest.raises(TeacherError, match=told):
        served(prompts, use)


def test_the_prompts_of_installed_plugins_are_found_by_name() -> None:
    name, listing = next(
        (name, one) for name, one in discover(GENERATORS).items() if one.path.with_suffix(".md").exists()
    )
    section = next(
        line.removeprefix("## ")
        for line in listing.path.with_suffix(".md").read_text().splitlines()
        if line.startswith("## ") and line != "## system"
    )

    async def use(client: Client, server: Rehearsal) -> None:
        await client.complete(request(), 0, Hint("generator", name, section, {}))

    with pytest.raises(
        TeacherError, match=rf"{listing.path.stem}\.md: section '{section}', example.* undefined"
    ):
        served({}, use)


def test_without_examples_the_prompt_itself_is_answered_from(prompts: Mapping[str, Path]) -> None:
    words = "Tell me.\n<data 0123abcd>\nWater boils. Ice melts. Steam rises.\n</data 0123abcd>"

    async def use(client: Client, server: Rehearsal) -> tuple[Reply, ...]:
        return (
            await client.complete(request(words), 0, hint(section="bare")),
            await client.complete(request(words)),
            await client.complete(request(words, Sum)),
            await client.complete(request("Add up the numbers of this sentence: 3 and 4", Sum)),
        )

    hinted, plain, fitting, other = served(prompts, use)
    for reply in (hinted, plain):
        assert reply.text in "Water boils. Ice melts. Steam rises."
        assert reply.text
    assert Sum.model_validate_json(fitting.text).of in {"Water boils.", "Ice melts.", "Steam rises."}
    assert "numbers" in Sum.model_validate_json(other.text).of


def test_a_schema_in_words_is_met_too() -> None:
    async def run(structured: str) -> str:
        model = Model.model_validate({"model": "rehearsal", "structured": structured})
        client = client_for(model)
        try:
            messages = [{"role": "user", "content": "Add up."}]
            return (await client.complete(Request.of(model, messages, Sum))).text
        finally:
            await client.close()

    for structured in ("json_schema", "json_object", "prompt"):
        Sum.model_validate_json(asyncio.run(run(structured)))


# ------------------------------------------------------------------------------------- filling a schema


class Leaf(BaseModel):
    kind: Literal["leaf"]
    name: str = Field(min_length=40, max_length=60)
    rating: Annotated[int, Field(ge=1, le=5)]
    share: Annotated[float, Field(gt=0, lt=1)]


class Tree(BaseModel):
    title: str
    children: list[Tree] = Field(max_length=2)
    leaf: Leaf | None
    either: int | bool
    pair: tuple[int, str]
    tags: set[Literal["a", "b", "c"]] = Field(min_length=2)
    counts: dict[str, Annotated[int, Field(multiple_of=5, ge=7)]]
    id: UUID
    code: str = Field(pattern=r"^[A-Z]?[a-z]+$")


@given(st.integers(), st.text(max_size=200))
def test_a_filled_schema_is_accepted_by_its_class(seed: int, prompt: str) -> None:
    from random import Random

    filled = fill_schema(Tree.model_json_schema(), f"Some words to use. {prompt}", Random(seed))
    Tree.model_validate(filled, strict=False)
    assert fill_text(prompt, Random(seed))


# ------------------------------------------------------------------------------------- faults

MANY = 60


async def _ask_many(client: Client, server: Rehearsal) -> list[Reply]:
    asks = (client.complete(request(), 0, hint(str(seed))) for seed in range(MANY))
    return await asyncio.gather(*asks)


def _statuses(prompts: Mapping[str, Path], faults: Faults) -> dict[str, int]:
    async def use(client: Client, server: Rehearsal) -> dict[str, int]:
        replies = await _ask_many(client, server)
        assert len({Sum.model_validate_json(reply.text).of for reply in replies}) == 1
        counted = server.stats.as_json()
        assert counted["answered"] == len(counted["keys"]) == MANY  # each got its reply, and got it once
        assert counted["requests"] == sum(counted["statuses"].values())
        return dict(counted["statuses"])

    return served(prompts, use, faults, retries=8)


@pytest.mark.parametrize(
    ("fault", "status"), [("rate_limit", "429"), ("server_error", "500"), ("drop", "499")]
)
def test_nothing_is_lost_to_a_fault_that_passes(prompts: Mapping[str, Path], fault: str, status: str) -> None:
    faults = Faults.model_validate({fault: 0.2, "retry_after": 0.01})
    statuses = _statuses(prompts, faults)
    assert set(statuses) == {"200", status}
    assert 0 < statuses[status] < MANY
    assert statuses == _statuses(prompts, faults)  # the same requests meet the same faults


@pytest.mark.parametrize("fault", ["rate_limit", "server_error", "drop"])
def test_a_fault_that_never_passes_ends_in_an_error(prompts: Mapping[str, Path], fault: str) -> None:
    async def use(client: Client, server: Rehearsal) -> int:
        with pytest.raises(
            TeacherError, match=r"rehearsal at http://127\.0\.0\.1:.* gave up after 2 attempts"
        ):
            await client.complete(request(), 0, hint())
        return server.stats.requests

    assert served(prompts, use, Faults.model_validate({fault: 1, "retry_after": 0.01}), retries=1) == 2


def test_broken_json_and_wrong_answers_come_as_often_as_asked_for(prompts: Mapping[str, Path]) -> None:
    right = served(prompts, _ask_many)
    broken = served(prompts, _ask_many, Faults(broken_json=0.5))
    cut = [new for new, old in zip(broken, right, strict=True) if new.text != old.text]
    assert MANY / 4 < len(cut) < MANY * 3 / 4
    assert all(not reply.text.endswith("}") for reply in cut)
    wrong = served(prompts, _ask_many, Faults(wrong=1))
    for new, old in zip(wrong, right, strict=True):
        assert Sum.model_validate_json(new.text).total != Sum.model_validate_json(old.text).total


def test_a_model_entry_says_what_its_embedded_server_does_wrong() -> None:
    async def run() -> tuple[str, str]:
        model = Model(model="rehearsal", rehearsal=Faults(server_error=1), retries=0)
        client = client_for(model)
        with pytest.raises(TeacherError, match=r"status 500: .*rehearsed fault"):
            await client.complete(request())
        await client.close()
        client = client_for(Model(model="rehearsal"))
        first = await client.complete(request())
        await client.close()
        again = await client.complete(request())  # a closed client starts anew when it is asked
        await client.close()
        return first.text, again.text

    first, again = asyncio.run(run())
    assert first == again


# ------------------------------------------------------------------------------------- the server itself


def test_what_is_no_chat_request_is_refused(prompts: Mapping[str, Path]) -> None:
    async def use(client: Client, server: Rehearsal) -> None:
        chat = f"{server.address}/chat/completions"
        good: dict[str, Any] = {"messages": [{"role": "user", "content": "a"}]}
        async with aiohttp.ClientSession() as session:
            for body in (b"{", b"[]", b'{"messages": []}', b'{"messages": 3}', b"{}"):
                async with session.post(chat, data=body) as response:
                    assert response.status == 400, body
            for header in ("j!", "zAAAA", "", "jbnVsbA==" + "=" * 3, "je30="):
                async with session.post(chat, json=good, headers={HINT_HEADER: header}) as response:
                    assert response.status in (200, 400), header
            async with session.get(f"{server.address}/models") as response:
                assert (await response.json())["data"][0]["id"] == "rehearsal"
            async with session.get(f"{server.address}/nowhere") as response:
                assert response.status == 404
            async with session.post(chat, json=good, headers={HINT_HEADER: encoded(hint(), 0)}) as response:
                told = await response.json()
                assert told["choices"][0]["finish_reason"] == "stop"
                assert told["usage"]["total_tokens"] > 1

    served(prompts, use)


def test_it_runs_as_a_process_of_its_own_and_ends_when_told() -> None:
    command = [sys.executable, "-m", "factory", "rehearsal", "--rate-limit", "0.2", "--retry-after", "0.01"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        address = process.stdout.readline().split()[-1]

        async def use() -> tuple[int, dict[str, Any]]:
            client = client_for(Model(model="rehearsal", api_base=address))
            replies = await asyncio.gather(*(client.complete(request(f"Number {n}?")) for n in range(30)))
            await client.close()
            async with (
                aiohttp.ClientSession() as session,
                session.get(address.replace("v1", "stats")) as told,
            ):
                return len(replies), await told.json()

        replies, stats = asyncio.run(use())
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=20) == 0
    assert replies == stats["answered"] == stats["statuses"]["200"] == stats["sections"]["(no hint)"] == 30
    assert stats["statuses"]["429"] > 0
