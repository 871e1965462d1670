"""The rehearsal model inside a build: its server starts with the first call and ends with the client."""

from __future__ import annotations

import asyncio

from factory.teacher.client import HttpClient
from factory.teacher.model import Hint, Model, Reply, Request
from factory.teacher.rehearsal.server import Rehearsal


class EmbeddedRehearsal:
    """A client that brings its own server, in the same event loop and over real HTTP."""

    def __init__(self, model: Model) -> None:
        self._model = model
        self._server: Rehearsal | None = None
        self._client: HttpClient | None = None
        self._starting = asyncio.Lock()

    async def complete(self, request: Request, draw: int = 0, hint: Hint | None = None) -> Reply:
        """Asks the server, started if need be."""
        if self._client is None:
            async with self._starting:
                if self._client is None:
                    self._server = await Rehearsal(self._model.rehearsal).__aenter__()
                    self._client = HttpClient(
                        self._model.model_copy(update={"api_base": self._server.address})
                    )
        return await self._client.complete(request, draw, hint)

    async def close(self) -> None:
        """Closes client and server."""
        if self._client is not None:
            await self._client.close()
        if self._server is not None:
            await self._server.__aexit__()
        self._client = self._server = None
