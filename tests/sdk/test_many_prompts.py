"""`solve_many`: whatever ends a batch, what its prompts have found can be reached."""

from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any, cast

import anyio
import pytest

from deepprune_sdk import BatchError, ParallelReasoner, ProtocolError, Result
from deepprune_sdk.data import Chunk, TraceRequest
from deepprune_sdk.policies import PolicyState, RunSetup
from deepprune_sdk.testing import Script, ScriptedBackend

pytestmark = pytest.mark.anyio


class Questions:
    """Answers each question by itself; one of them stays open, and one fails."""

    model = "questions"
    concurrency = None

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.stuck = anyio.Event()

    @asynccontextmanager
    async def stream(self, request: TraceRequest) -> AsyncGenerator[AsyncIterator[Chunk]]:
        question = request.messages[-1].content
        self.asked.append(question)
        error = ProtocolError("broken") if question == "fails" else None
        answer = Script("" if error else f"\\boxed{{{question}}}", error=error)
        async with ScriptedBackend([answer]).stream(request) as chunks:
            if question == "stays":
                yield self._open(chunks)
            else:
                yield chunks

    async def _open(self, chunks: AsyncIterator[Chunk]) -> AsyncIterator[Chunk]:
        async for chunk in chunks:
            if chunk.finish is None:
                yield chunk
        self.stuck.set()
        await anyio.sleep_forever()


class FailsOn:
    """A method whose code breaks on one question."""

    name = "fails-on"

    def begin(self, setup: RunSetup) -> PolicyState:
        if setup.question == "bug":
            raise KeyError("a user's bug")
        return PolicyState()


def answers(partial: object) -> list[str | None]:
    found = cast("Sequence[Result | None]", partial)
    return [result and result.answer for result in found]


async def test_a_failed_prompt_has_what_its_run_had_found() -> None:
    with pytest.raises(BatchError) as caught:
        await ParallelReasoner(Questions(), policy="cons").solve_many(["1", "fails", "2"], n=2)
    error = caught.value
    assert answers(error.results) == ["1", None, "2"]
    assert answers(error.partial) == ["1", None, "2"]
    failed = error.partial[1]
    assert failed is not None
    assert failed is error.errors[1].partial
    assert [trace.outcome for trace in failed.traces] == ["failed", "failed"]
    assert error.__cause__ is error.errors[1]


async def test_a_bug_of_the_users_own_loses_no_result() -> None:
    parallel = ParallelReasoner(Questions(), policy=FailsOn())
    with pytest.raises(KeyError) as caught:
        await parallel.solve_many(["1", "2", "bug", "3"], n=1, concurrency=1)
    assert answers(getattr(caught.value, "partial", None)) == ["1", "2", None, None]


async def test_a_cancelled_batch_has_what_was_finished() -> None:
    backend = Questions()
    found: list[Any] = []

    async def batch() -> None:
        try:
            await ParallelReasoner(backend).solve_many(["1", "stays", "2"], n=1, concurrency=1)
        except BaseException as error:
            found.extend(getattr(error, "partial", ()))
            raise

    async with anyio.create_task_group() as group:
        group.start_soon(batch)
        await backend.stuck.wait()
        group.cancel_scope.cancel()
    first, open_one, never_begun = found
    assert first.answer == "1"
    assert first.ended_because in {"complete", "settled"}
    assert open_one.ended_because == "cancelled"
    assert open_one.usage.generated > 0
    assert never_begun is None
    assert backend.asked == ["1", "stays"]


async def test_a_prompt_is_set_up_when_its_turn_comes() -> None:
    begun: list[str] = []

    class Notes(FailsOn):
        def begin(self, setup: RunSetup) -> PolicyState:
            begun.append(setup.question)
            return PolicyState()

    once = ParallelReasoner(Questions(), policy=Notes())
    await once.solve_many([str(number) for number in range(6)], n=1, concurrency=1)
    assert begun == ["0", "0", "1", "2", "3", "4", "5"]  # the first one also checks the settings
