"""Runs that are not used as they should be: one clear error, never a wait without an end."""

import signal
import threading
from collections.abc import Awaitable, Callable
from pathlib import Path
from types import FrameType
from typing import cast

import anyio
import anyio.to_thread
import pytest
from support.live import StepBackend, never
from support.watchdog import all_together

from deepprune_sdk import ConfigurationError, FullSampling, ParallelReasoner
from deepprune_sdk.data import TraceStarted
from deepprune_sdk.live import Run
from deepprune_sdk.recording import TraceReader, TraceWriter
from deepprune_sdk.testing import ScriptedBackend

pytestmark = pytest.mark.anyio

FIVE = "\\boxed{5}"


def scripted() -> ParallelReasoner:
    return ParallelReasoner(ScriptedBackend([FIVE]), policy=FullSampling())


def endless(n: int = 2) -> tuple[ParallelReasoner, StepBackend]:
    backend = StepBackend(*[["w", never()]] * n)
    return ParallelReasoner(backend, policy=FullSampling()), backend


async def _iterate(run: Run) -> None:
    async for _ in run:
        pass


async def _read(run: Run) -> None:
    _ = run.result


@pytest.mark.parametrize("use", [_iterate, Run.wait, _read, anext])
@pytest.mark.parametrize("watched", [True, False])
async def test_a_run_that_was_not_entered_says_how_it_is(
    use: Callable[[Run], Awaitable[object]], watched: bool
) -> None:
    with pytest.raises(ConfigurationError, match=r"enter it by `async with reasoner.run\(...\)"):
        await use(scripted().run("?", n=1, watched=watched))


async def test_what_needs_no_block_works_without_one() -> None:
    run = scripted().run("?", n=1)
    assert run.snapshot().answer is None
    run.stop("before it began")
    async with run:
        result = await run.wait()
    assert (result.ended_because, result.answer) == ("before it began", None)


def test_a_run_may_be_made_without_a_loop_and_entered_in_any() -> None:
    async def entered(run: Run) -> str | None:
        async with run:
            events = [event async for event in run]
        assert events
        return run.result.answer

    for backend in ("asyncio", "trio"):
        assert anyio.run(entered, scripted().run("?", n=2), backend=backend) == "5"


async def test_a_run_is_entered_once_and_lets_go_of_its_files(tmp_path: Path) -> None:
    path, log = tmp_path / "traces.jsonl", tmp_path / "run.jsonl"
    reasoner = scripted().replace(record=path)
    run = reasoner.run("?", n=2, run_log=log)
    async with run:
        with pytest.raises(ConfigurationError, match="a run is entered once"):
            await run.__aenter__()
        assert (await run.wait()).answer == "5"
    with pytest.raises(ConfigurationError, match="a run is entered once"):
        await run.__aenter__()
    with TraceWriter(path) as writer:  # nobody holds its lock
        assert writer.cut == 0
    assert len(list(TraceReader(path))) == 2
    log.unlink()


async def test_a_run_whose_recording_is_locked_leaves_nothing_open(tmp_path: Path) -> None:
    path = tmp_path / "traces.jsonl"
    reasoner = scripted().replace(record=path)
    with TraceWriter(path), pytest.raises(ConfigurationError, match="another recording"):
        await reasoner.solve("?", n=1)
    assert (await reasoner.solve("?", n=1)).answer == "5"


async def test_two_tasks_cannot_read_the_events_of_one_run() -> None:
    parallel, backend = endless()
    refused: list[ConfigurationError] = []

    async def read(run: Run) -> None:
        try:
            await _iterate(run)
        except ConfigurationError as error:
            refused.append(error)

    async with parallel.run("?", n=2) as run, anyio.create_task_group() as readers:
        readers.start_soon(read, run)
        readers.start_soon(read, run)
        await anyio.wait_all_tasks_blocked()
        assert "read them in one place" in str(refused[0])
        run.stop()  # the first one reads on to the end
    assert len(refused) == 1
    assert backend.open == set()


async def test_an_abandoned_iterator_hinders_nobody() -> None:
    parallel, _ = endless()
    async with parallel.run("?", n=2) as run:
        async for event in run:
            assert isinstance(event, TraceStarted)
            break
        with anyio.move_on_after(0.01):
            while True:
                await anext(run)
        run.stop("enough")
        assert (await run.wait()).ended_because == "enough"
        assert (await run.wait()).ended_because == "enough"
        assert [event async for event in run]


