"""Clients: what may pass is tried again within bounds, what is at fault is said once, and no key leaks."""

from __future__ import annotations

import asyncio
import importlib.util
import random
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any, Literal

import orjson
import pytest
from aiohttp import web
from pydantic import BaseModel, Field, ValidationError

from factory.errors import TeacherError
from factory.teacher.budget import Budget
from factory.teacher.client import HttpClient, seconds_of
from factory.teacher.clients import client_for
from factory.teacher.model import Faults, Model, Price, Reply, Request

ASK = [{"role": "user", "content": "Name a number."}]
SECRET = "sk-very-secret"


class Number(BaseModel):
    title: str
    value: int = 0


def answer(text: str | None = "seven", **more: Any) -> web.Response:
    """A reply as an endpoint gives it."""
    choice = {"message": {"role": "assistant", "content": text}, "finish_reason": "stop", **more}
    usage = {"prompt_tokens": 3, "completion_tokens": 1}
    return web.json_response({"choices": [choice], "usage": usage})


class Endpoint:
    """A chat endpoint that gives scripted responses in turn, the last one for ever, and keeps the requests."""

    def __init__(self, script: Sequence[Callable[[], web.Response] | None]) -> None:
        self.script = list(script)
        self.bodies: list[dict[str, Any]] = []
        self.headers: list[dict[str, str]] = []
        self.address = ""

    async def handle(self, request: web.BaseRequest) -> web.StreamResponse:
        self.bodies.append(orjson.loads(await request.read()))
        self.headers.append(dict(request.headers))
        step = self.script.pop(0) if len(self.script) > 1 else self.script[0]
        if step is None:
            assert request.transport is not None
            request.transport.abort()
            return web.Response()
        return step()


@asynccontextmanager
async def serving(*script: Callable[[], web.Response] | None) -> AsyncIterator[Endpoint]:
    """The endpoint on a free port of this machine."""
    endpoint = Endpoint(script)
    runner = web.ServerRunner(web.Server(endpoint.handle))
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    endpoint.address = f"http://127.0.0.1:{runner.addresses[0][1]}/v1"
    try:
        yield endpoint
    finally:
        await runner.cleanup()


def ask(
    *script: Callable[[], web.Response] | None, schema: type[BaseModel] | None = None, **settings: Any
) -> tuple[Reply, Endpoint]:
    """Asks a scripted endpoint once."""

    async def run() -> tuple[Reply, Endpoint]:
        async with serving(*script) as endpoint:
            model = Model(model="openai/small", api_base=endpoint.address, api_key=SECRET, **settings)
            client = client_for(model)
            try:
                return await client.complete(Request.of(model, ASK, schema)), endpoint
            finally:
                await client.close()

    return asyncio.run(run())


# ------------------------------------------------------------------------------------- the request


def test_a_request_carries_what_decides_the_reply_and_the_key_in_its_header() -> None:
    reply, endpoint = ask(answer, temperature=0.3, stop=["END"], extra={"min_p": 0.1}, max_tokens=9)
    assert (reply.text, reply.prompt_tokens, reply.completion_tokens, reply.estimated) == (
        "seven",
        3,
        1,
        False,
    )
    assert endpoint.bodies == [
        {
            "model": "small",
            "messages": ASK,
            "max_tokens": 9,
            "temperature": 0.3,
            "top_p": 1.0,
            "stop": ["END"],
            "min_p": 0.1,
        }
    ]
    assert endpoint.headers[0]["Authorization"] == f"Bearer {SECRET}"


def test_a_setting_of_null_is_left_to_the_endpoint() -> None:
    _, endpoint = ask(answer, temperature=None, top_p=None)
    assert set(endpoint.bodies[0]) == {"model", "messages", "max_tokens"}


