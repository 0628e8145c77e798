"""The live shell: streams are opened, closed and cancelled as the engine says."""

from collections.abc import Iterable, Sequence

import anyio
import pytest
from support.live import Step, StepBackend, StuckJudge, never

from deepprune_sdk import (
    Checkpoints,
    DeepPrune,
    DeepPruneError,
    FullSampling,
    JudgingLimits,
    Limits,
    ParallelReasoner,
    Requests,
    Sampling,
    SettledVote,
    UnavailableError,
)
from deepprune_sdk.data import Chunk, Event, Trace, TraceClosed, TraceFinished, TraceStarted, Usage
from deepprune_sdk.data.events import PairJudged
from deepprune_sdk.data.signals import Close, Continue, Decision
from deepprune_sdk.policies import Policy, PolicyState
from deepprune_sdk.policies.base import Advanced, Observation, RunSetup, RunView, TraceOver
from deepprune_sdk.testing import ScriptedBackend, ScriptedJudge

pytestmark = pytest.mark.anyio

AT_2 = DeepPrune(checkpoints=Checkpoints.tokens(2))
FIVE = "\\boxed{5}"
LONG = " w" * 500


def reasoner(
    *traces: Sequence[Step],
    policy: Policy = AT_2,
    probability: float = 0.9,
) -> tuple[ParallelReasoner, StepBackend]:
    backend = StepBackend(*traces)
    judge = ScriptedJudge(lambda pair: probability)
    return ParallelReasoner(backend, judge=judge, policy=policy), backend


async def test_a_pruned_stream_is_closed_while_the_others_go_on() -> None:
    first, go_on = anyio.Event(), anyio.Event()
    parallel, backend = reasoner(["w", "w", first.set, go_on, FIVE], [first, "w", "w", never()])
    async with parallel.run("?", n=2) as run:
        async for event in run:
            if isinstance(event, TraceClosed):
                await anyio.wait_all_tasks_blocked()
                assert backend.open == {0}
                go_on.set()
        result = run.result
    assert backend.open == set()
    assert [trace.outcome for trace in result.traces] == ["finished", "pruned"]
    assert result.answer == "5"
    assert result.tally["5"].imputed == 0.9
    assert result.best is not None
    assert result.best.trace == 0


async def test_cancelling_solve_closes_every_stream_and_raises() -> None:
    scope, other = anyio.CancelScope(), anyio.Event()
    parallel, backend = reasoner(
        ["w", other, scope.cancel, never()], ["w", never()], ["w", other.set, never()]
    )
    with scope:
        await parallel.solve("?", n=3)
        pytest.fail("solve returned")
    assert scope.cancelled_caught
    assert len(backend.requests) == 3
    assert backend.open == set()


async def test_leaving_the_block_early_closes_every_stream() -> None:
    parallel, backend = reasoner([never()], [never()])
    async with parallel.run("?", n=2) as run:
        async for event in run:
            assert isinstance(event, TraceStarted)
            break
        with pytest.raises(DeepPruneError, match="the run is not over"):
            _ = run.result
        await anyio.wait_all_tasks_blocked()
        assert backend.open == {0, 1}
    assert backend.open == set()
    run.stop()
    assert run.snapshot().ended_because == "cancelled"


async def test_an_error_in_the_block_is_raised_as_it_is() -> None:
    parallel, backend = reasoner([never()], [never()])

    async def fail_inside() -> None:
        async with parallel.run("?", n=2):
            await anyio.wait_all_tasks_blocked()
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await fail_inside()
    assert len(backend.requests) == 2
    assert backend.open == set()


async def test_stop_ends_the_run_with_what_it_has() -> None:
    parallel, backend = reasoner([FIVE], ["w", never()], policy=FullSampling())
    async with parallel.run("?", n=2) as run:
        async for event in run:
            if isinstance(event, TraceFinished):
                run.stop("enough")
        result = run.result
    assert (result.ended_because, result.answer) == ("enough", "5")
    assert [trace.outcome for trace in result.traces] == ["finished", "stopped"]
    assert backend.open == set()


async def test_stop_after_the_end_changes_nothing() -> None:
    parallel, _ = reasoner([FIVE])
    async with parallel.run("?", n=1) as run:
        result = await run.wait()
        run.stop()
        assert run.result == result
    run.stop()
    assert run.result.ended_because == "complete"


async def test_a_run_that_is_never_entered_leaves_nothing_behind() -> None:
    parallel, backend = reasoner([FIVE])
    parallel.run("?", n=1)
    assert backend.requests == []


async def test_a_slow_judge_does_not_stall_the_streams() -> None:
    backend = ScriptedBackend([LONG + FIVE, LONG + FIVE])
    parallel = ParallelReasoner(backend, judge=StuckJudge(), policy=AT_2)
    result = await parallel.solve("?", n=2)
    assert [trace.outcome for trace in result.traces] == ["finished", "finished"]
    assert result.judge.asked == 1
    assert result.judge.scored == 0


async def test_a_late_judge_keeps_the_traces() -> None:
    go_on = anyio.Event()
    backend = StepBackend(["w", "w", go_on, FIVE], ["w", "w", go_on, "\\boxed{6}"])
    parallel = ParallelReasoner(
        backend, judge=StuckJudge(), policy=AT_2, limits=Limits(judging=JudgingLimits(timeout=1e-3))
    )
    async with parallel.run("?", n=2) as run:
        async for event in run:
            if isinstance(event, PairJudged):
                assert (event.probability, event.problem) == (None, "late")
                go_on.set()
    assert run.result.judge.late == 1
    assert [trace.outcome for trace in run.result.traces] == ["finished", "finished"]


