"""What fails in a live run: a stream, a server, a judge, the user's own code."""

import logging
from math import nan

import anyio
import pytest
from support.broken import BrokenPolicy
from support.live import AwkwardJudge, StepBackend, never

from deepprune_sdk import (
    AllTracesFailedError,
    AuthenticationError,
    BackendError,
    CachedJudge,
    Checkpoints,
    DeepPrune,
    FullSampling,
    JudgingLimits,
    Limits,
    ParallelReasoner,
    ProtocolError,
    RateLimitError,
    Requests,
    Result,
    Retries,
    UnavailableError,
)
from deepprune_sdk.data import TraceFailed, Usage, Verdict
from deepprune_sdk.protocols import Judge
from deepprune_sdk.testing import Script, ScriptedBackend

pytestmark = pytest.mark.anyio

AT_2 = DeepPrune(checkpoints=Checkpoints.tokens(2))
FIVE, SIX = "\\boxed{5}", "\\boxed{6}"
AT_ONCE = Retries(initial=1e-3, maximum=1e-3)
GONE = UnavailableError("gone")


def full(backend: StepBackend | ScriptedBackend, retries: Retries = AT_ONCE) -> ParallelReasoner:
    return ParallelReasoner(backend, policy=FullSampling(), requests=Requests(retries=retries))


# --- streams --------------------------------------------------------------------------------------


async def test_one_failed_trace_is_an_event_and_its_tokens_count() -> None:
    backend = StepBackend(["w", " w", GONE], [FIVE])
    async with full(backend).run("?", n=2) as run:
        events = [event async for event in run]
    assert TraceFailed(trace=0, error="gone", tokens=2) in events
    result = run.result
    assert result.answer == "5"
    assert (result.traces[0].outcome, result.traces[0].reason) == ("failed", "gone")
    assert (result.traces[0].text, result.traces[0].tokens) == ("w w", 2)
    assert result.usage.generated == 3
    assert result.usage.estimated


async def test_when_all_fail_the_error_names_the_causes() -> None:
    backend = StepBackend([ProtocolError("no stream")], [ProtocolError("no JSON")])
    with pytest.raises(
        AllTracesFailedError, match="all 2 traces failed; the first: no stream"
    ) as e:
        await full(backend).solve("?", n=2)
    assert e.value.causes == {0: "no stream", 1: "no JSON"}
    assert e.value.partial is not None
    assert [trace.outcome for trace in e.value.partial.traces] == ["failed", "failed"]


async def test_all_failed_after_some_text_is_a_result_without_an_answer() -> None:
    result = await full(StepBackend(["w", GONE], [GONE])).solve("?", n=2)
    assert result.answer is None
    assert result.best is None
    assert result.agreement == 0


async def test_an_error_that_every_trace_must_meet_ends_the_run_at_once() -> None:
    backend = StepBackend([AuthenticationError("bad key")], [never()], [never()])
    async with full(backend).run("?", n=3) as run:
        with pytest.raises(AuthenticationError, match="bad key") as caught:
            await run.wait()
        with pytest.raises(AuthenticationError):
            _ = [event async for event in run]
    assert backend.open == set()
    assert len(backend.requests) == 3
    assert caught.value.partial is not None
    assert caught.value.partial.ended_because == "failed"


async def test_of_several_fatal_errors_one_is_raised_and_logged(
    caplog: pytest.LogCaptureFixture,
) -> None:
    wait = anyio.Event()
    backend = StepBackend(
        [wait, AuthenticationError("first")], [wait, AuthenticationError("second")]
    )
    async with full(backend).run("?", n=2) as run:
        wait.set()
        with pytest.raises(AuthenticationError, match=r"first|second"):
            await run.wait()
    assert len([each for each in caplog.records if each.levelno >= logging.WARNING]) == 1


