"""Solving from code that is not async: from any thread, in a running loop, interrupted, forked."""

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from contextvars import ContextVar
from inspect import signature
from pathlib import Path

import anyio
import pytest
import trio
from support.watchdog import all_together

from deepprune_sdk import (
    AllTracesFailedError,
    ConfigurationError,
    FullSampling,
    FunctionAnswers,
    ParallelReasoner,
    RunTimeoutError,
    Sampling,
)
from deepprune_sdk.data import Prompt
from deepprune_sdk.results import Result
from deepprune_sdk.testing import Script, ScriptedBackend

FIVE = "w w \\boxed{5}"


def reasoner(*scripts: Script | str, pace: float = 0.0) -> ParallelReasoner:
    backend = ScriptedBackend(scripts or (FIVE,), pace=pace)
    return ParallelReasoner(backend, policy=FullSampling())


def test_a_sync_call_has_the_parameters_and_the_result_of_the_async_one() -> None:
    parallel = reasoner().replace(sampling=Sampling(seed=1))
    assert signature(parallel.solve_sync) == signature(parallel.solve)
    assert signature(parallel.solve_many_sync) == signature(parallel.solve_many)
    result = parallel.solve_sync("?", n=3)
    assert result.answer == anyio.run(parallel.solve, "?", 3).answer == "5"
    assert [r.answer for r in parallel.solve_many_sync(["a", "b"], n=2, concurrency=1)] == ["5"] * 2


def test_errors_come_as_they_are() -> None:
    from deepprune_sdk import BackendError

    with pytest.raises(ConfigurationError, match="n=0"):
        reasoner().solve_sync("?", n=0)
    with pytest.raises(AllTracesFailedError):
        reasoner(Script(FIVE, error=BackendError("down"))).solve_sync("?", n=2)
    with pytest.raises(RunTimeoutError) as caught:
        reasoner(pace=60.0).solve_sync("?", n=2, timeout=0.01)
    assert caught.value.partial is not None


@pytest.mark.parametrize("run", [asyncio.run, trio.run])
def test_it_works_inside_a_running_loop(run: Callable[..., Result]) -> None:
    async def cell() -> Result:  # as in a notebook
        return reasoner().solve_sync("?", n=3)

    def from_a_sync_view() -> None:
        assert run(cell).answer == "5" if run is trio.run else run(cell()).answer == "5"

    all_together(from_a_sync_view)


def test_it_works_in_many_threads_at_once_and_within_itself() -> None:
    inner = reasoner()

    def read(text: str) -> str | None:  # an extractor that solves something itself
        return inner.solve_sync("inner?", n=1).answer

    outer = ParallelReasoner(
        ScriptedBackend([FIVE]), answers=FunctionAnswers(read), policy=FullSampling()
    )

    def use() -> None:
        assert outer.solve_sync("?", n=2).answer == "5"

    all_together(*[use] * 8)


def test_a_subclass_and_the_context_of_the_caller_are_kept() -> None:
    who: ContextVar[str] = ContextVar("who")

    class Polite(ParallelReasoner):
        async def solve(self, prompt: Prompt, *args: int, **options: object) -> Result:  # pyright: ignore[reportIncompatibleMethodOverride]
            return await super().solve(f"{who.get()} asks: {prompt}", *args)

    backend = ScriptedBackend([FIVE])
    who.set("Ada")
    Polite(backend, policy=FullSampling()).solve_sync("?", n=1)
    assert backend.requests[0].messages[0].content.startswith("Ada asks: ?")


# --- the end of a process -------------------------------------------------------------------------

BEGIN = """
import os, signal, sys, threading, time
from deepprune_sdk import FullSampling, ParallelReasoner
from deepprune_sdk.testing import ScriptedBackend

backend = ScriptedBackend(["w w \\\\boxed{5}"], pace=0.0)
quick = ParallelReasoner(backend, policy=FullSampling())
slow_backend = ScriptedBackend(["w w \\\\boxed{5}"], pace=600.0)
slow = ParallelReasoner(slow_backend, policy=FullSampling())

def once_open(do):
    def wait():
        while slow_backend.open < 3:
            time.sleep(0.01)
        do()
    threading.Thread(target=wait, daemon=True).start()
"""


def script(code: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-X", "faulthandler", "-c", BEGIN + code],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
        env={**os.environ, "PYTHONDEVMODE": "1"},
        cwd=Path(__file__).parent,
    )


def test_an_interrupt_closes_every_stream_and_is_raised() -> None:
    done = script("""
once_open(lambda: os.kill(os.getpid(), signal.SIGINT))
try:
    slow.solve_sync("?", n=3)
except KeyboardInterrupt:
    print("interrupted", slow_backend.open, threading.active_count())
print(quick.solve_sync("?", n=2).answer)
""")
    assert (done.stdout, done.stderr, done.returncode) == ("interrupted 0 1\n5\n", "", 0)


def test_an_interrupt_of_a_batch_does_the_same() -> None:
    done = script("""
once_open(lambda: os.kill(os.getpid(), signal.SIGINT))
try:
    slow.solve_many_sync(["a", "b"], n=3)
except KeyboardInterrupt:
    print("interrupted", slow_backend.open)
""")
    assert (done.stdout, done.returncode) == ("interrupted 0\n", 0)


def test_a_process_ends_while_a_daemon_thread_solves() -> None:
    done = script("""
ready = threading.Event()
once_open(ready.set)
threading.Thread(target=slow.solve_sync, args=("?", 3), daemon=True).start()
assert ready.wait(60)
print("bye", flush=True)
""")
    assert (done.stdout, done.returncode) == ("bye\n", 0)


def test_nothing_is_left_over_after_a_call() -> None:
    done = script("""
print(quick.solve_sync("?", n=2).answer, threading.active_count())
""")
    assert (done.stdout, done.stderr, done.returncode) == ("5 1\n", "", 0)


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="there is no fork")
def test_a_fork_solves_while_a_thread_of_its_parent_does() -> None:
    done = script("""
import warnings
warnings.simplefilter("ignore", DeprecationWarning)
ready = threading.Event()
once_open(ready.set)
threading.Thread(target=slow.solve_sync, args=("?", 3), daemon=True).start()
assert ready.wait(60)
child = os.fork()
if child == 0:
    print(quick.solve_sync("?", n=2).answer, flush=True)
    os._exit(0)
print(os.waitpid(child, 0)[1], flush=True)
""")
    assert (done.stdout, done.returncode) == ("5\n0\n", 0)
