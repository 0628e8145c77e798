"""One trace first, the others at its first token, and never a run that waits for nothing."""

from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import anyio
import pytest

from deepprune_sdk import (
    ConfigurationError,
    FullSampling,
    Limits,
    ParallelReasoner,
    Requests,
    Retries,
    Sampling,
)
from deepprune_sdk.data.types import Chunk, TraceRequest
from deepprune_sdk.errors import BackendError
from deepprune_sdk.live import streams
from deepprune_sdk.live.requests import LONG_PROMPT
from deepprune_sdk.recorder import Problem, RecordingSession
from deepprune_sdk.recording import TraceWriter
from deepprune_sdk.testing import Script, ScriptedBackend

pytestmark = pytest.mark.anyio

FIVE = "2 and 3 make \\boxed{5}"


class Watched(ScriptedBackend):
    """Notes how much had been delivered when each request came."""

    def __init__(
        self, scripts: Sequence[Script | str], *, pace: float = 0.0, shares_prompt: bool = True
    ) -> None:
        super().__init__(scripts, pace=pace)
        self.shares_prompt = shares_prompt
        self.seen: list[tuple[int, int]] = []

    @asynccontextmanager
    async def stream(self, request: TraceRequest) -> AsyncGenerator[AsyncIterator[Chunk]]:
        self.seen.append((request.trace, sum(self.delivered.values())))
        async with super().stream(request) as chunks:
            yield chunks


async def starts(
    backend: Watched, prompt: str = "2 + 3?", *, warm_start: bool | None = None
) -> list[int]:
    reasoner = ParallelReasoner(
        backend,
        policy=FullSampling(),
        requests=Requests(retries=Retries(attempts=1), warm_start=warm_start),
    )
    result = await reasoner.solve(prompt, n=4)
    assert result.answer == "5"
    assert sorted(trace for trace, _ in backend.seen) == [0, 1, 2, 3]
    return [delivered for _, delivered in backend.seen]


async def test_the_others_start_at_the_first_token() -> None:
    first, *others = await starts(Watched([FIVE], pace=0.01), warm_start=True)
    assert first == 0
    assert others == [1, 1, 1]


async def test_without_it_all_start_at_once() -> None:
    assert await starts(Watched([FIVE], pace=0.01), warm_start=False) == [0, 0, 0, 0]


@pytest.mark.parametrize(("length", "others"), [(LONG_PROMPT - 1, 0), (LONG_PROMPT, 1)])
async def test_by_default_a_long_prompt_decides(length: int, others: int) -> None:
    backend = Watched([FIVE], pace=0.01)
    assert (await starts(backend, "?" * length))[1:] == [others] * 3


async def test_a_recording_session_starts_warm_too(tmp_path: Path) -> None:
    """What stands between a session and its backend keeps what the backend can do."""
    backend = Watched([FIVE], pace=0.01)
    with TraceWriter(tmp_path / "a.jsonl") as writer:
        async with RecordingSession(backend, writer, n=4).run(
            Problem(question="?" * LONG_PROMPT)
        ) as run:
            await run.wait()
    assert [delivered for _, delivered in backend.seen] == [0, 1, 1, 1]


async def test_a_recorded_trace_warms_no_server(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    requests = Requests(warm_start=True)
    kept = ParallelReasoner(ScriptedBackend([FIVE]), policy=FullSampling(), record=path)
    await kept.replace(sampling=Sampling(seed=0)).solve("2 + 3?", n=1)

    backend = Watched([FIVE], pace=0.01)
    more = ParallelReasoner(
        backend, policy=FullSampling(), sampling=Sampling(seed=0), requests=requests
    )
    result = await more.solve("2 + 3?", n=4, resume=path)

    assert result.usage.resumed == 5
    assert [delivered for _, delivered in backend.seen] == [0, 1, 1]


async def test_by_default_it_is_not_done_where_slots_compute_the_prompt_for_themselves() -> None:
    backend = Watched([FIVE], pace=0.01, shares_prompt=False)
    assert await starts(backend, "?" * LONG_PROMPT) == [0, 0, 0, 0]


async def test_a_first_trace_that_fails_or_says_nothing_keeps_nobody_waiting() -> None:
    failing = Script("", error=BackendError("gone"))
    assert len(await starts(Watched([failing, FIVE, FIVE, FIVE]), warm_start=True)) == 4
    assert len(await starts(Watched([Script(""), FIVE, FIVE, FIVE]), warm_start=True)) == 4


async def test_a_first_trace_that_is_silent_is_waited_for_so_long(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(streams, "PATIENCE", 0.01)

    class Silent(Watched):
        @asynccontextmanager
        async def stream(self, request: TraceRequest) -> AsyncGenerator[AsyncIterator[Chunk]]:
            async with super().stream(request) as chunks:
                if request.trace == 0:
                    await anyio.sleep(0.2)
                yield chunks

    assert await starts(Silent([FIVE]), warm_start=True)


async def test_stopping_a_run_that_waits_for_warmth_ends_it() -> None:
    backend = Watched([FIVE], pace=3600)
    async with ParallelReasoner(backend, requests=Requests(warm_start=True)).run(
        "2 + 3?", n=4
    ) as run:
        async for event in run:
            if event.type == "trace_started":
                run.stop()
    assert run.result.ended_because == "stopped"
    assert backend.open == 0


async def test_what_is_not_kept_cannot_be_recorded() -> None:
    with pytest.raises(ConfigurationError, match="keep_text=False\\) leaves nothing to record"):
        ParallelReasoner(ScriptedBackend([FIVE]), record="x.jsonl", limits=Limits(keep_text=False))


async def test_a_result_without_texts_is_the_same_otherwise() -> None:
    results = [
        await ParallelReasoner(
            ScriptedBackend([FIVE, "\\boxed{6}"]),
            policy=FullSampling(),
            limits=Limits(keep_text=keep_text),
            sampling=Sampling(seed=1),
        ).solve("2 + 3?", n=3)
        for keep_text in (True, False)
    ]
    texts = {"traces": {"__all__": {"text"}}, "seconds": True}
    assert results[0].model_dump(exclude=texts) == results[1].model_dump(exclude=texts)
    assert [trace.text for trace in results[1].traces] == ["", "", ""]