async def test_a_verdict_after_its_trace_has_ended_costs_and_does_nothing() -> None:
    answer_now, go_on = anyio.Event(), anyio.Event()

    class Waiting(ScriptedJudge):
        async def compare(self, pairs):  # pyright: ignore
            await answer_now.wait()
            return await super().compare(pairs)

    first = anyio.Event()
    backend = StepBackend(["w", "w", first.set, go_on, FIVE], [first, "w", "w", "\\boxed{6}"])
    judge = Waiting(lambda pair: 0.9, usage=Usage(prompt=30, generated=1))
    parallel = ParallelReasoner(backend, judge=judge, policy=AT_2)
    async with parallel.run("?", n=2) as run:
        async for event in run:
            if isinstance(event, TraceFinished) and event.trace == 1:
                answer_now.set()
            if isinstance(event, PairJudged):
                go_on.set()
    result = run.result
    assert result.tally.keys() == {"5", "6"}
    assert result.usage.judge == 31
    assert (result.judge.asked, result.judge.scored) == (1, 1)


async def test_a_lost_representative_is_followed_by_its_heir() -> None:
    first, lose = anyio.Event(), anyio.Event()
    had, more = Usage(prompt=3, generated=2), Usage(prompt=5, generated=1)
    backend = StepBackend(
        ["w", "w", first.set, lose, UnavailableError("gone")],
        [first, "w", Chunk(pieces=(" x",), usage=had), never()],
        continued={1: [Chunk(pieces=(FIVE,), usage=more)]},
    )
    parallel = ParallelReasoner(
        backend,
        judge=ScriptedJudge(lambda pair: 0.9),
        policy=AT_2,
        sampling=Sampling(max_tokens=10, seed=7),
    )
    events: list[Event] = []
    async with parallel.run("?", n=2) as run:
        async for event in run:
            events.append(event)
            if isinstance(event, TraceClosed):
                lose.set()
    first_request, second_request = (r for r in backend.requests if r.trace == 1)
    assert (first_request.prefix, first_request.sampling.max_tokens) == ("", 10)
    assert (second_request.prefix, second_request.sampling.max_tokens) == ("w x", 8)
    assert second_request.seed == first_request.seed == 8
    assert TraceStarted(trace=1, continued=True) in events
    result = run.result
    assert (result.answer, result.orphaned) == ("5", 0)
    assert result.traces[1].text == "w x" + FIVE
    assert result.traces[1].tokens == 3
    assert result.usage.prompt == 8


class Restart:
    """Closes each trace at its second token, and continues it at once."""

    name = "restart"

    def begin(self, setup: RunSetup) -> PolicyState:
        return _Restarting()


class _Restarting(PolicyState):
    def interest(self, trace: Trace) -> int | None:
        return 2

    def observe(self, seen: Observation, view: RunView) -> Iterable[Decision]:
        match seen:
            case Advanced(trace) if trace.tokens == 2:
                yield Close(trace=trace.index, reason="restart")
            case TraceOver(trace) if trace.outcome == "pruned":
                yield Continue(trace=trace.index)
            case _:
                pass


async def test_the_first_stream_of_a_continued_trace_is_not_heard_any_more() -> None:
    backend = StepBackend(["w", " w", " stale", never()], continued={0: [" new ", FIVE]})
    result = await ParallelReasoner(backend, policy=Restart()).solve("?", n=1)
    assert [request.prefix for request in backend.requests] == ["", "w w"]
    assert result.traces[0].text == "w w new " + FIVE
    assert backend.open == set()


async def test_concurrency_is_respected() -> None:
    backend = ScriptedBackend(["w w w " + FIVE] * 7, concurrency=3)
    await ParallelReasoner(backend, policy=FullSampling()).solve("?", n=7)
    assert backend.most_open == 3
    backend = ScriptedBackend(["w w w " + FIVE] * 7, concurrency=3)
    await ParallelReasoner(backend, policy=FullSampling(), requests=Requests(concurrency=2)).solve(
        "?", n=7
    )
    assert backend.most_open == 2
    assert len(backend.requests) == 7


async def test_a_settled_run_closes_what_is_still_open() -> None:
    parallel, backend = reasoner([FIVE], [FIVE], [FIVE], [never()], [never()], policy=SettledVote())
    result = await parallel.solve("?", n=5)
    assert result.ended_because == "settled"
    assert [trace.outcome for trace in result.traces[3:]] == ["stopped", "stopped"]
    assert backend.open == set()


async def test_text_that_was_under_way_counts() -> None:
    go_on = anyio.Event()
    last = Chunk(pieces=(" w", " w"), usage=Usage(prompt=4, generated=3))

    def stop() -> None:
        run.stop()

    parallel, _ = reasoner(["w", go_on, stop, last, never()])
    async with parallel.run("?", n=1) as run:
        go_on.set()
        result = await run.wait()
    assert result.ended_because == "stopped"
    assert result.traces[0].text == "w w w"
    assert (result.usage.prompt, result.usage.generated) == (4, 3)
