"""Processor time of reading: a bare loop, the openai client's typed stream, and the SDK.

The server sends the same bytes to all. It waits until every stream is open, so that what is
measured is streaming and closing, and not the requests. "flood": the sockets are always full.
"steps": every stream gets one token at a time, at a rate at which the client can rest, as from a
real server.
"""

from __future__ import annotations

import gc
import time
from collections.abc import Iterator
from typing import Literal

import anyio
from figures import Figure, Sizes, ratios
from readers import READERS, Reader, sdk
from rendering import Style
from serving import BenchServer, bench_server

from deepprune_sdk import Answers, FullSampling
from deepprune_sdk.data import Chunk, Usage
from deepprune_sdk.data.signals import Arrived
from deepprune_sdk.engine import Engine
from deepprune_sdk.policies.base import RunSetup

__all__ = ["measure_streams"]

Load = Literal["flood", "steps"]

FLOOD_EVENTS = {1: 10_000, 8: 1_250, 64: 250, 512: 120}
"""Tokens a stream, by n."""
STEPS = {1: (400, 0.002), 8: (150, 0.004), 64: (150, 0.02), 512: (30, 0.16)}
"""Tokens a stream, and seconds between them, by n."""
ALIKE: dict[Load, int] = {"flood": 240, "steps": 40}
"""Tokens a stream where n = 8 and 512 are compared."""
PLAN: tuple[tuple[Load, int, Style], ...] = (
    ("flood", 1, "usage"),
    ("flood", 8, "usage"),
    ("flood", 64, "usage"),
    ("flood", 512, "usage"),
    ("flood", 64, "plain"),
    ("steps", 1, "usage"),
    ("steps", 64, "usage"),
    ("steps", 512, "usage"),
)


def measure_streams(sizes: Sizes) -> Iterator[Figure]:
    """Processor microseconds a token at n = 1, 8, 64 and 512, and their ratios."""
    with bench_server() as server:
        for load, n, style in PLAN:
            at = f"n = {sizes.of(n)}, {load}" + ("" if style == "usage" else ", no running usage")
            cost = anyio.run(_compare, server, sizes, load, n, style)
            for name, values in cost.items():
                yield _figure(f"{name}, {at}", "us/token", values)
            for ours in ("SDK", "SDK over aiohttp"):
                for other, limit in (("bare loop", 1.4), ("openai typed stream", 0.2)):
                    ratio = ratios(cost[ours], cost[other])
                    yield _figure(f"{ours} / {other}, {at}", "x", ratio, limit)
            if (load, n) == ("steps", 64):
                yield _figure(
                    "engine's share of the SDK, one token a chunk, n = 64, steps",
                    "x",
                    [_engine_alone(sizes) / spent for spent in cost["SDK"]],
                    0.2,
                )
        for load, tokens in ALIKE.items():
            both = [anyio.run(_few_and_many, server, sizes, load) for _ in range(sizes.repeats)]
            yield _figure(
                f"SDK, n = {sizes.of(512)} / n = 8, {tokens} tokens a stream, {load}",
                "x",
                [many / few for few, many in both],
                1.3,
            )


def _figure(name: str, unit: str, values: list[float], limit: float | None = None) -> Figure:
    return Figure(group="reading", name=name, unit=unit, values=values, limit=limit)


async def _compare(
    server: BenchServer, sizes: Sizes, load: Load, n: int, style: Style
) -> dict[str, list[float]]:
    names = {
        "bare loop": "bare",
        "openai typed stream": "typed",
        "SDK": "sdk",
        "SDK over aiohttp": "sdk-aiohttp",
    }
    await _script(server, sizes, load, n, style)
    cost: dict[str, list[float]] = {name: [] for name in names}
    for _ in range(sizes.repeats):
        for name, reader in names.items():
            # Where the server does not say how many they are, the SDK estimates its tokens.
            slack = 0.01 if style == "plain" and "sdk" in reader else 0.0
            cost[name].append(await _cost(server, READERS[reader], sizes.of(n), slack))
    await server.hang_up()
    return cost


async def _few_and_many(server: BenchServer, sizes: Sizes, load: Load) -> tuple[float, float]:
    """Cost at n = 8 and 512 of streams of one length: each is opened and closed once, too."""
    cost: list[float] = []
    for n in (8, sizes.of(512)):
        pace = 0.0 if load == "flood" else STEPS[8 if n == 8 else 512][1]
        await _tell(server, n, events=sizes.of(ALIKE[load], least=4), style="usage", pace=pace)
        cost.append(await _cost(server, sdk, n))
    await server.hang_up()
    return cost[0], cost[1]


async def _script(server: BenchServer, sizes: Sizes, load: Load, n: int, style: Style) -> None:
    events, pace = (FLOOD_EVENTS[n], 0.0) if load == "flood" else STEPS[n]
    await _tell(server, n, events=sizes.of(events, least=4), style=style, pace=pace)


async def _tell(server: BenchServer, n: int, *, events: int, style: Style, pace: float) -> None:
    await server.tell("script", streams=min(n, 8), events=events, style=style, pace=pace)


async def _cost(server: BenchServer, reader: Reader, n: int, slack: float = 0.0) -> float:
    """Processor microseconds a token, from the first one until all streams are closed."""
    seen: list[int] = []

    async def read() -> None:
        seen.append(await reader(server.url, n))

    begun = 0.0
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(read)
        await server.tell("wait", requests=n)
        await anyio.sleep(0.05)
        gc.collect()
        begun = time.process_time()
        await server.tell("begin")
    spent = time.process_time() - begun
    sent = await server.tell("sent")
    if abs(sum(seen) - sent) > slack * sent:
        raise RuntimeError(f"{sent} tokens were sent, and {seen} read")
    return spent / sent * 1e6


def _engine_alone(sizes: Sizes) -> float:
    """Processor microseconds that the engine takes for a chunk of one token."""
    n, tokens = 64, sizes.of(300)
    engine = Engine(FullSampling(), RunSetup(n=n, seed=0, question="?"), Answers())
    engine.begin()
    told = [
        Arrived(
            trace=trace,
            chunk=Chunk(pieces=(f" {token}",), usage=Usage(prompt=80, generated=token)),
        )
        for token in range(1, tokens + 1)
        for trace in range(n)
    ]
    gc.collect()
    begun = time.process_time()
    for signal in told:
        engine.handle(signal)
    return (time.process_time() - begun) / len(told) * 1e6
