"""What was generated once is not lost by a crash and not paid for twice."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import anyio
import anyio.to_thread
import pytest
from support.live import StepBackend, never
from support.places import SUPPORT
from support.recordings import read, record, save, trace

from deepprune_sdk import (
    Answers,
    AuthenticationError,
    BackendError,
    ConfigurationError,
    FullSampling,
    ParallelReasoner,
    RecordingError,
    Requests,
    Retries,
    Sampling,
    UnavailableError,
)
from deepprune_sdk.data.messages import to_messages
from deepprune_sdk.data.signals import Arrived, Ended, Signal, Start
from deepprune_sdk.data.types import Chunk, Usage
from deepprune_sdk.engine import Engine
from deepprune_sdk.live.requests import RequestPlan
from deepprune_sdk.live.streams import Streams
from deepprune_sdk.live.throttle import Throttle
from deepprune_sdk.policies import RunSetup
from deepprune_sdk.recording import RecordedTrace, TraceWriter
from deepprune_sdk.recording.journal import Journal, left_behind
from deepprune_sdk.recording.naming import RecordAs, problem_name
from deepprune_sdk.recording.resume import recorded_chunks
from deepprune_sdk.testing import Script, ScriptedBackend

pytestmark = pytest.mark.anyio

FIVE = "\\boxed{5}"
QUESTION = "What is 2 + 3?"


def recorded(number: int, **changes: Any) -> dict[str, Any]:
    sampling = {"temperature": 0.8, "seed": 40 + number}
    return record(
        problem=problem_name(QUESTION), model="steps", trace=number, sampling=sampling, **changes
    )


def full(backend: StepBackend, **options: Any) -> ParallelReasoner:
    return ParallelReasoner(backend, policy=FullSampling(), **options)


# --- resume ------------------------------------------------------------------------------------


async def test_finished_traces_are_taken_up_and_the_rest_generated(tmp_path: Path) -> None:
    path = tmp_path / "r.jsonl"
    half = {"trace": 7, "pieces": ["half"], "finish": "pruned"}
    save(path, [recorded(0), recorded(2, reasoning=1), {**recorded(7), **half}])
    backend = StepBackend(*[["new ", FIVE]] * 4)
    reasoner = full(backend, record=path, sampling=Sampling(seed=40))
    result = await reasoner.solve(QUESTION, n=4, resume=path)
    asked = sorted((request.trace, request.seed) for request in backend.requests)
    assert asked == [(1, 41), (3, 43)]
    old = "2 + 3 = \\boxed{5}"
    assert [each.text for each in result.traces] == [old, "new " + FIVE, old, "new " + FIVE]
    assert result.tally["5"].observed == 4
    assert (result.usage.generated, result.usage.resumed) == (6 + 4, 6)
    # What was there is not recorded again.
    assert sorted(each.trace for each in read(path)) == [0, 2, 7, 9, 11]


async def test_a_trace_that_is_taken_up_has_its_recorded_answer(tmp_path: Path) -> None:
    answers: list[dict[str, Any]] = [{"answer": "7"}, {"answer": None}, {}]
    path = save(tmp_path / "r", [recorded(n, **fields) for n, fields in enumerate(answers)])
    reasoner = full(StepBackend([], [], []), sampling=Sampling(seed=40))
    result = await reasoner.solve(QUESTION, n=3, resume=path)
    assert [each.answer for each in result.traces] == ["7", None, "5"]


async def test_a_run_can_be_repeated_until_it_is_done(tmp_path: Path) -> None:
    path = tmp_path / "r.jsonl"
    first = StepBackend([FIVE], [])
    with anyio.CancelScope() as scope:
        first.traces[1] = ["w", first.closed[0], scope.cancel, never()]
        await full(first, record=path).solve(QUESTION, n=2, resume=path)
    assert scope.cancelled_caught
    second = StepBackend([FIVE], [FIVE])
    result = await full(second, record=path).solve(QUESTION, n=2, resume=path)
    assert len(second.requests) == 1
    assert (result.answer, result.usage.resumed) == ("5", 1)
    third = StepBackend()
    result = await full(third, record=path).solve(QUESTION, n=2, resume=path)
    assert (third.requests, result.tally["5"].observed) == ([], 2)
    assert not result.usage.estimated


async def test_more_than_n_are_not_taken(tmp_path: Path) -> None:
    path = save(tmp_path / "r.jsonl", [recorded(number) for number in range(5)])
    result = await full(StepBackend()).solve(QUESTION, n=3, resume=path)
    assert len(result.traces) == 3


async def test_other_models_and_problems_are_left_alone(tmp_path: Path) -> None:
    path = save(tmp_path / "r.jsonl", [record(), {**recorded(0), "model": "other"}])
    backend = StepBackend([FIVE])
    await full(backend).solve(QUESTION, n=1, resume=path)
    assert len(backend.requests) == 1


async def test_traces_that_were_sampled_otherwise_do_not_mix(tmp_path: Path) -> None:
    path = save(tmp_path / "r.jsonl", [recorded(0)])
    reasoner = full(StepBackend([FIVE]), sampling=Sampling(temperature=0.2))
    with pytest.raises(ConfigurationError, match=r"temperature .* was 0.8 and is now 0.2"):
        await reasoner.solve(QUESTION, n=1, resume=path)


@pytest.mark.parametrize(
    ("prefix", "expected"),
    [
        ("", [(("t", "h"), True), (("w", "v"), False)]),
        ("t", [(("h",), True), (("w", "v"), False)]),
        ("thw", [(("v",), False)]),
        ("thwv", []),
    ],
)
def test_a_recorded_trace_continues_where_a_policy_had_closed_it(
    prefix: str, expected: list[tuple[tuple[str, ...], bool]]
) -> None:
    """Its pieces, those of the reasoning apart, without those that its prefix has already."""
    kept = trace(0, pieces=("t", "h", "w", "v"), reasoning=2, confidence=(1.0,) * 4)
    chunks = list(recorded_chunks(kept, prefix))
    assert [(chunk.pieces, chunk.reasoning) for chunk in chunks[:-1]] == expected
    assert all(len(chunk.confidences or ()) == len(chunk.pieces) for chunk in chunks[:-1])
    assert chunks[-1].finish == "stop"
    assert chunks[-1].usage == Usage(generated=4 - len(prefix))


@pytest.mark.parametrize(("prefix", "asked"), [("", 0), ("2 + 3", 0), ("something else", 1)])
async def test_what_a_recording_does_not_say_is_asked_of_the_backend(
    prefix: str, asked: int
) -> None:
    backend = StepBackend([], continued={0: [FIVE]})
    setup = RunSetup(n=1, seed=0, question=QUESTION, resumed=(0,))
    engine = Engine(FullSampling(), setup, Answers())
    (start,) = engine.begin()
    assert isinstance(start, Start)
    told: list[Signal] = []
    plan = RequestPlan(
        backend=backend,
        messages=to_messages(QUESTION),
        sampling=Sampling(),
        retries=Retries(),
        throttle=Throttle(),
        recorded={0: trace(0, pieces=("2 + 3", " is 5"))},
    )
    streams = Streams(engine, plan, tell=lambda signals, _: told.extend(signals), run_id="r")
    async with anyio.create_task_group() as tasks:
        streams.open(replace(start, prefix=prefix), tasks)
    assert len(backend.requests) == asked
    assert told[-1] == Ended(trace=0)
    text = "".join("".join(s.chunk.pieces) for s in told if isinstance(s, Arrived))
    assert text == (FIVE if asked else "2 + 3 is 5".removeprefix(prefix))


@pytest.mark.parametrize("concurrency", [None, 1, 2])
@pytest.mark.parametrize("error", [UnavailableError("down"), AuthenticationError("no key")])
@pytest.mark.parametrize("places", [range(6), range(2, 8)])
async def test_what_is_recorded_is_not_lost_with_the_server(
    tmp_path: Path, places: range, error: BackendError, concurrency: int | None
) -> None:
    sampling = {"temperature": 0.8}
    kept = [
        record(model="scripted", problem="p", trace=i, answer="5", sampling=sampling | {"seed": i})
        for i in places
    ]
    save(tmp_path / "r.jsonl", kept)
    reasoner = ParallelReasoner(
        ScriptedBackend([Script("x", error=error)]),
        policy=FullSampling(),
        sampling=Sampling(seed=0),
        requests=Requests(concurrency=concurrency, retries=Retries(attempts=1)),
    )
    result = await reasoner.solve(
        "q", 8, resume=tmp_path / "r.jsonl", record_as=RecordAs(problem="p")
    )
    assert result.answer == "5"
    assert [t.outcome for t in result.traces] == [
        "finished" if place in places else "failed" for place in range(8)
    ]


# --- the journal ------------------------------------------------------------------------------


async def appearing(folder: Path, lines: int = 2) -> Path:
    """Wait for a journal of so many lines."""

    def wait() -> Path:
        while True:
            for path in folder.glob("*.part"):
                if path.read_bytes().count(b"\n") >= lines:
                    return path
            time.sleep(0.01)

    with anyio.fail_after(60):
        return await anyio.to_thread.run_sync(wait, abandon_on_cancel=True)


async def test_a_journal_is_kept_beside_a_recording_while_a_run_goes_on(tmp_path: Path) -> None:
    path = tmp_path / "r.jsonl"
    text = Chunk(pieces=("a", "\ud83d"), confidences=(1.0, 2.0), logprobs=(-1.0, float("nan")))
    more = anyio.Event()
    backend = StepBackend([text, more, "b", never()], [FIVE])
    run = full(backend, record=path).run(QUESTION, n=2)
    async with run:
        async for event in run:
            if event.type == "trace_finished":
                break
        journal = await appearing(tmp_path)
        lines = [json.loads(line) for line in journal.read_text().splitlines()]
        assert lines[0]["schema"] == "deepprune-part/1"
        assert [(line["trace"], line["pieces"]) for line in lines[1:]] == [(0, ["a", "\ud83d"])]
        assert list(left_behind(path)) == []  # the run is alive
        copied = journal.with_name("copy.jsonl.0123abcd.part")
        copied.write_bytes(journal.read_bytes())
        copied.with_name("copy.jsonl").touch()
        left = next(left_behind(tmp_path / "copy.jsonl"))
        left.close(remove=True)
        assert not copied.exists()
        assert left.traces[0].confidence == (1.0, 2.0)
        assert left.traces[0].logprob is None
        assert left.traces[0].t is not None
        more.set()
        await appearing(tmp_path, lines=3)
    assert not journal.exists()
    assert [(each.trace, each.text, each.finish) for each in read(path)] == [
        (1, FIVE, "stop"),
        (0, "a\ufffdb", "stopped"),
    ]


PROGRAM = """
import anyio, sys
from support.live import StepBackend, never
from deepprune_sdk import FullSampling, ParallelReasoner

