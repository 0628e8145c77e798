"""What a watcher of a live run sees, however slowly it looks."""

from collections.abc import AsyncGenerator, AsyncIterator, Iterable
from contextlib import asynccontextmanager
from dataclasses import replace

import anyio
import pytest
from support.live import StepBackend, never

from deepprune_sdk import Checkpoints, DeepPrune, FullSampling, ParallelReasoner
from deepprune_sdk.data import (
    Event,
    RunEnded,
    Trace,
    TraceClosed,
    TraceFinished,
    TracePlaced,
    TraceProgress,
)
from deepprune_sdk.data.signals import Close, Decision
from deepprune_sdk.data.types import Chunk, TraceRequest, Usage
from deepprune_sdk.policies import PolicyState
from deepprune_sdk.policies.base import Advanced, Observation, RunSetup, RunView
from deepprune_sdk.testing import ScriptedBackend, ScriptedJudge

pytestmark = pytest.mark.anyio

AT_2 = DeepPrune(checkpoints=Checkpoints.tokens(2))
FIVE = "\\boxed{5}"
LONG = " w" * 500


async def test_what_a_watcher_sees() -> None:
    first, go_on = anyio.Event(), anyio.Event()
    backend = StepBackend(["w", "w", first.set, go_on, FIVE], [first, "w", "w", never()])
    parallel = ParallelReasoner(backend, judge=ScriptedJudge(lambda pair: 0.9), policy=AT_2)
    events: list[Event] = []
    async with parallel.run("?", n=2) as run:
        async for event in run:
            events.append(event)
            if isinstance(event, TraceClosed):
                go_on.set()
    assert backend.open == set()
    kinds = [event.type for event in events if event.type != "trace_progress"]
    assert kinds == [
        "trace_started",
        "trace_started",
        "trace_placed",
        "pair_judged",
        "trace_placed",
        "trace_closed",
        "vote_changed",
        "trace_finished",
        "vote_changed",
        "run_ended",
    ]
    closed = next(event for event in events if isinstance(event, TraceClosed))
    assert (closed.trace, closed.into, closed.probability, closed.applied) == (1, 0, 0.9, True)
    assert events[-1] == RunEnded(reason="complete")


async def test_a_slow_watcher_does_not_slow_the_streams() -> None:
    backend = ScriptedBackend([LONG + FIVE, LONG + FIVE])
    parallel = ParallelReasoner(backend, policy=FullSampling())
    async with parallel.run("?", n=2) as run:
        first = await anext(run)
        await run.wait()  # without reading on
        assert backend.delivered == {0: 500, 1: 500}
        events = [first, *[event async for event in run]]
    # Of progress the latest figures alone are kept; every decision is.
    assert sum(isinstance(event, TraceProgress) for event in events) <= 2
    assert [type(event) for event in events[-1:]] == [RunEnded]
    assert sum(isinstance(event, TraceFinished) for event in events) == 2


async def test_an_unwatched_run_builds_no_events() -> None:
    parallel = ParallelReasoner(StepBackend([FIVE]))
    async with parallel.run("?", n=1, watched=False) as run:
        assert [event async for event in run] == []
        result = await run.wait()
    assert result.answer == "5"


async def test_placements_are_told() -> None:
    first, go_on = anyio.Event(), anyio.Event()
    backend = StepBackend(["w", "w", first.set, go_on, FIVE], [first, "w", "w", go_on, FIVE])
    parallel = ParallelReasoner(backend, judge=ScriptedJudge(lambda pair: 0.1), policy=AT_2)
    placed: list[tuple[int, int, float | None]] = []
    async with parallel.run("?", n=2) as run:
        async for event in run:
            if isinstance(event, TracePlaced):
                placed.append((event.trace, event.cluster, event.similarity))
                if len(placed) == 2:
                    go_on.set()
    assert placed == [(0, 0, None), (1, 1, None)]


