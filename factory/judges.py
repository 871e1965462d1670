"""The judges of one command: a validator that many datasets name with the same settings is set up once."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack

from pydantic import BaseModel

from factory.plugins import Judge, Validator, instantiate
from factory.store.rows import json_text


class Judges:
    """Validators of single samples with their settings, made and set up when they are first asked for."""

    def __init__(self) -> None:
        self._made: dict[tuple[str, str], Judge] = {}
        self._open = AsyncExitStack()
        self._one_at_a_time = asyncio.Lock()

    async def of(self, plugin: Validator, settings: BaseModel) -> Judge:
        """The judge for a validator with its settings. Raises what its constructor or its `setup` raises."""
        key = plugin.name, json_text(settings.model_dump(mode="json"))
        async with self._one_at_a_time:
            if key not in self._made:
                judge: Judge = instantiate(plugin, settings)
                if setup := getattr(judge, "setup", None):
                    await setup()
                if teardown := getattr(judge, "teardown", None):
                    self._open.push_async_callback(teardown)
                self._made[key] = judge
            return self._made[key]

    async def close(self) -> None:
        """Lets the judges give back what they hold."""
        self._made.clear()
        await self._open.aclose()