async def test_a_fatal_error_after_text_costs_its_trace_alone() -> None:
    go_on = anyio.Event()
    backend = StepBackend([FIVE], [go_on, AuthenticationError("expired")])
    async with full(backend).run("?", n=2) as run:
        async for event in run:
            if event.type == "trace_finished":
                go_on.set()
    assert run.result.answer == "5"
    assert run.result.traces[1].reason == "expired"


@pytest.mark.parametrize("refusals", [1, 3])
async def test_a_request_is_repeated_before_its_first_token(refusals: int) -> None:
    backend = ScriptedBackend([Script(FIVE, error=GONE, refusals=refusals)])
    result = await full(backend).solve("?", n=1)
    assert len(backend.requests) == refusals + 1
    assert result.answer == "5"
    assert result.usage.generated == 1


async def test_at_most_so_many_requests_a_trace() -> None:
    backend = ScriptedBackend([Script(FIVE, error=GONE, refusals=9)])
    with pytest.raises(AllTracesFailedError, match="gone"):
        await full(backend, Retries(attempts=3, initial=1e-3)).solve("?", n=1)
    assert len(backend.requests) == 3


@pytest.mark.parametrize(
    "error", [ProtocolError("odd"), BackendError("odd")], ids=lambda error: type(error).__name__
)
async def test_an_error_that_would_come_again_is_not_retried(error: BackendError) -> None:
    backend = ScriptedBackend([Script(FIVE, error=error)])
    with pytest.raises(AllTracesFailedError):
        await full(backend).solve("?", n=1)
    assert len(backend.requests) == 1


async def test_nothing_is_repeated_after_the_first_token() -> None:
    backend = ScriptedBackend([Script("w w " + FIVE, error=GONE, error_at=1), FIVE])
    result = await full(backend).solve("?", n=2)
    assert [request.trace for request in backend.requests].count(0) == 1
    assert [trace.outcome for trace in result.traces] == ["failed", "finished"]


async def test_a_wish_to_wait_is_kept_up_to_the_maximum() -> None:
    wish = RateLimitError("slow down", retry_after=3600)
    backend = ScriptedBackend([Script(FIVE, error=wish, refusals=1)])
    result = await full(backend).solve("?", n=1)
    assert result.answer == "5"


async def test_a_server_that_is_down_ends_the_run_with_what_it_has() -> None:
    """Traces that would come later are not even tried."""
    backend = StepBackend([FIVE], ["w", GONE], [GONE], *[[FIVE]] * 13, concurrency=1)
    result = await full(backend).solve("?", n=16)
    assert (result.answer, result.ended_because) == ("5", "server down")
    outcomes = [trace.outcome for trace in result.traces]
    assert outcomes == ["finished", "failed", "failed", "stopped"]
    assert len(backend.requests) == 2 + 4


async def test_a_server_that_was_never_up_is_an_error_after_one_traces_attempts() -> None:
    backend = StepBackend(*[[GONE]] * 16, concurrency=2)
    with pytest.raises(AllTracesFailedError, match="gone"):
        await full(backend).solve("?", n=16)
    assert {request.trace for request in backend.requests} == {0, 1}


async def test_while_others_are_served_a_failing_trace_fails_alone() -> None:
    go_on = anyio.Event()
    backend = StepBackend(["w", go_on, FIVE], [GONE], [SIX])
    async with full(backend).run("?", n=3) as run:
        async for event in run:
            if event.type == "trace_failed":
                go_on.set()
    assert run.result.ended_because == "complete"


async def test_beyond_its_patience_no_request_is_repeated() -> None:
    backend = StepBackend([GONE])
    with pytest.raises(AllTracesFailedError):
        await full(backend, Retries(patience=1e-9)).solve("?", n=1)
    assert len(backend.requests) == 1


async def test_a_bug_of_a_backend_costs_its_trace_alone(
    caplog: pytest.LogCaptureFixture,
) -> None:
    backend = StepBackend([ValueError("bug")], [FIVE])
    with caplog.at_level(logging.ERROR):
        result = await full(backend).solve("?", n=2)
    assert result.answer == "5"
    assert result.traces[0].reason == "ValueError: bug"
    assert "trace 0 failed" in caplog.text


