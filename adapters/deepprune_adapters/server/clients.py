"""Clients of OpenAI-compatible servers: made, kept and closed, one per event loop."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from typing import Any, Self
from weakref import ReferenceType, WeakKeyDictionary, ref

import anyio
import httpx2
import openai
from anyio.lowlevel import current_token

from deepprune_adapters.server.bounds import bound
from deepprune_adapters.server.connection import Endpoint, Server, without_credentials
from deepprune_adapters.server.errors import ServerErrors
from deepprune_adapters.server.quoting import keep_out_of_log
from deepprune_adapters.server.shared_client import SharedClient
from deepprune_sdk.data.arguments import check_text
from deepprune_sdk.errors import ConfigurationError

__all__ = ["CLOSE_WITHIN", "Clients", "KeepsConnections"]

CLOSE_WITHIN = 2.0
"""Seconds that closing may take, cancelled or not."""

REDIRECTS = 5
"""Most redirects of one request."""

KEPT = 3.0
"""Seconds that an idle connection is kept: servers close them after 5 s or so."""


class Clients:
    """The client of a server, for whatever event loop asks for it.

    A client belongs to the loop that it was made in, and `anyio.run` makes a new one. Unless
    connections are kept in that loop, each closes with its response, and nothing is left to close.

    Attributes:
        endpoint: The model, and the limits of its requests.
        errors: Makes the errors of the server.
        extra_body: The user's fields of every request.
        timeout: Of a request.
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
        self._trust_env = server.trust_env
        self._given: SharedClient | None = None
        self._given_to: ReferenceType[object] | None = None
        if server.client is not None:
            self._given = SharedClient(
                server.client.with_options(max_retries=0, default_headers=self._headers),
                foreign=True,
            )
        self.extra_body = dict(server.extra_body)
        self.endpoint = Endpoint(
            url=without_credentials(self._url),
            model=model,
            idle_timeout=server.idle_timeout or idle_timeout,
            total_timeout=server.total_timeout,
            connect_timeout=server.connect_timeout,
            secrets=server.secrets(),
            keyed=server.keyed(),
        )
        self.errors = ServerErrors(self.endpoint)
        self.timeout = httpx2.Timeout(
            self.endpoint.idle_timeout, connect=server.connect_timeout, pool=None
        )
        self._made: WeakKeyDictionary[object, SharedClient] = WeakKeyDictionary()
        self._keeping: WeakKeyDictionary[object, int] = WeakKeyDictionary()
        self._authorities: ssl.SSLContext | None = None

    def borrow(self) -> SharedClient:
        """Return the client of this event loop for one request, to be given back after it.

        The client never retries: the SDK alone does.

        Raises:
            ConfigurationError: The transport does not run on this event loop, or a client of the
                user's has served another one.
        """
        shared = self._shared()
        shared.users += 1
        return shared

    async def give_back(self, shared: SharedClient) -> None:
        """Take a client back. aiohttp's has to be closed, so the last request does it."""
        shared.users -= 1
        if shared.users or self._transport == "httpx2" or shared.keeps:
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
        loop = current_token().native_token
        if self._given is not None:
            self._given_to = self._given_to or ref(loop)
            if self._given_to() is not loop:
                raise ConfigurationError(
                    "Server(client=...): its connections belong to the event loop in which it was "
                    "used first: make a client (and a backend) for each loop, or give base_url= "
                    "and api_key= instead, which serve any number of loops"
                )
            return self._given
        shared = self._made.get(loop)
        keeps = loop in self._keeping
        if shared is None:
            # The HTTP client logs the address of every request: credentials in it go apart.
            address = httpx2.URL(self._url)
            if address.query:
                keep_out_of_log(address.query)
            client = openai.AsyncOpenAI(
                api_key=self._key,
                base_url=address.copy_with(username=None, password=None, query=None, fragment=None),
                default_query=dict(address.params),
                default_headers={"Accept-Encoding": "gzip, deflate", **self._headers},
                max_retries=0,
                http_client=self._http_client(
                    loop,
                    keeps,
                    trust_env=self._trust_env,
                    auth=(address.username, address.password) if address.userinfo else None,
                    verify=self._trusted(),
                ),
            )
            shared = self._made[loop] = SharedClient(client, keeps=keeps)
        return shared

    def _http_client(self, loop: object, keeps: bool, **options: Any) -> httpx2.AsyncClient:
        options |= {"event_hooks": {"response": [bound]}, "follow_redirects": False}
        if self._transport == "httpx2":
            kept = None if keeps else 0
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
        limits = httpx2.Limits(max_connections=0, keepalive_expiry=KEPT if keeps else 0.0)
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
                response = await client.get(
                    "/models",
                    cast_to=httpx2.Response,
                    options={"timeout": self.timeout, "follow_redirects": False},
                )
            return str(response.json()["data"][0]["owned_by"]).lower()
        except (openai.OpenAIError, LookupError, RecursionError, TypeError, ValueError):
            return ""  # no list, or one of another kind

    async def post(
        self,
        client: openai.AsyncOpenAI,
        path: str,
        body: Mapping[str, Any],
        *,
        limits: httpx2.Timeout,
        headers: Mapping[str, str] | None = None,
        stream: bool = False,
    ) -> httpx2.Response:
        """Send a request; redirects are followed on the same host only, for the prompt's sake.

        Args:
            client: A borrowed client.
            path: Where to, such as "/embeddings".
            body: The fields of the request.
            limits: Its times.
            headers: Its further headers.
            stream: Whether to return at the head of the response.

        Raises:
            openai.OpenAIError: The server refused or failed.
            ProtocolError: It sends the request elsewhere.
        """
        options = openai.RequestOptions(
            timeout=limits, follow_redirects=False, headers=headers or {}
        )
        redirects = 0
        while True:
            try:
                if not stream:
                    return await client.post(
                        path, cast_to=httpx2.Response, body=dict(body), options=options
                    )
                events = await client.post(
                    path,
                    cast_to=object,
                    body=dict(body),
                    options=options,
                    stream=True,
                    stream_cls=openai.AsyncStream[object],
                )
                return events.response
            except openai.APIStatusError as error:
                redirects += 1
                if error.status_code not in (307, 308) or redirects > REDIRECTS:
                    raise
                path = self._elsewhere(error.response)

    def _elsewhere(self, response: httpx2.Response) -> str:
        """The address on the same host that a redirect names."""
        old = response.request.url
        try:
            new = old.join(response.headers.get("location", ""))
        except httpx2.InvalidURL:
            raise self.errors.redirected("an address that cannot be read") from None
        upgraded = (old.scheme, new.scheme) == ("http", "https") and not (old.port or new.port)
        if new.host != old.host or (
            (new.scheme, new.port) != (old.scheme, old.port) and not upgraded
        ):
            raise self.errors.redirected(without_credentials(str(new))) from None
        return str(new)

    async def keep(self) -> None:
        """Keep connections in this event loop from now on, until as many times `let_go` is called.

        Requests in flight end on the client that they began with.
        """
        loop = current_token().native_token
        self._keeping[loop] = self._keeping.get(loop, 0) + 1
        if self._keeping[loop] == 1:
            shared = self._made.pop(loop, None)
            if shared is not None and not shared.users:
                await _close(shared)

    async def let_go(self) -> None:
        """Take a `keep` back; the last one closes the connections, streams included."""
        loop = current_token().native_token
        users = self._keeping.pop(loop, 0) - 1
        if users > 0:
            self._keeping[loop] = users
        else:
            await self.aclose()

    async def aclose(self) -> None:
        """Close what was made for this event loop."""
        shared = self._made.pop(current_token().native_token, None)
        if shared is not None:
            await _close(shared)


class KeepsConnections:
    """What asks a server: as a context manager it keeps connections, and closes them on leaving.

    It may be entered several times, in several event loops too: those of a loop are closed when the
    last block in it is left.
    """

    def __init__(self, clients: Clients | None) -> None:
        """Name the clients; None where no server is asked after all."""
        self._connections = clients

    async def __aenter__(self) -> Self:
        """Keep connections from now on."""
        if self._connections is not None:
            await self._connections.keep()
        return self

    async def __aexit__(self, *_: object) -> None:
        """Close the connections."""
        if self._connections is not None:
            await self._connections.let_go()

    async def aclose(self) -> None:
        """Close the client that was made here, streams included."""
        if self._connections is not None:
            await self._connections.aclose()


async def _close(shared: SharedClient) -> None:
    with anyio.move_on_after(CLOSE_WITHIN, shield=True):
        await shared.client.close()