backend = StepBackend(["done \\\\boxed{5}"], ["first", " second", never()])
reasoner = ParallelReasoner(backend, policy=FullSampling(), record=sys.argv[1])
anyio.run(reasoner.solve, "What is 2 + 3?", 2)
"""


@pytest.mark.parametrize("name", ["r.jsonl", "r[1].jsonl.gz"])
def test_a_killed_process_loses_no_text_that_was_kept(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    support = str(SUPPORT.parent)
    with subprocess.Popen(
        [sys.executable, "-c", PROGRAM, str(path)], env={**os.environ, "PYTHONPATH": support}
    ) as process:
        journal = anyio.run(appearing, tmp_path)
        process.send_signal(signal.SIGKILL)
    with journal.open("ab") as file:
        file.write(b'{"trace": 1, "pie')  # a line that was being written
    with TraceWriter(path) as writer:
        assert writer.recovered == 1
    assert not list(tmp_path.glob("*.part"))
    assert [(each.trace, each.text, each.finish) for each in read(path)] == [
        (0, "done \\boxed{5}", "stop"),
        (1, "first second", "stopped"),
    ]


def test_what_is_recorded_already_is_not_taken_over(tmp_path: Path) -> None:
    path = tmp_path / "r.jsonl"
    with TraceWriter(path) as writer:
        writer.write(trace(0))
    journal = Journal(path, {"problem": "sum", "question": "?", "model": "small"})
    journal.append(0, {"pieces": ["x"]})
    journal.append(1, {"pieces": ["y"], "reasoning": 1})
    journal.close(remove=False)
    with TraceWriter(path) as writer:
        assert writer.recovered == 1
    assert not journal.path.exists()
    assert [(each.trace, each.reasoning) for each in read(path)] == [(0, 0), (1, 1)]


HEADER = b'{"schema": "deepprune-part/1", "problem": "p", "question": "q", "model": "m"}\n'
LINE = b'{"trace": 0, "pieces": ["x"]}\n'
DEEP = b"[" * 200_000 + b"]" * 200_000 + b"\n"


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"[]\n",
        b'{"schema": "other"}\n',
        b'{"a": 1}\n{"b": 2}\n',
        b'"text"\n',
        DEEP,
        HEADER[:40],
    ],
    ids=["empty", "list", "other", "objects", "string", "deep", "torn"],
)
def test_a_file_of_a_journals_name_that_is_not_one_is_left_alone(
    tmp_path: Path, content: bytes
) -> None:
    part = tmp_path / "r.jsonl.0123abcd.part"
    part.write_bytes(content)
    with TraceWriter(tmp_path / "r.jsonl") as writer:
        assert writer.recovered == 0
    assert part.read_bytes() == content


@pytest.mark.parametrize(
    "name",
    [
        "r.jsonl.notes.part",
        "r.jsonl.gz.0123abcd.part",
        "r.jsonl.backup.0123abcd.part",
        "r.jsonl.0123ABCD.part",
        "r.jsonl.0123abcd.part.part",
        "rxjsonl.0123abcd.part",
    ],
)
def test_the_journal_of_another_recording_is_left_alone(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_bytes(HEADER + LINE)
    with TraceWriter(tmp_path / "r.jsonl") as writer:
        assert writer.recovered == 0
    assert (tmp_path / name).read_bytes() == HEADER + LINE


@pytest.mark.parametrize(
    "line",
    [
        DEEP,
        b'"text"\n',
        b'{"trace": "0", "pieces": ["y"]}\n',
        b'{"trace": 1, "pieces": 5}\n',
        b'{"trace": 1, "pieces": [5]}\n',
        b'{"trace": -1, "pieces": ["y"]}\n',
        b'{"trace": 1, "model": 5, "pieces": ["y"]}\n',
    ],
)
def test_a_damaged_journal_gives_what_is_sound_and_is_kept(tmp_path: Path, line: bytes) -> None:
    """Until now it kept the recording from being opened, or went with what could not be read."""
    part = tmp_path / "r.jsonl.0123abcd.part"
    part.write_bytes(HEADER + LINE + line)
    for recovered in (1, 0):  # and is not taken over twice
        with TraceWriter(tmp_path / "r.jsonl") as writer:
            assert writer.recovered == recovered
    assert part.exists()
    assert [(each.trace, each.text) for each in read(tmp_path / "r.jsonl")] == [(0, "x")]


def test_only_a_plain_file_is_a_journal(tmp_path: Path) -> None:
    other = tmp_path / "other"
    other.write_bytes(HEADER + LINE)
    for number, make in enumerate((Path.mkdir, os.mkfifo)):
        make(tmp_path / f"r.jsonl.0000000{number}.part")
    (tmp_path / "r.jsonl.00000002.part").symlink_to(other)
    with TraceWriter(tmp_path / "r.jsonl") as writer:
        assert writer.recovered == 0
    assert len(list(tmp_path.iterdir())) == 5
    assert other.read_bytes() == HEADER + LINE


def test_a_journal_that_another_user_has_put_there_is_left_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "r.jsonl.0123abcd.part").write_bytes(HEADER + LINE)
    real = os.fstat
    changed = os.getuid() + 1

    def fstat(descriptor: int) -> os.stat_result:
        status = real(descriptor)
        return os.stat_result((*status[:4], changed, *status[5:10]))

    (tmp_path / "r.jsonl").touch()
    monkeypatch.setattr("deepprune_sdk.recording.journal.os.fstat", fstat)
    assert list(left_behind(tmp_path / "r.jsonl")) == []


def test_a_recovery_that_fails_leaves_no_lock_and_the_journal(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "r.jsonl"
    (tmp_path / "r.jsonl.0123abcd.part").write_bytes(HEADER + LINE)
    writer = TraceWriter(path)
    with monkeypatch.context() as patch:

        def full(_trace: RecordedTrace) -> None:
            raise RecordingError("No space left on device")

        patch.setattr(writer, "write", full)
        with pytest.raises(RecordingError, match="No space left"):
            writer.__enter__()
    for again in (TraceWriter(path), writer):
        with again:
            pass
    assert [(each.trace, each.text) for each in read(path)] == [(0, "x")]


def test_a_journal_that_cannot_be_written_is_an_error(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "none" / "r.jsonl", {})
    with pytest.raises(RecordingError, match="cannot be written"):
        journal.append(0, {"pieces": ["x"]})
    journal.close(remove=True)