def test_the_schema_is_asked_for_as_the_model_knows_it() -> None:
    _, endpoint = ask(answer, schema=Number)
    asked = endpoint.bodies[0]["response_format"]["json_schema"]
    assert (asked["name"], asked["strict"]) == ("Number", True)
    assert asked["schema"] == {
        "type": "object",
        "properties": {"title": {"type": "string"}, "value": {"type": "integer"}},
        "required": ["title", "value"],
        "additionalProperties": False,
    }
    _, endpoint = ask(answer, schema=Number, structured="json_object")
    assert endpoint.bodies[0]["response_format"] == {"type": "json_object"}
    assert '"title":{"type":"string"}' in endpoint.bodies[0]["messages"][0]["content"]
    _, endpoint = ask(answer, schema=Number, structured="prompt")
    assert "response_format" not in endpoint.bodies[0]
    assert "JSON schema" in endpoint.bodies[0]["messages"][0]["content"]


class Free(BaseModel):
    counts: dict[str, int]


class Cat(BaseModel):
    kind: Literal["cat"]


class Dog(BaseModel):
    kind: Literal["dog"]


class Told(BaseModel):
    pet: Cat | Dog = Field(discriminator="kind")


@pytest.mark.parametrize("schema", [Free, Told])
def test_a_schema_that_strict_endpoints_do_not_know_is_not_strict(schema: type[BaseModel]) -> None:
    """Keys of its own choosing, and unions that a field tells apart (oneOf)."""
    _, endpoint = ask(answer, schema=schema)
    assert endpoint.bodies[0]["response_format"]["json_schema"]["strict"] is False


def test_canonical_depends_on_what_decides_and_on_nothing_else() -> None:
    model = Model(model="openai/small", api_key=SECRET)
    same = Model(model="openai/small", api_base="http://elsewhere/v1", rpm=5, price=Price(input=1, output=2))
    canonical = Request.of(model, ASK, Number).canonical()
    assert canonical == Request.of(same, ASK, Number).canonical()
    assert SECRET.encode() not in canonical
    for other in (
        Request.of(Model(model="openai/small", temperature=0.1), ASK, Number),
        Request.of(Model(model="openai/small", extra={"min_p": 0.1}), ASK, Number),
        Request.of(model, ASK),
        Request.of(model, [*ASK, *ASK], Number),
    ):
        assert other.canonical() != canonical


# ------------------------------------------------------------------------------------- what may pass


@pytest.mark.parametrize(
    "fault",
    [
        lambda: web.Response(status=429, headers={"Retry-After": "0.01"}),
        lambda: web.Response(status=429, headers={"Retry-After": format_datetime(datetime.now(UTC))}),
        lambda: web.Response(status=500, text="broken"),
        lambda: web.Response(status=503, headers={"Retry-After": "0"}),
        lambda: web.Response(text="<html>a gateway's page</html>"),
        lambda: web.json_response({"choices": []}),
        lambda: web.json_response({"error": {"message": "upstream", "code": 502}}),
        None,
    ],
    ids=["429", "429-date", "500", "503", "no-json", "no-choices", "error-in-200", "dropped"],
)
def test_what_may_pass_is_asked_again(fault: Callable[[], web.Response] | None) -> None:
    reply, endpoint = ask(fault, answer)
    assert reply.text == "seven"
    assert len(endpoint.bodies) == 2


def test_retries_end_and_the_error_says_what_happened_last() -> None:
    with pytest.raises(
        TeacherError, match=r"openai/small at http://127.*gave up after 3 attempts: status 503: over"
    ) as e:
        ask(lambda: web.Response(status=503, text="overloaded", headers={"Retry-After": "0"}), retries=2)
    assert SECRET not in str(e.value)
    with pytest.raises(TeacherError, match=r"gave up after 1 attempt: .*[Cc]onnect"):
        asyncio.run(_ask_nobody())
    with pytest.raises(TeacherError, match=r"no reply within 0\.05 s"):
        asyncio.run(_ask_slow())


async def _ask_nobody() -> None:
    model = Model(model="openai/small", api_base="http://127.0.0.1:9/v1", api_key=SECRET, retries=0)
    client = client_for(model)
    try:
        await client.complete(Request.of(model, ASK))
    finally:
        await client.close()


