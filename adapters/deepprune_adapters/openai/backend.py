"""Any OpenAI-compatible server.

The `openai` client builds and sends the request (address, key, headers, status errors); the events
of the response are read here, without an object a chunk.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from types import TracebackType
from typing import Any, Self

import anyio.to_thread
import openai

from deepprune_adapters.openai.capabilities import Capabilities, ContinuePrefix, ServerCapabilities
from deepprune_adapters.openai.stream import ChatStream
from deepprune_adapters.server.clients import Clients, Transport
from deepprune_adapters.tokens import default_counter
from deepprune_sdk.data.types import Sampling, TraceRequest, to_messages
from deepprune_sdk.errors import ConfigurationError
from deepprune_sdk.protocols import TokenCounter

__all__ = ["OpenAIBackend"]

PROBE_TOKENS = 16
"""Most tokens of a probe: some servers take no fewer."""

CONTINUES: Mapping[str, ContinuePrefix] = {
    "vllm": "vllm",
    "sglang": "vllm",
    "llamacpp": "assistant",
}
"""How servers continue a text, by the owner that they name in their list of models."""


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
        transport: Transport = "httpx2",
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
            transport: What carries the requests. "aiohttp" reads tokens at half the price or less,
                on asyncio; it needs the extra `aiohttp`.

        Raises:
            ConfigurationError: The address, the key, a limit or the transport cannot work.
            MissingExtraError: aiohttp is to be used, and is not installed.
        """
        if total_timeout is not None and not total_timeout > 0:
            raise ConfigurationError(
                f"OpenAIBackend(total_timeout={total_timeout}): give seconds above 0"
            )
        if concurrency is not None and concurrency < 1:
            raise ConfigurationError(f"OpenAIBackend(concurrency={concurrency}): give 1 or more")
        self._model = model
        self._concurrency = concurrency
        self._clients = Clients(
            "OpenAIBackend",
            model,
            base_url=base_url,
            api_key=api_key,
            client=client,
            idle_timeout=idle_timeout,
            connect_timeout=connect_timeout,
            transport=transport,
        )
        self._endpoint = replace(self._clients.endpoint, total_timeout=total_timeout)
        self._capabilities = Capabilities(
            continue_prefix=continue_prefix, extra_body=extra_body or {}
        )
        self._counter = counter
        self._counting = anyio.Lock()

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

    @property
    def shares_prompt(self) -> bool:
        """Whether this is a hosted API, by its https address: those keep what they have computed.

        Servers of one's own let requests share a prompt that come together (vLLM, measured), or
        have no such cache.
        """
        return self._endpoint.url.startswith("https://")

    @property
    def capabilities(self) -> ServerCapabilities:
        """What the server has shown that it can do, by now."""
        return self._capabilities.known

    async def probe(self) -> ServerCapabilities:
        """Find out what the server can do, by one short request and a look at its models.

        Nothing needs this: the same is learned from the first traces. It costs a few tokens, and
        lets a program choose a method that the server can serve. Where the list of models names
        vLLM, SGLang or llama.cpp, prefixes are continued from then on, unless `continue_prefix`
        said how before.

        Raises:
            BackendError: The server refused the request, or cannot be reached.
        """
        sampling = Sampling(max_tokens=PROBE_TOKENS, top_logprobs=20)
        question = to_messages("Reply with one word.")
        async with self.stream(TraceRequest(trace=0, messages=question, sampling=sampling)) as said:
            async for _ in said:
                pass
        if self._capabilities.continue_prefix is None:
            self._capabilities.continue_prefix = CONTINUES.get(await self._clients.served_by())
        return self.capabilities

    def stream(self, request: TraceRequest) -> ChatStream:
        """Open the stream of one trace.

        Raises:
            BackendError: On entering or on iterating.
            ConfigurationError: A prefix is to be continued, and it is not known how.
        """
        return ChatStream(
            request,
            clients=self._clients,
            endpoint=self._endpoint,
            capabilities=self._capabilities,
            counter=self._token_counter,
        )

    async def __aenter__(self) -> Self:
        """Keep connections from now on."""
        await self.aclose()
        self._clients.keep_alive = True
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Close the connections."""
        self._clients.keep_alive = False
        await self.aclose()

    async def aclose(self) -> None:
        """Close the client that this backend has made, streams included."""
        await self._clients.aclose()

    async def _token_counter(self) -> TokenCounter:
        """Load the default counter in a thread, once for all streams: it reads a vocabulary."""
        if self._counter is None:
            async with self._counting:
                if self._counter is None:
                    self._counter = await anyio.to_thread.run_sync(default_counter)
        return self._counter
