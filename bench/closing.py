"""From the token that completes a checkpoint to the server seeing the connection closed.

The server stamps both on its own clock: the write of a stream's 64th token, and the end of its
connection. It sends a token to every stream in each step. Traces say one of a few texts, so that
all but the first of each are redundant; the policy is DeepPrune with the default judge.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from itertools import product
from statistics import median, quantiles
from typing import get_args

import anyio
from figures import Figure, Sizes
from rendering import tokens
from serving import BenchServer, bench_server

from deepprune_adapters.openai import OpenAIBackend
from deepprune_adapters.server import Server, Transport
from deepprune_sdk import Checkpoints, DeepPrune, ParallelReasoner

__all__ = ["measure_closing"]

N, CHECKPOINT, TEXTS = 64, 64, 4
STEP = 0.02
"""Seconds between the tokens of a stream: 50 tokens a second, 3,200 over all streams."""
WAYS = ((1, "one after another"), (0, "all at the same step"))
AFTER = 250
"""Tokens behind the checkpoint: a stream that ends before it is closed would not be counted."""


def measure_closing(sizes: Sizes) -> Iterator[Figure]:
    """Milliseconds, where traces reach the checkpoint in turn, and all at the same step."""
    with bench_server() as server:
        for (stagger, how), transport in product(WAYS, get_args(Transport)):
            told = partial(_closings, server, sizes, stagger, transport)
            runs = [anyio.run(told) for _ in range(sizes.repeats)]
            over = "" if transport == "httpx2" else ", over aiohttp"
            for name, values, limit in (
                ("median", [median(run) for run in runs], 10.0),
                ("99th percentile", [quantiles(run, n=100)[98] for run in runs], 50.0),
            ):
                yield Figure(
                    group="closing",
                    name=f"{name}, n = {sizes.of(N, least=8)}, {how}{over}",
                    unit="ms",
                    values=values,
                    limit=limit,
                )


async def _closings(
    server: BenchServer, sizes: Sizes, stagger: int, transport: Transport
) -> list[float]:
    """Milliseconds of every closing of one run."""
    n, length = sizes.of(N, least=8), CHECKPOINT + sizes.of(AFTER, least=100)
    await server.tell(
        "script",
        streams=TEXTS,
        events=length,
        style="usage",
        pace=STEP,
        stagger=stagger,
        checkpoints=[CHECKPOINT],
        texts=[tokens(seed, length) for seed in range(TEXTS)],
    )
    backend = OpenAIBackend("bench", server=Server(base_url=server.url, transport=transport))
    policy = DeepPrune(checkpoints=Checkpoints.tokens(CHECKPOINT))
    reasoner = ParallelReasoner(backend, policy=policy)
    async with reasoner.run("How many pencils are in 3 boxes of 12?", n, watched=False) as run:
        await server.tell("wait", requests=n)
        await anyio.sleep(0.1)
        await server.tell("begin")
        result = await run.wait()
    await anyio.sleep(0.5)
    latencies: list[float] = await server.tell("report")
    await server.hang_up()
    closed = sum(trace.outcome == "pruned" for trace in result.traces)
    if len(latencies) != closed or closed < n / 4:
        raise RuntimeError(f"{closed} of {n} traces were closed, the server saw {len(latencies)}")
    return [seconds * 1e3 for seconds in latencies]
