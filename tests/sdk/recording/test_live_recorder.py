"""A live run that records itself."""

from __future__ import annotations

import math
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import anyio
import pytest
from support.recordings import numbers, read, trace

from deepprune_sdk import (
    Checkpoints,
    ConfigurationError,
    DeepPrune,
    DeepPruneError,
    FullSampling,
    ParallelReasoner,
    RecordingError,
    Requests,
    Retries,
    Sampling,
    UnavailableError,
)
from deepprune_sdk.answers import Answers
from deepprune_sdk.data import Chunk, TraceRequest
from deepprune_sdk.data.signals import Arrived, Ended
from deepprune_sdk.engine import Engine
from deepprune_sdk.policies import RunSetup
from deepprune_sdk.recording import TraceWriter
from deepprune_sdk.recording.live_recorder import TraceRecorder
from deepprune_sdk.recording.naming import RecordAs, problem_name
from deepprune_sdk.testing import Script, ScriptedBackend, ScriptedJudge

pytestmark = pytest.mark.anyio

ALIKE = DeepPrune(checkpoints=Checkpoints.tokens(4))
SURE = ScriptedJudge(lambda pair: 0.1 if "77" in pair.left.text + pair.right.text else 0.9)


def long(number: int) -> str:
    return " ".join(f"word{position}of{number}" for position in range(20)) + " \\boxed{5}"