async def test_events_and_the_end_may_be_waited_for_at_once() -> None:
    parallel, _ = endless()
    found: list[str] = []

    async def wait(run: Run) -> None:
        found.append((await run.wait()).ended_because)

    async with parallel.run("?", n=2) as run, anyio.create_task_group() as tasks:
        tasks.start_soon(wait, run)
        tasks.start_soon(wait, run)
        async for event in run:
            if isinstance(event, TraceStarted):
                run.stop("seen")
    assert found == ["seen", "seen"]


async def test_leaving_the_block_wakes_those_that_wait() -> None:
    parallel, _ = endless()
    found: list[str] = []

    async def wait(run: Run) -> None:
        found.append((await run.wait()).ended_because)

    async with anyio.create_task_group() as tasks:
        async with parallel.run("?", n=2) as run:
            tasks.start_soon(wait, run)
            await anyio.wait_all_tasks_blocked()
        assert (await run.wait()).ended_because == "cancelled"
    assert found == ["cancelled"]


async def test_a_block_left_at_once_has_a_result() -> None:
    parallel, _ = endless()
    async with parallel.run("?", n=2) as run:
        pass
    assert (await run.wait()).ended_because == "cancelled"
    assert [event async for event in run]


async def test_an_unwatched_run_is_over_when_its_iteration_is() -> None:
    async with scripted().run("?", n=2, watched=False) as run:
        assert [event async for event in run] == []
        assert run.result.answer == "5"


async def test_stop_and_wait_work_from_another_thread_and_its_loop() -> None:
    parallel, backend = endless()

    async def waits(run: Run) -> str:
        return (await run.wait()).ended_because

    async with parallel.run("?", n=2) as run:
        found: list[str] = []

        def from_outside() -> None:
            with pytest.raises(ConfigurationError, match="the event loop in which it was entered"):
                anyio.run(anext, run)
            run.stop("from a thread")
            found.append(anyio.run(waits, run, backend="trio"))

        thread = threading.Thread(target=from_outside)
        thread.start()
        assert (await run.wait()).ended_because == "from a thread"
        await anyio.to_thread.run_sync(thread.join)
    assert found == ["from a thread"]
    assert backend.open == set()


async def test_a_signal_handler_may_stop_a_run() -> None:
    parallel, _ = endless()
    async with parallel.run("?", n=2) as run:

        def stop(number: int, frame: FrameType | None) -> None:
            run.stop("signal")

        before = signal.signal(signal.SIGUSR1, stop)
        main = threading.main_thread().ident
        assert main is not None
        try:
            await anyio.to_thread.run_sync(signal.pthread_kill, main, signal.SIGUSR1)
            assert (await run.wait()).ended_because == "signal"
        finally:
            signal.signal(signal.SIGUSR1, before)


async def test_an_error_after_the_end_is_not_a_wait() -> None:
    async with scripted().run("?", n=1) as run:
        await run.wait()
    run.stop()
    assert (await run.wait()).answer == "5"
    assert [event async for event in run]
    with pytest.raises(StopAsyncIteration):
        await anext(run)


def test_a_reasoner_serves_one_loop_after_another_and_many_at_once() -> None:
    parallel = scripted()
    for backend in ("asyncio", "trio") * 3:
        assert anyio.run(parallel.solve, "?", 4, backend=backend).answer == "5"

    def ask(backend: str) -> None:
        for _ in range(5):
            assert anyio.run(parallel.solve, "?", 4, backend=backend).answer == "5"

    all_together(*[lambda b=b: ask(b) for b in ("asyncio", "trio") * 4])


async def test_a_run_whose_recording_cannot_be_opened_has_not_begun(tmp_path: Path) -> None:
    run = ParallelReasoner(ScriptedBackend(["\\boxed{5}"]), record=tmp_path).run("?", 2)
    with pytest.raises(ConfigurationError):
        await run.__aenter__()
    run.stop()
    with pytest.raises(ConfigurationError, match="has not begun"):
        await run.wait()


async def test_a_reason_to_stop_is_a_text() -> None:
    run = ParallelReasoner(ScriptedBackend(["\\boxed{5}"])).run("?", 2)
    with pytest.raises(ConfigurationError, match="reason=5"):
        run.stop(cast("str", 5))
