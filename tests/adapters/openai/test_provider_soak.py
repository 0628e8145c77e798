"""Minutes of faults, failures and cancellations: everything ends, nothing is left."""

from __future__ import annotations

import gc
import os
import random
from collections.abc import Generator, Iterable
from dataclasses import replace
from pathlib import Path

import anyio
import pytest
from support import backend_calls
from support.simulator.faults import DEFAULT, FAULTS, Fault, faultless
from support.simulator.replies import (
    Dialect,
    Reply,
    Say,
    after,
    after_bytes,
    chunk,
    error,
    event,
    refusal,
)
from support.simulator.server import Call, Script, Simulator, replay, simulator
from support.simulator.trial import attempt, holds, surviving_answer

from deepprune_adapters.openai import OpenAIBackend
from deepprune_adapters.server import Server, Transport
from deepprune_sdk import FullSampling, ParallelReasoner, Requests, Retries, Sampling

pytestmark = [pytest.mark.anyio, pytest.mark.soak]
anyio_backend = backend_calls.anyio_backend

SEEDS = 100
STREAMS = 512
CANCELLATIONS = 500


@pytest.fixture(scope="module")
def server() -> Generator[Simulator]:
    with simulator() as running:
        yield running


@pytest.mark.parametrize("fault", [pytest.param(fault, id=fault.name) for fault in FAULTS])
async def test_every_fault_with_sixteen_traces(fault: Fault, server: Simulator) -> None:
    holds(await attempt(fault, server, transport=backend_calls.transport()), server)


# --- 512 streams, 5% of the requests failing ----------------------------------------------------

QUICK = replace(DEFAULT, pause=0.0, batch=8)


def random_faults(seed: int) -> Script:
    """One request in twenty fails, before or amid its text."""
    draw = random.Random(seed)

    def script(call: Call) -> Reply:
        steps = faultless(call, QUICK)
        if draw.random() >= 0.05:
            return Reply(steps=steps)
        begun = draw.randrange(1, len(steps))
        replies = [
            refusal(500, error("oops")),
            refusal(429, error("slow down"), retry_after="0.02"),
            refusal(503, "<html>busy</html>"),
            Reply(steps=["reset"]),
            Reply(steps=after_bytes(steps, draw.randrange(1, 2000), "reset")),
            Reply(steps=after(steps, begun, "cut")),
            Reply(steps=after(steps, begun, "half-close")),
            Reply(steps=after(steps, begun, "hang")),
            Reply(steps=after(steps, begun, Say(event(error("dead", code=500))))),
            Reply(steps=after(steps, begun, Say(b"data: {half\n\n"))),
            Reply(steps=after(steps, begun, Say(event(chunk(finish_reason="abort"))))),
        ]
        return draw.choice(replies)

    return script


def open_files() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


def resident() -> int:
    """Bytes of memory."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE")


def left_over() -> Iterable[str]:
    """Objects of the SDK that belong to a run, and should have gone with it."""
    gc.collect()
    names = {"Trace", "Stream", "Streams", "Run", "Engine", "ChatStream", "ChunkReader", "Result"}
    return [
        type(each).__name__
        for each in gc.get_objects()
        if type(each).__name__ in names and type(each).__module__.startswith("deepprune")
    ]


@pytest.mark.parametrize("anyio_backend", ["asyncio"])
@pytest.mark.parametrize("transport", ["httpx2", "aiohttp"])
async def test_512_streams_with_failures(
    server: Simulator, anyio_backend: str, transport: Transport
) -> None:
    del anyio_backend
    # A server on the same busy cores may take its time to accept: that is not what is tried here.
    backend = OpenAIBackend(
        "m",
        server=Server(
            base_url=server.url, idle_timeout=3.0, connect_timeout=60.0, transport=transport
        ),
    )
    fault = Fault(name="random", does="", dialect=QUICK)
    failed = retried = 0
    before: tuple[int, int] | None = None
    tasks = len(anyio.get_running_tasks())
    for seed in range(SEEDS):
        server.reset(random_faults(seed))
        # A reasoner of its own: what one run learned of rate limits is not the next one's.
        reasoner = ParallelReasoner(
            backend,
            policy=FullSampling(),
            requests=Requests(retries=Retries(initial=0.02, maximum=1.0)),
            sampling=Sampling(seed=0, max_tokens=200),
        )
        with anyio.fail_after(120):
            result = await reasoner.solve("?", n=STREAMS)
        assert result.ended_because == "complete"
        assert {trace.outcome for trace in result.traces} <= {"finished", "failed"}
        assert result.answer == surviving_answer(fault, result)
        failed += sum(trace.outcome == "failed" for trace in result.traces)
        retried += len(server.calls) - STREAMS
        server.wait_until_left()
        server.calls.clear()
        del result, reasoner
        if seed == SEEDS // 5:
            assert left_over() == []
            before = open_files(), resident()
    assert before is not None
    assert left_over() == []
    assert open_files() == before[0]
    assert len(anyio.get_running_tasks()) == tasks
    assert resident() < 1.25 * before[1]
    assert failed > SEEDS
    assert retried > SEEDS


# --- cancelled at a random moment ---------------------------------------------------------------


async def test_every_connection_of_a_cancelled_run_closes_within_a_second(
    server: Simulator,
) -> None:
    server.reset(replay(Dialect(pause=0.003)))
    draw = random.Random(7)
    backend = OpenAIBackend(
        "m", server=Server(base_url=server.url, transport=backend_calls.transport())
    )
    reasoner = ParallelReasoner(backend, policy=FullSampling(), sampling=Sampling(seed=0))
    cancelled = 0
    for _ in range(CANCELLATIONS):
        with anyio.move_on_after(draw.uniform(0.0, 0.25)) as scope:
            await reasoner.solve("?", n=8)
        cancelled += scope.cancelled_caught
        server.wait_until_left(seconds=1.0)
        server.calls.clear()
        gc.collect()
    assert cancelled > CANCELLATIONS / 2
