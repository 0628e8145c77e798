"""One streamed chat completion: request, bytes, events, chunks, and a prompt close."""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import suppress
from typing import Any, Self

import anyio
import httpx2
from anyio.lowlevel import checkpoint

from deepprune_adapters.openai.capabilities import Capabilities
from deepprune_adapters.openai.chunks import ChunkReader
from deepprune_adapters.openai.read_ahead import Intake
from deepprune_adapters.openai.sse import EventSplitter, EventTooLongError
from deepprune_adapters.server.bounds import COMPRESSED, Unpacker
from deepprune_adapters.server.clients import CLOSE_WITHIN, Clients
from deepprune_adapters.server.shared_client import SharedClient
from deepprune_adapters.server.terms import Request
from deepprune_sdk.data.types import Chunk, TraceRequest
from deepprune_sdk.protocols import TokenCounter

__all__ = ["ChatStream"]

DRAINING = 0.1
"""Seconds to wait for the end of a response that has said all, so that its connection can serve."""

ENOUGH = 2048
"""Bytes in which a body shows what it is."""

AN_EVENT = re.compile(rb"\s*(\xef\xbb\xbf)?(data|event|id|retry)?:")


class ChatStream:
    """A context manager over an iterator of chunks; leaving it closes the response."""

    def __init__(
        self,
        request: TraceRequest,
        *,
        clients: Clients,
        capabilities: Capabilities,
        counter: Callable[[], Awaitable[TokenCounter]],
    ) -> None:
        """Prepare a stream; entering it sends the request."""
        self._request = request
        self._clients = clients
        self._client: SharedClient
        self._endpoint = clients.endpoint
        self._errors = clients.errors.about(
            {"messages": [message.content for message in request.messages] + [request.prefix]}
        )
        self._capabilities = capabilities
        self._counter = counter
        self._sent: dict[str, Any] = {}
        self._deadline = float("inf")
        self._response: httpx2.Response | None = None
        self._intake = Intake(self._endpoint.idle_timeout)
        self._unpacker: Unpacker | None = None
        self._slices: Iterator[bytes] = iter(())
        self._begun = b""
        self._splitter = EventSplitter()
        self._reader: ChunkReader
        self._ready: deque[Chunk] = deque()
        self._at_end = False

    async def __aenter__(self) -> Self:
        """Send the request and wait for the head of the response.

        Raises:
            BackendError: The server refused it or cannot be reached.
        """
        if self._endpoint.total_timeout is not None:
            self._deadline = anyio.current_time() + self._endpoint.total_timeout
        self._client = self._clients.borrow()
        await self._intake.__aenter__()
        try:
            with anyio.CancelScope(deadline=self._deadline) as scope:
                self._reader = ChunkReader(
                    self._errors,
                    await self._counter(),
                    prefix=self._request.prefix,
                    candidates=self._request.sampling.top_logprobs,
                )
                self._response = await self._open()
                self._reader.scores = bool(self._sent.get("logprobs"))
                self._intake.begin(self._response.aiter_raw())
                await self._expect_events(self._response.headers)
            if scope.cancelled_caught:
                raise self._errors.too_long()
        except BaseException:
            await self._close()
            raise
        return self

    async def __aexit__(self, kind: type[BaseException] | None, *_: object) -> None:
        """Close the response, so that the server stops generating."""
        try:
            if kind is None and self._reader.done:
                await self._drain()
        finally:
            await self._close()

    def __aiter__(self) -> Self:
        """Iterate over the chunks."""
        return self

    async def __anext__(self) -> Chunk:
        """Return the next chunk.

        Raises:
            BackendError: The stream broke off, went silent or reports an error.
        """
        while not self._ready:
            if self._reader.failure is not None:
                raise self._reader.failure
            if self._at_end:
                raise StopAsyncIteration
            if self._endpoint.total_timeout is None:
                await self._read()
                continue
            with anyio.CancelScope(deadline=self._deadline) as scope:
                await self._read()
            if scope.cancelled_caught and not self._ready:
                raise self._errors.too_long()
        return self._ready.popleft()

    # --- the request ------------------------------------------------------------------------------

    async def _open(self) -> httpx2.Response:
        try:
            return await self._capabilities.terms.agree(
                lambda: self._capabilities.write(self._request), self._post
            )
        except Exception as error:
            self._errors.fail(error, sent=self._sent)

    async def _post(self, request: Request) -> httpx2.Response:
        self._sent = request.body
        connect, idle = self._endpoint.connect_timeout, self._endpoint.idle_timeout
        with self._client.answered_within(connect + idle):
            return await self._clients.post(
                self._client.client,
                "/chat/completions",
                {"model": self._endpoint.model, **self._sent, "stream": True},
                headers={"Accept-Encoding": "identity"},  # compressing delays what it gathers
                # Silence is watched for by the intake: a timer per read is expensive.
                limits=httpx2.Timeout(None, connect=connect, write=idle),
                stream=True,
            )

    # --- the response -----------------------------------------------------------------------------

    async def _expect_events(self, headers: Mapping[str, str]) -> None:
        """Make sure of events: by the content type, or by what the body begins with."""
        content_type = headers.get("content-type", "")
        encoding = headers.get("content-encoding", "identity").lower()
        if encoding in COMPRESSED:
            self._unpacker = Unpacker()
        elif encoding != "identity":
            raise self._errors.unlike_openai(f"a stream compressed by {encoding}", content_type)
        if "text/event-stream" in content_type.lower():
            return
        begun = b""
        while len(begun) < ENOUGH and not AN_EVENT.match(begun):
            read = await self._next()
            if read is None:
                break
            begun += read
        if not AN_EVENT.match(begun):
            raise self._errors.of_body(begun, content_type)
        self._take(begun)

    async def _read(self) -> None:
        read = await self._next()
        if read is not None:
            self._take(read)
        if read is None or self._reader.done:
            self._ready += self._reader.end()
            if self._begun.lstrip().startswith(b"{") and self._reader.failure is not None:
                self._reader.failure = self._errors.of_body(self._begun)
            self._at_end = True
            if self._reader.failure is None:
                self._capabilities.observe(self._reader, self._sent)

    async def _next(self) -> bytes | None:
        """Read once; None at the end, which a broken connection is once all the text has come."""
        try:
            read = await self._unpacked()
        except Exception as error:
            self._ready += self._reader.read(self._splitter.close())
            if not self._reader.over:
                self._errors.fail(error, sent=self._sent, tokens=self._reader.account.tokens)
            return None
        if read is None:
            self._ready += self._reader.read(self._splitter.close())
        return read

    async def _unpacked(self) -> bytes | None:
        if self._unpacker is None:
            return await self._intake.next()
        while (slice_ := next(self._slices, None)) is None:
            read = await self._intake.next()
            if read is None:
                return None
            self._slices = self._unpacker.feed(read)
        await checkpoint()  # little may become much: others are to have their turn
        return slice_

    def _take(self, read: bytes) -> None:
        self._client.hear()
        if len(self._begun) < ENOUGH:
            self._begun += read[:ENOUGH]
        try:
            events = self._splitter.feed(read)
        except EventTooLongError as error:
            raise self._errors.unlike_openai(read[:ENOUGH]) from error
        if events:
            self._ready += self._reader.read(events)

    async def _drain(self) -> None:
        with anyio.move_on_after(DRAINING), suppress(Exception):
            while await self._intake.next() is not None:
                pass

    async def _close(self) -> None:
        try:
            await self._intake.__aexit__(None, None, None)
        finally:
            with anyio.move_on_after(CLOSE_WITHIN, shield=True):
                if self._response is not None:
                    with suppress(Exception):  # the connection is given up either way
                        await self._response.aclose()
            await self._clients.give_back(self._client)
