"""What a run writes may fail: it costs the file, and never the result."""

from __future__ import annotations

import errno
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from support.live import StepBackend, never
from support.recordings import read

from deepprune_sdk import (
    DeepPruneError,
    FullSampling,
    ParallelReasoner,
    RecordingError,
    Result,
    RunTimeoutError,
)
from deepprune_sdk.data import Chunk, TraceRequest
from deepprune_sdk.recorder import Problem, RecordingSession
from deepprune_sdk.recording import RecordedTrace, TraceWriter
from deepprune_sdk.testing import Script, ScriptedBackend

pytestmark = pytest.mark.anyio

FIVE = "\\boxed{5}"
LOST = "No space left on device"


class FullDisk(TraceWriter):
    """A recording whose disk is full after some traces, and may have room again."""

    def __init__(self, path: Path, room: int) -> None:
        super().__init__(path)
        self.room = room

    def write(self, trace: RecordedTrace) -> None:
        if not self.room:
            raise RecordingError(f"{self.path}: cannot be written to: {LOST}")
        self.room -= 1
        super().write(trace)


def left_in(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def lost(result: Result | None) -> list[str]:
    assert result is not None
    return [warning for warning in result.warnings if LOST in warning]


async def test_a_log_on_a_full_disk_is_one_warning() -> None:
    """The device takes no byte; how many the log holds back decides when that is noticed."""
    for text in (FIVE, " ".join(f"w{number}" for number in range(5000)) + f" {FIVE}"):
        reasoner = ParallelReasoner(ScriptedBackend([text]), policy=FullSampling())
        result = await reasoner.solve("?", n=2, run_log="/dev/full")
        assert result.answer == "5"
        assert result.ended_because == "complete"
        assert lost(result) == [f"the run log /dev/full is not complete: {LOST}"]


async def test_a_recording_on_a_full_disk_is_one_warning(tmp_path: Path) -> None:
    writer = FullDisk(tmp_path / "a", room=1)
    reasoner = ParallelReasoner(ScriptedBackend([FIVE]), policy=FullSampling(), record=writer)
    result = await reasoner.solve("?", n=3)
    assert result.answer == "5"
    assert [trace.outcome for trace in result.traces] == ["finished"] * 3
    assert lost(result) == [
        f"not everything was recorded: {tmp_path / 'a'}: cannot be written to: {LOST}"
    ]
    assert len(read(writer.path)) == 1
    # What was lost is beside it, and no lock stays.
    with TraceWriter(writer.path) as later:
        assert later.recovered == 2
    assert sorted(each.trace for each in read(writer.path)) == [0, 1, 2]


async def test_a_disk_that_has_room_again_gets_all_traces(tmp_path: Path) -> None:
    writer = FullDisk(tmp_path / "a", room=0)

    def tidy() -> None:
        writer.room = 9

    backend = StepBackend([FIVE], [])
    backend.traces[1] = [FIVE, backend.closed[0], tidy]
    result = await ParallelReasoner(backend, policy=FullSampling(), record=writer).solve("?", n=2)
    assert lost(result) == []
    assert sorted(each.trace for each in read(writer.path)) == [0, 1]
    assert left_in(tmp_path) == ["a"]


async def test_a_disk_that_fails_at_the_end_is_a_warning(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(descriptor: int) -> None:
        raise OSError(errno.ENOSPC, LOST)

    monkeypatch.setattr("os.fsync", fails)
    path = tmp_path / "a"
    result = await ParallelReasoner(ScriptedBackend([FIVE]), record=path).solve("?", n=1)
    assert result.answer == "5"
    assert len(lost(result)) == 1


async def test_without_its_journal_a_recording_is_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(*_: object) -> None:
        raise RecordingError(LOST)

    monkeypatch.setattr("deepprune_sdk.recording.journal.Journal.append", fails)
    monkeypatch.setattr("deepprune_sdk.live.run.FLUSHING", 0.001)
    path = tmp_path / "a"
    backend = ScriptedBackend(["w " * 9 + FIVE], pace=0.002)
    result = await ParallelReasoner(backend, policy=FullSampling(), record=path).solve("?", n=2)
    assert result.warnings == []
    assert len(read(path)) == 2


async def test_a_run_that_is_there_to_be_recorded_ends_with_an_error(tmp_path: Path) -> None:
    backend = StepBackend(["a", FIVE], ["b", never()])
    with FullDisk(tmp_path / "a", room=0) as writer:
        session = RecordingSession(backend, writer, n=2)

        async def use() -> None:
            async with session.run(Problem(question="?")) as run:
                await run.wait()

        with pytest.raises(RecordingError, match=LOST) as raised:
            await use()
    assert raised.value.partial is not None
    assert [trace.answer for trace in raised.value.partial.traces] == ["5", None]
    assert raised.value.partial.ended_because == "failed"


@pytest.mark.parametrize("how", ["timeout", "error"])
async def test_files_that_fail_do_not_replace_an_error(tmp_path: Path, how: str) -> None:
    writer = FullDisk(tmp_path / "a", room=0)
    backend = StepBackend([FIVE], ["b", never()])
    reasoner = ParallelReasoner(backend, policy=FullSampling(), record=writer)
    partial: Result | None = None
    if how == "timeout":
        with pytest.raises(RunTimeoutError) as late:
            await reasoner.solve("?", n=2, timeout=1, run_log="/dev/full")
        partial = late.value.partial
    else:

        async def use() -> None:
            async with reasoner.run("?", n=2, run_log="/dev/full") as run:
                async for event in run:
                    if event.type == "trace_finished":
                        raise ValueError("mine")

        with pytest.raises(ValueError, match="mine") as mine:
            await use()
        partial = getattr(mine.value, "partial", None)
    assert partial is not None
    assert partial.traces[0].answer == "5"
    assert len(lost(partial)) == 2


class ClosesBadly(ScriptedBackend):
    """Every stream fails once it has been read and is closed."""

    @asynccontextmanager
    async def stream(self, request: TraceRequest) -> AsyncGenerator[AsyncIterator[Chunk]]:
        async with super().stream(request) as chunks:
            yield chunks
            raise OSError(errno.ECONNRESET, "Connection reset by peer")


@pytest.mark.parametrize("text", [FIVE, ""])
async def test_a_trace_that_is_complete_survives_the_closing_of_its_stream(text: str) -> None:
    backend = ClosesBadly([Script(text)])
    result = await ParallelReasoner(backend, policy=FullSampling()).solve("?", n=2)
    assert [(trace.outcome, trace.finish) for trace in result.traces] == [("finished", "stop")] * 2
    assert len(backend.requests) == 2


class NoRoomError(DeepPruneError):
    """An error that takes no attribute."""

    def __setattr__(self, name: str, value: object) -> None:
        raise ValueError(name)


async def test_an_error_without_room_for_what_was_found_passes_as_it_is() -> None:
    reasoner = ParallelReasoner(ScriptedBackend([FIVE]))

    async def use() -> None:
        async with reasoner.run("?", n=1) as run:
            await run.wait()
            raise NoRoomError

    with pytest.raises(NoRoomError):
        await use()
