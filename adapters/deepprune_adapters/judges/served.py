"""What a judge asks an OpenAI-compatible server for: a label, or embeddings."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any, NoReturn, cast

import openai

from deepprune_adapters.judges.replies import Reply, read_reply
from deepprune_adapters.server.clients import Clients
from deepprune_adapters.server.refusals import Refusal
from deepprune_sdk import ConfigurationError, Message, Retries
from deepprune_sdk.live.retry import retrying

__all__ = ["ServedChat", "ServedEmbedding"]

BATCH = 64
"""Texts in one request: servers have limits from 32 (some) to 2048 (OpenAI)."""


class ServedChat:
    """Asks a server for one short completion.

    Attributes:
        clients: The clients of the server.
    """

    def __init__(self, clients: Clients, extra_body: Mapping[str, Any]) -> None:
        """Prepare; nothing is sent yet."""
        self.clients = clients
        self._extra_body = dict(extra_body)

    async def ask(self, messages: Sequence[Message], settings: Mapping[str, Any]) -> Reply:
        """Send one request.

        Raises:
            openai.APIStatusError: The server refused, which may teach what it accepts.
            BackendError: It failed, or sent something else.
        """
        endpoint = self.clients.endpoint
        try:
            raw = await self.clients.current().chat.completions.with_raw_response.create(
                model=endpoint.model,
                messages=[{"role": m.role, "content": m.content} for m in messages],  # pyright: ignore
                extra_body={**settings, **self._extra_body},
                timeout=self.clients.timeout,
            )
        except openai.APIStatusError:
            raise
        except Exception as error:
            self.fail(error, settings)
        content = raw.http_response.content
        body = _read(content)
        reply = read_reply(body)
        if reply is None and "error" in body:
            raise endpoint.refused(Refusal.of(0, body), settings)
        if reply is None:
            raise endpoint.unlike_openai(content, raw.headers.get("content-type", ""))
        return reply

    def fail(self, error: Exception, sent: Mapping[str, Any]) -> NoReturn:
        """Raise what a provider's error means.

        Raises:
            BackendError: Always, but for errors that are none of a provider's.
        """
        endpoint = self.clients.endpoint
        mapped = endpoint.failed(error, sent=sent)
        if mapped is None:
            raise error
        raise mapped from (None if endpoint.mentions_secret(error) else error)


class ServedEmbedding:
    """Asks a server for the vectors of texts.

    Attributes:
        clients: The clients of the server.
        tokens: Tokens read so far, as the server says.
    """

    def __init__(self, clients: Clients, *, batch: int = BATCH, retries: Retries | None) -> None:
        """Prepare; nothing is sent yet.

        Raises:
            ConfigurationError: The batch is empty.
        """
        if batch < 1:
            raise ConfigurationError(f"batch={batch}: give 1 text or more")
        self.clients = clients
        self.tokens = 0
        self._batch = batch
        self._retries = retries or Retries()

    async def __call__(self, texts: Sequence[str]) -> list[Sequence[float]]:
        """Embed texts, one request after the other.

        Raises:
            BackendError: The server refused, failed, or sent something else.
        """
        vectors: list[Sequence[float]] = []
        for begin in range(0, len(texts), self._batch):
            # Servers refuse an empty text.
            batch = [text or " " for text in texts[begin : begin + self._batch]]
            ask = retrying(self._retries, lambda: True)
            vectors += cast("list[Sequence[float]]", await ask(self._ask, batch))
        return vectors

    async def _ask(self, texts: list[str]) -> list[Sequence[float]]:
        endpoint = self.clients.endpoint
        sent = {"input": f"{len(texts)} texts", "encoding_format": "float"}
        try:
            raw = await self.clients.current().embeddings.with_raw_response.create(
                model=endpoint.model,
                input=texts,
                encoding_format="float",
                timeout=self.clients.timeout,
            )
        except Exception as error:
            mapped = endpoint.failed(error, sent=sent)
            if mapped is None:
                raise
            raise mapped from (None if endpoint.mentions_secret(error) else error)
        content = raw.http_response.content
        body = _read(content)
        if "error" in body:
            raise endpoint.refused(Refusal.of(0, body), sent)
        vectors = _vectors(body, len(texts))
        if vectors is None:
            raise endpoint.unlike_openai(content, raw.headers.get("content-type", ""))
        usage: Any = body.get("usage")
        read = cast("dict[str, Any]", usage).get("prompt_tokens") if isinstance(usage, dict) else 0
        self.tokens += read if isinstance(read, int) else 0
        return vectors


def _read(content: bytes) -> dict[str, Any]:
    try:
        body: Any = json.loads(content)
    except ValueError:
        return {}
    return cast("dict[str, Any]", body) if isinstance(body, dict) else {}


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