# --- the user's own code --------------------------------------------------------------------------


async def test_an_error_of_the_policy_surfaces_and_closes_everything() -> None:
    backend = StepBackend([FIVE], [never()], [never()])
    with pytest.raises(KeyError) as caught:
        await full(backend).replace(policy=BrokenPolicy()).solve("?", n=3)
    assert caught.value.args == (FIVE,)
    assert backend.open == set()
    assert len(backend.requests) == 3


async def test_an_error_of_the_policy_ends_the_events() -> None:
    async with full(StepBackend([FIVE])).replace(policy=BrokenPolicy()).run("?", n=1) as run:
        with pytest.raises(KeyError):
            _ = [event async for event in run]


# --- judges ---------------------------------------------------------------------------------------


async def judged(judge: Judge, limits: JudgingLimits | None = None) -> Result:
    """Two traces that wait for the judge's word before they end."""
    first, go_on = anyio.Event(), anyio.Event()
    backend = StepBackend(["w", "w", first.set, go_on, FIVE], [first, "w", "w", go_on, SIX])
    within = Limits(judging=limits or JudgingLimits())
    parallel = ParallelReasoner(backend, judge=judge, policy=AT_2, limits=within)
    async with parallel.run("?", n=2) as run:
        async for event in run:
            if event.type == "pair_judged":
                go_on.set()
    return run.result


@pytest.mark.parametrize(
    ("verdicts", "problem"),
    [
        (RuntimeError("no GPU"), "failed"),
        ([], "malformed"),
        ([Verdict(probability=0.9)] * 2, "malformed"),
        ([Verdict(probability=nan)], "malformed"),
        ([Verdict(probability=1.5)], "malformed"),
        ([Verdict(probability=-0.1)], "malformed"),
        ([Verdict(probability="yes")], "malformed"),  # pyright: ignore[reportArgumentType]
        ([0.9], "malformed"),
        (None, "malformed"),
        ([Verdict(probability=None)], "unscored"),
    ],
)
@pytest.mark.parametrize("remembered", [False, True])
async def test_a_judge_that_gives_no_probability_keeps_the_traces(
    verdicts: object, problem: str, remembered: bool
) -> None:
    judge = AwkwardJudge(verdicts)
    result = await judged(CachedJudge(judge) if remembered else judge)
    assert [trace.outcome for trace in result.traces] == ["finished", "finished"]
    assert result.judge.model_dump(include={"asked", "scored", problem}) == {
        "asked": 1,
        "scored": 0,
        problem: 1,
    }


@pytest.mark.parametrize("limits", [JudgingLimits(max_pairs=0), JudgingLimits(max_tokens=0)])
async def test_beyond_its_budget_a_judge_is_not_asked(limits: JudgingLimits) -> None:
    result = await judged(AwkwardJudge(RuntimeError()), limits)
    assert (result.judge.asked, result.judge.budget) == (0, 1)
    assert result.tally.keys() == {"5", "6"}


async def test_the_judges_tokens_are_reported_apart() -> None:
    verdict = Verdict(probability=0.1, usage=Usage(prompt=200, generated=2))
    result = await judged(AwkwardJudge([verdict]))
    assert (result.judge.prompt_tokens, result.judge.generated_tokens) == (200, 2)
    assert result.usage.judge == 202
    assert result.usage.generated == 6


async def test_a_trace_that_is_reset_again_and_again_does_not_end_a_run_that_waits_for_text() -> (
    None
):
    """The others' requests are in flight: the server is slow, not down."""
    go_on = anyio.Event()
    backend = StepBackend([go_on, FIVE], [GONE], [go_on, FIVE])
    async with full(backend).run("?", n=3) as run:
        async for event in run:
            if event.type == "trace_failed":
                go_on.set()
    assert run.result.ended_because == "complete"
    assert [trace.outcome for trace in run.result.traces] == ["finished", "failed", "finished"]
