"""Any OpenAI-compatible server.

The `openai` client builds and sends the request (address, key, headers, status errors); the events
of the response are read here, without an object a chunk.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import get_args

import anyio.to_thread

from deepprune_adapters.openai.capabilities import Capabilities, ContinuePrefix, ServerCapabilities
from deepprune_adapters.openai.stream import ChatStream
from deepprune_adapters.server import Server
from deepprune_adapters.server.clients import Clients, KeepsConnections
from deepprune_adapters.tokens import default_counter
from deepprune_sdk.data.arguments import as_whole, check_brought, shown
from deepprune_sdk.data.messages import to_messages
from deepprune_sdk.data.types import Sampling, TraceRequest
from deepprune_sdk.errors import ConfigurationError
from deepprune_sdk.loops import Gate
from deepprune_sdk.protocols import TokenCounter

__all__ = ["OpenAIBackend"]

IDLE_TIMEOUT = 60.0
"""Seconds without a byte that a stream lives, where the server's settings leave them open."""

PROBE_TOKENS = 16
"""Most tokens of a probe: some servers take no fewer."""

CONTINUES: Mapping[str, ContinuePrefix] = {
    "vllm": "vllm",
    "sglang": "vllm",
    "llamacpp": "assistant",
}
"""How servers continue a text, by the owner that they name in their list of models."""

_counting = Gate(1)
"""The default counter is one for the process, and is loaded once."""


class OpenAIBackend(KeepsConnections):
    """Streams traces from an OpenAI-compatible server, one request per trace.

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
        server: Server | None = None,
        concurrency: int | None = None,
        counter: TokenCounter | None = None,
        continue_prefix: ContinuePrefix | None = None,
    ) -> None:
        """Describe the server; nothing is sent yet.

        Args:
            model: Name of the model, as the server knows it.
            base_url: Address up to and including `/v1`; OPENAI_BASE_URL, else OpenAI's own.
            api_key: Key; OPENAI_API_KEY where None. A server at `base_url` may need none.
            server: All about the server in one value, instead of address and key: a client of your
                own, further headers and fields, timeouts, the transport.
            concurrency: Most streams at once, or None where the server decides.
            counter: Counts tokens where the server does not say; `default_counter()` where None.
            continue_prefix: How the server continues a text, where it can.

        Raises:
            ConfigurationError: The address, the key or a limit cannot work.
        """
        if concurrency is not None:
            concurrency = as_whole("OpenAIBackend.concurrency", concurrency)
        if continue_prefix not in (None, *get_args(ContinuePrefix)):
            known = " or ".join(repr(name) for name in get_args(ContinuePrefix))
            raise ConfigurationError(
                f"OpenAIBackend(continue_prefix={shown(continue_prefix)}): give {known}"
            )
        if counter is not None:
            check_brought("counter", counter, ("exact", "split"), "give a TokenCounter")
        self._clients = Clients(
            "OpenAIBackend",
            model,
            server=server,
            base_url=base_url,
            api_key=api_key,
            idle_timeout=IDLE_TIMEOUT,
        )
        super().__init__(self._clients)
        self._endpoint = self._clients.endpoint
        self._concurrency = concurrency
        self._capabilities = Capabilities(
            self._endpoint.name,
            continue_prefix=continue_prefix,
            extra_body=self._clients.extra_body,
        )
        self._counter = counter

    def __repr__(self) -> str:
        return f"OpenAIBackend({self._endpoint.model!r}, base_url={self._endpoint.url!r})"

    @property
    def model(self) -> str:
        """Name of the model."""
        return self._endpoint.model

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
            self._capabilities.continue_prefix = CONTINUES.get(await self._clients.model_owner())
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
            capabilities=self._capabilities,
            counter=self._token_counter,
        )

    async def _token_counter(self) -> TokenCounter:
        """Load the default counter in a thread, once for all streams: it reads a vocabulary."""
        if self._counter is None:
            async with _counting.hold():
                if self._counter is None:
                    self._counter = await anyio.to_thread.run_sync(default_counter)
        return self._counter