async def test_progress_is_told_while_nothing_else_happens_and_never_after_the_end() -> None:
    go_on = anyio.Event()
    backend = StepBackend(["w", "w", "w", go_on, "w", FIVE], ["w", never()])
    async with ParallelReasoner(backend, policy=FullSampling()).run("?", n=2) as run:
        events: list[Event] = []
        async for event in run:
            events.append(event)
            if event == TraceProgress(trace=0, tokens=3):
                go_on.set()
            if isinstance(event, TraceFinished):
                run.stop()
    assert TraceProgress(trace=1, tokens=1) in events
    assert events[-1] == RunEnded(reason="stopped")
    ends = [event for event in events if isinstance(event, TraceFinished)]
    assert ends == [TraceFinished(trace=0, answer="5", finish="stop", tokens=5)]


async def test_a_closed_trace_is_not_told_to_have_finished() -> None:
    """Its stream may end, in the same moment, by itself."""
    first = anyio.Event()
    backend = StepBackend(["w", "w", first.set, never()], [first, "w", "w", "w"])
    parallel = ParallelReasoner(backend, judge=ScriptedJudge(lambda pair: 0.9), policy=Shears())
    async with parallel.run("?", n=2) as run:
        events: list[Event] = []
        async for event in run:
            events.append(event)
            if isinstance(event, TraceClosed):
                run.stop()
    about = [event.type for event in events if getattr(event, "trace", None) == 1]
    assert "trace_closed" in about
    assert "trace_finished" not in about


class Shears:
    """Closes trace 1 at its second token, whatever else has come with it."""

    name = "shears"

    def begin(self, setup: RunSetup) -> PolicyState:
        return _Cutting()


class _Cutting(PolicyState):
    def interest(self, trace: Trace) -> int | None:
        return 2

    def observe(self, seen: Observation, view: RunView) -> Iterable[Decision]:
        if isinstance(seen, Advanced) and seen.trace.index == 1:
            yield Close(trace=1, reason="cut")


async def test_text_that_was_under_way_at_the_end_is_in_the_last_figure() -> None:
    def stop() -> None:
        run.stop()

    backend = StepBackend([stop, "w", never()])
    async with ParallelReasoner(backend, policy=FullSampling()).run("?", n=1) as run:
        events = [event async for event in run]
    assert events[1:] == [TraceProgress(trace=0, tokens=1), RunEnded(reason="stopped")]
    assert run.result.traces[0].text == "w"


class Billing(StepBackend):
    """Reports, as servers do, more tokens than there are pieces of text."""

    @asynccontextmanager
    async def stream(self, request: TraceRequest) -> AsyncGenerator[AsyncIterator[Chunk]]:
        async with super().stream(request) as chunks:
            yield self._billed(chunks)

    async def _billed(self, chunks: AsyncIterator[Chunk]) -> AsyncIterator[Chunk]:
        count = 0
        async for chunk in chunks:
            count += len(chunk.pieces)
            yield replace(chunk, usage=Usage(prompt=3, generated=10 * count))


@pytest.mark.parametrize("shadow", [False, True])
async def test_the_last_figure_of_every_trace_is_the_results(shadow: bool) -> None:
    first, go_on = anyio.Event(), anyio.Event()
    steps = [["w", "w", first.set, go_on, FIVE], [first, "w", "w", "w", go_on, "w", FIVE]]
    parallel = ParallelReasoner(
        Billing(*steps), judge=ScriptedJudge(lambda pair: 0.9), policy=AT_2, shadow=shadow
    )
    told: dict[int, int] = {}
    async with parallel.run("?", n=2) as run:
        async for event in run:
            if isinstance(event, TraceProgress | TraceClosed | TraceFinished):
                told[event.trace] = event.tokens
            if isinstance(event, TraceClosed):
                go_on.set()
    assert told == {trace.trace: trace.tokens for trace in run.result.traces}
    assert sum(told.values()) == run.result.usage.generated
    assert told[0] == 30
