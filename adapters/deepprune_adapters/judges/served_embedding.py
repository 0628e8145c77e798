"""Embeddings from an OpenAI-compatible server."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, cast

from deepprune_adapters.judges.replies import read_usage
from deepprune_adapters.server.clients import Clients
from deepprune_adapters.server.terms import Terms
from deepprune_adapters.server.whole import WholeRequests
from deepprune_sdk import Retries
from deepprune_sdk.data.figures import are_numbers
from deepprune_sdk.live.retry import retrying

__all__ = ["ServedEmbedding"]

Embedded = tuple[list[Sequence[float]], int]
"""A vector per text, and the tokens that were read for them."""

BATCH = 64
"""Texts in one request: servers have limits from 32 (some) to 2048 (OpenAI)."""


class ServedEmbedding:
    """Asks a server for the vectors of texts.

    Attributes:
        clients: The clients of the server.
    """

    def __init__(self, clients: Clients, *, retries: Retries | None) -> None:
        """Prepare; nothing is sent yet."""
        self.clients = clients
        self._requests = WholeRequests(clients, Terms(clients.endpoint.name))
        self._retries = retries or Retries()

    async def embed(self, texts: Sequence[str]) -> Embedded:
        """Embed texts, one request after the other.

        Returns:
            A vector per text, and the tokens that the server says it has read for them.

        Raises:
            BackendError: The server refused, failed, or sent something else.
        """
        vectors: list[Sequence[float]] = []
        tokens = 0
        for begin in range(0, len(texts), BATCH):
            # Servers refuse an empty text.
            batch = [text or " " for text in texts[begin : begin + BATCH]]
            ask = retrying(self._retries, lambda: True)
            some, read = cast("Embedded", await ask(self._ask, batch))
            vectors += some
            tokens += read
        return vectors, tokens

    async def _ask(self, texts: list[str]) -> Embedded:
        fields = {"input": texts, "encoding_format": "float"}

        def read(body: dict[str, Any]) -> Embedded | None:
            vectors, usage = _vectors(body, len(texts)), read_usage(body.get("usage"))
            return None if vectors is None else (vectors, usage.prompt if usage else 0)

        return await self._requests.ask("/embeddings", lambda: fields, read)


def _vectors(body: dict[str, Any], wanted: int) -> list[Sequence[float]] | None:
    """Read the vectors in the order of the texts; None where they are not what was asked for."""
    entries: Any = body.get("data")
    if not isinstance(entries, list) or len(cast("list[Any]", entries)) != wanted:
        return None
    found: dict[int, Sequence[float]] = {}
    for position, entry in enumerate(cast("list[Any]", entries)):
        fields = cast("dict[str, Any]", entry) if isinstance(entry, dict) else {}
        vector: Any = fields.get("embedding")
        if not are_numbers(vector):
            return None
        index: Any = fields.get("index", position)
        found[index if isinstance(index, int) else position] = cast("list[float]", vector)
    if sorted(found) != list(range(wanted)):
        return None
    return [found[position] for position in range(wanted)]
