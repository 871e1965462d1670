"""The judges of one command: a validator that many datasets name with the same settings is set up once."""

from __future__ import annotations

from contextlib import AsyncExitStack

from factory.catalog import Check
from factory.plugins import Judge, instantiate
from factory.store.rows import json_text


class Judges:
    """Validators of single samples with their settings, made and set up when they are first asked for."""

    def __init__(self) -> None:
        self._made: dict[tuple[str, str], Judge] = {}
        self._open = AsyncExitStack()

    async def of(self, check: Check) -> Judge:
        """The judge for an item of ``validators:``. Raises what its constructor or its `setup` raises."""
        key = check.plugin.name, json_text(check.settings.model_dump(mode="json"))
        if key not in self._made:
            judge: Judge = instantiate(check.plugin, check.settings)
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
