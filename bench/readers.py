"""Ways to read n streams: a bare loop, the openai client's typed stream, and the SDK."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from functools import partial

import anyio
import httpx2
import jiter
import openai

from deepprune_adapters.openai import OpenAIBackend
from deepprune_adapters.server import Server, Transport
from deepprune_sdk import FullSampling, ParallelReasoner, Sampling
from deepprune_sdk.data.messages import Message
from deepprune_sdk.data.types import TraceRequest

__all__ = ["READERS", "Reader"]

Reader = Callable[[str, int], Awaitable[int]]
"""Reads so many streams from an address to their ends; returns the tokens it has seen."""

QUESTION = "What is 12 + 30?"
TIMEOUT = 60.0
"""Seconds without a byte, as OpenAIBackend has it: a timer costs, so all have the same."""
STREAM_OPTIONS = {"include_usage": True, "continuous_usage_stats": True}


async def _together(one: Callable[[], Awaitable[int]], n: int) -> int:
    seen: list[int] = []

    async def count() -> None:
        seen.append(await one())

    async with anyio.create_task_group() as tasks:
        for _ in range(n):
            tasks.start_soon(count)
    return sum(seen)


async def bare(url: str, n: int) -> int:
    """The least that can be done: bytes from httpx2, cut into events, and their JSON decoded."""
    body = {
        "model": "bench",
        "messages": [{"role": "user", "content": QUESTION}],
        "stream": True,
        "stream_options": STREAM_OPTIONS,
    }
    limits = httpx2.Limits(max_connections=None)
    async with httpx2.AsyncClient(timeout=TIMEOUT, limits=limits) as client:

        async def one() -> int:
            events, rest = 0, b""
            async with client.stream("POST", f"{url}/chat/completions", json=body) as response:
                async for read in response.aiter_raw():
                    *complete, rest = (rest + read).split(b"\n\n")
                    for event in complete:
                        if event != b"data: [DONE]":
                            jiter.from_json(event[6:])
                            events += 1
            return events - 1  # the last one brings the finish reason and no token

        return await _together(one, n)


async def typed(url: str, n: int) -> int:
    """The openai client's own stream: a pydantic model a chunk."""
    limits = httpx2.Limits(max_connections=None)
    http = openai.DefaultAsyncHttpxClient(timeout=TIMEOUT, limits=limits)
    async with openai.AsyncOpenAI(base_url=url, api_key="none", http_client=http) as client:

        async def one() -> int:
            seen = 0
            stream = await client.chat.completions.create(
                model="bench",
                messages=[{"role": "user", "content": QUESTION}],
                stream=True,
                stream_options={"include_usage": True},
                extra_body={"stream_options": STREAM_OPTIONS},
                timeout=TIMEOUT,
            )
            async with stream:
                async for chunk in stream:
                    if chunk.choices and chunk.choices[0].delta.content is not None:
                        seen += 1
            return seen

        return await _together(one, n)


async def backend(url: str, n: int) -> int:
    """The backend's streams alone, without a reasoner."""
    served = OpenAIBackend("bench", server=Server(base_url=url, idle_timeout=TIMEOUT))
    request = TraceRequest(
        trace=0, messages=(Message(role="user", content=QUESTION),), sampling=Sampling()
    )

    async def one() -> int:
        seen = 0
        async with served.stream(request) as chunks:
            async for chunk in chunks:
                seen += len(chunk.pieces)
        return seen

    return await _together(one, n)


async def sdk(url: str, n: int, transport: Transport = "httpx2") -> int:
    """Everything: backend, engine, vote. All traces run to their end (cons@n)."""
    served = OpenAIBackend(
        "bench", server=Server(base_url=url, idle_timeout=TIMEOUT, transport=transport)
    )
    reasoner = ParallelReasoner(served, policy=FullSampling())
    result = await reasoner.solve(QUESTION, n)
    return sum(trace.tokens for trace in result.traces)


READERS: dict[str, Reader] = {
    "bare": bare,
    "typed": typed,
    "backend": backend,
    "sdk": sdk,
    "sdk-aiohttp": partial(sdk, transport="aiohttp"),
}
