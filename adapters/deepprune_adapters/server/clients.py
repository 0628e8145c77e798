"""Clients of OpenAI-compatible servers: made, kept and closed, one per event loop."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, Self
from weakref import WeakKeyDictionary

import anyio
import httpx2
import openai
from anyio.lowlevel import current_token

from deepprune_adapters.server.connection import Endpoint, Server, without_credentials
from deepprune_adapters.server.errors import ServerErrors
from deepprune_sdk.data.arguments import check_text
from deepprune_sdk.errors import ConfigurationError

__all__ = ["CLOSE_WITHIN", "Clients", "KeepsConnections", "SharedClient"]

CLOSE_WITHIN = 2.0
"""Seconds that closing may take, cancelled or not."""

KEPT = 3.0
"""Seconds that an idle connection is kept: servers close them after 5 s or so."""


@dataclass(slots=True, eq=False)
class SharedClient:
    """A client, and how many requests use it."""

    client: openai.AsyncOpenAI
    users: int = 0


class Clients:
    """The client of a server, for whatever event loop asks for it.

    A client belongs to the loop that it was made in, and `anyio.run` makes a new one. Unless
    connections are kept, each closes with its response, and nothing is left to close.

    Attributes:
        endpoint: The model, and the limits of its requests.
        errors: Makes the errors of the server.
        extra_body: The user's fields of every request.
        timeout: Of a request.
        keep_alive: Whether connections are kept for later requests.
    """

    def __init__(
        self,
        owner: str,
        model: str,
        *,
        server: Server | None,
        base_url: str | None,
        api_key: str | None,
        idle_timeout: float,
    ) -> None:
        """Describe the server as the parameters of `owner` do; nothing is sent yet.

        Args:
            owner: Name of the class that errors are to name.
            model: Name of the model, as the server knows it.
            server: How it is reached,
            base_url: or its address,
            api_key: and its key.
            idle_timeout: Seconds without a byte, where the server leaves them open.

        Raises:
            ConfigurationError: No model is named, server and address are both given, or the address
                or the key cannot work.
        """
        check_text(f"{owner}.model", model, "name the model that is served")
        server = Server.given(owner, server, base_url=base_url, api_key=api_key)
        self._url, self._key = server.address()
        self._transport = server.transport
        self._headers = dict(server.headers)
        self._given: SharedClient | None = None
        if server.client is not None:
            self._given = SharedClient(
                server.client.with_options(max_retries=0, default_headers=self._headers)
            )
        self.extra_body = dict(server.extra_body)
        self.endpoint = Endpoint(
            url=without_credentials(self._url),
            model=model,
            idle_timeout=server.idle_timeout or idle_timeout,
            total_timeout=server.total_timeout,
            connect_timeout=server.connect_timeout,
            secrets=server.secrets(),
        )
        self.errors = ServerErrors(self.endpoint)
        self.timeout = httpx2.Timeout(
            self.endpoint.idle_timeout, connect=server.connect_timeout, pool=None
        )
        self.keep_alive = False
        self._made: WeakKeyDictionary[object, SharedClient] = WeakKeyDictionary()
        self._authorities: ssl.SSLContext | None = None

    def borrow(self) -> SharedClient:
        """Return the client of this event loop for one request, to be given back after it.

        The client never retries: the SDK alone does.

        Raises:
            ConfigurationError: The transport does not run on this event loop.
        """
        shared = self._shared()
        shared.users += 1
        return shared

    async def give_back(self, shared: SharedClient) -> None:
        """Take a client back. aiohttp's has to be closed, so the last request does it."""
        shared.users -= 1
        if shared.users or self._transport == "httpx2" or self.keep_alive:
            return
        loop = current_token().native_token
        if self._made.get(loop) is shared:
            del self._made[loop]
        await _close(shared)

    @asynccontextmanager
    async def borrowed(self) -> AsyncGenerator[openai.AsyncOpenAI]:
        """Borrow the client for as long as the block lasts."""
        shared = self.borrow()
        try:
            yield shared.client
        finally:
            await self.give_back(shared)

    def _shared(self) -> SharedClient:
        if self._given is not None:
            return self._given
        loop = current_token().native_token
        shared = self._made.get(loop)
        if shared is None:
            # The HTTP client logs the address of every request: credentials in it go apart.
            address = httpx2.URL(self._url)
            client = openai.AsyncOpenAI(
                api_key=self._key,
                base_url=address.copy_with(username=None, password=None),
                default_headers=self._headers,
                max_retries=0,
                http_client=self._http_client(
                    loop,
                    auth=(address.username, address.password) if address.userinfo else None,
                    verify=self._trusted(),
                ),
            )
            shared = self._made[loop] = SharedClient(client)
        return shared

    def _http_client(self, loop: object, **options: Any) -> httpx2.AsyncClient:
        if self._transport == "httpx2":
            kept = None if self.keep_alive else 0
            limits = httpx2.Limits(
                max_connections=None, max_keepalive_connections=kept, keepalive_expiry=KEPT
            )
            return openai.DefaultAsyncHttpxClient(limits=limits, **options)
        if not isinstance(loop, asyncio.AbstractEventLoop):
            raise ConfigurationError(
                "Server(transport='aiohttp'): aiohttp runs on asyncio only; leave transport= out "
                "on trio"
            )
        # None would mean aiohttp's own limit of 100 connections; it knows no limit of idle ones.
        limits = httpx2.Limits(max_connections=0, keepalive_expiry=KEPT if self.keep_alive else 0.0)
        return openai.DefaultAioHttpClient(limits=limits, **options)

    def _trusted(self) -> ssl.SSLContext:
        """Reading the authorities takes a sixth of a second: once, and only for TLS."""
        if self._authorities is None:
            plain = self._url.startswith("http://")
            self._authorities = (
                ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT) if plain else httpx2.create_ssl_context()
            )
        return self._authorities

    async def model_owner(self) -> str:
        """Return what the server's list of models calls their owner, or "" where it has none."""
        try:
            async with self.borrowed() as client:
                models = await client.models.list(timeout=self.timeout)
            return next((model.owned_by for model in models.data), "").lower()
        except (openai.OpenAIError, AttributeError, TypeError):  # no list, or one of another kind
            return ""

    async def aclose(self) -> None:
        """Close what was made for this event loop."""
        shared = self._made.pop(current_token().native_token, None)
        if shared is not None:
            await _close(shared)


class KeepsConnections:
    """What asks a server: as a context manager it keeps connections, and closes them on leaving."""

    def __init__(self, clients: Clients | None) -> None:
        """Name the clients; None where no server is asked after all."""
        self._connections = clients

    async def __aenter__(self) -> Self:
        """Keep connections from now on."""
        await self.aclose()  # a client that was made without keeping any
        if self._connections is not None:
            self._connections.keep_alive = True
        return self

    async def __aexit__(self, *_: object) -> None:
        """Close the connections."""
        if self._connections is not None:
            self._connections.keep_alive = False
        await self.aclose()

    async def aclose(self) -> None:
        """Close the client that was made here, streams included."""
        if self._connections is not None:
            await self._connections.aclose()


async def _close(shared: SharedClient) -> None:
    with anyio.move_on_after(CLOSE_WITHIN, shield=True):
        await shared.client.close()
