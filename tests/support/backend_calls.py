"""Event loops, transports and calls that the tests of `OpenAIBackend` share."""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import fields
from typing import Any

import pytest

from deepprune_adapters.openai import OpenAIBackend
from deepprune_adapters.server import Server, Transport
from deepprune_sdk.data.messages import to_messages
from deepprune_sdk.data.trace import Trace
from deepprune_sdk.data.types import Sampling, TraceRequest
from deepprune_sdk.errors import BackendError
from deepprune_sdk.protocols import Backend
from support.chat_server import ChatServer

WAYS: list[tuple[str, Transport]] = [
    ("asyncio", "httpx2"),
    ("trio", "httpx2"),
    ("asyncio", "aiohttp"),
]
_transport: list[Transport] = ["httpx2"]


@pytest.fixture(scope="module", params=WAYS, ids="-".join)
def anyio_backend(request: pytest.FixtureRequest) -> Generator[str]:
    """Run each test on both event loops, and with every transport of `at`."""
    loop, transport = request.param
    _transport.append(transport)
    yield loop
    _transport.pop()


def transport() -> Transport:
    """What carries the requests of the test that runs."""
    return _transport[-1]


def asked(
    trace: int = 0, *, seed: int | None = 7, prefix: str = "", **sampling: Any
) -> TraceRequest:
    return TraceRequest(
        trace=trace,
        messages=to_messages("How many?"),
        sampling=Sampling(**sampling),
        seed=seed,
        prefix=prefix,
    )


async def streamed(backend: Backend, request: TraceRequest | None = None) -> Trace:
    trace = Trace(0)
    async with backend.stream(request or asked()) as chunks:
        async for chunk in chunks:
            trace.append(chunk, 0, len(chunk.pieces))
            trace.finish = chunk.finish or trace.finish
            if chunk.usage is not None:
                trace.report(chunk.usage)
    return trace


async def failing(
    backend: OpenAIBackend, request: TraceRequest | None = None
) -> tuple[BackendError, str]:
    """Stream until an error; return it with the text that came before."""
    received = ""
    try:
        async with backend.stream(request or asked()) as chunks:
            async for chunk in chunks:
                received += "".join(chunk.pieces)
    except BackendError as error:
        failure = error
    else:
        pytest.fail(f"no error, but {received!r}")
    assert str(failure).isprintable()
    return failure, received


REACHED = {field.name for field in fields(Server)}


def at(server: ChatServer, **options: Any) -> OpenAIBackend:
    """A backend of the server, with the transport that the test runs with."""
    reached: dict[str, Any] = {"base_url": server.url, "transport": transport()}
    reached |= {name: options.pop(name) for name in REACHED & options.keys()}
    return OpenAIBackend("m", server=Server(**reached), **options)
