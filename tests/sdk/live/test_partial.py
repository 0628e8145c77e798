"""Whatever cuts a run short leaves what it had found."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Callable
from typing import Any

import anyio
import pytest
from support.broken import BrokenPolicy
from support.live import StepBackend, never

from deepprune_sdk import (
    AuthenticationError,
    FullSampling,
    ParallelReasoner,
    Result,
    RunTimeoutError,
)

pytestmark = pytest.mark.anyio

FIVE = "\\boxed{5}"


def nothing() -> None:
    """Cut nothing short."""


def stuck(cut: Callable[[], object] = nothing) -> ParallelReasoner:
    """One trace that ends, and one that states its answer and never ends; then `cut` is called."""
    backend = StepBackend(["a", FIVE], [])
    backend.traces[1] = ["b", "\\boxed{6} and", backend.closed[0], cut, never()]
    return ParallelReasoner(backend, policy=FullSampling())


def over(scope: anyio.CancelScope) -> None:
    """Let a scope's time be over."""
    scope.deadline = -math.inf


def holds_what_was_found(partial: Result | None) -> None:
    assert partial is not None
    assert [trace.outcome for trace in partial.traces] == ["finished", "stopped"]
    assert [trace.text for trace in partial.traces] == ["a" + FIVE, "b\\boxed{6} and"]
    assert [trace.answer for trace in partial.traces] == ["5", "6"]
    assert partial.ended_because == "cancelled"


async def test_a_timeout_has_the_traces_so_far() -> None:
    with pytest.raises(RunTimeoutError, match=r"within 1 s") as caught:
        await stuck().solve("?", n=2, timeout=1)
    assert isinstance(caught.value, TimeoutError)
    holds_what_was_found(caught.value.partial)


async def test_a_timeout_that_is_not_reached_changes_nothing() -> None:
    reasoner = ParallelReasoner(StepBackend([FIVE]), policy=FullSampling())
    assert (await reasoner.solve("?", n=1, timeout=60)).answer == "5"


async def test_a_timeout_of_the_callers_leaves_the_run_readable() -> None:
    scope = anyio.CancelScope()
    run = stuck(lambda: over(scope)).run("?", n=2, watched=False)
    with scope:
        async with run:
            await run.wait()
    assert scope.cancelled_caught
    holds_what_was_found(run.snapshot())


async def test_the_cancellation_that_passes_through_has_it() -> None:
    seen: list[Any] = []

    async def solve() -> None:
        try:
            await stuck(scope.cancel).solve("?", n=2)
        except anyio.get_cancelled_exc_class() as error:
            seen.append(error)
            raise

    with anyio.CancelScope() as scope:
        await solve()
    holds_what_was_found(seen[0].partial)


@pytest.mark.parametrize("anyio_backend", ["asyncio"])
async def test_asyncio_names_the_cancellation_as_the_cause(anyio_backend: str) -> None:
    del anyio_backend
    with pytest.raises(TimeoutError) as caught:
        async with asyncio.timeout(3600) as limit:
            await stuck(lambda: limit.reschedule(0)).solve("?", n=2)
    holds_what_was_found(getattr(caught.value.__cause__, "partial", None))


async def test_an_error_of_the_callers_own_part_has_it() -> None:
    with pytest.raises(KeyError) as caught:
        await stuck().replace(policy=BrokenPolicy()).solve("?", n=2)
    partial = getattr(caught.value, "partial", None)
    assert isinstance(partial, Result)
    assert partial.traces[0].text == "a" + FIVE


async def test_an_error_without_room_for_it_is_raised_as_it_is() -> None:
    class BareError(Exception):
        def __setattr__(self, name: str, value: object) -> None:
            if name == "partial":
                raise AttributeError(name)
            super().__setattr__(name, value)

    with pytest.raises(BareError):
        async with stuck().run("?", n=2):
            raise BareError


async def test_a_fatal_error_has_it() -> None:
    backend = StepBackend([AuthenticationError("bad key")], [never()])
    with pytest.raises(AuthenticationError) as caught:
        await ParallelReasoner(backend, policy=FullSampling()).solve("?", n=2)
    assert caught.value.partial is not None
    assert len(caught.value.partial.traces) == 2
