"""What a server serves."""

from __future__ import annotations

import json
from typing import Any, Final, cast

import anyio

from deepprune_adapters.server.clients import Clients
from deepprune_adapters.server.connection import Server
from deepprune_sdk.errors import BackendTimeoutError, ModelNotFoundError

__all__ = ["served_models"]

ASKING: Final = 10.0
"""Seconds that the list may take in all."""


async def served_models(server: Server) -> list[str]:
    """Return the names of the models that a server lists, in its order; it costs nothing.

    Empty for a server that has no such list, or one of another kind.

    Raises:
        BackendError: The server cannot be reached, refuses access, or is too slow.
        ConfigurationError: The address or the key cannot work.
    """
    clients = Clients(
        "served_models", "any", server=server, base_url=None, api_key=None, idle_timeout=ASKING
    )
    url = clients.endpoint.url
    try:
        with anyio.fail_after(ASKING):
            async with clients.borrowed() as client:
                response = await client.models.with_raw_response.list()
                text = response.http_response.text
    except TimeoutError as error:
        raise BackendTimeoutError(
            f"{url} did not list its models within {ASKING:g} s: is it an OpenAI-compatible server?"
        ) from error
    except Exception as error:
        mapped = clients.errors.of_exception(error, sent={})
        if isinstance(mapped, ModelNotFoundError):
            return []
        clients.errors.fail(error, sent={})
    return _names(text)


def _names(text: str) -> list[str]:
    try:
        listed: object = json.loads(text)
    except (ValueError, RecursionError):
        return []
    models = cast("dict[str, Any]", listed).get("data") if isinstance(listed, dict) else None
    if not isinstance(models, list):
        return []
    entries = cast("list[object]", models)
    names = [cast("dict[str, Any]", one).get("id") for one in entries if isinstance(one, dict)]
    return [name for name in names if isinstance(name, str)]
