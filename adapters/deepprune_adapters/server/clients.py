"""Clients of OpenAI-compatible servers: made, kept and closed, one an event loop."""

from __future__ import annotations

import asyncio
import os
import ssl
from dataclasses import dataclass
from importlib.util import find_spec
from typing import Any, Literal, get_args
from urllib.parse import unquote
from weakref import WeakKeyDictionary

import anyio
import httpx2
import openai
from anyio.lowlevel import current_token

from deepprune_adapters.server.errors import Endpoint
from deepprune_sdk.errors import ConfigurationError, MissingExtraError

__all__ = ["CLOSING", "Clients", "Shared", "Transport"]

CLOSING = 2.0
"""Seconds that closing may take, cancelled or not."""

OPENAI = "https://api.openai.com/v1"
NO_KEY = "none"
"""What servers are sent that ask for no key: the client insists on one."""

KEPT = 3.0
"""Seconds that an idle connection is kept: servers close them after 5 s or so."""

Transport = Literal["httpx2", "aiohttp"]
"""What carries the requests of the `openai` client. aiohttp reads in compiled code, on asyncio."""


@dataclass(slots=True, eq=False)
class Shared:
    """A client, and how many streams use it."""

    client: openai.AsyncOpenAI
    streams: int = 0


class Clients:
    """The client of a server, for whatever event loop asks for it.

    A client belongs to the loop that it was made in, and `anyio.run` makes a new one. Unless
    connections are kept, each closes with its response, and nothing is left to close.

    Attributes:
        endpoint: What the server's errors have to name.
        timeout: Of a request.
        keep_alive: Whether connections are kept for later requests.
    """

    def __init__(
        self,
        owner: str,
        model: str,
        *,
        base_url: str | None,
        api_key: str | None,
        client: openai.AsyncOpenAI | None,
        idle_timeout: float,
        connect_timeout: float,
        transport: Transport = "httpx2",
    ) -> None:
        """Describe the server; nothing is sent yet.

        Args:
            owner: Name of the class that errors are to name.
            model: Name of the model, as the server knows it.
            base_url: Address up to and including `/v1`; OPENAI_BASE_URL, else OpenAI's own.
            api_key: Key; OPENAI_API_KEY where None. A server at `base_url` may need none.
            client: A client of the user's own instead; it stays theirs to close.
            idle_timeout: Seconds without a byte.
            connect_timeout: Seconds to connect in.
            transport: What carries the requests.

        Raises:
            ConfigurationError: The address, the key, a limit or the transport cannot work.
            MissingExtraError: aiohttp is to be used, and is not installed.
        """
        if not model:
            raise ConfigurationError(f"{owner}(model=''): name the model that is served")
        for name, seconds in (("idle_timeout", idle_timeout), ("connect_timeout", connect_timeout)):
            if not seconds > 0:
                raise ConfigurationError(f"{owner}({name}={seconds}): give seconds above 0")
        if transport not in get_args(Transport):
            known = " or ".join(repr(name) for name in get_args(Transport))
            raise ConfigurationError(f"{owner}(transport={transport!r}): give {known}")
        if transport == "aiohttp" and find_spec("aiohttp") is None:
            raise MissingExtraError(extra="aiohttp", package="aiohttp")
        self._owner, self._transport = owner, transport
        self._given = None if client is None else Shared(client.with_options(max_retries=0))
        if client is not None:
            if base_url is not None or api_key is not None:
                raise ConfigurationError(f"{owner}: give client=, or base_url= and api_key=")
            if transport != "httpx2":
                raise ConfigurationError(
                    f"{owner}: give client=, or transport=; a client has its own: "
                    "AsyncOpenAI(http_client=openai.DefaultAioHttpClient())"
                )
            self._url, self._key = str(client.base_url), client.api_key
        else:
            self._url, self._key = _address(base_url, api_key)
        self.endpoint = Endpoint(
            url=_shown(self._url),
            model=model,
            idle_timeout=idle_timeout,
            total_timeout=None,
            connect_timeout=connect_timeout,
            secrets=_secrets(self._url, self._key),
        )
        self.timeout = httpx2.Timeout(idle_timeout, connect=connect_timeout, pool=None)
        self.keep_alive = False
        self._made: WeakKeyDictionary[object, Shared] = WeakKeyDictionary()
        self._authorities: ssl.SSLContext | None = None

    def current(self) -> openai.AsyncOpenAI:
        """Return the client of this event loop. It never retries: the SDK alone does.

        Raises:
            ConfigurationError: The transport does not run on this event loop.
        """
        return self._shared().client

    def enter(self) -> Shared:
        """Return the client of this event loop for one stream, to be given back by `leave`."""
        shared = self._shared()
        shared.streams += 1
        return shared

    async def leave(self, shared: Shared) -> None:
        """Give a client back. aiohttp's has to be closed, so the last stream does it."""
        shared.streams -= 1
        if shared.streams or self._transport == "httpx2" or self.keep_alive:
            return
        loop = current_token().native_token
        if self._made.get(loop) is shared:
            del self._made[loop]
        await _close(shared)

    def _shared(self) -> Shared:
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
                max_retries=0,
                http_client=self._http_client(
                    loop,
                    auth=(address.username, address.password) if address.userinfo else None,
                    verify=self._trusted(),
                ),
            )
            shared = self._made[loop] = Shared(client)
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
                f"{self._owner}(transport='aiohttp'): aiohttp runs on asyncio alone; leave "
                "transport= out on trio"
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

    async def served_by(self) -> str:
        """Return what the server's list of models calls their owner, or "" where it has none."""
        shared = self.enter()
        try:
            models = await shared.client.models.list(timeout=self.timeout)
            return next((model.owned_by for model in models.data), "").lower()
        except (openai.OpenAIError, AttributeError, TypeError):  # no list, or one of another kind
            return ""
        finally:
            await self.leave(shared)

    async def aclose(self) -> None:
        """Close what was made for this event loop."""
        shared = self._made.pop(current_token().native_token, None)
        if shared is not None:
            await _close(shared)


