"""Requests whose answer comes whole: a judge's label, embeddings."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any, TypeVar, cast

import anyio
import httpx2

from deepprune_adapters.server.clients import Clients
from deepprune_adapters.server.refusals import Refusal
from deepprune_adapters.server.terms import Request, Terms

__all__ = ["IDLE_TIMEOUT", "WholeRequests"]

T = TypeVar("T")

IDLE_TIMEOUT = 30.0
"""Seconds without a byte of an answer, where the server's settings leave them open."""


class WholeRequests:
    """Sends requests to one server and reads their answers.

    Attributes:
        terms: What the server takes.
    """

    def __init__(self, clients: Clients, terms: Terms) -> None:
        """Prepare; nothing is sent yet."""
        self._clients = clients
        self.terms = terms

    async def ask(
        self,
        path: str,
        write: Callable[[], Mapping[str, Any]],
        read: Callable[[dict[str, Any]], T | None],
    ) -> T:
        """Send a request, again with less in it as long as refusals teach something.

        Args:
            path: Where to, such as "/embeddings".
            write: Writes the fields of the request, beside the model.
            read: Reads the answer's JSON object; None where it is none of the kind.

        Raises:
            BackendError: The server refused, failed, or sent something else.
            Exception: Whatever `write` raises.
        """
        errors, endpoint = self._clients.errors, self._clients.endpoint
        sent: Mapping[str, Any] = {}

        async def send(request: Request) -> httpx2.Response:
            nonlocal sent
            sent = request.body
            return await self._post(path, {"model": endpoint.model, **sent})

        def written() -> Request:
            return self.terms.request(write(), self._clients.extra_body)

        response: httpx2.Response | None = None
        with anyio.move_on_after(endpoint.total_timeout):
            try:
                response = await self.terms.agree(written, send)
            except Exception as error:
                errors.about(sent).fail(error, sent=sent)
        errors = errors.about(sent)
        if response is None:
            raise errors.too_long()
        body = _json_object(response.content)
        answer = read(body)
        if answer is not None:
            return answer
        if "error" in body:
            raise errors.of_refusal(Refusal.of(0, body), sent)
        content_type = response.headers.get("content-type", "")
        raise errors.unlike_openai(response.content, content_type)

    async def _post(self, path: str, body: dict[str, Any]) -> httpx2.Response:
        async with self._clients.borrowed() as client:
            return await self._clients.post(client, path, body, limits=self._clients.timeout)


def _json_object(content: bytes) -> dict[str, Any]:
    try:
        body: Any = json.loads(content)
    except (RecursionError, ValueError):
        return {}
    return cast("dict[str, Any]", body) if isinstance(body, dict) else {}
