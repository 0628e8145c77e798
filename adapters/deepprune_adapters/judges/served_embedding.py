"""Embeddings from an OpenAI-compatible server."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, cast

from deepprune_adapters.judges.replies import read_usage
from deepprune_adapters.server.clients import Clients
from deepprune_adapters.server.terms import Terms
from deepprune_adapters.server.whole import WholeRequests
from deepprune_sdk import Retries
from deepprune_sdk.data import Usage
from deepprune_sdk.live.retry import retrying

__all__ = ["ServedEmbedding"]

BATCH = 64
"""Texts in one request: servers have limits from 32 (some) to 2048 (OpenAI)."""


class ServedEmbedding:
    """Asks a server for the vectors of texts.

    Attributes:
        clients: The clients of the server.
        tokens: Tokens read so far, as the server says.
    """

    def __init__(self, clients: Clients, *, retries: Retries | None) -> None:
        """Prepare; nothing is sent yet."""
        self.clients = clients
        self.tokens = 0
        self._requests = WholeRequests(clients, Terms(clients.endpoint.name))
        self._retries = retries or Retries()

    async def __call__(self, texts: Sequence[str]) -> list[Sequence[float]]:
        """Embed texts, one request after the other.

        Raises:
            BackendError: The server refused, failed, or sent something else.
        """
        vectors: list[Sequence[float]] = []
        for begin in range(0, len(texts), BATCH):
            # Servers refuse an empty text.
            batch = [text or " " for text in texts[begin : begin + BATCH]]
            ask = retrying(self._retries, lambda: True)
            vectors += cast("list[Sequence[float]]", await ask(self._ask, batch))
        return vectors

    async def _ask(self, texts: list[str]) -> list[Sequence[float]]:
        fields = {"input": texts, "encoding_format": "float"}

        def read(body: dict[str, Any]) -> tuple[list[Sequence[float]], Usage | None] | None:
            vectors = _vectors(body, len(texts))
            return None if vectors is None else (vectors, read_usage(body.get("usage")))

        vectors, usage = await self._requests.ask("/embeddings", lambda: fields, read)
        self.tokens += usage.prompt if usage else 0
        return vectors


def _vectors(body: dict[str, Any], wanted: int) -> list[Sequence[float]] | None:
    """Read the vectors in the order of the texts; None where they are not what was asked for."""
    entries: Any = body.get("data")
    if not isinstance(entries, list) or len(cast("list[Any]", entries)) != wanted:
        return None
    found: dict[int, Sequence[float]] = {}
    for position, entry in enumerate(cast("list[Any]", entries)):
        fields = cast("dict[str, Any]", entry) if isinstance(entry, dict) else {}
        vector: Any = fields.get("embedding")
        if not isinstance(vector, list) or not all(
            isinstance(value, int | float) for value in cast("list[Any]", vector)
        ):
            return None
        index: Any = fields.get("index", position)
        found[index if isinstance(index, int) else position] = cast("list[float]", vector)
    if sorted(found) != list(range(wanted)):
        return None
    return [found[position] for position in range(wanted)]