async def _close(shared: Shared) -> None:
    with anyio.move_on_after(CLOSING, shield=True):
        await shared.client.close()


def _address(base_url: str | None, api_key: str | None) -> tuple[str, str]:
    """Complete address and key from the environment.

    Raises:
        ConfigurationError: The address is none, or OpenAI's own lacks a key.
    """
    given = base_url or os.environ.get("OPENAI_BASE_URL")
    url = given or OPENAI
    try:
        parsed = httpx2.URL(url)
    except httpx2.InvalidURL as error:
        raise ConfigurationError(
            f"base_url is no address ({error}): give {OPENAI!r} or so"
        ) from None
    if parsed.scheme not in ("http", "https") or not parsed.host:
        raise ConfigurationError(
            f"base_url={_shown(url)!r} is no address: begin with http:// or https://"
        )
    key = (os.environ.get("OPENAI_API_KEY", "") if api_key is None else api_key).strip()
    if not key and not given:
        raise ConfigurationError("no API key: set OPENAI_API_KEY, or give api_key= or base_url=")
    if not key.isascii() or not key.isprintable():
        raise ConfigurationError("the API key holds characters that no key has: copy it anew")
    return url, key or NO_KEY


def _shown(url: str) -> str:
    """Return an address without credentials and query."""
    try:
        parsed = httpx2.URL(url)
        return str(parsed.copy_with(username="", password="", query=None, fragment=None)).rstrip(
            "/"
        )
    except (httpx2.InvalidURL, TypeError):
        return "an address that cannot be read"


def _secrets(url: str, key: str) -> tuple[str, ...]:
    """Return what no error may show; very short keys are placeholders and words."""
    password = httpx2.URL(url).password
    secrets = (key, password, unquote(password))
    return tuple({secret for secret in secrets if len(secret) >= 4 and secret != NO_KEY})
