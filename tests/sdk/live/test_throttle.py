"""Requests in flight: narrowed by 429, widened by success, first come first served."""

from __future__ import annotations

from contextlib import AsyncExitStack

import anyio
import pytest
from support.simulator import fixtures
from support.simulator.faults import at_most
from support.simulator.replies import Dialect, error, refusal
from support.simulator.server import Simulator, replay

from deepprune_adapters.openai import OpenAIBackend
from deepprune_sdk import FullSampling, ParallelReasoner, Requests, Retries, Sampling
from deepprune_sdk.live.throttle import Place, Throttle

running, server = fixtures.running, fixtures.server

pytestmark = pytest.mark.anyio


async def hold(throttle: Throttle, stack: AsyncExitStack, count: int) -> list[Place]:
    return [await stack.enter_async_context(throttle.place()) for _ in range(count)]


async def test_without_a_refusal_nothing_waits() -> None:
    throttle = Throttle()
    async with AsyncExitStack() as stack:
        for place in await hold(throttle, stack, 100):
            place.serve()
    assert throttle.limit is None


async def test_a_refusal_halves_what_is_in_flight_once_a_round() -> None:
    throttle = Throttle()
    async with AsyncExitStack() as stack:
        places = await hold(throttle, stack, 64)
        for place in places[:60]:
            place.refuse(None)
        assert throttle.limit == 32


async def test_it_narrows_again_when_the_next_round_is_refused() -> None:
    throttle = Throttle()
    for expected in (8, 4, 2, 1, 1):
        async with AsyncExitStack() as stack:
            count = 16 if throttle.limit is None else throttle.limit
            places = await hold(throttle, stack, count)
            for place in places:
                place.refuse(None)
        assert throttle.limit == expected


async def test_it_never_narrows_below_those_that_are_served() -> None:
    throttle = Throttle()
    async with AsyncExitStack() as stack:
        places = await hold(throttle, stack, 10)
        for place in places[:9]:
            place.serve()
        assert throttle.serving == 9
        places[9].refuse(None)
        assert throttle.limit == 9
    assert throttle.serving == 0


async def test_it_widens_quickly_to_half_of_what_was_served_and_slowly_beyond() -> None:
    throttle = Throttle()
    async with AsyncExitStack() as stack:
        for place in await hold(throttle, stack, 8):
            place.serve()
    async with AsyncExitStack() as stack:
        for place in await hold(throttle, stack, 2):
            place.refuse(None)
    assert throttle.limit == 1
    limits: list[int | None] = []
    for _ in range(8):
        async with throttle.place() as place:
            place.serve()
            place.serve()  # counts once
        limits.append(throttle.limit)
    assert limits == [2, 3, 4, 4, 4, 4, 4, 5]


async def test_who_came_first_goes_first_and_a_cancelled_wait_leaves_nothing() -> None:
    throttle = Throttle()
    entered: list[str] = []

    async def one(name: str, scope: anyio.CancelScope) -> None:
        with scope:
            async with throttle.place():
                entered.append(name)

    async with anyio.create_task_group() as tasks, throttle.place() as first, throttle.place():
        first.refuse(None)
        assert throttle.limit == 1
        scopes = [anyio.CancelScope() for _ in range(4)]
        for name, scope in zip("abcd", scopes, strict=True):
            tasks.start_soon(one, name, scope)
            await anyio.wait_all_tasks_blocked()
        scopes[1].cancel()
        await anyio.wait_all_tasks_blocked()
        assert entered == []
    assert entered == ["a", "c", "d"]
    async with throttle.place():
        pass


async def test_a_turn_that_comes_with_its_cancellation_is_passed_on() -> None:
    throttle = Throttle()
    entered: list[str] = []

    async def one(name: str, scope: anyio.CancelScope) -> None:
        with scope:
            async with throttle.place():
                entered.append(name)

    async with anyio.create_task_group() as tasks:
        scopes = [anyio.CancelScope() for _ in range(2)]
        async with throttle.place() as first:
            first.refuse(None)
            for name, scope in zip("ab", scopes, strict=True):
                tasks.start_soon(one, name, scope)
                await anyio.wait_all_tasks_blocked()
        scopes[0].cancel()  # its turn has come, and it has not run yet
    assert "b" in entered


async def test_a_wait_for_the_servers_time_can_be_cancelled() -> None:
    throttle = Throttle()
    async with throttle.place() as place:
        place.refuse(3600)
    with anyio.move_on_after(0.01) as scope:
        async with throttle.place():
            pytest.fail("the server asked to wait for an hour")
    assert scope.cancelled_caught
    assert throttle.limit == 1


# --- a whole reasoner -----------------------------------------------------------------------------


def reasoner(server: Simulator, **retries: float) -> ParallelReasoner:
    return ParallelReasoner(
        OpenAIBackend("m", base_url=server.url),
        policy=FullSampling(),
        sampling=Sampling(seed=0, max_tokens=96),
        requests=Requests(
            retries=Retries.model_validate({"initial": 0.01, "maximum": 0.1} | retries)
        ),
    )


async def test_a_limit_far_below_n_fails_no_trace(server: Simulator) -> None:
    server.reset(at_most(3))
    result = await reasoner(server, attempts=2).solve("How many?", n=24)
    assert {trace.outcome for trace in result.traces} == {"finished"}


async def test_runs_of_one_reasoner_share_the_limit(server: Simulator) -> None:
    server.reset(at_most(4))
    shared = reasoner(server)
    results = await shared.solve_many(["How many?"] * 4, n=8)
    assert {trace.outcome for result in results for trace in result.traces} == {"finished"}
    served = [call for call in server.calls if call.status == 200]
    assert len(served) == 32


async def test_live_traces_are_never_paused(server: Simulator) -> None:
    """While one request waits for an hour, the stream that has begun goes on to its end."""
    plain = replay(Dialect(pause=0.002))
    server.reset(
        lambda call: (
            refusal(429, error("later"), retry_after="3600") if call.number == 1 else plain(call)
        )
    )
    async with reasoner(server, maximum=3600.0).run("How many?", n=2) as run:
        async for event in run:
            if event.type == "trace_finished":
                break
        assert len(server.calls) == 2
        run.stop()


async def test_a_server_that_only_refuses_fails_every_trace(server: Simulator) -> None:
    server.reset(lambda call: refusal(429, error("never")))
    with pytest.raises(Exception, match="limits the rate"):
        await reasoner(server, attempts=3).solve("How many?", n=4)
    assert len(server.calls) == 12
