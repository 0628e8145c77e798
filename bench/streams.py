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

from deepprune_sdk import Answers, Chunk, Engine, FullSampling, Usage
from deepprune_sdk.policies.base import RunSetup
from deepprune_sdk.signals import Arrived

__all__ = ["measure_streams"]

Load = Literal["flood", "steps"]

FLOOD_EVENTS = {1: 10_000, 8: 1_250, 64: 250, 512: 120}
"""Tokens a stream, by n."""
STEPS = {1: (400, 0.002), 8: (150, 0.004), 64: (60, 0.02), 512: (20, 0.16)}
"""Tokens a stream, and seconds between them, by n."""
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
        by_n: dict[int, list[float]] = {}
        for load, n, style in PLAN:
            at = f"n = {sizes.of(n)}, {load}" + ("" if style == "usage" else ", no running usage")
            cost = anyio.run(_compare, server, sizes, load, n, style)
            for name, values in cost.items():
                yield _figure(f"{name}, {at}", "us/token", values)
            yield _figure(
                f"SDK / bare loop, {at}", "x", ratios(cost["SDK"], cost["bare loop"]), 1.4
            )
            yield _figure(
                f"SDK / openai's typed stream, {at}",
                "x",
                ratios(cost["SDK"], cost["openai typed stream"]),
                0.2,
            )
            if load == "flood" and style == "usage":
                by_n[n] = cost["SDK"]
        yield _figure("SDK, n = 512 / n = 8, flood", "x", ratios(by_n[512], by_n[8]), 1.3)
        steps = [anyio.run(_steps_of_both, server, sizes) for _ in range(sizes.repeats)]
        yield _figure("SDK, n = 512 / n = 8, steps", "x", [many / few for few, many in steps], 1.3)
        yield _figure(
            "engine's share of the SDK, one token a chunk, n = 64, steps",
            "x",
            [_engine_alone(sizes) / few for few, _ in steps],
            0.2,
        )


def _figure(name: str, unit: str, values: list[float], limit: float | None = None) -> Figure:
    return Figure(group="reading", name=name, unit=unit, values=values, limit=limit)


async def _compare(
    server: BenchServer, sizes: Sizes, load: Load, n: int, style: Style
) -> dict[str, list[float]]:
    names = {"bare loop": "bare", "openai typed stream": "typed", "SDK": "sdk"}
    await _script(server, sizes, load, n, style)
    cost: dict[str, list[float]] = {name: [] for name in names}
    for _ in range(sizes.repeats):
        for name, reader in names.items():
            cost[name].append(await _cost(server, READERS[reader], sizes.of(n)))
    await server.hang_up()
    return cost


async def _steps_of_both(server: BenchServer, sizes: Sizes) -> tuple[float, float]:
    cost: list[float] = []
    for n in (8, 512):
        await _script(server, sizes, "steps", n, "usage")
        cost.append(await _cost(server, sdk, sizes.of(n)))
    await server.hang_up()
    return cost[0], cost[1]


async def _script(server: BenchServer, sizes: Sizes, load: Load, n: int, style: Style) -> None:
    events, pace = (FLOOD_EVENTS[n], 0.0) if load == "flood" else STEPS[n]
    await server.tell(
        "script", streams=min(n, 8), events=sizes.of(events, least=4), style=style, pace=pace
    )


async def _cost(server: BenchServer, reader: Reader, n: int) -> float:
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
    if seen != [sent]:
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
