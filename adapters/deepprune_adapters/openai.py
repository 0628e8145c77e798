"""Any OpenAI-compatible server.

The `openai` client builds and sends the request (address, key, headers, status errors); the events
of the response are read here, without an object a chunk.
"""

from __future__ import annotations

import math
import os
import ssl
from collections.abc import Mapping
from types import TracebackType
from typing import Any, Self
from urllib.parse import unquote
from weakref import WeakKeyDictionary

import anyio
import anyio.to_thread
import httpx2
import openai
from anyio.lowlevel import current_token

from deepprune_adapters.capabilities import Capabilities, ContinuePrefix
from deepprune_adapters.chat_stream import CLOSING, ChatStream
from deepprune_adapters.provider_errors import Endpoint
from deepprune_adapters.tokens import default_counter
from deepprune_sdk.errors import ConfigurationError
from deepprune_sdk.protocols import TokenCounter
from deepprune_sdk.types import TraceRequest

__all__ = ["OpenAIBackend"]

OPENAI = "https://api.openai.com/v1"
NO_KEY = "none"
"""What servers are sent that ask for no key: the client insists on one."""


class OpenAIBackend:
    """Streams traces from an OpenAI-compatible server, one request a trace.

    Entered as a context manager it keeps connections for later requests and closes them on leaving;
    otherwise each connection closes with its stream, and nothing is left to close. Either way there
    are as many connections as streams: none waits for another.

    What the server refuses (`stream_options`, `max_tokens` by that name, a temperature) is left out
    from then on, with a warning in the log.

    The content filter of a provider ends a trace with an error: what it cut off has no answer.
    """

    def __init__(
        self,
        model: str,
        *,
        base_url: str | None = None,
        api_key: str | None = None,
        client: openai.AsyncOpenAI | None = None,
        idle_timeout: float = 60.0,
        total_timeout: float | None = None,
        connect_timeout: float = 10.0,
        concurrency: int | None = None,
        counter: TokenCounter | None = None,
        continue_prefix: ContinuePrefix | None = None,
        extra_body: Mapping[str, Any] | None = None,
    ) -> None:
        """Describe the server; nothing is sent yet.

        Args:
            model: Name of the model, as the server knows it.
            base_url: Address up to and including `/v1`; OPENAI_BASE_URL, else OpenAI's own.
            api_key: Key; OPENAI_API_KEY where None. A server at `base_url` may need none.
            client: A client of your own (`AsyncAzureOpenAI`, own authentication, proxies) instead
                of address and key. It stays yours to close, and its retries are switched off here.
            idle_timeout: Seconds without a byte, keep-alive comments included, that a stream lives.
            total_timeout: Seconds of a stream in all, or None.
            connect_timeout: Seconds to connect in.
            concurrency: Most streams at once, or None where the server decides.
            counter: Counts tokens where the server does not say; `default_counter()` where None.
            continue_prefix: How the server continues a text, where it can.
            extra_body: Further fields of every request.

        Raises:
            ConfigurationError: The address, the key or a limit cannot work.
        """
        if not model:
            raise ConfigurationError("OpenAIBackend(model=''): name the model that is served")
        for name, seconds in (
            ("idle_timeout", idle_timeout),
            ("connect_timeout", connect_timeout),
            ("total_timeout", math.inf if total_timeout is None else total_timeout),
        ):
            if not seconds > 0:
                raise ConfigurationError(f"OpenAIBackend({name}={seconds}): give seconds above 0")
        if concurrency is not None and concurrency < 1:
            raise ConfigurationError(f"OpenAIBackend(concurrency={concurrency}): give 1 or more")
        self._model = model
        self._concurrency = concurrency
        self._given = None if client is None else client.with_options(max_retries=0)
        if client is not None:
            if base_url is not None or api_key is not None:
                raise ConfigurationError("OpenAIBackend: give client=, or base_url= and api_key=")
            self._base_url, self._api_key = str(client.base_url), client.api_key
        else:
            self._base_url, self._api_key = _address(base_url, api_key)
        self._endpoint = Endpoint(
            url=_shown(self._base_url),
            model=model,
            idle_timeout=idle_timeout,
            total_timeout=total_timeout,
            connect_timeout=connect_timeout,
            secrets=_secrets(self._base_url, self._api_key),
        )
        self._timeout = httpx2.Timeout(idle_timeout, connect=connect_timeout, pool=None)
        self._capabilities = Capabilities(
            continue_prefix=continue_prefix, extra_body=extra_body or {}
        )
        self._counter = counter
        self._keep_alive = False
        # A client belongs to the event loop that it was made in, and `anyio.run` makes a new one.
        self._clients: WeakKeyDictionary[object, openai.AsyncOpenAI] = WeakKeyDictionary()

    def __repr__(self) -> str:
        return f"OpenAIBackend({self._model!r}, base_url={self._endpoint.url!r})"

    @property
    def model(self) -> str:
        """Name of the model."""
        return self._model

    @property
    def base_url(self) -> str:
        """Address of the server, without credentials."""
        return self._endpoint.url

    @property
    def concurrency(self) -> int | None:
        """Most streams at once, or None where the server decides."""
        return self._concurrency

    @property
    def continues_prefix(self) -> bool:
        """Whether a prefix is continued."""
        return self._capabilities.continue_prefix is not None

    def stream(self, request: TraceRequest) -> ChatStream:
        """Open the stream of one trace.

        Raises:
            BackendError: On entering or on iterating.
            ConfigurationError: A prefix is to be continued, and it is not known how.
        """
        return ChatStream(
            request,
            client=self._current_client,
            endpoint=self._endpoint,
            capabilities=self._capabilities,
            counter=self._token_counter,
            timeout=self._timeout,
        )

    async def __aenter__(self) -> Self:
        """Keep connections from now on."""
        await self.aclose()
        self._keep_alive = True
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Close the connections."""
        self._keep_alive = False
        await self.aclose()

    async def aclose(self) -> None:
        """Close the client that this backend has made, streams included."""
        client = self._clients.pop(current_token().native_token, None)
        if client is not None:
            with anyio.move_on_after(CLOSING, shield=True):
                await client.close()

    def _current_client(self) -> openai.AsyncOpenAI:
        if self._given is not None:
            return self._given
        loop = current_token().native_token
        client = self._clients.get(loop)
        if client is None:
            limits = httpx2.Limits(
                max_connections=None,
                max_keepalive_connections=None if self._keep_alive else 0,
                keepalive_expiry=3.0,  # servers close idle connections after 5 s or so
            )
            # Reading the authorities takes a sixth of a second: not where there is no TLS.
            plain = self._base_url.startswith("http://")
            client = openai.AsyncOpenAI(
                api_key=self._api_key,
                base_url=self._base_url,
                max_retries=0,
                http_client=openai.DefaultAsyncHttpxClient(
                    limits=limits,
                    verify=ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT) if plain else True,
                ),
            )
            self._clients[loop] = client
        return client

    async def _token_counter(self) -> TokenCounter:
        """Load the default counter in a thread, once: it reads a vocabulary."""
        if self._counter is None:
            self._counter = await anyio.to_thread.run_sync(default_counter)
        return self._counter


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
