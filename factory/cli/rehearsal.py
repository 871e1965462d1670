"""`factory rehearsal`."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Callable
from contextlib import AsyncExitStack
from typing import Any

import click

from factory.errors import FactoryError

SHARES = {
    "rate_limit": "Share of requests answered with 429 and Retry-After.",
    "server_error": "Share answered with 500.",
    "drop": "Share whose connection is dropped.",
    "broken_json": "Share of structured replies that are cut off.",
    "wrong": "Share answered with another example.",
}


def _shares(command: Callable[..., Any]) -> Callable[..., Any]:
    for name, words in reversed(SHARES.items()):
        option = click.option(
            f"--{name.replace('_', '-')}", type=click.FloatRange(0, 1), default=0.0, help=words
        )
        command = option(command)
    return command


@click.command()
@click.option("--host", default="127.0.0.1", show_default=True)
@click.option("--port", type=click.IntRange(0, 65535), default=0, show_default=True, help="0: any free port.")
@click.option("--delay", type=click.FloatRange(0), default=0.0, help="Seconds before every reply.")
@_shares
@click.option("--retry-after", type=click.FloatRange(0), default=1.0, help="Seconds that a 429 asks to wait.")
def rehearsal(host: str, port: int, **faults: float) -> None:
    """Serve the rehearsal model over HTTP, OpenAI-compatible, until Ctrl-C.

    It answers each prompt with one of its examples, the same for the same request, and does wrong what the
    options say. /stats tells what it was asked.

    \b
      factory rehearsal --port 8765 --delay 0.2 --rate-limit 0.1
      models: {writer: {model: rehearsal, api_base: "http://127.0.0.1:8765/v1"}}
    """
    from factory.teacher.model import Faults

    asyncio.run(_serve(host, port, Faults(**faults)))


async def _serve(host: str, port: int, faults: Any) -> None:
    from factory.teacher.rehearsal.server import Rehearsal

    ended = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, ended.set)
    async with AsyncExitStack() as stack:
        try:
            server = await stack.enter_async_context(Rehearsal(faults, host=host, port=port))
        except OSError as error:
            raise FactoryError(
                f"{host}:{port}: cannot listen here: {error.strerror}; name another --port, or 0 for any free one"
            ) from error
        click.echo(f"the rehearsal model listens at {server.address}")
        await ended.wait()
