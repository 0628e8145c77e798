"""Threads of one process that record to one file, and locks that do not stay."""

from pathlib import Path

import anyio
import pytest
from support.watchdog import all_together

from deepprune_sdk import ConfigurationError, FullSampling, ParallelReasoner, RecordingError
from deepprune_sdk.recorder import Problem, RecordingSession
from deepprune_sdk.recording import TraceReader, TraceWriter
from deepprune_sdk.recording import journal as journals
from deepprune_sdk.testing import ScriptedBackend

FIVE = "w w \\boxed{5}"


def reasoner(path: Path) -> ParallelReasoner:
    return ParallelReasoner(ScriptedBackend([FIVE]), policy=FullSampling(), record=path)


@pytest.mark.parametrize("name", ["traces.jsonl", "traces.jsonl.gz"])
@pytest.mark.parametrize("shared", [True, False])
def test_threads_record_to_one_file(tmp_path: Path, name: str, shared: bool) -> None:
    path = tmp_path / name
    one = reasoner(path)

    def solve(thread: int) -> None:
        mine = one if shared else reasoner(path)
        for number in range(10):
            backend = ("asyncio", "trio")[number % 2]
            question = "?" if number % 3 else f"{thread}?"
            assert anyio.run(mine.solve, question, 3, backend=backend).answer == "5"

    all_together(*[lambda t=t: solve(t) for t in range(9)])
    traces = list(TraceReader(path))
    assert len(traces) == 90 * 3
    assert len({(trace.problem, trace.trace) for trace in traces}) == 90 * 3
    with TraceWriter(path):  # nobody holds its lock
        pass
    assert [file.name for file in tmp_path.iterdir()] == [name]


def test_a_file_is_shared_by_whatever_name_it_goes(tmp_path: Path) -> None:
    (tmp_path / "here").symlink_to(tmp_path)
    first = TraceWriter.shared(tmp_path / "a.jsonl")
    assert TraceWriter.shared(tmp_path / "here" / "a.jsonl") is first
    assert TraceWriter.shared(tmp_path / "b.jsonl") is not first
    other = TraceWriter(tmp_path / "a.jsonl")
    with first, first, pytest.raises(ConfigurationError, match="another recording"):
        other.__enter__()


def test_a_writer_whose_recovery_failed_is_not_locked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "traces.jsonl"
    writer = TraceWriter(path)

    def fail(recording: Path) -> object:
        raise RecordingError(f"{recording}: cannot be written to")

    with monkeypatch.context() as patched:
        patched.setattr("deepprune_sdk.recording.writer.left_behind", fail)
        with pytest.raises(RecordingError):
            writer.__enter__()
    assert not writer.is_open
    with TraceWriter(path), pytest.raises(ConfigurationError, match="another recording"):
        writer.__enter__()
    with writer:
        assert writer.is_open
    assert journals.left_behind is not fail


async def _record(session: RecordingSession, problem: Problem) -> None:
    async with session.run(problem) as run:
        await run.wait()


def test_a_session_whose_writer_is_not_open_says_so_before_anything_is_sampled(
    tmp_path: Path,
) -> None:
    backend, problem = ScriptedBackend([FIVE]), Problem(question="?")
    writer = TraceWriter(tmp_path / "traces.jsonl")
    session = RecordingSession(backend, writer, n=2)
    with pytest.raises(ConfigurationError, match="use the session within `with writer:`"):
        session.missing(problem)
    with pytest.raises(ConfigurationError, match="use the session within `with writer:`"):
        anyio.run(_record, session, problem)
    assert backend.requests == []
    with writer:
        anyio.run(_record, session, problem)
        assert session.missing(problem) == ()