async def test_every_trace_is_recorded_closed_ones_with_what_they_had(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl.gz"
    scripts = [
        Script(long(0)),
        Script(long(1)),
        Script("one two", error=UnavailableError("gone"), error_at=1),
        Script("77 it is, so \\boxed{77}"),
    ]
    reasoner = ParallelReasoner(
        ScriptedBackend(scripts),
        judge=SURE,
        policy=ALIKE,
        sampling=Sampling(temperature=0.5, max_tokens=21, seed=40),
        record=path,
    )

    result = await reasoner.solve("What is 2 + 3?", n=4)

    recorded = {each.trace: each for each in read(path)}
    # Which of the two that are alike comes first is the event loop's choice.
    kept, closed = sorted((0, 1), key=lambda number: recorded[number].finish != "stop")
    finishes = {number: each.finish for number, each in recorded.items()}
    assert finishes == {kept: "stop", closed: "pruned", 2: "failed", 3: "stop"}
    assert {each.trace: each.text for each in result.traces} == {
        number: each.text for number, each in recorded.items()
    }
    assert recorded[closed].tokens < recorded[kept].tokens
    first = recorded[kept]
    assert (first.model, first.question, first.gold) == ("scripted", "What is 2 + 3?", None)
    assert first.problem == problem_name("What is 2 + 3?")
    assert first.sampling == {"temperature": 0.5, "max_tokens": 21, "seed": 40 + kept}
    assert recorded[3].sampling["seed"] == 43
    assert first.t is not None
    assert list(first.t) == sorted(first.t)
    assert first.confidence is None


async def test_a_limit_is_told_from_an_end(tmp_path: Path) -> None:
    reasoner = ParallelReasoner(
        ScriptedBackend([long(0), "\\boxed{5}"]),
        policy=FullSampling(),
        sampling=Sampling(max_tokens=5),
        record=tmp_path / "a",
    )

    await reasoner.solve("q", n=2)

    assert [(each.trace, each.finish) for each in read(tmp_path / "a")] == [
        (1, "stop"),
        (0, "length"),
    ]


async def test_a_run_that_is_left_records_what_was_there(tmp_path: Path) -> None:
    path = tmp_path / "a"
    backend = ScriptedBackend(["\\boxed{5}", long(0)], pace=0.001)
    async with ParallelReasoner(backend, policy=FullSampling(), record=path).run("q", n=2) as run:
        async for event in run:
            if event.type == "trace_finished":
                assert numbers(path) == [(problem_name("q"), 0)]  # before the run is over
                break

    assert sorted((each.trace, each.finish) for each in read(path))[0] == (0, "stop")
    assert {each.finish for each in read(path) if each.trace == 1} <= {"stopped"}


async def test_a_run_that_is_stopped_records_its_open_traces_as_stopped(tmp_path: Path) -> None:
    path = tmp_path / "a"
    backend = ScriptedBackend([long(0)], pace=0.001)
    async with ParallelReasoner(backend, policy=FullSampling(), record=path).run("q", n=2) as run:
        async for event in run:
            if event.type == "trace_progress" and event.tokens >= 2:
                run.stop()

    assert {each.finish for each in read(path)} == {"stopped"}


async def test_shadow_mode_records_full_traces(tmp_path: Path) -> None:
    path = tmp_path / "a"
    reasoner = ParallelReasoner(
        ScriptedBackend([long(0), long(1)]), judge=SURE, policy=ALIKE, shadow=True, record=path
    )

    result = await reasoner.solve("q", n=2)

    assert result.shadow is not None
    assert result.shadow.closings == 1
    assert [(each.finish, each.tokens) for each in read(path)] == [("stop", 21), ("stop", 21)]


class InOrder(ScriptedBackend):
    """Trace 1 begins when trace 0 has passed its checkpoint."""

    def __init__(self, scripts: Sequence[str]) -> None:
        super().__init__(scripts, continues_prefix=True)
        self._passed = anyio.Event()

    @asynccontextmanager
    async def stream(self, request: TraceRequest) -> AsyncGenerator[AsyncIterator[Chunk]]:
        if request.trace == 1:
            await self._passed.wait()
        async with super().stream(request) as chunks:
            yield self._counted(chunks)

    async def _counted(self, chunks: AsyncIterator[Chunk]) -> AsyncIterator[Chunk]:
        count = 0
        async for chunk in chunks:
            yield chunk
            count += 1
            if count == 6:
                self._passed.set()


async def test_a_trace_that_is_continued_is_recorded_once(tmp_path: Path) -> None:
    """The representative ends without an answer, so the closed trace goes on."""
    path = tmp_path / "a"
    scripts = [" ".join(["no"] * 200), long(1)]
    backend = InOrder(scripts)
    reasoner = ParallelReasoner(
        backend,
        judge=SURE,
        policy=ALIKE,
        answers=lambda text: "5" if "boxed" in text else None,
        record=path,
    )

    result = await reasoner.solve("q", n=2)

    assert len(backend.requests) == 3
    assert result.answer == "5"
    one = next(each for each in read(path) if each.trace == 1)
    assert len(read(path)) == 2
    assert (one.text, one.finish) == (long(1), "stop")
    assert one.t is not None


async def test_runs_of_one_question_number_on_and_may_run_at_once(tmp_path: Path) -> None:
    path = tmp_path / "a"
    reasoner = ParallelReasoner(
        ScriptedBackend(["\\boxed{5}"], pace=0.001), policy=FullSampling(), record=path
    )

    await reasoner.solve_many(["q", "q", "r"], n=2)
    await reasoner.solve("q", n=2)

    question, other = problem_name("q"), problem_name("r")
    assert numbers(path) == sorted([(question, n) for n in range(6)] + [(other, 0), (other, 1)])


async def test_a_run_is_recorded_under_the_names_it_is_given(tmp_path: Path) -> None:
    with TraceWriter(tmp_path / "a") as writer:
        reasoner = ParallelReasoner(
            ScriptedBackend(["\\boxed{5}"]),
            policy=FullSampling(),
            sampling=Sampling(seed=100),
            record=writer,
        )
        name = RecordAs(
            problem="p", question="short", gold="5", instruction="Think.", numbers=(7, 3)
        )
        await reasoner.solve("short\nThink.", n=2, record_as=name)

    recorded = {each.trace: each for each in read(tmp_path / "a")}
    assert sorted(recorded) == [3, 7]
    assert [recorded[number].sampling["seed"] for number in (3, 7)] == [103, 107]
    assert recorded[7].question == "short"
    assert (recorded[7].gold, recorded[7].instruction) == ("5", "Think.")


async def test_each_trace_needs_its_number(tmp_path: Path) -> None:
    reasoner = ParallelReasoner(ScriptedBackend(["\\boxed{5}"]), record=tmp_path / "a")

    with pytest.raises(ConfigurationError, match="n=3, but 2 numbers"):
        await reasoner.solve("q", n=3, record_as=RecordAs(numbers=(4, 5)))


class Detailed:
    """A backend that gives log-probabilities, reasoning, and one trace without any text."""

    model = "detailed"
    concurrency = None

    @asynccontextmanager
    async def stream(self, request: TraceRequest) -> AsyncGenerator[AsyncIterator[Chunk]]:
        yield self._chunks(request.trace)

    async def _chunks(self, number: int) -> AsyncIterator[Chunk]:
        if number == 0:
            yield Chunk(
                pieces=("hm", "m"),
                reasoning=True,
                confidences=(math.inf, 1.23456),
                logprobs=(-math.inf, -0.00001),
            )
            yield Chunk(pieces=("5",), confidences=(2.0,), logprobs=(-1.0,))
        if number == 2:
            yield Chunk(pieces=("a",), confidences=(math.nan,), logprobs=(-1.0,))
            yield Chunk(pieces=("b",), confidences=(1.0,))
        yield Chunk(finish="stop")


async def test_confidences_reasoning_and_traces_without_text(tmp_path: Path) -> None:
    path = tmp_path / "a"
    sampling = Sampling(top_logprobs=20, temperature=0.0, send_seed=False)
    reasoner = ParallelReasoner(Detailed(), policy=FullSampling(), sampling=sampling, record=path)

    await reasoner.solve("q", n=3)

    full, empty, partly = sorted(read(path), key=lambda each: each.trace)
    assert full.reasoning == 2
    assert full.answer_text == "5"
    assert full.confidence == (9999.0, 1.2346, 2.0)
    assert full.logprob == (-9999.0, 0.0, -1.0)
    assert full.sampling == {"temperature": 0.0, "top_logprobs": 20}
    assert (empty.pieces, empty.finish) == (("",), "stop")
    assert partly.confidence is None
    assert partly.logprob is None


async def test_traces_that_never_began_are_not_recorded(tmp_path: Path) -> None:
    path = tmp_path / "a"
    scripts = [Script("x", error=UnavailableError("gone")), "\\boxed{5}"]

    reasoner = ParallelReasoner(
        ScriptedBackend(scripts),
        policy=FullSampling(),
        requests=Requests(retries=Retries(attempts=1)),
        record=path,
    )
    await reasoner.solve("q", n=2)

    assert numbers(path) == [(problem_name("q"), 1)]


async def test_a_file_that_cannot_be_written_costs_no_token(tmp_path: Path) -> None:
    backend = ScriptedBackend(["\\boxed{5}"])
    (tmp_path / "notes").write_text("my notes")

    with pytest.raises(RecordingError, match="notes: its end is damaged"):
        await ParallelReasoner(backend, record=tmp_path / "notes").solve("q", n=2)
    with TraceWriter(tmp_path / "a"), pytest.raises(ConfigurationError, match="being written"):
        await ParallelReasoner(backend, record=tmp_path / "a").solve("q", n=2)
    assert backend.requests == []


async def test_a_trace_that_cannot_be_recorded_is_a_warning(tmp_path: Path) -> None:
    with TraceWriter(tmp_path / "a") as writer:
        writer.write(trace(1, model="scripted", problem="p"))
        name = RecordAs(problem="p", numbers=(1, 2))
        backend = ScriptedBackend([long(0), "\\boxed{5}"], pace=0.001)  # trace 1 says the second
        reasoner = ParallelReasoner(backend, policy=FullSampling(), record=writer)

        result = await reasoner.solve("q", n=2, record_as=name)

    assert result.traces[0].text == "\\boxed{5}"
    (warning,) = (each for each in result.warnings if "recorded" in each)
    assert warning.startswith("not everything was recorded: ")
    assert warning.endswith("a: trace 1 of problem 'p' is recorded already")
    assert {each.trace for each in read(tmp_path / "a")} == {1, 2}


async def test_a_cancelled_solve_records_what_was_there(tmp_path: Path) -> None:
    backend = ScriptedBackend(["\\boxed{5}", long(0)])

    async def never() -> None:
        await anyio.sleep_forever()

    with anyio.CancelScope() as scope:
        async with ParallelReasoner(backend, policy=FullSampling(), record=tmp_path / "a").run(
            "q", n=2
        ) as run:
            await run.wait()
            scope.cancel()
            await never()
    assert len(read(tmp_path / "a")) == 2


def ticking() -> Callable[[], float]:
    seconds = iter(range(1000))
    return lambda: float(next(seconds))


def test_arrival_times_count_from_the_request(tmp_path: Path) -> None:
    engine = Engine(FullSampling(), RunSetup(n=1, seed=0, question="q"), Answers())
    writer = TraceWriter(tmp_path / "a")
    recorder = TraceRecorder(writer, engine, model="m", sampling=Sampling(), clock=ticking())
    recorder.open()
    recorder.report(None, engine.begin())
    for signal in (
        Arrived(trace=0, chunk=Chunk(pieces=("a", "b"))),
        Arrived(trace=0, chunk=Chunk()),
        Arrived(trace=0, chunk=Chunk(pieces=("c",))),
        Ended(trace=0, finish="stop"),
    ):
        recorder.report(signal, engine.handle(signal))
    recorder.close()
    recorder.close()

    (one,) = read(tmp_path / "a")
    assert one.t == (1.0, 1.0, 3.0)


def test_a_recorder_that_never_opened_closes_quietly(tmp_path: Path) -> None:
    engine = Engine(FullSampling(), RunSetup(n=1, seed=0, question="q"), Answers())
    TraceRecorder(TraceWriter(tmp_path / "a"), engine, model="m", sampling=Sampling()).close()

    assert not (tmp_path / "a").exists()


async def test_recording_keeps_errors_of_the_run(tmp_path: Path) -> None:
    scripts = [Script("x", error=UnavailableError("gone"))]
    reasoner = ParallelReasoner(
        ScriptedBackend(scripts),
        requests=Requests(retries=Retries(attempts=1)),
        record=tmp_path / "a",
    )

    with pytest.raises(DeepPruneError, match="gone"):
        await reasoner.solve("q", n=2)
    assert read(tmp_path / "a") == []
