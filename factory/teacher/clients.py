"""The way from a model of the catalogue to its client."""

from __future__ import annotations

from factory.teacher.client import HttpClient
from factory.teacher.litellm import LitellmClient
from factory.teacher.local import LocalClient
from factory.teacher.model import REHEARSAL, Client, Model


def client_for(model: Model) -> Client:
    """The client of a model. Nothing heavy is imported, started or connected before the first call."""
    if model.provider == REHEARSAL and model.api_base is None:
        # A web server, which no other model needs.
        from factory.teacher.rehearsal.embedded import EmbeddedRehearsal

        return EmbeddedRehearsal(model)
    if model.provider in (REHEARSAL, "openai"):
        return HttpClient(model)
    if model.provider == "local":
        return LocalClient(model)
    return LitellmClient(model)
