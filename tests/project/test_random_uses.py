"""500 random uses of the front door, from threads and event loops at once: none hangs.

Each use is drawn from a seeded generator, so that a failure comes again (its seed is in its name).
The reasoners are shared by all threads: cold, with limits that make runs wait for each other.
"""

from __future__ import annotations

import random
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from itertools import count
from pathlib import Path
from typing import Any

import anyio
import anyio.to_thread
import pytest
from support.chat_server import DONE, ChatServer, chat_server, finish, text
from support.watchdog import all_together

from deepprune_adapters.openai import OpenAIBackend
from deepprune_sdk import (
    ConfigurationError,
    FullSampling,
    Limits,
    ParallelReasoner,
    RunTimeoutError,
    Sampling,
)
from deepprune_sdk.live import Run
from deepprune_sdk.recording import TraceReader
from deepprune_sdk.testing import ScriptedBackend

THREADS = 10
USES = 50
"""Of each thread."""

FIVE = "\\boxed{5}"
LOOPS = ("asyncio", "trio")

Use = Callable[[ParallelReasoner, random.Random], object]


class Walk:
    """The uses."""

    def __init__(self) -> None:
        self._questions = count()

    def question(self) -> str:
        return f"question {next(self._questions)}?"

    def solve(self, reasoner: ParallelReasoner, draw: random.Random) -> None:
        in_a_loop(draw, reasoner.solve, self.question(), draw.randint(1, 5))

    def solve_sync(self, reasoner: ParallelReasoner, draw: random.Random) -> None:
        assert reasoner.solve_sync(self.question(), n=draw.randint(1, 5)).answer == "5"

    def solve_sync_in_a_loop(self, reasoner: ParallelReasoner, draw: random.Random) -> None:
        async def cell() -> None:
            self.solve_sync(reasoner, draw)

        in_a_loop(draw, cell)

    def solve_many(self, reasoner: ParallelReasoner, draw: random.Random) -> None:
        prompts = [self.question() for _ in range(draw.randint(1, 4))]
        if draw.random() < 0.5:
            results = reasoner.solve_many_sync(prompts, n=2)
        else:
            results = in_a_loop(draw, reasoner.solve_many, prompts, 2)
        assert [result.answer for result in results] == ["5"] * len(prompts)

    def run_without_a_block(self, reasoner: ParallelReasoner, draw: random.Random) -> None:
        async def trap() -> None:
            run = reasoner.run(self.question(), n=2)
            with pytest.raises(ConfigurationError, match="enter it by"):
                await draw.choice([run.wait, run.__anext__])()

        in_a_loop(draw, trap)

    def follow(self, reasoner: ParallelReasoner, draw: random.Random) -> None:
        async def follow() -> None:
            async with reasoner.run(self.question(), n=3) as run:
                assert [event async for event in run]
            assert run.result.answer == "5"

        in_a_loop(draw, follow)

    def leave_early(self, reasoner: ParallelReasoner, draw: random.Random) -> None:
        events = draw.randint(0, 3)

        async def leave() -> None:
            async with reasoner.run(self.question(), n=4) as run:
                for _ in range(events):
                    await anext(run, None)
            await run.wait()

        in_a_loop(draw, leave)

    def enter_again(self, reasoner: ParallelReasoner, draw: random.Random) -> None:
        async def enter() -> None:
            run = reasoner.run(self.question(), n=2)
            async with run:
                with pytest.raises(ConfigurationError, match="entered once"):
                    await run.__aenter__()
                await run.wait()
            with pytest.raises(ConfigurationError, match="entered once"):
                await run.__aenter__()

        in_a_loop(draw, enter)

    def stop_from_a_thread(self, reasoner: ParallelReasoner, draw: random.Random) -> None:
        async def stop() -> None:
            async with reasoner.run(self.question(), n=4) as run, watched(run):
                await anyio.to_thread.run_sync(run.stop, "from a thread")
                await run.wait()

        in_a_loop(draw, stop)

    def cancel(self, reasoner: ParallelReasoner, draw: random.Random) -> None:
        after = draw.choice([0.0, 0.001, 0.01])

        async def cancel() -> None:
            with anyio.move_on_after(after):
                await reasoner.solve(self.question(), 4)

        in_a_loop(draw, cancel)

    def run_out_of_time(self, reasoner: ParallelReasoner, draw: random.Random) -> None:
        with suppress(RunTimeoutError):
            reasoner.solve_sync(self.question(), n=4, timeout=draw.choice([1e-6, 0.001, 60.0]))

    def replace(self, reasoner: ParallelReasoner, draw: random.Random) -> None:
        other = reasoner.replace(sampling=Sampling(seed=draw.randint(0, 9)))
        assert other.throttle is reasoner.throttle
        self.solve_sync(other, draw)

    @property
    def uses(self) -> list[Use]:
        return [
            self.solve,
            self.solve_sync,
            self.solve_sync_in_a_loop,
            self.solve_many,
            self.run_without_a_block,
            self.follow,
            self.leave_early,
            self.enter_again,
            self.stop_from_a_thread,
            self.cancel,
            self.run_out_of_time,
            self.replace,
        ]


def in_a_loop(draw: random.Random, use: Callable[..., Awaitable[Any]], *args: object) -> Any:
    return anyio.run(use, *args, backend=draw.choice(LOOPS))


@asynccontextmanager
async def watched(run: Run) -> AsyncGenerator[None]:
    """Read the events in a second task."""

    async def read() -> None:
        async for _ in run:
            pass

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(read)
        yield


@pytest.mark.parametrize("seed", [14])
def test_500_random_uses_from_threads_and_loops(seed: int, tmp_path: Path) -> None:
    with chat_server() as server:
        _walk(seed, server, tmp_path)


def _walk(seed: int, server: ChatServer, tmp_path: Path) -> None:
    server.says(text("w ", FIVE), finish(), DONE)
    path = tmp_path / "traces.jsonl"
    walk = Walk()
    scripted = ParallelReasoner(ScriptedBackend(["w w " + FIVE]), policy=FullSampling())
    reasoners = [
        scripted,
        scripted.replace(record=path),
        ParallelReasoner(
            ScriptedBackend(["w " + FIVE], pace=1e-4),
            limits=Limits(traces=6),
            policy=FullSampling(),
            record=path,
        ),
        ParallelReasoner(OpenAIBackend("m", base_url=server.url), policy=FullSampling()),
        ParallelReasoner(ScriptedBackend(["w w " + FIVE]), judge="learned"),
    ]
    reasoners[3].throttle.narrow(0, None)  # as after a 429: to one request, and up again

    def thread(number: int) -> None:
        draw = random.Random(seed * THREADS + number)
        for _ in range(USES):
            draw.choice(walk.uses)(draw.choice(reasoners), draw)

    all_together(*[lambda t=t: thread(t) for t in range(THREADS)])
    traces = [(trace.model, trace.problem, trace.trace) for trace in TraceReader(path)]
    assert len(traces) == len(set(traces)) > 0
    assert list(tmp_path.iterdir()) == [path]  # no journal is left
    for reasoner in reasoners:
        assert reasoner.throttle.serving == 0
        assert reasoner.solve_sync("once more?", n=6).answer == "5"  # nothing holds a place
    server.wait_until(lambda: not server.open)
