"""A cancellation that the run did not ask for is a failure of what raised it."""

import asyncio
from collections.abc import Callable, Iterable, Sequence

import anyio
import pytest
import trio
from support.live import StepBackend

from deepprune_sdk import (
    Checkpoints,
    DeepPrune,
    DeepPruneError,
    FullSampling,
    FunctionAnswers,
    ParallelReasoner,
)
from deepprune_sdk.data import Pair, Verdict
from deepprune_sdk.data.signals import Decision
from deepprune_sdk.loops import is_foreign
from deepprune_sdk.policies import PolicyState
from deepprune_sdk.policies.base import Observation, RunSetup, RunView

pytestmark = pytest.mark.anyio

FIVE = "\\boxed{5}"
AT_2 = DeepPrune(checkpoints=Checkpoints.tokens(2))


async def leaked() -> BaseException:
    """A cancellation that was asked for elsewhere and kept, as a cache of results may keep it."""
    kept: list[BaseException] = []
    with anyio.CancelScope() as scope:
        scope.cancel()
        try:
            await anyio.sleep_forever()
        except anyio.get_cancelled_exc_class() as error:
            kept.append(error)
    return kept[0]


def raising(error: BaseException) -> Callable[[], object]:
    def step() -> object:
        raise error

    return step


async def test_a_backend_that_is_cancelled_costs_only_its_trace() -> None:
    error = await leaked()
    backend = StepBackend(["w", raising(error)], [FIVE], [FIVE])
    result = await ParallelReasoner(backend, policy=FullSampling()).solve("?", n=3)
    assert [trace.outcome for trace in result.traces] == ["failed", "finished", "finished"]
    assert result.answer == "5"
    assert "Cancelled" in result.traces[0].reason
    assert backend.open == set()


async def test_a_group_of_cancellations_is_one() -> None:
    group = BaseExceptionGroup("", [await leaked(), ValueError()])
    assert is_foreign(group)
    assert not is_foreign(BaseExceptionGroup("", [await leaked(), KeyboardInterrupt()]))
    assert not is_foreign(ValueError())
    backend = StepBackend([raising(group)], [FIVE])
    result = await ParallelReasoner(backend, policy=FullSampling()).solve("?", n=2)
    assert [trace.outcome for trace in result.traces] == ["failed", "finished"]


class CancelledJudge:
    name = "cancelled"
    costs_tokens = False

    def __init__(self, error: BaseException) -> None:
        self.error = error

    async def compare(self, pairs: Sequence[Pair]) -> Sequence[Verdict]:
        raise self.error


async def test_a_judge_that_is_cancelled_keeps_the_traces() -> None:
    go_on = anyio.Event()
    backend = StepBackend(["w", "w", go_on, FIVE], ["w", "w", go_on, FIVE])
    parallel = ParallelReasoner(backend, judge=CancelledJudge(await leaked()), policy=AT_2)
    async with parallel.run("?", n=2) as run:
        async for event in run:
            if event.type == "pair_judged":
                go_on.set()
    assert [trace.outcome for trace in run.result.traces] == ["finished", "finished"]
    assert (run.result.judge.asked, run.result.judge.failed) == (1, 1)
    assert run.result.answer == "5"


async def test_answers_that_raise_a_cancellation_cost_a_ballot() -> None:
    error = await leaked()

    def read(text: str) -> str | None:
        if "?" in text:
            raise error
        return text

    backend = StepBackend(["?"], ["5"], ["5"])
    parallel = ParallelReasoner(backend, answers=FunctionAnswers(read), policy=FullSampling())
    result = await parallel.solve("?", n=3)
    assert (result.answer, result.traces[0].answer) == ("5", None)
    assert any("Cancelled" in warning for warning in result.warnings)


class CancelledPolicy:
    name = "cancelled"

    def __init__(self, error: BaseException) -> None:
        self.error = error

    def begin(self, setup: RunSetup) -> PolicyState:
        return CancelledState(self.error)


class CancelledState(PolicyState):
    def __init__(self, error: BaseException) -> None:
        self.error = error

    def observe(self, seen: Observation, view: RunView) -> Iterable[Decision]:
        raise self.error


async def test_a_policy_that_raises_a_cancellation_ends_the_run_with_an_error() -> None:
    backend = StepBackend([FIVE], ["w", anyio.Event()])
    parallel = ParallelReasoner(backend, policy=CancelledPolicy(await leaked()))
    with pytest.raises(DeepPruneError, match=r"the policy raised .*Cancelled") as caught:
        await parallel.solve("?", n=2)
    assert caught.value.partial is not None
    assert backend.open == set()


async def test_our_own_cancellation_is_not_foreign() -> None:
    scope = anyio.CancelScope()
    backend = StepBackend(["w", scope.cancel, anyio.Event()], ["w", anyio.Event()])
    with scope:
        await ParallelReasoner(backend, policy=FullSampling()).solve("?", n=2)
        pytest.fail("solve returned")
    assert scope.cancelled_caught
    assert backend.open == set()


def test_a_task_that_a_library_cancels_costs_only_its_trace() -> None:
    def cancel_myself() -> None:
        task = asyncio.current_task()
        assert task is not None
        task.cancel()

    async def main() -> None:
        backend = StepBackend(["w", cancel_myself, anyio.Event()], [FIVE])
        result = await ParallelReasoner(backend, policy=FullSampling()).solve("?", n=2)
        assert [trace.outcome for trace in result.traces] == ["failed", "finished"]

    asyncio.run(main())


@pytest.mark.parametrize("timeout", [asyncio.wait_for, None])
def test_a_timeout_of_the_callers_own_ends_the_run(
    timeout: Callable[..., object] | None,
) -> None:
    backend = StepBackend(["w", anyio.Event()])
    parallel = ParallelReasoner(backend, policy=FullSampling())

    async def on_asyncio() -> None:
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(parallel.solve("?", n=1), 0.01)

    async def on_trio() -> None:
        with pytest.raises(trio.TooSlowError):
            with trio.fail_after(0.01):
                await parallel.solve("?", n=1)

    if timeout is not None:
        asyncio.run(on_asyncio())
    else:
        trio.run(on_trio)
    assert backend.open == set()