async def _ask_slow() -> None:
    model = Model(model="rehearsal", rehearsal=Faults(delay=5), timeout=0.05, retries=0)
    client = client_for(model)
    try:
        await client.complete(Request.of(model, ASK))
    finally:
        await client.close()


@pytest.mark.parametrize(
    "wait", ["86400", format_datetime(datetime.now(UTC) + timedelta(days=2))], ids=["seconds", "date"]
)
def test_a_wait_beyond_all_measure_is_an_error_at_once(wait: str) -> None:
    with pytest.raises(TeacherError, match=r"asks to wait \d{5,6} s"):
        ask(lambda: web.Response(status=429, headers={"Retry-After": wait}))


def test_retry_after_is_read_as_seconds_or_as_a_date() -> None:
    assert seconds_of("1.5") == 1.5
    assert seconds_of("-3") == 0.0
    assert seconds_of("Mon, 01 Jan 2001 00:00:00 GMT") == 0.0
    ahead = seconds_of(format_datetime(datetime.now(UTC) + timedelta(hours=1), usegmt=True))
    assert ahead is not None
    assert 3500 < ahead <= 3600
    assert seconds_of("soon") is None
    assert seconds_of(None) is None


# ------------------------------------------------------------------------------------- what is at fault


def test_a_request_at_fault_is_said_once_without_the_key() -> None:
    def refuse() -> web.Response:
        return web.Response(status=401, text=f"bad key {SECRET} " + "x" * 2000)

    with pytest.raises(
        TeacherError, match=r"openai/small at .*/v1/chat/completions: status 401: bad key \*\*\*"
    ) as e:
        ask(refuse)
    assert SECRET not in str(e.value)
    assert len(str(e.value)) < 700
    assert SECRET not in repr(e.value.__cause__) + repr(e.value.__context__)
    with pytest.raises(TeacherError, match="insufficient_quota"):
        ask(lambda: web.json_response({"error": {"code": "insufficient_quota"}}, status=429))


def test_credentials_in_an_address_stay_out_of_errors() -> None:
    async def run() -> None:
        async with serving(lambda: web.Response(status=404, text="nothing here")) as endpoint:
            address = endpoint.address.replace("http://", "http://me:hush@") + "?token=hush"
            model = Model(model="openai/small", api_base=address, retries=0)
            client = client_for(model)
            try:
                await client.complete(Request.of(model, ASK))
            finally:
                await client.close()

    with pytest.raises(TeacherError, match="status 404: nothing here") as caught:
        asyncio.run(run())
    assert "hush" not in str(caught.value)


def test_an_empty_reply_is_a_reply_that_says_why() -> None:
    reply, endpoint = ask(lambda: answer(None, finish_reason="length"))
    assert (reply.text, reply.finish_reason, reply.completion_tokens) == ("", "length", 1)
    assert len(endpoint.bodies) == 1  # it is paid for, so it is no failure to try again
    refusal = {"role": "assistant", "content": None, "refusal": "no"}
    assert ask(lambda: answer(message=refusal))[0].finish_reason == "content_filter"
    parts = {"content": [{"type": "text", "text": "sev"}, {"type": "text", "text": "en"}]}
    assert ask(lambda: answer(message=parts))[0].text == "seven"


def test_missing_token_counts_are_estimated_and_marked() -> None:
    bare = {"choices": [{"message": {"content": "seventeen"}, "finish_reason": None}]}
    reply, _ = ask(lambda: web.json_response(bare))
    assert (reply.completion_tokens, reply.estimated, reply.finish_reason) == (2, True, "stop")
    assert reply.prompt_tokens > 10


def test_openai_itself_needs_a_key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    model = Model(model="openai/small")
    with pytest.raises(TeacherError, match="set OPENAI_API_KEY"):
        asyncio.run(client_for(model).complete(Request.of(model, ASK)))
    monkeypatch.setenv("OPENAI_API_KEY", SECRET)
    assert model.key() == SECRET
    assert Model(model="rehearsal").key() is None


def test_backoff_leaves_seeded_randomness_alone() -> None:
    random.seed(4)
    expected = random.random()
    random.seed(4)
    ask(lambda: web.Response(status=500), answer)
    assert random.random() == expected


