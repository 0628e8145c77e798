"""Live runs that ask a trace for its answer so far, and runs with a deadline."""

import logging
from collections.abc import Sequence

import anyio
import pytest
from support.live import Step, StepBackend, never

from deepprune_sdk import (
    Answers,
    Composed,
    ConfigurationError,
    FullSampling,
    ParallelReasoner,
    Result,
    Sampling,
    SettledVote,
    UnavailableError,
)
from deepprune_sdk.data import Chunk, Usage
from deepprune_sdk.policies import Deadline, ParallelProbe

pytestmark = pytest.mark.anyio

FIVE = "\\boxed{5}"


async def probed(answer: Sequence[Step]) -> tuple[Result, StepBackend]:
    """One trace that is probed at its second token; it ends once the probe's stream is closed."""
    backend = StepBackend(["w", " w", never()], continued={0: answer})
    policy = ParallelProbe(every=2, stable=1)
    parallel = ParallelReasoner(
        backend, policy=policy, sampling=Sampling(temperature=1.0, top_logprobs=5, max_tokens=90)
    )
    async with parallel.run("?", n=1) as run:
        await backend.closed[0].wait()
        await anyio.wait_all_tasks_blocked()
        run.stop()
        result = await run.wait()
    return result, backend


async def test_a_probe_is_a_short_continuation_and_its_tokens_are_reported_apart() -> None:
    report = Usage(prompt=20, generated=2)
    result, backend = await probed(["5", Chunk(pieces=("}",), usage=report)])
    assert (result.answer, result.ended_because) == ("5", "stable")
    (probe,) = (request for request in backend.requests if request.prefix)
    assert probe.prefix == "w w" + Answers().probe
    sampling = probe.sampling
    assert (sampling.temperature, sampling.top_logprobs) == (0.0, 0)
    assert sampling.max_tokens is not None
    assert sampling.max_tokens < 90
    assert result.usage.judge == 22
    assert result.usage.generated == 2
    assert result.traces[0].text == "w w"


async def test_a_probe_without_a_report_is_counted() -> None:
    result, _ = await probed(["5", "}"])
    assert result.usage.judge == 2 + 2
    assert result.usage.estimated


async def test_a_probe_that_fails_says_nothing(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING):
        result, _ = await probed(["5", UnavailableError("gone")])
    assert (result.answer, result.ended_because) == (None, "stopped")
    assert [trace.outcome for trace in result.traces] == ["stopped"]
    assert "trace 0 probe failed: UnavailableError" in caplog.text


async def test_probing_needs_a_backend_that_continues() -> None:
    parallel = ParallelReasoner(StepBackend([FIVE]), policy=ParallelProbe())
    with pytest.raises(ConfigurationError, match="parallel-probe needs a backend that continues"):
        parallel.run("?", n=1)


async def test_a_deadline_ends_the_run_with_what_it_has() -> None:
    policy = Composed(FullSampling(), Deadline(seconds=1e-3), SettledVote())
    backend = StepBackend([FIVE], ["w", never()], [never()])
    result = await ParallelReasoner(backend, policy=policy).solve("?", n=3)
    assert (result.ended_because, result.answer) == ("deadline", "5")
    assert backend.open == set()