# ------------------------------------------------------------------------------------- the model entry


@pytest.mark.parametrize(
    ("entry", "told"),
    [
        ({"model": "gpt-4o"}, "names no provider: write 'openai/gpt-4o'"),
        ({"model": "openai/a", "extra": {"max_tokens": 4}}, "'extra' may not hold max_tokens"),
        ({"model": "openai/a", "budget": 5}, "a budget needs a price"),
        ({"model": "openai/a", "api_base": "localhost:8000"}, "api_base"),
        ({"model": "openai/a", "temprature": 1}, "temprature"),
        ({"model": "rehearsal", "rehearsal": {"drop": 1.5}}, "less than or equal to 1"),
    ],
)
def test_an_entry_that_cannot_be_meant_is_refused(entry: dict[str, Any], told: str) -> None:
    with pytest.raises(ValidationError, match=told):
        Model.model_validate(entry)


def test_a_key_is_never_shown() -> None:
    model = Model(model="openai/small", api_key=SECRET)
    assert SECRET not in repr(model) + str(model.model_dump(mode="json")) + str(model.sampling())


def test_a_price_is_for_a_million_tokens() -> None:
    assert Price(input=2.0, output=8.0).cost(500_000, 250_000) == 3.0
    assert Model(model="rehearsal").cost(10, 10) == 0.0


def test_a_provider_of_litellm_says_how_to_install_it() -> None:
    if importlib.util.find_spec("litellm"):
        pytest.skip("litellm is installed here; the test below uses it")
    model = Model(model="anthropic/some-model")
    with pytest.raises(TeacherError, match=r"pip install 'seedfactory\[litellm\]'"):
        asyncio.run(client_for(model).complete(Request.of(model, ASK)))


@pytest.mark.skipif(not importlib.util.find_spec("litellm"), reason="needs the extra 'litellm'")
def test_a_provider_of_litellm_is_asked() -> None:
    model = Model(model="anthropic/some-model", api_key=SECRET, extra={"mock_response": "seven"})
    reply = asyncio.run(client_for(model).complete(Request.of(model, ASK)))
    assert (reply.text, reply.finish_reason) == ("seven", "stop")
    failing = Model(
        model="anthropic/some-model", retries=0, extra={"mock_response": "litellm.RateLimitError"}
    )
    with pytest.raises(TeacherError, match="RateLimitError"):
        asyncio.run(client_for(failing).complete(Request.of(failing, ASK)))


@pytest.mark.skipif(not importlib.util.find_spec("litellm"), reason="needs the extra 'litellm'")
@pytest.mark.parametrize(
    ("fault", "attempts"),
    [
        ("litellm.InternalServerError", 3),
        ("litellm.RateLimitError", 0),
        ("litellm.ContextWindowExceededError", 0),
    ],
)
def test_each_attempt_through_litellm_that_may_be_charged_counts(fault: str, attempts: int) -> None:
    async def run() -> None:
        model = Model(
            model="anthropic/some-model",
            api_key=SECRET,
            retries=2,
            budget=10.0,
            price=Price(input=0, output=1000),
            max_tokens=1000,
            extra={"mock_response": fault},
        )
        request = Request.of(model, ASK)

        async def write(amount: float) -> None: ...

        budget = Budget(model, write)
        with pytest.raises(TeacherError):
            async with budget.reserve(request, request.canonical()):
                await client_for(model).complete(request)
        assert budget.spent == pytest.approx(attempts)

    asyncio.run(run())


def test_a_client_is_chosen_by_the_provider_and_starts_nothing() -> None:
    names = {
        model: type(client_for(Model(model=model))).__name__
        for model in ("rehearsal", "openai/a", "local/folder", "anthropic/b")
    }
    assert names == {
        "rehearsal": "EmbeddedRehearsal",
        "openai/a": "HttpClient",
        "local/folder": "LocalClient",
        "anthropic/b": "LitellmClient",
    }
    assert isinstance(client_for(Model(model="rehearsal", api_base="http://127.0.0.1:1/v1")), HttpClient)
